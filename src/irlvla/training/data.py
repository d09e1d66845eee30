"""Scenes held in memory for training: what the policy sees, what it should do, and the trunk's features, once."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from irlvla.errors import InputError
from irlvla.model import AuxiliaryTargets, CameraTrunk, ModelConfig
from irlvla.progress import progress
from irlvla.scene import CameraRig, Scene, SceneInputs
from irlvla.sources import observe
from irlvla.training.targets import auxiliary_targets

_CHUNK = 16


@dataclass(frozen=True)
class Batch:
    """Some scenes of a :class:`SceneSet`, on the training device.

    Attributes:
        inputs: what the policy sees.
        features: the frozen trunk's feature maps ``[B, C, F, h, w]``.
        human: points of the human's plan ``[B, 8, 2]`` [m], ego frame.
        targets: of the auxiliary heads.
    """

    inputs: SceneInputs
    features: Tensor
    human: Tensor
    targets: AuxiliaryTargets


@dataclass(frozen=True)
class SceneSet:
    """``S`` scenes with a human plan, held in memory (about 0.5 MB each at eight pictures of 160 x 90).

    Attributes:
        scenes: the scenes; their truth is for labels and audits only.
        inputs, features, human, targets: as in :class:`Batch`, for all scenes; features are kept as float16.
    """

    scenes: Sequence[Scene]
    inputs: SceneInputs
    features: Tensor
    human: Tensor
    targets: AuxiliaryTargets

    def __len__(self) -> int:
        return len(self.scenes)

    @classmethod
    def load(cls, scenes: Sequence[Scene], rig: CameraRig, trunk: CameraTrunk, config: ModelConfig) -> "SceneSet":
        """Render or resize the scenes' pictures for ``rig`` and run the trunk over them once.

        Raises:
            InputError: if there is no scene, or one has no human plan of 8 poses 0.5 s apart.
        """
        if not scenes:
            raise InputError("training set", "has no scene", "import more logs, or hold out fewer")
        inputs, features = [], []
        with progress("cameras", len(scenes)) as advance, torch.no_grad():
            for start in range(0, len(scenes), _CHUNK):
                chunk = scenes[start : start + _CHUNK]
                seen = observe(chunk, rig)
                inputs.append(seen)
                features.append(trunk(seen.images).half())
                for _ in chunk:
                    advance("")
        return cls(
            scenes=scenes,
            inputs=SceneInputs.cat(inputs),
            features=torch.cat(features),
            human=torch.stack([human_points(scene) for scene in scenes]),
            targets=auxiliary_targets(scenes, config),
        )

    def batch(self, indices: Sequence[int], device: torch.device | str = "cpu") -> Batch:
        """The scenes ``indices`` on ``device``."""
        index = torch.as_tensor(indices, dtype=torch.long)
        return Batch(
            inputs=self.inputs.select(indices).to(device),
            features=self.features[index].to(device).float(),
            human=self.human[index].to(device),
            targets=self.targets.map(lambda t: t[index].to(device)),
        )


def human_points(scene: Scene) -> Tensor:
    """Points ``[8, 2]`` float32 of the human's plan, ego frame.

    Raises:
        InputError: if the scene has none of 8 poses 0.5 s apart.
    """
    human = scene.truth.human
    if human is None or human.poses.shape != (8, 3) or human.interval != 0.5:
        raise InputError(scene.token, "has no human plan of 8 poses 0.5 s apart", "train on recorded scenes")
    return torch.from_numpy(human.poses[:, :2]).float()
