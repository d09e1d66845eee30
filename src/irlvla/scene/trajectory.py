"""Planned trajectories."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HORIZON = 4.0
"""Length of every plan that is judged [s]."""


@dataclass(frozen=True)
class Trajectory:
    """Future poses of the rear axle in the ego frame of "now", which itself is left out.

    Attributes:
        poses: ``[T, 3]`` x, y [m], heading [rad]; pose ``k`` is reached at ``(k + 1) * interval``.
        interval: seconds between poses.
    """

    poses: NDArray[np.float64]
    interval: float = 0.5
