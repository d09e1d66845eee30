"""Right of way at a junction: what is asked of each way through it, and who gives way to whom."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from irlvla.sources.town.curves import turned
from irlvla.sources.town.junction_arms import BENT, Port, bend
from irlvla.sources.town.junction_turns import Movement
from irlvla.sources.town.layout import NodeKind, RoadPlan
from irlvla.sources.town.network import Control, Turn


class Rule(IntEnum):
    """How traffic is ordered at a junction."""

    LIGHTS = 0
    PRIORITY = 1  # one road goes before the other
    ALL_STOP = 2  # all stop, and who comes first goes first
    CIRCLE = 3  # who is inside goes first
    JOINING = 4  # who comes in from the side, or whose lane ends, waits


@dataclass(frozen=True)
class Order:
    """The rule of a junction, which of its arms are free, and what is asked of the others."""

    rule: Rule
    major: tuple[bool, ...]
    minor: Control

    def arm_controls(self) -> list[Control]:
        """What is asked of who comes in at each arm."""
        return [Control.FREE if major else self.minor for major in self.major]


def draw_order(
    rng: np.random.Generator, kind: NodeKind, ports: list[Port], roads: list[RoadPlan], lights: float
) -> Order:
    """The order of a junction: large ones have lights more often, small ones signs."""
    major = _through_road(ports, roads)
    if kind == NodeKind.ROUNDABOUT:
        return Order(Rule.CIRCLE, (False,) * len(ports), Control.YIELD)
    if kind in (NodeKind.RAMP, NodeKind.TAPER):
        return Order(Rule.JOINING, major, Control.YIELD)
    lanes = sum(port.lanes_in for port in ports)
    if rng.random() < lights ** (4.0 / max(lanes, 2)):
        return Order(Rule.LIGHTS, (False,) * len(ports), Control.LIGHT)
    if len(ports) > 3 and lanes <= 6 and rng.random() < 0.5:
        return Order(Rule.ALL_STOP, (False,) * len(ports), Control.STOP)
    return Order(Rule.PRIORITY, major, Control.STOP if rng.random() < 0.5 else Control.YIELD)


def gives_way(order: Order, ports: list[Port], moves: list[Movement]) -> NDArray[np.bool_]:
    """``[C, C]``: whether each of ``C`` movements gives way to each other one, where they meet; not for circles."""
    count = len(moves)
    if order.rule == Rule.ALL_STOP:
        return np.array([[a.arm != b.arm or _ends(a, b) for b in moves] for a in moves])
    found = np.zeros((count, count), np.bool_)
    for i, one in enumerate(moves):
        for j, other in enumerate(moves):
            found[i, j] = _ends(one, other) if one.arm == other.arm else _waits(order, ports, one, other)
    return found


def _ends(one: Movement, other: Movement) -> bool:
    """Of two lanes that become one the right one ends."""
    return one.arm == other.arm and one.lane > other.lane


def _waits(order: Order, ports: list[Port], one: Movement, other: Movement) -> bool:
    if order.major[one.arm] != order.major[other.arm]:
        return order.major[other.arm]
    opposite = abs(bend(ports[one.arm], ports[other.arm])) < BENT
    if opposite:
        return one.turn == Turn.LEFT
    return order.rule != Rule.LIGHTS and _from_right(ports[one.arm], ports[other.arm])


def _from_right(port: Port, other: Port) -> bool:
    """Whether who comes in at ``other`` comes from the right of who comes in at ``port``."""
    return turned(other.heading, port.heading) > 0


def _through_road(ports: list[Port], roads: list[RoadPlan]) -> tuple[bool, ...]:
    """The two arms in line with each other that have most lanes, then the higher speed limit."""
    best, chosen = (-1.0, -1.0), (0, min(1, len(ports) - 1))
    for i, one in enumerate(ports):
        for j, other in enumerate(ports):
            if i < j and abs(bend(one, other)) < BENT:
                size = float(one.lanes_in + one.lanes_out + other.lanes_in + other.lanes_out)
                limit = roads[one.road].limit + roads[other.road].limit
                one_way = 0 in (one.lanes_in, one.lanes_out, other.lanes_in, other.lanes_out)
                if (size - 100 * one_way, limit) > best:
                    best, chosen = (size - 100 * one_way, limit), (i, j)
    return tuple(k in chosen for k in range(len(ports)))
