import math

import pytest
import torch

from irlvla.model import RewardWorldModel, diffusion
from irlvla.scene import SubScores
from irlvla.training.chain import roll_out, start
from irlvla.training.loop import Run
from irlvla.training.reinforce import (
    ReinforceConfig,
    Reinforcement,
    advantages,
    clip_range,
    clipped,
    divergence,
    expected_reward,
    opinions,
    ppo_loss,
    train_reinforce,
)
from tests.training.conftest import CONFIG


@pytest.fixture
def rolled(data, policy):
    batch = data.batch(range(6))
    with torch.no_grad():
        tokens = policy.encode(batch.inputs, batch.features)
    return batch, tokens, roll_out(policy, tokens, torch.Generator().manual_seed(0))


def test_advantage_without_discount_is_reward_minus_value():
    values, reward = torch.rand(3, 4, 5), torch.rand(4, 5)
    gain, returns = advantages(values, reward, gamma=1, lam=1)
    torch.testing.assert_close(gain, reward - values)
    torch.testing.assert_close(returns, reward.expand_as(values))


def test_advantage_is_the_discounted_sum_of_errors():
    values, reward = torch.tensor([[0.5], [0.2], [0.9]]), torch.tensor([1.0])
    gamma, lam = 0.9, 0.8
    errors = [0.9 * 0.2 - 0.5, 0.9 * 0.9 - 0.2, 1.0 - 0.9]
    expected = [sum((gamma * lam) ** k * errors[s + k] for k in range(3 - s)) for s in range(3)]
    gain, _ = advantages(values, reward, gamma, lam)
    assert gain.flatten().tolist() == pytest.approx(expected)


def test_clipping_widens_towards_the_clean_plan():
    config = ReinforceConfig(clip=0.2, clip_base=0.01)
    assert clip_range(0, 2, config) == pytest.approx(0.01)
    assert clip_range(1, 2, config) == pytest.approx(0.2)
    assert clip_range(0, 1, config) == pytest.approx(0.2)
    middle = 0.01 + 0.19 * (math.exp(1.5) - 1) / (math.exp(3) - 1)
    assert clip_range(1, 3, config) == pytest.approx(middle)


def test_the_surrogate_is_pessimistic():
    ratio = torch.tensor([1.5, 1.5, 0.5, 0.5])
    advantage = torch.tensor([1.0, -1.0, 1.0, -1.0])
    assert clipped(ratio, advantage, 0.2).item() == pytest.approx(-(1.2 - 1.5 + 0.5 - 0.8) / 4)


def test_the_first_on_policy_ratio_is_exactly_one(data, policy, rolled):
    batch, tokens, chain = rolled
    same = opinions(policy, tokens, chain)
    losses = ppo_loss(policy, tokens, chain, same, torch.rand(6, 4), batch, ReinforceConfig(), train_actor=True)
    assert losses["approx_kl"].item() == pytest.approx(0, abs=1e-10)
    assert losses["clipfrac"].item() == 0
    assert losses["kl_stage1"].item() == pytest.approx(0, abs=1e-8)


def test_the_chain_starts_at_the_anchors_and_is_seeded(policy, rolled):
    _, tokens, chain = rolled
    assert chain.states.shape == (3, 6, 4, 8, 2)
    assert torch.equal(chain.states[0], start(policy, tokens))
    again = roll_out(policy, tokens, torch.Generator().manual_seed(0))
    assert torch.equal(chain.states, again.states)
    other = roll_out(policy, tokens, torch.Generator().manual_seed(1))
    assert not torch.equal(chain.states[-1], other.states[-1])
    assert chain.poses().shape == (3, 6, 4, 8, 3)


def test_divergence_is_that_of_transitions_and_choice(policy, rolled):
    _, tokens, chain = rolled
    same = opinions(policy, tokens, chain)
    with torch.no_grad():
        policy.score.weight.mul_(3.0)
    other = opinions(policy, tokens, chain)
    p, q = other[-1].logits.softmax(-1), same[-1].logits.softmax(-1)
    assert divergence(other, same, chain).item() == pytest.approx((p * (p / q).log()).sum(-1).mean().item(), rel=1e-4)
    with torch.no_grad():
        policy.shift[-1].bias.add_(0.1)
    assert divergence(opinions(policy, tokens, chain), same, chain) > divergence(other, same, chain) + 0.1


def test_expected_reward_rises_with_the_better_choice():
    reward = torch.tensor([[0.1, 0.9, 0.5]])
    uniform, right = expected_reward(torch.zeros(1, 3), reward), expected_reward(torch.tensor([[0.0, 5, 0]]), reward)
    assert uniform.item() == pytest.approx(0, abs=1e-6)
    assert right > uniform


def test_the_encoder_is_left_alone_and_the_critic_warms_up_first(policy, rolled):
    batch, tokens, chain = rolled
    losses = ppo_loss(
        policy, tokens, chain, opinions(policy, tokens, chain), torch.rand(6, 4), batch, ReinforceConfig(), False
    )
    losses["loss"].backward()
    moved = {name for name, p in policy.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}
    assert moved
    assert all(name.startswith("critic") for name in moved)


def test_the_best_policy_by_the_audit_is_kept(policy):
    state = Reinforcement(policy)
    state.keep_if_better(0.5)
    kept = policy.anchor.detach().clone()
    with torch.no_grad():
        policy.anchor.add_(1.0)
    state.keep_if_better(0.4)
    assert torch.equal(state.best.anchor, kept)
    state.keep_if_better(0.6)
    assert torch.equal(state.best.anchor, policy.anchor)
    assert state.best_exact.item() == pytest.approx(0.6)


class Fast(RewardWorldModel):
    """A reward with a known answer: the further a plan gets within 40 m, the better."""

    def forward(self, inputs, poses, features=None):
        share = (poses[..., -1, 0] / 40).clamp(0, 1)
        one = torch.ones_like(share)
        return SubScores(one, one, one, one, ep=share, ttc=share, lk=share, hc=share, ec=share)


def test_ppo_climbs_a_known_reward(tmp_path, data, policy):
    run = Run(tmp_path, seed=1)
    config = ReinforceConfig(
        updates=25, batch=12, lr=1e-3, warmup=2, imitation=0.0, kl=0.0, audit_every=100, audit_scenes=4
    )
    before = policy.plan(data.inputs, data.features.float())[:, -1, 0].mean()
    with torch.random.fork_rng():
        train_reinforce(run, data, policy, Fast(CONFIG), config)
    records = run.records("reinforce")
    assert records[-1]["reward"] > records[0]["reward"] + 0.04
    assert records[-1]["kl_stage1"] > 0.1
    assert records[0]["kl_stage1"] == pytest.approx(0, abs=1e-3)
    assert {"audit_exact", "audit_learned", "audit_gap_ec"} < set(records[0])
    assert before < 40


def test_stage_three_leaves_stage_one_as_it_was(tmp_path, data, policy):
    config = ReinforceConfig(updates=2, batch=4, warmup=0, audit_every=5, audit_scenes=2)
    frozen = {name: value.clone() for name, value in policy.state_dict().items()}
    train_reinforce(Run(tmp_path), data, policy, Fast(CONFIG), config)
    assert all(torch.equal(value, frozen[name]) for name, value in policy.state_dict().items())


def test_plans_are_made_with_headings(rolled):
    _, _, chain = rolled
    xy = diffusion.denormalise(chain.states[-1])
    assert torch.equal(chain.poses()[-1][..., 2], diffusion.headings(xy))
