"""A road as it is paved: its lanes side by side, parking bays and kerbs."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from irlvla.sources.town.curves import FloatArray, Path, lefts
from irlvla.sources.town.junction_arms import GUTTER, Port
from irlvla.sources.town.layout import RoadPlan

BAY_LENGTH = 6.2
"""Of the kerb that a parked car takes [m]."""

BAY_TAPER = 2.0
"""Over which the kerb recedes at both ends of a row of bays [m]."""

_BAY_DEPTH = 2.4  # [m]
_PAVEMENT_TAPER = 4.0  # before that, over which people already walk aside [m]
_BORDER_STEP = 2.0  # between points of the borders of curved lanes [m]


@dataclass(frozen=True)
class Recess:
    """A row of parking bays on a side of a road, from and to stations of its axis [m]."""

    side: int
    begin: float
    end: float

    def marks(self) -> list[float]:
        """Stations at which the pavement and the kerb bend round the bays."""
        begins = [self.begin - _PAVEMENT_TAPER, self.begin, self.begin + BAY_TAPER]
        return [*begins, self.end - BAY_TAPER, self.end, self.end + _PAVEMENT_TAPER]

    def depth(self, stations: FloatArray, taper: float) -> FloatArray:
        """How far the kerb lies back at each station [m]; it recedes over ``taper`` metres."""
        inside = np.minimum(stations - self.begin, self.end - stations) - BAY_TAPER
        return _BAY_DEPTH * np.clip(1 + inside / taper, 0.0, 1.0)


@dataclass(frozen=True)
class Road:
    """A paved road; side 0 is the right of who drives forward, side 1 the left.

    Attributes:
        plan: what it was made from.
        path: its axis, which divides its directions.
        ports: where it meets junctions at its start and end; None outside the town.
        recesses: parking bays.
        crossing: station at which people cross half way, or None.
    """

    plan: RoadPlan
    path: Path
    ports: tuple[Port | None, Port | None]
    recesses: tuple[Recess, ...] = ()
    crossing: float | None = None

    @property
    def least_radius(self) -> float:
        """No lane of the road is curved more sharply [m]."""
        return 1 / max(float(np.abs(self.path.curvatures).max()), 1e-9) - max(self.plan.lanes) * self.plan.width

    @cached_property
    def stations(self) -> FloatArray:
        """``[n]`` places on the axis at which all borders and kerbs have points."""
        marks = [mark for recess in self.recesses for mark in recess.marks()]
        return np.unique(np.concatenate([self.path.sparse(_BORDER_STEP), marks]))

    @cached_property
    def _frame(self) -> tuple[FloatArray, FloatArray]:
        points, headings = self.path.at(self.stations)
        return points, lefts(headings)

    def border(self, left: FloatArray | float) -> FloatArray:
        """Points ``[n, 2]`` ``left [n]`` metres to the left of the axis; at its ends exactly those of the ports."""
        points, aside = self._frame
        left = np.broadcast_to(left, len(points))
        points = points + aside * left[:, None]
        if self.ports[0] is not None:
            points[0] = self.ports[0].beside(left[0])
        if self.ports[1] is not None:
            points[-1] = self.ports[1].beside(-left[-1])
        return points

    @staticmethod
    def outwards(side: int) -> int:
        """Sign of places to the left of the axis that lie on a side."""
        return 2 * side - 1

    def kerb_distance(self, side: int) -> float:
        """From the axis to the kerb of a side, where there are no bays [m]."""
        return self.plan.lanes[side] * self.plan.width + GUTTER

    def lane_left(self, side: int, lane: int) -> float:
        """How far left of the axis a lane's middle lies [m]; lane 0 is the driver's left one."""
        return self.outwards(side) * (lane + 0.5) * self.plan.width

    def lane_line(self, side: int, lane: int) -> FloatArray:
        """Drive line of a lane in driving direction."""
        left = self.lane_left(side, lane)
        line = self.path.beside(self.path.evenly(left), left)
        if self.ports[0] is not None:
            line[0] = self.ports[0].beside(left)
        if self.ports[1] is not None:
            line[-1] = self.ports[1].beside(-left)
        return _driven(side, line)

    def along(self, side: int, lane: int, station: float) -> float:
        """Arc length on a lane's drive line at a station of the axis [m]."""
        here, whole = self.path.along(np.array([station, self.path.length]), self.lane_left(side, lane))
        return float(here if side == 0 else whole - here)

    def lane_border(self, side: int, number: int) -> FloatArray:
        """Border in driving direction, ``number`` lanes to the right of the axis for the driver."""
        return _driven(side, self.border(self.outwards(side) * number * self.plan.width))

    def kerb(self, side: int) -> FloatArray:
        """Kerb in driving direction, round the bays."""
        return self._outside(side, 0.0, BAY_TAPER)

    def walk(self, side: int, beyond: float) -> FloatArray:
        """Line ``beyond`` metres behind the kerb, in driving direction, in wider bends round the bays."""
        return self._outside(side, beyond, BAY_TAPER + _PAVEMENT_TAPER)

    def ring(self) -> FloatArray:
        """Ring round the whole road, bays included ``[n, 2]``."""
        return np.concatenate([self.kerb(0), self.kerb(1)])

    def bay_area(self, recess: Recess) -> FloatArray:
        """Ring round a row of bays ``[n, 2]``."""
        row = (recess.begin <= self.stations) & (self.stations <= recess.end)
        away = self.outwards(recess.side) * self.kerb_distance(recess.side)
        inner, outer = self.border(away)[row], _driven(recess.side, self.kerb(recess.side))[row]
        return np.concatenate([inner, outer[-2:0:-1]])

    def bays(self, recess: Recess) -> FloatArray:
        """Places for one car each ``[b, 3]``, headed as the lane beside them."""
        first, last = recess.begin + BAY_TAPER, recess.end - BAY_TAPER
        stations = np.arange(first + BAY_LENGTH / 2, last, BAY_LENGTH)
        points, headings = self.path.at(stations)
        away = self.outwards(recess.side) * (self.kerb_distance(recess.side) + _BAY_DEPTH / 2)
        return np.column_stack([points + away * lefts(headings), headings + np.pi * recess.side])

    def _outside(self, side: int, beyond: float, taper: float) -> FloatArray:
        depth = sum((r.depth(self.stations, taper) for r in self.recesses if r.side == side), np.zeros(1))
        return _driven(side, self.border(self.outwards(side) * (self.kerb_distance(side) + beyond + depth)))


def _driven(side: int, points: FloatArray) -> FloatArray:
    """Points along the axis in the driving direction of a side, and the other way round."""
    return points if side == 0 else points[::-1]
