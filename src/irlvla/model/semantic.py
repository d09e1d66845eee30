"""Semantic reasoning: what the situation asks for, as Meta tokens and meta-actions.

The tokens have the face of a language model's (the paper's semantic branch): a small learned head fills them here, from
the pictures, the ego and the command; the instruction, always the same sentence for it, is not read.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from irlvla.model.attention import DecoderBlock
from irlvla.model.config import ModelConfig
from irlvla.scene import PathAction, SceneInputs, SpeedAction


@dataclass(frozen=True)
class SemanticReasoning:
    """What semantic reasoning says of ``B`` scenes.

    Attributes:
        tokens: ``[B, m, D]`` Meta tokens.
        speed: ``[B, 4]`` logits of :class:`SpeedAction`.
        path: ``[B, 5]`` logits of :class:`PathAction`.
    """

    tokens: Tensor
    speed: Tensor
    path: Tensor


class SemanticReasoner(nn.Module):
    """Learned Meta tokens that look at every camera's coarse features and at the ego."""

    WINDOWS = (2, 3)
    """Rows and columns of windows that a picture's features are averaged over."""

    def __init__(self, config: ModelConfig, channels: int) -> None:
        super().__init__()
        rows, columns = self.WINDOWS
        self.see = nn.Linear(channels, config.dim)
        self.window = nn.Parameter(0.1 * torch.randn(rows * columns, config.dim))
        self.direction = nn.Linear(6, config.dim)
        self.meta = nn.Parameter(0.1 * torch.randn(config.meta_tokens, config.dim))
        self.decoder = DecoderBlock(config.dim, config.heads)
        self.norm = nn.LayerNorm(config.dim)
        self.speed = nn.Linear(config.dim, len(SpeedAction))
        self.path = nn.Linear(config.dim, len(PathAction))

    def forward(self, inputs: SceneInputs, features: Tensor, ego: Tensor) -> SemanticReasoning:
        """Pictures' ``features [B, C, F, h, w]`` and ``ego [B, 1, D]`` token to Meta tokens and meta-actions."""
        windows = functional.adaptive_avg_pool2d(features.flatten(0, 1), self.WINDOWS).flatten(2).transpose(1, 2)
        mount = inputs.camera_to_ego[:, :, :3, 2:].transpose(-1, -2).flatten(2)  # optical axis and position
        seen = self.see(windows).unflatten(0, features.shape[:2]) + self.window + self.direction(mount).unsqueeze(2)
        tokens = self.norm(self.decoder(self.meta + ego, torch.cat([seen.flatten(1, 2), ego], 1)))
        pooled = tokens.mean(1)
        return SemanticReasoning(tokens, self.speed(pooled), self.path(pooled))
