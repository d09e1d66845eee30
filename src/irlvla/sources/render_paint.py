"""Compiled painting of areas and lines onto the ground, a pyramid of nested square rasters around the ego.

Level ``l`` of the pyramid ``[LEVELS, CELLS, CELLS]`` has cells of ``FINEST * 2**l`` metres; row ``i`` runs forward (ego
x), column ``j`` left (ego y), and the ego stands in the middle of each level. A cell is one packed colour
``0x00BBGGRR``. Every level is painted by itself with coverage, so that a coarse level already is an anti-aliased view.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

CELLS = 320
LEVELS = 5
FINEST = 0.05
REACH = FINEST * 2 ** (LEVELS - 1) * CELLS / 2
"""Half the side of the coarsest level [m]: nothing is painted beyond."""

DASH = 1 / 3
"""Share of a period of a broken line that is paint."""

_RED_BLUE, _GREEN = 0xFF00FF, 0x00FF00


@njit(cache=True, nogil=True, inline="always")
def lerp(a: int, b: int, weight: int) -> int:
    """Packed colour between ``a`` (weight 0) and ``b`` (weight 256), all channels at once."""
    red_blue = ((a & _RED_BLUE) * (256 - weight) + (b & _RED_BLUE) * weight) >> 8
    green = ((a & _GREEN) * (256 - weight) + (b & _GREEN) * weight) >> 8
    return (red_blue & _RED_BLUE) | (green & _GREEN)


@njit(cache=True, nogil=True)
def _crossings(points, rings, first_ring, last_ring, cell, first_row, rows):  # type: ignore[no-untyped-def]
    """Where the rings cross the middle of each raster row: ``(starts [rows + 1], y [m])``, sorted within a row."""
    half = CELLS / 2 - 0.5
    starts = np.zeros(rows + 1, np.int64)
    for fill in (False, True):  # count, then store
        if fill:
            starts = np.concatenate((np.zeros(1, np.int64), np.cumsum(starts[:-1])))
            ys = np.empty(starts[-1])
            ends = starts.copy()
        for ring in range(first_ring, last_ring):
            a, b = rings[ring], rings[ring + 1]
            for k in range(a, b):
                x0, y0 = points[k]
                x1, y1 = points[k + 1 if k + 1 < b else a]
                if x0 > x1:
                    x0, y0, x1, y1 = x1, y1, x0, y0
                low = max(math.ceil(x0 / cell + half) - first_row, 0)
                high = min(math.ceil(x1 / cell + half) - first_row, rows)
                for row in range(low, high):
                    if fill:
                        x = (row + first_row - half) * cell
                        y = y0 + (y1 - y0) * (x - x0) / (x1 - x0)
                        place = ends[row]
                        while place > starts[row] and ys[place - 1] > y:
                            ys[place] = ys[place - 1]
                            place -= 1
                        ys[place] = y
                        ends[row] += 1
                    else:
                        starts[row] += 1
    return starts, ys


@njit(cache=True, nogil=True)
def _fill_run(line, begin, end, colour, opacity):  # type: ignore[no-untyped-def]
    """Paint the cells between two places of a row, in cell widths, with the cells at both ends covered in part."""
    begin, end = max(begin, 0.0), min(end, float(CELLS))
    if end <= begin:
        return
    first, last = int(begin), int(end)
    if first == last:
        line[first] = lerp(line[first], colour, int(256 * opacity * (end - begin)))
        return
    line[first] = lerp(line[first], colour, int(256 * opacity * (first + 1 - begin)))
    if opacity == 1.0:
        line[first + 1 : last] = colour
    else:
        weight = int(256 * opacity)
        for j in range(first + 1, last):
            line[j] = lerp(line[j], colour, weight)
    if last < CELLS:
        line[last] = lerp(line[last], colour, int(256 * opacity * (end - last)))


@njit(cache=True, nogil=True)
def _fill_striped(line, begin, end, colour, along, step, period, cell):  # type: ignore[no-untyped-def]
    """A run of stripes, half a ``period`` [m] each; ``along`` [m] is the phase at column 0, then ``step`` more."""
    for j in range(max(int(begin + 0.5), 0), min(int(end + 0.5), CELLS)):
        phase = (along + j * step) / period
        from_middle = abs(phase - math.floor(phase) - 0.5) * period
        cover = min(max((period / 4 - from_middle) / cell + 0.5, 0.0), 1.0)
        line[j] = lerp(line[j], colour, int(256 * cover))


@njit(cache=True, nogil=True)
def paint_areas(ground, points, rings, areas, colours, opacities, stripes):  # type: ignore[no-untyped-def]
    """Fill areas, later ones over earlier ones.

    Args:
        ground: ``[LEVELS, CELLS, CELLS]`` uint32, painted on.
        points: ``[P, 2]`` ego frame [m].
        rings: ``[R + 1]`` offsets into ``points``.
        areas: ``[K + 1]`` offsets into ``rings``; what an even number of an area's rings encloses is a hole.
        colours: ``[K]`` uint32.
        opacities: ``[K]`` 0 to 1.
        stripes: ``[K, 2]`` vector across the stripes, one period long [m]; zero for a solid area.
    """
    for k in range(len(areas) - 1):
        first, last = areas[k], areas[k + 1]
        mine = points[rings[first] : rings[last]]
        if len(mine) < 3:
            continue
        x_low, x_high = mine[:, 0].min(), mine[:, 0].max()
        y_low, y_high = mine[:, 1].min(), mine[:, 1].max()
        period = math.hypot(stripes[k, 0], stripes[k, 1])
        for level in range(LEVELS):
            cell = FINEST * 2**level
            half = CELLS / 2
            if max(x_low, y_low) > half * cell or min(x_high, y_high) < -half * cell:
                continue
            first_row = max(math.ceil(x_low / cell + half - 0.5), 0)
            rows = min(math.ceil(x_high / cell + half - 0.5), CELLS) - first_row
            if rows <= 0:
                continue
            starts, ys = _crossings(points, rings, first, last, cell, first_row, rows)
            for row in range(rows):
                line = ground[level, first_row + row]
                for c in range(starts[row], starts[row + 1] - 1, 2):
                    begin, end = ys[c] / cell + half, ys[c + 1] / cell + half
                    if period == 0.0:
                        _fill_run(line, begin, end, colours[k], opacities[k])
                    else:
                        ax, ay = stripes[k] / period
                        x, y = (first_row + row + 0.5 - half) * cell, (0.5 - half) * cell
                        _fill_striped(line, begin, end, colours[k], ax * x + ay * y, ay * cell, period, cell)


@njit(cache=True, nogil=True, inline="always")
def _overlap(at: float, low: float, high: float) -> float:
    """Share of the unit interval around ``at`` that lies between ``low`` and ``high``."""
    return max(min(at + 0.5, high) - max(at - 0.5, low), 0.0)


@njit(cache=True, nogil=True, inline="always")
def _between(a: float, b: float, low: float, high: float) -> tuple[float, float]:
    """The interval of ``y`` in which ``low <= a + b y <= high``."""
    if abs(b) < 1e-9:
        return (-np.inf, np.inf) if low <= a <= high else (np.inf, -np.inf)
    p, q = (low - a) / b, (high - a) / b
    return min(p, q), max(p, q)


@njit(cache=True, nogil=True, error_model="numpy")
def _paint_segment(raster, x0, y0, x1, y1, half, colour, travelled, period):  # type: ignore[no-untyped-def]
    """One straight piece of a line on one level, everything in cell widths; ``travelled`` after the line's start.

    A line narrower than a cell is painted as wide as one and fainter, which keeps it in its place between cells.
    """
    strength, half = min(2 * half, 1.0), max(half, 0.5)
    length = math.hypot(x1 - x0, y1 - y0)
    dx, dy = (x1 - x0) / length, (y1 - y0) / length
    first = max(math.ceil(min(x0, x1) - half - 1), 0)
    last = min(int(max(x0, x1) + half + 1) + 1, CELLS)
    for row in range(first, last):
        x = row - x0
        low, high = _between(-x * dy, dx, -half - 0.5, half + 0.5)
        begin, end = _between(x * dx, dy, -0.5, length + 0.5)
        low, high = max(max(low, begin) + y0, 0.0), min(min(high, end) + y0, CELLS - 1.0)
        if high < low:
            continue
        for column in range(math.ceil(low), int(high) + 1):
            y = column - y0
            along = x * dx + y * dy
            cover = strength * _overlap(y * dx - x * dy, -half, half) * _overlap(along, 0.0, length)
            if period > 0.0:
                phase = (travelled + along) / period
                cover *= _overlap((phase - math.floor(phase) - 0.5) * period, -DASH / 2 * period, DASH / 2 * period)
            raster[row, column] = lerp(raster[row, column], colour, int(256 * cover))


@njit(cache=True, nogil=True)
def paint_lines(ground, points, offsets, colours, widths, periods):  # type: ignore[no-untyped-def]
    """Draw polylines with a width, later ones over earlier ones.

    Args:
        ground: ``[LEVELS, CELLS, CELLS]`` uint32, painted on.
        points: ``[P, 2]`` ego frame [m].
        offsets: ``[K + 1]`` into ``points``.
        colours: ``[K]`` uint32.
        widths: ``[K]`` [m].
        periods: ``[K]`` wanted length of a dash and its gap [m], 0 for a solid line. A whole number of periods
            is fitted to the length, so that a line drawn from either end has the same dashes.
    """
    for k in range(len(offsets) - 1):
        line = points[offsets[k] : offsets[k + 1]]
        total = 0.0
        for s in range(len(line) - 1):
            total += math.hypot(line[s + 1, 0] - line[s, 0], line[s + 1, 1] - line[s, 1])
        period = periods[k]
        if period > 0.0 and total > 0.0:
            period = total / max(round(total / period), 1)
        travelled = 0.0
        for s in range(len(line) - 1):
            (x0, y0), (x1, y1) = line[s], line[s + 1]
            length = math.hypot(x1 - x0, y1 - y0)
            for level in range(LEVELS):
                n = 1 / (FINEST * 2**level)
                m = CELLS / 2 - 0.5
                beside = max(x0, x1) * n < -m or min(x0, x1) * n > m or max(y0, y1) * n < -m or min(y0, y1) * n > m
                if length > 0.0 and not beside:
                    _paint_segment(
                        ground[level], x0 * n + m, y0 * n + m, x1 * n + m, y1 * n + m, widths[k] / 2 * n, colours[k],
                        travelled * n, period * n,
                    )  # fmt: skip
            travelled += length


def packed(*rgb: int) -> int:
    """``0x00BBGGRR`` of three channels 0-255."""
    red, green, blue = rgb
    return red | green << 8 | blue << 16


def blank(colour: int) -> NDArray[np.uint32]:
    """A ground of one colour."""
    return np.full((LEVELS, CELLS, CELLS), colour, np.uint32)
