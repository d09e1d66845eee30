from dataclasses import replace

import numpy as np
import pytest
import torch

from irlvla.epdms import SceneTruthBatch, score
from irlvla.errors import InputError
from irlvla.scene import (
    Command,
    Lamps,
    Language,
    ObjectKind,
    PathAction,
    Scenery,
    SpeedAction,
    Trajectory,
    Weather,
)
from irlvla.sources import observe
from irlvla.training.augment import mirrored
from tests.scene import made_up


@pytest.fixture
def scene():
    scene = made_up.scene(objects=((ObjectKind.VEHICLE, 25.0, 3.5, -5.0), (ObjectKind.PEDESTRIAN, 12.0, -4.0, 0.0)))
    ego = scene.truth.ego.copy()
    ego[:3] = 1.0, 0.3, 0.05
    return replace(scene, command=Command.LEFT, previous="before", truth=replace(scene.truth, ego=ego))


def test_the_judge_says_the_same_of_mirrored_plans(scene):
    generator = torch.Generator().manual_seed(0)
    poses = torch.zeros(1, 40, 8, 3, dtype=torch.float64)
    poses[..., 0] = torch.arange(1, 9) * 4.0
    poses[..., 1] = torch.linspace(0, 1, 8) ** 2 * 4 * torch.randn(40, 1, generator=generator, dtype=torch.float64)
    swapped = poses * torch.tensor([1.0, -1, -1])
    (other,) = mirrored([scene])
    ours, theirs = (
        score(SceneTruthBatch.prepare([s.truth]), p).stacked() for s, p in ((scene, poses), (other, swapped))
    )
    torch.testing.assert_close(ours, theirs, equal_nan=True)
    assert ours[..., :8].std(1).max() > 0


def test_cameras_see_the_mirrored_world(scene):
    (other,) = mirrored([scene])
    seen, swapped = (observe([s]).images[0].float() for s in (scene, other))
    for name, twin in (("CAM_F0", "CAM_F0"), ("CAM_L0", "CAM_R0"), ("CAM_R1", "CAM_L1")):
        k, j = scene.cameras.names.index(name), scene.cameras.names.index(twin)
        assert (seen[k] - swapped[j].flip(1)).abs().mean() < 2.0


def test_words_are_mirrored_too(scene):
    human = np.column_stack([np.arange(8.0), np.arange(8.0), 0.1 * np.arange(8.0)])
    scene = replace(scene, truth=replace(scene.truth, human=Trajectory(human)))
    (other,) = mirrored([scene])
    assert (other.token, other.previous, other.command) == ("made-up-0~", "before~", Command.RIGHT)
    np.testing.assert_array_equal(other.truth.human.poses, human * [1, -1, -1])
    (back,) = mirrored([other])
    np.testing.assert_array_equal(back.truth.map.polygons.points, scene.truth.map.polygons.points)
    np.testing.assert_array_equal(back.history, scene.history)


def test_what_is_said_and_lit_is_mirrored(scene):
    language = Language(SpeedAction.KEEP, PathAction.LEFT_TURN, (("Which way?", "Left, past a car on the right."),))
    scenery = Scenery(
        np.array([[10.0, -3.0, 0.2, 1.0]]), np.array([Lamps.BRAKE | Lamps.LEFT, Lamps.RIGHT], np.uint8), Weather(0.7)
    )
    hdmap = replace(scene.truth.map, buildings=np.array([[5.0, 20.0, 0.3, 10.0, 8.0, 6.0]]))
    truth = replace(scene.truth, language=language, scenery=scenery, map=hdmap)
    (other,) = mirrored([replace(scene, truth=truth, instruction="Turn left in 20 m.")])
    assert other.instruction == "Turn right in 20 m."
    assert other.truth.language.path == PathAction.RIGHT_TURN
    assert other.truth.language.answers == (("Which way?", "Right, past a car on the left."),)
    np.testing.assert_array_equal(other.truth.scenery.signals, [[10.0, 3.0, -0.2, 1.0]])
    assert other.truth.scenery.lamps.tolist() == [Lamps.BRAKE | Lamps.RIGHT, Lamps.LEFT]
    assert other.truth.scenery.weather.sun_azimuth == -0.7
    np.testing.assert_array_equal(other.truth.map.buildings, [[5.0, -20.0, -0.3, 10.0, 8.0, 6.0]])


def test_scenes_of_one_map_keep_sharing_it(scene):
    twins = mirrored([scene, replace(scene, token="b")])
    assert twins[0].truth.map is twins[1].truth.map


def test_recorded_pictures_cannot_be_mirrored(scene):
    with pytest.raises(InputError, match="recorded pictures"):
        mirrored([replace(scene, images=np.zeros((8, 2, 2, 3), np.uint8))])
