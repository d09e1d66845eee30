"""What a policy sees of imported scenes: recorded pictures freed of their lenses, beside the town drawn without any."""

from pathlib import Path

import numpy as np
import pytest
import torch

from irlvla.errors import InputError
from irlvla.scene.cameras import CameraRig
from irlvla.sources import observe, render
from tests.sources.navsim.imports import imported, places_of
from tests.sources.navsim.made_up_logs import cams


@pytest.fixture(scope="module")
def pair(made_up, navtest):
    """An imported scene and the town's own of that frame."""
    scene = next(
        scene for scene in navtest[1] if not made_up.frames[scene.token][0].late(made_up.frames[scene.token][1])
    )
    log, k = made_up.frames[scene.token]
    return scene, log.scene(k)


def error(one, other):
    """Mean difference beside that of the same picture moved by two pixels."""
    one, other = one.float(), other.float()
    return (one - other).abs().mean(), (one.roll(2, dims=-2) - other).abs().mean()


def test_recorded_pictures_look_like_the_town(pair):
    scene, town = pair
    seen = observe([scene])
    assert seen.images.shape == (1, 8, 270, 480, 3)
    straight, moved = error(seen.images[0], torch.from_numpy(render(town, town.cameras)))
    assert straight < 8.0, "the edges of wide views are black"
    assert straight < 0.8 * moved
    centre = seen.images[0, :, 60:-60, 90:-90], torch.from_numpy(render(town, town.cameras))[:, 60:-60, 90:-90]
    assert error(*centre)[0] < 4.0


def test_calibration_is_that_of_the_car(pair):
    scene, town = pair
    assert scene.cameras.names == town.cameras.names
    np.testing.assert_allclose(scene.cameras.intrinsics, town.cameras.intrinsics, atol=1e-9)
    np.testing.assert_allclose(scene.cameras.camera_to_ego, town.cameras.camera_to_ego, atol=1e-9)
    assert (scene.cameras.width, scene.cameras.height) == (480, 270)
    seen = observe([scene], CameraRig.navsim(160, 90).chosen(("CAM_B0", "CAM_F0")))
    rows = [scene.cameras.names.index(name) for name in ("CAM_B0", "CAM_F0")]
    expected = scene.cameras.resized(160, 90)
    np.testing.assert_allclose(seen.intrinsics[0], expected.intrinsics[rows], rtol=1e-6)
    np.testing.assert_allclose(seen.camera_to_ego[0], expected.camera_to_ego[rows], rtol=1e-6)


def test_small_pictures_show_the_same(pair):
    scene, town = pair
    drawn = torch.from_numpy(render(town, town.cameras.resized(160, 90)))
    straight, moved = error(observe([scene], CameraRig.navsim(160, 90)).images[0], drawn)
    assert straight < 9.0
    assert straight < 0.7 * moved


def test_pictures_are_the_files_of_the_frame(made_up, navtrain, navhard):
    for _, store in (navtrain, navhard):
        for scene in store:
            if scene.token in made_up.frames:
                log, k = made_up.frames[scene.token]
                files = [made_up.picture(log, k, name) for name in cams(log, k, "")]
                assert list(map(Path, scene.pictures)) == files
            assert all(Path(file).is_file() for file in scene.pictures)


def test_a_picture_that_goes_after_the_import_is_named(damageable, tmp_path):
    _, store = imported(damageable, "navmini", tmp_path / "store")
    (scene,) = store
    log, k = damageable.frames[scene.token]
    gone = places_of(damageable).pictures("mini") / cams(log, k, f"{log.name}/")["CAM_L2"]["data_path"]
    gone.unlink()
    with pytest.raises(InputError, match=f"{gone}: is missing"):
        observe([scene])
    observe([scene], CameraRig.navsim(64, 36).chosen(("CAM_F0",)))
