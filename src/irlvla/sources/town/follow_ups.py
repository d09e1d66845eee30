"""Second-stage rides: where a car may be four seconds on, a little elsewhere than the expert, and on from there."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from irlvla.sources.town.contact import touches
from irlvla.sources.town.ride import Ride, ride_of
from irlvla.sources.town.traffic import STEP
from irlvla.sources.town.world import World

FloatArray = NDArray[np.float64]

LED_STEPS = 40
"""Steps from a first-stage frame to its followers (4 s)."""
DRIVEN_STEPS = 41
_FULL_AFTER = 8.0  # displacements are as large as drawn where the expert drives at least this far in the 4 s [m]


@dataclass(frozen=True)
class Displacement:
    """How a follower's start differs from where the expert is.

    Attributes:
        along, aside: metres ahead and to the left.
        turn: heading [rad].
        faster: speed, as a share of the expert's.
    """

    along: float
    aside: float
    turn: float
    faster: float


def draw_displacements(count: int, rng: np.random.Generator) -> list[Displacement]:
    """``count`` of them, the first none at all."""
    spread = np.array([1.5, 0.6, np.radians(3.5), 0.12])
    drawn = np.clip(rng.normal(0.0, spread, (max(count - 1, 0), 4)), -2 * spread, 2 * spread)
    return [Displacement(0.0, 0.0, 0.0, 0.0), *(Displacement(*map(float, row)) for row in drawn)][:count]


def follow_up(ride: Ride, step: int, moment: World, shift: Displacement, name: str) -> Ride | None:
    """The ride that leaves ``ride`` at ``step`` and is displaced 4 s later, from where the expert drives again.

    Args:
        ride: of the expert.
        step: of the first-stage frame; the ride goes on for 4 s at least.
        moment: the town at that step, as it was; it is not changed.
        shift: by how much it differs.
        name: of the new ride.

    Returns:
        The ride, its first instant 0.1 s after ``step``, or None if the displaced ego would touch somebody or leave the
        road on its way.
    """
    world = moment.copy()
    path = displaced_path(ride.motion[step : step + LED_STEPS + 1], shift)
    led = world.advance(LED_STEPS, path)
    if touches(world, led).any():
        return None
    driven = world.advance(DRIVEN_STEPS)
    if not driven.alive[:, 0].all() or touches(world, driven).any():
        return None
    return ride_of(name, world, [led, driven])


def displaced_path(motion: FloatArray, shift: Displacement) -> FloatArray:
    """``[40, 5]`` x, y, heading, speed, acceleration after each step, that run from the expert's ``motion [41, 7]`` to
    its displaced end: offsets along and beside it grow as quintics, the ends of which have the wanted speeds."""
    distance = float(np.linalg.norm(np.diff(motion[:, :2], axis=0), axis=1).sum())
    scale = min(distance / _FULL_AFTER, 1.0)
    speed = motion[:, 3]
    seconds = (len(motion) - 1) * STEP
    x = np.linspace(0.0, 1.0, len(motion))
    end_along, end_aside = scale * shift.faster * speed[-1], speed[-1] * np.tan(scale * shift.turn)
    along, along_rate = _grown(x, scale * shift.along, end_along, seconds)
    aside, aside_rate = _grown(x, scale * shift.aside, end_aside, seconds)
    heading = motion[:, 2]
    ahead, left = np.stack([np.cos(heading), np.sin(heading)], -1), np.stack([-np.sin(heading), np.cos(heading)], -1)
    points = motion[:, :2] + along[:, None] * ahead + aside[:, None] * left
    forward = np.maximum(speed + along_rate, 0.0)
    turned = heading + np.where(forward > 0.3, np.arctan2(aside_rate, np.maximum(forward, 0.3)), 0.0)
    pace = np.hypot(forward, np.where(forward > 0.3, aside_rate, 0.0))
    return np.column_stack([points, turned, pace, np.gradient(pace, STEP)])[1:]


def _grown(x: FloatArray, offset: float, rate: float, seconds: float) -> tuple[FloatArray, FloatArray]:
    """A quintic from rest at 0 to ``offset`` with slope ``rate`` [1/s] at the end, and its slope; ``x`` is 0 to 1."""
    slope = rate * seconds
    value = offset * x**3 * (10 - 15 * x + 6 * x**2) + slope * x**3 * (-4 + 7 * x - 3 * x**2)
    change = offset * 30 * x**2 * (1 - x) ** 2 + slope * x**2 * (-12 + 28 * x - 15 * x**2)
    return value, change / seconds
