"""Ego-status baseline: a plan from the ego's own motion and the command alone, without looking."""

import torch
from torch import Tensor, nn

from irlvla.model.diffusion import POINTS, denormalise, with_headings
from irlvla.model.encoder import EGO_STATUS, ego_status
from irlvla.scene import SceneInputs


class EgoMLP(nn.Module):
    """Three linear layers from history and command to eight points."""

    def __init__(self, hidden: int = 128) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(EGO_STATUS, hidden),
            nn.GELU(),
            nn.Linear(hidden, hidden),
            nn.GELU(),
            nn.Linear(hidden, 2 * POINTS),
        )

    def points(self, inputs: SceneInputs) -> Tensor:
        """Planned points ``[B, 8, 2]`` x, y [m]."""
        return denormalise(self.layers(ego_status(inputs)).unflatten(-1, (POINTS, 2)))

    @torch.no_grad()
    def plan(self, inputs: SceneInputs) -> Tensor:
        """The trajectory to drive ``[B, 8, 3]``."""
        return with_headings(self.points(inputs))
