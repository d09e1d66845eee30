"""What policies may know of a split's scenes, for submissions: neither maps nor annotations are read."""

from collections.abc import Iterator
from pathlib import Path

from irlvla.errors import InputError
from irlvla.progress import progress
from irlvla.scene import Sight
from irlvla.sources.navsim.jobs import files_of, windows_of
from irlvla.sources.navsim.logs import Window
from irlvla.sources.navsim.places import Places
from irlvla.sources.navsim.scenes import sight_of
from irlvla.sources.navsim.secret import secret_windows
from irlvla.sources.navsim.splits import Split

Found = tuple[str, Window, Path]
"""Where a scene comes from, its frames, and the folder of its pictures."""


def sights_of(split: Split, places: Places, pictures: bool = True) -> tuple[dict[str, Sight], dict[str, str]]:
    """The scenes of both stages by token, and why others are not among them, by file or scene.

    Args:
        split: names its scenes.
        places: of the download.
        pictures: whether their pictures are wanted.

    Raises:
        InputError: if a folder is not there, or the split names no scenes.
    """
    if split.tokens is None:
        raise InputError(
            f"split {split.name!r}", "names no scenes", "take one that lists tokens, as the leaderboards do"
        )
    wanted = split.tokens | split.second_stage
    faults: dict[str, str] = {}
    sights: dict[str, Sight] = {}
    for where, window, folder in (_secret if split.secret else _public)(split, places, faults):
        if window.now.token in wanted:
            try:
                sights[window.now.token] = sight_of(window, folder if pictures else None)
            except InputError as error:
                faults[where] = str(error)
    return sights, faults


def _public(split: Split, places: Places, faults: dict[str, str]) -> Iterator[Found]:
    logs, absent = files_of(split, places)
    faults |= {log: f"log {log} is not in {places.logs(split.part)}" for log in absent}
    with progress(f"reading {split.name}", len(logs)) as advance:
        for files in logs.values():
            yield from windows_of(split, places, files, faults)
            advance("")


def _secret(split: Split, places: Places, faults: dict[str, str]) -> Iterator[Found]:
    stages = (
        (places.logs(split.part), places.pictures(split.part)),
        (places.second_stage(split.name), places.second_stage_pictures(split.name)),
    )
    files = [(path, pictures) for folder, pictures in stages for path in sorted(folder.glob("*.pkl"))]
    if not files:
        raise InputError(stages[0][0], "holds no pickles", f"download {split.name}")
    with progress(f"reading {split.name}", len(files)) as advance:
        for path, pictures in files:
            try:
                for window in secret_windows(path):
                    yield window.now.token, window, pictures
            except InputError as error:
                faults[path.name] = str(error)
            advance("")
