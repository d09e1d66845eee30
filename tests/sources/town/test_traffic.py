"""Traffic on two roads that cross: who follows, who waits, who goes first."""

import numpy as np
import pytest

from irlvla.scene import Lamps, ObjectKind
from irlvla.sources.town.network import Control
from irlvla.sources.town.obstacles import Obstacles
from tests.sources.town import made_up
from tests.sources.town.made_up import A, B, C, D, E, crossing, world

LENGTH = 5.176
FRONT = 4.049


def test_a_car_alone_reaches_the_speed_limit_and_leaves_the_town():
    track = world(crossing(), [(A, 20.0, 8.0)]).advance(300)
    gone = int(np.argmin(track.alive[:, 0]))
    assert 0 < gone < 300
    assert track.speeds[:gone, 0].max() == pytest.approx(13.9, abs=0.2)
    assert np.all(np.diff(track.poses[:gone, 0, 0]) > 0)
    assert np.abs(track.poses[:gone, 0, 1]).max() < 1e-6


def test_acceleration_never_exceeds_what_a_driver_wants():
    track = world(crossing(), [(A, 20.0, 0.0)]).advance(200)
    assert track.accelerations[:100, 0].max() < 1.5
    assert track.accelerations[:100, 0].min() > -0.3


@pytest.mark.parametrize("speed", [4.0, 9.0, 13.0])
def test_who_follows_stops_behind_a_standing_car_without_touching(speed):
    standing = made_up.Obstacles(
        np.array([ObjectKind.VEHICLE], np.int8), np.array([[-40.0, 0.0, 0.0]]), np.array([[4.6, 1.8, 1.5]])
    )
    # a car across the whole lane cannot be passed: the detour would be as long to either side, and leaves the lane
    track = world(crossing(), [(A, 20.0, speed), (A, 90.0, 0.0)], standing).advance(200)
    apart = np.abs(track.poses[:, 1, 0] - track.poses[:, 0, 0])
    assert apart.min() > LENGTH + 0.5


def test_a_queue_keeps_its_order_and_its_gaps():
    track = world(crossing(), [(A, 70.0, 10.0), (A, 50.0, 12.0), (A, 30.0, 13.0)]).advance(150)
    there = track.alive.all(1)
    x = track.poses[there][:, :3, 0]
    assert ((x[:, 0] - x[:, 1]) > LENGTH + 1.0).all()
    assert ((x[:, 1] - x[:, 2]) > LENGTH + 1.0).all()


def test_the_minor_road_waits_for_the_major_road():
    minor = world(crossing(), [(D, 110.0, 8.0), (A, 105.0, 10.0), (A, 80.0, 10.0)])
    track = minor.advance(250)
    inside = np.abs(track.poses[:, 0, 1]) < 4.0
    others_inside = (np.abs(track.poses[:, 1:3, 0]) < 4.5) & track.alive[:, 1:3]
    assert inside.any()
    assert not (inside[:, None] & others_inside).any()
    assert track.speeds[:120, 0].min() < 2.0  # it had to slow down
    first = np.argmax(track.poses[:, 0, 1] > 0)
    assert first > np.argmax(track.poses[:, 2, 0] > 5.0)  # and went last


def test_a_stop_sign_makes_one_stop_on_an_empty_road():
    track = world(crossing(Control.STOP), [(D, 80.0, 10.0)]).advance(300)
    stopped = np.flatnonzero(track.speeds[:, 0] < 0.3)
    assert len(stopped)
    front = track.poses[stopped[0], 0, 1] + LENGTH / 2
    assert -14.5 < front < -9.9
    assert not track.alive[-1, 0] or track.poses[-1, 0, 1] > 10  # and then it went on


def test_red_holds_and_green_lets_go():
    track = world(crossing(lights=True), [(D, 60.0, 10.0)]).advance(300)  # red until 15 s
    before = track.poses[:149, 0, 1] + LENGTH / 2
    assert before.max() < -10.0
    assert track.speeds[140, 0] < 0.1
    assert track.poses[:, 0, 1].max() > 20.0


def test_crossing_traffic_under_lights_never_touches():
    cars = [(A, 100.0, 12.0), (A, 70.0, 12.0), (D, 100.0, 10.0), (D, 60.0, 10.0), (A, 20.0, 10.0)]
    track = world(crossing(lights=True), cars).advance(500)
    for k in range(0, 500, 2):
        there = np.flatnonzero(track.alive[k])
        x, y = track.poses[k, there, :2].T
        along_x = np.abs(y) < 1e-3
        for n in range(len(there)):
            for m in range(n):
                if along_x[n] != along_x[m]:
                    assert max(abs(x[n] - x[m]), abs(y[n] - y[m])) > (LENGTH + 2.297) / 2 - 0.01


def test_a_car_stops_for_somebody_on_the_crosswalk():
    track = world(crossing(crosswalk=True), [(A, 60.0, 10.0)], walker=6.0).advance(120)
    crossing_now = (track.people[:, 0, 1] > -4.0) & (track.people[:, 0, 1] < 1.0)
    assert crossing_now.any()
    fronts = track.poses[:, 0, 0] + LENGTH / 2
    assert fronts[crossing_now].max() < -32.0
    assert track.poses[-1, 0, 0] > -28.0


def test_nobody_steps_in_front_of_a_car_that_cannot_stop():
    track = world(crossing(crosswalk=True), [(A, 95.0, 13.0)], walker=4.9).advance(30)
    passing = np.abs(track.poses[:, 0, 0] + 30.0) < 6.0
    assert passing.any()
    assert track.people[passing & (track.poses[:, 0, 0] < -26.0), 0, 1].max() <= -4.0


def test_a_car_half_in_the_lane_is_passed_with_room():
    parked = Obstacles(
        np.array([ObjectKind.VEHICLE], np.int8), np.array([[-80.0, -1.6, 0.0]]), np.array([[4.5, 1.8, 1.5]])
    )
    track = world(crossing(), [(A, 10.0, 10.0)], parked).advance(200)
    beside = np.abs(track.poses[:, 0, 0] + 80.0) < (LENGTH + 4.5) / 2
    assert beside.any()
    right_side = track.poses[beside, 0, 1] - 2.297 / 2
    assert right_side.min() > -0.7 + 0.2
    assert np.abs(track.poses[track.alive[:, 0]][-1, 0, 1]) < 0.05


def test_brake_lamps_are_lit_while_slowing_down():
    track = world(crossing(lights=True), [(D, 60.0, 10.0)]).advance(150)
    slowing = track.accelerations[:, 0] < -0.5
    assert slowing.any()
    assert (track.lamps[slowing, 0] & Lamps.BRAKE).all()
    driving = track.accelerations[:, 0] > 0.2
    assert not (track.lamps[driving, 0] & Lamps.BRAKE).any()


def test_a_led_ego_is_where_it_is_led_and_others_brake_for_it():
    town = world(crossing(), [(A, 60.0, 8.0), (A, 40.0, 12.0)])
    x = -90.0 + np.concatenate([np.linspace(0.4, 8.0, 20), np.full(60, 8.0)])
    path = np.column_stack([x, np.zeros((80, 2)), np.concatenate([np.full(20, 4.0), np.zeros(60)]), np.zeros(80)])
    track = town.advance(80, path)
    assert track.poses[:, 0, 0] == pytest.approx(x + 1.461)
    assert (track.poses[:, 0, 0] - track.poses[:, 1, 0]).min() > LENGTH + 0.3
    assert track.speeds[-1, 1] < 0.2
    assert town.vehicles.plan[0, 0] == A
    assert town.vehicles.place[0] == pytest.approx(68.0)


def test_after_being_led_aside_the_expert_returns_to_its_lane_smoothly():
    town = world(crossing(), [(A, 40.0, 8.0)])
    lead_x = -110.0 + 0.8 * np.arange(1, 21)
    path = np.column_stack([lead_x, np.linspace(0, 1.2, 20), np.full(20, 0.0), np.full(20, 8.0), np.zeros(20)])
    town.advance(20, path)
    track = town.advance(60)
    y = track.poses[:, 0, 1]
    assert y[0] == pytest.approx(1.2, abs=0.05)
    assert abs(y[-1]) < 0.05
    assert np.abs(np.diff(y, 2)).max() < 0.02


def test_a_copy_goes_on_alone():
    town = world(crossing(), [(A, 60.0, 8.0), (D, 40.0, 9.0)])
    town.advance(20)
    kept = town.copy()
    first = town.advance(40)
    assert kept.step == 20
    second = kept.advance(40)
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


def test_lanes_of_the_plan_follow_one_another():
    town = world(crossing(), [(A, 100.0, 8.0)])
    assert town.vehicles.plan[0].tolist() == [A, B, C, -1]
    town.advance(60)
    assert town.vehicles.plan[0, 0] in (B, C)
    assert E not in town.vehicles.plan[0]
