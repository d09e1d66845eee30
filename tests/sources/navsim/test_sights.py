"""What policies may know of a split, for submissions: without maps, and of secret scenes without annotations."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from irlvla.errors import InputError
from irlvla.scene import Command
from irlvla.scene.frames import poses_to_local
from irlvla.sources.navsim import Places, read_split, sights_of
from irlvla.sources.navsim.secret import secret_windows
from tests.sources.navsim import faults
from tests.sources.navsim.made_up_logs import cams, frame
from tests.sources.navsim.made_up_objects import read_pickle, write_pickle
from tests.sources.navsim.made_up_splits import BELOW

SECRET = "private_test_hard_two_stage"


def sights(made, name, pictures=True):
    places = Places.without_maps(made.data_root, made.devkit_root / BELOW)
    return sights_of(read_split(name, places.splits), places, pictures)


def secret_files(made):
    """Of the first stage, and of the second."""
    (first,) = (made.data_root / "navsim_logs" / "private_test_hard").iterdir()
    return first, *sorted((made.data_root / SECRET / "openscene_meta_datas").iterdir())


@pytest.mark.parametrize("name", ["navtest", "navhard_two_stage", SECRET])
def test_every_scene_of_both_stages_is_seen(made_up, name):
    found, said = sights(made_up, name)
    split = made_up.splits[name]
    assert said == {}
    assert set(found) == {*split.tokens, *(split.synthetic or ())}
    assert all(len(sight.pictures) == 8 for sight in found.values())
    without, _ = sights(made_up, name, pictures=False)
    assert set(without) == set(found)
    assert all(sight.pictures is None for sight in without.values())


@pytest.mark.parametrize("fixture", ["navtest", "navhard"])
def test_they_are_seen_as_they_are_imported(made_up, fixture, request):
    report, store = request.getfixturevalue(fixture)
    found, _ = sights(made_up, report.split)
    for scene in store:
        sight = found[scene.token]
        np.testing.assert_allclose(sight.history, scene.history, atol=1e-12)
        assert (sight.command, sight.instruction) == (scene.command, scene.instruction)
        assert sight.pictures == scene.pictures
        np.testing.assert_array_equal(sight.cameras.intrinsics, scene.cameras.intrinsics)
        np.testing.assert_array_equal(sight.cameras.distortion, scene.cameras.distortion)


def test_secret_scenes_tell_where_the_car_comes_from(made_up):
    found, _ = sights(made_up, SECRET)
    for token in made_up.splits[SECRET].tokens:
        log, k = made_up.frames[token]
        poses = poses_to_local(log.poses[k - 3 : k + 1], log.poses[k])
        np.testing.assert_allclose(found[token].history[:, :3], poses, atol=1e-6)
        assert found[token].command is Command(int(frame(log, k)["driving_command"].argmax()))
        files = [
            made_up.data_root / "sensor_blobs/private_test_hard" / each["data_path"]
            for each in cams(log, k, "").values()
        ]
        assert list(map(Path, found[token].pictures)) == files
    for token in made_up.splits[SECRET].synthetic:
        follower = made_up.followers[token]
        motion = follower.ride.motion[follower.now, 3:7]
        np.testing.assert_allclose(found[token].history[-1, 3:], motion, atol=1e-5)


def test_a_split_that_names_no_scenes_is_refused(made_up):
    with pytest.raises(InputError, match="'mini': names no scenes"):
        sights(made_up, "mini")


def test_what_is_not_there_or_damaged_is_named(damageable):
    log = next(log for log in damageable.logs.values() if log.split == "test")
    faults.delete_log(damageable, log)
    found, said = sights(damageable, "navtest")
    assert found == {}
    assert log.name in "".join(said)

    second = secret_files(damageable)[1]
    content = second.read_bytes()
    second.unlink()
    second.write_bytes(content[: len(content) // 2])
    found, said = sights(damageable, SECRET)
    assert set(damageable.splits[SECRET].tokens) <= set(found)
    assert len(found) == len(damageable.splits[SECRET].tokens) + len(damageable.splits[SECRET].synthetic) - 2
    assert list(said) == [second.name]
    assert "damaged" in said[second.name]


def test_pictures_that_are_not_there_are_named(damageable):
    shutil.rmtree(damageable.data_root / "sensor_blobs" / "private_test_hard")
    found, said = sights(damageable, SECRET)
    assert set(said) == set(damageable.splits[SECRET].tokens)
    assert all("is missing" in why for why in said.values())
    assert set(found) == set(damageable.splits[SECRET].synthetic)


def test_a_split_without_any_file_is_refused(damageable):
    for path in secret_files(damageable):
        path.unlink()
    with pytest.raises(InputError, match="holds no pickles; download"):
        sights(damageable, SECRET)


def test_secret_scenes_are_groups_of_five_frames_in_order(damageable):
    path = secret_files(damageable)[0]
    frames = read_pickle(path)
    whole = [window.now.token for window in secret_windows(path)]
    assert len(whole) == 2 * len({each["scene_token"] for each in frames})
    write_pickle(frames[::-1], path)
    assert sorted(window.now.token for window in secret_windows(path)) == sorted(whole)
    write_pickle(frames[:-1], path)
    assert [window.now.token for window in secret_windows(path)] == whole[:-2]
    frames[0]["frame_idx"] = "first"
    write_pickle(frames, path)
    with pytest.raises(InputError, match="frame_idx that is no number"):
        list(secret_windows(path))
