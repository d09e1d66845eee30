"""Planar curves whose curvature has no jumps: straights joined by corners of clothoid, arc and clothoid."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import atan2, ceil, cos, hypot, pi, remainder, sin

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

RAMP = 0.3
"""Share of a corner's length over which curvature rises, and over which it falls again."""

_STEP = 0.6  # between the knots of curved pieces [m]
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(4)
_NODES, _WEIGHTS = (_NODES + 1) / 2, _WEIGHTS / 2
_RULE = tuple(zip(_NODES.tolist(), _WEIGHTS.tolist(), strict=True))
_ALIKE = 0.02  # rays that differ less in heading do not meet [rad]


def unit(heading: float) -> FloatArray:
    """Direction ``[2]`` of a heading."""
    return np.array([cos(heading), sin(heading)])


def left_of(heading: float) -> FloatArray:
    """Direction ``[2]`` to the left of a heading."""
    return np.array([-sin(heading), cos(heading)])


def units(headings: FloatArray) -> FloatArray:
    """Directions ``[..., 2]`` of ``headings [...]``."""
    found = np.empty((*headings.shape, 2))
    np.cos(headings, out=found[..., 0])
    np.sin(headings, out=found[..., 1])
    return found


def lefts(headings: FloatArray) -> FloatArray:
    """Directions ``[..., 2]`` to the left of ``headings [...]``."""
    found = np.empty((*headings.shape, 2))
    np.negative(np.sin(headings), out=found[..., 0])
    np.cos(headings, out=found[..., 1])
    return found


def heading_of(step: FloatArray) -> float:
    """Heading of a vector ``[2]``."""
    return atan2(step[1], step[0])


def turned(towards: float, heading: float) -> float:
    """From ``heading`` to ``towards``, to the left positive, at most half round [rad]."""
    return remainder(towards - heading, 2 * pi)


def meeting(start: FloatArray, heading: float, stop: FloatArray, towards: float) -> tuple[float, float]:
    """Where the line from ``start`` at ``heading`` meets the one from ``stop`` at ``towards``: metres along each."""
    (ux, uy), (vx, vy), (dx, dy) = unit(heading), unit(towards), stop - start
    cross = ux * vy - uy * vx
    return float((dx * vy - dy * vx) / cross), float((dx * uy - dy * ux) / cross)


@dataclass(frozen=True)
class Path:
    """A curve known at knots, exact between them to a micrometre.

    Attributes:
        stations: ``[n]`` arc length of each knot, from 0 [m].
        points: ``[n, 2]``.
        headings: ``[n]`` without wrapping [rad].
        curvatures: ``[n]``, linear between knots [1/m].
    """

    stations: FloatArray
    points: FloatArray
    headings: FloatArray
    curvatures: FloatArray

    @property
    def length(self) -> float:
        """Arc length [m]."""
        return float(self.stations[-1])

    @cached_property
    def _steps(self) -> FloatArray:
        return np.diff(self.stations)

    @cached_property
    def _slopes(self) -> FloatArray:
        return np.diff(self.curvatures) / self._steps

    @cached_property
    def _directions(self) -> FloatArray:
        return units(self.headings)

    def at(self, stations: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Points ``[k, 2]`` and headings ``[k]`` at ``stations [k]``."""
        i = self.stations[1:-1].searchsorted(stations, side="right")
        ds, h = stations - self.stations[i], self._steps[i]
        headings = self.headings[i] + ds * (self.curvatures[i] + ds * self._slopes[i] / 2)
        t = ds / h
        blend = (t * t * (3 - 2 * t))[:, None]
        bow = (h * t * (1 - t))[:, None]
        start, share = self.points[i], t[:, None]
        points = start + blend * (self.points[i + 1] - start)
        points += bow * ((1 - share) * self._directions[i] - share * self._directions[i + 1])
        return points, headings

    def beside(self, stations: FloatArray, left: FloatArray | float) -> FloatArray:
        """Places ``[k, 2]``, ``left`` metres to the left at ``stations [k]``."""
        points, headings = self.at(stations)
        return points + lefts(headings) * (left if isinstance(left, float) else left[:, None])

    def along(self, stations: FloatArray, left: float) -> FloatArray:
        """Arc lengths ``[k]`` of the curve ``left`` metres to the left, at ``stations [k]`` of this one."""
        i = self.stations[1:-1].searchsorted(stations, side="right")
        ds = stations - self.stations[i]
        headings = self.headings[i] + ds * (self.curvatures[i] + ds * self._slopes[i] / 2)
        lengths: FloatArray = stations - left * (headings - self.headings[0])
        return lengths

    def evenly(self, left: float, spacing: float = 1.0) -> FloatArray:
        """Stations ``[k]`` of points evenly spaced, at most ``spacing`` apart, ``left`` metres to the left."""
        lengths = self.along(self.stations, left)
        even = np.linspace(0.0, lengths[-1], steps_of(float(lengths[-1]), spacing) + 1)
        stations = np.interp(even, lengths, self.stations)
        curvatures = np.interp(stations, self.stations, self.curvatures)
        stations += (even - self.along(stations, left)) / (1 - left * curvatures)  # a step of Newton's
        stations[0], stations[-1] = 0.0, self.length
        return stations

    def sparse(self, spacing: float) -> FloatArray:
        """Stations of the ends of straight pieces, and between them at most ``spacing`` apart."""
        curved = (self.curvatures[:-1] != 0) | (self.curvatures[1:] != 0)
        changes = np.flatnonzero(np.diff(curved)) + 1
        marks = self.stations[[0, *changes, -1]]
        pieces = [
            np.linspace(begin, end, (steps_of(float(end - begin), spacing) if bent else 1) + 1)[:-1]
            for begin, end, bent in zip(marks[:-1], marks[1:], curved[[0, *changes]], strict=True)
        ]
        return np.concatenate([*pieces, marks[-1:]])


def steps_of(length: float, spacing: float) -> int:
    """Into how many steps of at most ``spacing`` a length is cut."""
    return max(1, ceil(length / spacing - 1e-6))


def tangent_per_radius(turn: float) -> float:
    """How far before its vertex a corner begins, as a multiple of its least radius; ``turn`` [rad]."""
    turn = abs(turn)
    if turn < 1e-9:
        return 0.0
    peak = turn / (1 - RAMP)  # curvature of a corner of length 1
    ramp = sum(weight * cos(turn / 2 - peak * RAMP * t * t / 2) for t, weight in _RULE)
    chord = 2 * (RAMP * ramp + sin((turn - peak * RAMP) / 2) / peak)
    return peak * chord / (2 * cos(turn / 2))


def rounded(vertices: Sequence[FloatArray], tangents: Sequence[float]) -> Path:
    """The open polygon ``vertices`` with corners that begin and end ``tangents`` metres from those between."""
    legs = [stop - start for start, stop in pairwise(vertices)]
    headings = [heading_of(leg) for leg in legs]
    lengths: list[float] = []
    curvatures = [0.0]
    used = 0.0
    for k, tangent in enumerate(tangents):
        turn = turned(headings[k + 1], headings[k])
        lengths.append(hypot(*legs[k]) - used - tangent)
        curvatures.append(0.0)
        used = tangent
        if abs(turn) > 1e-7:
            radius = tangent / tangent_per_radius(turn)
            whole = radius * abs(turn) / (1 - RAMP)
            peak = (1 if turn > 0 else -1) / radius
            lengths += [RAMP * whole, (1 - 2 * RAMP) * whole, RAMP * whole]
            curvatures += [peak, peak, 0.0]
        else:
            lengths.append(2 * tangent)
            curvatures.append(0.0)
    lengths.append(hypot(*legs[-1]) - used)
    curvatures.append(0.0)
    return _integrated(vertices[0], headings[0], np.array(lengths), np.array(curvatures), vertices[-1])


def _integrated(
    start: FloatArray, heading: float, lengths: FloatArray, curvatures: FloatArray, goal: FloatArray
) -> Path:
    """The path with curvature ``curvatures [n + 1]`` at the joints of pieces ``lengths [n]``; ends in ``goal``."""
    kept = (lengths > 1e-6) | (curvatures[:-1] != 0) | (curvatures[1:] != 0)
    begin, end, lengths = curvatures[:-1][kept], curvatures[1:][kept], lengths[kept]
    counts = np.where((begin == 0) & (end == 0), 1, np.ceil(lengths / _STEP)).astype(int)
    piece = np.arange(len(lengths)).repeat(counts)
    nth = np.arange(len(piece)) - (counts.cumsum() - counts)[piece]
    h = (lengths / counts)[piece]
    slope = ((end - begin) / lengths)[piece]
    k0 = begin[piece] + slope * nth * h
    bend, stations, points = np.full(len(h) + 1, heading), np.zeros(len(h) + 1), np.empty((len(h) + 1, 2))
    bend[1:] += (h * (k0 + slope * h / 2)).cumsum()
    stations[1:] = h.cumsum()
    at = h[:, None] * _NODES
    inner = units(bend[:-1, None] + at * (k0[:, None] + at * slope[:, None] / 2))
    points[0] = start
    points[1:] = start + (h[:, None] * (_WEIGHTS @ inner)).cumsum(0)
    points += (goal - points[-1]) * (stations / stations[-1])[:, None]
    return Path(stations, points, bend, np.append(k0, end[-1]))


def bridge(start: FloatArray, heading: float, stop: FloatArray, towards: float, radius: float) -> Path:
    """From ``start`` at ``heading`` to ``stop`` at ``towards``.

    By one corner, of ``radius`` or less, where the two rays meet; else by two that undo each other.
    """
    if abs(turn := turned(towards, heading)) > _ALIKE:
        ahead, beyond = meeting(start, heading, stop, towards)
        if ahead > 0.5 and beyond < -0.5:
            tangent = min(ahead, -beyond, radius * tangent_per_radius(turn))
            return rounded([start, start + ahead * unit(heading), stop], [tangent])
    lead = 0.28 * hypot(*(stop - start))
    first, last = start + lead * unit(heading), stop - lead * unit(towards)
    tangent = min(lead, hypot(*(last - first)) / 2)
    return rounded([start, first, last, stop], [tangent, tangent])


def straight(start: FloatArray, stop: FloatArray) -> Path:
    """The straight way."""
    step = stop - start
    return Path(np.array([0.0, hypot(*step)]), np.stack([start, stop]), np.full(2, heading_of(step)), np.zeros(2))


def quintic(
    start: FloatArray, heading: float, curvature: float, stop: FloatArray, towards: float, last_curvature: float
) -> Path:
    """A smooth curve with given place, heading and curvature at both ends."""
    pace = 1.05 * hypot(*(stop - start))
    t = np.linspace(0.0, 1.0, steps_of(pace, _STEP) + 1)[:, None]
    d0, d1 = pace * unit(heading), pace * unit(towards)
    a0, a1 = pace**2 * curvature * left_of(heading), pace**2 * last_curvature * left_of(towards)
    gap, tempo, bend = stop - start - d0 - a0 / 2, d1 - d0 - a0, a1 - a0
    c3, c4, c5 = 10 * gap - 4 * tempo + bend / 2, -15 * gap + 7 * tempo - bend, 6 * gap - 3 * tempo + bend / 2
    points = start + t * (d0 + t * (a0 / 2 + t * (c3 + t * (c4 + t * c5))))
    speed = d0 + t * (a0 + t * (3 * c3 + t * (4 * c4 + t * 5 * c5)))
    change = a0 + t * (6 * c3 + t * (12 * c4 + t * 20 * c5))
    curvatures = (speed[:, 0] * change[:, 1] - speed[:, 1] * change[:, 0]) / np.hypot(speed[:, 0], speed[:, 1]) ** 3
    headings = np.unwrap(np.arctan2(speed[:, 1], speed[:, 0]))
    headings += heading - headings[0]
    chords = np.hypot(*np.diff(points, axis=0).T)
    steps = chords * (1 + np.diff(headings) ** 2 / 24)  # an arc over its chord
    points[-1] = stop
    return Path(np.concatenate([[0.0], steps.cumsum()]), points, headings, curvatures)


def arc(centre: FloatArray, radius: float, begin: float, sweep: float) -> Path:
    """Anticlockwise part of a circle from the angle ``begin`` over ``sweep`` [rad]."""
    angles = begin + np.linspace(0.0, sweep, steps_of(radius * sweep, _STEP) + 1)
    return Path(
        radius * (angles - begin), centre + radius * units(angles), angles + pi / 2, np.full(len(angles), 1 / radius)
    )


def joined(paths: Sequence[Path]) -> Path:
    """Paths that go on from one another as one."""
    stations, headings = [paths[0].stations], [paths[0].headings]
    for path in paths[1:]:
        stations.append(path.stations[1:] + stations[-1][-1])
        rounds = round((headings[-1][-1] - path.headings[0]) / (2 * pi))
        headings.append(path.headings[1:] + 2 * pi * rounds)
    points, curvatures = (
        np.concatenate([parts[0], *(part[1:] for part in parts[1:])])
        for parts in ([path.points for path in paths], [path.curvatures for path in paths])
    )
    return Path(np.concatenate(stations), points, np.concatenate(headings), curvatures)
