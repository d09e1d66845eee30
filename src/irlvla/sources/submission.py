"""Submission files of NAVSIM: the planned trajectories of a team, by scene token."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from irlvla.errors import InputError
from irlvla.scene import HORIZON, Trajectory
from irlvla.sources.restricted import Record, read_pickle

RECORDS = (
    "navsim.common.dataclasses.Trajectory",
    "nuplan.planning.simulation.trajectory.trajectory_sampling.TrajectorySampling",
)
"""Classes that submissions are pickled with; only their attributes are read."""

TEAM_FIELDS = {
    "team_name": "name",
    "authors": "authors",
    "email": "email",
    "institution": "institution",
    "country / region": "country",
}
"""What the file calls each field of :class:`Team`."""

FIRST_STAGE, SECOND_STAGE, ONE_STAGE = "first_stage_predictions", "second_stage_predictions", "predictions"
"""What the file calls the plans: of NAVSIM v2's two stages, and of v1's only one."""


@dataclass(frozen=True)
class Team:
    """Who sends a submission in; the leaderboard shows the name and keeps the rest.

    Attributes:
        name: of the method or team; the leaderboard of v1 takes ``<a href=LINK>NAME</a>`` too.
        authors: all of them, in one text.
        email: where one of them is reached.
        institution: where they work.
        country: country or region.
    """

    name: str
    authors: str = ""
    email: str = ""
    institution: str = ""
    country: str = ""


@dataclass(frozen=True)
class Submission:
    """What a team sends in.

    Attributes:
        team: who it is.
        first_stage: plans of recorded scenes, by token.
        second_stage: plans of made-up scenes that follow them, by token; none in submissions of NAVSIM v1.
    """

    team: Team
    first_stage: Mapping[str, Trajectory]
    second_stage: Mapping[str, Trajectory]


def read_submission(path: Path | str) -> Submission:
    """Read a submission pickle of NAVSIM v1 or v2, without running what is in it.

    Raises:
        InputError: if the file cannot be read, is no submission, or holds something that is no finite plan; the token
            is named.
    """
    path = Path(path)
    content = read_pickle(path, RECORDS)
    if not isinstance(content, Mapping) or not ({ONE_STAGE, FIRST_STAGE} & content.keys()):
        raise InputError(path, "is no submission", f"give a pickle with {FIRST_STAGE}, or {ONE_STAGE} (v1)")
    team = Team(**{ours: str(content.get(theirs, "")) for theirs, ours in TEAM_FIELDS.items()})
    first = _plans(path, content.get(FIRST_STAGE, content.get(ONE_STAGE)))
    return Submission(team, first, _plans(path, content.get(SECOND_STAGE, ())))


def _plans(path: Path, parts: Any) -> dict[str, Trajectory]:
    """The plans of one stage, which is a list of one dictionary, or of several."""
    if not isinstance(parts, Iterable) or not all(isinstance(part, Mapping) for part in parts):
        raise InputError(path, "its predictions are no list of dictionaries", "make the submission anew")
    return {str(token): _plan(path, str(token), plan) for part in parts for token, plan in part.items()}


def _plan(path: Path, token: str, plan: Any) -> Trajectory:
    poses = poses_of(plan)
    if poses is None:
        raise InputError(path, f"scene {token} has no poses [T, 3]", "make the submission anew")
    if not np.isfinite(poses).all():
        raise InputError(path, f"the plan of scene {token} holds NaN or infinity", "mend the policy")
    sampling = getattr(plan, "trajectory_sampling", None)
    interval = getattr(sampling, "interval_length", None)
    try:
        seconds = float(interval or getattr(sampling, "time_horizon", HORIZON) / len(poses))
    except (TypeError, ValueError):
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise InputError(path, f"the plan of scene {token} does not say how far apart its poses are", "make it anew")
    return Trajectory(poses.astype(np.float64), seconds)


def poses_of(plan: Any) -> np.ndarray | None:
    """Poses ``[T, 3]`` (any numbers) of a trajectory as it was read, or None where it holds none."""
    poses = getattr(plan, "poses", None)
    if not isinstance(plan, Record) or not isinstance(poses, np.ndarray) or poses.dtype.kind not in "fiu":
        return None
    return poses if poses.ndim == 2 and poses.shape[1] == 3 and len(poses) else None
