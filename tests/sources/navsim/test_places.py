"""Folders of a download: given, from the environment, or missing with the name of what is missing."""

import pytest

from irlvla.errors import InputError
from irlvla.sources.navsim import Places
from tests.sources.navsim.made_up_splits import BELOW

VARIABLES = {"data": "OPENSCENE_DATA_ROOT", "maps": "NUPLAN_MAPS_ROOT", "splits": "NAVSIM_DEVKIT_ROOT"}


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch):
    for variable in VARIABLES.values():
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def folders(tmp_path):
    """Folders as they are given; ``splits`` lies in a checkout as the environment names it."""
    folders = {"data": tmp_path / "data", "maps": tmp_path / "maps", "splits": tmp_path / "navsim" / BELOW}
    for folder in folders.values():
        folder.mkdir(parents=True)
    return folders


def set_all(monkeypatch, folders, tmp_path):
    for name, folder in {**folders, "splits": tmp_path / "navsim"}.items():
        monkeypatch.setenv(VARIABLES[name], str(folder))


def test_what_is_given_counts(folders):
    places = Places.of(**folders)
    assert (places.data, places.maps, places.splits) == tuple(folders.values())


def test_what_is_not_given_comes_from_the_environment(folders, tmp_path, monkeypatch):
    set_all(monkeypatch, folders, tmp_path)
    assert Places.of() == Places.of(**folders)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in folders:
        assert Places.of(**{name: elsewhere}) == Places.of(**{**folders, name: elsewhere})


@pytest.mark.parametrize("name", VARIABLES)
@pytest.mark.parametrize("value", [None, ""])
def test_what_is_nowhere_is_named(folders, name, value, monkeypatch):
    if value is not None:
        monkeypatch.setenv(VARIABLES[name], value)
    with pytest.raises(InputError, match=f"{VARIABLES[name]}: is not set; .*--{name}"):
        Places.of(**{**folders, name: None})


@pytest.mark.parametrize("name", VARIABLES)
def test_a_folder_that_is_not_there_is_named(folders, tmp_path, name, monkeypatch):
    gone = tmp_path / "gone"
    with pytest.raises(InputError, match=f"{gone}: is not there; .*--{name} or {VARIABLES[name]}"):
        Places.of(**{**folders, name: gone})
    set_all(monkeypatch, folders, tmp_path)
    monkeypatch.setenv(VARIABLES[name], str(gone))
    with pytest.raises(InputError, match=r"gone.*: is not there"):
        Places.of()


def test_a_file_is_no_folder(folders, tmp_path):
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(InputError, match="is not there"):
        Places.of(**{**folders, "maps": file})


def test_parts_of_a_download(folders):
    places, data = Places.of(**folders), folders["data"]
    assert places.logs("mini") == data / "navsim_logs" / "mini"
    assert places.pictures("mini") == data / "sensor_blobs" / "mini"
    assert places.second_stage_pictures("navhard_two_stage") == data / "navhard_two_stage" / "sensor_blobs"


def test_second_stage_scenes_lie_among_their_truth_where_there_is_any(folders):
    places, split = Places.of(**folders), folders["data"] / "navhard_two_stage"
    assert places.second_stage(split.name) == split / "synthetic_scene_pickles"
    (split / "openscene_meta_datas").mkdir(parents=True)
    assert places.second_stage(split.name) == split / "openscene_meta_datas"
    (split / "synthetic_scene_pickles").mkdir()
    assert places.second_stage(split.name) == split / "synthetic_scene_pickles"
