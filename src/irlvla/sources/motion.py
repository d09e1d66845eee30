"""The smoothed motion of a recorded vehicle: poses of its rear axle, velocity and acceleration."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import savgol_filter

from irlvla.scene.frames import rotate, wrap
from irlvla.sources.observed import bridged
from irlvla.sources.recording import AXLE_TO_CENTRE, FUTURE_STEPS, PAST_STEPS, SCENE_STEPS, STEP, Recording

# Savitzky-Golay windows [steps] and orders. The recording car knows its own motion well (0.9 s); others are boxes drawn
# by hand, in nuScenes at 2 Hz with straight lines between, so that three key frames must come together (1.5 s).
_OWN_WINDOW, _OWN_ORDER = 9, 2
_OTHER_WINDOW, _OTHER_ORDER = 15, 2

# What no car driven by people in traffic does; beyond, the record is noise.
MAX_ACCELERATION, MAX_YAW_RATE, MAX_SLIP, MAX_SPEED = 6.0, 1.0, 0.35, 45.0


@dataclass(frozen=True)
class Motion:
    """One vehicle over ``T`` steps without a gap.

    Attributes:
        track: index of the object in the recording.
        first: step of the recording at which it begins.
        poses: ``[T, 3]`` rear axle x, y, heading, global.
        velocity, acceleration: ``[T, 2]`` in the vehicle's own frame [m/s, m/s^2].
        yaw_rate: ``[T]`` [rad/s].
    """

    track: int
    first: int
    poses: NDArray[np.float64]
    velocity: NDArray[np.float64]
    acceleration: NDArray[np.float64]
    yaw_rate: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.poses)

    def travelled(self) -> NDArray[np.float64]:
        """``[T]`` distance driven since the beginning [m]."""
        return np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(self.poses[:, :2], axis=0), axis=1))])

    def scene_starts(self, every: int = 5) -> range:
        """Indices into this motion with 1.5 s before and 4 s after them, at recording steps divisible by ``every``."""
        begin = PAST_STEPS + (-(self.first + PAST_STEPS)) % every
        return range(begin, len(self) - FUTURE_STEPS, every)

    def implausible(self, index: int) -> str | None:
        """Why the record around the scene at ``index`` cannot be how a car moved, or None."""
        window = slice(index - PAST_STEPS, index + FUTURE_STEPS + 1)
        speed = np.linalg.norm(self.velocity[window], axis=1)
        slip = np.abs(np.arctan2(self.velocity[window, 1], self.velocity[window, 0]))
        if speed.max() > MAX_SPEED or np.linalg.norm(self.acceleration[window], axis=1).max() > MAX_ACCELERATION:
            return "absurd acceleration"
        if np.abs(self.yaw_rate[window]).max() > MAX_YAW_RATE:
            return "absurd yaw rate"
        if slip[speed > 2.0].max(initial=0.0) > MAX_SLIP:
            return "moves sideways or backwards"
        return None


def motions(recording: Recording, track: int) -> Iterator[Motion]:
    """The motion of object ``track``, one for each stretch that is long enough for a scene, smoothed."""
    own = track == recording.ego
    to_centre = recording.axle_to_centre if own else AXLE_TO_CENTRE
    poses, valid = bridged(recording.poses[track], recording.valid[track])
    for first, end in _stretches(valid):
        if end - first < SCENE_STEPS:
            continue
        heading = np.unwrap(poses[first:end, 2])
        turned = _smooth(heading, own)
        axle = poses[first:end, :2] - to_centre * np.column_stack([np.cos(turned), np.sin(turned)])
        velocity = _smooth(axle, own, 1)
        yield Motion(
            track=track,
            first=first,
            poses=np.column_stack([_smooth(axle, own), wrap(turned)]),
            velocity=rotate(velocity, -turned),
            acceleration=rotate(_smooth(velocity, own, 1), -turned),
            yaw_rate=_smooth(heading, own, 1),
        )


def _smooth(values: NDArray[np.float64], own: bool, derivative: int = 0) -> NDArray[np.float64]:
    """Savitzky-Golay filter along the first axis, or the derivative of that order per second."""
    window, order = (_OWN_WINDOW, _OWN_ORDER) if own else (_OTHER_WINDOW, _OTHER_ORDER)
    return savgol_filter(values, window, order, deriv=derivative, delta=STEP, axis=0)


def _stretches(valid: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """First step and one past the last of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], valid.astype(np.int8), [0]])))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
