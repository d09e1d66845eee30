"""The intelligent driver model, by its formula and beside the benchmark's own traffic."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from irlvla.epdms.lanes import spaced
from irlvla.epdms.traffic import prepare_traffic
from irlvla.epdms.traffic_idm import idm_acceleration
from irlvla.epdms.traffic_shapes import bounds_of, shape_distance, shapes_touch, write_box
from irlvla.scene import Layer, ObjectKind
from tests.epdms.made_up import box, rectangle
from tests.epdms.traffic_scenes import ego_along_x, of, road


@given(st.floats(0, 30), st.floats(1, 30), st.floats(-5, 100), st.floats(-10, 30))
@settings(deadline=None)
def test_acceleration_by_the_formula(speed, wanted, gap, lead):
    room = 1.0 + 1.5 * speed + speed * (speed - lead) / (2 * math.sqrt(1.0 * 2.0))
    expected = 1.0 * (1 - (speed / wanted) ** 4 - (room / max(gap, 1.0)) ** 2)
    assert idm_acceleration(speed, wanted, gap, lead) == pytest.approx(min(max(expected, -2.0), 1.0), abs=1e-12)


def test_the_model_in_words():
    assert idm_acceleration(0.0, 10.0, 1.0, 0.0) == 0.0  # stands a metre behind: stays
    assert idm_acceleration(0.0, 10.0, 1e9, 0.0) == pytest.approx(1.0)  # free: starts with all it has
    assert idm_acceleration(10.0, 10.0, 1e9, 10.0) == pytest.approx(0.0)  # at its wanted speed
    assert idm_acceleration(10.0, 10.0, 0.0, 0.0) == -2.0  # as hard as it can
    assert idm_acceleration(1.0, 10.0, 10.0, 50.0) < idm_acceleration(1.0, 10.0, 10.0, 8.0)  # the quirk


POSES = st.tuples(st.floats(-20, 20), st.floats(-20, 20), st.floats(-4, 4), st.floats(0.5, 6), st.floats(0.5, 2))


def shape_of(poses):
    shape, bounds = np.empty((len(poses), 6)), np.empty(4)
    for k, pose in enumerate(poses):
        write_box(*pose, shape[k])
    bounds_of(shape, bounds)
    return shape, bounds


@given(st.lists(POSES, min_size=1, max_size=4), st.lists(POSES, min_size=1, max_size=4))
@settings(deadline=None)
def test_distances_between_shapes(one, other):
    def polygons(shape):
        signs = np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)])
        ahead, aside = shape[:, None, 2:4], np.stack([-shape[:, 3], shape[:, 2]], -1)[:, None]
        corners = shape[:, None, :2] + signs[:, :1] * shape[:, None, 4:5] * ahead
        return shapely.polygons(corners + signs[:, 1:] * shape[:, None, 5:] * aside)

    (a, _), (b, bounds) = shape_of(one), shape_of(other)
    exact = shapely.distance(polygons(a)[:, None], polygons(b)).min()
    assert shape_distance(a, b, bounds, np.inf) == pytest.approx(exact, abs=1e-9)
    assert shape_distance(a, b, bounds, 3.0) == pytest.approx(min(exact, 3.0), abs=1e-9)
    if abs(exact) > 1e-9 or shapes_touch(a, b, bounds):
        assert shapes_touch(a, b, bounds) == (exact < 1e-9)


# --- beside the benchmark

TURN = np.linspace(0, np.pi / 2, 60)
JUNCTION = (
    ("101", Layer.LANE, rectangle(-90, -2, 40, 2), spaced(np.array([(-90.0, 0), (40, 0)]))),
    ("102", Layer.LANE, rectangle(-90, 2, 90, 6), spaced(np.array([(-90.0, 4), (90, 4)]))),
    ("103", Layer.LANE_CONNECTOR, rectangle(40, -2, 60, 2), spaced(np.array([(40.0, 0), (60, 0)]))),
    (
        "104",
        Layer.LANE_CONNECTOR,
        np.concatenate(
            [[(40 + r * np.sin(a), r * np.cos(a) - 14) for a in turn] for r, turn in ((12, TURN), (16, TURN[::-1]))]
        ),
        np.column_stack([40 + 14 * np.sin(TURN), 14 * np.cos(TURN) - 14]),
    ),
    ("105", Layer.LANE, rectangle(52, -70, 56, -14), spaced(np.array([(54.0, -14), (54, -70)]))),
    ("106", Layer.INTERSECTION, rectangle(40, -14, 60, 2), None),
)
"""A lane along x that goes straight on or turns right, and a through lane to its left."""

CARS = [
    box("follows", -16, 0.3, vx=9),
    box("follows it", -34, -0.2, vx=11),
    box("leads", 21, 0.1, vx=7),
    box("turns", 46, -1.6, vx=6, vy=-2.5, heading=-0.45),
    box("has turned", 54.4, -20, vy=-3, heading=-1.57),
    box("goes straight on", 52, 0.2, vx=8),
    box("beside", -3, 4.2, vx=12, size=(9, 2.5)),
    box("beside, ahead", 14, 4, vx=6),
    box("beside, far ahead", 60, 4, vx=0.0),
    box("no room", 16, 3.6, vx=6),
    box("parked", 30, -5),
    box("off the road", -20, -6, vx=5),
    box("walks", 30, -4, vy=1, kind=ObjectKind.PEDESTRIAN, steps=range(20)),
    box("late", 10, 8, steps=range(5, 41)),
]
PLANS = np.stack([ego_along_x(6.0, -2.0), ego_along_x(6.0, 1.0)])
INSTANTS = (1, 10, 20, 40)

OFFICIAL = {
    "follows": [
        [
            (-15.1000, 0.0000, 0.0000, 8.8000),
            (-7.9000, 0.0000, 0.0000, 7.0000),
            (-1.8000, 0.0000, 0.0000, 5.0000),
            (4.4000, 0.0000, 0.0000, 1.0000),
        ],
        [
            (-15.1000, 0.0000, 0.0000, 8.8000),
            (-7.9000, 0.0000, 0.0000, 7.0000),
            (-1.8000, 0.0000, 0.0000, 5.1479),
            (9.4902, 0.0000, 0.0000, 6.4391),
        ],
    ],
    "follows it": [
        [
            (-32.9000, 0.0000, 0.0000, 10.8000),
            (-23.9000, 0.0000, 0.0000, 9.0000),
            (-15.8000, 0.0000, 0.0000, 7.0000),
            (-5.6000, 0.0000, 0.0000, 3.0000),
        ],
        [
            (-32.9000, 0.0000, 0.0000, 10.8000),
            (-23.9000, 0.0000, 0.0000, 9.0000),
            (-15.8000, 0.0000, 0.0000, 7.0000),
            (-5.2908, 0.0000, 0.0000, 4.2534),
        ],
    ],
    "leads": [
        [
            (21.7000, 0.0000, 0.0000, 6.8000),
            (27.1162, 0.0000, 0.0000, 5.0755),
            (31.4093, 0.0000, 0.0000, 3.3818),
            (35.6271, 0.0000, 0.0000, 0.9814),
        ],
        [
            (21.7000, 0.0000, 0.0000, 6.8000),
            (27.1162, 0.0000, 0.0000, 5.0755),
            (31.4093, 0.0000, 0.0000, 3.3818),
            (35.6271, 0.0000, 0.0000, 0.9814),
        ],
    ],
    "turns": [
        [
            (46.6734, -1.6941, -0.5013, 6.3000),
            (50.5223, -4.7656, -0.8623, 4.5000),
            (52.5243, -7.7463, -1.1105, 2.5256),
            (53.5031, -10.3037, -1.3160, 0.5215),
        ],
        [
            (46.6734, -1.6941, -0.5013, 6.3000),
            (50.5223, -4.7656, -0.8623, 4.5000),
            (52.5243, -7.7463, -1.1105, 2.5256),
            (53.5031, -10.3037, -1.3160, 0.5215),
        ],
    ],
    "has turned": [
        [
            (54.0000, -20.3000, -1.5708, 3.0964),
            (54.0000, -23.4289, -1.5708, 3.9442),
            (54.0000, -27.7739, -1.5708, 4.8171),
            (54.0000, -38.7437, -1.5708, 6.0571),
        ],
        [
            (54.0000, -20.3000, -1.5708, 3.0964),
            (54.0000, -23.4289, -1.5708, 3.9442),
            (54.0000, -27.7739, -1.5708, 4.8171),
            (54.0000, -38.7437, -1.5708, 6.0571),
        ],
    ],
    "goes straight on": [
        [
            (52.8000, 0.0000, 0.0000, 7.8000),
            (59.1000, 0.0000, 0.0000, 6.0000),
            (59.7500, 0.0000, 0.0000, 4.0000),
            (59.7500, 0.0000, 0.0000, 0.1416),
        ],
        [
            (52.8000, 0.0000, 0.0000, 7.8000),
            (59.1000, 0.0000, 0.0000, 6.0000),
            (59.7500, 0.0000, 0.0000, 4.0000),
            (59.7500, 0.0000, 0.0000, 0.1416),
        ],
    ],
    "beside": [
        [
            (-1.8000, 4.0000, 0.0000, 11.8000),
            (8.1000, 4.0000, 0.0000, 10.0000),
            (17.2000, 4.0000, 0.0000, 8.0000),
            (29.4000, 4.0000, 0.0000, 4.0000),
        ],
        [
            (-1.8000, 4.0000, 0.0000, 11.8000),
            (8.1000, 4.0000, 0.0000, 10.0000),
            (17.2000, 4.0000, 0.0000, 8.0000),
            (29.4000, 4.0000, 0.0000, 4.0000),
        ],
    ],
    "beside, ahead": [
        [
            (14.6000, 4.0000, 0.0000, 5.8000),
            (19.1355, 4.0000, 0.0000, 4.4072),
            (23.6526, 4.0000, 0.0000, 4.0253),
            (28.5270, 4.0000, 0.0000, 0.9160),
        ],
        [
            (14.6000, 4.0000, 0.0000, 5.8000),
            (19.1355, 4.0000, 0.0000, 4.4072),
            (23.6526, 4.0000, 0.0000, 4.0253),
            (28.5270, 4.0000, 0.0000, 0.9160),
        ],
    ],
    "beside, far ahead": [
        [
            (60.0000, 4.0000, 0.0000, 0.0999),
            (60.4487, 4.0000, 0.0000, 0.9955),
            (61.8865, 4.0000, 0.0000, 1.9729),
            (67.5539, 4.0000, 0.0000, 3.6943),
        ],
        [
            (60.0000, 4.0000, 0.0000, 0.0999),
            (60.4487, 4.0000, 0.0000, 0.9955),
            (61.8865, 4.0000, 0.0000, 1.9729),
            (67.5539, 4.0000, 0.0000, 3.6943),
        ],
    ],
}
"""What the benchmark's own reactive traffic (commit 0a380a9) does there, the lines given as they are followed here: per
plan x, y, heading and speed at instants 1, 10, 20 and 40. Of the others ``no room``, ``off the road`` and ``late`` are
not there after the first instant, ``parked`` and ``walks`` are as recorded."""


def junction():
    return road(CARS, JUNCTION, speed=6.0, speed_limit=13.0)


@pytest.mark.parametrize("plan", [0, 1])
def test_agrees_with_the_benchmark(plan):
    tracks = prepare_traffic("reactive-idm", junction()).beside(PLANS)[plan]
    for token, official in OFFICIAL.items():
        where, speed, there = of(tracks, token)
        assert there.all()
        ours = np.column_stack([where, speed])[list(INSTANTS)]
        np.testing.assert_allclose(ours, official[plan], rtol=0, atol=3e-4, err_msg=token)
    for token in ("no room", "off the road"):
        assert of(tracks, token)[2].sum() == 1
    assert of(tracks, "late") is None
    assert of(tracks, "parked")[2].all()
    assert of(tracks, "walks")[2].sum() == 20
