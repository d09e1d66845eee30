"""Compiled painting of flat ground into the picture of one camera, each pixel by the share of it that an area covers.

Straight edges on the ground are straight in a picture. An edge adds to each row it passes how much of every pixel lies
to its right, signed by its direction; summed along the row, the edges of a closed ring give the covered share exactly,
whatever its form. A picture of the ground is one word ``0xSSBBGGRR`` a pixel, ``SS`` being shade.
"""

import math

import numpy as np

from irlvla.sources.render.compiled import compiled, inlined

NEAR = 0.05
"""Ground less deep than this [m] before the camera is not drawn."""

SHADE = 1 << 24
"""Words from here on are shade, smaller ones paint."""


@inlined
def _laid_on(old: int, colour: int, weight: int) -> int:
    """A pixel of which ``weight`` of 256 lies under paint, or in shade (then the deeper shade counts)."""
    if colour >= SHADE:
        return (old & 0xFFFFFF) | max(old >> 24, (colour >> 24) * weight >> 8) << 24
    red_blue = ((old & 0xFF00FF) * (256 - weight) + (colour & 0xFF00FF) * weight) >> 8
    green = ((old & 0x00FF00) * (256 - weight) + (colour & 0x00FF00) * weight) >> 8
    return (red_blue & 0xFF00FF) | (green & 0x00FF00)


@compiled
def _add_beside(cover, touched, top, bottom, sign):  # type: ignore[no-untyped-def]
    """Add an edge left of the picture between two heights: it covers all of the rows."""
    y = top
    for row in range(int(top), math.ceil(bottom)):
        below = min(row + 1.0, bottom)
        cover[row, 0] += sign * (below - y)
        touched[row, 0], touched[row, 1] = 0, max(touched[row, 1], 1)
        y = below


@compiled
def _add_within(cover, touched, x, top, bottom, slope, sign):  # type: ignore[no-untyped-def]
    """Add an edge that starts at column ``x`` and stays in the picture between two heights."""
    width = cover.shape[1] - 2.0
    y, start = top, x
    for row in range(int(top), math.ceil(bottom)):
        below = min(row + 1.0, bottom)
        beside = min(max(start + (below - top) * slope, 0.0), width)
        a, b, dy = min(x, beside), max(x, beside), sign * (below - y)
        x, y = beside, below
        first, last = int(a), int(b)
        touched[row, 0], touched[row, 1] = min(touched[row, 0], first), max(touched[row, 1], last + 2)
        if first == last:
            within = dy * (0.5 * (a + b) - first)
            cover[row, first] += dy - within
            cover[row, first + 1] += within
            continue
        steep = 0.5 * dy / (b - a)
        area = before = 0.0  # covered so far by the pixels up to here, and by the last of them
        for column in range(first, last):
            total = steep * (column + 1 - a) ** 2
            cover[row, column] += total - area - before
            area, before = total, total - area
        covered = dy * (last + 1 - 0.5 * (a + b)) - area
        cover[row, last] += covered - before
        cover[row, last + 1] += dy - covered


@compiled
def _add_edge(cover, touched, x0, y0, x1, y1):  # type: ignore[no-untyped-def]
    """Add an edge between two places of the picture or beside it."""
    sign = 1.0
    if y0 > y1:
        x0, y0, x1, y1, sign = x1, y1, x0, y0, -1.0
    height, width = cover.shape[0] - 0.0, cover.shape[1] - 2.0
    if y1 <= 0.0 or y0 >= height or y0 == y1 or min(x0, x1) >= width:
        return
    slope = (x1 - x0) / (y1 - y0)
    top, bottom = max(y0, 0.0), min(y1, height)
    left = right = np.inf if slope >= 0.0 else -np.inf  # heights at which the edge passes the sides of the picture
    if x0 < 0.0 or x1 < 0.0 or x0 > width or x1 > width:
        left, right = (y0 - x0 / slope, y0 + (width - x0) / slope) if slope != 0.0 else (np.inf * x0, np.inf)
    else:
        left = -right
    if slope < 0.0:
        first, last = max(top, right), min(bottom, left)
        if last < bottom:
            _add_beside(cover, touched, max(last, top), bottom, sign)
    else:
        first, last = max(top, left), min(bottom, right)
        if first > top:
            _add_beside(cover, touched, top, min(first, bottom), sign)
    if first < last:
        at = min(max(x0 + (first - y0) * slope, 0.0), width)
        _add_within(cover, touched, at, first, last, slope, sign)


@compiled
def _add_ring(cover, touched, places, start, stop):  # type: ignore[no-untyped-def]
    """Add the edges of a ring of ``places``, cut where it is not ``NEAR`` deep; returns its first and last row."""
    height, width = cover.shape[0], cover.shape[1] - 2
    left = top = near = np.inf
    right = bottom = -np.inf
    for k in range(start, stop):
        u, v = places[k, 0], places[k, 1]
        left, right, top, bottom = min(left, u), max(right, u), min(top, v), max(bottom, v)
        near = min(near, places[k, 2])
    if near >= NEAR:
        if left >= width or right <= 0.0 or top >= height or bottom <= 0.0:
            return np.inf, -np.inf
        x, y = places[stop - 1, 0], places[stop - 1, 1]
        for k in range(start, stop):
            u, v = places[k, 0], places[k, 1]
            _add_edge(cover, touched, x, y, u, v)
            x, y = u, v
        return top, bottom
    pu, pv, pw = places[stop - 1]
    x = y = first_x = first_y = 0.0
    top, bottom = np.inf, -np.inf
    for k in range(start, stop):
        qu, qv, qw = places[k]
        for corner in range(2):  # where it comes through the near plane, then its end
            if corner == 0 and (pw >= NEAR) != (qw >= NEAR):
                share = (NEAR - pw) / (qw - pw)
                u = (pu * pw + share * (qu * qw - pu * pw)) / NEAR
                v = (pv * pw + share * (qv * qw - pv * pw)) / NEAR
            elif corner == 1 and qw >= NEAR:
                u, v = qu, qv
            else:
                continue
            if top > bottom:
                first_x, first_y = u, v
            else:
                _add_edge(cover, touched, x, y, u, v)
            x, y, top, bottom = u, v, min(top, v), max(bottom, v)
        pu, pv, pw = qu, qv, qw
    _add_edge(cover, touched, x, y, first_x, first_y)
    return top, bottom


@compiled
def _lay_on(canvas, cover, touched, colour, top, bottom):  # type: ignore[no-untyped-def]
    """Paint what is covered in the rows between ``top`` and ``bottom``, and wipe ``cover`` and ``touched``."""
    height, width = canvas.shape
    for row in range(max(int(max(top, 0.0)), 0), min(math.ceil(min(bottom, height)), height)):
        left, right = touched[row]
        touched[row, 0], touched[row, 1] = width, 0
        total, weight = 0.0, 0
        line, pixels = cover[row, left : min(right, width)], canvas[row, left : min(right, width)]
        for k in range(len(line)):
            if line[k] != 0.0:
                total += line[k]
                line[k] = 0.0
                share = abs(total)
                if share > 1.0:  # in an odd number of rings
                    share = abs(share - 2.0 * math.floor(0.5 * share + 0.5))
                weight = int(256 * share + 0.5)
            if weight == 256 and colour < SHADE:
                pixels[k] = colour
            elif weight > 0:
                pixels[k] = _laid_on(np.int64(pixels[k]), colour, weight)
        cover[row, width] = cover[row, width + 1] = 0.0
        if weight == 256 and colour < SHADE:
            canvas[row, right:] = colour
        elif weight > 0:
            for column in range(right, width):
                canvas[row, column] = _laid_on(np.int64(canvas[row, column]), colour, weight)


@compiled
def paint(canvas, cover, touched, ground_to_picture, points, rings, areas, circles, colours):  # type: ignore[no-untyped-def]
    """Paint areas into a picture of the ground, later ones over earlier ones.

    Args:
        canvas: ``[H, W]`` uint32, painted on.
        cover: ``[H, W + 2]`` zeros, scratch that is left as it was.
        touched: ``[H, 2]`` int64 rows ``(W, 0)``, scratch that is left as it was: the columns of ``cover`` in use.
        ground_to_picture: ``[3, 3]`` takes ``(x, y, 1)`` on the ground to ``depth * (u, v, 1)`` in pixels.
        points: ``[P, 2]`` ego frame [m].
        rings: ``[R, 2]`` the first and past the last of each ring's ``points``, at least three.
        areas: ``[K + 1]`` offsets into ``rings``; what an even number of an area's rings encloses is a hole.
        circles: ``[K, 3]`` x, y and radius around each area [m].
        colours: ``[K]`` uint32, paint ``0x00BBGGRR`` or shade ``0xSS000000``.
    """
    height, width = canvas.shape
    h = ground_to_picture
    sides = np.empty((5, 3))  # an area on the wrong side of one of these is not in the picture
    sides[0], sides[1], sides[2], sides[3], sides[4] = h[2], h[0], width * h[2] - h[0], h[1], height * h[2] - h[1]
    reach = np.sqrt(sides[:, 0] ** 2 + sides[:, 1] ** 2)
    places = np.empty((len(points), 3))
    for k in range(len(points)):
        x, y = points[k, 0], points[k, 1]
        depth = h[2, 0] * x + h[2, 1] * y + h[2, 2]
        places[k, 0] = (h[0, 0] * x + h[0, 1] * y + h[0, 2]) / depth
        places[k, 1] = (h[1, 0] * x + h[1, 1] * y + h[1, 2]) / depth
        places[k, 2] = depth
    for k in range(len(areas) - 1):
        x, y, radius = circles[k]
        seen = True
        for side in range(5):
            seen = seen and sides[side, 0] * x + sides[side, 1] * y + sides[side, 2] > -radius * reach[side]
        if seen:
            top, bottom = np.inf, -np.inf
            for ring in range(areas[k], areas[k + 1]):
                high, low = _add_ring(cover, touched, places, rings[ring, 0], rings[ring, 1])
                top, bottom = min(top, high), max(bottom, low)
            _lay_on(canvas, cover, touched, np.int64(colours[k]), top, bottom)
