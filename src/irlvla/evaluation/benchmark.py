"""Agents judged on scenes: the rows of a results table."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from irlvla.epdms import (
    Pair,
    PreviousPlans,
    SceneTruthBatch,
    Stamp,
    TrafficPolicy,
    assert_fit,
    score,
    score_in_traffic,
    stamp,
    two_stage,
)
from irlvla.evaluation.agents import Agent
from irlvla.progress import progress
from irlvla.scene import SUBSCORE_NAMES, CameraRig, Scene, SceneTruth, Sight, SubScores
from irlvla.scene.frames import to_global
from irlvla.sources import observe

SightT = TypeVar("SightT", bound=Sight)

_CHUNK = 16


@dataclass(frozen=True)
class Head:
    """What a table needs to know of a scene when the scene itself is put away.

    Attributes:
        token: its name.
        previous, follows: as of :class:`~irlvla.scene.Sight`.
        pose: ``[3]`` global x, y, heading of the rear axle now.
        reference: how its reference was made.
    """

    token: str
    previous: str | None
    follows: str | None
    pose: NDArray[np.float64]
    reference: str

    @classmethod
    def of(cls, scene: Scene) -> "Head":
        """That of ``scene``."""
        return cls(scene.token, scene.previous, scene.follows, scene.truth.ego[:3], scene.truth.reference_kind)


@dataclass(frozen=True)
class Evaluation:
    """An agent's plans and what the judge says of them.

    Attributes:
        agent: its name.
        heads: of ``S`` scenes, of both stages where there are two.
        poses: ``[S, 8, 3]`` plans, ego frame.
        scores: ``[S, 1]`` unfiltered sub-scores; extended comfort against the agent's own plan 0.5 s earlier, NaN
            where the set has no earlier scene. Second-stage scenes are made up: the human filter passes them by.
        traffic: what the other road users did.
    """

    agent: str
    heads: Sequence[Head]
    poses: Tensor
    scores: SubScores
    traffic: TrafficPolicy = "log-replay"

    def epdms(self) -> Tensor:
        """Score of each scene after the human-penalty filter, ``[S]``."""
        return self.scores.filtered().epdms().squeeze(1)

    def row(self) -> dict[str, Any]:
        """Means over first-stage scenes, as fractions: filtered at the top, unfiltered under ``raw``.

        ``scenes_with_ec`` counts those whose EPDMS has extended comfort in it; ``EPDMS_one`` leaves it out of all.
        ``two_stage`` is there where the scenes have followers: EPDMS of both stages and of the second alone.
        """
        first = torch.tensor([head.follows is None for head in self.heads])
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
        tokens = [head.token for head in self.heads]
        starts = torch.from_numpy(np.stack([head.pose[:2] for head in self.heads]))
        ends = [to_global(p[-1, :2], head.pose) for p, head in zip(self.poses.numpy(), self.heads, strict=True)]
        pairs = pairs_of(self.heads)
        result = two_stage(pairs, tokens, self.scores.filtered(), torch.from_numpy(np.stack(ends))[:, None], starts)
        stages = {"stage_one": result.stage_one.score.item(), "stage_two": result.stage_two.score.item()}
        return {"EPDMS": result.combined.item(), **stages, "pairs": len(pairs)}

    def stamp(self, split: str) -> Stamp:
        """The stamp of the row: two stages if some scenes are followers, first-stage scenes counted."""
        first = sum(head.follows is None for head in self.heads)
        references = ", ".join(sorted({head.reference for head in self.heads}))
        return stamp(first, references, split, 1 if first == len(self.heads) else 2, traffic=self.traffic)


def pairs_of(heads: Sequence[Head]) -> list[Pair]:
    """First-stage frames with their predecessors and followers, of those that have both."""
    known = {head.token: head for head in heads}
    followers: dict[str, list[tuple[str, str]]] = {}
    for head in heads:
        if head.follows is not None and head.previous is not None:
            followers.setdefault(head.follows, []).append((head.token, head.previous))
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


def evaluate(
    agents: dict[str, Agent], scenes: Sequence[Scene], rig: CameraRig, traffic: TrafficPolicy = "log-replay"
) -> list[Evaluation]:
    """Judge every agent on every scene; a few scenes at a time are in memory.

    Args:
        agents: by name, in the order of the table.
        scenes: of whole logs, so that each scene's predecessor is among them where there is one.
        rig: through which the scenes are seen.
        traffic: what the other road users do.

    Raises:
        InputError: if this machine does not score the golden scenes as the benchmark does.
    """
    assert_fit()
    heads: list[Head] = []
    plans: dict[str, list[Tensor]] = {name: [] for name in agents}
    for chunk, drawn_up in planned(agents, scenes, rig):
        heads += map(Head.of, chunk)
        for name, poses in drawn_up.items():
            plans[name].append(poses)
    return _judged(heads, {name: torch.cat(parts) for name, parts in plans.items()}, scenes, traffic)


def _judged(
    heads: Sequence[Head], plans: dict[str, Tensor], scenes: Sequence[Scene], traffic: TrafficPolicy
) -> list[Evaluation]:
    """Judge the plans ``[S, 8, 3]`` of every agent."""
    place = {head.token: k for k, head in enumerate(heads)}
    scores: dict[str, list[SubScores]] = {name: [] for name in plans}
    with progress("judging", len(scenes)) as advance:
        for begin in range(0, len(scenes), _CHUNK):
            part = range(begin, min(begin + _CHUNK, len(scenes)))
            chunk = [scenes[k] for k in part]
            before = [_before(head, place, chunk, scenes) for head in heads[begin : part.stop]]
            judge = _judge([judged(scene) for scene in chunk], traffic)
            for name, poses in plans.items():
                frames = [None if truth is None else (truth, poses[k]) for truth, k in before]
                scores[name].append(judge(poses[part].unsqueeze(1), PreviousPlans.of(frames)))
            for _ in part:
                advance("")
    return [Evaluation(name, heads, poses, SubScores.cat(scores[name]), traffic) for name, poses in plans.items()]


def _before(
    head: Head, place: dict[str, int], chunk: Sequence[Scene], scenes: Sequence[Scene]
) -> tuple[SceneTruth | None, int]:
    """Truth and place of the scene half a second before, if it is in the set."""
    k = None if head.previous is None else place.get(head.previous)
    if k is None:
        return None, 0
    near = next((scene for scene in chunk if scene.token == head.previous), None)
    return (near or scenes[k]).truth, k


def _judge(truths: Sequence[SceneTruth], traffic: TrafficPolicy) -> Callable[[Tensor, PreviousPlans], SubScores]:
    """What scores plans ``[B, 1, 8, 3]`` in these scenes, prepared once where the traffic is always the same."""
    if traffic != "log-replay":
        return lambda plans, previous: score_in_traffic(truths, plans, traffic, previous=previous)
    batch = SceneTruthBatch.prepare(truths)
    return lambda plans, previous: score(batch, plans, previous=previous)


def judged(scene: Scene) -> SceneTruth:
    """The truth by which a scene is judged: those of the second stage are made up and have no human to forgive by."""
    return scene.truth if scene.follows is None else replace(scene.truth, human=None)


def planned(
    agents: dict[str, Agent], scenes: Sequence[SightT], rig: CameraRig
) -> Iterator[tuple[list[SightT], dict[str, Tensor]]]:
    """A few scenes at a time, with every agent's plans ``[C, 8, 3]``; each scene is looked at once, if anybody does."""
    with progress("planning", len(scenes)) as advance:
        for begin in range(0, len(scenes), _CHUNK):
            chunk = [scenes[k] for k in range(begin, min(begin + _CHUNK, len(scenes)))]
            look = cache(partial(observe, chunk, rig))
            yield chunk, {name: agent(chunk, look) for name, agent in agents.items()}
            for _ in chunk:
                advance("")
