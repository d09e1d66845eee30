"""Compiled outlines of what is painted: rings trimmed to what can be seen, lines with a width, dashes, zebra stripes.

Every outline is a ring of points; ``rings [R, 2]`` holds the first and past the last point of each, and ``owners [R]``
says which line or crosswalk it belongs to.
"""

import math

import numpy as np

from irlvla.sources.render.compiled import compiled

DASH = 1 / 3
"""Share of a period of a broken line that is paint."""

SHADOW_REACH = 60.0
"""No shadow is longer [m]."""

FINE = 2.0
"""Within this distance [m] of the origin details count as if they lay so far away."""


@compiled
def trim(points, lines, wanted, pixel):  # type: ignore[no-untyped-def]
    """Leave out the points of polylines (or open rings) that a camera near the origin could not tell from a chord.

    From each point that is kept, the next one is the last that a straight line reaches without straying further than
    ``pixel`` [rad] from those between. Both ends are kept.

    Args:
        points: ``[P, 2]`` [m].
        lines: ``[K, 2]`` the first and past the last of each line's points.
        wanted: ``[K]`` bool; nothing is left of the others.
        pixel: [rad].

    Returns:
        ``points`` and ``lines`` of what is left.
    """
    kept, ends = np.empty_like(points), np.empty_like(lines)
    n = 0
    for k in range(len(lines)):
        ends[k, 0] = n
        anchor, first, last = lines[k, 0], lines[k, 0], lines[k, 1] if wanted[k] else lines[k, 0]
        lx = ly = rx = ry = stray = far = 0.0  # the leftmost and the rightmost way on, and how far it has been
        for j in range(first, last):
            x, y = points[j, 0] - points[anchor, 0], points[j, 1] - points[anchor, 1]
            away = math.sqrt(x * x + y * y)
            if lx * y - ly * x > 0.0 or rx * y - ry * x < 0.0 or away < far - stray or j == first:
                anchor = max(j - 1, first)
                kept[n, 0], kept[n, 1] = points[anchor, 0], points[anchor, 1]
                stray = pixel * (FINE + math.sqrt(kept[n, 0] * kept[n, 0] + kept[n, 1] * kept[n, 1]))
                x, y = points[j, 0] - kept[n, 0], points[j, 1] - kept[n, 1]
                away, n = math.sqrt(x * x + y * y), n + 1
                lx = ly = rx = ry = far = 0.0
            if away > stray:
                dx, dy = stray * x / away, stray * y / away
                if far == 0.0 or lx * (y + dx) - ly * (x - dy) < 0.0:
                    lx, ly = x - dy, y + dx
                if far == 0.0 or rx * (y - dx) - ry * (x + dy) > 0.0:
                    rx, ry = x + dy, y - dx
                far = max(far, away)
        if last - first > 1:
            kept[n, 0], kept[n, 1] = points[last - 1, 0], points[last - 1, 1]
            n += 1
        ends[k, 1] = n
    return kept[:n], ends


@compiled
def _mitres(line):  # type: ignore[no-untyped-def]
    """``[n, 2]`` from each point of a line to the left border of a band around it that is 2 wide."""
    n = len(line)
    mitres = np.empty((n, 2))
    ax = ay = 0.0
    for k in range(n):  # a and b: to the left of the pieces before and after the point
        bx, by = ax, ay
        if k < n - 1:
            x, y = line[k + 1, 0] - line[k, 0], line[k + 1, 1] - line[k, 1]
            length = max(math.hypot(x, y), 1e-9)
            bx, by = -y / length, x / length
        if k == 0:
            ax, ay = bx, by
        share = 1.0 / max(1.0 + ax * bx + ay * by, 0.5)
        mitres[k, 0], mitres[k, 1] = (ax + bx) * share, (ay + by) * share
        ax, ay = bx, by
    return mitres


@compiled
def _add_band(outline, n, line, mitres, half, along, begin, end):  # type: ignore[no-untyped-def]
    """Write the ring around a stretch of a line, ``half`` wide on each side, to ``outline[n:]``; returns its end."""
    first, last = np.searchsorted(along, begin, "right"), np.searchsorted(along, end, "left")
    count = max(last - first, 0) + 2
    for i in range(count):
        j = min(max(first - 1 + i, 0), max(min(last - 1, len(line) - 2), 0))
        at = begin if i == 0 else end if i == count - 1 else along[j]
        share = (at - along[j]) / max(along[j + 1] - along[j], 1e-9)
        for axis in range(2):
            place = line[j, axis] + share * (line[j + 1, axis] - line[j, axis])
            away = half * (mitres[j, axis] + share * (mitres[j + 1, axis] - mitres[j, axis]))
            outline[n + i, axis], outline[n + 2 * count - 1 - i, axis] = place - away, place + away
    return n + 2 * count


@compiled
def bands_of(points, lines, widths, periods):  # type: ignore[no-untyped-def]
    """Outlines of polylines with a width: one ring for a solid line, one for each dash of a broken one.

    Args:
        points: ``[P, 2]`` [m].
        lines: ``[K, 2]`` the first and past the last of each line's points, at least two.
        widths: ``[K]`` [m].
        periods: ``[K]`` wanted length of a dash and its gap [m], 0 for a solid line. A whole number of periods is
            fitted to the length, so that a line drawn from either end has the same dashes.

    Returns:
        ``points [Q, 2]``, ``rings [R, 2]``, ``owners [R]``.
    """
    along, counts = np.zeros(len(points)), np.ones(len(lines), np.int64)
    corners = 0
    for k in range(len(lines)):
        for j in range(lines[k, 0] + 1, lines[k, 1]):
            step = math.hypot(points[j, 0] - points[j - 1, 0], points[j, 1] - points[j - 1, 1])
            along[j] = along[j - 1] + step
        if periods[k] > 0.0:
            counts[k] = max(round(along[lines[k, 1] - 1] / periods[k]), 1)
        corners += 2 * (lines[k, 1] - lines[k, 0]) + 4 * counts[k]
    outline = np.empty((corners, 2))
    rings, owners = np.empty((counts.sum(), 2), np.int64), np.empty(counts.sum(), np.int64)
    n = ring = 0
    for k in range(len(lines)):
        a, b = lines[k]
        mitres = _mitres(points[a:b])
        period = along[b - 1] / counts[k]
        half = period / 2 * (DASH if periods[k] > 0.0 else 1.0)
        for piece in range(counts[k]):
            middle = (piece + 0.5) * period
            rings[ring, 0], owners[ring] = n, k
            n = _add_band(outline, n, points[a:b], mitres, widths[k] / 2, along[a:b], middle - half, middle + half)
            rings[ring, 1] = n
            ring += 1
    return outline[:n], rings, owners


@compiled
def _cut(ring, axis, level, kept):  # type: ignore[no-untyped-def]
    """Write the part of a ring ``[n, 2]`` that lies at ``level`` or further along ``axis``; returns how many points."""
    n = 0
    for k in range(len(ring)):
        a, b = ring[k - 1], ring[k]
        over, under = a[0] * axis[0] + a[1] * axis[1] - level, b[0] * axis[0] + b[1] * axis[1] - level
        if (over >= 0.0) != (under >= 0.0):
            share = over / (over - under)
            kept[n, 0], kept[n, 1] = a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share
            n += 1
        if under >= 0.0:
            kept[n, 0], kept[n, 1] = b[0], b[1]
            n += 1
    return n


@compiled
def _longest_edge(ring):  # type: ignore[no-untyped-def]
    """Direction ``[2]`` of the longest edge of a ring."""
    axis, longest = np.zeros(2), 0.0
    for k in range(len(ring)):
        x, y = ring[k] - ring[k - 1]
        length = math.hypot(x, y)
        if length > longest:
            longest, axis[0], axis[1] = length, x / length, y / length
    return axis


@compiled
def stripes_of(points, crosswalks, period):  # type: ignore[no-untyped-def]
    """Outlines of the stripes of crosswalks, which follow one another along the longest edge, where people walk.

    Args:
        points: ``[P, 2]`` [m].
        crosswalks: ``[K, 2]`` the first and past the last of each ring's points.
        period: wanted width of a stripe and its gap [m], which are equal; a whole number is fitted.

    Returns:
        ``points [Q, 2]``, ``rings [R, 2]``, ``owners [R]``.
    """
    axes, spans, counts = (
        np.empty((len(crosswalks), 2)),
        np.empty((len(crosswalks), 2)),
        np.empty(len(crosswalks), np.int64),
    )
    corners = 0
    for k in range(len(crosswalks)):
        ring = points[crosswalks[k, 0] : crosswalks[k, 1]]
        axes[k] = _longest_edge(ring)
        along = ring[:, 0] * axes[k, 0] + ring[:, 1] * axes[k, 1]
        counts[k] = max(round((along.max() - along.min()) / period), 1)
        spans[k, 0], spans[k, 1] = along.min(), (along.max() - along.min()) / counts[k]
        corners += 4 * len(ring) * counts[k]
    outline, half = np.empty((corners, 2)), np.empty((2 * len(points), 2))
    rings, owners = np.empty((counts.sum(), 2), np.int64), np.empty(counts.sum(), np.int64)
    n = stripe = 0
    for k in range(len(crosswalks)):
        ring = points[crosswalks[k, 0] : crosswalks[k, 1]]
        low, wide = spans[k]
        for piece in range(counts[k]):
            rings[stripe, 0], owners[stripe] = n, k
            m = _cut(ring, axes[k], low + (piece + 0.25) * wide, half)
            n += _cut(half[:m], -axes[k], -low - (piece + 0.75) * wide, outline[n:])
            rings[stripe, 1] = n
            stripe += 1
    return outline[:n], rings, owners


@compiled
def rims_of(boxes, margin, word):  # type: ignore[no-untyped-def]
    """Outlines of boxes ``[N, >= 5]`` (x, y, heading, length, width) and a margin around them.

    Returns:
        ``points [4 N, 2]`` from the right front corner anticlockwise, ``rings [N, 2]``, ``words [N]``.
    """
    points, rings = np.empty((4 * len(boxes), 2)), np.empty((len(boxes), 2), np.int64)
    for n in range(len(boxes)):
        cos, sin = math.cos(boxes[n, 2]), math.sin(boxes[n, 2])
        rings[n, 0], rings[n, 1] = 4 * n, 4 * n + 4
        for k in range(4):
            a = (boxes[n, 3] / 2 + margin) * (1.0 if k < 2 else -1.0)
            b = (boxes[n, 4] / 2 + margin) * (1.0 if k == 1 or k == 2 else -1.0)
            points[4 * n + k, 0] = boxes[n, 0] + cos * a - sin * b
            points[4 * n + k, 1] = boxes[n, 1] + sin * a + cos * b
    return points, rings, np.full(len(boxes), word, np.uint32)


@compiled
def shadows_of(boxes, sun, word):  # type: ignore[no-untyped-def]
    """Outlines of what boxes keep the sun from: the hull of a box's foot and of its top moved along the rays.

    Each edge of the foot whose outer side looks away from the sun moves, and a corner with the edges it lies between.

    Args:
        boxes: ``[N, 6]`` x, y, heading, length, width, height.
        sun: ``[3]`` direction to the sun; if it is down, there are no shadows.
        word: what to paint them with; if it is 0, there are none.

    Returns:
        ``points [8 N, 2]``, ``rings [N, 2]``, ``words [N]``.
    """
    if sun[2] <= 0.0 or word == 0:
        boxes = boxes[:0]
    feet, _, words = rims_of(boxes, 0.0, word)
    points, rings = np.empty((8 * len(boxes), 2)), np.empty((len(boxes), 2), np.int64)
    level = max(math.hypot(sun[0], sun[1]), 1e-9)
    for n in range(len(boxes)):
        rings[n, 0], rings[n, 1] = 8 * n, 8 * n + 8
        reach = min(boxes[n, 5] * level / sun[2], SHADOW_REACH) / level
        for k in range(4):
            for side in range(2):
                a, b = 4 * n + (k + side + 3) % 4, 4 * n + (k + side) % 4  # ends of the edge
                turned = (feet[b, 0] - feet[a, 0]) * sun[1] - (feet[b, 1] - feet[a, 1]) * sun[0]
                moves = reach if turned > 0.0 else 0.0
                points[8 * n + 2 * k + side, 0] = feet[4 * n + k, 0] - moves * sun[0]
                points[8 * n + 2 * k + side, 1] = feet[4 * n + k, 1] - moves * sun[1]
    return points, rings, words


@compiled
def circles_of(points, rings, areas):  # type: ignore[no-untyped-def]
    """``[K, 3]`` x, y and radius of a circle around each area, which is the run ``areas[k]:areas[k + 1]`` of rings."""
    circles = np.empty((len(areas) - 1, 3))
    for k in range(len(areas) - 1):
        low, high = np.full(2, np.inf), np.full(2, -np.inf)
        for ring in range(areas[k], areas[k + 1]):
            for j in range(rings[ring, 0], rings[ring, 1]):
                for axis in range(2):
                    low[axis], high[axis] = min(low[axis], points[j, axis]), max(high[axis], points[j, axis])
        circles[k, 0], circles[k, 1] = (low[0] + high[0]) / 2, (low[1] + high[1]) / 2
        circles[k, 2] = math.hypot(high[0] - low[0], high[1] - low[1]) / 2
    return circles
