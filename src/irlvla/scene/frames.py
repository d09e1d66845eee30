"""Planar frames: poses and points between the global frame and an ego frame.

A pose is ``(x [m], y [m], heading [rad])``; the ego frame sits on the rear axle, x forward, y left. Every function is
batched over leading axes and takes numpy arrays or torch tensors alike, returning what it was given.
"""

from typing import Any, TypeVar

import numpy as np
import torch

ArrayT = TypeVar("ArrayT", np.ndarray, torch.Tensor)


def _lib(x: Any) -> Any:
    return torch if isinstance(x, torch.Tensor) else np


def wrap(angle: ArrayT) -> ArrayT:
    """Angle [rad] brought into ``[-pi, pi)``."""
    return (angle + np.pi) % (2 * np.pi) - np.pi


def rotate(points: ArrayT, angle: ArrayT) -> ArrayT:
    """Turn ``points[..., 2]`` by ``angle[...]`` [rad] counter-clockwise; shapes broadcast."""
    lib = _lib(points)
    c, s = lib.cos(angle), lib.sin(angle)
    x, y = points[..., 0], points[..., 1]
    return lib.stack([c * x - s * y, s * x + c * y], -1)  # type: ignore[no-any-return]


def to_local(points: ArrayT, origin: ArrayT) -> ArrayT:
    """Global ``points[..., 2]`` seen from ``origin[..., 3]``; add an axis to ``origin`` to share it over points."""
    return rotate(points - origin[..., :2], -origin[..., 2])


def to_global(points: ArrayT, origin: ArrayT) -> ArrayT:
    """Local ``points[..., 2]`` of the frame ``origin[..., 3]`` in the global frame; inverse of :func:`to_local`."""
    return rotate(points, origin[..., 2]) + origin[..., :2]  # type: ignore[no-any-return]


def poses_to_local(poses: ArrayT, origin: ArrayT) -> ArrayT:
    """Global ``poses[..., 3]`` seen from ``origin[..., 3]``, headings wrapped."""
    xy = to_local(poses[..., :2], origin)
    return _lib(poses).concatenate([xy, wrap(poses[..., 2:] - origin[..., 2:])], -1)  # type: ignore[no-any-return]


def poses_to_global(poses: ArrayT, origin: ArrayT) -> ArrayT:
    """Local ``poses[..., 3]`` of the frame ``origin[..., 3]`` in the global frame; undoes :func:`poses_to_local`."""
    xy = to_global(poses[..., :2], origin)
    return _lib(poses).concatenate([xy, wrap(poses[..., 2:] + origin[..., 2:])], -1)  # type: ignore[no-any-return]
