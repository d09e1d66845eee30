"""The diffusion policy: anchored trajectories, denoised by the cascade under the scene's tokens."""

import math
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from irlvla.errors import InputError
from irlvla.model.attention import mlp
from irlvla.model.cascade import Cascade
from irlvla.model.checkpoint import load_model, save_model
from irlvla.model.config import ModelConfig
from irlvla.model.diffusion import (
    MAX_STEP,
    POINTS,
    STEPS,
    add_noise,
    denoised_mean,
    denormalise,
    next_steps,
    normalise,
    smooth,
    steady,
    with_headings,
)
from irlvla.model.encoder import SceneEncoder, SceneTokens
from irlvla.model.trajectories import Lookup
from irlvla.scene import SceneInputs


@dataclass(frozen=True)
class Denoised:
    """The network's word on noisy trajectories.

    Attributes:
        points: ``[B, N, 8, 2]`` predicted clean points, normalised.
        logits: ``[B, N]`` how likely each is the one to drive (sigmoid).
        queries: ``[B, N, D]`` what the cascade made of them, for the value head.
    """

    points: Tensor
    logits: Tensor
    queries: Tensor


@dataclass(frozen=True)
class Proposals:
    """Planned trajectories, most confident first.

    Attributes:
        poses: ``[B, n, 8, 3]`` ego frame.
        confidence: ``[B, n]`` in [0, 1].
        chain: ``[B, n, S + 1, 8, 2]`` normalised points from the noised anchor to the clean plan.
    """

    poses: Tensor
    confidence: Tensor
    chain: Tensor


class Policy(nn.Module):
    """Scene to trajectories by truncated diffusion.

    Args:
        config: sizes.
        anchors: ``[K, 8, 2]`` x, y [m], typical departures of human plans from going straight on at the ego's speed;
            ``K = config.anchors``.

    Raises:
        InputError: if the anchors do not fit the configuration.
    """

    anchors: Tensor

    def __init__(self, config: ModelConfig, anchors: Tensor) -> None:
        super().__init__()
        if anchors.shape != (config.anchors, POINTS, 2):
            raise InputError("anchors", f"shape {tuple(anchors.shape)}", f"give [{config.anchors}, {POINTS}, 2]")
        self.config = config
        self.register_buffer("anchors", anchors.float())
        self.encoder = SceneEncoder(config)
        self.anchor = nn.Parameter(0.1 * torch.randn(config.anchors, config.dim))
        self.points = mlp(2 * POINTS, config.dim, config.dim)
        self.lookup = Lookup(config, spots=1)
        self.step = mlp(config.dim, config.dim, config.dim)
        self.cascade = Cascade(config)
        self.shift = mlp(config.dim, config.dim, 2 * POINTS)
        self.score = nn.Linear(config.dim, 1)
        self.critic = mlp(config.dim, config.dim, 1)
        nn.init.normal_(self.shift[-1].weight, std=0.01)  # the first guess is the anchor itself
        nn.init.zeros_(self.shift[-1].bias)
        nn.init.constant_(self.score.bias, -math.log(config.anchors))

    def features(self, inputs: SceneInputs) -> Tensor:
        """The camera trunk's features ``[B, C, F, h, w]``; with a frozen trunk they may be kept."""
        return self.encoder.trunk(inputs.images)

    def encode(self, inputs: SceneInputs, features: Tensor | None = None) -> SceneTokens:
        """Scenes to tokens; ``features`` where they are known already."""
        return self.encoder(inputs, features)

    def denoise(self, tokens: SceneTokens, noisy: Tensor, step: Tensor | int) -> Denoised:
        """Predict the clean trajectories.

        The prediction starts from the anchor, not from the noisy points: the noise says nothing of where to go, so the
        network need not learn to take it away.

        Args:
            tokens: ``B`` scenes.
            noisy: ``[B, G * K, 8, 2]`` normalised; trajectory ``j`` belongs to anchor ``j % K``.
            step: diffusion step, one number or ``[B]``.
        """
        starts = self.starts(tokens)
        groups = noisy.shape[1] // len(self.anchors)
        queries = self.points(noisy.flatten(2)) + self.anchor.repeat(groups, 1)
        queries = queries + self.lookup(tokens.bev_map, denormalise(noisy).unsqueeze(3))
        condition = tokens.ego + self._embed(torch.as_tensor(step, device=noisy.device))
        queries = self.cascade(queries, tokens, condition)
        clean = starts.repeat(1, groups, 1, 1) + self.shift(queries).unflatten(-1, (POINTS, 2))
        clean = normalise(smooth(denormalise(clean), tokens.history[:, -1, 3]))
        return Denoised(clean, self.score(queries).squeeze(-1), queries)

    def starts(self, tokens: SceneTokens) -> Tensor:
        """The anchors as plans of each scene, ``[B, K, 8, 2]`` normalised."""
        return normalise(steady(tokens.history[:, -1, 3]) + self.anchors)

    def value(self, queries: Tensor) -> Tensor:
        """Critic: expected reward ``[B, N]`` of the trajectories that ``queries [B, N, D]`` stand for."""
        return self.critic(queries).squeeze(-1)

    @torch.no_grad()
    def propose(
        self, inputs: SceneInputs, n: int, generator: torch.Generator, features: Tensor | None = None
    ) -> Proposals:
        """Trajectories by DDIM from noised anchors.

        Args:
            inputs: ``B`` scenes.
            n: trajectories a scene; up to ``K`` the most confident of one noise an anchor, beyond it of several.
            generator: randomness of the noise.
            features: the trunk's features, where they are known already.
        """
        groups = math.ceil(n / len(self.anchors))
        shape = (len(inputs), groups * len(self.anchors), POINTS, 2)
        noise = torch.randn(shape, generator=generator, device=generator.device).to(self.anchors)
        return self._run(self.encode(inputs, features), noise, n)

    @torch.no_grad()
    def plan(self, inputs: SceneInputs, features: Tensor | None = None) -> Tensor:
        """The trajectory to drive ``[B, 8, 3]``: the most confident one of the chain without noise."""
        noise = self.anchors.new_zeros(len(inputs), *self.anchors.shape)
        return self._run(self.encode(inputs, features), noise, 1).poses[:, 0]

    def _run(self, tokens: SceneTokens, noise: Tensor, n: int) -> Proposals:
        groups = noise.shape[1] // len(self.anchors)
        chain = [add_noise(self.starts(tokens).repeat(1, groups, 1, 1), STEPS[0], noise)]
        for step, next_step in next_steps():
            denoised = self.denoise(tokens, chain[-1], step)
            chain.append(denoised_mean(chain[-1], denoised.points, step, next_step))
        confidence, best = denoised.logits.sigmoid().sort(dim=1, descending=True, stable=True)
        scene = torch.arange(len(best), device=best.device).unsqueeze(1)
        picked = torch.stack(chain, 2)[scene, best[:, :n]]
        return Proposals(with_headings(denormalise(picked[:, :, -1])), confidence[:, :n], picked)

    def _embed(self, step: Tensor) -> Tensor:
        """Diffusion steps ``[]`` or ``[B]`` as ``[1 or B, 1, D]``."""
        half = self.config.dim // 2
        frequency = torch.exp(-math.log(1000.0) * torch.arange(half, device=step.device) / half)
        angle = step.reshape(-1, 1, 1) / MAX_STEP * 2 * math.pi * 10 * frequency
        return self.step(torch.cat([angle.sin(), angle.cos()], -1))

    def save_pretrained(self, folder: str | Path) -> None:
        """Write ``config.json`` and ``model.safetensors`` into ``folder``."""
        save_model(self, self.config, folder)

    @classmethod
    def from_pretrained(cls, source: str | Path) -> "Policy":
        """Read a policy from a folder or a Hugging Face hub repository (``owner/name``), in evaluation mode.

        Raises:
            InputError: if a file is missing or is not a policy's.
        """
        return load_model(lambda config: cls(config, torch.zeros(config.anchors, POINTS, 2)), cls.__name__, source)
