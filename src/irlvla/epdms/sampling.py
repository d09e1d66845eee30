"""From a plan's poses to the 41 reference poses that the tracker follows (``docs/epdms.md``, "References").

The benchmark keeps time in whole microseconds since 1970 and makes them from float seconds by cutting the fraction
off. At real time stamps a float second resolves 0.24 us, so stamps fall up to one microsecond short, and references lie
up to 1e-5 m beside where they ought to. The same arithmetic is done here, in the same order.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms.compiled import compiled, formula
from irlvla.epdms.vehicle import INSTANTS, STEP, STEP_US

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

TWO_PI = 2 * np.pi


class Sampling(NamedTuple):
    """Where each of ``S`` instants falls among poses: pose ``before[s]`` plus ``share[s]`` of the way to the next."""

    before: IntArray
    share: FloatArray


@formula
def wrapped(angle: float) -> float:
    """Angle [rad] brought into [-pi, pi)."""
    if -np.pi <= angle < np.pi:
        return angle
    return (angle + np.pi) % TWO_PI - np.pi


@compiled
def truncated_stamps(t0_us: int, first: float, interval: float, count: int) -> IntArray:
    """Stamps [us] of ``count`` instants from ``first`` [s] after ``t0_us`` on, cut from float seconds."""
    stamps = np.empty(count, np.int64)
    for k in range(count):
        stamps[k] = int((k * interval + first + t0_us * 1e-6) * 1e6)
    return stamps


@compiled
def locate(pose_us: IntArray, sample_us: IntArray) -> Sampling:
    """Place samples among ascending pose stamps; a sample outside them is moved to the nearest end."""
    before = np.empty(len(sample_us), np.int64)
    share = np.empty(len(sample_us))
    k = 0
    for s in range(len(sample_us)):
        stamp = min(max(sample_us[s], pose_us[0]), pose_us[-1])
        while k < len(pose_us) - 2 and pose_us[k + 1] < stamp:
            k += 1
        before[s] = k
        share[s] = (stamp - pose_us[k]) / (pose_us[k + 1] - pose_us[k])
    return Sampling(before, share)


@compiled
def plan_sampling(t0_us: int, count: int, interval: float) -> Sampling:
    """Where the 41 instants fall among "now" and the ``count`` poses of a plan, ``interval`` [s] apart."""
    pose_us = np.empty(count + 1, np.int64)
    pose_us[0] = t0_us
    pose_us[1:] = truncated_stamps(t0_us, interval, interval, count)
    return locate(pose_us, truncated_stamps(t0_us, 0.0, STEP, INSTANTS))


@compiled
def plan_samplings(t0_us: IntArray, count: int, interval: float) -> Sampling:
    """:func:`plan_sampling` of several scenes, stacked: both arrays are ``[B, 41]``."""
    before, share = np.empty((len(t0_us), INSTANTS), np.int64), np.empty((len(t0_us), INSTANTS))
    for b in range(len(t0_us)):
        before[b], share[b] = plan_sampling(t0_us[b], count, interval)
    return Sampling(before, share)


@compiled
def reference_sampling(t0_us: int, count: int) -> Sampling:
    """Where the 41 instants fall among the poses of a reference, whose stamps are exactly 0.1 s apart."""
    pose_us = t0_us + np.arange(count) * STEP_US
    return locate(pose_us, truncated_stamps(t0_us, 0.0, STEP, INSTANTS))


@formula
def interpolate(poses: FloatArray, sampling: Sampling, sampled: FloatArray) -> None:
    """Writes ``poses [P, 3]`` at the instants of ``sampling`` to ``sampled [S, 3]``.

    Linear in x, y and unwrapped heading: a heading goes on from the one before by less than half a turn.
    """
    k, heading = 0, poses[0, 2]
    turn = wrapped(poses[1, 2] - heading)
    for s in range(len(sampled)):
        while k < sampling.before[s]:
            k += 1
            heading += turn
            turn = wrapped(poses[k + 1, 2] - heading)
        share = sampling.share[s]
        sampled[s, 0] = poses[k, 0] + share * (poses[k + 1, 0] - poses[k, 0])
        sampled[s, 1] = poses[k, 1] + share * (poses[k + 1, 1] - poses[k, 1])
        sampled[s, 2] = wrapped(heading + share * turn)
