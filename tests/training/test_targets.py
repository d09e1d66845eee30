from dataclasses import replace

import numpy as np
import torch

from irlvla.model import BEVRegion, MapLine
from irlvla.scene import Language, ObjectKind, PathAction, SpeedAction, Trajectory
from irlvla.training import targets
from tests.scene import made_up
from tests.training.conftest import CONFIG

REGION = BEVRegion(CONFIG)


def moved(scene, x, y, heading):
    """The same scene with everything but the ego left where it is: the ego stands at another pose."""
    ego = scene.truth.ego.copy()
    ego[:3] = x, y, heading
    return replace(scene, truth=replace(scene.truth, ego=ego))


def test_objects_are_seen_from_the_ego_the_nearest_first():
    far, near = (ObjectKind.PEDESTRIAN, 30.0, 4.0, 1.0), (ObjectKind.VEHICLE, 20.0, 0.0, 6.0)
    behind = (ObjectKind.VEHICLE, -40.0, 0.0, 6.0)
    scene = moved(made_up.scene(objects=(far, near, behind)), 20.0, -10.0, np.pi / 2)
    boxes, kinds, mask = targets.objects(scene, REGION, most=6)
    assert mask.tolist() == [True, True] + [False] * 4
    assert kinds[:2].tolist() == [ObjectKind.VEHICLE, ObjectKind.PEDESTRIAN]
    np.testing.assert_allclose(boxes[0], [10, 0, 0, -1, np.log(4.8), np.log(2.0), 0, -6], atol=1e-6)
    np.testing.assert_allclose(boxes[1][:2], [14, -10], atol=1e-5)
    assert targets.objects(scene, REGION, most=1)[1].tolist() == [ObjectKind.VEHICLE]


def test_objects_that_are_not_there_now_are_no_target():
    scene = made_up.scene()
    scene.truth.tracks.valid[0, 0] = False
    assert not targets.objects(scene, REGION, most=3)[2].any()


def test_map_lines_are_cut_to_the_region():
    scene = made_up.scene()
    lines, kinds, mask = targets.lines(*targets.densified(scene.truth.map), scene.truth.ego[:3], REGION, 8, 5)
    assert mask.sum() == 6
    assert sorted(kinds[mask].tolist()) == sorted(
        [MapLine.CENTERLINE] * 2 + [MapLine.MARKING] + [MapLine.ROAD_EDGE] * 2 + [MapLine.CROSSWALK]
    )
    assert REGION.contains(torch.from_numpy(lines[mask]).reshape(-1, 2)).all()
    own = lines[mask][kinds[mask] == MapLine.CENTERLINE][0]
    assert np.allclose(own[:, 1], 0, atol=1e-6)
    assert np.allclose(np.diff(own[:, 0]), np.diff(own[:, 0])[0], atol=1e-4)
    assert own[-1, 0] - own[0, 0] > 0.9 * (CONFIG.bev_x[1] - CONFIG.bev_x[0])


def test_areas_are_those_of_the_cells_centres():
    scene = moved(made_up.scene(), 3.0, 1.0, 0.3)
    drivable, intersection = targets.areas(scene.truth.map, scene.truth.ego[:3], REGION)
    centers = REGION.centers().double().numpy()
    c, s = np.cos(0.3), np.sin(0.3)
    y = s * centers[..., 0] + c * centers[..., 1] + 1.0
    np.testing.assert_array_equal(drivable, ((y > -1.75) & (y < 5.25)).astype(np.float32))
    assert not intersection.any()


def test_actions_are_what_the_scene_says_else_what_the_human_did():
    poses = np.zeros((8, 3))
    poses[:, 0] = 2.0 * np.arange(1, 9)
    scene = made_up.scene(speed=8.0)
    scene = replace(scene, truth=replace(scene.truth, human=Trajectory(poses)))
    assert targets.actions(scene) == (SpeedAction.DECELERATE, PathAction.STRAIGHT)
    said = Language(SpeedAction.STOP, PathAction.RIGHT_CHANGE)
    assert targets.actions(replace(scene, truth=replace(scene.truth, language=said))) == (said.speed, said.path)


def test_targets_of_several_scenes_are_stacked(data):
    assert len(data.targets.boxes) == len(data) == 12
    assert data.targets.areas.shape == (12, 2, 8, 6)
    assert data.targets.object_mask[:, 0].all()
