"""From recordings to scenes."""

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import shapely
from shapely.geometry import Polygon

from irlvla.epdms.pdm_closed import pdm_closed_reference
from irlvla.scene import Command, Layer, ObjectKind
from irlvla.scene.frames import poses_to_global
from irlvla.sources.argoverse2 import read_log
from irlvla.sources.polylines import project
from irlvla.sources.scenarionet import read_scenario, read_scenario_bytes
from irlvla.sources.scenes import cut_scenes
from tests.sources.made_up import EGO_SPEED, STEPS, new_scenario, old_scenario_pickle, write_argoverse2


@pytest.fixture(scope="module", params=["nuscenes", "waymo", "argoverse2"])
def recording(request, tmp_path_factory):
    if request.param == "nuscenes":
        return read_scenario(new_scenario(), "file")
    if request.param == "waymo":
        return read_scenario_bytes(old_scenario_pickle(), "file")
    return read_log(write_argoverse2(tmp_path_factory.mktemp("logs") / "made-up-3"))


@pytest.fixture(scope="module")
def cut(recording):
    return cut_scenes(recording)


@pytest.fixture(scope="module")
def scenes(cut):
    return list(cut.scenes())


def of_ego(scenes, name):
    return [scene for scene in scenes if f"-{name}-" in scene.token]


def driven(scene):
    """``[9, 3]`` poses of now and of the recorded future at 2 Hz, global frame."""
    now = scene.truth.ego[None, :3]
    return np.concatenate([now, poses_to_global(scene.truth.human.poses, now)])


def test_every_car_is_the_ego(cut, scenes):
    assert cut.egos == 3
    assert cut.skipped == {"parked": 1}
    assert len(scenes) == len({scene.token for scene in scenes}) == 3 * 9
    assert [scene.token[-4:] for scene in of_ego(scenes, "ego")] == [f"{step:04d}" for step in range(15, 60, 5)]


def test_all_scenes_share_the_log_and_the_map(recording, scenes):
    assert {scene.log for scene in scenes} == {recording.name}
    assert {scene.source for scene in scenes} == {recording.source}
    assert len({id(scene.truth.map) for scene in scenes}) == 1


def test_ego_state_history_and_future(scenes):
    for scene in of_ego(scenes, "ego"):
        step = int(scene.token[-4:])
        truth = scene.truth
        np.testing.assert_allclose(truth.ego[:3], [10 + 0.8 * step, 0, 0], atol=1e-3)
        np.testing.assert_allclose(truth.ego[3:], [EGO_SPEED, *[0] * 7], atol=1e-3)
        np.testing.assert_allclose(truth.past[:, 0], [-1.5e6, -1.0e6, -0.5e6, 0], atol=1)
        np.testing.assert_allclose(truth.past[:, 1], truth.ego[0] + EGO_SPEED * truth.past[:, 0] / 1e6, atol=1e-3)
        np.testing.assert_allclose(scene.history[:, 0], [-12, -8, -4, 0], atol=1e-3)
        np.testing.assert_allclose(scene.history[:, 3], EGO_SPEED, atol=1e-3)
        np.testing.assert_allclose(truth.human.poses[:, 0], 4.0 * np.arange(1, 9), atol=1e-3)


def test_the_human_drives_on_to_the_next_scene(scenes):
    tokens = {scene.token: scene for scene in scenes}
    for scene in scenes:
        if scene.previous is not None:
            np.testing.assert_allclose(driven(tokens[scene.previous])[1], scene.truth.ego[:3], atol=1e-9)


def test_the_reference_is_what_pdm_closed_would_do(scenes):
    for scene in scenes:
        assert scene.truth.reference_kind == "pdm-closed"
        np.testing.assert_array_equal(scene.truth.reference, pdm_closed_reference(scene.truth))
    for scene in of_ego(scenes, "ego"):
        first, last = scene.truth.reference[[0, -1]]
        np.testing.assert_allclose(first[0], scene.truth.ego[0], atol=1e-3)
        assert np.abs(first[1] - [-1, 0, 1]).min() < 1e-3, "one of the three lines beside and on the lane's middle"
        assert last[0] - first[0] > 5


def test_the_frame_before_is_named(scenes):
    tokens = {scene.token: scene for scene in scenes}
    firsts = [scene for scene in scenes if scene.previous is None]
    assert [scene.token[-4:] for scene in firsts] == ["0015"] * 3
    for scene in scenes:
        if scene.previous is not None:
            assert scene.truth.t0_us - tokens[scene.previous].truth.t0_us == 500_000


def test_others_are_tracks_and_the_ego_is_not(recording, scenes):
    for scene in scenes:
        tracks = scene.truth.tracks
        own = "ego" if "-ego-" in scene.token else scene.token.split("-")[-2]
        names = {recording.ids[recording.ego]: "ego"}
        assert own not in {names.get(token, token) for token in tracks.tokens}
    turner = of_ego(scenes, "1002" if recording.source == "waymo" else "turner00")[0]
    recorder = turner.truth.tracks.tokens.index(recording.ids[recording.ego])
    assert turner.truth.tracks.kinds[recorder] == ObjectKind.VEHICLE
    np.testing.assert_allclose(
        turner.truth.tracks.poses[recorder, 0], recording.poses[recording.ego, int(turner.token[-4:])]
    )
    np.testing.assert_allclose(turner.truth.tracks.velocities[recorder], np.tile([EGO_SPEED, 0], (41, 1)), atol=1e-3)


def test_commands(recording, scenes):
    turner = of_ego(scenes, "1002" if recording.source == "waymo" else "turner00")
    assert turner[0].command == Command.LEFT
    assert turner[-1].command == Command.STRAIGHT, "it has turned by then"
    assert {scene.command for scene in of_ego(scenes, "ego")} == {Command.STRAIGHT}


def test_the_centre_line_lies_under_the_future(scenes):
    for scene in scenes:
        line = scene.truth.centerline
        steps = np.linalg.norm(np.diff(line[:, :2], axis=0), axis=1)
        assert ((steps > 0.8) & (steps < 1.001)).all()
        offsets = [abs(project(line[:, :2], pose[:2])[1]) for pose in driven(scene)]
        assert max(offsets) < 1.5
        s, _ = project(line[:, :2], scene.truth.ego[:2])
        assert len(line) - s > 75


def test_the_recorded_drives_are_legal(scenes):
    """The judge's areas: all of the metric's box on the road, its centre on lanes of the route."""
    for scene in scenes:
        road = layers(scene, Layer.ROADBLOCK, Layer.INTERSECTION, Layer.DRIVABLE_AREA)
        lanes = [k for k, name in enumerate(scene.truth.map.ids) if name in scene.truth.route]
        route = shapely.union_all([Polygon(scene.truth.map.polygons[k]) for k in lanes])
        for x, y, heading in driven(scene)[::2]:
            along = np.array([np.cos(heading), np.sin(heading)])
            assert route.buffer(0.3).contains(shapely.Point(np.array([x, y]) + 1.461 * along))
            corners = np.array([[a, b] for a in (-1.127, 4.049) for b in (-1.1485, 1.1485)])
            turn = np.array([along, [-along[1], along[0]]])
            assert shapely.contains_xy(road, corners @ turn + [x, y]).all()


def layers(scene, *kinds):
    drawn = scene.truth.map
    parts = []
    for k in drawn.of_layer(*kinds):
        parts.append(Polygon(drawn.polygons[k], [drawn.holes[h] for h in np.flatnonzero(drawn.hole_owners == k)]))
    return shapely.union_all(parts)


def test_cutting_twice_gives_the_same(recording, scenes):
    again = list(cut_scenes(recording).scenes())
    assert [scene.token for scene in again] == [scene.token for scene in scenes]
    for one, other in zip(scenes, again, strict=True):
        np.testing.assert_array_equal(one.truth.centerline, other.truth.centerline)
        assert one.truth.route == other.truth.route


def standing_recording(other_steps=STEPS):
    """The recording car waits for 8 s and then leaves; the other car drives for ``other_steps``, the rest is gone."""
    recording = read_scenario(new_scenario(160), "file")
    poses, valid = recording.poses.copy(), recording.valid.copy()
    t = 0.1 * np.arange(160)
    poses[0, :, 0] = 50 + 1.0 * np.maximum(t - 8, 0) ** 2
    valid[1, other_steps:] = False
    valid[2:4] = False
    return replace(recording, poses=poses, valid=valid)


def test_few_scenes_stand():
    cut = cut_scenes(standing_recording())
    scenes = list(cut.scenes())
    moved = [np.linalg.norm(np.diff(driven(s)[:, :2], axis=0), axis=1).sum() for s in scenes]
    assert sum(distance < 5 for distance in moved) == cut.standing == 2
    assert cut.standing <= 0.1 * len(scenes)
    assert cut.skipped["scenes: standing"] > 5


def test_a_standing_car_that_leaves_later_knows_where_it_will_go():
    cut = cut_scenes(standing_recording())
    standing = [s for s in cut.scenes() if np.ptp(driven(s)[:, 0]) < 5]
    assert Command.STRAIGHT in {scene.command for scene in standing}


def test_cars_off_the_lanes_and_too_big_ones_are_counted():
    recording = read_scenario(new_scenario(), "file")
    poses, sizes = recording.poses.copy(), recording.sizes.copy()
    poses[1, :, 1] = -30.0
    sizes[2, 0] = 12.0
    valid = recording.valid.copy()
    valid[3, 30:] = False
    cut = cut_scenes(replace(recording, poses=poses, sizes=sizes, valid=valid))
    assert cut.egos == 1
    assert cut.skipped == Counter({"off the lane map": 1, "not of a car's size": 1, "seen too briefly": 1})


def cases(shared, log):
    for path in sorted((shared / "epdms_cases/real" / log).glob("*.json")):
        if path.name.count(".") == 1:
            yield json.loads(path.read_text())


@pytest.mark.parametrize("log", ["nus_0061", "nus_0103", "nus_0796", "av2_7fab2350", "av2_adcf7d18"])
def test_real_scenes_agree_with_those_converted_independently(shared, log):
    """Same instants, same ego, same tracks, same centre line, no less road."""
    if log.startswith("nus"):
        recording = read_scenario_bytes((shared / f"data/nuscenes/scene-{log[4:]}.pkl").read_bytes(), log)
    else:
        recording = read_log(next((shared / "data/argoverse2").glob(f"{log[4:]}*")))
    own = {scene.token[-4:]: scene for scene in cut_scenes(recording).scenes() if "-ego-" in scene.token}
    by_time = {scene.truth.t0_us: scene for scene in own.values()}
    compared = 0
    for case in cases(shared, log):
        step = round(10 * float(case["name"].split("_t")[1].replace("p", ".")))
        scene = own.get(f"{step:04d}") if log.startswith("nus") else by_time[case["t0_us"]]
        if scene is not None:
            assert_agrees(scene, case)
            compared += 1
    assert compared >= 6


def assert_agrees(scene, case):
    ego = np.array([case["ego"][key] for key in ("x", "y", "heading", "vx", "vy", "ax", "ay")])
    np.testing.assert_allclose(scene.truth.ego[:2], ego[:2], atol=0.02)
    np.testing.assert_allclose(scene.truth.ego[2], ego[2], atol=0.002)
    np.testing.assert_allclose(scene.truth.ego[3:5], ego[3:5], atol=0.2)
    np.testing.assert_allclose(scene.truth.ego[5:7], ego[5:7], atol=0.6)
    np.testing.assert_allclose(scene.truth.human.poses, case["human"]["poses"], atol=0.05)
    assert {token[:8] for token in scene.truth.tracks.tokens} == {track["token"][:8] for track in case["tracks"]}
    line = np.array(case["centerline"])[:, :2]
    offsets = np.array([abs(project(line, point[:2])[1]) for point in scene.truth.centerline])
    assert (offsets < 0.5).mean() > 0.88, "beyond the first metres, where only the longer one has a line"
    near = shapely.Point(ego[:2]).buffer(60)
    kinds = ("ROADBLOCK", "INTERSECTION", "DRIVABLE_AREA")
    theirs = [Polygon(p["polygon"], p["holes"]).buffer(0) for p in case["map"] if p["type"] in kinds]
    road = layers(scene, *(Layer[kind] for kind in kinds))
    missing = shapely.union_all(theirs).intersection(near).difference(road)
    assert missing.area < 0.05 * near.intersection(shapely.union_all(theirs)).area
