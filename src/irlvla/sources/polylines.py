"""Polylines with arc length and heading."""

import numpy as np
from numpy.typing import NDArray

from irlvla.scene.frames import wrap


def arc_length(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance of each point of ``line [n, 2]`` from its start along the line [m]."""
    return np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])


def resample(line: NDArray[np.float64], spacing: float) -> NDArray[np.float64]:
    """``line [n, 2]`` with both ends kept and points about ``spacing`` [m] apart (at least two points)."""
    s = arc_length(line)
    at = np.linspace(0.0, s[-1], max(2, round(s[-1] / spacing) + 1))
    return points_at(line, s, at)


def points_at(line: NDArray[np.float64], s: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points ``[k, 2]`` of ``line`` at the arc lengths ``at``, where ``s`` are those of its own points."""
    return np.column_stack([np.interp(at, s, line[:, 0]), np.interp(at, s, line[:, 1])])


def headings(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """Heading [rad] at each point of ``line [n, 2]``: of the segment that starts there, the last one repeated."""
    steps = np.diff(line, axis=0)
    ahead = np.arctan2(steps[:, 1], steps[:, 0])
    return np.append(ahead, ahead[-1])


def turning(line: NDArray[np.float64]) -> float:
    """Change of heading from the first to the last segment [rad], in ``[-pi, pi)``."""
    ahead = headings(line)
    return float(wrap(ahead[-1] - ahead[0]))


def project(line: NDArray[np.float64], point: NDArray[np.float64]) -> tuple[float, float]:
    """Arc length [m] of the point of ``line`` closest to ``point [2]``, and the distance, negative to the right [m]."""
    start, step = line[:-1], np.diff(line, axis=0)
    squared = np.maximum((step**2).sum(1), 1e-12)
    along = np.clip(((point - start) * step).sum(1) / squared, 0.0, 1.0)
    offset = point - (start + along[:, None] * step)
    k = int(np.argmin((offset**2).sum(1)))
    left = step[k, 0] * offset[k, 1] >= step[k, 1] * offset[k, 0]
    lengths, distance = np.sqrt(squared), float(np.hypot(*offset[k]))
    return float(lengths[:k].sum() + along[k] * lengths[k]), distance if left else -distance
