"""Hold the judge against the official scorer's answers that lie beside case files."""

import json
from dataclasses import dataclass
from pathlib import Path

from irlvla.epdms.cases import case_files, read_case, score_table
from irlvla.epdms.margins import margin_to_bound
from irlvla.errors import InputError

TOLERANCE = 1e-6
"""Greatest difference of EP and of the whole score; every other sub-score must be equal."""
GRADED = ("EP", "EPDMS_one", "EPDMS")


@dataclass(frozen=True)
class Difference:
    """A score that is not the official one.

    Attributes:
        name, trajectory: the case and the index of the plan.
        score: which, as ``raw.NC``.
        ours, official: the two values (None where there is none).
        margin: how far the plan is from the nearest bound of that sub-score (:mod:`irlvla.epdms.margins`), where known.
    """

    name: str
    trajectory: int
    score: str
    ours: float | None
    official: float | None
    margin: float | None

    def __str__(self) -> str:
        line = f"{self.name} trajectory {self.trajectory}: {self.score} is {self.ours}, official {self.official}"
        return line if self.margin is None else f"{line}, {self.margin:.1e} from the bound"


@dataclass(frozen=True)
class CheckReport:
    """What a check found: counts, the greatest difference of a graded score, and every difference that matters."""

    files: int
    trajectories: int
    worst: float
    differences: tuple[Difference, ...]

    @property
    def passed(self) -> bool:
        """Whether there is no difference."""
        return not self.differences

    def lines(self) -> list[str]:
        """The report for people: one line a difference, then the counts."""
        summary = (
            f"{self.files} files, {self.trajectories} trajectories: {len(self.differences)} differences; "
            f"greatest difference of EP and EPDMS {self.worst:.1e}"
        )
        return [*map(str, self.differences), summary]


def check_cases(folder: Path | str, recursive: bool = False, device: str = "cpu") -> CheckReport:
    """Score every case file of a folder and compare with ``NAME.answer.json`` beside it.

    Raises:
        InputError: if a file cannot be read or judged, or has no answer.
    """
    files = trajectories = 0
    worst, differences = 0.0, []
    for name, path in case_files(folder, recursive):
        case = read_case(path)
        ours, official = score_table(case, path, device=device), _answers(path)
        if len(ours) != len(official):
            raise InputError(path, f"{len(ours)} trajectories have {len(official)} answers", "make the answers anew")
        files, trajectories = files + 1, trajectories + len(ours)
        for n, (mine, theirs) in enumerate(zip(ours, official, strict=True)):
            for kind, scores in mine.items():
                for score, value in scores.items():
                    answer = theirs[kind].get(score)
                    gap = 0.0 if value is None or answer is None else abs(value - answer)
                    worst = max(worst, gap if score in GRADED else 0.0)
                    if (value is None) != (answer is None) or gap > (TOLERANCE if score in GRADED else 0.0):
                        margin = margin_to_bound(case, n, score)
                        differences.append(Difference(name, n, f"{kind}.{score}", value, answer, margin))
    return CheckReport(files, trajectories, worst, tuple(differences))


def _answers(path: Path) -> list[dict[str, dict[str, float | None]]]:
    answer = path.with_suffix(".answer.json")
    try:
        return json.loads(answer.read_text())["trajectories"]  # type: ignore[no-any-return]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(answer, f"cannot be read ({error!r})", "put the official answers beside the case") from error
