"""Where the arms of a junction end: far enough out that its corners and crosswalks have room."""

from dataclasses import dataclass

import numpy as np

from irlvla.scene.frames import wrap
from irlvla.sources.town.curves import FloatArray, left_of, tangent_per_radius, unit
from irlvla.sources.town.layout import Arm, NodeKind, RoadPlan

CROSSWALK_WIDTH = 3.0  # [m]
CROSSWALK_GAP = 1.0  # from the end of the lanes to a crosswalk [m]
_BEFORE_CORNER = CROSSWALK_WIDTH + 2 * CROSSWALK_GAP  # straight end of an arm with a crosswalk [m]
_PLAIN_CORNER = 1.5  # without one [m]
NOSE_RADIUS = 0.7  # of the kerb between a ramp and the road that it joins [m]
_TAPER = 18.0  # half the length over which a lane ends [m]
_BENT = np.radians(40.0)
"""Arms that leave at less than this from straight on are gone through, not turned at."""


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

    def beside(self, left: float) -> FloatArray:
        """The place ``left`` metres to the left of the axis ``[2]``."""
        return self.place + left * left_of(self.heading)


def ports_of(
    arms: list[Arm], roads: list[RoadPlan], kind: NodeKind, radius: float, crosswalks: list[bool]
) -> list[Port]:
    """Ports of a junction, as far out as each has to be; ``radius`` is that of right turns, or of a roundabout [m]."""
    ports = [_at_hub(arm, roads[arm.road], crosswalk) for arm, crosswalk in zip(arms, crosswalks, strict=True)]
    if kind == NodeKind.TAPER:
        distances = np.full(len(ports), _TAPER)
    elif kind == NodeKind.ROUNDABOUT:
        distances = np.full(len(ports), 2.0 * radius + _BEFORE_CORNER)
    else:
        distances = np.full(len(ports), _BEFORE_CORNER + 3.0)
        for i, port in enumerate(ports):
            j = (i + 1) % len(ports)
            distances[[i, j]] = np.maximum(distances[[i, j]], _corner_needs(port, ports[j], radius))
    return [
        Port(
            p.road,
            p.at_start,
            p.place + far * unit(p.heading),
            p.heading,
            p.lanes_in,
            p.lanes_out,
            p.width,
            p.crosswalk,
        )
        for p, far in zip(ports, distances, strict=True)
    ]


def _at_hub(arm: Arm, road: RoadPlan, crosswalk: bool) -> Port:
    forth, back = road.lanes
    lanes_in, lanes_out = (back, forth) if arm.at_start else (forth, back)
    return Port(arm.road, arm.at_start, arm.hub, arm.heading, lanes_in, lanes_out, road.width, crosswalk)


def _corner_needs(port: Port, following: Port, radius: float) -> tuple[float, float]:
    """How far out two neighbouring arms must end for the turn from the first into the second, or the kerb between."""
    turn = float(wrap(np.array(following.heading - port.heading - np.pi)))
    kerb_only = not port.lanes_in or not following.lanes_out
    if abs(turn) < np.radians(4.0):
        return 0.0, 0.0
    start = port.beside(port.lanes_in * port.width) if kerb_only else port.inward(port.lanes_in - 1)
    stop = following.beside(-following.lanes_out * following.width)
    stop = stop if kerb_only else following.outward(following.lanes_out - 1)
    u, v, gap = unit(port.heading), unit(following.heading), stop - start
    cross = u[0] * v[1] - u[1] * v[0]
    ahead = float((gap[0] * v[1] - gap[1] * v[0]) / cross), float((gap[0] * u[1] - gap[1] * u[0]) / cross)
    wanted = NOSE_RADIUS if kerb_only else radius if abs(turn) > _BENT else 4 * radius
    tangent = wanted * tangent_per_radius(turn)
    return tuple(  # type: ignore[return-value]
        along + tangent + (_BEFORE_CORNER if arm.crosswalk else _PLAIN_CORNER)
        for along, arm in zip(ahead, (port, following), strict=True)
    )
