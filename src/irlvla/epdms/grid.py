"""Which polygons of a map hold a point, answered from a grid of square cells.

A cell knows, for each polygon that reaches into it, whether the cell's anchor (its lower left corner) lies inside and
which of the polygon's edges cross the cell. A point is joined to the anchor by a vertical and then a horizontal step,
neither of which leaves the cell: it lies inside if the anchor does, flipped once for each edge crossed. So a question
costs a handful of edges, however large the map.

Inside means the even-odd rule, which cuts holes out and gives self-intersecting outlines the meaning they have in the
benchmark; points on an edge are outside.
"""

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms.compiled import compiled, inlined
from irlvla.epdms.geometry import greater, lesser, side
from irlvla.scene import Polylines

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
IndexArray = NDArray[np.int32]
BoolArray = NDArray[np.bool_]

CELL: Final = 2.0
"""Size of a cell [m]."""
REACH: Final = 240.0
"""Points further from the origin than this, in x or y, are in no polygon [m]."""
SHIFT: Final = (math.sqrt(2) / 10, math.sqrt(3) / 10)
"""Moves the grid in x and y so that no anchor lies on an edge: made-up maps love round numbers and diagonals."""
RIM: Final = 1e-6
"""Edges this near to a cell [m] count as passing through it; more edges than needed do no harm."""


class PolygonGrid(NamedTuple):
    """Polygons laid over ``rows`` times ``columns`` cells; entry ``e`` is one polygon in one cell.

    Cell ``c`` (row by row) has the entries ``cell_entries[c]`` to ``cell_entries[c + 1]``, by ascending polygon. Entry
    ``e`` is crossed by the edges ``crossing[entry_crossing[e]]`` to ``crossing[entry_crossing[e + 1]]`` of ``edges``,
    each ``ax, ay, bx, by``.
    """

    left: float
    bottom: float
    rows: int
    columns: int
    cell_entries: IndexArray
    entry_polygon: IndexArray
    entry_anchor_inside: BoolArray
    entry_crossing: IndexArray
    crossing: IndexArray
    edges: FloatArray


@compiled
def _edge_cells(edges: FloatArray, left: float, bottom: float, rows: int, columns: int) -> tuple[IntArray, IntArray]:
    """All pairs (cell, edge) where the edge passes through the cell or along its rim."""
    cells, members = [], []
    for e in range(len(edges)):
        ax, ay, bx, by = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
        first = max(math.floor((min(ay, by) - RIM - bottom) / CELL), 0)
        last = min(math.floor((max(ay, by) + RIM - bottom) / CELL), rows - 1)
        for r in range(first, last + 1):
            enter, leave = 0.0, 1.0
            if ay != by:
                below = (bottom + r * CELL - RIM - ay) / (by - ay)
                above = (bottom + (r + 1) * CELL + RIM - ay) / (by - ay)
                enter, leave = max(min(below, above), 0.0), min(max(below, above), 1.0)
            x_enter, x_leave = ax + enter * (bx - ax), ax + leave * (bx - ax)
            nearest = max(math.floor((min(x_enter, x_leave) - RIM - left) / CELL), 0)
            furthest = min(math.floor((max(x_enter, x_leave) + RIM - left) / CELL), columns - 1)
            for c in range(nearest, furthest + 1):
                cells.append(r * columns + c)
                members.append(e)
    return np.array(cells, np.int64), np.array(members, np.int64)


@compiled
def _anchors_inside(
    edges: FloatArray, offsets: IntArray, left: float, bottom: float, rows: int, columns: int
) -> tuple[IntArray, IntArray]:
    """All pairs (cell, polygon) where the cell's anchor lies inside; polygon ``k`` has edges from ``offsets[k]`` on."""
    cells, owners = [], []
    for k in range(len(offsets) - 1):
        own = edges[offsets[k] : offsets[k + 1]]
        first = max(math.floor((own[:, 1].min() - bottom) / CELL), 0)
        last = min(math.ceil((own[:, 1].max() - bottom) / CELL), rows - 1)
        flips = np.zeros((max(last + 1 - first, 0), columns), np.bool_)
        for e in range(len(own)):
            ax, ay, bx, by = own[e, 0], own[e, 1], own[e, 2], own[e, 3]
            lower = max(math.floor((min(ay, by) - bottom) / CELL), first)
            upper = min(math.ceil((max(ay, by) - bottom) / CELL), last)
            for r in range(lower, upper + 1):
                anchor_y = bottom + r * CELL
                if (ay <= anchor_y) != (by <= anchor_y):
                    crossing = ax + (anchor_y - ay) / (by - ay) * (bx - ax)
                    c = max(math.ceil((crossing - left) / CELL), 0)
                    if c < columns:
                        flips[r - first, c] ^= True
        for r in range(first, last + 1):
            inside = False
            for c in range(columns):
                inside ^= flips[r - first, c]
                if inside:
                    cells.append(r * columns + c)
                    owners.append(k)
    return np.array(cells, np.int64), np.array(owners, np.int64)


def ring_edges(rings: Polylines) -> FloatArray:
    """Edges ``[E, 4]`` (ax, ay, bx, by) of closed rings, one after the other, one edge a point."""
    after = np.arange(1, len(rings.points) + 1)
    after[rings.offsets[1:] - 1] = rings.offsets[:-1]
    return np.hstack([rings.points, rings.points[after]])


def lay_grid(edges: FloatArray, owners: IntArray, polygons: int) -> PolygonGrid:
    """The grid of so many ``polygons`` with ``edges [E, 4]``; edge ``e`` is of polygon ``owners[e]``, ascending."""
    ends = edges.reshape(-1, 2) if len(edges) else np.zeros((1, 2))
    corner = np.floor(np.clip(ends.min(0), -REACH, REACH) / CELL) * CELL - CELL + SHIFT
    columns, rows = np.ceil((np.clip(ends.max(0), -REACH, REACH) - corner) / CELL).astype(int).tolist()
    left, bottom = corner.tolist()
    offsets = np.searchsorted(owners, np.arange(polygons + 1))

    cells, members = _edge_cells(edges, left, bottom, rows, columns)
    crossed = cells * polygons + owners[members]
    order = np.argsort(crossed, kind="stable")
    crossed = crossed[order]
    cells, holders = _anchors_inside(edges, offsets, left, bottom, rows, columns)
    anchored = cells * polygons + holders
    entries = np.sort(np.concatenate([crossed, anchored]))
    entries = entries[np.diff(entries, prepend=-1) > 0]
    anchor_inside = np.zeros(len(entries), np.bool_)
    anchor_inside[np.searchsorted(entries, anchored)] = True
    in_cell = np.bincount(entries // max(polygons, 1), minlength=rows * columns)
    return PolygonGrid(
        left=left,
        bottom=bottom,
        rows=rows,
        columns=columns,
        cell_entries=np.append(0, np.cumsum(in_cell)).astype(np.int32),
        entry_polygon=(entries % max(polygons, 1)).astype(np.int32),
        entry_anchor_inside=anchor_inside,
        entry_crossing=np.append(np.searchsorted(crossed, entries), len(crossed)).astype(np.int32),
        crossing=members[order].astype(np.int32),
        edges=edges,
    )


@inlined
def cell_of(grid: PolygonGrid, x: float, y: float) -> tuple[int, float, float]:
    """The cell that a point lies in and that cell's anchor; -1 off the grid."""
    if not (abs(x) < 2.0 * REACH and abs(y) < 2.0 * REACH):
        return -1, 0.0, 0.0
    c = int(math.floor((x - grid.left) / CELL))  # noqa: RUF046 - a float on CUDA
    r = int(math.floor((y - grid.bottom) / CELL))  # noqa: RUF046
    cell = r * grid.columns + c if 0 <= c < grid.columns and 0 <= r < grid.rows else -1
    return cell, grid.left + c * CELL, grid.bottom + r * CELL


@inlined
def holds(grid: PolygonGrid, entry: int, anchor_x: float, anchor_y: float, x: float, y: float) -> bool:
    """Whether ``(x, y)`` lies strictly inside the polygon of ``entry``, one of the point's cell with this anchor."""
    inside = grid.entry_anchor_inside[entry]
    edges = grid.edges
    for i in range(grid.entry_crossing[entry], grid.entry_crossing[entry + 1]):
        e = grid.crossing[i]
        ax, ay, bx, by = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
        at_point = side(ax, ay, bx, by, x, y)
        if at_point == 0.0 and lesser(ax, bx) <= x <= greater(ax, bx) and lesser(ay, by) <= y <= greater(ay, by):
            return False
        corner = side(ax, ay, bx, by, x, anchor_y)
        at_corner = (corner > 0.0) | ((corner == 0.0) & (by < ay))  # on it: as if a hair to the right, like (ax <= x)
        at_anchor = side(ax, ay, bx, by, anchor_x, anchor_y) > 0.0
        # bits in place of branches, which nobody could foresee
        inside ^= ((ax <= x) != (bx <= x)) & ((at_point > 0.0) != at_corner)
        inside ^= ((ay <= anchor_y) != (by <= anchor_y)) & (at_corner != at_anchor)
    return bool(inside)
