"""What the ego does wrong while it drives: collisions and whose fault they are, lights, the road and the route left."""

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from irlvla.epdms.vehicle import HALF_LENGTH, HALF_WIDTH, REAR_TO_CENTRE
from irlvla.scene import HDMap, Layer, ObjectKind, SignalState
from irlvla.scene.frames import to_global
from irlvla.sources.town.contact import drivable_area, off_road, touches
from irlvla.sources.town.network import NONE
from irlvla.sources.town.ride import PEDESTRIAN
from irlvla.sources.town.traffic import STEP, Track
from irlvla.sources.town.way import Way
from irlvla.sources.town.world import World

FloatArray = NDArray[np.float64]

STANDING = 0.05
"""Who is not faster stands [m/s]."""
ASTRAY = 9.0
"""Who is this far from the line of the way has left the route; a third lane beside it is nearer [m]."""
FRONT = REAR_TO_CENTRE + HALF_LENGTH
"""From the rear axle to the front bumper [m]."""

_BEHIND = np.radians(150.0)
_AGENTS = (ObjectKind.VEHICLE, ObjectKind.PEDESTRIAN, ObjectKind.BICYCLE)
_CORNERS = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
_EGO_CORNERS = _CORNERS * (HALF_LENGTH, HALF_WIDTH)


class Wrong(StrEnum):
    """Kinds of infraction. All but the first and the red light end an episode."""

    TOUCHED = "touched"
    COLLISION = "collision"
    RED_LIGHT = "red light"
    OFF_ROAD = "off road"
    OFF_ROUTE = "off route"


ENDING = (Wrong.COLLISION, Wrong.OFF_ROAD, Wrong.OFF_ROUTE)


@dataclass(frozen=True)
class Infraction:
    """Something that went wrong.

    Attributes:
        kind: what; a collision that is not the ego's fault is ``TOUCHED``.
        seconds: when, since the town was peopled.
        what: name of the object that was hit, or of the lane connector whose light was red; else empty.
    """

    kind: Wrong
    seconds: float
    what: str = ""


def lane_polygons(hdmap: HDMap) -> NDArray[np.object_]:
    """``[K]`` polygons of all lanes and lane connectors."""
    return np.array([shapely.Polygon(hdmap.polygons[k]) for k in hdmap.of_layer(Layer.LANE, Layer.LANE_CONNECTOR)])


@dataclass(frozen=True)
class Referee:
    """Watches one ego on its way through a town; knows what does not change, and whom the ego has touched.

    Attributes:
        area: where cars may be.
        lanes: ``[K]`` polygons of lanes and connectors.
        stop_lines: ``[L]`` arc lengths of the way at which connectors with lights begin [m]; connectors: ``[L]``.
        touched: places, among vehicles and people, of those that the ego has touched already. Each counts once.
    """

    area: BaseGeometry
    lanes: NDArray[np.object_]
    stop_lines: FloatArray
    connectors: NDArray[np.int32]
    touched: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, world: World, way: Way) -> "Referee":
        """The referee of an ego on ``way``."""
        lit = world.town.lanes.groups[way.lanes] != NONE
        return cls(drivable_area(world.town.map), lane_polygons(world.town.map), way.starts[lit], way.lanes[lit])

    def judge(
        self, world: World, track: Track, states: FloatArray, places: FloatArray, apart: FloatArray
    ) -> list[Infraction]:
        """What went wrong in the steps that ``track`` tells of.

        Args:
            world: as it is at their end.
            track: ``S`` steps.
            states: ``[S, 11]`` of the ego after each of them, as the metric's roll-outs.
            places: ``[S + 1]`` where it was on its way before them and after each [m].
            apart: ``[S]`` its distance from the line of the way [m].
        """
        seconds = STEP * (world.step - len(states) + 1 + np.arange(len(states)))
        off = off_road(self.area, track.poses[:, 0])
        found = self._contacts(world, track, states, off, seconds)
        found += self._lights(world, places + FRONT, seconds)
        for kind, wrong in ((Wrong.OFF_ROAD, off), (Wrong.OFF_ROUTE, apart > ASTRAY)):
            if wrong.any():
                found.append(Infraction(kind, float(seconds[np.argmax(wrong)])))
        return sorted(found, key=lambda infraction: infraction.seconds)

    def _contacts(
        self, world: World, track: Track, states: FloatArray, off: NDArray[np.bool_], seconds: FloatArray
    ) -> list[Infraction]:
        found = []
        vehicles = track.alive.shape[1]
        for k, n in np.argwhere(touches(world, track)).tolist():
            if n in self.touched:
                continue
            self.touched.add(n)
            if n < vehicles:
                pose, size, pace = track.poses[k, n], world.roster.sizes[n, :2], track.speeds[k, n]
                agent, name = world.roster.kinds[n] in _AGENTS, f"v{n:03d}"
            else:
                q = n - vehicles
                pose, size, pace = track.people[k, q], np.array(PEDESTRIAN[:2]), track.paces[k, q]
                agent, name = True, f"p{q:03d}"
            fault = self.is_at_fault(states[k], bool(off[k]), pose, size, stands=not agent or pace <= STANDING)
            found.append(Infraction(Wrong.COLLISION if fault else Wrong.TOUCHED, float(seconds[k]), name))
        return found

    def is_at_fault(self, ego: FloatArray, off: bool, pose: FloatArray, size: FloatArray, stands: bool) -> bool:
        """Whether the ego is to blame for a contact, by the rules of NC (``docs/epdms.md``).

        Args:
            ego: x, y, heading of its rear axle, and its speed.
            off: whether a corner of it is off the road.
            pose, size: of the box that it touches, middle and heading, length and width.
            stands: whether the other stands, or can do nothing else.
        """
        if ego[3] <= STANDING:
            return False
        if stands:
            return True
        bearing = np.arctan2(pose[1] - ego[1], pose[0] - ego[0]) - ego[2]
        if abs((bearing + np.pi) % (2 * np.pi) - np.pi) > _BEHIND:
            return False
        centre = np.append(to_global(np.array([REAR_TO_CENTRE, 0.0]), ego[:3]), ego[2])
        corners = to_global(_EGO_CORNERS, centre)
        other = shapely.Polygon(to_global(_CORNERS * size / 2, pose))
        return bool(shapely.LineString(corners[[0, 3]]).intersects(other)) or off or self._straddles(corners)

    def _straddles(self, corners: FloatArray) -> bool:
        """Whether corners ``[4, 2]`` lie in several lanes, and no lane holds them all."""
        inside = shapely.contains_xy(self.lanes[:, None], corners[:, 0], corners[:, 1])
        return bool(inside.any(1).sum() > 1 and not inside.all(1).any())

    def _lights(self, world: World, fronts: FloatArray, seconds: FloatArray) -> list[Infraction]:
        """Connectors with a light that the front bumper, at ``fronts [S + 1]`` of the way, entered while it was red."""
        lanes, signals = world.town.lanes, world.town.signals
        entered = (fronts[:-1, None] < self.stop_lines) & (self.stop_lines <= fronts[1:, None])
        return [
            Infraction(Wrong.RED_LIGHT, float(seconds[k]), lanes.ids[self.connectors[line]])
            for k, line in np.argwhere(entered).tolist()
            if signals.states(seconds[k])[lanes.groups[self.connectors[line]]] == SignalState.RED
        ]
