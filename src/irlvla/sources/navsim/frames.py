"""One frame of a log, as the log's dictionaries have it, in neutral words and global coordinates."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from irlvla.errors import InputError
from irlvla.scene import Command, ObjectKind
from irlvla.scene.frames import rotate

FloatArray = NDArray[np.float64]

HISTORY = 4
"""Frames up to now that a policy may know, 0.5 s apart, now among them."""
MALFORMED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What is raised where data have another form than they should."""
KINDS = {kind.name.lower(): kind for kind in ObjectKind}
"""Names of object classes in logs."""
AGENTS = (ObjectKind.VEHICLE, ObjectKind.PEDESTRIAN, ObjectKind.BICYCLE)
"""The classes whose velocities count; the others stand."""


@dataclass(frozen=True)
class Boxes:
    """``N`` objects at one instant, global frame.

    Attributes:
        tokens: of their tracks.
        kinds: ``[N]`` int8, an :class:`~irlvla.scene.ObjectKind` each.
        sizes: ``[N, 3]`` length, width, height [m].
        poses: ``[N, 3]`` centre x, y and heading.
        velocities: ``[N, 2]`` [m/s], 0 of what is no agent.
    """

    tokens: tuple[str, ...]
    kinds: NDArray[np.int8]
    sizes: FloatArray
    poses: FloatArray
    velocities: FloatArray


@dataclass(frozen=True)
class Moment:
    """What is around the ego at one instant: objects, and the ids of the lane connectors that are red."""

    boxes: Boxes
    red: tuple[str, ...]


@dataclass(frozen=True)
class Camera:
    """One camera at one frame.

    Attributes:
        file: its picture, below the folder of pictures.
        intrinsics: ``[3, 3]`` [pixels of the recorded picture], pixel centres at whole numbers.
        camera_to_ego: ``[4, 4]``.
        distortion: ``[5]`` k1, k2, p1, p2, k3.
    """

    file: str
    intrinsics: FloatArray
    camera_to_ego: FloatArray
    distortion: FloatArray


@dataclass(frozen=True)
class Frame:
    """One frame of a log.

    Attributes:
        token: its name.
        t_us: time stamp [us].
        pose: ``[3]`` x, y, heading of the rear axle, global.
        velocity, acceleration: ``[2]`` in the ego frame [m/s, m/s^2]; of single precision, as the benchmark has them.
        command: where the route goes.
        roadblocks: ids of the route's roadblocks, as recorded.
        cameras: by name, "CAM_F0" and so on; only those with a picture.
        lidar: file of the point cloud, below the folder of pictures, if there is one.
        around: what is around the ego; None in secret data.
    """

    token: str
    t_us: int
    pose: FloatArray
    velocity: FloatArray
    acceleration: FloatArray
    command: Command
    roadblocks: tuple[str, ...]
    cameras: dict[str, Camera]
    lidar: str | None
    around: Moment | None


@contextmanager
def named(where: str | Path) -> Iterator[None]:
    """Data of another form than they should have are an :class:`~irlvla.errors.InputError` that names ``where``."""
    try:
        yield
    except KeyError as error:
        raise InputError(where, f"has no {error}", "download it again") from None
    except MALFORMED as error:
        raise InputError(where, f"is damaged ({error})", "download it again") from None


def frame_of_log(told: Mapping[str, Any]) -> Frame:
    """A frame from its dictionary in a log pickle.

    Raises:
        MALFORMED: if the dictionary has another form.
    """
    dynamics = numbers("ego_dynamic_state", np.asarray(told["ego_dynamic_state"], np.float32), 4)
    place = numbers("ego2global_translation", told["ego2global_translation"], 3)
    pose = np.array([*place[:2], yaw_of(told["ego2global_rotation"])])
    boxes, roadblocks = told.get("anns"), told["roadblock_ids"]
    return Frame(
        token=str(told["token"]),
        t_us=int(told["timestamp"]),
        pose=pose,
        velocity=dynamics[:2],
        acceleration=dynamics[2:],
        command=command_of(told["driving_command"]),
        roadblocks=() if roadblocks is None else tuple(map(str, roadblocks)),
        cameras=cameras_of(told["cams"]),
        lidar=str(told["lidar_path"]) if told.get("lidar_path") else None,
        around=None if boxes is None else moment_of(_log_boxes(boxes, pose), told["traffic_lights"]),
    )


def yaw_of(quaternion: Sequence[float]) -> float:
    """Heading [rad] of a rotation (w, x, y, z), as the benchmark takes it: turned by yaw first, roll last.

    That is the yaw of Rx(roll) Ry(pitch) Rz(yaw). On a slope across the road it is not quite the direction in which
    the x axis points, seen from above.

    Raises:
        ValueError: if it is no quaternion.
    """
    rotation = numbers("a quaternion", quaternion, 4)
    length = np.linalg.norm(rotation)
    if length == 0.0:
        raise ValueError("a quaternion is zero")
    w, x, y, z = rotation / length
    return float(np.arctan2(2.0 * (w * z - x * y), 1.0 - 2.0 * (y * y + z * z)))


def command_of(one_hot: Sequence[int]) -> Command:
    """The driving command of a one-hot vector of four; of zeros alone it is not known.

    Raises:
        ValueError: if there are not four numbers.
    """
    given = numbers("driving_command", one_hot, len(Command))
    return Command(int(given.argmax())) if given.any() else Command.UNKNOWN


def cameras_of(told: Mapping[str, Mapping[str, Any]]) -> dict[str, Camera]:
    """Cameras by name (second-stage scenes write them small), those without a picture left out.

    The frame of the lidar is the ego frame.
    """
    return {name.upper(): _camera(camera) for name, camera in told.items() if camera}


def _camera(told: Mapping[str, Any]) -> Camera:
    pose = np.eye(4)
    pose[:3, :3] = numbers("sensor2lidar_rotation", told["sensor2lidar_rotation"], 3, 3)
    pose[:3, 3] = numbers("sensor2lidar_translation", told["sensor2lidar_translation"], 3)
    intrinsics = numbers("cam_intrinsic", told["cam_intrinsic"], 3, 3)
    return Camera(str(told["data_path"]), intrinsics, pose, numbers("distortion", told["distortion"], 5))


def boxes_of(told: Mapping[str, Any], pose: FloatArray) -> Boxes:
    """Objects of annotations in the ego frame ``pose``, whose keys are those of second-stage scenes.

    Raises:
        ValueError: if lists differ in length, a class is not known, or a number is not finite.
    """
    count = len(told["names"])
    if any(len(told[name]) != count for name in ("boxes", "velocity_3d", "track_tokens")):
        raise ValueError(f"annotations of {count} objects differ in length")
    unknown = sorted(set(map(str, told["names"])) - KINDS.keys())
    if unknown:
        raise ValueError(f"objects of unknown class {unknown[0]!r}")
    kinds = np.array([KINDS[str(name)] for name in told["names"]], np.int8)
    boxes = numbers("boxes", np.reshape(told["boxes"], (count, 7)), count, 7)
    given = np.asarray(told["velocity_3d"], np.float64).reshape(count, 3)
    velocities = numbers("velocity_3d", np.where(np.isin(kinds, AGENTS)[:, None], given, 0.0), count, 3)[:, :2]
    return Boxes(
        tokens=tuple(map(str, told["track_tokens"])),
        kinds=kinds,
        sizes=boxes[:, 3:6],
        poses=np.column_stack([rotate(boxes[:, :2], pose[2]) + pose[:2], _heading(boxes[:, 6] + pose[2])]),
        velocities=rotate(velocities, pose[2]),
    )


def _heading(angle: FloatArray) -> FloatArray:
    """Angles [rad] within half a turn, to the benchmark's last digit: it says which way round a flipping box turns."""
    return np.arctan2(np.sin(angle), np.cos(angle))


def _log_boxes(told: Mapping[str, Any], pose: FloatArray) -> Boxes:
    """Objects of annotations as logs name them."""
    names = {"boxes": "gt_boxes", "names": "gt_names", "velocity_3d": "gt_velocity_3d", "track_tokens": "track_tokens"}
    return boxes_of({ours: told[theirs] for ours, theirs in names.items()}, pose)


def moment_of(boxes: Boxes, lights: Iterable[tuple[Any, bool]]) -> Moment:
    """What is around, from objects and (lane connector, is it red)."""
    return Moment(boxes, tuple(dict.fromkeys(str(connector) for connector, red in lights if red)))


def numbers(what: str, values: ArrayLike, *shape: int) -> FloatArray:
    """An array of ``values``.

    Raises:
        TypeError, ValueError: if they are no finite numbers, or have another shape; ``what`` names them.
    """
    array = np.asarray(values, np.float64)
    if array.shape != shape:
        raise ValueError(f"{what} has the shape {array.shape}, not {shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{what} is not finite")
    return array
