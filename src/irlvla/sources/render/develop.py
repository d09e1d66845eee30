"""The picture of one camera from the painted ground, the samples of what stands on it, the sky, and the air between.

Colours are mixed in one number that holds the channels 16 bits apart (red, blue, green from the lowest on), so that one
product weighs all three. Nothing compiled here calls compiled code of another file: numba keeps machine code by file
and would overlook a change there.
"""

import math

import numpy as np

from irlvla.sources.render.compiled import compiled, compiled_fast, inlined, inlined_fast

SPAN, SLANT = 32, 0.01
"""So many neighbours in a row share what the air does to them, if their rays' slopes differ by less than this."""

BLOCK = 8
"""Pixels of a facade that are worked out together."""

HORIZON = 1e-4
"""Rays that fall less than this (tangent) see the sky."""

FACADE = 1 << 31
"""A sample that is not a colour but this and the number of a facade."""

NOTHING = -1
"""A pair of samples in which nothing is drawn."""

_WORD = 0xFFFFFFFF
_CHANNELS = 0xFF00FF00FF


@inlined
def _mix(a: int, b: int, weight: int) -> int:
    """Colour between ``a`` (weight 0) and ``b`` (weight 256)."""
    return (a * (256 - weight) + b * weight) >> 8 & _CHANNELS


@inlined
def _spread(packed: int) -> int:
    """The channels of ``0x00BBGGRR`` 16 bits apart."""
    return (packed & 0xFF00FF) | (packed & 0x00FF00) << 24


@inlined_fast
def _haze_weight(distance: float, visibility: float) -> int:
    """How much of 256 is haze at a distance [m]."""
    return int(256 * distance * distance / (distance * distance + visibility * visibility))


@inlined_fast
def _height_in_sky(level: float, up: float) -> float:
    """How much of 256 is the colour of the zenith along a ray that goes ``up`` while it goes ``level`` far."""
    up = max(up, 0.0)
    return 256 * min(1.25 * up / (up + 0.3 * level), 1.0)


@inlined_fast
def _ground_air(horizon: int, zenith: int, level: float, down: float, depth: float, visibility: float, wet: float):  # type: ignore[no-untyped-def]
    """Of 256, what is left of the ground's colour along a ray, and the light of sheen and haze that comes with it.

    Args:
        horizon, zenith: colours of the sky.
        level, down: how far the ray goes level and down while it goes 1 m deep.
        depth: of the ground along it [m].
        visibility, wet: see :func:`develop`.
    """
    haze = _haze_weight(depth * level, visibility)
    shine = 0
    if wet > 0.0:  # Schlick's rule for what a water surface mirrors
        grazing = 1.0 - down / math.sqrt(level * level + down * down)
        shine = int(256 * wet * (0.05 + 0.6 * grazing**5))
    keep = (256 - shine) * (256 - haze) >> 8
    mirrored = _mix(horizon, zenith, int(_height_in_sky(level, down)))
    return keep, mirrored * (256 - haze - keep) + horizon * haze


@inlined
def _ground_at(word: int, keep: int, added: int) -> int:
    """Colour of painted ground ``0xSSBBGGRR`` through the air."""
    return (_spread(word & 0xFFFFFF) * (keep * (256 - (word >> 24)) >> 8) + added) >> 8 & _CHANNELS


@inlined_fast
def _share_within(at: float, low: float, high: float, sharp: float) -> float:
    """Share of what is ``1 / sharp`` wide around ``at`` that lies between ``low`` and ``high``."""
    return max(min((high - at) * sharp + 0.5, 1.0) + min((at - low) * sharp + 0.5, 1.0) - 1.0, 0.0)


@inlined
def _dice(seed: int, column: int, row: int) -> int:
    """A number from 0 to 255 for each window of a facade."""
    mixed = seed + (column << 6) + (row << 11) - column - (row << 4)
    mixed ^= mixed >> 7
    mixed += mixed << 3
    mixed ^= mixed >> 5
    return mixed & 255


@compiled_fast
def _facade_run(run, start, count, row, rays, faces, styles, paints, f, horizon, visibility):  # type: ignore[no-untyped-def]
    """Neighbouring pixels of facade ``f`` through the air, its windows blurred to the size of a pixel.

    Args:
        run: ``[>= count + BLOCK]`` written from its start on, a few more than wanted.
        start, count: first column and number of the pixels wanted, in a ``row``.
        rays, horizon, visibility: see :func:`develop`.
        faces: ``[F, 3, 3]``, their rows by ``(u, v, 1)`` give 1 / depth, and over that the place along the wall and
            the height.
        styles, paints: of :class:`irlvla.sources.render.buildings.Facades`.
    """
    u, v = start + 0.5, row + 0.5
    rx, ry = rays[0, 0] * u + rays[0, 1] * v + rays[0, 2], rays[1, 0] * u + rays[1, 1] * v + rays[1, 2]
    ax, ay = rays[0, 0], rays[1, 0]
    n, s, z = faces[f, 0, 0], faces[f, 1, 0], faces[f, 2, 0]
    down, beside, fall = faces[f, 0, 1], faces[f, 1, 1], faces[f, 2, 1]
    near, along = n * u + down * v + faces[f, 0, 2], s * u + beside * v + faces[f, 1, 2]
    up = z * u + fall * v + faces[f, 2, 2]
    bays, storeys, shops, floor, top = styles[f, 0], styles[f, 1], styles[f, 2], styles[f, 3], styles[f, 4]
    window, sill, lit, seed = styles[f, 5], styles[f, 6], int(styles[f, 7]), int(styles[f, 8])
    wide = bays * (abs(s * near - along * n) + abs(beside * near - along * down))  # of a pixel, over depth squared
    high = storeys * (abs(z * near - up * n) + abs(fall * near - up * down))
    wall, shelf, dark, bright, lamp = paints[f, 0], paints[f, 4], paints[f, 1], paints[f, 2], paints[f, 3]
    middle = _mix(dark, bright, 96)
    across, upright, clear = 1.0 / max(wide, 1e-9), 1.0 / max(high, 1e-9), visibility * visibility
    for block in range(0, count, BLOCK):
        for i in range(BLOCK):
            k = block + i
            deep = near + k * n
            depth = 1.0 / deep
            x, y = (along + k * s) * depth * bays, (up + k * z) * depth
            above = y >= floor
            storey = (y - floor) * storeys + 1.0 if above else y * shops
            column, level = int(x), int(storey)
            half, low, roof = window if above else 0.42, sill if above else 0.12, 0.84 if above else 0.8
            share = _share_within(x - column, 0.5 - half, 0.5 + half, max(deep * deep * across, 1.0))
            share *= _share_within(storey - level, low, roof, max(deep * deep * upright, 1.0))
            dice = _dice(seed, column, level)
            glass = lamp if dice < lit else bright if dice > 170 else middle if dice > 90 else dark
            colour = shelf if y > top else _mix(wall, glass, int(256 * share))
            away = (rx + k * ax) ** 2 + (ry + k * ay) ** 2
            run[k] = _mix(colour, horizon, int(256 * away / (away + clear * deep * deep)))


@compiled
def faces_in_picture(walls, rays, position):  # type: ignore[no-untyped-def]
    """``[F, 3, 3]`` of :func:`_facade_run` for ``walls`` of :class:`irlvla.sources.render.buildings.Facades`."""
    faces = np.empty((len(walls), 3, 3))
    for f in range(len(walls)):
        x, y, ax, ay = walls[f, 0] - position[0], walls[f, 1] - position[1], walls[f, 2], walls[f, 3]
        deep = ay * x - ax * y  # the outside is to the right of the direction
        for i in range(3):
            out = (ay * rays[0, i] - ax * rays[1, i]) / deep
            faces[f, 0, i] = out
            faces[f, 1, i] = ax * rays[0, i] + ay * rays[1, i] - (ax * x + ay * y) * out
            faces[f, 2, i] = rays[2, i] + position[2] * out
    return faces


@compiled_fast
def _background(line, canvas, row, rays, height_over, horizon, zenith, visibility, wet):  # type: ignore[no-untyped-def]
    """Ground and sky of a ``row``, written to ``line [W]``; the rest as for :func:`develop`."""
    width, v, fall = len(line), row + 0.5, rays[2, 0]
    bx, by, bz = rays[0, 1] * v + rays[0, 2], rays[1, 1] * v + rays[1, 2], rays[2, 1] * v + rays[2, 2]
    span = max(int(min(SLANT / max(abs(fall), 1e-9), float(SPAN))), 1)
    for start in range(0, width, span):
        end = min(start + span, width)
        u, half = 0.5 * (start + end), 0.5 * (end - start) * abs(fall)
        x, y, z = rays[0, 0] * u + bx, rays[1, 0] * u + by, fall * u + bz
        level = math.sqrt(x * x + y * y)
        if z + half > -HORIZON:
            x, y = rays[0, 0] * start + bx, rays[1, 0] * start + by
            sky = _height_in_sky(math.sqrt(x * x + y * y), fall * start + bz)
            x, y = rays[0, 0] * end + bx, rays[1, 0] * end + by
            step = (_height_in_sky(math.sqrt(x * x + y * y), fall * end + bz) - sky) / (end - start)
            for k in range(start, end):
                line[k] = _mix(horizon, zenith, int(sky + (k - start) * step))
        if z - half <= -HORIZON:
            down = max(-z, HORIZON)
            keep, added = _ground_air(horizon, zenith, level, down, height_over / down, visibility, wet)
            if z + half <= -HORIZON:
                for k in range(start, end):
                    line[k] = _ground_at(np.int64(canvas[row, k]), keep, added)
            else:
                for k in range(start, end):
                    if fall * (k + 0.5) + bz <= -HORIZON:
                        line[k] = _ground_at(np.int64(canvas[row, k]), keep, added)


@compiled
def _lay_over(line, run, pairs, row, left, right, rays, faces, styles, paints, horizon, visibility):  # type: ignore[no-untyped-def]
    """Lay what was drawn over the background ``line [W]`` of a ``row``, between the columns ``left`` and ``right``.

    Args:
        run: ``[W + BLOCK]`` scratch.
        pairs, rays, faces, styles, paints, horizon, visibility: see :func:`develop`.
    """
    column, facade, known, edge = left, 0, -1, 0  # the facade met last, and its colour at its last known column
    while column < right:
        upper, lower, stop = pairs[2 * row, column], pairs[2 * row + 1, column], column + 1
        if upper == lower and (upper >> 32 ^ upper) & _WORD == 0:  # one thing in all four samples
            while stop < right and pairs[2 * row, stop] == upper and pairs[2 * row + 1, stop] == upper:
                stop += 1
            word = upper & _WORD
            if word < FACADE:
                for k in range(column, stop):
                    line[k] = _spread(word)
            elif word < _WORD:
                f = word - FACADE
                _facade_run(run, column, stop - column, row, rays, faces, styles, paints, f, horizon, visibility)
                for k in range(column, stop):
                    line[k] = run[k - column]
                facade, known, edge = word, stop - 1, run[stop - 1 - column]
        else:
            total = 0
            for sample in range(4):
                word = (upper if sample < 2 else lower) >> 32 * (sample & 1) & _WORD
                if word < FACADE:
                    total += _spread(word)
                elif word == _WORD:
                    total += line[column]
                else:
                    if word != facade or known < column - 1:
                        f = word - FACADE
                        _facade_run(run, column, 1, row, rays, faces, styles, paints, f, horizon, visibility)
                        facade, edge = word, run[0]
                    known = column
                    total += edge
            line[column] = total >> 2 & _CHANNELS
        column = stop


@compiled
def develop(
    picture, canvas, pairs, nearness, drawn, rays, height_over, faces, styles, paints, horizon, zenith, visibility, wet
):  # type: ignore[no-untyped-def]
    """Make the picture of what was painted and drawn, and wipe the samples.

    Args:
        picture: ``[H, W, 3]`` uint8, written.
        canvas: ``[H, W]`` uint32, the painted ground of :mod:`irlvla.sources.render.paint`.
        pairs: ``[2 H, W]`` int64, the colours of :func:`irlvla.sources.render.camera.draw_quads`, two samples in one.
        nearness, drawn: of the same.
        rays: ``[3, 3]``, ``rays @ (u, v, 1)`` is the ray of a pixel place in the ego frame, 1 m deep along the view.
        height_over: of the camera over the ground [m].
        faces, styles, paints: of the facades that samples name.
        horizon, zenith: colours of the sky, channels apart; the first is that of haze, too.
        visibility: distance at which half of what is seen is haze [m].
        wet: 0 to 1, how much a level road shines.
    """
    height, width = canvas.shape
    line, run = np.empty(width, np.int64), np.empty(width + BLOCK, np.int64)
    for row in range(height):
        _background(line, canvas, row, rays, height_over, horizon, zenith, visibility, wet)
        left, right = drawn[row]
        if left < right:
            _lay_over(line, run, pairs, row, left, right, rays, faces, styles, paints, horizon, visibility)
            for i in range(2 * row, 2 * row + 2):
                for k in range(width):
                    pairs[i, k] = NOTHING
                for k in range(2 * width):
                    nearness[i, k] = 0.0
            drawn[row, 0], drawn[row, 1] = width, 0
        for k in range(width):
            colour = line[k]
            picture[row, k, 0], picture[row, k, 1], picture[row, k, 2] = colour & 255, colour >> 32, colour >> 16 & 255
