"""Towns as parts of the cities of nuPlan's maps: every table that NAVSIM reads, and those it does not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely

from irlvla.scene import Layer, LineKind
from irlvla.sources.town.network import NONE, Control, Lanes, Town, Turn
from tests.sources.navsim.made_up_tables import Tables
from tests.sources.nuplan_map.geopackages import write_city

_SPACING = 0.25  # of the points of baselines; nuPlan's lie 2 to 30 cm apart [m]
_APART = 2000.0  # from one town of a city to the next [m]
_BETWEEN_LANES, _SOLID, _NO_MARKING = 0, 2, 3  # types of boundaries
_STOP_TYPES = {Control.LIGHT: 2, Control.STOP: 1, Control.YIELD: 4, Control.FREE: 5}
_TURN_TYPES = {Turn.STRAIGHT: 0, Turn.LEFT: 1, Turn.RIGHT: 2}


@dataclass(frozen=True)
class City:
    """A city of nuPlan with its map's version, its projected system, and where its first town lies there [m]."""

    name: str
    version: str
    projected: str
    origin: tuple[float, float]


BOSTON = City("us-ma-boston", "9.12.1817", "EPSG:32619", (331000.0, 4690000.0))
LAS_VEGAS = City("us-nv-las-vegas-strip", "9.15.1915", "EPSG:32611", (664000.0, 3998000.0))


@dataclass(frozen=True)
class MappedTown:
    """Where a town lies in its city, and what its parts are called there.

    Attributes:
        city, town: of it.
        shift: ``[2]`` from the town's coordinates to the city's [m].
        fids: number of each lane, connector, roadblock, intersection, car park (named as in the town's map) and
            roadblock connector (``"roadblock_connector_<from>_<to>"``).
        blocks: name of the roadblock or roadblock connector that each lane and connector belongs to.
        limits: what the map says of the speed on each lane and connector [m/s]; None where it says nothing.
    """

    city: City
    town: Town
    shift: np.ndarray
    fids: dict[str, int]
    blocks: tuple[str, ...]
    limits: tuple[float | None, ...]


def write_cities(maps_root: Path, towns: Mapping[City, Sequence[Town]]) -> dict[int, MappedTown]:
    """Write the maps of cities, the towns of each beside each other; returns the towns by their seeds."""
    maps_root.mkdir(parents=True, exist_ok=True)
    mapped = {}
    for number, (city, there) in enumerate(towns.items()):
        tables = Tables(first=10_000 * (number + 1))
        for k, town in enumerate(there):
            shift = np.add(city.origin, (_APART * k, 0.5 * _APART * k))
            mapped[town.seed] = _add_town(tables, city, town, shift)
        write_city(maps_root, city.name, city.version, tables.layers(), city.projected)
    return mapped


def _add_town(tables: Tables, city: City, town: Town, shift: np.ndarray) -> MappedTown:
    lanes, layers = town.lanes, town.map.layers
    wanted = (Layer.LANE, Layer.LANE_CONNECTOR, Layer.ROADBLOCK, Layer.INTERSECTION, Layer.CARPARK_AREA)
    fids = {name: tables.number() for name, layer in zip(town.map.ids, layers, strict=True) if layer in wanted}
    blocks = _blocks(lanes)
    for block in dict.fromkeys(blocks):
        fids.setdefault(block, tables.number())
    limits = tuple(_limit(lanes, k) for k in range(len(lanes)))
    mapped = MappedTown(city, town, shift, fids, blocks, limits)
    shapes = _shapes(town, shift)
    stops = _add_stops(tables, mapped)
    borders: dict[tuple[str, int], int] = {}
    for k, name in enumerate(lanes.ids):
        if lanes.connector[k]:
            _add_connector(tables, mapped, shapes[k], k, stops)
        else:
            _add_lane(tables, mapped, shapes[name_index(town, name)], k, borders)
    _add_blocks(tables, mapped, shapes, borders)
    _add_areas(tables, mapped, shapes)
    return mapped


def name_index(town: Town, name: str) -> int:
    """Which polygon of a town's map bears a name."""
    return town.map.ids.index(name)


def _blocks(lanes: Lanes) -> tuple[str, ...]:
    """Name of the roadblock of each lane, and of the roadblock connector of each connector."""
    before = {after: k for k, following in enumerate(lanes.successors) for after in following}

    def side(k: int) -> str:
        return f"{lanes.roads[k] // 2}_{'fb'[lanes.roads[k] % 2]}"

    return tuple(
        f"roadblock_connector_{side(before[k])}_{side(lanes.successors[k][0])}"
        if lanes.roads[k] == NONE
        else f"roadblock_{side(k)}"
        for k in range(len(lanes))
    )


def _limit(lanes: Lanes, k: int) -> float | None:
    """Connectors that turn, and the lanes of some roads, have no speed limit in the map."""
    silent = lanes.turns[k] != Turn.STRAIGHT if lanes.connector[k] else lanes.roads[k] % 8 == 5
    return None if silent else float(lanes.limits[k])


def _shapes(town: Town, shift: np.ndarray) -> list[shapely.Polygon]:
    holes: dict[int, list[np.ndarray]] = {}
    for owner, hole in zip(town.map.hole_owners.tolist(), town.map.holes, strict=True):
        holes.setdefault(owner, []).append(hole + shift)
    return [shapely.Polygon(ring + shift, holes.get(k)) for k, ring in enumerate(town.map.polygons)]


def _sides(mapped: MappedTown, k: int) -> tuple[shapely.LineString, shapely.LineString]:
    """The left and right side of a lane: its ring goes up one and down the other."""
    ring = mapped.town.map.polygons[k] + mapped.shift
    half = len(ring) // 2
    return shapely.LineString(ring[:half]), shapely.LineString(ring[half:][::-1])


def _add_lane(
    tables: Tables, mapped: MappedTown, shape: shapely.Polygon, k: int, borders: dict[tuple[str, int], int]
) -> None:
    lanes, block = mapped.town.lanes, mapped.blocks[k]
    fid, index = mapped.fids[lanes.ids[k]], int(lanes.ids[k].rsplit("_", 1)[1][1:])
    outer = (lanes.left[k] == NONE, lanes.right[k] == NONE)
    for at, (line, solid) in enumerate(zip(_sides(mapped, k), outer, strict=True)):
        if (block, index + at) not in borders:
            kind = _SOLID if solid else _BETWEEN_LANES
            borders[block, index + at] = tables.add("boundaries", line, boundary_type_fid=kind, has_reflectors=0)
    tables.add(
        "lanes_polygons", shape, fid, lane_fid=fid, lane_group_fid=mapped.fids[block], lane_index=index,
        road_type_fid=0, lane_type_fid=0, width=float(lanes.widths[k]), left_boundary_fid=borders[block, index],
        right_boundary_fid=borders[block, index + 1], speed_limit_mps=mapped.limits[k], left_has_reflectors=0,
        right_has_reflectors=0, name="",
    )  # fmt: skip
    path = _baseline(mapped, k)
    tables.add("baseline_paths", path, path_type_fid=0, lane_fid=fid, dubins_node_fids="")


def _baseline(mapped: MappedTown, k: int) -> shapely.LineString:
    """The drive line of a lane through points as near to each other as nuPlan's."""
    return shapely.segmentize(shapely.LineString(mapped.town.lanes.lines[k] + mapped.shift), _SPACING)


def _add_connector(
    tables: Tables, mapped: MappedTown, shape: shapely.Polygon, k: int, stops: dict[int, list[int]]
) -> None:
    town, fids = mapped.town, mapped.fids
    lanes, name = town.lanes, town.lanes.ids[k]
    before = next(lane for lane, after in enumerate(lanes.successors) if k in after)
    after = lanes.successors[k][0]
    lights = stops.get(before, []) if lanes.groups[k] != NONE else []
    path = _baseline(mapped, k)
    tables.add(
        "lane_connectors", path, fids[name], exit_lane_fid=fids[lanes.ids[before]],
        exit_lane_group_fid=fids[mapped.blocks[before]], entry_lane_fid=fids[lanes.ids[after]],
        entry_lane_group_fid=fids[mapped.blocks[after]], lane_group_connector_fid=fids[mapped.blocks[k]],
        intersection_fid=fids[f"intersection_{name.split('_')[1]}"], turn_type_fid=_TURN_TYPES[Turn(lanes.turns[k])],
        bulb_fids="", traffic_light_stop_line_fids=", ".join(map(str, lights)), overlap=0,
        speed_limit_mps=mapped.limits[k],
    )  # fmt: skip
    base = tables.add("baseline_paths", path, path_type_fid=0, lane_connector_fid=fids[name], dubins_node_fids="")
    left, right = (
        tables.add("boundaries", line, boundary_type_fid=_NO_MARKING, has_reflectors=0) for line in _sides(mapped, k)
    )
    tables.add(
        "gen_lane_connectors_scaled_width_polygons", shape, baseline_path_fid=base, lane_connector_fid=fids[name],
        left_boundary_fid=left, right_boundary_fid=right,
    )  # fmt: skip


def _add_blocks(
    tables: Tables, mapped: MappedTown, shapes: list[shapely.Polygon], borders: dict[tuple[str, int], int]
) -> None:
    town, fids = mapped.town, mapped.fids
    for block in dict.fromkeys(mapped.blocks):
        inside = [k for k, other in enumerate(mapped.blocks) if other == block]
        if not town.lanes.connector[inside[0]]:
            ends = borders[block, 0], borders[block, len(inside)]
            shape = shapes[name_index(town, block)]
            tables.add(
                "lane_groups_polygons", shape, fids[block], left_boundary_fid=ends[0], right_boundary_fid=ends[1]
            )
            continue
        source, goal = (f"roadblock_{end}" for end in _ends(block))
        union = shapely.union_all([shapes[k].buffer(0.05) for k in inside])
        tables.add(
            "lane_group_connectors", union if isinstance(union, shapely.Polygon) else union.convex_hull, fids[block],
            from_lane_group_fid=fids[source], to_lane_group_fid=fids[goal],
            intersection_fid=fids[f"intersection_{town.lanes.ids[inside[0]].split('_')[1]}"],
        )  # fmt: skip


def _ends(connector: str) -> tuple[str, str]:
    road, side, other, end = connector.split("_")[2:]
    return f"{road}_{side}", f"{other}_{end}"


def _add_areas(tables: Tables, mapped: MappedTown, shapes: list[shapely.Polygon]) -> None:
    town, fids, shift = mapped.town, mapped.fids, mapped.shift
    for name, layer, shape in zip(town.map.ids, town.map.layers, shapes, strict=True):
        if layer == Layer.INTERSECTION:
            tables.add("intersections", shape, fids[name], intersection_type_fid=1, is_mini=0)
        elif layer == Layer.CARPARK_AREA:
            tables.add("carpark_areas", shape, fids[name], heading=0.0)
        elif layer == Layer.DRIVABLE_AREA:
            road = name.split("_")[1]
            groups = [fids[block] for block in (f"roadblock_{road}_f", f"roadblock_{road}_b") if block in fids]
            tables.add("road_segments", shape, lane_group_fids=",".join(map(str, groups)))
    for kind, line in zip(town.map.line_kinds, town.map.lines, strict=True):
        if kind == LineKind.CROSSWALK:
            tables.add("crosswalks", shapely.Polygon(line + shift), intersection_fids="", lane_fids="", is_marked=1)
    for line in town.walks:
        tables.add("walkways", shapely.LineString(line + shift).buffer(1.0, quad_segs=2))
    corner = town.map.polygons.points.min(0) + shift - 60.0
    tables.add("generic_drivable_areas", shapely.box(*corner, *(corner + 20.0)))


def _add_stops(tables: Tables, mapped: MappedTown) -> dict[int, list[int]]:
    """Stop polygons; returns those before each lane's end, by lane."""
    town, lanes = mapped.town, mapped.town.lanes
    found: dict[int, list[int]] = {}
    ends = {k: lanes.lines[k][-1] for k in range(len(lanes)) if not lanes.connector[k] and lanes.successors[k]}
    for kind, line in zip(town.map.line_kinds, town.map.lines, strict=True):
        if kind != LineKind.STOP_LINE:
            continue
        stop = shapely.LineString(line)
        held = [k for k, end in ends.items() if stop.distance(shapely.Point(end)) < 1.0]
        leaving = [after for k in held for after in lanes.successors[k]]
        fid = tables.add(
            "stop_polygons", shapely.LineString(line + mapped.shift).buffer(0.4, cap_style="flat"),
            stop_polygon_type_fid=_STOP_TYPES[Control(lanes.controls[leaving[0]])] if leaving else 5,
            lane_fids=_listed(mapped, held), lane_connector_fids=_listed(mapped, leaving), traffic_light_fids="",
            lane_group_fid=mapped.fids[mapped.blocks[held[0]]] if held else None, crosswalk_fids="",
            precedence_area_fids="",
        )  # fmt: skip
        for k in held:
            found.setdefault(k, []).append(fid)
    return found


def _listed(mapped: MappedTown, lanes: list[int]) -> str:
    return ",".join(str(mapped.fids[mapped.town.lanes.ids[k]]) for k in lanes)
