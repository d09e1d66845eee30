"""The whole of it, tiny: three stages on made-up recordings, killed half-way, resumed, judged."""

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from irlvla.errors import InputError
from irlvla.quickstart import quickstart
from tests.presets import TINY
from tests.sources import made_up

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = """
import sys
from pathlib import Path
from irlvla.quickstart import quickstart
from tests.presets import TINY
quickstart(Path(sys.argv[2]), sys.argv[1], preset=TINY)
"""


def write_logs(folder: Path) -> None:
    """Two logs of one made-up town."""
    folder.mkdir()
    for name in ("first", "second"):
        scenario = made_up.new_scenario()
        scenario["metadata"]["scenario_id"] = name
        (folder / f"{name}.pkl").write_bytes(pickle.dumps(scenario))


def start(logs: Path, out: Path) -> subprocess.Popen:
    command = [sys.executable, "-c", SCRIPT, str(logs), str(out)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)


def test_three_stages_survive_a_kill(tmp_path):
    logs, out = tmp_path / "logs", tmp_path / "run"
    write_logs(logs)
    first = start(logs, out)
    deadline = time.monotonic() + 100
    while not (out / "imitation.checkpoint.safetensors").exists():
        assert first.poll() is None, first.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert not (out / "results.json").exists()

    second = start(logs, out)
    _, errors = second.communicate(timeout=100)
    assert second.returncode == 0, errors
    results = json.loads((out / "results.json").read_text())
    rows = {row["agent"]: row for row in results["rows"]}
    assert list(rows) == ["human", "constant-velocity", "ego-mlp", "stage1", "stage3"]
    for row in rows.values():
        assert row["scenes"] == results["stamp"]["scenes"] > 0
        assert all(0 <= row[name] <= 1 for name in ("NC", "DAC", "DDC", "TLC", "EP", "TTC", "LK", "HC", "EPDMS"))
    assert rows["human"]["EPDMS"] >= max(row["EPDMS"] for row in rows.values()) - 0.05
    assert results["stamp"]["reference"] == "pdm-closed"
    steps = [json.loads(line)["step"] for line in (out / "imitation.jsonl").read_text().splitlines()]
    assert steps == list(range(40))
    assert [json.loads(line)["step"] for line in (out / "reinforce.jsonl").read_text().splitlines()] == list(range(6))
    page = (out / "report.html").read_text()
    assert "stage3" in page
    assert "data:image" in page

    before = (out / "results.json").stat().st_mtime_ns, (out / "imitation.jsonl").stat().st_mtime_ns
    third = start(logs, out)
    third.communicate(timeout=60)
    assert third.returncode == 0
    assert before == ((out / "results.json").stat().st_mtime_ns, (out / "imitation.jsonl").stat().st_mtime_ns)


def test_another_run_s_folder_is_not_taken_over(tmp_path):
    (tmp_path / "precious.txt").write_text("x")
    with pytest.raises(InputError, match="is not empty and holds no run"):
        quickstart(tmp_path, str(tmp_path))
    with pytest.raises(InputError, match="nor a path that exists"):
        quickstart(tmp_path / "new", str(tmp_path / "nowhere"))
    assert not (tmp_path / "new").exists()


def test_the_town_is_the_source_where_none_is_named(tmp_path):
    results = quickstart(tmp_path / "run", "town", preset=TINY)
    rows = {row["agent"]: row for row in results["rows"]}
    assert list(rows) == ["human", "constant-velocity", "ego-mlp", "stage1", "stage3"]
    assert results["stamp"]["stages"] == 2
    assert results["stamp"]["split"] == "held-out seeds"
    for row in rows.values():
        assert row["scenes"] == results["stamp"]["scenes"] >= TINY.town.test
        assert row["two_stage"]["pairs"] > 0
        assert 0 <= row["two_stage"]["EPDMS"] <= row["two_stage"]["stage_one"] + 1e-9
    assert rows["human"]["EPDMS"] > rows["constant-velocity"]["EPDMS"]
    rides = {row["agent"]: row for row in results["closed_loop"]}
    assert set(rides) == set(rows)
    assert all(row["episodes"] == TINY.town.episodes for row in rides.values())
    assert rides["human"]["progress"] > rides["constant-velocity"]["progress"] - 0.2
    page = (tmp_path / "run" / "report.html").read_text()
    assert "closed loop" in page.lower()
    assert quickstart(tmp_path / "run", "town", preset=TINY) == results


@pytest.mark.slow
def test_recorded_driving_goes_through_all_stages(shared, tmp_path):
    held_out = ("scene-0796", "scene-0916", "7fab2350")
    results = quickstart(tmp_path / "run", str(shared / "data"), held_out, preset=TINY)
    rows = {row["agent"]: row for row in results["rows"]}
    assert len(results["stamp"]["held_out"]) == 3
    assert all(any(part in log for part in held_out) for log in results["stamp"]["held_out"])
    assert rows["human"]["EPDMS"] > 0.95
    assert 0.6 < rows["constant-velocity"]["EPDMS"] < 0.9
    assert all(0 < row["EPDMS"] < rows["human"]["EPDMS"] for name, row in rows.items() if name != "human")
