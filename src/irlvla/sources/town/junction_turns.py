"""Which lanes lead into which at a junction: left lanes turn left, right lanes right, every lane leads somewhere."""

from dataclasses import dataclass
from math import radians

from irlvla.sources.town.junction_arms import BENT, Port, bend
from irlvla.sources.town.network import Turn

_SHARPEST = radians(150.0)
_JOINING = radians(12.0)  # who comes in at more than this from one side takes the lane of that side


@dataclass(frozen=True)
class Movement:
    """From lane ``lane`` of arm ``arm`` into lane ``into`` of arm ``to``; lanes count from the driver's left."""

    arm: int
    lane: int
    to: int
    into: int
    turn: Turn


def movements(ports: list[Port]) -> list[Movement]:
    """All movements of a junction whose arms ``ports`` lie anticlockwise."""
    found = []
    for arm, port in enumerate(ports):
        if port.lanes_in:
            found += _from_arm(arm, ports)
    return found + _into_unreached(ports, found)


def _turn(angle: float) -> Turn:
    return Turn.STRAIGHT if abs(angle) < BENT else Turn.LEFT if angle > 0 else Turn.RIGHT


def _from_arm(arm: int, ports: list[Port]) -> list[Movement]:
    ways = {to: bend(ports[arm], other) for to, other in enumerate(ports) if to != arm and other.lanes_out}
    ways = {to: angle for to, angle in ways.items() if abs(angle) < _SHARPEST}
    exits = sorted(ways, key=lambda to: -ways[to])  # the leftmost first
    goals = [ports[to].lanes_out for to in exits]
    turns = [_turn(ways[to]) for to in exits]
    shares = _shares(ports[arm].lanes_in, goals, turns)
    found = []
    for to, most, turn, (first, last) in zip(exits, goals, turns, shares, strict=True):
        spare = most - (last - first + 1)
        to_right = ways[to] < 0 if abs(ways[to]) > _JOINING else first > 0
        skipped = spare if to_right and spare > 0 else 0
        for lane in range(first, last + 1):
            found.append(Movement(arm, lane, to, min(lane - first + skipped, most - 1), turn))
    return found


def _shares(count: int, goals: list[int], turns: list[Turn]) -> list[tuple[int, int]]:
    """First and last of ``count`` lanes for each way out with ``goals`` lanes, leftmost first; all lead somewhere."""
    if len(turns) == 1:
        return [(0, count - 1)]
    if Turn.STRAIGHT not in turns:
        return [(0, 0), (min(1, count - 1), count - 1)]
    middle = turns.index(Turn.STRAIGHT)
    to_left, to_right = min(middle, 1), min(len(turns) - 1 - middle, 1)
    first, last = int(to_left and count > 2), count - 1
    while last - first >= goals[middle]:  # more than can go straight on: the outer ones only turn
        if to_left and first == 0:
            first += 1
        elif to_right and last == count - 1:
            last -= 1
        elif to_left and first < goals[0]:
            first += 1
        else:
            break
    left, right = (0, max(first - 1, 0)), (min(last + 1, count - 1), count - 1)
    return [left] * middle + [(first, last)] + [right] * (len(turns) - 1 - middle)


def _into_unreached(ports: list[Port], found: list[Movement]) -> list[Movement]:
    """Movements into lanes that nobody would enter, from the lane that best leads there."""
    more = []
    for to, port in enumerate(ports):
        for lane in range(port.lanes_out):
            if not any(m.to == to and m.into == lane for m in found):
                nearest = min(
                    (m for m in found if m.to == to), key=lambda m: (m.turn != Turn.STRAIGHT, abs(m.into - lane), m.arm)
                )
                more.append(Movement(nearest.arm, nearest.lane, to, lane, nearest.turn))
    return more
