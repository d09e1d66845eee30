"""Faults damage a copy, and malicious pickles would do what they say if somebody loaded them."""

import pickle
from itertools import pairwise
from pickletools import genops

import numpy as np
import pytest

from tests.sources.navsim import faults
from tests.sources.navsim.made_up_objects import read_pickle
from tests.sources.navsim.test_made_up import filter_of


def test_faults_damage_the_copy_alone(made_up, damageable):
    name = "navhard_two_stage"
    log, k = made_up.frames[made_up.splits[name].tokens[0]]
    follower = made_up.followers[made_up.splits[name].synthetic[0]]
    whole = {path: path.read_bytes() for path in made_up.data_root.rglob("*") if path.is_file()}
    assert not faults.delete_picture(damageable, log.tokens[k], "CAM_L0").exists()
    assert faults.cut_picture_in_half(damageable, log.tokens[k]).exists()
    assert faults.unknown_token(damageable, name) in filter_of(damageable, name)["tokens"]
    assert faults.nan_in_pose(damageable, log, k) == log.tokens[k]
    assert np.isnan(read_pickle(damageable.log_file(log))[k]["ego2global_translation"]).any()
    assert faults.missing_key(damageable, log, k, "cams") == "cams"
    assert "cams" not in read_pickle(damageable.log_file(log))[k]
    with pytest.raises((EOFError, pickle.UnpicklingError)):
        read_pickle(faults.cut_log_in_half(damageable, log))
    with pytest.raises((EOFError, pickle.UnpicklingError)):
        read_pickle(faults.cut_scene_in_half(damageable, name, follower))
    assert faults.delete_scene(damageable, name, follower) == follower.token
    assert faults.delete_log(damageable, log) == log.name
    city = log.mapped.city.name
    faults.second_version(damageable, city)
    faults.map_cut_in_half(damageable, city)
    faults.version_not_there(damageable, city)
    faults.map_not_in_versions(damageable, city)
    assert not faults.no_versions(damageable).exists()
    assert all(path.read_bytes() == content for path, content in whole.items())
    assert faults.UNKNOWN_TOKEN not in filter_of(made_up, name)["tokens"]


@pytest.mark.parametrize(("way", "runs"), [("system", True), ("eval", True), ("exec", True), ("object", False)])
def test_malicious_pickles_would_do_harm(damageable, way, runs):
    log = next(iter(damageable.logs.values()))
    name, victim = faults.malicious(damageable.log_file(log), way)
    assert name in names_in_strange(damageable.log_file(log))
    pickle.loads(damageable.log_file(log).read_bytes())
    assert victim.exists() == runs


def names_in_strange(path):
    """Names that a pickle asks for, read from its instructions alone."""
    texts = [argument for operation, argument, _ in genops(path.read_bytes()) if isinstance(argument, str)]
    return {f"{module}.{name}" for module, name in pairwise(texts)}
