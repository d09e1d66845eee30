"""A dozen made-up scenes in memory, small enough for networks to fit in seconds."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from irlvla.model import CameraTrunk, Policy
from irlvla.scene import CameraRig, ObjectKind, Scene, SceneStore, StoreWriter, Trajectory
from irlvla.training.data import SceneSet
from irlvla.training.imitation import anchors_of
from tests.presets import TINY
from tests.scene import made_up

CONFIG = TINY.model


def accelerating(scene: Scene, acceleration: float) -> Scene:
    """The same scene with a human that changes speed."""
    time = 0.5 * np.arange(1, 9)
    poses = np.zeros((8, 3))
    poses[:, 0] = scene.history[-1, 3] * time + 0.5 * acceleration * time**2
    return replace(scene, truth=replace(scene.truth, human=Trajectory(poses)))


@pytest.fixture(scope="session")
def store(tmp_path_factory) -> SceneStore:
    road = made_up.straight_road()
    folder = tmp_path_factory.mktemp("scenes")
    scenes = [
        accelerating(
            made_up.scene(f"s{k}", 2.0 + k, ((ObjectKind.VEHICLE, 12.0 + 3 * k, 0.0, 1.0 * k),), road), k % 4 / 2 - 0.5
        )
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
    return Policy(CONFIG, anchors_of(data, CONFIG.anchors, seed=0))
