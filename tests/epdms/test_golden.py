"""The golden scenes that ship with the package: they take every sub-score through its values, and ours agree."""

import json
from importlib.resources import files
from pathlib import Path

import pytest
from shapely.geometry import Polygon

from irlvla.epdms import check_cases, read_case

GOLDEN = Path(str(files("irlvla.epdms"))) / "golden"
ANSWERS = {
    path.name.removesuffix(".answer.json"): json.loads(path.read_text())["trajectories"]
    for path in GOLDEN.glob("*.answer.json")
}
ROWS = [row for rows in ANSWERS.values() for row in rows]
VALUES = {
    "NC": {0, 0.5, 1},
    "DAC": {0, 1},
    "DDC": {0, 0.5, 1},
    "TLC": {0, 1},
    "TTC": {0, 1},
    "LK": {0, 1},
    "HC": {0, 1},
    "EC": {0, 1, None},
}
FORGIVABLE = ("NC", "DAC", "DDC", "TLC", "TTC", "LK")


@pytest.fixture(scope="module")
def cases():
    return {name: read_case(GOLDEN / f"{name}.json") for name in ANSWERS}


def test_our_scores_are_the_official_ones():
    report = check_cases(GOLDEN)
    assert report.passed, "\n".join(report.lines())
    assert (report.files, report.trajectories) == (len(ANSWERS), len(ROWS))


@pytest.mark.parametrize("score", VALUES)
def test_every_value_of_a_sub_score_is_there(score):
    assert {row["raw"][score] for row in ROWS} == VALUES[score]


def test_progress_is_none_some_and_all():
    progress = [row["raw"]["EP"] for row in ROWS]
    assert min(progress) == 0
    assert max(progress) == 1
    assert any(0 < ep < 1 for ep in progress)


@pytest.mark.parametrize("score", FORGIVABLE)
def test_the_filter_forgives_each_rule_and_leaves_it(score):
    pairs = {(row["raw"][score], row["filtered"][score]) for row in ROWS}
    assert (0, 1) in pairs
    assert (0, 0) in pairs


def test_some_plans_of_each_outcome():
    assert {row["filtered"]["EPDMS"] > 0 for row in ROWS} == {True, False}


def test_kinds_of_scenes(cases):
    truths = [case.truth for case in cases.values()]
    assert any(truth.ego[3] == 0 for truth in truths), "a car that stands"
    assert any(abs(truth.ego[0]) > 1e5 and truth.t0_us % 1000 for truth in truths), "city coordinates, real stamps"
    assert any(truth.human is None for truth in truths), "no human to forgive"
    assert any(case.previous is None for case in cases.values()), "no frame before"
    assert {case.interval for case in cases.values()} == {0.5, 0.1}
    assert any(len(truth.map.hole_owners) for truth in truths), "a hole"


def test_an_outline_crosses_itself():
    scene = json.loads((GOLDEN / "holes.json").read_text())
    assert not all(Polygon(element["polygon"]).is_valid for element in scene["map"])


def test_the_set_is_small():
    assert sum(path.stat().st_size for path in GOLDEN.iterdir()) < 400_000
