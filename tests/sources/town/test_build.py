import hashlib
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import cache

import numpy as np
import pytest

from irlvla.scene import Layer, LineKind
from irlvla.sources.town.build import build_town
from irlvla.sources.town.network import Control, Town
from irlvla.sources.town.settings import RoadSettings
from tests.sources.town.town_checks import CHECKS

SEEDS = (0, 4, 9, 25)

town_of = cache(build_town)


def digest(thing: object) -> str:
    """Hash of everything in a dataclass of arrays, texts and numbers."""
    if is_dataclass(thing):
        return hashlib.sha256(
            "".join(digest(getattr(thing, field.name)) for field in fields(thing)).encode()
        ).hexdigest()
    content = thing.tobytes() if isinstance(thing, np.ndarray) else repr(thing).encode()
    return hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_town_is_sound(seed: int, check: Callable[[Town], None]) -> None:
    check(town_of(seed))


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 200, 20))
def test_two_hundred_towns_are_sound(first: int) -> None:
    for seed in range(first, first + 20):
        town = build_town(seed)
        for check in CHECKS:
            try:
                check(town)
            except AssertionError as error:
                raise AssertionError(f"seed {seed}, {check.__name__}: {error}") from error


def test_a_town_is_the_same_in_another_process() -> None:
    code = "from tests.sources.town.test_build import *; print(digest(build_town(4)), digest(build_town(9)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == [digest(town_of(4)), digest(town_of(9))]
    assert digest(town_of(4)) != digest(town_of(9))


def test_every_kind_of_road_occurs_often() -> None:
    seen = dict.fromkeys(
        [
            "lights",
            "stop",
            "yield",
            "circle",
            "one-way",
            "three lanes",
            "uneven",
            "bays",
            "half way",
            "curve",
            "broken yellow",
        ],
        0,
    )
    for seed in range(50):
        town = build_town(seed)
        lanes, lines = town.lanes, town.map.line_kinds
        sides = np.bincount(lanes.roads[lanes.roads >= 0], minlength=2 * (lanes.roads.max() // 2 + 1)).reshape(-1, 2)
        seen["lights"] += bool(len(town.signals.heads))
        seen["stop"] += bool((lanes.controls == Control.STOP).any())
        seen["yield"] += bool((lanes.controls == Control.YIELD).any())
        seen["circle"] += bool(len(town.map.holes))
        seen["one-way"] += bool((sides == 0).any())
        seen["three lanes"] += bool((sides == 3).any())
        seen["uneven"] += bool(((sides[:, 0] != sides[:, 1]) & (sides > 0).all(1)).any())
        seen["bays"] += bool(len(town.bays))
        seen["half way"] += bool((~lanes.connector[town.crosswalks.lanes]).any())
        seen["broken yellow"] += bool((lines == LineKind.MARKING_YELLOW_BROKEN).any())
        turned = [abs(np.diff(np.arctan2(*np.diff(line[[0, 1, -2, -1]], axis=0)[[0, 2]].T))[0]) for line in lanes.lines]
        seen["curve"] += bool((np.array(turned)[~lanes.connector] > 0.6).any())
    assert min(seen.values()) >= 10, seen


def test_settings_decide_what_is_built() -> None:
    plain = RoadSettings(
        lights=0.0, roundabouts=0.0, merges=0.0, parking=0.0, crosswalks=0.0, curviness=0.0, most_lanes=1
    )
    for seed in range(6):
        town = build_town(seed, plain)
        assert not len(town.signals.heads)
        assert not len(town.map.holes)
        assert not len(town.bays)
        assert not len(town.crosswalks.ends)
        assert not town.map.of_layer(Layer.CARPARK_AREA)
        assert (town.lanes.left[~town.lanes.connector] == -1).all()
    lit = RoadSettings(lights=1.0, roundabouts=0.0, merges=0.0, crosswalks=1.0)
    for seed in range(6):
        town = build_town(seed, lit)
        assert (town.lanes.controls[town.lanes.connector] == Control.LIGHT).all()
        assert (town.crosswalks.groups >= 0).any()


@pytest.mark.parametrize("seed", SEEDS)
def test_who_comes_into_a_roundabout_gives_way_to_those_inside(seed: int) -> None:
    town = town_of(seed)
    lanes, conflicts = town.lanes, town.conflicts
    for ring in town.map.holes:
        centre = ring.mean(0)

        def angle(place: np.ndarray, centre: np.ndarray = centre) -> float:
            return float(np.arctan2(*(place - centre)[::-1]))

        around = [k for k in np.flatnonzero(lanes.connector) if np.hypot(*(lanes.lines[k][0] - centre)) < 45]
        assert {int(lanes.controls[k]) for k in around} == {Control.YIELD}
        for (a, b), begins, gives_way in zip(conflicts.lanes, conflicts.begins, conflicts.yields, strict=True):
            if a in around and b in around:
                enters, before, leaves = angle(lanes.lines[a][0]), angle(lanes.lines[b][0]), angle(lanes.lines[b][-1])
                passed = (enters - before) % (2 * np.pi) < (leaves - before) % (2 * np.pi)
                near_entry = begins[0] < 30
                assert not (passed and near_entry) or gives_way, (lanes.ids[a], lanes.ids[b])
