"""The lines of a city's map: centre lines, paint and edges of the road."""

from collections import Counter
from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from irlvla.scene import LineKind, Polylines
from irlvla.sources.nuplan_map.geopackage import VectorLayer
from irlvla.sources.polygons import polygons_of

PIECE = 100.0
"""Edges of the road are cut into pieces no longer than this [m]."""
ROAD = ("road_segments", "intersections", "generic_drivable_areas", "carpark_areas")
"""Layers whose union is the road."""

_BROKEN, _SOLID = 0, 2  # boundary_type_fid; the others do not say
_SIDES = ("left_boundary_fid", "right_boundary_fid")
Points = NDArray[np.float64]


def lines_of(layers: Mapping[str, VectorLayer], baselines: NDArray[np.object_]) -> tuple[Polylines, NDArray[np.int8]]:
    """Lines and a :class:`LineKind` each.

    Centre lines of all lanes in the order of ``baselines [N]``, then markings, outlines of crosswalks and of the places
    to stop, and the outlines of the road where the map has its layer ``road_segments``.
    """
    lines = [(LineKind.CENTERLINE, shapely.get_coordinates(line)) for line in baselines]
    if "boundaries" in layers:
        lines += _markings(layers["boundaries"], layers["lanes_polygons"])
    for name, kind in (("crosswalks", LineKind.CROSSWALK), ("stop_polygons", LineKind.STOP_LINE)):
        if name in layers:
            lines += [(kind, shapely.get_coordinates(ring)) for ring in _outlines(layers[name].shapes)]
    if "road_segments" in layers:
        lines += [(LineKind.ROAD_EDGE, piece) for piece in _road_edges(layers)]
    return Polylines.of([line for _, line in lines]), np.array([kind for kind, _ in lines], np.int8)


def _markings(boundaries: VectorLayer, lanes: VectorLayer) -> list[tuple[LineKind, Points]]:
    """Sides of lanes as paint.

    One that does not say of which kind it is is broken between two lanes and solid beside one. If it is no side of a
    lane it is no paint: connectors have such sides.
    """
    uses = Counter(np.concatenate([lanes.whole_numbers(side) for side in _SIDES]).tolist())
    lines: list[tuple[LineKind, Points]] = []
    kinds = boundaries.whole_numbers("boundary_type_fid").tolist()
    for number, kind, shape in zip(boundaries.ids.tolist(), kinds, boundaries.shapes, strict=True):
        if kind in (_BROKEN, _SOLID) or uses[number]:
            broken = kind == _BROKEN or (kind != _SOLID and uses[number] > 1)
            paint = LineKind.MARKING_WHITE_BROKEN if broken else LineKind.MARKING_WHITE_SOLID
            lines += [(paint, shapely.get_coordinates(part)) for part in shapely.get_parts(shape) if part.length > 0.0]
    return lines


def _outlines(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    rings = shapely.get_exterior_ring(shapely.get_parts(shapes))
    usable: NDArray[np.object_] = rings[~(shapely.is_missing(rings) | shapely.is_empty(rings))]
    return usable


def _road_edges(layers: Mapping[str, VectorLayer]) -> list[Points]:
    shapes = np.concatenate([layers[name].shapes for name in ROAD if name in layers])
    road = shapely.union_all(shapely.make_valid(shapes[~shapely.is_missing(shapes)]))
    rings = [ring for part in polygons_of(road) for ring in (part.exterior, *part.interiors)]
    return [piece for ring in rings for piece in pieces(shapely.get_coordinates(ring))]


def pieces(line: Points, longest: float = PIECE) -> list[Points]:
    """``line [n, 2]`` cut into as few pieces of equal length as none of which is longer than ``longest`` [m]."""
    along = np.concatenate([[0.0], np.hypot(*np.diff(line, axis=0).T).cumsum()])
    cuts = np.linspace(0.0, along[-1], max(1, int(np.ceil(along[-1] / longest))) + 1)
    ends = np.column_stack([np.interp(cuts, along, line[:, axis]) for axis in (0, 1)])
    inner = [line[(along > begin) & (along < end)] for begin, end in pairwise(cuts)]
    return [np.concatenate([ends[k : k + 1], inner[k], ends[k + 1 : k + 2]]) for k in range(len(inner))]
