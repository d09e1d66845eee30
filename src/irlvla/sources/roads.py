"""The map of a scene from the lane graph of a recording: the judge's areas and the renderer's lines."""

from collections.abc import Iterable

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from irlvla.scene import HDMap, Layer, LineKind, Polylines
from irlvla.sources.lanes import Lane, LaneGraph
from irlvla.sources.polygons import closed_union, polygons_of
from irlvla.sources.recording import RecordedMap

_DETAIL = 0.03
"""Outlines and lines are simplified by this much [m]: half a wheel's width of paint, a tenth of the points."""

_ROADSIDE = 5.0  # how far the road may reach from a centre line to its edge [m]
_BEHIND = 2.5  # how much of what the lanes' outlines cover behind an edge is cut off [m]


def hd_map(graph: LaneGraph, recorded: RecordedMap, around: BaseGeometry) -> HDMap:
    """Areas and lines that touch the region ``around``; the larger ones are cut off there.

    LANE and LANE_CONNECTOR are the outlines of the lanes for cars. ROADBLOCK is the union of lanes beside each other in
    the same direction. INTERSECTION is the union of the connectors, gaps closed, without other lanes and within the
    drivable area. DRIVABLE_AREA is the recorded one, else :func:`area_between_edges`.
    """
    lanes = [lane for lane in graph.lanes.values() if lane.polygon.intersects(around)]
    drivable = recorded.drivable
    if drivable is None:
        drivable = area_between_edges(lanes, _road_edges(recorded))
    named: list[tuple[str, Layer, Polygon]] = []
    for lane in lanes:
        if lane.motor:
            layer = Layer.LANE_CONNECTOR if lane.connector else Layer.LANE
            named.append((lane.id, layer, lane.polygon))
    drivable = shapely.intersection(shapely.make_valid(drivable), around)
    areas = {
        Layer.ROADBLOCK: shapely.GeometryCollection([block.intersection(drivable) for block in roadblocks(graph)]),
        Layer.INTERSECTION: intersections(graph, drivable),
        Layer.DRIVABLE_AREA: drivable,
    }
    for layer, area in areas.items():
        parts = [part for part in polygons_of(area) if part.intersects(around)]
        named += [(f"{layer.name.lower()}_{k}", layer, part) for k, part in enumerate(parts)]
    lines = [(LineKind.CENTERLINE, lane.line) for lane in lanes if lane.motor] + list(recorded.lines)
    if not _road_edges(recorded):
        lines += [(LineKind.ROAD_EDGE, shapely.get_coordinates(ring)) for ring in _rings(drivable)]
    return _packed(named, lines, around)


def roadblocks(graph: LaneGraph) -> Iterable[Polygon]:
    """The union of each group of lanes (bicycle lanes too, connectors not) that are neighbours of each other."""
    todo = {name for name, lane in graph.lanes.items() if not lane.connector}
    while todo:
        group, grown = set(), {min(todo)}
        while grown:
            group |= grown
            grown = {n for name in grown for n in graph[name].neighbours if n in todo} - group
        todo -= group
        yield from polygons_of(closed_union([graph[name].polygon for name in sorted(group)], 0.1))


def intersections(graph: LaneGraph, drivable: BaseGeometry, gap: float = 2.0) -> BaseGeometry:
    """The area of the connectors, gaps up to ``2 * gap`` [m] closed, without other lanes, within ``drivable``."""
    connectors = [lane.polygon for lane in graph.lanes.values() if lane.connector]
    if not connectors:
        return Polygon()
    others = shapely.union_all([lane.polygon for lane in graph.lanes.values() if not lane.connector])
    return closed_union(connectors, gap).difference(others).intersection(drivable)


def area_between_edges(lanes: list[Lane], edges: list[shapely.LineString]) -> BaseGeometry:
    """Drivable area where none is recorded: the lanes, and the roadside up to edges within 5 m of a centre line.

    Gaps of 3 m are closed, and holes without an edge in them. What lies behind an edge, seen from the centre lines, is
    cut off again (medians, kerbs).
    """
    inside, behind = [], []
    for lane in lanes:
        left = np.column_stack([-np.sin(lane.heading), np.cos(lane.heading)])
        for side in (left, -left):
            free = _free_way(lane.line, side, edges)
            met = np.isfinite(free)
            near = np.where(met, free, 0.0)[:, None] * side
            far = np.where(met, free + _BEHIND, 0.0)[:, None] * side
            inside += _ribbon(lane.line, lane.line + near, met)
            behind += _ribbon(lane.line + near, lane.line + far, met)
    visible = shapely.union_all(inside)
    area = closed_union([visible, *(lane.polygon for lane in lanes)], 1.5)
    parts = [_without_open_holes(part, shapely.STRtree(edges)) for part in polygons_of(area)]
    return shapely.union_all(parts).difference(shapely.union_all(behind).difference(visible))


def _without_open_holes(part: Polygon, edges: shapely.STRtree) -> Polygon:
    """``part`` with the holes filled that touch no road edge: painted islands, corners of junctions."""
    holes = [ring for ring in part.interiors if len(edges.query(Polygon(ring), predicate="intersects"))]
    return Polygon(part.exterior, holes)


def _free_way(
    points: NDArray[np.float64], direction: NDArray[np.float64], edges: list[shapely.LineString]
) -> NDArray[np.float64]:
    """``[n]`` metres from ``points [n, 2]`` along ``direction [n, 2]`` to the first edge, inf if none within 5 m."""
    free = np.full(len(points), np.inf)
    if edges:
        rays = shapely.linestrings(np.stack([points, points + _ROADSIDE * direction], axis=1))
        ray, edge = shapely.STRtree(edges).query(rays, predicate="intersects")
        hit = shapely.intersection(rays[ray], np.array(edges)[edge])
        np.minimum.at(free, ray, shapely.distance(shapely.points(points)[ray], hit))
    return free


def _ribbon(one: NDArray[np.float64], other: NDArray[np.float64], where: NDArray[np.bool_]) -> list[BaseGeometry]:
    """Quadrilaterals between two lines ``[n, 2]``, for those steps at both ends of which ``where [n]`` holds."""
    corners = np.stack([one[:-1], one[1:], other[1:], other[:-1]], axis=1)[where[:-1] & where[1:]]
    return list(shapely.buffer(shapely.polygons(corners), 0.0))


def _road_edges(recorded: RecordedMap) -> list[shapely.LineString]:
    return [shapely.LineString(line) for kind, line in recorded.lines if kind == LineKind.ROAD_EDGE and len(line) > 1]


def _rings(area: BaseGeometry) -> list[shapely.LinearRing]:
    return [ring for part in polygons_of(area) for ring in (part.exterior, *part.interiors)]


def _packed(
    named: list[tuple[str, Layer, Polygon]], lines: list[tuple[LineKind, np.ndarray]], around: BaseGeometry
) -> HDMap:
    outlines = [polygon.simplify(_DETAIL) for _, _, polygon in named]
    holes = [(k, ring) for k, outline in enumerate(outlines) for ring in outline.interiors]
    cut = []
    for kind, line in lines:
        if len(line) < 2:
            continue
        shape = shapely.LineString(line)
        whole = kind == LineKind.CROSSWALK or around.contains(shape)
        inside = shape if whole else shape.intersection(around)
        parts = [part for part in shapely.get_parts(inside) if part.geom_type == "LineString" and part.length > 0.1]
        cut += [(kind, shapely.get_coordinates(part.simplify(_DETAIL))) for part in parts if shape.intersects(around)]
    return HDMap(
        ids=tuple(name for name, _, _ in named),
        layers=np.array([layer for _, layer, _ in named], np.int8),
        polygons=Polylines.of([shapely.get_coordinates(outline.exterior)[:-1] for outline in outlines]),
        holes=Polylines.of([shapely.get_coordinates(ring)[:-1] for _, ring in holes]),
        hole_owners=np.array([k for k, _ in holes], np.int32),
        lines=Polylines.of([points for _, points in cut]),
        line_kinds=np.array([kind for kind, _ in cut], np.int8),
    )
