"""Where a vehicle is: from a lane, an arc length and lateral offsets to a pose."""

import math

from irlvla.sources.town.traffic.compiled import formula
from irlvla.sources.town.traffic.state import AHEAD, NOBODY, FloatArray, Roads, Vehicles


@formula
def spot(roads: Roads, lane: int, place: float) -> tuple[int, float]:
    """The point of a lane before ``place`` and the share of the way to the next; the ends are extended."""
    first, last = roads.first[lane], roads.first[lane + 1]
    steps = place / roads.spacing[lane]
    index = min(max(math.floor(steps), 0), int(last - first) - 2)
    return int(first + index), steps - index


@formula
def between(values: FloatArray, index: int, share: float) -> float:
    """A value that runs linearly between two points; beyond the ends of a line it keeps its last value."""
    share = min(max(share, 0.0), 1.0)
    return float(values[index] + share * (values[index + 1] - values[index]))


@formula
def line_pose(roads: Roads, lane: int, place: float) -> tuple[float, float, float]:
    """x, y, heading on the drive line: a cubic through the points along the headings, straight beyond the ends."""
    index, share = spot(roads, lane, place)
    t, length = min(max(share, 0.0), 1.0), roads.spacing[lane]
    before, after = roads.headings[index], roads.headings[index + 1]
    heading = before + t * (after - before)
    a, b = t * t * (3 - 2 * t), length * t * (1 - t) * (1 - t)
    c, beyond = -length * t * t * (1 - t), length * (share - t)
    x0, y0 = roads.points[index]
    x1, y1 = roads.points[index + 1]
    x = x0 + a * (x1 - x0) + b * math.cos(before) + c * math.cos(after) + beyond * math.cos(heading)
    y = y0 + a * (y1 - y0) + b * math.sin(before) + c * math.sin(after) + beyond * math.sin(heading)
    return x, y, heading


@formula
def fading(shift: FloatArray, travelled: float) -> tuple[float, float]:
    """Lateral offset and slope of a shift that fades along a quintic from offset, slope and bend to none of them."""
    length = shift[1]
    x = (travelled - shift[0]) / max(length, 1e-6)
    if x >= 1.0:
        return 0.0, 0.0
    x = max(x, 0.0)
    x2, x3 = x * x, x * x * x
    offset = shift[2] * (1 - x3 * (10 - 15 * x + 6 * x2)) + shift[3] * length * (x - x3 * (6 - 8 * x + 3 * x2))
    slope = -shift[2] / length * 30 * x2 * (1 - x) * (1 - x) + shift[3] * (1 - x2 * (18 - 32 * x + 15 * x2))
    offset += shift[4] * length * length * x2 / 2 * (1 - x) * (1 - x) * (1 - x)
    slope += shift[4] * length * x / 2 * (1 - x) * (1 - x) * (2 - 5 * x)
    return offset, slope


@formula
def lateral(roads: Roads, vehicles: Vehicles, v: int) -> tuple[float, float]:
    """Lateral offset of a vehicle from its drive line, and its slope."""
    lane, place = vehicles.plan[v, 0], vehicles.place[v]
    index, share = spot(roads, lane, place)
    faded, slope = fading(vehicles.shift[v], vehicles.travelled[v])
    amplitude, wave, phase = vehicles.sway[v]
    angle = 2 * math.pi * vehicles.travelled[v] / wave + phase
    offset = faded + vehicles.side[v] + between(roads.detours, index, share) + amplitude * math.sin(angle)
    slope += between(roads.detour_slopes, index, share) + amplitude * 2 * math.pi / wave * math.cos(angle)
    return offset, slope


@formula
def put(roads: Roads, vehicles: Vehicles, v: int) -> None:
    """Write the pose of a vehicle from its place on its lane."""
    x, y, heading = line_pose(roads, vehicles.plan[v, 0], vehicles.place[v])
    offset, slope = lateral(roads, vehicles, v)
    turned = heading + math.atan(slope)
    ahead = vehicles.ahead[v]
    vehicles.poses[v, 0] = x - offset * math.sin(heading) + ahead * math.cos(turned)
    vehicles.poses[v, 1] = y + offset * math.cos(heading) + ahead * math.sin(turned)
    vehicles.poses[v, 2] = turned


@formula
def pace_along(roads: Roads, vehicles: Vehicles, v: int) -> float:
    """Metres of drive line a second: on the inner side of a bend the line goes by faster than the vehicle drives."""
    index, share = spot(roads, vehicles.plan[v, 0], vehicles.place[v])
    offset, slope = lateral(roads, vehicles, v)
    straight = max(1.0 - between(roads.curvatures, index, share) * offset, 0.5)
    return float(vehicles.speed[v] / (math.sqrt(1.0 + slope * slope) * straight))


@formula
def choose_next(roads: Roads, vehicles: Vehicles, v: int, lane: int) -> int:
    """One of the lanes that follow ``lane``, as luck has it; NOBODY where the town ends."""
    first, last = roads.next_first[lane], roads.next_first[lane + 1]
    if last == first:
        return NOBODY
    drawn = vehicles.drawn[v]
    vehicles.drawn[v] = drawn + 1
    luck = vehicles.luck[v, drawn % vehicles.luck.shape[1]]
    return int(roads.next_lanes[first + min(int(luck * (last - first)), int(last - first) - 1)])


@formula
def extend_plan(roads: Roads, vehicles: Vehicles, v: int) -> None:
    """Fill the places of the plan that are still open."""
    for k in range(1, AHEAD):
        if vehicles.plan[v, k] == NOBODY and vehicles.plan[v, k - 1] != NOBODY:
            vehicles.plan[v, k] = choose_next(roads, vehicles, v, vehicles.plan[v, k - 1])


@formula
def pass_on(roads: Roads, vehicles: Vehicles, v: int) -> bool:
    """Go over to the next lane of the plan where one ends; whether the vehicle is still in the town."""
    while vehicles.place[v] >= roads.lengths[vehicles.plan[v, 0]]:
        if vehicles.plan[v, 1] == NOBODY:
            return False
        vehicles.place[v] -= roads.lengths[vehicles.plan[v, 0]]
        if vehicles.cleared[v] == vehicles.plan[v, 0]:
            vehicles.cleared[v] = NOBODY
        for k in range(AHEAD - 1):
            vehicles.plan[v, k] = vehicles.plan[v, k + 1]
        vehicles.plan[v, AHEAD - 1] = NOBODY
        vehicles.leaving[v] = NOBODY
        extend_plan(roads, vehicles, v)
    return True
