"""What the renderer refuses to draw, named before anything is drawn."""

from math import isfinite

import numpy as np
from numpy.typing import NDArray

from irlvla.errors import InputError
from irlvla.scene import CameraRig, Scene, Scenery


def check_rig(rig: CameraRig) -> None:
    """Raise :class:`~irlvla.errors.InputError` unless every camera of ``rig`` can be drawn."""
    if not len(rig) or rig.width < 1 or rig.height < 1:
        size = f"{len(rig)} cameras of {rig.width} x {rig.height} pixels"
        raise InputError("camera rig", f"it has {size}", "give at least one camera and one pixel")
    calibration = np.concatenate([rig.intrinsics.reshape(len(rig), 9), rig.camera_to_ego.reshape(len(rig), 16)], 1)
    _each(rig, np.isfinite(calibration).all(1), "its calibration is not finite", "repair its matrices")
    _each(rig, rig.intrinsics[:, [0, 1], [0, 1]].all(1), "its focal length is 0", "repair its intrinsics")
    _each(rig, (rig.intrinsics[:, 2] == (0, 0, 1)).all(1), "it is no pinhole camera", "end its intrinsics with 0 0 1")
    rigid = np.abs(np.linalg.det(rig.camera_to_ego[:, :3, :3]) - 1) < 1e-3
    _each(rig, rigid, "its pose is not rigid", "give a rotation and a position")
    _each(rig, rig.camera_to_ego[:, 2, 3] > 0, "it lies on the road or below", "mount it higher")


def _each(rig: CameraRig, sound: NDArray[np.bool_], what: str, mend: str) -> None:
    """Raise :class:`~irlvla.errors.InputError` for the first camera that is not ``sound [C]``."""
    if not sound.all():
        raise InputError(f"camera {rig.names[int(np.argmin(sound))]!r}", what, mend)


def check_state(scene: Scene) -> None:
    """Raise :class:`~irlvla.errors.InputError` unless what is there now, and what is lit, can be drawn."""
    truth, tracks = scene.truth, scene.truth.tracks
    there = tracks.valid[:, 0]
    if not np.isfinite(truth.ego[:3]).all():
        raise InputError(f"scene {scene.token!r}", "the ego's pose is not finite", "repair or drop the scene")
    lost = ~(np.isfinite(tracks.poses[:, 0]).all(1) & np.isfinite(tracks.sizes).all(1)) & there
    if lost.any():
        where = f"scene {scene.token!r}, track {tracks.tokens[int(np.argmax(lost))]!r}"
        raise InputError(where, "its box now is not finite", "repair or drop the track")
    if not np.isfinite(truth.map.buildings).all():
        raise InputError(f"scene {scene.token!r}", "a building is not finite", "repair its map")
    if truth.scenery is not None:
        _check_scenery(scene.token, truth.scenery, len(tracks))


def _check_scenery(token: str, scenery: Scenery, tracks: int) -> None:
    if len(scenery.lamps) != tracks:
        what = f"it has lamps of {len(scenery.lamps)} vehicles and {tracks} tracks"
        raise InputError(f"scene {token!r}", what, "give lamps for every track")
    states = scenery.signals[:, 3:]
    if not (np.isfinite(scenery.signals).all() and (states == [[0, 1, 2]]).any(1).all()):
        raise InputError(f"scene {token!r}", "a traffic light has no place or no state", "repair its scenery")
    weather = scenery.weather
    numbers = (weather.sun_azimuth, weather.sun_elevation, weather.cloud, weather.visibility, weather.wet)
    if not (all(map(isfinite, numbers)) and weather.visibility > 0):
        raise InputError(f"scene {token!r}", f"its weather cannot be ({weather})", "give numbers that can be")
