"""A line to drive along: where it is after so many metres, a line beside it, and the ground that a car covers on it."""

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.ops import substring

from irlvla.epdms.compiled import compiled
from irlvla.epdms.grid import ring_edges
from irlvla.epdms.sampling import wrapped
from irlvla.epdms.vehicle import HALF_WIDTH
from irlvla.scene import Polylines

FloatArray = NDArray[np.float64]

FIRST_METRES = 1e-5
"""The benchmark never asks for the very start of a path, but for the point so many metres after it."""
ARC_SEGMENTS = 16
"""Segments of a quarter of a circle where a corridor goes round a bend."""


class Path(NamedTuple):
    """A line of ``P`` poses.

    Attributes:
        poses: ``[P, 3]`` x [m], y [m], heading [rad] without jumps.
        metres: ``[P]`` length of the line up to each pose, from 0 on.
    """

    poses: FloatArray
    metres: FloatArray

    @classmethod
    def of(cls, poses: FloatArray) -> "Path":
        """The path along ``poses [P, 3]``."""
        steps = np.linalg.norm(np.diff(poses[:, :2], axis=0), axis=1)
        return cls(np.column_stack([poses[:, :2], np.unwrap(poses[:, 2])]), np.append(0.0, np.cumsum(steps)))

    def beside(self, offset: float) -> "Path":
        """The path whose poses lie ``offset`` [m] to the left of this one's, by their headings."""
        left = np.column_stack([-np.sin(self.poses[:, 2]), np.cos(self.poses[:, 2])])
        return Path.of(np.column_stack([self.poses[:, :2] + offset * left, self.poses[:, 2]]))


@compiled
def pose_at(path: Path, metres: float, pose: FloatArray) -> None:
    """Writes the point of ``path`` after so many ``metres`` to ``pose [3]``; beyond its ends it is the end."""
    metres = min(max(metres, FIRST_METRES), path.metres[-1])
    after = min(max(int(np.searchsorted(path.metres, metres)), 1), len(path.metres) - 1)
    before = after - 1
    length = path.metres[after] - path.metres[before]
    share = (metres - path.metres[before]) / length if length > 0.0 else 0.0
    for c in range(3):
        pose[c] = path.poses[before, c] + share * (path.poses[after, c] - path.poses[before, c])
    pose[2] = wrapped(pose[2])


def corridor(path: Path, start: float, end: float) -> FloatArray:
    """Edges ``[E, 4]`` of the ground that a car as wide as the ego covers on ``path`` from ``start`` to ``end`` [m].

    The benchmark takes the poses of the path in between, not the exact stretch (unless there are fewer than two), and
    widens them by half a car all around, square at both ends.
    """
    start, end = (min(max(at, 0.0), float(path.metres[-1])) for at in (start, end))
    between = path.poses[(start <= path.metres) & (path.metres <= end), :2]
    if len(between) > 1:
        line = shapely.linestrings(between)
    else:
        line = substring(shapely.linestrings(path.poses[:, :2]), start, end)
    ground = shapely.buffer(line, HALF_WIDTH, quad_segs=ARC_SEGMENTS, cap_style="square")
    rings = shapely.get_rings(ground)
    return ring_edges(Polylines.of(shapely.get_coordinates(ring)[:-1] for ring in rings))
