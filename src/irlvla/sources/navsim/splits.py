"""Splits of NAVSIM: which frames of which logs are scenes, and how two stages belong together.

A split is the devkit's ``NAME.yaml`` (part of the data, pairs of both stages) with the filter that it names,
``scene_filter/NAME.yaml``.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from irlvla.epdms import Pair
from irlvla.errors import InputError

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Split:
    """Which scenes there are.

    Attributes:
        name: of the split.
        part: of the data ("test", "trainval", "mini", ...): where its logs and pictures lie.
        history: frames up to now, now among them, 0.5 s apart.
        future: frames after now.
        every: frames from the beginning of a scene to that of the next.
        needs_route: whether scenes without a route are left out.
        logs: their names, None for all.
        tokens: names of the first-stage scenes (their frames of now), None for all.
        second_stage: names of the second-stage scenes, none in splits of one stage.
        pairs: first-stage frames with their predecessors and followers, empty in splits of one stage and secret ones.
    """

    name: str
    part: str
    history: int
    future: int
    every: int
    needs_route: bool
    logs: frozenset[str] | None
    tokens: frozenset[str] | None
    second_stage: frozenset[str]
    pairs: tuple[Pair, ...]

    @property
    def stages(self) -> Literal[1, 2]:
        """How many stages it is scored in."""
        return 2 if self.second_stage else 1

    @property
    def secret(self) -> bool:
        """Whether only the organisers know what was around: there are no annotations, no routes and no maps."""
        return self.part.startswith("private")

    @property
    def asked(self) -> int | None:
        """How many scenes it names, of both stages; None if it takes what there is."""
        return None if self.tokens is None else len(self.tokens) + len(self.second_stage)


def read_split(name: str, folder: Path) -> Split:
    """The split ``name`` of the devkit's configuration ``folder``.

    Raises:
        InputError: if there is no such split, or its files are no such thing; the file is named.
    """
    path = folder / f"{name}.yaml"
    if not path.exists():
        known = ", ".join(sorted(file.stem for file in folder.glob("*.yaml"))) or "none is there"
        raise InputError(f"split {name!r}", f"is not in {folder}", f"choose among {known}")
    split = _read(path)
    filters = folder / "scene_filter" / f"{_filter_name(path, split)}.yaml"
    scenes = _read(filters)
    history = _count(filters, scenes, "num_history_frames", 4, 1)
    future = _count(filters, scenes, "num_future_frames", 10, 0)
    second = _names(filters, scenes, "reactive_synthetic_initial_tokens")
    if scenes.get("max_scenes") is not None:
        what = "is set; which scenes it leaves depends on the order of files"
        raise InputError(f"{filters}, max_scenes", what, "set it to null and list tokens instead")
    return Split(
        name=name,
        part=str(split.get("data_split", name)),
        history=history,
        future=future,
        every=_count(filters, scenes, "frame_interval", history + future, 1),
        needs_route=bool(scenes.get("has_route", True)),
        logs=_names(filters, scenes, "log_names"),
        tokens=_names(filters, scenes, "tokens"),
        second_stage=second or frozenset() if scenes.get("include_synthetic_scenes") else frozenset(),
        pairs=_pairs(path, split),
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        content = yaml.load(path.read_bytes(), Loader=_LOADER)  # a safe loader either way
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", "check out the devkit again") from None
    except yaml.YAMLError as error:
        where = " ".join(str(error).split())
        raise InputError(path, f"is no valid YAML ({where})", "check out the devkit again") from None
    if not isinstance(content, dict):
        raise InputError(path, "holds no settings", "check out the devkit again")
    return content


def _filter_name(path: Path, split: dict[str, Any]) -> str:
    for default in _rows(path, split, "defaults") or ():
        if isinstance(default, dict) and "scene_filter" in default:
            return str(default["scene_filter"])
    raise InputError(path, "names no scene_filter among its defaults", "check out the devkit again")


def _count(path: Path, scenes: dict[str, Any], name: str, usual: int, least: int) -> int:
    value = scenes.get(name, usual)
    value = usual if value is None else value
    if type(value) is not int or value < least:
        raise InputError(f"{path}, {name}", f"is {value!r}", f"give a whole number of {least} or more")
    return value


def _names(path: Path, scenes: dict[str, Any], name: str) -> frozenset[str] | None:
    values = _rows(path, scenes, name)
    return None if values is None else frozenset(map(str, values))


def _pairs(path: Path, split: dict[str, Any]) -> tuple[Pair, ...]:
    try:
        return Pair.of_mapping(_rows(path, split, "reactive_all_mapping") or ())
    except InputError as error:
        raise InputError(f"{path}, {error.where}", error.what, "check out the devkit again") from None


def _rows(path: Path, content: dict[str, Any], name: str) -> list[Any] | None:
    values = content.get(name)
    if values is not None and not isinstance(values, list):
        raise InputError(f"{path}, {name}", "is no list", "check out the devkit again")
    return values
