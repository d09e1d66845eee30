"""Many logs of towns into a scene store, over processes."""

from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from irlvla.errors import InputError
from irlvla.progress import progress
from irlvla.scene import StoreWriter
from irlvla.sources.town.log import Log, TownSettings, log_name, make_log
from irlvla.sources.town.scenes import is_first_stage
from irlvla.sources.town.settings import check_seed

SPLITS = {"train": 0, "test": 5_000_000}
"""Where the seeds of a split begin; so they never meet."""


@dataclass
class TownReport:
    """What was made.

    Attributes:
        scenes: in the store now, both stages.
        logs: how many.
        candidates, kept: pairs of scenes before and after thinning, of the logs made in this run.
        straight_on: score of constant velocity in each candidate.
    """

    scenes: int = 0
    logs: int = 0
    candidates: int = 0
    kept: int = 0
    straight_on: list[NDArray[np.float64]] = field(default_factory=list)

    def to_dict(self) -> dict[str, float | int | None]:
        """Plain values for machines; scores are fractions."""
        mean = float(np.concatenate(self.straight_on).mean()) if self.candidates else None
        return {
            "scenes": self.scenes, "logs": self.logs, "candidates": self.candidates, "kept": self.kept,
            "constant_velocity": mean,
        }  # fmt: skip

    def lines(self) -> list[str]:
        """The report for people."""
        lines = [f"{self.scenes} scenes of {self.logs} towns"]
        if self.candidates:
            mean = 100 * float(np.concatenate(self.straight_on).mean())
            share = 100 * self.kept / self.candidates
            lines.append(
                f"{self.kept} of {self.candidates} pairs kept ({share:.0f} %): constant velocity fails in them"
            )
            lines.append(f"constant velocity before thinning: EPDMS {mean:.1f}")
        return lines


def make_scenes(
    out: Path, count: int, split: str, settings: TownSettings, first_seed: int = 0, workers: int = 2
) -> TownReport:
    """Make logs of the towns of consecutive seeds until the store ``out`` has ``count`` first-stage scenes of a split.

    Towns that the store already has are counted, not made again. Which scenes there are does not depend on ``workers``.

    Args:
        out: folder of the store.
        count: scenes, without their followers; whole logs are stored, so there may be some more.
        split: "train" or "test"; their seeds never meet.
        settings: of the logs.
        first_seed: where to begin within the split.
        workers: processes.

    Raises:
        InputError: if an argument cannot be used.
    """
    if split not in SPLITS:
        raise InputError("split", f"{split!r} is not known", f"choose from {', '.join(SPLITS)}")
    check_seed(first_seed)
    if count < 1 or workers < 1:
        raise InputError("scenes and workers", f"{count} and {workers} are too few", "give 1 or more")
    report = TownReport()
    with StoreWriter(out) as writer, progress(f"town, {split}", count) as advance:
        for seed, log in _logs(SPLITS[split] + first_seed, settings, workers, writer.logs):
            if log is not None:
                writer.add_log(log.name, log.scenes)
                report.candidates, report.kept = report.candidates + log.candidates, report.kept + log.kept
                report.straight_on.append(log.straight_on)
            tokens = writer.tokens(log_name(seed))
            first_stage = sum(map(is_first_stage, tokens))
            report.scenes, report.logs = report.scenes + len(tokens), report.logs + 1
            for _ in range(min(first_stage, count)):
                advance("")
            count -= first_stage
            if count <= 0:
                break
    return report


def _logs(first: int, settings: TownSettings, workers: int, present: set[str]) -> Iterator[tuple[int, Log | None]]:
    """Seeds in order with their logs, None for those that are ``present``; made ahead by the workers."""
    with ProcessPoolExecutor(workers, get_context("spawn"), torch.set_num_threads, (1,)) as pool:
        ahead: list[tuple[int, Future[Log] | None]] = []
        seed, most = first, 1  # the first log alone: what it compiles, the other workers find compiled
        while True:
            while len(ahead) < most:
                there = log_name(seed) in present
                ahead.append((seed, None if there else pool.submit(make_log, seed, settings)))
                seed += 1
            number, future = ahead.pop(0)
            try:
                yield number, None if future is None else future.result()
            except GeneratorExit:
                pool.shutdown(cancel_futures=True)
                raise
            most = 2 * workers
