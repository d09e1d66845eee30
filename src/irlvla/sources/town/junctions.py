"""A junction as it is paved: its connectors, its kerbs, and the area that covers them."""

from dataclasses import dataclass
from functools import cached_property
from math import hypot, pi, radians

import numpy as np

from irlvla.sources.town.curves import (
    FloatArray,
    Path,
    arc,
    bridge,
    joined,
    left_of,
    lefts,
    quintic,
    steps_of,
    straight,
    turned,
    unit,
    units,
)  # fmt: skip
from irlvla.sources.town.junction_arms import ARM_END, BENT, GUTTER, JOIN_RADIUS, NOSE_RADIUS, Port
from irlvla.sources.town.junction_turns import Movement, movements
from irlvla.sources.town.layout import NodeKind
from irlvla.sources.town.network import Turn

WALK = 1.8
"""From a kerb to where people walk [m]."""

_WAIT = 0.3  # share of a crossing before or after which those who change lanes go straight on
_ALIKE = 0.02  # what differs less counts as in line [rad, m]
_SAME_WIDTH = 7.5  # at both ends connectors keep the width of their lanes for so long [m]
_WIDEST_TURN = 16.0  # greatest of the least radii of left turns [m]
_JOIN_ANGLE = radians(44.0)  # on the ring of a roundabout, from an arm to where its traffic joins or leaves
_ISLAND_MARGIN = 0.8  # between the inner border of a roundabout's lane and its island [m]
_BULGE = 0.6  # by which the outer kerb of a roundabout lies beyond the lane's border [m]


@dataclass(frozen=True)
class Connector:
    """A movement and how it is driven.

    Attributes:
        movement: what it connects.
        line: ``[n, 2]`` drive line, evenly spaced.
        left, right: ``[n, 2]`` borders.
        outward: ``[n, 2]`` unit vectors to the right.
    """

    movement: Movement
    line: FloatArray
    left: FloatArray
    right: FloatArray
    outward: FloatArray


@dataclass(frozen=True)
class Junction:
    """What is paved where roads meet.

    Attributes:
        ports: its arms, anticlockwise.
        connectors: all movements.
        corners: kerbs from each arm to the next ``[n, 2]``, the junction on their left.
        walks: the same, further out, for people; None where there is no room.
        islands: kerbs round islands, clockwise, closed by their first point.
    """

    ports: list[Port]
    connectors: list[Connector]
    corners: list[FloatArray]
    walks: list[FloatArray | None]
    islands: list[FloatArray]

    @cached_property
    def outline(self) -> FloatArray:
        """Ring round the junction ``[n, 2]``; it has the ends of all lane borders among its points."""
        parts: list[FloatArray] = []
        for port, corner in zip(self.ports, self.corners, strict=True):
            parts += [port.beside(k * port.width)[None] for k in range(-port.lanes_out, port.lanes_in + 1)]
            parts.append(corner)
        return np.concatenate(parts)


def pave(ports: list[Port], kind: NodeKind, centre: FloatArray, radius: float) -> Junction:
    """The junction between ``ports``; ``radius`` is that of right turns, or of the ring of a roundabout [m]."""
    circle = centre if kind == NodeKind.ROUNDABOUT else None
    found = {movement: _connector(movement, ports, circle, radius) for movement in movements(ports)}
    corners = [_corner(i, ports, found, circle, radius) for i in range(len(ports))]
    islands = []
    if circle is not None:
        inner = radius - max(port.width for port in ports) / 2 - _ISLAND_MARGIN
        islands.append(circle + inner * units(-np.linspace(0, 2 * pi, 49)))
    kerbs, walks = [kerb for kerb, _ in corners], [walk for _, walk in corners]
    return Junction(ports, list(found.values()), kerbs, walks, islands)


def _connector(movement: Movement, ports: list[Port], circle: FloatArray | None, radius: float) -> Connector:
    start, stop = ports[movement.arm], ports[movement.to]
    first, last = start.inward(movement.lane), stop.outward(movement.into)
    if circle is not None:
        way = _round(movement, ports, circle, radius)
    else:
        way = _across(first, start.heading + pi, last, stop.heading, radius)
    stations = np.linspace(0.0, way.length, steps_of(way.length, 1.0) + 1)
    line, headings = way.at(stations)
    line[0], line[-1] = first, last
    same = min(_SAME_WIDTH, 0.4 * way.length)
    share = np.clip((stations - same) / (way.length - 2 * same), 0.0, 1.0)
    share = share * share * (3 - 2 * share)
    half = (start.width + share * (stop.width - start.width)) / 2
    outward = -lefts(headings)
    left, right = line - outward * half[:, None], line + outward * half[:, None]
    left[0], right[0] = (start.beside((movement.lane + k) * start.width) for k in (0, 1))
    left[-1], right[-1] = (stop.beside(-(movement.into + k) * stop.width) for k in (0, 1))
    return Connector(movement, line, left, right, outward)


def _across(first: FloatArray, heading: float, last: FloatArray, towards: float, radius: float) -> Path:
    """Through a crossing.

    Who changes to a lane further left does so early, and to one further right late, clear of the kerbs beside.
    """
    turn = turned(towards, heading)
    if abs(turn) > _ALIKE:
        return bridge(
            first, heading, last, towards, _WIDEST_TURN if turn > 0 else radius if turn < -BENT else JOIN_RADIUS
        )
    step = last - first
    wait = _WAIT * hypot(*step) * unit(heading)
    shift = float(step @ left_of(heading))
    if abs(shift) < _ALIKE:
        return straight(first, last)
    if shift > 0:
        return joined([bridge(first, heading, last - wait, towards, radius), straight(last - wait, last)])
    return joined([straight(first, first + wait), bridge(first + wait, heading, last, towards, radius)])


def _round(movement: Movement, ports: list[Port], centre: FloatArray, radius: float) -> Path:
    """Into the ring, along it, and out again."""
    start, stop = ports[movement.arm], ports[movement.to]
    join, leave = _ring_angle(movement.arm, 1, ports), _ring_angle(movement.to, -1, ports)
    enter, left = start.inward(0), stop.outward(0)
    first, last = enter - ARM_END * unit(start.heading), left - ARM_END * unit(stop.heading)
    into, out = centre + radius * unit(join), centre + radius * unit(leave)
    return joined(
        [
            straight(enter, first),
            quintic(first, start.heading + pi, 0.0, into, join + pi / 2, 1 / radius),
            arc(centre, radius, join, (leave - join) % (2 * pi)),
            quintic(out, leave + pi / 2, 1 / radius, last, stop.heading, 0.0),
            straight(last, left),
        ]
    )


def _ring_angle(arm: int, side: int, ports: list[Port]) -> float:
    """Where on the ring traffic of ``arm`` joins (side 1) or leaves (side -1)."""
    neighbour = ports[(arm + side) % len(ports)]
    gap = (side * (neighbour.heading - ports[arm].heading)) % (2 * pi)
    return ports[arm].heading + side * min(_JOIN_ANGLE, 0.47 * gap)


def _corner(
    arm: int, ports: list[Port], found: dict[Movement, Connector], circle: FloatArray | None, radius: float
) -> tuple[FloatArray, FloatArray | None]:
    """Kerb from an arm to the next one, and the way for people behind it.

    The kerb lies beside the right border of the rightmost turn, if there is one.
    """
    after = (arm + 1) % len(ports)
    port, following = ports[arm], ports[after]
    start, stop = port.beside(port.kerb_in), following.beside(following.kerb_out)
    if not port.lanes_in or not following.lanes_out:
        way = bridge(start, port.heading + pi, stop, following.heading, NOSE_RADIUS)
        line, _ = way.at(way.sparse(0.5))
        line[0], line[-1] = start, stop
        return line, None
    ends = port.lanes_in - 1, following.lanes_out - 1
    turns = [way for move, way in found.items() if (move.arm, move.to, move.lane, move.into) == (arm, after, *ends)]
    outermost = (
        turns[0] if turns else _connector(Movement(arm, ends[0], after, ends[1], Turn.RIGHT), ports, circle, radius)
    )
    kerb = outermost.right + GUTTER * outermost.outward
    if circle is not None:
        from_ends = np.minimum(np.arange(len(kerb)), np.arange(len(kerb))[::-1]) - ARM_END
        kerb = kerb + outermost.outward * (_BULGE * np.clip(from_ends / 6.0, 0.0, 1.0))[:, None]
    kerb[0], kerb[-1] = start, stop
    return kerb, kerb + WALK * outermost.outward
