"""Small scenes whose scores can be told by hand: a straight road along x, the ego at its origin."""

from dataclasses import replace

import numpy as np

from irlvla.scene import (
    HDMap,
    Layer,
    ObjectKind,
    Polylines,
    RedLight,
    SceneTruth,
    SubScores,
    Tracks,
    Trajectory,
)
from irlvla.scene.frames import rotate, to_global, wrap

T0_US = 1_600_000_000_123_457
TIMES = np.arange(41) * 0.1


def rectangle(left, bottom, right, top):
    return np.array([(left, bottom), (right, bottom), (right, top), (left, top)], float)


def straight_plan(speed, lateral=0.0, interval=0.5):
    """``[T, 3]``: on along x at constant ``speed``, ``lateral`` metres to the left."""
    times = np.arange(1, round(4 / interval) + 1) * interval
    return np.column_stack([speed * times, np.full(len(times), lateral), np.zeros(len(times))])


def box(token, x, y, vx=0.0, vy=0.0, heading=0.0, kind=ObjectKind.VEHICLE, size=(4.0, 2.0), steps=range(41)):
    """A track in constant motion through ``(x, y)`` now, seen at ``steps``; a ``(token, kind, size, ...)`` record."""
    poses = np.column_stack([x + vx * TIMES, y + vy * TIMES, np.full(41, heading)])
    valid = np.isin(np.arange(41), list(steps))
    return token, kind, (*size, 1.5), poses, np.tile([vx, vy], (41, 1)), valid


def tracks_of(*boxes):
    if not boxes:
        return Tracks.none()
    tokens, kinds, sizes, poses, velocities, valid = zip(*boxes, strict=True)
    return Tracks(
        tokens, np.array(kinds, np.int8), np.array(sizes, float), np.stack(poses), np.stack(velocities), np.stack(valid)
    )


def map_of(*elements):
    """From ``(id, layer, polygon)`` or ``(id, layer, polygon, hole)``."""
    holes = [(k, element[3]) for k, element in enumerate(elements) if len(element) > 3]
    return HDMap(
        ids=tuple(element[0] for element in elements),
        layers=np.array([element[1] for element in elements], np.int8),
        polygons=Polylines.of(element[2] for element in elements),
        holes=Polylines.of(hole for _, hole in holes),
        hole_owners=np.array([k for k, _ in holes], np.int32),
    )


ROAD = (
    ("own", Layer.LANE, rectangle(-50, -2, 150, 2)),
    ("left", Layer.LANE, rectangle(-50, 2, 150, 6)),
    ("block", Layer.ROADBLOCK, rectangle(-50, -2, 150, 6)),
)
"""Our lane, 4 m wide, and the oncoming one to the left of it."""


def straight_road(speed=10.0, boxes=(), elements=ROAD, route=("own",), red=(), human=None, **changes):
    """The ego drives at ``speed`` [m/s] along the middle of its lane; so does the reference."""
    history_times = np.array([-1.5, -1.0, -0.5, 0.0])
    past = np.zeros((4, 8))
    past[:, 0], past[:, 1], past[:, 4] = np.rint(history_times * 1e6), history_times * speed, speed
    x = np.arange(-50.0, 151.0)
    reference = np.zeros((51, 3))
    reference[:, 0] = speed * np.arange(51) * 0.1
    truth = SceneTruth(
        t0_us=T0_US,
        ego=np.array([0, 0, 0, speed, 0, 0, 0, 0, 0, 0, 0], float),
        past=past,
        map=map_of(*elements),
        route=tuple(route),
        centerline=np.column_stack([x, 0 * x, 0 * x]),
        speed_limit=15.0,
        tracks=tracks_of(*boxes),
        red_lights=tuple(RedLight(connector, np.asarray(when, bool)) for connector, when in red),
        reference=reference,
        reference_kind="pdm-closed",
        human=None if human is None else Trajectory(human),
    )
    return replace(truth, **changes)


def moved(truth, motion):
    """The same scene after the rigid ``motion`` (x, y, angle) of the whole world; plans stay as they are."""
    motion = np.asarray(motion, float)

    def points(xy):
        return to_global(xy, motion)

    def poses(rows):
        return np.concatenate([points(rows[..., :2]), wrap(rows[..., 2:3] + motion[2])], -1)

    hd_map = replace(
        truth.map,
        polygons=Polylines(points(truth.map.polygons.points), truth.map.polygons.offsets),
        holes=Polylines(points(truth.map.holes.points), truth.map.holes.offsets),
    )
    tracks = replace(
        truth.tracks, poses=poses(truth.tracks.poses), velocities=rotate(truth.tracks.velocities, motion[2])
    )
    return replace(
        truth,
        ego=np.concatenate([poses(truth.ego[:3]), truth.ego[3:]]),
        past=np.column_stack([truth.past[:, 0], poses(truth.past[:, 1:4]), truth.past[:, 4:]]),
        map=hd_map,
        tracks=tracks,
        centerline=poses(truth.centerline),
        reference=poses(truth.reference),
    )


def assert_same(ours: SubScores, other: SubScores, tolerance=1e-9):
    for name, value, expected in zip(
        ("NC", "DAC", "DDC", "TLC", "EP", "TTC", "LK", "HC", "EC"),
        ours.stacked().unbind(-1),
        other.stacked().unbind(-1),
        strict=True,
    ):
        np.testing.assert_allclose(value.numpy(), expected.numpy(), rtol=0, atol=tolerance, err_msg=name)
