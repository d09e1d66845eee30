"""The face of the judge: plans in, sub-scores out."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from irlvla.epdms.batch import PreparedScene, SceneTruthBatch
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
from irlvla.epdms.progress import ego_progress
from irlvla.epdms.sampling import FloatArray, plan_sampling
from irlvla.epdms.vehicle import INSTANTS, STATE, STEP
from irlvla.errors import InputError
from irlvla.scene import HORIZON, SubScores
from irlvla.scene.frames import poses_to_global

VERSIONS = ("2.2",)
"""Versions of the metric that :func:`score` knows."""
LONGEST_GAP = 0.55
"""A previous frame lies less than this before now [s]."""


@dataclass(frozen=True)
class PreviousPlans:
    """What was planned in the frame before, for extended comfort.

    Attributes:
        t0_us: ``[B]`` int64, time stamp of that frame [us], at most 0.55 s before the scene's.
        ego: ``[B, 11]`` state of the ego then, as ``SceneTruth.ego``.
        poses: ``[B, P, T, 3]`` plans in the ego frame of then; ``P`` is 1 (one plan for all) or ``N`` (one each). A row
            of NaN alone means that the scene has no previous frame.
        interval: seconds between poses.
    """

    t0_us: np.ndarray | Tensor
    ego: np.ndarray | Tensor
    poses: np.ndarray | Tensor
    interval: float = 0.5


def score(
    truth: SceneTruthBatch,
    poses: np.ndarray | Tensor,
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

    Returns:
        Sub-scores ``[B, N]``, float64 on the CPU, before the human-penalty filter, with the human's own beside them.

    Raises:
        InputError: if shapes, horizon or version do not fit, or a pose is not finite.
    """
    if version not in VERSIONS:
        raise InputError("version", f"{version!r} is not known", f"choose from {', '.join(VERSIONS)}")
    plans = _checked_plans("poses", poses, interval, len(truth))
    count = plans.shape[1]
    verdicts, ec = np.empty((len(truth), count, COLUMNS)), np.full((len(truth), count), np.nan)
    before = [None] * len(truth) if previous is None else _frames_before(previous, truth, count)
    for b, scene in enumerate(truth.scenes):
        arrays, earlier = scene.arrays, before[b]
        states = drive_plans(arrays.start, plans[b], plan_sampling(arrays.t0_us, plans.shape[2], interval))
        verdicts[b] = judge_states(arrays, filters(len(arrays.past.headings) + INSTANTS), states)
        if earlier is not None:
            ec[b] = compare_states(filters(INSTANTS - earlier.gap), states, earlier.states, earlier.gap)
    reference = np.array([[scene.reference_progress] for scene in truth.scenes])
    human = np.array([[_human_verdict(scene)] for scene in truth.scenes])
    human_ep = np.where(np.isnan(human[..., PROGRESS]), np.nan, 1.0)  # it is measured by itself alone
    return replace(
        _subscores(verdicts, ego_progress(verdicts[..., PROGRESS], _multiplier(verdicts), reference), ec),
        human=_subscores(human, human_ep, np.full_like(human_ep, np.nan)),
    )


def rollout(truth: SceneTruthBatch, poses: np.ndarray | Tensor, interval: float = 0.5) -> Tensor:
    """States ``[B, N, 41, 11]`` that the car goes through with plans ``[B, N, T, 3]``, every 0.1 s from now on.

    Poses are in the global frame, velocities and accelerations in the ego frame of their instant: x, y, heading, vx,
    vy, ax, ay, steering angle and rate, angular velocity and acceleration of the rear axle; float64 on the CPU.

    Raises:
        InputError: as :func:`score`.
    """
    plans = _checked_plans("poses", poses, interval, len(truth))
    states = np.empty((*plans.shape[:2], INSTANTS, STATE))
    for b, scene in enumerate(truth.scenes):
        arrays = scene.arrays
        states[b] = drive_plans(arrays.start, plans[b], plan_sampling(arrays.t0_us, plans.shape[2], interval))
        states[b, ..., :3] = poses_to_global(states[b, ..., :3], arrays.origin)
    return torch.from_numpy(states)


def _multiplier(verdicts: FloatArray) -> FloatArray:
    return verdicts[..., NC] * verdicts[..., DAC] * verdicts[..., DDC] * verdicts[..., TLC]


def _human_verdict(scene: PreparedScene) -> FloatArray:
    return np.full(COLUMNS, np.nan) if scene.human is None else scene.human


def _subscores(verdicts: FloatArray, ep: FloatArray, ec: FloatArray) -> SubScores:
    columns = torch.from_numpy(verdicts).unbind(-1)
    return SubScores(
        nc=columns[NC], dac=columns[DAC], ddc=columns[DDC], tlc=columns[TLC], ep=torch.from_numpy(ep),
        ttc=columns[TTC], lk=columns[LK], hc=columns[HC], ec=torch.from_numpy(ec),
        nc_time=columns[NC_TIME], ttc_time=columns[TTC_TIME],
    )  # fmt: skip


def _array(values: np.ndarray | Tensor) -> np.ndarray:
    return values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)


def _checked_shape(where: str, poses: np.ndarray | Tensor, interval: float, scenes: int) -> FloatArray:
    """Plans as a contiguous float64 array, refused unless they are ``[B, N, T, 3]`` with ``T * interval`` = 4 s."""
    plans = np.ascontiguousarray(_array(poses), np.float64)
    if plans.ndim != 4 or plans.shape[0] != scenes or plans.shape[1] == 0 or plans.shape[3] != 3:
        raise InputError(where, f"the shape is {plans.shape}", f"give [{scenes} scenes, N plans, T poses, 3]")
    if not abs(plans.shape[2] * interval - HORIZON) < 1e-6:
        seconds = f"{plans.shape[2]} poses every {interval} s are {plans.shape[2] * interval:g} s"
        raise InputError(where, seconds, f"plans of {HORIZON:g} s are judged")
    return plans


def _checked_plans(where: str, poses: np.ndarray | Tensor, interval: float, scenes: int) -> FloatArray:
    plans = _checked_shape(where, poses, interval, scenes)
    if not np.isfinite(plans).all():
        b, n = np.argwhere(~np.isfinite(plans))[0, :2]
        raise InputError(where, f"plan {n} of scene {b} holds NaN or infinity", "give finite poses")
    return plans


class _FrameBefore(NamedTuple):
    """Roll-outs ``[P, 41, 11]`` of the plans of the frame before, and how many steps earlier they began."""

    states: FloatArray
    gap: int


def _frames_before(previous: PreviousPlans, truth: SceneTruthBatch, count: int) -> list[_FrameBefore | None]:
    """The frame before each scene, None where its plans are all NaN; refused where it does not fit."""
    t0_us = _array(previous.t0_us).astype(np.int64)
    ego = np.ascontiguousarray(_array(previous.ego), np.float64)
    plans = _checked_shape("previous poses", previous.poses, previous.interval, len(truth))
    if t0_us.shape != (len(truth),) or ego.shape != (len(truth), STATE) or plans.shape[1] not in (1, count):
        raise InputError(
            "previous",
            f"the shapes are {t0_us.shape}, {ego.shape} and {plans.shape}",
            f"give [{len(truth)}], [{len(truth)}, {STATE}] and [{len(truth)}, 1 or {count}, T, 3]",
        )
    frames: list[_FrameBefore | None] = []
    for b, scene in enumerate(truth.scenes):
        if np.isnan(plans[b]).all():
            frames.append(None)
            continue
        if not (np.isfinite(plans[b]).all() and np.isfinite(ego[b]).all()):
            raise InputError("previous", f"scene {b} holds NaN or infinity", "give finite numbers, or poses all NaN")
        seconds = (scene.arrays.t0_us - int(t0_us[b])) * 1e-6
        gap = round(seconds / STEP)
        if not (0.0 < seconds < LONGEST_GAP and gap > 0):
            raise InputError(
                "previous", f"scene {b} comes {seconds:g} s later", "give one 0.1 to 0.5 s earlier, or NaN"
            )
        start = np.concatenate([np.zeros(3), ego[b, 3:]])
        sampling = plan_sampling(int(t0_us[b]), plans.shape[2], previous.interval)
        frames.append(_FrameBefore(drive_plans(start, plans[b], sampling), gap))
    return frames
