"""EP and LK: getting on along the route's centre line, and keeping to it (``docs/epdms.md``)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms.areas import IN_INTERSECTION, FlagArray
from irlvla.epdms.compiled import formula
from irlvla.epdms.geometry import greater, lesser, nearest_on_segment, project
from irlvla.epdms.vehicle import INSTANTS
from irlvla.epdms.versions import Rules

FloatArray = NDArray[np.float64]

PROGRESS_FLOOR = 5.0
"""If nobody gets on by more than this many metres, everybody's EP is 1."""
LANE_OFFSET = 0.5
"""Greatest distance from the centre line to the box centre that keeps the lane [m]."""
LANE_STEPS = 20
"""Instants in a row beyond it that lose LK (2 s)."""
BLOCK = 8
"""Segments of a centre line that share a bounding box."""


class Centerline(NamedTuple):
    """The route's centre line in the ego frame of now.

    Attributes:
        line: ``[P, 2]``.
        blocks: ``[ceil((P - 1) / 8), 4]`` least x and y, greatest x and y of eight segments each.
        start: metres along the line at which the ego's box centre is now.
    """

    line: FloatArray
    blocks: FloatArray
    start: float


def block_bounds(line: FloatArray) -> FloatArray:
    """The ``blocks`` of :class:`Centerline` for ``line [P, 2]``."""
    parts = [line[k : k + BLOCK + 1] for k in range(0, len(line) - 1, BLOCK)]
    return np.array([[*part.min(0), *part.max(0)] for part in parts])


@formula
def progress(centerline: Centerline, boxes: FloatArray) -> float:
    """Metres [>= 0] that the box centre gets on along the centre line in 4 s."""
    return greater(project(centerline.line, boxes[INSTANTS - 1, 0], boxes[INSTANTS - 1, 1]) - centerline.start, 0.0)


@formula
def ego_progress(metres: float, gained: float, multiplier: float, reference: float, rules: Rules) -> float:
    """EP of a trajectory that gets on by so many ``metres``, beside a reference.

    ``gained`` is its metres times ``multiplier``, the product of its multiplicative sub-scores, and ``reference`` that
    of the reference. The measure is the greater of the two; divided by it are the metres as they are, or, in versions
    1.1 and 2.0, what is gained. Each trajectory meets the reference alone, so others in a batch change nothing.
    """
    best = greater(gained, reference)
    if best > PROGRESS_FLOOR:
        return lesser((gained if rules.masks_progress else metres) / best, 1.0)
    return 0.0 if rules.masks_progress and multiplier == 0.0 else 1.0


@formula
def near_line(centerline: Centerline, x: float, y: float) -> bool:
    """Whether a point lies within 0.5 m of the centre line."""
    line = centerline.line
    for b in range(len(centerline.blocks)):
        left, right = centerline.blocks[b, 0], centerline.blocks[b, 2]
        bottom, top = centerline.blocks[b, 1], centerline.blocks[b, 3]
        if left - LANE_OFFSET <= x <= right + LANE_OFFSET and bottom - LANE_OFFSET <= y <= top + LANE_OFFSET:
            for k in range(b * BLOCK, lesser((b + 1) * BLOCK, len(line) - 1)):
                if nearest_on_segment(line, k, x, y)[0] <= LANE_OFFSET * LANE_OFFSET:
                    return True
    return False


@formula
def lane_keeping(centerline: Centerline, boxes: FloatArray, areas: FlagArray) -> float:
    """LK: 0 if the box centre is off the centre line at 20 instants in a row, not counting those in intersections."""
    run = 0
    for t in range(INSTANTS):
        if areas[t] & IN_INTERSECTION:
            continue
        run = 0 if near_line(centerline, boxes[t, 0], boxes[t, 1]) else run + 1
        if run >= LANE_STEPS:
            return 0.0
    return 1.0
