"""A scene's truth prepared once for the judge: flat arrays in the ego frame of now, cut to what a plan can reach."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms.areas import DRIVABLE, INTERSECTION, LANE, ROUTE, MapAreas
from irlvla.epdms.checks import check_truth
from irlvla.epdms.collision import STANDING_SPEED, Objects, ego_touches
from irlvla.epdms.comfort import Past, resample_past
from irlvla.epdms.compliance import RedLights
from irlvla.epdms.geometry import project
from irlvla.epdms.grid import REACH, lay_grid, ring_edges
from irlvla.epdms.progress import Centerline, block_bounds
from irlvla.epdms.vehicle import HALF_LENGTH, INSTANTS, REAR_TO_CENTRE
from irlvla.scene import HDMap, Layer, ObjectKind, Polylines, SceneTruth, Tracks
from irlvla.scene.frames import to_local, wrap

FloatArray = NDArray[np.float64]

ROLES = {
    Layer.LANE: LANE,
    Layer.LANE_CONNECTOR: LANE,
    Layer.ROADBLOCK: DRIVABLE,
    Layer.INTERSECTION: DRIVABLE | INTERSECTION,
    Layer.CARPARK_AREA: DRIVABLE,
    Layer.DRIVABLE_AREA: DRIVABLE,
}
AGENTS = (ObjectKind.VEHICLE, ObjectKind.PEDESTRIAN, ObjectKind.BICYCLE)
STATIC_PENALTY = 0.5
"""What NC keeps after hitting a static object; nothing after hitting an agent."""


class SceneArrays(NamedTuple):
    """One scene as the compiled functions read it.

    Attributes:
        t0_us: time stamp of now [us].
        origin: ``[3]`` pose of the rear axle now in the global frame.
        start: ``[11]`` state of the ego now, in its own frame.
        map_areas, objects, lights, centerline, past: what each sub-score needs.
    """

    t0_us: int
    origin: FloatArray
    start: FloatArray
    map_areas: MapAreas
    objects: Objects
    lights: RedLights
    centerline: Centerline
    past: Past


def prepare_scene(truth: SceneTruth, where: str) -> SceneArrays:
    """Arrays of ``truth``; ``where`` names the scene in errors.

    Raises:
        InputError: for anything in the scene that cannot be judged (:mod:`irlvla.epdms.checks`).
    """
    check_truth(truth, where)
    origin = truth.ego[:3]
    start = np.concatenate([np.zeros(3), truth.ego[3:]])
    outlines = _outlines(truth.map, origin)
    return SceneArrays(
        t0_us=int(truth.t0_us),
        origin=origin.copy(),
        start=start,
        map_areas=_map_areas(truth, outlines),
        objects=lay_objects(truth.tracks, origin),
        lights=_red_lights(truth, outlines),
        centerline=_centerline(truth.centerline, origin),
        past=resample_past(int(truth.t0_us), truth.past, float(truth.ego[2])),
    )


class _Outlines(NamedTuple):
    """Edges ``[E, 4]`` of the polygons within reach, holes included, and the polygon ``[E]`` of each, ascending."""

    edges: FloatArray
    owners: NDArray[np.int64]


def _outlines(hd_map: HDMap, origin: FloatArray) -> _Outlines:
    rings = Polylines(to_local(hd_map.polygons.points, origin), hd_map.polygons.offsets)
    holes = Polylines(to_local(hd_map.holes.points, origin), hd_map.holes.offsets)
    low, high = (reduce.reduceat(rings.points, rings.offsets[:-1]) for reduce in (np.minimum, np.maximum))
    near = (low.max(1) < REACH) & (high.min(1) > -REACH)

    ring_owners = np.arange(len(rings)).repeat(np.diff(rings.offsets))
    owners = np.concatenate([ring_owners, hd_map.hole_owners.astype(np.int64).repeat(np.diff(holes.offsets))])
    edges = np.concatenate([ring_edges(rings), ring_edges(holes)])
    order = np.argsort(owners, kind="stable")
    order = order[near[owners[order]]]
    return _Outlines(edges[order], owners[order])


def _map_areas(truth: SceneTruth, outlines: _Outlines) -> MapAreas:
    polygons = np.flatnonzero(np.bincount(outlines.owners))
    owners = np.searchsorted(polygons, outlines.owners)
    roles = np.array([ROLES[Layer(int(layer))] for layer in truth.map.layers[polygons]], np.int64)
    on_route = np.isin([truth.map.ids[k] for k in polygons], truth.route)
    roles[on_route & (roles & LANE != 0)] |= ROUTE
    return MapAreas(lay_grid(outlines.edges, owners, len(polygons)), roles)


def lay_objects(tracks: Tracks, origin: FloatArray) -> Objects:
    """Objects that come within reach of ``origin``, the ego's pose of now, at some instant.

    The benchmark's log replay takes those that touch the ego now out of the whole scene, at the judge's word.
    """
    present, heading = tracks.valid[:, :INSTANTS], tracks.poses[:, :INSTANTS, 2] - origin[2]
    centres = to_local(tracks.poses[:, :INSTANTS, :2], origin)
    radius = np.hypot(tracks.sizes[:, 0], tracks.sizes[:, 1])[:, None] / 2
    speed = np.hypot(*tracks.velocities[np.arange(len(tracks)), present.argmax(1)].T)
    agent, touching = np.isin(tracks.kinds, AGENTS), np.zeros(len(tracks), np.bool_)
    objects = Objects(
        boxes=np.concatenate([centres, np.stack([np.cos(heading), np.sin(heading)], -1)], -1),
        half_sizes=tracks.sizes[:, :2] / 2,
        present=present,
        standing=~agent | (speed <= STANDING_SPEED),
        penalty=np.where(agent, 0.0, STATIC_PENALTY),
        touching=touching,
        reach=np.concatenate(
            [
                np.where(present[..., None], centres, np.inf).min(1) - radius,
                np.where(present[..., None], centres, -np.inf).max(1) + radius,
            ],
            axis=1,
        ),
    )
    for m in np.flatnonzero(present[:, 0]):
        touching[m] = ego_touches(
            REAR_TO_CENTRE, 0.0, 1.0, 0.0, HALF_LENGTH, objects.boxes[m], 0, objects.half_sizes[m]
        )
    near = (objects.reach[:, :2].max(1) < REACH) & (objects.reach[:, 2:].min(1) > -REACH)
    return Objects._make(part[near] for part in objects)


def _red_lights(truth: SceneTruth, outlines: _Outlines) -> RedLights:
    """Connectors that are red at some instant and bind the ego; the others play no part."""
    binding = truth.route if truth.obeyed is None else truth.obeyed
    lights = [light for light in truth.red_lights if light.connector in binding]
    owners = [truth.map.ids.index(light.connector) for light in lights]
    edges = [outlines.edges[outlines.owners == owner] for owner in owners]
    return RedLights(
        edges=np.concatenate([np.zeros((0, 4)), *edges]),
        offsets=np.cumsum([0, *map(len, edges)], dtype=np.int64),
        red=np.array([light.red[:INSTANTS] for light in lights], np.bool_).reshape(len(lights), INSTANTS),
    )


def _centerline(points: FloatArray, origin: FloatArray) -> Centerline:
    line = to_local(points[:, :2], origin)
    return Centerline(line, block_bounds(line), project(line, REAR_TO_CENTRE, 0.0))


def reference_in_ego_frame(truth: SceneTruth) -> FloatArray:
    """The reference poses ``[R, 3]`` in the ego frame of now."""
    origin = truth.ego[:3]
    local = to_local(truth.reference[:, :2], origin)
    return np.column_stack([local, wrap(truth.reference[:, 2] - origin[2])])
