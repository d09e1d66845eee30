"""DAC, DDC and TLC: staying on the road, on the right side of it, and before red lights (``docs/epdms.md``)."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms.areas import IN_INTERSECTION, OFF_ROAD, OFF_ROUTE, FlagArray
from irlvla.epdms.compiled import formula
from irlvla.epdms.geometry import greater, segment_touches_box, side
from irlvla.epdms.vehicle import HALF_LENGTH, HALF_WIDTH, INSTANTS
from irlvla.epdms.versions import Rules

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

WRONG_WAY_STEPS = 11
"""Steps whose metres are added up: the benchmark's second has eleven."""
WRONG_WAY_MINOR, WRONG_WAY_MAJOR = 2.0, 6.0
"""Metres off the route within such a second that cost half, and all, of DDC."""


class RedLights(NamedTuple):
    """``R`` red-light polygons; polygon ``r`` has the edges ``offsets[r]`` to ``offsets[r + 1]``, ``ax, ay, bx, by``.

    Attributes:
        edges: ``[E, 4]``, holes included. offsets: ``[R + 1]``.
        red: ``[R, 41]``, when each is red.
    """

    edges: FloatArray
    offsets: IntArray
    red: BoolArray


@formula
def drivable_area_compliance(areas: FlagArray) -> float:
    """DAC: 0 if a corner leaves the drivable area at any instant, else 1."""
    for t in range(INSTANTS):
        if areas[t] & OFF_ROAD:
            return 0.0
    return 1.0


@formula
def wrong_way_step(areas: FlagArray, boxes: FloatArray, t: int, rules: Rules) -> float:
    """Metres that the box centre moves in the step that ends at ``t``, 0 on the route or in an exempt intersection."""
    if t == 0 or areas[t] & OFF_ROUTE == 0 or (rules.exempts_intersections and areas[t] & IN_INTERSECTION):
        return 0.0
    return math.hypot(boxes[t, 0] - boxes[t - 1, 0], boxes[t, 1] - boxes[t - 1, 1])


@formula
def wrong_way_metres(areas: FlagArray, boxes: FloatArray, rules: Rules) -> float:
    """The most metres [m] driven off the route, outside intersections, in eleven steps in a row."""
    most = 0.0
    for t in range(INSTANTS):
        if areas[t] & OFF_ROUTE:
            metres = 0.0
            for i in range(greater(t + 1 - WRONG_WAY_STEPS, 0), t + 1):
                metres += wrong_way_step(areas, boxes, i, rules)
            most = greater(most, metres)
    return most


@formula
def driving_direction_compliance(areas: FlagArray, boxes: FloatArray, rules: Rules) -> float:
    """DDC: 1, 0.5 or 0 by :func:`wrong_way_metres`."""
    most = wrong_way_metres(areas, boxes, rules)
    if most < WRONG_WAY_MINOR:
        return 1.0
    return 0.5 if most < WRONG_WAY_MAJOR else 0.0


@formula
def box_touches_polygon(edges: FloatArray, x: float, y: float, cos: float, sin: float) -> bool:
    """Whether the ego box with this centre shares a point with the polygon of ``edges [E, 4]`` (even-odd rule)."""
    inside = False
    for e in range(len(edges)):
        ax, ay, bx, by = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
        if segment_touches_box(ax, ay, bx, by, x, y, cos, sin, HALF_LENGTH, HALF_WIDTH):
            return True
        if (ay <= y) != (by <= y):
            inside ^= (side(ax, ay, bx, by, x, y) > 0.0) == (by > ay)
    return inside


@formula
def traffic_light_compliance(lights: RedLights, boxes: FloatArray) -> float:
    """TLC: 0 if the ego box touches a connector while it is red, also if it stands on it from the start, else 1."""
    for r in range(len(lights.red)):
        edges = lights.edges[lights.offsets[r] : lights.offsets[r + 1]]
        for t in range(INSTANTS):
            if lights.red[r, t] and box_touches_polygon(edges, boxes[t, 0], boxes[t, 1], boxes[t, 2], boxes[t, 3]):
                return 0.0
    return 1.0
