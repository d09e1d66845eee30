"""The map of a ScenarioNet scenario, today's layout and the older one."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from irlvla.scene import LineKind
from irlvla.sources.polygons import even_odd_area
from irlvla.sources.recording import RecordedLane, RecordedMap

# The older layout's enumerations (Waymo's own numbering).
_OLD_NAMES = {
    "RoadLineType.0": "UNKNOWN_LINE",
    "RoadLineType.1": "ROAD_LINE_BROKEN_SINGLE_WHITE",
    "RoadLineType.2": "ROAD_LINE_SOLID_SINGLE_WHITE",
    "RoadLineType.3": "ROAD_LINE_SOLID_DOUBLE_WHITE",
    "RoadLineType.4": "ROAD_LINE_BROKEN_SINGLE_YELLOW",
    "RoadLineType.5": "ROAD_LINE_BROKEN_DOUBLE_YELLOW",
    "RoadLineType.6": "ROAD_LINE_SOLID_SINGLE_YELLOW",
    "RoadLineType.7": "ROAD_LINE_SOLID_DOUBLE_YELLOW",
    "RoadLineType.8": "ROAD_LINE_PASSING_DOUBLE_YELLOW",
    "RoadEdgeType.0": "ROAD_EDGE_UNKNOWN",
    "RoadEdgeType.1": "ROAD_EDGE_BOUNDARY",
    "RoadEdgeType.2": "ROAD_EDGE_MEDIAN",
    "center_lane": "LANE_SURFACE_STREET",
    "stop_sign": "STOP_SIGN",
}
_WITHOUT_USE = ("STOP_SIGN", "SPEED_BUMP", "DRIVEWAY", "SIDEWALK", "UNKNOWN_LINE", "CROSSWALK")


def read_map(features: dict[Any, dict[str, Any]]) -> tuple[RecordedMap, tuple[str, ...]]:
    """The map, and a note for each kind of feature that is not known.

    nuScenes files give lanes an outline and connectors none; Waymo files give no outlines but widths and topology.
    nuScenes files also carry the outline of all road surface (features ``boundary_*``, closed rings).
    """
    lanes: list[tuple[str, dict[str, Any]]] = []
    lines: list[tuple[LineKind, NDArray[np.float64]]] = []
    surface: list[NDArray[np.float64]] = []
    unknown: Counter[str] = Counter()
    for key, feature in features.items():
        kind, line = _feature_kind(feature), _xy(feature.get("polyline", ()))
        if kind.startswith("LANE_") and len(line) >= 2:
            lanes.append((str(key), feature))
        elif str(key).startswith("boundary_") and _is_closed(line):
            surface.append(line)
            lines.append((LineKind.ROAD_EDGE, line))
        elif kind.startswith(("ROAD_LINE_", "ROAD_EDGE_")) and len(line) >= 2:
            lines.append((_line_kind(kind), line))
        elif kind == "CROSSWALK" and "polygon" in feature:
            lines.append((LineKind.CROSSWALK, _xy(feature["polygon"])))
        elif not kind.startswith(("LANE_", "ROAD_", *_WITHOUT_USE)):
            unknown[kind] += 1
    outlined = any("polygon" in feature for _, feature in lanes)
    names = {key for key, _ in lanes}
    recorded = RecordedMap(
        lanes=tuple(_lane(key, feature, outlined, names) for key, feature in lanes),
        lines=tuple(lines),
        drivable=even_odd_area(surface) if surface else None,
    )
    return recorded, tuple(f"{count} map features of unknown type {kind}" for kind, count in sorted(unknown.items()))


def _feature_kind(feature: dict[str, Any]) -> str:
    """Today's name of the type; the older layout leaves it out for crosswalks and writes nonsense for speed bumps."""
    kind = feature.get("type")
    if kind is None:
        return "CROSSWALK" if feature.get("sign") == "cross_walk" else "nameless"
    if kind is feature or isinstance(kind, dict):
        return "SPEED_BUMP"
    return _OLD_NAMES.get(str(kind), str(kind))


def _line_kind(kind: str) -> LineKind:
    if kind.startswith("ROAD_EDGE_"):
        return LineKind.ROAD_EDGE
    if "YELLOW" in kind:
        return LineKind.MARKING_YELLOW_BROKEN if "BROKEN" in kind else LineKind.MARKING_YELLOW_SOLID
    return LineKind.MARKING_WHITE_BROKEN if "BROKEN" in kind else LineKind.MARKING_WHITE_SOLID


def _lane(key: str, feature: dict[str, Any], outlined: bool, names: set[str]) -> RecordedLane:
    exits = feature.get("exit_lanes", feature.get("exit"))
    beside = [*feature.get("left_neighbor", ()), *feature.get("right_neighbor", ())]
    widths = feature.get("width")
    return RecordedLane(
        id=key,
        centreline=_xy(feature["polyline"]),
        polygon=_xy(feature["polygon"]) if "polygon" in feature else None,
        half_widths=None if widths is None or np.ndim(widths) != 2 else _half_widths(widths),
        connector="polygon" not in feature if outlined else None,
        successors=None if exits is None else _other_lanes(exits, key, names),
        neighbours=None if exits is None else _other_lanes((_neighbour_id(n) for n in beside), key, names),
        motor="BIKE" not in str(feature["type"]),
    )


def _other_lanes(ids: Iterable[Any], own: str, names: set[str]) -> tuple[str, ...]:
    """Each lane once, without those that the file lacks and without the lane itself."""
    return tuple(dict.fromkeys(str(i) for i in ids if str(i) in names and str(i) != own))


def _neighbour_id(neighbour: Any) -> Any:
    return neighbour.get("feature_id", neighbour.get("id")) if isinstance(neighbour, dict) else neighbour


def _half_widths(widths: Any) -> NDArray[np.float64]:
    """Distances to the lane's sides; what no lane of cars can have (no or a far boundary) becomes NaN."""
    widths = np.asarray(widths, np.float64)
    return np.where((widths >= 1.2) & (widths <= 2.75), widths, np.nan)


def _xy(points: Any) -> NDArray[np.float64]:
    return np.array([np.asarray(point, np.float64)[:2] for point in points]).reshape(-1, 2)


def _is_closed(line: NDArray[np.float64]) -> bool:
    return len(line) > 3 and bool(np.allclose(line[0], line[-1]))
