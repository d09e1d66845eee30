"""Lanes for traffic to follow: which lane a vehicle is on, and the rail along its centre line.

Everything is in one planar frame that the caller chooses. A map stores polygons with names and centre lines without, so
a lane's centre line is found by geometry (:func:`centre_line_of`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms.geometry import project
from irlvla.scene import HDMap, Layer, LineKind
from irlvla.scene.frames import to_local, wrap

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

SPACING: Final = 0.25
"""Centre lines are followed through points no further apart than this [m]; nuPlan's lie 2 to 30 cm apart."""
CHORD: Final = 0.5
"""The heading of a lane beside a vehicle is that of the next half metre [m]."""
OWN_SHARE: Final = 0.5
"""Of a lane's own centre line more than this share lies in the lane's polygon."""
SAMPLES: Final = 40
"""Pieces of a centre line, about, that are compared with the outlines of lanes."""
STRAIGHT: Final = 0.01
"""A stretch of a rail is straight if its points lie within this of the chord [m]."""


class Rail(NamedTuple):
    """A path along a lane.

    Attributes:
        points: ``[P, 4]`` x, y, unwrapped heading and metres from the start.
        stretches: ``[S, 6]`` straight pieces: x, y, cosine and sine of the heading at its start, metres along the rail
            at its start and end.
    """

    points: FloatArray
    stretches: FloatArray


class Place(NamedTuple):
    """The point of a lane nearest to a vehicle: x, y, heading, metres along the lane and from the vehicle to it."""

    x: float
    y: float
    heading: float
    along: float
    aside: float


@dataclass(frozen=True)
class Lanes:
    """The lanes of a map, as seen from the pose ``origin [3]``.

    Attributes:
        map: the map, global frame.
        origin: pose of the frame in which points are asked for and lines are given.
    """

    map: HDMap
    origin: FloatArray

    @cached_property
    def centre_lines(self) -> list[FloatArray]:
        """All centre lines ``[P, 2]``, points at most 25 cm apart."""
        chosen = np.flatnonzero(self.map.line_kinds == LineKind.CENTERLINE).tolist()
        lines = (to_local(self.map.lines[k], self.origin) for k in chosen)
        return [spaced(line) for line in lines if len(line) > 1 and np.ptp(line, axis=0).max() > 0.0]

    @cached_property
    def _bounds(self) -> FloatArray:
        """``[L, 2, 2]`` least and greatest x and y of each centre line."""
        return np.array([[line.min(0), line.max(0)] for line in self.centre_lines]).reshape(-1, 2, 2)

    @cached_property
    def _found(self) -> dict[int, FloatArray | None]:
        return {}

    def centre_line(self, polygon: int) -> FloatArray | None:
        """The centre line of the lane with this polygon, None if the map has none."""
        if polygon not in self._found:
            rings = self._rings(polygon)
            low, high = rings[0].min(0), rings[0].max(0)
            near = ((self._bounds[:, 0] <= high) & (self._bounds[:, 1] >= low)).all(1)
            self._found[polygon] = centre_line_of(rings, [self.centre_lines[k] for k in np.flatnonzero(near)])
        return self._found[polygon]

    def holding(self, points: FloatArray, layer: Layer) -> list[list[int]]:
        """For each of ``points [P, 2]`` the polygons of ``layer`` that it lies in."""
        polygons = self.map.of_layer(layer)
        holds = [inside(points, self._rings(k)) for k in polygons]
        return [[k for k, held in zip(polygons, holds, strict=True) if held[p]] for p in range(len(points))]

    def _rings(self, polygon: int) -> list[FloatArray]:
        holes = [self.map.holes[h] for h in np.flatnonzero(self.map.hole_owners == polygon).tolist()]
        return [to_local(ring, self.origin) for ring in (self.map.polygons[polygon], *holes)]

    def under(self, points: FloatArray, headings: FloatArray) -> tuple[list[FloatArray | None], BoolArray]:
        """The centre line ``[P, 2]`` that each vehicle at ``points [V, 2]`` is on, and ``[V]`` if it is on the lanes.

        A vehicle is on a lane whose polygon holds its centre, or in an intersection on a connector whose polygon does;
        of several, on the one whose direction differs least from its own, ``headings [V]``. It is on the lanes if it is
        in a lane or an intersection, whether or not there is a line to follow.

        Quirk: directions are compared as numbers between -180 and 180 degrees in the global frame, so that -179 and 179
        differ by 358 degrees.
        """
        lanes, crossings, connectors = (
            self.holding(points, layer) for layer in (Layer.LANE, Layer.INTERSECTION, Layer.LANE_CONNECTOR)
        )
        chosen: list[FloatArray | None] = []
        for point, heading, *held in zip(points, headings, lanes, crossings, connectors, strict=True):
            polygons = held[0] or (held[2] if held[1] else [])
            lines = [line for line in map(self.centre_line, polygons) if line is not None]
            turns = [self._turn(place_on(line, point).heading, heading) for line in lines]
            chosen.append(lines[int(np.argmin(turns))] if lines else None)
        on_lanes = np.array([bool(lane or crossing) for lane, crossing in zip(lanes, crossings, strict=True)], np.bool_)
        return chosen, on_lanes

    def _turn(self, lane: float, vehicle: float) -> float:
        both = wrap(np.array([lane, vehicle]) + self.origin[2])
        return float(abs(both[0] - both[1]))


def inside(points: FloatArray, rings: Sequence[FloatArray]) -> BoolArray:
    """Whether each of ``points [P, 2]`` lies in the polygon of ``rings``, by the even-odd rule."""
    low, high = rings[0].min(0), rings[0].max(0)
    near = np.flatnonzero(((points >= low) & (points <= high)).all(1))
    x, y = points[near].T[:, :, None]
    odd = np.zeros(len(near), np.bool_)
    for ring in rings:
        (ax, ay), (bx, by) = ring.T, np.roll(ring, -1, axis=0).T
        crosses = (ay > y) != (by > y)
        with np.errstate(divide="ignore", invalid="ignore"):
            odd ^= (crosses & (x < ax + (y - ay) / (by - ay) * (bx - ax))).sum(1) % 2 == 1
    held = np.zeros(len(points), np.bool_)
    held[near] = odd
    return held


def centre_line_of(rings: Sequence[FloatArray], lines: Sequence[FloatArray]) -> FloatArray | None:
    """Of centre lines ``[P, 2]`` the one that belongs to a lane's polygon, None if none does.

    More than half of it lies in the polygon, and it is the line that runs deepest and longest in it: the integral over
    its length of the distance from the outline, inside, times the square of the share inside, is greatest. Of equal
    ones the first.
    """
    best, chosen = 0.0, None
    for line in lines:
        coarse = line[:: max(len(line) // SAMPLES, 1)]
        middles, length = (coarse[1:] + coarse[:-1]) / 2, np.hypot(*np.diff(coarse, axis=0).T)
        within = inside(middles, rings)
        share = length[within].sum() / length.sum()
        if share > OWN_SHARE:
            fit = float(share**2 * length[within] @ distance_to(middles[within], rings[0]))
            if fit > best:
                best, chosen = fit, line
    return chosen


def distance_to(points: FloatArray, ring: FloatArray) -> FloatArray:
    """Distance [m] from each of ``points [P, 2]`` to the outline ``ring [n, 2]``; ``[P]``."""
    start, edge = ring, np.roll(ring, -1, axis=0) - ring
    off = points[:, None] - start
    along = np.clip((off * edge).sum(-1) / np.maximum((edge * edge).sum(-1), 1e-12), 0.0, 1.0)
    return np.asarray(np.linalg.norm(off - along[..., None] * edge, axis=-1).min(-1))


def spaced(line: FloatArray) -> FloatArray:
    """``line [P, 2]`` with points added so that none are further apart than 25 cm, and there are three at least.

    Points in the same place are taken as one.
    """
    steps = np.diff(line, axis=0)
    length = np.hypot(*steps.T)
    starts, steps, length = line[:-1][length > 0.0], steps[length > 0.0], length[length > 0.0]
    parts = np.maximum(np.ceil(length / SPACING - 1e-6).astype(np.int64), 2 if len(length) == 1 else 1)
    share = np.concatenate([np.arange(count) / count for count in parts])[:, None]
    return np.concatenate([np.repeat(starts, parts, 0) + share * np.repeat(steps, parts, 0), line[-1:]])


def place_on(line: FloatArray, point: FloatArray) -> Place:
    """The place on ``line [P, 2]`` nearest to ``point [2]``; its heading is that of the half metre that follows."""
    steps = np.hypot(*np.diff(line, axis=0).T)
    along = project(line, point[0], point[1])
    before, after = (max(along - CHORD, 0.0), along) if along >= steps.sum() else (along, along + CHORD)
    measured = np.concatenate([[0.0], steps.cumsum()])
    x, y = (np.interp([along, before, after], measured, line[:, c]) for c in (0, 1))
    heading = np.arctan2(y[2] - y[1], x[2] - x[1])
    return Place(float(x[0]), float(y[0]), float(heading), along, float(np.hypot(x[0] - point[0], y[0] - point[1])))


def rail_along(line: FloatArray) -> Rail:
    """The rail along a centre line ``[P, 2]``, headings linear between its points.

    Quirk: the rail lacks the last point of the line, and a vehicle never leaves the lane it started on.
    """
    steps = np.diff(line, axis=0)
    along = np.concatenate([[0.0], np.hypot(*steps.T).cumsum()])
    points = np.column_stack([line[:-1], np.unwrap(np.arctan2(steps[:, 1], steps[:, 0])), along[:-1]])
    ends = straight_ends(points[:, :2], STRAIGHT)
    a, b = points[ends[:-1]], points[ends[1:]]
    length = np.hypot(*(b - a)[:, :2].T)[:, None]
    return Rail(points, np.column_stack([a[:, :2], (b - a)[:, :2] / length, a[:, 3], b[:, 3]]))


def straight_ends(points: FloatArray, tolerance: float) -> list[int]:
    """Indices, first and last included, between which ``points [P, 2]`` lie within ``tolerance`` [m] of the chord.

    Found by halving at the farthest point (Douglas and Peucker 1973).
    """
    last = len(points) - 1
    beyond, chord = points - points[0], points[-1] - points[0]
    length = np.hypot(*chord)
    aside = np.abs(beyond[:, 0] * chord[1] - beyond[:, 1] * chord[0]) / length if length > 0.0 else np.hypot(*beyond.T)
    k = int(aside.argmax())
    if aside[k] <= tolerance or not 0 < k < last:
        return [0, last]
    return straight_ends(points[: k + 1], tolerance)[:-1] + [k + end for end in straight_ends(points[k:], tolerance)]
