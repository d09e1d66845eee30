import json
from dataclasses import replace

import numpy as np
import pytest

from irlvla.errors import InputError
from irlvla.scene import ObjectKind, Scene, SceneStore, StoreWriter
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
    np.testing.assert_array_equal(x.map.line_kinds, y.map.line_kinds)
    np.testing.assert_array_equal(x.map.layers, y.map.layers)


def test_what_is_stored_is_what_is_read(store, scenes):
    assert store.tokens == ["a", "b", "c"]
    for token, scene in zip(store.tokens, scenes, strict=True):
        assert_same(scene, store[token])
    assert_same(scenes[1], store[1])
    assert store.verify() == []


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


def test_a_store_of_another_version_is_refused(tmp_path, store):
    manifest = json.loads((tmp_path / "store.json").read_text())
    (tmp_path / "store.json").write_text(json.dumps(manifest | {"version": 99}))
    with pytest.raises(InputError, match="version 99, this irlvla reads version 1"):
        SceneStore(tmp_path)
    with pytest.raises(InputError, match="version 99"):
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
