"""The route ahead as a driver talks of it: metres along its centre line from the front bumper on, and to the side."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms.vehicle import HALF_LENGTH, REAR_TO_CENTRE
from irlvla.scene.frames import to_local, wrap
from irlvla.sources.polylines import arc_length, headings, points_at

FloatArray = NDArray[np.float64]

BUMPER = np.array([REAR_TO_CENTRE + HALF_LENGTH, 0.0])
"""Middle of the front bumper in the ego frame: 4.049 m before the rear axle."""

REACH = 50.0
"""How far ahead things are spoken of [m]."""

_BEHIND, _AHEAD = 20.0, 70.0  # what is kept of the line around the bumper [m]
_SPACING = 1.0  # at which curvature is asked for [m]
_LONGEST = 1.5  # segment, so that who is near to a line is near to one of its points [m]
_WINDOW = 9  # spaces over which curvature is averaged, as recorded lines have corners every few metres
_STRAIGHT = 1 / 150.0  # less curvature is no bend [1/m]
_LEAST_BEND = np.radians(20.0)
_SHARP_RADIUS = 20.0
_EDGES = (0.05, 0.95)
_PARALLEL = 1e-9  # who comes nearer by less does not meet [m]
_EDGE_PIECES = 8  # of a box's edge, which a bent line sees bent


@dataclass(frozen=True)
class Bend:
    """A change of the route's heading of 20° or more in one go, as far as the next 70 m show it.

    Attributes:
        left: whether it leads to the left.
        turn: whether it is as tight as a turn at a junction (20 m of radius at most); else it is a bend of the road.
        distance: from the bumper to where a twentieth of the change is done [m]; negative once that is behind.
        radius: mean over all but the first and last twentieth of the change [m].
    """

    left: bool
    turn: bool
    distance: float
    radius: float


@dataclass(frozen=True)
class Route:
    """The route's centre line around the ego; it goes straight on beyond both ends.

    Attributes:
        points: ``[P, 2]`` in the ego frame, at most 1.5 m apart.
        along: ``[P]`` length of the line up to each point, 0 where it is nearest to the bumper [m].
        headings: ``[P]`` of the segment from each point on, the last one repeated [rad].
    """

    points: FloatArray
    along: FloatArray
    headings: FloatArray

    @classmethod
    def of(cls, centerline: FloatArray, ego: FloatArray) -> "Route":
        """The route of a centre line ``[n, 2]`` (global) seen from ``ego [3]``; points that repeat count once."""
        line = to_local(centerline, ego)
        line = line[np.append(True, (np.diff(line, axis=0) != 0).any(1))]
        s = arc_length(line)
        pieces = np.ceil(np.diff(s) / _LONGEST).astype(np.int64)
        within = np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        at = np.append(np.repeat(s[:-1], pieces) + within * np.repeat(np.diff(s) / pieces, pieces), s[-1])
        whole = cls._through(points_at(line, s, at), at)
        here = whole.place(BUMPER)[0]
        near = (whole.along > here - _BEHIND) & (whole.along < here + _AHEAD)
        if near.sum() < 2:
            near[:] = True
        return cls._through(whole.points[near], whole.along[near] - here)

    @classmethod
    def _through(cls, points: FloatArray, along: FloatArray) -> "Route":
        return cls(points, along, headings(points))

    def place(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Where ``points [..., 2]`` (ego frame) lie: metres along the line and to the left of it, both ``[...]``."""
        flat = points.reshape(-1, 2)
        squared = (self.points**2).sum(1) - 2 * flat @ self.points.T  # their distances, up to what is the same in a row
        vertex = squared.argmin(1)
        last = len(self.points) - 2
        before, after = (self._on_segment(flat, np.clip(vertex + k, 0, last)) for k in (-1, 0))
        chosen = np.where(np.abs(before[1]) < np.abs(after[1]), before, after)
        return chosen[0].reshape(points.shape[:-1]), chosen[1].reshape(points.shape[:-1])

    def _on_segment(self, points: FloatArray, segment: NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
        """As :meth:`place`, on one given segment each; the end segments go on."""
        angle, last = self.headings[segment], len(self.points) - 2
        x, y = (points - self.points[segment]).T
        forward, left = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
        length = self.along[segment + 1] - self.along[segment]
        low, high = np.where(segment == 0, -np.inf, 0.0), np.where(segment == last, np.inf, length)
        within = np.clip(forward, low, high)
        return self.along[segment] + within, np.copysign(np.hypot(forward - within, left), left)

    def at(self, along: float) -> FloatArray:
        """Point ``[2]`` of the line, its end where it is shorter."""
        return np.asarray(points_at(self.points, self.along, np.array([along]))[0])

    def heading(self, along: FloatArray) -> FloatArray:
        """Heading of the line in the ego frame at ``along [...]`` [rad]."""
        segment = np.clip(np.searchsorted(self.along, along, side="right") - 1, 0, len(self.along) - 1)
        return np.asarray(self.headings[segment])

    def nearest(self, corners: FloatArray, half_width: float) -> FloatArray:
        """Metres ``[N]`` along the line to the first point of each box within ``half_width`` of it, inf without any.

        Args:
            corners: ``[N, 4, 2]`` in the ego frame. Their edges are cut to the corridor in eight pieces each, so the
                answer is exact on a straight line and, for a car in a turn, good to some centimetres.
            half_width: of the corridor [m].
        """
        share = np.arange(_EDGE_PIECES)[:, None] / _EDGE_PIECES
        edge = np.roll(corners, -1, 1) - corners
        outline = (corners[:, :, None] + share * edge[:, :, None]).reshape(len(corners), 4 * _EDGE_PIECES, 2)
        along, left = self.place(outline)
        rise, climb = np.roll(left, -1, 1) - left, np.roll(along, -1, 1) - along
        step = np.where(np.abs(rise) < _PARALLEL, _PARALLEL, rise)
        sides = np.sort(np.stack([(-half_width - left) / step, (half_width - left) / step]), 0)
        enters, leaves = np.maximum(sides[0], 0.0), np.minimum(sides[1], 1.0)
        first = along + climb * np.where(climb < 0, leaves, enters)
        return np.asarray(np.where(enters <= leaves, first, np.inf).min(1))

    def crossings(self, line: FloatArray) -> FloatArray:
        """Metres along the route at which it crosses a polyline ``[n, 2]`` (ego frame) ahead, ascending."""
        start, edge = line[:-1, None], np.diff(line, axis=0)[:, None]
        ahead = np.flatnonzero((self.along[1:] > 0) & (self.along[:-1] < REACH))
        own, step = self.points[ahead], self.points[ahead + 1] - self.points[ahead]
        across = _cross(step, edge)
        across = np.where(np.abs(across) < _PARALLEL, np.nan, across)
        mine, theirs = _cross(start - own, edge) / across, _cross(start - own, step) / across
        hit = (mine >= 0) & (mine < 1) & (theirs >= 0) & (theirs <= 1)
        segment = ahead[np.nonzero(hit)[1]]
        crossed = self.along[segment] + mine[hit] * (self.along[segment + 1] - self.along[segment])
        return np.sort(crossed[crossed > 0])

    def next_bend(self) -> Bend | None:
        """The bend that the bumper is in, if 20° of it are left, or the next that begins within ``REACH``."""
        at = np.arange(self.along[0], self.along[-1], _SPACING)
        turned = np.append(0.0, np.cumsum(wrap(np.diff(self.heading(at)))))
        smooth = np.convolve(np.diff(turned), np.full(_WINDOW, 1 / _WINDOW), "same") / _SPACING
        side = np.sign(smooth) * (np.abs(smooth) > _STRAIGHT)
        bounds = np.flatnonzero(np.diff(side, prepend=0.0, append=0.0))
        for begin, end in pairwise(bounds):
            change, left_over = turned[end] - turned[begin], turned[end] - np.interp(0.0, at, turned)
            if at[end] <= 0 or not side[begin] or abs(left_over if at[begin] < 0 else change) < _LEAST_BEND:
                continue
            done = np.maximum.accumulate((turned[begin : end + 1] - turned[begin]) / change)
            first, last = np.interp(_EDGES, done, at[begin : end + 1])
            radius = (last - first) / ((_EDGES[1] - _EDGES[0]) * abs(change))
            if first < REACH:
                return Bend(bool(change > 0), bool(radius <= _SHARP_RADIUS), float(first), float(radius))
        return None


def _cross(a: FloatArray, b: FloatArray) -> FloatArray:
    return np.asarray(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0])
