"""The metric's car for simulators: one plan driven from any state, without a scene."""

import numpy as np
import torch
from numpy.typing import NDArray

from irlvla.epdms.cpu import drive_plans
from irlvla.epdms.plans import ArrayLike, checked_plans
from irlvla.epdms.sampling import plan_sampling
from irlvla.epdms.vehicle import INSTANTS, STATE
from irlvla.scene.frames import poses_to_global


def drive_plan(state: NDArray[np.float64], poses: ArrayLike, interval: float = 0.5) -> NDArray[np.float64]:
    """States ``[41, 11]``, every 0.1 s, of the metric's car that tracks the plan ``poses [T, 3]`` from ``state [11]``.

    ``state`` and the result are global (see :func:`~irlvla.epdms.rollout`), the plan is in the ego frame of ``state``.

    Raises:
        InputError: if the plan's shape or horizon does not fit, or a pose is not finite.
    """
    start = np.array(state, np.float64)
    origin = start[:3].copy()
    start[:3] = 0.0
    plan = checked_plans(np.asarray(poses)[None, None], interval, 1, torch.device("cpu"))[0].numpy()
    states = np.empty((1, INSTANTS, STATE))
    drive_plans(start, plan, plan_sampling(0, plan.shape[1] - 1, interval), states)
    states[0, :, :3] = poses_to_global(states[0, :, :3], origin)
    driven: NDArray[np.float64] = states[0]
    return driven
