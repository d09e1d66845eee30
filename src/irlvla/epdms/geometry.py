"""Compiled planar geometry: oriented boxes, segments, polylines.

A box is given by its centre, the cosine and sine of its heading, and half its length and width. Boxes, segments and
polygons are closed when they meet each other: touching counts.
"""

import math
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms.compiled import formula
from irlvla.epdms.vehicle import REAR_TO_CENTRE

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
NumberT = TypeVar("NumberT", int, float)


@formula
def lesser(a: NumberT, b: NumberT) -> NumberT:
    """The lesser of two numbers, as ``min``, which numba 0.68 cannot compile for CUDA."""
    return a if a < b else b


@formula
def greater(a: NumberT, b: NumberT) -> NumberT:
    """The greater of two numbers, as ``max``."""
    return a if a > b else b


@formula
def ego_boxes(states: FloatArray, boxes: FloatArray) -> None:
    """Writes the ego's box at each of ``states [S, 11]`` to ``boxes [S, 4]``: centre x and y, cosine, sine."""
    for t in range(len(states)):
        cos, sin = math.cos(states[t, 2]), math.sin(states[t, 2])
        boxes[t, 0] = states[t, 0] + REAR_TO_CENTRE * cos
        boxes[t, 1] = states[t, 1] + REAR_TO_CENTRE * sin
        boxes[t, 2] = cos
        boxes[t, 3] = sin


@formula
def ego_speeds(states: FloatArray, speeds: FloatArray) -> None:
    """Writes the speed [m/s] at each of ``states [S, 11]`` to ``speeds [S]``."""
    for t in range(len(states)):
        speeds[t] = math.hypot(states[t, 3], states[t, 4])


@formula
def boxes_touch(
    x: float, y: float, cos: float, sin: float, half_length: float, half_width: float,
    other_x: float, other_y: float, other_cos: float, other_sin: float,
    other_half_length: float, other_half_width: float,
) -> bool:  # fmt: skip
    """Whether two boxes share a point: no side of either separates them."""
    dx, dy = other_x - x, other_y - y
    ahead, aside, other_size = abs(dx * cos + dy * sin), abs(dy * cos - dx * sin), other_half_length + other_half_width
    if ahead > half_length + other_size or aside > half_width + other_size:  # most pairs are far apart
        return False
    along, across = abs(cos * other_cos + sin * other_sin), abs(cos * other_sin - sin * other_cos)
    return (
        ahead <= half_length + other_half_length * along + other_half_width * across
        and aside <= half_width + other_half_length * across + other_half_width * along
        and abs(dx * other_cos + dy * other_sin) <= other_half_length + half_length * along + half_width * across
        and abs(dy * other_cos - dx * other_sin) <= other_half_width + half_length * across + half_width * along
    )


@formula
def segment_touches_box(
    ax: float, ay: float, bx: float, by: float,
    x: float, y: float, cos: float, sin: float, half_length: float, half_width: float,
) -> bool:  # fmt: skip
    """Whether the segment from ``a`` to ``b`` and a box share a point."""
    length = math.hypot(bx - ax, by - ay)
    if length == 0.0:
        return boxes_touch(ax, ay, 1.0, 0.0, 0.0, 0.0, x, y, cos, sin, half_length, half_width)
    return boxes_touch(
        0.5 * (ax + bx), 0.5 * (ay + by), (bx - ax) / length, (by - ay) / length, 0.5 * length, 0.0,
        x, y, cos, sin, half_length, half_width,
    )  # fmt: skip


@formula
def nearest_on_segment(line: FloatArray, k: int, x: float, y: float) -> tuple[float, float]:
    """Squared distance [m2] from a point to segment ``k`` of ``line [P, 2]``, and the share of it before the foot."""
    ax, ay = line[k, 0], line[k, 1]
    dx, dy = line[k + 1, 0] - ax, line[k + 1, 1] - ay
    square = dx * dx + dy * dy
    share = 0.0
    if square > 0.0:
        share = lesser(greater(((x - ax) * dx + (y - ay) * dy) / square, 0.0), 1.0)
    off_x, off_y = ax + share * dx - x, ay + share * dy - y
    return off_x * off_x + off_y * off_y, share


@formula
def project(line: FloatArray, x: float, y: float) -> float:
    """Metres along ``line [P, 2]`` of its point nearest to ``(x, y)``; of equally near ones the first."""
    best, best_at, run = np.inf, 0.0, 0.0
    for k in range(len(line) - 1):
        length = math.hypot(line[k + 1, 0] - line[k, 0], line[k + 1, 1] - line[k, 1])
        square, share = nearest_on_segment(line, k, x, y)
        if square < best:
            best, best_at = square, run + share * length
        run += length
    return best_at


@formula
def side(ax: float, ay: float, bx: float, by: float, x: float, y: float) -> float:
    """Positive left of the directed line from ``a`` to ``b``, negative right of it, 0 on it."""
    return (bx - ax) * (y - ay) - (by - ay) * (x - ax)
