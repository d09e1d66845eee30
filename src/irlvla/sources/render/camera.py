"""One pinhole camera: flat quadrilaterals that stand in the world, drawn with a z-buffer of four samples a pixel.

Nothing compiled here calls compiled code of another file: numba keeps machine code by file and would overlook a change
there.
"""

import math

import numpy as np

from irlvla.sources.render.compiled import compiled

NEAR = 0.05
"""Nothing nearer than this [m] to the camera's plane is drawn."""

SAMPLES = 2
"""Samples of a pixel along each side."""

_TIE = np.float32(1.0001)  # what lies in the plane of something drawn before (a lamp on a boot) is in front of it


@compiled
def _clip_near(quad, kept):  # type: ignore[no-untyped-def]
    """Write the part of a quadrilateral ``(depth * u, depth * v, depth)`` deeper than ``NEAR``; returns its corners."""
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


@compiled
def _walk_edges(kept, n, turn, ends):  # type: ignore[no-untyped-def]
    """Where a convex polygon begins and ends in each row of samples it covers; returns its first row and past its last.

    Args:
        kept: ``[n, 3]`` corners in samples.
        turn: 1 if they run anticlockwise in the picture (left edges go down), -1 if clockwise.
        ends: ``[rows, 2]`` written.
    """
    height = len(ends)
    top, bottom = height, 0
    for k in range(n):
        a, b = k, k + 1 if k + 1 < n else 0
        u, v, side = kept[a, 0], kept[a, 1], 0
        if (kept[b, 1] - v) * turn < 0.0:
            side = 1
        low, high = min(v, kept[b, 1]), max(v, kept[b, 1])
        first, last = math.ceil(max(low, 0.0) - 0.5), math.ceil(min(high, float(height)) - 0.5)
        if first >= last:
            continue
        top, bottom = min(top, first), max(bottom, last)
        slope = (kept[b, 0] - u) / (kept[b, 1] - v)
        at = u + (first + 0.5 - v) * slope
        for row in range(first, last):
            ends[row, side] = at
            at += slope
    return top, bottom


@compiled
def _fill(colours, nearness, drawn, ends, top, bottom, across, down, base, word):  # type: ignore[no-untyped-def]
    """Fill rows between their ends where nothing nearer was drawn; nearness is affine in the samples."""
    width = nearness.shape[1]
    for row in range(top, bottom):
        left = math.ceil(max(ends[row, 0], 0.0) - 0.5)
        right = math.ceil(min(ends[row, 1], float(width)) - 0.5)
        if left >= right:
            continue
        here, step = np.float32(base + down * (row + 0.5) + across * (left + 0.5)), np.float32(across)
        before, seen = nearness[row, left:right], colours[row, left:right]
        for k in range(right - left):
            near = here + step * np.float32(k)
            nearer = near * _TIE >= before[k]
            before[k] = near if nearer else before[k]
            seen[k] = word if nearer else seen[k]
        pixel = row // SAMPLES
        drawn[pixel, 0] = min(drawn[pixel, 0], left // SAMPLES)
        drawn[pixel, 1] = max(drawn[pixel, 1], (right - 1) // SAMPLES + 1)


@compiled
def _determinant(m):  # type: ignore[no-untyped-def]
    """Of the first three columns of ``m [3, 4]``."""
    return (
        m[0, 0] * (m[1, 1] * m[2, 2] - m[1, 2] * m[2, 1])
        - m[0, 1] * (m[1, 0] * m[2, 2] - m[1, 2] * m[2, 0])
        + m[0, 2] * (m[1, 0] * m[2, 1] - m[1, 1] * m[2, 0])
    )


@compiled
def draw_quads(colours, nearness, drawn, quads, normals, words, groups, balls, to_picture, rays, position):  # type: ignore[no-untyped-def]
    """Draw the quadrilaterals that show their front, nearer ones hiding others.

    Args:
        colours: ``[SAMPLES * H, SAMPLES * W]`` uint32, written where something is nearer than before.
        nearness: the same shape, float32, 1 / depth [1/m] of what is drawn, 0 where nothing is.
        drawn: ``[H, 2]`` int64, the columns of each row of pixels between which something is drawn, widened.
        quads: ``[Q, 4, 3]`` ego frame, anticlockwise seen from the front.
        normals: ``[Q, 3]`` towards the front.
        words: ``[Q]`` uint32.
        groups: ``[G + 1]`` offsets into ``quads`` of what is seen or not seen together.
        balls: ``[G, 4]`` x, y, z and radius around each group [m].
        to_picture: ``[3, 4]`` takes ``(x, y, z, 1)`` in the ego frame to ``depth * (u, v, 1)``.
        rays: ``[3, 3]``, ``rays @ (u, v, 1)`` is the ray of a pixel place in the ego frame, 1 m deep along the view.
        position: ``[3]`` of the camera, ego frame.
    """
    height, width = nearness.shape
    m = to_picture
    sides = np.empty((5, 4))  # a group on the wrong side of one of these is not in the picture
    sides[0], sides[1], sides[3] = m[2], m[0], m[1]
    sides[2], sides[4] = width / SAMPLES * m[2] - m[0], height / SAMPLES * m[2] - m[1]
    reach = np.sqrt(sides[:, 0] ** 2 + sides[:, 1] ** 2 + sides[:, 2] ** 2)
    turn = -1.0 if _determinant(m) < 0.0 else 1.0  # of a rig that shows the world mirrored
    px, py, pz = position
    quad, kept, ends = np.empty((4, 3)), np.empty((6, 3)), np.empty((height, 2))
    for g in range(len(groups) - 1):
        x, y, z, radius = balls[g]
        seen = True
        for s in range(5):
            away = sides[s, 0] * x + sides[s, 1] * y + sides[s, 2] * z + sides[s, 3]
            seen = seen and away > -radius * reach[s]
        if not seen:
            continue
        for q in range(groups[g], groups[g + 1]):
            nx, ny, nz = normals[q, 0], normals[q, 1], normals[q, 2]
            off = nx * (quads[q, 0, 0] - px) + ny * (quads[q, 0, 1] - py) + nz * (quads[q, 0, 2] - pz)
            if off >= -1e-9:  # seen from behind or edge-on
                continue
            shallow, deep = np.inf, -np.inf
            for k in range(4):
                x, y, z = quads[q, k, 0], quads[q, k, 1], quads[q, k, 2]
                for i in range(3):
                    quad[k, i] = m[i, 0] * x + m[i, 1] * y + m[i, 2] * z + m[i, 3]
                shallow, deep = min(shallow, quad[k, 2]), max(deep, quad[k, 2])
            if deep < NEAR:
                continue
            n = 4
            if shallow < NEAR:
                n = _clip_near(quad, kept)
            else:
                kept[:4] = quad
            left, right = np.inf, -np.inf
            for k in range(n):
                kept[k, 0], kept[k, 1] = SAMPLES * kept[k, 0] / kept[k, 2], SAMPLES * kept[k, 1] / kept[k, 2]
                left, right = min(left, kept[k, 0]), max(right, kept[k, 0])
            if right < 0.0 or left > width:
                continue
            top, bottom = _walk_edges(kept, n, turn, ends)
            across = (nx * rays[0, 0] + ny * rays[1, 0] + nz * rays[2, 0]) / (SAMPLES * off)
            down = (nx * rays[0, 1] + ny * rays[1, 1] + nz * rays[2, 1]) / (SAMPLES * off)
            base = (nx * rays[0, 2] + ny * rays[1, 2] + nz * rays[2, 2]) / off
            _fill(colours, nearness, drawn, ends, top, bottom, across, down, base, words[q])
