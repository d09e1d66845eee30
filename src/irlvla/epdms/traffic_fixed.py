"""Traffic that takes no notice of the ego: as recorded, or straight on."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms.geometry import boxes_touch
from irlvla.epdms.vehicle import HALF_LENGTH, HALF_WIDTH, REAR_TO_CENTRE, STEP
from irlvla.scene import ObjectKind, SceneTruth, Tracks
from irlvla.scene.frames import to_local

BoolArray = NDArray[np.bool_]


def replayed(truth: SceneTruth) -> Tracks:
    """The recorded tracks without the objects of any kind whose box touches the ego's now."""
    return selected(truth.tracks, ~touching_ego(truth))


def constant_velocity(truth: SceneTruth) -> Tracks:
    """The recorded tracks, but vehicles go on with the velocity and heading that they have now.

    Vehicles that are not annotated now never come, other such objects come after now. Objects that touch the ego now
    stay.
    """
    tracks = truth.tracks
    vehicle, now = tracks.kinds == ObjectKind.VEHICLE, tracks.now
    moves = vehicle & now
    poses, velocities, valid = tracks.poses.copy(), tracks.velocities.copy(), tracks.valid.copy()
    times = np.arange(tracks.valid.shape[1])[:, None] * STEP
    poses[moves] = tracks.poses[moves, :1]
    poses[moves, :, :2] += tracks.velocities[moves, :1] * times
    velocities[moves], valid[moves] = tracks.velocities[moves, :1], True
    valid[:, 0] &= now
    return selected(replace(tracks, poses=poses, velocities=velocities, valid=valid), ~vehicle | now)


def touching_ego(truth: SceneTruth) -> BoolArray:
    """``[M]`` whether the box of each object is there now and touches the ego's box."""
    tracks, origin = truth.tracks, truth.ego[:3]
    centres = to_local(tracks.poses[:, 0, :2], origin)
    headings = tracks.poses[:, 0, 2] - origin[2]
    touches = tracks.valid[:, 0].copy()
    for m in np.flatnonzero(touches):
        touches[m] = boxes_touch(
            REAR_TO_CENTRE, 0.0, 1.0, 0.0, HALF_LENGTH, HALF_WIDTH,
            centres[m, 0], centres[m, 1], np.cos(headings[m]), np.sin(headings[m]), *tracks.sizes[m, :2] / 2,
        )  # fmt: skip
    return touches


def selected(tracks: Tracks, which: BoolArray | Sequence[int]) -> Tracks:
    """The objects ``which`` (a mask or indices) of ``tracks``."""
    indices = np.arange(len(tracks))[which]
    return Tracks(
        tuple(tracks.tokens[m] for m in indices),
        tracks.kinds[indices],
        tracks.sizes[indices],
        tracks.poses[indices],
        tracks.velocities[indices],
        tracks.valid[indices],
        None if tracks.annotated is None else tracks.annotated[indices],
    )
