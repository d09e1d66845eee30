"""The junction and the traffic light that the ego comes to."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from irlvla.scene import Layer, LineKind, SceneTruth, SignalState
from irlvla.scene.frames import poses_to_local, to_local
from irlvla.sources.language_route import REACH, Route

FloatArray = NDArray[np.float64]

_LINE_BEFORE = 10.0  # a stop line lies at most this far before the connector that it is for [m]
_HEADS_BEFORE, _HEADS_AFTER, _HEADS_BESIDE = 8.0, 35.0, 12.0  # where the heads hang, seen from the connector [m]
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


def junction_ahead(truth: SceneTruth, route: Route) -> float | None:
    """Along the route to where it enters the next of its lane connectors [m], None without any within ``REACH``."""
    on_route = set(truth.route)
    connectors = [k for k in truth.map.of_layer(Layer.LANE_CONNECTOR) if truth.map.ids[k] in on_route]
    return _first_entry(truth, route, connectors)


def light_ahead(truth: SceneTruth, route: Route, junction: float | None) -> Light | None:
    """The light within ``REACH`` that the ego faces; the stop line is the painted one, else where the connector begins.

    Red is what the red lights of the route say. Yellow and green are known where the truth has scenery: of the heads at
    the next connector that face the ego and are not red, the one least to the side of the route is the ego's.
    """
    wanted = {light.connector for light in truth.red_lights if light.red[0]} & set(truth.route)
    red = _first_entry(truth, route, [k for k, name in enumerate(truth.map.ids) if name in wanted])
    if red is not None:
        return Light(SignalState.RED, _stop_line(truth, route, red))
    if junction is None or truth.scenery is None:
        return None
    heads = poses_to_local(truth.scenery.signals[:, :3], truth.ego[:3])
    states = truth.scenery.signals[:, 3]
    along, left = route.place(heads[:, :2])
    near = (along > junction - _HEADS_BEFORE) & (along < junction + _HEADS_AFTER) & (np.abs(left) < _HEADS_BESIDE)
    facing = np.cos(heads[:, 2] - route.heading(np.array(junction))) > _FACING
    ours = np.flatnonzero(near & facing & (states != SignalState.RED))
    if not len(ours):
        return None
    state = SignalState(int(states[ours[np.abs(left[ours]).argmin()]]))
    return Light(state, _stop_line(truth, route, junction))


def _first_entry(truth: SceneTruth, route: Route, polygons: list[int]) -> float | None:
    """Along the route to the nearest of these polygons ahead; one that the bumper is in does not count."""
    here, nearest = route.at(0.0), np.inf
    for k in polygons:
        ring = to_local(truth.map.polygons[k], truth.ego[:3])
        if (ring.min(0) > here + REACH).any() or (ring.max(0) < here - REACH).any():
            continue
        crossed = route.crossings(np.vstack([ring, ring[:1]]))
        if len(crossed) and crossed[0] < nearest and not shapely.contains_xy(shapely.polygons(ring), *here):
            nearest = float(crossed[0])
    return nearest if nearest < REACH else None


def _stop_line(truth: SceneTruth, route: Route, entry: float) -> float:
    """Along the route to the last stop line that is painted within 10 m before ``entry``, or to that."""
    lines = [truth.map.lines[k] for k in np.flatnonzero(truth.map.line_kinds == LineKind.STOP_LINE).tolist()]
    crossed = np.concatenate([np.zeros(0), *(route.crossings(to_local(line, truth.ego[:3])) for line in lines)])
    before = crossed[(crossed > entry - _LINE_BEFORE) & (crossed <= entry)]
    return float(before.max()) if len(before) else entry
