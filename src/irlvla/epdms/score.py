"""The face of the judge: plans in, sub-scores out."""

from typing import Any

import torch
from torch import Tensor

from irlvla.epdms.batch import SceneTruthBatch
from irlvla.epdms.engine import engine_on
from irlvla.epdms.judge import EC, GAINED, LK, TLC, TTC_TIME
from irlvla.epdms.plans import ArrayLike, PreviousPlans, checked_plans, frames_before
from irlvla.epdms.sampling import plan_samplings
from irlvla.epdms.versions import version_of
from irlvla.scene import Metric, SubScores
from irlvla.scene.frames import poses_to_global


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
        version: of the metric: "2.2", "2.1", "2.0" or "1.1" (PDMS; its comfort stands in ``hc``).
        device: where to judge: "cpu" (on torch's threads) or "cuda". A GPU keeps the scenes for the next call.
        previous: plans of the frame before; without it there is no extended comfort (EC is NaN).

    Returns:
        Sub-scores ``[B, N]``, float64 on ``device``, before the human-penalty filter, with the human's own beside them.

    Raises:
        InputError: if shapes, horizon, version or device do not fit, or a pose is not finite.
    """
    known, engine, scenes = version_of(version), engine_on(device), truth.scenes
    plans = checked_plans(poses, interval, len(truth), engine.device)
    count, length = plans.shape[1], plans.shape[2] - 1
    before = frames_before(previous, truth.t0_us, count, known, engine)
    sampling = plan_samplings(truth.t0_us, length, interval)
    packed = scenes.on(engine.device)
    standards = scenes.standards(known.rules)
    references = standards.reference[truth.rows, GAINED]
    verdicts = engine.judge(packed, truth.rows, known.rules, references, plans, sampling, before.states, before.gaps)
    human = torch.from_numpy(standards.human[truth.rows, None]).to(engine.device)
    return _subscores(verdicts, known.metric, _subscores(human, known.metric, None))


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


def _subscores(verdicts: Tensor, metric: Metric, human: SubScores | None) -> SubScores:
    """Sub-scores of ``verdicts [B, N, 13]``; those that the metric does not know are NaN."""
    columns: list[Any] = list(verdicts.unbind(-1)[: TTC_TIME + 1])
    for name, column in (("tlc", TLC), ("lk", LK), ("ec", EC)):
        if name not in metric.multipliers and name not in metric.weights:
            columns[column] = torch.full_like(columns[column], torch.nan)
    return SubScores(*columns, human=human, metric=metric)  # type: ignore[misc]
