"""What cameras see of a scene: recorded pictures where there are any, else pictures drawn from its state.

A scene is drawn through pinhole cameras in three steps: the flat ground is painted
(:mod:`~irlvla.sources.render_ground`), what stands on it is drawn (:mod:`~irlvla.sources.render_shapes`,
:mod:`~irlvla.sources.render_buildings`), and the air between comes with the picture
(:mod:`~irlvla.sources.render_develop`), all in one light (:mod:`~irlvla.sources.render_light`). The ego is not drawn.
Drawing is deterministic, and exact to the pixel for the given calibration.
"""

from collections.abc import Sequence
from math import isfinite

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from irlvla.errors import InputError
from irlvla.scene import CameraRig, Scene, SceneInputs, Scenery, Weather
from irlvla.sources.render_buildings import Facades, buildings_near, facades_of
from irlvla.sources.render_camera import SAMPLES, draw_quads
from irlvla.sources.render_develop import NOTHING, develop, faces_in_picture
from irlvla.sources.render_ground import Ground, ground_of
from irlvla.sources.render_light import Light, light_of, spread
from irlvla.sources.render_paint import paint
from irlvla.sources.render_place import Quads
from irlvla.sources.render_shapes import boxes_now, outlines, quads_of


def render(scene: Scene, rig: CameraRig | None = None) -> NDArray[np.uint8]:
    """Pictures ``[C, H, W, 3]`` (RGB) of the state of ``scene`` now, through ``rig`` (default: the scene's own).

    Raises:
        InputError: if the rig has no camera, its calibration cannot be used, a camera lies below the road, or the
            scene's state now or its scenery cannot be.
    """
    rig = scene.cameras if rig is None else rig
    check_rig(rig)
    _check_state(scene)
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
    height, width = rig.height, rig.width
    pictures = np.empty((len(rig), height, width, 3), np.uint8)
    canvas = np.empty((height, width), np.uint32)
    cover, touched = np.zeros((height, width + 2)), np.tile([width, 0], (height, 1))
    pairs = np.full((SAMPLES * height, width), NOTHING)
    samples = pairs.view(np.uint32)
    nearness, drawn = np.zeros(samples.shape, np.float32), touched.copy()
    inverses = np.linalg.inv(rig.intrinsics)
    horizon, zenith = spread(light.horizon), spread(light.zenith)
    for picture, intrinsics, inverse, pose in zip(pictures, rig.intrinsics, inverses, rig.camera_to_ego, strict=True):
        rotation, position = pose[:3, :3], pose[:3, 3]
        rays = rotation @ inverse
        to_picture = intrinsics @ np.column_stack([rotation.T, -rotation.T @ position])
        canvas.fill(ground.base)
        paint(canvas, cover, touched, to_picture[:, [0, 1, 3]], ground.points, ground.rings, ground.areas,
              ground.circles, ground.colours)  # fmt: skip
        draw_quads(samples, nearness, drawn, quads.corners, quads.normals, quads.words, quads.groups, quads.balls,
                   to_picture, rays, position)  # fmt: skip
        faces = faces_in_picture(facades.walls, rays, position)
        develop(picture, canvas, pairs, nearness, drawn, rays, float(position[2]), faces, facades.styles,
                facades.paints, horizon, zenith, light.visibility, light.wet)  # fmt: skip
    return pictures


def observe(scenes: Sequence[Scene], rig: CameraRig | None = None) -> SceneInputs:
    """What a policy sees of ``scenes``: the one door through which inputs reach it.

    Recorded pictures keep their own calibration and are brought to the size of ``rig``; scenes without pictures are
    rendered. Without ``rig`` each scene is seen with its own cameras, which must then agree in number and size.

    Raises:
        InputError: if there are no scenes, a recorded scene lacks a camera of ``rig``, or cameras do not agree.
    """
    if not scenes:
        raise InputError("observe", "there are no scenes", "give at least one")
    seen = [_seen(scene, rig) for scene in scenes]
    shape = seen[0][0].shape
    for scene, (images, _) in zip(scenes, seen, strict=True):
        if images.shape != shape:
            what = f"its pictures are {tuple(images.shape)}, those of {scenes[0].token!r} are {tuple(shape)}"
            raise InputError(f"scene {scene.token!r}", what, "give one rig for all scenes")
    return SceneInputs(
        images=torch.stack([images for images, _ in seen]),
        intrinsics=_stacked([used.intrinsics for _, used in seen]),
        camera_to_ego=_stacked([used.camera_to_ego for _, used in seen]),
        history=_stacked([scene.history for scene in scenes]),
        command=torch.tensor([int(scene.command) for scene in scenes]),
        instructions=tuple(scene.instruction for scene in scenes),
    )


def check_rig(rig: CameraRig) -> None:
    """Raise :class:`~irlvla.errors.InputError` unless every camera of ``rig`` can be drawn."""
    if not len(rig) or rig.width < 1 or rig.height < 1:
        size = f"{len(rig)} cameras of {rig.width} x {rig.height} pixels"
        raise InputError("camera rig", f"it has {size}", "give at least one camera and one pixel")
    calibration = np.concatenate([rig.intrinsics.reshape(len(rig), 9), rig.camera_to_ego.reshape(len(rig), 16)], 1)
    _each(rig, np.isfinite(calibration).all(1), "its calibration is not finite", "repair its matrices")
    _each(rig, rig.intrinsics[:, [0, 1], [0, 1]].all(1), "its focal length is 0", "repair its intrinsics")
    _each(rig, (rig.intrinsics[:, 2] == (0, 0, 1)).all(1), "it is no pinhole camera", "end its intrinsics with 0 0 1")
    rigid = np.abs(np.linalg.det(rig.camera_to_ego[:, :3, :3]) - 1) < 1e-3
    _each(rig, rigid, "its pose is not rigid", "give a rotation and a position")
    _each(rig, rig.camera_to_ego[:, 2, 3] > 0, "it lies on the road or below", "mount it higher")


def _each(rig: CameraRig, sound: NDArray[np.bool_], what: str, mend: str) -> None:
    """Raise :class:`~irlvla.errors.InputError` for the first camera that is not ``sound [C]``."""
    if not sound.all():
        raise InputError(f"camera {rig.names[int(np.argmin(sound))]!r}", what, mend)


def _check_state(scene: Scene) -> None:
    truth, tracks = scene.truth, scene.truth.tracks
    there = tracks.valid[:, 0]
    if not np.isfinite(truth.ego[:3]).all():
        raise InputError(f"scene {scene.token!r}", "the ego's pose is not finite", "repair or drop the scene")
    lost = ~(np.isfinite(tracks.poses[:, 0]).all(1) & np.isfinite(tracks.sizes).all(1)) & there
    if lost.any():
        where = f"scene {scene.token!r}, track {tracks.tokens[int(np.argmax(lost))]!r}"
        raise InputError(where, "its box now is not finite", "repair or drop the track")
    if not np.isfinite(truth.map.buildings).all():
        raise InputError(f"scene {scene.token!r}", "a building is not finite", "repair its map")
    if truth.scenery is not None:
        _check_scenery(scene.token, truth.scenery, len(tracks))


def _check_scenery(token: str, scenery: Scenery, tracks: int) -> None:
    if len(scenery.lamps) != tracks:
        what = f"it has lamps of {len(scenery.lamps)} vehicles and {tracks} tracks"
        raise InputError(f"scene {token!r}", what, "give lamps for every track")
    states = scenery.signals[:, 3:]
    if not (np.isfinite(scenery.signals).all() and (states == [[0, 1, 2]]).any(1).all()):
        raise InputError(f"scene {token!r}", "a traffic light has no place or no state", "repair its scenery")
    weather = scenery.weather
    numbers = (weather.sun_azimuth, weather.sun_elevation, weather.cloud, weather.visibility, weather.wet)
    if not (all(map(isfinite, numbers)) and weather.visibility > 0):
        raise InputError(f"scene {token!r}", f"its weather cannot be ({weather})", "give numbers that can be")


def _seen(scene: Scene, rig: CameraRig | None) -> tuple[Tensor, CameraRig]:
    """Pictures ``[C, H, W, 3]`` of one scene and the calibration that belongs to them."""
    if scene.images is None:
        return torch.from_numpy(render(scene, rig)), scene.cameras if rig is None else rig
    images, own = torch.from_numpy(scene.images), scene.cameras
    if rig is None:
        return images, own
    missing = [name for name in rig.names if name not in own.names]
    if missing:
        what = f"it was recorded without the camera {missing[0]!r}"
        raise InputError(f"scene {scene.token!r}", what, f"use a rig of its cameras ({', '.join(own.names)})")
    chosen = [own.names.index(name) for name in rig.names]
    picked = CameraRig(rig.names, own.width, own.height, own.intrinsics[chosen], own.camera_to_ego[chosen])
    return _resized(images[chosen], rig.width, rig.height), picked.resized(rig.width, rig.height)


def _resized(images: Tensor, width: int, height: int) -> Tensor:
    """``[C, H, W, 3]`` uint8 at another size, every source pixel counted."""
    if images.shape[1:3] == (height, width):
        return images
    channels_first = images.permute(0, 3, 1, 2).float()
    scaled = torch.nn.functional.interpolate(channels_first, (height, width), mode="bilinear", antialias=True)
    return scaled.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def _stacked(arrays: Sequence[NDArray[np.float64]]) -> Tensor:
    return torch.from_numpy(np.stack(arrays).astype(np.float32))
