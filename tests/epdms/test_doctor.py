"""The examination of the machine, and that nothing is scored on one that fails it."""

import json

import numpy as np
import pytest

from irlvla.epdms import assert_fit, doctor, examine
from irlvla.errors import InputError
from tests.test_cli import call


@pytest.fixture
def wrong_answers(tmp_path, monkeypatch):
    """Golden scenes of which one answer is another."""
    for path in doctor.GOLDEN.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    path = next(tmp_path.glob("*.answer.json"))
    answers = json.loads(path.read_text())
    answers["trajectories"][0]["raw"]["NC"] = 0.25
    path.write_text(json.dumps(answers))
    monkeypatch.setattr(doctor, "GOLDEN", tmp_path)
    doctor.golden_test.cache_clear()
    yield tmp_path
    doctor.golden_test.cache_clear()


def test_this_machine_is_fit():
    findings = {finding.name: finding for finding in examine()}
    assert all(finding.sound for finding in findings.values())
    assert "30 trajectories of 10 scenes" in findings["golden scenes"].found
    assert_fit()


def test_a_machine_that_scores_wrong_is_refused(wrong_answers):
    with pytest.raises(InputError, match=r"does not score as the benchmark does.*run irlvla doctor"):
        assert_fit()


def test_a_broken_pseudo_inverse_is_found(monkeypatch):
    monkeypatch.setattr(np.linalg, "pinv", lambda matrix: matrix.T)
    [finding] = [finding for finding in examine() if "pseudo" in finding.name]
    assert not finding.sound
    assert "upgrade numpy" in str(finding)


def test_the_command_ends_with_the_verdict(capsys, wrong_answers, tmp_path):
    status, out, _ = call(capsys, "doctor")
    assert status == 1
    assert "FAIL golden scenes" in out
    status, _, err = call(capsys, "epdms", "score", str(wrong_answers), "--out", str(tmp_path / "scores.json"))
    assert status == 2
    assert "run irlvla doctor" in err
    assert not (tmp_path / "scores.json").exists()


def test_findings_for_machines(capsys):
    status, out, _ = call(capsys, "doctor", "--json")
    assert status == 0
    assert json.loads(out)["sound"] is True
