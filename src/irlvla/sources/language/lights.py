"""The junction and the traffic light that the ego comes to."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from irlvla.scene import Layer, LineKind, SceneTruth, SignalState
from irlvla.scene.frames import poses_to_local, to_local
from irlvla.sources.language.route import REACH, Route

FloatArray = NDArray[np.float64]

_LINE_BEFORE = 10.0  # a stop line lies at most this far before the connector that it is for [m]
_HEADS_BEFORE, _HEADS_AFTER, _HEADS_BESIDE = 8.0, 45.0, 20.0  # where heads hang, seen from where a connector begins [m]
_STEP = 0.5  # one is outside so far before a junction, and inside so far after its beginning [m]
_FACING = np.cos(np.radians(30.0))


@dataclass(frozen=True)
class Light:
    """A traffic light that speaks to the ego.

    Attributes:
        shows: what it shows now.
        distance: along the route from the bumper to the stop line [m].
    """

    shows: SignalState
    distance: float


def junction_and_light(truth: SceneTruth, route: Route) -> tuple[float | None, Light | None]:
    """Along the route to its next junction within ``REACH`` [m], and the next light that the ego faces.

    A junction begins where the centre line enters lane connectors of the route from outside all of them; one in which
    the bumper is does not count. A light is red where the route's red lights say so. Yellow and green are known where
    the truth has scenery: of the heads at a junction that face the ego and are not red, the one least to the side is
    the ego's. The stop line is the painted one, else where the junction begins.
    """
    red = {light.connector for light in truth.red_lights if light.red[0]}
    wanted = {truth.map.ids[k] for k in truth.map.of_layer(Layer.LANE_CONNECTOR)} | red
    wanted &= set(truth.route)
    here = route.at(0.0)
    rings = {
        name: ring
        for k, name in enumerate(truth.map.ids)
        if name in wanted and _near(ring := to_local(truth.map.polygons[k], truth.ego[:3]), here)
    }
    areas = np.array([shapely.Polygon(ring) for ring in rings.values()], object)
    is_red = np.array([name in red for name in rings], np.bool_)
    crossed = [route.crossings(np.vstack([ring, ring[:1]])) for ring in rings.values()]
    junctions = [
        entry
        for entry in np.unique(np.concatenate([np.zeros(0), *crossed])).tolist()
        if entry < REACH and not shapely.contains_xy(areas, *route.at(entry - _STEP)).any()
    ]
    for entry in junctions:
        at_red = is_red & shapely.contains_xy(areas, *route.at(entry + _STEP))
        state = SignalState.RED if at_red.any() else _shown(truth, route, entry)
        if state is not None:
            return junctions[0], Light(state, _stop_line(truth, route, entry))
    return (junctions[0] if junctions else None), None


def _near(ring: FloatArray, here: FloatArray) -> bool:
    return bool((ring.min(0) < here + REACH).all() and (ring.max(0) > here - REACH).all())


def _shown(truth: SceneTruth, route: Route, entry: float) -> SignalState | None:
    """What the head shows that is lit other than red for who comes to the connector that begins at ``entry``."""
    if truth.scenery is None:
        return None
    line = np.append(route.at(entry), route.heading(np.array(entry)))
    ahead, left, heading = poses_to_local(poses_to_local(truth.scenery.signals[:, :3], truth.ego[:3]), line).T
    states = truth.scenery.signals[:, 3]
    near = (ahead > -_HEADS_BEFORE) & (ahead < _HEADS_AFTER) & (np.abs(left) < _HEADS_BESIDE)
    ours = np.flatnonzero(near & (np.cos(heading) > _FACING) & (states != SignalState.RED))
    return SignalState(int(states[ours[np.abs(left[ours]).argmin()]])) if len(ours) else None


def _stop_line(truth: SceneTruth, route: Route, entry: float) -> float:
    """Along the route to the last stop line that is painted within 10 m before ``entry``, or to that."""
    lines = [truth.map.lines[k] for k in np.flatnonzero(truth.map.line_kinds == LineKind.STOP_LINE).tolist()]
    crossed = np.concatenate([np.zeros(0), *(route.crossings(to_local(line, truth.ego[:3])) for line in lines)])
    before = crossed[(crossed > entry - _LINE_BEFORE) & (crossed <= entry)]
    return float(before.max()) if len(before) else entry
