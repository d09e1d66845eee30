"""Whether the ego touches anybody, and whether it is off the road."""

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from irlvla.scene import HDMap, Layer
from irlvla.scene.frames import to_global
from irlvla.sources.town.population import EGO_SIZE
from irlvla.sources.town.ride import PEDESTRIAN
from irlvla.sources.town.traffic import Track
from irlvla.sources.town.world import World

FloatArray = NDArray[np.float64]

_NEAR = 12.0
_CORNERS = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) / 2
_DRIVABLE = (Layer.ROADBLOCK, Layer.INTERSECTION, Layer.DRIVABLE_AREA, Layer.CARPARK_AREA)


def ego_corners(poses: FloatArray) -> FloatArray:
    """``[S, 4, 2]`` corners of the ego's box, whose middle is at ``poses [S, 3]``."""
    return to_global(_CORNERS * np.array(EGO_SIZE[:2]), poses[:, None])


def touches(world: World, track: Track) -> NDArray[np.bool_]:
    """``[S, N]`` whether the ego touches each vehicle, standing thing and person (in this order) at each instant."""
    poses = np.concatenate([track.poses, track.people], 1)
    sizes = np.concatenate([world.roster.sizes[:, :2], np.tile(PEDESTRIAN[:2], (track.people.shape[1], 1))])
    there = np.concatenate([track.alive, np.ones(track.people.shape[:2], np.bool_)], 1)
    there[:, 0] = False
    apart = np.linalg.norm(poses[..., :2] - track.poses[:, :1, :2], axis=2)
    steps, others = np.nonzero(there & (apart < _NEAR))
    found = np.zeros(there.shape, np.bool_)
    if len(steps):
        own = shapely.polygons(ego_corners(track.poses[:, 0]))
        boxes = shapely.polygons(to_global(_CORNERS * sizes[others, None], poses[steps, others][:, None]))
        found[steps, others] = shapely.intersects(own[steps], boxes)
    return found


def drivable_area(hdmap: HDMap) -> BaseGeometry:
    """Where a car may be, prepared for many questions."""
    holes: dict[int, list[FloatArray]] = {}
    for ring, owner in zip(hdmap.holes, hdmap.hole_owners.tolist(), strict=True):
        holes.setdefault(owner, []).append(ring)
    parts = [shapely.Polygon(hdmap.polygons[k], holes.get(k)) for k in hdmap.of_layer(*_DRIVABLE)]
    area = shapely.union_all(parts)
    shapely.prepare(area)
    return area


def off_road(area: BaseGeometry, poses: FloatArray) -> NDArray[np.bool_]:
    """``[S]`` whether a corner of the ego's box, middle at ``poses [S, 3]``, lies outside ``area``."""
    corners = ego_corners(poses)
    return ~shapely.contains_xy(area, corners[..., 0], corners[..., 1]).all(1)
