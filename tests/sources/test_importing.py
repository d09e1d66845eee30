"""Imports of whole folders: good logs go in, bad files name themselves, an interrupted import goes on."""

import os
import pickle
import shutil

import numpy as np
import pytest

from irlvla.errors import InputError
from irlvla.scene import SceneStore
from irlvla.sources import import_scenes, importing
from tests.sources.made_up import new_scenario, old_scenario_pickle, write_argoverse2


class Malicious:
    def __reduce__(self):
        return os.system, ("touch /tmp/never",)


@pytest.fixture
def logs(tmp_path):
    """A folder with one good log of each kind and everything that can be wrong."""
    folder = tmp_path / "logs"
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "nuscenes.pkl").write_bytes(pickle.dumps(new_scenario()))
    (folder / "deep" / "waymo.pkl").write_bytes(old_scenario_pickle())
    write_argoverse2(folder / "deep" / "er" / "made-up-3")
    (folder / "index.pkl").write_bytes(pickle.dumps({"data_list": [1, 2]}))
    (folder / "malicious.pkl").write_bytes(pickle.dumps({"tracks": Malicious()}))
    (folder / "truncated.pkl").write_bytes(pickle.dumps(new_scenario())[:5000])
    (folder / "short.pkl").write_bytes(pickle.dumps(new_scenario(30)))
    broken = new_scenario()
    broken["tracks"]["other000"]["state"]["position"][5] = np.nan
    (folder / "nan.pkl").write_bytes(pickle.dumps(broken))
    unknown = new_scenario()
    unknown["tracks"]["other000"]["type"] = "HOVERCRAFT"
    (folder / "unknown.pkl").write_bytes(pickle.dumps(unknown))
    write_argoverse2(folder / "no-map")
    shutil.rmtree(folder / "no-map" / "map")
    return folder


def test_a_mixed_folder(logs, tmp_path):
    report = import_scenes("auto", logs, tmp_path / "store")
    store = SceneStore(tmp_path / "store")
    assert {log.log: log.scenes for log in report.logs} == {
        "argoverse2-made-up-3": 27,
        "nuscenes-made-up-1": 27,
        "waymo-made-up-2": 27,
    }
    assert len(store) == report.scenes == 81
    assert {log: len(tokens) for log, tokens in store.logs.items()} == {log.log: 27 for log in report.logs}
    assert [log.egos for log in report.logs] == [3, 3, 3]
    assert len(report.ignored) == 1
    assert "index.pkl" in report.ignored[0]
    said = "\n".join(sorted(report.bad))
    for file, why in {
        "malicious.pkl": "system",
        "truncated.pkl": "damaged",
        "short.pkl": "too short",
        "nan.pkl": "not finite",
        "unknown.pkl": "HOVERCRAFT",
        "no-map": "is missing",
    }.items():
        (line,) = [line for line in report.bad if file in line]
        assert why in line, said
    assert len(report.bad) == 6
    assert all("\n" not in line for line in report.lines())


def test_scenes_come_back_as_they_went_in(logs, tmp_path):
    import_scenes("auto", logs / "nuscenes.pkl", tmp_path / "store")
    scene = SceneStore(tmp_path / "store")["nuscenes-made-up-1-ego-0020"]
    assert scene.previous == "nuscenes-made-up-1-ego-0015"
    np.testing.assert_allclose(scene.truth.human.poses[:, 0], 4.0 * np.arange(1, 9), atol=1e-6)
    assert len(scene.truth.tracks) == 4


def test_an_import_goes_on_where_it_was(logs, tmp_path):
    first = import_scenes("nuscenes", logs, tmp_path / "store")
    assert [log.log for log in first.logs] == ["nuscenes-made-up-1"]
    second = import_scenes("auto", logs, tmp_path / "store")
    assert second.present == ["nuscenes-made-up-1"]
    assert {log.log for log in second.logs} == {"argoverse2-made-up-3", "waymo-made-up-2"}
    third = import_scenes("auto", logs, tmp_path / "store")
    assert third.scenes == 0
    assert len(third.present) == 3


def test_one_kind_alone(logs, tmp_path):
    report = import_scenes("waymo", logs, tmp_path / "store")
    assert [log.log for log in report.logs] == ["waymo-made-up-2"]
    assert any("recorded by nuscenes, not waymo" in line for line in report.ignored)
    report = import_scenes("argoverse2", logs / "deep" / "er" / "made-up-3", tmp_path / "store")
    assert [log.log for log in report.logs] == ["argoverse2-made-up-3"]


def test_strict_stops_at_the_first_bad_file(logs, tmp_path):
    with pytest.raises(InputError, match="no-map"):
        import_scenes("auto", logs, tmp_path / "store", strict=True)


def test_nothing_to_import(logs, tmp_path):
    with pytest.raises(InputError, match=r"nothing could be imported \(.*system"):
        import_scenes("auto", logs / "malicious.pkl", tmp_path / "store")
    with pytest.raises(InputError, match="no ScenarioNet pickle and no Argoverse 2 log"):
        import_scenes("auto", logs / "deep" / "er" / "made-up-3" / "map", tmp_path / "store")
    with pytest.raises(InputError, match="no such file or folder"):
        import_scenes("auto", tmp_path / "nowhere", tmp_path / "store")
    assert not (tmp_path / "store" / "store.json").exists()


def test_the_waymo_sample_comes_out_of_its_wheel(tmp_path, monkeypatch):
    asked = []

    def member(package, version, sha256, name):
        asked.append((package, version, name))
        return old_scenario_pickle(id=f"made-up-{name[-5]}")

    monkeypatch.setattr(importing, "member", member)
    report = import_scenes("waymo-sample", None, tmp_path / "store")
    assert [log.log for log in report.logs] == [f"waymo-made-up-{k}" for k in range(3)]
    assert asked == [("metadrive-simulator", "0.3.0.1", f"metadrive/assets/waymo/{k}.pkl") for k in range(3)]


def test_real_folder(shared, tmp_path):
    report = import_scenes("auto", shared / "data", tmp_path / "store")
    assert len(report.logs) == 9
    assert not report.bad
    assert len(report.ignored) == 1, "the index of the key frame"
    assert report.scenes > 900
    for log in report.logs:
        assert log.standing <= 0.1 * log.scenes
