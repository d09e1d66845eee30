"""Plans as they are given: taken over into arrays, or refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from irlvla.epdms.engine import Engine
from irlvla.epdms.sampling import IntArray, plan_samplings
from irlvla.epdms.vehicle import INSTANTS, STATE
from irlvla.epdms.versions import Version
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


class Before(NamedTuple):
    """Roll-outs ``[B, P, 41, 11]`` of the plans of the frames before, and the steps of 0.1 s ``[B]`` by which each
    began earlier; 0 where there was no frame."""

    states: Tensor
    gaps: IntArray


def checked_plans(poses: ArrayLike, interval: float, scenes: int, device: torch.device) -> Tensor:
    """``poses [scenes, N, T, 3]`` with now in front, ``[scenes, N, T + 1, 3]``: a float64 copy on ``device``.

    Raises:
        InputError: if the shape or the horizon does not fit, or a pose is not finite.
    """
    plans = _checked_shape("poses", poses, interval, scenes, device)
    if not plans.isfinite().all():
        b, n = (~plans.isfinite()).nonzero()[0, :2].tolist()
        raise InputError("poses", f"plan {n} of scene {b} holds NaN or infinity", "give finite poses")
    return plans


def frames_before(
    previous: PreviousPlans | None, t0_us: IntArray, count: int, version: Version, engine: Engine
) -> Before:
    """The frames before ``B`` scenes.

    Args:
        previous: the plans, None if no scene has a frame before.
        t0_us: ``[B]`` time stamps of the scenes [us].
        count: plans to be compared with those of the frame before.
        version: of the metric.
        engine: where to roll them out.

    Raises:
        InputError: if shapes, horizon or times do not fit, or some but not all poses of a scene are not finite.
    """
    scenes = len(t0_us)
    if previous is None:
        none = torch.from_numpy(np.zeros((scenes, 1, INSTANTS, STATE))).to(engine.device)
        return Before(none, np.zeros_like(t0_us))
    stamps, ego = _array(previous.t0_us).astype(np.int64), np.array(_array(previous.ego), np.float64)
    plans = _checked_shape("previous", previous.poses, previous.interval, scenes, engine.device)
    if stamps.shape != (scenes,) or ego.shape != (scenes, STATE) or plans.shape[1] not in (1, count):
        shapes = f"the shapes are {stamps.shape}, {ego.shape} and {tuple(plans[:, :, 1:].shape)}"
        raise InputError("previous", shapes, f"give [{scenes}], [{scenes}, {STATE}] and [{scenes}, 1 or {count}, T, 3]")
    known = ~plans[:, :, 1:].isnan().flatten(1).all(1).cpu().numpy()
    gaps = np.array([_gap(b, int(t0_us[b]), int(stamps[b]), version) if known[b] else 0 for b in range(scenes)])
    finite = plans.isfinite().flatten(1).all(1).cpu().numpy() & np.isfinite(ego).all(1)
    if (known & ~finite).any():
        b = int((known & ~finite).argmax())
        raise InputError("previous", f"scene {b} holds NaN or infinity", "give finite numbers, or poses all NaN")
    ego[:, :3] = 0.0
    sampling = plan_samplings(stamps, plans.shape[2] - 1, previous.interval)
    return Before(engine.roll_out(ego, plans.nan_to_num(), sampling), gaps)


def _gap(b: int, now_us: int, then_us: int, version: Version) -> int:
    seconds, gap = (now_us - then_us) * 1e-6, version.gap(now_us, then_us)
    if not (gap > 0 and seconds < LONGEST_GAP):
        raise InputError("previous", f"scene {b} comes {seconds:g} s later", "give a frame 0.1 to 0.5 s before")
    return gap


def _array(values: ArrayLike) -> NDArray[Any]:
    return values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)


def _checked_shape(where: str, poses: ArrayLike, interval: float, scenes: int, device: torch.device) -> Tensor:
    """``poses`` with now in front, refused unless they are ``[scenes, N, T, 3]`` with ``T * interval`` = 4 s."""
    try:
        given = (
            poses.detach() if isinstance(poses, Tensor) else torch.from_numpy(np.array(poses, np.float64, order="C"))
        )
    except (TypeError, ValueError) as error:
        raise InputError(where, f"are no array of numbers ({error})", "give one array, plans of one length") from error
    if given.ndim != 4 or given.shape[0] != scenes or given.shape[1] == 0 or given.shape[3] != 3:
        raise InputError(where, f"the shape is {tuple(given.shape)}", f"give [{scenes} scenes, N plans, T poses, 3]")
    seconds = given.shape[2] * interval
    if not abs(seconds - HORIZON) < 1e-6:
        raise InputError(
            where, f"{given.shape[2]} poses every {interval} s last {seconds:g} s", f"give plans of {HORIZON:g} s"
        )
    plans = torch.zeros((*given.shape[:2], given.shape[2] + 1, 3), dtype=torch.float64, device=device)
    plans[:, :, 1:] = given
    return plans
