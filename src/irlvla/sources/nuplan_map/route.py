"""The route of a scene, repaired as the benchmark does it.

Recorded routes begin where the log does and have gaps and loops. The benchmark leads them through the block under the
ego, fills gaps, and ends them before they cross themselves.
"""

from collections.abc import Collection, Sequence
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from irlvla.sources.nuplan_map.city import City
from irlvla.sources.nuplan_map.network import Neighbours

PATCH = 1.0
"""Blocks count that touch a square of this half width round the rear axle [m]."""
TURNED, ASIDE = np.pi / 4, 3.0
"""The ego follows a lane if it is turned and set off from its baseline by less than this [rad, m]."""
BACKWARD, FORWARD = 15, 30
"""Depth of the searches, the first block counted."""
ENTRIES = 3
"""An ego beside its route may reach it at one of the first blocks, this many."""
CROSSING = 1.0
"""Connectors cross if they share more than this [m^2]."""


def repaired_route(city: City, pose: NDArray[np.float64], roadblocks: Sequence[str]) -> tuple[str, ...]:
    """Blocks of the route of an ego with its rear axle at ``pose [3]``, each once.

    Args:
        city: the map.
        pose: x, y, heading.
        roadblocks: ids of roadblocks and roadblock connectors, the recorded route.

    Raises:
        InputError: if the route is empty or one of its blocks is not in the map.
    """
    route = city.network.blocks(roadblocks, city.where)
    here, candidates = _blocks_under(city, pose, set(route))
    if here not in route:
        route = _joined(city, route, here, candidates)
    route = _without_loop(city, _linked(city, route))
    return tuple(city.network.block_ids[block] for block in dict.fromkeys(route))


def route_lanes(city: City, roadblocks: Sequence[str]) -> tuple[str, ...]:
    """Ids in the map of the lanes and connectors in these blocks, block by block.

    Raises:
        InputError: if there is no block, or one is not in the map.
    """
    network = city.network
    return tuple(city.map.ids[lane] for lane in network.lanes_of(network.blocks(roadblocks, city.where)))


def beside(city: City, lane: int, position: NDArray[np.float64]) -> tuple[float, float]:
    """Distance [m] from ``position [2]`` to the nearest point of a lane's centre line, and the heading there [rad]."""
    first = city.map.lines.offsets[lane]
    distances = np.sqrt(((city.map.lines[lane] - position) ** 2).sum(-1))
    nearest = int(np.argmin(distances))
    return float(distances[nearest]), float(city.headings[first + nearest])


def turned(heading: float, other: float) -> float:
    """Angle between two headings [rad]."""
    difference = heading - other
    return float(np.abs(np.arctan2(np.sin(difference), np.cos(difference))))


def _blocks_under(city: City, pose: NDArray[np.float64], route: Collection[int]) -> tuple[int, list[int]]:
    """The block that the ego is on, and all that it may be on.

    Of blocks with a lane that it follows, those of the route are preferred, and then the one with the nearest lane. If
    there is none such it is the block with the nearest lane, whatever its direction.
    """
    near = _blocks_near(city, pose[:2])
    followed: dict[bool, list[tuple[float, int]]] = {True: [], False: []}
    nearest = []
    for block in near:
        least = np.inf
        for lane in city.network.interior[block]:
            distance, heading = beside(city, lane, pose[:2])
            least = min(least, distance)
            if distance < ASIDE and turned(heading, float(pose[2])) < TURNED:
                followed[block in route].append((distance, block))
        nearest.append((least, block))
    chosen = followed[True] or followed[False] or nearest
    return min(chosen, key=lambda found: found[0])[1], [block for _, block in chosen]


def _blocks_near(city: City, position: NDArray[np.float64]) -> list[int]:
    """Blocks that touch the patch round ``position``, else the nearest roadblock and the nearest connector.

    Of equally near ones, as connectors that begin at the same lane may be, it is the first of the table; the benchmark
    takes any.
    """
    x, y = position
    patch, point = shapely.box(x - PATCH, y - PATCH, x + PATCH, y + PATCH), shapely.Point(x, y)
    trees = ((city.roadblock_tree, 0), (city.connector_tree, city.network.block_connectors_from))
    touched = [first + np.sort(tree.query(patch, predicate="intersects")) for tree, first in trees]
    if not any(map(len, touched)):
        touched = [first + np.sort(tree.query_nearest(point))[:1] for tree, first in trees]
    return [int(block) for blocks in touched for block in blocks]


def _joined(city: City, route: list[int], here: int, candidates: list[int]) -> list[int]:
    """The route led through the block ``here`` of an ego beside it, unchanged if no way is found.

    Either something under the ego leads to the beginning of the route, or it is reached at one of its first blocks.
    """
    before = shortest_path(route[0], candidates, city.network.incoming, BACKWARD)
    if before:
        return before[:0:-1] + route
    onto = shortest_path(here, route[:ENTRIES], city.network.outgoing, FORWARD)
    return onto + route[route.index(onto[-1]) + 1 :] if onto else route


def _linked(city: City, route: list[int]) -> list[int]:
    """The route with the blocks between two that do not follow each other, where there is a way."""
    linked = route[:1]
    for block, following in pairwise(route):
        if block not in city.network.incoming[following]:
            linked += shortest_path(block, [following], city.network.outgoing, FORWARD)[1:-1]
        linked.append(following)
    return linked


def _without_loop(city: City, route: list[int]) -> list[int]:
    """The route up to the first connector that crosses an earlier one of it."""
    places = [place for place, block in enumerate(route) if block >= city.network.block_connectors_from]
    shapes = city.network.block_shapes[[route[place] for place in places]]
    low, high = shapely.bounds(shapes).reshape(-1, 2, 2).swapaxes(0, 1)
    apart = ((low[:, None] > high[None]) | (high[:, None] < low[None])).any(-1)
    for later, earlier in np.argwhere(np.tril(~apart, -1)):
        if _shared(shapes[later], shapes[earlier]) > CROSSING:
            return route[: places[later]]
    return route


def _shared(one: shapely.Geometry, other: shapely.Geometry) -> float:
    """Area of the intersection [m^2]."""
    try:
        return float(shapely.intersection(one, other).area)
    except shapely.errors.GEOSException:  # an outline crosses itself
        return float(shapely.intersection(shapely.make_valid(one), shapely.make_valid(other)).area)


def shortest_path(start: int, targets: Collection[int], neighbours: Neighbours, depth: int) -> list[int]:
    """Fewest steps from ``start`` to one of ``targets``, both included and no more than ``depth``; empty if none.

    Of several ways it is the one that a queue without memory finds: the target that stands in it first, reached from
    the block that stands in it last. That takes two orders of each generation, by first and by last place in the queue.
    """
    parents: dict[int, int] = {start: -1}
    first, last = [start], [start]
    for _ in range(depth):
        for block in first:
            if block in targets:
                return _way_to(block, parents)
        new = {n: block for block in last for n in neighbours[block] if n not in parents}
        backwards = (n for block in reversed(last) for n in reversed(neighbours[block]) if n in new)
        first = list(dict.fromkeys(n for block in first for n in neighbours[block] if n in new))
        last = list(dict.fromkeys(backwards))[::-1]
        parents |= new
    return []


def _way_to(block: int, parents: dict[int, int]) -> list[int]:
    way = [block]
    while parents[way[-1]] >= 0:
        way.append(parents[way[-1]])
    return way[::-1]
