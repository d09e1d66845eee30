"""Labels of the reward world model: many candidate plans of each scene, judged by the exact scorer."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save
from torch import Tensor

from irlvla.epdms import PreviousPlans, SceneTruthBatch, score
from irlvla.model import Policy, diffusion
from irlvla.progress import progress
from irlvla.scene import Scene, SubScores
from irlvla.scene.store import write_atomically
from irlvla.training.chain import roll_out
from irlvla.training.data import SceneSet
from irlvla.training.imitation import typical
from irlvla.training.loop import Run

KINDS = ("vocabulary", "policy", "perturbed")
_CHUNK = 32


@dataclass(frozen=True)
class Labels:
    """``M`` judged candidates of each of ``S`` scenes.

    Attributes:
        poses: ``[S, M, 8, 3]`` float32, ego frame.
        scores: ``[S, M, 9]`` float32, sub-scores in table order, unfiltered; EC is NaN without a previous frame.
        kinds: ``[M]`` index into ``KINDS``.
    """

    poses: Tensor
    scores: Tensor
    kinds: Tensor

    def save(self, path: Path) -> None:
        """Write a safetensors file."""
        write_atomically(path, save({"poses": self.poses, "scores": self.scores, "kinds": self.kinds}))

    @classmethod
    def load(cls, path: Path) -> "Labels":
        """Read what :meth:`save` wrote."""
        return cls(**load_file(path))

    @staticmethod
    def cat(parts: "Sequence[Labels]") -> "Labels":
        """Further candidates of the same scenes."""
        return Labels(
            torch.cat([p.poses for p in parts], 1),
            torch.cat([p.scores for p in parts], 1),
            torch.cat([p.kinds for p in parts]),
        )


def judge(scenes: Sequence[Scene], poses: Tensor, earlier: dict[str, Scene]) -> SubScores:
    """Exact sub-scores ``[S, M]`` of candidates ``[S, M, 8, 3]``.

    Extended comfort compares with what the human planned 0.5 s earlier, so that a label does not depend on a policy.

    Args:
        scenes: the scenes. poses: their candidates, ego frame. earlier: scenes by token, for ``Scene.previous``.
    """
    before = [earlier.get(s.previous) if s.previous else None for s in scenes]
    frames = [(b.truth, b.truth.human.poses) if b is not None and b.truth.human is not None else None for b in before]
    return score(
        SceneTruthBatch.prepare([s.truth for s in scenes]),
        poses,
        interval=diffusion.INTERVAL,
        previous=PreviousPlans.of(frames),
    )


def perturbed(human: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Plans around the human's ``[S, 8, 2]``: shifted sideways up to 2 m, turned up to 15 deg, 30 % faster or slower.

    Returns:
        ``[S, count, 8, 2]`` points [m]; the shift grows over the first half of the plan.
    """
    shape = (len(human), count, 1)
    side, turn, speed = (2 * torch.rand(shape, generator=generator) - 1 for _ in range(3))
    angle = np.radians(15) * turn
    x, y = (human.unsqueeze(1) * (1 + 0.3 * speed.unsqueeze(-1))).unbind(-1)
    grown = torch.linspace(0, 2, diffusion.POINTS).clamp(max=1).square()
    return torch.stack([angle.cos() * x - angle.sin() * y, angle.sin() * x + angle.cos() * y + 2 * side * grown], -1)


def policy_samples(run: Run, data: SceneSet, policy: Policy, per_step: int, purpose: str) -> Tensor:
    """The policy's own plans at every state of its chain, ``[S, steps * per_step, 8, 3]``.

    Half are the most confident anchors, half drawn from all: reinforcement learning asks about both.
    """
    chosen = []
    for begin in range(0, len(data), _CHUNK):
        indices = list(range(begin, min(begin + _CHUNK, len(data))))
        batch = data.batch(indices, run.device)
        generator = run.generator(purpose, begin)
        with torch.no_grad():
            tokens = policy.encode(batch.inputs, batch.features)
        chain = roll_out(policy, tokens, generator)
        noise = torch.rand(chain.logits.shape, generator=generator).to(chain.logits)
        confident = chain.logits.topk(per_step // 2, -1).indices
        others = noise.scatter(-1, confident, -1.0).topk(per_step - per_step // 2, -1).indices
        pick = torch.cat([confident, others], -1)[..., None, None]
        poses = [p.gather(1, pick.expand(-1, -1, *p.shape[2:])) for p in chain.poses()]
        chosen.append(torch.cat(poses, 1).cpu())
    return torch.cat(chosen)


def make_labels(
    run: Run, data: SceneSet, policy: Policy, vocabulary: int = 48, per_step: int = 12, around: int = 24
) -> Labels:
    """Candidates from a k-means vocabulary, from every step of the policy's chain and around the human, all judged.

    Written to ``labels.safetensors`` in the run's folder, and read from there if it exists.
    """
    path = run.folder / "labels.safetensors"
    if path.exists():
        return Labels.load(path)
    anchors = typical(data.human, min(vocabulary, len(data)), run.seed)
    common = diffusion.with_headings(anchors).expand(len(data), -1, -1, -1)
    own = policy_samples(run, data, policy, min(per_step, len(policy.anchors)), "labels")
    near = diffusion.with_headings(perturbed(data.human, around, run.generator("perturbed")))
    poses = torch.cat([common, own, near], 1)
    kinds = torch.repeat_interleave(torch.arange(3), torch.tensor([common.shape[1], own.shape[1], near.shape[1]]))
    labels = Labels(poses, judge_all(data, poses), kinds)
    labels.save(path)
    return labels


def judge_all(data: SceneSet, poses: Tensor) -> Tensor:
    """Exact sub-scores ``[S, M, 9]`` float32 of candidates ``[S, M, 8, 3]`` of all scenes of a set."""
    earlier = {scene.token: scene for scene in data.scenes}
    scores = []
    with progress("labels", len(data)) as advance:
        for begin in range(0, len(data), _CHUNK):
            scenes = data.scenes[begin : begin + _CHUNK]
            scores.append(judge(scenes, poses[begin : begin + _CHUNK], earlier).stacked().float())
            for _ in scenes:
                advance("")
    return torch.cat(scores)
