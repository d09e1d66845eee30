"""Scores of many frames made into one: the plain mean, and NAVSIM's two-stage pseudo-simulation (``docs/epdms.md``).

In two stages a plan is judged where it starts and again from where it may have led to. For a recorded frame there are
made-up scenes ("followers") that start about where a car can be four seconds later; the followers near the end of the
agent's own plan count most. A frame comes with its predecessor, half a second earlier, and so do its followers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import torch
from torch import Tensor

from irlvla.errors import InputError
from irlvla.scene import SubScores
from irlvla.scene.subscores import SUBSCORE_NAMES

KERNEL_VARIANCE: Final = 0.1
"""Variance of the Gaussian by which followers are weighted [m2]; only x and y count."""
NEGLIGIBLE: Final = 1e-8
"""Where the Gaussians of a group add up to no more than this, its followers weigh the same."""

COLUMNS: Final = tuple(name.upper() for name in SUBSCORE_NAMES)


@dataclass(frozen=True)
class Pair:
    """A frame of the first stage, its predecessor, and the followers of both.

    Attributes:
        now, previous: tokens of the frame and of the one half a second earlier.
        followers: tokens of second-stage scenes; of each pair the first follows ``now``, the second ``previous``.
    """

    now: str
    previous: str
    followers: tuple[tuple[str, str], ...]

    @classmethod
    def of_mapping(cls, mapping: Iterable[Sequence[Any]]) -> "tuple[Pair, ...]":
        """From rows ``[now, previous, [[now2, previous2], ...]]``, as benchmark splits list them.

        Raises:
            InputError: if a row has another form.
        """
        pairs = []
        for k, row in enumerate(mapping):
            try:
                now, previous, followers = row
                pairs.append(cls(str(now), str(previous), tuple((str(a), str(b)) for a, b in followers)))
            except (TypeError, ValueError) as error:
                form = "give [now, previous, [[now2, previous2], ...]]"
                raise InputError(f"row {k} of the mapping", f"has another form ({error})", form) from error
        return tuple(pairs)


@dataclass(frozen=True)
class StageMean:
    """Means of one stage for ``N`` agents.

    Attributes:
        score: ``[N]`` mean EPDMS.
        subscores: ``[N, 9]`` mean sub-scores in table order; EC over the frames that have one, NaN if none has.
    """

    score: Tensor
    subscores: Tensor


@dataclass(frozen=True)
class TwoStageResult:
    """Two-stage scores of ``N`` agents.

    Attributes:
        stage_one: means over the first-stage frames.
        stage_two: means over the weighted means of each frame's followers.
        combined: ``[N]`` the two-stage EPDMS: mean over first-stage frames of the product of the frame's score and the
            weighted mean score of its followers.
    """

    stage_one: StageMean
    stage_two: StageMean
    combined: Tensor


def one_stage(tokens: Sequence[str], scores: SubScores) -> StageMean:
    """Plain means over ``F`` frames.

    Args:
        tokens: names of the frames.
        scores: ``[F, N]`` after the human-penalty filter; where EC is NaN it is left out of score and mean.

    Raises:
        InputError: if there is no frame, or a sub-score but EC is missing; it is named.
    """
    _check_shape(tokens, scores)
    _refuse_missing(tokens, scores.stacked()[..., :-1], COLUMNS, "score the frame again")
    if not tokens:
        raise InputError("frames", "there are none", "score at least one")
    return StageMean(scores.epdms().mean(0), scores.stacked().nanmean(0))


def two_stage(pairs: Sequence[Pair], tokens: Sequence[str], scores: SubScores, ends: Tensor, starts: Tensor
) -> TwoStageResult:  # fmt: skip
    """The two-stage score of ``N`` agents, from the scores of all ``F`` frames and followers.

    A frame and its predecessor make two groups of equal weight. Both share one extended comfort, that of ``now``.

    Args:
        pairs: the first-stage frames with their followers.
        tokens: ``F`` names of the scored frames; those that no pair names play no part.
        scores: ``[F, N]`` after the human-penalty filter (followers are made-up scenes: it does not touch them).
            EC must be known for the frames that have a predecessor.
        ends: ``[F, N, 2]`` global x and y of the last pose of each plan, as submitted, not as driven.
        starts: ``[F, 2]`` global x and y of the ego's rear axle now.

    Raises:
        InputError: if shapes do not fit, a frame is missing, named twice, not scored or without EC, or a pair has no
            followers; the frame is named. (The benchmark falls back to equal weights instead.)
    """
    count = _check_shape(tokens, scores)
    if ends.shape != (len(tokens), count, 2) or starts.shape != (len(tokens), 2):
        shapes = f"the shapes are {tuple(ends.shape)} and {tuple(starts.shape)}"
        raise InputError("ends and starts", shapes, f"give [{len(tokens)}, {count}, 2] and [{len(tokens)}, 2]")
    rows = _rows(pairs, tokens)
    first = torch.tensor([rows[token] for pair in pairs for token in (pair.now, pair.previous)])
    second = torch.tensor([rows[pair[k]] for p in pairs for k in (0, 1) for pair in p.followers])
    groups = torch.arange(len(first)).repeat_interleave(
        torch.tensor([len(pair.followers) for pair in pairs for _ in (0, 1)])
    )

    scores = _shared_comfort(pairs, rows, scores)
    used = torch.cat([first, second])
    names = [tokens[row] for row in used.tolist()]
    _refuse_missing(names, scores.stacked()[used], COLUMNS, "score the frame, with its predecessor's plan")
    _refuse_missing(names, ends[used], ("x of the end", "y of the end"), "give finite numbers")
    _refuse_missing(names, starts[used], ("x of the start", "y of the start"), "give finite numbers")

    table = torch.cat([scores.stacked(), scores.epdms()[..., None]], -1).double()
    squared_distance = (ends[first[groups]].double() - starts[second, None]).square().sum(-1)
    weights = follower_weights(squared_distance, groups, len(first))
    on_first = table[first]
    on_second = torch.zeros_like(on_first).index_add_(0, groups, weights[..., None] * table[second])
    return TwoStageResult(_mean(on_first), _mean(on_second), (on_first * on_second)[..., -1].mean(0))


def follower_weights(squared_distance: Tensor, groups: Tensor, count: int) -> Tensor:
    """How much each of ``S`` followers counts in its group, for ``N`` agents: ``[S, N]``, summing to 1 in each group.

    A Gaussian of variance 0.1 m2, so that a follower 1 m away counts 150 times less than one at the very spot. Where
    none is near (the Gaussians add up to 1e-8 or less) all count the same.

    Args:
        squared_distance: ``[S, N]`` [m2] between the end of the first-stage plan and the follower's start.
        groups: ``[S]`` int64, the group of each follower, below ``count``.
        count: number of groups.
    """
    kernel = torch.exp(-squared_distance / (2 * KERNEL_VARIANCE))
    total = kernel.new_zeros(count, kernel.shape[1]).index_add_(0, groups, kernel)[groups]
    members = torch.bincount(groups, minlength=count)[groups, None]
    return torch.where(total <= NEGLIGIBLE, 1.0 / members, kernel / total)


def _mean(table: Tensor) -> StageMean:
    mean = table.mean(0)
    return StageMean(mean[:, -1], mean[:, :-1])


def _check_shape(tokens: Sequence[str], scores: SubScores) -> int:
    """The number of agents ``N``; refuses scores that are not ``[len(tokens), N]``."""
    if scores.nc.ndim != 2 or len(scores.nc) != len(tokens):
        raise InputError("scores", f"the shape is {tuple(scores.nc.shape)}", f"give [{len(tokens)} tokens, N agents]")
    return scores.nc.shape[1]


def _rows(pairs: Sequence[Pair], tokens: Sequence[str]) -> dict[str, int]:
    """The row of each token that ``pairs`` name."""
    if not pairs:
        raise InputError("pairs", "there are none", "give at least one first-stage frame")
    known: dict[str, int] = {}
    for k, token in enumerate(tokens):
        if known.setdefault(token, k) != k:
            raise InputError(token, "was scored twice", "give each frame once")
    rows: dict[str, int] = {}
    for pair in pairs:
        if not pair.followers:
            raise InputError(pair.now, "has no followers", "give at least one second-stage scene")
        for token in (pair.now, pair.previous, *(token for both in pair.followers for token in both)):
            if token not in known:
                raise InputError(token, "has no score", "score every frame that the mapping names")
            if token in rows:
                raise InputError(token, "occurs twice in the mapping", "name each frame once")
            rows[token] = known[token]
    return rows


def _shared_comfort(pairs: Sequence[Pair], rows: dict[str, int], scores: SubScores) -> SubScores:
    """``scores`` with the extended comfort of each frame given to its predecessor too."""
    both = [(pair.now, pair.previous) for pair in pairs] + [both for pair in pairs for both in pair.followers]
    now, previous = (torch.tensor([rows[names[k]] for names in both]) for k in (0, 1))
    ec = scores.ec.clone()
    ec[previous] = ec[now]
    return replace(scores, ec=ec)


def _refuse_missing(tokens: Sequence[str], values: Tensor, names: Sequence[str], mend: str) -> None:
    """Refuse ``values [F, ..., C]`` that are not finite, naming frame and column."""
    bad = torch.nonzero(~torch.isfinite(values))
    if len(bad):
        frame, column = int(bad[0, 0]), int(bad[0, -1])
        raise InputError(tokens[frame], f"{names[column]} is not a finite number", mend)
