"""What a printed score carries with it: which metric, over which scenes, by which code."""

import subprocess
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TypedDict

from irlvla.epdms.versions import version_of


class Code(TypedDict):
    """The code that scored: package version, and the git revision (None outside a checkout)."""

    version: str
    revision: str | None


class Stamp(TypedDict):
    """What a score was made of; a score is never printed without it."""

    metric: str
    version: str
    split: str
    stages: int
    scenes: int
    reference: str
    filter: str
    traffic: str
    code: Code


def stamp(
    scenes: int, reference: str, split: str, stages: int = 1, version: str = "2.2", traffic: str = "log-replay"
) -> Stamp:
    """The stamp of a table of scores.

    Args:
        scenes: number of scenes scored.
        reference: what normalises ego progress ("pdm-closed" or "human"; see ``SceneTruth.reference_kind``).
        split: name of the set of scenes.
        stages: 1, or 2 for pseudo-simulation.
        version: of the metric.
        traffic: what the other road users did.

    Raises:
        InputError: if the version is unknown.
    """
    metric = version_of(version).metric
    kinds = {"score": "human-penalty", "shown": "human-penalty, of what is shown", "none": "none"}
    return Stamp(
        metric=metric.name, version=version, split=split, stages=stages, scenes=scenes, reference=reference,
        filter=kinds[metric.filter], traffic=traffic,
        code=Code(version=installed_version("irlvla"), revision=_revision()),
    )  # fmt: skip


def _revision() -> str | None:
    """The git revision of the checkout that this file belongs to, "+" added where tracked files were changed."""
    here = Path(__file__).resolve()
    if not any((folder / ".git").exists() for folder in here.parents):
        return None
    described = _git(here, "ls-files", "--error-unmatch", here.name)
    if described is None:
        return None  # an installed copy inside somebody else's checkout
    revision, changes = _git(here, "rev-parse", "HEAD"), _git(here, "status", "--porcelain", "--untracked-files=no")
    return None if revision is None else revision + ("+" if changes else "")


def _git(here: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], cwd=here.parent, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
