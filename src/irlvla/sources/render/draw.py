"""Pictures drawn from the state of a scene.

A scene is drawn through pinhole cameras in three steps: the flat ground is painted
(:mod:`~irlvla.sources.render.ground`), what stands on it is drawn (:mod:`~irlvla.sources.render.shapes`,
:mod:`~irlvla.sources.render.buildings`), and the air between comes with the picture
(:mod:`~irlvla.sources.render.develop`), all in one light (:mod:`~irlvla.sources.render.light`). The ego is not drawn.
Drawing is deterministic, and exact to the pixel for the given calibration.
"""

import numpy as np
from numpy.typing import NDArray

from irlvla.scene import CameraRig, Scene, Weather
from irlvla.sources.render.buildings import Facades, buildings_near, facades_of
from irlvla.sources.render.checks import check_rig, check_state
from irlvla.sources.render.ground import Ground, ground_of
from irlvla.sources.render.light import Light, light_of, spread
from irlvla.sources.render.place import Quads
from irlvla.sources.render.shapes import boxes_now, outlines, quads_of
from irlvla.sources.render.take import take


def render(scene: Scene, rig: CameraRig | None = None) -> NDArray[np.uint8]:
    """Pictures ``[C, H, W, 3]`` (RGB) of the state of ``scene`` now, through ``rig`` (default: the scene's own).

    Raises:
        InputError: if the rig has no camera, its calibration cannot be used, a camera lies below the road, or the
            scene's state now or its scenery cannot be.
    """
    rig = scene.cameras if rig is None else rig
    check_rig(rig)
    check_state(scene)
    truth = scene.truth
    weather = truth.scenery.weather if truth.scenery else Weather()
    light = light_of(weather, float(truth.ego[2]))
    near, boxes = boxes_now(truth)
    buildings, numbers = buildings_near(truth.map.buildings, truth.ego[:3])
    slim = outlines(truth.tracks.kinds[near], boxes)
    pixel = float(1 / np.abs(rig.intrinsics[:, [0, 1], [0, 1]]).max())
    ground = ground_of(truth.map, truth.ego[:3], slim, buildings, light, pixel)
    walls, facades = facades_of(buildings, numbers, light)
    return _pictures(rig, ground, Quads.joined(walls, quads_of(truth, near, boxes, light)), facades, light)


def _pictures(rig: CameraRig, ground: Ground, quads: Quads, facades: Facades, light: Light) -> NDArray[np.uint8]:
    """Pictures ``[C, H, W, 3]`` of what lies and stands around the ego."""
    pictures = np.empty((len(rig), rig.height, rig.width, 3), np.uint8)
    rotations, positions = rig.camera_to_ego[:, :3, :3], np.ascontiguousarray(rig.camera_to_ego[:, :3, 3])
    turned = rotations.transpose(0, 2, 1)
    to_picture = rig.intrinsics @ np.concatenate([turned, -turned @ positions[..., None]], 2)
    rays = rotations @ np.linalg.inv(rig.intrinsics)
    take(
        pictures,
        to_picture,
        rays,
        positions,
        ground.base,
        (ground.points, ground.rings, ground.areas, ground.circles, ground.colours),
        (quads.corners, quads.normals, quads.words, quads.groups, quads.balls),
        (facades.walls, facades.styles, facades.paints),
        (*map(spread, (light.horizon, light.zenith)), light.visibility, light.wet),
    )
    return pictures
