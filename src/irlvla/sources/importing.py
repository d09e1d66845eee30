"""Recorded driving from the user's disk (or a wheel) into a scene store."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from irlvla.errors import InputError
from irlvla.progress import progress
from irlvla.scene.store import StoreWriter
from irlvla.sources import argoverse2, scenarionet
from irlvla.sources.recording import Recording
from irlvla.sources.restricted import read_pickle
from irlvla.sources.scenes import cut_scenes
from irlvla.sources.wheels import member

Source = Literal["waymo-sample", "nuscenes", "waymo", "argoverse2", "auto"]

_WAYMO_WHEEL = (
    "metadrive-simulator",
    "0.3.0.1",
    "04f10b014043a56ffa7780eb82239a65c1cec55887cb98010c86fbf98c0460bc",
)
_WAYMO_MEMBERS = tuple(f"metadrive/assets/waymo/{k}.pkl" for k in range(3))


@dataclass(frozen=True)
class LogReport:
    """What came of one log.

    Attributes:
        log: its name.
        scenes: how many were stored; of these ``standing`` stand.
        egos: how many vehicles are the ego of some scene.
        skipped: vehicles and scenes left out, by reason.
        notes: what could not be taken over, one line each.
    """

    log: str
    scenes: int
    standing: int
    egos: int
    skipped: dict[str, int]
    notes: tuple[str, ...] = ()


@dataclass
class ImportReport:
    """What came of an import.

    Attributes:
        logs: those that were imported now.
        present: names of logs that were in the store before.
        bad: one line for each file that should have been imported and could not.
        ignored: one line for each file that is no recording.
    """

    logs: list[LogReport] = field(default_factory=list)
    present: list[str] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)

    @property
    def scenes(self) -> int:
        """How many scenes were stored now."""
        return sum(log.scenes for log in self.logs)

    def lines(self) -> list[str]:
        """The report for people, one line per log and file."""
        text = []
        for log in self.logs:
            left_out = ", ".join(f"{count} {reason}" for reason, count in sorted(log.skipped.items()))
            counts = f"{log.scenes} scenes of {log.egos} egos, {log.standing} standing"
            text.append(f"{log.log}: {counts}; left out: {left_out or 'nothing'}")
            text += [f"{log.log}: {note}" for note in log.notes]
        text += [f"{log}: already in the store" for log in self.present]
        text += [f"skipped: {line}" for line in self.bad]
        text += [f"ignored: {line}" for line in self.ignored]
        return text


@dataclass(frozen=True)
class _Candidate:
    """A file or folder that may be a log."""

    name: str
    read: Callable[[], Recording | None]  # None: it is no recording at all


def import_scenes(source: Source, path: Path | None, out: Path, strict: bool = False) -> ImportReport:
    """Import every log under ``path`` into the scene store ``out``; logs that it already has are skipped.

    Args:
        source: "waymo-sample" (three Waymo logs out of a public wheel, no path), a kind of data set, or "auto".
        path: a ScenarioNet pickle, an Argoverse 2 log, or a folder with any number of them at any depth.
        out: folder of the store, made where there is none.
        strict: raise at the first bad file instead of skipping it.

    Raises:
        InputError: if nothing could be imported, or ``strict`` and a file is bad.
    """
    candidates = list(_candidates(source, path))
    report = ImportReport()
    with StoreWriter(out) as writer, progress("import", len(candidates)) as advance:
        for candidate in candidates:
            try:
                _import_one(candidate, source, writer, report)
            except InputError as error:
                if strict:
                    raise
                report.bad.append(str(error))
            advance("")
        if not report.logs and not report.present:
            why = "; ".join([*report.bad, *report.ignored][:1]) or "no ScenarioNet pickle and no Argoverse 2 log in it"
            raise InputError(path or source, f"nothing could be imported ({why})", "check the path and the source")
    return report


def _import_one(candidate: _Candidate, source: Source, writer: StoreWriter, report: ImportReport) -> None:
    recording = candidate.read()
    if recording is None:
        report.ignored.append(f"{candidate.name}: no recorded scenario in it")
    elif source in ("nuscenes", "waymo", "argoverse2") and recording.source != source:
        report.ignored.append(f"{candidate.name}: recorded by {recording.source}, not {source}")
    elif recording.name in writer.logs:
        report.present.append(recording.name)
    else:
        cut = cut_scenes(recording)
        if not cut.starts:
            reasons = ", ".join(f"{count} {reason}" for reason, count in cut.skipped.items())
            raise InputError(candidate.name, f"no vehicle in it makes a scene ({reasons})", "take another log")
        writer.add_log(recording.name, cut.scenes())
        skipped = dict(cut.skipped)
        report.logs.append(LogReport(recording.name, len(cut.starts), cut.standing, cut.egos, skipped, recording.notes))


def _candidates(source: Source, path: Path | None) -> Iterator[_Candidate]:
    if source == "waymo-sample":
        for name in _WAYMO_MEMBERS:
            yield _Candidate(name, partial(_waymo_sample, name))
        return
    if path is None or not path.exists():
        raise InputError(path or source, "there is no such file or folder", "give the path of the recorded logs")
    logs = argoverse2.find_logs(path) if source in ("argoverse2", "auto") else []
    for folder in logs:
        yield _Candidate(str(folder), partial(argoverse2.read_log, folder))
    if source != "argoverse2":
        pickles = [path] if path.is_file() else sorted(path.rglob("*.pkl"))
        for file in pickles:
            yield _Candidate(str(file), partial(_scenario, file))


def _waymo_sample(name: str) -> Recording:
    return scenarionet.read_scenario_bytes(member(*_WAYMO_WHEEL, name), name)


def _scenario(file: Path) -> Recording | None:
    content = read_pickle(file)
    return scenarionet.read_scenario(content, file) if scenarionet.is_scenario(content) else None
