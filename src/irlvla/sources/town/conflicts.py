"""Where the ways through a junction come so close that two vehicles would meet."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

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
    offsets = np.cumsum(counts) - counts
    owners = np.repeat(np.arange(len(lines)), counts)
    points = np.concatenate(lines)
    points = points - points.mean(0)
    squares = (points**2).sum(1)
    near = squares[:, None] + squares - 2 * points @ points.T < CLEARANCE**2
    near &= (sources[:, None] != sources)[owners[:, None], owners]
    place = np.arange(len(points), dtype=np.int32)
    first = np.minimum.reduceat(np.where(near, place, np.int32(len(points))), offsets, axis=1)
    last = np.maximum.reduceat(np.where(near, place, np.int32(-1)), offsets, axis=1)

    touched = np.pad((last >= 0).T, ((0, 0), (1, 1)))  # [C, 1 + P + 1]: whether a point lies near line c
    opening = np.pad(np.diff(owners) != 0, 1, constant_values=True)  # between the points of two lines
    begins = touched[:, 1:] & (~touched[:, :-1] | opening)
    ends = touched[:, :-1] & (~touched[:, 1:] | opening)
    other, begin = np.nonzero(begins[:, :-1])
    end = np.nonzero(ends[:, 1:])[1]
    spans = np.stack([other * len(points) + begin, other * len(points) + end + 1], 1).ravel()
    flat_first = np.append(first.T.ravel(), 0)
    flat_last = np.append(last.T.ravel(), 0)
    from_other = np.minimum.reduceat(flat_first, spans)[::2] if len(spans) else begin
    to_other = np.maximum.reduceat(flat_last, spans)[::2] if len(spans) else begin

    steps = np.array([np.hypot(*(line[1] - line[0])) for line in lines])
    pairs = np.stack([owners[begin], other], 1)
    low = (np.stack([begin, from_other], 1) - offsets[pairs] - 0.5) * steps[pairs]
    high = (np.stack([end, to_other], 1) - offsets[pairs] + 0.5) * steps[pairs]
    return pairs, np.maximum(low, 0.0), np.minimum(high, ((counts - 1) * steps)[pairs])
