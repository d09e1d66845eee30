"""Whole cities: what becomes of nuPlan's tables, and what is wrong with them."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from irlvla.epdms.lanes import inside
from irlvla.errors import InputError
from irlvla.scene import Layer, LineKind
from irlvla.sources.nuplan_map import City, read_city
from irlvla.sources.nuplan_map.areas import rings_of
from irlvla.sources.nuplan_map.lines import pieces
from tests.sources.nuplan_map.geopackages import VERSIONS, write_city
from tests.sources.nuplan_map.streets import NAME, ORIGIN, VERSION, Streets, grid


def crossing() -> Streets:
    """Two lanes lead east (1, 2) to a junction and go on there (3, 4); the right one also turns (5)."""
    streets = Streets(limits={1: 13.4, 3: 11.2, 12: 6.7})
    streets.lane(1, 100, (0, 0), (50, 0))
    streets.lane(2, 100, (0, -3.5), (50, -3.5))
    streets.lane(3, 101, (70, 0), (120, 0))
    streets.lane(4, 101, (70, -3.5), (120, -3.5))
    streets.lane(5, 102, (60, -20), (60, -70))
    streets.connector(11, 200, 1, 3)
    streets.connector(12, 200, 2, 4)
    streets.connector(13, 201, 2, 5)
    streets.others["intersections"] = ([shapely.box(50, -15, 70, 5)], {"fid": [1]})
    streets.others["carpark_areas"] = ([shapely.box(0, 10, 20, 20)], {"fid": [1]})
    return streets


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    """That crossing."""
    return crossing().written(tmp_path_factory.mktemp("maps"))


def test_areas_are_named_and_sorted_by_their_tables(city: City) -> None:
    expected = {
        **dict.fromkeys([f"lane/{k}" for k in (1, 2, 3, 4, 5)], Layer.LANE),
        **dict.fromkeys([f"connector/{k}" for k in (11, 12, 13)], Layer.LANE_CONNECTOR),
        **dict.fromkeys([f"roadblock/{k}" for k in (100, 101, 102)], Layer.ROADBLOCK),
        "intersection/1": Layer.INTERSECTION,
        "carpark/1": Layer.CARPARK_AREA,
    }
    assert dict(zip(city.map.ids, map(Layer, city.map.layers.tolist()), strict=True)) == expected
    assert (city.name, city.version) == (NAME, VERSION)


def test_areas_and_centre_lines_lie_where_they_were_written(city: City) -> None:
    streets = crossing()
    for k, number in enumerate((1, 2, 3, 4, 5)):
        np.testing.assert_allclose(city.map.lines[k] - ORIGIN, streets.lanes[number][1].coords, atol=1e-5)
    ring = city.map.polygons[city.map.ids.index("carpark/1")] - ORIGIN
    assert shapely.Polygon(ring).symmetric_difference(shapely.box(0, 10, 20, 20)).area < 1e-3
    assert (city.map.line_kinds[:8] == LineKind.CENTERLINE).all()
    assert len(city.map.lines) == 8


def test_links_lead_over_connectors(city: City) -> None:
    links = {(city.map.ids[a], city.map.ids[b]) for a, b in city.map.links.tolist()}
    assert links == {
        ("lane/1", "connector/11"), ("connector/11", "lane/3"), ("lane/2", "connector/12"), ("connector/12", "lane/4"),
        ("lane/2", "connector/13"), ("connector/13", "lane/5"),
    }  # fmt: skip


def test_speed_limits_are_unknown_where_the_map_has_none(city: City) -> None:
    limits = dict(zip(city.map.ids, city.map.speed_limits, strict=True))
    assert {name: limit for name, limit in limits.items() if not np.isnan(limit)} == {
        "lane/1": 13.4, "lane/3": 11.2, "connector/12": 6.7,
    }  # fmt: skip


def test_blocks_hang_together(city: City) -> None:
    network = city.network
    named = dict(zip(network.block_ids, range(len(network.block_ids)), strict=True))
    assert [network.lane_ids[lane] for lane in network.interior[named["100"]]] == ["1", "2"]
    assert [network.lane_ids[lane] for lane in network.interior[named["200"]]] == ["11", "12"]
    assert [network.block_ids[block] for block in network.outgoing[named["100"]]] == ["200", "201"]
    assert [network.block_ids[block] for block in network.incoming[named["201"]]] == ["100"]
    assert [network.block_ids[block] for block in network.incoming[named["101"]]] == ["200"]
    np.testing.assert_allclose(network.lengths[:3], 50.0, atol=1e-6)


def test_a_reference_to_nothing_leads_nowhere(tmp_path: Path) -> None:
    streets = crossing()
    layers = dict(streets.layers())
    layers["lane_connectors"][1]["entry_lane_fid"][0] = 999
    layers["lane_connectors"][1]["exit_lane_fid"][1] = None
    write_city(tmp_path, NAME, VERSION, layers)
    network = read_city(tmp_path, NAME).network
    assert network.successors[network.lane_ids.index("11")] == ()
    assert network.successors[network.lane_ids.index("2")] == (network.lane_ids.index("13"),)


def test_a_city_is_read_once_and_has_another_name(tmp_path: Path) -> None:
    write_city(tmp_path, "us-nv-las-vegas-strip", "9.15.1915", crossing().layers())
    assert read_city(tmp_path, "las_vegas") is read_city(tmp_path, "us-nv-las-vegas-strip")


def test_paint_by_kind_and_by_the_lanes_beside_it(tmp_path: Path) -> None:
    streets, layers = crossing(), {}
    sides = [shapely.LineString([(0, y), (50, y)]) for y in range(6)]
    streets.others["boundaries"] = (sides, {"fid": [1, 2, 3, 4, 5, 6], "boundary_type_fid": [0, 2, 3, 3, 3, 0]})
    layers = dict(streets.layers())
    layers["lanes_polygons"][1]["left_boundary_fid"] = [1, 4, 1, 1, 1]
    layers["lanes_polygons"][1]["right_boundary_fid"] = [4, 3, 2, 2, 2]
    write_city(tmp_path, NAME, VERSION, layers)
    found = read_city(tmp_path, NAME).map
    pairs = list(zip(found.lines, found.line_kinds, strict=True))
    kinds = {round(line[0, 1] - ORIGIN[1]): LineKind(kind) for line, kind in pairs[8:]}
    broken, solid = LineKind.MARKING_WHITE_BROKEN, LineKind.MARKING_WHITE_SOLID
    assert kinds == {0: broken, 1: solid, 2: solid, 3: broken, 5: broken}


def test_crosswalks_and_stop_lines_are_outlines(tmp_path: Path) -> None:
    streets = crossing()
    box = shapely.box(40, -5, 45, 5)
    streets.others["crosswalks"] = ([box], {"fid": [1]})
    streets.others["stop_polygons"] = ([shapely.MultiPolygon([box]), None], {"fid": [1, 2]})
    found = streets.written(tmp_path).map
    assert found.line_kinds[8:].tolist() == [LineKind.CROSSWALK, LineKind.STOP_LINE]
    for k in (8, 9):
        assert shapely.Polygon(found.lines[k] - ORIGIN).symmetric_difference(box).area < 1e-3
        np.testing.assert_array_equal(found.lines[k][0], found.lines[k][-1])


def test_edges_of_the_road_go_round_all_that_is_drivable(tmp_path: Path) -> None:
    streets = crossing()
    streets.others["road_segments"] = ([shapely.box(-400, -5, 50, 5), shapely.box(70, -5, 90, 5)], {"fid": [1, 2]})
    found = streets.written(tmp_path).map
    edges = [shapely.LineString(line - ORIGIN) for line in list(found.lines)[8:]]
    assert (found.line_kinds[8:] == LineKind.ROAD_EDGE).all()
    assert all(edge.length <= 100.0 + 1e-4 for edge in edges)
    road = shapely.union_all([
        *streets.others["road_segments"][0], *streets.others["intersections"][0], *streets.others["carpark_areas"][0],
    ])  # fmt: skip
    assert shapely.hausdorff_distance(shapely.union_all(edges), road.boundary) < 1e-3
    assert sum(edge.length for edge in edges) == pytest.approx(road.length, abs=1e-3)


@given(points=st.lists(st.tuples(*[st.integers(-300, 300)] * 2), min_size=2, max_size=8), longest=st.floats(5.0, 500.0))
@settings(deadline=None)
def test_pieces_join_to_the_line(points: list[tuple[int, int]], longest: float) -> None:
    line = np.array(points, float)
    cut = pieces(line, longest)
    lengths = [shapely.LineString(piece).length for piece in cut]
    assert max(lengths) <= longest * (1 + 1e-9)
    assert sum(lengths) == pytest.approx(shapely.LineString(line).length)
    assert all((a[-1] == b[0]).all() for a, b in pairwise(cut))


@given(seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=40)
def test_a_ring_of_several_parts_encloses_their_union(seed: int) -> None:
    rng = np.random.default_rng(seed)
    discs = [shapely.Point(*rng.uniform(-10, 10, 2)).buffer(rng.uniform(1, 4), quad_segs=3) for _ in range(6)]
    area = shapely.union_all(discs) - shapely.union_all(
        [shapely.Point(*rng.uniform(-9, 9, 2)).buffer(0.8, 2) for _ in range(5)]
    )
    ring, holes = rings_of(area)
    points = rng.uniform(-15, 15, (300, 2))
    np.testing.assert_array_equal(inside(points, [ring, *holes]), shapely.contains_xy(area, *points.T))


def test_areas_keep_their_holes_and_parts(tmp_path: Path) -> None:
    streets = crossing()
    court = shapely.box(0, 10, 20, 20) - shapely.box(5, 12, 15, 18)
    streets.others["carpark_areas"] = ([shapely.MultiPolygon([court, shapely.box(30, 10, 40, 20)])], {"fid": [1]})
    found = streets.written(tmp_path).map
    owner = found.ids.index("carpark/1")
    assert found.hole_owners.tolist() == [owner]
    points = np.random.default_rng(0).uniform([-5, 5], [45, 25], (500, 2)) + ORIGIN
    held = inside(points, [found.polygons[owner], found.holes[0]])
    area = streets.others["carpark_areas"][0][0]
    np.testing.assert_array_equal(held, shapely.contains_xy(area, *(points - ORIGIN).T))


@pytest.mark.parametrize(
    ("table", "column", "row", "value", "message"),
    [
        ("baseline_paths", "lane_fid", 1, None, "lanes_polygons: 2 has no line in baseline_paths, or more than one"),
        ("baseline_paths", "lane_fid", 1, 1, "lanes_polygons: 1 has no line in baseline_paths, or more than one"),
        ("baseline_paths", "lane_connector_fid", 5, None, "lane_connectors: 11 has no line in baseline_paths"),
        ("gen_lane_connectors_scaled_width_polygons", "lane_connector_fid", 2, 12, "lane_connectors: 12 has no area"),
        ("lanes_polygons", None, 3, None, "lanes_polygons: 4 has no area"),
        ("lanes_polygons", None, 3, shapely.LineString([(0, 0), (1, 1)]), "lanes_polygons: 4 has no area"),
        ("lane_groups_polygons", None, 0, None, "lane_groups_polygons: 100 has no area"),
        ("lane_group_connectors", None, 1, None, "lane_group_connectors: 201 has no area"),
    ],
)
def test_a_lane_without_line_or_area_is_named(tmp_path: Path, table, column, row, value, message) -> None:
    layers = {
        name: (list(shapes), {c: list(v) for c, v in columns.items()})
        for name, (shapes, columns) in crossing().layers().items()
    }
    if column:
        layers[table][1][column][row] = value
    else:
        layers[table][0][row] = value
    write_city(tmp_path, NAME, VERSION, layers)
    with pytest.raises(InputError, match=message):
        read_city(tmp_path, NAME)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nuplan-maps-v1.0.json: cannot be read.*us-ma-boston.*NUPLAN_MAPS_ROOT"):
        read_city(tmp_path, NAME)
    path = write_city(tmp_path, NAME, VERSION, crossing().layers())
    with pytest.raises(InputError, match=r"no city sg-one-north, only us-ma-boston.*NUPLAN_MAPS_ROOT"):
        read_city(tmp_path, "sg-one-north")
    path.unlink()
    with pytest.raises(InputError, match=r"9.12.1817/map.gpkg: the map of us-ma-boston is missing.*NUPLAN_MAPS_ROOT"):
        read_city(tmp_path, NAME)


@pytest.mark.parametrize("content", ["{", "[]", json.dumps({NAME: {}}), json.dumps({NAME: 3}), "\x00"])
def test_versions_that_make_no_sense_are_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / VERSIONS).write_text(content)
    with pytest.raises(InputError, match="does not give a version"):
        read_city(tmp_path, NAME)


def test_the_grid_is_as_large_as_it_should_be(tmp_path: Path) -> None:
    city = grid(3).written(tmp_path)
    assert city.network.connectors_from == 48
    assert len(city.network.block_ids) - city.network.block_connectors_from == 44
    assert len(city.map.of_layer(Layer.INTERSECTION)) == 9
