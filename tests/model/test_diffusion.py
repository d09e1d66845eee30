import math

import pytest
import torch
from torch.distributions import MultivariateNormal

from irlvla.model import diffusion
from irlvla.model.diffusion import Exploration


def test_normalisation_is_inverted_and_keeps_the_published_range():
    corners = torch.tensor([[-1.2, -20.0], [55.7, 26.0]])
    assert torch.allclose(diffusion.normalise(corners), torch.tensor([[-1.0, -1.0], [1.0, 1.0]]), atol=1e-6)
    xy = torch.randn(5, 8, 2) * 20
    assert torch.allclose(diffusion.denormalise(diffusion.normalise(xy)), xy, atol=1e-4)


@pytest.mark.parametrize("curvature", [-0.05, 0.0, 0.02, 0.1])
def test_headings_of_an_arc_are_its_tangents(curvature):
    s = 6.0 * 0.5 * torch.arange(1, 9, dtype=torch.float64)
    if curvature == 0:
        xy, heading = torch.stack([s, 0 * s], -1), 0 * s
    else:
        xy = torch.stack([torch.sin(curvature * s), 1 - torch.cos(curvature * s)], -1) / curvature
        heading = torch.atan2(torch.sin(curvature * s), torch.cos(curvature * s))
    error = diffusion.headings(xy) - heading
    assert torch.atan2(error.sin(), error.cos()).abs().max() < 0.06


def test_a_standing_plan_keeps_its_heading():
    xy = torch.tensor([[2.0, 0.0], [3.5, 0.3], [4.0, 0.5], *[[4.0, 0.5]] * 5])
    wobble = xy + 0.01 * torch.tensor([[1.0, -1.0], [-1.0, 1.0]]).repeat(4, 1)
    heading = diffusion.headings(wobble)
    assert torch.all(heading[4:] == heading[3])
    assert torch.all(diffusion.headings(torch.zeros(3, 8, 2)) == 0)


def test_smooth_plans_start_as_the_ego_moves():
    generator = torch.Generator().manual_seed(4)
    xy = 10 * torch.randn(3, 5, 8, 2, generator=generator, dtype=torch.float64)
    speed = torch.tensor([0.0, 5.0, 12.0], dtype=torch.float64)
    smooth = diffusion.smooth(xy, speed)
    t = 0.5 * torch.arange(1, 9, dtype=torch.float64)
    powers = torch.stack([t**2, t**3, t**4], -1)
    for b, n in ((0, 0), (1, 3), (2, 4)):
        steady = torch.stack([speed[b] * t, 0 * t], -1)
        best = torch.linalg.lstsq(powers, xy[b, n] - steady).solution
        assert torch.allclose(smooth[b, n], steady + powers @ best, atol=1e-8)
    assert torch.allclose(diffusion.smooth(smooth, speed), smooth, atol=1e-9)


def test_forward_process_has_the_schedule_s_moments():
    generator = torch.Generator().manual_seed(0)
    clean = torch.full((1, 20000, 8, 2), 0.3)
    noisy = diffusion.add_noise(clean, torch.tensor([50]), torch.randn(clean.shape, generator=generator))
    abar = diffusion.alphas_bar()[50]
    assert noisy.mean().item() == pytest.approx(0.3 * abar.sqrt().item(), abs=1e-3)
    assert noisy.std().item() == pytest.approx((1 - abar).sqrt().item(), rel=1e-2)


def test_deterministic_chain_recovers_a_plan_that_is_known():
    clean = torch.randn(2, 3, 8, 2, dtype=torch.float64)
    x = diffusion.add_noise(clean, 40, torch.randn_like(clean))
    for step, next_step in diffusion.next_steps((40, 30, 10)):
        x = diffusion.denoised_mean(x, clean, step, next_step)
    assert torch.allclose(x, clean, atol=1e-9)


def test_stochastic_transition_keeps_the_marginal_of_the_forward_process():
    """Posterior sampling from x_40 must give x_20 distributed as the forward process would."""
    generator = torch.Generator().manual_seed(1)
    clean = torch.zeros(1, 40000, 8, 2, dtype=torch.float64)
    x40 = diffusion.add_noise(clean, 40, torch.randn(clean.shape, generator=generator, dtype=torch.float64))
    mean, std = diffusion.transition(x40, clean, 40, 20)
    x20 = mean + std * torch.randn(clean.shape, generator=generator, dtype=torch.float64)
    assert x20.std().item() == pytest.approx((1 - diffusion.alphas_bar()[20]).sqrt().item(), rel=1e-2)
    _, last = diffusion.transition(x20, clean, 20, 0)
    assert last == 0


def test_log_probability_is_that_of_the_modes_gaussian():
    generator = torch.Generator().manual_seed(2)
    mean = torch.randn(3, 5, 8, 2, dtype=torch.float64)
    policy = Exploration(0.07)
    plan = policy.sample(mean, generator)
    modes, _ = diffusion._modes()
    z = torch.linalg.lstsq(modes.T, (plan - mean).flatten(-2).reshape(15, 16).T).solution.T
    oracle = MultivariateNormal(torch.zeros(4, dtype=torch.float64), 0.07**2 * torch.eye(4, dtype=torch.float64))
    assert torch.allclose(policy.log_prob(plan, mean).flatten(), oracle.log_prob(z), atol=1e-8)


def test_kl_is_the_expected_log_ratio():
    generator = torch.Generator().manual_seed(3)
    policy = Exploration(0.1)
    mean = torch.zeros(1, 8, 2, dtype=torch.float64)
    other = mean + 0.05 * diffusion._modes()[0][0].view(8, 2)
    plans = policy.sample(mean.expand(50000, 8, 2), generator)
    ratio = policy.log_prob(plans, mean) - policy.log_prob(plans, other)
    assert policy.kl(mean, other).item() == pytest.approx(ratio.mean().item(), abs=0.01)
    assert policy.kl(mean, other).item() == pytest.approx(0.5 * 0.5**2)


def test_exploration_scale_is_floored():
    assert Exploration.at(0.0).std == diffusion.MIN_STD
    assert Exploration.at(0.2).std == 0.2
    assert math.isclose(Exploration.at(0.05).std, 0.05)
