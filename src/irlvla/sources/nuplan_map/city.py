"""The map of a whole city, read once."""

import json
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from irlvla.errors import InputError
from irlvla.scene import HDMap
from irlvla.sources.nuplan_map.areas import areas_of
from irlvla.sources.nuplan_map.geopackage import VectorLayer, read_layers
from irlvla.sources.nuplan_map.lines import lines_of
from irlvla.sources.nuplan_map.network import Network, baselines_of, network_of

ALIASES = {"las_vegas": "us-nv-las-vegas-strip"}
"""Other names that logs have for a city."""
VERSIONS = "nuplan-maps-v1.0.json"
"""The file that gives each city's version."""

_ROOT = "set NUPLAN_MAPS_ROOT to the folder with nuPlan's maps"
_SIDES = ("left_boundary_fid", "right_boundary_fid")
_REQUIRED: dict[str, tuple[str, ...]] = {
    "lanes_polygons": ("lane_group_fid", "speed_limit_mps", *_SIDES),
    "lane_connectors": ("exit_lane_fid", "entry_lane_fid", "lane_group_connector_fid", "speed_limit_mps"),
    "gen_lane_connectors_scaled_width_polygons": ("lane_connector_fid",),
    "baseline_paths": ("lane_fid", "lane_connector_fid"),
    "lane_groups_polygons": (),
    "lane_group_connectors": ("from_lane_group_fid", "to_lane_group_fid"),
    "intersections": (),
    "carpark_areas": (),
}
_OPTIONAL: dict[str, tuple[str, ...]] = {
    "boundaries": ("boundary_type_fid",),
    "crosswalks": (),
    "stop_polygons": (),
    "road_segments": (),
    "generic_drivable_areas": (),
}


@dataclass(frozen=True)
class City:
    """A whole city's map.

    Polygon ``k`` and line ``k`` of the map are the area and the centre line of lane ``k`` of the network. After the
    lanes come the roadblocks, as in the network, then intersections and car parks. Roadblock connectors are no polygons
    of the map: the judge does not know them.

    Attributes:
        name: "us-ma-boston", ...
        version: of this city's map, "9.12.1817".
        map: polygons and lines, metres of the UTM zone.
        network: lanes and blocks.
        shapes: ``[K]`` the map's polygons, shapely.
    """

    name: str
    version: str
    map: HDMap
    network: Network
    shapes: NDArray[np.object_]

    @property
    def where(self) -> str:
        """What errors call this map."""
        return f"map of {self.name} {self.version}"

    @cached_property
    def headings(self) -> NDArray[np.float64]:
        """Heading [rad] at each point of the centre lines, which are the first ones of the map's lines."""
        return self.map.along(np.arange(len(self.network.lane_ids), dtype=np.int32))[:, 2]

    @cached_property
    def lane_tree(self) -> shapely.STRtree:
        """Areas of the lanes."""
        return shapely.STRtree(self.shapes[: len(self.network.lane_ids)])

    @cached_property
    def roadblock_tree(self) -> shapely.STRtree:
        """Outlines of the roadblocks."""
        return shapely.STRtree(self.network.block_shapes[: self.network.block_connectors_from])

    @cached_property
    def connector_tree(self) -> shapely.STRtree:
        """Outlines of the roadblock connectors."""
        return shapely.STRtree(self.network.block_shapes[self.network.block_connectors_from :])

    @cached_property
    def area_tree(self) -> shapely.STRtree:
        """Areas of intersections and car parks, which are the last of the map's polygons."""
        return shapely.STRtree(self.shapes[len(self.network.lane_ids) + self.network.block_connectors_from :])

    @cached_property
    def line_tree(self) -> shapely.STRtree:
        """All lines of the map."""
        lines = self.map.lines
        owners = np.arange(len(lines)).repeat(np.diff(lines.offsets))
        return shapely.STRtree(shapely.linestrings(lines.points, indices=owners))


def read_city(maps_root: Path, name: str) -> City:
    """The map of the city ``name`` under ``maps_root``; once read, it is kept.

    Raises:
        InputError: if there is no such map, or it cannot be read.
    """
    return _read_city(Path(maps_root), ALIASES.get(name, name))


@lru_cache(maxsize=4)
def _read_city(maps_root: Path, name: str) -> City:
    version = _version(maps_root, name)
    path = maps_root / name / version / "map.gpkg"
    if not path.is_file():
        raise InputError(path, f"the map of {name} is missing", f"download nuPlan's maps, or {_ROOT}")
    return _city_of(name, version, read_layers(path, _REQUIRED, _OPTIONAL))


def _version(maps_root: Path, name: str) -> str:
    index = maps_root / VERSIONS
    try:
        versions = {city: str(entry["version"]) for city, entry in json.loads(index.read_text()).items()}
    except OSError as error:
        raise InputError(index, f"cannot be read, for the map of {name} ({error.strerror})", _ROOT) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(index, "does not give a version for each city", "download nuPlan's maps again") from error
    if name not in versions:
        raise InputError(index, f"no city {name}, only {', '.join(sorted(versions))}", _ROOT)
    return versions[name]


def _city_of(name: str, version: str, layers: dict[str, VectorLayer]) -> City:
    baselines = baselines_of(layers)
    network, areas = network_of(layers, baselines), areas_of(layers)
    lines, line_kinds = lines_of(layers, baselines)
    hd_map = HDMap(
        ids=areas.ids,
        layers=areas.layers,
        polygons=areas.rings,
        holes=areas.holes,
        hole_owners=areas.hole_owners,
        lines=lines,
        line_kinds=line_kinds,
        links=network.links,
        speed_limits=areas.speed_limits,
    )
    return City(name, version, hd_map, network, areas.shapes)
