"""Agents in closed loop: rides through held-out towns in which half a second of each plan is driven."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from irlvla.epdms import SceneTruthBatch, score
from irlvla.evaluation.agents import Agent
from irlvla.progress import progress
from irlvla.scene import CameraRig, Scene, SubScores
from irlvla.sources import observe
from irlvla.sources.town.env import TownEnv

SECONDS = 75.0
"""A ride lasts no longer."""
JUDGED_EVERY = 4
"""Steps of half a second between two plans that the exact judge looks at."""


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
        and ``EPDMS`` (without extended comfort, human filter on) are means over the judged plans.
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
            "EPDMS": self.scores.filtered().epdms(with_ec=False).mean().item(),
            **rates,
            "km": kilometres,
        }


def drive_closed_loop(agents: dict[str, Agent], seeds: Sequence[int], rig: CameraRig) -> list[ClosedLoop]:
    """Let every agent drive through the towns of ``seeds``; all rides of an agent go in step, as one batch.

    Raises:
        InputError: if a seed or the rig cannot be used.
    """
    result = []
    with progress("closed loop", len(agents) * len(seeds)) as advance:
        for name, agent in agents.items():
            result.append(_drive(name, agent, seeds, rig, advance))
    return result


def _drive(name: str, agent: Agent, seeds: Sequence[int], rig: CameraRig, advance: Any) -> ClosedLoop:
    rides: dict[int, dict[str, Any]] = {}
    envs = {seed: TownEnv(None, SECONDS) for seed in seeds}
    for seed, env in envs.items():
        env.reset(seed=seed)
    scores: list[SubScores] = []
    step = 0
    while envs:
        scenes = [_with_expert(env) for env in envs.values()]
        plans = agent(scenes, observe(scenes, rig)).double().numpy()
        judged = []
        for (seed, env), plan in zip(list(envs.items()), plans, strict=True):
            if step % JUDGED_EVERY == 0:
                judged.append((env.judged_scene(plan), plan))
            _, _, terminated, truncated, info = env.step(plan)
            if terminated or truncated:
                rides[seed] = info
                del envs[seed]
                advance(f"{name}: {sum(ride['success'] for ride in rides.values())} of {len(rides)}")
        if judged:
            truth = SceneTruthBatch.prepare([scene.truth for scene, _ in judged])
            scores.append(score(truth, torch.from_numpy(np.stack([plan for _, plan in judged]))[:, None]))
        step += 1
    return ClosedLoop(name, tuple(rides[seed] for seed in seeds), SubScores.cat(scores))


def _with_expert(env: TownEnv) -> Scene:
    """Now, with what the expert would do as the human."""
    scene = env.scene()
    return replace(scene, truth=replace(scene.truth, human=env.expert_plan()))
