"""What is said about a scene: the meta-action and grounded questions with their answers, as training targets."""

from dataclasses import dataclass
from enum import IntEnum


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
