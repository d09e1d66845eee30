"""Pickles of made-up second-stage scenes, which hold objects of nuPlan's classes; of those only attributes are read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from irlvla.errors import InputError
from irlvla.scene import ObjectKind
from irlvla.sources.navsim.detections import MOMENTS
from irlvla.sources.navsim.frames import (
    AGENTS,
    Boxes,
    Frame,
    Moment,
    boxes_of,
    cameras_of,
    command_of,
    moment_of,
    named,
    numbers,
)
from irlvla.sources.navsim.logs import Window
from irlvla.sources.restricted import read_pickle

RECORDS = ("nuplan.", "navsim.", "shapely.")
"""Packages whose classes second-stage scenes are pickled with."""

_RED = 2  # nuPlan's TrafficLightStatusType.RED
_EGO = 7  # nuPlan's TrafficLightObjectType.EGO, which is not around itself


def read_second_stage(path: Path) -> Window:
    """The scene in a pickle of ``synthetic_scene_pickles``.

    Raises:
        InputError: if the file cannot be read, is damaged, would run code, or has another form.
    """
    content = _content(path)
    with named(path):
        return _window(content)


def _content(path: Path) -> Mapping[str, Any]:
    content = read_pickle(path, RECORDS)
    if not isinstance(content, dict) or not isinstance(content.get("scene_metadata"), dict):
        raise InputError(path, "is no second-stage scene", "take pickles of synthetic_scene_pickles")
    return content


def _window(content: Mapping[str, Any]) -> Window:
    about = content["scene_metadata"]
    frames = [_frame(told) for told in content["frames"]]
    now = int(about["num_history_frames"]) - 1
    if not 0 <= now < len(frames):
        raise ValueError(f"{len(frames)} frames, of which {now + 1} are history")
    around = [frame.around for frame in frames[now:] if frame.around is not None]
    later = content.get("extended_detections_tracks") or ()
    lights = content.get("extended_traffic_light_data") or ()
    around += [
        Moment(_extended_boxes(objects), _extended_red(lights[k]) if k < len(lights) else ())
        for k, objects in enumerate(later)
    ]
    return Window(
        str(about["log_name"]), str(about["map_name"]), tuple(frames[: now + 1]), tuple(around[:MOMENTS]), None
    )


def _frame(told: Mapping[str, Any]) -> Frame:
    ego = told["ego_status"]
    pose = numbers("ego_pose", ego["ego_pose"], 3)
    velocity, acceleration = (
        numbers(name, np.asarray(ego[name], np.float32), 2) for name in ("ego_velocity", "ego_acceleration")
    )
    return Frame(
        token=str(told["token"]),
        t_us=int(told["timestamp"]),
        pose=pose,
        velocity=velocity,
        acceleration=acceleration,
        command=command_of(ego["driving_command"]),
        roadblocks=tuple(map(str, told["roadblock_ids"])),
        cameras=cameras_of(told["camera_dict"]),
        lidar=str(told["lidar_path"]) if told.get("lidar_path") else None,
        around=moment_of(boxes_of(told["annotations"], pose), told["traffic_lights"]),
    )


def _extended_boxes(detections: Any) -> Boxes:
    """Objects of nuPlan's ``DetectionsTracks``, which are in the global frame."""
    objects = [
        each for each in detections.tracked_objects.tracked_objects if _member(each._tracked_object_type) != _EGO
    ]
    kinds = np.array([_member(each._tracked_object_type) for each in objects], np.int8)
    moving = [ObjectKind(int(kind)) in AGENTS for kind in kinds]
    rows = [_extended_row(each, agent) for each, agent in zip(objects, moving, strict=True)]
    states = numbers("a later object", np.reshape(rows, (len(rows), 8)), len(rows), 8)
    return Boxes(
        tokens=tuple(str(each._metadata.track_token) for each in objects),
        kinds=kinds,
        sizes=states[:, :3],
        poses=states[:, 3:6],
        velocities=states[:, 6:],
    )


def _extended_row(tracked: Any, agent: bool) -> tuple[float, ...]:
    box, centre = tracked._box, tracked._box._center
    velocity = (tracked._velocity._x, tracked._velocity._y) if agent else (0.0, 0.0)
    return box._length, box._width, box._height, centre.x, centre.y, centre.heading, *velocity


def _extended_red(statuses: Any) -> tuple[str, ...]:
    """Red connectors of nuPlan's ``TrafficLightStatuses``."""
    return tuple(str(light.lane_connector_id) for light in statuses.traffic_lights if _member(light.status) == _RED)


def _member(value: Any) -> int:
    """The number of an enumeration's member, which is what it was made from."""
    return int(value.args[0])
