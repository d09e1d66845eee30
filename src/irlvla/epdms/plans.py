"""Plans as they are given: taken over into arrays, or refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from irlvla.epdms.judge import drive_plans
from irlvla.epdms.sampling import FloatArray, plan_sampling
from irlvla.epdms.vehicle import STATE, STEP
from irlvla.errors import InputError
from irlvla.scene import HORIZON, SceneTruth

ArrayLike = NDArray[Any] | Tensor

LONGEST_GAP = 0.55
"""A previous frame lies less than this before now [s]."""


@dataclass(frozen=True)
class PreviousPlans:
    """What was planned in the frame before, for extended comfort.

    Attributes:
        t0_us: ``[B]`` int64, time stamp of that frame [us], less than 0.55 s before the scene's.
        ego: ``[B, 11]`` state of the ego then, as ``SceneTruth.ego``.
        poses: ``[B, P, T, 3]`` plans in the ego frame of then; ``P`` is 1 (one plan for all) or ``N`` (one each). A
            scene whose poses are all NaN has no previous frame.
        interval: seconds between poses.
    """

    t0_us: ArrayLike
    ego: ArrayLike
    poses: ArrayLike
    interval: float = 0.5

    @classmethod
    def of(cls, frames: Sequence[tuple[SceneTruth, ArrayLike] | None]) -> "PreviousPlans":
        """From one plan ``[8, 3]`` a scene, 0.5 s between poses, with the truth of its frame; None for no frame."""
        unknown = np.full((8, 3), np.nan)
        return cls(
            t0_us=np.array([0 if frame is None else frame[0].t0_us for frame in frames], np.int64),
            ego=np.stack([np.zeros(11) if frame is None else frame[0].ego for frame in frames]),
            poses=np.stack([unknown if frame is None else np.asarray(frame[1]) for frame in frames])[:, None],
        )


class FrameBefore(NamedTuple):
    """Roll-outs ``[P, 41, 11]`` of the plans of the frame before, and how many steps of 0.1 s earlier they began."""

    states: FloatArray
    gap: int


def checked_plans(poses: ArrayLike, interval: float, scenes: int) -> FloatArray:
    """``poses`` as a float64 array ``[scenes, N, T, 3]`` of our own.

    Raises:
        InputError: if the shape or the horizon does not fit, or a pose is not finite.
    """
    plans = _checked_shape("poses", poses, interval, scenes)
    if not np.isfinite(plans).all():
        b, n = np.argwhere(~np.isfinite(plans))[0, :2]
        raise InputError("poses", f"plan {n} of scene {b} holds NaN or infinity", "give finite poses")
    return plans


def frames_before(previous: PreviousPlans, t0_us: Sequence[int], count: int) -> list[FrameBefore | None]:
    """The frame before each scene, None for a scene that has none.

    Args:
        previous: the plans.
        t0_us: time stamp of each scene [us].
        count: plans to be compared with those of the frame before.

    Raises:
        InputError: if shapes, horizon or times do not fit, or some but not all poses of a scene are not finite.
    """
    scenes = len(t0_us)
    stamps, ego = _array(previous.t0_us).astype(np.int64), np.array(_array(previous.ego), np.float64)
    plans = _checked_shape("previous", previous.poses, previous.interval, scenes)
    if stamps.shape != (scenes,) or ego.shape != (scenes, STATE) or plans.shape[1] not in (1, count):
        shapes = f"the shapes are {stamps.shape}, {ego.shape} and {plans.shape}"
        raise InputError("previous", shapes, f"give [{scenes}], [{scenes}, {STATE}] and [{scenes}, 1 or {count}, T, 3]")
    return [_frame_before(b, t0_us[b], int(stamps[b]), ego[b], plans[b], previous.interval) for b in range(scenes)]


def _frame_before(
    b: int, now_us: int, then_us: int, ego: FloatArray, plans: FloatArray, interval: float
) -> FrameBefore | None:
    if np.isnan(plans).all():
        return None
    if not (np.isfinite(plans).all() and np.isfinite(ego).all()):
        raise InputError("previous", f"scene {b} holds NaN or infinity", "give finite numbers, or poses all NaN")
    seconds = (now_us - then_us) * 1e-6
    gap = round(seconds / STEP)
    if not (gap > 0 and seconds < LONGEST_GAP):
        raise InputError("previous", f"scene {b} comes {seconds:g} s later", "give a frame 0.1 to 0.5 s before")
    start = np.concatenate([np.zeros(3), ego[3:]])
    return FrameBefore(drive_plans(start, plans, plan_sampling(then_us, plans.shape[1], interval)), gap)


def _array(values: ArrayLike) -> NDArray[Any]:
    return values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)


def _checked_shape(where: str, poses: ArrayLike, interval: float, scenes: int) -> FloatArray:
    """A float64 copy of ``poses``, refused unless it is ``[scenes, N, T, 3]`` with ``T * interval`` = 4 s."""
    plans = np.array(_array(poses), np.float64, order="C")
    if plans.ndim != 4 or plans.shape[0] != scenes or plans.shape[1] == 0 or plans.shape[3] != 3:
        raise InputError(where, f"the shape is {plans.shape}", f"give [{scenes} scenes, N plans, T poses, 3]")
    seconds = plans.shape[2] * interval
    if not abs(seconds - HORIZON) < 1e-6:
        raise InputError(
            where, f"{plans.shape[2]} poses every {interval} s last {seconds:g} s", f"give plans of {HORIZON:g} s"
        )
    return plans
