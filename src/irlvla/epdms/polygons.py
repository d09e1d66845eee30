"""Compiled geometry of polygons given by their edges: do they meet, and how far apart are they.

Polygons are closed (touching counts) and hold what lies inside by the even-odd rule.
"""

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms.compiled import compiled
from irlvla.epdms.geometry import nearest_on_segment, side

FloatArray = NDArray[np.float64]


@compiled
def holds(edges: FloatArray, x: float, y: float) -> bool:
    """Whether a point lies in the polygon of ``edges [E, 4]`` (ax, ay, bx, by)."""
    inside = False
    for e in range(len(edges)):
        ax, ay, bx, by = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
        if (ay <= y) != (by <= y):
            inside ^= (side(ax, ay, bx, by, x, y) > 0.0) == (by > ay)
    return inside


@compiled
def segments_cross(ax: float, ay: float, bx: float, by: float, cx: float, cy: float, dx: float, dy: float) -> bool:
    """Whether the segments from ``a`` to ``b`` and from ``c`` to ``d`` share a point."""
    if max(ax, bx) < min(cx, dx) or max(cx, dx) < min(ax, bx) or max(ay, by) < min(cy, dy) or max(cy, dy) < min(ay, by):
        return False
    return (
        side(ax, ay, bx, by, cx, cy) * side(ax, ay, bx, by, dx, dy) <= 0.0
        and side(cx, cy, dx, dy, ax, ay) * side(cx, cy, dx, dy, bx, by) <= 0.0
    )


@compiled
def squared_gap(edges: FloatArray, others: FloatArray, shift_x: float, shift_y: float) -> float:
    """Squared distance [m2] between the polygons of ``edges [E, 4]`` and of ``others [F, 4]``, the latter shifted."""
    if holds(edges, others[0, 0] + shift_x, others[0, 1] + shift_y):
        return 0.0
    if holds(others, edges[0, 0] - shift_x, edges[0, 1] - shift_y):
        return 0.0
    ends, other_ends = edges.reshape(-1, 2), others.reshape(-1, 2)
    nearest = np.inf
    for f in range(len(others)):
        cx, cy, dx, dy = others[f, 0] + shift_x, others[f, 1] + shift_y, others[f, 2] + shift_x, others[f, 3] + shift_y
        for e in range(len(edges)):
            ax, ay = edges[e, 0], edges[e, 1]
            if segments_cross(ax, ay, edges[e, 2], edges[e, 3], cx, cy, dx, dy):
                return 0.0
            nearest = min(
                nearest,
                nearest_on_segment(ends, 2 * e, cx, cy)[0],
                nearest_on_segment(other_ends, 2 * f, ax - shift_x, ay - shift_y)[0],
            )
    return nearest


@compiled
def meet(edges: FloatArray, others: FloatArray, shift_x: float, shift_y: float) -> bool:
    """Whether the polygons of ``edges [E, 4]`` and of ``others [F, 4]``, the latter shifted, share a point."""
    for f in range(len(others)):
        cx, cy, dx, dy = others[f, 0] + shift_x, others[f, 1] + shift_y, others[f, 2] + shift_x, others[f, 3] + shift_y
        for e in range(len(edges)):
            if segments_cross(edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3], cx, cy, dx, dy):
                return True
    return holds(edges, others[0, 0] + shift_x, others[0, 1] + shift_y) or holds(
        others, edges[0, 0] - shift_x, edges[0, 1] - shift_y
    )
