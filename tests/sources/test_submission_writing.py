import pickle
import pickletools
import sys

import numpy as np
import pytest

from irlvla.errors import InputError
from irlvla.scene import Trajectory
from irlvla.sources import Submission, Team, read_submission, write_submission, write_submission_v1
from tests.devkit import TrajectorySampling, devkit  # noqa: F401 (a fixture)

STRAIGHT = np.column_stack([4.0 * np.arange(1, 9), np.linspace(0, 1, 8), np.full(8, 0.1)])
TEAM = Team('<a href="https://example.org">Ours</a>', "Ä. Ö, 名", "us@example.org", "Nowhere", "Utopia")
FIRST, SECOND = "ab" * 8, "cd" * 8 + "1"


def submission(second=True):
    later = {SECOND: Trajectory(-STRAIGHT), SECOND[:-1] + "2": Trajectory(STRAIGHT)}
    return Submission(TEAM, {FIRST: Trajectory(STRAIGHT)}, later if second else {})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "submission.pkl"


def test_what_is_written_is_read_again(path):
    write_submission(path, submission())
    found = read_submission(path)
    assert found.team == TEAM
    assert list(found.second_stage) == list(submission().second_stage)
    for stage in ("first_stage", "second_stage"):
        for token, plan in getattr(found, stage).items():
            expected = getattr(submission(), stage)[token]
            np.testing.assert_array_equal(plan.poses, expected.poses.astype(np.float32))
            assert plan.interval == 0.5


def test_the_devkit_finds_objects_of_its_own(path, devkit):  # noqa: F811
    write_submission(path, submission())
    content = pickle.loads(path.read_bytes())
    assert list(content) == [
        "team_name", "authors", "email", "institution", "country / region",
        "first_stage_predictions", "second_stage_predictions",
    ]  # fmt: skip
    assert content["authors"] == TEAM.authors
    first, second = content["first_stage_predictions"], content["second_stage_predictions"]
    assert [list(part) for part in (*first, *second)] == [[FIRST], list(submission().second_stage)]
    plan = first[0][FIRST]
    assert type(plan) is devkit.Trajectory
    assert plan.poses.dtype == np.float32
    assert plan.poses.flags.writeable
    np.testing.assert_array_equal(plan.poses, STRAIGHT.astype(np.float32))
    assert plan.trajectory_sampling == TrajectorySampling(time_horizon=4, interval_length=0.5)
    assert vars(plan) == {"poses": plan.poses, "trajectory_sampling": plan.trajectory_sampling}
    kinds = {name: type(value) for name, value in vars(plan.trajectory_sampling).items()}
    assert kinds == {"num_poses": int, "time_horizon": float, "interval_length": float}
    assert second[0][SECOND].trajectory_sampling is plan.trajectory_sampling


def test_any_number_of_poses_is_kept(path, devkit):  # noqa: F811
    write_submission(path, Submission(TEAM, {FIRST: Trajectory(np.repeat(STRAIGHT, 5, 0), 0.1)}, {}))
    content = pickle.loads(path.read_bytes())
    plan = content["first_stage_predictions"][0][FIRST]
    assert plan.poses.shape == (40, 3)
    assert plan.trajectory_sampling == TrajectorySampling(num_poses=40, time_horizon=4.0, interval_length=0.1)
    assert content["second_stage_predictions"] == [{}]


def test_nothing_is_named_but_the_two_classes_and_arrays_as_numpy_1_knows_them(path):
    write_submission(path, submission())
    data = path.read_bytes()
    opcodes = list(pickletools.genops(data))
    named = {(opcodes[k - 2][1], opcodes[k - 1][1]) for k, op in enumerate(opcodes) if op[0].name == "STACK_GLOBAL"}
    assert named == {
        ("navsim.common.dataclasses", "Trajectory"),
        ("nuplan.planning.simulation.trajectory.trajectory_sampling", "TrajectorySampling"),
        ("numpy", "dtype"),
        ("numpy", "ndarray"),
        ("numpy.core.multiarray", "_reconstruct"),
    }
    assert not any(op[0].name in ("GLOBAL", "INST", "EXT1", "EXT2", "EXT4") for op in opcodes)
    assert max(op[0].proto for op in opcodes) == 4
    assert data[:2] == b"\x80\x04"
    assert not {"navsim", "nuplan"} & sys.modules.keys()


def test_a_submission_is_the_same_bytes_every_time(path, tmp_path):
    write_submission(path, submission())
    write_submission(tmp_path / "again.pkl", submission())
    assert path.read_bytes() == (tmp_path / "again.pkl").read_bytes()
    assert [file.name for file in tmp_path.iterdir()].count("submission.pkl") == len(list(tmp_path.iterdir())) - 1


def test_version_one_has_one_stage(path, devkit):  # noqa: F811
    write_submission_v1(path, submission(second=False))
    content = pickle.loads(path.read_bytes())
    assert "first_stage_predictions" not in content
    assert content["country / region"] == "Utopia"
    assert list(content["predictions"][0]) == [FIRST]
    assert read_submission(path).second_stage == {}
    with pytest.raises(InputError, match="2 plans of a second stage"):
        write_submission_v1(path, submission())


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (Trajectory(np.zeros((8, 2))), r"\(8, 2\)"),
        (Trajectory(np.zeros((0, 3))), r"\(0, 3\)"),
        (Trajectory(np.full((8, 3), np.nan)), "NaN"),
        (Trajectory(np.full((8, 3), 1e39)), "float32 cannot"),
        (Trajectory(STRAIGHT, 0.0), "0.0 s apart"),
        (Trajectory(STRAIGHT, float("nan")), "nan s apart"),
    ],
)
def test_plans_that_are_none_are_named_and_not_written(path, plan, message):
    with pytest.raises(InputError, match=f"{FIRST}.*{message}"):
        write_submission(path, Submission(TEAM, {FIRST: plan}, {}))
    assert not path.exists()


def test_a_file_cut_short_is_refused_wherever_it_was_cut(path):
    write_submission(path, submission())
    data = path.read_bytes()
    for length in range(0, len(data) - 1, 13):
        path.write_bytes(data[:length])
        with pytest.raises(InputError, match="damaged"):
            read_submission(path)


def test_plans_without_times_are_named(path):
    write_submission(path, submission())
    data = path.read_bytes()
    for interval in (-0.5, np.nan, np.inf):
        broken = data.replace(np.array(0.5, ">f8").tobytes(), np.array(interval, ">f8").tobytes())
        path.write_bytes(broken)
        with pytest.raises(InputError, match=f"{FIRST}.*how far apart"):
            read_submission(path)
