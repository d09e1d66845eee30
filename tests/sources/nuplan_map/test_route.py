"""Repairing of routes: each thing that can be wrong with one, and the search against plainer ones."""

from collections import deque
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from irlvla.errors import InputError
from irlvla.sources.nuplan_map import City, repaired_route, route_lanes
from irlvla.sources.nuplan_map.network import Neighbours
from irlvla.sources.nuplan_map.route import shortest_path
from tests.sources.nuplan_map.streets import Streets, grid, pose


def chain(count: int) -> Streets:
    """Lanes of 30 m, blocks 100, 101, ..., eastwards along y = 0, and connectors of 10 m, blocks 200, 201, ..."""
    streets = Streets()
    for k in range(count):
        streets.lane(k + 1, 100 + k, (40 * k, 0), (40 * k + 30, 0))
    for k in range(count - 1):
        streets.connector(1001 + k, 200 + k, k + 1, k + 2)
    return streets


def along(first: int, last: int) -> list[str]:
    """Blocks of a chain from one roadblock to another."""
    return [str(block) for k in range(first, last) for block in (100 + k, 200 + k)] + [str(100 + last)]


@pytest.fixture(scope="module")
def row(tmp_path_factory: pytest.TempPathFactory) -> City:
    """A chain of 20."""
    return chain(20).written(tmp_path_factory.mktemp("maps"))


@pytest.fixture(scope="module")
def fork(tmp_path_factory: pytest.TempPathFactory) -> City:
    """Lane 1 leads over connectors to lanes 2 (straight, south of it) and 3; lane 4 leads the other way beside 1."""
    streets = Streets()
    streets.lane(1, 100, (0, 0), (50, 0))
    streets.lane(2, 102, (70, -1), (120, -1))
    streets.lane(3, 103, (70, 4), (120, 4))
    streets.lane(4, 104, (50, 3.5), (0, 3.5))
    streets.connector(12, 202, 1, 2)
    streets.connector(13, 203, 1, 3)
    return streets.written(tmp_path_factory.mktemp("maps"))


def test_a_sound_route_stays_as_it_is(row: City) -> None:
    assert repaired_route(row, pose(5, 0), along(0, 9)) == tuple(along(0, 9))


def test_repeated_blocks_count_once(row: City) -> None:
    assert repaired_route(row, pose(5, 0), [*along(0, 2), "100", *along(2, 4), "201"]) == tuple(along(0, 4))


def test_a_route_that_begins_ahead_is_led_through_the_ego(row: City) -> None:
    assert repaired_route(row, pose(90, 0), along(6, 9)) == tuple(along(2, 9))
    assert repaired_route(row, pose(115, 0), along(6, 9)) == ("202", *along(3, 9))


def test_a_route_that_begins_behind_stays(row: City) -> None:
    """The ego is beside none of its blocks, and no way leads back."""
    assert repaired_route(row, pose(405, 0), along(2, 5)) == tuple(along(2, 5))


def test_what_is_farther_than_thirty_blocks_is_not_reached(row: City) -> None:
    assert repaired_route(row, pose(5, 0), ["214", "115"]) == (*along(0, 14), "214", "115")
    assert repaired_route(row, pose(5, 0), ["115"]) == ("115",)
    assert repaired_route(row, pose(5, 0), ["100", "214"]) == (*along(0, 14), "214")
    assert repaired_route(row, pose(5, 0), ["100", "115"]) == ("100", "115")


def test_an_ego_beside_the_route_reaches_one_of_its_first_three_blocks(tmp_path: Path) -> None:
    streets = chain(6)
    streets.lane(51, 150, (90, -60), (115, -10))
    streets.connector(1051, 250, 51, 4)
    city = streets.written(tmp_path)
    beside = pose(100, -40, 1.1)
    assert repaired_route(city, beside, ["102", "202", "103", "203"]) == ("150", "250", "103", "203")
    assert repaired_route(city, beside, ["201", "102", "202", "103"]) == ("201", "102", "202", "103")


def test_any_block_under_the_ego_may_lead_to_the_route(fork: City) -> None:
    """In the fork the ego is nearest to the straight connector, but the route goes on to the left."""
    assert repaired_route(fork, pose(55, -0.5), ["103"]) == ("203", "103")
    assert repaired_route(fork, pose(55, -0.5), ["102"]) == ("202", "102")


def test_blocks_of_the_route_are_preferred_to_nearer_ones(fork: City) -> None:
    assert repaired_route(fork, pose(55, -0.5), ["203", "103"]) == ("203", "103")


def test_oncoming_lanes_do_not_count(fork: City) -> None:
    """Between the two directions only the own one leads to the route; turned by 180 degrees only the other counts."""
    between = pose(20, 2.0)
    assert repaired_route(fork, between, ["103"]) == ("100", "203", "103")
    assert repaired_route(fork, pose(20, 2.0, np.pi), ["103"]) == ("103",)


@pytest.mark.parametrize(("degrees", "followed"), [(-44, True), (44, True), (46, False), (-46, False), (316, True)])
def test_a_lane_is_followed_if_the_ego_is_turned_by_less_than_45_degrees(
    tmp_path: Path, degrees: float, followed: bool
) -> None:
    """Lane 9, which leads off the route, is followed in any case; lane 1 leads to it."""
    streets, aside = chain(3), 20.0 if degrees > 180 or degrees < 0 else -20.0
    streets.lane(9, 190, (20, 0), (22, -aside))
    city = streets.written(tmp_path)
    route = repaired_route(city, pose(20, 0, np.radians(degrees)), ["201", "102"])
    assert route == (("100", "200", "101", "201", "102") if followed else ("201", "102"))


@pytest.mark.parametrize(("aside", "followed"), [(2.9, True), (3.1, False)])
def test_a_lane_is_followed_if_it_is_nearer_than_three_metres(tmp_path: Path, aside: float, followed: bool) -> None:
    """Between lane 1, which leads to the route, and lane 3, which does not, in wide blocks."""
    streets = Streets(blocks={100: shapely.box(0, -6, 50, 6), 102: shapely.box(0, -6, 50, 6)})
    streets.lane(1, 100, (0, 0), (50, 0))
    streets.lane(2, 101, (60, 0), (100, 0))
    streets.lane(3, 102, (0, -6), (50, -6))
    streets.connector(11, 200, 1, 2)
    city = streets.written(tmp_path)
    assert repaired_route(city, pose(25, -aside), ["101"]) == (("100", "200", "101") if followed else ("101",))


def test_far_from_all_blocks_the_nearest_of_each_kind_counts(row: City) -> None:
    """The connector leads to the route in fewer steps than the roadblock, which is nearer."""
    assert repaired_route(row, pose(20, 60), along(3, 5)) == ("200", *along(1, 5))


def test_gaps_are_filled_where_there_is_a_way(row: City) -> None:
    assert repaired_route(row, pose(5, 0), ["100", "103", "104", "207"]) == (*along(0, 7), "207")
    assert repaired_route(row, pose(85, 0), ["102", "202", "101"]) == ("102", "202", "101")


def test_a_route_ends_where_it_takes_a_connector_again(row: City) -> None:
    """Led through the ego and with its gap filled the route goes in circles; what is left has each block once."""
    assert repaired_route(row, pose(5, 0), ["102", "101", "103"]) == tuple(along(0, 2))


def crossing(shared: float) -> Streets:
    """A way east through a junction and one north, whose connectors share so much ground [m^2]."""
    streets = Streets()
    streets.lane(1, 100, (-60, 0), (-10, 0))
    streets.lane(2, 101, (10, 0), (60, 0))
    streets.lane(3, 102, (0, -60), (0, -10))
    streets.lane(4, 103, (0, 10), (0, 60))
    streets.connector(11, 200, 1, 2)
    streets.connector(12, 201, 3, 4)
    streets.blocks = {200: shapely.box(-10, -2, 10, 2), 201: shapely.box(-2, 2 - shared / 4, 2, 10)}
    return streets


@pytest.mark.parametrize(("shared", "cut"), [(0.0, False), (0.9, False), (1.1, True), (8.0, True)])
def test_a_route_ends_before_it_crosses_itself(tmp_path: Path, shared: float, cut: bool) -> None:
    city = crossing(shared).written(tmp_path)
    route = ("100", "200", "101", "102", "201", "103")
    assert repaired_route(city, pose(-20, 0), route) == (route[:4] if cut else route)


def test_roadblocks_may_cross(tmp_path: Path) -> None:
    streets = crossing(0.0)
    streets.blocks |= {101: shapely.box(10, -2, 60, 2), 103: shapely.box(12, -2, 20, 60)}
    city = streets.written(tmp_path)
    route = ("100", "200", "101", "102", "201", "103")
    assert repaired_route(city, pose(-20, 0), route) == route


def test_outlines_that_cross_themselves_can_be_compared(tmp_path: Path) -> None:
    streets = crossing(0.0)
    streets.blocks[201] = shapely.Polygon([(-2, -5), (2, 10), (-2, 10), (2, -5)])
    streets.blocks[200] = shapely.Polygon([(-10, -4), (10, 4), (10, -4), (-10, 4), (-3, -8), (3, 8)])
    city = streets.written(tmp_path)
    assert repaired_route(city, pose(-20, 0), ["100", "200", "101", "102", "201", "103"])[:2] == ("100", "200")


def test_what_is_not_in_the_map_is_named(row: City) -> None:
    for use in (lambda ids: repaired_route(row, pose(5, 0), ids), lambda ids: route_lanes(row, ids)):
        with pytest.raises(InputError, match=r"us-ma-boston 9.12.1817: no roadblock 999"):
            use(["100", "999", "998"])
        with pytest.raises(InputError, match="without roadblocks"):
            use([])


def test_lanes_of_a_route_come_block_by_block(tmp_path: Path) -> None:
    city = grid(2).written(tmp_path)
    network = city.network
    route = ["2000003", "3000001", "2000000"]
    expected = [
        f"{'connector' if block.startswith('3') else 'lane'}/{network.lane_ids[lane]}"
        for block in route for lane in network.interior[network.block_places[block]]
    ]  # fmt: skip
    assert list(route_lanes(city, [*route, route[0]])) == expected
    assert len(expected) == 6


GRAPHS = st.integers(2, 9).flatmap(
    lambda n: st.lists(st.lists(st.integers(0, n - 1), max_size=4).map(tuple), min_size=n, max_size=n).map(tuple)
)


@given(graph=GRAPHS, data=st.data())
@settings(deadline=None, max_examples=300)
def test_the_way_found_is_that_of_a_queue_without_memory(graph: Neighbours, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(graph) - 1))
    targets = data.draw(st.lists(st.integers(0, len(graph) - 1), min_size=1, max_size=3))
    depth = data.draw(st.integers(1, 6))
    assert shortest_path(start, targets, graph, depth) == _forgetful(start, targets, graph, depth)


def _forgetful(start: int, targets: list[int], graph: Neighbours, depth: int) -> list[int]:
    """All ways of each length are tried; of each block in each generation the last one to name it is remembered."""
    queue, parents = deque([(start, 1)]), {(start, 1): None}
    while queue:
        block, generation = queue.popleft()
        if generation > depth:
            break
        if block in targets:
            way = []
            while block is not None:
                way.append(block)
                block, generation = parents[block, generation], generation - 1
            return way[::-1]
        for following in graph[block]:
            queue.append((following, generation + 1))
            parents[following, generation + 1] = block
    return []


@given(graph=GRAPHS, data=st.data())
@settings(deadline=None, max_examples=100)
def test_no_way_is_shorter(graph: Neighbours, data: st.DataObject) -> None:
    start, target = (data.draw(st.integers(0, len(graph) - 1)) for _ in range(2))
    edges = nx.DiGraph([(block, following) for block, others in enumerate(graph) for following in others])
    edges.add_nodes_from(range(len(graph)))
    way = shortest_path(start, [target], graph, 30)
    assert bool(way) == nx.has_path(edges, start, target)
    if way:
        assert len(way) == nx.shortest_path_length(edges, start, target) + 1
        assert nx.is_path(edges, way)
