"""Where a town's junctions lie, which roads join them, and what kind each is; nothing here is paved yet."""

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


class NodeKind(IntEnum):
    """What lies where roads meet."""

    OUTSIDE = 0  # where a road leaves the town
    PASSAGE = 1  # a road goes on, straight or round a bend
    CROSSING = 2
    ROUNDABOUT = 3
    RAMP = 4  # a one-way road joins a through road
    TAPER = 5  # the number of lanes changes


@dataclass(frozen=True)
class Node:
    """A place where roads meet or end."""

    place: FloatArray
    kind: NodeKind


@dataclass(frozen=True)
class RoadPlan:
    """A road from node ``start`` to node ``end``.

    Attributes:
        start, end: nodes.
        lanes: forward and backward.
        width: of a lane [m].
        limit: [m/s].
        via: ``[v, 2]`` places between that it bends round.
    """

    start: int
    end: int
    lanes: tuple[int, int]
    width: float
    limit: float
    via: FloatArray

    def other(self, node: int) -> int:
        """The node at its other end."""
        return self.end if node == self.start else self.start

    def turned(self) -> "RoadPlan":
        """The same road seen from its other end."""
        return replace(self, start=self.end, end=self.start, lanes=self.lanes[::-1], via=self.via[::-1])


@dataclass(frozen=True)
class Arm:
    """One end of a road at a node.

    Attributes:
        road: index of the road.
        at_start: whether the road starts here.
        hub: where its axis, which divides its directions, meets the junction ``[2]``.
        heading: away from the junction [rad].
    """

    road: int
    at_start: bool
    hub: FloatArray
    heading: float


@dataclass(frozen=True)
class Layout:
    """Nodes, roads, and the arms of each node, anticlockwise."""

    nodes: list[Node]
    roads: list[RoadPlan]
    arms: list[list[Arm]]


def roads_at(node: int, roads: list[RoadPlan]) -> list[int]:
    """Indices of the roads that start or end at ``node``; twice where both."""
    return [k for k, road in enumerate(roads) for end in (road.start, road.end) if end == node]
