"""The report as a browser would read it."""

import base64
import io
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from matplotlib.image import imread

from irlvla.evaluation import curves
from irlvla.evaluation.report import COLUMNS, GLOSSARY, ReportScene, duration_text, score_text, write_report
from irlvla.scene import SUBSCORE_NAMES, CameraRig
from tests.scene import made_up

VOID = {"meta", "img", "br", "hr", "link", "input"}


class Page(HTMLParser):
    """Texts of table cells and list items, attributes of every element; fails on tags that do not match."""

    def __init__(self, text):
        super().__init__()
        self.open, self.rows, self.attributes, self.text = [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.attributes.append((tag, dict(attributes)))
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.attributes.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)
        if {"td", "th"} & set(self.open[-3:]):
            self.rows[-1][-1] += data.strip()

    def of(self, tag, key):
        return [attributes[key] for name, attributes in self.attributes if name == tag and key in attributes]


def row(agent, value, raw):
    filled = [dict.fromkeys(COLUMNS, v) for v in (value, raw)]
    return {"agent": agent, "scenes": 12, "scenes_with_ec": 11, **filled[0], "raw": filled[1]}


def results(**changes):
    rows = [row("human", 0.98, 0.9), row("stage1", 0.7, 0.6), row("stage3", 0.7451, 0.65)]
    rows[1]["EC"] = float("nan")
    stamp = {
        "metric": "EPDMS",
        "version": "2.2",
        "held_out": ["a", "b"],
        "code": {"version": "0.1.0", "revision": None},
    }
    return {
        "stamp": stamp, "seconds": 754.2, "rows": rows, "stages": {"import": 4.0, "imitation": 600.0},
        "command": "irlvla quickstart --source <here>", "notes": ["Less than <b>a quarter</b> of an hour."], **changes,
    }  # fmt: skip


def shown(images=None):
    scene = made_up.scene("token-1")
    plans = {
        name: scene.truth.human.poses + np.array([0, y, 0]) for name, y in (("human", 0), ("stage1", 1), ("stage3", -1))
    }
    return ReportScene(scene, images, plans, {"human": 0.981, "stage1": 0.5, "stage3": float("nan")})


def records(steps=50):
    return [
        {"step": k, "loss": 3.0 / (k + 1), "regression": 0.1, "classification": 0.2, "auxiliary": 1.0}
        for k in range(steps)
    ]


def reinforced(steps=40):
    audit = {"audit_exact": 0.6, "audit_learned": 0.7, **{f"audit_gap_{name}": 0.01 for name in SUBSCORE_NAMES}}
    return [{"step": k, "reward": 0.5, "kl_stage1": 0.1, "critic": 1.0, **(audit if k % 10 == 0 else {})}
            for k in range(steps)]  # fmt: skip


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    images = np.random.default_rng(0).integers(0, 255, (8, 18, 32, 3), np.uint8)
    history = {"imitation": records(), "reward": [], "reinforce": reinforced()}
    folder = tmp_path_factory.mktemp("report") / "new" / "folder"
    path = write_report(folder, results(), [shown(images), shown()], history)
    assert path == folder / "report.html"
    return path.read_text(encoding="utf-8")


def test_the_page_is_whole_and_needs_nothing_else(page):
    parsed = Page(page)
    sources = [*parsed.of("img", "src"), *parsed.of("image", "xlink:href")]
    assert sources
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    assert not {"link", "script", "iframe", "base"} & {tag for tag, _ in parsed.attributes}
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)
    addresses = set(re.findall(r"https?://[^\"' <]+", page))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}  # names, not places
    for source in parsed.of("img", "src"):
        assert imread(io.BytesIO(base64.b64decode(source.split(",")[1]))).ndim == 3


def test_tables_hold_scores_of_a_hundred_filtered_then_raw(page):
    rows = Page(page).rows
    assert rows[0] == ["agent", *COLUMNS]
    assert rows[1] == ["human", *["98.0"] * 10]
    assert rows[2] == ["stage1", *["70.0"] * 9, "n/a"]
    assert rows[3] == ["stage3", *["74.5"] * 10]
    assert rows[6] == ["stage1", *["60.0"] * 10]
    assert rows[7][1] == "65.0"


def test_the_best_agent_of_a_column_is_marked_and_the_human_never(page):
    first = page[page.index("<tbody>") : page.index("</tbody>")]
    assert [part.count('"best ') + part.count(" best ") for part in first.split("<tr")[1:]] == [0, 0, 10]


def test_stamp_command_notes_times_and_words_are_there(page):
    text = " ".join("".join(Page(page).text).split())
    for expected in (
        "held out", "a, b", "code revision", "irlvla quickstart --source <here>", "<b>a quarter</b>", "12 min 34 s",
        "10 min 00 s", "token-1", "8.0 m/s", "stage1 50.0", "stage3 n/a", *GLOSSARY.values(), "CAM_L2", "40 updates",
    ):  # fmt: skip
        assert expected in text, expected
    assert set(GLOSSARY) == {"EPDMS", *(name.upper() for name in SUBSCORE_NAMES)}


def test_curves_follow_the_page_s_ink_and_their_ids_do_not_clash(page):
    assert page.count("<svg") == 3 + 4  # imitation; score, KL, critic and gaps of reinforcement; no empty stage
    assert "Reward world model" not in page
    assert curves.INK not in page
    assert "currentColor" in page
    clips = re.findall(r'<clipPath id="(\w+)">\s*(.*?)\s*</clipPath>', page, re.S)
    assert len({name for name, _ in clips}) == len(set(clips))


def test_colours_of_agents_are_the_same_in_table_and_pictures(page):
    styles = [attributes["style"] for tag, attributes in Page(page).attributes if attributes.get("class", "") == "line"]
    assert len(set(styles)) == 2  # stage1 and stage3, in two tables and two scenes
    assert len(styles) == 8


def test_a_run_with_little_to_show_still_reports(tmp_path):
    bare = results(rows=[], stages={}, notes=[], seconds=0.0)
    text = write_report(tmp_path, bare, [], {}).read_text()
    assert Page(text).of("img", "src") == []
    alone = write_report(tmp_path, results(rows=[row("human", 1.0, 1.0)]), [shown()], {"own": [{"step": 0, "x": 1.0}]})
    assert alone.read_text().count("<svg") == 1


def test_results_as_read_from_json_are_taken(tmp_path):
    read = json.loads(json.dumps(results()))
    assert "n/a" in write_report(tmp_path, read, [], {}).read_text()


def test_another_camera_rig_is_laid_out_in_rows(tmp_path):
    rig = CameraRig.navsim(16, 9)
    scene = made_up.scene("two")
    two = CameraRig(("left", "right"), 16, 9, rig.intrinsics[:2], rig.camera_to_ego[:2])
    object.__setattr__(scene, "cameras", two)
    pictures = np.zeros((2, 9, 16, 3), np.uint8)
    text = write_report(tmp_path, results(), [ReportScene(scene, pictures, {}, {})], {}).read_text()
    assert re.findall(r"--row:(\d);--column:(\d)", text) == [("1", "1"), ("1", "2")]


@pytest.mark.parametrize(
    ("seconds", "text"), [(8.43, "8.4 s"), (59.94, "59.9 s"), (725.0, "12 min 05 s"), (11_400.0, "3 h 10 min")]
)
def test_durations(seconds, text):
    assert duration_text(seconds) == text


def test_scores():
    assert [score_text(v) for v in (0.745, 1.0, 0.0, float("nan"), None)] == ["74.5", "100.0", "0.0", "n/a", "n/a"]


class TestBins:
    def test_short_records_are_taken_one_by_one(self):
        steps, mean, low, high = curves.binned([{"step": 3, "x": 1.0}, {"step": 4}, {"step": 7, "x": 2.0}], "x")
        np.testing.assert_array_equal(steps, [3, 7])
        for values in (mean, low, high):
            np.testing.assert_array_equal(values, [1, 2])

    def test_long_records_are_averaged_with_their_spread(self):
        values = np.random.default_rng(0).normal(size=10 * curves.BINS)
        steps, mean, low, high = curves.binned([{"step": k, "x": v} for k, v in enumerate(values)], "x")
        parts = values.reshape(curves.BINS, 10)
        np.testing.assert_allclose(steps, 4.5 + 10 * np.arange(curves.BINS))
        np.testing.assert_allclose(mean, parts.mean(1))
        np.testing.assert_array_equal(low, parts.min(1))
        np.testing.assert_array_equal(high, parts.max(1))

    def test_what_is_not_finite_is_left_out(self):
        found = curves.binned([{"step": 0, "x": float("nan")}, {"step": 1, "x": 5.0}, {"step": 2, "x": None}], "x")
        assert [column.tolist() for column in found] == [[1], [5], [5], [5]]
        assert all(len(column) == 0 for column in curves.binned([], "x"))


def test_two_stages_and_rides_have_tables_of_their_own(tmp_path):
    staged = results()
    for entry in staged["rows"]:
        entry["two_stage"] = {"EPDMS": 0.432, "stage_one": 0.61, "stage_two": 0.55, "pairs": 7}
    rates = {f"{name}_per_km": 1.234 for name in ("collisions", "at_fault", "off_road", "lights")}
    shares = {"success": 0.25, "progress": 0.5, "comfort": 0.75, "EPDMS": 0.6}
    staged["closed_loop"] = [{"agent": "stage1", "episodes": 8, **shares, **rates}]
    page = Page(write_report(tmp_path, staged, [], {}).read_text())
    assert ["human", "43.2", "61.0", "55.0", "7"] in page.rows
    assert ["stage1", "8", "25.0", "50.0", "75.0", "60.0", "1.23", "1.23", "1.23", "1.23"] in page.rows
    plain = write_report(tmp_path / "plain", results(), [], {}).read_text()
    assert "In two stages" not in plain
    assert "In closed loop" not in plain
