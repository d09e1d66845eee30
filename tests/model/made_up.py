"""Small networks and made-up inputs for the tests of this room."""

import torch

from irlvla.model import AuxiliaryTargets, ModelConfig, Policy, RewardWorldModel
from irlvla.scene import INSTRUCTION, CameraRig, SceneInputs

SMALL = ModelConfig(
    dim=32,
    heads=2,
    layers=1,
    anchors=5,
    trunk_blocks=6,
    bev_cells=(16, 12),
    bev_dim=16,
    meta_tokens=2,
    object_queries=6,
    map_queries=5,
    map_points=4,
)
ANCHORS = torch.linspace(2, 30, 5).view(5, 1, 1) * torch.linspace(0.125, 1, 8).view(8, 1) * torch.tensor([1.0, 0.1])


def inputs(scenes: int = 2, cameras: int = 8, seed: int = 0) -> SceneInputs:
    """Noise seen through the first ``cameras`` of NAVSIM's rig, 64 x 32 pixels."""
    generator = torch.Generator().manual_seed(seed)
    rig = CameraRig.navsim(64, 32)
    history = torch.randn(scenes, 4, 7, generator=generator)
    history[:, -1, :3] = 0
    history[..., 3] += 6
    return SceneInputs(
        images=torch.randint(0, 256, (scenes, cameras, 32, 64, 3), generator=generator, dtype=torch.uint8),
        intrinsics=torch.from_numpy(rig.intrinsics[:cameras]).float().expand(scenes, -1, -1, -1),
        camera_to_ego=torch.from_numpy(rig.camera_to_ego[:cameras]).float().expand(scenes, -1, -1, -1),
        history=history,
        command=torch.randint(0, 4, (scenes,), generator=generator),
        instructions=(INSTRUCTION,) * scenes,
    )


def policy(seed: int = 0) -> Policy:
    torch.manual_seed(seed)
    return Policy(SMALL, ANCHORS)


def reward_model(seed: int = 0) -> RewardWorldModel:
    torch.manual_seed(seed)
    return RewardWorldModel(SMALL)


def poses(scenes: int = 2, n: int = 7, seed: int = 0) -> torch.Tensor:
    """Gentle drives ``[B, n, 8, 3]`` at 0-12 m/s with a little turning."""
    generator = torch.Generator().manual_seed(seed)
    time = torch.linspace(0.5, 4, 8)
    speed = 12 * torch.rand(scenes, n, 1, generator=generator)
    rate = 0.1 * torch.randn(scenes, n, 1, generator=generator)
    return torch.stack([speed * time, speed * rate * time**2 / 2, rate * time], -1)


def targets(scenes: int = 2, seed: int = 0) -> AuxiliaryTargets:
    """Objects and lines strewn over the BEV region; some are padding."""
    generator = torch.Generator().manual_seed(seed)

    def uniform(*shape: int) -> torch.Tensor:
        return torch.rand(*shape, generator=generator)

    heading = 6.28 * uniform(scenes, 4, 1)
    place = torch.tensor([60.0, 44.0]) * uniform(scenes, 4, 2) + torch.tensor([-6.0, -22.0])
    start = torch.tensor([40.0, 40.0]) * uniform(scenes, 3, 1, 2) + torch.tensor([-6.0, -22.0])
    return AuxiliaryTargets(
        boxes=torch.cat([place, heading.cos(), heading.sin(), uniform(scenes, 4, 4)], -1),
        kinds=torch.randint(0, 7, (scenes, 4), generator=generator),
        object_mask=torch.tensor([True, True, True, False]).expand(scenes, -1),
        lines=start + torch.tensor([4.0, 0.5]) * torch.arange(4).view(4, 1),
        line_kinds=torch.randint(0, 4, (scenes, 3), generator=generator),
        line_mask=torch.tensor([True, False, True]).expand(scenes, -1),
        areas=(uniform(scenes, 2, *SMALL.bev_cells) > 0.5).float(),
        speed=torch.randint(0, 4, (scenes,), generator=generator),
        path=torch.randint(0, 5, (scenes,), generator=generator),
    )
