"""Imports of the made-up data set."""

from pathlib import Path
from typing import Any

from irlvla.scene import SceneStore
from irlvla.sources.navsim import Places, SplitReport, import_split
from tests.sources.navsim.made_up import MadeUp
from tests.sources.navsim.made_up_splits import BELOW

Imported = tuple[SplitReport, SceneStore]


def places_of(made: MadeUp) -> Places:
    """Where its parts lie."""
    return Places.of(made.data_root, made.maps_root, made.devkit_root / BELOW)


def imported(made: MadeUp, split: str, out: Path, **options: Any) -> Imported:
    """What came of importing a split into the store ``out``, and the store."""
    report = import_split(split, out, places_of(made), **options)
    return report, SceneStore(out)
