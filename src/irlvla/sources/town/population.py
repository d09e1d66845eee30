"""Vehicles at the beginning: the ego, those who drive, those who will come, and what stands."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from irlvla.scene import ObjectKind
from irlvla.sources.town.network import Lanes, Town
from irlvla.sources.town.obstacles import Obstacles
from irlvla.sources.town.traffic.state import AHEAD, NOBODY, STEP, Roads, Vehicles

FloatArray = NDArray[np.float64]

EGO_SIZE = (5.176, 2.297, 1.777)
"""The metric's car [m]."""
EGO_AHEAD = 1.461
"""From its rear axle to the middle of its box [m]."""
WHEEL_BASE = 3.089
"""Between its axles [m]."""
LUCK = 64
"""Random numbers that each vehicle takes along to choose its way."""

_SPACING = 16.0  # at least so far from one guided point to the next at the beginning [m]


@dataclass(frozen=True)
class Roster:
    """Who the vehicles are.

    Attributes:
        kinds: ``[V]`` int8, an :class:`~irlvla.scene.ObjectKind` each.
        sizes: ``[V, 3]`` length, width, height [m].
    """

    kinds: NDArray[np.int8]
    sizes: FloatArray


@dataclass(frozen=True)
class _Body:
    """Ranges from which a kind of vehicle is drawn: sizes [m], acceleration [m/s2], top speed [m/s], share."""

    kind: ObjectKind
    length: tuple[float, float]
    width: tuple[float, float]
    height: tuple[float, float]
    push: tuple[float, float]
    top: float
    share: float


BODIES = (
    _Body(ObjectKind.VEHICLE, (3.9, 4.9), (1.75, 1.95), (1.4, 1.75), (1.2, 2.0), 40.0, 0.79),
    _Body(ObjectKind.VEHICLE, (5.2, 6.2), (2.0, 2.15), (2.2, 2.7), (1.0, 1.4), 30.0, 0.08),
    _Body(ObjectKind.VEHICLE, (6.6, 7.8), (2.2, 2.4), (2.9, 3.4), (0.8, 1.1), 22.0, 0.05),
    _Body(ObjectKind.BICYCLE, (1.7, 1.9), (0.6, 0.75), (1.65, 1.85), (0.8, 1.2), 6.0, 0.08),
)
"""Cars, vans, trucks and buses, cyclists."""


def populate(
    town: Town, roads: Roads, obstacles: Obstacles, density: float, seconds: float, rng: np.random.Generator
) -> tuple[Vehicles, Roster]:
    """Vehicles for a town.

    Args:
        town, roads, obstacles: where, and what stands there.
        density: expected number of vehicles for each hundred metres of lane.
        seconds: for so long others come into the town.
        rng: randomness.
    """
    places = _places(roads, density, rng)
    ego_lane, ego_place = _ego_place(roads, rng)
    apart = [(lane, place) for lane, place in places if lane != ego_lane or abs(place - ego_place) > _SPACING + 4]
    comings = _comings(town.lanes, density, seconds, rng)
    moving = [(ego_lane, ego_place, 0), *((lane, place, 0) for lane, place in apart), *comings]
    bodies = [BODIES[k] for k in rng.choice(len(BODIES), len(moving) - 1, p=[body.share for body in BODIES])]
    kinds = [ObjectKind.VEHICLE, *(body.kind for body in bodies)]
    sizes = [EGO_SIZE, *(_drawn((body.length, body.width, body.height), rng) for body in bodies)]
    roster = Roster(
        np.concatenate([np.array(kinds, np.int8), obstacles.kinds]), np.concatenate([np.array(sizes), obstacles.sizes])
    )
    vehicles = _vehicles(roads, roster, moving, bodies, obstacles, rng)
    return vehicles, roster


def _drawn(ranges: tuple[tuple[float, float], ...], rng: np.random.Generator) -> FloatArray:
    return np.array([rng.uniform(low, high) for low, high in ranges])


def _places(roads: Roads, density: float, rng: np.random.Generator) -> list[tuple[int, float]]:
    """Lanes and places of those who are there from the start, with room between them and off detours."""
    places = []
    for lane in np.flatnonzero(~roads.connector):
        first, last = roads.first[lane], roads.first[lane + 1]
        free = roads.lengths[lane] - 14.0
        for _ in range(rng.poisson(density * roads.lengths[lane] / 100)):
            place = 8.0 + rng.random() * max(free, 0.0)
            index = min(int(place / roads.spacing[lane]), int(last - first) - 1)
            straight = abs(roads.detours[first + index]) < 0.05
            if free > 4.0 and straight and all(k != lane or abs(place - p) > _SPACING for k, p in places):
                places.append((int(lane), place))
    return places


def _ego_place(roads: Roads, rng: np.random.Generator) -> tuple[int, float]:
    """A lane long enough, and a place in its first half, away from detours, so that the ego has the road before it."""
    entered = np.isin(np.arange(len(roads.lengths)), roads.next_lanes)
    leads_on = np.diff(roads.next_first) > 0
    inner = ~roads.connector & (roads.lengths > 40.0) & leads_on & entered
    places = [(int(lane), place) for lane in np.flatnonzero(inner) for place in _clear_places(roads, int(lane))]
    if not places:
        outer = np.flatnonzero(~roads.connector & (roads.lengths > 30.0) & leads_on)
        places = [(int(lane), 12.0) for lane in outer]
    return places[int(rng.integers(len(places)))]


def _clear_places(roads: Roads, lane: int) -> list[float]:
    """Places every 5 m in the first half of a lane from which on 25 m, and 15 m back, nobody makes a detour here or
    comes over from another lane."""
    first, last = roads.first[lane], roads.first[lane + 1]
    at = roads.spacing[lane] * np.arange(last - first)
    taken = at[np.abs(roads.detours[first:last]) > 0.05]
    rows = slice(roads.clash_first[lane], roads.clash_first[lane + 1])
    begins, ends = roads.clash_own[rows].T
    found = []
    for place in np.arange(10.0, roads.lengths[lane] / 2, 5.0).tolist():
        clear = not ((taken > place - 15.0) & (taken < place + 25.0)).any()
        if clear and not ((ends > place - 15.0) & (begins < place + 25.0)).any():
            found.append(place)
    return found


def _comings(lanes: Lanes, density: float, seconds: float, rng: np.random.Generator) -> list[tuple[int, float, int]]:
    """Lane, place and step of those who come in over time at the town's entries."""
    followed = {k for following in lanes.successors for k in following}
    entries = [k for k in np.flatnonzero(~lanes.connector).tolist() if k not in followed]
    rate = density / 100 * 0.5 * float(lanes.limits.mean())  # a flow of half the density at the limit
    comings = []
    for lane in entries:
        at = rng.exponential(1 / rate) if rate > 0 else np.inf
        while at < seconds:
            comings.append((lane, 6.0, max(int(at / STEP), 1)))
            at += 3.0 + rng.exponential(1 / rate)
    return sorted(comings, key=lambda coming: coming[2])


def _vehicles(
    roads: Roads, roster: Roster, moving: list[tuple[int, float, int]], bodies: list[_Body], obstacles: Obstacles,
    rng: np.random.Generator,
) -> Vehicles:  # fmt: skip
    count, standing = len(moving), len(obstacles)
    total = count + standing
    lanes, places, enters = (np.array(column) for column in zip(*moving, strict=True))
    ahead = 0.28 * roster.sizes[:, 0]
    ahead[0] = EGO_AHEAD
    cyclist = roster.kinds[:count] == ObjectKind.BICYCLE
    plan = np.full((total, AHEAD), NOBODY, np.int32)
    plan[:count, 0] = lanes
    left = roads.lengths[lanes] - places
    speed = np.minimum(0.75 * roads.limits[lanes], np.sqrt(2 * 1.3 * np.maximum(left - 8.0, 0.0)))
    push = np.array([2.0, *(rng.uniform(*body.push) for body in bodies)])
    top = np.array([40.0, *(body.top * rng.uniform(0.75, 1.0) for body in bodies)])
    alive = np.concatenate([enters == 0, np.ones(standing, np.bool_)])
    poses = np.concatenate([np.zeros((count, 3)), obstacles.poses])
    sway = np.column_stack([
        np.abs(rng.normal(0.0, 0.10, total)), rng.uniform(45.0, 110.0, total), rng.uniform(0, 2 * np.pi, total)
    ])  # fmt: skip

    def padded(values: FloatArray, fill: float = 0.0) -> FloatArray:
        return np.concatenate([values.astype(np.float64), np.full(standing, fill)])

    return Vehicles(
        sizes=np.ascontiguousarray(roster.sizes[:, :2]),
        ahead=ahead,
        alive=alive,
        enters=np.concatenate([enters, np.full(standing, NOBODY)]).astype(np.int32),
        plan=plan,
        place=padded(places),
        leaving=np.full(total, NOBODY, np.int32),
        speed=padded(np.minimum(speed, top)),
        acceleration=np.zeros(total),
        travelled=np.zeros(total),
        shift=np.tile([0.0, 1.0, 0.0, 0.0, 0.0], (total, 1)),
        side=padded(np.where(cyclist, -np.maximum(roads.widths[lanes] / 2 - 0.7, 0.0), 0.0)),
        sway=sway,
        wish=padded(np.append(rng.uniform(0.98, 1.06), rng.uniform(0.82, 1.08, count - 1)), 1.0),
        top=padded(top, 1.0),
        push=padded(push, 1.0),
        brake=padded(np.append(2.3, rng.uniform(1.6, 2.4, count - 1)), 1.0),
        headway=padded(np.append(rng.uniform(1.1, 1.4), rng.uniform(1.0, 1.7, count - 1)), 1.0),
        bend=padded(np.append(rng.uniform(2.7, 3.2), rng.uniform(1.6, 2.6, count - 1)), 1.0),
        lag=padded(np.append(0.35, rng.uniform(0.2, 0.4, count - 1)), 1.0),
        keeps=np.concatenate([cyclist, np.ones(standing, np.bool_)]),
        luck=rng.random((total, LUCK)),
        drawn=np.zeros(total, np.int32),
        cleared=np.full(total, NOBODY, np.int32),
        ticket=np.zeros(total),
        waited=np.zeros(total),
        arrived=np.zeros(total),
        stuck=np.zeros(total),
        lamps=np.zeros(total, np.uint8),
        poses=poses,
    )
