"""Log pickles of NAVSIM, and the windows of frames in them that are scenes."""

from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from irlvla.errors import InputError
from irlvla.scene.frames import poses_to_local
from irlvla.sources.navsim.detections import MOMENTS
from irlvla.sources.navsim.frames import Frame, Moment, frame_of_log, named
from irlvla.sources.navsim.splits import Split
from irlvla.sources.restricted import read_pickle

POSES = 8
"""Of the human's plan, 0.5 s apart."""

Told = Mapping[str, Any]
Translated = TypeVar("Translated")


@dataclass(frozen=True)
class Window:
    """The frames of one scene.

    Attributes:
        log: its name.
        city: name of the map.
        history: frames up to now, 0.5 s apart; the last is now.
        moments: what is around from now on, 0.5 s apart, as far as it is known.
        human: ``[8, 3]`` what was driven, ego frame of now; None in made-up scenes and secret ones.
    """

    log: str
    city: str
    history: tuple[Frame, ...]
    moments: tuple[Moment, ...]
    human: NDArray[np.float64] | None

    @property
    def now(self) -> Frame:
        """The frame of now."""
        return self.history[-1]


def read_log(path: Path) -> list[Told]:
    """The frames of a log as they are, in order.

    Raises:
        InputError: if the file cannot be read, is damaged, would run code, or holds no frames.
    """
    frames = read_pickle(path)
    if not isinstance(frames, list) or not all(isinstance(frame, dict) and "token" in frame for frame in frames):
        raise InputError(path, "holds no list of frames", "take log pickles of NAVSIM (navsim_logs)")
    return frames


@dataclass(frozen=True)
class Candidate:
    """Where a scene begins in a log: ``first`` of its frames, and its name."""

    first: int
    token: str


def candidates(frames: Sequence[Told], split: Split) -> Iterator[Candidate]:
    """The scenes of a log that belong to the first stage of a split."""
    total = split.history + split.future
    for first in range(0, len(frames) - total + 1, split.every):
        now = frames[first + split.history - 1]
        token = str(now["token"])
        if split.tokens is not None and token not in split.tokens:
            continue
        if split.needs_route and not _has_route(now):
            continue
        yield Candidate(first, token)


def _has_route(frame: Told) -> bool:
    """Whether it names a roadblock; one that does not say will name its fault when it is translated."""
    roadblocks = frame.get("roadblock_ids")
    return not isinstance(roadblocks, Sized) or len(roadblocks) > 0


class LogFrames:
    """The frames of a log, each translated when it is first asked for.

    Attributes:
        path: of the log.
        told: its frames as they are.
    """

    def __init__(self, path: Path, frames: Sequence[Told]) -> None:
        self.path = path
        self.told = frames
        self._frames: dict[int, Frame] = {}

    def __getitem__(self, k: int) -> Frame:
        """Frame ``k``.

        Raises:
            InputError: if it has another form; it is named.
        """
        if k not in self._frames:
            self._frames[k] = self._translated(k, frame_of_log)
        return self._frames[k]

    def _translated(self, k: int, translate: Callable[[Told], Translated]) -> Translated:
        told = self.told[k]
        with named(f"{self.path}, frame {told['token']}"):
            return translate(told)

    def window(self, candidate: Candidate, split: Split) -> Window:
        """The scene that begins there; of the future no more than 4 s.

        Raises:
            InputError: if one of its frames has another form.
        """
        now = candidate.first + split.history - 1
        last = now + min(split.future, POSES)
        history = tuple(self[k] for k in range(candidate.first, now + 1))
        ahead = [self[k] for k in range(now, last + 1)]
        poses = np.array([frame.pose for frame in ahead[1 : POSES + 1]]).reshape(-1, 3)
        log, city = self._translated(now, lambda told: (str(told["log_name"]), str(told["map_location"])))
        return Window(
            log=log,
            city=city,
            history=history,
            moments=tuple(frame.around for frame in ahead[:MOMENTS] if frame.around is not None),
            human=poses_to_local(poses, history[-1].pose) if len(poses) == POSES else None,
        )
