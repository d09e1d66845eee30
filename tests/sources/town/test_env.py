"""The town as a Gymnasium environment."""

import hashlib
import subprocess
import sys
import warnings
from pathlib import Path

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import iterate

from irlvla.epdms import SceneTruthBatch, drive_plan, rollout, score
from irlvla.errors import InputError
from irlvla.scene import CameraRig
from irlvla.sources import observe
from irlvla.sources.town import RoadSettings, TrafficSettings
from irlvla.sources.town.env import NAME, TownEnv, vector_env
from irlvla.sources.town.observation import inputs_of, observation_of, observations_of
from tests.sources.town.rides import ride, standing_car, straight_plan

ROOT = Path(__file__).resolve().parents[3]
RIG = CameraRig.navsim(32, 18)
SMALL = {"roads": RoadSettings(rows=(2, 2), columns=(2, 2)), "traffic": TrafficSettings(density=1.2)}


def expert_ride(seed: int, rig: CameraRig | None = None, seconds: float = 120.0):
    """The env, and what it said after each step of the expert."""
    env = TownEnv(rig, seconds, **SMALL)
    said = [(env.reset(seed=seed)[0], 0.0, False, False, {})]
    while not (said[-1][2] or said[-1][3]):
        said.append(env.step(env.expert_plan().poses))
    return env, said


def digest() -> str:
    """Of all that is seen and said over an episode."""
    _, said = expert_ride(4, RIG, seconds=5.0)
    content = hashlib.sha256()
    for observation, reward, terminated, truncated, info in said:
        for name in sorted(observation):
            content.update(np.asarray(observation[name]).tobytes())
        content.update(repr((reward, terminated, truncated, info)).encode())
    return content.hexdigest()


@pytest.mark.parametrize("rig", [None, RIG])
def test_gymnasium_finds_nothing_wrong(rig):
    env = gymnasium.make(NAME, rig=rig, **SMALL)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env.unwrapped)


def test_an_episode_is_the_same_in_any_process():
    command = [sys.executable, "-c", "from tests.sources.town.test_env import digest; print(digest())"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == digest()


@pytest.mark.parametrize("seed", [1, 2, 6])
def test_the_expert_arrives(seed):
    env, said = expert_ride(seed)
    _, _, terminated, truncated, info = said[-1]
    assert terminated
    assert not truncated
    assert info["success"]
    assert info["progress"] == 1.0
    assert not env.episode.infractions
    assert sum(step[1] for step in said) == pytest.approx((env.episode.place - env.episode.start) / 10)
    assert info["driven"] == pytest.approx(env.episode.place - env.episode.start, rel=0.05)


def test_standing_still_is_no_success_and_takes_all_the_time():
    env = TownEnv(seconds=4.0, **SMALL)
    env.reset(seed=1)
    stop = np.zeros((8, 3), np.float32)
    ends = [env.step(stop)[2:4] for _ in range(8)]
    assert ends[:-1] == [(False, False)] * 7
    assert ends[-1] == (False, True)
    info = env.step(stop)[-1]
    assert not info["success"]
    assert info["progress"] < 0.3
    assert info["at_fault"] == 0


def test_the_time_limit_does_not_change_the_town():
    episodes = []
    for seconds in (5.0, 60.0):
        env = TownEnv(None, seconds, **SMALL)
        env.reset(seed=3)
        env.step(env.expert_plan().poses)
        episodes.append(env.episode)
    for one, other in zip(episodes[0].track, episodes[1].track, strict=True):
        np.testing.assert_array_equal(one, other)


def test_without_a_seed_the_next_town_follows_from_the_last():
    seeds = []
    for _ in range(2):
        env = TownEnv(**SMALL)
        env.reset(seed=5)
        env.reset()
        seeds.append(env.episode.world.town.seed)
    assert seeds[0] == seeds[1] != 5


def test_half_a_second_of_the_metrics_roll_out_is_driven():
    """Wheels stay turned from step to step."""
    episode = ride(-90.0, 8.0)
    for plan in (straight_plan(8.0, aside=0.4), straight_plan(8.0, aside=-0.2), straight_plan(6.0)):
        expected = drive_plan(episode.states[-1], plan)
        episode.drive(plan)
        np.testing.assert_array_equal(episode.states[-5:], expected[1:6])
        centre = episode.world.vehicles.poses[0]
        np.testing.assert_allclose(centre[:2] - 1.461 * np.array([np.cos(centre[2]), np.sin(centre[2])]),
                                   episode.states[-1, :2], atol=1e-9)  # fmt: skip
    assert abs(episode.states[-1, 7]) > 1e-3


def test_observations_and_inputs_are_the_same_thing():
    env = TownEnv(RIG, **SMALL)
    seen = [env.reset(seed=3)[0], env.step(env.expert_plan().poses)[0]]
    inputs = inputs_of(seen)
    assert inputs.images.dtype == torch.uint8
    assert inputs.images.shape == (2, 8, 18, 32, 3)
    for one, other in zip(observations_of(inputs), seen, strict=True):
        assert one.keys() == other.keys()
        for name in one:
            np.testing.assert_array_equal(one[name], other[name])
            assert getattr(one[name], "dtype", str) == getattr(other[name], "dtype", str)
    expected = observe([env.scene()], RIG)
    for name in ("images", "intrinsics", "camera_to_ego", "history", "command"):
        assert torch.equal(getattr(inputs.select([1]), name), getattr(expected, name))
    assert inputs.instructions[1:] == expected.instructions


def test_without_cameras_the_rest_is_seen():
    env = TownEnv(**SMALL)
    seen = env.reset(seed=3)[0]
    assert set(seen) == {"history", "command", "instruction"}
    inputs = inputs_of([seen])
    assert inputs.images.shape == (1, 0, 0, 0, 3)
    assert observations_of(inputs)[0].keys() == seen.keys()
    whole = observation_of(env.scene(), RIG)
    assert all(np.array_equal(whole[name], seen[name]) for name in seen)
    with pytest.raises(InputError, match="different rigs"):
        inputs_of([seen, whole])
    with pytest.raises(InputError, match="there are none"):
        inputs_of([])


def test_history_is_that_of_the_last_states():
    env = TownEnv(**SMALL)
    env.reset(seed=2)
    for _ in range(4):
        seen = env.step(env.expert_plan().poses)[0]
    np.testing.assert_allclose(seen["history"][-1, :3], 0.0, atol=1e-6)
    np.testing.assert_allclose(seen["history"][:, 3], env.episode.states[[0, 5, 10, 15], 3], rtol=1e-5)
    assert (np.diff(seen["history"][:, 0]) > 0).all()


def test_a_judged_plan_meets_the_traffic_that_answers_it():
    """Plans that ram a standing car get no score; the judged roll-out is the one that is driven."""
    env = TownEnv(**SMALL)
    env.reset(seed=1)
    plan = env.expert_plan().poses
    scene = env.judged_scene(plan)
    assert scene.truth.reference_kind == "pdm-closed"
    np.testing.assert_array_equal(scene.truth.human.poses, plan)
    batch = SceneTruthBatch.prepare([scene.truth])
    assert score(batch, plan[None, None]).filtered().epdms(with_ec=False).item() > 0.8
    future = rollout(batch, plan[None, None])[0, 0].numpy()
    now = env.episode.world.copy()
    env.step(plan)
    np.testing.assert_allclose(env.episode.states[-1], future[5], atol=1e-9)
    tracks, world = scene.truth.tracks, env.episode.world
    shown = {name: k for k, name in enumerate(tracks.tokens)}
    moved = 0
    for n in np.flatnonzero(world.vehicles.alive[1:]) + 1:
        k = shown.get(f"v{n:03d}")
        if k is not None and tracks.valid[k, 5]:
            np.testing.assert_allclose(tracks.poses[k, 5, :2], world.vehicles.poses[n, :2], atol=1e-9)
            moved += bool(np.abs(now.vehicles.poses[n] - world.vehicles.poses[n]).max() > 0.5)
    assert moved


def test_the_scene_of_now_looks_nowhere_ahead():
    env = TownEnv(**SMALL)
    env.reset(seed=1)
    truth = env.scene().truth
    assert truth.human is None
    assert truth.tracks.poses.shape[1] == 1
    assert len(truth.reference) == 1
    np.testing.assert_array_equal(truth.ego, env.episode.states[-1])


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_environments_go_in_step(mode):
    envs = vector_env(2, mode, rig=RIG, seconds=1.0, **SMALL)
    alone = TownEnv(RIG, seconds=1.0, **SMALL)
    try:
        seen, _ = envs.reset(seed=[3, 4])
        plans = np.stack([straight_plan(4.0), straight_plan(0.0)]).astype(np.float32)
        after, rewards, _, _, infos = envs.step(plans)
        for k, seed in enumerate((3, 4)):
            for batch, single in ((seen, alone.reset(seed=seed)[0]), (after, alone.step(plans[k])[0])):
                one = list(iterate(envs.observation_space, batch))[k]
                assert all(np.array_equal(one[name], single[name]) for name in single)
        assert rewards.shape == (2,)
        assert infos["progress"].shape == (2,)
        assert envs.step(plans)[3].all()
        assert envs.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
        assert not envs.step(plans)[3].any()
    finally:
        envs.close()


def test_the_view_ahead_is_rendered():
    env = gymnasium.make(NAME, render_mode="rgb_array", **SMALL)
    env.reset(seed=2)
    picture = env.render()
    assert picture.shape == (360, 640, 3)
    assert picture.std() > 10
    assert TownEnv(**SMALL).render() is None


def test_a_car_in_the_way_is_seen_in_the_picture():
    pictures = []
    for obstacles in (standing_car(-78.0), standing_car(100.0)):
        env = TownEnv(RIG)
        env._episode = ride(-90.0, 2.0, obstacles=obstacles)
        pictures.append(env.step(straight_plan(2.0))[0]["images"][0].astype(int))
    assert np.abs(pictures[0] - pictures[1])[6:12, 12:20].max() > 30


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"rig": CameraRig((), 32, 18, np.zeros((0, 3, 3)), np.zeros((0, 4, 4)))}, "camera rig"),
        ({"rig": CameraRig.navsim(0, 18)}, "camera rig"),
        ({"seconds": 0.0}, "seconds"),
        ({"seconds": float("nan")}, "seconds"),
    ],
)
def test_settings_that_cannot_be_are_named(settings, named):
    with pytest.raises(InputError, match=named):
        TownEnv(**settings)


def test_bad_seeds_and_plans_are_named_and_nothing_moves():
    env = TownEnv(**SMALL)
    with pytest.raises(InputError, match="reset first"):
        env.step(np.zeros((8, 3)))
    for seed in (-1, 1.5):
        with pytest.raises(InputError, match="town seed"):
            env.reset(seed=seed)
    env.reset(seed=3)
    bad = np.zeros((8, 3))
    bad[3, 1] = np.nan
    for plan, what in ((bad, "NaN"), (np.zeros((7, 3)), "shape"), (np.zeros(24), "shape")):
        with pytest.raises(InputError, match=what):
            env.step(plan)
    assert env.episode.seconds == 0.0
