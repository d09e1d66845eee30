"""From a plan's poses to the 41 reference poses that the tracker follows (``docs/epdms.md``, "References").

The benchmark keeps time in whole microseconds since 1970 and makes them from float seconds by cutting the fraction
off. At real time stamps a float second resolves 0.24 us, so stamps fall up to one microsecond short, and references lie
up to 1e-5 m beside where they ought to. The same arithmetic is done here, in the same order.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms.compiled import compiled
from irlvla.epdms.vehicle import INSTANTS, STEP, STEP_US

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

TWO_PI = 2 * np.pi


class Sampling(NamedTuple):
    """Where each of ``S`` instants falls among poses: pose ``before[s]`` plus ``share[s]`` of the way to the next."""

    before: IntArray
    share: FloatArray


@compiled
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
def reference_sampling(t0_us: int, count: int) -> Sampling:
    """Where the 41 instants fall among the poses of a reference, whose stamps are exactly 0.1 s apart."""
    pose_us = t0_us + np.arange(count) * STEP_US
    return locate(pose_us, truncated_stamps(t0_us, 0.0, STEP, INSTANTS))


@compiled
def unwrap(headings: FloatArray) -> None:
    """Remove jumps of more than half a turn between neighbours, in place."""
    for k in range(1, len(headings)):
        headings[k] = headings[k - 1] + wrapped(headings[k] - headings[k - 1])


@compiled
def interpolate(poses: FloatArray, sampling: Sampling) -> FloatArray:
    """``poses [P, 3]`` at the instants of ``sampling``, linear in x, y and unwrapped heading; ``[S, 3]``."""
    poses = poses.copy()
    unwrap(poses[:, 2])
    sampled = np.empty((len(sampling.before), 3))
    for s in range(len(sampling.before)):
        k, share = sampling.before[s], sampling.share[s]
        for c in range(3):
            sampled[s, c] = poses[k, c] + share * (poses[k + 1, c] - poses[k, c])
        sampled[s, 2] = wrapped(sampled[s, 2])
    return sampled


@compiled
def plan_references(plan: FloatArray, sampling: Sampling) -> FloatArray:
    """The 41 references ``[41, 3]`` of ``plan [T, 3]``, in the ego frame of now like the plan itself."""
    poses = np.zeros((len(plan) + 1, 3))
    poses[1:] = plan
    return interpolate(poses, sampling)
