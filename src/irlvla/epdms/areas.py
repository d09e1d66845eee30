"""Where on the map the ego is at each instant (``docs/epdms.md``, "Ego areas"); four sub-scores ask for it."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms.compiled import formula, inlined
from irlvla.epdms.grid import PolygonGrid, cell_of, holds
from irlvla.epdms.vehicle import HALF_LENGTH, HALF_WIDTH, INSTANTS

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
FlagArray = NDArray[np.uint8]

LANE: Final = 1
ROUTE: Final = 2
DRIVABLE: Final = 4
INTERSECTION: Final = 8
"""Roles of a polygon, to be added up: lane or lane connector; one of those on the route; part of the drivable area
(roadblock, intersection, drivable area, car park); intersection."""

OFF_ROAD: Final = 1
OFF_ROUTE: Final = 2
IN_INTERSECTION: Final = 4
"""Flags of an instant, to be added up: some corner lies in no drivable polygon ("non-drivable"); the centre lies in no
lane of the route ("oncoming", whatever the direction); the centre lies in an intersection."""

POINTS: Final = 5
CENTRE: Final = 4
"""A box is looked up at four corners and, last, its centre."""


class MapAreas(NamedTuple):
    """The polygons of a scene's map: where they are, and the roles of each ``[K]``."""

    grid: PolygonGrid
    roles: IntArray


@inlined
def roles_at(map_areas: MapAreas, x: float, y: float, wanted: int) -> int:
    """Those of the roles ``wanted`` that a polygon which holds the point has."""
    grid, missing = map_areas.grid, wanted
    cell, left, bottom = cell_of(grid, x, y)
    if cell >= 0:
        for entry in range(grid.cell_entries[cell], grid.cell_entries[cell + 1]):
            role = map_areas.roles[grid.entry_polygon[entry]]
            if role & missing and holds(grid, entry, left, bottom, x, y):
                missing &= ~role
                if missing == 0:
                    break
    return wanted & ~missing


@inlined
def box_point(boxes: FloatArray, t: int, p: int) -> tuple[float, float]:
    """Point ``p`` of the ego box ``boxes[t]``: its corners, then its centre."""
    along = 0.0 if p == CENTRE else (HALF_LENGTH if p < 2 else -HALF_LENGTH)
    across = 0.0 if p == CENTRE else (HALF_WIDTH if p % 2 == 0 else -HALF_WIDTH)
    cos, sin = boxes[t, 2], boxes[t, 3]
    return boxes[t, 0] + along * cos - across * sin, boxes[t, 1] + along * sin + across * cos


@inlined
def holds_box(grid: PolygonGrid, polygon: int, boxes: FloatArray, t: int) -> bool:
    """Whether a polygon holds all four corners of the ego box ``boxes[t]``."""
    for p in range(CENTRE):
        x, y = box_point(boxes, t, p)
        cell, left, bottom = cell_of(grid, x, y)
        inside = False
        if cell >= 0:
            for entry in range(grid.cell_entries[cell], grid.cell_entries[cell + 1]):
                if grid.entry_polygon[entry] == polygon:
                    inside = holds(grid, entry, left, bottom, x, y)
                    break
        if not inside:
            return False
    return True


@inlined
def in_one_lane(map_areas: MapAreas, boxes: FloatArray, t: int) -> bool:
    """Whether some lane holds all four corners of the ego box ``boxes[t]``; only lanes near the first corner can."""
    grid = map_areas.grid
    x, y = box_point(boxes, t, 0)
    cell, _, _ = cell_of(grid, x, y)
    if cell >= 0:
        for entry in range(grid.cell_entries[cell], grid.cell_entries[cell + 1]):
            polygon = grid.entry_polygon[entry]
            if map_areas.roles[polygon] & LANE and holds_box(grid, polygon, boxes, t):
                return True
    return False


@formula
def straddles(map_areas: MapAreas, boxes: FloatArray, t: int) -> bool:
    """Whether corners of the ego box ``boxes[t]`` lie in several lanes, and no lane holds them all ("multiple lanes").

    Asked only where something is touched: it costs more than all the flags of an instant.
    """
    grid = map_areas.grid
    lane = -1
    for p in range(CENTRE):
        x, y = box_point(boxes, t, p)
        cell, left, bottom = cell_of(grid, x, y)
        if cell >= 0:
            for entry in range(grid.cell_entries[cell], grid.cell_entries[cell + 1]):
                polygon = grid.entry_polygon[entry]
                other = map_areas.roles[polygon] & LANE != 0 and polygon != lane
                if other and holds(grid, entry, left, bottom, x, y):
                    if lane >= 0:
                        return not in_one_lane(map_areas, boxes, t)
                    lane = polygon
    return False


@inlined
def flags_at(map_areas: MapAreas, boxes: FloatArray, t: int) -> int:
    """Flags of the ego box ``boxes[t]``."""
    x, y = box_point(boxes, t, CENTRE)
    there = roles_at(map_areas, x, y, ROUTE | INTERSECTION)
    flags = (0 if there & ROUTE else OFF_ROUTE) | (IN_INTERSECTION if there & INTERSECTION else 0)
    for p in range(CENTRE):
        x, y = box_point(boxes, t, p)
        if not roles_at(map_areas, x, y, DRIVABLE):
            return flags | OFF_ROAD
    return flags


@formula
def find_areas(map_areas: MapAreas, boxes: FloatArray, areas: FlagArray) -> None:
    """Writes the flags of the ego ``boxes [41, 4]`` to ``areas [41]``."""
    for t in range(INSTANTS):
        areas[t] = flags_at(map_areas, boxes, t)
