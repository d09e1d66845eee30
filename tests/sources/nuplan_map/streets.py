"""Small cities with nuPlan's tables: lanes and connectors given by their lines, everything else follows from them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import shapely

from irlvla.sources.nuplan_map import City, read_city
from tests.sources.nuplan_map.geopackages import Layers, write_city

NAME, VERSION = "us-ma-boston", "9.12.1817"
ORIGIN = np.array([331_000.0, 4_690_000.0])
"""Where the point (0, 0) of these cities lies in the UTM zone [m]."""
WIDTH = 3.5


@dataclass
class Streets:
    """A city in the making. Numbers are those of nuPlan's tables, lines are relative to ``ORIGIN``.

    Attributes:
        lanes: block and line of each lane.
        connectors: block, lane before, lane after and line of each connector.
        limits: speed limits of lanes and connectors that have one.
        blocks: areas of blocks that are not the union of their lanes'.
        others: further tables, or those to write instead.
    """

    lanes: dict[int, tuple[int, shapely.LineString]] = field(default_factory=dict)
    connectors: dict[int, tuple[int, int, int, shapely.LineString]] = field(default_factory=dict)
    limits: dict[int, float] = field(default_factory=dict)
    blocks: dict[int, shapely.Geometry] = field(default_factory=dict)
    others: dict[str, tuple[Sequence[shapely.Geometry], dict[str, Sequence[object]]]] = field(default_factory=dict)

    def lane(self, number: int, block: int, *points: tuple[float, float]) -> None:
        """A lane along points, with further ones between them, no more than 1 m apart."""
        self.lanes[number] = block, _line(points)

    def connector(self, number: int, block: int, before: int, after: int) -> None:
        """A straight connector from the end of one lane to the beginning of another."""
        ends = shapely.get_point(self.lanes[before][1], -1), shapely.get_point(self.lanes[after][1], 0)
        self.connectors[number] = block, before, after, _line([(end.x, end.y) for end in ends])

    def layers(self) -> Layers:
        """Tables for :func:`write_city`."""
        lanes, connectors = self.lanes, self.connectors
        groups = list(dict.fromkeys(block for block, _ in lanes.values()))
        crossings = dict.fromkeys(block for block, *_ in connectors.values())
        ends = {block: (lanes[before][0], lanes[after][0]) for block, before, after, _ in connectors.values()}
        lines = [line for *_, line in [*lanes.values(), *connectors.values()]]
        tables: dict[str, tuple[Sequence[shapely.Geometry], dict[str, Sequence[object]]]] = {
            "lanes_polygons": ([_area(line) for _, line in lanes.values()], {
                "fid": list(lanes), "lane_fid": list(lanes), "lane_group_fid": [block for block, _ in lanes.values()],
                "speed_limit_mps": [self.limits.get(number) for number in lanes],
                "left_boundary_fid": [None] * len(lanes), "right_boundary_fid": [None] * len(lanes)}),
            "lane_connectors": ([line for *_, line in connectors.values()], {
                "fid": list(connectors), "lane_group_connector_fid": [block for block, *_ in connectors.values()],
                "exit_lane_fid": [before for _, before, _, _ in connectors.values()],
                "entry_lane_fid": [after for _, _, after, _ in connectors.values()],
                "speed_limit_mps": [self.limits.get(number) for number in connectors]}),
            "gen_lane_connectors_scaled_width_polygons": ([_area(line) for *_, line in connectors.values()], {
                "fid": range(1, len(connectors) + 1), "lane_connector_fid": list(connectors)}),
            "baseline_paths": (lines, {
                "fid": range(1, len(lines) + 1), "lane_fid": [*lanes, *[None] * len(connectors)],
                "lane_connector_fid": [*[None] * len(lanes), *connectors]}),
            "lane_groups_polygons": ([self._block(block) for block in groups], {"fid": groups}),
            "lane_group_connectors": ([self._block(block) for block in crossings], {
                "fid": list(crossings), "from_lane_group_fid": [ends[block][0] for block in crossings],
                "to_lane_group_fid": [ends[block][1] for block in crossings]}),
            "intersections": ([], {"fid": []}),
            "carpark_areas": ([], {"fid": []}),
        }  # fmt: skip
        tables |= self.others
        return {name: ([_moved(shape) for shape in shapes], columns) for name, (shapes, columns) in tables.items()}

    def written(self, maps_root: Path) -> City:
        """The city, written and read again."""
        write_city(maps_root, NAME, VERSION, self.layers())
        return read_city(maps_root, NAME)

    def _block(self, block: int) -> shapely.Geometry:
        inside = [line for own, *_, line in [*self.lanes.values(), *self.connectors.values()] if own == block]
        return self.blocks.get(block) or shapely.union_all([_area(line) for line in inside])


def grid(size: int, block: float = 100.0, spacing: float = 1.0) -> Streets:
    """Two-lane carriageways between ``size * size`` junctions; at each one ways on to wherever but back.

    Points of lines are ``spacing`` [m] apart. Lanes are numbered from 1; connectors, roadblocks, roadblock connectors
    and intersections from multiples of a million, as nuPlan gives no number twice in a city.
    """
    streets, carriageways = Streets(), []
    places = [(i, j) for i in range(size) for j in range(size)]
    for here in places:
        for step in ((1, 0), (0, 1), (-1, 0), (0, -1)):
            there = (here[0] + step[0], here[1] + step[1])
            if there in places:
                carriageways.append((here, there, np.array(step, float)))
    for number, (here, there, ahead) in enumerate(carriageways):
        right = np.array([ahead[1], -ahead[0]])
        for lane, aside in enumerate((0.5 * WIDTH, 1.5 * WIDTH)):
            ends = np.array([here, there]) * block + right * aside + np.array([[10.0], [-10.0]]) * ahead
            streets.lanes[2 * number + lane + 1] = 2_000_000 + number, _line(ends.tolist(), spacing)
    leaving: dict[tuple[int, int], list[int]] = {}
    for number, (here, _, _) in enumerate(carriageways):
        leaving.setdefault(here, []).append(number)
    block_number = 3_000_000
    for before, (here, there, _) in enumerate(carriageways):
        for after in (number for number in leaving[there] if carriageways[number][1] != here):
            for lane in (1, 2):
                ends = streets.lanes[2 * before + lane][1], streets.lanes[2 * after + lane][1]
                streets.connectors[1_000_000 + len(streets.connectors)] = (
                    block_number, 2 * before + lane, 2 * after + lane,
                    _line([ends[0].coords[-1], ends[1].coords[0]], spacing),
                )  # fmt: skip
            block_number += 1
    streets.others["intersections"] = (
        [shapely.box(*(np.array(place) * block - 10.0), *(np.array(place) * block + 10.0)) for place in places],
        {"fid": range(9_000_000, 9_000_000 + len(places))},
    )
    return streets


def pose(x: float, y: float, heading: float = 0.0) -> np.ndarray:
    """Pose in the UTM zone of a place relative to ``ORIGIN``."""
    return np.array([x + ORIGIN[0], y + ORIGIN[1], heading])


def _line(points: Sequence[Sequence[float]], spacing: float = 1.0) -> shapely.LineString:
    return shapely.segmentize(shapely.LineString(points), spacing)


def _area(line: shapely.LineString) -> shapely.Geometry:
    return line.simplify(1e-6).buffer(WIDTH / 2, cap_style="flat")


def _moved(shape: shapely.Geometry | None) -> shapely.Geometry | None:
    return None if shape is None else shapely.transform(shape, lambda points: points + ORIGIN)
