"""Annotations brought to 41 instants: against the steps of the benchmark's metric caching, object by object."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import interp1d

from irlvla.scene import ObjectKind
from irlvla.sources.navsim.detections import INSTANTS, MOMENTS, red_lights_of, tracks_of
from irlvla.sources.navsim.frames import AGENTS, Boxes, Moment

STATE = st.tuples(*[st.floats(-50, 50)] * 2, st.floats(-np.pi, 3.14), *[st.floats(-20, 20)] * 2)
TOKENS = tuple("abcdefg")


def moment(*rows, red=()):
    """Of rows (token, kind, x, y, heading, vx, vy); sizes tell of the moment they were seen in."""
    return Moment(
        Boxes(
            tokens=tuple(row[0] for row in rows),
            kinds=np.array([row[1] for row in rows], np.int8),
            sizes=np.array([[4.0 + abs(row[2]), 2.0, 1.5] for row in rows]).reshape(-1, 3),
            poses=np.array([row[2:5] for row in rows], float).reshape(-1, 3),
            velocities=np.array([row[5:7] for row in rows], float).reshape(-1, 2),
        ),
        tuple(red),
    )


def cached(moments):
    """Objects at 41 instants as the benchmark caches them: for each instant rows (token, kind, length, state [5])."""
    states, first = {}, {}
    for k, each in enumerate(moments):
        boxes = each.boxes
        for n in np.argsort(boxes.kinds, kind="stable"):  # detections of one instant are sorted by class
            token = boxes.tokens[n]
            first.setdefault(token, (int(boxes.kinds[n]), boxes.sizes[n, 0]))
            states.setdefault(token, []).append([0.5 * k, *boxes.poses[n], *boxes.velocities[n]])
    found = [[] for _ in range(INSTANTS)]
    times = np.arange(INSTANTS, dtype=float) * 0.1
    for token, seen in states.items():
        seen = np.array(seen)
        seen[:, 3] = np.unwrap(seen[:, 3])
        once = len(seen) == 1
        there = np.flatnonzero(once | ((seen[0, 0] <= times) & (times <= seen[-1, 0])))
        between = seen[[0] * INSTANTS, 1:] if once else interp1d(seen[:, 0], seen[:, 1:], axis=0)(times[there])
        for k, state in zip(there, between, strict=True):
            found[k].append((token, *first[token], state))
    return [sorted(rows, key=lambda row: row[1]) for rows in found]


@st.composite
def recorded(draw):
    """Nine moments in which each of up to seven objects is annotated in some; each keeps its class."""
    kinds = draw(st.lists(st.sampled_from(list(ObjectKind)), min_size=0, max_size=len(TOKENS)))
    presence = [draw(st.integers(0, 2**MOMENTS - 1)) for _ in kinds]
    moments = []
    for k in range(MOMENTS):
        there = [n for n in range(len(kinds)) if presence[n] >> k & 1]
        rows = []
        for n in draw(st.permutations(there)):
            x, y, heading, vx, vy = draw(STATE)
            rows.append((TOKENS[n], kinds[n], x, y, heading, *((vx, vy) if kinds[n] in AGENTS else (0.0, 0.0))))
        moments.append(moment(*rows))
    return moments


@settings(max_examples=50, deadline=None)
@given(recorded())
def test_tracks_are_those_of_metric_caching(moments):
    tracks = tracks_of(moments)
    for k, rows in enumerate(cached(moments)):
        there = np.flatnonzero(tracks.valid[:, k])
        assert [tracks.tokens[n] for n in there] == [row[0] for row in rows]
        for n, (_, kind, length, state) in zip(there, rows, strict=True):
            assert (tracks.kinds[n], tracks.sizes[n, 0]) == (kind, length)
            np.testing.assert_allclose(tracks.poses[n, k, :2], state[:2], atol=1e-9)
            assert np.exp(1j * tracks.poses[n, k, 2]) == pytest.approx(np.exp(1j * state[2]), abs=1e-9)
            np.testing.assert_allclose(tracks.velocities[n, k], state[3:], atol=1e-9)
    assert (tracks.poses[~tracks.valid] == 0).all()


def car(x, token="a", kind=ObjectKind.VEHICLE, heading=0.0, speed=1.0):
    return (token, kind, x, 0.0, heading, speed, 0.0)


def seen_at(*when, others=()):
    """A car that is annotated at some of the nine moments, one metre farther on each time."""
    return [moment(*([car(float(k))] if k in when else []), *others) for k in range(MOMENTS)]


def test_between_annotations_it_goes_straight_on():
    tracks = tracks_of(seen_at(*range(MOMENTS)))
    assert tracks.valid.all()
    np.testing.assert_allclose(tracks.poses[0, :, 0], 0.2 * np.arange(INSTANTS), atol=1e-12)


def test_a_gap_is_filled():
    tracks = tracks_of(seen_at(0, 1, 6, 8))
    assert tracks.valid.all()
    np.testing.assert_allclose(tracks.poses[0, :, 0], 0.2 * np.arange(INSTANTS), atol=1e-12)


def test_late_ones_come_late_and_vanishing_ones_vanish():
    tracks = tracks_of(seen_at(2, 3, 4))
    assert np.flatnonzero(tracks.valid[0]).tolist() == list(range(10, 21))
    assert tracks.poses[0, 10, 0] == 2.0
    assert tracks.poses[0, 20, 0] == 4.0


@pytest.mark.parametrize("when", [0, 5, 8])
def test_what_is_seen_once_is_there_all_the_time(when):
    tracks = tracks_of(seen_at(when))
    assert tracks.valid.all()
    assert (tracks.poses[0, :, 0] == when).all()
    assert (tracks.velocities[0, :, 0] == 1.0).all()


def test_headings_take_the_shorter_way():
    turning = [moment(car(0.0, heading=3.1 if k % 2 else -3.1)) for k in range(MOMENTS)]
    headings = tracks_of(turning).poses[0, :, 2]
    assert (np.abs(headings) >= 3.1 - 1e-9).all()
    assert (headings < np.pi).all()


def test_objects_come_by_class_then_by_first_appearance():
    cone, bicycle = ObjectKind.TRAFFIC_CONE, ObjectKind.BICYCLE
    rows = [car(1, "cone", cone), car(1, "second", bicycle), car(1, "car"), car(1, "first", bicycle)]
    late = [car(2, "late"), car(2, "later", bicycle)]
    tracks = tracks_of([moment(*rows), *[moment(*late, *rows)] * (MOMENTS - 1)])
    assert tracks.tokens == ("car", "late", "second", "first", "later", "cone")
    assert (np.diff(tracks.kinds) >= 0).all()


def test_size_is_that_of_the_first_annotation():
    assert tracks_of(seen_at(3, 4)).sizes[0, 0] == 7.0


def test_there_may_be_nobody():
    tracks = tracks_of([moment()] * MOMENTS)
    assert len(tracks) == 0
    assert tracks.poses.shape == (0, INSTANTS, 3)
    assert tracks.sizes.shape == (0, 3)


def test_now_alone_is_what_a_planner_sees():
    tracks = tracks_of(seen_at(0, 1, others=[car(9, "b")])[:1])
    assert tracks.tokens == ("a", "b")
    assert tracks.valid.all()


def test_a_light_lasts_until_the_next_annotation():
    red = [k in (0, 3, 4, 8) for k in range(MOMENTS)]
    lights = red_lights_of([moment(red=["12"] if lit else []) for lit in red], {"12": "connector/12"})
    assert [light.connector for light in lights] == ["connector/12"]
    np.testing.assert_array_equal(lights[0].red, np.repeat(red, 5)[:INSTANTS])


def test_lights_that_are_not_on_the_route_are_left_out():
    moments = [moment(red=["7", "12"] if k else ["9"]) for k in range(MOMENTS)]
    lights = red_lights_of(moments, {"12": "connector/12", "3": "lane/3", "9": "connector/9"})
    assert [light.connector for light in lights] == ["connector/9", "connector/12"]
    assert lights[0].red.tolist() == [True] * 5 + [False] * 36
    assert red_lights_of(moments, {}) == ()
