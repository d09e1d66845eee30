"""What the referee of a ride sees, on roads made by hand, and held against the metric's own judgement."""

from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from irlvla.epdms import SceneTruthBatch, rollout, score
from irlvla.scene import ObjectKind, Tracks
from irlvla.scene.frames import to_global
from irlvla.sources.town.contact import drivable_area, ego_corners, off_road
from irlvla.sources.town.env import TownEnv
from irlvla.sources.town.infractions import FRONT, Referee, Wrong, lane_polygons
from irlvla.sources.town.traffic import STEP
from tests.scene import made_up
from tests.sources.town.made_up import A, D
from tests.sources.town.rides import ride, standing_car, straight_plan


def driven_until_wrong(episode, plan, steps=40):
    for _ in range(steps):
        wrong = episode.drive(plan)
        if wrong:
            return wrong
    return []


def test_driving_into_a_standing_car_is_a_collision_at_the_right_time():
    speed, x, car = 8.0, -90.0, -60.0
    episode = ride(x, speed, obstacles=standing_car(car))
    wrong = driven_until_wrong(episode, straight_plan(speed))
    assert [each.kind for each in wrong] == [Wrong.COLLISION]
    assert wrong[0].what == "v001"
    touches = 1.6 + (car - 4.5 / 2 - x - FRONT) / speed
    assert touches <= wrong[0].seconds < touches + STEP + 1e-9


def test_each_object_is_touched_once():
    episode = ride(-90.0, 8.0, obstacles=standing_car(-60.0))
    for _ in range(10):
        episode.drive(straight_plan(8.0))
    assert [each.kind for each in episode.infractions] == [Wrong.COLLISION]


def test_a_collision_ends_the_episode_and_costs():
    env = TownEnv()
    env._episode = ride(-90.0, 8.0, obstacles=standing_car(-60.0))
    for _ in range(10):
        _, reward, terminated, truncated, info = env.step(straight_plan(8.0))
        if terminated:
            break
    assert terminated
    assert not truncated
    assert reward < -9.0
    assert info["at_fault"] == info["collisions"] == 1
    assert not info["success"]


def test_who_is_run_into_from_behind_is_not_at_fault():
    episode = ride(-90.0, 8.0, others=[(A, 20.0, 8.0)])
    vehicles = episode.world.vehicles
    vehicles.place[1], vehicles.speed[1] = vehicles.place[0] - 5.6, 12.0
    wrong = driven_until_wrong(episode, straight_plan(2.0))
    assert [each.kind for each in wrong] == [Wrong.TOUCHED]


def test_leaving_the_road_is_seen_at_the_first_corner_outside():
    episode = ride(-90.0, 6.0)
    states = [episode.states[-1:]]
    for _ in range(20):
        wrong = episode.drive(straight_plan(6.0, aside=1.0))
        states.append(episode.states[-5:])
        if wrong:
            break
    assert [each.kind for each in wrong] == [Wrong.OFF_ROAD]
    states = np.concatenate(states)
    centres = states[:, :2] + 1.461 * np.column_stack([np.cos(states[:, 2]), np.sin(states[:, 2])])
    outside = np.abs(ego_corners(np.column_stack([centres, states[:, 2]]))[..., 1]).max(1) > 1.75
    assert wrong[0].seconds == pytest.approx(1.6 + STEP * np.argmax(outside))


@pytest.mark.parametrize(("speed", "red"), [(8.0, False), (6.0, True)])
def test_a_light_is_run_if_the_bumper_crosses_the_line_at_red(speed, red):
    """Green for 10 s and yellow for 3; at 8 m/s the ego comes at yellow."""
    episode = ride(-90.0, speed, lights=True)
    crosses = 1.6 + (-10.0 + 90.0 - FRONT) / speed
    wrong = driven_until_wrong(episode, straight_plan(speed))
    assert [(each.kind, each.what) for each in wrong] == ([(Wrong.RED_LIGHT, "b")] if red else [])
    if red:
        assert crosses <= wrong[0].seconds < crosses + STEP + 1e-9


def test_a_run_light_costs_but_does_not_end_the_episode():
    env = TownEnv()
    env._episode = ride(-60.0, 4.0, lights=True)
    while not env.episode.infractions:
        _, reward, terminated, _, info = env.step(straight_plan(4.0))
    assert reward == pytest.approx(0.2 - 5.0, abs=0.02)
    assert not terminated
    assert info["lights"] == 1


def test_who_is_far_from_the_way_has_left_the_route():
    episode = ride(-90.0, 8.0)
    referee, world, track, states = episode.referee, episode.world, episode.track, episode.states
    places = np.full(len(states) + 1, episode.place)
    apart = np.where(np.arange(len(states)) < 9, 8.0, 10.0)
    wrong = referee.judge(world, track, states, places, apart)
    assert [(each.kind, each.seconds) for each in wrong] == [(Wrong.OFF_ROUTE, pytest.approx(0.1 * 10))]


def test_others_give_way_to_a_led_ego_that_comes():
    """Who waits on the minor road lets the ego through, and both go on unharmed."""
    episode = ride(-60.0, 8.0, others=[(D, 100.0, 8.0)])
    for _ in range(30):
        assert not episode.drive(straight_plan(8.0))
    assert episode.world.vehicles.plan[1, 0] != D


@settings(max_examples=80, deadline=None)
@given(
    y=st.floats(-3.0, 4.5), turned=st.floats(-0.5, 0.5), speed=st.sampled_from([0.02, 3.0, 9.0]),
    x=st.floats(-5.0, 8.0), aside=st.floats(-3.0, 3.0), angle=st.floats(-3.1, 3.1),
    pace=st.sampled_from([0.0, 0.04, 2.0]), kind=st.sampled_from(list(ObjectKind)),
)  # fmt: skip
def test_fault_is_what_the_metric_says(y, turned, speed, x, aside, angle, pace, kind):
    """Something that appears beside the ego for one instant: NC falls exactly if the referee blames the ego."""
    truth = made_up.scene(speed=speed, objects=((kind, 0.0, 0.0, pace),)).truth
    ego = truth.ego.copy()
    ego[1:3] = y, turned
    poses, valid = np.zeros((1, 41, 3)), np.zeros((1, 41), np.bool_)
    poses[0, 1], valid[0, 1] = (x, y + aside, angle), True
    velocities = np.zeros((1, 41, 2))
    velocities[..., 0] = pace
    tracks = Tracks(("it",), truth.tracks.kinds, np.array([[4.5, 1.9, 1.5]]), poses, velocities, valid)
    batch = SceneTruthBatch.prepare([replace(truth, ego=ego, tracks=tracks)])
    plan = straight_plan(speed)[None, None]
    nc = score(batch, plan).nc.item()

    state = rollout(batch, plan)[0, 0, 1].numpy()
    centre = np.array([*(state[:2] + 1.461 * np.array([np.cos(state[2]), np.sin(state[2])])), state[2]])
    corners = to_global(np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) * (2.25, 0.95), poses[0, 1])
    touching = shapely.Polygon(ego_corners(centre[None])[0]).intersects(shapely.Polygon(corners))
    area = drivable_area(truth.map)
    referee = Referee(area, lane_polygons(truth.map), np.zeros(0), np.zeros(0, np.int32))
    stands = kind > ObjectKind.BICYCLE or pace <= 0.05
    off = bool(off_road(area, centre[None])[0])
    assert (nc < 1.0) == (touching and referee.is_at_fault(state, off, poses[0, 1], tracks.sizes[0, :2], stands))
