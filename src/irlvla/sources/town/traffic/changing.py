"""Changing lanes: when another lane is faster or free, and whether it is safe."""

from irlvla.sources.town.traffic.compiled import formula
from irlvla.sources.town.traffic.following import FREE, Sight, front, rear
from irlvla.sources.town.traffic.places import extend_plan, fading, spot
from irlvla.sources.town.traffic.state import AHEAD, NOBODY, Roads, Vehicles

LEFT, RIGHT, BRAKE = 2, 4, 1
_GAIN = 2.0  # a lane is better if who drives ahead there is this much faster [m/s]
_BARE = (10.0, 60.0)  # nothing stands in a lane from so far behind to so far ahead of who changes to it [m]
_COVERS = 0.9  # a vehicle covers the lane that it leaves until it is this near to the new one's line [m]


@formula
def settle(vehicles: Vehicles, v: int) -> None:
    """A vehicle that has all but reached its new lane no longer covers the old one."""
    if vehicles.leaving[v] != NOBODY and abs(fading(vehicles.shift[v], vehicles.travelled[v])[0]) < _COVERS:
        vehicles.leaving[v] = NOBODY


@formula
def consider_change(roads: Roads, vehicles: Vehicles, sight: Sight, v: int, gap: float, pace: float) -> None:
    """Change to the lane beside if it is better and safe; ``gap`` and ``pace`` are those of the vehicle ahead."""
    lane = vehicles.plan[v, 0]
    own, place = vehicles.speed[v], vehicles.place[v]
    left = roads.lengths[lane] - place
    if vehicles.keeps[v] or roads.connector[lane] or vehicles.leaving[v] != NOBODY or own < 2.0:
        return
    if place < 12.0 or left < max(35.0, 4.5 * own):
        return
    wanted = min(vehicles.wish[v] * roads.limits[lane], vehicles.top[v])
    held_up = gap < 4.0 * own + 10.0 and pace < wanted - _GAIN
    narrow = place < roads.gates[lane] < place + 80.0
    if not held_up and not narrow:
        return
    for beside in (roads.left[lane], roads.right[lane]):
        if beside == NOBODY or (narrow and roads.gates[beside] < FREE):
            continue
        there = place * roads.lengths[beside] / roads.lengths[lane]
        if is_bare(roads, beside, there) and is_open(
            roads, vehicles, sight, v, beside, there, pace if held_up else -FREE
        ):
            change(roads, vehicles, v, beside, there)
            return


@formula
def is_bare(roads: Roads, lane: int, place: float) -> bool:
    """Whether nothing stands in a lane about ``place`` that would have to be passed while changing to it."""
    for point in range(spot(roads, lane, place - _BARE[0])[0], spot(roads, lane, place + _BARE[1])[0] + 1):
        if abs(roads.detours[point]) > 0.1:
            return False
    return True


@formula
def is_open(roads: Roads, vehicles: Vehicles, sight: Sight, v: int, lane: int, place: float, pace: float) -> bool:
    """Whether nobody is near ``place`` on a lane, and who is ahead there drives faster than ``pace``."""
    own = vehicles.speed[v]
    nearest, ahead_pace = FREE, FREE
    for chain in range(2):
        w = sight.heads[lane] if chain == 0 else sight.leaving_heads[lane]
        while w != NOBODY:
            ahead = vehicles.place[w] + rear(vehicles, w) - place - front(vehicles, v)
            behind = place + rear(vehicles, v) - vehicles.place[w] - front(vehicles, w)
            closing = own - vehicles.speed[w]
            if ahead < 5.0 + max(2.5 * closing, 0.0) and behind < 5.0 + max(-3.0 * closing, 0.0):
                return False
            if 0.0 < ahead < nearest:
                nearest, ahead_pace = ahead, vehicles.speed[w]
            w = sight.nexts[w] if chain == 0 else sight.leaving_nexts[w]
    return nearest > 60.0 or ahead_pace > pace + _GAIN


@formula
def change(roads: Roads, vehicles: Vehicles, v: int, beside: int, place: float) -> None:
    """Go over to the lane ``beside`` at ``place`` of it; the offset to its line fades over some three seconds."""
    lane = vehicles.plan[v, 0]
    offset, slope = fading(vehicles.shift[v], vehicles.travelled[v])
    width = (roads.widths[lane] + roads.widths[beside]) / 2
    vehicles.shift[v, 0] = vehicles.travelled[v]
    vehicles.shift[v, 1] = max(25.0, 3.4 * vehicles.speed[v])
    vehicles.shift[v, 2] = offset + (-width if beside == roads.left[lane] else width)
    vehicles.shift[v, 3], vehicles.shift[v, 4] = slope, 0.0
    vehicles.leaving[v] = lane
    vehicles.plan[v, 0], vehicles.place[v] = beside, place
    for k in range(1, AHEAD):
        vehicles.plan[v, k] = NOBODY
    extend_plan(roads, vehicles, v)


@formula
def set_lamps(roads: Roads, vehicles: Vehicles, v: int) -> None:
    """Brake lights while slowing down or standing, indicators while changing lanes and before and in a turn."""
    lamps = 0
    if vehicles.acceleration[v] < -0.4 or vehicles.speed[v] < 0.1:
        lamps = BRAKE
    if vehicles.leaving[v] != NOBODY:
        lamps |= LEFT if vehicles.shift[v, 2] < 0 else RIGHT
    else:
        start = -vehicles.place[v]
        for k in range(2):
            lane = vehicles.plan[v, k]
            if lane == NOBODY or start > max(25.0, 3.0 * vehicles.speed[v]):
                break
            if roads.turns[lane] == 1:
                lamps |= LEFT
            elif roads.turns[lane] == 2:
                lamps |= RIGHT
            start += roads.lengths[lane]
    vehicles.lamps[v] = lamps
