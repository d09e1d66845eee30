"""Traffic over some time, step by step, and what is kept of it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from irlvla.sources.town.traffic.compiled import compiled
from irlvla.sources.town.traffic.drive import EGO, advance, lead
from irlvla.sources.town.traffic.following import new_sight
from irlvla.sources.town.traffic.places import extend_plan, put
from irlvla.sources.town.traffic.state import NOBODY, BoolArray, FloatArray, IntArray, Lights, People, Roads, Vehicles
from irlvla.sources.town.traffic.walking import stand


class Track(NamedTuple):
    """What ``V`` vehicles and ``Q`` people did in ``S`` steps: the state after each of them.

    Attributes:
        poses: ``[S, V, 3]`` middles of the boxes, global; speeds, accelerations: ``[S, V]``; alive: ``[S, V]``;
            lamps: ``[S, V]``.
        lanes: ``[S]`` the ego's lane; places: ``[S]`` on it; leaving: ``[S]`` lane that it changes from; nexts: ``[S]``
            the lane that follows in its plan.
        people: ``[S, Q, 3]``; paces: ``[S, Q]``.
    """

    poses: FloatArray
    speeds: FloatArray
    accelerations: FloatArray
    alive: BoolArray
    lamps: NDArray[np.uint8]
    lanes: IntArray
    places: FloatArray
    leaving: IntArray
    nexts: IntArray
    people: FloatArray
    paces: FloatArray


@compiled
def run(
    roads: Roads, vehicles: Vehicles, lights: Lights, people: People, first: int, steps: int, path: FloatArray
) -> Track:
    """Advance traffic from step ``first`` on, in place, and tell what happened.

    Args:
        roads, vehicles, lights, people: the traffic.
        first: steps since the town was peopled.
        steps: how many to go.
        path: ``[steps, 5]`` where the ego is led: x, y, heading of its guided point, speed and acceleration after each
            step; with no rows it drives by itself.
    """
    count, walkers = len(vehicles.alive), len(people.crossings)
    sight = new_sight(len(roads.lengths), count)
    track = Track(
        np.empty((steps, count, 3)), np.empty((steps, count)), np.empty((steps, count)),
        np.empty((steps, count), np.bool_), np.empty((steps, count), np.uint8), np.empty(steps, np.int32),
        np.empty(steps), np.empty(steps, np.int32), np.empty(steps, np.int32), np.empty((steps, walkers, 3)),
        np.empty((steps, walkers)),
    )  # fmt: skip
    led = len(path) > 0
    for k in range(steps):
        advance(roads, vehicles, lights, people, sight, first + k, led)
        if led:
            lead(roads, vehicles, path[k], first + k)
        track.poses[k], track.speeds[k], track.accelerations[k] = vehicles.poses, vehicles.speed, vehicles.acceleration
        track.alive[k], track.lamps[k] = vehicles.alive, vehicles.lamps
        track.lanes[k], track.places[k] = vehicles.plan[EGO, 0], vehicles.place[EGO]
        track.leaving[k], track.nexts[k] = vehicles.leaving[EGO], vehicles.plan[EGO, 1]
        track.people[k], track.paces[k] = people.poses, people.speed
    return track


@compiled
def settle_in(roads: Roads, vehicles: Vehicles, people: People) -> None:
    """Make the plans and poses of everybody who has just been placed."""
    for v in range(len(vehicles.alive)):
        if vehicles.plan[v, 0] != NOBODY:
            extend_plan(roads, vehicles, v)
            put(roads, vehicles, v)
    for q in range(len(people.crossings)):
        stand(people, q)
