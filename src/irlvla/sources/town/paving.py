"""A plan as it is paved: junctions with their rules, roads with their bays and half-way crosswalks."""

from dataclasses import dataclass, replace

import numpy as np

from irlvla.sources.town.junction_arms import Port, ports_of
from irlvla.sources.town.junction_rules import Order, draw_order
from irlvla.sources.town.junctions import Junction, pave
from irlvla.sources.town.layout import Layout, NodeKind, RoadPlan
from irlvla.sources.town.road_course import course
from irlvla.sources.town.roads import BAY_LENGTH, BAY_TAPER, Recess, Road
from irlvla.sources.town.settings import RoadSettings

_RING = (15.0, 17.5)  # radius of the drive line round a roundabout [m]
_TURN = (7.5, 10.5)  # least radius of right turns [m]
_CLEAR_OF_JUNCTION = 12.0  # between bays and the ends of a road [m]
_CLEAR_OF_CROSSWALK = 8.0  # between bays and the middle of a crosswalk [m]
_FEWEST_BAYS = 3
_BAY_RADIUS = 80.0  # bays lie along nothing more curved [m]
_HALF_WAY = 75.0  # least length of a road with a crosswalk half way [m]


@dataclass(frozen=True)
class Paved:
    """Junctions with the number of the node and the order of each, and all roads."""

    nodes: list[int]
    junctions: list[Junction]
    orders: list[Order]
    roads: list[Road]


def pave_all(rng: np.random.Generator, layout: Layout, settings: RoadSettings) -> Paved:
    """Pave ``layout``."""
    nodes, junctions, orders = [], [], []
    ports: dict[tuple[int, bool], Port] = {}
    for k, (node, arms) in enumerate(zip(layout.nodes, layout.arms, strict=True)):
        if not arms:
            continue
        walked = node.kind in (NodeKind.CROSSING, NodeKind.ROUNDABOUT)
        crosswalks = [walked and bool(rng.random() < settings.crosswalks) for _ in arms]
        radius = float(rng.uniform(*(_RING if node.kind == NodeKind.ROUNDABOUT else _TURN)))
        found = ports_of(arms, layout.roads, node.kind, radius, crosswalks)
        ports |= {(port.road, port.at_start): port for port in found}
        nodes.append(k)
        junctions.append(pave(found, node.kind, node.place, radius))
        orders.append(draw_order(rng, node.kind, found, layout.roads, settings.lights))
    places = [node.place for node in layout.nodes]
    roads = [
        _road(rng, settings, plan, (ports.get((k, True)), ports.get((k, False))), places)
        for k, plan in enumerate(layout.roads)
    ]
    return Paved(nodes, junctions, orders, roads)


def _road(
    rng: np.random.Generator,
    settings: RoadSettings,
    plan: RoadPlan,
    ports: tuple[Port | None, Port | None],
    places: list[np.ndarray],
) -> Road:
    path = course(plan, *ports, places)
    crossing = None
    if path.length >= _HALF_WAY and 0 not in plan.lanes and rng.random() < 0.4 * settings.crosswalks:
        crossing = float(path.length * rng.uniform(0.45, 0.55))
    road = Road(plan, path, ports, (), crossing)
    quiet = plan.limit < 15.0 and 0 not in plan.lanes
    recesses = [r for side in (0, 1) if quiet and rng.random() < settings.parking for r in _recesses(rng, road, side)]
    return replace(road, recesses=tuple(recesses))


def _recesses(rng: np.random.Generator, road: Road, side: int) -> list[Recess]:
    """Rows of bays along the parts of a side that are straight enough and clear of crosswalks."""
    bent = np.abs(road.path.curvatures) > 1 / _BAY_RADIUS
    length = road.path.length
    stops = [(0.0, _CLEAR_OF_JUNCTION), (length - _CLEAR_OF_JUNCTION, length)]
    if road.crossing is not None:
        stops.append((road.crossing - _CLEAR_OF_CROSSWALK, road.crossing + _CLEAR_OF_CROSSWALK))
    stations = road.path.stations
    stops += [(float(a), float(b)) for a, b in zip(stations[:-1][bent[:-1]], stations[1:][bent[:-1]], strict=True)]
    found, begin = [], 0.0
    for low, high in sorted(stops):
        count = int((low - begin - 2 * BAY_TAPER) / BAY_LENGTH)
        if count >= _FEWEST_BAYS:
            count = int(rng.integers(_FEWEST_BAYS, min(count, 12) + 1))
            used = count * BAY_LENGTH + 2 * BAY_TAPER
            start = begin + float(rng.uniform(0.0, low - begin - used))
            found.append(Recess(side, start, start + used))
        begin = max(begin, high)
    return found
