"""The high-definition map of a scene: areas for the judge, lines for the map head, and what cameras see of both."""

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from irlvla.scene.polylines import Polylines


class Layer(IntEnum):
    """What a map polygon is; the layers of NAVSIM (``docs/epdms.md``)."""

    LANE = 0
    LANE_CONNECTOR = 1
    ROADBLOCK = 2
    INTERSECTION = 3
    CARPARK_AREA = 4
    DRIVABLE_AREA = 5


class LineKind(IntEnum):
    """What a map line is."""

    CENTERLINE = 0
    MARKING_WHITE_BROKEN = 1
    MARKING_WHITE_SOLID = 2
    MARKING_YELLOW_BROKEN = 3
    MARKING_YELLOW_SOLID = 4
    ROAD_EDGE = 5
    CROSSWALK = 6
    STOP_LINE = 7


def _empty() -> Polylines:
    return Polylines.of([])


@dataclass(frozen=True)
class HDMap:
    """Polygons by layer and lines by kind, global frame.

    Attributes:
        ids: name of each polygon, ``K`` of them, unique.
        layers: ``[K]`` int8, a :class:`Layer` each.
        polygons: ``K`` rings, the first point not repeated at the end.
        holes: ``H`` rings cut out of polygons.
        hole_owners: ``[H]`` int32, the polygon each hole belongs to.
        lines: ``L`` polylines; a crosswalk is its outline.
        line_kinds: ``[L]`` int8, a :class:`LineKind` each.
        links: ``[E, 2]`` int32, pairs of polygons of which the second goes on where the first ends; empty where the
            source does not say.
        speed_limits: ``[K]`` [m/s], NaN where there is none; empty where the source does not say.
        buildings: ``[B, 6]`` boxes beside the road: x, y, heading, length, width, height; for cameras.
        part_of: where this map was taken from, if it is a part of a larger one.
    """

    ids: tuple[str, ...]
    layers: NDArray[np.int8]
    polygons: Polylines
    holes: Polylines = field(default_factory=_empty)
    hole_owners: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    lines: Polylines = field(default_factory=_empty)
    line_kinds: NDArray[np.int8] = field(default_factory=lambda: np.zeros(0, np.int8))
    links: NDArray[np.int32] = field(default_factory=lambda: np.zeros((0, 2), np.int32))
    speed_limits: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    buildings: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 6)))
    part_of: "Part | None" = None

    def of_layer(self, *layers: Layer) -> list[int]:
        """Indices of the polygons of these layers."""
        return np.flatnonzero(np.isin(self.layers, [int(layer) for layer in layers])).tolist()

    @property
    def whole(self) -> "HDMap":
        """The larger map that this is a part of, or this one."""
        return self if self.part_of is None else self.part_of.map

    def part(self, polygons: NDArray[np.int32], lines: NDArray[np.int32]) -> "HDMap":
        """A map of the polygons and lines at these places alone, with the links between these polygons."""
        owner = np.full(len(self.ids), -1, np.int32)
        owner[polygons] = np.arange(len(polygons), dtype=np.int32)
        holes = np.flatnonzero(owner[self.hole_owners] >= 0)
        links = owner[self.links]
        return HDMap(
            ids=tuple(self.ids[k] for k in polygons.tolist()),
            layers=self.layers[polygons],
            polygons=self.polygons.take(polygons),
            holes=self.holes.take(holes),
            hole_owners=owner[self.hole_owners[holes]],
            lines=self.lines.take(lines),
            line_kinds=self.line_kinds[lines],
            links=links[(links >= 0).all(1)],
            speed_limits=self.speed_limits[polygons] if len(self.speed_limits) else self.speed_limits,
            buildings=self.buildings,
            part_of=Part(self, polygons, lines),
        )

    def along(self, lines: NDArray[np.int32]) -> NDArray[np.float64]:
        """The path ``[P, 3]`` x, y, heading through the points of these lines, one after the other.

        The heading of a point is that of the way to the next one of its line; the last has that of the one before.
        """
        path = self.lines.take(lines)
        ahead = np.diff(path.points, axis=0, append=path.points[-1:])
        headings = np.arctan2(ahead[:, 1], ahead[:, 0])
        last = path.offsets[1:] - 1
        headings[last] = headings[last - 1]
        return np.column_stack([path.points, headings])


@dataclass(frozen=True)
class Part:
    """Which part of a larger map a map is.

    Attributes:
        map: the larger one.
        polygons, lines: ``int32`` places in it, in the order of the part.
    """

    map: HDMap
    polygons: NDArray[np.int32]
    lines: NDArray[np.int32]
