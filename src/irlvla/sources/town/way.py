"""The way that the ego takes through a town: lanes, centre line, route."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from irlvla.sources.polylines import arc_length, points_at
from irlvla.sources.town.network import NONE, Lanes, Turn
from irlvla.sources.town.traffic import NOBODY, Track
from irlvla.sources.town.world import World

FloatArray = NDArray[np.float64]

BEYOND = 170.0
"""A way goes on at least so far beyond where the ego was last [m], if the town does."""
_WINDOW = 80  # points of a way among which the next place on it is looked for
_BACK = 40.0  # and begins this far before the ego's first place, on its first lane at most [m]
_FADE_LENGTH, _FADE_SECONDS = 25.0, 3.4  # over which a lane change runs, as traffic does it


@dataclass(frozen=True)
class Way:
    """Lanes one after the other, and the line along them.

    Attributes:
        lanes: ``[L]`` int32.
        starts: ``[L]`` arc length of the line at which each begins [m].
        line: ``[n, 2]`` the centre line; where a lane was changed it runs from one centre line to the other.
        metres: ``[n]`` its arc length.
    """

    lanes: NDArray[np.int32]
    starts: FloatArray
    line: FloatArray
    metres: FloatArray

    def follow(self, points: FloatArray, near: int = 0) -> tuple[FloatArray, FloatArray, int]:
        """Where on the way ``points [S, 2]`` are that follow it, the first at or soon after point ``near`` of the line.

        Each is looked for from the one before on, so a way may cross itself. Returns arc lengths ``[S]``, distances
        ``[S]`` from the nearest points of the line, and which of these the last one is.
        """
        places, apart = np.empty(len(points)), np.empty(len(points))
        for k, point in enumerate(points):
            away = np.linalg.norm(self.line[near : near + _WINDOW] - point, axis=1)
            apart[k], near = away.min(), near + int(away.argmin())
            step = self.line[min(near + 1, len(self.line) - 1)] - self.line[max(near - 1, 0)]
            places[k] = self.metres[near] + (point - self.line[near]) @ step / max(float(np.linalg.norm(step)), 1e-9)
        return places, apart, near

    def along(self, points: FloatArray) -> FloatArray:
        """Arc length ``[S]`` of points that follow the way from its beginning, in order; they never go back."""
        return np.asarray(np.maximum.accumulate(self.follow(points)[0]))

    def part(self, begin: float, end: float) -> FloatArray:
        """``[m, 2]`` points every metre from ``begin`` to ``end``, as far as there is a way."""
        at = np.arange(max(begin, 0.0), min(end, self.metres[-1]), 1.0)
        return points_at(self.line, self.metres, at)

    def lanes_between(self, begin: float, end: float) -> list[int]:
        """The lanes from one arc length to another."""
        last = int(np.searchsorted(self.starts, end))
        first = max(int(np.searchsorted(self.starts, begin, side="right")) - 1, 0)
        return [int(lane) for lane in self.lanes[first:last]]

    def next_turn(self, lanes: Lanes, here: float) -> tuple[float, int] | None:
        """Distance to the next connector that turns, and the connector; None if there is none ahead."""
        for lane, start in zip(self.lanes.tolist(), self.starts.tolist(), strict=True):
            if start > here - 1.0 and lanes.turns[lane] != Turn.STRAIGHT:
                return start - here, lane
        return None


def driven_way(world: World, track: Track) -> Way:
    """The way that the ego took in ``track``, and where it will go after it."""
    lanes, places, speeds = track.lanes, track.places, track.speeds[:, 0]
    begins = np.flatnonzero(np.append(True, lanes[1:] != lanes[:-1]))
    pieces: list[FloatArray] = []
    legs: list[int] = []
    for begin, end in zip(begins, np.append(begins[1:], len(lanes)), strict=True):
        lane = int(lanes[begin])
        changed_from = int(lanes[begin - 1]) if begin and track.leaving[begin] == lanes[begin - 1] else NOBODY
        start = places[begin] if changed_from != NOBODY else 0.0 if begin else max(places[0] - _BACK, 0.0)
        last = end == len(lanes)
        changes = not last and track.leaving[end] == lane
        stop = float(places[end - 1]) if changes else float(world.roads.lengths[lane])
        pieces.append(_piece(world, lane, start, stop, changed_from, float(speeds[begin])))
        legs.append(lane)
    for lane in _beyond(world, legs[-1], int(track.nexts[-1]), float(places[-1])):
        pieces.append(world.town.lanes.lines[lane])
        legs.append(lane)
    return _joined(legs, pieces)


def planned_way(world: World, lanes: list[int], place: float) -> Way:
    """The way along ``lanes``, one after the other, of an ego at ``place`` of the first."""
    first = _piece(world, lanes[0], max(place - _BACK, 0.0), float(world.roads.lengths[lanes[0]]), NOBODY, 0.0)
    return _joined(lanes, [first, *(world.town.lanes.lines[lane] for lane in lanes[1:])])


def _piece(world: World, lane: int, start: float, stop: float, changed_from: int, speed: float) -> FloatArray:
    """Points along a lane between two places; after a lane change they come over from the other one."""
    line = world.town.lanes.lines[lane]
    metres = arc_length(line)
    inner = metres[(metres > start + 0.2) & (metres < stop - 0.2)]
    at = np.array([start, *inner, max(stop, start + 0.1)])
    points = points_at(line, metres, at)
    if changed_from == NOBODY:
        return points
    roads = world.roads
    to_left = bool(roads.left[changed_from] == lane)
    width = (roads.widths[lane] + roads.widths[changed_from]) / 2
    x = np.clip((at - start) / max(_FADE_LENGTH, _FADE_SECONDS * speed), 0.0, 1.0)
    offset = (-width if to_left else width) * (1 - x**3 * (10 - 15 * x + 6 * x**2))
    heading = np.interp(at, metres, roads.headings[roads.first[lane] : roads.first[lane + 1]])
    return points + offset[:, None] * np.column_stack([-np.sin(heading), np.cos(heading)])


def _beyond(world: World, lane: int, following: int, place: float) -> list[int]:
    """Lanes after the last one: the one planned, then as straight as it goes."""
    lanes, beyond = world.town.lanes, []
    left = BEYOND - (world.roads.lengths[lane] - place)
    while left > 0.0:
        choices = lanes.successors[lane]
        if not choices:
            break
        straight = min(choices, key=lambda k: (lanes.turns[k] != Turn.STRAIGHT, k))
        lane = following if following in choices else straight
        following = NONE
        beyond.append(lane)
        left -= world.roads.lengths[lane]
    return beyond


def _joined(legs: list[int], pieces: list[FloatArray]) -> Way:
    """The pieces in one line."""
    points, starts = [pieces[0]], [0.0]
    for piece in pieces[1:]:
        starts.append(float(arc_length(np.concatenate(points))[-1]))
        tail = points[-1][-1]
        points.append(piece[1:] if np.linalg.norm(piece[0] - tail) < 0.3 else piece)
    line = np.concatenate(points)
    return Way(np.array(legs, np.int32), np.array(starts), line, arc_length(line))


def route_ids(lanes: Lanes, way: list[int]) -> tuple[str, ...]:
    """Names of all lanes that belong to the route along ``way``: those beside, and all connectors between its roads."""
    roads = [int(lanes.roads[lane]) for lane in way]
    chosen: list[int] = []
    for k, (lane, road) in enumerate(zip(way, roads, strict=True)):
        if road != NONE:
            chosen += np.flatnonzero(lanes.roads == road).tolist()
            continue
        origins = np.flatnonzero(lanes.roads == roads[k - 1]).tolist() if k and roads[k - 1] != NONE else []
        targets = {int(lanes.roads[following]) for following in lanes.successors[lane]}
        for origin in origins:
            chosen += [
                c for c in lanes.successors[origin] if targets & {int(lanes.roads[f]) for f in lanes.successors[c]}
            ]
        chosen.append(lane)
    return tuple(lanes.ids[lane] for lane in dict.fromkeys(chosen))
