import json
from dataclasses import replace

import numpy as np
import pytest

from irlvla.errors import InputError
from irlvla.scene import (
    HDMap,
    Lamps,
    Language,
    ObjectKind,
    PathAction,
    Polylines,
    Scene,
    Scenery,
    SceneStore,
    SignalState,
    SpeedAction,
    StoreWriter,
    Weather,
)
from tests.scene import made_up


@pytest.fixture
def scenes() -> list[Scene]:
    road = made_up.straight_road()
    empty = made_up.scene("b", objects=(), hdmap=road)
    pictures = replace(made_up.scene("c", hdmap=road), images=np.arange(24, dtype=np.uint8).reshape(2, 2, 2, 3))
    walkers = ((ObjectKind.PEDESTRIAN, 5.0, 3.0, 1.0), (ObjectKind.VEHICLE, 400.0, -8.0, 0.0))
    return [made_up.scene("a", objects=walkers, hdmap=road, red=True), replace(empty, previous="a"), pictures]


@pytest.fixture
def store(tmp_path, scenes) -> SceneStore:
    with StoreWriter(tmp_path) as writer:
        writer.add_log("made-up", scenes)
    return SceneStore(tmp_path)


def assert_same(a: Scene, b: Scene) -> None:
    assert (a.token, a.log, a.source, a.previous, a.command, a.instruction) == (
        b.token, b.log, b.source, b.previous, b.command, b.instruction,
    )  # fmt: skip
    np.testing.assert_array_equal(a.history, b.history)
    np.testing.assert_array_equal(a.cameras.camera_to_ego, b.cameras.camera_to_ego)
    assert (a.cameras.names, a.cameras.width, a.cameras.height) == (b.cameras.names, b.cameras.width, b.cameras.height)
    assert (a.images is None) == (b.images is None)
    if a.images is not None:
        np.testing.assert_array_equal(a.images, b.images)
    x, y = a.truth, b.truth
    assert (x.t0_us, x.route, x.speed_limit, x.reference_kind) == (y.t0_us, y.route, y.speed_limit, y.reference_kind)
    assert x.obeyed == y.obeyed
    for name in ("ego", "past", "centerline", "reference"):
        np.testing.assert_array_equal(getattr(x, name), getattr(y, name))
    np.testing.assert_array_equal(x.human.poses, y.human.poses)
    assert x.tracks.tokens == y.tracks.tokens
    np.testing.assert_array_equal(x.tracks.valid, y.tracks.valid)
    np.testing.assert_array_equal(x.tracks.kinds, y.tracks.kinds)
    for name in ("sizes", "poses", "velocities"):  # float32 on disk
        np.testing.assert_allclose(getattr(x.tracks, name), getattr(y.tracks, name), atol=2e-5)
    assert [light.connector for light in x.red_lights] == [light.connector for light in y.red_lights]
    assert all(np.array_equal(p.red, q.red) for p, q in zip(x.red_lights, y.red_lights, strict=True))
    assert x.map.ids == y.map.ids
    for name in ("polygons", "holes", "lines"):
        np.testing.assert_array_equal(getattr(x.map, name).points, getattr(y.map, name).points)
        np.testing.assert_array_equal(getattr(x.map, name).offsets, getattr(y.map, name).offsets)
    for name in ("line_kinds", "layers", "links", "speed_limits", "buildings"):
        np.testing.assert_array_equal(getattr(x.map, name), getattr(y.map, name))
        assert getattr(x.map, name).dtype == getattr(y.map, name).dtype
    assert x.language == y.language
    assert (x.scenery is None) == (y.scenery is None)
    if x.scenery is not None:
        assert x.scenery.weather == y.scenery.weather
        for name in ("signals", "lamps"):
            np.testing.assert_array_equal(getattr(x.scenery, name), getattr(y.scenery, name))
            assert getattr(x.scenery, name).dtype == getattr(y.scenery, name).dtype


def test_what_is_stored_is_what_is_read(store, scenes):
    assert store.tokens == ["a", "b", "c"]
    for token, scene in zip(store.tokens, scenes, strict=True):
        assert_same(scene, store[token])
    assert_same(scenes[1], store[1])
    assert store.verify() == []


SCENERY = Scenery(
    np.array([[20.0, 3.0, 0.1, SignalState.GREEN], [1e6 / 3, -1.0, -3.0, SignalState.RED]]),
    np.array([Lamps.BRAKE | Lamps.LEFT, Lamps.NONE], np.uint8),
    Weather(2.1, -0.2, 0.9, 64.0, 1.0),
)
ANSWERS = (("What is ahead?", "A car at 12 m, 3 m/s slower."), ('Is "it" red?', "Ja, \u00fcberall."))


def test_language_and_scenery_are_kept_and_so_is_that_there_are_none(tmp_path):
    road = made_up.straight_road()
    two = ((ObjectKind.VEHICLE, 20.0, 0.0, 3.0), (ObjectKind.PEDESTRIAN, 9.0, 3.0, 1.0))
    parts = [
        {"language": Language(SpeedAction.STOP, PathAction.LEFT_CHANGE, ANSWERS), "scenery": SCENERY},
        {},
        {"language": Language(SpeedAction.KEEP, PathAction.STRAIGHT), "scenery": Scenery(lamps=np.zeros(2, np.uint8))},
        {"scenery": replace(SCENERY, signals=SCENERY.signals[:1])},
    ]
    plain = [made_up.scene(f"s{k}", objects=two, hdmap=road) for k in range(len(parts))]
    scenes = [replace(s, truth=replace(s.truth, **part)) for s, part in zip(plain, parts, strict=True)]
    with StoreWriter(tmp_path) as writer:
        writer.add_log("made-up", scenes)
    for scene, read in zip(scenes, SceneStore(tmp_path), strict=True):
        assert_same(scene, read)


def test_all_of_a_map_is_kept(tmp_path):
    road = made_up.straight_road()
    ring = made_up.rectangle(0, 0, 1, 1)
    full = replace(
        road,
        holes=Polylines.of([ring]),
        hole_owners=np.array([2], np.int32),
        links=np.array([[0, 2], [3, 1]], np.int32),
        speed_limits=np.array([13.4, np.nan, 8.0, np.nan]),
        buildings=np.array([[10.0, 20.0, 0.3, 12.0, 9.0, 7.5]]),
    )
    for k, hdmap in enumerate((road, full)):
        log = f"log{k}"
        with StoreWriter(tmp_path) as writer:
            writer.add_log(log, [scene := made_up.scene(log, hdmap=hdmap, log=log)])
        assert_same(scene, SceneStore(tmp_path)[log])
    assert SceneStore(tmp_path).info()["maps"] == 2


def test_the_map_is_stored_and_read_once(tmp_path, store):
    with StoreWriter(tmp_path) as writer:
        writer.add_log("second", [made_up.scene("d", log="second")])
    both = SceneStore(tmp_path)
    assert both.info()["maps"] == 1
    assert len(list((tmp_path / "maps").iterdir())) == 1
    assert both["a"].truth.map is both["d"].truth.map


def test_a_stopped_import_keeps_the_logs_that_were_complete(tmp_path, store):
    def breaks_off():
        yield made_up.scene("x", log="broken")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), StoreWriter(tmp_path) as writer:
        writer.add_log("broken", breaks_off())
    with StoreWriter(tmp_path) as writer:
        assert writer.logs == {"made-up"}
    assert SceneStore(tmp_path).verify() == []


def test_a_log_without_scenes_is_remembered(tmp_path):
    with StoreWriter(tmp_path) as writer:
        writer.add_log("parked", [])
    store = SceneStore(tmp_path)
    assert (store.logs, len(store), store.verify()) == ({"parked": []}, 0, [])


def test_scenes_of_another_log_or_map_are_refused(tmp_path):
    with StoreWriter(tmp_path) as writer, pytest.raises(ValueError, match="share one map"):
        writer.add_log("made-up", [made_up.scene("a"), made_up.scene("b")])


def flip_a_byte(path):
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("part", ["logs", "maps"])
def test_a_damaged_file_is_named(tmp_path, store, part):
    (damaged,) = (tmp_path / part).iterdir()
    flip_a_byte(damaged)
    with pytest.raises(InputError, match=f"{damaged.name}.*wrong checksum.*import"):
        SceneStore(tmp_path)["a"]
    assert "wrong checksum" in SceneStore(tmp_path).verify()[0]


def test_a_missing_shard_is_named(tmp_path, store):
    next((tmp_path / "logs").iterdir()).unlink()
    with pytest.raises(InputError, match="is missing"):
        SceneStore(tmp_path)[0]


@pytest.mark.parametrize("part", ["logs", "maps"])
def test_a_deleted_file_is_mended_by_importing_its_log_again(tmp_path, store, scenes, part):
    next((tmp_path / part).iterdir()).unlink()
    with StoreWriter(tmp_path) as writer:
        assert writer.logs == set()
        writer.add_log("made-up", scenes)
    assert SceneStore(tmp_path).verify() == []


@pytest.mark.parametrize("version", [1, 99])
def test_a_store_of_another_version_is_refused(tmp_path, store, version):
    manifest = json.loads((tmp_path / "store.json").read_text())
    (tmp_path / "store.json").write_text(json.dumps(manifest | {"version": version}))
    with pytest.raises(InputError, match=f"version {version}, this irlvla reads version 5.*import the scenes again"):
        SceneStore(tmp_path)
    with pytest.raises(InputError, match=f"version {version}"):
        StoreWriter(tmp_path)


@pytest.mark.parametrize("content", ["", "[1]", '{"format": "something else"}'])
def test_no_store_is_said_to_be_none(tmp_path, content):
    with pytest.raises(InputError, match="no scene store"):
        SceneStore(tmp_path)
    (tmp_path / "store.json").write_text(content)
    with pytest.raises(InputError, match=r"store\.json"):
        SceneStore(tmp_path)


def test_an_unknown_token_is_named(store):
    with pytest.raises(InputError, match="no scene 'nowhere'"):
        store["nowhere"]


def test_a_log_name_may_hold_any_character(tmp_path):
    name = "../weird log/ä"
    with StoreWriter(tmp_path) as writer:
        writer.add_log(name, [made_up.scene("a", log=name)])
    assert SceneStore(tmp_path)["a"].log == name
    assert all(path.is_relative_to(tmp_path) for path in tmp_path.rglob("*"))
    assert len(list((tmp_path / "logs").iterdir())) == 1


class TestParts:
    """Scenes that see a part of a larger map."""

    @pytest.fixture
    def city(self):
        squares = [np.array([[k, 0], [k + 1, 0], [k + 1, 1], [k, 1]]) for k in range(0, 10, 2)]
        holes = [np.array([[x, 0.2], [x + 0.2, 0.2], [x + 0.2, 0.4]]) for x in (0.2, 6.2)]
        lines = [np.array([[k, 0.5], [k + 1, 0.5], [k + 1, 1.5]]) for k in range(0, 8, 2)]
        return HDMap(
            ids=tuple("abcde"),
            layers=np.array([0, 1, 2, 3, 0], np.int8),
            polygons=Polylines.of(squares),
            holes=Polylines.of(holes),
            hole_owners=np.array([0, 3], np.int32),
            lines=Polylines.of(lines),
            line_kinds=np.array([0, 1, 5, 0], np.int8),
            links=np.array([[0, 1], [1, 4], [4, 3]], np.int32),
            speed_limits=np.array([1.0, 2.0, np.nan, 4.0, 5.0]),
        )

    def test_a_part_holds_what_was_asked_for_in_that_order(self, city):
        part = city.part(np.array([3, 1, 4], np.int32), np.array([2, 0], np.int32))
        assert part.ids == ("d", "b", "e")
        np.testing.assert_array_equal(part.layers, [3, 1, 0])
        for k, place in enumerate((3, 1, 4)):
            np.testing.assert_array_equal(part.polygons[k], city.polygons[place])
        np.testing.assert_array_equal(part.holes[0], city.holes[1])
        np.testing.assert_array_equal(part.hole_owners, [0])
        np.testing.assert_array_equal(part.lines[0], city.lines[2])
        np.testing.assert_array_equal(part.line_kinds, [5, 0])
        np.testing.assert_array_equal(part.links, [[1, 2], [2, 0]])
        np.testing.assert_array_equal(part.speed_limits, [4.0, 2.0, 5.0])
        assert part.whole is city
        assert city.whole is city

    def test_a_path_goes_along_lines_with_the_heading_of_the_way_ahead(self, city):
        path = city.along(np.array([3, 0], np.int32))
        np.testing.assert_array_equal(path[:, :2], np.concatenate([city.lines[3], city.lines[0]]))
        np.testing.assert_allclose(path[:, 2], [0.0, np.pi / 2, np.pi / 2] * 2)

    def test_part_and_path_come_back_from_the_store_and_the_map_is_there_once(self, tmp_path, city):
        parts = [city.part(np.array(which, np.int32), np.zeros(0, np.int32)) for which in ((0, 3), (1,))]
        along = np.array([3, 0], np.int32)
        scenes = [
            replace(
                s, truth=replace(s.truth, map=part, centerline=city.along(along), centerline_lines=along, obeyed=("a",))
            )
            for s, part in zip((made_up.scene("a"), made_up.scene("b")), parts, strict=True)
        ]
        with StoreWriter(tmp_path) as writer:
            writer.add_log("made-up", scenes)
        assert len(list((tmp_path / "maps").iterdir())) == 1
        store = SceneStore(tmp_path)
        for scene in scenes:
            assert_same(store[scene.token], scene)
        assert store["a"].truth.map.whole is store["b"].truth.map.whole


def test_pictures_are_found_below_the_folder_that_the_store_was_last_given(tmp_path):
    files = tuple(str(tmp_path / "blobs" / f"{k}.jpg") for k in range(2))
    scene = replace(made_up.scene("a"), pictures=files)
    with StoreWriter(tmp_path / "store", pictures=tmp_path / "blobs") as writer:
        writer.add_log("made-up", [scene])
    assert SceneStore(tmp_path / "store")["a"].pictures == files
    with StoreWriter(tmp_path / "store", pictures=tmp_path / "moved"):
        pass
    assert SceneStore(tmp_path / "store")["a"].pictures == tuple(str(tmp_path / "moved" / f"{k}.jpg") for k in range(2))
