"""The areas of a city's map, as shapes and as rings."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from irlvla.scene import Layer, Polylines
from irlvla.sources.nuplan_map.geopackage import VectorLayer, check_areas
from irlvla.sources.nuplan_map.network import belonging

_WIDTHS = "gen_lane_connectors_scaled_width_polygons"
_FURTHER = (
    ("roadblock", Layer.ROADBLOCK, "lane_groups_polygons"),
    ("intersection", Layer.INTERSECTION, "intersections"),
    ("carpark", Layer.CARPARK_AREA, "carpark_areas"),
)
Points = NDArray[np.float64]


@dataclass(frozen=True)
class Areas:
    """``K`` areas: lanes, lane connectors, roadblocks, intersections, car parks, each as its table has them.

    Attributes:
        ids: "lane/5", "connector/5", "roadblock/5", "intersection/5", "carpark/5".
        layers: ``[K]`` int8.
        shapes: ``[K]`` shapely.
        rings, holes, hole_owners: the same as in :class:`~irlvla.scene.HDMap`.
        speed_limits: ``[K]`` [m/s], NaN where there is none.
    """

    ids: tuple[str, ...]
    layers: NDArray[np.int8]
    shapes: NDArray[np.object_]
    rings: Polylines
    holes: Polylines
    hole_owners: NDArray[np.int32]
    speed_limits: NDArray[np.float64]


def areas_of(layers: Mapping[str, VectorLayer]) -> Areas:
    """The areas of a map with these layers.

    Raises:
        InputError: if something is without its area.
    """
    lanes, connectors = layers["lanes_polygons"], layers["lane_connectors"]
    tables = [
        ("lane", Layer.LANE, lanes.ids, check_areas(lanes.shapes, lanes)),
        ("connector", Layer.LANE_CONNECTOR, connectors.ids,
         check_areas(belonging(layers[_WIDTHS], "lane_connector_fid", connectors.ids), connectors)),
        *((name, kind, layers[table].ids, check_areas(layers[table].shapes, layers[table]))
          for name, kind, table in _FURTHER),
    ]  # fmt: skip
    shapes = np.concatenate([shapes for *_, shapes in tables])
    limits = np.concatenate([layer.numbers("speed_limit_mps") for layer in (lanes, connectors)])
    outlines = [rings_of(shape) for shape in shapes]
    holes = [(k, hole) for k, (_, inner) in enumerate(outlines) for hole in inner]
    return Areas(
        ids=tuple(f"{name}/{number}" for name, _, ids, _ in tables for number in ids.tolist()),
        layers=np.concatenate([np.full(len(ids), kind, np.int8) for _, kind, ids, _ in tables]),
        shapes=shapes,
        rings=Polylines.of([ring for ring, _ in outlines]),
        holes=Polylines.of([hole for _, hole in holes]),
        hole_owners=np.array([k for k, _ in holes], np.int32),
        speed_limits=np.concatenate([limits, np.full(len(shapes) - len(limits), np.nan)]),
    )


def rings_of(shape: BaseGeometry) -> tuple[Points, list[Points]]:
    """The outline ``[n, 2]`` of a polygon and those of its holes, the first point of each not repeated.

    The outlines of several parts are joined to one that goes from the first part to each other one and back the same
    way, so that by the even-odd rule it encloses their union.
    """
    parts = [part for part in shapely.get_parts(shape) if not part.is_empty]
    outlines = [shapely.get_coordinates(part.exterior)[:-1] for part in parts]
    joined = [outlines[0], *(np.concatenate([outlines[0][:1], ring, ring[:1]]) for ring in outlines[1:])]
    return np.concatenate(joined), [shapely.get_coordinates(hole)[:-1] for part in parts for hole in part.interiors]
