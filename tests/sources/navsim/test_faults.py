"""Everything that can be wrong with a download: named and counted, the rest imported, taken up once it is mended."""

import json
import shutil
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from irlvla.errors import InputError
from irlvla.sources.navsim import ACCOUNT
from irlvla.sources.navsim.scenes import scene_of
from irlvla.sources.navsim.second_stage import read_second_stage
from irlvla.sources.nuplan_map import read_city
from tests.sources.navsim import faults
from tests.sources.navsim.imports import imported
from tests.sources.navsim.made_up_objects import read_pickle, write_pickle
from tests.sources.navsim.made_up_splits import Split, write_splits
from tests.sources.navsim.test_importing import in_two_cities

FEW, TWO = "few", "warmup_two_stage"
"""Three scenes of each of the first two logs; both stages."""
KEYS = (
    "timestamp", "ego2global_translation", "ego2global_rotation", "ego_dynamic_state", "driving_command",
    "roadblock_ids", "traffic_lights", "cams", "anns", "log_name", "map_location",
)  # fmt: skip


@pytest.fixture
def out(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def few(damageable, made_up):
    """A copy to be damaged, its maps not; a small split of two logs is added to it."""
    logs = tuple(damageable.logs[name] for name in damageable.splits["navtrain"].logs)
    tokens = tuple(log.tokens[k] for log in logs for k in (4, 8, 12))
    splits = damageable.splits | {FEW: Split("trainval", tokens, tuple(log.name for log in logs))}
    write_splits(damageable.devkit_root, {FEW: splits[FEW]})
    return replace(damageable, splits=splits, maps_root=made_up.maps_root)


def log_of(made, name=FEW, k=0):
    return made.logs[made.splits[name].logs[k]]


def tokens_with(made, log, frame, name=FEW):
    """Scenes of a split that need a frame of a log: 1.5 s before it to 4 s after."""
    places = {token: k for token, (of, k) in made.frames.items() if of is log and token in made.splits[name].tokens}
    return {token for token, k in places.items() if k - 3 <= frame <= k + 8}


def now_at(made, log, frame):
    return {log.tokens[frame]}


def of_log(made, log, name=FEW):
    return {token for token in made.splits[name].tokens if made.frames[token][0] is log}


def check(made, out, name, lost, *named, counted=None):
    """Import a damaged data set: ``lost`` scenes are missing, the rest is there, and what is ``named`` is said."""
    report, store = imported(made, name, out)
    split = made.splits[name]
    asked = set(split.tokens) | set(split.synthetic or ())
    assert set(report.missing) == set(lost)
    assert set(store.tokens) == asked - set(lost)
    assert report.found == len(store)
    assert not report.whole
    assert store.verify() == []
    account = (out / ACCOUNT).read_text()
    said = "\n".join(report.lines())
    for text in named:
        assert str(text) in said
        assert json.dumps(str(text))[1:-1] in account
    if counted:
        assert counted in said
    assert all("\n" not in line for line in report.lines())
    assert f"{len(lost)} scenes that are not there" in said
    assert json.loads(account)["missing"] == sorted(lost)
    return report


def check_strict(made, out, name, *named, **options):
    """``strict`` stops and names it."""
    with pytest.raises(InputError) as raised:
        imported(made, name, out.with_name("strict"), strict=True, **options)
    for text in named:
        assert str(text) in str(raised.value)


def test_a_missing_log(few, out):
    log = log_of(few)
    name = faults.delete_log(few, log)
    report = check(few, out, FEW, of_log(few, log), name, counted="1 logs that are not there")
    assert report.missing_logs == (name,)
    check_strict(few, out, FEW, name)


@pytest.mark.parametrize(
    ("damage", "why"), [(faults.delete_picture, "is missing"), (faults.cut_picture_in_half, "is cut off")]
)
def test_a_missing_or_broken_picture(few, out, damage, why):
    token = few.splits[FEW].tokens[2]
    file = damage(few, token, "CAM_R1")
    named = f"{file.parent.name}/{file.name} {why}"
    report = check(few, out, FEW, {token}, named, counted="1 pictures that are missing or cut off")
    (outcome,) = (each for each in report.outcomes.values() if each.pictures)
    assert set(outcome.pictures) == {token}
    check_strict(few, out, FEW, token, named)


def test_a_folder_of_pictures_that_is_missing(few, out):
    log = log_of(few)
    shutil.rmtree(few.data_root / "sensor_blobs" / "trainval" / log.name)
    report = check(few, out, FEW, of_log(few, log), counted="24 pictures that are missing")
    assert "and 14 more" in "\n".join(report.lines())
    assert sum(len(files) for each in report.outcomes.values() for files in each.pictures.values()) == 24


def test_a_token_that_no_log_has(few, out):
    token = faults.unknown_token(few, FEW)
    report, store = imported(few, FEW, out)
    assert report.missing == (token,)
    assert len(store) == len(few.splits[FEW].tokens)
    assert token in "\n".join(report.lines())
    check_strict(few, out, FEW, "1 scenes are missing")


def test_a_place_that_is_not_a_number(few, out):
    log = log_of(few)
    token = faults.nan_in_pose(few, log, 8)
    lost = tokens_with(few, log, 8)
    assert 0 < len(lost) < len(of_log(few, log))
    check(few, out, FEW, lost, f"frame {token}: is damaged (ego2global_translation is not finite)")
    check_strict(few, out, FEW, token)


@pytest.mark.parametrize("key", KEYS)
def test_a_frame_that_lacks_something(few, out, key):
    log, frame = log_of(few), 8
    faults.missing_key(few, log, frame, key)
    of_now = key in ("log_name", "map_location")
    lost = {log.tokens[frame]} if of_now else tokens_with(few, log, frame)
    if key == "anns":  # what came before is not asked for
        lost = {token for token in lost if few.frames[token][1] <= frame}
    check(few, out, FEW, lost, "record ends after 3.5 s" if key == "anns" else f"has no '{key}'")


def test_a_frame_without_a_name(few, out):
    log = log_of(few)
    faults.missing_key(few, log, 8, "token")
    named = few.log_file(log), "holds no list of frames"
    check(few, out, FEW, of_log(few, log), *named)


def test_a_log_that_is_cut_off(few, out):
    log = log_of(few)
    path = faults.cut_log_in_half(few, log)
    check(few, out, FEW, of_log(few, log), path, "damaged, or no pickle")
    check_strict(few, out, FEW, path)


@pytest.mark.parametrize("content", [{}, [1, 2], "log", None, [[]], [{"token": 1}, 2]])
def test_a_log_of_another_form(few, out, content):
    log = log_of(few)
    write_pickle(content, few.log_file(log))
    named = few.log_file(log), "holds no list of frames"
    check(few, out, FEW, of_log(few, log), *named)


@pytest.mark.parametrize("way", ["system", "eval", "exec", "object"])
def test_malicious_logs_are_not_run(few, out, way):
    log = log_of(few)
    called, victim = faults.malicious(few.log_file(log), way)
    check(few, out, FEW, of_log(few, log), few.log_file(log), called)
    check_strict(few, out, FEW, called)
    assert not victim.exists()


@pytest.mark.parametrize("way", ["system", "eval", "exec", "object"])
def test_malicious_second_stage_scenes_are_not_run(few, out, way):
    follower = few.followers[few.splits[TWO].synthetic[1]]
    path = few.scene_file(TWO, follower)
    called, victim = faults.malicious(path, way)
    check(few, out, TWO, {follower.token}, path, called)
    assert not victim.exists()


def test_a_second_stage_scene_that_is_missing(few, out):
    follower = few.followers[few.splits[TWO].synthetic[1]]
    faults.delete_scene(few, TWO, follower)
    check(few, out, TWO, {follower.token}, follower.token)
    check_strict(few, out, TWO, "1 scenes are missing")


def test_a_second_stage_scene_that_is_cut_off(few, out):
    follower = few.followers[few.splits[TWO].synthetic[1]]
    path = faults.cut_scene_in_half(few, TWO, follower)
    check(few, out, TWO, {follower.token}, path, "damaged, or no pickle")
    path.write_bytes(b"")
    check(few, out, TWO, {follower.token}, path, "damaged, or no pickle")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda scene: scene.pop("frames"), "has no 'frames'"),
        (lambda scene: scene["scene_metadata"].pop("map_name"), "has no 'map_name'"),
        (lambda scene: scene["frames"][0].pop("ego_status"), "has no 'ego_status'"),
        (lambda scene: scene.update(frames=scene["frames"][:3]), "3 frames, of which 4 are history"),
        (lambda scene: scene["extended_detections_tracks"].pop(), "its record ends after 3.5 s"),
        (lambda scene: scene["frames"][3]["annotations"]["names"].__setitem__(0, "tram"), "unknown class 'tram'"),
        (lambda scene: scene["frames"][3]["ego_status"]["ego_pose"].__setitem__(0, np.nan), "ego_pose is not finite"),
        (lambda scene: _first(scene)._box._center.__setattr__("x", np.inf), "a later object is not finite"),
        (lambda scene: _first(scene).__delattr__("_box"), "is damaged"),
        (lambda scene: scene["scene_metadata"].update(map_name="us-xx"), "no city us-xx"),
        (lambda scene: scene["frames"][3].update(roadblock_ids=[]), "a route without roadblocks"),
    ],
)
def test_a_second_stage_scene_of_another_form(few, out, change, named):
    follower = few.followers[few.splits[TWO].synthetic[1]]
    path = few.scene_file(TWO, follower)
    scene = read_pickle(path)
    change(scene)
    write_pickle(scene, path)
    check(few, out, TWO, {follower.token}, path.name, named)


def _first(scene):
    return scene["extended_detections_tracks"][0].tracked_objects.tracked_objects[0]


def test_a_city_of_two_that_has_no_map(damageable, out):
    name = in_two_cities(damageable)
    log = damageable.logs[next(log.name for log in damageable.logs.values() if log.split == "test")]
    for damage, named in (
        (faults.map_cut_in_half, "map.gpkg"),
        (faults.version_not_there, "9.99.9999"),
        (faults.map_not_in_versions, f"no city {log.mapped.city.name}"),
    ):
        damage(damageable, log.mapped.city.name)
        shutil.rmtree(out, ignore_errors=True)
        report, store = imported(damageable, name, out, pictures=False)
        assert log.name not in store.logs
        assert len(store) == 9
        assert len(report.outcomes[log.name].faults) == len(report.missing) > 0
        assert named in "\n".join(report.lines())
        check_strict(damageable, out, name, named, pictures=False)


def test_no_map_at_all(damageable, out):
    path = faults.no_versions(damageable)
    with pytest.raises(InputError, match="nothing could be imported") as raised:
        imported(damageable, "navtest", out)
    assert str(path) in str(raised.value)


def test_another_version_of_a_map_is_not_looked_at(damageable, out):
    faults.second_version(damageable, log_of(damageable, "navtest").mapped.city.name)
    assert imported(damageable, "navtest", out)[0].whole


def test_nothing_at_all(few, out):
    for name in few.splits[FEW].logs:
        faults.delete_log(few, few.logs[name])
    with pytest.raises(InputError, match=r"'few': nothing could be imported \(2 logs that are not there"):
        imported(few, FEW, out)


def test_what_is_mended_is_taken_up(few, made_up, out):
    """A picture, a log and scenes of the second stage, one after the other; what is whole is left alone."""
    split = few.splits[TWO]
    log, k = few.frames[split.tokens[0]]
    first, second = (few.followers[token] for token in split.synthetic[:2])
    faults.delete_picture(few, split.tokens[0])
    faults.delete_scene(few, TWO, first)
    faults.cut_scene_in_half(few, TWO, second)
    faults.delete_log(few, log)
    lost = {*split.tokens, first.token, second.token}
    check(few, out, TWO, lost, log.name)

    shutil.copy(made_up.log_file(log), few.log_file(log))
    lost = {split.tokens[0], first.token, second.token}
    check(few, out, TWO, lost, "is missing", first.token, "damaged")

    shutil.copy(made_up.picture(log, k), few.picture(log, k))
    shutil.copy(made_up.scene_file(TWO, second), few.scene_file(TWO, second))
    check(few, out, TWO, {first.token}, first.token)

    shutil.copy(made_up.scene_file(TWO, first), few.scene_file(TWO, first))
    report, store = imported(few, TWO, out)
    assert report.whole
    assert len(store) == len(split.tokens) + len(split.synthetic)
    assert imported(few, TWO, out)[0].new == 0


def test_only_logs_with_faults_are_looked_at_again(few, made_up, out):
    log = log_of(few)
    faults.cut_log_in_half(few, log)
    imported(few, FEW, out)
    report, _ = imported(few, FEW, out)
    assert report.new == 0
    few.log_file(log).unlink()
    shutil.copy(made_up.log_file(log), few.log_file(log))
    report, _ = imported(few, FEW, out)
    assert report.new == len(of_log(few, log))
    assert report.whole


@pytest.fixture(scope="module")
def brittle(made_up, tmp_path_factory):
    """A copy of which the one log of navmini is overwritten again and again."""
    return faults.copy_of(made_up, tmp_path_factory.mktemp("brittle"))


@st.composite
def damaged(draw, whole):
    """Bytes that are changed in a few places, or cut off."""
    content = bytearray(whole)
    places = st.integers(0, len(whole) - 1)
    for place, value in draw(st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=5)):
        content[place] = value
    return bytes(content[: draw(st.one_of(st.none(), places))])


@settings(max_examples=40, deadline=None)
@given(st.data())
@pytest.mark.filterwarnings("ignore")
def test_of_a_damaged_log_nothing_but_an_input_error_comes_out(made_up, brittle, tmp_path_factory, data):
    content = data.draw(damaged(next((made_up.data_root / "navsim_logs" / "mini").iterdir()).read_bytes()))
    (path,) = (brittle.data_root / "navsim_logs" / "mini").iterdir()
    path.unlink()
    path.write_bytes(content)
    with suppress(InputError):
        assert imported(brittle, "navmini", tmp_path_factory.mktemp("store"), pictures=False)[0].lines()


@settings(max_examples=40, deadline=None)
@given(st.data())
@pytest.mark.filterwarnings("ignore")
def test_of_a_damaged_second_stage_scene_nothing_but_an_input_error_comes_out(made_up, tmp_path_factory, data):
    follower = made_up.followers[made_up.splits[TWO].synthetic[0]]
    path = tmp_path_factory.getbasetemp() / "damaged.pkl"
    path.write_bytes(data.draw(damaged(made_up.scene_file(TWO, follower).read_bytes())))
    with suppress(InputError):
        window = read_second_stage(path)
        scene_of(window, read_city(made_up.maps_root, window.city), None)
