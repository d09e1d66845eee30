"""What must hold of every town; each check raises an AssertionError that names what is wrong."""

from collections.abc import Callable

import numpy as np
import shapely

from irlvla.scene import HDMap, Layer, LineKind, SignalState
from irlvla.sources.town.network import NONE, YELLOW_SECONDS, Control, Town, Turn

CAR = ((2.588, -2.588), (4.049, -1.127))
"""Reach of the metric's car forward and back, of its centre and of its rear axle on the drive line [m]."""

HALF_WIDTH = 1.149
DRIVABLE = (Layer.ROADBLOCK, Layer.INTERSECTION, Layer.CARPARK_AREA, Layer.DRIVABLE_AREA)


def polygons(hdmap: HDMap, *layers: Layer) -> list[shapely.Polygon]:
    holes: dict[int, list[np.ndarray]] = {}
    for ring, owner in zip(hdmap.holes, hdmap.hole_owners, strict=True):
        holes.setdefault(int(owner), []).append(ring)
    return [shapely.Polygon(hdmap.polygons[k], holes.get(k, [])) for k in hdmap.of_layer(*layers)]


def drivable(town: Town) -> shapely.Geometry:
    """All that may be driven on, grown by a millimetre so that rounding opens no seams."""
    return shapely.union_all(shapely.buffer(polygons(town.map, *DRIVABLE), 0.001, quad_segs=2))


def boxes(poses: np.ndarray, lengths: np.ndarray, widths: np.ndarray) -> np.ndarray:
    ahead = np.stack([np.cos(poses[:, 2]), np.sin(poses[:, 2])], 1)
    left = np.stack([-ahead[:, 1], ahead[:, 0]], 1)
    corners = [
        poses[:, :2] + i * ahead * lengths[:, None] / 2 + j * left * widths[:, None] / 2
        for i, j in ((1, 1), (-1, 1), (-1, -1), (1, -1))
    ]
    return shapely.polygons(np.stack(corners, 1))


def headings(line: np.ndarray) -> np.ndarray:
    """Heading of each step of a line."""
    steps = np.diff(line, axis=0)
    return np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))


def polygons_are_valid_and_named_once(town: Town) -> None:
    hdmap = town.map
    assert len(set(hdmap.ids)) == len(hdmap.ids) == len(hdmap.polygons) == len(hdmap.layers)
    for name, polygon in zip(hdmap.ids, polygons(hdmap, *Layer), strict=False):
        assert polygon.is_valid, name
        assert polygon.area > 1.0, name
    assert len(hdmap.speed_limits) == len(hdmap.ids)
    assert np.isfinite(hdmap.polygons.points).all()
    assert np.isfinite(hdmap.lines.points).all()


def lanes_come_first_in_the_map(town: Town) -> None:
    count, connector = len(town.lanes), town.lanes.connector
    assert town.map.ids[:count] == town.lanes.ids
    layers = np.where(connector, Layer.LANE_CONNECTOR, Layer.LANE)
    assert (town.map.layers[:count] == layers).all()
    assert not np.isin(town.map.layers[count:], [Layer.LANE, Layer.LANE_CONNECTOR]).any()
    assert (town.map.speed_limits[:count] == town.lanes.limits).all()
    assert np.isnan(town.map.speed_limits[count:]).all()


def links_are_the_successors(town: Town) -> None:
    expected = {(k, j) for k, after in enumerate(town.lanes.successors) for j in after}
    assert {(a, b) for a, b in town.map.links.tolist()} == expected
    for k, j in expected:
        assert town.lanes.connector[k] != town.lanes.connector[j]


def lanes_tile_their_roadblocks(town: Town) -> None:
    lanes = town.lanes
    outlines = polygons(town.map, Layer.LANE)
    blocks = polygons(town.map, Layer.ROADBLOCK)
    for road, block in zip(sorted(set(lanes.roads[~lanes.connector].tolist())), blocks, strict=True):
        parts = [outlines[k] for k in np.flatnonzero(lanes.roads == road)]
        assert shapely.union_all(parts).symmetric_difference(block).area < 1e-6
        assert abs(sum(part.area for part in parts) - block.area) < 1e-6
    for k in np.flatnonzero(lanes.left != NONE):
        assert lanes.right[lanes.left[k]] == k
        assert lanes.roads[lanes.left[k]] == lanes.roads[k]
        assert (
            abs(
                shapely.LineString(lanes.lines[k]).distance(shapely.LineString(lanes.lines[lanes.left[k]]))
                - lanes.widths[k]
            )
            < 0.02
        )


def roads_and_junctions_only_touch(town: Town) -> None:
    areas = polygons(town.map, Layer.INTERSECTION, Layer.DRIVABLE_AREA)
    one, other = shapely.STRtree(areas).query(areas, predicate="intersects")
    for a, b in zip(one.tolist(), other.tolist(), strict=True):
        assert a >= b or shapely.intersection(areas[a], areas[b], grid_size=1e-4).area < 0.02
    union = drivable(town)
    holes = [shapely.Polygon(ring) for part in shapely.get_parts(union) for ring in part.interiors]
    assert all(hole.area > 30 or hole.area < 2e-3 for hole in holes), "slivers"
    assert len(shapely.get_parts(union)) == 1


def junctions_cover_their_connectors(town: Town) -> None:
    covered = shapely.union_all(polygons(town.map, Layer.INTERSECTION)).buffer(0.05)
    assert shapely.covers(covered, polygons(town.map, Layer.LANE_CONNECTOR)).all()


def the_car_can_follow_every_line(town: Town) -> None:
    lanes = town.lanes
    area = drivable(town).buffer(0.01)
    shapely.prepare(area)
    reached = {j for after in lanes.successors for j in after}
    for k, line in enumerate(lanes.lines):
        steps = headings(line)
        along = np.concatenate([steps[:1], (steps[1:] + steps[:-1]) / 2, steps[-1:]])
        ahead = np.stack([np.cos(along), np.sin(along)], 1)
        left = np.stack([-ahead[:, 1], ahead[:, 0]], 1)
        inside = slice(0 if k in reached else 4, None if lanes.successors[k] else -5)  # the town ends there
        for reaches in CAR:
            for reach in reaches:
                for side in (-HALF_WIDTH, HALF_WIDTH):
                    corners = (line + reach * ahead + side * left)[inside]
                    assert shapely.contains_xy(area, corners[:, 0], corners[:, 1]).all(), lanes.ids[k]


def lines_are_even_and_smooth(town: Town) -> None:
    lanes = town.lanes
    least = {Turn.RIGHT: 6.5, Turn.LEFT: 8.0, Turn.STRAIGHT: 8.0}
    for k, line in enumerate(lanes.lines):
        lengths = np.hypot(*np.diff(line, axis=0).T)
        assert lengths.max() <= 1 + 1e-9, lanes.ids[k]
        assert np.ptp(lengths) < 0.02, lanes.ids[k]
        for line_after in [line, *(lanes.lines[j] for j in lanes.successors[k])]:
            whole = line if line_after is line else np.concatenate([line, line_after[1:]])
            assert np.hypot(*(line[-1] - line_after[0])) < 1e-9 or line_after is line
            turns = np.diff(headings(whole))
            steps = np.hypot(*np.diff(whole, axis=0).T)
            curvatures = turns / ((steps[1:] + steps[:-1]) / 2)
            assert np.abs(np.diff(curvatures)).max(initial=0) < 0.07, lanes.ids[k]
        sharpest = np.abs(np.diff(headings(line)) / lengths[1:]).max(initial=1e-9)
        radius = least[Turn(int(lanes.turns[k]))] if lanes.connector[k] else 25.0
        assert sharpest < 1.01 / radius, (lanes.ids[k], 1 / sharpest)


def every_lane_is_reached_and_leads_on(town: Town) -> None:
    lanes = town.lanes
    reached = {j for after in lanes.successors for j in after}
    starts = [k for k in range(len(lanes)) if k not in reached]
    ends = [k for k in range(len(lanes)) if not lanes.successors[k]]
    assert starts
    assert ends
    assert not lanes.connector[starts + ends].any()
    edge = shapely.get_parts(drivable(town))[0].exterior
    for k, place in [(k, lanes.lines[k][0]) for k in starts] + [(k, lanes.lines[k][-1]) for k in ends]:
        assert edge.distance(shapely.Point(place)) < 0.01, lanes.ids[k]  # they lead out of the town
    on_foot = set(starts)
    todo = list(starts)
    while todo:
        fresh = [j for j in lanes.successors[todo.pop()] if j not in on_foot]
        on_foot.update(fresh)
        todo += fresh
    assert len(on_foot) == len(lanes)


def turns_are_what_they_are_called(town: Town) -> None:
    lanes = town.lanes
    for k in np.flatnonzero(lanes.connector):
        ahead = headings(lanes.lines[k])
        turn = (ahead[-1] - ahead[0] + np.pi) % (2 * np.pi) - np.pi
        expected = Turn.STRAIGHT if abs(turn) < np.radians(40) else Turn.LEFT if turn > 0 else Turn.RIGHT
        assert lanes.turns[k] == expected, lanes.ids[k]
    assert (lanes.turns[~lanes.connector] == Turn.STRAIGHT).all()
    assert (lanes.controls[~lanes.connector] == Control.FREE).all()
    for k in np.flatnonzero(~lanes.connector):  # no ways from a lane cross those from its right-hand neighbour
        right = lanes.right[k]
        if right != NONE:
            bends = [
                [headings(lanes.lines[j])[-1] - headings(lanes.lines[j])[0] for j in lanes.successors[i]]
                for i in (k, right)
            ]
            assert not bends[0] or min(bends[0]) > max(bends[1]) - 0.2, lanes.ids[k]


def conflicts_come_in_pairs(town: Town) -> None:
    lanes, conflicts = town.lanes, town.conflicts
    lengths = np.array([np.hypot(*np.diff(line, axis=0).T).sum() for line in lanes.lines])
    assert lanes.connector[conflicts.lanes].all()
    assert (conflicts.begins >= 0).all()
    assert (conflicts.begins < conflicts.ends).all()
    assert (conflicts.ends <= lengths[conflicts.lanes] + 1e-6).all()
    pairs = [(a, b) for a, b in conflicts.lanes.tolist()]
    assert {(b, a) for a, b in pairs} == set(pairs)
    source = {j: k for k, after in enumerate(lanes.successors) for j in after if lanes.connector[j]}
    assert all(source[a] != source[b] for a, b in pairs)
    yields = dict.fromkeys(pairs, False)
    for pair, gives_way in zip(pairs, conflicts.yields.tolist(), strict=True):
        yields[pair] |= gives_way
    for a, b in pairs:  # who goes first is settled everywhere but where lights see to it
        assert yields[a, b] or yields[b, a] or lanes.controls[a] == Control.LIGHT, (lanes.ids[a], lanes.ids[b])
        both_free = lanes.controls[a] == lanes.controls[b] == Control.FREE
        assert not (both_free and yields[a, b] and yields[b, a]) or Turn.LEFT in lanes.turns[[a, b]]


def conflicting_lights_are_not_green_together(town: Town) -> None:
    lanes, signals, conflicts = town.lanes, town.signals, town.conflicts
    assert (signals.greens[:, 0] < signals.greens[:, 1]).all()
    assert (signals.greens[:, 1] + YELLOW_SECONDS <= signals.periods).all()
    assert ((lanes.groups != NONE) == (lanes.controls == Control.LIGHT)).all()
    assert lanes.groups.max(initial=NONE) < len(signals.periods)
    states = signals.states(np.arange(0.0, 120.0, 0.5))
    moving = states != SignalState.RED
    for (a, b), gives_way in zip(conflicts.lanes.tolist(), conflicts.yields.tolist(), strict=True):
        groups = lanes.groups[[a, b]]
        if NONE not in groups and groups[0] != groups[1] and not gives_way and lanes.turns[b] != Turn.LEFT:
            assert not (moving[:, groups[0]] & moving[:, groups[1]]).any(), (lanes.ids[a], lanes.ids[b])
    assert (
        np.bincount(signals.head_groups, minlength=len(signals.periods))[np.unique(lanes.groups[lanes.groups != NONE])]
        > 0
    ).all()
    far = shapely.distance(drivable(town), shapely.points(signals.heads[:, :2]))
    assert (far > 0.5).all()


def crosswalks_lie_across_the_lanes_that_pass_them(town: Town) -> None:
    lanes, crosswalks = town.lanes, town.crosswalks
    outlines = [shapely.Polygon(town.map.lines[k]) for k in np.flatnonzero(town.map.line_kinds == LineKind.CROSSWALK)]
    assert len(outlines) == len(crosswalks.ends) == len(crosswalks.groups)
    area = drivable(town)
    far = shapely.distance(area, shapely.points(crosswalks.ends))
    assert (far > 0.3).all()
    assert (far < 1.0).all()
    for lane, over, begin, end in zip(
        crosswalks.lanes, crosswalks.crosswalks, crosswalks.begins, crosswalks.ends_at, strict=True
    ):
        inside = shapely.LineString(lanes.lines[lane]).intersection(outlines[over])
        line = shapely.LineString(lanes.lines[lane])
        assert abs(inside.length - (end - begin)) < 0.05
        assert abs(line.project(shapely.Point(inside.coords[0])) - begin) < 0.05
    for k, line in enumerate(lanes.lines):
        passed = set(crosswalks.crosswalks[crosswalks.lanes == k].tolist())
        touched = {
            w for w, outline in enumerate(outlines) if outline.intersection(shapely.LineString(line)).length > 0.1
        }
        assert passed == touched, lanes.ids[k]


def bays_buildings_and_walks_are_clear(town: Town) -> None:
    area = drivable(town)
    blocks = town.map.buildings
    houses = boxes(blocks[:, :3], blocks[:, 3], blocks[:, 4])
    assert (shapely.distance(houses, area) > 3.0).all()
    one, other = shapely.STRtree(houses).query(houses, predicate="intersects")
    assert (one == other).all()
    count = len(town.bays)
    places = boxes(town.bays, np.full(count, 5.5), np.full(count, 2.2))
    lanes = shapely.union_all(polygons(town.map, Layer.LANE, Layer.LANE_CONNECTOR), grid_size=1e-4)
    assert not shapely.intersects(places, lanes).any()
    assert shapely.covers(shapely.union_all(polygons(town.map, Layer.CARPARK_AREA)).buffer(0.01), places).all()
    ways = [shapely.LineString(walk) for walk in town.walks]
    assert all(way.distance(area) > 1.0 for way in ways)
    assert (shapely.STRtree(houses).query(ways, predicate="dwithin", distance=0.5).size == 0) if ways else True


def stop_lines_lie_before_controlled_connectors(town: Town) -> None:
    lanes = town.lanes
    stops = [shapely.LineString(town.map.lines[k]) for k in np.flatnonzero(town.map.line_kinds == LineKind.STOP_LINE)]
    for k in np.flatnonzero(~lanes.connector):
        asked = {int(lanes.controls[j]) for j in lanes.successors[k]} - {Control.FREE}
        crossed = any(stop.crosses(shapely.LineString(lanes.lines[k])) for stop in stops)
        assert crossed or not asked or asked == {Control.YIELD}, lanes.ids[k]
        assert asked or not crossed


CHECKS: tuple[Callable[[Town], None], ...] = (
    polygons_are_valid_and_named_once,
    lanes_come_first_in_the_map,
    links_are_the_successors,
    lanes_tile_their_roadblocks,
    roads_and_junctions_only_touch,
    junctions_cover_their_connectors,
    the_car_can_follow_every_line,
    lines_are_even_and_smooth,
    every_lane_is_reached_and_leads_on,
    turns_are_what_they_are_called,
    conflicts_come_in_pairs,
    conflicting_lights_are_not_green_together,
    crosswalks_lie_across_the_lanes_that_pass_them,
    bays_buildings_and_walks_are_clear,
    stop_lines_lie_before_controlled_connectors,
)
