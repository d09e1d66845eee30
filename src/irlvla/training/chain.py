"""The denoising chain as a Markov decision process (DPPO), as labels and reinforcement learning see it."""

from dataclasses import dataclass

import torch
from torch import Tensor

from irlvla.model import Policy, SceneTokens, diffusion
from irlvla.model.diffusion import Exploration


@dataclass(frozen=True)
class Chain:
    """One roll-out of the chain for every anchor: ``S`` transitions, ``S + 1`` states.

    Attributes:
        states: ``[S + 1, B, K, 8, 2]`` normalised plans; the first is the anchors', the last the clean plan.
        log_probs: ``[S, B, K]`` of the transitions that were taken.
        values: ``[S, B, K]`` the critic's value of the first ``S`` states.
        logits: ``[B, K]`` confidence in each anchor, given with the last transition.
    """

    states: Tensor
    log_probs: Tensor
    values: Tensor
    logits: Tensor

    def poses(self) -> Tensor:
        """The plans of all states ``[S + 1, B, K, 8, 3]``, ego frame."""
        return diffusion.with_headings(diffusion.denormalise(self.states))


def start(policy: Policy, tokens: SceneTokens) -> Tensor:
    """First state ``[B, K, 8, 2]``: the anchors, scaled as the forward process would, without noise.

    Test and training start alike, so that what is reinforced is what is driven.
    """
    clean = policy.starts(tokens)
    return diffusion.add_noise(clean, diffusion.STEPS[0], torch.zeros_like(clean))


@torch.no_grad()
def roll_out(policy: Policy, tokens: SceneTokens, generator: torch.Generator) -> Chain:
    """Sample the chain with stochastic DDIM and smooth exploration; the generator lives on the CPU."""
    x = start(policy, tokens)
    device_generator = torch.Generator(x.device)
    device_generator.manual_seed(int(torch.randint(2**62, (), generator=generator)))
    states, log_probs, values = [x], [], []
    for step, next_step in diffusion.next_steps():
        denoised = policy.denoise(tokens, x, step)
        mean, std = diffusion.transition(x, denoised.points, step, next_step)
        gaussian = Exploration.at(std)
        x = gaussian.sample(mean, device_generator)
        states.append(x)
        log_probs.append(gaussian.log_prob(x, mean))
        values.append(policy.value(denoised.queries))
    return Chain(torch.stack(states), torch.stack(log_probs), torch.stack(values), denoised.logits)
