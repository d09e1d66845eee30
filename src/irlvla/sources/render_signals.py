"""Where the signal of a red lane connector hangs."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from irlvla.errors import InputError
from irlvla.scene import LineKind, SceneTruth
from irlvla.scene.frames import poses_to_local
from irlvla.sources.render_paint import REACH

AHEAD = 5.0
"""A signal hangs this far behind the start of its connector [m], so that who waits at the line still sees it."""


def red_signals(truth: SceneTruth) -> NDArray[np.float64]:
    """Poses ``[S, 3]`` (ego frame, heading along the traffic they stop) of the signals that are red now.

    Raises:
        InputError: if a red light names a connector that the map does not have.
    """
    red = [light.connector for light in truth.red_lights if light.red[0]]
    index = {name: k for k, name in enumerate(truth.map.ids)}
    missing = [name for name in red if name not in index]
    if missing:
        raise InputError(f"red light {missing[0]!r}", "the map has no such lane connector", "repair the scene's map")
    ways = [truth.map.lines[k] for k in np.flatnonzero(truth.map.line_kinds == LineKind.CENTERLINE)]
    ways.append(truth.centerline[:, :2])
    poses = [_signal(truth.map.polygons[index[name]], ways) for name in red]
    local = poses_to_local(np.array(poses).reshape(-1, 3), truth.ego[:3])
    return local[(np.abs(local[:, :2]) < REACH).all(1)]


def _signal(ring: NDArray[np.float64], ways: Iterable[NDArray[np.float64]]) -> tuple[float, float, float]:
    """Global pose on the centre line that runs longest through the connector.

    Without any, a connector is taken to run from the edge that closes its ring (left side forth, right side back).
    """
    best, longest = (ring[[0, -1]].mean(0), ring.mean(0)), 0.0
    for way in ways:
        pieces = np.linalg.norm(np.diff(way, axis=0), axis=1)
        within = _inside((way[1:] + way[:-1]) / 2, ring)
        if within.any() and (length := float(pieces[within].sum())) > longest:
            first = int(np.argmax(within))
            best, longest = (way[first], way[first + 1]), length
    start, towards = best
    step = (towards - start) / max(float(np.linalg.norm(towards - start)), 1e-9)
    x, y = start + AHEAD * step
    return float(x), float(y), float(np.arctan2(step[1], step[0]))


def _inside(points: NDArray[np.float64], ring: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which of ``points [P, 2]`` lie inside a ring (even-odd rule)."""
    x, y = points[:, None, 0], points[:, None, 1]
    (x0, y0), (x1, y1) = ring.T, np.roll(ring, -1, 0).T
    spans = (y0 > y) != (y1 > y)
    at = x0 + (y - y0) * (x1 - x0) / np.where(y1 == y0, 1.0, y1 - y0)
    return np.asarray((spans & (x < at)).sum(1) % 2 == 1)
