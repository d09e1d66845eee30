"""The map of a town: areas for the judge, and lines as they are painted."""

from itertools import pairwise

import numpy as np

from irlvla.scene import HDMap, Layer, LineKind, Polylines
from irlvla.sources.town.curves import FloatArray, unit
from irlvla.sources.town.junction_rules import Rule
from irlvla.sources.town.junctions import Junction
from irlvla.sources.town.network import Control, Lanes
from irlvla.sources.town.paving import Paved
from irlvla.sources.town.road_walks import Zebra
from irlvla.sources.town.roads import Road

_STOP_BEFORE = 0.5  # stop lines lie this far before the end of a lane [m]
_SMALL_LIMIT = 12.0  # up to this limit roads of two lanes may be overtaken on [m/s]
_NO_CHANGE = 15.0  # lane markings are solid this far before a junction [m]

Line = tuple[LineKind, FloatArray]


def map_of(paved: Paved, lanes: Lanes, crosswalks: list[Zebra], buildings: FloatArray) -> HDMap:
    """The map; lanes and connectors come first, in the order of ``lanes``."""
    areas = _areas(paved)
    lines = [(LineKind.CENTERLINE, line) for line in lanes.lines]
    turning = {
        (port.road, port.at_start)
        for junction, order in zip(paved.junctions, paved.orders, strict=True)
        for port in junction.ports
        if order.rule != Rule.JOINING
    }
    for k, road in enumerate(paved.roads):
        lines += _road_lines(road, ((k, False) in turning, (k, True) in turning))
    for junction, order in zip(paved.junctions, paved.orders, strict=True):
        lines += _junction_lines(junction, order.rule, [control == Control.FREE for control in order.arm_controls()])
    lines += [(LineKind.CROSSWALK, zebra.outline()) for zebra in crosswalks]
    islands = [
        (owner, island)
        for owner, junction in zip(_intersections(areas), paved.junctions, strict=True)
        for island in junction.islands
    ]
    return HDMap(
        ids=(*lanes.ids, *(name for name, _, _ in areas[len(lanes) :])),
        layers=np.array([layer for _, layer, _ in areas], np.int8),
        polygons=Polylines.of([ring for _, _, ring in areas]),
        holes=Polylines.of([island[:-1] for _, island in islands]),
        hole_owners=np.array([owner for owner, _ in islands], np.int32),
        lines=Polylines.of([points for _, points in lines]),
        line_kinds=np.array([kind for kind, _ in lines], np.int8),
        links=np.array([(k, j) for k, after in enumerate(lanes.successors) for j in after], np.int32).reshape(-1, 2),
        speed_limits=np.concatenate([lanes.limits, np.full(len(areas) - len(lanes), np.nan)]),
        buildings=buildings,
    )


def _areas(paved: Paved) -> list[tuple[str, Layer, FloatArray]]:
    found: list[tuple[str, Layer, FloatArray]] = []
    blocks: list[tuple[str, Layer, FloatArray]] = []
    for k, road in enumerate(paved.roads):
        for side, count in enumerate(road.plan.lanes):
            borders = [road.lane_border(side, number) for number in range(count + 1)]
            found += [("", Layer.LANE, _ring(a, b)) for a, b in pairwise(borders)]
            if count:
                blocks.append((f"roadblock_{k}_{'fb'[side]}", Layer.ROADBLOCK, _ring(borders[0], borders[-1])))
    for junction in paved.junctions:
        found += [("", Layer.LANE_CONNECTOR, _ring(c.left, c.right)) for c in junction.connectors]
    found += blocks
    for node, junction in zip(paved.nodes, paved.junctions, strict=True):
        found.append((f"intersection_{node}", Layer.INTERSECTION, junction.outline))
    for k, road in enumerate(paved.roads):
        for n, recess in enumerate(road.recesses):
            found.append((f"carpark_{k}_{n}", Layer.CARPARK_AREA, road.bay_area(recess)))
    for k, road in enumerate(paved.roads):
        found.append((f"carriageway_{k}", Layer.DRIVABLE_AREA, road.ring()))
    return found


def _ring(left: FloatArray, right: FloatArray) -> FloatArray:
    return np.concatenate([left, right[::-1]])


def _intersections(areas: list[tuple[str, Layer, FloatArray]]) -> list[int]:
    return [k for k, (_, layer, _) in enumerate(areas) if layer == Layer.INTERSECTION]


def _road_lines(road: Road, turning: tuple[bool, bool]) -> list[Line]:
    """Markings between lanes, and kerbs; ``turning`` has whether the lanes of each side lead to where one turns."""
    forth, back = road.plan.lanes
    found: list[Line] = [(LineKind.ROAD_EDGE, road.kerb(side)) for side in (0, 1)]
    if forth and back:
        small = forth + back == 2 and road.plan.limit <= _SMALL_LIMIT
        kind = LineKind.MARKING_YELLOW_BROKEN if small else LineKind.MARKING_YELLOW_SOLID
        found.append((kind, road.lane_border(0, 0)))
    for side, count in enumerate(road.plan.lanes):
        if count:
            found.append((LineKind.MARKING_WHITE_SOLID, road.lane_border(side, count)))
        for number in range(1, count):
            found += _between_lanes(road.lane_border(side, number), turning[side])
    return found


def _between_lanes(border: FloatArray, turning: bool) -> list[Line]:
    """A broken line that is solid at its end if traffic turns there."""
    if not turning:
        return [(LineKind.MARKING_WHITE_BROKEN, border)]
    steps = np.hypot(*np.diff(border, axis=0).T)
    along = np.concatenate([[0.0], steps.cumsum()])
    cut = max(along[-1] - _NO_CHANGE, along[-1] / 2)
    middle = np.array([np.interp(cut, along, border[:, k]) for k in (0, 1)])[None]
    return [
        (LineKind.MARKING_WHITE_BROKEN, np.concatenate([border[along < cut], middle])),
        (LineKind.MARKING_WHITE_SOLID, np.concatenate([middle, border[along > cut]])),
    ]


def _junction_lines(junction: Junction, rule: Rule, free: list[bool]) -> list[Line]:
    """Kerbs, stop lines across the arms that are not ``free``, and markings that go on where a road just widens."""
    found: list[Line] = [(LineKind.ROAD_EDGE, kerb) for kerb in (*junction.corners, *junction.islands)]
    for port, passes in zip(junction.ports, free, strict=True):
        if port.lanes_in and not passes and rule != Rule.JOINING:
            ends = [port.beside(left) for left in (0.0, port.lanes_in * port.width)]
            found.append((LineKind.STOP_LINE, np.stack(ends) + _STOP_BEFORE * unit(port.heading)))
    if rule == Rule.JOINING:
        found += [(LineKind.MARKING_WHITE_BROKEN, border) for border in _through_borders(junction)]
        two_way = [port for port in junction.ports if port.lanes_in and port.lanes_out]
        found.append((LineKind.MARKING_YELLOW_SOLID, np.stack([port.place for port in two_way])))
    return found


def _through_borders(junction: Junction) -> list[FloatArray]:
    """Borders between two connectors that stay side by side."""
    moves = {(c.movement.arm, c.movement.lane, c.movement.to, c.movement.into): c for c in junction.connectors}
    return [way.left for (arm, lane, to, into), way in moves.items() if (arm, lane - 1, to, into - 1) in moves]
