"""Turns, right of way and lights at a crossing made by hand: arms east, north, west, south."""

from math import pi

import numpy as np
import pytest

from irlvla.sources.town.junction_arms import Port
from irlvla.sources.town.junction_lights import draw_lights
from irlvla.sources.town.junction_rules import Order, Rule, draw_order, gives_way
from irlvla.sources.town.junction_turns import Movement, movements
from irlvla.sources.town.junctions import pave
from irlvla.sources.town.layout import NodeKind, RoadPlan
from irlvla.sources.town.network import YELLOW_SECONDS, Control, Turn

EAST, NORTH, WEST, SOUTH = range(4)


def arm(road: int, quarter: float, lanes_in: int = 1, lanes_out: int = 1) -> Port:
    heading = quarter * pi / 2
    place = 25.0 * np.array([np.cos(heading), np.sin(heading)])
    return Port(road, True, place, heading, lanes_in, lanes_out, 3.5, True)


def crossing(lanes: int = 1) -> list[Port]:
    return [arm(0, 0, lanes, lanes), arm(1, 1), arm(2, 2, lanes, lanes), arm(3, 3)]


def ways(ports: list[Port], at: int) -> set[tuple[int, int, int, Turn]]:
    return {(m.lane, m.to, m.into, m.turn) for m in movements(ports) if m.arm == at}


def test_one_lane_leads_everywhere_but_back() -> None:
    assert ways(crossing(), SOUTH) == {
        (0, WEST, 0, Turn.LEFT), (0, NORTH, 0, Turn.STRAIGHT), (0, EAST, 0, Turn.RIGHT),
    }  # fmt: skip


def test_left_lanes_turn_left_and_right_lanes_right() -> None:
    assert ways(crossing(3), EAST) == {
        (0, SOUTH, 0, Turn.LEFT), (1, WEST, 1, Turn.STRAIGHT), (2, WEST, 2, Turn.STRAIGHT), (2, NORTH, 0, Turn.RIGHT),
    }  # fmt: skip
    assert (0, EAST, 0, Turn.RIGHT) not in ways(crossing(3), SOUTH)
    assert (0, EAST, 2, Turn.RIGHT) in ways(crossing(3), SOUTH)
    assert (0, WEST, 0, Turn.LEFT) in ways(crossing(3), SOUTH)


def test_the_stem_of_a_t_turns_both_ways() -> None:
    tee = [arm(0, 0, 2, 2), arm(1, 2, 2, 2), arm(2, 3, 2, 1)]
    assert ways(tee, 2) == {(0, 1, 0, Turn.LEFT), (1, 0, 1, Turn.RIGHT)}


def test_where_fewer_lanes_go_on_the_outer_ones_only_turn() -> None:
    ports = [arm(0, 0, 2, 2), arm(1, 1), arm(2, 2, 1, 1), arm(3, 3)]
    assert ways(ports, EAST) == {(0, SOUTH, 0, Turn.LEFT), (1, WEST, 0, Turn.STRAIGHT), (1, NORTH, 0, Turn.RIGHT)}


def waits(order: Order, one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether who drives between the arms ``one`` gives way to who drives between the arms ``other``."""
    ports = crossing()
    moves = movements(ports)
    index = {(m.arm, m.to): k for k, m in enumerate(moves)}
    return bool(gives_way(order, ports, moves)[index[one], index[other]])


PRIORITY = Order(Rule.PRIORITY, (True, False, True, False), Control.YIELD)
LIGHTS = Order(Rule.LIGHTS, (False,) * 4, Control.LIGHT)
ALL_STOP = Order(Rule.ALL_STOP, (False,) * 4, Control.STOP)


@pytest.mark.parametrize(
    ("order", "one", "other", "expected"),
    [
        (PRIORITY, (SOUTH, NORTH), (EAST, WEST), True),  # minor waits for major
        (PRIORITY, (EAST, WEST), (SOUTH, NORTH), False),
        (PRIORITY, (EAST, SOUTH), (WEST, EAST), True),  # left turn waits for oncoming traffic
        (PRIORITY, (WEST, EAST), (EAST, SOUTH), False),
        (PRIORITY, (EAST, SOUTH), (WEST, SOUTH), True),  # and for who turns right into the same road
        (PRIORITY, (EAST, SOUTH), (NORTH, SOUTH), False),  # but not for the minor road
        (PRIORITY, (SOUTH, WEST), (NORTH, SOUTH), True),  # minor left waits for minor straight on
        (LIGHTS, (EAST, SOUTH), (WEST, EAST), True),
        (LIGHTS, (WEST, EAST), (EAST, SOUTH), False),
        (LIGHTS, (SOUTH, NORTH), (EAST, WEST), False),  # the light decides
        (ALL_STOP, (SOUTH, NORTH), (EAST, WEST), True),  # who comes first goes first
        (ALL_STOP, (EAST, WEST), (SOUTH, NORTH), True),
    ],
)
def test_right_of_way(order: Order, one: tuple[int, int], other: tuple[int, int], expected: bool) -> None:
    assert waits(order, one, other) is expected


def test_from_the_right_goes_first_where_no_road_has_priority() -> None:
    order = Order(Rule.PRIORITY, (False,) * 4, Control.YIELD)
    assert waits(order, (SOUTH, NORTH), (EAST, WEST))
    assert not waits(order, (EAST, WEST), (SOUTH, NORTH))


def test_of_two_lanes_that_become_one_the_right_one_waits() -> None:
    ports = [arm(0, 0, 1, 1), arm(1, 2, 2, 1)]
    moves = [m for m in movements(ports) if m.arm == 1]
    assert [(m.lane, m.into) for m in moves] == [(0, 0), (1, 0)]
    order = Order(Rule.JOINING, (True, True), Control.YIELD)
    assert gives_way(order, ports, moves).tolist() == [[False, False], [True, False]]


def test_the_wider_road_has_priority() -> None:
    ports, roads = crossing(2), [RoadPlan(0, 1, (1, 1), 3.5, 11.0, np.zeros((0, 2)))] * 4
    for seed in range(20):
        order = draw_order(np.random.default_rng(seed), NodeKind.CROSSING, ports, roads, 0.0)
        assert order.rule in (Rule.PRIORITY, Rule.ALL_STOP)
        if order.rule == Rule.PRIORITY:
            assert order.major == (True, False, True, False)
            assert order.arm_controls()[EAST] == Control.FREE
            assert order.arm_controls()[NORTH] in (Control.YIELD, Control.STOP)


@pytest.mark.parametrize("seed", range(12))
def test_lights_let_no_two_roads_go_at_once(seed: int) -> None:
    junction = pave(crossing(3), NodeKind.CROSSING, np.zeros(2), 9.0)
    lights = draw_lights(np.random.default_rng(seed), junction)
    moves: list[Movement] = [connector.movement for connector in junction.connectors]
    assert (lights.greens[:, 0] < lights.greens[:, 1]).all()
    assert (lights.greens[:, 0] >= 0).all()
    assert (lights.greens[:, 1] + YELLOW_SECONDS <= lights.period).all()

    def open_at(group: int, second: float) -> bool:
        begin, end = lights.greens[group]
        return bool(begin <= second < end + YELLOW_SECONDS)

    for second in np.arange(0.0, lights.period, 0.25):
        arms = {m.arm for m, group in zip(moves, lights.connector_groups, strict=True) if open_at(group, second)}
        assert arms <= {EAST, WEST} or arms <= {NORTH, SOUTH}
        for at in range(4):
            assert (at in arms) <= open_at(lights.crosswalk_groups[at], second)
    left_alone = {
        group for m, group in zip(moves, lights.connector_groups, strict=True) if m.turn == Turn.LEFT and m.lane == 0
    }
    through = {group for m, group in zip(moves, lights.connector_groups, strict=True) if m.turn == Turn.STRAIGHT}
    protected = left_alone - through
    for group in protected:
        for other in through:
            begin, end = lights.greens[group]
            assert lights.greens[other, 0] >= end + YELLOW_SECONDS or lights.greens[other, 1] + YELLOW_SECONDS <= begin


def test_heads_stand_where_drivers_see_them() -> None:
    junction = pave(crossing(2), NodeKind.CROSSING, np.zeros(2), 9.0)
    lights = draw_lights(np.random.default_rng(0), junction)
    for x, y, heading in lights.heads:
        port = next(p for p in junction.ports if abs(np.cos(p.heading - heading) + 1) < 1e-6)
        ahead = (np.array([x, y]) - port.beside(2.0)) @ [np.cos(heading), np.sin(heading)]
        aside = (np.array([x, y]) - port.beside(2.0)) @ [-np.sin(heading), np.cos(heading)]
        assert 4.0 < ahead < 60.0
        assert abs(aside) < 1.2 * ahead
