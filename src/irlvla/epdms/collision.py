"""NC and TTC: collisions that are the ego's fault, and those that it heads for (``docs/epdms.md``)."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms.areas import INTERSECTION, OFF_ROAD, FlagArray, MapAreas, roles_at, straddles
from irlvla.epdms.compiled import formula
from irlvla.epdms.geometry import boxes_touch, greater, lesser
from irlvla.epdms.vehicle import HALF_LENGTH, HALF_WIDTH, INSTANTS, STEP
from irlvla.epdms.versions import Rules

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

STANDING_SPEED = 0.05
"""At or below it the ego, or an object when first seen, counts as standing [m/s]."""
AHEAD, BEHIND = math.radians(30.0), math.radians(150.0)
LOOK_AHEAD_STEPS = (0, 3, 6, 9)
"""Steps that TTC looks ahead."""
TTC_STANDING_SPEED = 0.005
"""Below it TTC does not look ahead [m/s]."""


class Objects(NamedTuple):
    """``M`` objects at the 41 instants, in the ego frame of now.

    Attributes:
        boxes: ``[M, 41, 4]`` centre x and y, cosine and sine of the heading.
        half_sizes: ``[M, 2]`` half length and half width.
        present: ``[M, 41]`` whether the object is there.
        standing: ``[M]`` a static object, or one that stood when first seen.
        penalty: ``[M]`` what NC keeps after an at-fault collision with it: 0, for static objects 0.5.
        touching: ``[M]`` whether it touches the ego now.
        reach: ``[M, 4]`` box around all its positions: least x and y, greatest x and y, corners included.
    """

    boxes: FloatArray
    half_sizes: FloatArray
    present: BoolArray
    standing: BoolArray
    penalty: FloatArray
    touching: BoolArray
    reach: FloatArray


@formula
def bearing_to(state: FloatArray, x: float, y: float) -> float:
    """Angle [rad] between the ego's heading and the direction from its rear axle to a point.

    NaN where rounding makes the cosine exceed 1 (an object exactly ahead or behind), as in the benchmark: such an
    object is neither ahead nor behind.
    """
    dx, dy = x - state[0], y - state[1]
    distance = math.hypot(dx, dy)
    cosine = math.cos(state[2]) * (dx / distance) + math.sin(state[2]) * (dy / distance) if distance > 0.0 else np.nan
    return math.acos(cosine) if abs(cosine) <= 1.0 else np.nan


@formula
def ego_touches(
    x: float, y: float, cos: float, sin: float, half_length: float, boxes: FloatArray, t: int, half_size: FloatArray
) -> bool:
    """Whether a box as wide as the ego, of this half length and centre, touches box ``t`` of an object."""
    return boxes_touch(
        x, y, cos, sin, half_length, HALF_WIDTH,
        boxes[t, 0], boxes[t, 1], boxes[t, 2], boxes[t, 3], half_size[0], half_size[1],
    )  # fmt: skip


@formula
def ego_reach(boxes: FloatArray, speeds: FloatArray) -> tuple[float, float, float, float]:
    """Least x and y, greatest x and y that the ego, also moved on by TTC's look-ahead, touches at any instant."""
    margin = math.hypot(HALF_LENGTH, HALF_WIDTH)
    left = bottom = np.inf
    right = top = -np.inf
    for t in range(INSTANTS):
        x, y, ahead = boxes[t, 0], boxes[t, 1], STEP * LOOK_AHEAD_STEPS[-1] * speeds[t]
        ahead_x, ahead_y = x + ahead * boxes[t, 2], y + ahead * boxes[t, 3]
        left, right = lesser(left, lesser(x, ahead_x)), greater(right, greater(x, ahead_x))
        bottom, top = lesser(bottom, lesser(y, ahead_y)), greater(top, greater(y, ahead_y))
    return left - margin, bottom - margin, right + margin, top + margin


@formula
def matters(objects: Objects, m: int, reach: tuple[float, float, float, float], rules: Rules) -> bool:
    """Whether object ``m`` comes into the ego's ``reach`` and is not left out for touching it now."""
    left, bottom, right, top = reach
    if objects.touching[m] and rules.drops_touching:
        return False
    other = objects.reach
    return bool(other[m, 0] <= right and other[m, 1] <= top and other[m, 2] >= left and other[m, 3] >= bottom)


@formula
def at_fault(
    objects: Objects, m: int, t: int, states: FloatArray, boxes: FloatArray, speeds: FloatArray,
    areas: FlagArray, map_areas: MapAreas,
) -> bool:  # fmt: skip
    """Whether a contact with object ``m`` at instant ``t`` is the ego's fault.

    Never while the ego stands, always with a standing object; not when hit from behind; with its front edge always,
    with its side only where it straddles lanes or leaves the road.
    """
    if speeds[t] <= STANDING_SPEED:
        return False
    if objects.standing[m]:
        return True
    if bearing_to(states[t], objects.boxes[m, t, 0], objects.boxes[m, t, 1]) > BEHIND:
        return False
    cos, sin = boxes[t, 2], boxes[t, 3]
    front_x, front_y = boxes[t, 0] + HALF_LENGTH * cos, boxes[t, 1] + HALF_LENGTH * sin
    if ego_touches(front_x, front_y, cos, sin, 0.0, objects.boxes[m], t, objects.half_sizes[m]):
        return True
    return bool(areas[t] & OFF_ROAD) or straddles(map_areas, boxes, t)


@formula
def no_collision(
    objects: Objects, reach: tuple[float, float, float, float], states: FloatArray, boxes: FloatArray,
    speeds: FloatArray, areas: FlagArray, map_areas: MapAreas, rules: Rules,
) -> tuple[float, int]:  # fmt: skip
    """NC, and the first instant of an at-fault collision (-1 if none), with the objects in the ego's ``reach``.

    Only the first contact with each object counts: if that one is not the ego's fault the object is forgiven for good,
    and if it is, later ones change nothing.
    """
    score, first = 1.0, -1
    for m in range(len(objects.reach)):
        if not matters(objects, m, reach, rules):
            continue
        others, present, half_size = objects.boxes[m], objects.present[m], objects.half_sizes[m]
        for t in range(INSTANTS):
            x, y, cos, sin = boxes[t, 0], boxes[t, 1], boxes[t, 2], boxes[t, 3]
            if present[t] and ego_touches(x, y, cos, sin, HALF_LENGTH, others, t, half_size):
                if at_fault(objects, m, t, states, boxes, speeds, areas, map_areas):
                    score = lesser(score, objects.penalty[m])
                    first = t if first < 0 or t < first else first
                break
    return score, first


@formula
def first_forward_contact(
    objects: Objects, m: int, boxes: FloatArray, speeds: FloatArray, instants: int
) -> tuple[int, int]:
    """The first instant at which the ego, moved straight on at its speed, touches object ``m``, and the steps ahead.

    (-1, 0) if there is none in the first so many ``instants``. Instants come in order, and for each of them 0, 0.3,
    0.6 and 0.9 s ahead, as far as objects are known.
    """
    others, present, half_size = objects.boxes[m], objects.present[m], objects.half_sizes[m]
    for t in range(instants):
        if speeds[t] < TTC_STANDING_SPEED:
            continue
        cos, sin, stride = boxes[t, 2], boxes[t, 3], STEP * speeds[t]
        for ahead in LOOK_AHEAD_STEPS:
            x, y = boxes[t, 0] + ahead * stride * cos, boxes[t, 1] + ahead * stride * sin
            known = t + ahead < INSTANTS and present[t + ahead]
            if known and ego_touches(x, y, cos, sin, HALF_LENGTH, others, t + ahead, half_size):
                return t, ahead
    return -1, 0


@formula
def time_to_collision(
    objects: Objects, reach: tuple[float, float, float, float], states: FloatArray, boxes: FloatArray,
    speeds: FloatArray, areas: FlagArray, map_areas: MapAreas, rules: Rules,
) -> tuple[float, int]:  # fmt: skip
    """TTC, and the first instant of an infraction (-1 if none), with the objects in the ego's ``reach``.

    Only the first forward contact with each object counts. It is an infraction if the object is ahead, or, where the
    ego straddles lanes, leaves the road or has its rear axle in an intersection, if it is not behind.
    """
    first = -1
    for m in range(len(objects.reach)):
        if not matters(objects, m, reach, rules):
            continue
        t, ahead = first_forward_contact(objects, m, boxes, speeds, rules.forward_instants)
        if t < 0:
            continue
        bearing = bearing_to(states[t], objects.boxes[m, t + ahead, 0], objects.boxes[m, t + ahead, 1])
        guilty = bearing < AHEAD
        if not guilty and not bearing > BEHIND:
            in_intersection = roles_at(map_areas, states[t, 0], states[t, 1], INTERSECTION) != 0
            guilty = in_intersection or areas[t] & OFF_ROAD != 0 or straddles(map_areas, boxes, t)
        if guilty:
            first = t if first < 0 or t < first else first
    return (1.0 if first < 0 else 0.0), first
