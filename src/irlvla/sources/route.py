"""The route of a recorded vehicle: the most likely chain of lanes under it, and where it leads on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from irlvla.scene.frames import wrap
from irlvla.sources.lanes import LaneGraph
from irlvla.sources.polylines import turning

OFF_MAP = -1
"""Label of a sample that is on no lane."""

_REACH = 4.5  # how far from a lane's points a vehicle may be [m]
_SIDEWAYS, _TURNED = 0.8, 0.25  # how far it usually is off the centre line [m] and turned against it [rad]
_OFF_MAP_COST = 14.0  # like 3 m beside a lane
_STAY, _GO_ON, _SKIP, _CHANGE, _JUMP = 0.0, 0.2, 1.5, 4.0, 25.0  # cost of going from a lane to ...


@dataclass(frozen=True)
class Visit:
    """A stretch of a vehicle's record on one lane: samples ``first`` to ``last``, both included."""

    lane: str
    first: int
    last: int


def match_lanes(graph: LaneGraph, poses: NDArray[np.float64]) -> list[str | None]:
    """The lane under each of ``poses [S, 3]``, None where there is none within reach.

    The chain with the least cost (dynamic programming): squared distance from the centre line and squared difference of
    heading of each sample, plus the cost of going from lane to lane: little to a successor, more to a neighbour, much
    to any other lane.
    """
    points = graph.points
    candidates = [_candidates(graph, pose) for pose in poses]
    costs = {OFF_MAP: _OFF_MAP_COST, **candidates[0]}
    steps: list[dict[int, int]] = []
    for following in candidates[1:]:
        best: dict[int, int] = {}
        reached: dict[int, float] = {}
        for lane, own in {OFF_MAP: _OFF_MAP_COST, **following}.items():
            reach = {before: cost + _transition(graph, before, lane) for before, cost in costs.items()}
            best[lane] = min(reach, key=lambda before: reach[before])
            reached[lane] = reach[best[lane]] + own
        steps.append(best)
        costs = reached
    labels = [min(costs, key=lambda lane: costs[lane])]
    for best in reversed(steps):
        labels.append(best[labels[-1]])
    return [None if label == OFF_MAP else points.lanes[label] for label in reversed(labels)]


def _candidates(graph: LaneGraph, pose: NDArray[np.float64]) -> dict[int, float]:
    """Cost of ``pose [3]`` on each lane nearby."""
    points = graph.points
    near = np.array(points.tree.query_ball_point(pose[:2], _REACH), int)
    if not len(near):
        return {}
    apart = pose[:2] - points.xy[near]
    c, s = np.cos(points.heading[near]), np.sin(points.heading[near])
    across = -s * apart[:, 0] + c * apart[:, 1]
    past = np.maximum(np.abs(c * apart[:, 0] + s * apart[:, 1]) - 0.6, 0.0)  # beyond an end of the lane
    turned = wrap(pose[2] - points.heading[near])
    cost = (across**2 + past**2) / _SIDEWAYS**2 + (turned / _TURNED) ** 2
    usable = cost < _OFF_MAP_COST + 2 * _CHANGE  # else it is cheaper to leave the map and to come back
    found: dict[int, float] = {}
    for lane, value in zip(points.owner[near][usable].tolist(), cost[usable].tolist(), strict=True):
        found[lane] = min(value, found.get(lane, np.inf))
    return found


def _transition(graph: LaneGraph, before: int, after: int) -> float:
    if before == after:
        return _STAY
    if OFF_MAP in (before, after):
        return _CHANGE
    names = graph.points.lanes
    lane, following = graph[names[before]], names[after]
    if following in lane.successors:
        return _GO_ON
    if following in lane.neighbours:
        return _CHANGE
    if any(following in graph[n].successors for n in lane.successors):
        return _SKIP
    if any(following in graph[n].successors for n in lane.neighbours):
        return _CHANGE + _GO_ON
    return _JUMP


def visits(graph: LaneGraph, labels: list[str | None]) -> list[Visit]:
    """The lanes in the order they were driven; lanes that were skipped between two samples are put in."""
    found: list[Visit] = []
    for k, label in enumerate(labels):
        if label is None:
            continue
        if found and found[-1].lane == label:
            found[-1] = Visit(label, found[-1].first, k)
            continue
        if found:
            between = _lanes_between(graph, found[-1].lane, label)
            found += [Visit(name, k, k) for name in between]
        found.append(Visit(label, k, k))
    return found


def _lanes_between(graph: LaneGraph, start: str, goal: str, most: int = 3) -> list[str]:
    """The fewest lanes that lead from ``start`` to ``goal``, both left out; none if they touch or are too far apart."""
    chains: list[list[str]] = [[start]]
    for _ in range(most + 1):
        longer = []
        for chain in chains:
            for name in graph[chain[-1]].successors:
                if name == goal:
                    return chain[1:]
                longer.append([*chain, name])
        chains = longer
    return []


def onward(graph: LaneGraph, lane: str, distance: float) -> list[str]:
    """The lanes after ``lane`` for ``distance`` [m], always the straightest successor."""
    ahead: list[str] = []
    while distance > 0:
        open_lanes = [n for n in graph[lane].successors if n not in ahead]
        if not open_lanes:
            break
        lane = min(open_lanes, key=lambda name: (abs(turning(graph[name].line)), name))
        ahead.append(lane)
        distance -= graph[lane].length
    return ahead


def route_lanes(graph: LaneGraph, chain: list[str]) -> tuple[str, ...]:
    """All lanes for cars of a route: the chain, its neighbours and successors, connectors between any two of them."""
    route = set(chain)
    route |= {n for name in chain for n in graph[name].neighbours}
    route |= {s for name in chain for s in graph[name].successors}
    route |= {
        name
        for name, lane in graph.lanes.items()
        if lane.connector and route.intersection(lane.predecessors) and route.intersection(lane.successors)
    }
    return tuple(sorted(name for name in route if graph[name].motor))
