"""Stage 2: inverse environment learning. The reward world model learns the judge's verdict from what sensors see."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from irlvla.model import RewardWorldModel, auxiliary_loss, reward_loss
from irlvla.scene import SubScores
from irlvla.training.data import SceneSet
from irlvla.training.imitation import descend
from irlvla.training.labels import Labels
from irlvla.training.loop import Run, batches, train


@dataclass(frozen=True)
class RewardConfig:
    """How stage 2 is trained.

    Attributes:
        steps: updates. batch: scenes an update. candidates: judged plans a scene and update. lr: peak learning rate.
        auxiliary: weight of the object, map and meta-action losses.
    """

    steps: int = 700
    batch: int = 32
    candidates: int = 40
    lr: float = 8e-4
    auxiliary: float = 0.3


def train_reward(
    run: Run, data: SceneSet, labels: Labels, config: RewardConfig, model: RewardWorldModel, name: str = "reward"
) -> RewardWorldModel:
    """Train ``model`` on judged candidates, drawn anew for every batch; resumes where the run stopped."""
    model.to(run.device).train()
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=config.lr, weight_decay=1e-2)

    def update(step: int, generator: torch.Generator) -> dict[str, float]:
        indices = batches(len(data), config.batch, step, run, name)
        poses, exact = draw(labels, indices, config.candidates, generator)
        batch = data.batch(indices, run.device)
        tokens = model.encode(batch.inputs, batch.features)
        losses = reward_loss(model.logits(tokens, poses.to(run.device)), exact_scores(exact.to(run.device)))
        seen = auxiliary_loss(tokens.aux, batch.targets)
        auxiliary, reward = (torch.stack(list(terms.values())).sum() for terms in (seen, losses))
        loss = reward + config.auxiliary * auxiliary
        descend(loss, model, optimizer)
        parts = {"loss": loss, "reward": reward, "auxiliary": auxiliary, **losses}
        return {key: value.item() for key, value in parts.items()}

    train(run, name, config.steps, update, model, optimizer)
    return model.eval()


def draw(labels: Labels, indices: Sequence[int], count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """``count`` candidates of each scene: poses ``[B, count, 8, 3]`` and sub-scores ``[B, count, 9]``."""
    scenes = torch.as_tensor(indices)
    pick = torch.rand(len(scenes), labels.poses.shape[1], generator=generator).topk(count, -1).indices
    return labels.poses[scenes.unsqueeze(1), pick], labels.scores[scenes.unsqueeze(1), pick]


def exact_scores(values: Tensor) -> SubScores:
    """Sub-scores from ``[..., 9]`` in table order."""
    return SubScores.unstacked(values)
