"""Agents in closed loop: rides through held-out towns in which half a second of each plan is driven."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from irlvla.epdms import PreviousPlans, SceneTruthBatch, score
from irlvla.evaluation.agents import Agent
from irlvla.progress import Advance, progress
from irlvla.scene import CameraRig, Scene, SceneTruth, SubScores
from irlvla.sources import observe
from irlvla.sources.render import check_rig
from irlvla.sources.town.env import TownEnv
from irlvla.sources.town.episode import USUAL_SECONDS

JUDGED_EVERY = 4
"""Steps of half a second between two plans that the exact judge looks at."""

Plan = NDArray[np.float64]


@dataclass(frozen=True)
class ClosedLoop:
    """Rides of an agent.

    Attributes:
        agent: its name.
        rides: what the environment said at the end of each (``info`` of :class:`~irlvla.sources.town.env.TownEnv`).
        scores: ``[J, 1]`` of the plans that were judged, each in the traffic that answers it.
    """

    agent: str
    rides: tuple[dict[str, Any], ...]
    scores: SubScores

    def row(self) -> dict[str, Any]:
        """Shares of all rides and rates a kilometre driven, plain values.

        ``collisions_per_km`` counts all, ``at_fault_per_km`` those that the metric would blame the ego for; ``comfort``
        (HC) and ``EPDMS`` (human filter on) are means over the judged plans.
        """
        kilometres = sum(ride["driven"] for ride in self.rides) / 1000
        kinds = ("collisions", "at_fault", "off_road", "lights")
        rates = {f"{kind}_per_km": sum(ride[kind] for ride in self.rides) / max(kilometres, 1e-3) for kind in kinds}
        return {
            "agent": self.agent,
            "episodes": len(self.rides),
            "success": float(np.mean([ride["success"] for ride in self.rides])),
            "progress": float(np.mean([ride["progress"] for ride in self.rides])),
            "comfort": self.scores.hc.mean().item(),
            "EPDMS": self.scores.filtered().epdms().mean().item(),
            **rates,
            "km": kilometres,
        }


def drive_closed_loop(
    agents: dict[str, Agent], seeds: Sequence[int], rig: CameraRig, seconds: float = USUAL_SECONDS
) -> list[ClosedLoop]:
    """Let every agent drive through the towns of ``seeds``; all rides of an agent go in step, as one batch.

    Args:
        agents: by name, in the order of the table.
        seeds: of towns that nobody has learnt from.
        rig: through which the towns are seen.
        seconds: a ride lasts no longer.

    Raises:
        InputError: if a seed, the rig or the time cannot be used.
    """
    check_rig(rig)
    with progress("closed loop", len(agents) * len(seeds)) as advance:
        return [_drive(name, agent, seeds, rig, seconds, advance) for name, agent in agents.items()]


def _drive(
    name: str, agent: Agent, seeds: Sequence[int], rig: CameraRig, seconds: float, advance: Advance
) -> ClosedLoop:
    envs = {seed: TownEnv(None, seconds) for seed in seeds}
    for seed, env in envs.items():
        env.reset(seed=seed)
    rides: dict[int, dict[str, Any]] = {}
    scores: list[SubScores] = []
    earlier: dict[int, tuple[SceneTruth, Plan]] = {}
    for step in range(round(2 * seconds)):
        scenes = [_with_expert(env) for env in envs.values()]
        plans = dict(zip(envs, agent(scenes, partial(observe, scenes, rig)).double().numpy(), strict=True))
        if step % JUDGED_EVERY == 0:
            scores.append(_judged(envs, plans, earlier))
        earlier = {seed: (scene.truth, plans[seed]) for seed, scene in zip(envs, scenes, strict=True)}
        for seed, plan in plans.items():
            *_, terminated, truncated, info = envs[seed].step(plan)
            if terminated or truncated:
                rides[seed] = info
                del envs[seed]
                advance(f"{name}: {sum(ride['success'] for ride in rides.values())} of {len(rides)} arrived")
        if not envs:
            break
    return ClosedLoop(name, tuple(rides[seed] for seed in seeds), SubScores.cat(scores))


def _judged(envs: dict[int, TownEnv], plans: dict[int, Plan], earlier: dict[int, tuple[SceneTruth, Plan]]) -> SubScores:
    """Scores ``[E, 1]`` of the plans, each in the traffic that answers it, and held against the plan before it."""
    truth = SceneTruthBatch.prepare([envs[seed].judged_scene(plan).truth for seed, plan in plans.items()])
    poses = torch.from_numpy(np.stack(list(plans.values())))
    return score(truth, poses[:, None], previous=PreviousPlans.of([earlier.get(seed) for seed in plans]))


def _with_expert(env: TownEnv) -> Scene:
    """Now, with what the expert would do as the human."""
    scene = env.scene()
    return replace(scene, truth=replace(scene.truth, human=env.expert_plan()))
