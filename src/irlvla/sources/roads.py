"""The map of a scene from the lane graph of a recording: the judge's areas and the renderer's lines."""

from collections.abc import Iterable

import numpy as np
import shapely
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from irlvla.scene import HDMap, Layer, LineKind, Polylines
from irlvla.sources.lanes import Lane, LaneGraph
from irlvla.sources.polygons import closed_union, polygons_of
from irlvla.sources.recording import RecordedMap

_DETAIL = 0.03
"""Outlines and lines are simplified by this much [m]: half a wheel's width of paint, a tenth of the points."""

_ROADSIDE, _GROWTH = 5.0, 0.5  # how far and in which steps the road reaches from a centre line to its edge [m]
_WALL = 0.05  # half the thickness of a road edge [m]


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
        Layer.ROADBLOCK: shapely.geometrycollections(list(roadblocks(graph))),
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
    """Drivable area where none is recorded: what lies within 5 m of a centre line on the same side of every road edge.

    The centre lines grow by half a metre at a time and are cut at the edges each time, so that the area does not flow
    along behind an edge that it got around. Without edges it is the union of the lanes, gaps of 2 m closed.
    """
    if not edges:
        return closed_union([lane.polygon for lane in lanes], 1.0)
    walls = shapely.buffer(shapely.union_all(edges), _WALL, quad_segs=1)
    centrelines: BaseGeometry = shapely.MultiLineString([lane.line for lane in lanes]).simplify(_DETAIL)
    area = centrelines
    for _ in range(round(_ROADSIDE / _GROWTH)):
        parts = shapely.get_parts(shapely.difference(shapely.buffer(area, _GROWTH, quad_segs=2), walls))
        area = shapely.union_all(parts[shapely.length(shapely.intersection(parts, centrelines)) > 1.0]).simplify(0.02)
    return closed_union([area], 2 * _WALL)


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
