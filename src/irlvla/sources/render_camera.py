"""One pinhole camera: the painted ground and the sky by ray, then quadrilaterals with a z-buffer of four samples.

Ground and sky are mixed in one number that holds the channels 16 bits apart (red, blue, green from the lowest on), so
that one product weighs all three. Nothing compiled here calls compiled code of another file: numba keeps machine code
by file and would overlook a change there.
"""

import math

import numpy as np
from numba import njit

HAZE = (206, 214, 222)
ZENITH = (112, 160, 216)
HAZE_DISTANCE = 110.0
"""Distance [m] at which half of what is seen is haze."""

HORIZON = 1e-4
"""Rays that fall less than this (tangent) see the sky."""

SPAN = 8
"""Neighbours in a row that share their level of detail and haze."""

NEAR = 0.05
"""Nothing nearer than this [m] to the camera's plane is drawn."""

SAMPLES = 2
"""Samples of a pixel along each side when quadrilaterals are drawn."""

_TIE = 1.0001  # what lies in the plane of something drawn before (a lamp on a boot) is in front of it
_CHANNELS = 0xFF00FF00FF
_HAZE, _ZENITH = (red | blue << 16 | green << 32 for red, green, blue in (HAZE, ZENITH))


@njit(cache=True, nogil=True, inline="always")
def _mix(a: int, b: int, weight: int) -> int:
    """Colour between ``a`` (weight 0) and ``b`` (weight 256)."""
    return (a * (256 - weight) + b * weight) >> 8 & _CHANNELS


@njit(cache=True, nogil=True, inline="always")
def _spread(packed: int) -> int:
    """The channels of ``0x00BBGGRR`` 16 bits apart."""
    return (packed & 0xFF00FF) | (packed & 0x00FF00) << 24


@njit(cache=True, nogil=True, inline="always", error_model="numpy", fastmath=True)
def _haze_weight(distance: float) -> int:
    """How much of 256 is haze at a distance [m]."""
    return int(256 * distance * distance / (distance * distance + HAZE_DISTANCE * HAZE_DISTANCE))


@njit(cache=True, nogil=True, inline="always", error_model="numpy", fastmath=True)
def _sky_at(level: float, up: float) -> int:
    """Colour of the sky along a ray that goes ``up`` while it goes ``level`` far."""
    up = max(up, 0.0)
    return _mix(_HAZE, _ZENITH, int(256 * min(1.25 * up / (up + 0.3 * level), 1.0)))


@njit(cache=True, nogil=True, inline="always", error_model="numpy", fastmath=True)
def _ground_at(ground, cells, level, scale, x, y):  # type: ignore[no-untyped-def]
    """Colour of one level of the flat ``ground`` at a place, between the four nearest cell centres.

    ``scale`` is 256 cells per metre: places are kept in 256ths of a cell.
    """
    i = int(min(max(x * scale + 128 * (cells - 1), 0.0), 256.0 * cells - 257))
    j = int(min(max(y * scale + 128 * (cells - 1), 0.0), 256.0 * cells - 257))
    k = np.uint32((level * cells + (i >> 8)) * cells + (j >> 8))
    below, beside = np.uint32(cells), np.uint32(1)
    i, j = i & 255, j & 255
    both = i * j >> 8
    total = _spread(ground[k]) * (256 - i - j + both) + _spread(ground[k + beside]) * (j - both)
    total += _spread(ground[k + below]) * (i - both) + _spread(ground[k + below + beside]) * both
    return total >> 8 & _CHANNELS


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
def _detail(ground, finest, wide, stretch, far):  # type: ignore[no-untyped-def]
    """How to look at the ground: level, its 256ths of a cell per metre, and the exponent of 1, 2 or 4 places.

    Args:
        ground: the pyramid.
        finest: cell of its first level [m].
        wide: width of a pixel on the ground [m].
        stretch: how much longer than wide it is.
        far: greater coordinate of the place [m].
    """
    levels, cells = ground.shape[:2]
    long = wide * max(stretch, 1.0)
    wanted = 0.7 * max(wide, long / 4)
    level, cell, scale = 0, finest, 256 / finest
    while level < levels - 1 and (cell < wanted or far > cell * (cells / 2 - SPAN)):
        level, cell, scale = level + 1, 2.0 * cell, 0.5 * scale
    return level, scale, 0 if long < 2 * cell else 1 if long < 4 * cell else 2


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
def shade_background(picture, ground, finest, rays, position):  # type: ignore[no-untyped-def]
    """Draw ground and sky.

    A pixel looks at the level whose cells are about as wide as what it covers, at one, two or four places along the
    steep direction.

    Args:
        picture: ``[H, W, 3]`` uint8, written.
        ground: ``[levels, cells, cells]`` uint32, the pyramid of :mod:`irlvla.sources.render_paint`.
        finest: width of a cell of its first level [m].
        rays: ``[3, 3]``, ``rays @ (u, v, 1)`` is the ray of a pixel place in the ego frame, 1 m deep along the view.
        position: ``[3]`` of the camera, ego frame [m].
    """
    height, width = picture.shape[:2]
    cells, flat = ground.shape[1], ground.ravel()
    px, py, pz = position
    ax, ay, az = rays[:, 0]
    dx, dy, dz = rays[:, 1]
    pixel = math.sqrt(ax * ax + ay * ay + az * az)
    upright = math.sqrt(dx * dx + dy * dy + dz * dz) / pixel
    for row in range(height):
        v = row + 0.5
        bx, by, bz = dx * v + rays[0, 2], dy * v + rays[1, 2], dz * v + rays[2, 2]
        for start in range(0, width, SPAN):
            end = min(start + SPAN, width)
            u = (start + end) / 2
            x, y, z = ax * u + bx, ay * u + by, min(az * u + bz, -HORIZON)
            away, depth = math.sqrt(x * x + y * y), -pz / z
            far = max(abs(px + depth * x), abs(py + depth * y))
            level, scale, shift = _detail(ground, finest, depth * pixel, upright * away * depth / pz, far)
            haze = _haze_weight(depth * away)
            step = 1.0 / (1 << shift)
            for column in range(start, end):
                u = column + 0.5
                x, y, z = ax * u + bx, ay * u + by, az * u + bz
                if z > -HORIZON:
                    colour = _sky_at(away, z)
                else:
                    off = 0.5 * step - 0.5
                    total = 0
                    for _ in range(1 << shift):
                        t = pz / max(-z - off * dz, HORIZON)
                        total += _ground_at(flat, cells, level, scale, px + t * (x + off * dx), py + t * (y + off * dy))
                        off += step
                    colour = _mix(total >> shift & _CHANNELS, _HAZE, haze)
                picture[row, column, 0] = colour & 255
                picture[row, column, 1] = colour >> 32
                picture[row, column, 2] = colour >> 16 & 255


@njit(cache=True, nogil=True)
def _clip_near(quad, kept):  # type: ignore[no-untyped-def]
    """Write the part of a quadrilateral (camera frame) that is deeper than ``NEAR``; returns its number of corners."""
    n = 0
    for k in range(4):
        a, b = quad[k], quad[(k + 1) % 4]
        if a[2] >= NEAR:
            kept[n] = a
            n += 1
        if (a[2] >= NEAR) != (b[2] >= NEAR):
            kept[n] = a + (b - a) * ((NEAR - a[2]) / (b[2] - a[2]))
            n += 1
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def _fill_convex(corners, plane, colour, colours, nearness):  # type: ignore[no-untyped-def]
    """Fill a convex polygon ``[n, 2]`` (sample places); ``plane @ (u, v, 1)`` is its nearness, 1 / depth."""
    height, width = nearness.shape
    n = len(corners)
    first = max(math.ceil(corners[:, 1].min() - 0.5), 0)
    last = min(math.ceil(corners[:, 1].max() - 0.5), height)
    for row in range(first, last):
        v = row + 0.5
        left, right = np.inf, -np.inf
        for k in range(n):
            u0, v0 = corners[k]
            u1, v1 = corners[k + 1 if k + 1 < n else 0]
            if (v0 <= v) != (v1 <= v):
                u = u0 + (u1 - u0) * (v - v0) / (v1 - v0)
                left, right = min(left, u), max(right, u)
        if right < 0.0 or left > width:
            continue
        for column in range(max(math.ceil(left - 0.5), 0), min(math.ceil(right - 0.5), width)):
            near = plane[0] * (column + 0.5) + plane[1] * v + plane[2]
            if near * _TIE >= nearness[row, column]:
                nearness[row, column] = near
                colours[row, column] = colour


@njit(cache=True, nogil=True, error_model="numpy")
def draw_quads(colours, nearness, quads, quad_colours, camera_to_ego, intrinsics, inverse):  # type: ignore[no-untyped-def]
    """Draw the quadrilaterals that show their front, nearer ones hiding others.

    Args:
        colours: ``[SAMPLES * H, SAMPLES * W]`` uint32, written where something is nearer than before.
        nearness: the same shape, float32, 1 / depth [1/m] of what is drawn, 0 where nothing is.
        quads: ``[Q, 4, 3]`` ego frame, anticlockwise seen from the front.
        quad_colours: ``[Q]`` uint32.
        camera_to_ego: ``[4, 4]``.
        intrinsics: ``[3, 3]`` and its ``inverse``, for pixels (not samples).
    """
    width = nearness.shape[1]
    quad, kept, places = np.empty((4, 3)), np.empty((6, 3)), np.empty((6, 2))
    plane, normal = np.empty(3), np.empty(3)
    for q in range(len(quads)):
        for corner in range(4):
            x, y, z = quads[q, corner]
            x, y, z = x - camera_to_ego[0, 3], y - camera_to_ego[1, 3], z - camera_to_ego[2, 3]
            for i in range(3):
                quad[corner, i] = x * camera_to_ego[0, i] + y * camera_to_ego[1, i] + z * camera_to_ego[2, i]
        a, b, c, d = quad
        if max(max(a[2], b[2]), max(c[2], d[2])) < NEAR:
            continue
        for i in range(3):
            j, k = (i + 1) % 3, (i + 2) % 3
            normal[i] = (b[j] - a[j]) * (d[k] - a[k]) - (b[k] - a[k]) * (d[j] - a[j])
        offset = normal[0] * a[0] + normal[1] * a[1] + normal[2] * a[2]
        if offset >= -1e-9:  # seen from behind or edge-on
            continue
        n = _clip_near(quad, kept)
        for k in range(n):
            x, y, z = kept[k]
            for i in range(2):
                places[k, i] = (intrinsics[i, 0] * x + intrinsics[i, 1] * y + intrinsics[i, 2] * z) / z * SAMPLES
        if places[:n, 0].max() < 0 or places[:n, 0].min() > width:
            continue
        for i in range(3):
            plane[i] = normal[0] * inverse[0, i] + normal[1] * inverse[1, i] + normal[2] * inverse[2, i]
            plane[i] /= offset if i == 2 else offset * SAMPLES
        _fill_convex(places[:n], plane, quad_colours[q], colours, nearness)


@njit(cache=True, nogil=True)
def lay_over(picture, colours, nearness):  # type: ignore[no-untyped-def]
    """Blend the samples of :func:`draw_quads` over ``picture [H, W, 3]``, and wipe them from ``nearness``."""
    height, width = picture.shape[:2]
    for row in range(height):
        for column in range(width):
            drawn = red = green = blue = 0
            for i in range(row * SAMPLES, (row + 1) * SAMPLES):
                for j in range(column * SAMPLES, (column + 1) * SAMPLES):
                    if nearness[i, j] > 0.0:
                        colour = colours[i, j]
                        nearness[i, j] = 0.0
                        drawn += 1
                        red, green, blue = red + (colour & 255), green + (colour >> 8 & 255), blue + (colour >> 16)
            if drawn > 0:
                bare = SAMPLES * SAMPLES - drawn
                picture[row, column, 0] = (red + bare * picture[row, column, 0]) // (SAMPLES * SAMPLES)
                picture[row, column, 1] = (green + bare * picture[row, column, 1]) // (SAMPLES * SAMPLES)
                picture[row, column, 2] = (blue + bare * picture[row, column, 2]) // (SAMPLES * SAMPLES)
