"""Stage 3: PPO against the reward world model, over the denoising chain (DPPO), with a critic and GAE.

What is reinforced: the chain's Gaussian transitions by clipped ratios; the choice among anchors by its exact expected
reward, since every anchor's reward is known. What holds the policy back: clipping, the divergence from stage 1, an
imitation term, a frozen encoder, and an audit by the exact judge on training scenes, the best of which is kept.
"""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from irlvla.model import Denoised, Policy, RewardWorldModel, SceneTokens, diffusion
from irlvla.model.diffusion import Exploration
from irlvla.scene import SUBSCORE_NAMES, SubScores
from irlvla.training.chain import Chain, roll_out
from irlvla.training.data import Batch, SceneSet
from irlvla.training.imitation import descend, focal, nearest_anchor
from irlvla.training.labels import judge
from irlvla.training.loop import Run, batches, train


@dataclass(frozen=True)
class ReinforceConfig:
    """How stage 3 is trained.

    Attributes:
        updates: roll-outs, each followed by ``epochs`` passes over it.
        batch: scenes a roll-out; every anchor is rolled out in each.
        lr: peak learning rate. critic_lr: of the value head.
        clip, clip_base: clipping range of the ratio at the last and at the first denoising step.
        gamma, lam: of generalised advantage estimation along the chain.
        gamma_denoise: discount of the advantage for each step left to the clean plan.
        warmup: updates at the start that train the critic alone.
        imitation: weight of staying near the human (L1 of the nearest anchor, focal BCE of its choice).
        selection: weight of the expected reward of the choice among anchors.
        kl: weight of the divergence from stage 1, which keeps the policy where the reward model was taught.
        audit_every, audit_scenes: how often and on how many training scenes the exact judge looks.
    """

    updates: int = 120
    epochs: int = 2
    batch: int = 32
    lr: float = 1.5e-4
    critic_lr: float = 2e-3
    clip: float = 0.2
    clip_base: float = 0.05
    gamma: float = 1.0
    lam: float = 0.95
    gamma_denoise: float = 0.9
    warmup: int = 8
    imitation: float = 0.5
    selection: float = 0.5
    kl: float = 0.2
    audit_every: int = 10
    audit_scenes: int = 128


def advantages(values: Tensor, reward: Tensor, gamma: float, lam: float) -> tuple[Tensor, Tensor]:
    """Generalised advantage estimation over a chain that is rewarded at its end.

    Args:
        values: ``[S, ...]`` of the states before each transition.
        reward: ``[...]`` of the last state. gamma, lam: with both 1 the advantage is ``reward - values``.

    Returns:
        Advantages and returns (targets of the critic), each ``[S, ...]``.
    """
    future = torch.zeros_like(reward)
    result = torch.empty_like(values)
    for s in reversed(range(len(values))):
        last = s == len(values) - 1
        delta = (reward if last else gamma * values[s + 1]) - values[s]
        future = delta + gamma * lam * future
        result[s] = future
    return result, result + values


def clip_range(s: int, steps: int, config: ReinforceConfig) -> float:
    """Clipping of transition ``s`` of ``steps``: grows exponentially from ``clip_base`` to ``clip`` (DPPO)."""
    t = s / max(steps - 1, 1) if steps > 1 else 1.0
    return config.clip_base + (config.clip - config.clip_base) * math.expm1(3 * t) / math.expm1(3)


def clipped(ratio: Tensor, advantage: Tensor, clip: float) -> Tensor:
    """PPO's pessimistic surrogate, negated to be a loss; a scalar."""
    return -torch.minimum(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage).mean()


def expected_reward(logits: Tensor, reward: Tensor) -> Tensor:
    """Mean reward of choosing an anchor by its confidence, in deviations of the reward; a scalar.

    Args:
        logits, reward: ``[B, K]``.
    """
    chosen = (logits.softmax(-1) * reward).sum(-1)
    return ((chosen - reward.mean(-1)) / (reward.std(-1) + 0.05)).mean()


def ppo_loss(
    policy: Policy,
    tokens: SceneTokens,
    chain: Chain,
    reference: Sequence[Denoised],
    reward: Tensor,
    batch: Batch,
    config: ReinforceConfig,
    train_actor: bool,
) -> dict[str, Tensor]:
    """Loss of one pass over a roll-out, and its diagnostics (scalars).

    Args:
        policy: trained. tokens: of the batch's scenes, constant. chain: rolled out by the policy before this update.
        reference: what the policy of stage 1 says along the chain.
        reward: ``[B, K]`` of the chain's plans. batch: for the imitation term.
        config: weights. train_actor: False while the critic warms up.
    """
    gain, returns = advantages(chain.values, reward, config.gamma, config.lam)
    steps = diffusion.next_steps()
    zero = reward.new_zeros(())
    actor, critic, imitation, kl, clipfrac = zero, zero, zero, zero, zero
    opinion = []
    for s, (step, next_step) in enumerate(steps):
        denoised = policy.denoise(tokens, chain.states[s], step)
        opinion.append(denoised)
        mean, std = diffusion.transition(chain.states[s], denoised.points, step, next_step)
        log_ratio = Exploration.at(std).log_prob(chain.states[s + 1], mean) - chain.log_probs[s]
        ratio, clip = log_ratio.exp(), clip_range(s, len(steps), config)
        discount = config.gamma_denoise ** (len(steps) - 1 - s)
        normal = (gain[s] - gain[s].mean()) / (gain[s].std() + 1e-6)
        actor = actor + clipped(ratio, discount * normal, clip)
        critic = critic + functional.mse_loss(policy.value(denoised.queries.detach()), returns[s])
        imitation = imitation + _imitation(denoised, policy.starts(tokens), batch.human)
        kl = kl + (ratio - 1 - log_ratio).mean().detach()
        clipfrac = clipfrac + ((ratio - 1).abs() > clip).float().mean() / len(steps)
    selection = -expected_reward(denoised.logits, reward)
    away = divergence(opinion, reference, chain)
    gains = actor + config.selection * selection + config.imitation * imitation + config.kl * away
    return {
        "loss": critic + train_actor * gains, "actor": actor, "critic": critic, "imitation": imitation,
        "selection": selection, "kl_stage1": away, "approx_kl": kl, "clipfrac": clipfrac,
    }  # fmt: skip


def _imitation(denoised: Denoised, starts: Tensor, human: Tensor) -> Tensor:
    nearest = nearest_anchor(starts, human)
    plan = denoised.points[torch.arange(len(nearest)), nearest]
    choice = focal(denoised.logits, functional.one_hot(nearest, denoised.logits.shape[-1]).float())
    return functional.l1_loss(plan, diffusion.normalise(human)) + choice


@torch.no_grad()
def opinions(policy: Policy, tokens: SceneTokens, chain: Chain) -> list[Denoised]:
    """What ``policy`` would have predicted at each of the chain's transitions."""
    return [policy.denoise(tokens, x, step) for x, (step, _) in zip(chain.states, diffusion.next_steps(), strict=False)]


def divergence(new: Sequence[Denoised], reference: Sequence[Denoised], chain: Chain) -> Tensor:
    """KL from the reference along a roll-out: of the transitions, summed, and of the choice of anchor; a scalar."""
    total = torch.zeros((), device=chain.states.device)
    for s, (step, next_step) in enumerate(diffusion.next_steps()):
        mean, std = diffusion.transition(chain.states[s], new[s].points, step, next_step)
        other, _ = diffusion.transition(chain.states[s], reference[s].points, step, next_step)
        total = total + Exploration.at(std).kl(mean, other).mean()
    log_new, log_old = (opinion[-1].logits.log_softmax(-1) for opinion in (new, reference))
    return total + (log_new.exp() * (log_new - log_old)).sum(-1).mean()


class Audit:
    """The exact judge looks at the policy's chosen plans on fixed training scenes and keeps the best policy seen."""

    def __init__(self, data: SceneSet, indices: Sequence[int], reward_model: RewardWorldModel, device: str) -> None:
        self.data, self.indices, self.reward_model, self.device = data, list(indices), reward_model, device
        self.earlier = {scene.token: scene for scene in data.scenes}

    @torch.no_grad()
    def __call__(self, policy: Policy) -> dict[str, float]:
        """Exact and learned scores of the policy now, and where they differ (learned minus exact, per sub-score)."""
        exact, learned = [], []
        for begin in range(0, len(self.indices), 32):
            part = self.indices[begin : begin + 32]
            batch = self.data.batch(part, self.device)
            plans = policy.plan(batch.inputs, batch.features).unsqueeze(1)
            exact.append(judge([self.data.scenes[i] for i in part], plans.cpu(), self.earlier))
            learned.append(self.reward_model(batch.inputs, plans, batch.features).stacked().cpu())
        true, believed = SubScores.cat(exact), SubScores.unstacked(torch.cat(learned).double())
        result = {"exact": true.epdms().mean().item(), "learned": believed.epdms().mean().item()}
        for name in SUBSCORE_NAMES:
            result[f"gap_{name}"] = (getattr(believed, name) - getattr(true, name)).nanmean().item()
        return result


class Reinforcement(nn.Module):
    """What stage 3 carries from update to update: the policy, the best one so far by the audit, and its score."""

    def __init__(self, policy: Policy) -> None:
        super().__init__()
        self.policy = policy
        self.best = copy.deepcopy(policy)
        self.register_buffer("best_exact", torch.tensor(-1.0))

    def keep_if_better(self, exact: float) -> None:
        """Remember the policy as it is if the judge has not seen a better one."""
        if exact > self.best_exact:
            self.best.load_state_dict(self.policy.state_dict())
            self.best_exact.fill_(exact)


def train_reinforce(
    run: Run, data: SceneSet, policy: Policy, reward_model: RewardWorldModel, config: ReinforceConfig
) -> Policy:
    """Reinforce a copy of ``policy`` and return the best by the audit; resumes where the run stopped."""
    reference = copy.deepcopy(policy).to(run.device).eval().requires_grad_(False)
    state = Reinforcement(copy.deepcopy(policy)).to(run.device).eval()
    student = state.policy
    student.encoder.requires_grad_(False)
    state.best.requires_grad_(False)
    reward_model = reward_model.to(run.device).eval().requires_grad_(False)
    critic = list(student.critic.parameters())
    others = [p for p in student.parameters() if p.requires_grad and all(p is not c for c in critic)]
    optimizer = torch.optim.AdamW(
        [{"params": others, "lr": config.lr}, {"params": critic, "lr": config.critic_lr}], weight_decay=0.0
    )
    audited = torch.randperm(len(data), generator=run.generator("audit"))[: config.audit_scenes].tolist()
    audit = Audit(data, audited, reward_model, run.device)

    def update(step: int, generator: torch.Generator) -> dict[str, float]:
        batch = data.batch(batches(len(data), config.batch, step, run, "reinforce"), run.device)
        with torch.no_grad():
            tokens = student.encode(batch.inputs, batch.features)
        chain = roll_out(student, tokens, generator)
        with torch.no_grad():
            reward = reward_model(batch.inputs, chain.poses()[-1], batch.features).epdms()
        before = opinions(reference, tokens, chain)
        for _ in range(config.epochs):
            losses = ppo_loss(student, tokens, chain, before, reward, batch, config, train_actor=step >= config.warmup)
            descend(losses["loss"], student, optimizer)
        chosen = (chain.logits.softmax(-1) * reward).sum(-1).mean()
        metrics = {"reward": chosen.item(), **{name: value.item() for name, value in losses.items()}}
        if step % config.audit_every == 0 or step + 1 == config.updates:
            found = audit(student)
            state.keep_if_better(found["exact"])
            metrics.update({f"audit_{name}": value for name, value in found.items()})
        return metrics

    train(run, "reinforce", config.updates, update, state, optimizer)
    return state.best.eval()
