"""Is a submission fit to be sent? What the leaderboard's server would keep to itself is said before.

The server looks up each token it is given, notes an empty row where that or the scoring fails, and goes on. Then its
two-stage score wants every row of every pair: where one is empty or missing there is no score.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms import Pair
from irlvla.scene import HORIZON
from irlvla.sources.restricted import read_pickle
from irlvla.sources.submission import FIRST_STAGE, ONE_STAGE, RECORDS, SECOND_STAGE, TEAM_FIELDS, poses_of

NAMED = 10
"""So many tokens are named in a line; the dictionary for machines has all."""

_NUMBER, _INTERVAL = 8, 0.5
_FAR, _SPEED = 250.0, 50.0
_ROUNDED = 1e-6
_ANEW = "make the submission anew"


@dataclass(frozen=True)
class Expected:
    """What a split asks plans for.

    Attributes:
        first_stage, second_stage: tokens of its scenes; none in the second stage where the split has but one.
        pairs: its mapping, of which both stages are scored together; none where there is one stage.
    """

    first_stage: frozenset[str]
    second_stage: frozenset[str] = frozenset()
    pairs: tuple[Pair, ...] = ()


@dataclass(frozen=True)
class Remark:
    """One thing about a submission.

    Attributes:
        what: where it is and what; what the server makes of it.
        mend: what can be done.
        tokens: the scenes, where it is about some.
    """

    what: str
    mend: str
    tokens: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "; ".join([self.what, *([_listed(self.tokens)] if self.tokens else []), self.mend])

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"what": self.what, "mend": self.mend, "count": len(self.tokens), "tokens": list(self.tokens)}


@dataclass(frozen=True)
class Findings:
    """What a look at a submission gave.

    Attributes:
        path: the file.
        plans: how many it has for the first and the second stage.
        faults: for these it would not be scored, or not as meant.
        warnings: odd, but it would be scored.
    """

    path: Path
    plans: tuple[int, int]
    faults: tuple[Remark, ...]
    warnings: tuple[Remark, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether it can be sent."""
        return not self.faults

    def lines(self) -> list[str]:
        """For people: one line a finding, the verdict last."""
        found = [f"FAULT {fault}" for fault in self.faults] + [f"warning {warning}" for warning in self.warnings]
        verdict = "fit to be sent" if self.sound else f"not fit to be sent, faults: {len(self.faults)}"
        return [
            *found,
            f"{self.path}: plans of the first stage {self.plans[0]}, of the second {self.plans[1]}; {verdict}",
        ]

    def to_dict(self) -> dict[str, Any]:
        """For machines."""
        return {
            "path": str(self.path),
            "sound": self.sound,
            "first_stage": self.plans[0],
            "second_stage": self.plans[1],
            "faults": [fault.to_dict() for fault in self.faults],
            "warnings": [warning.to_dict() for warning in self.warnings],
        }


def preflight(path: Path | str, expected: Expected) -> Findings:
    """Look at the submission in the file ``path`` as the server would, without running what is in it.

    A submission of NAVSIM v1 has plans of one stage; it is held against a split without a second.

    Raises:
        InputError: if the file cannot be read, is damaged, or names what no submission needs and could run code.
    """
    path = Path(path)
    content = read_pickle(path, RECORDS)
    if not isinstance(content, Mapping):
        return Findings(path, (0, 0), (Remark("the file holds no dictionary", _ANEW),))
    faults = [*_names(path.read_bytes()), *_team(content)]
    one_stage = ONE_STAGE in content and not expected.second_stage
    forms = [_stage(content, key) for key in ([ONE_STAGE] if one_stage else [FIRST_STAGE, SECOND_STAGE])]
    misshapen = [form for form in forms if isinstance(form, Remark)]
    if misshapen:
        return Findings(path, (0, 0), (*faults, *misshapen))
    first, second = [form for form in forms if isinstance(form, Mapping)] + [{}] * one_stage
    faults += _tokens(set(map(str, first)), set(map(str, second)), expected)
    warnings: list[Remark] = []
    for stage, plans in (("first stage", first), ("second stage", second)):
        for rule, tokens in _broken(plans).items():
            remark = Remark(f"{stage}, {rule.what}", rule.mend, tuple(tokens))
            (faults if rule.fault else warnings).append(remark)
    return Findings(path, (len(first), len(second)), tuple(faults), tuple(warnings))


def _names(data: bytes) -> Iterator[Remark]:
    """What loads here and not there: numpy 2 names its parts anew, and the server has numpy 1.23."""
    if b"numpy._core." in data:
        what = "the arrays were pickled by numpy 2 as numpy._core, which the server's numpy 1.23 cannot load"
        yield Remark(what, "pickle them with numpy 1, or write the file with irlvla")


def _team(content: Mapping[str, Any]) -> Iterator[Remark]:
    empty = [key for key in TEAM_FIELDS if not _filled(content.get(key))]
    if empty:
        yield Remark(f"not filled in: {', '.join(empty)}", "say who submits")


def _filled(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return bool(value) and all(map(_filled, value))
    return isinstance(value, str) and value.strip() not in ("", "MUST_SET", "???", "None")


def _stage(content: Mapping[str, Any], key: str) -> Mapping[Any, Any] | Remark:
    """The plans of a stage, or what is wrong with their form."""
    if key not in content:
        return Remark(f"{key} is missing", "write a list of one dictionary there, empty if the split has no such stage")
    parts = content[key]
    if isinstance(parts, list | tuple) and len(parts) == 1 and isinstance(parts[0], Mapping):
        return parts[0]
    many = isinstance(parts, list | tuple) and len(parts) > 1
    found = f"a list of {len(parts)}" if many else "no list of one dictionary"
    return Remark(f"{key} is {found}, and the server takes exactly one", "give one dictionary, token to plan")


def _tokens(first: set[str], second: set[str], expected: Expected) -> Iterator[Remark]:
    """Whether every scene of the split has its plan, in its stage, and no other scene has one."""
    in_pairs = [{t for pair in expected.pairs for t in (pair.now, pair.previous)},
                {t for pair in expected.pairs for both in pair.followers for t in both}]  # fmt: skip
    firsts, seconds = expected.first_stage | in_pairs[0], expected.second_stage | in_pairs[1]
    void = ", and no pair is scored" if expected.pairs else ""
    for stage, wanted in (("first stage", firsts), ("second stage", seconds)):
        if missing := wanted - first - second:
            what = f"{stage}, no plan for {len(missing)} of {len(wanted)} scenes: the server passes them over{void}"
            yield Remark(what, "plan every scene of the split", tuple(sorted(missing)))
    for stage, plans, others in (("first stage", first, seconds - firsts), ("second stage", second, firsts - seconds)):
        if strays := plans & others:
            what = f"{stage}, plans for {len(strays)} scenes of the other stage"
            yield Remark(what, "move them to their stage", tuple(sorted(strays)))
    for stage, plans in (("first stage", first), ("second stage", second)):
        if unknown := plans - firsts - seconds:
            what = f"{stage}, plans for {len(unknown)} scenes that the split has not: their scoring fails{void}"
            yield Remark(what, "leave them out, or name the split they are of", tuple(sorted(unknown)))
    broken = [pair for pair in expected.pairs if not _whole(pair, first, second)]
    if broken:
        what = f"incomplete pairs, {len(broken)} of {len(expected.pairs)}: for one the server gives up the score of all"
        yield Remark(what, "plan both frames of each pair and all that follow", tuple(pair.now for pair in broken))


def _whole(pair: Pair, first: set[str], second: set[str]) -> bool:
    return {pair.now, pair.previous} <= first and {token for both in pair.followers for token in both} <= second


@dataclass(frozen=True)
class _Rule:
    """What can be wrong with a plan."""

    what: str
    mend: str
    fault: bool = True


_SHAPELESS = _Rule("no trajectory of poses [T, 3]: scoring them fails", _ANEW)
_DTYPE = _Rule("poses of another type than float32 or float64", _ANEW)
_NOT_FINITE = _Rule("NaN or infinity: scoring them fails or says nothing", "mend the policy")
_SAMPLING = _Rule("a sampling that is not that of the poses: the server times them wrongly or fails", _ANEW)
_SHORT = _Rule("less than 4 s planned: the server holds the last pose from there, as if the car stopped dead",
               "plan 4 s")  # fmt: skip
_OTHER = _Rule("another sampling than 8 poses 0.5 s apart", "nothing, if it is meant", fault=False)
_BEYOND = _Rule("poses more than 250 m away", "check the frame: poses are metres in the ego's", fault=False)
_JUMP = _Rule("jumps of more than 25 m in 0.5 s", "check the order and the frame of the poses", fault=False)
_HEADING = _Rule("headings outside [-pi, pi]", "wrap them, and check that they are radians", fault=False)


def _broken(plans: Mapping[Any, Any]) -> dict[_Rule, list[str]]:
    """The tokens of the plans that break each rule that some plan breaks."""
    found: dict[_Rule, list[str]] = {}
    for token, plan in plans.items():
        for rule in _rules_broken(plan):
            found.setdefault(rule, []).append(str(token))
    return found


def _rules_broken(plan: Any) -> list[_Rule]:
    poses = poses_of(plan) if type(plan).__name__ == "Trajectory" else None
    if poses is None:
        return [_SHAPELESS]
    if poses.dtype.kind != "f" or poses.dtype.itemsize not in (4, 8):
        return [_DTYPE]
    if not np.isfinite(poses).all():
        return [_NOT_FINITE]
    interval = _interval(getattr(plan, "trajectory_sampling", None), len(poses))
    if interval is None:
        return [_SAMPLING]
    if len(poses) * interval < HORIZON - _ROUNDED:
        return [_SHORT]
    odd = _odd(poses.astype(np.float64), interval)
    return [rule for rule, there in odd.items() if there]


def _odd(poses: NDArray[np.float64], interval: float) -> dict[_Rule, bool]:
    steps = np.diff(poses[:, :2], axis=0, prepend=0.0)
    return {
        _OTHER: len(poses) != _NUMBER or abs(interval - _INTERVAL) > _ROUNDED,
        _BEYOND: bool((np.hypot(poses[:, 0], poses[:, 1]) > _FAR).any()),
        _JUMP: bool((np.hypot(steps[:, 0], steps[:, 1]) > _SPEED * interval).any()),
        _HEADING: bool((np.abs(poses[:, 2]) > math.pi + _ROUNDED).any()),
    }


def _interval(sampling: Any, count: int) -> float | None:
    """Seconds between ``count`` poses, or None where ``sampling`` does not say that they are so many."""
    values = [getattr(sampling, name, None) for name in ("num_poses", "time_horizon", "interval_length")]
    numbers = [float(value) for value in values if isinstance(value, Real) and math.isfinite(value)]
    if len(numbers) < len(values):
        return None
    number, horizon, interval = numbers
    fits = number == count and interval > 0 and math.isclose(horizon, count * interval, abs_tol=_ROUNDED)
    return interval if fits else None


def _listed(tokens: tuple[str, ...]) -> str:
    more = len(tokens) - NAMED
    return ", ".join(tokens[:NAMED]) + (f" and {more} more" if more > 0 else "")
