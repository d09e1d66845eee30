"""A ride of the expert through a peopled town, as it can be cut into scenes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from irlvla.scene import ObjectKind
from irlvla.scene.frames import wrap
from irlvla.sources.observed import Observed
from irlvla.sources.town.population import EGO_AHEAD, WHEEL_BASE
from irlvla.sources.town.traffic import STEP, Track
from irlvla.sources.town.way import Way, driven_way
from irlvla.sources.town.world import World

FloatArray = NDArray[np.float64]

_BLOCKED = 60  # steps

PEDESTRIAN = (0.6, 0.6, 1.72)
"""Length, width and height of somebody on foot [m]."""


@dataclass(frozen=True)
class Ride:
    """The ego over ``S`` instants 0.1 s apart, and everybody around it.

    Attributes:
        name: of the log.
        world: the town as it was at the end.
        first: steps since the town was peopled at the first instant.
        motion: ``[S, 11]`` states of the ego, as ``SceneTruth.ego``.
        observed: all others; the ego is the first of them.
        lamps: ``[N, S]`` :class:`~irlvla.scene.Lamps` of the same.
        way: the way that the ego takes.
        travelled: ``[S]`` arc length of the ego on the way [m].
    """

    name: str
    world: World
    first: int
    motion: FloatArray
    observed: Observed
    lamps: NDArray[np.uint8]
    way: Way
    travelled: FloatArray

    def __len__(self) -> int:
        return len(self.motion)


def ride_of(name: str, world: World, tracks: list[Track]) -> Ride:
    """The ride that consecutive ``tracks`` of a ``world`` recorded; ``world`` is where they end.

    It ends where the ego leaves the town, and where it comes to be blocked in a junction.
    """
    track = joined(tracks)
    length = _until(track, world.roads.connector)
    track = Track(*(array[:length] for array in track))
    motion = motion_of(track)
    way = driven_way(world, track)
    return Ride(
        name=name,
        world=world,
        first=world.step - sum(len(part.alive) for part in tracks) + 1,
        motion=motion,
        observed=observed_of(world, track),
        lamps=lamps_of(track),
        way=way,
        travelled=way.along(motion[:, :2]),
    )


def _until(track: Track, connector: NDArray[np.bool_]) -> int:
    """Steps before the ego is gone, or has stood in a junction for as long as no driver does."""
    there = track.alive[:, 0]
    length = len(there) if there.all() else int(np.argmin(there))
    blocked = connector[track.lanes[:length]] & (track.speeds[:length, 0] < 0.1)
    standing = np.cumsum(blocked) - np.maximum.accumulate(np.where(blocked, 0, np.cumsum(blocked)))
    return int(np.argmax(standing >= _BLOCKED)) if (standing >= _BLOCKED).any() else length


def joined(tracks: list[Track]) -> Track:
    """Consecutive ``tracks`` as one."""
    return Track(*(np.concatenate(parts) for parts in zip(*tracks, strict=True)))


def motion_of(track: Track) -> FloatArray:
    """The ego's states ``[S, 11]``, as ``SceneTruth.ego``.

    They are those of the car that the metric drives, so that a plan goes on from them without a jump: a bicycle, whose
    wheels are turned as its way bends, and whose acceleration is along its heading alone.
    """
    centre, heading = track.poses[:, 0, :2], np.unwrap(track.poses[:, 0, 2])
    axle = centre - EGO_AHEAD * np.column_stack([np.cos(heading), np.sin(heading)])
    speed = track.speeds[:, 0]
    turning = np.gradient(heading, STEP) if len(heading) > 1 else np.zeros(1)
    steering = np.arctan(WHEEL_BASE * turning / np.maximum(speed, 0.5))
    change, rate = (np.gradient(values, STEP) if len(values) > 1 else np.zeros(1) for values in (steering, turning))
    still = np.zeros(len(speed))
    acceleration = track.accelerations[:, 0]
    return np.column_stack([
        axle, wrap(heading), speed, still, acceleration, still, steering, change, turning, rate
    ])  # fmt: skip


def lamps_of(track: Track) -> NDArray[np.uint8]:
    """:class:`~irlvla.scene.Lamps` ``[N, S]`` of vehicles, what stands, and people; people have none."""
    return np.concatenate([track.lamps.T, np.zeros(track.people.shape[1::-1], np.uint8)])


def observed_of(world: World, track: Track) -> Observed:
    """Vehicles, what stands, and people as one list over the whole track."""
    vehicles, walkers = track.alive.shape[1], track.people.shape[1]
    poses = np.concatenate([track.poses, track.people], 1).transpose(1, 0, 2)
    speeds = np.concatenate([track.speeds, track.paces], 1).T
    headings = poses[..., 2]
    return Observed(
        names=tuple([f"v{k:03d}" for k in range(vehicles)] + [f"p{k:03d}" for k in range(walkers)]),
        kinds=np.concatenate([world.roster.kinds, np.full(walkers, ObjectKind.PEDESTRIAN, np.int8)]),
        sizes=np.concatenate([world.roster.sizes, np.tile(PEDESTRIAN, (walkers, 1))]),
        poses=poses,
        velocities=np.stack([speeds * np.cos(headings), speeds * np.sin(headings)], -1),
        valid=np.concatenate([track.alive.T, np.ones((walkers, len(track.alive)), np.bool_)]),
    )
