"""Where the arms of a junction end: far enough out that its corners and crosswalks have room."""

from dataclasses import dataclass, replace
from functools import cached_property
from math import pi, radians

import numpy as np

from irlvla.sources.town.curves import FloatArray, left_of, meeting, tangent_per_radius, turned, unit
from irlvla.sources.town.layout import Arm, NodeKind, RoadPlan

CROSSWALK_WIDTH = 3.0  # [m]
CROSSWALK_GAP = 1.0  # from the end of the lanes to a crosswalk [m]
ARM_END = CROSSWALK_WIDTH + 2 * CROSSWALK_GAP
"""Straight end of an arm with a crosswalk, between its lanes and its corners [m]."""

CIRCLE_ENTRY = 13.0
"""From the ring of a roundabout to where those who come in begin to turn [m]."""

GUTTER = 0.6
"""Between the outermost lane and the kerb [m]."""

JOIN_RADIUS = 40.0
"""Of the bend at the end of a ramp [m]."""

NOSE_RADIUS = 0.7
"""Of the kerb between a ramp and the road that it joins [m]."""

BENT = radians(40.0)
"""Arms that lie at less than this from straight on are gone through, not turned at [rad]."""

_PLAIN_END = 1.5  # straight end of an arm without a crosswalk [m]
_LEAST = 8.0  # from the middle of a junction to the end of an arm [m]
_TAPER = 18.0  # half the length over which a lane ends [m]
_IN_LINE = radians(4.0)


@dataclass(frozen=True)
class Port:
    """Where a road meets a junction.

    Lateral places are metres to the left of its axis, looking away from the junction: lanes that come in have positive
    ones, the nearest to the axis first, lanes that go out negative ones.

    Attributes:
        road, at_start: the road, and whether it starts here.
        place: ``[2]`` on the axis.
        heading: away from the junction [rad].
        lanes_in, lanes_out: how many.
        width: of a lane [m].
        crosswalk: whether people cross here.
    """

    road: int
    at_start: bool
    place: FloatArray
    heading: float
    lanes_in: int
    lanes_out: int
    width: float
    crosswalk: bool

    def inward(self, lane: int) -> FloatArray:
        """Where lane ``lane`` that comes in ends ``[2]``; 0 is the left one of the driver."""
        return self.beside((lane + 0.5) * self.width)

    def outward(self, lane: int) -> FloatArray:
        """Where lane ``lane`` that goes out begins ``[2]``; 0 is the left one of the driver."""
        return self.beside(-(lane + 0.5) * self.width)

    @property
    def kerb_in(self) -> float:
        """Lateral place of the kerb beside the lanes that come in [m]."""
        return self.lanes_in * self.width + GUTTER

    @property
    def kerb_out(self) -> float:
        """Lateral place of the kerb beside the lanes that go out [m]."""
        return -self.lanes_out * self.width - GUTTER

    def beside(self, left: float) -> FloatArray:
        """The place ``left`` metres to the left of the axis ``[2]``."""
        return self.place + left * self._left

    @cached_property
    def _left(self) -> FloatArray:
        return left_of(self.heading)


def bend(port: Port, to: Port) -> float:
    """How much who comes in at ``port`` turns left to leave at ``to`` [rad]."""
    return turned(to.heading, port.heading + pi)


def ports_of(
    arms: list[Arm], roads: list[RoadPlan], kind: NodeKind, radius: float, crosswalks: list[bool]
) -> list[Port]:
    """Ports of a junction, as far out as each has to be; ``radius`` is that of right turns, or of a roundabout [m]."""
    ports = [_at_hub(arm, roads[arm.road], crosswalk) for arm, crosswalk in zip(arms, crosswalks, strict=True)]
    if kind == NodeKind.TAPER:
        distances = np.full(len(ports), _TAPER)
    elif kind == NodeKind.ROUNDABOUT:
        distances = np.full(len(ports), radius + CIRCLE_ENTRY + ARM_END)
    else:
        distances = np.full(len(ports), _LEAST)
        for i, port in enumerate(ports):
            j = (i + 1) % len(ports)
            distances[[i, j]] = np.maximum(distances[[i, j]], _corner_needs(port, ports[j], radius))
    return [
        replace(port, place=port.place + far * unit(port.heading)) for port, far in zip(ports, distances, strict=True)
    ]


def _at_hub(arm: Arm, road: RoadPlan, crosswalk: bool) -> Port:
    forth, back = road.lanes
    lanes_in, lanes_out = (back, forth) if arm.at_start else (forth, back)
    return Port(arm.road, arm.at_start, arm.hub, arm.heading, lanes_in, lanes_out, road.width, crosswalk)


def _corner_needs(port: Port, following: Port, radius: float) -> tuple[float, float]:
    """How far out two neighbouring arms must end for the turn from the first into the second, or the kerb between."""
    turn = bend(port, following)
    if abs(turn) < _IN_LINE:
        return 0.0, 0.0
    if port.lanes_in and following.lanes_out:
        start, stop = port.inward(port.lanes_in - 1), following.outward(following.lanes_out - 1)
        tangent = tangent_per_radius(turn) * (radius if abs(turn) > BENT else JOIN_RADIUS)
    else:
        start, stop = port.beside(port.kerb_in), following.beside(following.kerb_out)
        tangent = tangent_per_radius(turn) * NOSE_RADIUS
    along = meeting(start, port.heading, stop, following.heading)
    ends = (ARM_END if arm.crosswalk else _PLAIN_END for arm in (port, following))
    first, second = (far + tangent + end for far, end in zip(along, ends, strict=True))
    return first, second
