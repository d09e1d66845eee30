"""Writing submission files for NAVSIM's leaderboards, with neither NAVSIM nor nuPlan installed.

The server loads the file with Python 3.9 and numpy 1.23, and plans must come out as objects of NAVSIM's own classes.
Python's pickler can only name classes that it can import, and arrays under the name that the numpy at hand gives its
parts. Both are got round by writing the few opcodes that are needed: a submission is the same bytes everywhere.
"""

import pickle
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from irlvla.errors import InputError
from irlvla.scene import Trajectory
from irlvla.scene.store import write_atomically
from irlvla.sources.submission import FIRST_STAGE, ONE_STAGE, RECORDS, SECOND_STAGE, TEAM_FIELDS, Submission, Team


def write_submission(path: Path | str, submission: Submission) -> None:
    """Write a submission of NAVSIM v2: both stages, each a list of one dictionary.

    Raises:
        InputError: if a plan is no finite poses ``[T, 3]`` (its token is named), or the file cannot be written.
    """
    stages = {FIRST_STAGE: submission.first_stage, SECOND_STAGE: submission.second_stage}
    _write(Path(path), submission.team, stages)


def write_submission_v1(path: Path | str, submission: Submission) -> None:
    """Write a submission of NAVSIM v1, which knows one stage.

    Raises:
        InputError: as :func:`write_submission`, or if there are plans of a second stage.
    """
    if submission.second_stage:
        what = f"has {len(submission.second_stage)} plans of a second stage, which v1 does not know"
        raise InputError("the submission", what, "write it for v2, or leave them out")
    _write(Path(path), submission.team, {ONE_STAGE: submission.first_stage})


def _write(path: Path, team: Team, stages: Mapping[str, Mapping[str, Trajectory]]) -> None:
    fields = {theirs: getattr(team, ours) for theirs, ours in TEAM_FIELDS.items()}
    samplings: dict[tuple[int, float], _Object] = {}
    plans = {
        stage: [{token: _trajectory(token, plan, samplings) for token, plan in trajectories.items()}]
        for stage, trajectories in stages.items()
    }
    code = b"".join(_opcodes({**fields, **plans}, {}))
    write_atomically(path, pickle.PROTO + b"\x04" + code + pickle.STOP)


@dataclass(frozen=True, eq=False)
class _Global:
    """A class or function, which whoever loads the pickle looks up."""

    module: str
    name: str


@dataclass(frozen=True, eq=False)
class _Object:
    """What ``maker(*arguments)`` makes, or if ``bare`` its ``__new__`` alone, and the state that is then set."""

    maker: _Global
    arguments: tuple[Any, ...]
    state: Any
    bare: bool = False


_TRAJECTORY, _SAMPLING = (_Global(*full.rsplit(".", 1)) for full in RECORDS)
_RECONSTRUCT = _Global("numpy.core.multiarray", "_reconstruct")  # numpy 2 has it under this name, 1.23 under no other
_NDARRAY = _Global("numpy", "ndarray")
_FLOAT32 = _Object(_Global("numpy", "dtype"), ("f4", False, True), (3, "<", None, None, None, -1, -1, 0))


def _trajectory(token: str, plan: Trajectory, samplings: dict[tuple[int, float], _Object]) -> _Object:
    """A plan as NAVSIM's ``Trajectory``; equal samplings are one object, as where one agent made all plans."""
    with np.errstate(over="ignore"):
        poses = np.ascontiguousarray(plan.poses, "<f4")
    if poses.ndim != 2 or poses.shape[1] != 3 or not len(poses):
        raise InputError(f"the plan of scene {token}", f"its shape is {poses.shape}", "give poses [T, 3]")
    if not np.isfinite(poses).all():
        raise InputError(f"the plan of scene {token}", "holds NaN, infinity or what float32 cannot", "mend the policy")
    count, interval = len(poses), float(plan.interval)
    if not 0 < interval < np.inf:
        raise InputError(f"the plan of scene {token}", f"its poses are {interval} s apart", "give a positive interval")
    state = {"num_poses": count, "time_horizon": count * interval, "interval_length": interval}
    sampling = samplings.setdefault((count, interval), _Object(_SAMPLING, (), state, bare=True))
    array = _Object(_RECONSTRUCT, (_NDARRAY, (0,), b"b"), (1, poses.shape, _FLOAT32, False, poses.tobytes()))
    return _Object(_TRAJECTORY, (), {"poses": array, "trajectory_sampling": sampling}, bare=True)


def _opcodes(value: Any, memo: dict[_Global | _Object, int]) -> Iterator[bytes]:
    """``value`` in opcodes of protocol 4; what ``memo`` holds already is only referred to."""
    match value:
        case _Global() | _Object() if value in memo:
            yield pickle.LONG_BINGET + struct.pack("<I", memo[value])
        case _Global(module, name):
            yield from _opcodes(module, memo)
            yield from _opcodes(name, memo)
            yield pickle.STACK_GLOBAL + _memoized(value, memo)
        case _Object(maker, arguments, state, bare):
            yield from _opcodes(maker, memo)
            yield from _opcodes(arguments, memo)
            yield (pickle.NEWOBJ if bare else pickle.REDUCE) + _memoized(value, memo)
            yield from _opcodes(state, memo)
            yield pickle.BUILD
        case dict():
            yield pickle.EMPTY_DICT + pickle.MARK
            for key, item in value.items():
                yield from _opcodes(key, memo)
                yield from _opcodes(item, memo)
            yield pickle.SETITEMS
        case list() | tuple():
            yield pickle.EMPTY_LIST + pickle.MARK if isinstance(value, list) else pickle.MARK
            for item in value:
                yield from _opcodes(item, memo)
            yield pickle.APPENDS if isinstance(value, list) else pickle.TUPLE
        case _:
            yield _plain(value)


def _memoized(value: _Global | _Object, memo: dict[_Global | _Object, int]) -> bytes:
    memo[value] = len(memo)  # the place that the opcode gives it
    return pickle.MEMOIZE


def _plain(value: Any) -> bytes:
    match value:
        case None:
            return pickle.NONE
        case bool():
            return pickle.NEWTRUE if value else pickle.NEWFALSE
        case int():
            return pickle.BININT + struct.pack("<i", value)
        case float():
            return pickle.BINFLOAT + struct.pack(">d", value)
        case bytes():
            return pickle.BINBYTES + struct.pack("<I", len(value)) + value
        case str():
            text = value.encode("utf-8", "surrogatepass")
            return pickle.BINUNICODE + struct.pack("<I", len(text)) + text
    raise TypeError(f"no opcode is written for {type(value)}")
