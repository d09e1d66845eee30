"""Targets of the auxiliary heads, made from a scene's truth: objects, map lines, areas, meta-actions."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from irlvla.model import AuxiliaryTargets, BEVRegion, MapLine, ModelConfig
from irlvla.scene import HDMap, Layer, LineKind, Scene, frames, meta_action

Array = NDArray[np.float64]
_KINDS = {
    LineKind.CENTERLINE: MapLine.CENTERLINE,
    LineKind.MARKING_WHITE_BROKEN: MapLine.MARKING,
    LineKind.MARKING_WHITE_SOLID: MapLine.MARKING,
    LineKind.MARKING_YELLOW_BROKEN: MapLine.MARKING,
    LineKind.MARKING_YELLOW_SOLID: MapLine.MARKING,
    LineKind.ROAD_EDGE: MapLine.ROAD_EDGE,
    LineKind.CROSSWALK: MapLine.CROSSWALK,
}
_SPACING = 1.5
_SHORTEST = 4.0
_DRIVABLE = (Layer.ROADBLOCK, Layer.INTERSECTION, Layer.DRIVABLE_AREA, Layer.CARPARK_AREA)


def auxiliary_targets(scenes: Sequence[Scene], config: ModelConfig) -> AuxiliaryTargets:
    """What is there around the ego of each scene, in its frame, as the auxiliary losses want it."""
    region = BEVRegion(config)
    dense: dict[int, tuple[Array, NDArray[np.int64], NDArray[np.int64]]] = {}
    rows = []
    for scene in scenes:
        hdmap = scene.truth.map
        if id(hdmap) not in dense:
            dense[id(hdmap)] = densified(hdmap)
        origin = scene.truth.ego[:3]
        rows.append(
            (
                *objects(scene, region, config.object_queries),
                *lines(*dense[id(hdmap)], origin, region, config.map_queries, config.map_points),
                areas(hdmap, origin, region),
                *actions(scene),
            )
        )
    columns = [torch.from_numpy(np.stack(column)) for column in zip(*rows, strict=True)]
    return AuxiliaryTargets(*columns)


def objects(
    scene: Scene, region: BEVRegion, most: int
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.bool_]]:
    """Boxes ``[most, 8]``, kinds and mask ``[most]`` of the objects now inside the region, the nearest first."""
    tracks, origin = scene.truth.tracks, scene.truth.ego[:3]
    poses = frames.poses_to_local(tracks.poses[:, 0], origin)
    inside = region.contains(torch.from_numpy(poses[:, :2])).numpy() & tracks.valid[:, 0]
    nearest = np.argsort(np.where(inside, np.hypot(poses[:, 0], poses[:, 1]), np.inf))[: min(most, inside.sum())]
    velocity = frames.rotate(tracks.velocities[nearest, 0], -origin[2])
    boxes = np.zeros((most, 8), np.float32)
    kinds, mask = np.zeros(most, np.int64), np.zeros(most, np.bool_)
    x, y, heading = poses[nearest].T
    size = np.log(np.maximum(tracks.sizes[nearest, :2], 0.1))
    boxes[: len(nearest)] = np.column_stack([x, y, np.cos(heading), np.sin(heading), size, velocity])
    kinds[: len(nearest)], mask[: len(nearest)] = tracks.kinds[nearest], True
    return boxes, kinds, mask


def densified(hdmap: HDMap) -> tuple[Array, NDArray[np.int64], NDArray[np.int64]]:
    """All lines of a map with points at most 1.5 m apart: points ``[P, 2]``, their line, and kind of each line."""
    points, line_of = [np.zeros((0, 2))], [np.zeros(0, np.int64)]
    for k, line in enumerate(hdmap.lines):
        along = np.concatenate([[0.0], np.hypot(*np.diff(line, axis=0).T).cumsum()])
        wanted = np.linspace(0, along[-1], max(int(along[-1] / _SPACING) + 1, 2))
        points.append(np.column_stack([np.interp(wanted, along, axis) for axis in line.T]))
        line_of.append(np.full(len(wanted), k))
    kinds = np.array([_KINDS.get(LineKind(kind), -1) for kind in hdmap.line_kinds], np.int64)
    return np.concatenate(points), np.concatenate(line_of), kinds


def lines(
    points: Array,
    line_of: NDArray[np.int64],
    kinds: NDArray[np.int64],
    origin: Array,
    region: BEVRegion,
    most: int,
    count: int,
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.bool_]]:
    """Map lines cut to the region: ``[most, count, 2]`` equally spaced points, kinds and mask ``[most]``.

    A line that leaves the region and comes back is two lines; of too many the nearest to the ego are kept.
    """
    local = frames.to_local(points, origin)
    inside = region.contains(torch.from_numpy(local)).numpy() & (kinds[line_of] >= 0)
    breaks = np.flatnonzero((np.diff(line_of) != 0) | (np.diff(inside.astype(np.int8)) != 0)) + 1
    pieces = [piece for piece in np.split(np.arange(len(points)), breaks) if len(piece) and inside[piece[0]]]
    pieces = [piece for piece in pieces if len(piece) * _SPACING >= _SHORTEST]
    pieces.sort(key=lambda piece: float(np.hypot(*local[piece].T).min()))
    result = np.zeros((most, count, 2), np.float32)
    kind, mask = np.zeros(most, np.int64), np.zeros(most, np.bool_)
    for k, piece in enumerate(pieces[:most]):
        wanted = np.linspace(0, len(piece) - 1, count)  # the points of a piece are equally spaced
        result[k] = np.column_stack([np.interp(wanted, np.arange(len(piece)), axis) for axis in local[piece].T])
        kind[k], mask[k] = kinds[line_of[piece[0]]], True
    return result, kind, mask


def areas(hdmap: HDMap, origin: Array, region: BEVRegion) -> NDArray[np.float32]:
    """Whether each BEV cell's centre is drivable and is in an intersection, ``[2, rows, columns]``."""
    from matplotlib.path import Path

    centers = region.centers()
    cells = frames.to_global(centers.reshape(-1, 2).double().numpy(), origin)
    low, high = cells.min(0), cells.max(0)
    result = np.zeros((2, len(cells)), np.float32)
    for layer, into in ((layer, k) for k, group in enumerate((_DRIVABLE, (Layer.INTERSECTION,))) for layer in group):
        for ring in (hdmap.polygons[k] for k in hdmap.of_layer(layer)):
            if (ring.max(0) >= low).all() and (ring.min(0) <= high).all():
                result[into] = np.maximum(result[into], Path(ring).contains_points(cells))
    return result.reshape(2, *centers.shape[:2])


def actions(scene: Scene) -> tuple[np.int64, np.int64]:
    """Speed and path action of the next four seconds, as the scene says or else as its human drove."""
    said = scene.truth.language
    speed = float(np.hypot(*scene.history[-1, 3:5]))
    pair = (said.speed, said.path) if said else meta_action(speed, scene.truth.human)
    return np.int64(pair[0]), np.int64(pair[1])
