"""Reactive traffic: which vehicles of a scene drive on rails, which stand, which are gone, and their tracks.

As NAVSIM v2.2 runs it. **Quirks** that are kept, beside those named in :mod:`irlvla.epdms.traffic_idm`:

- A vehicle drives along the lane on which it is now and no further: to it, the end of the lane is a wall. (The
  benchmark plans ways from lane to lane only if it is told of traffic lights, and nothing tells it.)
- Vehicles that are not there now never come; one that finds no room on its lane, or is off the lanes and moves, is gone
  after the first instant.
- A vehicle more than 3 m beside the line of its lane stands where it is, even if it was moving.
- Pedestrians, bicycles and static objects do what was recorded. No vehicle sees them, nor those that stand.
- Objects that touch the ego now stay in the scene, unlike in log replay.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms.geometry import boxes_touch
from irlvla.epdms.lanes import Lanes, Place, place_on, rail_along
from irlvla.epdms.traffic_fixed import selected
from irlvla.epdms.traffic_fleet import Fleet, fleet_of
from irlvla.epdms.traffic_idm import USUAL_SPEED, drive_fleet, show_parked
from irlvla.epdms.vehicle import HALF_LENGTH, HALF_WIDTH, INSTANTS, REAR_TO_CENTRE
from irlvla.errors import InputError
from irlvla.scene import HDMap, LineKind, ObjectKind, SceneTruth, Tracks
from irlvla.scene.frames import poses_to_global, poses_to_local

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

SNAP: Final = 3.0
"""Greatest distance from the line of a lane at which a vehicle follows it [m]."""
PARKED_SPEED: Final = 0.1
"""Below it a vehicle off the lanes is parked [m/s]."""


class OnLine(NamedTuple):
    """Vehicle number ``vehicle``, the centre line ``[P, 2]`` of the lane that it is on, and its place there."""

    vehicle: int
    line: FloatArray
    place: Place


class Reaction(NamedTuple):
    """What ``V`` vehicles that drive and ``Q`` that stand do beside ``N`` roll-outs, from instant 1 on.

    Attributes:
        poses: ``[N, V, 41, 3]`` in the frame of the fleet. speeds: ``[N, V, 41]``. driving: ``[N, V, 41]`` bool,
            whether it is there. standing: ``[N, Q, 41]`` bool, whether it is there.
    """

    poses: FloatArray
    speeds: FloatArray
    driving: BoolArray
    standing: BoolArray


@dataclass(frozen=True)
class ReactiveTraffic:
    """The traffic of one scene, ready to react to the ego.

    Attributes:
        recorded: the ``M`` objects of the scene as recorded, vehicles at the first instant only.
        origin: ``[3]`` global pose of the frame of ``fleet`` and ``parked_boxes``.
        drivers: ``[V]`` indices of the vehicles on rails.
        fleet: these vehicles now.
        parked: ``[Q]`` indices of the vehicles that stand.
        parked_boxes: ``[Q, 6]`` their rectangles.
    """

    recorded: Tracks
    origin: FloatArray
    drivers: IntArray
    fleet: Fleet
    parked: IntArray
    parked_boxes: FloatArray

    @classmethod
    def of(cls, truth: SceneTruth, where: str = "scene") -> "ReactiveTraffic":
        """Prepare the traffic of ``truth``; ``where`` names it in errors.

        A vehicle that is on a lane now (:meth:`~irlvla.epdms.lanes.Lanes.under`) and at most 3 m from its line is put
        on that line and drives, unless there it touches the ego or a vehicle put on its line before, in the order of
        the tracks. A vehicle that is further from the line of its lane, or off the lanes and slower than 0.1 m/s,
        stands. The others are gone after the first instant.

        Raises:
            InputError: if there are vehicles, but the map has no centre lines.
        """
        origin = truth.ego[:3].copy()
        recorded = _as_now(truth.tracks)
        vehicles = np.flatnonzero(recorded.kinds == ObjectKind.VEHICLE)
        if len(vehicles):
            _check_lanes(truth.map, where)
        poses = poses_to_local(recorded.poses[vehicles, 0], origin)
        boxes = np.column_stack(
            [poses[:, :2], np.cos(poses[:, 2]), np.sin(poses[:, 2]), recorded.sizes[vehicles, :2] / 2]
        )
        speeds = np.hypot(*recorded.velocities[vehicles, 0].T)
        lines, on_lanes = Lanes(truth.map, origin).under(poses[:, :2], poses[:, 2])
        on_line = [OnLine(v, line, place_on(line, poses[v, :2])) for v, line in enumerate(lines) if line is not None]
        drivers, driven_boxes = _with_room([car for car in on_line if car.place.aside <= SNAP], boxes)
        driving = np.array([car.vehicle for car in drivers], np.int64)
        parked = ~on_lanes & (speeds < PARKED_SPEED)
        parked[[car.vehicle for car in on_line if car.place.aside > SNAP]] = True
        return cls(
            recorded=recorded,
            origin=origin,
            drivers=vehicles[driving],
            fleet=fleet_of(
                rails=[rail_along(car.line) for car in drivers],
                boxes=driven_boxes,
                along=[car.place.along for car in drivers],
                speeds=speeds[driving],
                limit=truth.speed_limit if truth.speed_limit > 0.0 else USUAL_SPEED,
                heading=float(origin[2]),
            ),
            parked=vehicles[parked],
            parked_boxes=boxes[parked],
        )

    def beside(self, states: FloatArray) -> list[Tracks]:
        """The tracks beside each of ``N`` roll-outs of the ego, a list of ``N``.

        All have the same objects in the same order, at the 41 instants; at the first they are where they were recorded.

        Args:
            states: ``[N, 41, 11]``, poses in the global frame.
        """
        done, recorded, count = self._react(states), self.recorded, len(states)
        poses = np.repeat(recorded.poses[None], count, 0)
        velocities = np.repeat(recorded.velocities[None], count, 0)
        valid = np.repeat(recorded.valid[None], count, 0)

        headings = done.poses[:, :, 1:, 2] + self.origin[2]
        directions = np.stack([np.cos(headings), np.sin(headings)], -1)
        poses[:, self.drivers, 1:] = poses_to_global(done.poses[:, :, 1:], self.origin)
        velocities[:, self.drivers, 1:] = done.speeds[:, :, 1:, None] * directions
        valid[:, self.drivers, 1:] = done.driving[:, :, 1:]
        poses[:, self.parked, 1:] = recorded.poses[self.parked, :1]
        velocities[:, self.parked, 1:] = recorded.velocities[self.parked, :1]
        valid[:, self.parked, 1:] = done.standing[:, :, 1:]
        return [
            Tracks(recorded.tokens, recorded.kinds, recorded.sizes, poses[n], velocities[n], valid[n])
            for n in range(count)
        ]

    def _react(self, states: FloatArray) -> Reaction:
        local = np.array(states, np.float64, order="C")
        local[..., :3] = poses_to_local(local[..., :3], self.origin)
        shape = (len(states), len(self.drivers), INSTANTS)
        done = Reaction(
            poses=np.zeros((*shape, 3)),
            speeds=np.zeros(shape),
            driving=np.zeros(shape, np.bool_),
            standing=np.zeros((len(states), len(self.parked), INSTANTS), np.bool_),
        )
        drive_fleet(self.fleet, local, done.poses, done.speeds, done.driving)
        show_parked(self.parked_boxes, self.fleet.boxes, done.poses, done.driving, done.standing)
        return done


def _check_lanes(hd_map: HDMap, where: str) -> None:
    if not (hd_map.line_kinds == LineKind.CENTERLINE).any():
        mend = "give centre lines, or choose log-replay"
        raise InputError(where, "the map has no centre lines for reactive traffic to follow", mend)


def _as_now(tracks: Tracks) -> Tracks:
    """41 instants of ``tracks``, without vehicles that are not annotated now, and of the other vehicles only the first.

    What else is not annotated now comes after it.
    """
    vehicle = tracks.kinds == ObjectKind.VEHICLE
    valid = tracks.valid[:, :INSTANTS].copy()
    valid[vehicle, 1:] = False
    valid[:, 0] &= tracks.now
    poses, velocities = tracks.poses[:, :INSTANTS], tracks.velocities[:, :INSTANTS]
    cut = Tracks(tracks.tokens, tracks.kinds, tracks.sizes, poses, velocities, valid)
    return selected(cut, ~vehicle | valid[:, 0])


def _with_room(cars: list[OnLine], boxes: FloatArray) -> tuple[list[OnLine], FloatArray]:
    """Those of ``cars`` that find room on their lines, one after the other, and their rectangles ``[D, 6]`` there.

    ``boxes [V, 6]`` are the rectangles in which the vehicles were recorded.
    """
    drivers, taken = [], [np.array([REAR_TO_CENTRE, 0.0, 1.0, 0.0, HALF_LENGTH, HALF_WIDTH])]
    for car in cars:
        x, y, heading = car.place[:3]
        box = np.array([x, y, np.cos(heading), np.sin(heading), *boxes[car.vehicle, 4:]])
        if not any(boxes_touch(*box, *other) for other in taken):
            drivers.append(car)
            taken.append(box)
    return drivers, np.array(taken[1:]).reshape(-1, 6)
