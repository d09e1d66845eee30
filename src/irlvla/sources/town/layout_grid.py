"""The grid from which a town is drawn: junctions moved about, roads left out, roads that lead out of the town."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from irlvla.scene.frames import rotate
from irlvla.sources.town.curves import unit
from irlvla.sources.town.layout import Node, NodeKind, RoadPlan
from irlvla.sources.town.settings import WIDEST_LANE, RoadSettings

_STUB = (65.0, 95.0)  # how far roads lead out of the town [m]
_LANES = (0.5, 0.35, 0.15)  # how common roads with 1, 2, 3 lanes a direction are
_UNEVEN = 0.25  # share of roads with more lanes one way than the other


@dataclass(frozen=True)
class _Line:
    """What all roads of one row or column of the grid have in common."""

    lanes: int
    width: float
    limit: float


def draw_grid(rng: np.random.Generator, settings: RoadSettings) -> tuple[list[Node], list[RoadPlan]]:
    """Junctions and what lies outside, and the roads between them: connected, without dead ends."""
    rows, columns = (int(rng.integers(least, most + 1)) for least, most in (settings.rows, settings.columns))
    x = np.concatenate([[0.0], np.cumsum(rng.uniform(*settings.spacing, columns - 1))])
    y = np.concatenate([[0.0], np.cumsum(rng.uniform(*settings.spacing, rows - 1))])
    jitter = settings.jitter * settings.spacing[0]
    grid = np.stack(np.meshgrid(x, y), -1) + rng.uniform(-jitter, jitter, (rows, columns, 2))
    grid -= grid.mean((0, 1))
    along_rows = [_draw_line(rng, settings) for _ in range(rows)]
    along_columns = [_draw_line(rng, settings) for _ in range(columns)]

    places, inner, outer = list(grid.reshape(-1, 2)), [], []
    index = np.arange(rows * columns).reshape(rows, columns)
    for line, way, forward in [
        *((line, way, 0.0) for line, way in zip(along_rows, index, strict=True)),
        *((line, way, np.pi / 2) for line, way in zip(along_columns, index.T, strict=True)),
    ]:
        inner += [_draw_road(rng, settings, int(a), int(b), line) for a, b in pairwise(way)]
        for node, heading in ((way[0], forward + np.pi), (way[-1], forward)):
            outer.append(_draw_road(rng, settings, int(node), len(places), line))
            places.append(places[node] + rng.uniform(*_STUB) * unit(heading + rng.uniform(-0.12, 0.12)))
    roads = _built(rng, settings.dropped, rows * columns, inner, outer)
    turn = np.array(rng.uniform(-np.pi, np.pi))
    kinds = [NodeKind.CROSSING] * (rows * columns) + [NodeKind.OUTSIDE] * len(outer)
    return [Node(rotate(place, turn), kind) for place, kind in zip(places, kinds, strict=True)], roads


def _draw_line(rng: np.random.Generator, settings: RoadSettings) -> _Line:
    lanes = min(int(rng.choice([1, 2, 3], p=_LANES)), settings.most_lanes)
    limits = sorted(settings.limits)
    speed = (lanes - 1 + rng.uniform()) / 3  # wider roads are faster
    limit = limits[min(int(1.25 * speed * len(limits)), len(limits) - 1)]
    return _Line(lanes, float(rng.uniform(3.2, WIDEST_LANE)), limit)


def _draw_road(rng: np.random.Generator, settings: RoadSettings, start: int, end: int, line: _Line) -> RoadPlan:
    lanes = np.array([line.lanes, line.lanes])
    if rng.random() < _UNEVEN:
        lanes[rng.integers(2)] += rng.choice([-1, 1])
    forward, backward = np.clip(lanes, 1, settings.most_lanes).tolist()
    return RoadPlan(start, end, (forward, backward), line.width, line.limit, np.zeros((0, 2)))


def _built(
    rng: np.random.Generator, dropped: float, junctions: int, inner: list[RoadPlan], outer: list[RoadPlan]
) -> list[RoadPlan]:
    """Those roads that are built: all junctions are joined, none is a dead end, and two roads or more lead out."""
    order = rng.permutation(len(outer))
    count = max(2, round(len(outer) * (1 - min(1.0, 1.6 * dropped * rng.uniform(0.5, 1.2)))))
    out = [outer[k] for k in order[:count]]
    spare = [outer[k] for k in order[count:]]
    while not _complete(junctions, inner + out):
        lacking = np.argmin(_degrees(junctions, inner + out))
        road = next((road for road in spare if road.start == lacking), spare[0])
        out.append(road)
        spare.remove(road)
    for road in [inner[k] for k in rng.permutation(len(inner))]:
        rest = [other for other in inner if other is not road]
        if rng.random() < dropped and _complete(junctions, rest + out):
            inner = rest
    return inner + out


def _degrees(junctions: int, roads: list[RoadPlan]) -> NDArray[np.int64]:
    ends = np.array([(road.start, road.end) for road in roads]).ravel()
    return np.bincount(ends[ends < junctions], minlength=junctions)


def _complete(junctions: int, roads: list[RoadPlan]) -> bool:
    """Whether all junctions are joined, none is a dead end, and one or two are more than a bend."""
    degrees = _degrees(junctions, roads)
    group = np.arange(junctions)
    for road in roads:
        if road.end < junctions:
            group[group == group[road.end]] = group[road.start]
    joined = len(np.unique(group)) == 1
    return joined and degrees.min() >= 2 and (degrees >= 3).sum() >= min(2, junctions)
