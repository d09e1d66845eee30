"""Boxes and polylines as batched tensor functions; everything is planar and in metres."""

import torch
from torch import Tensor

from irlvla.scene.frames import rotate

_CORNERS = ((1, 1), (-1, 1), (-1, -1), (1, -1))


def box_corners(poses: Tensor, sizes: Tensor) -> Tensor:
    """Corners ``[..., 4, 2]`` (front left, rear left, rear right, front right) of oriented boxes.

    Args:
        poses: ``[..., 3]`` centre x, y and heading.
        sizes: ``[..., 2]`` length and width.
    """
    offsets = sizes.unsqueeze(-2) / 2 * poses.new_tensor(_CORNERS)
    return rotate(offsets, poses[..., None, 2]) + poses[..., None, :2]


def boxes_overlap(a: Tensor, b: Tensor) -> Tensor:
    """Whether convex quadrilaterals ``[..., 4, 2]`` touch or overlap (separating axis theorem); ``[...]`` bool."""
    apart = torch.zeros(torch.broadcast_shapes(a.shape[:-2], b.shape[:-2]), dtype=torch.bool, device=a.device)  # type: ignore[no-untyped-call]
    for box in (a, b):
        edge = box.roll(-1, -2)[..., :2, :] - box[..., :2, :]
        normals = torch.stack([-edge[..., 1], edge[..., 0]], -1)
        on_a, on_b = a @ normals.mT, b @ normals.mT
        gap = (on_a.amin(-2) > on_b.amax(-2)) | (on_b.amin(-2) > on_a.amax(-2))
        apart = apart | gap.any(-1)
    return ~apart


def arc_lengths(lines: Tensor) -> Tensor:
    """Distance along polylines ``[..., P, 2]`` from their start to each point, ``[..., P]``."""
    steps = lines.diff(dim=-2).norm(dim=-1)
    return torch.cat([torch.zeros_like(steps[..., :1]), steps.cumsum(-1)], -1)


def resample(lines: Tensor, count: int) -> Tensor:
    """``count`` points evenly spaced along polylines ``[..., P, 2]``, both ends included; ``[..., count, 2]``."""
    along = arc_lengths(lines)
    wanted = along[..., -1:] * torch.linspace(0, 1, count, dtype=lines.dtype, device=lines.device)
    return point_at(lines, wanted)


def point_at(lines: Tensor, along: Tensor) -> Tensor:
    """Points ``[..., N, 2]`` of polylines ``[..., P, 2]`` at distances ``along [..., N]``, clamped to both ends."""
    lengths = arc_lengths(lines)
    upper = torch.searchsorted(lengths.contiguous(), along.contiguous(), right=True).clamp(1, lines.shape[-2] - 1)
    start, stop = lengths.gather(-1, upper - 1), lengths.gather(-1, upper)
    share = ((along - start) / (stop - start).clamp_min(1e-12)).clamp(0, 1).unsqueeze(-1)

    def points(index: Tensor) -> Tensor:
        return lines.gather(-2, index.unsqueeze(-1).expand(*index.shape, 2))

    return points(upper - 1).lerp(points(upper), share)


def project(points: Tensor, lines: Tensor) -> tuple[Tensor, Tensor]:
    """Nearest place on polylines: distance along the line and distance from it, each ``[..., N]``.

    Args:
        points: ``[..., N, 2]``.
        lines: ``[..., P, 2]``; of several nearest segments the first counts.
    """
    start = lines[..., None, :-1, :]
    edge = lines.diff(dim=-2).unsqueeze(-3)
    length = edge.norm(dim=-1)
    share = ((points.unsqueeze(-2) - start) * edge).sum(-1) / length.square().clamp_min(1e-12)
    share = share.clamp(0, 1)
    apart = (points.unsqueeze(-2) - (start + share.unsqueeze(-1) * edge)).norm(dim=-1)
    distance, segment = apart.min(-1)
    along = arc_lengths(lines)[..., None, :-1] + share * length
    return along.gather(-1, segment.unsqueeze(-1)).squeeze(-1), distance
