"""Hold the judge against the official scorer's answers that lie beside case files."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from irlvla.epdms.batch import SceneTruthBatch
from irlvla.epdms.cases import Case, case_files, read_case
from irlvla.epdms.margins import margins
from irlvla.epdms.sampling import FloatArray
from irlvla.epdms.score import score
from irlvla.errors import InputError
from irlvla.scene import SUBSCORE_NAMES, SubScores

BoolArray = NDArray[np.bool_]

TOLERANCE = 1e-6
"""Greatest difference of EP and of the whole score; every other sub-score must be equal."""
ROUNDING = 2e-8
"""A decision nearer than this to its threshold is one of rounding. Roll-outs of the official scorer and ours differ by
up to 6e-9 m at city coordinates, of which float64 resolves 1e-9 m; both round comfort to 1e-8."""
WHOLE = ("EPDMS_one", "EPDMS")
SCORES = (*(name.upper() for name in SUBSCORE_NAMES), *WHOLE)
KINDS = ("raw", "filtered")
COLUMNS = tuple(f"{kind}.{name}" for kind in KINDS for name in SCORES)
"""The scores of a table, as ``raw.NC``."""
GRADED = np.array([name in ("EP", *WHOLE) for _ in KINDS for name in SCORES])
SUBSCORES = np.array([name not in WHOLE for _ in KINDS for name in SCORES])
"""Which columns ``[22]`` need not be equal to the last digit, and which are decisions of their own."""


@dataclass(frozen=True)
class Difference:
    """A score beside the official one: where they differ, or where the decision was close.

    Attributes:
        name, trajectory: the case and the index of the plan.
        score: which, as ``raw.NC``.
        ours, official: the two values (None where there is none).
        margin: how far the plan is from where the score jumps (:mod:`irlvla.epdms.margins`), inf if that is not near.
    """

    name: str
    trajectory: int
    score: str
    ours: float | None
    official: float | None
    margin: float

    def __str__(self) -> str:
        line = f"{self.name} trajectory {self.trajectory}: {self.score} is {self.ours}, official {self.official}"
        return f"{line}, {self.margin:.1e} from the bound" if np.isfinite(self.margin) else line

    def as_close(self) -> str:
        """The line for a decision within :data:`ROUNDING` of its threshold: other arithmetic might decide otherwise."""
        agreement = "equals" if self.ours == self.official else "is not"
        return (
            f"{self.name} trajectory {self.trajectory}: {self.score} decided within rounding ({self.margin:.1e} from "
            f"the bound); ours, {self.ours}, {agreement} the official {self.official}"
        )


@dataclass(frozen=True)
class CheckReport:
    """What a check found.

    Attributes:
        files, trajectories: how many were looked at.
        worst: the greatest difference of a graded score.
        differences: every difference that matters.
        close: every sub-score decided within rounding, whether or not it makes a difference.
    """

    files: int
    trajectories: int
    worst: float
    differences: tuple[Difference, ...]
    close: tuple[Difference, ...]

    @property
    def passed(self) -> bool:
        """Whether there is no difference."""
        return not self.differences

    def lines(self) -> list[str]:
        """The report for people: one line a difference, one line a close decision, then the counts."""
        summary = (
            f"{self.files} files, {self.trajectories} trajectories: {len(self.differences)} differences; "
            f"greatest difference of EP and EPDMS {self.worst:.1e}; {len(self.close)} decisions within rounding"
        )
        return [*map(str, self.differences), *(decision.as_close() for decision in self.close), summary]


class Tables(NamedTuple):
    """Scores of ``N`` plans, ``[N, 22]`` by :data:`COLUMNS`: ours, the official ones (NaN where none), and margins."""

    ours: FloatArray
    official: FloatArray
    margins: FloatArray

    def found(self, name: str, where: BoolArray) -> list[tuple[str, int, str, float | None, float | None, float]]:
        """What stands ``where [N, 22]`` in the tables of the case ``name``, as the attributes of a difference."""
        return [
            (name, n, COLUMNS[c], _known(self.ours[n, c]), _known(self.official[n, c]), float(self.margins[n, c]))
            for n, c in np.argwhere(where).tolist()
        ]


def check_cases(folder: Path | str, recursive: bool = False, device: str = "cpu") -> CheckReport:
    """Score every case file of a folder and compare with ``NAME.answer.json`` beside it.

    Raises:
        InputError: if a file cannot be read or judged, or has no answer.
    """
    files = trajectories = 0
    worst, differences, close = 0.0, [], []
    for name, path in case_files(folder, recursive):
        tables = _tables(read_case(path), path, device)
        files, trajectories = files + 1, trajectories + len(tables.ours)
        gaps, unknown = np.abs(tables.ours - tables.official), np.isnan(tables.ours) != np.isnan(tables.official)
        worst = np.fmax(worst, np.fmax.reduce(gaps[:, GRADED], axis=None))
        wrong = unknown | (gaps > np.where(GRADED, TOLERANCE, 0.0))
        differences += [Difference(*found) for found in tables.found(name, wrong)]
        close += [Difference(*found) for found in tables.found(name, _close(tables.margins))]
    return CheckReport(files, trajectories, float(worst), tuple(differences), tuple(close))


def _tables(case: Case, path: Path, device: str) -> Tables:
    try:
        truth = SceneTruthBatch.prepare([case.truth])
        raw = score(truth, case.poses[None], case.interval, device=device, previous=case.previous)
        near = margins(case, truth)
    except InputError as error:
        raise InputError(path, f"{error.where}: {error.what}", error.mend) from error
    ours, official = np.column_stack([_scores(raw), _scores(raw.filtered())]), _answers(path)
    if len(ours) != len(official):
        raise InputError(path, f"{len(ours)} trajectories have {len(official)} answers", "make the answers anew")
    return Tables(ours, official, np.column_stack([near[kind][name] for kind in KINDS for name in SCORES]))


def _scores(scores: SubScores) -> FloatArray:
    """``[N, 11]``."""
    whole = [scores.epdms(with_ec=False), scores.epdms()]
    return torch.cat([scores.stacked(), torch.stack(whole, -1)], -1)[0].cpu().numpy()


def _answers(path: Path) -> FloatArray:
    """The official scores ``[N, 22]`` of the case file ``path``."""
    answer = path.with_suffix(".answer.json")
    try:
        rows = json.loads(answer.read_text())["trajectories"]
        table = [[row[kind].get(name) for kind in KINDS for name in SCORES] for row in rows]
        return np.array(table, np.float64).reshape(-1, len(COLUMNS))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(answer, f"cannot be read ({error!r})", "put the official answers beside the case") from error


def _close(margins: FloatArray) -> BoolArray:
    """Sub-scores ``[N, 22]`` decided within rounding; filtered ones where the human alone decides so."""
    raw, filtered = np.split((margins < ROUNDING) & SUBSCORES, 2, axis=1)
    return np.column_stack([raw, filtered & ~raw])


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
