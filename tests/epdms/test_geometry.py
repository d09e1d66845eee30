"""Boxes, segments and lines against shapely."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely import affinity

from irlvla.epdms.geometry import boxes_touch, ego_boxes, nearest_on_segment, project, segment_touches_box
from irlvla.epdms.vehicle import REAR_TO_CENTRE

metres = st.floats(-6, 6)
boxes = st.tuples(metres, metres, st.floats(-4, 4), st.floats(0.1, 4), st.floats(0.1, 4))


def polygon(x, y, heading, half_length, half_width):
    flat = shapely.box(-half_length, -half_width, half_length, half_width)
    return affinity.translate(affinity.rotate(flat, heading, origin=(0, 0), use_radians=True), x, y)


def arguments(x, y, heading, half_length, half_width):
    return x, y, math.cos(heading), math.sin(heading), half_length, half_width


@settings(max_examples=300, deadline=None)
@given(boxes, boxes)
def test_boxes_touch_as_shapely_says(one, other):
    distance = polygon(*one).distance(polygon(*other))
    depth = polygon(*one).intersection(polygon(*other)).area
    assume(distance > 1e-9 or depth > 1e-9)
    assert boxes_touch(*arguments(*one), *arguments(*other)) == (depth > 1e-9)  # distances of slivers are rounded


@pytest.mark.parametrize(("gap", "touching"), [(0.0, True), (1e-9, False)])
def test_boxes_that_share_a_side_touch(gap, touching):
    assert boxes_touch(*arguments(0, 0, 0, 2, 1), *arguments(4 + gap, 0, 0, 2, 1)) is touching


@settings(max_examples=300, deadline=None)
@given(metres, metres, metres, metres, boxes)
def test_segment_touches_box_as_shapely_says(ax, ay, bx, by, box):
    line = shapely.LineString([(ax, ay), (bx, by)])
    assume(abs(line.distance(polygon(*box).exterior)) > 1e-9)
    assert segment_touches_box(ax, ay, bx, by, *arguments(*box)) == line.intersects(polygon(*box))


def test_a_point_touches_the_box_that_holds_it():
    assert segment_touches_box(1, 0.5, 1, 0.5, *arguments(0, 0, 0, 2, 1))
    assert not segment_touches_box(3, 0.5, 3, 0.5, *arguments(0, 0, 0, 2, 1))


lines = st.lists(st.tuples(metres, metres), min_size=2, max_size=8, unique=True)


@settings(deadline=None)
@given(lines, metres, metres)
def test_projection_and_distance_are_shapelys(points, x, y):
    line, point = shapely.LineString(points), shapely.Point(x, y)
    array = np.array(points)
    nearest = line.interpolate(project(array, x, y))
    assert nearest.distance(point) == pytest.approx(line.distance(point), abs=1e-9)
    square = min(nearest_on_segment(array, k, x, y)[0] for k in range(len(points) - 1))
    assert math.sqrt(square) == pytest.approx(line.distance(point), abs=1e-9)


def test_projection_takes_the_first_of_equally_near_points():
    hairpin = np.array([(0, 0), (10, 0), (10, 2), (0, 2)], float)
    assert project(hairpin, 4, 1) == 4


def test_projection_stops_at_the_ends():
    line = np.array([(0, 0), (10, 0)], float)
    assert project(line, -3, 1) == 0
    assert project(line, 12, 1) == 10


def test_box_centre_lies_before_the_rear_axle():
    state = np.zeros((1, 11))
    state[0, :3] = 1, 2, math.pi / 2
    boxes = np.empty((1, 4))
    ego_boxes(state, boxes)
    np.testing.assert_allclose(boxes[0], [1, 2 + REAR_TO_CENTRE, 0, 1], atol=1e-12)
