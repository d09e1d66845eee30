"""What may be in a car's way: objects and red connectors as polygons that move in straight lines."""

import math
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from irlvla.epdms.forecast import HELD, LOOKS
from irlvla.epdms.geometry import boxes_touch
from irlvla.epdms.grid import ring_edges
from irlvla.epdms.vehicle import HALF_LENGTH, HALF_WIDTH, REAR_TO_CENTRE, STEP
from irlvla.scene import Polylines, SceneTruth
from irlvla.scene.frames import rotate, to_local, wrap

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

CORNERS = np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)], np.float64)
EGO_BOX = CORNERS * (HALF_LENGTH, HALF_WIDTH) + (REAR_TO_CENTRE, 0.0)
"""``[4, 2]`` corners of the ego now, in its own frame."""
TREE_NODE = 10
"""Boxes in a node of the benchmark's search tree."""


class Obstacles(NamedTuple):
    """``K`` polygons in the ego frame of now, objects first and red connectors after them.

    Attributes:
        edges: ``[E, 4]`` ax, ay, bx, by, of all polygons as they are now.
        offsets: ``[K + 1]``, polygon ``k`` has the edges ``offsets[k]`` to ``offsets[k + 1]``.
        centroids: ``[K, 2]`` now. velocities: ``[K, 2]`` [m/s].
        speeds: ``[K]`` [m/s], 0 for what cannot move. headings: ``[K]`` [rad].
        lights: ``[K]`` whether it is a red connector.
        ignored: ``[K]`` an object that touches the ego now, or a connector that holds it.
        order: ``[26, K]`` obstacles, every 0.2 s, in the order in which the benchmark's search tree gives them: it
            decides between several that overlap the ego and so are all 0 m away.
    """

    edges: FloatArray
    offsets: IntArray
    centroids: FloatArray
    velocities: FloatArray
    speeds: FloatArray
    headings: FloatArray
    lights: BoolArray
    ignored: BoolArray
    order: IntArray

    @classmethod
    def of(cls, truth: SceneTruth) -> "Obstacles":
        """All objects and red connectors of the route; of ``truth``, a forecast, it reads the first instant only."""
        origin, tracks = truth.ego[:3], truth.tracks
        centres, turned = to_local(tracks.poses[:, 0, :2], origin), wrap(tracks.poses[:, 0, 2] - origin[2])
        velocities = rotate(tracks.velocities[:, 0], -origin[2])
        boxes = centres[:, None] + rotate(CORNERS * tracks.sizes[:, None, :2] / 2, turned[:, None])
        touching = [_touches_ego(*box) for box in zip(centres, turned, tracks.sizes, strict=True)]

        areas = _red_areas(truth)
        holding = [bool(shapely.within(shapely.polygons(EGO_BOX), area)) for area in areas]
        rings = [ring_edges(Polylines.of(boxes)), *map(_edges_of, areas)]
        edges, still = np.concatenate(rings), np.zeros((len(areas), 2))
        offsets = np.cumsum([0, *[len(CORNERS)] * len(boxes), *map(len, rings[1:])], dtype=np.int64)
        velocities = np.concatenate([velocities, still])
        return cls(
            edges=edges,
            offsets=offsets,
            centroids=np.concatenate([centres, *[shapely.get_coordinates(area.centroid) for area in areas]]),
            velocities=velocities,
            speeds=np.linalg.norm(velocities, axis=1),
            headings=np.append(turned, still[:, 0]),
            lights=np.arange(len(boxes) + len(areas)) >= len(boxes),
            ignored=np.array(touching + holding, np.bool_),
            order=_tree_order(edges, offsets, velocities, float(origin[2])),
        )


def _tree_order(edges: FloatArray, offsets: IntArray, velocities: FloatArray, heading: float) -> IntArray:
    """``order`` of :class:`Obstacles`: it follows from bounds along the global axes; ``heading`` is the ego's."""
    if len(velocities) == 0:
        return np.zeros((LOOKS, 0), np.int64)
    corners, turned = rotate(edges[:, :2], np.asarray(heading)), rotate(velocities, np.asarray(heading))
    moved = np.arange(LOOKS)[:, None, None] * HELD * STEP * turned
    low, high = (reduce.reduceat(corners, offsets[:-1]) + moved for reduce in (np.minimum, np.maximum))
    bounds = shapely.box(low[..., 0], low[..., 1], high[..., 0], high[..., 1])
    everywhere = shapely.box(*low.min((0, 1)), *high.max((0, 1)))
    return np.stack([shapely.STRtree(boxes, TREE_NODE).query(everywhere) for boxes in bounds])


def _touches_ego(centre: FloatArray, heading: float, size: FloatArray) -> bool:
    return bool(
        boxes_touch(
            REAR_TO_CENTRE, 0.0, 1.0, 0.0, HALF_LENGTH, HALF_WIDTH,
            centre[0], centre[1], math.cos(heading), math.sin(heading), size[0] / 2, size[1] / 2,
        )
    )  # fmt: skip


def _red_areas(truth: SceneTruth) -> list[shapely.Polygon]:
    """Polygons, in the ego frame of now, of the route's connectors that are red."""
    areas = []
    for light in truth.red_lights:
        if light.connector in truth.route:
            k = truth.map.ids.index(light.connector)
            holes = [truth.map.holes[h] for h in np.flatnonzero(truth.map.hole_owners == k).tolist()]
            shell, *inner = (to_local(ring, truth.ego[:3]) for ring in (truth.map.polygons[k], *holes))
            areas.append(shapely.Polygon(shell, inner))
    return areas


def _edges_of(area: shapely.Polygon) -> FloatArray:
    return ring_edges(Polylines.of(shapely.get_coordinates(ring)[:-1] for ring in shapely.get_rings(area)))
