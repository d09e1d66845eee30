"""The last resort: a vehicle brakes hard when the way it is going to take, and that of others, meet within moments."""

import math

from irlvla.sources.town.traffic.compiled import formula
from irlvla.sources.town.traffic.following import FREE, HARDEST
from irlvla.sources.town.traffic.places import between, line_pose, spot
from irlvla.sources.town.traffic.state import AHEAD, NOBODY, People, Roads, Vehicles

MOMENTS = 5
MOMENT = 0.3
"""Ways are compared at so many moments this far apart [s]."""
CLEARANCE = 0.25
"""Boxes are taken to be this much larger to each side [m]; less of who creeps, so that nobody is stuck."""
PERSON = 0.35
"""Half the width of a person [m]."""


@formula
def apart_along(
    dx: float, dy: float, heading: float, half: float, wide: float, turn: float, half_other: float, wide_other: float
) -> bool:
    """Whether a side of the first box separates it from the second, whose middle lies ``dx, dy`` from its own."""
    cos, sin = math.cos(heading), math.sin(heading)
    along, across = abs(cos * dx + sin * dy), abs(cos * dy - sin * dx)
    c, s = abs(math.cos(turn - heading)), abs(math.sin(turn - heading))
    return along > half + half_other * c + wide_other * s or across > wide + half_other * s + wide_other * c


@formula
def boxes_meet(
    x: float, y: float, heading: float, half: float, wide: float,
    u: float, v: float, turn: float, half_other: float, wide_other: float,
) -> bool:  # fmt: skip
    """Whether two boxes overlap, each given by its middle, heading, half length and half width."""
    return not (
        apart_along(u - x, v - y, heading, half, wide, turn, half_other, wide_other)
        or apart_along(x - u, y - v, turn, half_other, wide_other, heading, half, wide)
    )


@formula
def later_pose(roads: Roads, vehicles: Vehicles, v: int, metres: float, offset: float) -> tuple[float, float, float]:
    """Pose of the middle of ``v`` so many metres on, its lateral offset beside detours held."""
    place = vehicles.place[v] + metres
    lane = vehicles.plan[v, 0]
    for k in range(AHEAD - 1):
        if place < roads.lengths[lane] or vehicles.plan[v, k + 1] == NOBODY:
            break
        place -= roads.lengths[lane]
        lane = vehicles.plan[v, k + 1]
    x, y, heading = line_pose(roads, lane, place)
    index, share = spot(roads, lane, place)
    aside = offset + between(roads.detours, index, share)
    heading += math.atan(between(roads.detour_slopes, index, share))
    ahead = vehicles.ahead[v]
    return (
        x - aside * math.sin(heading) + ahead * math.cos(heading),
        y + aside * math.cos(heading) + ahead * math.sin(heading),
        heading,
    )


@formula
def mind(roads: Roads, vehicles: Vehicles, people: People, v: int, offset: float) -> float:
    """Acceleration to avoid what is about to be hit, FREE if there is nothing; ``offset`` is that beside detours."""
    own = vehicles.speed[v]
    clearance = min(CLEARANCE, 0.05 + 0.1 * own)
    half, wide = vehicles.sizes[v, 0] / 2 + clearance, vehicles.sizes[v, 1] / 2 + clearance
    x0, y0, heading0 = vehicles.poses[v]
    for moment in range(1, MOMENTS + 1):
        seconds = moment * MOMENT
        metres = own * seconds + (0.8 if moment == 1 else 0.0)
        x, y, heading = later_pose(roads, vehicles, v, metres, offset)
        for w in range(len(vehicles.alive)):
            if w == v or not vehicles.alive[w]:
                continue
            u0, v0, turn = vehicles.poses[w]
            pace = vehicles.speed[w]
            near = 12.0 + 1.5 * (own + pace)
            if abs(u0 - x0) > near or abs(v0 - y0) > near:
                continue
            u, t = u0 + pace * seconds * math.cos(turn), v0 + pace * seconds * math.sin(turn)
            half_w, wide_w = vehicles.sizes[w, 0] / 2, vehicles.sizes[w, 1] / 2
            if boxes_meet(x, y, heading, half, wide, u, t, turn, half_w, wide_w):
                ahead = (u0 - x0) * math.cos(heading0) + (v0 - y0) * math.sin(heading0)
                behind = (x0 - u0) * math.cos(turn) + (y0 - v0) * math.sin(turn)
                if ahead > 0.0 and (ahead >= behind or pace < 0.1):
                    return brake_within(own, metres)
        for q in range(len(people.crossings)):
            u0, v0, turn = people.poses[q]
            if abs(u0 - x0) > 25.0 or abs(v0 - y0) > 25.0:
                continue
            u = u0 + people.speed[q] * seconds * math.cos(turn)
            t = v0 + people.speed[q] * seconds * math.sin(turn)
            ahead = (u0 - x0) * math.cos(heading0) + (v0 - y0) * math.sin(heading0)
            if ahead > 0.0 and boxes_meet(x, y, heading, half, wide, u, t, turn, PERSON, PERSON):
                return brake_within(own, metres)
    return FREE


@formula
def brake_within(speed: float, metres: float) -> float:
    """Acceleration to stop a little before ``metres`` are driven."""
    return -min(max(speed * speed / (2.0 * max(metres - 0.5, 0.3)), 1.0), HARDEST)
