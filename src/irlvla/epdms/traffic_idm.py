"""Vehicles on rails that keep their distance by the intelligent driver model (IDM), compiled.

Every 0.1 s the vehicles move one after the other, in the order of the tracks; each sees those before it where they are
already, the others where they still are, and the ego where it was at the step's start. The shape in which a vehicle is
seen, and from which it measures its own gaps, reaches ahead as far as it goes in its headway time.
"""

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms.compiled import compiled
from irlvla.epdms.traffic_fleet import ACCELERATION, HEADWAY, Fleet, most_rectangles, rail_points, rail_stretches
from irlvla.epdms.traffic_shapes import (
    bounds_distance,
    bounds_of,
    middle_along,
    pose_on,
    rectangles_touch,
    shape_distance,
    shapes_touch,
    strip,
    write_box,
)
from irlvla.epdms.vehicle import HALF_LENGTH, HALF_WIDTH, INSTANTS, STEP

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

SMALLEST_GAP: Final = 1.0
"""Gap that a standing vehicle keeps [m]."""
BRAKING: Final = 2.0
"""Greatest deceleration [m/s2]."""
EXPONENT: Final = 4
USUAL_SPEED: Final = 10.0
"""Wanted speed where no limit is known [m/s]."""
TOUCHING: Final = 1e-9
"""Shapes nearer than this touch [m]."""
LEVEL: Final = 1e-6
"""What lies less than this further south is no further south [m]."""
RANGE: Final = 100.0
"""A vehicle further than this from the ego's rear axle is taken out for good [m]."""


class Room(NamedTuple):
    """The room that ``V`` vehicles and, last, the ego take.

    Attributes:
        shapes: ``[V + 1, R, 6]`` rectangles. counts: ``[V + 1]`` how many of them. bounds: ``[V + 1, 4]``.
        here: ``[V + 1]`` bool, whether it is still there.
        poses: ``[V + 1, 3]`` x, y, heading. speeds: ``[V + 1]`` [m/s]. along: ``[V + 1]`` metres along its rail.
        way: ``[R, 6]`` the way that one vehicle has before it. reach: ``[4]`` its bounds.
    """

    shapes: FloatArray
    counts: IntArray
    bounds: FloatArray
    here: BoolArray
    poses: FloatArray
    speeds: FloatArray
    along: FloatArray
    way: FloatArray
    reach: FloatArray


@compiled
def idm_acceleration(speed: float, wanted: float, gap: float, lead_speed: float) -> float:
    """Acceleration [m/s2] of the intelligent driver model behind a leader, between -2 and 1.

    ``a (1 - (v / wanted)^4 - (s / gap)^2)`` with ``s = 1 + 1.5 v + v (v - lead) / (2 sqrt(a b))``; a gap below the
    smallest one counts as that. (Treiber, Hennecke and Helbing 2000.)

    Quirk: a leader so fast that ``s`` is negative is braked for as if it were slow.
    """
    closing = speed * (speed - lead_speed) / (2.0 * math.sqrt(ACCELERATION * BRAKING))
    share = (SMALLEST_GAP + speed * HEADWAY + closing) / max(gap, SMALLEST_GAP)
    free = 1.0 - (speed / wanted) ** EXPONENT
    return min(max(ACCELERATION * (free - share * share), -BRAKING), ACCELERATION)


@compiled
def drive_fleet(fleet: Fleet, states: FloatArray, poses: FloatArray, speeds: FloatArray, present: BoolArray) -> None:
    """How the vehicles drive beside each of ``N`` roll-outs of the ego.

    Args:
        fleet: the vehicles now.
        states: ``[N, 41, 11]`` the ego, in the frame of the fleet.
        poses: ``[N, V, 41, 3]`` written to from instant 1 on: box centre and heading.
        speeds: ``[N, V, 41]`` written likewise [m/s].
        present: ``[N, V, 41]`` written likewise: whether it is still in range.
    """
    vehicles = len(fleet.boxes)
    room = empty_room(fleet)
    for n in range(len(states)):
        start_fleet(fleet, room)
        for t in range(1, INSTANTS):
            place_ego(states[n, t - 1], room)
            for v in range(vehicles):
                x, y = room.poses[v, 0] - states[n, t - 1, 0], room.poses[v, 1] - states[n, t - 1, 1]
                room.here[v] = room.here[v] and math.hypot(x, y) <= RANGE
            for v in range(vehicles):
                if room.here[v]:
                    move(fleet, v, room)
                    poses[n, v, t] = room.poses[v]
                    speeds[n, v, t] = room.speeds[v]
                present[n, v, t] = room.here[v]


@compiled
def empty_room(fleet: Fleet) -> Room:
    """Room for the vehicles of ``fleet`` and the ego."""
    each, most = len(fleet.boxes) + 1, most_rectangles(fleet)
    return Room(
        shapes=np.empty((each, most, 6)),
        counts=np.ones(each, np.int64),
        bounds=np.empty((each, 4)),
        here=np.ones(each, np.bool_),
        poses=np.empty((each, 3)),
        speeds=np.empty(each),
        along=np.empty(each),
        way=np.empty((most, 6)),
        reach=np.empty(4),
    )


@compiled
def start_fleet(fleet: Fleet, room: Room) -> None:
    """Put all vehicles where they start, seen as their boxes."""
    for v in range(len(fleet.boxes)):
        room.here[v], room.along[v], room.speeds[v] = True, fleet.along[v], fleet.speeds[v]
        room.poses[v, 0], room.poses[v, 1], room.poses[v, 2] = pose_on(rail_points(fleet, v), fleet.along[v])
        room.shapes[v, 0], room.counts[v] = fleet.boxes[v], 1
        bounds_of(room.shapes[v, :1], room.bounds[v])


@compiled
def place_ego(state: FloatArray, room: Room) -> None:
    """Put the ego at ``state [11]``.

    Quirk: its box is centred on the rear axle, 1.461 m too far back.
    """
    write_box(state[0], state[1], state[2], HALF_LENGTH, HALF_WIDTH, room.shapes[-1, 0])
    bounds_of(room.shapes[-1, :1], room.bounds[-1])
    room.poses[-1] = state[:3]
    room.speeds[-1] = math.hypot(state[3], state[4])


@compiled
def move(fleet: Fleet, v: int, room: Room) -> None:
    """Move vehicle ``v`` on by one step, and its shape with it.

    Quirk: without a leader it holds the end of its rail for a standing one.
    """
    points, stretches = rail_points(fleet, v), rail_stretches(fleet, v)
    half_length, half_width = fleet.boxes[v, 4], fleet.boxes[v, 5]
    last_step, end = points[-2, 3], points[-1, 3]
    along, speed = room.along[v], room.speeds[v]

    pieces = strip(stretches, along if along < end else last_step, end, half_width, room.way)
    lead, gap = leader(fleet, v, room, pieces)
    lead_speed = 0.0
    if lead < 0:
        gap = end - along - half_length
    else:
        lead_speed = room.speeds[lead] * math.cos(room.poses[lead, 2] - room.poses[v, 2])
    along += STEP * speed
    speed = max(speed + STEP * idm_acceleration(speed, fleet.limit, gap, lead_speed), 0.0)

    x, y, heading = pose_on(points, along)
    room.along[v], room.speeds[v] = along, speed
    room.poses[v, 0], room.poses[v, 1], room.poses[v, 2] = x, y, heading
    rear, front = max(along - half_length, 0.0), min(along + half_length + HEADWAY * speed, end)
    write_box(x, y, heading, half_length, half_width, room.shapes[v, 0])
    ahead = strip(stretches, rear if rear < end else last_step, front, half_width, room.shapes[v, 1:])
    room.counts[v] = 1 + ahead
    bounds_of(room.shapes[v, : 1 + ahead], room.bounds[v])


@compiled
def leader(fleet: Fleet, v: int, room: Room, pieces: int) -> tuple[int, float]:
    """Whom vehicle ``v`` follows (-1 if nobody), and how far off it is [m].

    Of those whose shape touches the way from its centre to the end of its rail, the first ``pieces`` rectangles of
    ``room.way``, the one whose shape is nearest to its own. **Quirks:** that may be the vehicle behind it; and of
    several that touch its own it is the southernmost, by the middle of its extent, of several as far south the
    westernmost (so the search tree of the benchmark answers, if no more than ten are on the way).
    """
    way, own = room.way[:pieces], room.shapes[v, : room.counts[v]]
    bounds_of(way, room.reach)
    nearest, gap, west, south = -1, np.inf, np.inf, np.inf
    for other in range(len(room.here)):
        if not room.here[other] or (other < len(fleet.meets) and not fleet.meets[v, other]):
            continue
        bounds = room.bounds[other]
        if bounds_distance(room.reach, bounds) > 0.0 or bounds_distance(room.bounds[v], bounds) > gap:
            continue
        shape = room.shapes[other, : room.counts[other]]
        if not shapes_touch(way, shape, bounds):
            continue
        distance = shape_distance(own, shape, bounds, max(gap, TOUCHING))
        if 0.0 < distance < gap:
            nearest, gap = other, distance
        elif distance == 0.0:
            gap, x, y = 0.0, middle_along(shape, fleet.axes[0]), middle_along(shape, fleet.axes[1])
            if y < south - LEVEL or (y < south + LEVEL and x < west):
                nearest, west, south = other, x, y
    return nearest, gap


@compiled
def show_parked(
    boxes: FloatArray, fleet_boxes: FloatArray, poses: FloatArray, driving: BoolArray, present: BoolArray
) -> None:
    """At which instants vehicles that do not drive are there: where none that drives touches them, from instant 1 on.

    Args:
        boxes: ``[Q, 6]`` rectangles of those that do not drive; of two that touch the first stays.
        fleet_boxes: ``[V, 6]`` rectangles in which those that drive started; their sizes count.
        poses: ``[N, V, 41, 3]`` where those are. driving: ``[N, V, 41]`` whether they are there.
        present: ``[N, Q, 41]`` written to.
    """
    box = np.empty(6)
    for n in range(len(present)):
        for t in range(1, INSTANTS):
            for q in range(len(boxes)):
                free = True
                for p in range(q):
                    free = free and not (present[n, p, t] and rectangles_touch(boxes[q], boxes[p]))
                for v in range(len(fleet_boxes)):
                    if free and driving[n, v, t]:
                        x, y, heading = poses[n, v, t]
                        write_box(x, y, heading, fleet_boxes[v, 4], fleet_boxes[v, 5], box)
                        free = not rectangles_touch(boxes[q], box)
                present[n, q, t] = free
