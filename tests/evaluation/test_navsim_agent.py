"""The way to NAVSIM's agents and back, with stand-ins for the devkit."""

import importlib
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from irlvla.errors import InputError
from irlvla.evaluation.agents import agent_of, from_submission
from irlvla.evaluation.navsim_inputs import inputs_of
from irlvla.model import EgoMLP
from irlvla.scene import INSTRUCTION, CameraRig, Command, Sight, Trajectory
from irlvla.sources import Submission, Team, observe, write_submission
from irlvla.training.checkpoint import save_checkpoint
from tests.devkit import CAMERAS, TrajectorySampling, devkit  # noqa: F401 (a fixture)

RIG = CameraRig.navsim(32, 18)
RECORDED = CameraRig.navsim(64, 36)
LENS = np.array([-0.35, 0.15, 0.001, -0.001, -0.03])
POSES = np.array([[-12.0, 0.9, -0.3], [-8.0, 0.4, -0.2], [-4.0, 0.1, -0.1], [0.0, 0.0, 0.0]])
MODULE = "irlvla.evaluation.navsim_agent"


def picture(k):
    rows, columns = np.mgrid[:36, :64]
    return np.stack([4 * columns // (k + 1), 7 * rows, np.full_like(rows, 20 * k)], -1).astype(np.uint8)


def agent_input(poses=POSES, command=(0, 0, 1, 0), lens=LENS):
    statuses = [
        SimpleNamespace(
            ego_pose=np.array(pose, np.float64),
            ego_velocity=np.array([8.0 + k, 0.1 * k], np.float32),
            ego_acceleration=np.array([0.5 * k, -0.2], np.float32),
            driving_command=np.array(command),
        )
        for k, pose in enumerate(poses)
    ]
    nothing = SimpleNamespace(**{name: SimpleNamespace(image=None) for name in CAMERAS})
    now = {
        name.lower(): SimpleNamespace(
            image=picture(k),
            intrinsics=RECORDED.intrinsics[k],
            sensor2lidar_rotation=RECORDED.camera_to_ego[k, :3, :3],
            sensor2lidar_translation=RECORDED.camera_to_ego[k, :3, 3],
            distortion=lens,
        )
        for k, name in enumerate(RECORDED.names)
    }
    cameras = [nothing] * (len(poses) - 1) + [SimpleNamespace(**now)]
    return SimpleNamespace(ego_statuses=statuses, cameras=cameras, lidars=[])


def test_inputs_are_those_of_the_scene_as_we_read_it_ourselves():
    inputs = inputs_of(agent_input(), RIG)
    history = np.concatenate([POSES, [[8 + k, 0.1 * k, 0.5 * k, -0.2] for k in range(4)]], 1)
    halves = RECORDED.intrinsics + np.array([[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]])  # theirs: pixel centres at 0, 1, ...
    recorded = replace(RECORDED, intrinsics=halves, distortion=np.stack([LENS] * 8))
    images = np.stack([picture(k) for k in range(8)])
    expected = observe([Sight("a", "b", "c", history, Command.RIGHT, recorded, images)], RIG)
    torch.testing.assert_close(inputs.images, expected.images, rtol=0, atol=0)
    for name in ("intrinsics", "camera_to_ego", "history"):
        torch.testing.assert_close(getattr(inputs, name), getattr(expected, name))
    assert inputs.images.shape == (1, 8, 18, 32, 3)
    assert inputs.command.tolist() == [Command.RIGHT]
    assert inputs.instructions == (f"Turn right. {INSTRUCTION}",)


def test_poses_may_be_global():
    turn, place = 2.5, np.array([664_000.0, 3_997_000.0])
    c, s = np.cos(turn), np.sin(turn)
    xy = POSES[:, :2] @ np.array([[c, s], [-s, c]]) + place
    history = inputs_of(agent_input(np.column_stack([xy, POSES[:, 2] + turn])), RIG).history
    torch.testing.assert_close(history[0, :, :3], torch.tensor(POSES, dtype=torch.float32), rtol=0, atol=1e-5)


def test_the_last_four_frames_are_the_history():
    longer = np.concatenate([[[-16.0, 1.0, -0.4]], POSES])
    history = inputs_of(agent_input(longer), RIG).history
    torch.testing.assert_close(history[0, :, :3], torch.tensor(POSES, dtype=torch.float32))
    with pytest.raises(InputError, match="3 frames of history"):
        inputs_of(agent_input(POSES[1:]), RIG)


@pytest.mark.parametrize(
    ("one_hot", "command"),
    [
        ((1, 0, 0, 0), Command.LEFT),
        ((0, 1, 0, 0), Command.STRAIGHT),
        ((0, 0, 1, 0), Command.RIGHT),
        ((0, 0, 0, 1), Command.UNKNOWN),
        ((0, 0, 0, 0), Command.UNKNOWN),
    ],
)
def test_commands_are_one_hot(one_hot, command):
    assert inputs_of(agent_input(command=one_hot), RIG).command.tolist() == [command]


def test_a_lens_is_undone():
    bent, straight = (inputs_of(agent_input(lens=lens), RIG) for lens in (LENS, np.zeros(5)))
    assert (bent.images != straight.images).any()
    torch.testing.assert_close(bent.intrinsics, straight.intrinsics)


def test_cameras_that_were_not_loaded_are_named():
    shown = agent_input()
    shown.cameras[-1].cam_l1 = SimpleNamespace(image=None)
    with pytest.raises(InputError, match=r"CAM_L1 of now.*no image"):
        inputs_of(shown, RIG)
    shown.cameras[-1].cam_l1 = SimpleNamespace(**{**vars(shown.cameras[-1].cam_l0), "image": picture(1)[:30]})
    with pytest.raises(InputError, match=r"CAM_L1.*another size"):
        inputs_of(shown, RIG)


@pytest.fixture
def checkpoint(tmp_path):
    torch.manual_seed(0)
    mlp = EgoMLP()
    save_checkpoint(tmp_path / "mlp.safetensors", mlp.state_dict())
    return tmp_path / "mlp.safetensors", mlp.eval()


@pytest.fixture
def module(devkit, monkeypatch):  # noqa: F811
    monkeypatch.delitem(sys.modules, MODULE, raising=False)
    yield importlib.import_module(MODULE)
    sys.modules.pop(MODULE, None)


def test_the_devkit_is_given_our_plan_as_its_own_trajectory(module, devkit, checkpoint):  # noqa: F811
    path, mlp = checkpoint
    agent = module.IrlVlaAgent(str(path), width=32, height=18)
    assert agent.name() == "IrlVlaAgent"
    assert not agent.requires_scene
    with pytest.raises(InputError, match="call initialize"):
        agent.compute_trajectory(agent_input())
    agent.initialize()
    plan = agent.compute_trajectory(agent_input())
    assert type(plan) is devkit.Trajectory
    assert plan.poses.dtype == np.float32
    assert plan.trajectory_sampling == TrajectorySampling(8, 4.0, 0.5)
    np.testing.assert_allclose(plan.poses, mlp.plan(inputs_of(agent_input(), RIG))[0].numpy(), rtol=1e-6)


def test_the_agent_asks_for_the_cameras_of_now_and_no_lidar(module, checkpoint):
    config = vars(module.IrlVlaAgent(str(checkpoint[0])).get_sensor_config())
    assert config == {name: [3] for name in CAMERAS} | {"lidar_pc": False}


def test_the_agent_has_one_sampling(module, checkpoint):
    with pytest.raises(InputError, match=r"40 poses 0\.1 s apart"):
        module.IrlVlaAgent(str(checkpoint[0]), trajectory_sampling=TrajectorySampling(40, 4.0))


@pytest.mark.parametrize("absent", ["navsim", "nuplan", "navsim.agents"])
def test_without_the_devkit_the_import_says_what_to_install(devkit, monkeypatch, absent):  # noqa: F811
    monkeypatch.setitem(sys.modules, absent, None)
    for loaded in [name for name in sys.modules if name.startswith(f"{absent}.") or name == MODULE]:
        monkeypatch.delitem(sys.modules, loaded)
    with pytest.raises(InputError, match=r"devkit: cannot be imported.*PyPI is something else"):
        importlib.import_module(MODULE)


PLAN = np.column_stack([4.0 * np.arange(1, 9), np.zeros(8), np.zeros(8)])


def seen(*tokens):
    return [Sight(token, "log", "navsim", np.zeros((4, 7)), Command.UNKNOWN) for token in tokens]


def test_a_submission_is_an_agent_of_its_plans(tmp_path):
    path = tmp_path / "submission.pkl"
    write_submission(path, Submission(Team("us"), {"a": Trajectory(PLAN), "b": Trajectory(2 * PLAN)},
                                      {"c": Trajectory(3 * PLAN)}))  # fmt: skip
    plans = agent_of(str(path))(seen("c", "a"), None)
    assert plans.dtype == torch.float64
    np.testing.assert_array_equal(plans, np.stack([3 * PLAN, PLAN]))
    with pytest.raises(InputError, match=r"no plan of scene d; evaluate on the split"):
        agent_of(str(path))(seen("a", "d"), None)


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (Trajectory(np.repeat(PLAN, 5, 0), 0.1), r"40 poses 0\.1 s apart.*every 5th of its poses"),
        (Trajectory(np.repeat(PLAN, 2, 0), 0.3), r"16 poses 0\.3 s apart.*plan 8 poses 0\.5 s apart"),
        (Trajectory(PLAN[:6], 0.5), r"6 poses 0\.5 s apart.*plan 8 poses"),
    ],
)
def test_plans_of_another_sampling_are_not_resampled_in_secret(plan, message):
    with pytest.raises(InputError, match=f"scene a.*{message}"):
        from_submission(Submission(Team("us"), {"a": plan}, {}))(seen("a"), None)


def test_files_that_hold_no_agent_are_named(tmp_path, checkpoint):
    with pytest.raises(InputError, match="cannot be read"):
        agent_of(str(tmp_path / "missing.pkl"))
    with pytest.raises(InputError, match="no agent and no checkpoint"):
        agent_of(str(tmp_path / "missing"))
    save_checkpoint(tmp_path / "other.safetensors", {"weights": torch.zeros(2)})
    with pytest.raises(InputError, match="no ego-status MLP"):
        agent_of(str(tmp_path / "other.safetensors"))
    assert callable(agent_of(str(checkpoint[0])))
