"""A made-up town for the tests of the sources, written in the formats of the data sets.

A road runs east along y = 0 with a second lane at y = 3.5 in the same direction and one at y = -3.5 against it; a road
north crosses it at x = 110. The recording car drives east at 8 m/s and a car on the second lane at 7 m/s; another one
turns left at the crossing, one is parked, a pedestrian walks.
"""

import enum
import json
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

STEPS = 100
EGO_SPEED, OTHER_SPEED = 8.0, 7.0
CROSSING = (100.0, 120.0)


def straight(start: tuple[float, float], end: tuple[float, float], spacing: float = 2.0) -> np.ndarray:
    """``[n, 2]`` points of a straight line."""
    start, end = np.array(start), np.array(end)
    count = round(np.linalg.norm(end - start) / spacing) + 1
    return start + np.linspace(0, 1, count)[:, None] * (end - start)


def lines() -> dict[str, np.ndarray]:
    """Centre line of every lane; those named x... lead through the crossing."""
    west, east = CROSSING
    angle = np.linspace(-np.pi / 2, 0, 12)
    radius = 10.0
    return {
        "a1": straight((0, 0), (west, 0)), "xa": straight((west, 0), (east, 0)), "a2": straight((east, 0), (300, 0)),
        "b1": straight((0, 3.5), (west, 3.5)), "xb": straight((west, 3.5), (east, 3.5)),
        "b2": straight((east, 3.5), (300, 3.5)),
        "c1": straight((300, -3.5), (east, -3.5)), "xc": straight((east, -3.5), (west, -3.5)),
        "c2": straight((west, -3.5), (0, -3.5)),
        "n1": straight((110, -80), (110, -10)), "xn": straight((110, -10), (110, 13.5)),
        "n2": straight((110, 13.5), (110, 90)),
        "xl": np.column_stack([west + radius * np.cos(angle), 3.5 + radius + radius * np.sin(angle)]),
    }  # fmt: skip


SUCCESSORS = {
    "a1": ("xa",), "xa": ("a2",), "b1": ("xb", "xl"), "xb": ("b2",), "c1": ("xc",), "xc": ("c2",), "n1": ("xn",),
    "xn": ("n2",), "xl": ("n2",),
}  # fmt: skip
NEIGHBOURS = {"a1": ("b1",), "b1": ("a1", "b1"), "a2": ("b2",), "b2": ("a2",)}  # b1 names itself, as real files do


def paths(steps: int = STEPS) -> dict[str, tuple[str, np.ndarray, tuple[float, float, float]]]:
    """Class, box-centre poses ``[steps, 3]`` and size of every object but the recording car."""
    t = 0.1 * np.arange(steps)
    zero = np.zeros(steps)
    start_of_turn, radius = 55.0, 10.0
    driven = OTHER_SPEED * t + 45.0 - start_of_turn
    turn = np.clip(driven / radius, 0, np.pi / 2)
    before, after = np.minimum(driven, 0), np.maximum(driven - radius * np.pi / 2, 0)
    left = np.column_stack([100 + before + radius * np.sin(turn), 3.5 + radius * (1 - np.cos(turn)) + after, turn])
    return {
        "other000": ("car", np.column_stack([20 + OTHER_SPEED * t, zero + 3.5, zero]), (4.6, 1.9, 1.6)),
        "turner00": ("car", left, (4.6, 1.9, 1.6)),
        "parked00": ("car", np.column_stack([zero + 50, zero + 7, zero]), (4.6, 1.9, 1.6)),
        "walker00": ("pedestrian", np.column_stack([zero + 60, -8 + 1.2 * t, zero + np.pi / 2]), (0.6, 0.6, 1.7)),
    }


def ego_poses(steps: int = STEPS) -> np.ndarray:
    """Rear-axle poses ``[steps, 3]`` of the recording car."""
    x = 10 + EGO_SPEED * 0.1 * np.arange(steps)
    return np.column_stack([x, 0 * x, 0 * x])


def outline(line: np.ndarray, half: float = 1.75) -> np.ndarray:
    """Outline of a lane along a straight ``line``."""
    along = (line[-1] - line[0]) / np.linalg.norm(line[-1] - line[0])
    left = np.array([-along[1], along[0]]) * half
    return np.stack([line[0] + left, line[-1] + left, line[-1] - left, line[0] - left])


def new_scenario(steps: int = STEPS) -> dict[str, Any]:
    """nuScenes in today's ScenarioNet layout: rear-axle positions, swapped car size, outlines for lanes only."""
    classes = {"car": "VEHICLE", "pedestrian": "PEDESTRIAN"}
    objects = {"ego": ("car", ego_poses(steps), (1.73, 4.08, 1.56)), **paths(steps)}
    tracks = {
        name: {
            "type": classes[kind],
            "state": {
                "position": np.column_stack([poses[:, :2], np.zeros(steps)]),
                "heading": poses[:, 2],
                "velocity": np.gradient(poses[:, :2], 0.1, axis=0),
                "valid": np.ones(steps),
                **{key: np.full((steps, 1), size[k]) for k, key in enumerate(("length", "width", "height"))},
            },
            "metadata": {"object_id": name},
        }
        for name, (kind, poses, size) in objects.items()
    }
    features: dict[str, Any] = {}
    for name, line in lines().items():
        features[name] = {"type": "LANE_SURFACE_STREET", "polyline": [(*p, 0.0) for p in line.tolist()]}
        if not name.startswith("x"):
            features[name]["polygon"] = outline(line).tolist()
    road = np.array([[0, -6], [100, -6], [104, -80], [116, -80], [120, -6], [300, -6], [300, 9], [120, 9], [116, 90]])
    road = np.concatenate([road, [[104, 90], [100, 9], [0, 9], [0, -6]]])
    island = np.array([[200, 6.0], [220, 6.0], [220, 8.0], [200, 8.0], [200, 6.0]])
    for k, ring in enumerate((road, island)):
        features[f"boundary_{k}"] = {"type": "ROAD_LINE_SOLID_SINGLE_WHITE", "polyline": ring.astype(float)}
    features["paint"] = {"type": "ROAD_LINE_BROKEN_SINGLE_WHITE", "polyline": straight((0, 1.75), (100, 1.75)).tolist()}
    features["middle"] = {"type": "ROAD_LINE_SOLID_DOUBLE_YELLOW", "polyline": straight((0, -1.75), (100, -1.75))}
    return {
        "id": "made-up-1",
        "version": "1",
        "length": steps,
        "metadata": {"dataset": "nuscenes", "scenario_id": "made-up-1", "sdc_id": "ego", "ts": 0.1 * np.arange(steps)},
        "tracks": tracks,
        "dynamic_map_states": {},
        "map_features": features,
    }


def _old_enumerations() -> dict[str, type[enum.Enum]]:
    return {
        name: enum.Enum(name, {f"M{k}": k for k in range(9)}, module="__main__")  # type: ignore[misc]
        for name in ("AgentType", "RoadLineType", "RoadEdgeType")
    }


def old_scenario(enums: dict[str, type[enum.Enum]], steps: int = STEPS) -> dict[str, Any]:
    """Waymo in MetaDrive's older layout: state tables, enumerations, widths, entries that refer to themselves."""
    classes = {"car": 1, "pedestrian": 2}
    ego = ego_poses(steps) + np.array([1.461, 0, 0])
    objects = {"ego": ("car", ego, (5.0, 2.1, 1.8)), **paths(steps)}
    tracks = {}
    for number, (kind, poses, size) in enumerate(objects.values()):
        velocity = np.gradient(poses[:, :2], 0.1, axis=0)
        columns = [poses[:, :2], np.zeros(steps), np.tile(size, (steps, 1)), poses[:, 2], velocity, np.ones(steps)]
        tracks[1000 + number] = {"type": enums["AgentType"](classes[kind]), "state": np.column_stack(columns)}
    names = {name: 10 + k for k, name in enumerate(lines())}
    features: dict[int, Any] = {}
    for name, line in lines().items():
        widths = np.full((len(line), 2), 1.75)
        widths[0] = (0.0, 60.0)  # no boundary, and one across the town
        features[names[name]] = {
            "type": "center_lane",
            "polyline": np.column_stack([line, np.zeros(len(line))]),
            "entry": [names[before] for before, after in SUCCESSORS.items() if name in after],
            "exit": [names[after] for after in SUCCESSORS.get(name, ())],
            "left_neighbor": [{"id": names[n], "indexes": []} for n in NEIGHBOURS.get(name, ())],
            "right_neighbor": [],
            "width": widths,
        }
    edge, paint = enums["RoadEdgeType"], enums["RoadLineType"]
    features[1] = {"type": edge(1), "polyline": np.column_stack([straight((0, 8), (96, 8)), np.zeros(49)])}
    features[2] = {"type": edge(1), "polyline": np.column_stack([straight((0, -6), (104, -6)), np.zeros(53)])}
    features[3] = {"type": paint(7), "polyline": np.column_stack([straight((0, -1.75), (98, -1.75)), np.zeros(50)])}
    features[4] = {"sign": "cross_walk", "polygon": np.array([[97.0, -6, 0], [99, -6, 0], [99, 8, 0], [97, 8, 0]])}
    features[5] = {"polygon": np.array([[30.0, -6, 0], [31, -6, 0], [31, 8, 0], [30, 8, 0]])}
    features[5]["type"] = features[5]
    return {
        "id": "made-up-2",
        "ts": (0.1 * np.arange(steps)).tolist(),
        "tracks": tracks,
        "dynamic_map_states": [{}],
        "sdc_index": 1000,
        "map": features,
    }


def old_scenario_pickle(steps: int = STEPS, **changes: Any) -> bytes:
    """The pickle of :func:`old_scenario`, its enumerations named as classes of ``__main__``."""
    enums, main = _old_enumerations(), sys.modules["__main__"]
    for name, kind in enums.items():
        setattr(main, name, kind)
    try:
        return pickle.dumps(old_scenario(enums, steps) | changes)
    finally:
        for name in enums:
            delattr(main, name)


def write_argoverse2(folder: Path, steps: int = STEPS, yaw: float = 0.0, pitch: float = 0.0) -> Path:
    """An Argoverse 2 log with ego poses a little denser than the sweeps; the car is turned by ``yaw, pitch`` [rad]."""
    import pyarrow as pa
    from pyarrow import feather

    folder.mkdir(parents=True, exist_ok=True)
    turned = Rotation.from_euler("ZY", [yaw, pitch])
    start = 315_966_253_572_412_942
    dense = np.arange(-0.05, 0.1 * steps, 0.006)
    place = np.column_stack([10 + EGO_SPEED * dense, 0 * dense, 0 * dense])
    poses = {"timestamp_ns": start + (dense * 1e9).astype(np.int64), **_columns(turned, place)}
    feather.write_feather(pa.table(poses), str(folder / "city_SE3_egovehicle.feather"))
    tables = []
    for name, (kind, path, size) in paths(steps).items():
        apart = np.column_stack([path[:, :2] - ego_poses(steps)[:, :2], np.zeros(steps)])
        headed = Rotation.from_euler("z", path[:, 2:])
        columns = {
            "timestamp_ns": start + 100_000_000 * np.arange(steps),
            "track_uuid": [name] * steps,
            "category": [{"car": "REGULAR_VEHICLE", "pedestrian": "PEDESTRIAN"}[kind]] * steps,
            **{key: np.full(steps, size[k]) for k, key in enumerate(("length_m", "width_m", "height_m"))},
            **_columns(turned.inv() * headed, turned.inv().apply(apart)),
        }
        tables.append(pa.table(columns))
    feather.write_feather(pa.concat_tables(tables), str(folder / "annotations.feather"))
    (folder / "map").mkdir(exist_ok=True)
    (folder / "map" / "log_map_archive_made-up.json").write_text(json.dumps(_argoverse2_map()))
    return folder


def _columns(rotation: Rotation, place: np.ndarray) -> dict[str, np.ndarray]:
    quaternions = np.broadcast_to(rotation.as_quat(), (len(place), 4))
    return dict(zip(("qx", "qy", "qz", "qw", "tx_m", "ty_m", "tz_m"), (*quaternions.T, *place.T), strict=True))


def _argoverse2_map() -> dict[str, Any]:
    numbers = {name: str(k) for k, name in enumerate(lines())}

    def points(line: np.ndarray) -> list[dict[str, float]]:
        return [{"x": x, "y": y, "z": 0.0} for x, y in line.tolist()]

    segments = {}
    for name, line in lines().items():
        along = np.gradient(line, axis=0)
        left = 1.75 * np.column_stack([-along[:, 1], along[:, 0]]) / np.linalg.norm(along, axis=1, keepdims=True)
        segments[numbers[name]] = {
            "id": int(numbers[name]),
            "is_intersection": name.startswith("x"),
            "lane_type": "VEHICLE",
            "left_lane_boundary": points(line + left),
            "right_lane_boundary": points(line - left),
            "left_lane_mark_type": "DASHED_WHITE" if name == "a1" else "NONE",
            "right_lane_mark_type": {"a1": "DOUBLE_SOLID_YELLOW", "b1": "DASHED_WHITE"}.get(name, "NONE"),
            "successors": [int(numbers[n]) for n in SUCCESSORS.get(name, ())] + [999],  # beyond the cut-out map
            "left_neighbor_id": {"a1": int(numbers["b1"]), "b1": int(numbers["c2"])}.get(name),  # b1's is oncoming
            "right_neighbor_id": int(numbers["a1"]) if name == "b1" else None,
        }
    area = np.array([[0, -6], [300, -6], [300, 9], [116, 9], [116, 90], [104, 90], [104, 9], [0, 9]], float)
    edges = [points(straight((x, -6), (x, 9), 15)) for x in (97, 99)]
    return {
        "lane_segments": segments,
        "drivable_areas": {"1": {"id": 1, "area_boundary": points(area)}},
        "pedestrian_crossings": {"1": {"id": 1, "edge1": edges[0], "edge2": edges[1]}},
    }
