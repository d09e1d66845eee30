"""HC and EC: accelerations, jerks and turning that passengers put up with (``docs/epdms.md``, "Comfort").

All derivatives are Savitzky-Golay filters, which are linear in time: each is prepared once as a banded matrix.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms.compiled import compiled
from irlvla.epdms.sampling import FloatArray, interpolate, locate, truncated_stamps, unwrap
from irlvla.epdms.vehicle import INSTANTS, REAR_TO_CENTRE, STEP

IntArray = NDArray[np.int64]

HC_BOUNDS = np.array([(-4.05, 2.40), (-4.89, 4.89), (-8.37, 8.37), (-4.13, 4.13), (-1.93, 1.93), (-0.95, 0.95)])
"""Exclusive bounds of longitudinal and lateral acceleration [m/s2], jerk and longitudinal jerk [m/s3], yaw acceleration
[rad/s2] and yaw rate [rad/s]."""

EC_BOUNDS = np.array([0.7, 0.5, 0.1, 0.1])
"""Greatest root mean square differences in acceleration, jerk, yaw rate and yaw acceleration, inclusive."""


class Band(NamedTuple):
    """A ``[T, T]`` matrix whose row ``t`` is ``weights[t]`` from column ``start[t]`` on, else zero."""

    start: IntArray
    weights: FloatArray


class Filters(NamedTuple):
    """The five filters for one number of samples: smoothing, its rate of change, yaw rate and two yaw accelerations."""

    smooth: Band
    rate: Band
    yaw_rate: Band
    yaw_acceleration: Band
    yaw_acceleration_ec: Band


def savgol_band(samples: int, window: int, order: int, derivative: int) -> Band:
    """The Savitzky-Golay filter of ``window`` samples ``STEP`` apart, polynomial at the ends, as a matrix.

    It is found by filtering the identity, so an even window means what scipy makes of it.
    """
    from scipy.signal import savgol_filter  # slow to import, and only wanted here

    matrix = savgol_filter(np.eye(samples), window, order, deriv=derivative, delta=STEP, axis=0)
    start = np.array([min(np.flatnonzero(row)[0], samples - window) for row in matrix])
    return Band(start, np.stack([row[s : s + window] for row, s in zip(matrix, start, strict=True)]))


@lru_cache
def filters(samples: int) -> Filters:
    """The five filters for ``samples`` samples."""
    return Filters(
        smooth=savgol_band(samples, 8, 2, 0),
        rate=savgol_band(samples, 15, 2, 1),
        yaw_rate=savgol_band(samples, 5, 2, 1),
        yaw_acceleration=savgol_band(samples, 5, 3, 2),
        yaw_acceleration_ec=savgol_band(samples, 5, 2, 2),
    )


class Past(NamedTuple):
    """How the ego has moved until now, sampled at 10 Hz.

    Attributes:
        headings: ``[K]`` in the ego frame of now [rad].
        accelerations: ``[K, 2]`` ax, ay, each in the ego frame of its instant.
    """

    headings: FloatArray
    accelerations: FloatArray


def resample_past(t0_us: int, past: FloatArray, heading: float) -> Past:
    """The rows ``[dt_us, x, y, heading, vx, vy, ax, ay]`` of ``past`` at 10 Hz, ``heading`` being that of now.

    Samples are taken every 0.1 s from the first row on, and the last of them dropped. After exactly 1.5 s that leaves
    14, the last at -0.2 s: the sample at -0.1 s is missing, and the filters see the plan 0.1 s too early. After a
    microsecond more there are 15.
    """
    pose_us = t0_us + np.rint(past[:, 0]).astype(np.int64)
    count = math.ceil((pose_us[-1] - pose_us[0]) * 1e-6 / STEP) - 1
    sampling = locate(pose_us, truncated_stamps(int(pose_us[0]), 0.0, STEP, max(count, 0)))
    columns = np.stack([past[:, 6], past[:, 7], past[:, 3] - heading], axis=1)
    samples = interpolate(columns, sampling)
    return Past(samples[:, 2].copy(), samples[:, :2].copy())


@compiled
def apply(band: Band, signal: FloatArray) -> FloatArray:
    """``band`` times ``signal [T]``, rounded to eight decimals as the benchmark does."""
    filtered = np.empty(len(signal))
    for t in range(len(signal)):
        total = 0.0
        for i in range(band.weights.shape[1]):
            total += band.weights[t, i] * signal[band.start[t] + i]
        filtered[t] = np.rint(total * 1e8) / 1e8
    return filtered


@compiled
def hc_signals(past: Past, operators: Filters, states: FloatArray) -> FloatArray:
    """The six quantities ``[6, T]`` that HC bounds, of the past and ``states [41, 11]`` together.

    ``operators`` are those for as many samples as both have. The benchmark knows no angular velocity of the past.
    """
    before = len(past.headings)
    count = before + len(states)
    forward, sideways, total, headings = np.empty(count), np.empty(count), np.empty(count), np.empty(count)
    for t in range(count):
        if t < before:
            ax, ay, turning = past.accelerations[t, 0], past.accelerations[t, 1], 0.0
            headings[t] = past.headings[t]
        else:
            state = states[t - before]
            ax, ay, turning = state[5], state[6], state[9] * state[9] + state[10]
            headings[t] = state[2]
        forward[t], sideways[t], total[t] = ax + REAR_TO_CENTRE * turning, ay, math.hypot(ax, ay)
    unwrap(headings)
    signals = np.empty((6, count))
    signals[0] = apply(operators.smooth, forward)
    signals[1] = apply(operators.smooth, sideways)
    signals[2] = apply(operators.rate, apply(operators.smooth, total))
    signals[3] = apply(operators.rate, signals[0])
    signals[4] = apply(operators.yaw_acceleration, headings)
    signals[5] = apply(operators.yaw_rate, headings)
    return signals


@compiled
def history_comfort(past: Past, operators: Filters, states: FloatArray) -> float:
    """HC: 1 if past and plan together stay within all six bounds; arguments as for :func:`hc_signals`."""
    signals = hc_signals(past, operators, states)
    for i in range(6):
        for value in signals[i]:
            if not HC_BOUNDS[i, 0] < value < HC_BOUNDS[i, 1]:
                return 0.0
    return 1.0


@compiled
def ec_features(operators: Filters, states: FloatArray) -> FloatArray:
    """Acceleration, jerk, yaw rate and yaw acceleration ``[4, T]`` of ``states [T, 11]``."""
    acceleration, headings = np.empty(len(states)), states[:, 2].copy()
    for t in range(len(states)):
        acceleration[t] = math.hypot(states[t, 5], states[t, 6])
    unwrap(headings)
    features = np.empty((4, len(states)))
    features[0] = apply(operators.smooth, acceleration)
    features[1] = apply(operators.rate, features[0])
    features[2] = apply(operators.yaw_rate, headings)
    features[3] = apply(operators.yaw_acceleration_ec, headings)
    return features


@compiled
def ec_differences(operators: Filters, states: FloatArray, previous: FloatArray, gap: int) -> FloatArray:
    """Root mean square differences ``[4]`` of the features of two roll-outs ``[41, 11]`` where they overlap.

    ``previous`` started ``gap`` steps earlier; ``operators`` are those for ``41 - gap`` samples.
    """
    now = ec_features(operators, states[: INSTANTS - gap])
    before = ec_features(operators, previous[gap:])
    differences = np.empty(4)
    for i in range(4):
        differences[i] = math.sqrt(np.mean((now[i] - before[i]) ** 2))
    return differences


@compiled
def extended_comfort(operators: Filters, states: FloatArray, previous: FloatArray, gap: int) -> float:
    """EC: 1 if two roll-outs feel alike; arguments as for :func:`ec_differences`."""
    differences = ec_differences(operators, states, previous, gap)
    for i in range(4):
        if not differences[i] <= EC_BOUNDS[i]:
            return 0.0
    return 1.0
