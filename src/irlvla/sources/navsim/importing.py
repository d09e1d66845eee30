"""A split of NAVSIM into a scene store: resumed where it was, over processes, with an account of what is not there."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path
from time import monotonic
from typing import Any

from irlvla.errors import InputError
from irlvla.progress import progress
from irlvla.scene import Shard, StoreWriter
from irlvla.scene.store import write_atomically
from irlvla.sources.navsim.jobs import Files, Job, Outcome, files_of, run_job
from irlvla.sources.navsim.places import Places
from irlvla.sources.navsim.splits import Split, read_split

ACCOUNT = "import.json"
"""What an import writes beside the store: what came of each log, and which scenes are missing."""
NAMED = 10
"""How many missing things are named on the terminal; the account names all."""

_WRITTEN_EVERY = 30.0  # the account, while logs are imported [s]


@dataclass
class SplitReport:
    """What came of importing a split.

    Attributes:
        split: its name.
        stages: in which it is scored, 1 or 2.
        asked: scenes that it names, of both stages; None if it takes what there is.
        pictures: whether its scenes have their recorded pictures.
        found: scenes in the store now.
        new: of these, imported in this run.
        missing_logs: logs that it names and that are not on the disk.
        missing: tokens that it names and that are not in the store.
        limit: with so many first-stage scenes it was enough; then not all logs have been looked at.
        outcomes: what came of each log, by name.
    """

    split: str
    stages: int
    asked: int | None
    pictures: bool = True
    found: int = 0
    new: int = 0
    missing_logs: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    limit: int | None = None
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether every scene that was asked for is there, and nothing was skipped."""
        nothing_missing = self.limit is not None or not self.missing
        return nothing_missing and not self.missing_logs and all(each.whole for each in self.outcomes.values())

    def to_dict(self) -> dict[str, Any]:
        """Plain values for machines, everything named."""
        return {**asdict(self), "whole": self.whole, "outcomes": [asdict(each) for each in self.outcomes.values()]}

    def lines(self) -> list[str]:
        """The report for people: counts, and the first of what is missing."""
        asked = "" if self.asked is None else f" of {self.asked:,} asked for"
        lines = [f"{self.split}: {self.found:,} scenes{asked}, {self.new:,} of them imported now"]
        pictures = [file for each in self.outcomes.values() for files in each.pictures.values() for file in files]
        faults = [f"{where}: {what}" for each in self.outcomes.values() for where, what in each.faults.items()]
        lines += _named("logs that are not there", self.missing_logs)
        if self.limit is None:
            lines += _named("scenes that are not there", self.missing)
        lines += _named("pictures that are missing or cut off", pictures)
        lines += _named("faults", faults)
        if not self.whole:
            lines.append(
                f"all of it: {ACCOUNT} in the store; mend it and call the import again, which goes on from here"
            )
        return lines


def _named(what: str, names: Sequence[str]) -> list[str]:
    if not names:
        return []
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return [f"{len(names):,} {what}: {', '.join(names[:NAMED])}{more}"]


def import_split(
    name: str,
    out: Path,
    places: Places,
    *,
    scenes: int | None = None,
    pictures: bool = True,
    strict: bool = False,
    workers: int = 1,
) -> SplitReport:
    """Import the scenes of a split, of both stages where it has two, into the scene store ``out``.

    Logs that are there already are taken as they are, even if their files are gone; those of which something was
    missing are tried again. A scene is imported whole or not at all: one without its pictures is missing.

    Args:
        name: of the split, "navtrain" for instance.
        out: folder of the store.
        places: of the download.
        scenes: with so many first-stage scenes it is enough, whole logs in the order of their names; None takes all.
        pictures: whether scenes need their pictures; without, they are drawn from their state when a policy looks.
        strict: raise at the first fault instead of naming it in the report.
        workers: processes.

    Raises:
        InputError: if nothing could be imported, the store is of another split or differs in its pictures, a worker
            died, or ``strict`` and anything is missing.
    """
    split = read_split(name, places.splits)
    if split.secret:
        raise InputError(f"split {name!r}", "is secret: nothing in it can be judged", "make a submission of it instead")
    if places.maps is None:
        raise InputError("an import", "needs nuPlan's maps", "set NUPLAN_MAPS_ROOT, or give --maps")
    report = SplitReport(name, split.stages, split.asked, pictures, limit=scenes)
    found, absent = files_of(split, places)
    with StoreWriter(out, places.data if pictures else None) as writer:
        done = _done(_account(out, name, pictures), found, writer.logs)
        report.missing_logs = tuple(log for log in absent if log not in done)
        if strict and report.missing_logs:
            raise InputError(places.logs(split.part), f"has no log {report.missing_logs[0]}", "download all of it")
        try:
            _import_logs(Job(split, places, places.maps, out, pictures), found, done, writer, report, strict, workers)
        finally:
            _close(report, split)
            _write_account(out, report, done)
    if not report.found:
        raise InputError(f"split {name!r}", f"nothing could be imported ({_why(report)})", "check folders and split")
    if strict and not report.whole:
        raise InputError(f"split {name!r}", f"{len(report.missing)} scenes are missing", "download all of it")
    return report


def _done(earlier: Mapping[str, Outcome], found: Mapping[str, Files], stored: Collection[str]) -> dict[str, Outcome]:
    """What is left as it is: logs of which nothing was missing, nothing is new, and nothing was deleted."""

    def left(outcome: Outcome) -> bool:
        nothing_new = outcome.log not in found or set(found[outcome.log].names) <= set(outcome.files)
        return outcome.whole and nothing_new and (outcome.log in stored or not outcome.tokens)

    return {log: outcome for log, outcome in earlier.items() if left(outcome)}


def _import_logs(
    job: Job,
    logs: Mapping[str, Files],
    done: Mapping[str, Outcome],
    writer: StoreWriter,
    report: SplitReport,
    strict: bool,
    workers: int,
) -> None:
    """Take over the logs that are ``done``, in the order of names, and import the others, until there are enough."""
    todo = {log: logs[log] for log in sorted(logs.keys() - done.keys())}
    names = sorted({*logs, *done})
    first, written = 0, monotonic()
    with progress(f"import {job.split.name}", len(names)) as advance, _outcomes(job, todo, workers) as outcomes:
        for log in names:
            if report.limit is not None and first >= report.limit:
                break
            outcome, shard = (done[log], None) if log in done else outcomes(log)
            if strict and not outcome.whole:
                raise InputError(outcome.log, _first_fault(outcome), "mend it, or import without --strict")
            if shard is not None:
                writer.record(log, shard)
                report.new += len(outcome.tokens)
            report.outcomes[log] = outcome
            first += sum(token not in job.split.second_stage for token in outcome.tokens)
            advance(f"{report.new:,} scenes")
            if monotonic() - written > _WRITTEN_EVERY:
                _write_account(job.out, report, done)
                written = monotonic()


@contextmanager
def _outcomes(
    job: Job, logs: Mapping[str, Files], workers: int
) -> Iterator[Callable[[str], tuple[Outcome, Shard | None]]]:
    """Gives what comes of a log; with several workers all are under way from the beginning."""
    if workers <= 1 or len(logs) <= 1:
        yield lambda log: run_job(job, log, logs[log])
        return
    pool = ProcessPoolExecutor(min(workers, len(logs)), get_context("spawn"))
    try:
        running = {log: pool.submit(run_job, job, log, files) for log, files in logs.items()}
        yield lambda log: running[log].result()
    except BrokenProcessPool:
        what = "one died, perhaps of too little memory"
        raise InputError(f"{workers} workers", what, "import again with fewer, which goes on from here") from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _close(report: SplitReport, split: Split) -> None:
    """Count what is there, and name what is not."""
    tokens = {token for each in report.outcomes.values() for token in each.tokens}
    report.found = len(tokens)
    if split.tokens is not None:
        report.missing = tuple(sorted((split.tokens | split.second_stage) - tokens))


def _account(out: Path, split: str, pictures: bool) -> dict[str, Outcome]:
    """What came of each log in earlier runs.

    Raises:
        InputError: if the store is of another split or differs in its pictures, or its account cannot be read.
    """
    path = out / ACCOUNT
    if not path.exists():
        return {}
    try:
        account = json.loads(path.read_bytes())
        earlier, had_pictures = account["split"], account["pictures"]
        outcomes = [Outcome(**each) for each in account["outcomes"]]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(path, f"cannot be read ({error})", "delete it; logs are then looked at again") from None
    if earlier != split:
        raise InputError(out, f"holds the split {earlier!r}", f"give {split!r} a store of its own")
    if had_pictures != pictures:
        what = f"was imported with{'' if had_pictures else 'out'} pictures"
        raise InputError(
            out, what, f"do so again, or give scenes with{'' if pictures else 'out'} them a store of their own"
        )
    return {each.log: each for each in outcomes}


def _write_account(out: Path, report: SplitReport, done: Mapping[str, Outcome]) -> None:
    """The report, with the logs that were not looked at because there were enough, or because it was stopped."""
    outcomes = {**done, **report.outcomes}
    account = {**report.to_dict(), "outcomes": [asdict(outcomes[log]) for log in sorted(outcomes)]}
    write_atomically(out / ACCOUNT, json.dumps(account, indent=1).encode())


def _why(report: SplitReport) -> str:
    """The first cause of what is missing."""
    faults = (_first_fault(outcome) for outcome in report.outcomes.values() if not outcome.whole)
    return next(faults, next(iter(report.lines()[1:]), "its logs hold none of its scenes"))


def _first_fault(outcome: Outcome) -> str:
    for what in outcome.faults.values():
        return what
    token, files = next(iter(outcome.pictures.items()))
    return f"scene {token}: picture {files[0]}"
