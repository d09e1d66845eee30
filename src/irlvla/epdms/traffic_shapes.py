"""Compiled shapes of vehicles on rails: the room that a vehicle takes and wants, as rectangles.

A rectangle is ``[6]``: centre x and y, cosine and sine of its heading, half length and half width. A shape is up to
``R`` rectangles together. Bends of a rail are taken as straight within a centimetre (:mod:`irlvla.epdms.lanes`).
"""

import math

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms.compiled import compiled
from irlvla.epdms.geometry import boxes_touch

FloatArray = NDArray[np.float64]


@compiled
def pose_on(points: FloatArray, along: float) -> tuple[float, float, float]:
    """x, y and heading at ``along`` metres of a rail's ``points [P, 4]``, clamped to both ends."""
    along = min(max(along, points[0, 3]), points[-1, 3])
    k = min(max(int(np.searchsorted(points[:, 3], along, side="right")) - 1, 0), len(points) - 2)
    share = (along - points[k, 3]) / (points[k + 1, 3] - points[k, 3])
    return (
        points[k, 0] + share * (points[k + 1, 0] - points[k, 0]),
        points[k, 1] + share * (points[k + 1, 1] - points[k, 1]),
        points[k, 2] + share * (points[k + 1, 2] - points[k, 2]),
    )


@compiled
def write_box(x: float, y: float, heading: float, half_length: float, half_width: float, rectangle: FloatArray) -> None:
    """Writes the box around a pose to ``rectangle [6]``."""
    rectangle[0], rectangle[1], rectangle[2], rectangle[3] = x, y, math.cos(heading), math.sin(heading)
    rectangle[4], rectangle[5] = half_length, half_width


@compiled
def piece_of(stretch: FloatArray, start: float, end: float, half_width: float, rectangle: FloatArray) -> None:
    """Writes the strip of a rail's ``stretch [6]`` between two distances along the rail to ``rectangle [6]``."""
    x, y, cos, sin, low, high = stretch
    start, end = max(start, low), min(end, high)
    middle = 0.5 * (start + end) - low
    rectangle[0], rectangle[1] = x + middle * cos, y + middle * sin
    rectangle[2], rectangle[3] = cos, sin
    rectangle[4], rectangle[5] = 0.5 * (end - start), half_width


@compiled
def strip(stretches: FloatArray, start: float, end: float, half_width: float, shape: FloatArray) -> int:
    """Writes the strip along a rail between two distances to ``shape [R, 6]``; returns how many rectangles it takes."""
    count = 0
    for s in range(len(stretches)):
        if stretches[s, 5] > start and stretches[s, 4] < end:
            piece_of(stretches[s], start, end, half_width, shape[count])
            count += 1
    return count


@compiled
def bounds_of(shape: FloatArray, bounds: FloatArray) -> None:
    """Writes least x and y, greatest x and y of ``shape [R, 6]`` to ``bounds [4]``."""
    bounds[:2], bounds[2:] = np.inf, -np.inf
    for r in range(len(shape)):
        x, y, cos, sin, half_length, half_width = shape[r]
        across_x = half_length * abs(cos) + half_width * abs(sin)
        across_y = half_length * abs(sin) + half_width * abs(cos)
        bounds[0], bounds[2] = min(bounds[0], x - across_x), max(bounds[2], x + across_x)
        bounds[1], bounds[3] = min(bounds[1], y - across_y), max(bounds[3], y + across_y)


@compiled
def middle_along(shape: FloatArray, direction: FloatArray) -> float:
    """The middle of the extent of ``shape [R, 6]`` along the unit vector ``direction [2]``."""
    least, greatest = np.inf, -np.inf
    for r in range(len(shape)):
        x, y, cos, sin, half_length, half_width = shape[r]
        middle = x * direction[0] + y * direction[1]
        along, aside = cos * direction[0] + sin * direction[1], cos * direction[1] - sin * direction[0]
        half = half_length * abs(along) + half_width * abs(aside)
        least, greatest = min(least, middle - half), max(greatest, middle + half)
    return 0.5 * (least + greatest)


@compiled
def bounds_distance(a: FloatArray, b: FloatArray) -> float:
    """The greater of the distances [m] in x and in y between two ``bounds [4]``: a lower bound of their distance."""
    return float(max(a[0] - b[2], b[0] - a[2], a[1] - b[3], b[1] - a[3], 0.0))


@compiled
def rectangles_touch(a: FloatArray, b: FloatArray) -> bool:
    """Whether two rectangles ``[6]`` share a point."""
    return boxes_touch(a[0], a[1], a[2], a[3], a[4], a[5], b[0], b[1], b[2], b[3], b[4], b[5])


@compiled
def beyond_bounds(rectangle: FloatArray, bounds: FloatArray) -> float:
    """A lower bound of the distance [m] from ``rectangle [6]`` to anything within ``bounds [4]``."""
    x, y = rectangle[0], rectangle[1]
    dx, dy = max(bounds[0] - x, x - bounds[2], 0.0), max(bounds[1] - y, y - bounds[3], 0.0)
    return math.sqrt(dx * dx + dy * dy) - radius(rectangle)


@compiled
def radius(rectangle: FloatArray) -> float:
    """Distance [m] from the centre of ``rectangle [6]`` to its corners."""
    return math.sqrt(rectangle[4] * rectangle[4] + rectangle[5] * rectangle[5])


@compiled
def shapes_touch(a: FloatArray, b: FloatArray, bounds: FloatArray) -> bool:
    """Whether two shapes ``[R, 6]`` share a point; ``bounds [4]`` are those of ``b``."""
    for i in range(len(a)):
        if beyond_bounds(a[i], bounds) > 0.0:
            continue
        for j in range(len(b)):
            if rectangles_touch(a[i], b[j]):
                return True
    return False


@compiled
def corner_distance(a: FloatArray, b: FloatArray) -> float:
    """Least distance [m] from a corner of rectangle ``a [6]`` to rectangle ``b [6]``."""
    best = np.inf
    for ahead in (-a[4], a[4]):
        for aside in (-a[5], a[5]):
            dx = a[0] + ahead * a[2] - aside * a[3] - b[0]
            dy = a[1] + ahead * a[3] + aside * a[2] - b[1]
            beyond = max(abs(dx * b[2] + dy * b[3]) - b[4], 0.0)
            beside = max(abs(dy * b[2] - dx * b[3]) - b[5], 0.0)
            best = min(best, math.hypot(beyond, beside))
    return best


@compiled
def shape_distance(a: FloatArray, b: FloatArray, bounds: FloatArray, limit: float) -> float:
    """Distance [m] between two shapes ``[R, 6]``, 0 where they touch, ``limit`` where they are no nearer than that.

    ``bounds [4]`` are those of ``b``.
    """
    best = limit
    for i in range(len(a)):
        if beyond_bounds(a[i], bounds) >= best:
            continue
        reach = radius(a[i])
        for j in range(len(b)):
            dx, dy = a[i, 0] - b[j, 0], a[i, 1] - b[j, 1]
            if math.sqrt(dx * dx + dy * dy) - reach - radius(b[j]) >= best:
                continue
            if rectangles_touch(a[i], b[j]):
                return 0.0
            best = min(best, corner_distance(a[i], b[j]), corner_distance(b[j], a[i]))
    return best
