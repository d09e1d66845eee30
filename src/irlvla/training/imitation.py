"""Stage 1: imitation. The policy learns to denoise noised anchors into what the human did, and which anchor fits."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from irlvla.model import EgoMLP, Policy, auxiliary_loss, diffusion
from irlvla.training.data import Batch, SceneSet
from irlvla.training.loop import Run, batches, train


@dataclass(frozen=True)
class ImitationConfig:
    """How stage 1 is trained.

    Attributes:
        steps: updates. batch: scenes an update. lr: peak learning rate.
        regression, classification, auxiliary: weights of the losses (DiffusionDrive: 8, 10; heads by their own).
    """

    steps: int = 600
    batch: int = 32
    lr: float = 8e-4
    regression: float = 8.0
    classification: float = 10.0
    auxiliary: float = 1.0


def typical(plans: Tensor, count: int, seed: int) -> Tensor:
    """``count`` typical plans ``[count, 8, 2]``: k-means centres of ``plans [S, 8, 2]``."""
    from sklearn.cluster import KMeans

    flat = plans.flatten(1).double().numpy()
    clusters = KMeans(n_clusters=count, n_init=4, random_state=seed).fit(flat)
    return torch.from_numpy(clusters.cluster_centers_).float().view(count, *plans.shape[1:])


def anchors_of(data: SceneSet, count: int, seed: int) -> Tensor:
    """Anchors ``[count, 8, 2]`` [m] for a policy: typical departures from going straight on at the ego's speed."""
    return typical(data.human - diffusion.steady(data.inputs.history[:, -1, 3]).squeeze(1), count, seed)


def nearest_anchor(starts: Tensor, human: Tensor) -> Tensor:
    """Index ``[B]`` of the plan in ``starts [B, K, 8, 2]`` (normalised) that is nearest to ``human [B, 8, 2]`` [m]."""
    return (diffusion.denormalise(starts) - human.unsqueeze(1)).norm(dim=-1).mean(-1).argmin(-1)


def imitation_loss(
    policy: Policy, batch: Batch, generator: torch.Generator, config: ImitationConfig
) -> dict[str, Tensor]:
    """The truncated diffusion loss (DiffusionDrive): L1 of the nearest anchor's plan, focal BCE of all anchors' scores.

    Returns:
        ``loss`` and its parts, scalars.
    """
    tokens = policy.encode(batch.inputs, batch.features)
    clean = policy.starts(tokens)
    step = torch.randint(1, diffusion.MAX_STEP + 1, (len(clean),), generator=generator)
    noise = torch.randn(clean.shape, generator=generator).to(clean)
    denoised = policy.denoise(tokens, diffusion.add_noise(clean, step.to(clean.device), noise), step.to(clean.device))
    nearest = nearest_anchor(clean, batch.human)
    plan = denoised.points[torch.arange(len(nearest)), nearest]
    regression = functional.l1_loss(plan, diffusion.normalise(batch.human))
    classification = focal(denoised.logits, functional.one_hot(nearest, denoised.logits.shape[-1]).float())
    seen = auxiliary_loss(tokens.aux, batch.targets)
    auxiliary = torch.stack(list(seen.values())).sum()
    loss = config.regression * regression + config.classification * classification + config.auxiliary * auxiliary
    return {"loss": loss, "regression": regression, "classification": classification, "auxiliary": auxiliary}


def focal(logits: Tensor, target: Tensor, alpha: float = 0.25, gamma: float = 2.0) -> Tensor:
    """Sigmoid focal loss, summed over the last axis and averaged over the rest (RetinaNet)."""
    bce = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    wrong = torch.where(target > 0.5, 1 - logits.sigmoid(), logits.sigmoid())
    weight = torch.where(target > 0.5, alpha, 1 - alpha)
    return (weight * wrong.pow(gamma) * bce).sum(-1).mean()


def train_imitation(run: Run, data: SceneSet, config: ImitationConfig, policy: Policy) -> Policy:
    """Train ``policy`` on the set's human plans; resumes where the run stopped."""
    policy.to(run.device).train()
    optimizer = torch.optim.AdamW([p for p in policy.parameters() if p.requires_grad], lr=config.lr, weight_decay=1e-3)

    def update(step: int, generator: torch.Generator) -> dict[str, float]:
        batch = data.batch(batches(len(data), config.batch, step, run, "imitation"), run.device)
        losses = imitation_loss(policy, batch, generator, config)
        descend(losses["loss"], policy, optimizer)
        return {name: value.item() for name, value in losses.items()}

    train(run, "imitation", config.steps, update, policy, optimizer)
    return policy.eval()


def train_ego_mlp(run: Run, data: SceneSet, steps: int = 1500, batch: int = 64, lr: float = 1e-3) -> EgoMLP:
    """The ego-status baseline: a multi-layer perceptron on history and command, L1 to the human plan."""
    torch.manual_seed(run.seed)
    mlp = EgoMLP().to(run.device).train()
    optimizer = torch.optim.AdamW(mlp.parameters(), lr=lr, weight_decay=1e-3)
    human = data.human.to(run.device)
    blind = replace(data.inputs, images=data.inputs.images[..., :0]).to(run.device)  # it looks at no picture

    def update(step: int, generator: torch.Generator) -> dict[str, float]:
        indices = batches(len(data), batch, step, run, "ego-mlp")
        loss = functional.l1_loss(mlp.points(blind.select(indices)), human[indices])
        descend(loss, mlp, optimizer)
        return {"loss": loss.item()}

    train(run, "ego-mlp", steps, update, mlp, optimizer)
    return mlp.eval()


def descend(loss: Tensor, module: nn.Module, optimizer: torch.optim.Optimizer) -> float:
    """One optimiser step with the gradient's norm clipped to 1; returns the norm before."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    norm = nn.utils.clip_grad_norm_(module.parameters(), 1.0)
    optimizer.step()
    return norm.item()
