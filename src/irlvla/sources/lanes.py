"""The lane graph of a recording: every lane with outline, successors and neighbours, given or derived from geometry."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import KDTree
from shapely.geometry import Polygon

from irlvla.scene.frames import wrap
from irlvla.sources.polygons import largest_part, strip
from irlvla.sources.polylines import headings, resample, turning
from irlvla.sources.recording import RecordedLane, RecordedMap

HALF_WIDTH = 1.8
"""Half the width of a lane that nothing is known of [m]."""

_JOINT_GAP, _JOINT_TURN = 1.5, 0.6  # a successor starts this close [m] and this straight [rad]
_BESIDE = (2.0, 5.0)  # distance between the centre lines of neighbours [m]
_PARALLEL = 0.25  # difference of their headings [rad]
_LONGEST_CROSSING, _LONGEST_TURN, _TURN = 80, 60, 0.35  # through intersections [m], [m], [rad]


@dataclass(frozen=True)
class Lane:
    """A lane with everything known.

    Attributes:
        id: unique name.
        line: ``[n, 2]`` centre line, points about 1 m apart.
        heading: ``[n]`` [rad].
        polygon: outline, valid.
        connector: whether it leads through an intersection.
        motor: whether cars drive on it.
        successors, predecessors: ids of the lanes before and after.
        neighbours: ids of the lanes beside it in the same direction.
    """

    id: str
    line: NDArray[np.float64]
    heading: NDArray[np.float64]
    polygon: Polygon
    connector: bool
    motor: bool
    successors: tuple[str, ...]
    predecessors: tuple[str, ...]
    neighbours: tuple[str, ...]

    @cached_property
    def length(self) -> float:
        """Length of the centre line [m]."""
        return float(np.linalg.norm(np.diff(self.line, axis=0), axis=1).sum())


@dataclass(frozen=True)
class LanePoints:
    """The centre-line points of all lanes for cars in one array, for look-ups.

    Attributes:
        lanes: ids.
        xy: ``[P, 2]``; heading: ``[P]``; owner: ``[P]`` index into ``lanes``; tree: of ``xy``.
    """

    lanes: tuple[str, ...]
    xy: NDArray[np.float64]
    heading: NDArray[np.float64]
    owner: NDArray[np.int64]
    tree: KDTree

    @classmethod
    def of(cls, lanes: dict[str, Lane]) -> "LanePoints":
        """Of those ``lanes`` that are for cars."""
        motor = [lane for lane in lanes.values() if lane.motor]
        xy = np.concatenate([lane.line for lane in motor])
        owner = np.repeat(np.arange(len(motor)), [len(lane.line) for lane in motor])
        heading = np.concatenate([lane.heading for lane in motor])
        return cls(tuple(lane.id for lane in motor), xy, heading, owner, KDTree(xy))


@dataclass(frozen=True)
class LaneGraph:
    """All lanes of a log by id, and their points for look-ups."""

    lanes: dict[str, Lane]

    @cached_property
    def points(self) -> LanePoints:
        """The points of the lanes for cars."""
        return LanePoints.of(self.lanes)

    def __getitem__(self, name: str) -> Lane:
        return self.lanes[name]


def lane_graph(recorded: RecordedMap) -> LaneGraph:
    """Complete the lanes of ``recorded``.

    Outline: as given, repaired; else the strip of the given widths; else of 1.8 m to each side. Successors: as given,
    else the lanes that start where this one ends (1.5 m, 0.6 rad). Neighbours: as given where they run in the same
    direction, else parallel lanes 2 to 5 m away along at least 40 % of the shorter one. Connectors: as given, else the
    lanes that cross others (:func:`crossing_lanes`).
    """
    outlines = {lane.id: _outline(lane) for lane in recorded.lanes if _length(lane.centreline) > 0.1}
    drawn = [lane for lane in recorded.lanes if lane.id in outlines and outlines[lane.id].area > 0.1]
    lines = {lane.id: resample(lane.centreline, 1.0) for lane in drawn}
    successors = _successors(drawn, lines)
    predecessors: dict[str, list[str]] = {lane.id: [] for lane in drawn}
    for name, following in successors.items():
        for other in following:
            predecessors[other].append(name)
    neighbours = _neighbours(drawn, lines)
    crossing = set()
    if any(lane.connector is None for lane in drawn):
        crossing = crossing_lanes(lines, successors, predecessors)
    lanes = {
        lane.id: Lane(
            id=lane.id,
            line=lines[lane.id],
            heading=headings(lines[lane.id]),
            polygon=outlines[lane.id],
            connector=lane.id in crossing if lane.connector is None else lane.connector,
            motor=lane.motor,
            successors=successors[lane.id],
            predecessors=tuple(predecessors[lane.id]),
            neighbours=neighbours[lane.id],
        )
        for lane in drawn
    }
    return LaneGraph(lanes)


def crossing_lanes(
    lines: dict[str, NDArray[np.float64]], successors: dict[str, tuple[str, ...]], predecessors: dict[str, list[str]]
) -> set[str]:
    """Lanes that lead through an intersection, where the data set does not say.

    These are the lanes of less than 80 m whose centre line crosses another one's, more than 2 m from all their ends.
    A lane that leaves the same lane as one of these, or enters the same one, leads through the same intersection if it
    turns by more than 0.35 rad and is shorter than 60 m.
    """
    names = list(lines)
    shapes = [shapely.LineString(lines[name]) for name in names]
    tree = shapely.STRtree(shapes)
    crossing: set[str] = set()
    for i, j in zip(*tree.query(shapes, predicate="crosses"), strict=True):
        if i < j and _cross_inside(shapes[i], shapes[j]):
            crossing |= {names[i], names[j]}
    crossing = {name for name in crossing if len(lines[name]) < _LONGEST_CROSSING}
    for name in list(crossing):
        siblings = {s for before in predecessors[name] for s in successors[before]}
        siblings |= {p for after in successors[name] for p in predecessors[after]}
        crossing |= {s for s in siblings if len(lines[s]) < _LONGEST_TURN and abs(turning(lines[s])) > _TURN}
    return crossing


def _cross_inside(a: shapely.LineString, b: shapely.LineString, margin: float = 2.0) -> bool:
    """Whether two lines cross farther than ``margin`` [m] from all four of their ends."""
    point = shapely.intersection(a, b).representative_point()
    ends = shapely.points([a.coords[0], a.coords[-1], b.coords[0], b.coords[-1]])
    return bool((shapely.distance(ends, point) > margin).all())


def _length(line: NDArray[np.float64]) -> float:
    return float(np.linalg.norm(np.diff(line, axis=0), axis=1).sum())


def _outline(lane: RecordedLane) -> Polygon:
    if lane.polygon is not None and len(lane.polygon) >= 3:
        return largest_part(Polygon(lane.polygon))
    if lane.half_widths is None:
        half_widths = np.full((len(lane.centreline), 2), HALF_WIDTH)
    else:
        half_widths = _filled(lane.half_widths)
    return strip(lane.centreline, half_widths)


def _filled(half_widths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unknown half widths taken from the other side, from the rest of the lane, or the usual one, in this order."""
    filled = half_widths.copy()
    known = ~np.isnan(filled)
    for side in (0, 1):
        middle = np.median(filled[known[:, side], side]) if known[:, side].any() else np.nan
        filled[~known[:, side], side] = middle
    filled = np.where(np.isnan(filled), filled[:, ::-1], filled)
    return np.where(np.isnan(filled), HALF_WIDTH, filled)


def _successors(drawn: list[RecordedLane], lines: dict[str, NDArray[np.float64]]) -> dict[str, tuple[str, ...]]:
    starts = KDTree([lines[lane.id][0] for lane in drawn])
    found = {}
    for lane in drawn:
        if lane.successors is not None:
            found[lane.id] = tuple(name for name in lane.successors if name in lines)
            continue
        line = lines[lane.id]
        near = [drawn[k].id for k in starts.query_ball_point(line[-1], _JOINT_GAP) if drawn[k].id != lane.id]
        ahead = headings(line)[-1]
        found[lane.id] = tuple(n for n in near if abs(wrap(headings(lines[n])[0] - ahead)) < _JOINT_TURN)
    return found


def _neighbours(drawn: list[RecordedLane], lines: dict[str, NDArray[np.float64]]) -> dict[str, tuple[str, ...]]:
    """Neighbours as given where they are parallel, else found by geometry."""
    parallel = _parallel_lanes(drawn, lines)
    found = {}
    for lane in drawn:
        if lane.neighbours is None:
            found[lane.id] = tuple(sorted(parallel[lane.id]))
        else:
            ahead = headings(lines[lane.id])
            same = (n for n in lane.neighbours if n in lines and _same_direction(lines[lane.id], ahead, lines[n]))
            found[lane.id] = tuple(same)
    return found


def _same_direction(line: NDArray[np.float64], heading: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    """Whether ``other`` runs the same way where it is closest to the middle of ``line``."""
    middle = len(line) // 2
    closest = np.argmin(np.linalg.norm(other - line[middle], axis=1))
    return bool(abs(wrap(headings(other)[closest] - heading[middle])) < np.pi / 2)


def _parallel_lanes(drawn: list[RecordedLane], lines: dict[str, NDArray[np.float64]]) -> dict[str, set[str]]:
    """Lanes 2 to 5 m beside each lane without given neighbours, in the same direction, along 40 % of the shorter."""
    found: dict[str, set[str]] = {lane.id: set() for lane in drawn}
    free = [lane.id for lane in drawn if lane.neighbours is None and lane.motor and not lane.connector]
    if not free:
        return found
    xy = np.concatenate([lines[name] for name in free])
    heading = np.concatenate([headings(lines[name]) for name in free])
    owner = np.repeat(np.arange(len(free)), [len(lines[name]) for name in free])
    i, j = KDTree(xy).query_pairs(_BESIDE[1], output_type="ndarray").T
    apart = xy[j] - xy[i]
    along = np.abs(apart[:, 0] * np.cos(heading[i]) + apart[:, 1] * np.sin(heading[i]))
    across = np.abs(-apart[:, 0] * np.sin(heading[i]) + apart[:, 1] * np.cos(heading[i]))
    beside = (owner[i] != owner[j]) & (along < 0.75) & (across > _BESIDE[0])
    beside &= np.abs(wrap(heading[i] - heading[j])) < _PARALLEL
    pairs, counts = np.unique(
        np.sort(np.column_stack([owner[i], owner[j]])[beside], axis=1), axis=0, return_counts=True
    )
    for (a, b), count in zip(pairs, counts, strict=True):
        if count >= 0.4 * min(len(lines[free[a]]), len(lines[free[b]])):
            found[free[a]].add(free[b])
            found[free[b]].add(free[a])
    return found
