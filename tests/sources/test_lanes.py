"""The lane graph: what data sets leave out, derived from geometry."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from irlvla.sources.lanes import HALF_WIDTH, lane_graph
from irlvla.sources.polygons import even_odd_area, largest_part, strip
from irlvla.sources.polylines import arc_length, headings, points_at, project, resample
from irlvla.sources.recording import RecordedLane, RecordedMap
from irlvla.sources.scenarionet import read_scenario, read_scenario_bytes
from tests.sources.made_up import NEIGHBOURS, SUCCESSORS, lines, new_scenario, old_scenario_pickle, straight

NUMBERS = {name: str(10 + k) for k, name in enumerate(lines())}


@pytest.fixture(scope="module")
def derived():
    """Nothing given but outlines and centre lines (nuScenes)."""
    return lane_graph(read_scenario(new_scenario(), "file").map)


@pytest.fixture(scope="module")
def given_topology():
    """Topology and widths given, connectors not (Waymo)."""
    return lane_graph(read_scenario_bytes(old_scenario_pickle(), "file").map)


def test_successors_from_end_points(derived):
    for name in lines():
        assert set(derived[name].successors) == set(SUCCESSORS.get(name, ())), name
        assert set(derived[name].predecessors) == {before for before, after in SUCCESSORS.items() if name in after}


def test_neighbours_run_beside_in_the_same_direction(derived):
    for name in ("a1", "b1", "a2", "b2", "c1", "n1", "xa"):
        assert set(derived[name].neighbours) == set(NEIGHBOURS.get(name, ())) - {name}, name


def test_given_topology_is_kept(given_topology):
    for name in lines():
        assert set(given_topology[NUMBERS[name]].successors) == {NUMBERS[n] for n in SUCCESSORS.get(name, ())}
    assert given_topology[NUMBERS["b1"]].neighbours == (NUMBERS["a1"],)


def test_lanes_that_cross_others_are_connectors(given_topology):
    crossing = {name for name, number in NUMBERS.items() if given_topology[number].connector}
    assert crossing == {"xa", "xb", "xc", "xn", "xl"}


def test_outlines(derived, given_topology):
    for graph in (derived, given_topology):
        assert all(lane.polygon.is_valid and lane.polygon.area > 1 for lane in graph.lanes.values())
    assert derived["a1"].polygon.area == pytest.approx(3.5 * 100)
    assert derived["xa"].polygon.area == pytest.approx(2 * HALF_WIDTH * 20)
    # the first width of the Waymo lanes is unknown and taken from the rest
    assert given_topology[NUMBERS["a1"]].polygon.area == pytest.approx(3.5 * 100)


def test_an_oncoming_neighbour_is_dropped():
    lanes = (
        RecordedLane("east", straight((0, 0), (50, 0)), connector=False, successors=(), neighbours=("west", "lost")),
        RecordedLane("west", straight((50, 3), (0, 3)), connector=False, successors=("lost",), neighbours=("east",)),
    )
    graph = lane_graph(RecordedMap(lanes))
    assert graph["east"].neighbours == ()
    assert graph["west"].successors == ()


def test_a_lane_that_starts_there_but_turns_away_is_no_successor():
    lanes = tuple(
        RecordedLane(name, straight((0, 0), end), connector=False)
        for name, end in (("on", (50, 5)), ("across", (0, 50)), ("back", (-50, 1)))
    )
    before = RecordedLane("before", straight((-50, 0), (-0.5, 0)), connector=False)
    assert lane_graph(RecordedMap((before, *lanes)))["before"].successors == ("on",)


def test_bicycle_lanes_are_not_looked_up():
    lanes = (
        RecordedLane("car", straight((0, 0), (50, 0)), connector=False),
        RecordedLane("bike", straight((0, 3), (50, 3)), connector=False, motor=False),
    )
    graph = lane_graph(RecordedMap(lanes))
    assert graph.points.lanes == ("car",)
    assert len(graph.points.xy) == 51


def test_lanes_without_extent_are_left_out():
    lanes = (
        RecordedLane("a", straight((0, 0), (50, 0)), successors=("point",)),
        RecordedLane("point", np.zeros((3, 2)), successors=()),
    )
    assert lane_graph(RecordedMap(lanes)).lanes.keys() == {"a"}


def test_strip_of_changing_width():
    area = strip(straight((0, 0), (10, 0)), np.column_stack([np.linspace(1, 3, 6), np.full(6, 2.0)]))
    assert area.area == pytest.approx(10 * (2 + 2))
    assert area.bounds == pytest.approx((0, -2, 10, 3))


def test_a_bow_tie_is_repaired():
    part = largest_part(shapely.Polygon([(0, 0), (4, 4), (4, 0), (0, 2)]))
    assert part.is_valid
    assert part.area > 0


def test_even_odd_area():
    def square(size):
        return np.array([[-size, -size], [size, -size], [size, size], [-size, size], [-size, -size]], float)

    area = even_odd_area([square(1), square(3), square(2)])  # a ring, and an island in its hole
    assert area.area == pytest.approx(36 - 16 + 4)


coordinates = st.floats(-100, 100).map(lambda x: round(x, 2))
polylines = st.lists(st.tuples(coordinates, coordinates), min_size=2, max_size=8, unique=True).map(np.array)


@settings(max_examples=60, deadline=None)
@given(polylines, st.tuples(coordinates, coordinates).map(np.array))
def test_project_agrees_with_shapely(line, point):
    shape = shapely.LineString(line)
    s, offset = project(line, point)
    assert abs(offset) == pytest.approx(shape.distance(shapely.Point(point)), abs=1e-6)
    found = points_at(line, arc_length(line), np.array([s]))[0]
    assert np.hypot(*(found - point)) == pytest.approx(abs(offset), abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(polylines)
def test_resample_keeps_ends_and_lies_on_the_line(line):
    fine = resample(line, 1.0)
    np.testing.assert_allclose(fine[[0, -1]], line[[0, -1]], atol=1e-9)
    assert shapely.distance(shapely.LineString(line), shapely.points(fine)).max() < 1e-6


def test_project_signs_left_as_positive():
    line = straight((0, 0), (10, 0))
    assert project(line, np.array([4.0, 1.5])) == pytest.approx((4.0, 1.5))
    assert project(line, np.array([4.0, -1.5])) == pytest.approx((4.0, -1.5))
    np.testing.assert_allclose(headings(straight((0, 0), (0, 5))), np.pi / 2)
