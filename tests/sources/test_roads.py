"""The scene's map: the judge's areas and the renderer's lines."""

import numpy as np
import pytest
import shapely
from shapely.geometry import Polygon

from irlvla.scene import Layer, LineKind
from irlvla.sources.lanes import lane_graph
from irlvla.sources.recording import RecordedLane, RecordedMap
from irlvla.sources.roads import area_between_edges, hd_map
from irlvla.sources.scenarionet import read_scenario, read_scenario_bytes
from tests.sources.made_up import lines, new_scenario, old_scenario_pickle, straight

EVERYWHERE = shapely.box(-1000, -1000, 1000, 1000)


def area(hdmap, *layers):
    """Union of the layers' polygons, holes cut out."""
    parts = []
    for k in hdmap.of_layer(*layers):
        holes = [hdmap.holes[h] for h in np.flatnonzero(hdmap.hole_owners == k)]
        parts.append(Polygon(hdmap.polygons[k], holes))
    return shapely.union_all(parts)


@pytest.fixture(scope="module")
def nuscenes():
    recorded = read_scenario(new_scenario(), "file").map
    return hd_map(lane_graph(recorded), recorded, EVERYWHERE)


def test_layers(nuscenes):
    layer = dict(zip(nuscenes.ids, nuscenes.layers.tolist(), strict=True))
    assert len(layer) == len(nuscenes.ids), "ids are unique"
    for name in lines():
        assert layer[name] == (Layer.LANE_CONNECTOR if name.startswith("x") else Layer.LANE)
    for ring in nuscenes.polygons:
        assert Polygon(ring).is_valid
        assert not np.array_equal(ring[0], ring[-1])


def test_roadblocks_join_lanes_of_one_direction(nuscenes):
    blocks = [Polygon(nuscenes.polygons[k]) for k in nuscenes.of_layer(Layer.ROADBLOCK)]
    here = next(block for block in blocks if block.contains(shapely.Point(50, 0)))
    assert here.contains(shapely.Point(50, 3.5))
    assert here.contains(shapely.Point(50, 1.75)), "no slit between the lanes"
    assert not here.contains(shapely.Point(50, -3.5)), "the oncoming lane is a block of its own"


def test_intersection(nuscenes):
    crossing = area(nuscenes, Layer.INTERSECTION)
    assert crossing.contains(shapely.Point(110, 0))
    assert crossing.contains(shapely.Point(105, -1.75)), "gaps between connectors are closed"
    assert not crossing.contains(shapely.Point(98, 0))
    assert not crossing.contains(shapely.Point(110, 30))
    assert crossing.intersection(area(nuscenes, Layer.LANE)).area < 0.1, "other lanes are cut out"


def test_drivable_area_is_the_recorded_one_with_its_holes(nuscenes):
    drivable = area(nuscenes, Layer.DRIVABLE_AREA)
    assert drivable.symmetric_difference(read_scenario(new_scenario(), "file").map.drivable).area < 0.1
    assert len(nuscenes.holes) == 1


def test_lines(nuscenes):
    kinds = nuscenes.line_kinds.tolist()
    assert kinds.count(LineKind.CENTERLINE) == len(lines())
    assert kinds.count(LineKind.ROAD_EDGE) == 2
    k = kinds.index(LineKind.MARKING_WHITE_BROKEN)
    np.testing.assert_allclose(nuscenes.lines[k], [[0, 1.75], [100, 1.75]])


def test_what_is_far_away_is_cut_off():
    recorded = read_scenario(new_scenario(), "file").map
    near = hd_map(lane_graph(recorded), recorded, shapely.box(-10, -10, 40, 10))
    assert {"a1", "b1", "c2"} == {name for name in near.ids if name in lines()}
    assert area(near, Layer.DRIVABLE_AREA).bounds[2] == 40
    assert max(line[:, 0].max() for line in edges_of(near)) <= 40


def edges_of(hdmap):
    return [hdmap.lines[k] for k in np.flatnonzero(hdmap.line_kinds == LineKind.ROAD_EDGE)]


def test_road_edges_are_drawn_around_the_area_where_none_are_recorded():
    lanes = (RecordedLane("a", straight((0, 0), (50, 0)), connector=False),)
    recorded = RecordedMap(lanes)
    drawn = hd_map(lane_graph(recorded), recorded, EVERYWHERE)
    assert Polygon(edges_of(drawn)[0]).area == pytest.approx(3.6 * 50, rel=0.01)


def between_edges(*edges, lanes=(0.0,)):
    recorded = [
        RecordedLane(f"lane{y}", straight((0, y), (100, y)), connector=False, half_widths=np.full((51, 2), 1.8))
        for y in lanes
    ]
    graph = lane_graph(RecordedMap(tuple(recorded)))
    return area_between_edges(list(graph.lanes.values()), [shapely.LineString(edge) for edge in edges])


def test_the_roadside_reaches_to_the_edge():
    drivable = between_edges([(0, 4), (100, 4)], [(0, -9), (100, -9)])
    assert drivable.contains(shapely.Point(50, 3.9)), "up to an edge 4 m away"
    assert not drivable.intersects(shapely.Point(50, 4.2))
    assert not drivable.intersects(shapely.Point(50, -2.0)), "an edge 9 m away says nothing"


def test_what_lies_behind_an_edge_is_cut_off():
    drivable = between_edges([(0, 1.0), (100, 1.0)])
    assert not drivable.intersects(shapely.Point(50, 1.2)), "the lane's outline reaches beyond the kerb"
    assert drivable.contains(shapely.Point(50, 0.9))


def test_a_median_between_two_carriageways_stays_out():
    drivable = between_edges([(0, 2.0), (100, 2.0)], [(0, 2.8), (100, 2.8)], lanes=(0.0, 4.8))
    assert drivable.contains(shapely.Point(50, 1.9))
    assert not drivable.intersects(shapely.Point(50, 2.4))
    assert drivable.contains(shapely.Point(50, 2.9))


def test_an_edge_is_not_flowed_around():
    drivable = between_edges([(10, 2.0), (90, 2.0)])
    assert not drivable.intersects(shapely.Point(50, 2.5))


def test_holes_without_an_edge_are_road():
    lanes = [
        RecordedLane("one", np.array([[0, 0], [20, 0], [60, 0], [80.0, 0]]), connector=False),
        RecordedLane("two", np.array([[0, 0], [20, 9], [60, 9], [80.0, 0]]), connector=False),
    ]
    graph = lane_graph(RecordedMap(tuple(lanes)))
    far = shapely.LineString([(0, -30), (80, -30)])
    open_area = area_between_edges(list(graph.lanes.values()), [far])
    assert open_area.contains(shapely.Point(40, 4.5)), "a painted island"
    kerb = shapely.LineString([(30, 4.3), (50, 4.3), (50, 4.7), (30, 4.7), (30, 4.3)])
    assert not area_between_edges(list(graph.lanes.values()), [kerb]).contains(shapely.Point(40, 4.5)), "a real one"


def test_waymo_town_is_drivable_where_cars_drive():
    recorded = read_scenario_bytes(old_scenario_pickle(), "file").map
    drawn = hd_map(lane_graph(recorded), recorded, EVERYWHERE)
    road = area(drawn, Layer.DRIVABLE_AREA, Layer.ROADBLOCK, Layer.INTERSECTION)
    for line in lines().values():
        inside = shapely.contains_xy(road, resampled_inside(line))
        assert inside.all()
    assert road.contains(shapely.Point(50, 7.5)), "the roadside, where a car is parked"
    assert not road.intersects(shapely.Point(50, 8.5))


def resampled_inside(line):
    """Points of a line without its ends, which lie on the border."""
    return line[1:-1]
