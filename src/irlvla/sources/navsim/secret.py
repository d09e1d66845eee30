"""Secret splits, which come without anything that is around the ego: five frames a scene, for now and 0.5 s before."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from irlvla.errors import InputError
from irlvla.sources.navsim.logs import LogFrames, Told, Window, read_log

FRAMES = 5
"""Of a scene: four up to half a second before now, and now."""


def secret_windows(path: Path) -> Iterator[Window]:
    """The two scenes of each group of five frames in a pickle of the first or of the second stage.

    Frames of one scene share a ``scene_token``; groups of another number are none. **Quirk**: as in the benchmark.

    Raises:
        InputError: if the file cannot be read, or a frame has another form.
    """
    groups: dict[str, list[Told]] = {}
    frames = read_log(path)
    for frame in frames:
        groups.setdefault(str(frame.get("scene_token", path.stem)), []).append(frame)
    for group in groups.values():
        if len(group) == FRAMES:
            yield from _windows(path, _in_order(path, group))


def _in_order(path: Path, group: Sequence[Told]) -> list[Told]:
    if not all("frame_idx" in frame for frame in group):
        return list(group)  # second-stage files are in order
    try:
        return sorted(group, key=lambda frame: int(frame["frame_idx"]))
    except (TypeError, ValueError):
        raise InputError(path, "has a frame_idx that is no number", "download it again") from None


def _windows(path: Path, group: Sequence[Told]) -> Iterator[Window]:
    frames = LogFrames(path, group)
    for first in (0, 1):
        history = tuple(frames[k] for k in range(first, first + FRAMES - 1))
        now = group[first + FRAMES - 2]
        yield Window(str(now.get("log_name", path.stem)), str(now.get("map_location", "")), history, (), None)
