import json
import pickle
import subprocess
import sys

import pytest

from irlvla import __version__, cli, tables
from irlvla.scene import StoreWriter
from tests.scene import made_up
from tests.sources import made_up as town


def call(capsys, *arguments: str) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of a command."""
    sys.argv = ["irlvla", *arguments]
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    captured = capsys.readouterr()
    return int(stopped.value.code or 0), captured.out, captured.err


@pytest.fixture
def store(tmp_path):
    with StoreWriter(tmp_path / "store") as writer:
        writer.add_log("made-up", [made_up.scene("a")])
    return tmp_path / "store"


def test_importing_the_package_is_quick():
    code = "import sys, irlvla, irlvla.cli; print(any(m in sys.modules for m in ('torch', 'numba', 'matplotlib')))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"


def test_version():
    shown = subprocess.run([sys.executable, "-m", "irlvla.cli", "--version"], capture_output=True, text=True)
    assert shown.stdout.strip() == f"irlvla {__version__}"


def test_info_tells_what_a_store_holds(capsys, store):
    status, out, _ = call(capsys, "data", "info", str(store), "--json")
    assert status == 0
    assert json.loads(out)["logs"] == {"made-up": 1}
    _, out, _ = call(capsys, "data", "info", str(store), "--tokens")
    assert "1 scenes of 1 logs" in out
    assert out.splitlines()[-1] == "a"


def test_verify_finds_damage(capsys, store):
    assert call(capsys, "data", "verify", str(store))[:2] == (0, "sound\n")
    shard = next((store / "logs").iterdir())
    shard.write_bytes(shard.read_bytes()[:-1] + b"?")
    status, out, _ = call(capsys, "data", "verify", str(store))
    assert status == 1
    assert "wrong checksum" in out


def test_import_counts_what_it_skips(capsys, tmp_path):
    (tmp_path / "good.pkl").write_bytes(pickle.dumps(town.new_scenario()))
    (tmp_path / "bad.pkl").write_bytes(b"\x80\x04 cut off")
    status, out, _ = call(capsys, "data", "import", "auto", "--in", str(tmp_path), "--out", str(tmp_path / "store"))
    assert status == 0
    assert "nuscenes-made-up-1: 27 scenes" in out
    assert "skipped" in out
    assert "bad.pkl" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("data", "info", "/nowhere"), "is no scene store"),
        (("data", "import", "auto", "--in", "/nowhere", "--out", "/tmp/none"), "/nowhere"),
        (("epdms", "check", "/nowhere"), "/nowhere"),
        (("quickstart", "--source", "/nowhere", "--out", "/tmp/irlvla-none"), "nor waymo-sample, nor a path"),
    ],
)
def test_what_cannot_run_says_why_in_one_line(capsys, arguments, said):
    status, _, err = call(capsys, *arguments)
    assert status == 2
    assert said in err
    assert len(err.strip().splitlines()) == 1


def test_a_wrong_command_is_status_two(capsys):
    assert call(capsys, "data", "explode")[0] == 2


def test_the_table_shows_scores_of_a_hundred(capsys):
    scores = dict.fromkeys(tables.SUBSCORES, 0.5) | {"EC": None}
    tables.print_table(
        [{"agent": "human", "scenes": 3, "scenes_with_ec": 0, **scores, "raw": scores}],
        {"metric": "EPDMS", "version": "2.2"},
    )
    out = capsys.readouterr().out
    assert "50.0" in out
    assert "n/a" in out
    assert "metric=EPDMS, version=2.2" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("evaluate", "--agent", "nobody"), "no agent and no checkpoint"),
        (("evaluate", "--agent", "human", "--source", "/nowhere", "--split", "all"), "nor a path that exists"),
        (("evaluate", "--agent", "human", "--scenes", "0"), "too few"),
        (("data", "make", "--out", "/tmp/irlvla-none", "--scenes", "0"), "too few"),
        (("data", "make", "--out", "/tmp/irlvla-none", "--first-seed", "-1"), "seed"),
    ],
)
def test_the_town_s_commands_say_why_they_cannot_run(capsys, arguments, said):
    status, _, err = call(capsys, *arguments)
    assert status == 2
    assert said in err
