"""The face of the judge: plans in, sub-scores out."""

from dataclasses import replace

import torch
from torch import Tensor

from irlvla.epdms.batch import SceneTruthBatch
from irlvla.epdms.engine import engine_on
from irlvla.epdms.judge import DAC, DDC, EC, HC, LK, NC, NC_TIME, PROGRESS, TLC, TTC, TTC_TIME
from irlvla.epdms.plans import ArrayLike, PreviousPlans, checked_plans, frames_before
from irlvla.epdms.progress import ego_progress
from irlvla.epdms.sampling import plan_samplings
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
    device: str | torch.device = "cpu",
    previous: PreviousPlans | None = None,
) -> SubScores:
    """Score plans as NAVSIM does (``docs/epdms.md``).

    Args:
        truth: ``B`` prepared scenes.
        poses: ``[B, N, T, 3]`` plans: x [m], y [m], heading [rad] of the rear axle in the ego frame of now, which is
            left out; pose ``k`` is reached at ``(k + 1) * interval``, the last after 4 s.
        interval: seconds between poses.
        version: of the metric.
        device: where to judge: "cpu" (on torch's threads) or "cuda". A GPU keeps the scenes for the next call.
        previous: plans of the frame before; without it there is no extended comfort (EC is NaN).

    Returns:
        Sub-scores ``[B, N]``, float64 on ``device``, before the human-penalty filter, with the human's own beside them.

    Raises:
        InputError: if shapes, horizon, version or device do not fit, or a pose is not finite.
    """
    check_version(version)
    engine = engine_on(device)
    plans = checked_plans(poses, interval, len(truth), engine.device)
    count, length = plans.shape[1], plans.shape[2] - 1
    before = frames_before(previous, truth.t0_us, count, engine)
    sampling = plan_samplings(truth.t0_us, length, interval)
    verdicts = engine.judge(truth.scenes.on(engine.device), truth.rows, plans, sampling, before.states, before.gaps)
    reference = torch.from_numpy(truth.scenes.reference_progress[truth.rows, None]).to(engine.device)
    ep = ego_progress(verdicts[..., PROGRESS], verdicts[..., NC : TLC + 1].prod(-1), reference)
    return replace(_subscores(verdicts, ep), human=_human_subscores(truth, engine.device))


def rollout(
    truth: SceneTruthBatch, poses: ArrayLike, interval: float = 0.5, device: str | torch.device = "cpu"
) -> Tensor:
    """States ``[B, N, 41, 11]`` that the car goes through with plans ``[B, N, T, 3]``, every 0.1 s from now on.

    Poses are in the global frame, velocities and accelerations in the ego frame of their instant: x, y, heading, vx,
    vy, ax, ay, steering angle and rate, angular velocity and acceleration of the rear axle; float64 on ``device``.

    Raises:
        InputError: as :func:`score`.
    """
    engine, packed = engine_on(device), truth.scenes.packed
    plans = checked_plans(poses, interval, len(truth), engine.device)
    sampling = plan_samplings(truth.t0_us, plans.shape[2] - 1, interval)
    states = engine.roll_out(packed.start[truth.rows], plans, sampling)
    origin = torch.from_numpy(packed.origin[truth.rows]).to(engine.device)
    states[..., :3] = poses_to_global(states[..., :3], origin[:, None, None])
    return states


def _human_subscores(truth: SceneTruthBatch, device: torch.device) -> SubScores:
    """The human's own sub-scores ``[B, 1]``, NaN for made-up scenes; EP is 1, measured by the human alone."""
    verdicts = torch.from_numpy(truth.scenes.human[truth.rows, None]).to(device)
    return _subscores(verdicts, torch.where(verdicts[..., PROGRESS].isnan(), torch.nan, 1.0).double())


def _subscores(verdicts: Tensor, ep: Tensor) -> SubScores:
    columns = verdicts.unbind(-1)
    return SubScores(
        nc=columns[NC],
        dac=columns[DAC],
        ddc=columns[DDC],
        tlc=columns[TLC],
        ep=ep,
        ttc=columns[TTC],
        lk=columns[LK],
        hc=columns[HC],
        ec=columns[EC],
        nc_time=columns[NC_TIME],
        ttc_time=columns[TTC_TIME],
    )
