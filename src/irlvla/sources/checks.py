"""What a recording must keep so that scenes can be cut from it, whoever wrote it."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from irlvla.errors import InputError
from irlvla.sources.recording import SCENE_STEPS, STEP, RecordedMap, Recording

_FARTHEST = 1e8  # coordinates beyond this are no places on earth [m]
_SPACING = (0.05, 0.15)  # between two instants [s]
_MEND = "repair or leave out the log"


def check_recording(recording: Recording, where: str | Path) -> None:
    """Make sure that scenes can be cut from ``recording``, which was read from ``where``.

    Raises:
        InputError: if the log is too short or not at 10 Hz, if a pose, size or lane is not made of usable numbers, if
            the recording car was never observed, or if there is no lane for cars.
    """
    _check_times(recording, where)
    _check_objects(recording, where)
    _check_map(recording.map, where)


def _check_times(recording: Recording, where: str | Path) -> None:
    steps = len(recording.t_us)
    if recording.poses.shape[1] != steps:
        raise InputError(where, f"{recording.poses.shape[1]} poses per object for {steps} time stamps", _MEND)
    if steps < SCENE_STEPS:
        what = f"the log is too short: {steps * STEP:.1f} s, a scene needs {SCENE_STEPS * STEP:.1f} s"
        raise InputError(where, what, "take a longer log")
    spacing = np.diff(recording.t_us) / 1e6
    odd = (spacing < _SPACING[0]) | (spacing > _SPACING[1])
    if odd.any():
        k = int(np.argmax(odd))
        raise InputError(where, f"{spacing[k]:.3f} s from step {k} to the next, not 0.1 s", "resample the log to 10 Hz")


def _check_objects(recording: Recording, where: str | Path) -> None:
    broken = ~_usable(recording.poses) & recording.valid
    if broken.any():
        n, step = np.argwhere(broken)[0]
        what = f"poses that are not finite numbers (or no places on earth), first of object {recording.ids[n]}"
        raise InputError(where, f"{what} at step {step}", _MEND)
    if not recording.valid[recording.ego].any():
        raise InputError(where, "the recording car was never observed", _MEND)
    sizeless = recording.valid.any(1) & ~((recording.sizes[:, :2] > 0) & (recording.sizes[:, :2] < 100)).all(1)
    if sizeless.any():
        name = recording.ids[int(np.argmax(sizeless))]
        raise InputError(where, f"object {name} has no size, or more than 100 m", _MEND)


def _check_map(recorded: RecordedMap, where: str | Path) -> None:
    if not any(lane.motor for lane in recorded.lanes):
        raise InputError(where, "the map has no lane for cars", "take a log with a map")
    shapes = [(f"lane {lane.id}", lane.centreline) for lane in recorded.lanes]
    shapes += [(f"lane {lane.id}", lane.polygon) for lane in recorded.lanes if lane.polygon is not None]
    shapes += [(f"a line of kind {kind.name}", line) for kind, line in recorded.lines]
    for name, points in shapes:
        if not _usable(points).all():
            raise InputError(where, f"{name} has points that are not finite numbers (or no places on earth)", _MEND)


def _usable(points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """``[...]`` of ``points [..., k]``: whether all their coordinates are numbers within reach."""
    return (np.abs(points) < _FARTHEST).all(-1)
