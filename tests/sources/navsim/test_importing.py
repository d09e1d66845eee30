"""Whole splits imported: what is there goes in, what is not is counted and named, a stopped import goes on."""

import hashlib
import json
import pickle
import shutil
from dataclasses import replace

import numpy as np
import pytest

from irlvla.errors import InputError
from irlvla.sources.navsim import ACCOUNT, Places, import_split, importing, jobs
from tests.sources.navsim.imports import imported
from tests.sources.navsim.made_up_splits import BELOW, Split, write_splits

TWO = "warmup_two_stage"


@pytest.fixture
def out(tmp_path):
    """Where a store is to be."""
    return tmp_path / "store"


def files_in(folder):
    """Hashes of what a store holds by file; the account is no part of it."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ACCOUNT
    }


def account_of(folder):
    return json.loads((folder / ACCOUNT).read_text())


@pytest.mark.parametrize("fixture", ["navtrain", "navtest", "navhard"])
def test_a_whole_split_is_imported(made_up, fixture, request):
    report, store = request.getfixturevalue(fixture)
    name, meant = report.split, made_up.splits[report.split]
    asked = set(meant.tokens) | set(meant.synthetic or ())
    assert set(store.tokens) == asked
    assert (report.asked, report.found, report.new) == (len(asked), len(asked), len(asked))
    assert report.whole
    assert report.stages == (2 if meant.synthetic else 1)
    assert report.lines() == [
        f"{name}: {len(asked)} scenes of {len(asked)} asked for, {len(asked)} of them imported now"
    ]
    assert set(store.logs) == set(meant.logs)
    assert store.verify() == []
    assert account_of(store.folder) == json.loads(json.dumps(report.to_dict()))
    for scene in store:
        assert scene.log in meant.logs
        assert scene.token in store.logs[scene.log]


def test_a_part_of_the_data_is_imported_as_it_is(made_up, out):
    report, store = imported(made_up, "test", out)
    assert report.asked is None
    assert report.missing == ()
    assert report.whole
    assert len(store) == report.found > 0
    assert "asked for" not in report.lines()[0]


def test_a_scene_is_small(navtrain):
    _, store = navtrain
    shards = sum(path.stat().st_size for path in (store.folder / "logs").iterdir())
    assert shards / len(store) < 12_000
    assert len(list((store.folder / "maps").iterdir())) == 1, "both logs are in one city"


def test_a_second_import_does_nothing(made_up, out):
    imported(made_up, TWO, out)
    before = {path: path.stat().st_mtime_ns for path in out.glob("*/*")}
    report, store = imported(made_up, TWO, out)
    assert (report.new, report.found, report.whole) == (0, len(store), True)
    assert {path: path.stat().st_mtime_ns for path in out.glob("*/*")} == before


@pytest.mark.parametrize("part", ["logs", "maps"])
def test_what_was_deleted_is_made_again(made_up, out, part):
    imported(made_up, TWO, out)
    whole = files_in(out)
    gone = sorted((out / part).iterdir())[0]
    gone.unlink()
    report, store = imported(made_up, TWO, out)
    assert report.new == report.found == len(store)
    assert files_in(out) == whole
    assert store.verify() == []


def test_a_store_that_was_deleted_is_made_again(made_up, out):
    imported(made_up, "navmini", out)
    whole = files_in(out)
    shutil.rmtree(out)
    imported(made_up, "navmini", out)
    assert files_in(out) == whole


def test_an_import_that_was_stopped_goes_on(made_up, out, monkeypatch):
    run_job, begun = importing.run_job, []

    def stopped(job, log, files):
        begun.append(log)
        if len(begun) == 2:
            raise KeyboardInterrupt
        return run_job(job, log, files)

    monkeypatch.setattr(importing, "run_job", stopped)
    with pytest.raises(KeyboardInterrupt):
        imported(made_up, "navtrain", out)
    monkeypatch.setattr(importing, "run_job", run_job)
    report, store = imported(made_up, "navtrain", out)
    assert report.new == len(store.logs[begun[1]])
    assert report.found == len(store) == len(made_up.splits["navtrain"].tokens)


def test_an_import_that_was_killed_goes_on(made_up, out, monkeypatch):
    """What is in the store stays there, even if nobody could write down what came of it."""
    imported(made_up, TWO, out)
    (out / ACCOUNT).unlink()
    report, store = imported(made_up, TWO, out)
    assert report.found == len(store) == report.asked
    assert report.whole


def test_workers_make_the_same_store(made_up, navtrain, out):
    report, _ = imported(made_up, "navtrain", out, workers=2)
    assert report.to_dict() == navtrain[0].to_dict()
    assert files_in(out) == files_in(navtrain[1].folder)


def test_some_scenes_are_whole_logs_in_order(made_up, out):
    logs = sorted(made_up.splits["navtrain"].logs)
    report, store = imported(made_up, "navtrain", out, scenes=1)
    assert list(store.logs) == logs[:1]
    assert report.whole
    assert report.found == len(store)
    more, store = imported(made_up, "navtrain", out, scenes=len(store) + 1)
    assert list(store.logs) == logs
    assert more.new == len(store.logs[logs[1]])


def test_a_store_of_another_split_is_refused(made_up, out):
    imported(made_up, "navmini", out)
    before = files_in(out)
    with pytest.raises(InputError, match=f"{out}: holds the split 'navmini'; give 'navtest' a store of its own"):
        imported(made_up, "navtest", out)
    assert files_in(out) == before
    assert account_of(out)["split"] == "navmini"


def test_a_damaged_account_is_named(made_up, out):
    imported(made_up, "navmini", out)
    for content in ("{", "[]", '{"split": "navmini"}', '{"split": "navmini", "outcomes": [{"log": "a", "b": 1}]}'):
        (out / ACCOUNT).write_text(content)
        with pytest.raises(InputError, match=f"{ACCOUNT}: cannot be read"):
            imported(made_up, "navmini", out)


def test_without_pictures_scenes_are_drawn(damageable, out):
    shutil.rmtree(damageable.data_root / "sensor_blobs")
    report, store = imported(damageable, "navmini", out, pictures=False)
    assert report.whole
    scene = store[0]
    assert scene.pictures is None
    assert len(scene.cameras) == 8
    assert scene.cameras.distortion.any()


def test_a_store_without_pictures_is_not_taken_for_one_with(made_up, out):
    imported(made_up, "navmini", out, pictures=False)
    with pytest.raises(InputError, match=f"{out}: was imported without pictures"):
        imported(made_up, "navmini", out)
    with_pictures = out.with_name("with")
    imported(made_up, "navmini", with_pictures)
    with pytest.raises(InputError, match=f"{with_pictures}: was imported with pictures"):
        imported(made_up, "navmini", with_pictures, pictures=False)


def test_secret_splits_cannot_be_judged(made_up, out):
    with pytest.raises(InputError, match="'private_test_hard_two_stage': is secret"):
        imported(made_up, "private_test_hard_two_stage", out)
    assert not out.exists()


def test_without_maps_there_is_nothing_to_judge_with(made_up, out):
    places = Places.without_maps(made_up.data_root, made_up.devkit_root / BELOW)
    with pytest.raises(InputError, match="needs nuPlan's maps"):
        import_split("navtest", out, places)
    assert not out.exists()


def test_folders_that_are_not_there_are_named(damageable, out):
    shutil.rmtree(damageable.data_root / TWO)
    with pytest.raises(InputError, match=rf"{TWO}/synthetic_scene_pickles: is not there"):
        imported(damageable, TWO, out)
    shutil.rmtree(damageable.data_root / "navsim_logs" / "test")
    with pytest.raises(InputError, match="navsim_logs/test: is not there"):
        imported(damageable, "navtest", out)


def test_logs_on_one_map_alone(made_up, out, monkeypatch):
    """A log whose frames lie in two cities is damaged: what is on the first one counts."""
    read, given = jobs.read_city, []

    def another(root, name):
        city = read(root, name)
        given.append(city if len(given) < 3 else replace(city, map=replace(city.map)))
        return given[-1]

    monkeypatch.setattr(jobs, "read_city", another)
    report, store = imported(made_up, "navtest", out)
    assert len(store) == 3
    assert len(report.missing) == len(made_up.splits["navtest"].tokens) - 3
    faults = [what for each in report.outcomes.values() for what in each.faults.values()]
    assert len(faults) == len(report.missing)
    assert all("lies on another map" in what for what in faults)


def in_two_cities(made):
    """Makes a split of logs in two cities; returns its name."""
    logs = [next(log for log in made.logs.values() if log.split == split) for split in ("trainval", "test")]
    target = made.data_root / "navsim_logs" / "trainval" / f"{logs[1].name}.pkl"
    shutil.copy(made.log_file(logs[1]), target)
    tokens = tuple(token for log in logs for token in log.tokens[3:-10] if token in made.frames)
    write_splits(made.devkit_root, {"both": Split("trainval", tokens, tuple(log.name for log in logs))})
    return "both"


def test_logs_of_two_cities_share_a_store(damageable, out):
    report, store = imported(damageable, in_two_cities(damageable), out, pictures=False)
    assert report.whole
    assert len(list((out / "maps").iterdir())) == 2
    assert len({scene.truth.map.whole.ids for scene in store}) == 2


def test_an_outcome_can_go_between_processes(made_up, navtrain):
    report, _ = navtrain
    for outcome in report.outcomes.values():
        again = pickle.loads(pickle.dumps(outcome))
        assert again == outcome


def test_scenes_do_not_depend_on_the_split_they_are_in(made_up, navtest, out):
    _, part = imported(made_up, "test", out)
    common = set(part.tokens) & set(navtest[1].tokens)
    assert common
    for token in common:
        one, other = part[token].truth, navtest[1][token].truth
        np.testing.assert_array_equal(one.reference, other.reference)
        np.testing.assert_array_equal(one.ego, other.ego)
        assert one.tracks.tokens == other.tracks.tokens
