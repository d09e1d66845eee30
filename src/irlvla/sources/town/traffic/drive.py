"""One step of everybody."""

import math

from irlvla.sources.town.traffic.changing import consider_change, set_lamps, settle
from irlvla.sources.town.traffic.compiled import formula
from irlvla.sources.town.traffic.following import HARDEST, STANDSTILL_GAP, Sight, ease, follow, front, leader, look
from irlvla.sources.town.traffic.giving_way import AT_GATE, get_through, heed_earlier, heed_gates, heed_people
from irlvla.sources.town.traffic.minding import mind
from irlvla.sources.town.traffic.places import between, lateral, line_pose, pace_along, pass_on, put, spot
from irlvla.sources.town.traffic.state import NOBODY, STEP, FloatArray, Lights, People, Roads, Vehicles
from irlvla.sources.town.traffic.walking import walk

EGO = 0
_CHANGE_EVERY = 5  # steps between two thoughts of changing lanes
_LOST_AFTER, _OUT_OF_SIGHT = 10.0, 70.0  # a blocked vehicle gives up after so long [s], this far from the ego [m]
_RETURN_METRES, _RETURN_SECONDS = 3.0, 1.0  # a led ego comes back to its line as a critically damped spring would
_ENTRY_GAP = 12.0  # a vehicle comes into the town if its lane is free for this far [m]


@formula
def wish(roads: Roads, vehicles: Vehicles, lights: Lights, people: People, sight: Sight, v: int, step: int) -> float:
    """The acceleration that the driver of ``v`` wants; may clear gates and begin a lane change."""
    seconds = step * STEP
    gap, pace = leader(roads, vehicles, sight, v)
    wanted = min(ease(roads, vehicles, v), follow(vehicles, v, gap, pace, STANDSTILL_GAP))
    wanted = min(wanted, heed_gates(roads, vehicles, lights, v, gap, seconds))
    wanted = min(wanted, heed_people(roads, vehicles, people, v))
    wanted = min(wanted, heed_earlier(roads, vehicles, v))
    if (step + v) % _CHANGE_EVERY == 0:
        consider_change(roads, vehicles, sight, v, gap, pace)
    if vehicles.speed[v] > 0.3 or wanted > 0.0:
        index, share = spot(roads, vehicles.plan[v, 0], vehicles.place[v])
        offset = lateral(roads, vehicles, v)[0] - between(roads.detours, index, share)
        wanted = min(wanted, mind(roads, vehicles, people, v, offset))
    return wanted


@formula
def press(vehicles: Vehicles, v: int, wanted: float) -> None:
    """Bring the acceleration towards what is wanted, as fast as pedals act, and the speed along."""
    lag = vehicles.lag[v] if wanted > -4.0 else 0.1
    acceleration = vehicles.acceleration[v] + (wanted - vehicles.acceleration[v]) * STEP / (lag + STEP)
    acceleration = max(acceleration, -HARDEST)
    speed = vehicles.speed[v] + acceleration * STEP
    if speed < 0.05 and wanted <= 0.05:
        speed, acceleration = 0.0, 0.0
    vehicles.speed[v], vehicles.acceleration[v] = max(speed, 0.0), acceleration
    vehicles.stuck[v] = vehicles.stuck[v] + STEP if speed < 0.1 else 0.0


@formula
def is_lost(roads: Roads, vehicles: Vehicles, v: int) -> bool:
    """Whether a vehicle blocks a junction, standing in it for long, where the ego does not see it vanish."""
    if v == EGO or vehicles.stuck[v] < _LOST_AFTER or not roads.connector[vehicles.plan[v, 0]]:
        return False
    x, y = vehicles.poses[v, 0] - vehicles.poses[EGO, 0], vehicles.poses[v, 1] - vehicles.poses[EGO, 1]
    return bool(x * x + y * y > _OUT_OF_SIGHT * _OUT_OF_SIGHT)


@formula
def enter(roads: Roads, vehicles: Vehicles, sight: Sight, v: int, step: int) -> None:
    """Let a vehicle whose time has come into the town if there is room."""
    lane = vehicles.plan[v, 0]
    w = sight.heads[lane]
    while w != NOBODY:
        room = vehicles.place[w] - vehicles.place[v] - (vehicles.sizes[w, 0] + vehicles.sizes[v, 0]) / 2
        if room < _ENTRY_GAP + max(0.0, 1.5 * (vehicles.speed[v] - vehicles.speed[w]) + vehicles.speed[v]):
            return
        w = sight.nexts[w]
    vehicles.alive[v], vehicles.enters[v] = True, NOBODY
    sight.nexts[v], sight.heads[lane] = sight.heads[lane], v
    put(roads, vehicles, v)


@formula
def advance(
    roads: Roads, vehicles: Vehicles, lights: Lights, people: People, sight: Sight, step: int, led: bool
) -> None:
    """Everybody from ``step`` to the next. An ego that is ``led`` is left where it is: see :func:`lead`."""
    look(roads, vehicles, sight)
    first = EGO + 1 if led else EGO
    for v in range(len(vehicles.alive)):
        if not vehicles.alive[v] and 0 <= vehicles.enters[v] <= step:
            enter(roads, vehicles, sight, v, step)
    for v in range(first, len(vehicles.alive)):
        if vehicles.alive[v] and vehicles.plan[v, 0] != NOBODY:
            press(vehicles, v, wish(roads, vehicles, lights, people, sight, v, step))
    for v in range(first, len(vehicles.alive)):
        if vehicles.alive[v] and vehicles.plan[v, 0] != NOBODY:
            vehicles.place[v] += pace_along(roads, vehicles, v) * STEP
            vehicles.travelled[v] += vehicles.speed[v] * STEP
            if not pass_on(roads, vehicles, v) or is_lost(roads, vehicles, v):
                vehicles.alive[v] = False
                continue
            settle(vehicles, v)
            get_through(roads, vehicles, v)
            set_lamps(roads, vehicles, v)
            put(roads, vehicles, v)
    for q in range(len(people.crossings)):
        walk(roads, vehicles, lights, people, q, step * STEP)


@formula
def wrapped(angle: float) -> float:
    """``angle`` brought into ``[-pi, pi)``."""
    return (angle + math.pi) % (2 * math.pi) - math.pi


@formula
def lead(roads: Roads, vehicles: Vehicles, state: FloatArray, step: int) -> None:
    """Put the ego at ``state``: x, y, heading of its guided point, speed and acceleration.

    Its place is looked up on the lanes that it plans; where its plan ends it stays on the last lane. It is cleared for
    no gate: others take it to be in a junction when it is there, and to have come when it came.
    """
    x, y, heading, speed, acceleration = state
    before = vehicles.plan[EGO, 0]
    vehicles.travelled[EGO] += abs(speed) * STEP
    for _ in range(3):
        u, t, along = line_pose(roads, vehicles.plan[EGO, 0], vehicles.place[EGO])
        vehicles.place[EGO] += (x - u) * math.cos(along) + (y - t) * math.sin(along)
        if vehicles.place[EGO] >= roads.lengths[vehicles.plan[EGO, 0]] and vehicles.plan[EGO, 1] != NOBODY:
            pass_on(roads, vehicles, EGO)
    u, t, along = line_pose(roads, vehicles.plan[EGO, 0], vehicles.place[EGO])
    aside = (y - t) * math.cos(along) - (x - u) * math.sin(along)
    index, share = spot(roads, vehicles.plan[EGO, 0], vehicles.place[EGO])
    slope = math.tan(min(max(wrapped(heading - along), -1.2), 1.2))
    shift = vehicles.shift[EGO]
    reach = max(_RETURN_METRES, _RETURN_SECONDS * speed)
    shift[0], shift[1] = vehicles.travelled[EGO], 6.0 * reach
    shift[2] = aside - between(roads.detours, index, share)
    shift[3] = slope - between(roads.detour_slopes, index, share)
    shift[4] = -(2.0 * shift[3] + shift[2] / reach) / reach
    for k in range(3):
        vehicles.sway[EGO, k] = 0.0 if k != 1 else 50.0
    vehicles.speed[EGO], vehicles.acceleration[EGO] = max(speed, 0.0), acceleration
    ahead = vehicles.ahead[EGO]
    vehicles.poses[EGO, 0] = x + ahead * math.cos(heading)
    vehicles.poses[EGO, 1] = y + ahead * math.sin(heading)
    vehicles.poses[EGO, 2] = heading
    lane = vehicles.plan[EGO, 0]
    vehicles.cleared[EGO] = lane if roads.connector[lane] else NOBODY
    vehicles.ticket[EGO] = vehicles.ticket[EGO] if lane == before else step * STEP
    vehicles.lamps[EGO] = 0
    wait(roads, vehicles, lane, step * STEP)


@formula
def wait(roads: Roads, vehicles: Vehicles, lane: int, seconds: float) -> None:
    """Count the seconds that a led ego stands before a gate, until it is under way."""
    bumper = vehicles.place[EGO] + front(vehicles, EGO)
    gate = min(roads.gates[lane], roads.lengths[lane])
    if bumper > gate + 1.0:
        gate = roads.lengths[lane]
    if vehicles.speed[EGO] > 3.0:
        vehicles.waited[EGO] = 0.0
    elif vehicles.speed[EGO] < 0.8 and -1.0 < gate - bumper < AT_GATE:
        if vehicles.waited[EGO] == 0.0:
            vehicles.arrived[EGO] = seconds
        vehicles.waited[EGO] += STEP
