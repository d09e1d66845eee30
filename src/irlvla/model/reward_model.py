"""The reward world model: from sensors and a trajectory to the judge's sub-scores, without a simulator."""

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from irlvla.model.attention import mlp
from irlvla.model.cascade import Cascade
from irlvla.model.checkpoint import load_model, save_model
from irlvla.model.config import ModelConfig
from irlvla.model.encoder import SceneEncoder, SceneTokens
from irlvla.model.trajectories import FOOTPRINT, KINEMATICS, Lookup, footprints, kinematics
from irlvla.scene import SceneInputs, SubScores

HEADS = {"nc": 3, "dac": 1, "ddc": 3, "tlc": 1, "ep": 1, "ttc": 1, "lk": 1, "hc": 1, "ec": 1, "joint": 1}
"""Width of each head; three classes stand for the scores 0, 1/2 and 1, one for a probability (or, for EP, a share)."""


@dataclass(frozen=True)
class RewardLogits:
    """What the heads say of ``N`` trajectories in ``B`` scenes.

    Attributes:
        nc, ddc: ``[B, N, 3]`` logits of the scores 0, 1/2 and 1.
        dac, tlc, ep, ttc, lk, hc, ec: ``[B, N]``, before the sigmoid.
        joint: ``[B, N]`` logit of all four multipliers being 1.
    """

    nc: Tensor
    dac: Tensor
    ddc: Tensor
    tlc: Tensor
    ep: Tensor
    ttc: Tensor
    lk: Tensor
    hc: Tensor
    ec: Tensor
    joint: Tensor

    def expected(self) -> SubScores:
        """Expected sub-scores: the mean over the classes' probabilities, never the likeliest class."""
        scores = {name: getattr(self, name).sigmoid() for name in HEADS if name != "joint" and HEADS[name] == 1}
        for name in ("nc", "ddc"):
            probability = getattr(self, name).softmax(-1)
            scores[name] = probability[..., 1] / 2 + probability[..., 2]
        return SubScores(**scores)

    def joint_epdms(self, with_ec: bool = True) -> Tensor:
        """EPDMS ``[B, N]`` with the multipliers' product foretold as one event.

        NC, DAC and the others are correlated, so the product of their expectations is biased; this is the other choice.
        """
        one = torch.ones_like(self.joint)
        return replace(self.expected(), nc=self.joint.sigmoid(), dac=one, ddc=one, tlc=one).epdms(with_ec)


class RewardWorldModel(nn.Module):
    """Scores trajectories from what the sensors see: encoders of its own, then the cascade in one pass."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = SceneEncoder(config)
        self.motion = mlp(KINEMATICS, config.dim, config.dim)
        self.lookup = Lookup(config, spots=len(FOOTPRINT))
        self.cascade = Cascade(config)
        self.heads = mlp(config.dim, config.dim, sum(HEADS.values()))

    def features(self, inputs: SceneInputs) -> Tensor:
        """The camera trunk's features ``[B, C, F, h, w]``; with a frozen trunk they may be kept."""
        return self.encoder.trunk(inputs.images)

    def encode(self, inputs: SceneInputs, features: Tensor | None = None) -> SceneTokens:
        """Scenes to tokens; ``features`` where they are known already."""
        return self.encoder(inputs, features)

    def logits(self, tokens: SceneTokens, poses: Tensor) -> RewardLogits:
        """Judge ``poses [B, N, 8, 3]`` in scenes whose tokens are known."""
        queries = self.motion(kinematics(poses, tokens.history))
        queries = queries + self.lookup(tokens.bev_map, footprints(poses))
        values = self.heads(self.cascade(queries, tokens, tokens.ego)).split(list(HEADS.values()), -1)
        return RewardLogits(**{k: v.squeeze(-1) for k, v in zip(HEADS, values, strict=True)})

    def forward(self, inputs: SceneInputs, poses: Tensor, features: Tensor | None = None) -> SubScores:
        """Expected sub-scores ``[B, N]`` of ``poses [B, N, 8, 3]``; ``.epdms()`` of them is the expected score."""
        return self.logits(self.encode(inputs, features), poses).expected()

    def save_pretrained(self, folder: str | Path) -> None:
        """Write ``config.json`` and ``model.safetensors`` into ``folder``."""
        save_model(self, self.config, folder)

    @classmethod
    def from_pretrained(cls, source: str | Path) -> "RewardWorldModel":
        """Read a reward world model from a folder or a Hugging Face hub repository (``owner/name``).

        Raises:
            InputError: if a file is missing or is not a reward world model's.
        """
        return load_model(cls, cls.__name__, source)
