"""A road as it is paved: its course, its lanes side by side, parking bays and kerbs."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from irlvla.scene.frames import wrap
from irlvla.sources.town.curves import FloatArray, Path, bridge, heading_of, rounded, tangent_per_radius, unit
from irlvla.sources.town.junction_arms import Port
from irlvla.sources.town.layout import RoadPlan

LEAST_RADIUS = 25.0
"""Of the axis of a road and of its lanes [m]."""

_WIDEST_BEND = 60.0  # greatest of the least radii of sharp bends [m]
_SHARP = 0.6  # a bend that turns by more than this [rad]
_BORDER_STEP = 2.0  # between points of the borders of curved lanes [m]
BAY_DEPTH = 2.4  # of parking bays [m]
BAY_LENGTH = 6.2
BAY_TAPER = 2.0


@dataclass(frozen=True)
class Recess:
    """Part of a side of a road that is wider for parked cars; stations of the road's axis [m]."""

    side: int
    begin: float
    end: float


@dataclass(frozen=True)
class Road:
    """A paved road; side 0 is the right of who drives forward, side 1 the left.

    Attributes:
        plan: what it was made from.
        path: its axis, which divides its directions.
        ports: where it meets junctions at its start and end; None outside the town.
        stations: ``[n]`` of the axis, where borders have points.
        recesses: parking bays.
        crossing: station at which people cross half way, or None.
    """

    plan: RoadPlan
    path: Path
    ports: tuple[Port | None, Port | None]
    stations: FloatArray
    recesses: tuple[Recess, ...] = ()
    crossing: float | None = None

    def beside(self, stations: FloatArray, left: FloatArray | float) -> FloatArray:
        """Places ``[k, 2]``, ``left`` metres to the left of the axis; at its ends those of the ports to the last digit."""
        points, _ = self.path.at(stations, left)
        first, last = np.broadcast_to(left, len(stations))[[0, -1]]
        if self.ports[0] is not None and stations[0] == 0.0:
            points[0] = self.ports[0].beside(float(first))
        if self.ports[1] is not None and stations[-1] == self.path.length:
            points[-1] = self.ports[1].beside(-float(last))
        return points

    def lane_line(self, side: int, lane: int) -> FloatArray:
        """Drive line of a lane in driving direction, evenly spaced; 0 is the driver's left one."""
        away = -self.outwards(side) * (lane + 0.5) * self.plan.width
        lengths = self.path.along(self.path.stations, away)
        even = np.linspace(0.0, lengths[-1], max(2, int(np.ceil(lengths[-1] - 1e-6)) + 1))
        stations = np.interp(even, lengths, self.path.stations)
        stations[-1] = self.path.length
        return self._driven(side, self.beside(stations, away))

    def lane_border(self, side: int, number: int) -> FloatArray:
        """Border in driving direction, ``number`` lanes to the right of the axis for the driver."""
        return self._driven(side, self.beside(self.stations, -self.outwards(side) * number * self.plan.width))

    def kerb(self, side: int, beyond: float = 0.0) -> FloatArray:
        """Kerb in driving direction, round the bays; ``beyond`` metres further out."""
        marks = [
            np.array([r.begin, r.begin + BAY_TAPER, r.end - BAY_TAPER, r.end]) for r in self.recesses if r.side == side
        ]
        stations = np.unique(np.concatenate([self.stations, *marks]))
        away = self.plan.lanes[side] * self.plan.width + self._depth(side, stations) + beyond
        return self._driven(side, self.beside(stations, -self.outwards(side) * away))

    def recess_area(self, recess: Recess) -> FloatArray:
        """Ring round parking bays ``[n, 2]``."""
        inner = (recess.begin < self.stations) & (self.stations < recess.end)
        corners = [recess.begin, recess.begin + BAY_TAPER, recess.end - BAY_TAPER, recess.end]
        stations = np.unique(np.concatenate([corners, self.stations[inner]]))
        away = -self.outwards(recess.side) * self.plan.lanes[recess.side] * self.plan.width
        depth = -self.outwards(recess.side) * self._depth(recess.side, stations)
        return np.concatenate([self.beside(stations, away), self.beside(stations, away + depth)[-2:0:-1]])

    def bays(self, recess: Recess) -> FloatArray:
        """Places for one car each ``[b, 3]``, headed as the lane beside them."""
        count = int((recess.end - recess.begin - 2 * BAY_TAPER + 0.1) / BAY_LENGTH)
        stations = recess.begin + BAY_TAPER + (np.arange(count) + 0.5) * BAY_LENGTH
        away = self.plan.lanes[recess.side] * self.plan.width + BAY_DEPTH / 2 + 0.05
        points, headings = self.path.at(stations, -self.outwards(recess.side) * away)
        return np.column_stack([points, headings + np.pi * recess.side])

    def along(self, side: int, lane: int, station: float) -> float:
        """Arc length on a lane's drive line at a station of the axis [m]."""
        away = -self.outwards(side) * (lane + 0.5) * self.plan.width
        here, whole = self.path.along(np.array([station, self.path.length]), away)
        return float(here if side == 0 else whole - here)

    @staticmethod
    def outwards(side: int) -> int:
        """1 where outwards is to the right of the axis, -1 where to the left."""
        return 1 - 2 * side

    def _driven(self, side: int, points: FloatArray) -> FloatArray:
        return points if side == 0 else points[::-1]

    def _depth(self, side: int, stations: FloatArray) -> FloatArray:
        depth = np.zeros(len(stations))
        for recess in self.recesses:
            if recess.side == side:
                inside = np.minimum(stations - recess.begin, recess.end - stations) / BAY_TAPER
                depth = np.maximum(depth, BAY_DEPTH * np.clip(inside, 0.0, 1.0))
        return depth


def course(plan: RoadPlan, start: Port | None, end: Port | None, nodes: list[FloatArray]) -> Path:
    """Axis of a road from port to port; without a port it ends at its node.

    Where it would bend too sharply its bows are made flatter, then left out; of ways that are all too sharp the widest.
    """
    first = nodes[plan.start] if start is None else start.place
    last = nodes[plan.end] if end is None else end.place
    out, back = (None if port is None else port.heading for port in (start, end))
    sharpest = 1 / (LEAST_RADIUS + max(plan.lanes) * plan.width)
    best, bend = None, np.inf
    for via in _bows(first, plan.via, last):
        path = _through(first, out, via, last, back)
        peak = float(np.abs(path.curvatures).max())
        if best is None or peak < bend - 1e-4:
            best, bend = path, peak
        if bend <= sharpest:
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
    """From ``first`` to ``last`` by way of corners near ``via``; ``out`` and ``back`` point along the road at its ends."""
    towards, come = (via[0], via[-1]) if len(via) else (last, first)
    out = heading_of(towards - first) if out is None else out
    heading = heading_of(last - come) if back is None else back + np.pi
    if not len(via):
        heading += wrap(np.array(heading - out)) if back is None else 0.0  # one even curve
        turn = float(np.abs(wrap(np.array(heading - out))))
        return bridge(first, out, last, heading, _WIDEST_BEND if turn > _SHARP else 1000.0)
    lead = 0.35 * float(np.hypot(*(towards - first))) * unit(out)
    trail = 0.35 * float(np.hypot(*(last - come))) * unit(heading)
    vertices = np.stack([first, first + lead, *via, last - trail, last])
    steps = np.diff(vertices, axis=0)
    legs = np.hypot(steps[:, 0], steps[:, 1])
    turns = wrap(np.diff(np.arctan2(steps[:, 1], steps[:, 0])))
    needs = np.array([tangent_per_radius(float(turn)) for turn in turns]) + 1e-6
    shared = legs[1:-1] / (needs[:-1] + needs[1:])
    radii = np.minimum(np.append(legs[0] / needs[0], shared), np.append(shared, legs[-1] / needs[-1]))
    radii = np.where(np.abs(turns) > _SHARP, np.minimum(radii, _WIDEST_BEND), radii)
    return rounded(vertices, (radii * needs).tolist())
