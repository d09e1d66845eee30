"""What the environment shows: the fields of one scene's :class:`~irlvla.scene.SceneInputs`, as arrays by name."""

import string
from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np
import torch
from numpy.typing import NDArray

from irlvla.errors import InputError
from irlvla.scene import CameraRig, Command, Scene, SceneInputs
from irlvla.sources.render import observe

Observation = dict[str, Any]
"""``history [4, 7]`` and ``command`` as in :class:`~irlvla.scene.SceneInputs`, ``instruction``; and where there are
cameras ``images [C, H, W, 3]``, ``intrinsics [C, 3, 3]``, ``camera_to_ego [C, 4, 4]``."""

LONGEST_INSTRUCTION = 160
_WIDE = np.float32(1e5)  # no number of an observation gets there
_PICTURES = ("images", "intrinsics", "camera_to_ego")
_NO_CAMERAS = {
    "images": np.zeros((0, 0, 0, 3), np.uint8),
    "intrinsics": np.zeros((0, 3, 3), np.float32),
    "camera_to_ego": np.zeros((0, 4, 4), np.float32),
}


def observation_space(rig: CameraRig | None) -> gymnasium.spaces.Dict:
    """The space of observations through ``rig``; without one they have no pictures."""

    def numbers(*shape: int) -> gymnasium.spaces.Box:
        return gymnasium.spaces.Box(-_WIDE, _WIDE, shape, np.float32)

    spaces: dict[str, gymnasium.Space[Any]] = {
        "history": numbers(4, 7),
        "command": gymnasium.spaces.Discrete(len(Command)),
        "instruction": gymnasium.spaces.Text(LONGEST_INSTRUCTION, charset=string.printable),
    }
    if rig is not None:
        count = len(rig)
        spaces["images"] = gymnasium.spaces.Box(0, 255, (count, rig.height, rig.width, 3), np.uint8)
        spaces |= {"intrinsics": numbers(count, 3, 3), "camera_to_ego": numbers(count, 4, 4)}
    return gymnasium.spaces.Dict(spaces)


def observation_of(scene: Scene, rig: CameraRig | None) -> Observation:
    """What is seen of ``scene`` through ``rig``, without one what is known without pictures."""
    if rig is not None:
        return observations_of(observe([scene], rig))[0]
    return {
        "history": scene.history.astype(np.float32),
        "command": np.int64(scene.command),
        "instruction": scene.instruction,
    }


def inputs_of(observations: Sequence[Mapping[str, Any]]) -> SceneInputs:
    """Observations of one rig as a batch for a policy; without pictures it has no cameras.

    Raises:
        InputError: if there are none, or they are of different rigs.
    """
    if not observations:
        raise InputError("observations", "there are none", "give at least one")
    if len({np.shape(observation.get("images", ())) for observation in observations}) > 1:
        raise InputError("observations", "they are of different rigs", "give those of one rig")

    def stacked(name: str) -> torch.Tensor:
        arrays = [np.asarray(observation.get(name, _NO_CAMERAS.get(name))) for observation in observations]
        return torch.from_numpy(np.stack(arrays))

    return SceneInputs(
        **{name: stacked(name) for name in (*_PICTURES, "history", "command")},
        instructions=tuple(observation["instruction"] for observation in observations),
    )


def observations_of(inputs: SceneInputs) -> list[Observation]:
    """The observations of a batch; undoes :func:`inputs_of`."""
    names = (*(_PICTURES if inputs.images.shape[1] else ()), "history", "command")
    arrays: dict[str, NDArray[Any]] = {name: getattr(inputs, name).cpu().numpy() for name in names}
    return [
        {**{name: _own(array[b]) for name, array in arrays.items()}, "instruction": inputs.instructions[b]}
        for b in range(len(inputs))
    ]


def _own(part: Any) -> Any:
    """A part of a batch that shares nothing with it."""
    return part.copy() if isinstance(part, np.ndarray) else part
