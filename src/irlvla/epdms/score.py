"""The face of the judge: plans in, sub-scores out."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from irlvla.epdms.batch import SceneTruthBatch
from irlvla.epdms.comfort import filters
from irlvla.epdms.judge import (
    COLUMNS,
    DAC,
    DDC,
    HC,
    LK,
    NC,
    NC_TIME,
    PROGRESS,
    TLC,
    TTC,
    TTC_TIME,
    compare_states,
    drive_plans,
    judge_states,
)
from irlvla.epdms.plans import ArrayLike, FrameBefore, PreviousPlans, checked_plans, frames_before
from irlvla.epdms.progress import ego_progress
from irlvla.epdms.sampling import FloatArray, plan_sampling
from irlvla.epdms.vehicle import INSTANTS, STATE
from irlvla.errors import InputError
from irlvla.scene import SubScores
from irlvla.scene.frames import poses_to_global

VERSIONS = ("2.2",)
"""Versions of the metric that :func:`score` knows."""


def check_version(version: str) -> None:
    """Refuse a version of the metric that is not known.

    Raises:
        InputError: if so.
    """
    if version not in VERSIONS:
        raise InputError("version", f"{version!r} is not known", f"choose from {', '.join(VERSIONS)}")


def score(
    truth: SceneTruthBatch,
    poses: ArrayLike,
    interval: float = 0.5,
    version: str = "2.2",
    previous: PreviousPlans | None = None,
) -> SubScores:
    """Score plans as NAVSIM does (``docs/epdms.md``).

    Args:
        truth: ``B`` prepared scenes.
        poses: ``[B, N, T, 3]`` plans: x [m], y [m], heading [rad] of the rear axle in the ego frame of now, which is
            left out; pose ``k`` is reached at ``(k + 1) * interval``, the last after 4 s.
        interval: seconds between poses.
        version: of the metric.
        previous: plans of the frame before; without it there is no extended comfort (EC is NaN).

    Scenes are spread over torch's threads (``torch.set_num_threads``).

    Returns:
        Sub-scores ``[B, N]``, float64 on the CPU, before the human-penalty filter, with the human's own beside them.

    Raises:
        InputError: if shapes, horizon or version do not fit, or a pose is not finite.
    """
    check_version(version)
    plans = checked_plans(poses, interval, len(truth))
    count, length = plans.shape[1:3]
    before: list[FrameBefore | None] = [None] * len(truth)
    if previous is not None:
        before = frames_before(previous, [scene.arrays.t0_us for scene in truth.scenes], count)
    verdicts, ec = np.empty((len(truth), count, COLUMNS)), np.full((len(truth), count), np.nan)

    def judge_scene(b: int) -> None:
        arrays, earlier = truth.scenes[b].arrays, before[b]
        states = drive_plans(arrays.start, plans[b], plan_sampling(arrays.t0_us, length, interval))
        verdicts[b] = judge_states(arrays, filters(len(arrays.past.headings) + INSTANTS), states)
        if earlier is not None:
            ec[b] = compare_states(filters(INSTANTS - earlier.gap), states, earlier.states, earlier.gap)

    _for_each(len(truth), judge_scene)
    reference = np.array([scene.reference_progress for scene in truth.scenes])
    ep = ego_progress(verdicts[..., PROGRESS], verdicts[..., NC : TLC + 1].prod(-1), reference[:, None])
    return replace(_subscores(verdicts, ep, ec), human=_human_subscores(truth))


def rollout(truth: SceneTruthBatch, poses: ArrayLike, interval: float = 0.5) -> Tensor:
    """States ``[B, N, 41, 11]`` that the car goes through with plans ``[B, N, T, 3]``, every 0.1 s from now on.

    Poses are in the global frame, velocities and accelerations in the ego frame of their instant: x, y, heading, vx,
    vy, ax, ay, steering angle and rate, angular velocity and acceleration of the rear axle; float64 on the CPU.

    Raises:
        InputError: as :func:`score`.
    """
    plans = checked_plans(poses, interval, len(truth))
    count, length = plans.shape[1:3]
    states = np.empty((len(truth), count, INSTANTS, STATE))
    for b, scene in enumerate(truth.scenes):
        arrays = scene.arrays
        states[b] = drive_plans(arrays.start, plans[b], plan_sampling(arrays.t0_us, length, interval))
        states[b, ..., :3] = poses_to_global(states[b, ..., :3], arrays.origin)
    return torch.from_numpy(states)


def _for_each(scenes: int, work: Callable[[int], None]) -> None:
    """Do ``work`` for each scene, spread over torch's threads: compiled code does not hold the interpreter's lock."""
    threads = min(torch.get_num_threads(), scenes)
    if threads < 2:
        for b in range(scenes):
            work(b)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, range(scenes)))


def _human_subscores(truth: SceneTruthBatch) -> SubScores:
    """The human's own sub-scores ``[B, 1]``, NaN for made-up scenes; EP is 1, measured by the human alone."""
    unknown = np.full(COLUMNS, np.nan)
    verdicts = np.array([[unknown if scene.human is None else scene.human] for scene in truth.scenes])
    ep = np.where(np.isnan(verdicts[..., PROGRESS]), np.nan, 1.0)
    return _subscores(verdicts, ep, np.full_like(ep, np.nan))


def _subscores(verdicts: FloatArray, ep: FloatArray, ec: FloatArray) -> SubScores:
    columns = torch.from_numpy(verdicts).unbind(-1)
    return SubScores(
        nc=columns[NC],
        dac=columns[DAC],
        ddc=columns[DDC],
        tlc=columns[TLC],
        ep=torch.from_numpy(ep),
        ttc=columns[TTC],
        lk=columns[LK],
        hc=columns[HC],
        ec=torch.from_numpy(ec),
        nc_time=columns[NC_TIME],
        ttc_time=columns[TTC_TIME],
    )
