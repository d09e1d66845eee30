"""Recordings in ScenarioNet's pickles: nuScenes, Waymo and others, in today's layout or the older one of MetaDrive.

Today's layout keeps ``map_features`` and one array per quantity; the older one (as in MetaDrive 0.3.0.1's Waymo
samples) keeps ``map``, a state table per object and enumerations in place of names.
"""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from shapely.errors import ShapelyError

from irlvla.errors import InputError
from irlvla.scene import ObjectKind
from irlvla.sources.checks import check_recording
from irlvla.sources.recording import AXLE_TO_CENTRE, Recording
from irlvla.sources.restricted import load_pickle
from irlvla.sources.scenarionet_map import read_map

KINDS = {
    "VEHICLE": ObjectKind.VEHICLE,
    "PEDESTRIAN": ObjectKind.PEDESTRIAN,
    "CYCLIST": ObjectKind.BICYCLE,
    "TRAFFIC_CONE": ObjectKind.TRAFFIC_CONE,
    "TRAFFIC_BARRIER": ObjectKind.BARRIER,
    "TRAFFIC_OBJECT": ObjectKind.GENERIC_OBJECT,
    "OTHER": ObjectKind.GENERIC_OBJECT,
    "UNSET": ObjectKind.GENERIC_OBJECT,
    "AgentType.0": ObjectKind.GENERIC_OBJECT,
    "AgentType.1": ObjectKind.VEHICLE,
    "AgentType.2": ObjectKind.PEDESTRIAN,
    "AgentType.3": ObjectKind.BICYCLE,
    "AgentType.4": ObjectKind.GENERIC_OBJECT,
}

# nuScenes records the rear axle of its Renault Zoe (4.084 m long, rear overhang 0.657 m); everybody else a box centre.
_NUSCENES_AXLE_TO_CENTRE = 1.385


def is_scenario(content: Any) -> bool:
    """Whether the content of a pickle looks like a recorded scenario at all (and is no index or other bystander)."""
    return isinstance(content, dict) and "tracks" in content and ("map_features" in content or "map" in content)


def read_scenario(content: dict[str, Any], where: str | Path) -> Recording:
    """The recording in an unpickled scenario of either layout.

    Args:
        content: as :func:`~irlvla.sources.restricted.load_pickle` gives it.
        where: its file, for messages.

    Raises:
        InputError: if something in it is missing, unknown, not finite or too short.
    """
    try:
        recording = _read_new(content, where) if "map_features" in content else _read_old(content, where)
    except (KeyError, IndexError, TypeError, AttributeError, ValueError, ShapelyError) as error:
        if isinstance(error, InputError):
            raise
        what = f"not a scenario as ScenarioNet writes it ({type(error).__name__}: {error})"
        raise InputError(where, what, "convert the log again with ScenarioNet") from error
    check_recording(recording, where)
    return recording


def read_scenario_bytes(data: bytes, where: str | Path) -> Recording:
    """:func:`read_scenario` of a pickle that is still packed."""
    content = load_pickle(data, where)
    if not is_scenario(content):
        raise InputError(where, "the pickle holds no scenario (no tracks and map)", "give a ScenarioNet file")
    return read_scenario(content, where)


def _read_new(content: dict[str, Any], where: str | Path) -> Recording:
    metadata, tracks = content["metadata"], content["tracks"]
    dataset = str(metadata.get("dataset", "scenarionet")).lower()
    ids = [str(key) for key in tracks]
    states = [track["state"] for track in tracks.values()]
    poses = np.stack([np.column_stack([np.asarray(s["position"])[:, :2], _flat(s["heading"])]) for s in states])
    valid = np.stack([_flat(s["valid"]) > 0 for s in states])
    sizes = np.stack([np.column_stack([_flat(s[k]) for k in ("length", "width", "height")]) for s in states])
    ego = ids.index(str(metadata["sdc_id"]))
    axle_to_centre = AXLE_TO_CENTRE
    if dataset == "nuscenes":
        axle_to_centre = _NUSCENES_AXLE_TO_CENTRE
        heading = poses[ego, :, 2]
        poses[ego, :, :2] += axle_to_centre * np.column_stack([np.cos(heading), np.sin(heading)])
    sizes[ego, :, :2] = np.sort(sizes[ego, :, :2])[:, ::-1]  # nuScenes files have the recording car's swapped
    road_map, notes = read_map(content["map_features"])
    return Recording(
        name=f"{dataset}-{metadata.get('scenario_id', content['id'])}",
        source=dataset,
        t_us=_stamps(metadata["ts"] if "ts" in metadata else 0.1 * np.arange(content["length"])),
        ids=tuple(ids),
        kinds=_kinds([track["type"] for track in tracks.values()], where),
        sizes=_median_sizes(sizes, valid),
        poses=poses,
        valid=valid,
        ego=ego,
        axle_to_centre=axle_to_centre,
        map=road_map,
        notes=notes,
    )


def _read_old(content: dict[str, Any], where: str | Path) -> Recording:
    tracks = content["tracks"]
    ids = list(tracks)
    table = np.stack([np.asarray(track["state"], np.float64) for track in tracks.values()])
    valid = table[:, :, 9] > 0
    road_map, notes = read_map(content["map"])
    return Recording(
        name=f"waymo-{content['id']}",
        source="waymo",
        t_us=_stamps(content["ts"]),
        ids=tuple(map(str, ids)),
        kinds=_kinds([track["type"] for track in tracks.values()], where),
        sizes=_median_sizes(table[:, :, 3:6], valid),
        poses=table[:, :, [0, 1, 6]],
        valid=valid,
        ego=ids.index(content["sdc_index"]),
        axle_to_centre=AXLE_TO_CENTRE,
        map=road_map,
        notes=notes,
    )


def _flat(values: Any) -> NDArray[np.float64]:
    return np.asarray(values, np.float64).reshape(-1)


def _stamps(seconds: Any) -> NDArray[np.int64]:
    stamps = np.round(_flat(seconds) * 1e6)
    if not (np.abs(stamps) < 2**62).all():
        raise ValueError("its time stamps are not finite numbers")
    return stamps.astype(np.int64)


def _kinds(classes: list[Any], where: str | Path) -> NDArray[np.int8]:
    unknown = Counter(str(name) for name in classes if str(name) not in KINDS)
    if unknown:
        named = ", ".join(f"{name} ({count} objects)" for name, count in sorted(unknown.items()))
        raise InputError(where, f"unknown object class: {named}", f"known are {', '.join(KINDS)}")
    return np.array([KINDS[str(name)] for name in classes], np.int8)


def _median_sizes(sizes: NDArray[np.float64], valid: NDArray[np.bool_]) -> NDArray[np.float64]:
    """``[N, 3]`` from ``[N, S, 3]``: the median where observed, zero for objects that never are."""
    return np.stack([np.median(s[v], axis=0) if v.any() else np.zeros(3) for s, v in zip(sizes, valid, strict=True)])
