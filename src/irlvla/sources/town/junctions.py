"""A junction as it is paved: its connectors, its kerbs, and the area that covers them."""

from dataclasses import dataclass

import numpy as np

from irlvla.scene.frames import wrap
from irlvla.sources.town.curves import FloatArray, Path, arc, bridge, joined, left_of, quintic, unit
from irlvla.sources.town.junction_arms import CROSSWALK_GAP, CROSSWALK_WIDTH, NOSE_RADIUS, Port
from irlvla.sources.town.junction_turns import Movement, movements
from irlvla.sources.town.layout import NodeKind
from irlvla.sources.town.network import Turn

ISLAND_MARGIN = 0.8  # between the inner lane border of a roundabout and its island [m]
_WIDEST_TURN = 16.0  # greatest of the least radii of left turns [m]
WALK = 1.8  # from a kerb to where people walk [m]
_ON_AXIS = CROSSWALK_WIDTH + 2 * CROSSWALK_GAP  # straight end of a roundabout's arm [m]


@dataclass(frozen=True)
class Connector:
    """A movement and how it is driven.

    Attributes:
        movement: what it connects.
        line: ``[n, 2]`` drive line, evenly spaced.
        left, right: ``[n, 2]`` borders.
        beyond: ``[n, 2]`` beside the right border, where people walk.
    """

    movement: Movement
    line: FloatArray
    left: FloatArray
    right: FloatArray
    beyond: FloatArray


@dataclass(frozen=True)
class Junction:
    """What is paved where roads meet.

    Attributes:
        kind: what it is.
        ports: its arms, anticlockwise.
        connectors: all movements.
        corners: kerbs from each arm to the next ``[n, 2]``, the junction on their left.
        islands: kerbs round islands, clockwise, closed by their first point.
        walks: the same, further out, for people; None where there is no room.
    """

    kind: NodeKind
    ports: list[Port]
    connectors: list[Connector]
    corners: list[FloatArray]
    islands: list[FloatArray]
    walks: list[FloatArray | None]

    def outline(self) -> FloatArray:
        """Ring round the junction ``[n, 2]``; it has the ends of all lane borders among its points."""
        parts = []
        for port, corner in zip(self.ports, self.corners, strict=True):
            borders = np.arange(-port.lanes_out, port.lanes_in + 1)
            parts += [np.stack([port.beside(k * port.width) for k in borders]), corner[1:-1]]
        return np.concatenate(parts)


def pave(ports: list[Port], kind: NodeKind, centre: FloatArray, radius: float) -> Junction:
    """The junction between ``ports``; ``radius`` is that of right turns, or of the ring of a roundabout [m]."""
    found = [_connector(movement, ports, kind, centre, radius) for movement in movements(ports)]
    corners = [_corner(i, (i + 1) % len(ports), ports, kind, centre, radius) for i in range(len(ports))]
    islands = []
    if kind == NodeKind.ROUNDABOUT:
        inner = radius - max(port.width for port in ports) / 2 - ISLAND_MARGIN
        islands.append(centre + inner * unit(-np.linspace(0, 2 * np.pi, 49)))
    return Junction(kind, ports, found, [kerb for kerb, _ in corners], islands, [walk for _, walk in corners])


def _way(i: int, lane: int, j: int, into: int, ports: list[Port], kind: NodeKind, centre: FloatArray, r: float) -> Path:
    if kind == NodeKind.ROUNDABOUT:
        return _round(i, j, ports, centre, r)
    start, stop = ports[i].inward(lane), ports[j].outward(into)
    heading, towards = ports[i].heading + np.pi, ports[j].heading
    turn = float(wrap(np.array(towards - heading)))
    radius = _WIDEST_TURN if turn > 0 else r if turn < -np.radians(40.0) else 4 * r
    return bridge(start, heading, stop, towards, radius)


def _round(i: int, j: int, ports: list[Port], centre: FloatArray, radius: float) -> Path:
    """Into the ring, along it, and out again."""
    join, leave = (_ring_angle(k, side, ports) for k, side in ((i, 1), (j, -1)))
    sweep = float((leave - join) % (2 * np.pi))
    start, stop = ports[i].inward(0), ports[j].outward(0)
    first = start - _ON_AXIS * unit(ports[i].heading)
    last = stop - _ON_AXIS * unit(ports[j].heading)
    ring = [centre + radius * unit(angle) for angle in (join, leave)]
    parts = [
        _straight(start, first),
        quintic(first, ports[i].heading + np.pi, 0.0, ring[0], join + np.pi / 2, 1 / radius),
        arc(centre, radius, join, sweep),
        quintic(ring[1], leave + np.pi / 2, 1 / radius, last, ports[j].heading, 0.0),
        _straight(last, stop),
    ]
    return joined(parts)


def _straight(start: FloatArray, stop: FloatArray) -> Path:
    step = stop - start
    length, heading = float(np.hypot(*step)), float(np.arctan2(step[1], step[0]))
    return Path(np.array([0.0, length]), np.stack([start, stop]), np.full(2, heading), np.zeros(2))


def _ring_angle(arm: int, side: int, ports: list[Port]) -> float:
    """Where on the ring traffic of ``arm`` joins (side 1) or leaves (side -1)."""
    neighbour = ports[(arm + side) % len(ports)]
    gap = float((side * (neighbour.heading - ports[arm].heading)) % (2 * np.pi))
    return ports[arm].heading + side * min(np.radians(42.0), 0.46 * gap)


def _connector(movement: Movement, ports: list[Port], kind: NodeKind, centre: FloatArray, radius: float) -> Connector:
    start, stop = ports[movement.arm], ports[movement.to]
    way = _way(movement.arm, movement.lane, movement.to, movement.into, ports, kind, centre, radius)
    stations = np.linspace(0.0, way.length, max(2, int(np.ceil(way.length - 1e-6)) + 1))
    share = stations / way.length
    half = ((1 - share) * start.width + share * stop.width) / 2
    line, headings = way.at(stations)
    line[[0, -1]] = start.inward(movement.lane), stop.outward(movement.into)
    aside = left_of(headings)
    left, right = line + aside * half[:, None], line - aside * half[:, None]
    left[0], right[0] = start.beside(movement.lane * start.width), start.beside((movement.lane + 1) * start.width)
    left[-1], right[-1] = stop.beside(-movement.into * stop.width), stop.beside(-(movement.into + 1) * stop.width)
    return Connector(movement, line, left, right, line - aside * (half + WALK)[:, None])


def _corner(
    i: int, j: int, ports: list[Port], kind: NodeKind, centre: FloatArray, radius: float
) -> tuple[FloatArray, FloatArray | None]:
    """Kerb from arm ``i`` to the next arm ``j``, and the way for people behind it.

    The kerb is the right border of the rightmost turn, if there is one.
    """
    port, following = ports[i], ports[j]
    if port.lanes_in and following.lanes_out:
        turn = Movement(i, port.lanes_in - 1, j, following.lanes_out - 1, Turn.RIGHT)
        outermost = _connector(turn, ports, kind, centre, radius)
        return outermost.right, outermost.beyond
    start = port.beside(port.lanes_in * port.width)
    stop = following.beside(-following.lanes_out * following.width)
    way = bridge(start, port.heading + np.pi, stop, following.heading, NOSE_RADIUS)
    line = way.at(way.sparse(0.5))[0]
    line[[0, -1]] = start, stop
    return line, None
