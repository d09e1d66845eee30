"""A town's plan: what its junctions become, where ramps join and lanes end, how roads curve and meet."""

from dataclasses import replace

import numpy as np

from irlvla.sources.town.curves import heading_of, left_of, turned, unit
from irlvla.sources.town.layout import Arm, Layout, Node, NodeKind, RoadPlan, roads_at
from irlvla.sources.town.layout_grid import draw_grid
from irlvla.sources.town.settings import RoadSettings

_TAPERED = 150.0  # a road on which lanes end is this long at least [m]
_LEAST_ANGLE = np.radians(72.0)  # between neighbouring arms
_RAMP_ANGLE = np.radians((18.0, 24.0))
_STRAIGHT_ON = np.radians(40.0)
_RAMP_STRAIGHT = 52.0  # of a ramp before the place where it joins [m]


def plan(rng: np.random.Generator, settings: RoadSettings) -> Layout:
    """Draw the plan of a town."""
    nodes, roads = draw_grid(rng, settings)
    nodes, roads = _without_passages(nodes, roads)
    nodes, roads = _with_ramps(rng, settings, nodes, roads)
    nodes, roads = _with_roundabouts(rng, settings, nodes, roads)
    nodes, roads = _with_tapers(rng, settings, nodes, roads)
    roads = [_curved(rng, settings, nodes, road) for road in roads]
    roads = _matched(nodes, roads)
    return Layout(nodes, roads, [_arms(k, nodes, roads) for k in range(len(nodes))])


def _without_passages(nodes: list[Node], roads: list[RoadPlan]) -> tuple[list[Node], list[RoadPlan]]:
    """Two roads that meet alone become one that bends there."""
    nodes = list(nodes)
    for k, node in enumerate(nodes):
        meeting = roads_at(k, roads)
        if node.kind == NodeKind.CROSSING and len(meeting) == 2 and meeting[0] != meeting[1]:
            one, other = (roads[i] for i in meeting)
            one = one if one.end == k else one.turned()
            other = other if other.start == k else other.turned()
            via = np.concatenate([one.via, node.place[None], other.via])
            roads = [road for i, road in enumerate(roads) if i not in meeting]
            roads.append(replace(one, end=other.end, via=via))
            nodes[k] = replace(node, kind=NodeKind.PASSAGE)
    return nodes, roads


def _with_ramps(
    rng: np.random.Generator, settings: RoadSettings, nodes: list[Node], roads: list[RoadPlan]
) -> tuple[list[Node], list[RoadPlan]]:
    """Some roads from outside that end at a through road become one-way ramps; two or more stay as they are."""
    nodes, roads = list(nodes), list(roads)
    outward = sum(
        nodes[road.start].kind == NodeKind.OUTSIDE or nodes[road.end].kind == NodeKind.OUTSIDE for road in roads
    )
    for k in range(len(nodes)):
        meeting = roads_at(k, roads)
        if nodes[k].kind != NodeKind.CROSSING or len(set(meeting)) != 3 or outward <= 2:
            continue
        stem = [i for i in meeting if nodes[roads[i].other(k)].kind == NodeKind.OUTSIDE and not len(roads[i].via)]
        arms = {arm.road: arm.heading for arm in _arms(k, nodes, roads)}
        stem = [i for i in stem if all(abs(turned(arms[i], arms[j])) < 2.2 for j in meeting if j != i)]
        if not stem or rng.random() >= settings.merges:
            continue
        side = arms[stem[0]]
        before = min((arms[j] for j in meeting if j != stem[0]), key=lambda heading: (side - heading) % (2 * np.pi))
        ramp = roads[stem[0]]
        outside = ramp.other(k)
        heading = before + float(rng.uniform(*_RAMP_ANGLE))
        knee = nodes[k].place + _RAMP_STRAIGHT * unit(heading)
        nodes[outside] = replace(nodes[outside], place=knee + rng.uniform(45.0, 60.0) * unit(before + np.radians(72.0)))
        nodes[k] = replace(nodes[k], kind=NodeKind.RAMP)
        roads[stem[0]] = replace(ramp, start=outside, end=k, lanes=(1, 0), via=knee[None])
        outward -= 1
    return nodes, roads


def _with_roundabouts(
    rng: np.random.Generator, settings: RoadSettings, nodes: list[Node], roads: list[RoadPlan]
) -> tuple[list[Node], list[RoadPlan]]:
    """Some crossings become roundabouts, and roads that lead to one have one lane a direction."""
    nodes, roads = list(nodes), list(roads)
    for k, node in enumerate(nodes):
        meeting = roads_at(k, roads)
        if node.kind == NodeKind.CROSSING and rng.random() < settings.roundabouts:
            nodes[k] = replace(node, kind=NodeKind.ROUNDABOUT)
            for i in meeting:
                limit = min(roads[i].limit, sorted(settings.limits)[len(settings.limits) * 2 // 3])
                roads[i] = replace(roads[i], lanes=(1, 1), limit=limit)
    return nodes, roads


def _with_tapers(
    rng: np.random.Generator, settings: RoadSettings, nodes: list[Node], roads: list[RoadPlan]
) -> tuple[list[Node], list[RoadPlan]]:
    """On some roads a lane ends half way; those that lead out of the town are made long enough for it."""
    nodes, kept = list(nodes), []
    for road in roads:
        leads_out = nodes[road.end].kind == NodeKind.OUTSIDE
        ends = nodes[road.start].place, nodes[road.end].place
        away = ends[1] - ends[0]
        length = float(np.hypot(*away))
        fits = max(road.lanes) > 1 and not len(road.via) and (leads_out or length >= _TAPERED)
        if not fits or rng.random() >= settings.merges:
            kept.append(road)
            continue
        if leads_out:
            away *= 170.0 / length
            nodes[road.end] = replace(nodes[road.end], place=ends[0] + away)
        fewer = [
            count - 1 if count > 1 and (count == max(road.lanes) or rng.random() < 0.5) else count
            for count in road.lanes
        ]
        nodes.append(Node(ends[0] + away * rng.uniform(0.49, 0.54), NodeKind.TAPER))
        kept += [replace(road, end=len(nodes) - 1), replace(road, start=len(nodes) - 1, lanes=(fewer[0], fewer[1]))]
    return nodes, kept


def _curved(rng: np.random.Generator, settings: RoadSettings, nodes: list[Node], road: RoadPlan) -> RoadPlan:
    """The road with one bow, or two that make an S, where it has no bends yet and no lanes end on it."""
    ends = [nodes[road.start], nodes[road.end]]
    if len(road.via) or any(node.kind == NodeKind.TAPER for node in ends) or rng.random() >= settings.curviness:
        return road
    away = ends[1].place - ends[0].place
    aside = left_of(heading_of(away)) * np.hypot(*away) * settings.curviness
    if rng.random() < 0.6:
        shares, bows = np.array([0.5]), rng.uniform(0.06, 0.16, 1) * rng.choice([-1, 1])
    else:
        shares, bows = np.array([0.37, 0.63]), rng.uniform(0.03, 0.08, 2) * np.array([1, -1]) * rng.choice([-1, 1])
    return replace(road, via=ends[0].place + shares[:, None] * away + bows[:, None] * aside)


def _matched(nodes: list[Node], roads: list[RoadPlan]) -> list[RoadPlan]:
    """Roads made narrower until lanes become one, or one becomes two, only where they should."""
    roads, changed = list(roads), True
    joins = {
        k: _arms(k, nodes, roads) for k, node in enumerate(nodes) if node.kind in (NodeKind.CROSSING, NodeKind.RAMP)
    }
    while changed:
        changed = False
        for k, meeting in joins.items():
            turning = int(nodes[k].kind == NodeKind.CROSSING)
            for arm in meeting:
                lanes = list(roads[arm.road].lanes)
                for side in (0, 1):
                    most = _most_lanes(arm, meeting, roads, entering=(side == 1) == arm.at_start, turning=turning)
                    changed |= lanes[side] > most
                    lanes[side] = min(lanes[side], most)
                roads[arm.road] = replace(roads[arm.road], lanes=(lanes[0], lanes[1]))
    return roads


def _most_lanes(arm: Arm, meeting: list[Arm], roads: list[RoadPlan], entering: bool, turning: int) -> int:
    """Lanes that one direction of an arm may have: those that go straight on, and one for each way to turn.

    Those that leave have one more at most, whoever turns into them.
    """
    ahead, turns = 0, 0
    for other in meeting:
        lanes = roads[other.road].lanes[0 if other.at_start == entering else 1]
        if other is not arm and lanes:
            in_line = abs(turned(other.heading, arm.heading + np.pi)) < _STRAIGHT_ON
            # a ramp is in line too, but adds no lane to the road that it joins
            ahead, turns = (max(ahead, lanes), turns) if in_line else (ahead, turns + 1)
    return max(1, ahead + turning * (turns if entering else min(turns, 1)))


def _arms(node: int, nodes: list[Node], roads: list[RoadPlan]) -> list[Arm]:
    """Arms of a node, anticlockwise; those that go on from one another are in line, and none meet at sharp angles."""
    place, found = nodes[node].place, []
    if nodes[node].kind in (NodeKind.OUTSIDE, NodeKind.PASSAGE):
        return []
    for k, road in enumerate(roads):
        for at_start, end, far in ((True, road.start, road.end), (False, road.end, road.start)):
            if end == node:
                towards = road.via[0 if at_start else -1] if len(road.via) else nodes[far].place
                found.append(Arm(k, at_start, place, heading_of(towards - place)))
    if nodes[node].kind == NodeKind.RAMP:
        return _arms_with_ramp(found, roads)
    headings = _aligned([arm.heading for arm in found])
    arms = [replace(arm, heading=heading) for arm, heading in zip(found, headings, strict=True)]
    return sorted(arms, key=lambda arm: arm.heading)


def _aligned(headings: list[float]) -> list[float]:
    """Headings with opposite ones brought in line and the others turned to a wide enough angle with those."""
    headings, free = list(headings), list(range(len(headings)))
    axes: list[float] = []
    while len(free) > 1:
        apart = [(abs(turned(headings[i], headings[j])), i, j) for i in free for j in free if i < j]
        angle, i, j = max(apart)
        if angle < np.radians(115.0):
            break
        axis = heading_of(unit(headings[i]) - unit(headings[j]))
        if axes:
            axis = _spread(axis, axes[0])
        headings[i], headings[j] = axis, axis + np.pi
        axes.append(axis)
        free = [k for k in free if k not in (i, j)]
    for k in free:
        headings[k] = _spread(headings[k], axes[0]) if axes else headings[k]
    return [turned(heading, 0.0) for heading in headings]


def _spread(heading: float, axis: float) -> float:
    """``heading`` turned as little as needed to stand at a wide angle to the line along ``axis``."""
    apart = turned(heading, axis)
    return axis + float(np.copysign(np.clip(abs(apart), _LEAST_ANGLE, np.pi - _LEAST_ANGLE), apart))


def _arms_with_ramp(arms: list[Arm], roads: list[RoadPlan]) -> list[Arm]:
    """A through road in line, and the ramp, whose lane aims at the middle of the road's right-hand lane."""
    ramp = next(arm for arm in arms if 0 in roads[arm.road].lanes)
    through = [arm for arm in arms if arm is not ramp]
    headings = _aligned([arm.heading for arm in through])
    through = [replace(arm, heading=heading) for arm, heading in zip(through, headings, strict=True)]
    beside, onward = sorted(through, key=lambda arm: abs(turned(ramp.heading, arm.heading)))
    road = roads[onward.road]
    right_lane = (road.lanes[0 if onward.at_start else 1] - 0.5) * road.width
    heading = beside.heading + float(np.clip(turned(ramp.heading, beside.heading), *_RAMP_ANGLE))
    hub = onward.hub - left_of(onward.heading) * right_lane - left_of(heading) * roads[ramp.road].width / 2
    return sorted([*through, replace(ramp, hub=hub, heading=heading)], key=lambda arm: arm.heading)
