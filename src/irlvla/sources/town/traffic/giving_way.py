"""Giving way: lights, stop signs, right of way, narrow places, and people on crosswalks.

A lane that others cross or join has a gate: the stop line at a connector's start, or the place before a narrow stretch.
A vehicle that may pass the gate is *cleared* for the lane when it comes near; from then on others take it to be there.
"""

import math

from irlvla.sources.town.traffic.compiled import formula
from irlvla.sources.town.traffic.following import FREE, front, rear, stop_at
from irlvla.sources.town.traffic.state import AHEAD, NOBODY, Lights, People, Roads, Vehicles

RED, YELLOW, GREEN = 0, 1, 2
YIELD, STOP, LIGHT = 1, 2, 3
YELLOW_SECONDS = 3.0
MARGIN = 0.9
"""Seconds between one vehicle leaving a contested stretch and the next one coming."""
PATIENCE = 8.0
"""After so many seconds of waiting smaller gaps are taken."""
AT_GATE = 4.0
"""Who is this near to a gate has come to it [m]."""


@formula
def shown(lights: Lights, group: int, seconds: float) -> int:
    """State of a signal group."""
    phase = seconds % lights.periods[group]
    if lights.greens[group, 0] <= phase < lights.greens[group, 1]:
        return GREEN
    if lights.greens[group, 1] <= phase < lights.greens[group, 1] + YELLOW_SECONDS:
        return YELLOW
    return RED


@formula
def travel_time(distance: float, speed: float, push: float) -> float:
    """Seconds for ``distance`` at constant acceleration from ``speed``."""
    if distance <= 0.0:
        return 0.0
    return (math.sqrt(speed * speed + 2.0 * push * distance) - speed) / push


@formula
def light_lets(roads: Roads, vehicles: Vehicles, lights: Lights, v: int, lane: int, gap: float, seconds: float) -> bool:
    """Whether the light before ``lane`` lets a vehicle pass that is ``gap`` from the line."""
    group = roads.groups[lane]
    if group == NOBODY:
        return True
    state = shown(lights, group, seconds)
    own = vehicles.speed[v]
    return state == GREEN or (state == YELLOW and gap < own * own / (2.0 * 3.0))


@formula
def comes(roads: Roads, vehicles: Vehicles, lights: Lights, w: int, lane: int, seconds: float) -> tuple[float, bool]:
    """How far the front of ``w`` is from the start of ``lane`` (negative: beyond), and whether it will surely go there.

    FREE if it does not come at all, has a red light before, or still stands before a stop line.
    """
    start = -vehicles.place[w] - front(vehicles, w)
    for k in range(AHEAD - 1):
        ahead = vehicles.plan[w, k]
        if ahead == NOBODY:
            break
        if ahead == lane:
            gate = start + roads.gates[lane]
            sure = vehicles.cleared[w] == lane or gate < -0.5
            if not sure and not light_lets(roads, vehicles, lights, w, lane, gate, seconds):
                return FREE, False
            return start, sure
        if k > 0 and roads.groups[ahead] != NOBODY and shown(lights, roads.groups[ahead], seconds) == RED:
            break
        start += roads.lengths[ahead]
    return FREE, False


@formula
def meets(
    roads: Roads, vehicles: Vehicles, lights: Lights, v: int, w: int, row: int, reach: float, seconds: float
) -> bool:
    """Whether ``v`` must let ``w`` go first at a contested stretch.

    Args:
        reach: from the front of ``v`` to the start of its lane.
        row: of the clash.
    """
    other = roads.clash_lanes[row]
    begin, end = roads.clash_other[row]
    distance, sure = comes(roads, vehicles, lights, w, other, seconds)
    if distance >= FREE or distance + end + vehicles.sizes[w, 0] < -0.5:
        return False
    own_begin, own_end = roads.clash_own[row]
    own, pace = vehicles.speed[v], vehicles.speed[w]
    arrives = travel_time(reach + own_begin, own, vehicles.push[v])
    if sure:
        leaves = travel_time(distance + end + vehicles.sizes[w, 0], max(pace, 0.3), 0.5)
        if roads.clash_along[row]:
            return travel_time(distance + begin, max(pace, 0.3), 0.5) > arrives - 1.0 and distance + begin > -1.0
        return leaves > arrives - 0.5
    if not roads.clash_yields[row]:
        return False
    if roads.clash_mutual[row]:
        before = distance + roads.gates[other] < AT_GATE and pace < 1.5 and vehicles.arrived[w] < vehicles.arrived[v]
        return bool(before)
    if roads.controls[other] == STOP and vehicles.waited[w] < 0.5:
        return False
    margin = MARGIN if vehicles.waited[v] < PATIENCE else 0.3
    clears = travel_time(reach + own_end + vehicles.sizes[v, 0], own, vehicles.push[v])
    comes_in = (distance + begin) / max(pace, 1.0) if pace > 1.0 or distance + begin < 3.0 else FREE
    if roads.clash_along[row]:
        clears = arrives + 2.0
    goes_out = (distance + end + vehicles.sizes[w, 0]) / max(pace, 1.0)
    return bool(comes_in < clears + margin and goes_out > arrives - margin)


@formula
def may_pass(
    roads: Roads, vehicles: Vehicles, lights: Lights, v: int, lane: int, reach: float, room: float, seconds: float
) -> bool:
    """Whether ``v`` may pass the gate of ``lane``, which starts ``reach`` before its front.

    ``room`` is the way free behind the lane's end [m].
    """
    gap = reach + roads.gates[lane]
    if not light_lets(roads, vehicles, lights, v, lane, gap, seconds):
        return False
    if roads.controls[lane] == STOP and vehicles.waited[v] < 0.8:
        return False
    rows = roads.clash_first[lane + 1] - roads.clash_first[lane]
    if rows and roads.connector[lane] and room < vehicles.sizes[v, 0] + 1.0:
        return False
    for w in range(len(vehicles.alive)):
        if w == v or not vehicles.alive[w] or vehicles.plan[w, 0] == NOBODY:
            continue
        for row in range(roads.clash_first[lane], roads.clash_first[lane + 1]):
            other = roads.clash_lanes[row]
            planned = vehicles.plan[w, 0] == other or vehicles.plan[w, 1] == other or vehicles.plan[w, 2] == other
            if planned and meets(roads, vehicles, lights, v, w, row, reach, seconds):
                return False
    return True


@formula
def exit_room(roads: Roads, vehicles: Vehicles, v: int, lane: int, exit_lane: int) -> float:
    """Metres of ``exit_lane`` that are left for ``v`` behind a queue there and those who will join it before ``v``."""
    room, joining = FREE, 0.0
    for w in range(len(vehicles.alive)):
        if w == v or not vehicles.alive[w] or exit_lane == NOBODY:
            continue
        if vehicles.plan[w, 0] == exit_lane or vehicles.leaving[w] == exit_lane:
            if vehicles.speed[w] < 3.0:
                room = min(room, vehicles.place[w] + rear(vehicles, w))
            elif vehicles.place[w] < 25.0:
                joining += vehicles.sizes[w, 0] + 2.5
        elif vehicles.plan[w, 1] == exit_lane and (roads.connector[vehicles.plan[w, 0]] or vehicles.cleared[w] == lane):
            joining += vehicles.sizes[w, 0] + 2.5
    return room - joining


@formula
def heed_gates(roads: Roads, vehicles: Vehicles, lights: Lights, v: int, ahead: float, seconds: float) -> float:
    """Acceleration towards the first gate that is closed, FREE if none is; clears the lanes whose gates are open.

    Only who has nobody before the gate and has left the stretch that it was last cleared for is cleared; ``ahead`` is
    the gap to the next vehicle.
    """
    own = vehicles.speed[v]
    horizon = own * own / 2.0 + 25.0
    start = -vehicles.place[v] - front(vehicles, v)
    inside = vehicles.cleared[v] == vehicles.plan[v, 0]
    for k in range(AHEAD - 1):
        lane = vehicles.plan[v, k]
        if lane == NOBODY or start > horizon:
            break
        distance = start + roads.gates[lane]
        if -1.0 < distance < horizon and vehicles.cleared[v] != lane:
            near = distance < AT_GATE
            if near and vehicles.waited[v] == 0.0 and own < 3.0:
                vehicles.arrived[v] = seconds
            if near and own < 0.8:
                vehicles.waited[v] += 0.1
            room = exit_room(roads, vehicles, v, lane, vehicles.plan[v, k + 1])
            if not may_pass(roads, vehicles, lights, v, lane, start, room, seconds):
                stoppable = distance > own * own / (2.0 * 6.0) - 0.5
                if stoppable or distance > 0.0:
                    return stop_at(vehicles, v, distance)
            elif distance < own * own / 4.0 + 5.0 and ahead > distance - 1.0 and not (k and inside):
                vehicles.cleared[v], vehicles.waited[v] = lane, 0.0
                vehicles.ticket[v] = seconds + 1e-6 * v
        start += roads.lengths[lane]
    return FREE


@formula
def heed_people(roads: Roads, vehicles: Vehicles, people: People, v: int) -> float:
    """Acceleration towards the first crosswalk on which somebody is in the way, FREE if there is none."""
    own = vehicles.speed[v]
    horizon = own * own / 2.0 + 15.0
    start = -vehicles.place[v] - front(vehicles, v)
    for k in range(AHEAD):
        lane = vehicles.plan[v, k]
        if lane == NOBODY or start > horizon:
            break
        for row in range(roads.walk_first[lane], roads.walk_first[lane + 1]):
            gap = start + roads.walk_begins[row] - 1.0
            if gap < -0.8 or gap < own * own / (2.0 * 6.5) - 0.5 or gap > horizon:
                continue
            through = start + roads.walk_ends[row] + vehicles.sizes[v, 0]
            if in_the_way(roads, vehicles, people, v, lane, row, travel_time(through, own, vehicles.push[v])):
                return stop_at(vehicles, v, gap)
        start += roads.lengths[lane]
    return FREE


@formula
def in_the_way(roads: Roads, vehicles: Vehicles, people: People, v: int, lane: int, row: int, seconds: float) -> bool:
    """Whether somebody on the crosswalk of ``row`` is in the lane or will be within ``seconds``."""
    middle = (roads.walk_begins[row] + roads.walk_ends[row]) / 2
    index = roads.first[lane] + min(
        int(middle / roads.spacing[lane]), int(roads.first[lane + 1] - roads.first[lane]) - 1
    )
    x, y = roads.points[index]
    clear = vehicles.sizes[v, 1] / 2 + 1.0
    for q in range(len(people.crossings)):
        begin, end = people.kerbs[q]
        if people.crossings[q] != roads.walk_crossings[row] or not begin < people.place[q] < end:
            continue
        heading = people.poses[q, 2]
        ahead = (x - people.poses[q, 0]) * math.cos(heading) + (y - people.poses[q, 1]) * math.sin(heading)
        if ahead > -clear and ahead - clear < people.pace[q] * (seconds + 1.0):
            return True
    return False


@formula
def get_through(roads: Roads, vehicles: Vehicles, v: int) -> None:
    """Forget that ``v`` was cleared for a narrow place on its lane once it is through."""
    lane = vehicles.plan[v, 0]
    if vehicles.cleared[v] != lane or roads.connector[lane]:
        return
    for row in range(roads.clash_first[lane], roads.clash_first[lane + 1]):
        if vehicles.place[v] + rear(vehicles, v) < roads.clash_own[row, 1]:
            return
    vehicles.cleared[v] = NOBODY


@formula
def heed_earlier(roads: Roads, vehicles: Vehicles, v: int) -> float:
    """Acceleration for vehicles that were cleared before ``v`` and are not yet through a stretch that both contest.

    ``v`` was cleared because it would come after them; should they be slower than thought, it stops before the stretch.
    As earlier goes before later, nobody waits in a circle. FREE if there is nobody.
    """
    best = FREE
    start = -vehicles.place[v] - front(vehicles, v)
    for k in range(AHEAD - 1):
        lane = vehicles.plan[v, k]
        if lane == NOBODY or start > 25.0:
            break
        if k == 0 or vehicles.cleared[v] == lane:
            for row in range(roads.clash_first[lane], roads.clash_first[lane + 1]):
                gap = start + roads.clash_own[row, 0]
                if -0.3 < gap < 25.0 and earlier_in_the_way(roads, vehicles, v, row):
                    best = min(best, stop_at(vehicles, v, gap))
        start += roads.lengths[lane]
    return best


@formula
def earlier_in_the_way(roads: Roads, vehicles: Vehicles, v: int, row: int) -> bool:
    """Whether somebody with an earlier ticket still has to pass the contested stretch of ``row``.

    Of those who go along with ``v`` there it waits only until they have come to the stretch, then it follows them.
    """
    other = roads.clash_lanes[row]
    begin, end = roads.clash_other[row]
    for w in range(len(vehicles.alive)):
        if w == v or not vehicles.alive[w] or vehicles.ticket[w] > vehicles.ticket[v]:
            continue
        if vehicles.plan[w, 0] == other:
            place = vehicles.place[w]
            if vehicles.cleared[w] != other and place + front(vehicles, w) < roads.gates[other]:
                continue
            passed = place > begin if roads.clash_along[row] else place + rear(vehicles, w) > end
            if not passed:
                return True
        elif vehicles.cleared[w] == other:
            return True
    return False
