"""Where the ways through a junction come so close that two vehicles would meet."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

FloatArray = NDArray[np.float64]

CLEARANCE = 2.5
"""Drive lines closer than this cannot be used by two vehicles at once: 2 m wide, and half a metre between them [m]."""


def meetings(
    lines: Sequence[FloatArray], sources: NDArray[np.int64]
) -> tuple[NDArray[np.int64], FloatArray, FloatArray]:
    """Stretches of ``C`` drive lines that lie within ``CLEARANCE`` of another one.

    Args:
        lines: ``[n, 2]`` each, evenly spaced.
        sources: ``[C]`` where each comes from; those from the same lane do not meet.

    Returns:
        Ordered pairs ``[M, 2]`` of lines, and where on each the stretch begins and ends ``[M, 2]`` [m]. A pair that
        meets twice is there twice.
    """
    counts = np.array([len(line) for line in lines])
    offsets = counts.cumsum() - counts
    owners = np.arange(len(lines)).repeat(counts)
    near = KDTree(np.concatenate(lines)).query_pairs(CLEARANCE, output_type="ndarray")
    near = near[sources[owners[near[:, 0]]] != sources[owners[near[:, 1]]]]
    if not len(near):
        return np.zeros((0, 2), np.int64), np.zeros((0, 2)), np.zeros((0, 2))

    # which points p lie near line c, and the first and last point of that line that they are near
    c, p, q = _sorted_columns(np.concatenate([near, near[:, ::-1]]), owners)
    heads = np.flatnonzero(np.diff(p, prepend=-1) | np.diff(c, prepend=-1))
    tails = np.append(heads[1:], len(p)) - 1
    p, c, first, last = p[heads], c[heads], q[heads], q[tails]

    # runs of such points along one line
    heads = np.flatnonzero(np.diff(p, prepend=-2) - 1 | np.diff(c, prepend=-1) | np.diff(owners[p], prepend=-1))
    tails = np.append(heads[1:], len(p)) - 1
    pairs = np.stack([owners[p[heads]], c[heads]], 1)
    low = np.stack([p[heads], np.minimum.reduceat(first, heads)], 1) - offsets[pairs]
    high = np.stack([p[tails], np.maximum.reduceat(last, heads)], 1) - offsets[pairs]
    steps = np.array([np.hypot(*np.diff(line, axis=0).T).mean() for line in lines])[pairs]
    return pairs, np.maximum(low - 0.5, 0.0) * steps, np.minimum(high + 0.5, (counts - 1)[pairs]) * steps


def _sorted_columns(near: NDArray[np.int64], owners: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
    """Pairs of points ``[n, 2]`` as columns: line of the second, first, second, in this order."""
    count = len(owners)
    keys = np.sort((owners[near[:, 1]] * count + near[:, 0]) * count + near[:, 1])
    return keys // count**2, keys // count % count, keys % count
