"""HC and EC: accelerations, jerks and turning that passengers put up with (``docs/epdms.md``, "Comfort").

All derivatives are Savitzky-Golay filters, which are linear in time: each is prepared once as rows of weights.
"""

import math
from typing import Final, NamedTuple

import numpy as np

from irlvla.epdms.compiled import formula
from irlvla.epdms.sampling import FloatArray, interpolate, locate, truncated_stamps, wrapped
from irlvla.epdms.vehicle import INSTANTS, REAR_TO_CENTRE, STEP

HC_BOUNDS = np.array([(-4.05, 2.40), (-4.89, 4.89), (-8.37, 8.37), (-4.13, 4.13), (-1.93, 1.93), (-0.95, 0.95)])
"""Exclusive bounds of longitudinal and lateral acceleration [m/s2], jerk and longitudinal jerk [m/s3], yaw acceleration
[rad/s2] and yaw rate [rad/s]."""

EC_BOUNDS = np.array([0.7, 0.5, 0.1, 0.1])
"""Greatest root mean square differences in acceleration, jerk, yaw rate and yaw acceleration, inclusive."""


MOST_SAMPLES: Final = 96
"""Room for past and plan together: the past may last 5 s."""
LONGEST_PAST: Final = 5.0
"""Seconds of past that are looked at, at most."""


def savgol(window: int, order: int, derivative: int) -> FloatArray:
    """The Savitzky-Golay filter of ``window`` samples ``STEP`` apart, with polynomial ends: rows ``[2h + 1, window]``.

    Half a window ``h`` of rows for the first samples, one for all in between, ``h`` for the last. Each row fits a
    polynomial of this order to its window and takes a derivative of it: at the sample itself, or for an even window,
    away from the ends, half a sample later (Savitzky and Golay 1964; as in scipy since 1.9).
    """
    half, middle = window // 2, (window - 1) / 2
    at = np.concatenate([np.arange(half), [middle], np.arange(window - half, window)]) - middle
    exponents = np.arange(order + 1)
    fit = np.linalg.pinv((np.arange(window)[:, None] - middle) ** exponents)
    falling = np.array([math.perm(e, derivative) for e in exponents])
    rates = falling * at[:, None] ** np.maximum(exponents - derivative, 0)
    return np.array(rates @ fit / STEP**derivative)


SMOOTH: Final = savgol(8, 2, 0)
RATE: Final = savgol(15, 2, 1)
YAW_RATE: Final = savgol(5, 2, 1)
YAW_ACCELERATION: Final = savgol(5, 3, 2)
YAW_ACCELERATION_EC: Final = savgol(5, 2, 2)
WHOLE: Final = savgol(INSTANTS, 2, 0)
WHOLE_RATE: Final = savgol(INSTANTS, 2, 1)
"""One parabola through a whole plan, and its slope."""


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
    samples = np.empty((len(sampling.before), 3))
    interpolate(columns, sampling, samples)
    return Past(samples[:, 2].copy(), samples[:, :2].copy())


@formula
def rounded(value: float) -> float:
    """``value`` rounded to eight decimals, half to even, as the benchmark does.

    Adding and taking away 1.5 * 2**52 leaves no bits behind the point.
    """
    scaled = value * 1e8
    return (scaled + 6755399441055744.0 - 6755399441055744.0) / 1e8 if abs(scaled) < 1e15 else value


@formula
def apply(rows: FloatArray, signal: FloatArray, count: int, filtered: FloatArray) -> None:
    """Writes the first ``count`` samples of ``signal``, filtered and rounded, to ``filtered``; ``rows`` of a savgol."""
    half, window = rows.shape[0] // 2, rows.shape[1]
    for t in range(count):
        row, begin = half, t - (window - 1) // 2
        if t < half:
            row, begin = t, 0
        elif t >= count - half:
            row, begin = 2 * half + 1 - (count - t), count - window
        total = 0.0
        for i in range(window):
            total += rows[row, i] * signal[begin + i]
        filtered[t] = rounded(total)


@formula
def hc_signals(past: Past, states: FloatArray, signals: FloatArray) -> int:
    """Writes the six quantities that HC bounds, of the past and ``states [41, 11]`` together, to ``signals [6]``.

    The benchmark knows no angular velocity of the past. ``signals`` is ``[7, MOST_SAMPLES]``, the last row for use
    inside; returns the number of samples.
    """
    before = len(past.headings)
    count = before + len(states)
    forward, sideways, size, headings = signals[6], signals[5], signals[4], signals[6]
    for t in range(count):
        if t < before:
            ax, ay, turning = past.accelerations[t, 0], past.accelerations[t, 1], 0.0
        else:
            k = t - before
            ax, ay, turning = states[k, 5], states[k, 6], states[k, 9] * states[k, 9] + states[k, 10]
        forward[t], sideways[t], size[t] = ax + REAR_TO_CENTRE * turning, ay, math.hypot(ax, ay)
    apply(SMOOTH, forward, count, signals[0])
    apply(RATE, signals[0], count, signals[3])
    apply(SMOOTH, sideways, count, signals[1])
    apply(SMOOTH, size, count, signals[6])
    apply(RATE, signals[6], count, signals[2])
    for t in range(count):
        heading = past.headings[t] if t < before else states[t - before, 2]
        headings[t] = heading if t == 0 else headings[t - 1] + wrapped(heading - headings[t - 1])
    apply(YAW_ACCELERATION, headings, count, signals[4])
    apply(YAW_RATE, headings, count, signals[5])
    return count


@formula
def within_bounds(signals: FloatArray, count: int) -> float:
    """1 if the first ``count`` samples of the six ``signals`` lie within :data:`HC_BOUNDS`, else 0."""
    for i in range(len(HC_BOUNDS)):
        for t in range(count):
            if not HC_BOUNDS[i, 0] < signals[i, t] < HC_BOUNDS[i, 1]:
                return 0.0
    return 1.0


@formula
def history_comfort(past: Past, states: FloatArray, signals: FloatArray) -> float:
    """HC: 1 if past and plan together stay within all six bounds; ``signals`` as for :func:`hc_signals`."""
    return within_bounds(signals, hc_signals(past, states, signals))


@formula
def plan_comfort(states: FloatArray, signals: FloatArray) -> float:
    """C of version 1.1: 1 if ``states [41, 11]`` alone stay within the bounds of HC; ``signals`` as there.

    Accelerations are those of the rear axle, and all windows but those of turning span the whole plan.
    """
    count = len(states)
    forward, sideways, size, smooth, headings = signals[6], signals[5], signals[4], signals[1], signals[6]
    for t in range(count):
        forward[t], sideways[t], size[t] = states[t, 5], states[t, 6], math.hypot(states[t, 5], states[t, 6])
    apply(WHOLE, forward, count, signals[0])
    apply(SMOOTH, forward, count, smooth)
    apply(WHOLE_RATE, smooth, count, signals[3])
    apply(SMOOTH, size, count, smooth)
    apply(WHOLE_RATE, smooth, count, signals[2])
    apply(WHOLE, sideways, count, signals[1])
    for t in range(count):
        heading = states[t, 2]
        headings[t] = heading if t == 0 else headings[t - 1] + wrapped(heading - headings[t - 1])
    apply(YAW_ACCELERATION, headings, count, signals[4])
    apply(YAW_RATE, headings, count, signals[5])
    return within_bounds(signals, count)


@formula
def difference(now: FloatArray, before: FloatArray, count: int) -> float:
    """Root mean square difference of the first ``count`` samples."""
    total = 0.0
    for t in range(count):
        total += (now[t] - before[t]) ** 2
    return math.sqrt(total / count)


@formula
def ec_differences(
    states: FloatArray, previous: FloatArray, gap: int, signals: FloatArray
) -> tuple[float, float, float, float]:
    """Root mean square differences of acceleration, jerk, yaw rate and yaw acceleration of two roll-outs ``[41, 11]``.

    ``previous`` started ``gap`` steps earlier; they are compared where they overlap. ``signals [6 or more, 41 or
    more]`` is for use inside.
    """
    count = INSTANTS - gap
    for t in range(count):
        signals[0, t] = math.hypot(states[t, 5], states[t, 6])
        signals[1, t] = math.hypot(previous[t + gap, 5], previous[t + gap, 6])
    for i in range(2):
        apply(SMOOTH, signals[i], count, signals[2 + i])
        apply(RATE, signals[2 + i], count, signals[4 + i])
    acceleration, jerk = difference(signals[2], signals[3], count), difference(signals[4], signals[5], count)
    for t in range(count):
        now, before = states[t, 2], previous[t + gap, 2]
        signals[0, t] = now if t == 0 else signals[0, t - 1] + wrapped(now - signals[0, t - 1])
        signals[1, t] = before if t == 0 else signals[1, t - 1] + wrapped(before - signals[1, t - 1])
    for i in range(2):
        apply(YAW_RATE, signals[i], count, signals[2 + i])
        apply(YAW_ACCELERATION_EC, signals[i], count, signals[4 + i])
    return acceleration, jerk, difference(signals[2], signals[3], count), difference(signals[4], signals[5], count)


@formula
def extended_comfort(states: FloatArray, previous: FloatArray, gap: int, signals: FloatArray) -> float:
    """EC: 1 if two roll-outs feel alike; arguments as for :func:`ec_differences`."""
    acceleration, jerk, yaw_rate, yaw_acceleration = ec_differences(states, previous, gap, signals)
    alike = acceleration <= EC_BOUNDS[0] and jerk <= EC_BOUNDS[1]
    return 1.0 if alike and yaw_rate <= EC_BOUNDS[2] and yaw_acceleration <= EC_BOUNDS[3] else 0.0
