"""What runs are fed with: the town's splits, recorded sources, NAVSIM, agents by name."""

import json

import pytest

from irlvla import evaluation_sets
from irlvla.errors import InputError
from irlvla.evaluation.agents import agent_of, constant_velocity
from irlvla.evaluation_sets import evaluation_set
from irlvla.material import TownSizes, gather, source_path, split_logs
from irlvla.scene import SceneStore, StoreWriter
from irlvla.sources.town import SPLITS
from tests.scene import made_up


def store(folder, **logs: int) -> SceneStore:
    with StoreWriter(folder) as writer:
        for name, count in logs.items():
            road = made_up.straight_road()
            writer.add_log(name, [made_up.scene(f"{name}-{k}", hdmap=road, log=name) for k in range(count)])
    return SceneStore(folder)


def test_a_log_is_trained_on_or_judged_never_both(tmp_path):
    opened = store(tmp_path, **{f"log{k}": 1 for k in range(8)}, empty=0)
    train, test = split_logs(opened, ())
    assert len(test) == 2
    assert set(train) | set(test) == {f"log{k}" for k in range(8)}
    assert not set(train) & set(test)
    assert split_logs(opened, ()) == (train, test)
    train, test = split_logs(opened, ["log3", "log5"])
    assert test == ["log3", "log5"]
    with pytest.raises(InputError, match="fits no imported log"):
        split_logs(opened, ["nothing"])
    with pytest.raises(InputError, match="no log left to train on"):
        split_logs(opened, ["log"])


def test_seeds_of_the_town_s_splits_never_meet(tmp_path):
    found = gather("town", tmp_path, (), TownSizes(train=6, test=4, followers=1, episodes=3, workers=1), seed=0)
    assert found.train
    assert found.test
    train, test = ({int(scene.log.rpartition("-")[2]) for scene in part} for part in (found.train, found.test))
    assert max(train) < SPLITS["test"] <= min(test)
    assert not set(found.episodes) & test
    assert (found.train_logs, len(found.logs)) == (len(train), len(test))
    assert len(found.episodes) == 3
    assert len(found.training_scenes()) >= 6
    assert sum(scene.follows is None for scene in found.test) >= 4
    assert all(scene.follows is None for scene in found.training_scenes())
    with pytest.raises(InputError, match="holds out a split of its own"):
        gather("town", tmp_path, ("log",), TownSizes(), seed=0)


def test_scenes_to_judge_in_come_from_a_store_too(tmp_path):
    store(tmp_path, first=3, second=3)
    assert len(evaluation_set(str(tmp_path), "all", 2).scenes) == 3  # whole logs
    found = evaluation_set(str(tmp_path), "all", 4)
    assert [scene.token for scene in found.scenes] == [f"{log}-{k}" for log in ("first", "second") for k in range(3)]
    assert (found.split, found.traffic) == ("all", "log-replay")
    with pytest.raises(InputError, match="has no split 'test'"):
        evaluation_set(str(tmp_path), "test", 2)
    with pytest.raises(InputError, match="too few"):
        evaluation_set(str(tmp_path), "all", 0)
    with pytest.raises(InputError, match="the town has no split 'val'"):
        evaluation_set("town", "val")


def test_a_store_of_two_stages_says_so_and_what_is_missing_of_it(tmp_path):
    store(tmp_path, first=3)
    (tmp_path / "import.json").write_text(json.dumps({"split": "navhard_two_stage", "asked": 5, "stages": 2}))
    found = evaluation_set(str(tmp_path), "all")
    assert (found.split, found.traffic) == ("navhard_two_stage (3 of 5 scenes)", "reactive-idm")


def test_the_town_is_kept_for_the_next_time(tmp_path, monkeypatch):
    monkeypatch.setattr(evaluation_sets, "user_cache_path", lambda _: tmp_path)
    first, again = (evaluation_set("town", "test", 2).scenes for _ in range(2))
    assert [scene.token for scene in first] == [scene.token for scene in again]
    assert first[0].token.startswith(f"town-{SPLITS['test']}")


def test_sources_and_agents_that_are_not_there_are_named(tmp_path):
    assert source_path("waymo-sample") is None
    with pytest.raises(InputError, match="neither town, nor navsim"):
        source_path(str(tmp_path / "nowhere"))
    assert agent_of("constant-velocity") is constant_velocity
    with pytest.raises(InputError, match="no agent and no checkpoint"):
        agent_of("driver")
    (tmp_path / "junk.safetensors").write_bytes(b"junk")
    with pytest.raises(InputError, match="cannot be read as a checkpoint"):
        agent_of(str(tmp_path / "junk.safetensors"))
