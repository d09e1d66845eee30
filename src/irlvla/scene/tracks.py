"""What moves (or stands) around the ego."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class ObjectKind(IntEnum):
    """Class of a tracked object; NAVSIM's names. The first three are agents, the rest static objects."""

    VEHICLE = 0
    PEDESTRIAN = 1
    BICYCLE = 2
    TRAFFIC_CONE = 3
    BARRIER = 4
    CZONE_SIGN = 5
    GENERIC_OBJECT = 6


@dataclass(frozen=True)
class Tracks:
    """``N`` objects over ``S`` instants 0.1 s apart, the first being "now"; global frame.

    Attributes:
        tokens: name of each object, unique.
        kinds: ``[N]`` int8, an :class:`ObjectKind` each.
        sizes: ``[N, 3]`` length, width, height [m].
        poses: ``[N, S, 3]`` box centre x, y and heading; only meaningful where ``valid``.
        velocities: ``[N, S, 2]`` global vx, vy [m/s].
        valid: ``[N, S]`` bool, whether the object exists at that instant.
        annotated: ``[N]`` bool, whether it was annotated at the first instant; None where that is the same as being
            valid. NAVSIM has what was annotated once there at all instants, but traffic that reacts begins with what
            was annotated now.
    """

    tokens: tuple[str, ...]
    kinds: NDArray[np.int8]
    sizes: NDArray[np.float64]
    poses: NDArray[np.float64]
    velocities: NDArray[np.float64]
    valid: NDArray[np.bool_]
    annotated: NDArray[np.bool_] | None = None

    @property
    def now(self) -> NDArray[np.bool_]:
        """``[N]`` whether each object was annotated at the first instant."""
        return self.valid[:, 0] if self.annotated is None else self.annotated

    def __len__(self) -> int:
        return len(self.tokens)

    @classmethod
    def none(cls, steps: int = 41) -> "Tracks":
        """No objects at all."""
        return cls(
            (), np.zeros(0, np.int8), np.zeros((0, 3)), np.zeros((0, steps, 3)), np.zeros((0, steps, 2)),
            np.zeros((0, steps), np.bool_),
        )  # fmt: skip
