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

    def of_layer(self, *layers: Layer) -> list[int]:
        """Indices of the polygons of these layers."""
        return np.flatnonzero(np.isin(self.layers, [int(layer) for layer in layers])).tolist()
