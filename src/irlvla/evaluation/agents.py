"""What is compared in a table: each agent turns scenes into one plan each."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from irlvla.errors import InputError
from irlvla.model import EgoMLP, Policy
from irlvla.model.diffusion import INTERVAL, POINTS
from irlvla.scene import Scene, SceneInputs, Sight, Trajectory
from irlvla.sources import Submission, read_submission
from irlvla.training.checkpoint import load_checkpoint

PICTURE = (160, 90)
"""Width and height of the pictures that networks are trained with, and shown [pixels]."""

Look = Callable[[], SceneInputs]
"""Gives what is seen of some scenes; nothing is read or drawn before somebody looks."""
Agent = Callable[[Sequence[Sight], Look], Tensor]
"""Scenes, and a look at them, to plans ``[S, 8, 3]``: poses 0.5 s apart in each ego frame."""


def human(scenes: Sequence[Sight], _: Look) -> Tensor:
    """What was driven: the upper reference of every table.

    Raises:
        InputError: if a scene has no recorded future of 8 poses 0.5 s apart.
    """
    plans = []
    for scene in scenes:
        driven = scene.truth.human if isinstance(scene, Scene) else None
        if driven is None or driven.poses.shape != (POINTS, 3) or driven.interval != INTERVAL:
            raise InputError(scene.token, "has no human plan of 8 poses 0.5 s apart", "evaluate recorded scenes")
        plans.append(torch.from_numpy(driven.poses))
    return torch.stack(plans)


def constant_velocity(scenes: Sequence[Sight], _: Look) -> Tensor:
    """Straight on at the speed of now: the lower reference."""
    times = INTERVAL * torch.arange(1, POINTS + 1, dtype=torch.float64)
    poses = torch.zeros(len(scenes), POINTS, 3, dtype=torch.float64)
    poses[..., 0] = torch.tensor([s.history[-1, 3] for s in scenes]).unsqueeze(1) * times
    return poses


def driving(policy: Policy | EgoMLP, device: str = "cpu") -> Agent:
    """A network as an agent: it is shown inputs alone and drives its deterministic plan."""

    def agent(_: Sequence[Sight], look: Look) -> Tensor:
        return policy.plan(look().to(device)).double().cpu()

    return agent


def from_submission(submission: Submission) -> Agent:
    """The plans of a submission as an agent, whoever made them: each scene is looked up by its token."""
    plans = {**submission.second_stage, **submission.first_stage}

    def agent(scenes: Sequence[Sight], _: Look) -> Tensor:
        absent = [scene.token for scene in scenes if scene.token not in plans]
        if absent:
            what = f"has no plan of scene {absent[0]}"
            raise InputError("the submission", what, "evaluate on the split it was made for, or plan the scene")
        return torch.stack([_as_planned_here(scene.token, plans[scene.token]) for scene in scenes])

    return agent


def _as_planned_here(token: str, plan: Trajectory) -> Tensor:
    """Poses ``[8, 3]`` of a plan that has them 0.5 s apart; plans are compared as they are, so none is resampled."""
    if plan.poses.shape != (POINTS, 3) or abs(plan.interval - INTERVAL) > 1e-6:
        every = round(INTERVAL / plan.interval)
        fits = every > 1 and abs(every * plan.interval - INTERVAL) < 1e-6 and len(plan.poses) >= every * POINTS
        mend = f"submit every {every}th of its poses, {POINTS} in all" if fits else "plan 8 poses 0.5 s apart"
        what = (
            f"has {len(plan.poses)} poses {plan.interval:g} s apart, tables compare {POINTS} poses {INTERVAL} s apart"
        )
        raise InputError(f"the plan of scene {token}", what, mend)
    return torch.from_numpy(plan.poses)


def network_of(checkpoint: Path, device: str = "cpu") -> Policy | EgoMLP:
    """The network of a checkpoint, which is the folder of a policy or the file of an ego-status MLP, ready to plan.

    Raises:
        InputError: if it is neither.
    """
    if checkpoint.is_dir():
        return Policy.from_pretrained(checkpoint).to(device)
    mlp = EgoMLP()
    try:
        mlp.load_state_dict(load_checkpoint(checkpoint))
    except (RuntimeError, TypeError) as error:
        what = f"holds no ego-status MLP ({str(error).splitlines()[0]})"
        raise InputError(checkpoint, what, "give the folder of a policy or the file of an ego-status MLP") from None
    return mlp.eval().to(device)


def looks(name: str) -> bool:
    """Whether the agent of that name looks at pictures: a network does, rules and written plans do not."""
    return name not in ("human", "constant-velocity") and Path(name).suffix != ".pkl"


def agent_of(name: str, device: str = "cpu") -> Agent:
    """An agent by name ("human", "constant-velocity"), or by path: a network's checkpoint, or a submission (.pkl).

    Raises:
        InputError: if it is none of these.
    """
    known: dict[str, Agent] = {"human": human, "constant-velocity": constant_velocity}
    if name in known:
        return known[name]
    path = Path(name)
    if path.suffix == ".pkl":
        return from_submission(read_submission(path))
    if path.exists():
        return driving(network_of(path, device), device)
    raise InputError(f"--agent {name}", "is no agent and no checkpoint", f"give {', '.join(known)}, or a path")
