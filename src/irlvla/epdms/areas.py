"""Where on the map the ego is at each instant (``docs/epdms.md``, "Ego areas"); four sub-scores ask for it."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms.compiled import compiled
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

POINTS, CENTRE = 5, 4
"""A box is looked up at four corners and, last, its centre."""


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


@compiled
def roles_at(map_areas: MapAreas, x: float, y: float) -> int:
    """The roles, added up, of all polygons that hold a point."""
    count, found = polygons_at(map_areas.grid, np.array([[x, y]]))
    united = 0
    for i in range(count[0]):
        united |= map_areas.roles[found[0, i]]
    return united


@compiled
def box_points(boxes: FloatArray) -> FloatArray:
    """The four corners and the centre of each ego box ``[S, 4]``, one after the other: ``[S * 5, 2]``."""
    points = np.empty((len(boxes) * POINTS, 2))
    for t in range(len(boxes)):
        x, y, cos, sin = boxes[t, 0], boxes[t, 1], boxes[t, 2], boxes[t, 3]
        for corner in range(4):
            along = HALF_LENGTH if corner < 2 else -HALF_LENGTH
            across = HALF_WIDTH if corner % 2 == 0 else -HALF_WIDTH
            points[t * POINTS + corner, 0] = x + along * cos - across * sin
            points[t * POINTS + corner, 1] = y + along * sin + across * cos
        points[t * POINTS + CENTRE] = x, y
    return points


@compiled
def find_areas(map_areas: MapAreas, boxes: FloatArray) -> Areas:
    """Areas of the ego ``boxes [41, 4]``."""
    roles = map_areas.roles
    count, found = polygons_at(map_areas.grid, box_points(boxes))
    areas = Areas(
        np.zeros(INSTANTS, np.bool_), np.zeros(INSTANTS, np.bool_),
        np.zeros(INSTANTS, np.bool_), np.zeros(INSTANTS, np.bool_),
    )  # fmt: skip
    corners_inside = np.zeros(len(roles), np.int64)
    for t in range(INSTANTS):
        lanes, held = 0, False
        corners_inside[:] = 0
        for p in range(t * POINTS, (t + 1) * POINTS):
            united = 0
            for i in range(count[p]):
                k = found[p, i]
                united |= roles[k]
                if p % POINTS != CENTRE and roles[k] & LANE:
                    corners_inside[k] += 1
                    lanes += corners_inside[k] == 1
                    held = held or corners_inside[k] == 4
            if p % POINTS != CENTRE:
                areas.off_road[t] |= (united & DRIVABLE) == 0
            else:
                areas.off_route[t] = (united & ROUTE) == 0
                areas.in_intersection[t] = (united & INTERSECTION) != 0
        areas.straddles[t] = lanes > 1 and not held
    return areas
