"""More scenes out of few: the mirrored world, where everybody drives on the other side."""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from irlvla.errors import InputError
from irlvla.scene import Command, HDMap, Lamps, Language, PathAction, Polylines, Scene, Scenery, Trajectory

MIRROR = "~"
"""Ending of a mirrored scene's token."""
_COMMAND = {Command.LEFT: Command.RIGHT, Command.RIGHT: Command.LEFT}
_PATH = {
    PathAction.LEFT_TURN: PathAction.RIGHT_TURN, PathAction.RIGHT_TURN: PathAction.LEFT_TURN,
    PathAction.LEFT_CHANGE: PathAction.RIGHT_CHANGE, PathAction.RIGHT_CHANGE: PathAction.LEFT_CHANGE,
}  # fmt: skip


def mirrored(scenes: Sequence[Scene]) -> list[Scene]:
    """Every scene with left and right swapped (global y negated); a full scene, which cameras and judge take as any.

    Raises:
        InputError: if a scene has recorded pictures, which show the world as it is.
    """
    maps: dict[int, HDMap] = {}
    return [_mirrored(scene, maps) for scene in scenes]


def _mirrored(scene: Scene, maps: dict[int, HDMap]) -> Scene:
    if scene.images is not None or scene.pictures is not None:
        raise InputError(scene.token, "has recorded pictures and cannot be mirrored", "mirror rendered scenes only")
    truth = scene.truth
    if id(truth.map) not in maps:
        maps[id(truth.map)] = _mirrored_map(truth.map)
    hdmap = maps[id(truth.map)]
    tracks = replace(truth.tracks, poses=_flip(truth.tracks.poses, 1, 2), velocities=_flip(truth.tracks.velocities, 1))
    human = truth.human
    return replace(
        scene,
        token=scene.token + MIRROR,
        previous=None if scene.previous is None else scene.previous + MIRROR,
        history=_flip(scene.history, 1, 2, 4, 6),
        command=_COMMAND.get(scene.command, scene.command),
        instruction=_swapped(scene.instruction),
        truth=replace(
            truth,
            ego=_flip(truth.ego, 1, 2, 4, 6, 7, 8, 9, 10),
            past=_flip(truth.past, 2, 3, 5, 7),
            map=hdmap,
            centerline=_flip(truth.centerline, 1, 2),
            centerline_lines=truth.centerline_lines[:0],
            tracks=tracks,
            reference=_flip(truth.reference, 1, 2),
            human=None if human is None else Trajectory(_flip(human.poses, 1, 2), human.interval),
            language=None if truth.language is None else _mirrored_language(truth.language),
            scenery=None if truth.scenery is None else _mirrored_scenery(truth.scenery),
        ),
    )


def _mirrored_map(hdmap: HDMap) -> HDMap:
    polygons, holes, lines = (
        Polylines(_flip(parts.points, 1), parts.offsets) for parts in (hdmap.polygons, hdmap.holes, hdmap.lines)
    )
    return replace(
        hdmap, polygons=polygons, holes=holes, lines=lines, buildings=_flip(hdmap.buildings, 1, 2), part_of=None
    )


def _mirrored_language(language: Language) -> Language:
    answers = tuple((_swapped(question), _swapped(answer)) for question, answer in language.answers)
    return Language(language.speed, _PATH.get(language.path, language.path), answers)


def _mirrored_scenery(scenery: Scenery) -> Scenery:
    lamps = scenery.lamps
    turned = (lamps & Lamps.BRAKE) | ((lamps & Lamps.LEFT) << 1) | ((lamps & Lamps.RIGHT) >> 1)
    weather = replace(scenery.weather, sun_azimuth=-scenery.weather.sun_azimuth)
    return Scenery(_flip(scenery.signals, 1, 2), turned.astype(np.uint8), weather)


def _swapped(text: str) -> str:
    """``text`` with the words left and right changed over."""
    swap = {"left": "right", "right": "left", "Left": "Right", "Right": "Left"}
    return re.sub(r"\b(left|right|Left|Right)\b", lambda found: swap[found[0]], text)


def _flip(values: NDArray[np.float64], *columns: int) -> NDArray[np.float64]:
    """A copy with the signs of some of the last axis turned."""
    result = values.copy()
    result[..., list(columns)] *= -1
    return result
