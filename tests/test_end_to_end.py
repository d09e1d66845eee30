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

from tests.sources import made_up

SCRIPT = """
import sys
from pathlib import Path
from irlvla.model import ModelConfig
from irlvla.quickstart import Preset, quickstart
from irlvla.training.imitation import ImitationConfig
from irlvla.training.reinforce import ReinforceConfig
from irlvla.training.reward import RewardConfig

model = ModelConfig(
    dim=32, heads=2, layers=1, anchors=4, trunk_blocks=6, bev_cells=(8, 6), bev_dim=16, object_queries=6, map_queries=6
)
preset = Preset(
    width=64, height=36, model=model, trunk="random", ego_mlp_steps=30,
    imitation=ImitationConfig(steps=40, batch=8), reward=RewardConfig(steps=15, batch=8, candidates=16),
    reinforce=ReinforceConfig(updates=6, batch=8, warmup=1, audit_every=3, audit_scenes=4), checkpoint_seconds=0.2,
)
quickstart(Path(sys.argv[2]), sys.argv[1], preset=preset)
"""


def write_logs(folder: Path) -> None:
    """Two logs of one made-up town."""
    folder.mkdir()
    for name in ("first", "second"):
        scenario = made_up.new_scenario()
        scenario["metadata"]["scenario_id"] = name
        (folder / f"{name}.pkl").write_bytes(pickle.dumps(scenario))


def start(logs: Path, out: Path) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", SCRIPT, str(logs), str(out)], stderr=subprocess.PIPE, text=True)


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
    assert results["stamp"]["reference"] == "human"
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
    from irlvla.errors import InputError
    from irlvla.quickstart import quickstart

    (tmp_path / "precious.txt").write_text("x")
    with pytest.raises(InputError, match="is not empty and holds no run"):
        quickstart(tmp_path, str(tmp_path))
    with pytest.raises(InputError, match="neither waymo-sample nor a path"):
        quickstart(tmp_path / "new", str(tmp_path / "nowhere"))
    assert not (tmp_path / "new").exists()
