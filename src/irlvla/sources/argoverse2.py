"""Recordings of the Argoverse 2 sensor data set: feather tables and a JSON map per log."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation, Slerp
from shapely.errors import ShapelyError
from shapely.geometry import Polygon

from irlvla.errors import InputError
from irlvla.scene import LineKind, ObjectKind
from irlvla.sources.checks import check_recording
from irlvla.sources.polygons import finite, polygons_of
from irlvla.sources.polylines import arc_length, points_at
from irlvla.sources.recording import RecordedLane, RecordedMap, Recording

_POSES, _BOXES, _MAP = "city_SE3_egovehicle.feather", "annotations.feather", "map/log_map_archive_*.json"
_QUATERNION, _PLACE = ("qx", "qy", "qz", "qw"), ("tx_m", "ty_m", "tz_m")
_POSE, _SIZE = (*_QUATERNION, *_PLACE), ("length_m", "width_m", "height_m")

KINDS = {
    **dict.fromkeys(
        (
            "REGULAR_VEHICLE", "LARGE_VEHICLE", "BUS", "BOX_TRUCK", "TRUCK", "VEHICULAR_TRAILER", "TRUCK_CAB",
            "SCHOOL_BUS", "ARTICULATED_BUS", "MESSAGE_BOARD_TRAILER", "TRAFFIC_LIGHT_TRAILER", "RAILED_VEHICLE",
        ),
        ObjectKind.VEHICLE,
    ),
    **dict.fromkeys(
        ("BICYCLE", "BICYCLIST", "MOTORCYCLE", "MOTORCYCLIST", "WHEELED_DEVICE", "WHEELED_RIDER"), ObjectKind.BICYCLE
    ),
    **dict.fromkeys(("PEDESTRIAN", "STROLLER", "WHEELCHAIR", "OFFICIAL_SIGNALER"), ObjectKind.PEDESTRIAN),
    **dict.fromkeys(("CONSTRUCTION_CONE", "CONSTRUCTION_BARREL"), ObjectKind.TRAFFIC_CONE),
    "MOBILE_PEDESTRIAN_CROSSING_SIGN": ObjectKind.CZONE_SIGN,
    **dict.fromkeys(("BOLLARD", "SIGN", "STOP_SIGN", "DOG", "ANIMAL"), ObjectKind.GENERIC_OBJECT),
}  # fmt: skip

# The recording car: a Ford Fusion (rear overhang about 1.1 m), which the data set does not list among its objects.
_CAR_SIZE = (4.87, 1.85, 1.48)
_AXLE_TO_CENTRE = 1.34
_MARKINGS = {
    "WHITE": (LineKind.MARKING_WHITE_BROKEN, LineKind.MARKING_WHITE_SOLID),
    "YELLOW": (LineKind.MARKING_YELLOW_BROKEN, LineKind.MARKING_YELLOW_SOLID),
}


def find_logs(path: Path) -> list[Path]:
    """The Argoverse 2 logs at or below ``path``: folders with poses of the recording car."""
    return sorted(found.parent for found in path.rglob(_POSES)) if path.is_dir() else []


def read_log(folder: Path) -> Recording:
    """The recording in the log ``folder``: instants are those of the annotated sweeps.

    Raises:
        InputError: if a file is missing or damaged, or something in it unknown, not finite or too short.
    """
    poses = _table(folder / _POSES, ("timestamp_ns", *_POSE))
    boxes = _table(folder / _BOXES, ("timestamp_ns", "track_uuid", "category", *_SIZE, *_POSE))
    unknown = Counter(str(name) for name in boxes["category"] if name not in KINDS)
    if unknown:
        named = ", ".join(f"{name} ({count} boxes)" for name, count in sorted(unknown.items()))
        raise InputError(folder / _BOXES, f"unknown object class: {named}", f"known are {', '.join(KINDS)}")
    sweeps, sweep = np.unique(boxes["timestamp_ns"], return_inverse=True)
    if len(sweeps) < 2 or poses["timestamp_ns"].min() > sweeps[0] or poses["timestamp_ns"].max() < sweeps[-1]:
        raise InputError(folder / _POSES, "the poses do not span the annotated sweeps", "download the log again")
    rotations, translations = _poses_at(poses, sweeps, folder / _POSES)
    recording = _assemble(folder, boxes, sweeps, sweep, rotations, translations)
    check_recording(recording, folder)
    return recording


def _assemble(
    folder: Path,
    boxes: dict[str, NDArray[Any]],
    sweeps: NDArray[np.int64],
    sweep: NDArray[np.int64],
    rotations: NDArray[np.float64],
    translations: NDArray[np.float64],
) -> Recording:
    """Boxes brought from the frames of their sweeps into the city's, and the recording car put before them."""
    ids, track = np.unique(boxes["track_uuid"].astype(str), return_inverse=True)
    local = np.column_stack([boxes[name] for name in _PLACE])
    turned = rotations[sweep] @ _rotations(boxes, folder / _BOXES).as_matrix()
    seen = np.zeros((len(ids) + 1, len(sweeps)), bool)
    found = np.zeros((len(ids) + 1, len(sweeps), 3))
    seen[track + 1, sweep] = True
    found[track + 1, sweep, :2] = (rotations[sweep] @ local[..., None])[:, :2, 0] + translations[sweep, :2]
    found[track + 1, sweep, 2] = _yaw(turned)
    heading = _yaw(rotations)
    seen[0] = True
    found[0] = np.column_stack([translations[:, :2], heading])
    found[0, :, :2] += _AXLE_TO_CENTRE * np.column_stack([np.cos(heading), np.sin(heading)])
    dimensions = np.column_stack([boxes[name] for name in _SIZE])
    first = np.unique(track, return_index=True)[1]
    return Recording(
        name=f"argoverse2-{folder.resolve().name}",
        source="argoverse2",
        t_us=sweeps // 1000,
        ids=("ego", *ids),
        kinds=np.array([ObjectKind.VEHICLE, *(KINDS[name] for name in boxes["category"][first])], np.int8),
        sizes=np.array([_CAR_SIZE, *(np.median(dimensions[track == k], axis=0) for k in range(len(ids)))]),
        poses=found,
        valid=seen,
        ego=0,
        axle_to_centre=_AXLE_TO_CENTRE,
        map=read_map(folder),
    )


def _table(path: Path, columns: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    import pyarrow
    from pyarrow import feather

    try:
        table = feather.read_table(path, columns=list(columns))
    except FileNotFoundError:
        raise InputError(path, "is missing", "download the whole log") from None
    except (OSError, ValueError, pyarrow.ArrowException) as error:
        raise InputError(path, f"cannot be read ({str(error).splitlines()[0]})", "download the log again") from error
    missing = [name for name in columns if name not in table.column_names]
    if missing or table.num_rows == 0:
        raise InputError(path, f"lacks {', '.join(missing) or 'rows'}", "download the log again")
    return {name: table[name].to_numpy() for name in columns}


def _rotations(table: dict[str, NDArray[Any]], where: Path) -> Rotation:
    """The rotations of ``n`` rows.

    Raises:
        InputError: if a row is not a finite pose.
    """
    numbers = np.column_stack([table[name] for name in _POSE]).astype(np.float64)
    broken = ~np.isfinite(numbers).all(1) | (np.abs(numbers[:, :4]).max(1) < 0.1)
    if broken.any():
        what = f"{int(broken.sum())} poses that are not finite numbers, first in row {int(np.argmax(broken))}"
        raise InputError(where, what, "repair or leave out the log")
    return Rotation.from_quat(numbers[:, :4])


def _yaw(rotations: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.arctan2(rotations[:, 1, 0], rotations[:, 0, 0])


def _poses_at(
    poses: dict[str, NDArray[Any]], stamps: NDArray[np.int64], where: Path
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rotation ``[n, 3, 3]`` and translation ``[n, 3]`` of the recording car at ``stamps [n]`` [ns], interpolated."""
    times, first = np.unique(poses["timestamp_ns"], return_index=True)
    seconds, at = (times - times[0]) / 1e9, (stamps - times[0]) / 1e9
    turns = _rotations(poses, where)[first]
    moved = [np.interp(at, seconds, poses[name][first]) for name in _PLACE]
    return Slerp(seconds, turns)(at).as_matrix(), np.column_stack(moved)


def read_map(folder: Path) -> RecordedMap:
    """Lanes with both boundaries, drivable areas, crossings and markings from the log's JSON map.

    Raises:
        InputError: if there is no map, or it is damaged.
    """
    files = sorted(folder.glob(_MAP))
    if not files:
        raise InputError(folder / _MAP, "is missing", "download the log with its map")
    try:
        content = json.loads(files[0].read_text())
        segments = list(content["lane_segments"].values())
        areas = [_xy(area["area_boundary"]) for area in content["drivable_areas"].values()]
        drivable = shapely.union_all([part for ring in areas for part in polygons_of(Polygon(finite(ring)), 0.0)])
        lines = _markings(segments)
        lines += [(LineKind.CROSSWALK, _crossing(c)) for c in content["pedestrian_crossings"].values()]
        lanes = tuple(_lane(segment) for segment in segments)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ShapelyError) as error:
        what = f"not a map as Argoverse 2 writes it ({type(error).__name__}: {error})"
        raise InputError(files[0], what, "download the log again") from error
    return RecordedMap(lanes, tuple(lines), drivable)


def _lane(segment: dict[str, Any]) -> RecordedLane:
    left, right = _xy(segment["left_lane_boundary"]), _xy(segment["right_lane_boundary"])
    count = max(len(left), len(right), 10)
    beside = (segment["left_neighbor_id"], segment["right_neighbor_id"])
    return RecordedLane(
        id=str(segment["id"]),
        centreline=(_divided(left, count) + _divided(right, count)) / 2,
        polygon=np.concatenate([left, right[::-1]]),
        connector=bool(segment["is_intersection"]),
        successors=tuple(str(lane) for lane in segment["successors"]),
        neighbours=tuple(str(lane) for lane in beside if lane is not None),
        motor=segment["lane_type"] != "BIKE",
    )


def _markings(segments: list[dict[str, Any]]) -> list[tuple[LineKind, NDArray[np.float64]]]:
    """The painted boundaries of all lanes, once each: two lanes list the one between them."""
    found: dict[frozenset[tuple[float, ...]], tuple[LineKind, NDArray[np.float64]]] = {}
    for segment in segments:
        for side in ("left", "right"):
            paint = segment[f"{side}_lane_mark_type"]
            line = _xy(segment[f"{side}_lane_boundary"])
            ends = frozenset(tuple(end) for end in np.round(line[[0, -1]], 1).tolist())
            for colour, (broken, solid) in _MARKINGS.items():
                if colour in paint:
                    found[ends] = (broken if "DASH" in paint and "SOLID" not in paint else solid, line)
    return list(found.values())


def _crossing(crossing: dict[str, Any]) -> NDArray[np.float64]:
    """The outline of a crossing, which is recorded as two opposite edges."""
    one, other = _xy(crossing["edge1"]), _xy(crossing["edge2"])
    if np.linalg.norm(one[-1] - other[0]) > np.linalg.norm(one[-1] - other[-1]):
        other = other[::-1]
    return np.concatenate([one, other])


def _divided(line: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """``count`` points at equal distances along ``line``."""
    s = arc_length(line)
    return points_at(line, s, np.linspace(0.0, s[-1], count))


def _xy(points: list[dict[str, float]]) -> NDArray[np.float64]:
    return np.array([[point["x"], point["y"]] for point in points], np.float64)
