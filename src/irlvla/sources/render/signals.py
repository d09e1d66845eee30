"""Which traffic lights there are and what they show: those of the scenery, else over every connector that is red."""

import numpy as np
from numpy.typing import NDArray

from irlvla.errors import InputError
from irlvla.scene import HDMap, LineKind, Polylines, SceneTruth, SignalState
from irlvla.scene.frames import poses_to_local
from irlvla.sources.render.ground import REACH

FloatArray = NDArray[np.float64]

STANDING_SIZE = (0.36, 0.62, 4.1)
HANGING_SIZE = (0.36, 0.62, 4.6)
"""Length, width and height of the top of a signal [m], larger than life; without scenery it hangs in the air."""

AHEAD = 5.0
"""Without scenery a signal hangs this far behind the start of its connector [m], seen by who waits at the line."""


def signals_now(truth: SceneTruth) -> tuple[FloatArray, NDArray[np.int64], bool]:
    """Boxes ``[S, 6]`` (ego frame, heading along the traffic they speak to), states ``[S]``, whether they have poles.

    Raises:
        InputError: if a red light names a connector that the map does not have.
    """
    standing = truth.scenery is not None
    if truth.scenery is not None:
        poses, states = truth.scenery.signals[:, :3], truth.scenery.signals[:, 3].astype(np.int64)
    else:
        poses = _over_red_connectors(truth)
        states = np.full(len(poses), int(SignalState.RED))
    local = poses_to_local(poses, truth.ego[:3])
    near = np.hypot(local[:, 0], local[:, 1]) < REACH
    sizes = np.tile(STANDING_SIZE if standing else HANGING_SIZE, (int(near.sum()), 1))
    return np.concatenate([local[near], sizes], 1), states[near], standing


def _over_red_connectors(truth: SceneTruth) -> FloatArray:
    """Global poses ``[S, 3]`` over the connectors that are red now."""
    red = [light.connector for light in truth.red_lights if light.red[0]]
    if not red:
        return np.zeros((0, 3))
    index = {name: k for k, name in enumerate(truth.map.ids)}
    missing = [name for name in red if name not in index]
    if missing:
        raise InputError(f"red light {missing[0]!r}", "the map has no such lane connector", "repair the scene's map")
    ways = _ways(truth.map, truth.centerline)
    return np.array([_over_start(truth.map.polygons[index[name]], ways) for name in red])


def _ways(hdmap: HDMap, route: FloatArray) -> Polylines:
    """Centre lines of the map, and of the route."""
    lines = [hdmap.lines[k] for k in np.flatnonzero(hdmap.line_kinds == LineKind.CENTERLINE)]
    return Polylines.of([*lines, route])


def _over_start(ring: FloatArray, ways: Polylines) -> tuple[float, float, float]:
    """Pose on the centre line that runs longest through a connector.

    Without any, a connector is taken to run from the edge that closes its ring (left side forth, right side back).
    """
    points = ways.points
    steps = np.diff(points, axis=0, append=points[-1:])
    lengths = np.linalg.norm(steps, axis=1)
    lengths[ways.offsets[1:] - 1] = 0.0  # from the end of one line to the start of the next
    lengths *= _inside(points + steps / 2, ring)
    within = np.add.reduceat(np.append(lengths, 0.0), ways.offsets[:-1])
    best = int(np.argmax(within))
    start, towards = ring[[0, -1]].mean(0), ring.mean(0)
    if within[best] > 0.0:
        k = int(ways.offsets[best] + np.argmax(lengths[ways.offsets[best] : ways.offsets[best + 1]] > 0.0))
        start, towards = points[k], points[k + 1]
    step = (towards - start) / max(float(np.linalg.norm(towards - start)), 1e-9)
    x, y = start + AHEAD * step
    return float(x), float(y), float(np.arctan2(step[1], step[0]))


def _inside(points: FloatArray, ring: FloatArray) -> NDArray[np.bool_]:
    """Which of ``points [P, 2]`` lie inside a ring (even-odd rule)."""
    x, y = points[:, None, 0], points[:, None, 1]
    (x0, y0), (x1, y1) = ring.T, np.roll(ring, -1, 0).T
    spans = (y0 > y) != (y1 > y)
    at = x0 + (y - y0) * (x1 - x0) / np.where(y1 == y0, 1.0, y1 - y0)
    return np.asarray((spans & (x < at)).sum(1) % 2 == 1)
