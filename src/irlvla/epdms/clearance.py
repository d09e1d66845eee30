"""How far the ego is from changing the flags of its areas, and from the centre line: metres for each instant."""

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms.areas import CENTRE, DRIVABLE, INTERSECTION, LANE, POINTS, ROUTE, MapAreas, box_point
from irlvla.epdms.compiled import compiled, formula
from irlvla.epdms.geometry import greater, lesser, nearest_on_segment
from irlvla.epdms.grid import CELL, PolygonGrid, cell_of, holds

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

FAR: Final = 0.5
"""Distances beyond it count as this [m]."""
AXLE: Final = POINTS
"""The rear axle, looked up after the points of a box."""


class Clearances(NamedTuple):
    """How firmly a flag is set [m], for ``P`` roll-outs ``[P, 41]``: the ego must move this far to change it.

    Positive where the flag is set and negative where it is not, cut to ``FAR``. ``straddles``, ``off_road``,
    ``off_route``, ``in_intersection`` are the flags of :mod:`irlvla.epdms.areas`; the last asks for the rear axle.
    """

    straddles: FloatArray
    off_road: FloatArray
    off_route: FloatArray
    in_intersection: FloatArray
    axle_in_intersection: FloatArray


class Nearby(NamedTuple):
    """The polygons near a box, and how deep its points and the rear axle lie in them; for use again and again.

    Attributes:
        polygons: ``[K]`` first those that are near.
        known: ``[1]`` how many these are.
        seen: ``[K]`` whether a polygon is among them.
        depths: ``[6, K]`` metres inside, negative outside, cut to ``FAR``.
    """

    polygons: IntArray
    known: IntArray
    seen: BoolArray
    depths: FloatArray


@formula
def squared_distance(edges: FloatArray, e: int, x: float, y: float) -> float:
    """Squared distance [m2] from a point to edge ``e`` of ``edges [E, 4]``."""
    ax, ay = edges[e, 0], edges[e, 1]
    dx, dy = edges[e, 2] - ax, edges[e, 3] - ay
    square, share = dx * dx + dy * dy, 0.0
    if square > 0.0:
        share = lesser(greater(((x - ax) * dx + (y - ay) * dy) / square, 0.0), 1.0)
    return float((ax + share * dx - x) ** 2 + (ay + share * dy - y) ** 2)


@formula
def _look_about(grid: PolygonGrid, x: float, y: float, p: int, nearby: Nearby) -> None:
    """Adds the polygons near a point, and writes how deep it lies in each to row ``p`` of the depths."""
    depths = nearby.depths
    centre, left, bottom = cell_of(grid, x, y)
    if centre < 0:
        return
    west, east = math.floor((x - FAR - grid.left) / CELL), math.floor((x + FAR - grid.left) / CELL)
    south, north = math.floor((y - FAR - grid.bottom) / CELL), math.floor((y + FAR - grid.bottom) / CELL)
    for r in range(greater(south, 0), lesser(north + 1, grid.rows)):
        for c in range(greater(west, 0), lesser(east + 1, grid.columns)):
            cell = r * grid.columns + c
            for entry in range(grid.cell_entries[cell], grid.cell_entries[cell + 1]):
                k = grid.entry_polygon[entry]
                if not nearby.seen[k]:
                    nearby.seen[k] = True
                    nearby.polygons[nearby.known[0]] = k
                    nearby.known[0] += 1
                    depths[:, k] = -FAR
                depth = -depths[p, k]
                for i in range(grid.entry_crossing[entry], grid.entry_crossing[entry + 1]):
                    square = squared_distance(grid.edges, grid.crossing[i], x, y)
                    if square < depth * depth:
                        depth = math.sqrt(square)
                depths[p, k] = -depth
    for entry in range(grid.cell_entries[centre], grid.cell_entries[centre + 1]):
        if holds(grid, entry, left, bottom, x, y):
            depths[p, grid.entry_polygon[entry]] *= -1.0


@formula
def _write_clearances(roles: IntArray, nearby: Nearby, clearances: FloatArray) -> None:
    """Writes the five ``clearances`` of one instant."""
    depths = nearby.depths
    some_lane = other_lane = one_lane = -FAR  # deepest corner in a lane, in another; least deep corner in the best lane
    route = crossing = axle = -FAR
    for i in range(nearby.known[0]):
        k = nearby.polygons[i]
        if roles[k] & LANE:
            deepest, least = -FAR, FAR
            for p in range(CENTRE):
                deepest, least = greater(deepest, depths[p, k]), lesser(least, depths[p, k])
            other_lane = greater(other_lane, lesser(some_lane, deepest))
            some_lane, one_lane = greater(some_lane, deepest), greater(one_lane, least)
        if roles[k] & ROUTE:
            route = greater(route, depths[CENTRE, k])
        if roles[k] & INTERSECTION:
            crossing, axle = greater(crossing, depths[CENTRE, k]), greater(axle, depths[AXLE, k])
    off_road = -FAR
    for p in range(CENTRE):
        drivable = -FAR
        for i in range(nearby.known[0]):
            k = nearby.polygons[i]
            if roles[k] & DRIVABLE:
                drivable = greater(drivable, depths[p, k])
        off_road = greater(off_road, -drivable)
    clearances[0], clearances[1], clearances[2] = lesser(other_lane, -one_lane), off_road, -route
    clearances[3], clearances[4] = crossing, axle


@compiled
def _area_clearances(map_areas: MapAreas, states: FloatArray, boxes: FloatArray, clearances: FloatArray) -> None:
    """Writes ``clearances [P, 41, 5]``."""
    count = len(map_areas.roles)
    nearby = Nearby(
        np.empty(count, np.int64), np.zeros(1, np.int64), np.zeros(count, np.bool_), np.empty((AXLE + 1, count))
    )
    for n in range(len(states)):
        for t in range(states.shape[1]):
            for i in range(nearby.known[0]):
                nearby.seen[nearby.polygons[i]] = False
            nearby.known[0] = 0
            for p in range(POINTS):
                x, y = box_point(boxes[n], t, p)
                _look_about(map_areas.grid, x, y, p, nearby)
            _look_about(map_areas.grid, states[n, t, 0], states[n, t, 1], AXLE, nearby)
            _write_clearances(map_areas.roles, nearby, clearances[n, t])


def area_clearances(map_areas: MapAreas, states: FloatArray, boxes: FloatArray) -> Clearances:
    """Clearances of the roll-outs ``states [P, 41, 11]`` with the ego ``boxes [P, 41, 4]``."""
    clearances = np.empty((*states.shape[:2], len(Clearances._fields)))
    _area_clearances(map_areas, states, boxes, clearances)
    return Clearances(*np.moveaxis(clearances, -1, 0))


@compiled
def line_distances(line: FloatArray, boxes: FloatArray) -> FloatArray:
    """Distances ``[P, 41]`` from the centres of ``boxes [P, 41, 4]`` to ``line [Q, 2]`` [m]."""
    distances = np.empty(boxes.shape[:2])
    for n in range(len(boxes)):
        for t in range(boxes.shape[1]):
            square = np.inf
            for k in range(len(line) - 1):
                square = min(square, nearest_on_segment(line, k, boxes[n, t, 0], boxes[n, t, 1])[0])
            distances[n, t] = math.sqrt(square)
    return distances
