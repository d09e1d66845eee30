"""What cameras see of a scene: recorded pictures where there are any, else pictures drawn from its state.

A scene is drawn on a flat ground: the painted map (:mod:`~irlvla.sources.render_ground`), what stands on it
(:mod:`~irlvla.sources.render_shapes`), through pinhole cameras (:mod:`~irlvla.sources.render_camera`). The ego is not
drawn. Drawing is deterministic, and exact to the pixel for the given calibration.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from irlvla.errors import InputError
from irlvla.scene import CameraRig, Scene, SceneInputs
from irlvla.sources.render_camera import HAZE, HAZE_DISTANCE, SAMPLES, draw_quads, lay_over, shade_background
from irlvla.sources.render_ground import ground_of
from irlvla.sources.render_paint import FINEST
from irlvla.sources.render_shapes import boxes_now, quads_of


def render(scene: Scene, rig: CameraRig | None = None) -> NDArray[np.uint8]:
    """Pictures ``[C, H, W, 3]`` (RGB) of the state of ``scene`` now, through ``rig`` (default: the scene's own).

    Raises:
        InputError: if the rig has no camera, its calibration cannot be used, a camera lies below the road, or the
            scene's state now is not finite.
    """
    rig = scene.cameras if rig is None else rig
    check_rig(rig)
    _check_state(scene)
    _, boxes = boxes_now(scene.truth)
    ground = ground_of(scene.truth.map, scene.truth.ego[:3], boxes[:, :5])
    quads, colours = quads_of(scene.truth)
    packed = _packed_in_haze(quads, colours)
    pictures = np.empty((len(rig), rig.height, rig.width, 3), np.uint8)
    samples = np.empty((SAMPLES * rig.height, SAMPLES * rig.width), np.uint32)
    nearness = np.zeros(samples.shape, np.float32)
    for picture, intrinsics, pose in zip(pictures, rig.intrinsics, rig.camera_to_ego, strict=True):
        inverse = np.linalg.inv(intrinsics)
        shade_background(picture, ground, FINEST, pose[:3, :3] @ inverse, pose[:3, 3])
        draw_quads(samples, nearness, quads, packed, pose, intrinsics, inverse)
        lay_over(picture, samples, nearness)
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
    finite = np.isfinite(rig.intrinsics).all((1, 2)) & np.isfinite(rig.camera_to_ego).all((1, 2))
    _each(rig, finite, "its calibration is not finite", "repair its matrices")
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
    tracks = scene.truth.tracks
    there = tracks.valid[:, 0]
    if not np.isfinite(scene.truth.ego[:3]).all():
        raise InputError(f"scene {scene.token!r}", "the ego's pose is not finite", "repair or drop the scene")
    lost = ~(np.isfinite(tracks.poses[:, 0]).all(1) & np.isfinite(tracks.sizes).all(1)) & there
    if lost.any():
        where = f"scene {scene.token!r}, track {tracks.tokens[int(np.argmax(lost))]!r}"
        raise InputError(where, "its box now is not finite", "repair or drop the track")


def _packed_in_haze(quads: NDArray[np.float64], colours: NDArray[np.float64]) -> NDArray[np.uint32]:
    """Colours ``[Q]`` for drawing, faded by the distance of each quadrilateral from the ego."""
    squared = np.square(quads[:, :, :2].mean(1)).sum(1)
    weight = (squared / (squared + HAZE_DISTANCE**2))[:, None]
    red, green, blue = (colours * (1 - weight) + np.array(HAZE) * weight).astype(np.uint32).T
    return red | green << 8 | blue << 16


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
