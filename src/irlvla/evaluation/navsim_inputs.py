"""What NAVSIM's devkit shows an agent, as our policies see it. Nothing of the devkit is imported here."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from irlvla.errors import InputError
from irlvla.scene import CameraRig, Command, SceneInputs, Sight
from irlvla.scene.frames import poses_to_local
from irlvla.sources import observe
from irlvla.sources.language import instruct
from irlvla.sources.navsim.frames import HISTORY, Camera
from irlvla.sources.navsim.scenes import rig_of


def inputs_of(agent_input: Any, rig: CameraRig) -> SceneInputs:
    """One scene as a policy sees it, from the devkit's ``AgentInput`` or what is built like it.

    Args:
        agent_input: with ``ego_statuses`` (each with ``ego_pose [3]``, ``ego_velocity [2]``, ``ego_acceleration [2]``
            and the one-hot ``driving_command [4]``) and ``cameras`` (of the last of which ``cam_f0`` and so on have
            ``image [H, W, 3]``, ``intrinsics``, ``sensor2lidar_rotation``, ``sensor2lidar_translation`` and
            ``distortion``). Poses may be global or of the frame of now; the lidar's frame is the ego's.
        rig: which cameras, and the size of its pictures; the calibration is the recorded one.

    Raises:
        InputError: if there are fewer than four frames, or a camera's picture or calibration is not there.
    """
    statuses = agent_input.ego_statuses[-HISTORY:]
    if len(statuses) < HISTORY:
        raise InputError("the agent's input", f"has {len(statuses)} frames of history", f"load {HISTORY}")
    cameras = [_camera(agent_input.cameras[-1], name) for name in rig.names]
    height, width = cameras[0].image.shape[:2]
    odd = [name for name, camera in zip(rig.names, cameras, strict=True) if camera.image.shape != (height, width, 3)]
    if odd:
        raise InputError(f"the picture of {odd[0]}", "has another size than the others", "give all cameras one size")
    command = _command(statuses[-1].driving_command)
    sight = Sight(
        token="now",
        log="",
        source="navsim",
        history=_history(statuses),
        command=command,
        cameras=rig_of(
            {name: _calibration(camera) for name, camera in zip(rig.names, cameras, strict=True)}, (width, height)
        ),
        images=np.stack([camera.image for camera in cameras]),
        instruction=instruct(command),
    )
    return observe([sight], rig)


def _camera(cameras: Any, name: str) -> Any:
    camera = getattr(cameras, name.lower(), None)
    parts = ("image", "intrinsics", "sensor2lidar_rotation", "sensor2lidar_translation", "distortion")
    missing = [part for part in parts if getattr(camera, part, None) is None]
    if missing:
        what = f"has no {', no '.join(missing)}"
        raise InputError(f"camera {name} of now", what, "load it (SensorConfig), or use a rig without it")
    return camera


def _calibration(camera: Any) -> Camera:
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = camera.sensor2lidar_rotation, camera.sensor2lidar_translation
    return Camera("", np.array(camera.intrinsics, np.float64), pose, np.array(camera.distortion, np.float64))


def _history(statuses: list[Any]) -> NDArray[np.float64]:
    """``[4, 7]`` as :class:`~irlvla.scene.Scene` has it."""
    poses = np.array([status.ego_pose for status in statuses], np.float64)
    motion = [[*status.ego_velocity, *status.ego_acceleration] for status in statuses]
    return np.concatenate([poses_to_local(poses, poses[-1:]), np.array(motion, np.float64)], axis=1)


def _command(one_hot: Any) -> Command:
    values = np.asarray(one_hot).reshape(-1)
    return Command(int(values.argmax())) if values.any() and len(values) == len(Command) else Command.UNKNOWN
