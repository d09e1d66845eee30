"""How lanes and blocks of a city hang together, as places in arrays.

A block is a group of lanes beside each other (a roadblock), or of lane connectors from one such group to another (a
roadblock connector). nuPlan gives no number twice in a city, and the benchmark relies on it: its routes name blocks of
both kinds, and its lanes of both kinds are kept under their numbers alone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray

from irlvla.errors import InputError
from irlvla.sources.nuplan_map.geopackage import VectorLayer, check_areas

Neighbours = tuple[tuple[int, ...], ...]
"""For each lane (or block) others, in the order of the tables."""


@dataclass(frozen=True)
class Network:
    """``N`` lanes, the lanes proper before the connectors, and ``B`` blocks, the roadblocks before the connectors.

    Attributes:
        lane_ids: ``N`` ids in nuPlan.
        connectors_from: the first lane that is a connector.
        successors: lanes that go on from each lane.
        lane_blocks: the block of each lane, -1 if it has none.
        lengths: length of each lane's baseline [m].
        block_ids: ``B`` ids in nuPlan.
        block_connectors_from: the first block that is a connector.
        interior: lanes of each block.
        incoming, outgoing: blocks that lead to each block and from it.
        block_shapes: ``[B]`` outlines, shapely.
    """

    lane_ids: tuple[str, ...]
    connectors_from: int
    successors: Neighbours
    lane_blocks: tuple[int, ...]
    lengths: tuple[float, ...]
    block_ids: tuple[str, ...]
    block_connectors_from: int
    interior: Neighbours
    incoming: Neighbours
    outgoing: Neighbours
    block_shapes: NDArray[np.object_]

    @cached_property
    def block_places(self) -> dict[str, int]:
        """Place of each block by its id; of a roadblock and a connector with the same one, the roadblock's."""
        return {name: place for place, name in reversed(list(enumerate(self.block_ids)))}

    @cached_property
    def links(self) -> NDArray[np.int32]:
        """``[E, 2]`` lanes, and a lane that goes on from each."""
        pairs = [(lane, following) for lane, lanes in enumerate(self.successors) for following in lanes]
        return np.array(pairs, np.int32).reshape(-1, 2)

    def blocks(self, ids: Iterable[str], where: str) -> list[int]:
        """Places of these blocks, each once.

        Raises:
            InputError: if there is none, or one is not in the map; ``where`` names the map.
        """
        names = list(dict.fromkeys(ids))
        unknown = [name for name in names if name not in self.block_places]
        if unknown or not names:
            what = f"no roadblock {unknown[0]}" if unknown else "a route without roadblocks"
            raise InputError(where, what, "take a scene with a route in this map, and the map's version 1.0")
        return [self.block_places[name] for name in names]

    def lanes_of(self, blocks: Iterable[int]) -> list[int]:
        """The lanes of these blocks, each once, block by block."""
        return list(dict.fromkeys(lane for block in blocks for lane in self.interior[block]))


def network_of(layers: Mapping[str, VectorLayer], baselines: NDArray[np.object_]) -> Network:
    """The network of a map with these ``layers``; ``baselines [N]`` of lanes and then connectors.

    What refers to a lane or block that is not in the map leads nowhere.
    """
    lanes, connectors = layers["lanes_polygons"], layers["lane_connectors"]
    groups, crossings = layers["lane_groups_polygons"], layers["lane_group_connectors"]
    before, after = (places(connectors.whole_numbers(f"{end}_lane_fid"), lanes.ids) for end in ("exit", "entry"))
    owners = places(lanes.whole_numbers("lane_group_fid"), groups.ids)
    connector_owners = places(connectors.whole_numbers("lane_group_connector_fid"), crossings.ids, len(groups.ids))
    begin, end = (places(crossings.whole_numbers(f"{end}_lane_group_fid"), groups.ids) for end in ("from", "to"))
    lane_blocks = np.concatenate([owners, connector_owners])
    return Network(
        lane_ids=tuple(map(str, [*lanes.ids.tolist(), *connectors.ids.tolist()])),
        connectors_from=len(lanes.ids),
        successors=_beside(before, len(lanes.ids), len(lanes.ids)) + _alone(after),
        lane_blocks=tuple(lane_blocks.tolist()),
        lengths=tuple(shapely.length(baselines).tolist()),
        block_ids=tuple(map(str, [*groups.ids.tolist(), *crossings.ids.tolist()])),
        block_connectors_from=len(groups.ids),
        interior=_beside(lane_blocks, len(groups.ids) + len(crossings.ids)),
        incoming=_beside(end, len(groups.ids), len(groups.ids)) + _alone(begin),
        outgoing=_beside(begin, len(groups.ids), len(groups.ids)) + _alone(end),
        block_shapes=np.concatenate([check_areas(blocks.shapes, blocks) for blocks in (groups, crossings)]),
    )


def baselines_of(layers: Mapping[str, VectorLayer]) -> NDArray[np.object_]:
    """``[N]`` the baseline of each lane and then of each connector.

    Raises:
        InputError: if one has none of its own.
    """
    paths = layers["baseline_paths"]
    found = []
    for name, column in (("lanes_polygons", "lane_fid"), ("lane_connectors", "lane_connector_fid")):
        lines = shapely.line_merge(belonging(paths, column, layers[name].ids))
        usable = (shapely.get_type_id(lines) == shapely.GeometryType.LINESTRING) & (shapely.length(lines) > 0.0)
        if not usable.all():
            what = f"{layers[name].ids[int(np.argmin(usable))]} has no line in baseline_paths, or more than one"
            raise InputError(layers[name].where, what, "download the map again")
        found.append(lines)
    return np.concatenate(found)


def belonging(layer: VectorLayer, column: str, ids: NDArray[np.int64]) -> NDArray[np.object_]:
    """``[n]`` for each of ``ids [n]`` the shape of the one row with it in ``column``, None if no or several rows do."""
    place = places(layer.whole_numbers(column), ids)
    known = place >= 0
    shapes = np.full(len(ids), None, object)
    shapes[place[known]] = layer.shapes[known]
    shapes[np.bincount(place[known], minlength=len(ids)) != 1] = None
    return shapes


def places(wanted: NDArray[np.int64], ids: NDArray[np.int64], first: int = 0) -> NDArray[np.int64]:
    """Places ``first, first + 1, ...`` of ``wanted [n]`` among the ascending ``ids``, -1 for those that are not."""
    place = np.minimum(np.searchsorted(ids, wanted), max(len(ids) - 1, 0))
    found = ids[place] == wanted if len(ids) else np.zeros(len(wanted), np.bool_)
    return np.where(found, place + first, -1)


def _beside(owners: NDArray[np.int64], count: int, first: int = 0) -> Neighbours:
    """For each of ``count`` owners the places ``first, first + 1, ...`` at which it stands in ``owners``, ascending."""
    lists: list[list[int]] = [[] for _ in range(count)]
    for place, owner in enumerate(owners.tolist(), first):
        if owner >= 0:
            lists[owner].append(place)
    return tuple(map(tuple, lists))


def _alone(neighbours: NDArray[np.int64]) -> Neighbours:
    return tuple((neighbour,) if neighbour >= 0 else () for neighbour in neighbours.tolist())
