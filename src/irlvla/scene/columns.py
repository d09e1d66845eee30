"""Scenes of one log as columns: flat arrays that a file can hold and slices of which are one scene.

Fixed-size fields are stacked along scenes; ragged ones are joined, with offsets beside them. Tracks are kept at their
knots (:mod:`irlvla.scene.knots`); of a part of a larger map, and of a centre line made of that map's lines, the places
in it.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import astuple
from typing import Any

import numpy as np
from numpy.typing import NDArray

from irlvla.scene.cameras import CameraRig
from irlvla.scene.hdmap import HDMap
from irlvla.scene.knots import pack_tracks, unpack_tracks
from irlvla.scene.language import Language, PathAction, SpeedAction
from irlvla.scene.polylines import Polylines
from irlvla.scene.scene import Command, RedLight, Scene, SceneTruth
from irlvla.scene.scenery import Scenery, Weather
from irlvla.scene.trajectory import Trajectory

Array = NDArray[Any]
Columns = dict[str, Array]
Slice = Callable[[str, int, int], Array]
"""Reads rows ``[start, stop)`` of a named column."""

_none = np.zeros(0, np.int32)
_RAGGED: dict[str, Callable[[Scene], Array]] = {
    "past": lambda s: s.truth.past,
    "map_polygons": lambda s: _none if s.truth.map.part_of is None else s.truth.map.part_of.polygons,
    "map_lines": lambda s: _none if s.truth.map.part_of is None else s.truth.map.part_of.lines,
    "centerline": lambda s: s.truth.centerline[: 0 if len(s.truth.centerline_lines) else None],
    "centerline_lines": lambda s: s.truth.centerline_lines,
    "reference": lambda s: s.truth.reference,
    "human": lambda s: s.truth.human.poses if s.truth.human else np.zeros((0, 3)),
    "red": lambda s: np.array([light.red for light in s.truth.red_lights], np.bool_).reshape(-1, 41),
    "signals": lambda s: s.truth.scenery.signals if s.truth.scenery else np.zeros((0, 4)),
    "lamps": lambda s: s.truth.scenery.lamps if s.truth.scenery else np.zeros(0, np.uint8),
}
_TRACKS = ("track_kinds", "track_sizes", "track_now", "track_valid", "track_knots", "track_states")
_FIXED: dict[str, Callable[[Scene], Any]] = {
    "history": lambda s: s.history,
    "command": lambda s: np.int8(s.command),
    "t0_us": lambda s: np.int64(s.truth.t0_us),
    "ego": lambda s: s.truth.ego,
    "speed_limit": lambda s: np.float64(s.truth.speed_limit),
    "human_interval": lambda s: np.float64(s.truth.human.interval if s.truth.human else np.nan),
    "is_part": lambda s: np.bool_(s.truth.map.part_of is not None),
    "has_scenery": lambda s: np.bool_(s.truth.scenery is not None),
    "weather": lambda s: np.array(astuple(s.truth.scenery.weather if s.truth.scenery else Weather())),
}


def pack(scenes: Sequence[Scene]) -> tuple[Columns, dict[str, str]]:
    """Columns and texts of the scenes of one log; the map is not among them. Undone by :func:`unpack`."""
    columns: Columns = {name: np.stack([of(s) for s in scenes]) for name, of in _FIXED.items()}
    ragged = {name: [of(s) for s in scenes] for name, of in _RAGGED.items()}
    tracks = [pack_tracks(s.truth.tracks, s.truth.ego) for s in scenes]
    ragged |= {name: [packed[name] for packed in tracks] for name in _TRACKS}
    for name, parts in ragged.items():
        columns[name] = np.concatenate(parts)
        columns[f"{name}@"] = np.cumsum([0, *map(len, parts)], dtype=np.int64)
    pictures = [s.images for s in scenes if s.images is not None]
    if pictures:
        columns["images"] = np.concatenate(pictures)
        columns["images@"] = np.cumsum([0, *(0 if s.images is None else len(s.images) for s in scenes)], dtype=np.int64)
    rigs: list[CameraRig] = []
    rig_of = [_index_of(rigs, s.cameras) for s in scenes]
    for k, rig in enumerate(rigs):
        columns[f"rig{k}.intrinsics"], columns[f"rig{k}.camera_to_ego"] = rig.intrinsics, rig.camera_to_ego
        columns[f"rig{k}.distortion"] = rig.distortion
    texts = {
        "scenes": [
            {
                "token": s.token, "log": s.log, "source": s.source, "previous": s.previous, "follows": s.follows,
                "rig": rig, "instruction": s.instruction, "route": s.truth.route,
                "reference_kind": s.truth.reference_kind,
                "tracks": s.truth.tracks.tokens, "connectors": [light.connector for light in s.truth.red_lights],
                "language": astuple(s.truth.language) if s.truth.language else None, "pictures": s.pictures,
                "lidar": s.lidar, "obeyed": s.truth.obeyed,
            }
            for s, rig in zip(scenes, rig_of, strict=True)
        ],
        "rigs": [{"names": r.names, "width": r.width, "height": r.height, "lenses": len(r.distortion)} for r in rigs],
    }  # fmt: skip
    return columns, {name: json.dumps(value) for name, value in texts.items()}


def _index_of(rigs: list[CameraRig], rig: CameraRig) -> int:
    """Place of ``rig`` in ``rigs``, which it joins if it is new."""
    for k, known in enumerate(rigs):
        if known is rig or (
            (known.names, known.width, known.height) == (rig.names, rig.width, rig.height)
            and np.array_equal(known.intrinsics, rig.intrinsics)
            and np.array_equal(known.camera_to_ego, rig.camera_to_ego)
            and np.array_equal(known.distortion, rig.distortion)
        ):
            return k
    rigs.append(rig)
    return len(rigs) - 1


def unpack(read: Slice, columns: frozenset[str], texts: dict[str, Any], k: int, hdmap: HDMap) -> Scene:
    """Scene ``k`` of a packed log.

    Args:
        read: gives rows of a column, reading no more than those.
        columns: names of the columns there are.
        texts: the parsed texts of :func:`pack`.
        k: which scene.
        hdmap: the log's map, whole.
    """
    text = texts["scenes"][k]
    fixed = {name: read(name, k, k + 1)[0] for name in _FIXED}
    ragged = {name: read(name, *_bounds(read, name, k)) for name in (*_RAGGED, *_TRACKS)}
    ego, along = fixed["ego"], ragged["centerline_lines"]
    truth = SceneTruth(
        t0_us=int(fixed["t0_us"]),
        ego=ego,
        past=ragged["past"],
        map=hdmap.part(ragged["map_polygons"], ragged["map_lines"]) if fixed["is_part"] else hdmap,
        route=tuple(text["route"]),
        centerline=hdmap.along(along) if len(along) else ragged["centerline"],
        centerline_lines=along,
        speed_limit=float(fixed["speed_limit"]),
        tracks=unpack_tracks({name: ragged[name] for name in _TRACKS}, tuple(text["tracks"]), ego),
        red_lights=tuple(RedLight(name, red) for name, red in zip(text["connectors"], ragged["red"], strict=True)),
        obeyed=None if text["obeyed"] is None else tuple(text["obeyed"]),
        reference=ragged["reference"],
        reference_kind=text["reference_kind"],
        human=Trajectory(ragged["human"], float(fixed["human_interval"])) if len(ragged["human"]) else None,
        language=_language(text["language"]),
        scenery=Scenery(ragged["signals"], ragged["lamps"], Weather(*fixed["weather"].tolist()))
        if fixed["has_scenery"]
        else None,
    )
    images = read("images", *_bounds(read, "images", k)) if "images" in columns else np.zeros(0, np.uint8)
    return Scene(
        token=text["token"],
        log=text["log"],
        source=text["source"],
        history=fixed["history"],
        command=Command(int(fixed["command"])),
        truth=truth,
        cameras=_rig(read, texts["rigs"][text["rig"]], f"rig{text['rig']}"),
        images=images if len(images) else None,
        pictures=text["pictures"] and tuple(text["pictures"]),
        lidar=text["lidar"],
        previous=text["previous"],
        follows=text["follows"],
        instruction=text["instruction"],
    )


def _rig(read: Slice, text: dict[str, Any], name: str) -> CameraRig:
    """The rig with these names and sizes, whose numbers lie in the columns of ``name``."""
    count = len(text["names"])
    intrinsics, poses = (read(f"{name}.{part}", 0, count) for part in ("intrinsics", "camera_to_ego"))
    lenses = read(f"{name}.distortion", 0, text["lenses"])
    return CameraRig(tuple(text["names"]), text["width"], text["height"], intrinsics, poses, lenses)


def _language(said: list[Any] | None) -> Language | None:
    """What was said, from its fields in order."""
    if said is None:
        return None
    speed, path, answers = said
    return Language(SpeedAction(speed), PathAction(path), tuple((question, answer) for question, answer in answers))


def _bounds(read: Slice, name: str, k: int) -> tuple[int, int]:
    start, stop = read(f"{name}@", k, k + 2)
    return int(start), int(stop)


def pack_map(hdmap: HDMap) -> tuple[Columns, dict[str, str]]:
    """Columns and texts of a map. Undone by :func:`unpack_map`."""
    columns: Columns = {
        "layers": hdmap.layers, "hole_owners": hdmap.hole_owners, "line_kinds": hdmap.line_kinds,
        "polygons": hdmap.polygons.points, "polygons@": hdmap.polygons.offsets,
        "holes": hdmap.holes.points, "holes@": hdmap.holes.offsets,
        "lines": hdmap.lines.points, "lines@": hdmap.lines.offsets,
        "links": hdmap.links, "speed_limits": hdmap.speed_limits, "buildings": hdmap.buildings,
    }  # fmt: skip
    return columns, {"ids": json.dumps(hdmap.ids)}


def unpack_map(columns: Columns, texts: dict[str, str]) -> HDMap:
    """The map of :func:`pack_map`."""
    return HDMap(
        ids=tuple(json.loads(texts["ids"])),
        layers=columns["layers"],
        polygons=Polylines(columns["polygons"], columns["polygons@"]),
        holes=Polylines(columns["holes"], columns["holes@"]),
        hole_owners=columns["hole_owners"],
        lines=Polylines(columns["lines"], columns["lines@"]),
        line_kinds=columns["line_kinds"],
        links=columns["links"],
        speed_limits=columns["speed_limits"],
        buildings=columns["buildings"],
    )
