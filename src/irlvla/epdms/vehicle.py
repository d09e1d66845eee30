"""The one car that the metric drives, and the metric's time grid (``docs/epdms.md``, "Vehicle and time")."""

from typing import Final

STEP: Final = 0.1
"""Seconds between simulated states."""
STEP_US: Final = 100_000
"""The same in microseconds."""
INSTANTS: Final = 41
"""Simulated states of a plan: 0, 0.1, ... 4.0 s."""
STATE: Final = 11
"""Numbers of a state: x, y, heading, vx, vy, ax, ay, steering angle and rate, angular velocity and acceleration."""

WHEEL_BASE: Final = 3.089
"""Between the axles [m]."""
REAR_TO_CENTRE: Final = 1.461
"""From the rear axle forward to the centre of the box [m]."""
HALF_LENGTH: Final = (4.049 + 1.127) / 2
"""Half the length of the box [m]; its front lies 4.049 m before the rear axle, its back 1.127 m behind."""
HALF_WIDTH: Final = 2.297 / 2
"""Half the width of the box [m]."""
