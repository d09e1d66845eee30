"""Areas from rings and lines: the few shapely recipes that map derivation needs."""

from collections.abc import Iterable

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry


def largest_part(area: BaseGeometry) -> Polygon:
    """The largest polygon of ``area``, repaired where it crosses itself; empty if it has no area at all."""
    if not area.is_valid:
        area = shapely.make_valid(area)
    parts = [part for part in shapely.get_parts(area) if isinstance(part, Polygon)]
    if not parts:  # make_valid may nest collections
        parts = [part for outer in shapely.get_parts(area) for part in shapely.get_parts(outer)]
        parts = [part for part in parts if isinstance(part, Polygon)]
    return max(parts, key=lambda part: part.area, default=Polygon())


def polygons_of(area: BaseGeometry, smallest: float = 1.0) -> list[Polygon]:
    """The polygons of ``area`` that are larger than ``smallest`` [m^2]."""
    if not area.is_valid:
        area = shapely.make_valid(area)
    return [part for part in shapely.get_parts(area) if isinstance(part, Polygon) and part.area > smallest]


def closed_union(parts: Iterable[BaseGeometry], gap: float) -> BaseGeometry:
    """Union of ``parts`` with gaps narrower than ``2 * gap`` [m] filled."""
    joined = shapely.union_all([shapely.buffer(part, gap, quad_segs=4) for part in parts])
    return shapely.buffer(joined, -gap, quad_segs=4)


def even_odd_area(rings: Iterable[NDArray[np.float64]]) -> BaseGeometry:
    """The area that an odd number of ``rings`` ``[n, 2]`` go round: outlines and the holes in them, in any order."""
    area: BaseGeometry = Polygon()
    for ring in rings:
        area = area.symmetric_difference(shapely.union_all(polygons_of(Polygon(finite(ring)), 0.0)))
    return area


def finite(ring: NDArray[np.float64]) -> NDArray[np.float64]:
    """The ring itself.

    Raises:
        ValueError: if a coordinate is not a finite number, which shapely would only warn of.
    """
    if not np.isfinite(ring).all():
        raise ValueError("an outline has points that are not finite numbers")
    return ring


def strip(line: NDArray[np.float64], half_widths: NDArray[np.float64]) -> Polygon:
    """The strip along ``line [n, 2]`` that reaches ``half_widths [n, 2]`` metres to its left and right."""
    direction = np.gradient(line, axis=0)
    direction /= np.maximum(np.linalg.norm(direction, axis=1, keepdims=True), 1e-9)
    left = np.column_stack([-direction[:, 1], direction[:, 0]])
    sides = [line + left * half_widths[:, :1], (line - left * half_widths[:, 1:])[::-1]]
    return largest_part(Polygon(np.concatenate(sides)))
