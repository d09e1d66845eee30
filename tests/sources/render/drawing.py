"""Scenes and cameras for tests of the renderer, and an independent projection to hold it against."""

import numpy as np
import shapely

from irlvla.scene import (
    CameraRig,
    Command,
    HDMap,
    Layer,
    Polylines,
    Scene,
    Scenery,
    SceneTruth,
    Tracks,
    Weather,
    mount,
)
from irlvla.scene.frames import poses_to_global, to_global

FRONT = (1.6, 0.0, 1.5)
ROAD = np.array([(-60.0, -8.0), (120.0, -8.0), (120.0, 8.0), (-60.0, 8.0)])


def front_camera(width=320, height=180, pitch=0.0, yaw=0.0, focal=250.0):
    intrinsics = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1.0]])
    return CameraRig(("front",), width, height, intrinsics[None], mount(*FRONT, yaw, pitch)[None])


def world(
    lines=(), areas=((Layer.DRIVABLE_AREA, ROAD),), boxes=(), ego=(0.0, 0.0, 0.0), red=(), holes=(), buildings=(),
    scenery=None,
):  # fmt: skip
    """A scene from things given in the ego frame; boxes are ``(kind, x, y, heading, length, width, height)``."""
    ego = np.array(ego)
    hdmap = HDMap(
        ids=tuple(f"area-{k}" for k in range(len(areas))),
        layers=np.array([layer for layer, _ in areas], np.int8),
        polygons=Polylines.of([to_global(ring, ego) for _, ring in areas]),
        holes=Polylines.of([to_global(ring, ego) for ring in holes]),
        hole_owners=np.zeros(len(holes), np.int32),
        lines=Polylines.of([to_global(np.array(line, np.float64), ego) for _, line in lines]),
        line_kinds=np.array([kind for kind, _ in lines], np.int8),
        buildings=_global_boxes(buildings, ego),
    )
    count = len(boxes)
    local = np.array([box[1:4] for box in boxes], np.float64).reshape(-1, 3)
    tracks = Tracks(
        tuple(f"track-{k}" for k in range(count)),
        np.array([box[0] for box in boxes], np.int8),
        np.array([box[4:] for box in boxes], np.float64).reshape(-1, 3),
        np.repeat(poses_to_global(local, ego)[:, None], 41, 1),
        np.zeros((count, 41, 2)),
        np.ones((count, 41), np.bool_),
    )
    state = np.array([*ego, *np.zeros(8)])
    way = poses_to_global(np.array([[x, 0.0, 0.0] for x in range(60)]), ego)
    truth = SceneTruth(
        0, state, np.array([[0.0, *state[:7]]]), hdmap, (), way, 13.4, tracks, tuple(red), way, "human", None,
        scenery=scenery,
    )  # fmt: skip
    return Scene("made-up", "made-up", "made-up", np.zeros((4, 7)), Command.STRAIGHT, front_camera(), truth=truth)


def _global_boxes(boxes, ego):
    boxes = np.array(boxes, np.float64).reshape(-1, 6)
    return np.concatenate([poses_to_global(boxes[:, :3], ego), boxes[:, 3:]], 1)


def lit(count, lamps=(), weather=None, signals=()):
    """Scenery for ``count`` tracks, of which the first have these lamps, and signals ``(x, y, heading, state)``."""
    each = np.zeros(count, np.uint8)
    each[: len(lamps)] = lamps
    return Scenery(np.array(signals, np.float64).reshape(-1, 4), each, weather or Weather())


def shadow_of(x, y, heading, length, width, height, weather):
    """Where the top corners of a box throw their shadow, ``[4, 3]``, for an ego that heads along the x axis."""
    top = corners_of(x, y, heading, length, width, height)[1::2]
    reach = height / np.tan(weather.sun_elevation)
    return top - (reach * np.cos(weather.sun_azimuth), reach * np.sin(weather.sun_azimuth), height)


def project(points, rig, camera=0):
    """Pixel places ``[..., 2]`` of points ``[..., 3]`` in the ego frame, by the book."""
    inverse = np.linalg.inv(rig.camera_to_ego[camera])
    seen = points @ inverse[:3, :3].T + inverse[:3, 3]
    pixels = seen @ rig.intrinsics[camera].T
    return pixels[..., :2] / pixels[..., 2:]


def corners_of(x, y, heading, length, width, height):
    signs = np.array([(a, b, c) for a in (-1, 1) for b in (-1, 1) for c in (0, 1)])
    local = signs * (length / 2, width / 2, height)
    cos, sin = np.cos(heading), np.sin(heading)
    return local @ np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]]) + (x, y, 0)


def pixel_centres(rig):
    v, u = np.mgrid[: rig.height, : rig.width] + 0.5
    return shapely.points(u, v)
