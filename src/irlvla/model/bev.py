"""3D reasoning: camera features seen from above.

Every cell of a bird's-eye-view map looks up its own centre, at a few heights, in the cameras that see it. Nothing is
learned in the look-up, so it works for any rig; convolutions afterwards sort out which features along a camera ray
belong to the cell.
"""

import torch
from torch import Tensor, nn

from irlvla.model.config import ModelConfig
from irlvla.model.sampling import bilinear_taps, gather
from irlvla.scene import SceneInputs

VIEWS = 2
"""Cameras that a point is looked up in: those that have it nearest to the middle (a ring shows it twice at most)."""
NEAR = 0.2
"""Points closer to the picture plane than this [m] are not seen."""


class BEVRegion:
    """Geometry of the map: ``rows`` of cells along x by ``columns`` along y, in the ego frame."""

    def __init__(self, config: ModelConfig) -> None:
        self.rows, self.columns = config.bev_cells
        self.x, self.y = config.bev_x, config.bev_y

    def coordinates(self, xy: Tensor) -> tuple[Tensor, Tensor]:
        """Column and row in cells of points ``[..., 2]`` [m]; cell centres lie at half integers."""
        u = (xy[..., 1] - self.y[0]) / (self.y[1] - self.y[0]) * self.columns
        v = (xy[..., 0] - self.x[0]) / (self.x[1] - self.x[0]) * self.rows
        return u, v

    def centers(self) -> Tensor:
        """Cell centres ``[rows, columns, 2]`` x, y [m]."""
        x = self.x[0] + (torch.arange(self.rows) + 0.5) * (self.x[1] - self.x[0]) / self.rows
        y = self.y[0] + (torch.arange(self.columns) + 0.5) * (self.y[1] - self.y[0]) / self.columns
        return torch.stack(torch.meshgrid(x, y, indexing="ij"), -1)

    def contains(self, xy: Tensor) -> Tensor:
        """Whether points ``[..., 2]`` [m] lie inside, ``[...]`` bool."""
        x, y = xy.unbind(-1)
        return (x >= self.x[0]) & (x < self.x[1]) & (y >= self.y[0]) & (y < self.y[1])

    def sample(self, bev_map: Tensor, xy: Tensor) -> Tensor:
        """Bilinear look-up of points ``[B, ..., 2]`` [m] in ``bev_map [B, rows, columns, F]``; zero outside."""
        indices, weights = bilinear_taps(*self.coordinates(xy), self.rows, self.columns)
        scene = torch.arange(len(xy), device=xy.device).view(-1, *[1] * (xy.dim() - 1))
        weights = weights * self.contains(xy).unsqueeze(-1)
        return gather(bev_map.flatten(0, 2), indices + scene * (self.rows * self.columns), weights)


def project(points: Tensor, inputs: SceneInputs) -> tuple[Tensor, Tensor, Tensor]:
    """Pinhole projection into every camera.

    Args:
        points: ``[P, 3]`` ego frame [m].
        inputs: calibration of ``B`` scenes with ``C`` cameras.

    Returns:
        Column and row as fractions of the picture's width and height, and depth [m], each ``[B, C, P]``.
    """
    height, width = inputs.images.shape[2:4]
    rotation, position = inputs.camera_to_ego[..., :3, :3], inputs.camera_to_ego[..., :3, 3:]
    to_pixels = inputs.intrinsics @ rotation.transpose(-1, -2)
    x, y, depth = (to_pixels @ (points.T - position)).unbind(-2)
    safe = depth.clamp(min=NEAR)
    return x / safe / width, y / safe / height, depth


def lift(points: Tensor, inputs: SceneInputs, features: Tensor) -> Tensor:
    """Camera features at points in space.

    Args:
        points: ``[P, 3]`` ego frame [m].
        inputs: calibration of ``B`` scenes with ``C`` cameras.
        features: ``[B, C, F, h, w]`` feature maps of the pictures.

    Returns:
        ``[B, P, F]``: the mean over the cameras that see the point, zero where none does.
    """
    scenes, cameras, _, height, width = features.shape
    with torch.no_grad():
        u, v, depth = project(points, inputs)
        eccentricity = torch.maximum((u - 0.5).abs(), (v - 0.5).abs())
        eccentricity = torch.where(depth > NEAR, eccentricity, torch.inf)
        nearest, camera = eccentricity.topk(min(VIEWS, cameras), dim=1, largest=False)
        seen = (nearest <= 0.5).to(features.dtype)
        indices, weights = bilinear_taps(u.gather(1, camera) * width, v.gather(1, camera) * height, height, width)
        first = torch.arange(scenes, device=points.device).view(-1, 1, 1) * cameras
        indices = indices + ((first + camera) * (height * width)).unsqueeze(-1)
        weights = weights * (seen / seen.sum(1, keepdim=True).clamp(min=1)).unsqueeze(-1)
    table = features.permute(0, 1, 3, 4, 2).reshape(scenes * cameras * height * width, -1)
    return gather(table, indices.transpose(1, 2).flatten(2), weights.transpose(1, 2).flatten(2))


class Refinement(nn.Module):
    """A residual 3 x 3 convolution over the BEV map."""

    def __init__(self, dim: int, dilation: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.conv = nn.Conv2d(dim, dim, 3, padding=dilation, dilation=dilation)

    def forward(self, bev_map: Tensor) -> Tensor:
        """``[B, rows, columns, F]`` to the same shape."""
        x = self.norm(bev_map).permute(0, 3, 1, 2)
        return bev_map + nn.functional.gelu(self.conv(x)).permute(0, 2, 3, 1)


class BEVAdaptor(nn.Module):
    """Camera features to a BEV map and BEV tokens."""

    points: Tensor

    def __init__(self, config: ModelConfig, channels: int) -> None:
        super().__init__()
        self.region = BEVRegion(config)
        centers = self.region.centers().flatten(0, 1)
        points = [torch.cat([centers, torch.full_like(centers[:, :1], z)], -1) for z in config.bev_heights]
        self.register_buffer("points", torch.stack(points, 1), persistent=False)
        self.project = nn.Linear(len(config.bev_heights) * channels, config.bev_dim)
        self.position = nn.Parameter(0.1 * torch.randn(*config.bev_cells, config.bev_dim))
        self.refine = nn.Sequential(*(Refinement(config.bev_dim, dilation) for dilation in (1, 2)))
        self.norm = nn.LayerNorm(config.bev_dim)
        self.tokenise = nn.Sequential(nn.Linear(4 * config.bev_dim, config.dim), nn.LayerNorm(config.dim))

    def forward(self, inputs: SceneInputs, features: Tensor) -> tuple[Tensor, Tensor]:
        """BEV map ``[B, rows, columns, bev_dim]`` and tokens ``[B, rows / 2 * columns / 2, dim]``.

        ``features`` are ``[B, C, F, h, w]``.
        """
        lifted = lift(self.points.flatten(0, 1), inputs, features)
        cells = self.project(lifted.unflatten(1, self.points.shape[:2]).flatten(2))
        bev_map = self.norm(self.refine(cells.unflatten(1, self.position.shape[:2]) + self.position))
        quads = bev_map.unflatten(2, (-1, 2)).unflatten(1, (-1, 2)).transpose(2, 3)
        return bev_map, self.tokenise(quads.flatten(3).flatten(1, 2))
