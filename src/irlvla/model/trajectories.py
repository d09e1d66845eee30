"""Trajectories as queries: what lies under them in the BEV map and how they move."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from irlvla.model.bev import BEVRegion
from irlvla.model.config import ModelConfig
from irlvla.model.diffusion import INTERVAL, POINTS
from irlvla.scene.frames import rotate, wrap

LOOKUP_DIM = 32
FOOTPRINT = ((1.4, 0.0), (4.0, 1.1), (4.0, -1.1), (-1.1, 1.1), (-1.1, -1.1))
"""Where a car at a pose looks into the BEV map: middle and corners, ahead and to the left of the rear axle [m]."""
KINEMATICS = 8 * POINTS


class Lookup(nn.Module):
    """Reads the BEV map at ``spots`` points for each of a trajectory's eight instants."""

    def __init__(self, config: ModelConfig, spots: int) -> None:
        super().__init__()
        self.region = BEVRegion(config)
        self.reduce = nn.Linear(config.bev_dim, LOOKUP_DIM)
        self.instant = nn.Linear(spots * LOOKUP_DIM, LOOKUP_DIM)
        self.path = nn.Linear(POINTS * LOOKUP_DIM, config.dim)

    def forward(self, bev_map: Tensor, spots: Tensor) -> Tensor:
        """``bev_map [B, rows, columns, F]`` at ``spots [B, N, 8, S, 2]`` [m]; returns ``[B, N, D]``."""
        seen = self.region.sample(self.reduce(bev_map), spots)
        return self.path(functional.gelu(self.instant(seen.flatten(3))).flatten(2))


def footprints(poses: Tensor) -> Tensor:
    """Spots ``[..., 5, 2]`` [m] of a car at ``poses[..., 3]``, see ``FOOTPRINT``."""
    return poses[..., None, :2] + rotate(poses.new_tensor(FOOTPRINT), poses[..., None, 2])


def kinematics(poses: Tensor, history: Tensor) -> Tensor:
    """How trajectories move, as numbers of order one.

    Args:
        poses: ``[B, N, 8, 3]``.
        history: ``[B, 4, 7]`` of ``SceneInputs``; speed and acceleration before the first pose come from it.

    Returns:
        ``[B, N, 64]``: x, y, cos and sin of the heading, speed along the heading, its change, yaw rate, its change.
    """
    before = functional.pad(poses[..., :-1, :], (0, 0, 1, 0))
    xy, turn = poses[..., :2] - before[..., :2], wrap(poses[..., 2] - before[..., 2])
    speed = rotate(xy, -(before[..., 2] + turn / 2))[..., 0] / INTERVAL
    yaw_rate = turn / INTERVAL
    past_yaw_rate = wrap(history[:, -1, 2] - history[:, -2, 2]) / INTERVAL
    acceleration, yaw_acceleration = (
        torch.diff(value, dim=-1, prepend=start.view(-1, 1, 1).expand(-1, value.shape[1], -1)) / INTERVAL
        for value, start in ((speed, history[:, -1, 3]), (yaw_rate, past_yaw_rate))
    )
    heading = poses[..., 2]
    x, y = poses[..., 0] / 20, poses[..., 1] / 5
    return torch.cat(
        [x, y, heading.cos(), heading.sin(), speed / 10, acceleration / 3, 2 * yaw_rate, yaw_acceleration], -1
    )
