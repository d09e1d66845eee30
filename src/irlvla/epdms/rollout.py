"""What the car does with a plan: profile fits, LQR tracker, kinematic bicycle (``docs/epdms.md``, "Roll-out").

Everything here works on one trajectory, in the ego frame of now.
"""

import math

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms.compiled import formula
from irlvla.epdms.geometry import greater, lesser
from irlvla.epdms.sampling import wrapped
from irlvla.epdms.vehicle import INSTANTS, STATE, STEP, WHEEL_BASE

FloatArray = NDArray[np.float64]

MOVES = INSTANTS - 1
LOOK_AHEAD = 10
"""Steps the tracker looks ahead."""

ACCELERATION_PENALTY = 1e-4
CURVATURE_RATE_PENALTY = 1e-2
FIRST_CURVATURE_PENALTY = 1e-10

STOPPING_SPEED = 0.2
STOPPING_GAIN = 0.5
SPEED_GAIN = 10.0 / 11.0  # q / (q + r), with q = 10, r = 1 and an input that acts for one second
HEADING_WEIGHT = 10.0  # against 1 for the lateral offset and 1 for the steering rate

ACCELERATION_SHARE = STEP / (STEP + 0.2)  # low-pass filters of the actuators, time constants 0.2 s and 0.05 s
STEERING_SHARE = STEP / (STEP + 0.05)
STEERING_LIMIT = math.pi / 3


def _speed_factors() -> FloatArray:
    """Factors ``[3, 40]`` of the normal matrix of the speed fit, ``L D L'``: first and second subdiagonal of L, and D.

    Least squares on ``speed * STEP`` with a penalty on accelerations. The benchmark means to penalise differences of
    accelerations, but its difference matrix holds the values themselves in all rows but the last; so do we.
    """
    difference = np.diff(np.eye(MOVES), axis=0) / STEP
    penalised = np.vstack([difference[:-2], difference[-1] - difference[-2]])
    normal = STEP**2 * np.eye(MOVES) + ACCELERATION_PENALTY * penalised.T @ penalised
    lower = np.linalg.cholesky(normal)
    unit = lower / np.diag(lower)
    return np.stack([np.append(0, np.diag(unit, -1)), np.append([0, 0], np.diag(unit, -2)), np.diag(lower) ** 2])


SPEED_FACTORS = _speed_factors()


@formula
def fit_speeds(references: FloatArray, speeds: FloatArray) -> None:
    """Writes the speeds [m/s] along ``references [41, 3]`` to ``speeds [40]``."""
    for k in range(MOVES):
        dx, dy = references[k + 1, 0] - references[k, 0], references[k + 1, 1] - references[k, 1]
        travelled = math.cos(references[k, 2]) * dx + math.sin(references[k, 2]) * dy
        speeds[k] = STEP * travelled
        if k > 0:
            speeds[k] -= SPEED_FACTORS[0, k] * speeds[k - 1]
        if k > 1:
            speeds[k] -= SPEED_FACTORS[1, k] * speeds[k - 2]
    for k in range(MOVES - 1, -1, -1):
        speeds[k] /= SPEED_FACTORS[2, k]
        if k + 1 < MOVES:
            speeds[k] -= SPEED_FACTORS[0, k + 1] * speeds[k + 1]
        if k + 2 < MOVES:
            speeds[k] -= SPEED_FACTORS[1, k + 2] * speeds[k + 2]


@formula
def fit_curvatures(references: FloatArray, speeds: FloatArray, excess: FloatArray, curvatures: FloatArray) -> None:
    """Writes the curvatures [1/m] along ``references [41, 3]`` driven at ``speeds [40]`` to ``curvatures [40]``.

    Minimises the squared heading errors plus 1e-2 times the squared curvature rates plus 1e-10 times the squared first
    curvature. In the curvatures themselves that is tridiagonal with off-diagonal -1 (1e-2 / STEP**2 is 1), solved by
    elimination. ``excess [40]``, for use inside, is pivot minus one: kept so, nothing is subtracted and a standing car
    loses no digits.
    """
    for k in range(MOVES):
        reach = speeds[k] * STEP
        turn = wrapped(references[k + 1, 2] - references[k, 2])
        if k == 0:
            excess[0], curvatures[0] = reach * reach + FIRST_CURVATURE_PENALTY, reach * turn
        else:
            excess[k] = reach * reach + excess[k - 1] / (1.0 + excess[k - 1])
            curvatures[k] = reach * turn + curvatures[k - 1] / (1.0 + excess[k - 1])
    curvatures[MOVES - 1] /= excess[MOVES - 1]
    for k in range(MOVES - 2, -1, -1):
        curvatures[k] = (curvatures[k] + curvatures[k + 1]) / (1.0 + excess[k])


@formula
def steering_rate(
    state: FloatArray, reference: FloatArray, acceleration: float, curvatures: FloatArray, k: int
) -> float:
    """The steering rate [rad/s] that, held for a second, brings the car best onto the path.

    The lateral offset and heading error are carried ten steps on with the steering angle held, next to their answer to
    one unit of steering rate; the cost is quadratic, so its minimum is a quotient.
    """
    dx, dy = state[0] - reference[0], state[1] - reference[1]
    offset = math.cos(reference[2]) * dy - math.sin(reference[2]) * dx
    heading = wrapped(state[2] - reference[2])
    offset_gain = heading_gain = steering_gain = 0.0
    for i in range(LOOK_AHEAD):
        reach = (state[3] + i * STEP * acceleration) * STEP
        offset += reach * heading
        heading += reach * (state[7] / WHEEL_BASE - curvatures[lesser(k + i, MOVES - 1)])
        offset_gain += reach * heading_gain
        heading_gain += reach * steering_gain / WHEEL_BASE
        steering_gain += STEP
    slope = offset_gain * offset + HEADING_WEIGHT * heading_gain * wrapped(heading)
    return float(-slope / (offset_gain * offset_gain + HEADING_WEIGHT * heading_gain * heading_gain + 1.0))


@formula
def bicycle_step(state: FloatArray, acceleration: float, rate: float, after: FloatArray) -> None:
    """One explicit Euler step of the kinematic bicycle, written to ``after``.

    Position, heading and speed advance with the old speed, heading and steering angle; the commands ``acceleration``
    and steering ``rate`` first pass low-pass filters. The speed is not kept from becoming negative.
    """
    speed, steering = state[3], state[7]
    after[0] = state[0] + speed * math.cos(state[2]) * STEP
    after[1] = state[1] + speed * math.sin(state[2]) * STEP
    after[2] = wrapped(state[2] + speed * math.tan(steering) / WHEEL_BASE * STEP)
    after[5] = state[5] + ACCELERATION_SHARE * (acceleration - state[5])
    after[3] = speed + after[5] * STEP
    after[4] = after[6] = 0.0
    after[8] = STEERING_SHARE * rate
    after[7] = lesser(greater(steering + after[8] * STEP, -STEERING_LIMIT), STEERING_LIMIT)
    after[9] = after[3] * math.tan(after[7]) / WHEEL_BASE
    after[10] = (after[9] - state[9]) / STEP


@formula
def drive(start: FloatArray, references: FloatArray, profiles: FloatArray, states: FloatArray) -> None:
    """Writes the states of a car that starts at ``start [11]`` and tracks ``references [41, 3]`` to ``states``.

    ``states`` is ``[41, 11]``; ``profiles [3 or more, 40 or more]`` is for use inside.
    """
    speeds, curvatures = profiles[0], profiles[1]
    fit_speeds(references, speeds)
    fit_curvatures(references, speeds, profiles[2], curvatures)
    for i in range(STATE):
        states[0, i] = start[i]
    for k in range(MOVES):
        speed, wanted = states[k, 3], speeds[lesser(k + LOOK_AHEAD, MOVES - 1)]
        if wanted <= STOPPING_SPEED and speed <= STOPPING_SPEED:
            acceleration, rate = -STOPPING_GAIN * (speed - wanted), 0.0
        else:
            acceleration = -SPEED_GAIN * (speed - wanted)
            rate = steering_rate(states[k], references[k], acceleration, curvatures, k)
        bicycle_step(states[k], acceleration, rate, states[k + 1])
