"""The centre line of a route: lane centre lines joined, lane changes cut obliquely where they were driven."""

import numpy as np
from numpy.typing import NDArray

from irlvla.sources.lanes import LaneGraph
from irlvla.sources.polylines import arc_length, headings, points_at, project
from irlvla.sources.route import Visit

BEHIND, AHEAD, SHORTEST = 10.0, 150.0, 80.0
"""A scene's line reaches this far behind the ego and ahead; it goes straight on where the map ends before [m]."""

_CHANGE_SECONDS = 3.0
_CHANGE_LENGTH = (12.0, 60.0)  # [m]


def chain_line(
    graph: LaneGraph, driven: list[Visit], ahead: list[str], positions: NDArray[np.float64], speeds: NDArray[np.float64]
) -> NDArray[np.float64]:
    """``[n, 2]`` centre line along the lanes ``driven`` and then ``ahead``.

    A lane change runs straight from one centre line to the other, over three seconds' way (12 to 60 m), its middle
    where the vehicle changed; so does the way across a gap in the lanes.

    Args:
        graph: the lanes.
        driven: lanes under the vehicle, in order.
        ahead: lanes that go on from the last of them.
        positions: ``[S, 2]`` rear axle at the samples that ``driven`` counts.
        speeds: ``[S]`` [m/s].
    """
    pieces: list[NDArray[np.float64]] = []
    start = 0.0  # where the current lane begins to count, by its own arc length
    for k, visit in enumerate(driven):
        line = graph[visit.lane].line
        s = arc_length(line)
        end, following_start = s[-1], 0.0
        if k + 1 < len(driven) and driven[k + 1].lane not in graph[visit.lane].successors:
            half = _half_change(visit, driven[k + 1], positions, speeds)
            left = project(line, positions[visit.last])[0]
            end = left - min(half, (left - start) / 2)
            following_start = project(graph[driven[k + 1].lane].line, positions[driven[k + 1].first])[0] + half
        if k + 1 == len(driven):
            start = min(start, s[-1] - 1.0)  # a change close to the end of the last lane
        if end > start:
            inner = s[(s > start) & (s < end)]
            pieces.append(points_at(line, s, np.array([start, *inner, end])))
        start = following_start
    pieces += [graph[name].line for name in ahead]
    return _joined(pieces)


def _half_change(visit: Visit, following: Visit, positions: NDArray[np.float64], speeds: NDArray[np.float64]) -> float:
    """How far a lane change begins before the vehicle leaves its lane, and ends after it is on the other one [m]."""
    between = np.linalg.norm(positions[following.first] - positions[visit.last])
    whole = np.clip(speeds[visit.last] * _CHANGE_SECONDS, *_CHANGE_LENGTH)
    return max(0.0, float(whole - between)) / 2


def _joined(pieces: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """The pieces in one line; points that would lead back (lanes overlap a little at their ends) are left out."""
    line = pieces[0]
    for piece in pieces[1:]:
        forward = (piece - line[-1]) @ (line[-1] - line[-2]) / np.linalg.norm(line[-1] - line[-2])
        line = np.concatenate([line, piece[np.logical_or.accumulate(forward > 0.05)]])
    return line


def scene_line(line: NDArray[np.float64], position: NDArray[np.float64]) -> NDArray[np.float64]:
    """``[P, 3]`` x, y, heading of ``line [n, 2]`` in steps of 1 m, from 10 m behind ``position [2]`` to 150 m ahead.

    Where the line ends less than 80 m ahead it goes straight on up to there.
    """
    s = arc_length(line)
    here, _ = project(line, position)
    if s[-1] - here < SHORTEST:
        last = headings(line)[-1]
        missing = SHORTEST - (s[-1] - here)
        line = np.concatenate([line, line[-1:] + missing * np.array([[np.cos(last), np.sin(last)]])])
        s = np.append(s, s[-1] + missing)
    at = np.arange(max(0.0, here - BEHIND), min(s[-1], here + AHEAD), 1.0)
    points = points_at(line, s, at)
    return np.column_stack([points, headings(points)])
