"""People on foot: they walk to and fro on their lines, and cross where they may and nobody is in the way."""

import math

from irlvla.sources.town.traffic.compiled import formula
from irlvla.sources.town.traffic.following import front, rear
from irlvla.sources.town.traffic.giving_way import RED, shown
from irlvla.sources.town.traffic.state import AHEAD, NOBODY, STEP, Lights, People, Roads, Vehicles

TURN_REST = 10.0
"""Seconds that somebody stands at the end of a line before going back."""


@formula
def walk(roads: Roads, vehicles: Vehicles, lights: Lights, people: People, q: int, seconds: float) -> None:
    """One step of person ``q``."""
    people.rest[q] = max(people.rest[q] - STEP, 0.0)
    people.speed[q] = 0.0
    if people.rest[q] > 0.0:
        return
    way, place = people.ways[q], people.place[q]
    onward = place + way * people.pace[q] * STEP
    if people.crossings[q] != NOBODY:
        kerb = people.kerbs[q, 0] if way > 0 else people.kerbs[q, 1]
        steps_off = way * place <= way * kerb < way * onward
        if steps_off and not may_cross(roads, vehicles, lights, people, q, seconds):
            people.place[q] = kerb
            stand(people, q)
            return
    if car_ahead(vehicles, people, q):
        return
    length = people.metres[people.first[q + 1] - 1]
    if onward <= 0.0 or onward >= length:
        people.ways[q], people.rest[q] = -way, TURN_REST
    people.place[q] = min(max(onward, 0.0), length)
    people.speed[q] = people.pace[q]
    stand(people, q)


@formula
def stand(people: People, q: int) -> None:
    """Write the pose of person ``q`` from its place."""
    index = people.first[q]
    while index < people.first[q + 1] - 2 and people.metres[index + 1] < people.place[q]:
        index += 1
    dx = people.points[index + 1, 0] - people.points[index, 0]
    dy = people.points[index + 1, 1] - people.points[index, 1]
    length = max(people.metres[index + 1] - people.metres[index], 1e-6)
    share = (people.place[q] - people.metres[index]) / length
    people.poses[q, 0] = people.points[index, 0] + share * dx
    people.poses[q, 1] = people.points[index, 1] + share * dy
    people.poses[q, 2] = math.atan2(people.ways[q] * dy, people.ways[q] * dx)


@formula
def may_cross(roads: Roads, vehicles: Vehicles, lights: Lights, people: People, q: int, seconds: float) -> bool:
    """Whether person ``q`` may step onto its crosswalk: the traffic before it has red for long enough, and whoever
    still comes can stop at its ease."""
    crosswalk = people.crossings[q]
    group = roads.crosswalk_groups[crosswalk]
    if group != NOBODY:
        needed = (people.kerbs[q, 1] - people.kerbs[q, 0]) / people.pace[q] + 1.0
        until_green = (lights.greens[group, 0] - seconds) % lights.periods[group]
        if shown(lights, group, seconds) != RED or until_green < needed:
            return False
    for row in range(len(roads.walk_crossings)):
        if roads.walk_crossings[row] == crosswalk and not lane_lets_cross(roads, vehicles, people, row, q):
            return False
    return True


@formula
def lane_lets_cross(roads: Roads, vehicles: Vehicles, people: People, row: int, q: int) -> bool:
    """Whether everybody who comes along the lane of ``row`` is far enough, and nobody stands on the crosswalk."""
    lane = lane_of_walk(roads, row)
    for v in range(len(vehicles.alive)):
        if not vehicles.alive[v] or vehicles.plan[v, 0] == NOBODY:
            continue
        start = -vehicles.place[v]
        for k in range(AHEAD - 1):
            ahead = vehicles.plan[v, k]
            if ahead == NOBODY:
                break
            if ahead == lane:
                own = vehicles.speed[v]
                gap = start + roads.walk_begins[row] - front(vehicles, v)
                past = start + roads.walk_ends[row] - rear(vehicles, v) < -0.3
                hurries = own > 0.3 and gap < own * own / (2.0 * 1.6) + 1.3 * own + 3.0
                if not past and (hurries or gap < 0.3):
                    return False
                break
            start += roads.lengths[ahead]
    return True


@formula
def lane_of_walk(roads: Roads, row: int) -> int:
    """The lane whose row among the stretches over crosswalks is ``row``."""
    low, high = 0, len(roads.lengths)
    while high - low > 1:
        middle = (low + high) // 2
        if roads.walk_first[middle] <= row:
            low = middle
        else:
            high = middle
    return low


@formula
def car_ahead(vehicles: Vehicles, people: People, q: int) -> bool:
    """Whether the next step of person ``q`` leads into a vehicle, or close before one that moves."""
    heading = people.poses[q, 2]
    x = people.poses[q, 0] + 0.9 * math.cos(heading)
    y = people.poses[q, 1] + 0.9 * math.sin(heading)
    for v in range(len(vehicles.alive)):
        if vehicles.alive[v]:
            dx, dy = x - vehicles.poses[v, 0], y - vehicles.poses[v, 1]
            if dx * dx + dy * dy < 64.0:
                cos, sin = math.cos(vehicles.poses[v, 2]), math.sin(vehicles.poses[v, 2])
                along, across = cos * dx + sin * dy, cos * dy - sin * dx
                margin = 0.5 * vehicles.speed[v]
                beside = abs(across) < vehicles.sizes[v, 1] / 2 + 0.3
                if beside and -vehicles.sizes[v, 0] / 2 - 0.3 < along < vehicles.sizes[v, 0] / 2 + 0.3 + margin:
                    return True
    return False
