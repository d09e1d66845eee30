"""The made-up data set is what it is meant to be: complete, consistent, laid out as the real one, always the same."""

import csv
import pickle
import sqlite3
from contextlib import closing
from itertools import pairwise

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from irlvla.scene.frames import to_global, wrap
from irlvla.sources.render import render
from tests.sources.navsim.made_up import LAST_FUTURE, write_made_up
from tests.sources.navsim.made_up_logs import NO_ROUTE, block_under, frame, token, track_token
from tests.sources.navsim.made_up_objects import names_in, read_pickle
from tests.sources.navsim.made_up_pictures import read_points
from tests.sources.navsim.made_up_second_stage import BEYOND, HISTORY
from tests.sources.navsim.made_up_splits import BELOW

SPLITS = {
    "navtrain": "trainval", "navmini": "mini", "navtest": "test", "navhard_two_stage": "test",
    "warmup_two_stage": "test", "private_test_hard_two_stage": "private_test_hard",
}  # fmt: skip
TWO_STAGES = ("navhard_two_stage", "warmup_two_stage")
NUPLAN = "nuplan.common.actor_state"
LOG_NAMES = {
    "numpy.core.numeric._frombuffer", "numpy.core.multiarray._reconstruct", "numpy.core.multiarray.scalar",
    "numpy.dtype", "numpy.ndarray", "builtins.bytearray",
}  # fmt: skip
SCENE_NAMES = LOG_NAMES | {
    "pathlib.PosixPath", "shapely.io.from_wkb",
    "nuplan.planning.simulation.observation.observation_type.DetectionsTracks",
    f"{NUPLAN}.tracked_objects.TrackedObjects", f"{NUPLAN}.agent.Agent", f"{NUPLAN}.static_object.StaticObject",
    f"{NUPLAN}.oriented_box.OrientedBox", f"{NUPLAN}.scene_object.SceneObjectMetadata",
    f"{NUPLAN}.tracked_objects_types.TrackedObjectType", f"{NUPLAN}.state_representation.StateSE2",
    f"{NUPLAN}.state_representation.StateVector2D", f"{NUPLAN}.state_representation.TimePoint",
    "nuplan.common.maps.maps_datatypes.TrafficLightStatuses",
    "nuplan.common.maps.maps_datatypes.TrafficLightStatusData",
    "nuplan.common.maps.maps_datatypes.TrafficLightStatusType",
}  # fmt: skip


def filter_of(made_up, name):
    return yaml.safe_load((made_up.devkit_root / BELOW / "scene_filter" / f"{name}.yaml").read_text())


def split_of(made_up, name):
    return yaml.safe_load((made_up.devkit_root / BELOW / f"{name}.yaml").read_text())


def is_hex(text, length):
    return len(text) == length and set(text) <= set("0123456789abcdef")


def windows(content, split):
    """Scenes as NAVSIM cuts them: frames until now and after, by the token of now."""
    whole = split["num_history_frames"] + split["num_future_frames"]
    for first in range(0, len(content) - whole + 1, split["frame_interval"] or whole):
        now = content[first + split["num_history_frames"] - 1]
        if now["roadblock_ids"] and now["token"] in split["tokens"]:
            yield now["token"], content[first : first + whole]


@pytest.mark.parametrize("name", ["navtrain", "navmini", "navtest", *TWO_STAGES])
def test_every_scene_of_a_split_can_be_cut_and_has_its_pictures(made_up, name):
    split, data_split = filter_of(made_up, name), split_of(made_up, name)["data_split"]
    assert data_split == SPLITS[name]
    assert split["_target_"] == "navsim.common.dataclasses.SceneFilter"
    found = {}
    for log in split["log_names"]:
        content = read_pickle(made_up.data_root / "navsim_logs" / data_split / f"{log}.pkl")
        found |= dict(windows(content, split))
    assert set(found) == set(split["tokens"])
    for cut in found.values():
        now = cut[HISTORY - 1]
        assert len(now["cams"]) == 8
        for camera in now["cams"].values():
            with Image.open(made_up.data_root / "sensor_blobs" / data_split / camera["data_path"]) as picture:
                assert picture.size == (480, 270)


def test_tokens_are_unique_and_as_long_as_they_should_be(made_up):
    known = []
    for log in made_up.logs.values():
        content = read_pickle(made_up.log_file(log))
        known += [each["token"] for each in content]
        known += [instance for each in content for instance in each["anns"]["instance_tokens"]]
    assert len(known) == len(set(known))
    assert all(is_hex(each, 16) for each in known)
    second = [follower.token for follower in made_up.followers.values()]
    second += [follower.scene_token for follower in made_up.followers.values()]
    assert len(second) == len(set(second))
    assert all(is_hex(each, 17) for each in second)


def test_frames_tell_of_the_ride(made_up):
    for log in made_up.logs.values():
        content = read_pickle(made_up.log_file(log))
        assert content[0].keys() >= {"can_bus", "lidar2ego_rotation", "vehicle_name", "frame_idx", "sample_prev"}
        gaps = np.diff([each["timestamp"] for each in content])
        assert (np.abs(gaps - 500_000) < 9_000).all()
        assert (gaps != 500_000).any()
        for k, each in enumerate(content):
            w, x, y, z = each["ego2global_rotation"]
            yaw = np.arctan2(2 * (w * z - x * y), 1 - 2 * (y * y + z * z))  # NAVSIM's order of turns
            pose = np.array([*each["ego2global_translation"][:2], yaw])
            assert np.allclose(pose, log.poses[k], atol=1e-9)
            seen, anns = log.seen(k), each["anns"]
            centres = to_global(anns["gt_boxes"][:, :2], pose)
            shown = [n for n, name in enumerate(seen.names) if track_token(log, name) in anns["track_tokens"]]
            assert len(seen.names) - len(shown) <= 1
            assert np.allclose(centres, seen.poses[shown, :2] + log.mapped.shift, atol=1e-6)
            assert np.allclose(wrap(anns["gt_boxes"][:, 6] + yaw - seen.poses[shown, 2]), 0, atol=1e-9)
            speeds = np.linalg.norm(anns["gt_velocity_3d"], axis=1)
            assert np.allclose(speeds, np.linalg.norm(seen.velocities[shown], axis=1))
            assert each["driving_command"].sum() == 1


def test_the_usual_order_of_turns_would_give_another_yaw(made_up):
    log = next(iter(made_up.logs.values()))
    errors = []
    for k, each in enumerate(read_pickle(made_up.log_file(log))):
        w, x, y, z = each["ego2global_rotation"]
        errors.append(wrap(np.arctan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z)) - log.poses[k, 2]))
    assert np.abs(errors).max() > 1e-4


def test_all_kinds_of_objects_and_lights_and_routes_are_there(made_up):
    names, red, routes = set(), set(), []
    for log in made_up.logs.values():
        for each in read_pickle(made_up.log_file(log)):
            names |= set(each["anns"]["gt_names"])
            red |= {is_red for _, is_red in each["traffic_lights"]}
            routes.append(each["roadblock_ids"])
            assert set(map(type, each["roadblock_ids"])) <= {str}
    assert names >= {"vehicle", "pedestrian", "bicycle", "traffic_cone", "barrier", "czone_sign"}
    assert red == {True, False}
    assert [] in routes
    assert any(len(route) > len(set(route)) for route in routes)


def test_some_routes_lack_a_link_or_begin_off_the_road(made_up):
    links = set()
    for path in made_up.maps_root.glob("*/*/map.gpkg"):
        with closing(sqlite3.connect(path)) as database:
            for fid, source, goal in database.execute(
                "SELECT fid, from_lane_group_fid, to_lane_group_fid FROM lane_group_connectors"
            ):
                links |= {(str(source), str(fid)), (str(fid), str(goal))}
    broken, whole, away = 0, 0, 0
    for log in made_up.logs.values():
        for k in range(len(log)):
            once = list(dict.fromkeys(frame(log, k)["roadblock_ids"]))
            away += bool(once) and block_under(log, k) not in once
            good = all(link in links for link in pairwise(once))
            broken, whole = broken + (not good), whole + good
    assert 0 < broken < whole
    assert 0 < away < whole


def test_something_that_stands_is_not_annotated_in_some_frames(made_up):
    log = next(log for log in made_up.logs.values() if log.flickers)
    seen = [
        track_token(log, log.flickers) in each["anns"]["track_tokens"] for each in read_pickle(made_up.log_file(log))
    ]
    assert any(a and not b and c for a, b, c in zip(seen, seen[1:], seen[2:], strict=False))


def test_pictures_are_pinhole_pictures_once_the_lens_is_undone(made_up):
    log = made_up.frames[made_up.splits["navtest"].tokens[1]][0]
    k = made_up.frames[made_up.splits["navtest"].tokens[1]][1]
    content = frame(log, k)
    wanted = render(log.scene(k), log.rig.pinhole())
    columns, rows = np.meshgrid(np.arange(480.0), np.arange(270.0))  # OpenCV's pixel centres
    for number, (name, camera) in enumerate(content["cams"].items()):
        matrix, (k1, k2, p1, p2, k3) = camera["cam_intrinsic"], camera["distortion"]
        assert abs(k1) > 0.1
        x, y = (columns - matrix[0, 2]) / matrix[0, 0], (rows - matrix[1, 2]) / matrix[1, 1]
        r2 = x * x + y * y
        radial = 1 + k1 * r2 + k2 * r2**2 + k3 * r2**3
        bent = (
            x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x),
            y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y,
        )
        u, v = matrix[0, 0] * bent[0] + matrix[0, 2], matrix[1, 1] * bent[1] + matrix[1, 2]
        grid = torch.from_numpy(np.stack([(2 * u + 1) / 480 - 1, (2 * v + 1) / 270 - 1], -1))[None].float()
        with Image.open(made_up.picture(log, k, name)) as picture:
            seen = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].float()
        undone = torch.nn.functional.grid_sample(seen, grid, align_corners=False)[0].permute(1, 2, 0).numpy()
        inside = (u > 0) & (u < 479) & (v > 0) & (v < 269)
        assert inside.mean() > 0.9
        error = np.abs(undone - wanted[number])[inside].mean()
        moved = np.abs(np.roll(undone, 2, axis=1) - wanted[number])[inside].mean()
        assert error < 5.0
        assert error < 0.7 * moved


def test_point_clouds_can_be_read(made_up):
    files = sorted(made_up.data_root.glob("sensor_blobs/*/*/MergedPointCloud/*.pcd"))
    assert files
    for path in files:
        points = read_points(path)
        assert points.shape[0] == 6
        assert points.shape[1] > 200
        assert np.isfinite(points).all()
        assert np.abs(points[:2]).max() < 90


@pytest.mark.filterwarnings("ignore:numpy.core:DeprecationWarning")
def test_pickles_name_what_the_original_ones_name_and_nothing_else(made_up):
    for path in made_up.data_root.rglob("*.pkl"):
        wanted = SCENE_NAMES if path.parent.name == "synthetic_scene_pickles" else LOG_NAMES
        names = names_in(path)
        assert names <= wanted
        assert "numpy.core.numeric._frombuffer" in names
    scenes = set().union(*(names_in(path) for path in made_up.data_root.rglob("synthetic_scene_pickles/*.pkl")))
    assert scenes >= {name for name in SCENE_NAMES if name.startswith(("nuplan", "pathlib", "shapely"))}
    with pytest.raises(ModuleNotFoundError, match="nuplan"):
        pickle.loads(next(made_up.data_root.rglob("synthetic_scene_pickles/*.pkl")).read_bytes())


@pytest.mark.parametrize("name", TWO_STAGES)
def test_second_stage_follows_the_first(made_up, name):
    split = filter_of(made_up, name)
    folder = made_up.data_root / name
    scenes = {}
    for path in (folder / "synthetic_scene_pickles").iterdir():
        scene = read_pickle(path)
        assert path.stem == scene["scene_metadata"]["scene_token"]
        scenes[scene["scene_metadata"]["initial_token"]] = scene
    assert set(scenes) == set(split["reactive_synthetic_initial_tokens"])
    mapping = split_of(made_up, name)["reactive_all_mapping"]
    assert mapping
    for now, before, pairs in mapping:
        log, k = made_up.frames[now]
        content = read_pickle(made_up.log_file(log))
        assert content[k - 1]["token"] == before
        assert pairs
        for pair in pairs:
            for ago, each in enumerate(pair):
                scene = scenes[each]
                meta, frames = scene["scene_metadata"], scene["frames"]
                assert meta["corresponding_original_initial_token"] == (now, before)[ago]
                assert meta["corresponding_original_scene"] == content[k - ago + BEYOND]["token"]
                assert len(frames) == HISTORY + meta["num_future_frames"]
                assert frames[HISTORY - 1]["token"] == each
                extended = len(scene["extended_detections_tracks"]), len(scene["extended_traffic_light_data"])
                assert extended == (BEYOND - meta["num_future_frames"],) * 2
                late = frames[HISTORY - 1]["timestamp"] - content[k - ago]["timestamp"]
                assert abs(late - 4_000_000) < 9_000
                pose = frames[HISTORY - 1]["ego_status"]["ego_pose"]
                assert np.allclose(pose, made_up.followers[each].pose)
                assert np.linalg.norm(pose[:2] - log.poses[k - ago + BEYOND, :2]) < 6.0
                for camera in frames[HISTORY - 1]["camera_dict"].values():
                    assert (folder / "sensor_blobs" / camera["data_path"]).is_file()
    rows = list(csv.DictReader((folder / "synthetic_scenes_attributes.csv").open()))
    assert {row["synthetic_scene_token"] for row in rows} == {
        s["scene_metadata"]["scene_token"] for s in scenes.values()
    }


def test_detections_are_where_the_others_are(made_up):
    split = made_up.splits["navhard_two_stage"]
    follower = made_up.followers[split.synthetic[0]]
    scene = read_pickle(made_up.scene_file("navhard_two_stage", follower))
    detections = scene["extended_detections_tracks"][-1].tracked_objects.tracked_objects
    seen = follower.seen(HISTORY + BEYOND - 1)
    places = {track_token(follower.log, name): pose for name, pose in zip(seen.names, seen.poses, strict=True)}
    assert len(detections) == len(places)
    for each in detections:
        x, y, heading = places[each._metadata.track_token]
        centre = each._box._center
        assert np.allclose([centre.x, centre.y], np.array([x, y]) + follower.log.mapped.shift)
        assert centre.heading == heading


def test_private_split_tells_what_a_policy_sees_alone(made_up):
    name = "private_test_hard_two_stage"
    split = filter_of(made_up, name)
    assert split["log_names"] is None
    listed = read_pickle(made_up.data_root / "navsim_logs/private_test_hard/private_test_hard.pkl")
    groups = {}
    for each in listed:
        groups.setdefault(each["scene_token"], []).append(each)
    found = set()
    for group in groups.values():
        assert [each["frame_idx"] for each in group] == list(range(5))
        assert all("anns" not in each and each["roadblock_ids"] == [] for each in group)
        for each in group[3:]:
            found.add(each["token"])
            for camera in each["cams"].values():
                assert (made_up.data_root / "sensor_blobs/private_test_hard" / camera["data_path"]).is_file()
                assert camera["data_path"].startswith("CAM_")
    assert found == set(split["tokens"])
    synthetic = set()
    for path in (made_up.data_root / name / "openscene_meta_datas").iterdir():
        frames = read_pickle(path)
        assert len(frames) == 5
        assert (np.abs(np.diff([each["timestamp"] for each in frames]) - 500_000) < 9_000).all()
        for each in frames[3:]:
            synthetic.add(each["token"])
            for camera in each["cams"].values():
                assert (made_up.data_root / name / "sensor_blobs" / camera["data_path"]).is_file()
    assert synthetic == set(split["reactive_synthetic_initial_tokens"])


def test_maps_are_whole(made_up):
    paths = sorted(made_up.maps_root.glob("*/*/map.gpkg"))
    assert len(paths) == 2
    for path in paths:
        with closing(sqlite3.connect(path)) as database:
            tables = [name for (name,) in database.execute("SELECT table_name FROM gpkg_geometry_columns")]
            fids = {name: {fid for (fid,) in database.execute(f'SELECT fid FROM "{name}"')} for name in tables}
            assert sum(map(len, fids.values())) == len(set().union(*fids.values()))
            assert all(fids.values()) or not fids["carpark_areas"]
            for table, column, of in (
                ("lanes_polygons", "lane_group_fid", "lane_groups_polygons"),
                ("lanes_polygons", "left_boundary_fid", "boundaries"),
                ("lanes_polygons", "right_boundary_fid", "boundaries"),
                ("lane_connectors", "exit_lane_fid", "lanes_polygons"),
                ("lane_connectors", "entry_lane_fid", "lanes_polygons"),
                ("lane_connectors", "lane_group_connector_fid", "lane_group_connectors"),
                ("lane_connectors", "intersection_fid", "intersections"),
                ("gen_lane_connectors_scaled_width_polygons", "lane_connector_fid", "lane_connectors"),
                ("lane_group_connectors", "from_lane_group_fid", "lane_groups_polygons"),
                ("lane_group_connectors", "to_lane_group_fid", "lane_groups_polygons"),
            ):
                assert {fid for (fid,) in database.execute(f"SELECT {column} FROM {table}")} <= fids[of]
            lanes = {fid for (fid,) in database.execute("SELECT lane_fid FROM baseline_paths WHERE lane_fid NOT NULL")}
            assert lanes == fids["lanes_polygons"]


def test_same_seeds_give_the_same_files(tmp_path):
    first, second = (
        write_made_up(tmp_path / name, (1,), (), picture=(64, 36), seconds=8.0).data_root for name in ("a", "b")
    )
    files = sorted(path.relative_to(first) for path in first.rglob("*") if path.suffix in (".pkl", ".jpg", ".pcd"))
    assert len(files) > 10
    assert files == sorted(
        path.relative_to(second) for path in second.rglob("*") if path.suffix in (".pkl", ".jpg", ".pcd")
    )
    assert all((first / file).read_bytes() == (second / file).read_bytes() for file in files)


def test_frames_without_a_route_are_in_no_split(made_up):
    for log in made_up.logs.values():
        assert log.tokens[NO_ROUTE] not in made_up.splits["navtrain"].tokens + made_up.splits["navtest"].tokens
        assert len(log) > NO_ROUTE + LAST_FUTURE


def test_tokens_depend_on_all_their_parts():
    assert len({token(1, 2), token(2, 1), token("1", 2), token(1, 2, length=17)}) == 4
