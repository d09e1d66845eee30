"""Submission pickles, written with stand-ins for the benchmark's classes."""

import pickle
import sys
import types

import numpy as np
import pytest

from irlvla.errors import InputError
from irlvla.sources import read_submission


@pytest.fixture
def classes(monkeypatch):
    """Classes of the names that submissions are pickled with, as modules that vanish with the test."""
    made = {}
    for full in (
        "navsim.common.dataclasses.Trajectory",
        "nuplan.planning.simulation.trajectory.trajectory_sampling.TrajectorySampling",
    ):
        module, name = full.rsplit(".", 1)
        for depth in range(1, module.count(".") + 2):
            parent = ".".join(module.split(".")[:depth])
            monkeypatch.setitem(sys.modules, parent, types.ModuleType(parent))
        made[name] = type(name, (), {"__module__": module})
        setattr(sys.modules[module], name, made[name])
    return made


def trajectory(classes, poses, **sampling):
    plan, grid = classes["Trajectory"](), classes["TrajectorySampling"]()
    grid.__dict__.update(sampling)
    plan.__dict__.update(poses=np.array(poses, np.float32), trajectory_sampling=grid)
    return plan


STRAIGHT = np.column_stack([np.arange(1, 9), np.zeros(8), np.zeros(8)])


def written(tmp_path, content):
    path = tmp_path / "submission.pkl"
    path.write_bytes(pickle.dumps(content))
    return path


def test_both_stages_are_read(tmp_path, classes):
    first = {"ab" * 8: trajectory(classes, STRAIGHT, num_poses=8, time_horizon=4.0, interval_length=0.5)}
    second = {"cd" * 8 + "1": trajectory(classes, np.repeat(STRAIGHT, 5, 0), time_horizon=4.0)}
    content = {"team_name": "us", "first_stage_predictions": [first], "second_stage_predictions": [second]}
    submission = read_submission(written(tmp_path, content))
    assert submission.team.name == "us"
    np.testing.assert_array_equal(submission.first_stage["ab" * 8].poses, STRAIGHT)
    assert submission.first_stage["ab" * 8].interval == 0.5
    assert submission.second_stage["cd" * 8 + "1"].interval == 0.1


def test_version_one_has_one_stage(tmp_path, classes):
    content = {"predictions": [{"ab" * 8: trajectory(classes, STRAIGHT, interval_length=0.5)}]}
    submission = read_submission(written(tmp_path, content))
    assert len(submission.first_stage) == 1
    assert submission.second_stage == {}


@pytest.mark.parametrize(
    ("poses", "message"), [(np.full((8, 3), np.nan), "NaN"), (np.zeros((8, 2)), r"no poses \[T, 3\]")]
)
def test_bad_plans_name_their_scene(tmp_path, classes, poses, message):
    content = {"predictions": [{"ab" * 8: trajectory(classes, poses, interval_length=0.5)}]}
    with pytest.raises(InputError, match=f"{'ab' * 8}.*{message}"):
        read_submission(written(tmp_path, content))


@pytest.mark.parametrize("content", [[1, 2], {"team_name": "us"}, {"predictions": 7}])
def test_other_pickles_are_no_submissions(tmp_path, content):
    with pytest.raises(InputError, match="submission"):
        read_submission(written(tmp_path, content))


def test_foreign_code_is_not_run(tmp_path):
    with pytest.raises(InputError, match="could run foreign code"):
        read_submission(written(tmp_path, {"predictions": [{"a": print}], "x": sys.exit}))
