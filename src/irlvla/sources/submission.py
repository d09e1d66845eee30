"""Submission files of NAVSIM: the planned trajectories of a team, by scene token."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from irlvla.errors import InputError
from irlvla.scene import Trajectory
from irlvla.sources.restricted import Record, read_pickle

RECORDS = (
    "navsim.common.dataclasses.Trajectory",
    "nuplan.planning.simulation.trajectory.trajectory_sampling.TrajectorySampling",
)
"""Classes that submissions are pickled with; only their attributes are read."""


@dataclass(frozen=True)
class Submission:
    """What a team sent in.

    Attributes:
        team: its name.
        first_stage: plans of recorded scenes, by token.
        second_stage: plans of made-up scenes that follow them, by token; none in submissions of NAVSIM v1.
    """

    team: str
    first_stage: dict[str, Trajectory]
    second_stage: dict[str, Trajectory]


def read_submission(path: Path | str) -> Submission:
    """Read a submission pickle of NAVSIM v1 or v2, without running what is in it.

    Raises:
        InputError: if the file cannot be read, is no submission, or holds something that is no finite plan; the token
            is named.
    """
    path = Path(path)
    content = read_pickle(path, RECORDS)
    if not isinstance(content, Mapping) or not ({"predictions", "first_stage_predictions"} & content.keys()):
        raise InputError(path, "is no submission", "give a pickle with first_stage_predictions, or predictions (v1)")
    first = content.get("first_stage_predictions", content.get("predictions"))
    second = content.get("second_stage_predictions", ())
    return Submission(str(content.get("team_name", "")), _plans(path, first), _plans(path, second))


def _plans(path: Path, parts: Any) -> dict[str, Trajectory]:
    """The plans of one stage, which is a list of one dictionary, or of several."""
    if not isinstance(parts, Iterable) or not all(isinstance(part, Mapping) for part in parts):
        raise InputError(path, "its predictions are no list of dictionaries", "make the submission anew")
    return {str(token): _plan(path, str(token), plan) for part in parts for token, plan in part.items()}


def _plan(path: Path, token: str, plan: Any) -> Trajectory:
    sampling = getattr(plan, "trajectory_sampling", None)
    poses = getattr(plan, "poses", None)
    if not isinstance(plan, Record) or not isinstance(poses, np.ndarray) or poses.ndim != 2 or poses.shape[1] != 3:
        raise InputError(path, f"scene {token} has no poses [T, 3]", "make the submission anew")
    if not np.isfinite(poses).all():
        raise InputError(path, f"the plan of scene {token} holds NaN or infinity", "mend the policy")
    interval = getattr(sampling, "interval_length", None) or getattr(sampling, "time_horizon", 4.0) / len(poses)
    return Trajectory(np.array(poses, np.float64), float(interval))
