"""EP and LK: getting on along the route's centre line, and keeping to it (``docs/epdms.md``)."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from irlvla.epdms.areas import IN_INTERSECTION, FlagArray
from irlvla.epdms.compiled import formula
from irlvla.epdms.geometry import greater, lesser, nearest_on_segment, project
from irlvla.epdms.vehicle import INSTANTS

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


def ego_progress(own: Tensor, multiplier: Tensor, reference: Tensor, masked: bool) -> Tensor:
    """EP of trajectories that get on by ``own`` metres, beside a reference.

    The measure is the further of the two, each times the product of its multiplicative sub-scores (``reference`` holds
    it already); the trajectory's own metres are divided by it as they are, or, if ``masked`` (versions 1.1 and 2.0),
    times their product too. Each trajectory meets the reference alone, so others in a batch change nothing.
    """
    best = torch.maximum(own * multiplier, reference)
    gained = own * multiplier if masked else own
    share = (gained / best.clamp(min=PROGRESS_FLOOR)).clamp(0.0, 1.0)
    else_all = (multiplier > 0).double() if masked else torch.ones_like(share)
    return torch.where(best > PROGRESS_FLOOR, share, else_all)


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
