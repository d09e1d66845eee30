"""The splits of a made-up NAVSIM checkout: which scenes of which logs, as its configuration files say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

BELOW = Path("navsim/planning/script/config/common/train_test_split")
"""Where the files lie in a checkout."""

Mapped = tuple[str, str, tuple[tuple[str, str], ...]]
"""A first-stage token, the one half a second before it, and pairs of such of the second stage."""


@dataclass(frozen=True)
class Split:
    """One split.

    Attributes:
        data_split: where its logs lie.
        tokens: of the first stage; None takes every scene.
        logs: their names; None where the split has none.
        future: frames after now.
        mapping: of the second stage; None where it is not told.
        synthetic: initial tokens of the second stage; None for a split of one stage.
        interval: between the first frames of scenes; None takes scenes that share no frame.
    """

    data_split: str
    tokens: tuple[str, ...] | None
    logs: tuple[str, ...] | None
    future: int = 10
    mapping: tuple[Mapped, ...] | None = None
    synthetic: tuple[str, ...] | None = None
    interval: int | None = 1


def write_splits(devkit: Path, splits: Mapping[str, Split]) -> None:
    """Write the files of every split below a checkout, and those of the whole data splits."""
    filters = devkit / BELOW / "scene_filter"
    filters.mkdir(parents=True, exist_ok=True)
    (filters / "__init__.py").touch()
    _write(filters / "all_scenes.yaml", _filter_lines(Split("", None, None, interval=None)))
    for whole in ("trainval", "test", "mini"):
        _write(devkit / BELOW / f"{whole}.yaml", _split_lines("all_scenes", Split(whole, None, None)))
    for name, split in splits.items():
        _write(devkit / BELOW / f"{name}.yaml", _split_lines(name, split))
        _write(filters / f"{name}.yaml", _filter_lines(split))


def _write(path: Path, lines: Sequence[str]) -> None:
    path.write_text("\n".join(lines) + "\n")


def _split_lines(scene_filter: str, split: Split) -> list[str]:
    lines = ["defaults:", f"- scene_filter: {scene_filter}", f"data_split: {split.data_split}"]
    if split.synthetic is None:
        return lines
    if split.mapping is None:
        return [*lines, "reactive_all_mapping: null"]
    lines.append("reactive_all_mapping:")
    for now, before, pairs in split.mapping:
        lines += [f"- - '{now}'", f"  - '{before}'"]
        for k, pair in enumerate(pairs):
            lines += [f"  {'  ' if k else '- '}- - '{pair[0]}'", f"      - '{pair[1]}'"]
    return lines


def _filter_lines(split: Split) -> list[str]:
    lines = [
        "_target_: navsim.common.dataclasses.SceneFilter",
        "_convert_: all",
        "num_history_frames: 4",
        f"num_future_frames: {split.future}",
        f"frame_interval: {'null' if split.interval is None else split.interval}",
        "has_route: true",
        "max_scenes: null",
    ]
    if split.synthetic is not None:
        lines.append("include_synthetic_scenes: true")
    lines += _listed("log_names", split.logs)
    lines += _listed("tokens", split.tokens)
    if split.synthetic is not None:
        lines += _listed("reactive_synthetic_initial_tokens", split.synthetic)
    return lines


def _listed(name: str, tokens: Sequence[str] | None) -> list[str]:
    if tokens is None:
        return [f"{name}: null"]
    return [f"{name}:", *(f"- '{token}'" for token in tokens)]


def attributes_table(rows: Sequence[Mapping[str, str]]) -> str:
    """The CSV of the second stage's attributes."""
    names = list(rows[0])
    lines = [names, *([row[name] for name in names] for row in rows)]
    return "".join(",".join(f'"{value}"' if "," in value else value for value in line) + "\n" for line in lines)
