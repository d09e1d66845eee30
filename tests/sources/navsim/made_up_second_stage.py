"""Synthetic scenes that begin four seconds after a first-stage frame, as pickles of NAVSIM's second stage."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from irlvla.sources.town.follow_ups import LED_STEPS
from irlvla.sources.town.ride import Ride
from tests.sources.navsim import made_up_objects as nuplan
from tests.sources.navsim.made_up_logs import (
    EVERY,
    FRAME,
    MadeUpLog,
    annotations,
    blocks_of,
    command,
    lights,
    motion,
    token,
    track_token,
)
from tests.sources.navsim.made_up_pictures import calibration
from tests.sources.navsim.made_up_rides import STEP, View, view

HISTORY, BEYOND = 4, 8
"""Frames until now, and frames of the four seconds after."""

AGENTS = 3  # kinds of objects that are agents, the first ones


@dataclass(frozen=True)
class Follower:
    """A synthetic scene.

    Attributes:
        token: its initial token.
        scene_token: what its file is called.
        log: of the first stage.
        first: frame of the log that it follows.
        ride: what happens, in the town's coordinates.
        now: step of ``ride`` that is now.
        future: frames of the future that are frames; those of the rest are detections alone.
    """

    token: str
    scene_token: str
    log: MadeUpLog
    first: int
    ride: Ride
    now: int
    future: int = 0

    @property
    def pose(self) -> np.ndarray:
        """``[3]`` of the rear axle now, in the city's coordinates."""
        return self.log.in_city(self.ride.motion[self.now, :3])

    def frame_token(self, k: int) -> str:
        """Of frame ``k``; 3 is now."""
        return self.token if k == HISTORY - 1 else token(self.token, k, length=17)

    def seconds(self, k: int) -> float:
        """When frame ``k`` is, after the ride's first instant."""
        return STEP * (self.now + EVERY * (k - HISTORY + 1))

    def stamp(self, k: int) -> int:
        """Time stamp of frame ``k`` [us]; what follows happens when the log's frames of then were taken."""
        return self.log.stamp(FRAME * (self.first + BEYOND + k - HISTORY + 1))

    def seen(self, k: int) -> View:
        """The ego and all others in frame ``k``, in the town's coordinates."""
        return view(self.ride, self.seconds(k))

    def data_path(self, k: int, camera: str, folder: str) -> str:
        """Where a picture lies below the sensor data."""
        return f"{folder}{camera}/{token(self.frame_token(k), camera, length=17)}.jpg"


def followers_of(
    log: MadeUpLog, first: int, ride: Ride, place: int, salt: str, future: int
) -> tuple[Follower, Follower]:
    """The scenes of a displaced ride that follow a frame of a log, and the frame before it."""
    found = []
    for ago in (0, 1):
        name = (log.name, salt, first, place, ago)
        initial, scene = token(*name, length=17), token(*name, "scene", length=17)
        found.append(Follower(initial, scene, log, first - ago, ride, LED_STEPS - 1 - EVERY * ago, future))
    return found[0], found[1]


def synthetic_scene(follower: Follower, tidy: bool) -> dict[str, Any]:
    """The content of its pickle.

    Args:
        follower: the scene.
        tidy: whether lights carry numbers as time stamps, paths are text and boxes bare, as the classes ask for;
            else they carry what code that has used them leaves behind.
    """
    log, original = follower.log, follower.first + BEYOND
    count = HISTORY + follower.future
    return {
        "scene_metadata": {
            "log_name": log.name,
            "scene_token": follower.scene_token,
            "map_name": log.mapped.city.name,
            "initial_token": follower.token,
            "num_history_frames": HISTORY,
            "num_future_frames": follower.future,
            "corresponding_original_scene": log.tokens[original],
            "corresponding_original_initial_token": log.tokens[follower.first],
        },
        "frames": [_frame(follower, k, tidy) for k in range(count)],
        "extended_traffic_light_data": [_statuses(follower, k, tidy) for k in range(count, HISTORY + BEYOND)],
        "extended_detections_tracks": [_detections(follower, k, tidy) for k in range(count, HISTORY + BEYOND)],
    }


def _frame(follower: Follower, k: int, tidy: bool) -> dict[str, Any]:
    log, seen = follower.log, follower.seen(k)
    frame = follower.frame_token(k)
    ego = seen.ego
    points = f"{log.name}/MergedPointCloud/{frame}.pcd"
    noted = annotations(log, seen, frame)
    return {
        "token": frame,
        "timestamp": follower.stamp(k),
        "roadblock_ids": blocks_of(log, follower.ride.way.lanes.tolist()),
        "traffic_lights": lights(log, seen),
        "annotations": noted | {"names": noted["names"].tolist()},
        "ego_status": {
            "ego_pose": log.in_city(ego[:3]),
            "ego_velocity": ego[3:5].astype(np.float32),
            "ego_acceleration": ego[5:7].astype(np.float32),
            "driving_command": command(seen.command),
            "in_global_frame": True,
        },
        "lidar_path": None if tidy else Path(points),
        "camera_dict": {
            name.lower(): {
                "data_path": follower.data_path(k, name, f"{log.name}/"),
                **calibration(log.rig, camera),
            }
            for camera, name in enumerate(log.rig.names)
        },
    }


def _statuses(follower: Follower, k: int, tidy: bool) -> nuplan.TrafficLightStatuses:
    stamp = follower.stamp(k)
    kinds = nuplan.TrafficLightStatusType
    return nuplan.TrafficLightStatuses(
        [
            nuplan.TrafficLightStatusData(
                kinds.RED if red else kinds.GREEN, connector, stamp if tidy else nuplan.TimePoint(stamp)
            )
            for connector, red in lights(follower.log, follower.seen(k))
        ]
    )


def _detections(follower: Follower, k: int, tidy: bool) -> nuplan.DetectionsTracks:
    log, seen = follower.log, follower.seen(k)
    frame, stamp = follower.frame_token(k), follower.stamp(k)
    tracked: list[Any] = []
    for n, name in enumerate(seen.names):
        kind = nuplan.TrackedObjectType(int(seen.kinds[n]))
        known = nuplan.SceneObjectMetadata(stamp, token(frame, name), None, track_token(log, name))
        x, y = (seen.poses[n, :2] + log.mapped.shift).tolist()
        length, width, height = seen.sizes[n].tolist()
        box = nuplan.OrientedBox(nuplan.StateSE2(x, y, float(seen.poses[n, 2])), length, width, height)
        if not tidy and n == 0:
            box.__dict__["geometry"] = shapely.box(x - 1, y - 1, x + 1, y + 1)  # asked for once, it stays there
        if kind.value < AGENTS:
            velocity = nuplan.StateVector2D(*seen.velocities[n].tolist())
            tracked.append(nuplan.Agent(kind, box, velocity, known))
        else:
            tracked.append(nuplan.StaticObject(kind, box, known))
    objects = nuplan.TrackedObjects(tracked)
    if not tidy:
        objects.__dict__["_ranges_per_type"] = dict.fromkeys(nuplan.TrackedObjectType, (0, 0))
    return nuplan.DetectionsTracks(objects)


def plain_frames(previous: Follower, now: Follower) -> list[dict[str, Any]]:
    """Five frames of a pair without annotations, route and lights: four until the earlier one, and the later one."""
    listed = [_plain_frame(previous, k) for k in range(HISTORY)] + [_plain_frame(now, HISTORY - 1)]
    shared = {"scene_token": now.scene_token}
    return [frame | shared | {"frame_idx": number} for number, frame in enumerate(listed)]


def _plain_frame(follower: Follower, k: int) -> dict[str, Any]:
    log, seen = follower.log, follower.seen(k)
    return {
        "token": follower.frame_token(k),
        "timestamp": follower.stamp(k),
        "log_name": log.name,
        "map_location": log.mapped.city.name,
        "roadblock_ids": [],
        "traffic_lights": [],
        "driving_command": command(seen.command),
        "lidar_path": None,
        "cams": {
            name: {"data_path": follower.data_path(k, name, ""), **calibration(log.rig, camera)}
            for camera, name in enumerate(log.rig.names)
        },
        **motion(log, seen, k),
    }
