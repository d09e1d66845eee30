"""Paths, polygons and the intelligent driver model, against shapely, numpy and arithmetic by hand."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import interp1d

from irlvla.epdms.forecast import foreseen
from irlvla.epdms.grid import ring_edges
from irlvla.epdms.idm import acceleration, drive_on, look_along, nearest_ahead, start
from irlvla.epdms.obstacles import Obstacles
from irlvla.epdms.path import Path, corridor, pose_at
from irlvla.epdms.polygons import meet, squared_gap
from irlvla.scene import Layer, Polylines
from tests.epdms.made_up import ROAD, box, moved, rectangle, straight_road

STRAIGHT = Path.of(np.column_stack([np.arange(-20.0, 101.0), np.zeros(121), np.zeros(121)]))
seeds = st.integers(0, 10_000)


def winding(seed):
    """A path whose heading wanders over half a turn and back, some of its points twice there."""
    rng = np.random.default_rng(seed)
    heading = np.pi - 0.3 + np.cumsum(rng.normal(0, 0.1, 60))
    steps = rng.uniform(0.2, 1.5, 60) * (rng.random(60) > 0.1)
    xy = np.cumsum(steps[:, None] * np.column_stack([np.cos(heading), np.sin(heading)]), axis=0)
    return Path.of(np.column_stack([xy, (heading + np.pi) % (2 * np.pi) - np.pi]))


def polygon(rng, corners):
    """A star-shaped polygon somewhere near the origin, and its edges."""
    angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
    points = rng.uniform(-6, 6, 2) + rng.uniform(1, 4, (corners, 1)) * np.column_stack([np.cos(angles), np.sin(angles)])
    return shapely.polygons(points), ring_edges(Polylines.of([points]))


def follow(path, obstacles, speed, wanted, instants=40):
    """One car on ``path`` after so many instants."""
    cars = start(path, speed, 1)
    on_path = look_along(path, obstacles, cars.metres[0], wanted)
    drive_on(path, obstacles, on_path, np.array([wanted]), np.array([0]), 1, instants, cars)
    return cars


def obstacles_of(*boxes, **changes):
    return Obstacles.of(foreseen(straight_road(boxes=boxes, **changes)))


@settings(deadline=None)
@given(seeds, st.floats(-5, 80))
def test_poses_on_a_path_are_interpolated(seed, metres):
    path, pose = winding(seed), np.empty(3)
    pose_at(path, metres, pose)
    at = np.clip(metres, 1e-5, path.metres[-1])
    expected = interp1d(path.metres, path.poses, axis=0)(at)
    np.testing.assert_allclose(pose[:2], expected[:2], atol=1e-9)
    assert np.cos(pose[2] - expected[2]) == pytest.approx(1, abs=1e-9)
    assert abs(pose[2]) <= np.pi


def test_a_path_beside_another():
    beside = STRAIGHT.beside(-1.0)
    np.testing.assert_allclose(beside.poses[:, 1], -1.0)
    np.testing.assert_allclose(beside.metres, STRAIGHT.metres)


def test_a_corridor_is_a_car_wide_and_reaches_half_a_width_further():
    ground = corridor(STRAIGHT, 10.0, 30.0)
    assert shapely.equals(shapely.polygons(ground[:, :2]), shapely.box(-10 - 1.1485, -1.1485, 10 + 1.1485, 1.1485))


@pytest.mark.parametrize(("first", "last"), [(10.2, 10.8), (119.9, 140.0)])
def test_a_corridor_between_two_points_of_the_path(first, last):
    ground = shapely.polygons(corridor(STRAIGHT, first, last)[:, :2])
    length = min(last, 120.0) - first
    assert ground.area == pytest.approx((length + 2.297) * 2.297)


def test_a_corridor_beyond_the_end_is_a_square():
    assert shapely.polygons(corridor(STRAIGHT, 130.0, 140.0)[:, :2]).area == pytest.approx(2.297**2)


@settings(deadline=None)
@given(seeds, st.integers(3, 8), st.integers(3, 8))
def test_gaps_between_polygons(seed, corners, others):
    rng = np.random.default_rng(seed)
    (one, edges), (other, other_edges) = polygon(rng, corners), polygon(rng, others)
    shift = rng.uniform(-6, 6, 2)
    shifted = shapely.affinity.translate(other, *shift)
    assert np.sqrt(squared_gap(edges, other_edges, *shift)) == pytest.approx(one.distance(shifted), abs=1e-9)
    assert meet(edges, other_edges, *shift) == one.intersects(shifted)


def test_a_polygon_inside_another_meets_it():
    outer, inner = (ring_edges(Polylines.of([rectangle(-size, -size, size, size)])) for size in (5.0, 1.0))
    assert meet(outer, inner, 0.0, 0.0)
    assert meet(inner, outer, 0.0, 0.0)
    assert squared_gap(outer, inner, 0.0, 0.0) == squared_gap(inner, outer, 0.0, 0.0) == 0.0


def test_accelerations():
    assert acceleration(0.0, 10.0, 1e9, 0.0) == pytest.approx(1.5)
    assert acceleration(10.0, 10.0, 1e9, 10.0) == pytest.approx(0.0)
    assert acceleration(0.0, 10.0, 1.0, 0.0) == 0.0  # the least gap holds a standing car
    assert acceleration(5.0, 10.0, 17.0, 5.0) == pytest.approx(1.5 * (1 - 0.5**10 - 0.5**2))
    assert acceleration(20.0, 10.0, 1e9, 20.0) == -3.0


def test_on_an_empty_road_the_wanted_speed_is_reached_and_kept():
    none = obstacles_of()
    assert follow(STRAIGHT, none, 5.0, 5.0).speeds[0] == pytest.approx(5.0, abs=0.1)
    assert follow(STRAIGHT, none, 0.0, 15.0).speeds[0] == pytest.approx(6.0, rel=0.05)  # the path's end holds it back
    assert follow(STRAIGHT, none, 5.0, 5.0, 1).speeds[0] == pytest.approx(5.0 - 0.3)  # of the leader that is none


def test_the_first_pose_is_the_point_of_the_path_nearest_to_the_ego():
    cars = start(STRAIGHT.beside(1.0), 5.0, 2)
    np.testing.assert_allclose(cars.poses[:, 0], [[0, 1, 0]] * 2)
    np.testing.assert_allclose(cars.metres, 20.0)


def test_a_car_stops_behind_one_that_stands():
    cars = follow(STRAIGHT, obstacles_of(box("parked", 20.0, 0.0)), 8.0, 10.0, 50)
    front = cars.poses[0, :, 0] + 4.049
    assert front.max() < 18.0
    assert cars.speeds[0] < 1.0


def test_a_car_beside_the_path_is_passed():
    assert follow(STRAIGHT, obstacles_of(box("parked", 20.0, 2.2)), 8.0, 10.0).metres[0] > 20 + 30


def test_what_touches_the_ego_now_is_ignored():
    obstacles = obstacles_of(box("touching", 5.0, 0.0))
    assert obstacles.ignored.tolist() == [True]
    assert follow(STRAIGHT, obstacles, 8.0, 10.0).metres[0] > 20 + 30


def light(left, **changes):
    connector = ("turn", Layer.LANE_CONNECTOR, rectangle(left, -2, 40, 2))
    return obstacles_of(elements=(*ROAD, connector), red=[("turn", np.ones(41, bool))], **changes)


def test_red_connectors_of_the_route_stop_a_car_unless_it_stands_on_them():
    assert follow(STRAIGHT, light(20, route=("own", "turn")), 8.0, 10.0).poses[0, :, 0].max() + 4.049 < 20
    assert light(-5, route=("own", "turn")).ignored.all()
    assert not light(2, route=("own", "turn")).ignored.any()
    assert len(light(20).lights) == 0  # not on the route


def test_a_leader_drives_on_at_its_speed_along_the_heading():
    obstacles = obstacles_of(box("slow", 15.0, 0.0, 5.0))
    cars = follow(STRAIGHT, obstacles, 5.0, 10.0, 2)
    assert cars.leaders[0, 1] == pytest.approx(5.0)
    assert cars.leaders[0, 0] == pytest.approx(20.0 + 15.0 + 5.0 * 0.2 - 2.0 - 4.049)


def test_of_two_cars_that_overlap_the_ego_the_first_in_the_tree_counts():
    """The search tree has them in order of their place to the north, which turns with the world."""
    scene = straight_road(boxes=[box("right", 8.0, -1.0), box("left", 8.0, 1.0)])
    pose, room = np.array([5.0, 0.0, 0.0]), np.empty((4, 4))
    for turned, first in ((0.0, 0), (np.pi, 1)):
        obstacles = Obstacles.of(foreseen(moved(scene, (3.0, 4.0, turned))))
        on_path = look_along(STRAIGHT, obstacles, 20.0, 10.0)
        assert nearest_ahead(pose, 20.0, obstacles, on_path, 1, room) == (first, 0.0)
