"""Vehicles put on rails: what is known of them before any plan is driven."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms.compiled import compiled
from irlvla.epdms.lanes import Rail
from irlvla.epdms.traffic_shapes import bounds_of, shapes_touch, strip
from irlvla.epdms.vehicle import INSTANTS, STEP

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

ACCELERATION: Final = 1.0
"""Greatest acceleration [m/s2]."""
HEADWAY: Final = 1.5
"""Seconds that a vehicle looks ahead."""
SLACK: Final = 0.1
"""Metres added to the room that a vehicle can take, for rounding."""


class Fleet(NamedTuple):
    """``V`` vehicles on rails at the start, in order.

    Attributes:
        points, point_offsets: ``[P, 4]``, ``[V + 1]`` points of the rails (:class:`~irlvla.epdms.lanes.Rail`).
        stretches, stretch_offsets: ``[S, 6]``, ``[V + 1]`` straight pieces of the rails.
        boxes: ``[V, 6]`` rectangles in which the vehicles start.
        along: ``[V]`` metres along the rail. speeds: ``[V]`` [m/s].
        limit: wanted speed of all [m/s].
        axes: ``[2, 2]`` directions of the global x and y axes.
        meets: ``[V, V]`` bool, whether the second may ever be on the way of the first.
    """

    points: FloatArray
    point_offsets: IntArray
    stretches: FloatArray
    stretch_offsets: IntArray
    boxes: FloatArray
    along: FloatArray
    speeds: FloatArray
    limit: float
    axes: FloatArray
    meets: BoolArray


def fleet_of(
    rails: Sequence[Rail],
    boxes: FloatArray,
    along: Sequence[float],
    speeds: FloatArray,
    limit: float,
    heading: float,
) -> Fleet:
    """The vehicles that start in ``boxes [V, 6]`` on ``rails``, ``along`` metres from their starts.

    Args:
        rails: ``V`` of them.
        boxes: rectangles in which the vehicles start.
        along: ``V`` places.
        speeds: ``[V]`` [m/s].
        limit: wanted speed of all [m/s].
        heading: of the frame of all this in the global one [rad].
    """
    fleet = Fleet(
        points=np.concatenate([np.zeros((0, 4)), *(rail.points for rail in rails)]),
        point_offsets=np.cumsum([0, *(len(rail.points) for rail in rails)], dtype=np.int64),
        stretches=np.concatenate([np.zeros((0, 6)), *(rail.stretches for rail in rails)]),
        stretch_offsets=np.cumsum([0, *(len(rail.stretches) for rail in rails)], dtype=np.int64),
        boxes=np.ascontiguousarray(boxes),
        along=np.array(along, np.float64),
        speeds=np.ascontiguousarray(speeds),
        limit=float(limit),
        axes=np.array([[np.cos(heading), -np.sin(heading)], [np.sin(heading), np.cos(heading)]]),
        meets=np.ones((len(rails), len(rails)), np.bool_),
    )
    overhang = np.array([_overhang(rail, box[4]) for rail, box in zip(rails, boxes, strict=True)], np.float64)
    find_meetings(fleet, overhang)
    return fleet


def _overhang(rail: Rail, half_length: float) -> float:
    """How far a box reaches beside the strip that it follows, at most, where the rail bends [m]."""
    heading, along = rail.points[:, 2], rail.points[:, 3]
    turn = np.abs(np.interp(along + half_length, along, heading) - heading).max()
    return float(half_length * min(turn, 1.0)) + SLACK


@compiled
def rail_points(fleet: Fleet, v: int) -> FloatArray:
    """``[P, 4]`` points of vehicle ``v``'s rail."""
    return fleet.points[fleet.point_offsets[v] : fleet.point_offsets[v + 1]]


@compiled
def rail_stretches(fleet: Fleet, v: int) -> FloatArray:
    """``[S, 6]`` straight pieces of vehicle ``v``'s rail."""
    return fleet.stretches[fleet.stretch_offsets[v] : fleet.stretch_offsets[v + 1]]


@compiled
def most_rectangles(fleet: Fleet) -> int:
    """Room for the shape of any vehicle: its box and all pieces of its rail."""
    most = 2
    for v in range(len(fleet.boxes)):
        most = max(most, fleet.stretch_offsets[v + 1] - fleet.stretch_offsets[v] + 1)
    return most


@compiled
def find_meetings(fleet: Fleet, overhang: FloatArray) -> None:
    """Writes ``fleet.meets``: whose reach in 4 s touches whose way to the end of its rail.

    ``overhang [V]`` [m] is how far a box may reach beside its strip.
    """
    most, seconds = most_rectangles(fleet), (INSTANTS - 1) * STEP
    way, reach, bounds = np.empty((most, 6)), np.empty((most, 6)), np.empty(4)
    for other in range(len(fleet.boxes)):
        points, half_length = rail_points(fleet, other), fleet.boxes[other, 4]
        fastest = fleet.speeds[other] + ACCELERATION * seconds
        rear = min(fleet.along[other] - half_length, points[-2, 3])
        front = fleet.along[other] + half_length + (seconds + HEADWAY) * fastest
        count = strip(rail_stretches(fleet, other), rear, front, fleet.boxes[other, 5] + overhang[other], reach)
        reach[:count, 4] += half_length + SLACK
        bounds_of(reach[:count], bounds)
        for v in range(len(fleet.boxes)):
            points = rail_points(fleet, v)
            start = min(fleet.along[v], points[-2, 3])
            pieces = strip(rail_stretches(fleet, v), start, points[-1, 3], fleet.boxes[v, 5], way)
            fleet.meets[v, other] = v != other and shapes_touch(way[:pieces], reach[:count], bounds)
