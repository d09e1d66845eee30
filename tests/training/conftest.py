"""A dozen made-up scenes in memory, small enough for networks to fit in seconds."""

import pytest
import torch

from irlvla.model import CameraTrunk, ModelConfig, Policy
from irlvla.scene import CameraRig, ObjectKind, SceneStore, StoreWriter
from irlvla.training.data import SceneSet
from irlvla.training.imitation import plan_anchors
from tests.scene import made_up

CONFIG = ModelConfig(
    dim=32, heads=2, layers=1, anchors=4, trunk_blocks=6, bev_cells=(8, 6), bev_dim=16, object_queries=6, map_queries=6
)


@pytest.fixture(scope="session")
def store(tmp_path_factory) -> SceneStore:
    road = made_up.straight_road()
    folder = tmp_path_factory.mktemp("scenes")
    scenes = [
        made_up.scene(f"s{k}", speed=2.0 + k, objects=((ObjectKind.VEHICLE, 12.0 + 3 * k, 0.0, 1.0 * k),), hdmap=road)
        for k in range(12)
    ]
    with StoreWriter(folder) as writer:
        writer.add_log("made-up", scenes)
    return SceneStore(folder)


@pytest.fixture(scope="session")
def data(store) -> SceneSet:
    torch.manual_seed(0)
    trunk = CameraTrunk(CONFIG.trunk_blocks, CONFIG.trunk_frozen)
    return SceneSet.load(list(store), CameraRig.navsim(64, 36), trunk, CONFIG)


@pytest.fixture
def policy(data) -> Policy:
    torch.manual_seed(1)
    return Policy(CONFIG, plan_anchors(data.human, CONFIG.anchors, seed=0))
