"""Where the centre line begins and how it goes on, by hand and against plainer searches."""

from itertools import pairwise
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from irlvla.errors import InputError
from irlvla.sources.nuplan_map import City, centre_line
from irlvla.sources.nuplan_map.centreline import shortest_lanes
from irlvla.sources.nuplan_map.network import Network
from tests.sources.nuplan_map.streets import ORIGIN, Streets, grid, pose


def names(city: City, x: float, y: float, heading: float, roadblocks: list[str]) -> list[str]:
    """Ids of the lanes that the centre line for this pose goes along."""
    return [city.map.ids[k] for k in centre_line(city, pose(x, y, heading), roadblocks).lines]


@pytest.fixture(scope="module")
def fork(tmp_path_factory: pytest.TempPathFactory) -> City:
    """Lanes 1 (left) and 2 lead east; over the same ground connectors lead on to 3, straight, and 4, to the right."""
    streets = Streets(limits={2: 8.5})
    streets.lane(1, 100, (0, 3.5), (50, 3.5))
    streets.lane(2, 100, (0, 0), (50, 0))
    streets.lane(3, 101, (70, 0), (120, 0))
    streets.lane(4, 102, (70, -10), (120, -30))
    streets.connector(13, 201, 2, 3)
    streets.connector(14, 202, 2, 4)
    return streets.written(tmp_path_factory.mktemp("maps"))


def test_the_line_follows_the_route(fork: City) -> None:
    assert names(fork, 20, 0, 0, ["100", "201", "101"]) == ["lane/2", "connector/13", "lane/3"]
    assert names(fork, 20, 0, 0, ["100", "202", "102"]) == ["lane/2", "connector/14", "lane/4"]
    assert names(fork, 20, 0, 0, ["100", "202"]) == ["lane/2", "connector/14"]
    assert names(fork, 20, 0, 0, ["100"]) == ["lane/2"]


def test_points_are_those_of_the_baselines_with_the_heading_ahead(fork: City) -> None:
    line = centre_line(fork, pose(20, 0), ["100", "202", "102"])
    lanes = [np.array(fork.map.lines[k]) for k in line.lines]
    np.testing.assert_array_equal(line.points[:, :2], np.concatenate(lanes))
    expected = []
    for points in lanes:
        ahead = [float(np.arctan2(b[1] - a[1], b[0] - a[0])) for a, b in pairwise(points)]
        expected += [*ahead, ahead[-1]]
    np.testing.assert_array_equal(line.points[:, 2], expected)
    assert len(line.points) == sum(map(len, lanes))


def test_the_speed_limit_is_that_of_the_first_lane(fork: City) -> None:
    assert centre_line(fork, pose(20, 0), ["100"]).speed_limit == 8.5
    assert np.isnan(centre_line(fork, pose(20, 3.5), ["100"]).speed_limit)


def test_of_lanes_under_the_rear_axle_that_with_the_nearest_direction_counts(fork: City) -> None:
    both = ["100", "201", "101", "202", "102"]
    assert names(fork, 51, 0, 0, both)[0] == "connector/13"
    assert names(fork, 51, 0, -0.4, both)[0] == "connector/14"
    assert names(fork, 51, 0, -0.4 + 2 * np.pi, both)[0] == "connector/14"
    assert names(fork, 51, 0, -0.4, ["100", "201", "101"])[0] == "connector/13"


def test_a_rear_axle_on_the_edge_of_a_lane_is_on_it(fork: City) -> None:
    """Lane 1 ends where lane 2 does; an edge belongs to both lanes beside it."""
    edge = fork.map.polygons[fork.map.ids.index("lane/1")][:, 1].min() - ORIGIN[1]
    assert names(fork, 20, edge, 0, ["100"])[0] in ("lane/1", "lane/2")
    assert names(fork, 20, edge + 1e-3, 0, ["100"]) == ["lane/1"]


def test_beside_the_route_the_first_lane_under_the_box_counts(fork: City) -> None:
    """The rear axle is before all lanes, the box's centre 1.461 m ahead of it on one; it leads back if it has to."""
    assert names(fork, -1.4, 3.0, 0, ["100", "201"]) == ["lane/1"]
    assert names(fork, -1.4, 0.0, 0, ["100", "201"]) == ["lane/2", "connector/13"]
    assert names(fork, 121.4, 0.0, np.pi, ["201", "101"]) == ["lane/3"]


def test_off_the_road_the_lane_nearest_to_the_box_counts(fork: City) -> None:
    """The box reaches 4.049 m ahead of the rear axle and 1.127 m back."""
    assert names(fork, 60, 30, np.pi / 2, ["100", "201", "101"])[0] == "lane/1"
    assert names(fork, 60, -6.0, np.pi / 2, ["100", "201", "202", "101"])[0] == "connector/14"
    route = ["100", "101"]
    assert names(fork, 59.4, 0, 0, route)[0] == "lane/3"  # 6.55 m behind the box, 8.27 m behind it to lane 2
    assert names(fork, 59.4, 0, np.pi, route)[0] == "lane/2"


def test_a_route_without_a_way_is_followed_as_far_as_it_goes(fork: City) -> None:
    assert names(fork, 20, 0, 0, ["100", "202", "101"]) == ["lane/2", "connector/14"]
    assert names(fork, 20, 3.5, 0, ["100", "201", "101"]) == ["lane/1"]


def test_the_line_ends_thirty_blocks_ahead(tmp_path: Path) -> None:
    streets = Streets()
    for k in range(20):
        streets.lane(k + 1, 100 + k, (40 * k, 0), (40 * k + 30, 0))
    for k in range(19):
        streets.connector(1001 + k, 200 + k, k + 1, k + 2)
    city = streets.written(tmp_path)
    route = [str(block) for k in range(19) for block in (100 + k, 200 + k)] + ["119"]
    assert len(centre_line(city, pose(5, 0), route).lines) == 30
    assert names(city, 5, 0, 0, route)[-1] == "connector/1015"
    assert names(city, 85, 0, 0, route)[-1] == "connector/1017"
    assert names(city, 405, 0, 0, route)[-1] == "lane/20"


def test_routes_without_lanes_are_refused(tmp_path: Path) -> None:
    streets = Streets()
    streets.lane(1, 100, (0, 0), (50, 0))
    streets.others["lane_groups_polygons"] = ([shapely.box(0, 0, 1, 1)] * 2, {"fid": [100, 101]})
    city = streets.written(tmp_path)
    with pytest.raises(InputError, match="no lane in the roadblocks 101"):
        centre_line(city, pose(5, 0), ["101"])
    with pytest.raises(InputError, match="no roadblock 7"):
        centre_line(city, pose(5, 0), ["100", "7"])


def test_the_starting_lane_is_that_of_plain_geometry(tmp_path: Path) -> None:
    """Places anywhere and close to the ends of lanes, the rule applied lane by lane."""
    city = grid(3).written(tmp_path)
    rng = np.random.default_rng(0)
    used = set()
    for _ in range(300):
        blocks = rng.choice(len(city.network.block_ids), 12, replace=False)
        lanes = [lane for block in blocks for lane in city.network.interior[block]]
        end = city.map.lines[int(rng.choice(lanes))][0] - ORIGIN + rng.normal(0, 1.0, 2)
        place = pose(*(end if rng.random() < 0.5 else rng.uniform(-20, 220, 2)), rng.uniform(-4, 4))
        rule, expected = _plainly(city, place, lanes)
        used.add(rule)
        found = centre_line(city, place, [city.network.block_ids[block] for block in blocks])
        assert found.lines[0] == expected
    assert used == {"under", "holding", "nearest"}


def _plainly(city: City, place: np.ndarray, lanes: list[int]) -> tuple[str, int]:
    axle, heading = shapely.Point(place[:2]), place[2]
    ahead, left = np.array([np.cos(heading), np.sin(heading)]), np.array([-np.sin(heading), np.cos(heading)])
    under = {}
    for lane in sorted(lanes):
        if city.shapes[lane].intersects(axle):
            line = city.map.lines[lane]
            k = min(int(np.argmin(np.hypot(*(line - place[:2]).T))), len(line) - 2)
            way = np.arctan2(*(line[k + 1] - line[k])[::-1])
            under[lane] = abs((way - heading + np.pi) % (2 * np.pi) - np.pi)
    if under:
        return "under", min(under, key=under.__getitem__)
    centre = place[:2] + 1.461 * ahead
    for lane in lanes:
        if city.shapes[lane].contains(shapely.Point(centre)):
            return "holding", lane
    box = shapely.Polygon(
        [centre + 2.588 * a * ahead + 1.1485 * b * left for a, b in ((1, 1), (1, -1), (-1, -1), (-1, 1))]
    )
    return "nearest", min(lanes, key=lambda lane: city.shapes[lane].distance(box))


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """Up to nine lanes in up to four blocks, hanging together at random, of few different lengths."""
    count = draw(st.integers(1, 9))
    lists = st.lists(st.lists(st.integers(0, count - 1), max_size=4).map(tuple), min_size=count, max_size=count)
    some = st.lists(st.integers(0, 3), min_size=count, max_size=count)
    lengths = draw(st.lists(st.sampled_from([1.0, 2.0, 3.0, 2.5]), min_size=count, max_size=count))
    return Network(
        lane_ids=tuple(map(str, range(count))),
        connectors_from=count,
        successors=tuple(draw(lists)),
        lane_blocks=tuple(draw(some)),
        lengths=tuple(lengths),
        block_ids=(),
        block_connectors_from=0,
        interior=(),
        incoming=(),
        outgoing=(),
        block_shapes=np.zeros(0, object),
    )


@given(network=networks(), data=st.data())
@settings(deadline=None, max_examples=300)
def test_the_search_chooses_among_equals_as_one_over_lists_does(network: Network, data: st.DataObject) -> None:
    lanes = st.integers(0, len(network.lane_ids) - 1)
    allowed = data.draw(st.lists(lanes, unique=True))
    start, target = data.draw(lanes), data.draw(st.integers(0, 3))
    assert shortest_lanes(network, start, target, allowed) == _over_lists(network, start, target, allowed)


def _over_lists(network: Network, start: int, target: int, allowed: list[int]) -> list[int]:
    """Dijkstra with its open lanes in the order of their finding; the first of the nearest ones is taken."""
    parent, opened, closed = {start: None}, {start: (1.0, 1)}, {}
    end = None
    while opened and end is None:
        lane = min(opened, key=lambda lane: opened[lane][0])
        metres, depth = opened.pop(lane)
        if network.lane_blocks[lane] == target:
            end = lane
            break
        closed[lane] = metres, depth
        for following in network.successors[lane]:
            further = metres + network.lengths[following]
            shorter = following not in opened or further < opened[following][0]
            if following in allowed and following not in closed and shorter:
                parent[following] = lane
                opened[following] = further, depth + 1
    if end is None:
        deepest = max(depth for _, depth in closed.values())
        end = min((lane for lane in closed if closed[lane][1] == deepest), key=lambda lane: closed[lane][0])
    way = [end]
    while parent[way[-1]] is not None:
        way.append(parent[way[-1]])
    return way[::-1]


@given(network=networks(), data=st.data())
@settings(deadline=None, max_examples=150)
def test_no_way_is_shorter(network: Network, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(network.lane_ids) - 1))
    target = data.draw(st.integers(0, 3))
    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(network.lane_ids)))
    for lane, others in enumerate(network.successors):
        graph.add_weighted_edges_from([(lane, other, network.lengths[other]) for other in others])
    reached = nx.single_source_dijkstra_path_length(graph, start)
    goals = [metres for lane, metres in reached.items() if network.lane_blocks[lane] == target]
    way = shortest_lanes(network, start, target, range(len(network.lane_ids)))
    assert nx.is_path(graph, way)
    assert (network.lane_blocks[way[-1]] == target) == bool(goals)
    if goals:
        assert sum(network.lengths[lane] for lane in way[1:]) == pytest.approx(min(goals))
