"""The ground of a scene as paint: asphalt, lanes, markings, kerbs, crosswalks, and the shade under objects."""

import numpy as np
from numpy.typing import NDArray

from irlvla.scene import HDMap, Layer, LineKind, Polylines
from irlvla.scene.frames import to_local
from irlvla.sources.render_paint import blank, packed, paint_areas, paint_lines

OFF_ROAD = packed(122, 130, 104)
ASPHALT = packed(80, 82, 87)
WHITE = packed(238, 238, 234)
YELLOW = packed(240, 192, 60)

AREA_COLOURS = {
    Layer.DRIVABLE_AREA: ASPHALT,
    Layer.CARPARK_AREA: packed(98, 95, 92),
    Layer.ROADBLOCK: ASPHALT,
    Layer.INTERSECTION: ASPHALT,
    Layer.LANE_CONNECTOR: packed(86, 88, 94),
    Layer.LANE: packed(98, 100, 107),
}
"""Colour by layer, in the order of painting."""

LINE_STYLES = {
    LineKind.ROAD_EDGE: (packed(52, 50, 48), 0.42, 0.0),
    LineKind.MARKING_WHITE_BROKEN: (WHITE, 0.18, 9.0),
    LineKind.MARKING_WHITE_SOLID: (WHITE, 0.18, 0.0),
    LineKind.MARKING_YELLOW_BROKEN: (YELLOW, 0.18, 9.0),
    LineKind.MARKING_YELLOW_SOLID: (YELLOW, 0.18, 0.0),
    LineKind.STOP_LINE: (WHITE, 0.45, 0.0),
}
"""Colour, width [m] and dash period [m] by kind, in the order of painting."""

KERB_TOP = (packed(172, 166, 156), 0.2, 0.0)
ZEBRA_PERIOD = 1.1
SHADE_OPACITY = 0.5
SHADE_MARGIN = 0.12


def ground_of(hdmap: HDMap, ego: NDArray[np.float64], boxes: NDArray[np.float64]) -> NDArray[np.uint32]:
    """The painted ground around ``ego [3]``, as :mod:`irlvla.sources.render_paint` describes it.

    Args:
        hdmap: the map, global frame.
        ego: x, y, heading of the rear axle, global frame.
        boxes: ``[N, 5]`` x, y, heading, length, width of what casts a shade, ego frame.
    """
    ground = blank(OFF_ROAD)
    _paint_map_areas(ground, hdmap, ego)
    _paint_crosswalks(ground, hdmap, ego)
    _paint_map_lines(ground, hdmap, ego)
    _paint_shades(ground, boxes)
    return ground


def _paint_map_areas(ground: NDArray[np.uint32], hdmap: HDMap, ego: NDArray[np.float64]) -> None:
    order = [k for layer in AREA_COLOURS for k in hdmap.of_layer(layer)]
    holes: dict[int, list[NDArray[np.float64]]] = {}
    for ring, owner in zip(hdmap.holes, hdmap.hole_owners, strict=True):
        holes.setdefault(int(owner), []).append(ring)
    rings = [[hdmap.polygons[k], *holes.get(k, [])] for k in order]
    colours = [AREA_COLOURS[Layer(hdmap.layers[k])] for k in order]
    _fill(ground, rings, ego, colours, 1.0, np.zeros((len(order), 2)))


def _paint_crosswalks(ground: NDArray[np.uint32], hdmap: HDMap, ego: NDArray[np.float64]) -> None:
    outlines = [hdmap.lines[k] for k in np.flatnonzero(hdmap.line_kinds == LineKind.CROSSWALK)]
    outlines = [outline for outline in outlines if len(outline) >= 3]
    walking = np.array([_longest_edge(to_local(outline, ego[:3])) for outline in outlines]).reshape(-1, 2)
    _fill(ground, [[outline] for outline in outlines], ego, [WHITE] * len(outlines), 1.0, ZEBRA_PERIOD * walking)


def _longest_edge(ring: NDArray[np.float64]) -> NDArray[np.float64]:
    """Direction ``[2]`` of the longest edge: people walk along it, and the stripes of a zebra follow one another."""
    edges = np.roll(ring, -1, 0) - ring
    edge = edges[np.argmax(np.square(edges).sum(1))]
    return edge / max(float(np.linalg.norm(edge)), 1e-9)


def _paint_map_lines(ground: NDArray[np.uint32], hdmap: HDMap, ego: NDArray[np.float64]) -> None:
    edges = np.flatnonzero(hdmap.line_kinds == LineKind.ROAD_EDGE)
    order = [(k, style) for kind, style in LINE_STYLES.items() for k in np.flatnonzero(hdmap.line_kinds == kind)]
    order[len(edges) : len(edges)] = [(k, KERB_TOP) for k in edges]
    lines = Polylines.of([hdmap.lines[k] for k, _ in order])
    colours, widths, periods = np.array([style for _, style in order], np.float64).reshape(-1, 3).T
    paint_lines(ground, to_local(lines.points, ego[:3]), lines.offsets, colours.astype(np.uint32), widths, periods)


def _paint_shades(ground: NDArray[np.uint32], boxes: NDArray[np.float64]) -> None:
    cos, sin = np.cos(boxes[:, 2:3]), np.sin(boxes[:, 2:3])
    along = (boxes[:, 3:4] / 2 + SHADE_MARGIN) * np.array([1, -1, -1, 1])
    across = (boxes[:, 4:5] / 2 + SHADE_MARGIN) * np.array([1, 1, -1, -1])
    corners = np.stack([cos * along - sin * across, sin * along + cos * across], -1) + boxes[:, None, :2]
    count = len(boxes)
    _fill(ground, [[ring] for ring in corners], np.zeros(3), [0] * count, SHADE_OPACITY, np.zeros((count, 2)))


def _fill(
    ground: NDArray[np.uint32],
    areas: list[list[NDArray[np.float64]]],
    frame: NDArray[np.float64],
    colours: list[int],
    opacity: float,
    stripes: NDArray[np.float64],
) -> None:
    """Paint areas (each a list of rings in the frame that ``frame`` is the ego's pose of)."""
    rings = Polylines.of([ring for area in areas for ring in area])
    offsets = np.cumsum([0, *map(len, areas)], dtype=np.int64)
    points = to_local(rings.points, frame[:3])
    opacities = np.full(len(areas), opacity)
    paint_areas(ground, points, rings.offsets, offsets, np.array(colours, np.uint32), opacities, stripes)
