"""What is said about a scene: the meta-action and grounded questions with their answers, as training targets."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from irlvla.scene.trajectory import Trajectory

STANDING = 0.5
"""Who is slower stands [m/s]."""
_KEEPING = 1.5  # a change of speed that is none [m/s]
_TURNING = 0.35  # heading after four seconds that makes a turn [rad]
_CHANGING = 1.8  # way to the side that makes a change of lanes [m]


class SpeedAction(IntEnum):
    """Longitudinal half of a meta-action (Senna)."""

    KEEP = 0
    ACCELERATE = 1
    DECELERATE = 2
    STOP = 3


class PathAction(IntEnum):
    """Lateral half of a meta-action (Senna)."""

    STRAIGHT = 0
    LEFT_TURN = 1
    RIGHT_TURN = 2
    LEFT_CHANGE = 3
    RIGHT_CHANGE = 4


@dataclass(frozen=True)
class Language:
    """What a driver could say of a scene. It knows the truth, so no policy may see it.

    Attributes:
        speed: what the human does with the speed in the next four seconds.
        path: what it does with the path.
        answers: pairs of a question and its answer, of which every number and object is in the scene's truth.
    """

    speed: SpeedAction
    path: PathAction
    answers: tuple[tuple[str, str], ...] = ()


def meta_action(speed: float, human: Trajectory | None) -> tuple[SpeedAction, PathAction]:
    """What a human does with speed and path until the end of its trajectory; KEEP and STRAIGHT without a human.

    Args:
        speed: of the ego now [m/s].
        human: what it drove, two poses or more.
    """
    if human is None:
        return SpeedAction.KEEP, PathAction.STRAIGHT
    later = float(np.hypot(*(human.poses[-1, :2] - human.poses[-2, :2]))) / human.interval
    return _speed_action(speed, later), _path_action(*human.poses[-1].tolist())


def _speed_action(now: float, later: float) -> SpeedAction:
    if later < STANDING:
        return SpeedAction.STOP
    if abs(later - now) < _KEEPING:
        return SpeedAction.KEEP
    return SpeedAction.ACCELERATE if later > now else SpeedAction.DECELERATE


def _path_action(x: float, y: float, heading: float) -> PathAction:
    """From the last pose; a gentle bend that leads to its heading ends at about ``y = x tan(heading) / 2``."""
    if abs(heading) > _TURNING:
        return PathAction.LEFT_TURN if heading > 0 else PathAction.RIGHT_TURN
    if abs(y - 0.5 * x * np.tan(heading)) > _CHANGING:
        return PathAction.LEFT_CHANGE if y > 0 else PathAction.RIGHT_CHANGE
    return PathAction.STRAIGHT
