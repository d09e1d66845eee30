"""From what a policy sees to tokens: semantic reasoning, 3D reasoning and the ego."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from irlvla.model.attention import mlp
from irlvla.model.backbone import CameraTrunk
from irlvla.model.bev import BEVAdaptor
from irlvla.model.config import ModelConfig
from irlvla.model.perception import Perceived, Perception
from irlvla.model.semantic import SemanticReasoner
from irlvla.scene import Command, SceneInputs

HISTORY_SCALE = (10.0, 5.0, 0.5, 10.0, 2.0, 3.0, 2.0)
"""Typical size of x, y [m], heading [rad], vx, vy [m/s], ax, ay [m/s^2] in ``SceneInputs.history``."""


@dataclass(frozen=True)
class Auxiliary:
    """Predictions made beside the tokens, which the auxiliary losses hold against the truth.

    Attributes:
        perceived: objects, map lines and areas.
        speed: ``[B, 4]`` logits of :class:`~irlvla.scene.SpeedAction`.
        path: ``[B, 5]`` logits of :class:`~irlvla.scene.PathAction`.
    """

    perceived: Perceived
    speed: Tensor
    path: Tensor


@dataclass(frozen=True)
class SceneTokens:
    """``B`` scenes as the cascade reads them.

    Attributes:
        meta, bev, map, object: ``[B, n, D]`` each.
        ego: ``[B, 1, D]`` history and command.
        bev_map: ``[B, rows, columns, F]`` for look-ups at trajectory points.
        history: ``[B, 4, 7]`` of the inputs, for what depends on the motion so far.
        aux: what was predicted on the way.
    """

    meta: Tensor
    bev: Tensor
    map: Tensor
    object: Tensor
    ego: Tensor
    bev_map: Tensor
    history: Tensor
    aux: Auxiliary


def ego_status(inputs: SceneInputs) -> Tensor:
    """History and command as one vector of order one, ``[B, 32]``."""
    history = inputs.history / inputs.history.new_tensor(HISTORY_SCALE)
    command = nn.functional.one_hot(inputs.command, len(Command)).to(history.dtype)
    return torch.cat([history.flatten(1), command], 1)


EGO_STATUS = 4 * len(HISTORY_SCALE) + len(Command)


class SceneEncoder(nn.Module):
    """Camera trunk, semantic reasoning, 3D reasoning, ego; a policy and a reward model own one each."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.trunk = CameraTrunk(config.trunk_blocks, config.trunk_frozen)
        self.ego = nn.Sequential(mlp(EGO_STATUS, config.dim, config.dim), nn.LayerNorm(config.dim))
        self.semantic = SemanticReasoner(config, self.trunk.channels)
        self.bev = BEVAdaptor(config, self.trunk.channels)
        self.perception = Perception(config)

    def forward(self, inputs: SceneInputs, features: Tensor | None = None) -> SceneTokens:
        """``B`` scenes to tokens.

        Args:
            inputs: what the policy sees.
            features: the trunk's features of the pictures ``[B, C, F, h, w]``, any float type, where they are known
                already.
        """
        features = self.trunk(inputs.images) if features is None else features.to(self.bev.points.dtype)
        ego = self.ego(ego_status(inputs)).unsqueeze(1)
        semantic = self.semantic(inputs, features, ego)
        bev_map, bev = self.bev(inputs, features)
        objects, lines, perceived = self.perception(bev_map, bev)
        aux = Auxiliary(perceived, semantic.speed, semantic.path)
        return SceneTokens(semantic.tokens, bev, lines, objects, ego, bev_map, inputs.history, aux)
