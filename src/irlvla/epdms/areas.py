"""Where on the map the ego is at each instant (``docs/epdms.md``, "Ego areas"); four sub-scores ask for it."""

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from irlvla.epdms.grid import PolygonGrid, polygons_at
from irlvla.epdms.vehicle import HALF_LENGTH, HALF_WIDTH, INSTANTS

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

LANE: Final = 1
ROUTE: Final = 2
DRIVABLE: Final = 4
INTERSECTION: Final = 8
"""Roles of a polygon, to be added up: lane or lane connector; one of those on the route; part of the drivable area
(roadblock, intersection, drivable area, car park); intersection."""


class MapAreas(NamedTuple):
    """The polygons of a scene's map: where they are, and the roles of each ``[K]``."""

    grid: PolygonGrid
    roles: IntArray


class Areas(NamedTuple):
    """Flags of the ego at each of the 41 instants.

    Attributes:
        straddles: corners lie in several lanes, and no lane holds them all ("multiple lanes").
        off_road: some corner lies in no drivable polygon ("non-drivable").
        off_route: the centre lies in no lane of the route ("oncoming", whatever the direction).
        in_intersection: the centre lies in an intersection.
    """

    straddles: BoolArray
    off_road: BoolArray
    off_route: BoolArray
    in_intersection: BoolArray


@njit(cache=True)
def roles_at(map_areas: MapAreas, x: float, y: float) -> int:
    """The roles, added up, of all polygons that hold a point."""
    united = 0
    found = np.empty(len(map_areas.roles), np.int64)
    for i in range(polygons_at(map_areas.grid, x, y, found)):
        united |= map_areas.roles[found[i]]
    return united


@njit(cache=True)
def corner_areas(map_areas: MapAreas, box: FloatArray, found: IntArray, corners_inside: IntArray) -> tuple[bool, bool]:
    """``straddles`` and ``off_road`` of the ego ``box [4]``: centre x and y, cosine and sine of the heading.

    ``found`` and ``corners_inside`` are room for one number a polygon; the latter is all zero before and after.
    """
    x, y, cos, sin = box[0], box[1], box[2], box[3]
    on_road, lanes, held = True, 0, False
    for corner in range(4):
        along = HALF_LENGTH if corner < 2 else -HALF_LENGTH
        across = HALF_WIDTH if corner % 2 == 0 else -HALF_WIDTH
        count = polygons_at(map_areas.grid, x + along * cos - across * sin, y + along * sin + across * cos, found)
        united = 0
        for k in found[:count]:
            united |= map_areas.roles[k]
            corners_inside[k] += 1
            if map_areas.roles[k] & LANE:
                lanes += corners_inside[k] == 1
                held = held or corners_inside[k] == 4
        on_road = on_road and (united & DRIVABLE) != 0
    corners_inside[:] = 0
    return lanes > 1 and not held, not on_road


@njit(cache=True)
def find_areas(map_areas: MapAreas, boxes: FloatArray) -> Areas:
    """Areas of the ego ``boxes [41, 4]``."""
    areas = Areas(
        np.empty(INSTANTS, np.bool_), np.empty(INSTANTS, np.bool_),
        np.empty(INSTANTS, np.bool_), np.empty(INSTANTS, np.bool_),
    )  # fmt: skip
    found, corners_inside = np.empty(len(map_areas.roles), np.int64), np.zeros(len(map_areas.roles), np.int64)
    for t in range(INSTANTS):
        areas.straddles[t], areas.off_road[t] = corner_areas(map_areas, boxes[t], found, corners_inside)
        united = roles_at(map_areas, boxes[t, 0], boxes[t, 1])
        areas.off_route[t] = (united & ROUTE) == 0
        areas.in_intersection[t] = (united & INTERSECTION) != 0
    return areas
