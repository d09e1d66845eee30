"""Agents judged on scenes: the rows of a results table."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from irlvla.epdms import PreviousPlans, SceneTruthBatch, assert_fit, score
from irlvla.evaluation.agents import Agent
from irlvla.progress import progress
from irlvla.scene import SUBSCORE_NAMES, CameraRig, Scene, SubScores
from irlvla.sources import observe

_CHUNK = 16


@dataclass(frozen=True)
class Evaluation:
    """An agent's plans and what the judge says of them.

    Attributes:
        agent: its name.
        poses: ``[S, 8, 3]`` plans, ego frame.
        scores: ``[S, 1]`` unfiltered sub-scores; extended comfort against the agent's own plan 0.5 s earlier, NaN
            where the set has no earlier scene.
    """

    agent: str
    poses: Tensor
    scores: SubScores

    def epdms(self) -> Tensor:
        """Score of each scene after the human-penalty filter, ``[S]``."""
        return self.scores.filtered().epdms().squeeze(1)

    def row(self) -> dict[str, Any]:
        """Means over scenes, as fractions: filtered at the top, unfiltered under ``raw``.

        ``scenes_with_ec`` counts those whose EPDMS has extended comfort in it; ``EPDMS_one`` leaves it out of all.
        """
        return {
            "agent": self.agent,
            "scenes": len(self.poses),
            "scenes_with_ec": int((~self.scores.ec.isnan()).sum()),
            **means(self.scores.filtered()),
            "raw": means(self.scores),
        }


def means(scores: SubScores) -> dict[str, float | None]:
    """Mean of each sub-score (of EC where it is known; None if nowhere), of EPDMS, and of EPDMS without EC."""
    values = {name.upper(): getattr(scores, name).nanmean().item() for name in SUBSCORE_NAMES}
    known = {name: None if math.isnan(value) else value for name, value in values.items()}
    return {**known, "EPDMS": scores.epdms().mean().item(), "EPDMS_one": scores.epdms(with_ec=False).mean().item()}


def evaluate(agents: dict[str, Agent], scenes: Sequence[Scene], rig: CameraRig) -> list[Evaluation]:
    """Judge every agent on every scene; scenes are read and prepared once.

    Args:
        agents: by name, in the order of the table.
        scenes: of whole logs, so that each scene's predecessor is among them where there is one.
        rig: through which the scenes are seen.

    Raises:
        InputError: if this machine does not score the golden scenes as the benchmark does.
    """
    assert_fit()
    place = {scene.token: k for k, scene in enumerate(scenes)}
    before = [place.get(s.previous) if s.previous else None for s in scenes]
    poses = plan(agents, scenes, rig)
    scores: dict[str, list[SubScores]] = {name: [] for name in agents}
    with progress("judging", len(scenes)) as advance:
        for begin in range(0, len(scenes), _CHUNK):
            part = range(begin, min(begin + _CHUNK, len(scenes)))
            truth = SceneTruthBatch.prepare([scenes[k].truth for k in part])
            for name in agents:
                earlier = [before[k] for k in part]
                frames = [None if k is None else (scenes[k].truth, poses[name][k]) for k in earlier]
                plans = poses[name][part].unsqueeze(1)
                scores[name].append(score(truth, plans, previous=PreviousPlans.of(frames)))
            for _ in part:
                advance("")
    return [Evaluation(name, poses[name], SubScores.cat(scores[name])) for name in agents]


def plan(agents: dict[str, Agent], scenes: Sequence[Scene], rig: CameraRig) -> dict[str, Tensor]:
    """Every agent's plans ``[S, 8, 3]``; each scene is looked at once."""
    parts: dict[str, list[Tensor]] = {name: [] for name in agents}
    with progress("planning", len(scenes)) as advance:
        for begin in range(0, len(scenes), _CHUNK):
            chunk = scenes[begin : begin + _CHUNK]
            inputs = observe(chunk, rig)
            for name, agent in agents.items():
                parts[name].append(agent(chunk, inputs))
            for _ in chunk:
                advance("")
    return {name: torch.cat(plans) for name, plans in parts.items()}
