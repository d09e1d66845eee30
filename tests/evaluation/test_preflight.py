"""Every finding has a file that has exactly that fault; files are as an agent of the devkit would leave them."""

import json
import pickle
from copy import deepcopy

import numpy as np
import pytest

from irlvla.epdms import Pair
from irlvla.errors import InputError
from irlvla.evaluation.preflight import NAMED, Expected, preflight
from irlvla.scene import Trajectory
from irlvla.sources import Submission, Team, write_submission, write_submission_v1
from tests.devkit import devkit, pickled, trajectory  # noqa: F401 (a fixture)

pytestmark = pytest.mark.usefixtures("devkit")

STRAIGHT = np.column_stack([4.0 * np.arange(1, 9), np.zeros(8), np.zeros(8)])
PAIRS = (Pair("now", "before", (("now1", "before1"), ("now2", "before2"))), Pair("later", "earlier", (("l1", "e1"),)))
FIRST = frozenset({"now", "before", "later", "earlier"})
SECOND = frozenset({"now1", "now2", "before1", "before2", "l1", "e1"})
EXPECTED = Expected(FIRST, SECOND, PAIRS)
SOUND = {
    "team_name": "Ours",
    "authors": ["A", "B"],
    "email": "us@example.org",
    "institution": "Nowhere",
    "country / region": "Utopia",
    "first_stage_predictions": [{token: trajectory(STRAIGHT) for token in sorted(FIRST)}],
    "second_stage_predictions": [{token: trajectory(STRAIGHT) for token in sorted(SECOND)}],
}


def looked_at(tmp_path, content, expected=EXPECTED):
    path = tmp_path / "submission.pkl"
    path.write_bytes(pickled(content))
    return preflight(path, expected)


def with_plan(plan, token="now", stage="first_stage_predictions"):
    content = deepcopy(SOUND)
    content[stage][0][token] = plan
    return content


def only(remarks, what):
    """The one remark, which says ``what``."""
    assert [what in remark.what for remark in remarks] == [True], [str(remark) for remark in remarks]
    return remarks[0]


def test_a_sound_file_is_fit(tmp_path):
    found = looked_at(tmp_path, SOUND)
    assert found.sound
    assert found.warnings == ()
    assert found.lines() == [f"{found.path}: plans of the first stage 4, of the second 6; fit to be sent"]
    assert json.loads(json.dumps(found.to_dict()))["sound"]


def test_what_we_write_is_fit(tmp_path):
    team = Team("Ours", "A", "a@b", "Nowhere", "Utopia")
    plans = [{token: Trajectory(STRAIGHT) for token in tokens} for tokens in (FIRST, SECOND)]
    write_submission(tmp_path / "v2.pkl", Submission(team, *plans))
    assert preflight(tmp_path / "v2.pkl", EXPECTED).lines()[:-1] == []
    write_submission_v1(tmp_path / "v1.pkl", Submission(team, plans[0], {}))
    found = preflight(tmp_path / "v1.pkl", Expected(FIRST))
    assert found.lines()[:-1] == []
    assert found.plans == (4, 0)
    only(preflight(tmp_path / "v1.pkl", EXPECTED).faults[:1], "first_stage_predictions is missing")


@pytest.mark.parametrize("field", ["team_name", "authors", "email", "institution", "country / region"])
@pytest.mark.parametrize("value", ["", " ", "MUST_SET", None, [], ["A", ""]])
def test_every_field_is_filled_in(tmp_path, field, value):
    fault = only(looked_at(tmp_path, SOUND | {field: value}).faults, "not filled in")
    assert field in str(fault)
    without = {key: item for key, item in SOUND.items() if key != field}
    only(looked_at(tmp_path, without).faults, f"not filled in: {field}")


@pytest.mark.parametrize("stage", ["first_stage_predictions", "second_stage_predictions"])
@pytest.mark.parametrize(
    ("form", "said"),
    [
        (lambda part: [part, part], "is a list of 2"),
        (lambda part: [], "is no list of one dictionary"),
        (lambda part: part, "is no list of one dictionary"),
        (lambda part: [list(part)], "is no list of one dictionary"),
        (lambda part: None, "is no list of one dictionary"),
    ],
)
def test_a_stage_is_one_dictionary(tmp_path, stage, form, said):
    only(looked_at(tmp_path, SOUND | {stage: form(SOUND[stage][0])}).faults, f"{stage} {said}")
    without = {key: item for key, item in SOUND.items() if key != stage}
    only(looked_at(tmp_path, without).faults, f"{stage} is missing")


def test_a_file_of_something_else_has_no_dictionary(tmp_path):
    only(looked_at(tmp_path, [1, 2]).faults, "no dictionary")


@pytest.mark.parametrize(
    ("stage", "token", "pair"),
    [("first", "before", "now"), ("first", "later", "later"), ("second", "e1", "later"), ("second", "now2", "now")],
)
def test_a_missing_token_is_named_with_the_pair_it_breaks(tmp_path, stage, token, pair):
    content = deepcopy(SOUND)
    del content[f"{stage}_stage_predictions"][0][token]
    missing, broken = looked_at(tmp_path, content).faults
    assert f"{stage} stage, no plan for 1 of" in missing.what
    assert "no pair is scored" in missing.what
    assert missing.tokens == (token,)
    assert "incomplete pairs, 1 of 2" in broken.what
    assert broken.tokens == (pair,)


def test_pairs_ask_for_their_tokens_even_if_the_split_forgets_them(tmp_path):
    content = deepcopy(SOUND)
    del content["second_stage_predictions"][0]["l1"]
    missing, broken = looked_at(tmp_path, content, Expected(FIRST, SECOND - {"l1"}, PAIRS)).faults
    assert missing.tokens == ("l1",)
    assert broken.tokens == ("later",)
    assert looked_at(tmp_path, SOUND, Expected(frozenset(), frozenset(), PAIRS)).sound


def test_without_pairs_a_missing_token_is_all(tmp_path):
    content = deepcopy(SOUND)
    del content["first_stage_predictions"][0]["now"]
    fault = only(looked_at(tmp_path, content, Expected(FIRST, SECOND)).faults, "no plan for 1 of 4")
    assert "pair" not in fault.what


@pytest.mark.parametrize("stage", ["first", "second"])
def test_unknown_tokens_are_named(tmp_path, stage):
    content = with_plan(trajectory(STRAIGHT), "who", f"{stage}_stage_predictions")
    fault = only(looked_at(tmp_path, content).faults, f"{stage} stage, plans for 1 scenes that the split has not")
    assert fault.tokens == ("who",)


def test_tokens_of_the_other_stage_are_named(tmp_path):
    fault = only(looked_at(tmp_path, with_plan(trajectory(STRAIGHT), "now1")).faults, "scenes of the other stage")
    assert fault.tokens == ("now1",)  # it is in its own stage too
    content = deepcopy(SOUND)
    content["second_stage_predictions"][0]["now"] = content["first_stage_predictions"][0].pop("now")
    strayed, broken = looked_at(tmp_path, content).faults
    assert "second stage, plans for 1 scenes of the other stage" in strayed.what
    assert broken.tokens == ("now",)


def bare(plan, **attributes):
    """``plan`` with attributes of its sampling set to what its class would refuse."""
    plan = deepcopy(plan)
    vars(plan.trajectory_sampling).update(attributes)
    return plan


@pytest.mark.parametrize("stage", ["first", "second"])
@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (lambda: None, "no trajectory"),
        (lambda: STRAIGHT.tolist(), "no trajectory"),
        (lambda: {"poses": STRAIGHT}, "no trajectory"),
        (lambda: trajectory(STRAIGHT).trajectory_sampling, "no trajectory"),
        (lambda: odd_poses(STRAIGHT[:, :2]), "no trajectory"),
        (lambda: odd_poses(STRAIGHT[None]), "no trajectory"),
        (lambda: odd_poses(STRAIGHT[:0]), "no trajectory"),
        (lambda: odd_poses(STRAIGHT.astype(complex)), "no trajectory"),
        (lambda: trajectory(STRAIGHT, dtype=np.int64), "poses of another type"),
        (lambda: trajectory(STRAIGHT, dtype=np.float16), "poses of another type"),
        (lambda: trajectory(np.where(STRAIGHT == 8, np.nan, STRAIGHT)), "NaN or infinity"),
        (lambda: trajectory(np.where(STRAIGHT == 8, -np.inf, STRAIGHT)), "NaN or infinity"),
        (lambda: odd_poses(STRAIGHT[:6]), "a sampling that is not that of the poses"),
        (lambda: bare(trajectory(STRAIGHT), num_poses=None), "a sampling that is not that of the poses"),
        (lambda: bare(trajectory(STRAIGHT), interval_length="0.5"), "a sampling that is not that of the poses"),
        (lambda: bare(trajectory(STRAIGHT), interval_length=np.nan), "a sampling that is not that of the poses"),
        (lambda: bare(trajectory(STRAIGHT), time_horizon=5.0), "a sampling that is not that of the poses"),
        (lambda: trajectory(STRAIGHT[:6]), "less than 4 s"),
        (lambda: trajectory(STRAIGHT, 0.1), "less than 4 s"),
    ],
)
def test_plans_that_would_not_be_scored_as_meant(tmp_path, plan, said, stage):
    token = {"first": "now", "second": "now1"}[stage]
    found = looked_at(tmp_path, with_plan(plan(), token, f"{stage}_stage_predictions"))
    fault = only(found.faults, said)
    assert fault.what.startswith(f"{stage} stage")
    assert fault.tokens == (token,)
    assert found.warnings == ()


def odd_poses(poses):
    plan = trajectory(STRAIGHT)
    plan.poses = poses
    return plan


def moved(column, row, value):
    poses = STRAIGHT.copy()
    poses[row, column] = value
    return trajectory(poses)


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (lambda: trajectory(np.repeat(STRAIGHT, 5, 0), 0.1), "another sampling than 8 poses 0.5 s apart"),
        (lambda: trajectory(np.concatenate([STRAIGHT, STRAIGHT[-1:]])), "another sampling than 8 poses 0.5 s apart"),
        (lambda: trajectory(STRAIGHT[:4], 1.0), "another sampling than 8 poses 0.5 s apart"),
        (lambda: moved(1, 0, 26.0), "jumps of more than 25 m"),
        (lambda: moved(0, 7, 54.0), "jumps of more than 25 m"),
        (lambda: moved(2, 3, 3.2), "headings outside"),
        (lambda: moved(2, 3, -90.0), "headings outside"),
    ],
)
def test_odd_plans_are_warned_of(tmp_path, plan, said):
    found = looked_at(tmp_path, with_plan(plan()))
    warning = only(found.warnings, said)
    assert warning.tokens == ("now",)
    assert found.sound
    assert found.lines()[0].startswith("warning first stage")


def test_far_poses_are_warned_of_though_nobody_drives_there_without_a_jump(tmp_path):
    far = trajectory(np.column_stack([np.linspace(20, 260, 13), np.zeros(13), np.zeros(13)]))
    found = looked_at(tmp_path, with_plan(far))
    assert [w.what for w in found.warnings] == [
        "first stage, another sampling than 8 poses 0.5 s apart", "first stage, poses more than 250 m away",
    ]  # fmt: skip


def test_pi_itself_is_a_heading(tmp_path):
    assert looked_at(tmp_path, with_plan(moved(2, 3, np.pi))).warnings == ()


def test_arrays_of_numpy_2_would_not_load_there(tmp_path):
    path = tmp_path / "submission.pkl"
    path.write_bytes(pickle.dumps(SOUND, protocol=2).replace(b"numpy.core", b"numpy._core"))
    only(preflight(path, EXPECTED).faults, "numpy._core")


def test_ten_tokens_are_named_and_the_rest_counted(tmp_path):
    extra = {f"x{k:02}": trajectory(STRAIGHT) for k in range(25)}
    found = looked_at(tmp_path, SOUND | {"first_stage_predictions": [SOUND["first_stage_predictions"][0] | extra]})
    line = found.lines()[0]
    assert line.startswith("FAULT first stage, plans for 25 scenes")
    assert sum(token in line for token in extra) == NAMED
    assert "and 15 more" in line
    assert "not fit to be sent, faults: 1" in found.lines()[-1]
    fault = found.to_dict()["faults"][0]
    assert (fault["count"], fault["tokens"]) == (25, sorted(extra))


def test_files_that_are_no_pickles_or_run_code_are_refused(tmp_path):
    path = tmp_path / "submission.pkl"
    with pytest.raises(InputError, match="cannot be read"):
        preflight(path, EXPECTED)
    whole = pickled(SOUND)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="damaged"):
        preflight(path, EXPECTED)
    path.write_bytes(b"cposix\nsystem\n(S'touch " + str(tmp_path / "ran").encode() + b"'\ntR.")
    with pytest.raises(InputError, match=r"posix\.system, which could run foreign code"):
        preflight(path, EXPECTED)
    assert not (tmp_path / "ran").exists()
