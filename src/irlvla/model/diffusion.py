"""Truncated anchored diffusion over planned points: schedule, chain, exploration and its log-probabilities.

A plan is eight points ``(x, y)`` 0.5 s apart in the ego frame. The forward process is cut short so that noised anchors
still look like plans (DiffusionDrive): ``x_i = sqrt(abar_i) a + sqrt(1 - abar_i) eps`` with ``i`` up to 50 of 1000.
Anchors say how plans depart from going straight on at the ego's speed, so that a few of them lie close to every plan.
The reverse process is DDIM on the network's prediction of the clean plan. Headings are not diffused: they are the
tangents of the spline through the points, so that a plan has one meaning and the chain's Gaussians cover all that is
random.

For reinforcement learning each reverse transition is a Gaussian policy over a few smooth *modes* of the plan (two along
x, two along y) instead of white noise on every point, which no vehicle could follow.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from scipy.interpolate import CubicSpline
from torch import Tensor

POINTS = 8
INTERVAL = 0.5
MAX_STEP = 50
"""Largest diffusion step seen in training, of 1000."""
STEPS = (40, 20)
"""Diffusion steps of the inference chain; the last transition leads to the clean plan."""
MIN_STD = 0.04
"""Floor of the exploration scale in normalised units (DPPO), about one metre at the end of the plan."""
STANDSTILL = 0.3
"""Speed [m/s] below which a plan keeps the heading it had."""

_OFFSET, _SCALE = (1.2, 20.0), (56.9, 46.0)  # DiffusionDrive's ranges of x and y [m]


def normalise(xy: Tensor) -> Tensor:
    """Points ``[..., 2]`` [m] to about [-1, 1]."""
    return 2 * (xy + xy.new_tensor(_OFFSET)) / xy.new_tensor(_SCALE) - 1


def denormalise(points: Tensor) -> Tensor:
    """Normalised points ``[..., 2]`` back to metres."""
    return (points + 1) / 2 * points.new_tensor(_SCALE) - points.new_tensor(_OFFSET)


@cache
def _tangent_operators() -> tuple[Tensor, Tensor]:
    """Linear maps ``[8, 8]`` from the points to their time derivatives, one for x and one for y.

    Cubic splines through the origin and the points; a vehicle does not slide, so y starts with slope zero.
    """
    times = INTERVAL * np.arange(POINTS + 1)
    values = np.eye(POINTS + 1)[:, 1:]
    along = CubicSpline(times, values, bc_type="not-a-knot")(times[1:], 1)
    across = CubicSpline(times, values, bc_type=("clamped", "not-a-knot"))(times[1:], 1)
    return torch.from_numpy(along), torch.from_numpy(across)


def headings(xy: Tensor) -> Tensor:
    """Heading [rad] at each of the points ``[..., 8, 2]`` [m]: the tangent, held while the plan stands or backs up."""
    along, across = (operator.to(xy) for operator in _tangent_operators())
    vx, vy = xy[..., 0] @ along.T, xy[..., 1] @ across.T
    tangent = torch.atan2(vy, vx)
    held = [torch.zeros_like(tangent[..., 0])]
    for k in range(POINTS):
        forward = vx[..., k] * held[-1].cos() + vy[..., k] * held[-1].sin()
        held.append(torch.where(forward > STANDSTILL, tangent[..., k], held[-1]))
    return torch.stack(held[1:], -1)


def with_headings(xy: Tensor) -> Tensor:
    """Poses ``[..., 8, 3]`` (x, y [m], heading [rad]) of the points ``[..., 8, 2]`` [m]."""
    return torch.cat([xy, headings(xy).unsqueeze(-1)], -1)


@cache
def _smoothing() -> Tensor:
    """Projection ``[8, 8]`` of a coordinate over time onto ``t^2, t^3, t^4``."""
    u = torch.arange(1, POINTS + 1, dtype=torch.float64) / POINTS
    powers = torch.stack([u**2, u**3, u**4], -1)
    return powers @ torch.linalg.pinv(powers)


def steady(speed: Tensor) -> Tensor:
    """Plans straight on at ``speed [B]`` [m/s]: points ``[B, 1, 8, 2]`` [m]."""
    times = INTERVAL * torch.arange(1, POINTS + 1, device=speed.device, dtype=speed.dtype)
    along = speed.view(-1, 1, 1) * times
    return torch.stack([along, torch.zeros_like(along)], -1)


def smooth(xy: Tensor, speed: Tensor) -> Tensor:
    """The nearest plan that goes on from the ego's motion without a jump.

    A plan ``x = v t + a t^2 + b t^3 + c t^4``, ``y = d t^2 + e t^3 + f t^4`` starts with the ego's speed and heading;
    what it leaves out is what no vehicle can follow: recorded plans lose 3 cm by it, networks gain comfort.

    Args:
        xy: points ``[B, N, 8, 2]`` [m]. speed: of the ego now, ``[B]`` [m/s].
    """
    straight = steady(speed.to(xy))
    return straight + _smoothing().to(xy) @ (xy - straight)


@cache
def alphas_bar() -> Tensor:
    """``abar_i`` for i = 0 (clean) .. 1000 of the scaled-linear schedule with beta from 1e-4 to 0.02, float64."""
    beta = torch.linspace(1e-4**0.5, 0.02**0.5, 1000, dtype=torch.float64) ** 2
    return torch.cat([torch.ones(1, dtype=torch.float64), torch.cumprod(1 - beta, 0)])


def add_noise(clean: Tensor, step: Tensor | int, noise: Tensor) -> Tensor:
    """Forward process: ``sqrt(abar_i) clean + sqrt(1 - abar_i) noise``.

    Args:
        clean, noise: ``[B, K, 8, 2]`` normalised.
        step: ``i``, one number or ``[B]``.
    """
    abar = alphas_bar().to(clean)[step].reshape(-1, 1, 1, 1)
    return abar.sqrt() * clean + (1 - abar).sqrt() * noise


def transition(noisy: Tensor, clean: Tensor, step: int, next_step: int) -> tuple[Tensor, float]:
    """Stochastic DDIM (eta = 1): mean and scale of ``x_next`` given ``x_step`` and the predicted clean plan.

    Args:
        noisy, clean: ``[..., 8, 2]`` normalised.
        step, next_step: diffusion steps, ``next_step < step``; 0 is the clean plan.

    Returns:
        The mean ``[..., 8, 2]`` and the standard deviation in normalised units, which is 0 at the last transition.
    """
    now, then = alphas_bar()[step].item(), alphas_bar()[next_step].item()
    std = ((1 - then) / (1 - now) * (1 - now / then)) ** 0.5
    noise = (noisy - now**0.5 * clean) / (1 - now) ** 0.5
    return then**0.5 * clean + max(1 - then - std**2, 0.0) ** 0.5 * noise, std


def denoised_mean(noisy: Tensor, clean: Tensor, step: int, next_step: int) -> Tensor:
    """Deterministic DDIM (eta = 0): ``x_next [..., 8, 2]``."""
    now, then = alphas_bar()[step].item(), alphas_bar()[next_step].item()
    noise = (noisy - now**0.5 * clean) / (1 - now) ** 0.5
    return then**0.5 * clean + (1 - then) ** 0.5 * noise


def next_steps(steps: tuple[int, ...] = STEPS) -> list[tuple[int, int]]:
    """The transitions ``(step, next_step)`` of a chain; the last one ends at 0."""
    return list(zip(steps, (*steps[1:], 0), strict=True))


@cache
def _modes() -> tuple[Tensor, Tensor]:
    """Exploration modes ``[4, 16]`` and the map ``[16, 4]`` that reads their coefficients from a plan (flat points).

    With time ``u`` in (0, 1], both axes move by ``u^2`` (accelerate, bend away) and ``u^2 (1 - u)`` (and come back), so
    that explored plans start as the ego moves (:func:`smooth`); x by twice as much as y.
    """
    u = torch.arange(1, POINTS + 1, dtype=torch.float64) / POINTS
    shapes, zero = (u**2, 4 * u**2 * (1 - u)), torch.zeros_like(u)
    along = [torch.stack([2 * f, zero], -1) for f in shapes]
    across = [torch.stack([zero, f], -1) for f in shapes]
    modes = torch.stack(along + across).flatten(1)
    return modes, torch.linalg.pinv(modes)


@dataclass(frozen=True)
class Exploration:
    """Gaussian over the four smooth modes around a mean plan; a coefficient's deviation is ``std``.

    The density is that of the modes' coefficients, exactly Gaussian; what a plan holds beyond the modes is not random.
    """

    std: float

    @classmethod
    def at(cls, ddim_std: float) -> "Exploration":
        """For a transition whose own deviation is ``ddim_std``, floored by ``MIN_STD``."""
        return cls(max(ddim_std, MIN_STD))

    def sample(self, mean: Tensor, generator: torch.Generator) -> Tensor:
        """A plan ``[..., 8, 2]`` drawn around ``mean``; the generator must live on the same device."""
        modes, _ = _modes()
        shape = (*mean.shape[:-2], len(modes))
        z = torch.randn(shape, generator=generator, device=mean.device, dtype=mean.dtype)
        return mean + self.std * (z @ modes.to(mean)).view_as(mean)

    def log_prob(self, plan: Tensor, mean: Tensor) -> Tensor:
        """Log-density ``[...]`` of ``plan [..., 8, 2]`` around ``mean``."""
        z = self._coefficients(plan - mean) / self.std
        constant = np.log(self.std) + 0.5 * np.log(2 * np.pi)
        return -(0.5 * z.square() + constant).sum(-1)

    def kl(self, mean: Tensor, other: Tensor) -> Tensor:
        """KL divergence ``[...]`` between the Gaussians around two means of one scale."""
        return 0.5 * (self._coefficients(mean - other) / self.std).square().sum(-1)

    @staticmethod
    def _coefficients(difference: Tensor) -> Tensor:
        _, read = _modes()
        return difference.flatten(-2) @ read.to(difference)
