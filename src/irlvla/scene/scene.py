"""What a driving scene is: what a policy may see, and what only a judge may see."""

from dataclasses import KW_ONLY, dataclass, field
from enum import IntEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from irlvla.scene.cameras import CameraRig
from irlvla.scene.hdmap import HDMap
from irlvla.scene.language import Language
from irlvla.scene.scenery import Scenery
from irlvla.scene.tracks import Tracks
from irlvla.scene.trajectory import Trajectory

INSTRUCTION = "What is your driving decision for the next four seconds?"
"""The instruction given where a source has none of its own."""


class Command(IntEnum):
    """Driving command, in the order of NAVSIM's one-hot vector."""

    LEFT = 0
    STRAIGHT = 1
    RIGHT = 2
    UNKNOWN = 3


@dataclass(frozen=True)
class RedLight:
    """A lane connector that is red for part of the scene.

    Attributes:
        connector: id of the map polygon.
        red: ``[41]`` bool, whether it is red at each instant, 0.1 s apart.
    """

    connector: str
    red: NDArray[np.bool_]


@dataclass(frozen=True)
class SceneTruth:
    """Everything the judge needs and no policy may see. Global frame, float64.

    Attributes:
        t0_us: time stamp of "now" [us].
        ego: ``[11]`` x, y, heading of the rear axle, then vx, vy, ax, ay in the ego frame, steering angle and rate,
            angular velocity and acceleration.
        past: ``[K, 8]`` the ego until now, ascending: time relative to now [us, <= 0], x, y, heading, vx, vy, ax, ay.
        map: polygons and lines around the ego.
        route: ids of lanes and lane connectors on the route.
        centerline: ``[P, 3]`` x, y, heading of the route's centre line.
        centerline_lines: the lines of the (whole) map that it goes along (:meth:`HDMap.along`), int32; empty where it
            is a line of its own.
        speed_limit: [m/s].
        tracks: other objects at the 41 instants 0, 0.1, ... 4.0 s.
        red_lights: the connectors that are red at some instant.
        obeyed: those of them whose red binds the ego; None where that is those of the route. (NAVSIM repairs routes
            for its planner, and judges by the lights of the route as recorded.)
        reference: ``[R, 3]`` poses 0.1 s apart from now on (at least 41), which normalise ego progress.
        reference_kind: how the reference was made.
        human: recorded future, or None for a made-up scene (then there is no human filter).
        language: what can be said of the scene, where somebody says it.
        scenery: what is lit now and in which weather, where the source knows; for cameras.
    """

    t0_us: int
    ego: NDArray[np.float64]
    past: NDArray[np.float64]
    map: HDMap
    route: tuple[str, ...]
    centerline: NDArray[np.float64]
    speed_limit: float
    tracks: Tracks
    red_lights: tuple[RedLight, ...]
    reference: NDArray[np.float64]
    reference_kind: Literal["human", "pdm-closed"]
    human: Trajectory | None
    language: Language | None = None
    scenery: Scenery | None = None
    centerline_lines: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    obeyed: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Sight:
    """One instant of driving as a policy may know it.

    Attributes:
        token: unique name.
        log: the recording it comes from; splits never cut through a log.
        source: what kind of recording, for the stamp ("nuscenes", "waymo", "argoverse2", ...).
        history: ``[4, 7]`` x, y, heading, vx, vy, ax, ay of the rear axle at -1.5, -1.0, -0.5 and 0 s; poses in the ego
            frame of now, velocities and accelerations in the ego frame of their instant.
        command: where the route goes.
        cameras: the rig the scene is seen with.
        images: recorded pictures ``[C, H, W, 3]`` uint8, or None where they lie in files or are rendered.
        pictures: files of recorded pictures, one a camera, or None where there are none.
        lidar: file of the recorded point cloud, or None where there is none.
        previous: token of the same ego 0.5 s earlier, if there is one (extended comfort compares with its plan).
        follows: token of the scene 4 s earlier that this made-up one continues (two-stage scoring), None in the first
            stage.
        instruction: language input.
    """

    token: str
    log: str
    source: str
    history: NDArray[np.float64]
    command: Command
    cameras: CameraRig = field(default_factory=CameraRig.navsim)
    images: NDArray[np.uint8] | None = None
    pictures: tuple[str, ...] | None = None
    lidar: str | None = None
    previous: str | None = None
    follows: str | None = None
    instruction: str = INSTRUCTION


@dataclass(frozen=True)
class Scene(Sight):
    """One instant of driving with all that is needed to judge what is done in it.

    Attributes:
        truth: what only the judge may see.
    """

    _: KW_ONLY
    truth: SceneTruth
