"""Scenes of towns: what a seed gives, thinning, second stages, the same in any process."""

import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely

from irlvla.epdms import SceneTruthBatch, score
from irlvla.errors import InputError
from irlvla.scene import Command, Layer, PathAction, Scene, SceneStore
from irlvla.scene.frames import poses_to_global, poses_to_local
from irlvla.sources import render
from irlvla.sources.town import RoadSettings, TownSettings, TrafficSettings, make_log, make_scenes
from irlvla.sources.town.follow_ups import Displacement, displaced_path, draw_displacements
from irlvla.sources.town.scenes import command_of, is_first_stage

ROOT = Path(__file__).resolve().parents[3]
SMALL = TownSettings(
    roads=RoadSettings(rows=(2, 2), columns=(2, 2)), traffic=TrafficSettings(density=1.2), seconds=18.0, followers=1
)
SEED = 1


@pytest.fixture(scope="module")
def log():
    return make_log(SEED, SMALL)


@pytest.fixture(scope="module")
def scenes(log):
    return {scene.token: scene for scene in log.scenes}


def first_stage(scenes: dict[str, Scene]) -> list[Scene]:
    return [scene for scene in scenes.values() if scene.follows is None]


def digest(scene: Scene) -> str:
    truth = scene.truth
    parts = [
        truth.ego, truth.past, truth.centerline, truth.reference, truth.tracks.poses, truth.tracks.velocities,
        truth.human.poses, truth.map.polygons.points, truth.map.lines.points, truth.scenery.signals,
        truth.scenery.lamps, scene.history,
    ]  # fmt: skip
    content = b"".join(np.ascontiguousarray(part).tobytes() for part in parts)
    words = repr((scene.token, scene.instruction, truth.language, truth.route, truth.scenery.weather))
    pictures = render(replace(scene, cameras=scene.cameras.resized(64, 36)))
    return hashlib.sha256(content + words.encode() + pictures.tobytes()).hexdigest()


def test_a_log_has_pairs_half_a_second_apart(scenes):
    paired = [scene for scene in first_stage(scenes) if scene.previous]
    assert paired
    for scene in paired:
        earlier = scenes[scene.previous]
        assert scene.truth.t0_us - earlier.truth.t0_us == 500_000
        assert earlier.previous is None
        assert scene.truth.map is earlier.truth.map
    assert len(first_stage(scenes)) == 2 * len(paired)


def test_history_and_truth_tell_the_same(scenes):
    for scene in scenes.values():
        past, ego = scene.truth.past, scene.truth.ego
        assert past[:, 0].tolist() == [-1_500_000, -1_000_000, -500_000, 0]
        np.testing.assert_allclose(past[-1, 1:4], ego[:3])
        np.testing.assert_allclose(scene.history[:, :3], poses_to_local(past[:, 1:4], ego[:3]), atol=1e-9)
        np.testing.assert_array_equal(scene.history[-1, 3:], ego[3:7])
        steps = np.linalg.norm(np.diff(past[:, 1:3], axis=0), axis=1)
        means = np.hypot(past[:, 4], past[:, 5])
        assert np.abs(steps - 0.25 * (means[1:] + means[:-1])).max() < 0.15


def test_the_human_is_what_the_ego_does_next(scenes):
    """The earlier scene of a pair foresees where the later one begins."""
    for scene in first_stage(scenes):
        if scene.previous:
            earlier = scenes[scene.previous].truth
            first = poses_to_global(earlier.human.poses[:1], earlier.ego[:3])[0]
            np.testing.assert_allclose(first, scene.truth.ego[:3], atol=1e-9)


def test_nobody_overlaps_the_ego_now(scenes):
    for scene in scenes.values():
        ego = box(scene.truth.ego[:2] + 1.461 * direction(scene.truth.ego[2]), scene.truth.ego[2], (5.176, 2.297))
        tracks = scene.truth.tracks
        for n in np.flatnonzero(tracks.valid[:, 0]):
            other = box(tracks.poses[n, 0, :2], tracks.poses[n, 0, 2], tracks.sizes[n, :2])
            assert not ego.intersects(other), (scene.token, tracks.tokens[n])


def box(middle: np.ndarray, heading: float, size: tuple[float, float]) -> shapely.Polygon:
    signs = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) / 2 * np.asarray(size)
    turn = np.array([direction(heading), direction(heading + np.pi / 2)])
    return shapely.Polygon(signs @ turn + middle)


def direction(heading: float) -> np.ndarray:
    return np.array([np.cos(heading), np.sin(heading)])


def test_the_ego_stands_on_its_route(scenes):
    for scene in scenes.values():
        hdmap = scene.truth.map
        index = {name: k for k, name in enumerate(hdmap.ids)}
        assert set(scene.truth.route) <= set(index)
        layers = {Layer(hdmap.layers[index[name]]) for name in scene.truth.route}
        assert layers <= {Layer.LANE, Layer.LANE_CONNECTOR}
        point = shapely.Point(scene.truth.ego[:2])
        assert any(shapely.Polygon(hdmap.polygons[index[name]]).distance(point) < 0.3 for name in scene.truth.route)
        line = shapely.LineString(scene.truth.centerline[:, :2])
        assert line.length >= 79.0
        if is_first_stage(scene.token):
            assert line.distance(point) < 2.0


def test_the_expert_is_good_and_thinning_knows_constant_velocity_alone(log, scenes):
    judged = first_stage(scenes)
    plans = np.stack([scene.truth.human.poses for scene in judged])[:, None]
    scores = score(SceneTruthBatch.prepare([scene.truth for scene in judged]), plans).filtered()
    assert scores.epdms(with_ec=False).mean() > 0.85
    everything = make_log(SEED, replace(SMALL, easiest=2.0, followers=0))
    nothing = make_log(SEED, replace(SMALL, easiest=0.0))
    assert everything.kept == everything.candidates == log.candidates
    assert nothing.kept == 0
    assert nothing.scenes == ()
    assert log.kept == (log.straight_on < SMALL.easiest).sum()
    np.testing.assert_array_equal(log.straight_on, everything.straight_on)


def test_followers_come_in_pairs_four_seconds_later(scenes):
    followers = [scene for scene in scenes.values() if scene.follows]
    assert followers
    for scene in followers:
        leader = scenes[scene.follows]
        assert scene.truth.t0_us - leader.truth.t0_us == 4_000_000
        if scene.previous:
            assert scenes[scene.previous].follows == leader.previous
            assert scene.truth.t0_us - scenes[scene.previous].truth.t0_us == 500_000
        assert not is_first_stage(scene.token)
        end = poses_to_global(leader.truth.human.poses[-1:], leader.truth.ego[:3])[0]
        assert np.hypot(*(scene.truth.ego[:2] - end[:2])) < 4.5


def test_a_displaced_path_ends_where_it_should():
    motion = np.zeros((41, 11))
    motion[:, 0], motion[:, 3] = 0.8 * np.arange(41), 8.0
    path = displaced_path(motion, Displacement(1.0, -0.7, 0.05, 0.1))
    assert path.shape == (40, 5)
    np.testing.assert_allclose(path[-1, :2], [33.0, -0.7], atol=1e-9)
    assert path[-1, 3] * np.cos(path[-1, 2]) == pytest.approx(8.8)
    assert np.tan(path[-1, 2]) == pytest.approx(8.0 * np.tan(0.05) / 8.8)
    np.testing.assert_allclose(path[0], [0.8, 0.0, 0.0, 8.0, 0.0], atol=0.03)
    same = displaced_path(motion, Displacement(0.0, 0.0, 0.0, 0.0))
    np.testing.assert_allclose(same[:, :4], motion[1:, :4], atol=1e-12)
    moved = np.linalg.norm(np.diff(path[:, :2], axis=0), axis=1)
    np.testing.assert_allclose(moved, 0.05 * (path[1:, 3] + path[:-1, 3]), atol=0.01)


def test_displacements_are_bounded_and_begin_with_none():
    drawn = draw_displacements(200, np.random.default_rng(0))
    assert drawn[0] == Displacement(0.0, 0.0, 0.0, 0.0)
    assert max(abs(d.along) for d in drawn) <= 3.0
    assert max(abs(d.aside) for d in drawn) <= 1.2
    assert len(draw_displacements(0, np.random.default_rng(0))) == 0


@pytest.mark.parametrize(("side", "command"), [(3.0, Command.LEFT), (-3.0, Command.RIGHT), (1.5, Command.STRAIGHT)])
def test_the_command_is_where_the_line_lies_after_twenty_metres(side, command):
    x = np.linspace(-10.0, 80.0, 91)
    line = np.column_stack([x, side * (np.clip(x, 0, None) / 20.0) ** 2, np.zeros(91)])
    assert command_of(line, np.zeros(3)) == command


def test_words_fit_the_scene(scenes):
    for scene in scenes.values():
        language = scene.truth.language
        assert language is not None
        assert len(language.answers) >= 3
        assert scene.instruction.endswith("?")
        if language.path == PathAction.LEFT_TURN:
            assert scene.truth.human.poses[-1, 2] > 0


def test_the_same_seed_gives_the_same_scenes_and_pictures_in_another_process(scenes):
    token = first_stage(scenes)[-1].token
    script = (
        "from tests.sources.town.test_scenes import SEED, SMALL, digest, make_log\n"
        f"print(digest(next(s for s in make_log(SEED, SMALL).scenes if s.token == {token!r})))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == digest(scenes[token])
    others = {digest(scene) for scene in first_stage(scenes)[:3]}
    assert len(others) == 3


def test_a_store_does_not_depend_on_the_workers_and_goes_on(tmp_path):
    settings = replace(SMALL, followers=0)
    one = make_scenes(tmp_path / "one", 6, "train", settings, workers=1)
    two = make_scenes(tmp_path / "two", 6, "train", settings, workers=2)
    assert one.scenes == two.scenes >= 6
    first, second = SceneStore(tmp_path / "one"), SceneStore(tmp_path / "two")
    assert first.tokens == second.tokens
    assert digest(first[first.tokens[-1]]) == digest(second[second.tokens[-1]])
    again = make_scenes(tmp_path / "one", 6, "train", settings, workers=1)
    assert (again.scenes, again.logs, again.candidates) == (one.scenes, one.logs, 0)
    held_out = make_scenes(tmp_path / "one", 2, "test", settings, workers=1)
    assert held_out.candidates > 0
    assert len(SceneStore(tmp_path / "one")) == one.scenes + held_out.scenes


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: make_log(-1, SMALL), "seed"),
        (lambda: TownSettings(followers=-1), "followers"),
        (lambda: TownSettings(seconds=2.0), "seconds"),
        (lambda: TrafficSettings(density=-1.0), "density"),
        (lambda: TrafficSettings(parked=1.5), "parked"),
        (lambda: TrafficSettings(density=float("nan")), "density"),
        (lambda: make_scenes(Path("nowhere"), 0, "train", SMALL), "scenes"),
        (lambda: make_scenes(Path("nowhere"), 5, "val", SMALL), "split"),
        (lambda: make_scenes(Path("nowhere"), 5, "train", SMALL, first_seed=-3), "seed"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_made(make, named):
    with pytest.raises(InputError, match=named):
        make()
    assert not Path("nowhere").exists()
