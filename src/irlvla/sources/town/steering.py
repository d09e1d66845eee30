"""Plans for a car that lags behind them: what to plan so that the metric's car drives along a path."""

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms import drive_plan
from irlvla.scene.frames import poses_to_local, wrap
from irlvla.sources.town.scenes import EVERY

FloatArray = NDArray[np.float64]

_ROUNDS = 3


def plan_along(state: FloatArray, path: FloatArray) -> FloatArray:
    """A plan ``[8, 3]`` with which the metric's car, now in ``state [11]``, drives along ``path [8, 3]``.

    Both are global, the plan in the car's own frame; poses are 0.5 s apart. The metric's tracker turns the wheel late,
    and stops late: with the path for a plan it runs a metre wide where a bend follows on a bend, and over a stop line.
    So what the roll-out misses of the path is added to the plan, a few times over.
    """
    wanted = poses_to_local(path, state[:3])
    plan = wanted.copy()
    for _ in range(_ROUNDS):
        missed = wanted - poses_to_local(drive_plan(state, plan)[EVERY::EVERY, :3], state[:3])
        missed[:, 2] = wrap(missed[:, 2])
        plan += missed
    return plan
