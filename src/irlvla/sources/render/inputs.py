"""The one door through which pictures and the rest of a policy's inputs come from scenes."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from irlvla.errors import InputError
from irlvla.scene import CameraRig, Scene, SceneInputs, Sight
from irlvla.sources.pictures import read_pictures, seen_through, undistorted
from irlvla.sources.render.draw import render


def observe(scenes: Sequence[Sight], rig: CameraRig | None = None) -> SceneInputs:
    """What a policy sees of ``scenes``: the one door through which inputs reach it.

    Recorded pictures keep their own calibration, are freed of what the lens did, and are brought to the size of
    ``rig``; scenes without pictures are rendered. Without ``rig`` each scene is seen with its own cameras, which must
    then agree in number and size.

    Raises:
        InputError: if there are no scenes, a recorded scene lacks a camera of ``rig`` or a picture, or cameras do not
            agree.
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


def _seen(scene: Sight, rig: CameraRig | None) -> tuple[Tensor, CameraRig]:
    """Pictures ``[C, H, W, 3]`` of one scene and the calibration that belongs to them."""
    own = scene.cameras
    if scene.images is None and scene.pictures is None:
        if not isinstance(scene, Scene):
            raise InputError(f"scene {scene.token!r}", "has neither pictures nor a truth to draw", "give its pictures")
        used = own.pinhole() if rig is None else rig
        return torch.from_numpy(render(scene, used)), used
    rig = own if rig is None else rig
    missing = [name for name in rig.names if name not in own.names]
    if missing:
        what = f"it was recorded without the camera {missing[0]!r}"
        raise InputError(f"scene {scene.token!r}", what, f"use a rig of its cameras ({', '.join(own.names)})")
    picked = own.chosen(rig.names)
    places = [own.names.index(name) for name in rig.names]
    if scene.images is not None:
        return seen_through(scene.images[places], picked, rig.width, rig.height)
    sized = picked.resized(rig.width, rig.height)
    files = [scene.pictures[k] for k in places] if scene.pictures else []
    return undistorted(torch.from_numpy(read_pictures(files, sized)), sized), sized.pinhole()


def _stacked(arrays: Sequence[NDArray[np.float64]]) -> Tensor:
    return torch.from_numpy(np.stack(arrays).astype(np.float32))
