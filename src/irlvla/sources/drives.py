"""Drives: recorded vehicles that can stand for the ego, each with its motion, its lanes and its route."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from irlvla.scene import Command, ObjectKind
from irlvla.scene.frames import to_local
from irlvla.sources.centreline import AHEAD, chain_line
from irlvla.sources.lanes import LaneGraph
from irlvla.sources.motion import Motion, motions
from irlvla.sources.polylines import points_at
from irlvla.sources.recording import FUTURE_STEPS, Recording
from irlvla.sources.route import match_lanes, onward, route_lanes, visits

MOVES = 5.0
"""A vehicle that drives less than this in a scene's future stands [m]."""

_CAR_LENGTH, _CAR_WIDTH = (3.2, 6.5), (1.4, 2.5)  # [m]
_SAMPLE = 2  # lanes are looked up every so many steps
_ON_MAP = 0.75  # share of a scene's future that must be on lanes
_COMMAND_DISTANCE, _COMMAND_OFFSET = 20.0, 2.0  # [m]


@dataclass(frozen=True)
class Drive:
    """A vehicle's motion along its route.

    Attributes:
        motion: poses, velocities, accelerations.
        lanes: the lane under every second step of the motion, None where there is none.
        route: ids of the lanes that belong to the route.
        line: ``[n, 2]`` the route's centre line.
    """

    motion: Motion
    lanes: tuple[str | None, ...]
    route: tuple[str, ...]
    line: NDArray[np.float64]

    def is_on_map(self, index: int) -> bool:
        """Whether the vehicle is on a lane at ``index`` of its motion and mostly so in the 4 s after."""
        window = self.lanes[index // _SAMPLE : (index + FUTURE_STEPS) // _SAMPLE + 1]
        return window[0] is not None and sum(lane is not None for lane in window) >= _ON_MAP * len(window)

    def command(self, index: int) -> Command:
        """Where the vehicle goes from ``index`` of its motion on.

        LEFT or RIGHT if its path lies 2 m or more to that side after 20 m, else STRAIGHT: the rule of NAVSIM's logs, on
        the recorded path in place of the map's route. A path that ends before goes straight on; one of less than 2 m
        says nothing (UNKNOWN).
        """
        path = to_local(self.motion.poses[index:, :2], self.motion.poses[index])
        driven = self.motion.travelled()[index:] - self.motion.travelled()[index]
        if driven[-1] < 2.0:
            return Command.UNKNOWN
        side = points_at(path, driven, np.array([_COMMAND_DISTANCE]))[0, 1]
        if driven[-1] < _COMMAND_DISTANCE:
            turned = self.motion.poses[-1, 2] - self.motion.poses[index, 2]
            side += np.sin(turned) * (_COMMAND_DISTANCE - driven[-1])
        if abs(side) < _COMMAND_OFFSET:
            return Command.STRAIGHT
        return Command.LEFT if side > 0 else Command.RIGHT


def drives(recording: Recording, graph: LaneGraph, skipped: Counter[str]) -> Iterator[Drive]:
    """All drives of a log, the recording car's first; reasons for which vehicles are left out go to ``skipped``."""
    others = [n for n in np.flatnonzero(recording.kinds == ObjectKind.VEHICLE).tolist() if n != recording.ego]
    for track in [recording.ego, *others]:
        if track != recording.ego and not _is_car(recording.sizes[track]):
            skipped["not of a car's size"] += 1
            continue
        found = list(motions(recording, track))
        if not found:
            skipped["seen too briefly"] += 1
        elif track != recording.ego and all(motion.travelled()[-1] < MOVES for motion in found):
            skipped["parked"] += 1
        else:
            on_lanes = [drive for motion in found if (drive := _drive(motion, graph)) is not None]
            yield from on_lanes
            if not on_lanes:
                skipped["off the lane map"] += 1


def _is_car(size: NDArray[np.float64]) -> bool:
    return _CAR_LENGTH[0] <= size[0] <= _CAR_LENGTH[1] and _CAR_WIDTH[0] <= size[1] <= _CAR_WIDTH[1]


def _drive(motion: Motion, graph: LaneGraph) -> Drive | None:
    """The drive of ``motion``, None if it is on lanes for less than half of the time."""
    sampled = motion.poses[::_SAMPLE]
    lanes = match_lanes(graph, sampled)
    if sum(lane is not None for lane in lanes) < len(lanes) / 2:
        return None
    driven = visits(graph, lanes)
    ahead = onward(graph, driven[-1].lane, AHEAD)
    speeds = np.linalg.norm(motion.velocity[::_SAMPLE], axis=1)
    line = chain_line(graph, driven, ahead, sampled[:, :2], speeds)
    return Drive(motion, tuple(lanes), route_lanes(graph, [*(v.lane for v in driven), *ahead]), line)
