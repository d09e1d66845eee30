"""A town's network laid out for compiled traffic, with the detours around what stands in the lanes."""

import numpy as np
from numpy.typing import NDArray

from irlvla.sources.town.network import Control, Lanes, Town
from irlvla.sources.town.obstacles import Obstacles
from irlvla.sources.town.traffic.state import Roads

FloatArray = NDArray[np.float64]

PASSING = 1.6
"""From the drive line of a passing vehicle to what it passes: half its width and some clearance [m]."""
HALF_VEHICLE = 1.1
NARROW_SPEED = 4.5
"""Speed [m/s] past an obstacle at a lateral acceleration of 1 m/s2 in bends: drivers go faster by its root."""
BODY = 2.3
"""Two vehicles whose drive lines are nearer than this would touch [m]."""
_ALONG = np.cos(np.radians(50.0))


def lay_out(town: Town, obstacles: Obstacles) -> Roads:
    """The flat arrays of a town (:class:`~irlvla.sources.town.traffic.Roads`)."""
    lanes = town.lanes
    geometry = _geometry(lanes)
    detours, zones = _detours(lanes, geometry, obstacles)
    clashes = _clashes(town, geometry, detours, zones)
    count = len(lanes)
    by_lane = np.argsort(clashes["lanes"][:, 0], kind="stable")
    clashes = {name: column[by_lane] for name, column in clashes.items()}
    shares = _shares(lanes, geometry, clashes)
    walks = np.argsort(town.crosswalks.lanes, kind="stable")
    gates = np.full(count, np.inf)
    watched = np.bincount(clashes["lanes"][:, 0], minlength=count) > 0
    gates[lanes.connector & (watched | (lanes.controls != Control.FREE))] = 0.0
    for lane in np.flatnonzero(watched & ~lanes.connector):
        gates[lane] = max(clashes["own"][clashes["lanes"][:, 0] == lane, 0].min() - 1.0, 0.0)
    caps = 1 / np.sqrt(np.maximum(np.abs(geometry["curvatures"]), 1e-4))
    caps = np.where(np.abs(detours) > 0.6, np.minimum(caps, NARROW_SPEED), caps)
    return Roads(
        first=lanes.lines.offsets,
        spacing=geometry["spacing"],
        lengths=geometry["lengths"],
        points=lanes.lines.points,
        headings=geometry["headings"],
        curvatures=geometry["curvatures"],
        detours=detours,
        detour_slopes=_by_line(lanes, lambda k, part: np.gradient(part, geometry["spacing"][k]), detours),
        caps=caps,
        widths=lanes.widths,
        limits=lanes.limits,
        connector=lanes.connector,
        controls=lanes.controls,
        groups=lanes.groups,
        turns=lanes.turns,
        left=lanes.left,
        right=lanes.right,
        next_first=np.cumsum([0, *map(len, lanes.successors)], dtype=np.int64),
        next_lanes=np.array([k for following in lanes.successors for k in following], np.int32),
        gates=gates,
        clash_first=_first(clashes["lanes"][:, 0], count),
        clash_lanes=clashes["lanes"][:, 1].copy(),
        clash_own=clashes["own"],
        clash_other=clashes["other"],
        clash_yields=clashes["yields"],
        clash_along=clashes["along"],
        clash_mutual=_mutual(clashes),
        share_first=_first(shares["lanes"][:, 0], count),
        share_lanes=shares["lanes"][:, 1].copy(),
        share_own=shares["own"],
        share_other=shares["other"],
        walk_first=_first(town.crosswalks.lanes[walks], count),
        walk_crossings=town.crosswalks.crosswalks[walks],
        walk_begins=town.crosswalks.begins[walks],
        walk_ends=town.crosswalks.ends_at[walks],
        crosswalk_groups=town.crosswalks.groups,
    )


def _by_line(lanes: Lanes, function, values: FloatArray) -> FloatArray:  # type: ignore[no-untyped-def]
    """``function(lane, values of its points)`` of each lane, one after the other."""
    offsets = lanes.lines.offsets
    return np.concatenate([function(k, values[offsets[k] : offsets[k + 1]]) for k in range(len(lanes))])


def _first(owners: NDArray[np.int32], count: int) -> NDArray[np.int64]:
    """Where the rows of each of ``count`` lanes begin, ``owners`` being sorted."""
    return np.searchsorted(owners, np.arange(count + 1)).astype(np.int64)


def _geometry(lanes: Lanes) -> dict[str, FloatArray]:
    """Arc lengths, spacing, headings and curvatures of the drive lines."""
    spacing, lengths, headings, curvatures = [], [], [], []
    for line in lanes.lines:
        steps = np.linalg.norm(np.diff(line, axis=0), axis=1)
        mean = steps.mean()
        slopes = np.gradient(line, mean, axis=0, edge_order=2)
        heading = np.unwrap(np.arctan2(slopes[:, 1], slopes[:, 0]))
        spacing.append(mean)
        lengths.append(steps.sum())
        headings.append(heading)
        curvatures.append(np.gradient(heading, mean))
    return {
        "spacing": np.array(spacing), "lengths": np.array(lengths), "headings": np.concatenate(headings),
        "curvatures": np.concatenate(curvatures),
    }  # fmt: skip


def _detours(
    lanes: Lanes, geometry: dict[str, FloatArray], obstacles: Obstacles
) -> tuple[FloatArray, list[tuple[int, float, float]]]:
    """Lateral offsets of all points, and the stretches (lane, begin, end) on which a detour leaves its lane."""
    detours = np.zeros(len(lanes.lines.points))
    zones: list[tuple[int, float, float]] = []
    if not len(obstacles):
        return detours, zones
    corners = obstacles.corners()
    for lane in np.flatnonzero(~lanes.connector):
        first, last = lanes.lines.offsets[lane], lanes.lines.offsets[lane + 1]
        line, at = lanes.lines[lane], geometry["spacing"][lane] * np.arange(last - first)
        near = np.linalg.norm(line[:, None] - obstacles.poses[:, :2], axis=2).min(0) < 6.0
        for corner in corners[near]:
            begin, end, aside = _passing(line, at, geometry["headings"][first:last], corner)
            if aside == 0.0:
                continue
            ramp = 9.0 + 6.0 * abs(aside)
            rise = _smooth((at - (begin - ramp)) / (ramp - 1.5)) * _smooth((end + ramp - at) / (ramp - 1.5))
            bump = aside * rise
            part = detours[first:last]
            part[:] = np.where(np.abs(bump) > np.abs(part), bump, part)
            if abs(aside) + HALF_VEHICLE > lanes.widths[lane] / 2 + 0.15:
                zones.append((int(lane), max(begin - ramp, 0.0), end + ramp))
    return detours, _joined(zones)


def _passing(line: FloatArray, at: FloatArray, headings: FloatArray, corners: FloatArray) -> tuple[float, float, float]:
    """Stretch along a line that a box covers, and the lateral offset at which to pass it; 0 if it is not in the way."""
    nearest = np.linalg.norm(line[:, None] - corners, axis=2).argmin(0)
    apart = corners - line[nearest]
    cos, sin = np.cos(headings[nearest]), np.sin(headings[nearest])
    places = at[nearest] + apart[:, 0] * cos + apart[:, 1] * sin
    offsets = apart[:, 1] * cos - apart[:, 0] * sin
    to_left, to_right = offsets.max() + PASSING, offsets.min() - PASSING
    inside = places.min() > -1.0 and places.max() < at[-1] + 1.0
    if not inside or to_left <= 0.0 or to_right >= 0.0:
        return 0.0, 0.0, 0.0
    aside = to_left if to_left < -to_right else to_right
    return float(places.min()), float(places.max()), float(aside)


def _smooth(x: FloatArray) -> FloatArray:
    """From 0 to 1 without a jump in slope or curvature."""
    x = np.clip(x, 0.0, 1.0)
    return x**3 * (10 - 15 * x + 6 * x**2)


def _joined(zones: list[tuple[int, float, float]]) -> list[tuple[int, float, float]]:
    """Zones of the same lane that overlap made one."""
    joined: list[tuple[int, float, float]] = []
    for lane, begin, end in sorted(zones):
        if joined and joined[-1][0] == lane and begin <= joined[-1][2] + 10.0:
            joined[-1] = (lane, joined[-1][1], max(end, joined[-1][2]))
        else:
            joined.append((lane, begin, end))
    return joined


def _clashes(
    town: Town, geometry: dict[str, FloatArray], detours: FloatArray, zones: list[tuple[int, float, float]]
) -> dict[str, NDArray]:  # type: ignore[type-arg]
    """The town's conflicts, and those that detours make: who makes the detour gives way."""
    conflicts = town.conflicts
    rows = [
        (a, b, begin[0], end[0], begin[1], end[1], yields)
        for (a, b), begin, end, yields in zip(
            conflicts.lanes, conflicts.begins, conflicts.ends, conflicts.yields, strict=True
        )
    ]
    for lane, begin, end in zones:
        for other, low, high in _entered(town.lanes, geometry, detours, lane, begin, end):
            rows.append((lane, other, begin, end, low, high, True))
            rows.append((other, lane, low, high, begin, end, False))
    table = np.array(rows, np.float64).reshape(-1, 7)
    pairs = table[:, :2].astype(np.int32)
    middles = [(pairs[:, k], table[:, 2 + 2 * k : 4 + 2 * k].mean(1)) for k in (0, 1)]
    turned = [_heading_at(town.lanes, geometry, lane, place) for lane, place in middles]
    return {
        "lanes": pairs, "own": table[:, 2:4].copy(), "other": table[:, 4:6].copy(), "yields": table[:, 6] > 0,
        "along": np.cos(turned[0] - turned[1]) > _ALONG,
    }  # fmt: skip


def _heading_at(
    lanes: Lanes, geometry: dict[str, FloatArray], lane: NDArray[np.int32], place: FloatArray
) -> FloatArray:
    offsets = lanes.lines.offsets
    index = np.clip(np.round(place / geometry["spacing"][lane]).astype(int), 0, offsets[lane + 1] - offsets[lane] - 1)
    return geometry["headings"][offsets[lane] + index]


def _entered(
    lanes: Lanes, geometry: dict[str, FloatArray], detours: FloatArray, lane: int, begin: float, end: float
) -> list[tuple[int, float, float]]:
    """Other lanes whose vehicles would touch one on the detour, and the stretch of each."""
    first, last = lanes.lines.offsets[lane], lanes.lines.offsets[lane + 1]
    at = geometry["spacing"][lane] * np.arange(last - first)
    on = (at >= begin) & (at <= end)
    heading = geometry["headings"][first:last][on]
    way = lanes.lines[lane][on] + detours[first:last][on, None] * np.column_stack([-np.sin(heading), np.cos(heading)])
    found = []
    for other in np.flatnonzero(~lanes.connector):
        if other == lane:
            continue
        line = lanes.lines[other]
        touched = (np.linalg.norm(line[:, None] - way, axis=2) < BODY).any(1)
        if touched.any():
            places = geometry["spacing"][other] * np.flatnonzero(touched)
            found.append((int(other), max(float(places[0]) - 4.0, 0.0), float(places[-1]) + 4.0))
    return found


def _mutual(clashes: dict[str, NDArray]) -> NDArray[np.bool_]:  # type: ignore[type-arg]
    """Of which clashes both sides have to give way."""
    rows = list(zip(
        map(tuple, clashes["lanes"].tolist()), map(tuple, clashes["own"].tolist()),
        map(tuple, clashes["other"].tolist()), strict=True,
    ))  # fmt: skip
    yields = dict(zip(rows, clashes["yields"].tolist(), strict=True))
    mutual = [yields[row] and yields.get((row[0][::-1], row[2], row[1]), False) for row in rows]
    return np.array(mutual, np.bool_)


def _shares(lanes: Lanes, geometry: dict[str, FloatArray], clashes: dict[str, NDArray]) -> dict[str, NDArray]:  # type: ignore[type-arg]
    """Stretches on which two lanes run together: where they merge, and where two begin alike."""
    along = clashes["along"]
    rows = [
        (a, b, *own, *other)
        for (a, b), own, other in zip(
            clashes["lanes"][along], clashes["own"][along], clashes["other"][along], strict=True
        )
    ]
    for following in lanes.successors:
        for a in following:
            rows += [
                (a, b, 0.0, apart, 0.0, apart)
                for b in following
                if a != b and (apart := _parting(lanes, geometry, a, b))
            ]
    table = np.array(sorted(rows), np.float64).reshape(-1, 6)
    return {"lanes": table[:, :2].astype(np.int32), "own": table[:, 2:4].copy(), "other": table[:, 4:6].copy()}


def _parting(lanes: Lanes, geometry: dict[str, FloatArray], a: int, b: int) -> float:
    """How far two lanes that begin alike stay together [m]."""
    places = np.arange(0.0, min(geometry["lengths"][[a, b]]), 0.5)
    ways = [
        np.column_stack([np.interp(places, geometry["spacing"][k] * np.arange(len(lanes.lines[k])), axis)
                         for axis in lanes.lines[k].T])
        for k in (a, b)
    ]  # fmt: skip
    apart = np.linalg.norm(ways[0] - ways[1], axis=1) > BODY
    return float(places[np.argmax(apart)]) if apart.any() else float(places[-1])
