"""What is compared in a table: each agent turns scenes into one plan each."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from irlvla.errors import InputError
from irlvla.model import EgoMLP, Policy
from irlvla.model.diffusion import INTERVAL, POINTS
from irlvla.scene import Scene, SceneInputs
from irlvla.training.checkpoint import load_checkpoint

Agent = Callable[[Sequence[Scene], SceneInputs], Tensor]
"""Scenes, and what is seen of them, to plans ``[S, 8, 3]``: poses 0.5 s apart in each ego frame."""


def human(scenes: Sequence[Scene], _: SceneInputs) -> Tensor:
    """What was driven: the upper reference of every table.

    Raises:
        InputError: if a scene has no recorded future of 8 poses 0.5 s apart.
    """
    for scene in scenes:
        driven = scene.truth.human
        if driven is None or driven.poses.shape != (POINTS, 3) or driven.interval != INTERVAL:
            raise InputError(scene.token, "has no human plan of 8 poses 0.5 s apart", "evaluate recorded scenes")
    return torch.stack([torch.from_numpy(s.truth.human.poses) for s in scenes if s.truth.human])


def constant_velocity(scenes: Sequence[Scene], _: SceneInputs) -> Tensor:
    """Straight on at the speed of now: the lower reference."""
    times = INTERVAL * torch.arange(1, POINTS + 1, dtype=torch.float64)
    poses = torch.zeros(len(scenes), POINTS, 3, dtype=torch.float64)
    poses[..., 0] = torch.tensor([s.history[-1, 3] for s in scenes]).unsqueeze(1) * times
    return poses


def driving(policy: Policy | EgoMLP, device: str = "cpu") -> Agent:
    """A network as an agent: it is shown inputs alone and drives its deterministic plan."""

    def agent(_: Sequence[Scene], inputs: SceneInputs) -> Tensor:
        return policy.plan(inputs.to(device)).double().cpu()

    return agent


def agent_of(name: str, device: str = "cpu") -> Agent:
    """An agent by name ("human", "constant-velocity"), or a network by the path of its checkpoint.

    A checkpoint is the folder of a policy or the file of an ego-status MLP.

    Raises:
        InputError: if it is neither.
    """
    known: dict[str, Agent] = {"human": human, "constant-velocity": constant_velocity}
    if name in known:
        return known[name]
    path = Path(name)
    if path.is_dir():
        return driving(Policy.from_pretrained(path).to(device), device)
    if path.is_file():
        mlp = EgoMLP()
        mlp.load_state_dict(load_checkpoint(path))
        return driving(mlp.eval().to(device), device)
    raise InputError(f"--agent {name}", "is no agent and no checkpoint", f"give {', '.join(known)}, or a path")
