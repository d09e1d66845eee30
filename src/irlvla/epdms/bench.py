"""How fast the judge is: milliseconds a trajectory, trajectories a second, and where the time goes.

On the CPU, processor time is counted, so that what else the machine does is left out as far as can be; all cores and
GPUs are timed by the clock.
"""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch

from irlvla.epdms.batch import SceneTruthBatch
from irlvla.epdms.bench_parts import part_seconds
from irlvla.epdms.cases import Case
from irlvla.epdms.dense import dense_case
from irlvla.epdms.engine import engine_on
from irlvla.epdms.score import score
from irlvla.errors import InputError

SCENES: Final = 64
"""Scenes in the batch that fills all cores, or a GPU."""


@dataclass(frozen=True)
class Timing:
    """Times of one scene on one core, or on a GPU.

    Attributes:
        ms_per_trajectory: with as many plans at once as asked for.
        ms_alone: one plan at a time.
        ms_prepare: of the scene, once. filter_share: part of the time of all plans that judging the human adds, once.
    """

    ms_per_trajectory: float
    ms_alone: float
    ms_prepare: float
    filter_share: float


def bench(
    cases: Sequence[Case] = (), proposals: int = 256, device: str = "cpu", seconds: float = 1.0
) -> dict[str, Any]:
    """Time the judge.

    Args:
        cases: scenes to time it on; none - the made-up dense one. Plans are repeated as often as needed.
        proposals: plans a scene.
        device: "cpu" or "cuda".
        seconds: of each measurement.

    Returns:
        ``ms_per_trajectory``, ``ms_alone``, ``ms_prepare``, ``filter_share`` by scene; ``trajectories_per_s`` of a
        batch of 64 scenes on all cores or the GPU; ``parts`` of the first scene on one CPU core: ``us`` a trajectory,
        its ``floor_us`` (:mod:`irlvla.epdms.bench_parts`) and their ratio. Ready for JSON.

    Raises:
        InputError: if a scene cannot be judged, the device is not there, or there is nothing to time.
    """
    engine_on(device)
    if proposals < 1 or not 0 < seconds < np.inf:
        raise InputError("bench", f"{proposals} proposals, {seconds} seconds", "give at least one, and a time above 0")
    cases = cases or [dense_case(proposals)]
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        timings = {case.name: time_scene(case, proposals, device, seconds) for case in cases}
        parts = part_seconds(cases[0], proposals, seconds)
    finally:
        torch.set_num_threads(threads)
    names = ("ms_per_trajectory", "ms_alone", "ms_prepare", "filter_share")
    return {
        "device": device,
        "proposals": proposals,
        **{key: {name: getattr(timing, key) for name, timing in timings.items()} for key in names},
        "trajectories_per_s": batch_rate(_alike(cases), proposals, device, seconds),
        "scenes": SCENES,
        "cores": os.cpu_count(),
        "parts": {
            part: {"us": us, "floor_us": floor, "times_floor": us / floor} for part, (us, floor) in parts.items()
        },
    }


def time_scene(case: Case, proposals: int, device: str, seconds: float) -> Timing:
    """Times of one scene."""
    clock = time.process_time if device == "cpu" else time.perf_counter
    truth, plans = SceneTruthBatch.prepare([case.truth]), _plans(case, proposals)[None]
    whole = _median(lambda: _judge(truth, plans, case, device), clock, seconds)
    alone = _median(lambda: _judge(truth, plans[:, :1], case, device), clock, seconds)
    prepare = _median(lambda: SceneTruthBatch.prepare([case.truth]), time.process_time, seconds)
    human = _median(lambda: _judge(truth, plans[:, :2], case, device), clock, seconds) - alone
    return Timing(whole / proposals * 1e3, alone * 1e3, prepare * 1e3, max(human, 0.0) / whole)


def batch_rate(cases: Sequence[Case], proposals: int, device: str, seconds: float) -> float:
    """Trajectories a second of a batch of 64 scenes, by the clock, on all of torch's threads or a GPU."""
    prepared = SceneTruthBatch.prepare([case.truth for case in cases])
    truth = prepared.select([b % len(cases) for b in range(SCENES)])
    plans = torch.from_numpy(np.stack([_plans(cases[b % len(cases)], proposals) for b in range(SCENES)]))
    on_device = plans if device == "cpu" else plans.to(device)
    case = cases[0]
    whole = _median(lambda: _judge(truth, on_device, case, device), time.perf_counter, seconds)
    return SCENES * proposals / whole


def _alike(cases: Sequence[Case]) -> list[Case]:
    """The cases whose plans have the poses of the first's: only these go into one batch."""
    first = cases[0]
    return [c for c in cases if c.poses.shape[1] == first.poses.shape[1] and c.interval == first.interval]


def _plans(case: Case, proposals: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.resize(case.poses, (proposals, *case.poses.shape[1:]))


def _judge(truth: SceneTruthBatch, plans: Any, case: Case, device: str) -> None:
    score(truth, plans, case.interval, device=device).epdms()
    if device != "cpu":
        torch.cuda.synchronize()


def _median(work: Callable[[], object], clock: Callable[[], float], seconds: float) -> float:
    """Median time of ``work``, called once for compiling and then until ``seconds`` are over."""
    work()
    times: list[float] = []
    end = time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        begin = clock()
        work()
        times.append(clock() - begin)
    return float(np.median(times))
