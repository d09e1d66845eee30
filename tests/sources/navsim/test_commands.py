"""A user's way with a download: import, evaluation, submission, the three stages; by the commands of the documents."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from irlvla import evaluation_sets
from irlvla.quickstart import Preset, quickstart
from irlvla.sources import read_submission
from irlvla.sources.navsim import Places
from irlvla.sources.render import inputs
from tests.presets import TINY
from tests.sources.navsim import faults
from tests.sources.navsim.made_up import MadeUp
from tests.test_cli import call

TEAM = ("--team", "us", "--authors", "we", "--email", "we@here", "--institution", "here", "--country", "there")


@pytest.fixture
def around(made_up: MadeUp, monkeypatch, tmp_path):
    """The environment of a user, with a cache of its own."""
    return surround(made_up, monkeypatch, tmp_path)


def surround(made_up: MadeUp, monkeypatch, tmp_path):
    monkeypatch.setenv("OPENSCENE_DATA_ROOT", str(made_up.data_root))
    monkeypatch.setenv("NUPLAN_MAPS_ROOT", str(made_up.maps_root))
    monkeypatch.setenv("NAVSIM_DEVKIT_ROOT", str(made_up.devkit_root))
    monkeypatch.setattr(evaluation_sets, "user_cache_path", lambda _: tmp_path / "cache")
    return made_up


def test_a_split_is_imported_and_called_again_is_there(around, capsys, tmp_path):
    wanted = ("data", "import", "navsim", "--split", "navtest", "--out", str(tmp_path / "store"), "--workers", "1")
    status, out, _ = call(capsys, *wanted)
    count = len(around.splits["navtest"].tokens)
    assert (status, out) == (0, f"navtest: {count} scenes of {count} asked for, {count} of them imported now\n")
    assert call(capsys, *wanted)[1] == f"navtest: {count} scenes of {count} asked for, 0 of them imported now\n"
    status, out, _ = call(capsys, "evaluate", "--agent", "human", "--source", str(tmp_path / "store"), "--split", "all",
                          "--json")  # fmt: skip
    assert json.loads(out)["stamp"]["split"] == "navtest"


def test_what_is_missing_is_said_and_the_status_is_1(damageable, monkeypatch, capsys, tmp_path):
    named = Path(faults.delete_picture(damageable, damageable.splits["navtest"].tokens[0])).name
    surround(damageable, monkeypatch, tmp_path)
    wanted = ("data", "import", "navsim", "--split", "navtest", "--out", str(tmp_path / "store"), "--workers", "1")
    status, out, _ = call(capsys, *wanted)
    assert status == 1
    assert "1 pictures that are missing or cut off" in out
    assert named in out
    status, _, err = call(capsys, *wanted, "--strict")
    assert status == 2
    assert named in err
    shutil.rmtree(tmp_path / "store")
    assert call(capsys, *wanted, "--without-pictures")[0] == 0


def test_an_agent_is_judged_in_one_stage_and_in_two(around, capsys):
    status, out, _ = call(capsys, "evaluate", "--agent", "human", "--split", "navtest", "--workers", "1", "--json")
    row = json.loads(out)
    assert status == 0
    assert row["scenes"] == len(around.splits["navtest"].tokens)
    assert row["scenes_with_ec"] > 0
    assert row["EPDMS"] > 0.8
    assert (row["stamp"]["split"], row["stamp"]["stages"], row["stamp"]["traffic"]) == ("navtest", 1, "log-replay")

    hard = ("evaluate", "--agent", "constant-velocity", "--split", "navhard_two_stage", "--workers", "1", "--json")
    row = json.loads(call(capsys, *hard)[1])
    assert row["two_stage"]["pairs"] == len(around.splits["navhard_two_stage"].mapping)
    assert (row["stamp"]["stages"], row["stamp"]["traffic"]) == (2, "reactive-idm")
    replayed = json.loads(call(capsys, *hard, "--traffic", "log-replay")[1])
    assert replayed["stamp"]["traffic"] == "log-replay"


@pytest.mark.parametrize("split", ["navhard_two_stage", "private_test_hard_two_stage", "navtest"])
def test_a_submission_is_made_looked_over_and_judged(around, capsys, tmp_path, split):
    file = tmp_path / "submission.pkl"
    made = ("submit", "--agent", "constant-velocity", "--split", split, "--out", str(file))
    status, out, _ = call(capsys, *made, *TEAM)
    assert status == 0, out
    assert "fit to be sent" in out
    submission = read_submission(file)
    wanted = around.splits[split]
    assert submission.first_stage.keys() == set(wanted.tokens)
    assert len(submission.second_stage) == len(wanted.synthetic or ())
    assert call(capsys, "preflight", str(file), "--split", split)[0] == 0
    assert call(capsys, *made)[0] == 1  # nobody sends it

    if not split.startswith("private"):
        again = call(capsys, "evaluate", "--agent", str(file), "--split", split, "--workers", "1", "--json")[1]
        steady = ("evaluate", "--agent", "constant-velocity", "--split", split, "--workers", "1", "--json")
        alone = call(capsys, *steady)[1]
        for name in ("NC", "DAC", "EP", "EPDMS"):  # plans are of single precision in the file
            assert json.loads(again)[name] == pytest.approx(json.loads(alone)[name], abs=1e-5)


def test_what_cannot_be_done_is_named(around, capsys, tmp_path):
    for command, what in (
        (("evaluate", "--agent", "human", "--split", "navtrial"), "split 'navtrial'"),
        (("evaluate", "--agent", "human", "--split", "private_test_hard_two_stage"), "secret"),
        (("submit", "--agent", "human", "--split", "navtest", "--out", str(tmp_path / "a.pkl")), "no human plan"),
        (("preflight", str(tmp_path / "nothing.pkl"), "--split", "navtest"), "nothing.pkl"),
    ):
        status, _, err = call(capsys, *command)
        assert status == 2
        assert what in err


def test_twenty_steps_of_each_stage_run_from_recorded_pictures(around, monkeypatch, tmp_path):
    """Nothing is drawn on the way: what the networks see comes out of the JPEG files."""
    monkeypatch.setattr(inputs, "render", lambda *_: pytest.fail("a scene was drawn"))
    steps = replace(
        TINY,
        town=replace(TINY.town, train=9, test=4),
        ego_mlp_steps=20,
        imitation=replace(TINY.imitation, steps=20),
        reward=replace(TINY.reward, steps=20),
        reinforce=replace(TINY.reinforce, updates=20, audit_every=10),
    )
    assert isinstance(steps, Preset)
    results = quickstart(tmp_path / "run", "navsim", preset=steps)
    rows = {row["agent"]: row for row in results["rows"]}
    assert list(rows) == ["human", "constant-velocity", "ego-mlp", "stage1", "stage3"]
    assert all(np.isfinite(row["EPDMS"]) for row in rows.values())
    assert "navtest" in results["stamp"]["split"]
    for stage in ("imitation", "reward", "reinforce"):
        assert len((tmp_path / "run" / f"{stage}.jsonl").read_text().splitlines()) >= 2


def test_places_are_those_of_the_environment(around):
    places = Places.of()
    assert places.logs("test").is_dir()
    assert places.second_stage("navhard_two_stage").name == "synthetic_scene_pickles"
    assert places.second_stage("private_test_hard_two_stage").name == "openscene_meta_datas"
