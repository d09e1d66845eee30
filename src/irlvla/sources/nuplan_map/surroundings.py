"""What of a city's map lies round a place."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from irlvla.sources.nuplan_map.city import City

RADIUS = 100.0
"""Half the width of the square that the benchmark takes round the ego [m]."""


@dataclass(frozen=True)
class Surroundings:
    """Part of a city's map.

    Attributes:
        polygons: int32 places of polygons in the map, ascending.
        lines: int32 places of lines in it, ascending.
    """

    polygons: NDArray[np.int32]
    lines: NDArray[np.int32]


def surroundings(city: City, centre: NDArray[np.float64], radius: float = RADIUS) -> Surroundings:
    """Polygons and lines round ``centre [2]``, the centre of the ego's box.

    Polygons are the roadblocks, intersections and car parks that touch the square of half width ``radius`` [m], and
    all lanes in roadblocks and roadblock connectors that do, wherever they lie in them. Lines are those that touch it.
    """
    x, y = centre
    square = shapely.box(x - radius, y - radius, x + radius, y + radius)
    network = city.network
    roadblocks, connectors, areas, lines = (
        np.sort(tree.query(square, predicate="intersects"))
        for tree in (city.roadblock_tree, city.connector_tree, city.area_tree, city.line_tree)
    )
    blocks = [*roadblocks.tolist(), *(connectors + network.block_connectors_from).tolist()]
    lanes = np.array(sorted(network.lanes_of(blocks)), np.int32)
    first = len(network.lane_ids)
    return Surroundings(
        polygons=np.concatenate([lanes, first + roadblocks, first + network.block_connectors_from + areas]).astype(
            np.int32
        ),
        lines=lines.astype(np.int32),
    )
