"""Finding the lane that a vehicle is on, and the rail along it."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from irlvla.epdms.lanes import Lanes, centre_line_of, inside, place_on, rail_along, spaced, straight_ends
from irlvla.scene import Layer
from irlvla.scene.frames import to_local
from tests.epdms.made_up import rectangle
from tests.epdms.traffic_scenes import TWO_LANES, road

HERE = np.zeros(3)


def lanes_of(*elements, origin=HERE):
    return Lanes(road(elements=elements).map, np.asarray(origin, float))


def test_inside_is_even_odd_with_holes():
    rings = [rectangle(0, 0, 10, 10), rectangle(4, 4, 6, 6)]
    points = np.array([(1, 1), (5, 5), (5, 3), (-1, 5), (11, 5), (5, 11)], float)
    assert inside(points, rings).tolist() == [True, False, True, False, False, False]
    assert inside(np.zeros((0, 2)), rings).tolist() == []


def test_points_are_added_so_that_none_are_far_apart():
    line = spaced(np.array([(0, 0), (0, 0), (1, 0), (1, 0.1), (1, 2.2)], float))
    steps = np.hypot(*np.diff(line, axis=0).T)
    assert steps.max() <= 0.25 + 1e-9
    assert steps.min() > 0.0
    assert line[0].tolist() == [0, 0]
    assert line[-1].tolist() == [1, 2.2]
    assert [1, 0.1] in line.tolist()
    assert len(spaced(np.array([(0, 0), (0.1, 0)], float))) == 3


def test_the_place_on_a_line():
    place = place_on(np.array([(0, 0), (10, 0), (10, 10)], float), np.array([9.8, -1.0]))
    assert place[:2] == pytest.approx((9.8, 0.0))
    assert place.heading == pytest.approx(np.arctan2(0.3, 0.2))  # towards the point half a metre on, round the corner
    assert place[3:] == pytest.approx((9.8, 1.0))
    end = place_on(np.array([(0, 0), (10, 0)], float), np.array([12.0, 0.0]))
    assert end == pytest.approx((10.0, 0.0, 0.0, 10.0, 2.0))


@given(st.floats(0.005, 0.2), st.floats(0.001, 0.05))
def test_straight_stretches_stay_within_the_tolerance(curvature, tolerance):
    along = np.linspace(0, 1 / curvature, 60)
    points = np.column_stack([np.sin(curvature * along), 1 - np.cos(curvature * along)]) / curvature
    ends = straight_ends(points, tolerance)
    assert ends[0] == 0
    assert ends[-1] == 59
    for a, b in pairwise(ends):
        chord = (points[b] - points[a]) / np.hypot(*(points[b] - points[a]))
        beyond = points[a : b + 1] - points[a]
        assert np.abs(beyond[:, 0] * chord[1] - beyond[:, 1] * chord[0]).max() <= tolerance + 1e-12


def test_a_rail_has_the_line_but_its_last_point():
    rail = rail_along(spaced(np.array([(0, 0), (10, 0), (10, 1)], float)))
    assert rail.points[-1] == pytest.approx([10, 0.75, np.pi / 2, 10.75])
    assert rail.points[0] == pytest.approx([0, 0, 0, 0])
    np.testing.assert_allclose(rail.stretches, [[0, 0, 1, 0, 0, 10], [10, 0, 0, 1, 10, 10.75]], atol=1e-12)


def test_headings_of_a_rail_do_not_jump():
    turn = np.linspace(0, 4 * np.pi, 400)
    spiral = np.column_stack([(10 + turn) * np.cos(turn), (10 + turn) * np.sin(turn)])
    assert np.abs(np.diff(rail_along(spaced(spiral)).points[:, 2])).max() < 0.1


def test_the_centre_line_of_a_lane_is_the_one_along_it():
    own, crossing = np.array([(0.0, 0), (30, 0)]), np.array([(15.0, -2), (15, 2)])
    beyond, short = np.array([(-90.0, 0.5), (90, 0.5)]), np.array([(0.0, 1), (6, 1)])
    lines = [crossing, short, beyond, own]
    assert centre_line_of([rectangle(0, -2, 30, 2)], [spaced(line) for line in lines]) is not None
    np.testing.assert_array_equal(
        centre_line_of([rectangle(0, -2, 30, 2)], [spaced(line) for line in lines]), spaced(own)
    )
    assert centre_line_of([rectangle(0, -2, 30, 2)], [spaced(beyond)]) is None


def test_vehicles_are_on_lanes_before_connectors_and_these_count_in_intersections_only():
    lanes = lanes_of(
        *TWO_LANES,
        ("over the lane", Layer.LANE_CONNECTOR, rectangle(0, -2, 30, 2), [(0, 1), (30, 1)]),
        ("crossing", Layer.LANE_CONNECTOR, rectangle(0, 10, 30, 14), [(0, 12), (30, 12)]),
        ("outside", Layer.LANE_CONNECTOR, rectangle(60, 10, 90, 14), [(60, 12), (90, 12)]),
        ("intersection", Layer.INTERSECTION, rectangle(-5, 8, 50, 16), None),
    )
    points = np.array([(10, 0.5), (10, 12), (70, 12), (45, 9), (10, 30)], float)
    lines, on_lanes = lanes.under(points, np.zeros(5))
    assert [None if line is None else line[0].tolist() for line in lines] == [[-100, 0], [0, 12], None, None, None]
    assert on_lanes.tolist() == [True, True, False, True, False]


def crossing_lanes(direction):
    """A lane through the origin in this direction [degrees] and one along y."""
    away = 20 * np.array([np.cos(np.radians(direction)), np.sin(np.radians(direction))])
    return lanes_of(
        ("one", Layer.LANE, rectangle(-20, -2, 20, 2), [-away, away]),
        ("other", Layer.LANE, rectangle(-2, -20, 2, 20), [(0, -20), (0, 20)]),
    )


def test_of_several_lanes_the_one_with_the_nearest_heading_counts():
    lines, _ = crossing_lanes(0).under(np.array([(0.5, 0.5), (0.5, 0.5)]), np.array([0.3, 1.3]))
    assert [line[-1].tolist() for line in lines] == [[20, 0], [0, 20]]


def test_headings_are_compared_as_numbers():
    point = np.array([(0.5, 0.5)])
    (near,), _ = crossing_lanes(179).under(point, np.radians([179.5]))
    (beyond,), _ = crossing_lanes(179).under(point, np.radians([-179]))  # 2 degrees off, but 358 by subtraction
    assert near[-1][0] < -19
    assert beyond[-1].tolist() == [0, 20]


def test_headings_are_those_of_the_global_frame():
    origin = np.array([0, 0, np.radians(-10)])
    (beyond,), _ = Lanes(crossing_lanes(179).map, origin).under(np.array([(0.5, 0.5)]), np.radians([-169]))
    np.testing.assert_allclose(beyond[-1], to_local(np.array([0.0, 20.0]), origin))  # globally -179, as above
