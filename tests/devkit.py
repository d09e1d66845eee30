"""Stand-ins for the few classes of NAVSIM's and nuPlan's devkits that our files and agents meet, made up for tests."""

import pickle
import sys
import types
from dataclasses import dataclass, make_dataclass
from typing import Any

import numpy as np
import pytest
import torch

SAMPLING = "nuplan.planning.simulation.trajectory.trajectory_sampling"
DATACLASSES = "navsim.common.dataclasses"
AGENT = "navsim.agents.abstract_agent"
CAMERAS = ("cam_f0", "cam_l0", "cam_l1", "cam_l2", "cam_r0", "cam_r1", "cam_r2", "cam_b0")


@dataclass
class TrajectorySampling:
    """Any two of its three numbers say the third."""

    __module__ = SAMPLING
    num_poses: int | None = None
    time_horizon: float | None = None
    interval_length: float | None = None

    def __post_init__(self) -> None:
        self.num_poses = self.num_poses or round(self.time_horizon / self.interval_length)
        self.time_horizon = float(self.time_horizon or self.num_poses * self.interval_length)
        self.interval_length = float(self.interval_length or self.time_horizon / self.num_poses)


@dataclass
class Trajectory:
    """Poses and their times; as many of the one as of the other."""

    __module__ = DATACLASSES
    poses: Any
    trajectory_sampling: Any

    def __post_init__(self) -> None:
        assert self.poses.shape == (self.trajectory_sampling.num_poses, 3)


class AbstractAgent(torch.nn.Module):
    def __init__(self, trajectory_sampling: Any, requires_scene: bool = False) -> None:
        super().__init__()
        self.requires_scene = requires_scene
        self._trajectory_sampling = trajectory_sampling


SensorConfig = make_dataclass("SensorConfig", [*CAMERAS, "lidar_pc"])


@pytest.fixture
def devkit(monkeypatch):
    """The stand-ins, importable under the devkits' names until the test ends."""
    agent_input = type("AgentInput", (), {})
    for module, *classes in (
        (SAMPLING, TrajectorySampling),
        (DATACLASSES, Trajectory, SensorConfig, agent_input),
        (AGENT, AbstractAgent),
    ):
        for depth in range(1, module.count(".") + 2):
            parent = ".".join(module.split(".")[:depth])
            if parent not in sys.modules:
                monkeypatch.setitem(sys.modules, parent, types.ModuleType(parent))
        for made in classes:
            monkeypatch.setattr(sys.modules[module], made.__name__, made, raising=False)
    return sys.modules[DATACLASSES]


def trajectory(poses: Any, interval: float = 0.5, dtype: Any = np.float32) -> Trajectory:
    """A plan as an agent of the devkit makes it."""
    poses = np.asarray(poses, dtype)
    return Trajectory(poses, TrajectorySampling(num_poses=len(poses), interval_length=interval))


def pickled(content: Any) -> bytes:
    """``content`` as numpy 1 pickles it. In protocol 2 names are lines of their own, which can be renamed."""
    return pickle.dumps(content, protocol=2).replace(b"numpy._core", b"numpy.core")
