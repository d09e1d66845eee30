"""The course of a road: from port to port, round its bends and bows, nowhere too sharp."""

from collections.abc import Iterator
from itertools import pairwise
from math import hypot, inf

import numpy as np

from irlvla.sources.town.curves import FloatArray, Path, bridge, heading_of, rounded, tangent_per_radius, turned, unit
from irlvla.sources.town.junction_arms import Port
from irlvla.sources.town.layout import RoadPlan

LEAST_RADIUS = 25.0
"""Of the lanes of roads [m]."""

_WIDEST_BEND = 60.0  # greatest of the least radii of sharp bends [m]
_SHARP = 0.6  # a bend that turns by more than this [rad]
_LEAD = 0.35  # share of the way to the next place after which a road first turns


def course(plan: RoadPlan, start: Port | None, end: Port | None, places: list[FloatArray]) -> Path:
    """Axis of a road from port to port; without a port it ends at its node, of which ``places`` has all.

    Where it would bend too sharply its bows are made flatter, then left out; of ways that are all too sharp the widest.
    """
    first = places[plan.start] if start is None else start.place
    last = places[plan.end] if end is None else end.place
    out, back = (None if port is None else port.heading for port in (start, end))
    sharpest = 1 / (LEAST_RADIUS + max(plan.lanes) * plan.width)  # at which the innermost lane is wide enough
    best, peak = None, inf
    for via in _bows(first, plan.via, last):
        path = _through(first, out, via, last, back)
        bent = float(np.abs(path.curvatures).max())
        if best is None or bent < peak - 1e-4:
            best, peak = path, bent
        if peak <= sharpest:
            break
    assert best is not None
    return best


def _bows(first: FloatArray, via: FloatArray, last: FloatArray) -> Iterator[FloatArray]:
    """Places between both ends, from those that are wanted to none."""
    chord = last - first
    if len(via):
        onto = first + ((via - first) @ chord / (chord @ chord))[:, None] * chord
        for flatter in (1.0, 0.8, 0.6, 0.35):
            yield onto + flatter * (via - onto)
    yield via[:0]


def _through(first: FloatArray, out: float | None, via: FloatArray, last: FloatArray, back: float | None) -> Path:
    """From ``first`` to ``last`` by way of corners near ``via``.

    ``out`` and ``back`` point along the road at its two ends; None where it may leave or come as it likes.
    """
    stops = [first, *via, last]
    if not len(via):
        return _between(first, out, last, back)
    lead, trail = _LEAD * hypot(*(stops[1] - first)), _LEAD * hypot(*(last - stops[-2]))
    corners = list(via)
    if out is not None:
        corners.insert(0, first + lead * unit(out))
    if back is not None:
        corners.append(last + trail * unit(back))
    vertices = [first, *corners, last]
    legs = [stop - start for start, stop in pairwise(vertices)]
    lengths = [hypot(*leg) for leg in legs]
    turns = [abs(turned(heading_of(after), heading_of(before))) for before, after in pairwise(legs)]
    needs = [0.0, *(tangent_per_radius(turn) + 1e-6 for turn in turns), 0.0]
    shared = [length / (one + other) for length, (one, other) in zip(lengths, pairwise(needs), strict=True)]
    radii = [min(pair) for pair in pairwise(shared)]
    widest = [min(radius, _WIDEST_BEND if turn > _SHARP else inf) for radius, turn in zip(radii, turns, strict=True)]
    return rounded(vertices, [radius * need for radius, need in zip(widest, needs[1:-1], strict=True)])


def _between(first: FloatArray, out: float | None, last: FloatArray, back: float | None) -> Path:
    """One even curve, or two that undo each other; where one end is free its heading mirrors that of the other."""
    chord = heading_of(last - first)
    if out is None:
        out = chord if back is None else chord - turned(back + np.pi, chord)
    towards = chord - turned(out, chord) if back is None else back + np.pi
    radius = _WIDEST_BEND if abs(turned(towards, out)) > _SHARP else 1000.0
    return bridge(first, out, last, towards, radius)
