"""Recorded pictures from their files: brought to the size of a policy, and freed of what the lens did to them."""

import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from irlvla.errors import InputError
from irlvla.scene import CameraRig

_TAIL = 512  # bytes at the end of a file among which the end of its picture is looked for
_NO_PICTURE = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)  # what PIL raises where there is none


def read_pictures(files: Sequence[str], rig: CameraRig) -> NDArray[np.uint8]:
    """Pictures ``[C, H, W, 3]`` of a rig of their size, one file a camera, as they are.

    A JPEG is decoded at the smallest of its built-in scales (halves, quarters, eighths) that is no smaller than the
    rig, then brought to its size with every pixel counted.

    Raises:
        InputError: if a file is missing or damaged, or has the shape of another camera; it is named.
    """
    return np.stack([_read(Path(file), rig.width, rig.height) for file in files])


def _read(file: Path, width: int, height: int) -> NDArray[np.uint8]:
    try:
        with Image.open(file) as picture:
            recorded = picture.size
            picture.draft("RGB", (width, height))
            pixels = picture.convert("RGB")
    except FileNotFoundError:
        raise InputError(file, "is missing", "download the sensor data of its log") from None
    except _NO_PICTURE as error:
        raise InputError(file, f"is no whole picture ({error})", "download it again") from None
    if abs(recorded[0] * height - recorded[1] * width) > max(recorded):
        what = f"has {recorded[0]} x {recorded[1]} pixels, its camera is asked for {width} x {height}"
        raise InputError(file, what, "ask for pictures of the same shape")
    if pixels.size != (width, height):
        pixels = pixels.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0)
    return np.asarray(pixels)


def picture_size(file: Path) -> tuple[int, int]:
    """Width and height of a picture, of which the head alone is read.

    Raises:
        InputError: if it is missing or no picture.
    """
    try:
        with Image.open(file) as picture:
            return picture.size
    except FileNotFoundError:
        raise InputError(file, "is missing", "download the sensor data of its log") from None
    except _NO_PICTURE as error:
        raise InputError(file, f"is no picture ({error})", "download it again") from None


def fault_of(file: Path) -> str | None:
    """Why a JPEG cannot be used, seen from its first and last bytes: "is missing", "is cut off", or None.

    Zeros after its end are padding.
    """
    try:
        with file.open("rb") as opened:
            begins = opened.read(2) == b"\xff\xd8"
            opened.seek(max(opened.seek(0, os.SEEK_END) - _TAIL, 0))
            return None if begins and opened.read().rstrip(b"\0").endswith(b"\xff\xd9") else "is cut off"
    except FileNotFoundError:
        return "is missing"
    except OSError:
        return "is cut off"


def undistorted(images: Tensor, rig: CameraRig) -> Tensor:
    """Pictures ``[C, H, W, 3]`` uint8 of ``rig`` as its cameras would take them if they were pinhole cameras.

    What the lens never saw is black.
    """
    if not rig.distortion.any():
        return images
    grid = _grid(rig.width, rig.height, rig.intrinsics.tobytes(), rig.distortion.tobytes())
    seen = torch.nn.functional.grid_sample(images.permute(0, 3, 1, 2).float(), grid, align_corners=False)
    return seen.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous()


@lru_cache(maxsize=32)  # every log has cameras of its own; scenes of one come together
def _grid(width: int, height: int, intrinsics: bytes, distortion: bytes) -> Tensor:
    """Where each pixel of the pinhole picture lies in the recorded one, ``[C, H, W, 2]`` from -1 to 1."""
    matrices = np.frombuffer(intrinsics).reshape(-1, 3, 3)
    lenses = np.frombuffer(distortion).reshape(-1, 5)
    columns, rows = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    pixels = np.stack([columns, rows, np.ones_like(rows)], -1)
    rays = np.einsum("cij,hwj->chwi", np.linalg.inv(matrices), pixels)[..., :2]
    bent = np.concatenate([bend(rays, lenses[:, None, None]), np.ones((*rays.shape[:3], 1))], -1)
    places = np.einsum("cij,chwj->chwi", matrices, bent)[..., :2]
    return torch.from_numpy((2.0 * places / [width, height] - 1.0).astype(np.float32))


def bend(rays: NDArray[np.float64], lens: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where a lens ``[..., 5]`` puts ``rays [..., 2]`` (x and y at depth 1): the Brown-Conrady model.

    Five numbers k1, k2, p1, p2, k3: radial 1 + k1 r^2 + k2 r^4 + k3 r^6, tangential p1, p2 (OpenCV, "Camera
    Calibration").
    """
    x, y = rays[..., 0], rays[..., 1]
    k1, k2, p1, p2, k3 = np.moveaxis(lens, -1, 0)
    r2 = x**2 + y**2
    radial = 1.0 + r2 * (k1 + r2 * (k2 + r2 * k3))
    return np.stack(
        [
            x * radial + 2.0 * p1 * x * y + p2 * (r2 + 2.0 * x**2),
            y * radial + p1 * (r2 + 2.0 * y**2) + 2.0 * p2 * x * y,
        ],
        axis=-1,
    )


def seen_through(
    images: Sequence[NDArray[np.uint8]], rig: CameraRig, width: int, height: int
) -> tuple[Tensor, CameraRig]:
    """Recorded pictures of ``rig`` in memory, ``[C, height, width, 3]`` and as a pinhole camera takes them."""
    channels_first = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)
    if channels_first.shape[2:] != (height, width):
        scaled = torch.nn.functional.interpolate(
            channels_first.float(), (height, width), mode="bilinear", antialias=True
        )
        channels_first = scaled.round().clamp(0, 255).to(torch.uint8)
    sized = rig.resized(width, height)
    return undistorted(channels_first.permute(0, 2, 3, 1).contiguous(), sized), sized.pinhole()
