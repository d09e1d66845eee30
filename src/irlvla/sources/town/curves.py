"""Planar curves whose curvature has no jumps: straights joined by corners of clothoid, arc and clothoid."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from irlvla.scene.frames import wrap

FloatArray = NDArray[np.float64]

RAMP = 0.3
"""Share of a corner's length over which curvature rises, and over which it falls again."""

_STEP = 0.5  # between the knots of curved pieces [m]
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(4)
_NODES, _WEIGHTS = (_NODES + 1) / 2, _WEIGHTS / 2
_UNIT = (np.arange(64) + 0.5) / 64  # midpoints of a corner of length 1


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

    def at(self, stations: FloatArray, offset: FloatArray | float = 0.0) -> tuple[FloatArray, FloatArray]:
        """Points ``[k, 2]`` that lie ``offset`` metres left of the curve at ``stations [k]``, and headings ``[k]``."""
        i = np.clip(np.searchsorted(self.stations, stations, side="right") - 1, 0, len(self.stations) - 2)
        h = self.stations[i + 1] - self.stations[i]
        ds = stations - self.stations[i]
        headings = self.headings[i] + ds * (
            self.curvatures[i] + ds / h * (self.curvatures[i + 1] - self.curvatures[i]) / 2
        )
        t = (ds / h)[:, None]
        tangents = unit(self.headings)
        start, stop = self.points[i], self.points[i + 1]
        blend = t * t * (3 - 2 * t)
        points = start + blend * (stop - start)
        points = points + h[:, None] * t * (1 - t) * ((1 - t) * tangents[i] - t * tangents[i + 1])
        return points + left_of(headings) * np.reshape(offset, (-1, 1)), headings

    def along(self, stations: FloatArray, offset: float) -> FloatArray:
        """Arc lengths ``[k]`` on the curve ``offset`` metres to the left at ``stations [k]`` of this one."""
        i = np.clip(np.searchsorted(self.stations, stations, side="right") - 1, 0, len(self.stations) - 2)
        ds = stations - self.stations[i]
        slope = (self.curvatures[i + 1] - self.curvatures[i]) / (self.stations[i + 1] - self.stations[i])
        turned = self.headings[i] + ds * (self.curvatures[i] + ds * slope / 2) - self.headings[0]
        return stations - offset * turned

    def line(self, offset: float = 0.0, spacing: float = 1.0) -> FloatArray:
        """Points ``[k, 2]`` evenly spaced, at most ``spacing`` apart, of the curve ``offset`` metres to the left."""
        lengths = self.along(self.stations, offset)
        count = max(2, int(np.ceil(lengths[-1] / spacing - 1e-6)) + 1)
        wanted = np.linspace(0.0, lengths[-1], count)
        points, _ = self.at(np.interp(wanted, lengths, self.stations), offset)
        return points

    def sparse(self, spacing: float) -> FloatArray:
        """Stations of both ends and of the ends of curved pieces, and between those at most ``spacing`` apart."""
        curved = (self.curvatures[:-1] != 0) | (self.curvatures[1:] != 0)
        marks = [self.stations[0]]
        for k in np.flatnonzero(np.diff(curved)) + 1:
            marks.append(self.stations[k])
        marks.append(self.stations[-1])
        pieces = []
        for begin, end in zip(marks[:-1], marks[1:], strict=True):
            k = int(np.searchsorted(self.stations, (begin + end) / 2)) - 1
            count = max(1, int(np.ceil((end - begin) / spacing))) if curved[k] else 1
            pieces.append(np.linspace(begin, end, count + 1)[:-1])
        return np.concatenate([*pieces, [self.stations[-1]]])


def unit(heading: FloatArray | float) -> FloatArray:
    """Direction ``[..., 2]`` of ``heading [...]``."""
    return np.stack([np.cos(heading), np.sin(heading)], -1)


def left_of(heading: FloatArray | float) -> FloatArray:
    """Direction ``[..., 2]`` to the left of ``heading [...]``."""
    return np.stack([-np.sin(heading), np.cos(heading)], -1)


def heading_of(step: FloatArray) -> float:
    """Heading of a vector ``[2]``."""
    return float(np.arctan2(step[1], step[0]))


def tangent_per_radius(turn: float) -> float:
    """How far before its vertex a corner begins, as a multiple of its least radius; ``turn`` [rad]."""
    turn = abs(turn)
    if turn < 1e-9:
        return 0.0
    rise = np.minimum(_UNIT, 1 - _UNIT)
    peak = turn / (1 - RAMP)
    bent = np.where(rise < RAMP, rise**2 / (2 * RAMP), rise - RAMP / 2) * peak
    chord = float(np.cos(turn / 2 - bent).mean())
    return peak * chord / (2 * np.cos(turn / 2))


def rounded(vertices: FloatArray, tangents: Sequence[float]) -> Path:
    """The open polygon ``vertices [n, 2]`` with corners that begin and end ``tangents [n - 2]`` metres from each."""
    steps = np.diff(vertices, axis=0)
    legs = np.hypot(steps[:, 0], steps[:, 1])
    headings = np.arctan2(steps[:, 1], steps[:, 0])
    turns = wrap(np.diff(headings))
    lengths, curvatures = [], [0.0]
    used = 0.0
    for leg, turn, tangent in zip(legs, turns, tangents, strict=False):
        lengths.append(leg - used - tangent)
        curvatures.append(0.0)
        used = tangent
        if abs(turn) > 1e-7:
            radius = tangent / tangent_per_radius(turn)
            whole = radius * abs(turn) / (1 - RAMP)
            peak = np.sign(turn) / radius
            lengths += [RAMP * whole, (1 - 2 * RAMP) * whole, RAMP * whole]
            curvatures += [peak, peak, 0.0]
        else:
            lengths.append(2 * tangent)
            curvatures.append(0.0)
    lengths.append(legs[-1] - used)
    curvatures.append(0.0)
    return _integrated(vertices[0], headings[0], np.array(lengths), np.array(curvatures), vertices[-1])


def _integrated(
    start: FloatArray, heading: float, lengths: FloatArray, curvatures: FloatArray, goal: FloatArray
) -> Path:
    """The path with curvature ``curvatures [n + 1]`` at the joints of pieces ``lengths [n]``; ends in ``goal``."""
    kept = lengths > 1e-6
    begin, end, lengths = curvatures[:-1][kept], curvatures[1:][kept], lengths[kept]
    counts = np.where((begin == 0) & (end == 0), 1, np.ceil(lengths / _STEP)).astype(int)
    piece = np.repeat(np.arange(len(lengths)), counts)
    nth = np.arange(len(piece)) - np.repeat(np.cumsum(counts) - counts, counts)
    h = (lengths / counts)[piece]
    slope = ((end - begin) / lengths)[piece]
    k0 = begin[piece] + slope * nth * h
    bend = np.concatenate([[0.0], np.cumsum(h * (k0 + slope * h / 2))]) + heading
    at = h[:, None] * _NODES
    inner = bend[:-1, None] + at * (k0[:, None] + at * slope[:, None] / 2)
    moves = h[:, None] * (unit(inner) * _WEIGHTS[:, None]).sum(1)
    stations = np.concatenate([[0.0], np.cumsum(h)])
    points = start + np.concatenate([np.zeros((1, 2)), np.cumsum(moves, axis=0)])
    points += (goal - points[-1]) * (stations / stations[-1])[:, None]
    return Path(stations, points, bend, np.append(k0, end[-1]))


def bridge(start: FloatArray, heading: float, stop: FloatArray, towards: float, radius: float) -> Path:
    """From ``start`` at ``heading`` to ``stop`` at ``towards``: one corner of at most ``radius``, or two that undo each other.

    One corner where the two rays meet; else the way swerves over the whole distance.
    """
    turn = float(wrap(np.array(towards - heading)))
    ahead, back = _reach(start, heading, stop, towards) if abs(turn) > 0.02 else (-1.0, -1.0)
    if ahead > 0.5 and back > 0.5:
        tangent = min(ahead, back, radius * tangent_per_radius(turn))
        return rounded(np.stack([start, start + ahead * unit(heading), stop]), [tangent])
    lead = 0.28 * float(np.hypot(*(stop - start)))
    vertices = np.stack([start, start + lead * unit(heading), stop - lead * unit(towards), stop])
    half = float(np.hypot(*(vertices[2] - vertices[1]))) / 2
    tangent = min(lead, half)
    return rounded(vertices, [tangent, tangent])


def _reach(start: FloatArray, heading: float, stop: FloatArray, towards: float) -> tuple[float, float]:
    """How far the meeting point of two rays lies ahead of ``start``, and how far behind ``stop``."""
    u, v, gap = unit(heading), unit(towards), stop - start
    cross = u[0] * v[1] - u[1] * v[0]
    return float((gap[0] * v[1] - gap[1] * v[0]) / cross), float((u[0] * gap[1] - u[1] * gap[0]) / cross)


def quintic(
    start: FloatArray, heading: float, curvature: float, stop: FloatArray, towards: float, last_curvature: float
) -> Path:
    """A smooth curve with given place, heading and curvature at both ends."""
    pace = 1.05 * float(np.hypot(*(stop - start)))
    count = max(8, int(np.ceil(pace / _STEP)))
    t = np.linspace(0.0, 1.0, count + 1)[:, None]
    d0, d1 = pace * unit(heading), pace * unit(towards)
    a0, a1 = pace**2 * curvature * left_of(heading), pace**2 * last_curvature * left_of(towards)
    gap = stop - start - d0 - a0 / 2
    tempo, bend = d1 - d0 - a0, a1 - a0
    c3, c4, c5 = 10 * gap - 4 * tempo + bend / 2, -15 * gap + 7 * tempo - bend, 6 * gap - 3 * tempo + bend / 2
    points = start + t * (d0 + t * (a0 / 2 + t * (c3 + t * (c4 + t * c5))))
    speed = d0 + t * (a0 + t * (3 * c3 + t * (4 * c4 + t * 5 * c5)))
    change = a0 + t * (6 * c3 + t * (12 * c4 + t * 20 * c5))
    pace_at = np.hypot(speed[:, 0], speed[:, 1])
    curvatures = (speed[:, 0] * change[:, 1] - speed[:, 1] * change[:, 0]) / pace_at**3
    headings = np.unwrap(np.arctan2(speed[:, 1], speed[:, 0]))
    headings += heading - headings[0]
    chords = np.hypot(*np.diff(points, axis=0).T)
    turned = np.diff(headings)
    steps = chords * (1 + turned**2 / 24)  # an arc over its chord
    points[0], points[-1] = start, stop
    return Path(np.concatenate([[0.0], np.cumsum(steps)]), points, headings, curvatures)


def arc(centre: FloatArray, radius: float, begin: float, sweep: float) -> Path:
    """Anticlockwise part of a circle from the angle ``begin`` over ``sweep`` [rad]."""
    count = max(1, int(np.ceil(radius * sweep / _STEP)))
    angles = begin + np.linspace(0.0, sweep, count + 1)
    curvatures = np.full(count + 1, 1 / radius)
    return Path(radius * (angles - begin), centre + radius * unit(angles), angles + np.pi / 2, curvatures)


def joined(paths: Sequence[Path]) -> Path:
    """Paths that go on from one another as one."""
    stations, headings = [paths[0].stations], [paths[0].headings]
    for path in paths[1:]:
        stations.append(path.stations[1:] + stations[-1][-1])
        turns = np.round((headings[-1][-1] - path.headings[0]) / (2 * np.pi))
        headings.append(path.headings[1:] + 2 * np.pi * turns)
    first, rest = paths[0], paths[1:]
    return Path(
        np.concatenate(stations),
        np.concatenate([first.points, *(path.points[1:] for path in rest)]),
        np.concatenate(headings),
        np.concatenate([first.curvatures, *(path.curvatures[1:] for path in rest)]),
    )
