"""What other road users do beside the ego, under each policy."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from irlvla.epdms.traffic import TRAFFIC_POLICIES, FixedTraffic, prepare_traffic
from irlvla.epdms.traffic_idm import idm_acceleration
from irlvla.errors import InputError
from irlvla.scene import Layer, ObjectKind, Polylines
from irlvla.scene.frames import to_global, wrap
from tests.epdms.made_up import TIMES, box, moved, rectangle, straight_road
from tests.epdms.traffic_scenes import TWO_LANES, ego_along_x, of, road

CRUISE = ego_along_x()
STOPPING = ego_along_x(acceleration=-4.0)


def bend_at(angle, radius=50.0):
    """A point of a bend to the left that begins beside the ego."""
    return radius * np.sin(angle), 60 - radius * np.cos(angle)


TURN = np.linspace(0, np.pi / 2, 200)
BEND = (
    *TWO_LANES,
    (
        "bend",
        Layer.LANE_CONNECTOR,
        np.concatenate([np.column_stack(bend_at(TURN, 52)), np.column_stack(bend_at(TURN, 48))[::-1]]),
        np.column_stack(bend_at(TURN)),
    ),
    ("crossing", Layer.INTERSECTION, rectangle(0, 7, 60, 60), None),
)


def react(truth, *rollouts):
    return prepare_traffic("reactive-idm", truth).beside(np.stack(rollouts))


def length_between(rear, front, length=4.0):
    """Metres between the boxes of two cars of one lane along x."""
    return of(front[0], front[1])[0][:, 0] - of(rear[0], rear[1])[0][:, 0] - length


# --- log replay and constant velocity


def test_log_replay_is_the_record_without_what_touches_the_ego_now():
    boxes = [
        box("ahead", 30, 0, vx=3),
        box("on us", 2, 0),
        box("cone on us", 4.2, 0, kind=ObjectKind.TRAFFIC_CONE, size=(0.5, 0.5)),
        box("on us later", 2, 0, steps=range(3, 41)),
    ]
    truth = straight_road(boxes=boxes)
    traffic = prepare_traffic("log-replay", truth)
    assert isinstance(traffic, FixedTraffic)
    assert traffic.tracks.tokens == ("ahead", "on us later")
    np.testing.assert_array_equal(traffic.tracks.poses, truth.tracks.poses[[0, 3]])
    np.testing.assert_array_equal(traffic.tracks.valid, truth.tracks.valid[[0, 3]])
    assert traffic.beside(np.stack([CRUISE, STOPPING])) == [traffic.tracks] * 2


def test_what_was_annotated_later_replays_from_the_beginning_and_reacts_from_its_own():
    """NAVSIM has what was annotated once there at all instants; but what reacts begins with what is annotated now."""
    boxes = [box("now", 30, 0, vx=3), box("car later", 60, 0), box("walker later", 30, 5, kind=ObjectKind.PEDESTRIAN)]
    truth = road(boxes)
    truth = replace(truth, tracks=replace(truth.tracks, annotated=np.array([True, False, False])))
    assert prepare_traffic("log-replay", truth).beside(CRUISE[None])[0].valid.all()
    for policy in ("constant-velocity", "reactive-idm"):
        tracks = prepare_traffic(policy, truth).beside(CRUISE[None])[0]
        assert of(tracks, "car later") is None or not of(tracks, "car later")[2].any()
        np.testing.assert_array_equal(of(tracks, "walker later")[2], np.arange(41) > 0)
        assert of(tracks, "now")[2].all()


def test_constant_velocity_moves_the_vehicles_that_are_there_and_replays_the_rest():
    token, kind, size, poses, velocities, valid = box("turns", 20, 0, vx=5, heading=0.2, steps=range(10))
    poses, velocities = poses.copy(), velocities.copy()
    poses[1:, 1], velocities[1:] = 3.0, [9.0, 9.0]
    boxes = [
        (token, kind, size, poses, velocities, valid),
        box("walks", 30, 5, vy=-1, kind=ObjectKind.PEDESTRIAN, steps=range(20)),
        box("comes later", 40, 0, steps=range(5, 41)),
        box("on us", 1, 0),
    ]
    tracks = prepare_traffic("constant-velocity", road(boxes)).beside(CRUISE[None])[0]
    assert tracks.tokens == ("turns", "walks", "on us")
    where, speed, there = of(tracks, "turns")
    np.testing.assert_allclose(where, np.column_stack([20 + 5 * TIMES, 0 * TIMES, 0 * TIMES + 0.2]), atol=1e-12)
    assert there.all()
    np.testing.assert_allclose(speed, 5.0)
    assert of(tracks, "walks")[2].sum() == 20


def test_an_unknown_policy_is_refused():
    with pytest.raises(InputError, match="'idm' is not known; choose from log-replay, constant-velocity, reactive-idm"):
        prepare_traffic("idm", road())
    assert TRAFFIC_POLICIES == ("log-replay", "constant-velocity", "reactive-idm")


# --- reactive: how vehicles drive


def test_a_follower_brakes_for_the_ego_that_stops_and_does_not_hit_it():
    truth = road([box("follows", -20, 0, vx=10)])
    braking, cruising = react(truth, STOPPING, CRUISE)
    where, speed, there = of(braking, "follows")
    assert there.all()
    assert (where[:, 0] + 2.0 < STOPPING[:, 0] - 1.127).all()
    assert speed[-1] < 4.0 < of(cruising, "follows")[1][-1]


def test_a_free_vehicle_speeds_up_to_the_limit_and_no_further():
    long = (("own", Layer.LANE, rectangle(-100, -2, 2000, 2), [(-100, 0), (2000, 0)]),)
    (tracks,) = react(road([box("free", 30, 0, vx=12)], long, speed_limit=13.0), ego_along_x(0.0))
    speed = of(tracks, "free")[1]
    assert (np.diff(speed) > 0).all()
    assert 12.4 < speed[-1] < 13.0


def test_a_standing_queue_starts_up_in_order():
    queue = [box(f"q{k}", 40 - 5.0 * k, 4) for k in range(4)]  # one metre apart: who follows waits for room
    (tracks,) = react(road(queue), ego_along_x(0.0))
    starts = [int((of(tracks, f"q{k}")[1] > 0.1).argmax()) for k in range(4)]
    assert starts[0] > 0
    assert starts == sorted(starts)
    assert len(set(starts)) == 4
    for k in range(3):
        assert (length_between((tracks, f"q{k + 1}"), (tracks, f"q{k}")) >= 1.0 - 1e-9).all()


def test_only_vehicles_that_meet_the_ego_depend_on_its_plan():
    boxes = [box("follows", -20, 0, vx=10), box("behind it", -40, 0, vx=12), box("ahead", 30, 0, vx=9)]
    boxes += [box("beside", -5, 4, vx=10), box("beside too", 20, 4.5, vx=8)]
    one, other = react(road(boxes), CRUISE, STOPPING)
    changed = [not np.array_equal(one.poses[m], other.poses[m]) for m in range(5)]
    assert changed == [True, True, False, False, False]


def test_the_end_of_the_lane_is_a_wall():
    short = (("own", Layer.LANE, rectangle(-100, -2, 60, 2), [(-100, 0), (60, 0)]),)
    (tracks,) = react(road([box("near the end", 40, 0, vx=10)], short), ego_along_x(0.0))
    where, speed, _ = of(tracks, "near the end")
    assert (where[:, 0] <= 59.75).all()  # the line lacks its last step of 25 cm
    assert speed[-1] < 4.0


def test_a_vehicle_near_the_end_of_its_lane_keeps_still_there():
    short = (("own", Layer.LANE, rectangle(-100, -2, 60, 2), [(-100, 0), (60, 0)]),)
    (tracks,) = react(road([box("at the end", 59.9, 0, vx=0)], short), ego_along_x(0.0))
    np.testing.assert_allclose(of(tracks, "at the end")[0][1:, 0], 59.75)


def test_who_follows_closely_slows_down_who_leads():
    # the follower's shape reaches 1.5 s ahead and touches the leader, which is nearest to it: it brakes
    alone, followed = (
        react(road([box("leads", 30, 4, vx=10), *more], speed_limit=13.0), ego_along_x(0.0))[0]
        for more in ([], [box("follows", 20, 4, vx=12)])
    )
    assert of(followed, "leads")[1][-1] < of(alone, "leads")[1][-1] - 1.0


def test_a_vehicle_on_a_bend_follows_the_line_with_its_heading():
    angle = np.pi / 6
    (tracks,) = react(road([box("turns", *bend_at(angle), vx=5, heading=angle)], BEND), ego_along_x(0.0))
    where, _, there = of(tracks, "turns")
    assert there.all()
    np.testing.assert_allclose(np.hypot(where[:, 0], where[:, 1] - 60), 50, atol=0.01)
    np.testing.assert_allclose(where[:, 2], np.arctan2(where[:, 0], 60 - where[:, 1]), atol=0.01)
    assert where[-1, 2] > angle + 0.3


# --- reactive: who drives, who stands, who is gone


def test_others_do_what_was_recorded():
    boxes = [
        box("walks", 30, 0, vy=1, kind=ObjectKind.PEDESTRIAN, steps=range(7, 30)),
        box("rides", 40, 0, vx=4, kind=ObjectKind.BICYCLE),
        box("cone on us", 4.2, 0, kind=ObjectKind.TRAFFIC_CONE, size=(0.5, 0.5)),
        box("drives through them", 20, 0.2, vx=8),
    ]
    truth = road(boxes)
    (tracks,) = react(truth, CRUISE)
    for m in range(3):
        np.testing.assert_array_equal(tracks.poses[m], truth.tracks.poses[m])
        np.testing.assert_array_equal(tracks.valid[m], truth.tracks.valid[m])
    assert of(tracks, "drives through them")[0][-1, 0] > 50


def test_the_first_instant_is_as_recorded_and_then_vehicles_are_on_their_line():
    truth = road([box("aside", 20, 0.7, vx=8, vy=0.4, heading=0.05)])
    where, _, _ = of(react(truth, CRUISE)[0], "aside")
    np.testing.assert_array_equal(where[0], truth.tracks.poses[0, 0])
    np.testing.assert_allclose(where[1:, 1:], 0.0, atol=1e-12)
    assert where[1, 0] == pytest.approx(20 + 0.1 * np.hypot(8, 0.4))


def test_a_parked_car_stays_and_a_moving_one_off_the_lanes_is_gone():
    tracks = react(road([box("parked", 30, 9), box("moves", 40, 9, vx=3)]), CRUISE)[0]
    where, _, there = of(tracks, "parked")
    assert there.all()
    assert (where == where[0]).all()
    assert of(tracks, "moves")[2].tolist() == [True] + [False] * 40


def test_a_vehicle_far_beside_the_line_of_its_lane_stands_even_if_it_was_moving():
    wide = (("wide", Layer.LANE, rectangle(-100, -2, 300, 9), [(-100, 0), (300, 0)]),)
    tracks = react(road([box("far", 30, 6, vx=5), box("near", 30, 2.9, vx=5)], wide), CRUISE)[0]
    where, speed, there = of(tracks, "far")
    assert there.all()
    assert (where == where[0]).all()
    assert (speed == 5).all()
    assert of(tracks, "near")[0][-1, 0] > 45


def test_a_parked_car_is_away_while_somebody_drives_over_it():
    tracks = react(road([box("parked", 40, -3.2), box("wide", 30, 0, vx=8, size=(4, 5))]), ego_along_x(0.0))[0]
    there, x = of(tracks, "parked")[2], of(tracks, "wide")[0][:, 0]
    np.testing.assert_array_equal(there[1:], np.abs(x - 40)[1:] > 4.0)
    assert not there.all()
    assert there[-1]


def test_vehicles_without_room_on_their_line_are_gone():
    boxes = [box("first", 30, 1.2, size=(4, 1)), box("second", 32, -1.2, size=(4, 1)), box("on us", 3, 1.5)]
    tracks = react(road(boxes), CRUISE)[0]
    assert of(tracks, "first")[2].all()
    for token in ("second", "on us"):
        assert of(tracks, token)[2].tolist() == [True] + [False] * 40


def test_vehicles_that_are_not_there_now_never_come():
    tracks = react(road([box("late", 30, 0, steps=range(1, 41)), box("leaves", 30, 0, steps=range(5))]), CRUISE)[0]
    assert of(tracks, "late") is None
    assert of(tracks, "leaves")[2].all()


def test_vehicles_out_of_range_of_the_rear_axle_are_gone_for_good():
    boxes = [box("near", 95, 4, vx=10), box("far", 101, 0, vx=10)]
    tracks = react(road(boxes), ego_along_x(0.0))[0]
    assert of(tracks, "far")[2].tolist() == [True] + [False] * 40
    x, there = of(tracks, "near")[0][:, 0], of(tracks, "near")[2]
    gone = int((~there).argmax())
    assert np.hypot(x[gone - 1], 4) > 100 >= np.hypot(x[gone - 2], 4)
    assert not there[gone:].any()


def test_a_lane_without_a_line_holds_nobody():
    elements = (*TWO_LANES, ("no line", Layer.LANE, rectangle(-100, 6, 300, 10), None))
    tracks = react(road([box("stands", 30, 8)], elements), CRUISE)[0]
    assert of(tracks, "stands")[2].tolist() == [True] + [False] * 40


def test_a_map_without_centre_lines_is_refused_where_there_are_vehicles():
    with pytest.raises(InputError, match="scene 3: the map has no centre lines"):
        prepare_traffic("reactive-idm", straight_road(boxes=[box("car", 30, 0)]), "scene 3")
    walker = box("walks", 30, 0, kind=ObjectKind.PEDESTRIAN)
    assert react(straight_road(boxes=[walker]), CRUISE)[0].tokens == ("walks",)
    assert react(straight_road(), CRUISE)[0].tokens == ()


def test_the_usual_speed_is_wanted_where_no_limit_is_known():
    (tracks,) = react(road([box("fast", 30, 0, vx=12)], speed_limit=0.0), ego_along_x(0.0))
    assert of(tracks, "fast")[1][1] < 12.0


# --- properties

LANES_Y = st.sampled_from([0.0, 4.0])
CARS = st.lists(st.tuples(st.floats(-60, 90), LANES_Y, st.floats(-1, 1), st.floats(0, 15)), min_size=1, max_size=8).map(
    lambda cars: [box(f"c{k}", x, y + aside, vx=v) for k, (x, y, aside, v) in enumerate(cars)]
)
EGO = st.builds(ego_along_x, st.floats(0, 15), st.floats(-4, 1))


@given(CARS, st.lists(EGO, min_size=2, max_size=4))
@settings(max_examples=30, deadline=None)
def test_each_plan_has_its_own_traffic(cars, rollouts):
    truth = road(cars)
    for alone, beside in zip(rollouts, react(truth, *rollouts), strict=True):
        (single,) = react(truth, alone)
        np.testing.assert_array_equal(single.poses, beside.poses)
        np.testing.assert_array_equal(single.velocities, beside.velocities)
        np.testing.assert_array_equal(single.valid, beside.valid)


def assert_moves_along(truth, states, motion):
    motion = np.array(motion)
    lines = Polylines(to_global(truth.map.lines.points, motion), truth.map.lines.offsets)
    turned = moved(truth, motion)
    turned = replace(turned, map=replace(turned.map, lines=lines))
    driven = states.copy()
    driven[:, :2], driven[:, 2] = to_global(states[:, :2], motion), wrap(states[:, 2] + motion[2])
    (here,), (there,) = react(truth, states), react(turned, driven)
    seen = here.valid
    np.testing.assert_array_equal(seen, there.valid)
    np.testing.assert_allclose(to_global(here.poses[..., :2], motion)[seen], there.poses[..., :2][seen], atol=1e-6)


@given(CARS, EGO, st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)))
@settings(max_examples=30, deadline=None)
def test_the_traffic_moves_along_with_the_world(cars, states, shift):
    assert_moves_along(road(cars), states, (*shift, 0.0))


@pytest.mark.parametrize("angle", [0.4, 1.5, -0.7, -2.0])
def test_the_traffic_turns_along_with_the_world(angle):
    boxes = [box("follows", -20, 0.2, vx=8), box("ahead", 45, -0.3, vx=9), box("parked", 30, 9)]
    boxes += [box("beside", 60, 4.2, vx=10), box("turns", *bend_at(0.6), vx=5, heading=0.6)]
    assert_moves_along(road(boxes, BEND), STOPPING, (-500.0, 900.0, angle))


def test_of_several_that_touch_a_vehicle_the_southernmost_leads():
    # on a diagonal: the car behind reaches into the middle one, and so does the one before it, which is further north
    elements = (("way", Layer.LANE, np.array([(-40, -42), (80, 78), (80, 82), (-40, -38)]), [(-40, -40), (80, 80)]),)
    diagonal = {"heading": np.pi / 4, "size": (4.0, 1.6)}
    (tracks,) = react(
        road(
            [
                box("before", 42.9, 42.9, vx=8, vy=8, **diagonal),
                box("middle", 40, 40, vx=0.5, vy=0.5, **diagonal),
                box("behind", 36, 36, vx=3, vy=3, **diagonal),
            ],
            elements,
        ),
        ego_along_x(0.0),
    )
    speed = of(tracks, "middle")[1]
    follows_behind = idm_acceleration(speed[1], 15.0, 0.0, of(tracks, "behind")[1][1])
    assert speed[2] - speed[1] == pytest.approx(0.1 * follows_behind, abs=1e-6)


@given(CARS, st.lists(st.tuples(st.floats(0.1, 1.4), st.floats(-1, 1), st.floats(0, 12)), max_size=4), EGO)
@settings(max_examples=30, deadline=None)
def test_vehicles_that_cannot_meet_are_left_out_without_a_difference(cars, turning, states):
    cars = cars + [box(f"t{k}", *bend_at(a, 50 + aside), vx=v, heading=a) for k, (a, aside, v) in enumerate(turning)]
    traffic = prepare_traffic("reactive-idm", road(cars, BEND))
    everybody = np.ones_like(traffic.fleet.meets)
    np.fill_diagonal(everybody, False)
    slow = replace(traffic, fleet=traffic.fleet._replace(meets=everybody))
    (quick,), (other,) = traffic.beside(states[None]), slow.beside(states[None])
    np.testing.assert_array_equal(quick.poses, other.poses)


@given(st.permutations(range(6)))
@settings(max_examples=20, deadline=None)
def test_the_order_of_tracks_plays_no_part_for_vehicles_that_do_not_meet(order):
    boxes = [box("ahead", 60, 0, vx=10), box("behind", -60, 0, vx=3), box("beside", 0, 4, vx=9)]
    boxes += [box("parked", 20, 9), box("walks", 30, 0, kind=ObjectKind.PEDESTRIAN), box("gone", 9, 9, vx=3)]
    (usual,), (other,) = react(road(boxes), CRUISE), react(road([boxes[k] for k in order]), CRUISE)
    for token in usual.tokens:
        for ours, theirs in zip(of(usual, token), of(other, token), strict=True):
            np.testing.assert_array_equal(ours, theirs)


@given(CARS, EGO)
@settings(max_examples=30, deadline=None)
def test_vehicles_never_drive_backwards_nor_beyond_the_greatest_acceleration(cars, states):
    (tracks,) = react(road(cars), states)
    speed = np.hypot(tracks.velocities[..., 0], tracks.velocities[..., 1])
    change = np.diff(speed, axis=1)[tracks.valid[:, 1:]]
    assert (change <= 0.1 + 1e-9).all()
    assert (change >= -0.2 - 1e-9).all()
    ahead = np.diff(tracks.poses[:, 1:, 0], axis=1)[tracks.valid[:, 2:]]
    assert (ahead >= 0).all()
