"""A batch of what policies see."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True)
class SceneInputs:
    """``B`` scenes as a policy sees them. Nothing in here comes from :class:`~irlvla.scene.SceneTruth`.

    Attributes:
        images: ``[B, C, H, W, 3]`` uint8, RGB.
        intrinsics: ``[B, C, 3, 3]`` float32, for pictures of this size.
        camera_to_ego: ``[B, C, 4, 4]`` float32.
        history: ``[B, 4, 7]`` float32, x, y, heading, vx, vy, ax, ay at -1.5, -1.0, -0.5, 0 s (see ``Scene.history``).
        command: ``[B]`` int64, a :class:`~irlvla.scene.Command` each.
        instructions: ``B`` sentences.
    """

    images: Tensor
    intrinsics: Tensor
    camera_to_ego: Tensor
    history: Tensor
    command: Tensor
    instructions: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.instructions)

    def map(self, f: Callable[[Tensor], Tensor]) -> "SceneInputs":
        """The batch with ``f`` applied to each tensor; ``f`` must keep the number of scenes."""
        return SceneInputs(
            images=f(self.images),
            intrinsics=f(self.intrinsics),
            camera_to_ego=f(self.camera_to_ego),
            history=f(self.history),
            command=f(self.command),
            instructions=self.instructions,
        )

    def to(self, device: torch.device | str) -> "SceneInputs":
        """The same batch on another device."""
        return self.map(lambda t: t.to(device, non_blocking=True))

    def select(self, indices: Sequence[int]) -> "SceneInputs":
        """The scenes ``indices`` of this batch, in that order."""
        index = torch.as_tensor(indices, dtype=torch.long, device=self.command.device)
        picked = self.map(lambda t: t[index])
        return replace(picked, instructions=tuple(self.instructions[i] for i in indices))

    @staticmethod
    def cat(batches: Sequence["SceneInputs"]) -> "SceneInputs":
        """Batches of equal picture size and camera count, one after the other."""
        return SceneInputs(
            images=torch.cat([b.images for b in batches]),
            intrinsics=torch.cat([b.intrinsics for b in batches]),
            camera_to_ego=torch.cat([b.camera_to_ego for b in batches]),
            history=torch.cat([b.history for b in batches]),
            command=torch.cat([b.command for b in batches]),
            instructions=tuple(sentence for b in batches for sentence in b.instructions),
        )
