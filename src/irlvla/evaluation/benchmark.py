"""Agents judged on scenes: the rows of a results table."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from irlvla.epdms import Pair, PreviousPlans, SceneTruthBatch, Stamp, assert_fit, score, stamp, two_stage
from irlvla.evaluation.agents import Agent
from irlvla.progress import progress
from irlvla.scene import SUBSCORE_NAMES, CameraRig, Scene, SceneTruth, SubScores
from irlvla.scene.frames import to_global
from irlvla.sources import observe

_CHUNK = 16


@dataclass(frozen=True)
class Evaluation:
    """An agent's plans and what the judge says of them.

    Attributes:
        agent: its name.
        scenes: ``S`` scenes, of both stages where there are two.
        poses: ``[S, 8, 3]`` plans, ego frame.
        scores: ``[S, 1]`` unfiltered sub-scores; extended comfort against the agent's own plan 0.5 s earlier, NaN
            where the set has no earlier scene. Second-stage scenes are made up: the human filter passes them by.
    """

    agent: str
    scenes: Sequence[Scene]
    poses: Tensor
    scores: SubScores

    def epdms(self) -> Tensor:
        """Score of each scene after the human-penalty filter, ``[S]``."""
        return self.scores.filtered().epdms().squeeze(1)

    def row(self) -> dict[str, Any]:
        """Means over first-stage scenes, as fractions: filtered at the top, unfiltered under ``raw``.

        ``scenes_with_ec`` counts those whose EPDMS has extended comfort in it; ``EPDMS_one`` leaves it out of all.
        ``two_stage`` is there where the scenes have followers: EPDMS of both stages and of the second alone.
        """
        first = torch.tensor([scene.follows is None for scene in self.scenes])
        scores = chosen(self.scores, first)
        row = {
            "agent": self.agent,
            "scenes": len(scores.nc),
            "scenes_with_ec": int((~scores.ec.isnan()).sum()),
            **means(scores.filtered()),
            "raw": means(scores),
        }
        return row if first.all() else row | {"two_stage": self.two_stage()}

    def two_stage(self) -> dict[str, float | int]:
        """Two-stage score over the pairs that have followers: ``EPDMS``, that of either stage, the number of pairs."""
        tokens = [scene.token for scene in self.scenes]
        starts = torch.from_numpy(np.stack([scene.truth.ego[:2] for scene in self.scenes]))
        ends = [to_global(p[-1, :2], s.truth.ego[:3]) for p, s in zip(self.poses.numpy(), self.scenes, strict=True)]
        pairs = pairs_of(self.scenes)
        result = two_stage(pairs, tokens, self.scores.filtered(), torch.from_numpy(np.stack(ends))[:, None], starts)
        stages = {"stage_one": result.stage_one.score.item(), "stage_two": result.stage_two.score.item()}
        return {"EPDMS": result.combined.item(), **stages, "pairs": len(pairs)}


def pairs_of(scenes: Sequence[Scene]) -> list[Pair]:
    """First-stage frames with their predecessors and followers, of those that have both."""
    known = {scene.token: scene for scene in scenes}
    followers: dict[str, list[tuple[str, str]]] = {}
    for scene in scenes:
        if scene.follows is not None and scene.previous is not None:
            followers.setdefault(scene.follows, []).append((scene.token, scene.previous))
    return [
        Pair(token, previous, tuple(after))
        for token, after in followers.items()
        if token in known and (previous := known[token].previous) is not None
    ]


def chosen(scores: SubScores, which: Tensor) -> SubScores:
    """The scenes ``which [S]`` (bool) of ``scores``, their human beside them."""
    human = None if scores.human is None else chosen(scores.human, which)
    return replace(SubScores.unstacked(scores.stacked()[which]), human=human, metric=scores.metric)


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
            truth = SceneTruthBatch.prepare([judged(scenes[k]) for k in part])
            for name in agents:
                earlier = [before[k] for k in part]
                frames = [None if k is None else (scenes[k].truth, poses[name][k]) for k in earlier]
                plans = poses[name][part].unsqueeze(1)
                scores[name].append(score(truth, plans, previous=PreviousPlans.of(frames)))
            for _ in part:
                advance("")
    return [Evaluation(name, scenes, poses[name], SubScores.cat(scores[name])) for name in agents]


def stamp_of(scenes: Sequence[Scene], split: str) -> Stamp:
    """The stamp of a table on ``scenes``: two stages if some of them are followers, first-stage scenes counted."""
    first = [scene for scene in scenes if scene.follows is None]
    references = ", ".join(sorted({scene.truth.reference_kind for scene in scenes}))
    return stamp(len(first), references, split, 1 if len(first) == len(scenes) else 2)


def judged(scene: Scene) -> SceneTruth:
    """The truth by which a scene is judged: those of the second stage are made up and have no human to forgive by."""
    return scene.truth if scene.follows is None else replace(scene.truth, human=None)


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
