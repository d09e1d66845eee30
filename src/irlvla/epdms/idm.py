"""Following a path behind whatever is ahead on it: PDM-Closed's intelligent driver model, several speeds at a time."""

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms.compiled import compiled
from irlvla.epdms.forecast import FORESEEN, HELD, LOOKS
from irlvla.epdms.geometry import project
from irlvla.epdms.obstacles import EGO_BOX, Obstacles
from irlvla.epdms.path import Path, corridor, pose_at
from irlvla.epdms.polygons import meet, squared_gap
from irlvla.epdms.vehicle import HALF_LENGTH, STEP

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

LEAST_GAP: Final = 1.0
"""Kept to the leader even at a standstill [m]."""
HEADWAY: Final = 1.5
"""Time kept to the leader [s]."""
ACCELERATION, DECELERATION = 1.5, 3.0
"""Greatest of each [m/s2]."""
EXPONENT: Final = 10
"""How sharply the acceleration falls off where the speed nears the wanted one."""


@compiled
def acceleration(speed: float, wanted: float, gap: float, leader_speed: float) -> float:
    """Acceleration [m/s2] of the intelligent driver model at ``speed``, a ``gap`` [m] behind a leader."""
    approach = speed * (speed - leader_speed) / (2.0 * math.sqrt(ACCELERATION * DECELERATION))
    crowding = (LEAST_GAP + speed * HEADWAY + approach) / max(gap, LEAST_GAP)
    free = 1.0 - (speed / wanted) ** EXPONENT - crowding**2
    return min(max(ACCELERATION * free, -DECELERATION), ACCELERATION)


class OnPath(NamedTuple):
    """What is on a car's way along one path, and how far along, every 0.2 s.

    Attributes:
        there: ``[26, K]`` whether obstacle ``k`` touches the corridor. metres: ``[26, K]`` where its centroid is.
    """

    there: BoolArray
    metres: FloatArray


class Cars(NamedTuple):
    """``S`` cars on one path, with different wanted speeds.

    Attributes:
        poses: ``[S, 51, 3]`` x, y, heading at the instants driven so far.
        metres: ``[S]`` along the path; speeds: ``[S]`` [m/s], both of the last of these.
        leaders: ``[S, 3]`` the leader as last seen: metres along the path, speed [m/s], length to be kept clear [m].
        box: ``[4, 4]`` room for the edges of one of the cars.
    """

    poses: FloatArray
    metres: FloatArray
    speeds: FloatArray
    leaders: FloatArray
    box: FloatArray


def start(path: Path, speed: float, count: int) -> Cars:
    """``count`` cars at the point of ``path`` nearest to the origin, all at ``speed`` [m/s]."""
    metres = project(path.poses[:, :2], 0.0, 0.0)
    cars = Cars(
        poses=np.zeros((count, FORESEEN, 3)),
        metres=np.full(count, metres),
        speeds=np.full(count, speed, np.float64),
        leaders=np.zeros((count, 3)),
        box=np.empty((4, 4)),
    )
    pose_at(path, metres, cars.poses[0, 0])
    cars.poses[:, 0] = cars.poses[0, 0]
    return cars


def look_along(path: Path, obstacles: Obstacles, metres: float, fastest: float) -> OnPath:
    """The obstacles in the corridor of ``path`` from ``metres`` on, as far as a car gets at ``fastest`` [m/s]."""
    ground = corridor(path, metres, metres + fastest * (FORESEEN - 1) * STEP)
    count = len(obstacles.lights)
    on_path = OnPath(np.zeros((LOOKS, count), np.bool_), np.zeros((LOOKS, count)))
    if count and len(ground):
        _look_along(path.poses[:, :2], ground, obstacles, on_path)
    return on_path


@compiled
def _look_along(line: FloatArray, ground: FloatArray, obstacles: Obstacles, on_path: OnPath) -> None:
    left, right = ground[:, 0].min(), ground[:, 0].max()
    bottom, top = ground[:, 1].min(), ground[:, 1].max()
    for k in np.flatnonzero(~obstacles.ignored):
        edges = obstacles.edges[obstacles.offsets[k] : obstacles.offsets[k + 1]]
        low_x, high_x = edges[:, 0].min(), edges[:, 0].max()
        low_y, high_y = edges[:, 1].min(), edges[:, 1].max()
        for look in range(len(on_path.there)):
            x = obstacles.velocities[k, 0] * (look * HELD * STEP)
            y = obstacles.velocities[k, 1] * (look * HELD * STEP)
            near = low_x + x <= right and high_x + x >= left and low_y + y <= top and high_y + y >= bottom
            if near and meet(ground, edges, x, y):
                on_path.there[look, k] = True
                on_path.metres[look, k] = project(line, obstacles.centroids[k, 0] + x, obstacles.centroids[k, 1] + y)


@compiled
def place_box(pose: FloatArray, edges: FloatArray) -> None:
    """Writes the edges of the ego's box, its rear axle at ``pose [3]``, to ``edges [4, 4]``."""
    cos, sin = math.cos(pose[2]), math.sin(pose[2])
    for corner in range(4):
        x = pose[0] + EGO_BOX[corner, 0] * cos - EGO_BOX[corner, 1] * sin
        y = pose[1] + EGO_BOX[corner, 0] * sin + EGO_BOX[corner, 1] * cos
        edges[corner, 0], edges[corner, 1] = x, y
        edges[corner - 1, 2], edges[corner - 1, 3] = x, y


@compiled
def nearest_ahead(
    pose: FloatArray, metres: float, obstacles: Obstacles, on_path: OnPath, look: int, box: FloatArray
) -> tuple[int, float]:
    """The obstacle on the path nearest to the ego's box at ``pose``, -1 if there is none, and its distance [m].

    Only those count whose centroid is further along than the rear axle; of equally near ones the first in the
    order of the search tree. ``box [4, 4]`` is written to.
    """
    nearest, squared = -1, np.inf
    place_box(pose, box)
    for k in obstacles.order[look]:
        if on_path.there[look, k] and on_path.metres[look, k] > metres:
            seconds = look * HELD * STEP
            square = squared_gap(
                box,
                obstacles.edges[obstacles.offsets[k] : obstacles.offsets[k + 1]],
                obstacles.velocities[k, 0] * seconds,
                obstacles.velocities[k, 1] * seconds,
            )
            if square < squared:
                nearest, squared = k, square
    return nearest, math.sqrt(squared)


@compiled
def look_ahead(path: Path, obstacles: Obstacles, on_path: OnPath, which: IntArray, instant: int, cars: Cars) -> None:
    """Write the leader at ``instant`` of each of the cars ``which`` to ``cars.leaders``.

    The benchmark keeps parts of the leader that it found for the car before: the speed where a car has a red light or
    nothing ahead, the length to be kept clear where it has something.
    """
    speed, clear = 0.0, 0.0
    for n in which:
        pose = cars.poses[n, instant - 1]
        k, gap = nearest_ahead(pose, cars.metres[n], obstacles, on_path, instant // HELD, cars.box)
        if k < 0:
            cars.leaders[n, 0] = path.metres[-1]
            clear = HALF_LENGTH
        else:
            cars.leaders[n, 0] = cars.metres[n] + gap
            if not obstacles.lights[k]:
                speed = obstacles.speeds[k] * math.cos(obstacles.headings[k] - pose[2])
        cars.leaders[n, 1] = speed
        cars.leaders[n, 2] = clear


@compiled
def drive_on(
    path: Path, obstacles: Obstacles, on_path: OnPath, wanted: FloatArray, which: IntArray, first: int, last: int,
    cars: Cars,
) -> None:  # fmt: skip
    """Let the cars ``which`` drive from instant ``first`` to ``last`` at the speeds ``wanted [S]``.

    They look ahead at even instants; until the first of these the benchmark has a leader standing at the start of the
    path, so that every car that moves brakes for 0.1 s.
    """
    for instant in range(first, last + 1):
        if instant % HELD == 0:
            look_ahead(path, obstacles, on_path, which, instant, cars)
        for n in which:
            speed, gap = cars.speeds[n], cars.leaders[n, 0] - cars.metres[n] - cars.leaders[n, 2]
            cars.metres[n] += STEP * speed
            cars.speeds[n] += STEP * acceleration(speed, wanted[n], gap, cars.leaders[n, 1])
            pose_at(path, cars.metres[n], cars.poses[n, instant])
