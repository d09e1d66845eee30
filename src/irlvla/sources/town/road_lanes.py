"""Lanes of paved roads and connectors of paved junctions, numbered and linked."""

from dataclasses import dataclass

import numpy as np

from irlvla.scene import Polylines
from irlvla.sources.town.conflicts import meetings
from irlvla.sources.town.junction_arms import Port
from irlvla.sources.town.junction_lights import Lights, draw_lights
from irlvla.sources.town.junction_rules import Rule, gives_way
from irlvla.sources.town.network import NONE, Conflicts, Control, Lanes, Signals
from irlvla.sources.town.paving import Paved

_CIRCLE_LIMIT = 8.3  # in a roundabout [m/s]


@dataclass(frozen=True)
class Numbering:
    """Which number each lane and connector has.

    Attributes:
        lanes: number of a lane by road, side (0 forward, 1 backward) and place from the driver's left.
        connectors: number of each junction's first connector.
        count: of all.
    """

    lanes: dict[tuple[int, int, int], int]
    connectors: list[int]
    count: int

    def entering(self, port: Port, lane: int) -> int:
        """The lane that ends at a port."""
        return self.lanes[port.road, 1 if port.at_start else 0, lane]

    def leaving(self, port: Port, lane: int) -> int:
        """The lane that begins at a port."""
        return self.lanes[port.road, 0 if port.at_start else 1, lane]


def number(paved: Paved) -> Numbering:
    """Number lanes road by road, then connectors junction by junction."""
    names = [
        (road, side, lane)
        for road, built in enumerate(paved.roads)
        for side in (0, 1)
        for lane in range(built.plan.lanes[side])
    ]
    sizes = [len(junction.connectors) for junction in paved.junctions]
    firsts = (len(names) + np.cumsum([0, *sizes])).tolist()
    return Numbering({name: k for k, name in enumerate(names)}, firsts[:-1], firsts[-1])


def lanes_of(paved: Paved, numbers: Numbering, lights: list[Lights | None], first_groups: list[int]) -> Lanes:
    """All lanes and connectors; ``first_groups`` has the number of each junction's first signal group."""
    count, of_lanes = numbers.count, numbers.lanes
    ids, lines = [], []
    widths, limits = np.empty(count), np.empty(count)
    left, right, roads = (np.full(count, NONE, np.int32) for _ in range(3))
    for (road, side, lane), k in of_lanes.items():
        built = paved.roads[road]
        ids.append(f"lane_{road}_{'fb'[side]}{lane}")
        lines.append(built.lane_line(side, lane))
        widths[k], limits[k] = built.plan.width, built.plan.limit
        left[k] = of_lanes.get((road, side, lane - 1), NONE)
        right[k] = of_lanes.get((road, side, lane + 1), NONE)
        roads[k] = 2 * road + side
    successors: list[list[int]] = [[] for _ in range(count)]
    turns, asked = np.zeros(count, np.int8), np.full(count, Control.FREE, np.int8)
    groups = np.full(count, NONE, np.int32)
    for at, (node, junction) in enumerate(zip(paved.nodes, paved.junctions, strict=True)):
        first, order, light = numbers.connectors[at], paved.orders[at], lights[at]
        moves = [connector.movement for connector in junction.connectors]
        span = slice(first, first + len(moves))
        turns[span] = [move.turn for move in moves]
        arm_controls = order.arm_controls()
        asked[span] = [arm_controls[move.arm] for move in moves]
        if light is not None:
            groups[span] = np.array(light.connector_groups) + first_groups[at]
        for k, (move, connector) in enumerate(zip(moves, junction.connectors, strict=True), first):
            start, stop = junction.ports[move.arm], junction.ports[move.to]
            source, goal = numbers.entering(start, move.lane), numbers.leaving(stop, move.into)
            successors[source].append(k)
            successors[k].append(goal)
            ids.append(f"connector_{node}_{k - first}")
            lines.append(connector.line)
            widths[k] = (start.width + stop.width) / 2
            limits[k] = min(limits[source], limits[goal], _CIRCLE_LIMIT if order.rule == Rule.CIRCLE else np.inf)
    return Lanes(
        ids=tuple(ids),
        lines=Polylines.of(lines),
        widths=widths,
        limits=limits,
        connector=np.arange(count) >= len(of_lanes),
        turns=turns,
        controls=asked,
        groups=groups,
        successors=tuple(tuple(after) for after in successors),
        left=left,
        right=right,
        roads=roads,
    )


def conflicts_of(paved: Paved, numbers: Numbering) -> Conflicts:
    """All places at which two ways through a junction meet."""
    pairs, begins, ends, yields = (
        [np.zeros((0, 2), np.int64)],
        [np.zeros((0, 2))],
        [np.zeros((0, 2))],
        [np.zeros(0, bool)],
    )
    for first, junction, order in zip(numbers.connectors, paved.junctions, paved.orders, strict=True):
        moves = [connector.movement for connector in junction.connectors]
        sources = np.array([numbers.entering(junction.ports[move.arm], move.lane) for move in moves])
        found, begin, end = meetings([connector.line for connector in junction.connectors], sources)
        if order.rule == Rule.CIRCLE:
            waits = begin[:, 0] < begin[:, 1]  # who has come less far joins those who are inside
        else:
            waits = gives_way(order, junction.ports, moves)[found[:, 0], found[:, 1]]
        pairs.append(found + first)
        begins.append(begin)
        ends.append(end)
        yields.append(waits)
    return Conflicts(
        np.concatenate(pairs).astype(np.int32), np.concatenate(begins), np.concatenate(ends), np.concatenate(yields)
    )


def signals_of(rng: np.random.Generator, paved: Paved) -> tuple[list[Lights | None], list[int], Signals]:
    """Lights of each junction that has them, the number of each junction's first group, and all signals."""
    lights: list[Lights | None] = []
    firsts, periods = [], np.zeros(0)
    greens, heads = np.zeros((0, 2)), np.zeros((0, 3))
    head_groups: list[int] = []
    for junction, order in zip(paved.junctions, paved.orders, strict=True):
        light = draw_lights(rng, junction) if order.rule == Rule.LIGHTS else None
        lights.append(light)
        firsts.append(len(periods))
        if light is not None:
            head_groups += [group + len(periods) for group in light.head_groups]
            periods = np.concatenate([periods, np.full(len(light.greens), light.period)])
            greens, heads = np.concatenate([greens, light.greens]), np.concatenate([heads, light.heads])
    return lights, firsts, Signals(periods, greens, heads, np.array(head_groups, np.int32))
