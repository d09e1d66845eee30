"""Who is ahead, and how fast to go: car following, bends and narrow places.

Distances along a vehicle's way count from its guided point on. The car-following law is the Intelligent Driver Model
(Treiber, Hennecke, Helbing 2000).
"""

import math
from typing import NamedTuple

import numpy as np

from irlvla.sources.town.traffic.compiled import compiled, formula
from irlvla.sources.town.traffic.places import lateral, spot
from irlvla.sources.town.traffic.state import AHEAD, NOBODY, FloatArray, IntArray, Roads, Vehicles

STANDSTILL_GAP = 2.0
"""Bumper to bumper in a queue [m]."""
HARDEST = 8.0
"""Deceleration of an emergency stop [m/s2]."""
FREE = 1e9
BESIDE = 0.3
"""Vehicles whose sides are this far apart pass each other in a lane [m]."""
_SAMPLE = 3.0  # bends are looked at every so many metres


class Sight(NamedTuple):
    """Who is on which lane now: chains of vehicles, ``heads [K]`` by lane and ``nexts [V]``; NOBODY ends a chain.

    Attributes:
        heads, nexts: of those whose plan begins with a lane.
        leaving_heads, leaving_nexts: of those that still cover a lane which they change from.
        offsets: ``[V]`` lateral offset of each from its drive line.
    """

    heads: IntArray
    nexts: IntArray
    leaving_heads: IntArray
    leaving_nexts: IntArray
    offsets: FloatArray


@compiled
def new_sight(lanes: int, vehicles: int) -> Sight:
    """Room for so many lanes and vehicles."""
    heads, leaving_heads = np.empty(lanes, np.int32), np.empty(lanes, np.int32)
    return Sight(heads, np.empty(vehicles, np.int32), leaving_heads, np.empty(vehicles, np.int32), np.zeros(vehicles))


@formula
def look(roads: Roads, vehicles: Vehicles, sight: Sight) -> None:
    """Bring ``sight`` up to date."""
    for lane in range(len(sight.heads)):
        sight.heads[lane] = sight.leaving_heads[lane] = NOBODY
    for v in range(len(vehicles.alive)):
        lane, leaving = vehicles.plan[v, 0], vehicles.leaving[v]
        if vehicles.alive[v] and lane != NOBODY:
            sight.nexts[v], sight.heads[lane] = sight.heads[lane], v
            sight.offsets[v] = lateral(roads, vehicles, v)[0]
            if leaving != NOBODY:
                sight.leaving_nexts[v], sight.leaving_heads[leaving] = sight.leaving_heads[leaving], v


@formula
def follow(vehicles: Vehicles, v: int, gap: float, speed: float, least: float) -> float:
    """Acceleration with something ``gap`` ahead that drives at ``speed``; ``least`` is kept when both stand."""
    own, push, brake = vehicles.speed[v], vehicles.push[v], vehicles.brake[v]
    approach = own * (own - speed) / (2.0 * math.sqrt(push * brake))
    wanted = least + max(0.0, own * vehicles.headway[v] + approach)
    ratio = wanted / max(gap, 0.1)
    return max(push * (1.0 - ratio * ratio), -HARDEST)


@formula
def stop_at(vehicles: Vehicles, v: int, gap: float) -> float:
    """Acceleration that brings the front to rest ``gap`` ahead, as before a line."""
    own, push, brake = vehicles.speed[v], vehicles.push[v], vehicles.brake[v]
    wanted = 0.5 + max(0.0, own * 0.8 + own * own / (2.0 * math.sqrt(push * brake)))
    ratio = wanted / max(gap, 0.1)
    return max(push * (1.0 - ratio * ratio), -HARDEST)


@formula
def front(vehicles: Vehicles, v: int) -> float:
    """From the guided point to the front bumper [m]."""
    return float(vehicles.ahead[v] + vehicles.sizes[v, 0] / 2)


@formula
def rear(vehicles: Vehicles, v: int) -> float:
    """From the guided point to the rear bumper (negative) [m]."""
    return float(vehicles.ahead[v] - vehicles.sizes[v, 0] / 2)


@formula
def gap_to(vehicles: Vehicles, v: int, w: int, distance: float) -> float:
    """Bumper to bumper, ``w`` being guided ``distance`` ahead; FREE if its middle is not ahead of ours."""
    if w == v or distance + vehicles.ahead[w] <= vehicles.ahead[v]:
        return FREE
    return distance + rear(vehicles, w) - front(vehicles, v)


@formula
def leader(roads: Roads, vehicles: Vehicles, sight: Sight, v: int) -> tuple[float, float]:
    """Gap to the nearest vehicle on the way, and its speed; FREE where there is none within sight."""
    nearest, speed = FREE, 0.0
    horizon = 40.0 + 5.0 * vehicles.speed[v]
    start = -vehicles.place[v]
    for k in range(AHEAD):
        lane = vehicles.plan[v, k]
        if lane == NOBODY or start > horizon:
            break
        w = sight.heads[lane]
        while w != NOBODY:
            gap = gap_to(vehicles, v, w, start + vehicles.place[w])
            apart = abs(sight.offsets[w] - sight.offsets[v]) - (vehicles.sizes[w, 1] + vehicles.sizes[v, 1]) / 2
            if gap < nearest and apart < BESIDE:
                nearest, speed = gap, vehicles.speed[w]
            w = sight.nexts[w]
        w = sight.leaving_heads[lane]
        while w != NOBODY:
            gap = gap_to(vehicles, v, w, start + vehicles.place[w])
            if gap < nearest:
                nearest, speed = gap, vehicles.speed[w]
            w = sight.leaving_nexts[w]
        for row in range(roads.share_first[lane], roads.share_first[lane + 1]):
            begin, end = roads.share_other[row]
            stretched = (roads.share_own[row, 1] - roads.share_own[row, 0]) / max(end - begin, 0.1)
            w = sight.heads[roads.share_lanes[row]]
            while w != NOBODY:
                along = vehicles.place[w] - begin
                if along >= 0.0 and vehicles.place[w] + rear(vehicles, w) < end:
                    gap = gap_to(vehicles, v, w, start + roads.share_own[row, 0] + along * stretched)
                    if gap < nearest:
                        nearest, speed = gap, vehicles.speed[w]
                w = sight.nexts[w]
        start += roads.lengths[lane]
    return nearest, speed


@formula
def ease(roads: Roads, vehicles: Vehicles, v: int) -> float:
    """Acceleration on a free road: up to the wanted speed, and down in time for bends, narrow places and limits."""
    own, brake, push = vehicles.speed[v], vehicles.brake[v], vehicles.push[v]
    lane = vehicles.plan[v, 0]
    wanted = min(vehicles.wish[v] * roads.limits[lane], vehicles.top[v])
    ratio = own / max(wanted, 0.1)
    free = push * (1.0 - ratio**4) if ratio < 1.0 else max(-1.0 * (own - wanted), -0.7 * brake)
    needed = 0.0
    grip = math.sqrt(vehicles.bend[v])
    start, place = -vehicles.place[v], vehicles.place[v]
    horizon = own * own / (2.0 * 0.5 * brake) + 4.0
    for k in range(AHEAD):
        lane = vehicles.plan[v, k]
        if lane == NOBODY or start + place > horizon:
            break
        limit = min(vehicles.wish[v] * roads.limits[lane], vehicles.top[v])
        while place < roads.lengths[lane] and start + place <= horizon:
            cap = min(grip * roads.caps[spot(roads, lane, place)[0]], limit)
            distance = start + place
            if cap < own:
                needed = min(needed, (cap * cap - own * own) / (2.0 * max(distance, 1.0)))
            elif distance < 1.0 and cap < wanted:
                free = min(free, push * (1.0 - (own / max(cap, 0.1)) ** 4))
            place += _SAMPLE
        place -= roads.lengths[lane]
        place = max(place, 0.0)
        start += roads.lengths[lane]
    weight = min(max((-needed / brake - 0.35) / 0.4, 0.0), 1.0)
    return (1.0 - weight) * free + weight * max(needed, -1.5 * brake)
