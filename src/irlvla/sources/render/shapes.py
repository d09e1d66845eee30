"""What stands around the ego: which model each object is, in which colours, and which of its lamps are lit."""

import zlib

import numpy as np
from numpy.typing import NDArray

from irlvla.scene import Lamps, ObjectKind, SceneTruth
from irlvla.scene.frames import poses_to_local
from irlvla.sources.render.furniture import BARRIER, CONE, HANGING_SIGNAL, PLAIN, SIGNAL, WORK_SIGN
from irlvla.sources.render.ground import REACH
from irlvla.sources.render.light import Light
from irlvla.sources.render.models import Paint
from irlvla.sources.render.palettes import BODIES, CHOICES, HAIRS, SECONDS, SKINS, light_up, palettes
from irlvla.sources.render.people import CYCLIST, LEFT_STEP, RIGHT_STEP, STANDING
from irlvla.sources.render.place import Quads, place
from irlvla.sources.render.signals import signals_now
from irlvla.sources.render.vehicles import VEHICLES, vehicles_of

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MODELS = (*VEHICLES, STANDING, LEFT_STEP, RIGHT_STEP, CYCLIST, CONE, BARRIER, WORK_SIGN, PLAIN, SIGNAL, HANGING_SIGNAL)
_STARTS = np.cumsum([0, *(len(model.paints) for model in MODELS)])
_CORNERS = np.concatenate([model.corners for model in MODELS])
_PAINTS = np.concatenate([model.paints for model in MODELS])
_BY_KIND = {
    ObjectKind.VEHICLE: VEHICLES[0], ObjectKind.PEDESTRIAN: STANDING, ObjectKind.BICYCLE: CYCLIST,
    ObjectKind.TRAFFIC_CONE: CONE, ObjectKind.BARRIER: BARRIER, ObjectKind.CZONE_SIGN: WORK_SIGN,
    ObjectKind.GENERIC_OBJECT: PLAIN,
}  # fmt: skip
_MODEL_OF_KIND = np.array([MODELS.index(_BY_KIND[kind]) for kind in ObjectKind])

WALKING = 0.3
"""Faster than this [m/s], a pedestrian is mid-step."""

BRAKING, BRAKING_TIME = 0.8, 0.5
"""A recorded vehicle that loses more speed than this [m/s²] over the next so many seconds has its brake lamps lit."""

OUTLINES = np.array([(1, 1), (0.6, 0.7), (1, 0.6), (0.8, 0.8), (1, 1), (0.6, 1), (1, 1)])
"""How much of the length and the width of its box each kind of object takes up, for its shadow."""


def boxes_now(truth: SceneTruth) -> tuple[IntArray, FloatArray]:
    """Which tracks are around the ego now, and their boxes ``[N, 6]`` (x, y, heading, sizes) in its frame."""
    tracks = truth.tracks
    poses = poses_to_local(tracks.poses[:, 0], truth.ego[:3])
    near = np.flatnonzero(tracks.valid[:, 0] & (np.hypot(poses[:, 0], poses[:, 1]) < REACH))
    return near, np.concatenate([poses[near], tracks.sizes[near]], 1)


def outlines(kinds: NDArray[np.int8], boxes: FloatArray) -> FloatArray:
    """What boxes ``[N, 6]`` really take up."""
    return np.concatenate([boxes[:, :3], boxes[:, 3:5] * OUTLINES[kinds], boxes[:, 5:]], 1)


def quads_of(truth: SceneTruth, near: IntArray, boxes: FloatArray, light: Light) -> Quads:
    """Everything on the road now but buildings, each object a group.

    Args:
        truth: of the scene.
        near, boxes: of :func:`boxes_now`.
        light: that falls on it.

    Raises:
        InputError: if a red light names a connector that the map does not have.
    """
    kinds = truth.tracks.kinds[near]
    numbers = np.array([zlib.crc32(truth.tracks.tokens[k].encode()) for k in near], np.int64)
    painted = palettes(len(near), light.dark)
    for paint, table, prime in ((Paint.BODY, BODIES, 1), (Paint.SECOND, SECONDS, 7), (Paint.SKIN, SKINS, 31),
                                (Paint.HAIR, HAIRS, 131)):  # fmt: skip
        painted[:, paint, :3] = table[kinds, numbers // prime % CHOICES]
    lamps = _braking(truth) if truth.scenery is None else truth.scenery.lamps
    for paint, lamp in ((Paint.BRAKE_LIT, Lamps.BRAKE), (Paint.LEFT_LIT, Lamps.LEFT), (Paint.RIGHT_LIT, Lamps.RIGHT)):
        light_up(painted, paint, lamps[near] & lamp > 0)
    hung, states, standing = signals_now(truth)
    heads = palettes(len(hung), light.dark)
    for state, paint in enumerate((Paint.RED, Paint.YELLOW, Paint.GREEN)):
        light_up(heads, paint, states == state)
    signal = MODELS.index(SIGNAL if standing else HANGING_SIGNAL)
    return Quads(*place(
        np.concatenate([boxes, hung]),
        np.append(_models(truth, near, numbers), np.full(len(hung), signal)),
        np.concatenate([painted, heads]),
        _STARTS, _CORNERS, _PAINTS, light.sun, light.sunlight, light.skylight, light.horizon, light.visibility,
    ))  # fmt: skip


def _models(truth: SceneTruth, near: IntArray, numbers: IntArray) -> IntArray:
    """Place in ``MODELS`` of each track that is near."""
    tracks = truth.tracks
    models, kinds = _MODEL_OF_KIND[tracks.kinds[near]], tracks.kinds[near]
    vehicles = kinds == ObjectKind.VEHICLE
    models[vehicles] = vehicles_of(tracks.sizes[near][vehicles])
    walks = (kinds == ObjectKind.PEDESTRIAN) & (np.hypot(*tracks.velocities[near, 0].T) > WALKING)
    models[walks] += 1 + numbers[walks] % 2
    return models


def _braking(truth: SceneTruth) -> NDArray[np.uint8]:
    """``[N]`` lamps of recorded tracks: brake lamps, where they are about to lose speed."""
    tracks, steps = truth.tracks, round(BRAKING_TIME / 0.1)
    now, soon = np.hypot(*tracks.velocities[:, 0].T), np.hypot(*tracks.velocities[:, steps].T)
    known = tracks.valid[:, 0] & tracks.valid[:, steps] & (tracks.kinds == ObjectKind.VEHICLE)
    return np.where(known & (now - soon > BRAKING * BRAKING_TIME), Lamps.BRAKE, Lamps.NONE).astype(np.uint8)
