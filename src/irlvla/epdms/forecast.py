"""The traffic as it would go on from what is seen now: what PDM-Closed plans against (``docs/epdms.md``, "References").

PDM-Closed does not know the recorded future. Every object that is there now keeps its speed and its direction; lights
that are red now stay red.
"""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms.vehicle import INSTANTS, REAR_TO_CENTRE, STEP
from irlvla.scene import HDMap, ObjectKind, Polylines, RedLight, SceneTruth, Tracks
from irlvla.scene.frames import wrap

FloatArray = NDArray[np.float64]

FORESEEN: Final = 51
"""Instants of a forecast: 0, 0.1, ... 5.0 s."""
HELD: Final = 2
"""Objects move on every so many instants and stand in between."""
LOOKS: Final = (FORESEEN + HELD - 1) // HELD
"""Different instants of a forecast: 0, 0.2, ... 5.0 s."""
FARTHEST: Final = 100.0
"""Objects and map polygons further than this from the ego's centre are not looked at [m]."""
MOST_STATIC: Final = 50
MOST_AGENTS: Final = {ObjectKind.VEHICLE: 50, ObjectKind.PEDESTRIAN: 25, ObjectKind.BICYCLE: 10}
"""How many static objects, and agents of each kind, are looked at, the nearest first."""


def foreseen(truth: SceneTruth) -> SceneTruth:
    """``truth`` with forecasts in place of the recorded future.

    Tracks have 51 instants and hold the nearest objects that are there now. Lights that are red now are red
    throughout, and those of the route bind. The map holds their connectors and what is near. There is no human, and
    the reference is a car that stands.
    """
    centre = truth.ego[:2] + REAR_TO_CENTRE * np.array([np.cos(truth.ego[2]), np.sin(truth.ego[2])])
    lights = tuple(RedLight(light.connector, np.ones(INSTANTS, np.bool_)) for light in truth.red_lights if light.red[0])
    return replace(
        truth,
        map=_near(truth.map, centre, {light.connector for light in lights}),
        tracks=_moved_on(truth.tracks, _looked_at(truth.tracks, centre)),
        red_lights=lights,
        obeyed=None,
        human=None,
        reference=np.tile(truth.ego[:3], (INSTANTS, 1)),
    )


def _near(hd_map: HDMap, centre: FloatArray, red: set[str]) -> HDMap:
    """The polygons of ``hd_map`` that reach into the square around ``centre [2]``, and the ``red`` connectors."""
    points, starts = hd_map.polygons.points - centre, hd_map.polygons.offsets[:-1]
    if not len(starts):
        return hd_map
    low, high = (reduce.reduceat(points, starts) for reduce in (np.minimum, np.maximum))
    near = (low.max(1) < FARTHEST) & (high.min(1) > -FARTHEST)
    kept = [k for k, name in enumerate(hd_map.ids) if near[k] or name in red]
    holes = np.flatnonzero(np.isin(hd_map.hole_owners, kept)).tolist()
    return HDMap(
        ids=tuple(hd_map.ids[k] for k in kept),
        layers=hd_map.layers[kept],
        polygons=Polylines.of(hd_map.polygons[k] for k in kept),
        holes=Polylines.of(hd_map.holes[h] for h in holes),
        hole_owners=np.searchsorted(kept, hd_map.hole_owners[holes]).astype(np.int32),
    )


def _looked_at(tracks: Tracks, centre: FloatArray) -> NDArray[np.int64]:
    """Indices of the tracks that are looked at: static objects, then agents kind by kind, the nearest first."""
    distances = np.linalg.norm(tracks.poses[:, 0, :2] - centre, axis=1)
    seen = tracks.now & (distances <= FARTHEST)
    groups = [(~np.isin(tracks.kinds, list(MOST_AGENTS)), MOST_STATIC)]
    groups += [(tracks.kinds == kind, most) for kind, most in MOST_AGENTS.items()]
    chosen = []
    for alike, most in groups:
        places = np.flatnonzero(seen & alike)
        chosen.append(places[np.argsort(distances[places], kind="stable")][:most])
    return np.concatenate(chosen)


def _moved_on(tracks: Tracks, kept: NDArray[np.int64]) -> Tracks:
    """Tracks ``kept``, each moving at its speed of now along its heading, or against it if it drives backwards."""
    poses, velocities = tracks.poses[kept, 0], tracks.velocities[kept, 0]
    moving = np.isin(tracks.kinds[kept], list(MOST_AGENTS))
    backwards = np.abs(wrap(poses[:, 2] - np.arctan2(velocities[:, 1], velocities[:, 0]))) >= np.pi / 2
    heading = np.where(backwards, poses[:, 2] + np.pi, poses[:, 2])
    speeds = np.where(moving, np.linalg.norm(velocities, axis=1), 0.0)
    drift = speeds[:, None] * np.column_stack([np.cos(heading), np.sin(heading)])

    seconds = np.arange(FORESEEN) // HELD * HELD * STEP
    ahead = np.repeat(poses[:, None], FORESEEN, axis=1)
    ahead[..., :2] += seconds[:, None] * drift[:, None]
    return Tracks(
        tokens=tuple(tracks.tokens[n] for n in kept),
        kinds=tracks.kinds[kept],
        sizes=tracks.sizes[kept],
        poses=ahead,
        velocities=np.repeat(drift[:, None], FORESEEN, axis=1),
        valid=np.ones((len(kept), FORESEEN), np.bool_),
    )
