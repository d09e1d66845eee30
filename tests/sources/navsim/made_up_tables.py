"""The tables of a city of nuPlan's maps, with every column that they have, filled or not."""

from hashlib import blake2b
from typing import Any

from shapely.geometry.base import BaseGeometry

_COLUMNS = {
    "lanes_polygons": (
        "lane_group_fid", "lane_fid", "lane_index", "creator_id", "name", "road_type_fid", "lane_type_fid", "width",
        "left_offset", "right_offset", "min_speed", "max_speed", "stops", "left_boundary_fid", "right_boundary_fid",
        "speed_limit_mps", "left_has_reflectors", "right_has_reflectors", "from_edge_fid", "to_edge_fid",
    ),
    "lane_connectors": (
        "exit_lane_group_fid", "exit_lane_fid", "entry_lane_group_fid", "lane_group_connector_fid", "entry_lane_fid",
        "intersection_fid", "turn_type_fid", "bulb_fids", "traffic_light_stop_line_fids", "overlap", "creator_id",
        "reflector_side_fid", "left_has_reflectors", "right_has_reflectors", "speed_limit_mps",
    ),
    "gen_lane_connectors_scaled_width_polygons": (
        "baseline_path_fid", "lane_connector_fid", "from_edge_fid", "to_edge_fid", "left_boundary_fid",
        "right_boundary_fid",
    ),
    "baseline_paths": ("path_type_fid", "creator_id", "lane_fid", "lane_connector_fid", "dubins_node_fids"),
    "boundaries": ("boundary_segment_fids", "has_reflectors", "boundary_type_fid", "creator_id"),
    "lane_groups_polygons": (
        "creator_id", "left_boundary_fid", "right_boundary_fid", "from_edge_fid", "to_edge_fid",
    ),
    "lane_group_connectors": (
        "intersection_fid", "from_lane_group_fid", "to_lane_group_fid", "creator_id", "from_edge_fid", "to_edge_fid",
        "left_boundary_fid", "right_boundary_fid",
    ),
    "intersections": ("creator_id", "intersection_type_fid", "is_mini"),
    "carpark_areas": ("heading", "creator_id"),
    "crosswalks": ("intersection_fids", "lane_fids", "creator_id", "is_marked"),
    "stop_polygons": (
        "stop_polygon_type_fid", "lane_group_fid", "lane_fids", "lane_connector_fids", "traffic_light_fids",
        "crosswalk_fids", "precedence_area_fids", "creator_id",
    ),
    "walkways": ("creator_id",),
    "generic_drivable_areas": ("creator_id",),
    "road_segments": ("lane_group_fids",),
}  # fmt: skip


class Tables:
    """Rows of all tables of a city; numbers are handed out once."""

    def __init__(self, first: int) -> None:
        self.next = first
        self.rows: dict[str, list[tuple[int, BaseGeometry, dict[str, Any]]]] = {name: [] for name in _COLUMNS}

    def number(self) -> int:
        """A number that nothing else has."""
        self.next += 1
        return self.next - 1

    def add(self, table: str, geometry: BaseGeometry, fid: int | None = None, **columns: Any) -> int:
        """A row, and its number."""
        fid = self.number() if fid is None else fid
        filled: dict[str, Any] = dict.fromkeys(_COLUMNS[table])
        if "creator_id" in filled:
            filled["creator_id"] = blake2b(str(fid).encode(), digest_size=16).hexdigest()
        if not columns.keys() <= filled.keys():
            raise KeyError(f"{table} has no columns {columns.keys() - filled.keys()}")
        self.rows[table].append((fid, geometry, filled | columns))
        return fid

    def layers(self) -> dict[str, tuple[list[BaseGeometry], dict[str, list[Any]]]]:
        """What :func:`write_city` takes."""
        return {
            table: (
                [geometry for _, geometry, _ in rows],
                {"fid": [fid for fid, _, _ in rows], **{name: [row[name] for *_, row in rows] for name in names}},
            )
            for (table, names), rows in zip(_COLUMNS.items(), self.rows.values(), strict=True)
        }
