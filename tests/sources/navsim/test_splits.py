"""Splits as the devkit writes them, and everything that can be wrong with their files."""

import pytest

from irlvla.epdms import Pair
from irlvla.errors import InputError
from irlvla.sources.navsim import read_split
from tests.sources.navsim.made_up_splits import BELOW

SPLIT = "defaults:\n- scene_filter: few\ndata_split: test\n"
PAIRED = """\
reactive_all_mapping:
- - '4a919f7ea2f65200'
  - 'd715fbc6ea0551f8'
  - - - '5421fa2f2e2b4cb13'
      - '5634addd2134d1453'
    - - '13aeb83dad95704fa'
      - '7d4dd35efebf5aa8f'
"""


@pytest.fixture
def folder(tmp_path):
    """A configuration with the split ``few`` and its filter, both empty still."""
    (tmp_path / "scene_filter").mkdir()
    return tmp_path


def read(folder, split=SPLIT, scenes="tokens: null\n"):
    (folder / "few.yaml").write_text(split)
    (folder / "scene_filter" / "few.yaml").write_text(scenes)
    return read_split("few", folder)


def test_the_made_up_splits_are_read_as_they_were_meant(made_up):
    for name, meant in made_up.splits.items():
        split = read_split(name, made_up.devkit_root / BELOW)
        assert (split.name, split.part) == (name, meant.data_split)
        assert split.tokens == set(meant.tokens)
        assert split.logs == (None if meant.logs is None else set(meant.logs))
        assert split.second_stage == set(meant.synthetic or ())
        assert split.pairs == tuple(Pair(*row) for row in meant.mapping or ())
        assert (split.history, split.future, split.needs_route) == (4, meant.future, True)
        assert split.every == (meant.interval or 4 + meant.future)
        assert split.asked == len(meant.tokens) + len(meant.synthetic or ())
        assert split.stages == (1 if meant.synthetic is None else 2)
        assert split.secret == name.startswith("private")


def test_parts_of_the_data_are_splits_that_take_every_scene(made_up):
    for name in ("trainval", "test", "mini"):
        split = read_split(name, made_up.devkit_root / BELOW)
        assert (split.part, split.logs, split.tokens, split.asked) == (name, None, None, None)
        assert split.every == 14


def test_what_a_filter_does_not_say_is_as_the_devkit_has_it(folder):
    split = read(
        folder, "defaults:\n- _self_\n- scene_filter: few\n", "_target_: navsim.common.dataclasses.SceneFilter"
    )
    assert split.part == "few"
    assert (split.history, split.future, split.every, split.needs_route) == (4, 10, 14, True)
    assert (split.logs, split.tokens, split.second_stage, split.pairs) == (None, None, frozenset(), ())


def test_what_a_filter_says_counts(folder):
    scenes = "num_history_frames: 2\nnum_future_frames: 0\nframe_interval: 3\nhas_route: false\nmax_scenes: null\n"
    split = read(folder, scenes=f"{scenes}log_names: []\ntokens: [1234567890123456, 'ab']\n")
    assert (split.history, split.future, split.every, split.needs_route) == (2, 0, 3, False)
    assert split.logs == frozenset()
    assert split.tokens == {"1234567890123456", "ab"}


def test_pairs_are_read_from_nested_lists(folder):
    split = read(folder, SPLIT + PAIRED)
    followers = (("5421fa2f2e2b4cb13", "5634addd2134d1453"), ("13aeb83dad95704fa", "7d4dd35efebf5aa8f"))
    assert split.pairs == (Pair("4a919f7ea2f65200", "d715fbc6ea0551f8", followers),)


@pytest.mark.parametrize("included", ["", "include_synthetic_scenes: false\n"])
def test_a_second_stage_counts_only_where_it_is_included(folder, included):
    split = read(folder, scenes=f"{included}tokens: []\nreactive_synthetic_initial_tokens: ['a']\n")
    assert split.second_stage == frozenset()
    assert split.stages == 1
    split = read(folder, scenes="include_synthetic_scenes: true\nreactive_synthetic_initial_tokens: null\n")
    assert split.second_stage == frozenset()


def test_an_unknown_split_is_told_which_there_are(made_up):
    with pytest.raises(InputError) as raised:
        read_split("navval", made_up.devkit_root / BELOW)
    for name in made_up.splits:
        assert name in str(raised.value)


def test_an_empty_folder_says_so(tmp_path):
    with pytest.raises(InputError, match=r"'few': is not in .*none is there"):
        read_split("few", tmp_path)


def test_a_filter_that_is_not_there_is_named(folder):
    (folder / "few.yaml").write_text(SPLIT)
    with pytest.raises(InputError, match=r"scene_filter/few\.yaml: cannot be read"):
        read_split("few", folder)


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ("defaults: [\n", "few.yaml: is no valid YAML"),
        ("a: !!python/object/apply:os.system ['true']\n", "few.yaml: is no valid YAML"),
        ("\x00", "few.yaml: is no valid YAML"),
        ("", "few.yaml: holds no settings"),
        ("- few\n", "few.yaml: holds no settings"),
        ("data_split: test\n", "few.yaml: names no scene_filter"),
        ("defaults: []\n", "few.yaml: names no scene_filter"),
        ("defaults: [few]\n", "few.yaml: names no scene_filter"),
        ("defaults: 3\n", "few.yaml, defaults: is no list"),
        (SPLIT + "reactive_all_mapping:\n- - 'a'\n  - 'b'\n", "few.yaml, row 0 of the mapping"),
        (SPLIT + "reactive_all_mapping:\n- - 'a'\n  - 'b'\n  - ['c']\n", "few.yaml, row 0 of the mapping"),
        (SPLIT + "reactive_all_mapping: 3\n", "few.yaml, reactive_all_mapping: is no list"),
    ],
)
def test_a_split_of_another_form_names_its_file(folder, split, message):
    with pytest.raises(InputError, match=message) as raised:
        read(folder, split)
    assert str(folder) in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("scenes", "message"),
    [
        ("tokens: [\n", "is no valid YAML"),
        ("[]\n", "holds no settings"),
        ("max_scenes: 10\n", "max_scenes: is set"),
        ("num_history_frames: 0\n", "num_history_frames: is 0"),
        ("num_future_frames: -1\n", "num_future_frames: is -1"),
        ("num_future_frames: 8.5\n", "num_future_frames: is 8.5"),
        ("num_future_frames: true\n", "num_future_frames: is True"),
        ("frame_interval: '1'\n", "frame_interval: is '1'"),
        ("frame_interval: 0\n", "frame_interval: is 0"),
        ("log_names: 2021.05.25\n", "log_names: is no list"),
        ("tokens: {a: b}\n", "tokens: is no list"),
        ("tokens: 5\n", "tokens: is no list"),
        ("include_synthetic_scenes: true\nreactive_synthetic_initial_tokens: 5\n", "initial_tokens: is no list"),
    ],
)
def test_a_filter_of_another_form_names_its_file(folder, scenes, message):
    with pytest.raises(InputError, match=message) as raised:
        read(folder, scenes=scenes)
    assert str(folder / "scene_filter" / "few.yaml") in str(raised.value)
