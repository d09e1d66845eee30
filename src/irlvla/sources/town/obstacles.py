"""What stands in the town and must be passed: parked and double-parked cars, road works."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from irlvla.scene import ObjectKind
from irlvla.scene.frames import to_global
from irlvla.sources.town.network import NONE, Lanes, Town

FloatArray = NDArray[np.float64]

CAR = (4.6, 1.85, 1.5)
CONE = (0.4, 0.4, 0.75)
BARRIER = (1.8, 0.4, 1.0)
SIGN = (0.3, 0.9, 1.4)
_APART = 60.0  # from one thing in a lane to the next, other lanes included: two detours never meet [m]
_CLEAR_OF_ENDS = 32.0  # nothing stands in a lane nearer than this to its ends [m]


@dataclass(frozen=True)
class Obstacles:
    """``O`` boxes that never move.

    Attributes:
        kinds: ``[O]`` int8, an :class:`~irlvla.scene.ObjectKind` each.
        poses: ``[O, 3]`` middle x, y, heading.
        sizes: ``[O, 3]`` length, width, height [m].
    """

    kinds: NDArray[np.int8]
    poses: FloatArray
    sizes: FloatArray

    def __len__(self) -> int:
        return len(self.kinds)

    def corners(self) -> FloatArray:
        """``[O, 4, 2]`` of the boxes."""
        signs = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) / 2
        return to_global(signs * self.sizes[:, None, :2], self.poses[:, None])


def place_obstacles(
    town: Town, parked: float, double_parked: float, works: float, rng: np.random.Generator
) -> Obstacles:
    """Fill a share ``parked`` of the bays, and put ``double_parked`` cars and road ``works`` at the kerb of roads.

    The two latter are expected numbers for each hundred metres of outermost lane.
    """
    boxes: list[tuple[ObjectKind, FloatArray, tuple[float, float, float]]] = []
    for bay in town.bays[rng.random(len(town.bays)) < parked]:
        wiggle = rng.normal(0.0, [0.25, 0.06, 0.015])
        size = (rng.uniform(3.9, 4.9), rng.uniform(1.72, 1.92), rng.uniform(1.4, 1.75))
        flip = np.pi * (rng.random() < 0.08)
        boxes.append((ObjectKind.VEHICLE, bay + wiggle + np.array([0, 0, flip]), size))
    lanes, bays = town.lanes, len(boxes)
    for lane in np.flatnonzero(~lanes.connector & (lanes.right == NONE)):
        length = _length(lanes, lane)
        if length < 2 * _CLEAR_OF_ENDS + 10:
            continue
        hundreds = (length - 2 * _CLEAR_OF_ENDS) / 100
        chances = 1 - np.exp(-hundreds * np.array([double_parked, works]))
        drawn, at = rng.random(2), rng.uniform(_CLEAR_OF_ENDS, length - _CLEAR_OF_ENDS)
        here = beside(lanes, lane, at, 0.0)[:2]
        if any(np.linalg.norm(pose[:2] - here) < _APART for _, pose, _ in boxes[bays:]):
            continue
        if drawn[0] < chances[0]:
            boxes.append((ObjectKind.VEHICLE, *_double_parked(lanes, lane, at, rng)))
        elif drawn[1] < chances[1]:
            boxes += _road_works(lanes, lane, at, rng)
    kinds, poses, sizes = zip(*boxes, strict=True) if boxes else ((), (), ())
    return Obstacles(
        np.array(kinds, np.int8), np.array(poses, np.float64).reshape(-1, 3), np.array(sizes, np.float64).reshape(-1, 3)
    )


def beside(lanes: Lanes, lane: int, place: float, offset: float) -> FloatArray:
    """Pose ``[3]`` at ``place`` along a lane, ``offset`` to the left of its drive line."""
    line = lanes.lines[lane]
    steps = np.linalg.norm(np.diff(line, axis=0), axis=1)
    at = np.append(0.0, np.cumsum(steps))
    index = int(np.clip(np.searchsorted(at, place) - 1, 0, len(line) - 2))
    direction = (line[index + 1] - line[index]) / steps[index]
    point = line[index] + (place - at[index]) * direction + offset * np.array([-direction[1], direction[0]])
    return np.array([*point, np.arctan2(direction[1], direction[0])])


def _length(lanes: Lanes, lane: int) -> float:
    return float(np.linalg.norm(np.diff(lanes.lines[lane], axis=0), axis=1).sum())


def _double_parked(
    lanes: Lanes, lane: int, place: float, rng: np.random.Generator
) -> tuple[FloatArray, tuple[float, float, float]]:
    """A car or van that stands half on the kerb, half in the lane."""
    length, width, height = np.array(CAR) * rng.uniform(0.92, 1.08, 3)
    offset = -lanes.widths[lane] / 2 + width / 2 - rng.uniform(0.2, 0.9)
    return beside(lanes, lane, place, offset) + np.array([0, 0, rng.normal(0, 0.02)]), (length, width, height)


def _road_works(
    lanes: Lanes, lane: int, place: float, rng: np.random.Generator
) -> list[tuple[ObjectKind, FloatArray, tuple[float, float, float]]]:
    """A sign, a taper of cones and a row of barriers along the kerb."""
    reach, count = rng.uniform(0.6, 1.3), int(rng.integers(2, 5))
    kerb = -lanes.widths[lane] / 2
    boxes = [(ObjectKind.CZONE_SIGN, beside(lanes, lane, place - 9.0, kerb + 0.1), SIGN)]
    for k in range(4):
        pose = beside(lanes, lane, place - 6.0 + 2.0 * k, kerb + 0.2 + (reach - 0.2) * k / 3)
        boxes.append((ObjectKind.TRAFFIC_CONE, pose, CONE))
    for k in range(count):
        boxes.append((ObjectKind.BARRIER, beside(lanes, lane, place + 1.5 + 2.6 * k, kerb + reach), BARRIER))
    return boxes
