"""One log of a split: its files found, its scenes made and written; what a worker of an import does."""

import pickle
import pickletools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from irlvla.epdms import Pair
from irlvla.epdms.plans import LONGEST_GAP
from irlvla.errors import InputError
from irlvla.scene import Scene, Shard, ShardWriter
from irlvla.sources.navsim.logs import LogFrames, Window, candidates, read_log
from irlvla.sources.navsim.places import Places
from irlvla.sources.navsim.scenes import scene_of
from irlvla.sources.navsim.second_stage import read_second_stage
from irlvla.sources.navsim.splits import Split
from irlvla.sources.nuplan_map import read_city
from irlvla.sources.pictures import fault_of

_PEEK = 65_536  # bytes of a second-stage pickle in which its name and its log stand


@dataclass(frozen=True)
class Job:
    """What an import is to do: the split, where its parts and maps lie, the store, whether scenes need pictures."""

    split: Split
    places: Places
    maps: Path
    out: Path
    pictures: bool


@dataclass(frozen=True)
class Files:
    """The files of one log: its pickle, if it is there, and its second-stage scenes."""

    log: Path | None
    second_stage: tuple[Path, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Of all of them."""
        return tuple(path.name for path in (self.log, *self.second_stage) if path is not None)


@dataclass(frozen=True)
class Outcome:
    """What came of one log.

    Attributes:
        log: its name.
        tokens: scenes that are in the store.
        faults: why others are not, by file or scene.
        pictures: those that are missing or cut off, by token; these scenes are not in the store either.
        files: names of the files that it came of.
    """

    log: str
    tokens: tuple[str, ...] = ()
    faults: Mapping[str, str] = field(default_factory=dict)
    pictures: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    files: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether there is nothing left to be had from its files."""
        return not self.faults and not self.pictures


def files_of(split: Split, places: Places) -> tuple[dict[str, Files], tuple[str, ...]]:
    """Files of each log of the split, and the names of the logs that are not there.

    Raises:
        InputError: if the folder of the logs is not there, or that of second-stage scenes.
    """
    folder = places.logs(split.part)
    if not folder.is_dir():
        raise InputError(folder, "is not there", f"download the logs of {split.part}, or set OPENSCENE_DATA_ROOT")
    there = {path.stem: Files(path) for path in sorted(folder.glob("*.pkl"))}
    wanted = there.keys() if split.logs is None else split.logs
    found = {log: there[log] for log in there if log in wanted}
    for log, paths in _second_stage_of(split, places).items():
        found[log] = replace(found.get(log, Files(None)), second_stage=tuple(paths))
    return found, tuple(sorted(set(wanted) - there.keys()))


def _second_stage_of(split: Split, places: Places) -> dict[str, list[Path]]:
    """Second-stage pickles of the split by the log they belong to; one that cannot be read is a log of its own."""
    if not split.second_stage:
        return {}
    folder = places.second_stage(split.name)
    if not folder.is_dir():
        raise InputError(folder, "is not there", f"download {split.name}")
    by_log: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*.pkl")):
        told = _peek(path)
        if told.get("initial_token", "") in split.second_stage or "initial_token" not in told:
            by_log.setdefault(told.get("log_name", path.name), []).append(path)
    return by_log


def _peek(path: Path) -> dict[str, str]:
    """The log and the token of a second-stage scene, from the first words of its pickle, of which nothing is loaded."""
    told: dict[str, str] = {}
    name = ""
    try:
        with path.open("rb") as file:
            head = file.read(_PEEK)
        for opcode, value, _ in pickletools.genops(head):
            if not isinstance(value, str) or "UNICODE" not in opcode.name:
                continue
            if name in ("log_name", "initial_token"):
                told.setdefault(name, value)
            name = value
            if len(told) == 2:
                break
    except (OSError, ValueError, pickle.UnpicklingError):
        pass  # the worker that reads all of it will say what is wrong
    return told


def run_job(job: Job, log: str, files: Files) -> tuple[Outcome, Shard | None]:
    """Import one log: what came of it, and its shard unless it has no scene."""
    scenes: list[Scene] = []
    faults: dict[str, str] = {}
    missing: dict[str, tuple[str, ...]] = {}
    for where, window, folder in windows_of(job.split, job.places, files, faults):
        absent = _unusable(window, folder) if job.pictures else ()
        if absent:
            missing[window.now.token] = absent
            continue
        try:
            scenes.append(scene_of(window, read_city(job.maps, window.city), folder if job.pictures else None))
        except InputError as error:
            faults[where] = str(error)
    scenes = _linked(scenes, job.split)
    scenes, faults = _of_one_map(scenes, faults)
    outcome = Outcome(log, tuple(scene.token for scene in scenes), faults, missing, files.names)
    if not scenes:
        return outcome, None
    scenes = [replace(scene, log=log) for scene in scenes]
    return outcome, _writer(job.out, job.places.data if job.pictures else None).write(log, scenes)


@lru_cache(maxsize=1)
def _writer(out: Path, pictures: Path | None) -> ShardWriter:
    """One a process: it remembers the map that it wrote last."""
    return ShardWriter(out, pictures)


def windows_of(
    split: Split, places: Places, files: Files, faults: dict[str, str]
) -> Iterator[tuple[str, Window, Path]]:
    """The scenes of a log: where each comes from, its frames, and the folder of its pictures; ``faults`` are added."""
    if files.log is not None:
        try:
            frames = LogFrames(files.log, read_log(files.log))
        except InputError as error:
            faults[files.log.name] = str(error)
        else:
            for candidate in candidates(frames.told, split):
                try:
                    yield candidate.token, frames.window(candidate, split), places.pictures(split.part)
                except InputError as error:
                    faults[candidate.token] = str(error)
    for path in files.second_stage:
        try:
            yield path.name, read_second_stage(path), places.second_stage_pictures(split.name)
        except InputError as error:
            faults[path.name] = str(error)


def _unusable(window: Window, folder: Path) -> tuple[str, ...]:
    """Pictures of now that cannot be used, each with the reason."""
    cameras = window.now.cameras
    if not cameras:
        return (f"of scene {window.now.token}, which names no camera",)
    faults = ((camera.file, fault_of(folder / camera.file)) for camera in cameras.values())
    return tuple(f"{file} {fault}" for file, fault in faults if fault)


def _linked(scenes: Sequence[Scene], split: Split) -> list[Scene]:
    """The scenes with the names of those half a second earlier, and of those they follow."""
    previous, follows = links_of(split.pairs)
    by_time = sorted((scene for scene in scenes if scene.token not in split.second_stage), key=lambda s: s.truth.t0_us)
    for earlier, later in pairwise(by_time):
        if later.truth.t0_us - earlier.truth.t0_us < 1e6 * LONGEST_GAP:
            previous.setdefault(later.token, earlier.token)
    return [replace(s, previous=previous.get(s.token), follows=follows.get(s.token)) for s in scenes]


def links_of(pairs: Sequence[Pair]) -> tuple[dict[str, str], dict[str, str]]:
    """What lies half a second before each scene of the pairs, and what each second-stage scene follows."""
    previous: dict[str, str] = {}
    follows: dict[str, str] = {}
    for pair in pairs:
        previous[pair.now] = pair.previous
        for now, before in pair.followers:
            previous[now] = before
            follows[now], follows[before] = pair.now, pair.previous
    return previous, follows


def _of_one_map(scenes: list[Scene], faults: dict[str, str]) -> tuple[list[Scene], dict[str, str]]:
    """The scenes on the map of the first one; a log that drives in two cities is damaged."""
    elsewhere = [scene for scene in scenes if scene.truth.map.whole is not scenes[0].truth.map.whole]
    told = {scene.token: f"scene {scene.token}: lies on another map than the rest of its log" for scene in elsewhere}
    return [scene for scene in scenes if scene.token not in told], faults | told
