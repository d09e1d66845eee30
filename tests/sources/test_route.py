"""Routes: the lanes under a vehicle, where they lead on, and the centre line along them."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from irlvla.sources.centreline import chain_line, scene_line
from irlvla.sources.lanes import lane_graph
from irlvla.sources.polylines import headings, project
from irlvla.sources.recording import RecordedLane, RecordedMap
from irlvla.sources.route import Visit, match_lanes, onward, route_lanes, visits
from irlvla.sources.scenarionet import read_scenario
from tests.sources.made_up import new_scenario, paths, straight


@pytest.fixture(scope="module")
def graph():
    return lane_graph(read_scenario(new_scenario(), "file").map)


def drive(*points, spacing=1.5):
    """Poses along a polyline."""
    xy = np.concatenate([straight(a, b, spacing)[:-1] for a, b in itertools.pairwise(points)])
    return np.column_stack([xy, headings(xy)])


def lanes_of(found):
    return [visit.lane for visit in found]


def test_a_straight_drive(graph):
    labels = match_lanes(graph, drive((5, 0.4), (250, 0.4)))
    assert lanes_of(visits(graph, labels)) == ["a1", "xa", "a2"]


def test_a_left_turn(graph):
    labels = match_lanes(graph, paths()["turner00"][1][::2])
    assert lanes_of(visits(graph, labels)) == ["b1", "xl", "n2"]


def test_the_oncoming_lane_is_for_those_who_drive_that_way(graph):
    assert lanes_of(visits(graph, match_lanes(graph, drive((250, -3.2), (20, -3.2))))) == ["c1", "xc", "c2"]
    wrong_way = match_lanes(graph, drive((80, 0.0), (20, 0.0)))
    assert set(wrong_way) == {None}, "nobody drives on a lane against its direction"


def test_a_lane_change(graph):
    poses = drive((5, 0.0), (40, 0.0), (65, 3.5), (240, 3.5))
    assert lanes_of(visits(graph, match_lanes(graph, poses))) == ["a1", "b1", "xb", "b2"]


def test_off_the_map(graph):
    assert match_lanes(graph, drive((20, 30), (60, 30))) == [None] * 27
    onto = match_lanes(graph, drive((20, 20), (20, 12), (40, 0), (90, 0)))
    assert onto[0] is None
    assert onto[-1] == "a1"


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([("a", 0.0), ("b", 3.5)]))
def test_noise_does_not_change_the_chain(graph, seed, lane):
    name, y = lane
    poses = drive((5, y), (250, y))
    noise = np.random.default_rng(seed).normal(0, [0.2, 0.3, 0.05], poses.shape)
    assert lanes_of(visits(graph, match_lanes(graph, poses + noise))) == [f"{name}1", f"x{name}", f"{name}2"]


def test_lanes_skipped_between_two_samples_are_put_in(graph):
    assert lanes_of(visits(graph, ["a1", "a1", None, "a2"])) == ["a1", "xa", "a2"]
    assert visits(graph, ["a1", "a1", "b1"]) == [Visit("a1", 0, 1), Visit("b1", 2, 2)]


def test_onward_goes_straight(graph):
    assert onward(graph, "b1", 100.0) == ["xb", "b2"]
    assert onward(graph, "b1", 10.0) == ["xb"]
    assert onward(graph, "b2", 100.0) == []


def test_onward_ends_in_a_circle():
    angle = np.linspace(0, np.pi, 20)
    half = np.column_stack([20 * np.cos(angle), 20 * np.sin(angle)])
    circle = lane_graph(RecordedMap((RecordedLane("one", half), RecordedLane("two", -half))))
    assert onward(circle, "one", 1000.0) == ["two", "one"]


def test_route_lanes(graph):
    route = route_lanes(graph, ["a1", "xa", "a2"])
    assert set(route) == {"a1", "b1", "xa", "xb", "a2", "b2"}, "neighbours and the connector between them, no turn"
    assert "n2" in route_lanes(graph, ["b1", "xl"])


def test_the_line_of_a_straight_route(graph):
    poses = drive((5, 0.4), (250, 0.4))
    line = chain_line(graph, visits(graph, match_lanes(graph, poses)), [], poses[:, :2], np.full(len(poses), 8.0))
    np.testing.assert_allclose(line[:, 1], 0, atol=1e-9)
    assert (np.diff(line[:, 0]) > 0).all()
    np.testing.assert_allclose(line[[0, -1], 0], [0, 300])


def test_the_line_of_a_lane_change_is_oblique_where_it_was_driven(graph):
    poses = drive((5, 0.0), (40, 0.0), (65, 3.5), (95, 3.5))
    driven = visits(graph, match_lanes(graph, poses))
    line = chain_line(graph, driven, ["xb", "b2"], poses[:, :2], np.full(len(poses), 8.0))
    assert (np.diff(line[:, 0]) > 0).all()
    where_driven = 40 + 25 / 2
    sides = np.interp(where_driven + np.array([-13, -6, 0, 6, 13]), line[:, 0], line[:, 1])
    np.testing.assert_allclose(sides, [0, 1.75 / 2, 1.75, 3.5 - 1.75 / 2, 3.5], atol=0.3)  # over 3 s * 8 m/s


def test_a_change_soon_after_the_beginning_keeps_the_first_lane(graph):
    poses = drive((5, 0), (60, 0))
    line = chain_line(graph, [Visit("a1", 0, 2), Visit("b1", 3, 30)], [], poses[:, :2], np.full(len(poses), 20.0))
    np.testing.assert_allclose(line[0], 0)
    assert np.interp(3.5, line[:, 0], line[:, 1]) == pytest.approx(0, abs=1e-6)


def test_a_gap_in_the_lanes_is_crossed_where_it_was_driven():
    lanes = (RecordedLane("a", straight((0, 0), (40, 0))), RecordedLane("b", straight((100, 30), (160, 30))))
    poses = drive((5, 0), (40, 0), (100, 30), (150, 30))
    graph = lane_graph(RecordedMap(lanes))
    driven = visits(graph, match_lanes(graph, poses))
    assert lanes_of(driven) == ["a", "b"]
    line = chain_line(graph, driven, [], poses[:, :2], np.full(len(poses), 8.0))
    assert abs(project(line, np.array([70.0, 15.0]))[1]) < 1.5


def test_changing_lanes_at_once_again(graph):
    driven = [Visit("a1", 0, 2), Visit("b1", 3, 4), Visit("a1", 5, 30)]
    poses = drive((5, 0), (60, 0))
    line = chain_line(graph, driven, [], poses[:, :2], np.full(len(poses), 20.0))
    assert (np.diff(line[:, 0]) > 0).all()
    assert line[-1, 0] == 100


def test_scene_line_has_one_metre_steps_and_goes_on_where_the_map_ends():
    line = scene_line(straight((0, 0), (100, 0)), np.array([60.0, 1.0]))
    np.testing.assert_allclose(np.diff(line[:, 0]), 1.0)
    np.testing.assert_allclose(line[0], [50, 0, 0])
    assert line[-1, 0] >= 60 + 79
    np.testing.assert_allclose(line[:, 1:], 0, atol=1e-9)


def test_scene_line_starts_with_the_map_and_reaches_150_m():
    line = scene_line(straight((0, 0), (500, 500)), np.array([2.0, 2.0]))
    np.testing.assert_allclose(line[0, :2], 0)
    np.testing.assert_allclose(line[:, 2], np.pi / 4)
    s, _ = project(line[:, :2], np.array([2.0, 2.0]))
    assert len(line) - 1 - s == pytest.approx(150, abs=1.1)
