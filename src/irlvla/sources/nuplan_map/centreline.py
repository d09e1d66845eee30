"""The centre line along a route, as the benchmark chooses it: lanes from the one under the ego to the route's end."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np
import shapely
from numpy.typing import NDArray

from irlvla.epdms.vehicle import HALF_LENGTH, HALF_WIDTH, REAR_TO_CENTRE
from irlvla.errors import InputError
from irlvla.scene.frames import to_global
from irlvla.sources.nuplan_map.city import City
from irlvla.sources.nuplan_map.network import Network
from irlvla.sources.nuplan_map.route import beside, turned

AHEAD = 30
"""The line leads to the last of this many blocks, the one of the starting lane counted."""

_CENTRE = np.array([REAR_TO_CENTRE, 0.0])
_CORNERS = _CENTRE + np.array([[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]]) * [HALF_LENGTH, HALF_WIDTH]


@dataclass(frozen=True)
class CentreLine:
    """Baselines of lanes one after the other.

    Attributes:
        lines: ``[L]`` int32, lines of the city's map; also the lanes of its network.
        points: ``[P, 3]`` x, y, heading along them (:meth:`~irlvla.scene.HDMap.along`).
        speed_limit: of the first lane [m/s], NaN where there is none.
    """

    lines: NDArray[np.int32]
    points: NDArray[np.float64]
    speed_limit: float


def centre_line(city: City, pose: NDArray[np.float64], roadblocks: Sequence[str]) -> CentreLine:
    """The centre line for an ego with its rear axle at ``pose [3]``.

    Args:
        city: the map.
        pose: x, y, heading.
        roadblocks: ids of roadblocks and roadblock connectors, the repaired route.

    Raises:
        InputError: if the route has no block or no lane, or a block is not in the map.
    """
    network = city.network
    blocks = network.blocks(roadblocks, city.where)
    lanes = network.lanes_of(blocks)
    if not lanes:
        raise InputError(city.where, f"no lane in the roadblocks {', '.join(roadblocks)}", "take another scene")
    start = starting_lane(city, pose, lanes)
    here = blocks.index(network.lane_blocks[start])
    lines = np.array(shortest_lanes(network, start, blocks[here : here + AHEAD][-1], set(lanes)), np.int32)
    return CentreLine(lines, city.map.along(lines), float(city.map.speed_limits[start]))


def starting_lane(city: City, pose: NDArray[np.float64], lanes: Sequence[int]) -> int:
    """The lane of ``lanes``, those of the route in its order, that the ego is on.

    Of those under its rear axle it is the one whose direction differs least, of equal ones the first of the map. If
    there is none it is the first that holds the centre of the ego's box, or else the one nearest to the box.
    """
    touching = city.lane_tree.query(shapely.Point(pose[:2]), predicate="intersects")
    on_route = set(lanes)
    under: list[int] = [lane for lane in sorted(touching.tolist()) if lane in on_route]
    if under:
        return min(under, key=lambda lane: turned(beside(city, lane, pose[:2])[1], float(pose[2])))
    shapes = city.shapes[list(lanes)]
    holding = shapely.contains_xy(shapes, *to_global(_CENTRE, pose))
    if holding.any():
        return lanes[int(np.argmax(holding))]
    box = shapely.Polygon(to_global(_CORNERS, pose))
    return lanes[int(np.argmin(shapely.distance(shapes, box)))]


def shortest_lanes(network: Network, start: int, target: int, allowed: Container[int]) -> list[int]:
    """The shortest way (Dijkstra) from the lane ``start`` to a lane of the block ``target`` over ``allowed`` lanes.

    If there is none it leads to the lane with the most lanes before it that was reached, of those to the nearest one.
    Of equal ways the first found counts.
    """
    distance, depth, parent, found = {start: 1.0}, {start: 1}, {start: -1}, {start: 0}
    queue = [(1.0, 0, start)]  # metres, place in the order of finding, lane
    done: dict[int, None] = {}
    while queue:
        _, _, lane = heappop(queue)
        if lane in done:
            continue
        if network.lane_blocks[lane] == target:
            return _way_to(lane, parent)
        done[lane] = None
        for following in network.successors[lane]:
            if following in done or following not in allowed:
                continue
            metres = distance[lane] + network.lengths[following]
            if metres < distance.get(following, np.inf):
                distance[following], depth[following], parent[following] = metres, depth[lane] + 1, lane
                heappush(queue, (metres, found.setdefault(following, len(found)), following))
    return _way_to(min(done, key=lambda lane: (-depth[lane], distance[lane])), parent)


def _way_to(lane: int, parent: dict[int, int]) -> list[int]:
    way = [lane]
    while parent[way[-1]] >= 0:
        way.append(parent[way[-1]])
    return way[::-1]
