"""Case files: read, scored, checked; and the official answers themselves."""

import json

import numpy as np
import pytest

from irlvla.epdms import check_cases, read_case, rollout, score_cases, stamp
from irlvla.epdms.batch import SceneTruthBatch
from irlvla.errors import InputError

CASE = {
    "format": "navsim-oracle-scene/1",
    "name": "small",
    "t0_us": 1_600_000_000_123_457,
    "ego": {
        "x": 5.0, "y": 1.0, "heading": 0.0, "vx": 6.0, "vy": 0.0, "ax": 0.0, "ay": 0.0,
        "steering_angle": 0.0, "steering_rate": 0.0, "angular_velocity": 0.0, "angular_acceleration": 0.0,
    },
    "history": [[-1_500_000 + 500_000 * k, -4.0 + 3 * k, 1.0, 0.0, 6.0, 0.0, 0.0, 0.0] for k in range(4)],
    "map": [
        {"id": "lane", "type": "LANE", "polygon": [[-50, -2], [90, -2], [90, 4], [-50, 4]], "holes": []},
        {
            "id": "block", "type": "ROADBLOCK", "polygon": [[-50, -2], [90, -2], [90, 4], [-50, 4]],
            "holes": [[[70, 0], [71, 0], [71, 1]]],
        },
        {"id": "turn", "type": "LANE_CONNECTOR", "polygon": [[60, -2], [80, -2], [80, 4]], "holes": []},
    ],
    "route_lane_ids": ["lane"],
    "centerline": [[-50, 1, 0], [90, 1, 0]],
    "speed_limit": 10.0,
    "tracks": [
        {
            "token": "cone", "type": "traffic_cone", "length": 0.5, "width": 0.5, "height": 1.0,
            "states": [[k, 20.0, 1.0, 0.0, 0.0, 0.0] for k in range(3, 41)],
        },
    ],
    "red_lights": [{"lane_connector_id": "turn", "red": [True] * 41}],
    "pdm_trajectory": [[5 + 0.6 * k, 1.0, 0.0] for k in range(51)],
    "human": {"interval": 0.5, "poses": [[3.0 * k, 0.0, 0.0] for k in range(1, 9)]},
    "trajectories": {"interval": 0.5, "poses": [[[v * k, 0.0, 0.0] for k in range(1, 9)] for v in (3.0, 0.5)]},
    "previous": {
        "dt": 0.500123,
        "ego": {
            "x": 2.0, "y": 1.0, "heading": 0.0, "vx": 6.0, "vy": 0.0, "ax": 0.0, "ay": 0.0,
            "steering_angle": 0.0, "steering_rate": 0.0, "angular_velocity": 0.0, "angular_acceleration": 0.0,
        },
        "trajectories": {"interval": 0.5, "poses": [[[3.0 * k, 0.0, 0.0] for k in range(1, 9)]]},
    },
}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "below").mkdir()
    (tmp_path / "small.json").write_text(json.dumps(CASE))
    (tmp_path / "below" / "other.json").write_text(json.dumps({**CASE, "name": "other", "previous": None}))
    for name in ("small", "below/other"):
        table = score_cases(tmp_path, recursive=True)[name]
        (tmp_path / f"{name}.answer.json").write_text(json.dumps(table))
        (tmp_path / f"{name}.branches.json").write_text("{}")
    return tmp_path


def test_a_case_is_read_whole(folder):
    case = read_case(folder / "small.json")
    truth = case.truth
    assert (case.name, case.interval, case.poses.shape) == ("small", 0.5, (2, 8, 3))
    assert truth.map.ids == ("lane", "block", "turn")
    assert truth.map.hole_owners.tolist() == [1]
    assert truth.tracks.valid[0].tolist() == [False] * 3 + [True] * 38
    assert truth.red_lights[0].connector == "turn"
    assert truth.human.poses.shape == (8, 3)
    assert case.previous.t0_us.tolist() == [CASE["t0_us"] - 500_123]
    assert case.previous.poses.shape == (1, 1, 8, 3)


def test_scores_of_a_folder(folder):
    scores = score_cases(folder)
    assert set(scores) == {"small", "stamp"}
    hit, slow = scores["small"]["trajectories"]
    assert list(hit["raw"]) == ["NC", "DAC", "DDC", "TLC", "EP", "TTC", "LK", "HC", "EC", "EPDMS_one", "EPDMS"]
    assert hit["raw"]["NC"] == 0.5  # the cone
    assert hit["raw"]["TTC"] == 0.0
    assert hit["filtered"]["NC"] == 0.5  # the human hits it too, but half a point is not forgiven
    assert hit["filtered"]["TTC"] == 1.0
    assert hit["raw"]["EC"] == 1.0
    assert slow["raw"]["NC"] == 1.0
    assert scores["stamp"]["scenes"] == 1
    json.dumps(scores)


def test_recursive_names_are_paths_below_the_folder(folder):
    scores = score_cases(folder, recursive=True)
    assert set(scores) == {"small", "below/other", "stamp"}
    raw = scores["below/other"]["trajectories"][0]["raw"]
    assert raw["EC"] is None
    assert raw["EPDMS"] == raw["EPDMS_one"]


def test_a_check_against_our_own_answers_passes(folder):
    report = check_cases(folder, recursive=True)
    assert (report.files, report.trajectories, report.passed) == (2, 4, True)
    counts = "2 files, 4 trajectories: 0 differences; greatest difference of EP and EPDMS 0.0e+00"
    assert report.lines()[-1] == f"{counts}; 2 decisions within rounding"


def test_a_check_lists_what_rounding_decides(folder):
    report = check_cases(folder, recursive=True)  # the cone lies exactly ahead of the first plan
    assert [(d.name, d.trajectory, d.score, d.margin) for d in report.close] == [
        ("below/other", 0, "raw.TTC", 0.0),
        ("small", 0, "raw.TTC", 0.0),
    ]
    line = "small trajectory 0: raw.TTC decided within rounding (0.0e+00 from the bound)"
    assert report.lines()[1] == f"{line}; ours, 0.0, equals the official 0.0"


def test_what_rounding_decides_is_listed_after_the_differences_and_may_be_one(folder):
    path = folder / "small.answer.json"
    answers = json.loads(path.read_text())
    answers["trajectories"][0]["raw"]["TTC"] = 1.0
    path.write_text(json.dumps(answers))
    report = check_cases(folder)
    first, second, counts = report.lines()
    assert first == "small trajectory 0: raw.TTC is 0.0, official 1.0, 0.0e+00 from the bound"
    assert second.endswith("ours, 0.0, is not the official 1.0")
    assert "1 differences" in counts
    assert not report.passed


def test_a_check_names_what_differs(folder):
    path = folder / "small.answer.json"
    answers = json.loads(path.read_text())
    answers["trajectories"][1]["raw"]["HC"] = 0.25
    answers["trajectories"][0]["filtered"]["EP"] -= 2e-6
    answers["trajectories"][0]["raw"]["EPDMS"] -= 5e-7
    answers["trajectories"][0]["raw"]["EC"] = None
    path.write_text(json.dumps(answers))
    report = check_cases(folder)
    assert not report.passed
    assert [(d.name, d.trajectory, d.score) for d in report.differences] == [
        ("small", 0, "raw.EC"),
        ("small", 0, "filtered.EP"),
        ("small", 1, "raw.HC"),
    ]
    line = report.lines()[2]
    assert line.startswith("small trajectory 1: raw.HC is ")
    assert "official 0.25" in line
    assert "from the bound" in line


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be read"),
        ("[]", "is no case file"),
        (json.dumps({**CASE, "format": "other/2"}), "is no case file"),
        (json.dumps({key: value for key, value in CASE.items() if key != "tracks"}), "'tracks' is missing"),
        (json.dumps({**CASE, "map": [{**CASE["map"][0], "type": "CANAL"}]}), "'CANAL' is missing or unknown"),
        (json.dumps({**CASE, "ego": None}), "does not hold what the format asks for"),
    ],
)
def test_a_bad_file_names_itself(tmp_path, text, message):
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as error:
        read_case(path)
    assert error.value.where == str(path)


def test_a_scene_that_cannot_be_judged_names_its_file(tmp_path):
    path = tmp_path / "bad.json"
    path.write_text(json.dumps({**CASE, "centerline": [[0, 0, 0]]}))
    with pytest.raises(InputError, match="centerline has fewer than two points") as error:
        score_cases(tmp_path)
    assert error.value.where == str(path)


def test_no_cases_and_no_answers(tmp_path):
    with pytest.raises(InputError, match="holds no case files"):
        check_cases(tmp_path)
    (tmp_path / "small.json").write_text(json.dumps(CASE))
    with pytest.raises(InputError, match=r"small\.answer\.json: cannot be read"):
        check_cases(tmp_path)


def test_stamp_says_what_was_scored():
    made = stamp(scenes=12, reference="pdm-closed", split="val", stages=2)
    assert made["metric"] == "EPDMS"
    assert (made["version"], made["split"], made["stages"], made["scenes"]) == ("2.2", "val", 2, 12)
    assert (made["reference"], made["filter"]) == ("pdm-closed", "human-penalty")
    assert made["code"]["version"]
    with pytest.raises(InputError):
        stamp(scenes=1, reference="human", split="x", version="3")


# --- the official scorer


def test_every_official_answer_is_met(shared):
    report = check_cases(shared / "epdms_cases", recursive=True)
    assert report.passed, "\n".join(report.lines())
    assert report.files >= 100


@pytest.mark.parametrize("name", ["curve_random50", "standstill", "fuzz_002", "ten_hertz_input", "history_decel"])
def test_rollouts_are_the_official_ones(shared, name):
    case = read_case(shared / "epdms_cases" / f"{name}.json")
    official = np.load(shared / "epdms_cases" / f"{name}.answer.npz")["sim"]
    off = rollout(SceneTruthBatch.prepare([case.truth]), case.poses[None], case.interval)[0].numpy() - official
    off[..., 2] = np.sin(off[..., 2])
    assert np.abs(off).max() < 1e-7


def test_the_humans_own_scores_are_the_official_ones(shared):
    path = shared / "epdms_cases" / "real" / "nus_0061" / "nus_0061_t11p50.json"
    human = read_case(path).score().human
    official = json.loads(path.with_suffix(".answer.json").read_text())["human"]
    assert {name: getattr(human, name.lower()).item() for name in official} == official
