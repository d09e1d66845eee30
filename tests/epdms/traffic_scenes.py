"""Made-up roads with centre lines, and roll-outs of the ego along x, for the tests of traffic."""

from dataclasses import replace

import numpy as np

from irlvla.scene import Layer, LineKind, Polylines
from tests.epdms.made_up import TIMES, rectangle, straight_road

TWO_LANES = (
    ("own", Layer.LANE, rectangle(-100, -2, 300, 2), [(-100, 0), (300, 0)]),
    ("left", Layer.LANE, rectangle(-100, 2, 300, 6), [(-100, 4), (300, 4)]),
    ("block", Layer.ROADBLOCK, rectangle(-100, -2, 300, 6), None),
)
"""Two lanes along x, 4 m wide; the ego is in the right one."""


def road(boxes=(), elements=TWO_LANES, speed=10.0, **changes):
    """A scene on ``elements``: id, layer, outline and centre line (or None) each."""
    truth = straight_road(speed=speed, boxes=boxes, elements=[element[:3] for element in elements], **changes)
    lines = [np.array(element[3], float) for element in elements if element[3] is not None]
    kinds = np.full(len(lines), LineKind.CENTERLINE, np.int8)
    return replace(truth, map=replace(truth.map, lines=Polylines.of(lines), line_kinds=kinds))


def ego_along_x(speed=10.0, acceleration=0.0, x=0.0, y=0.0):
    """``[41, 11]``: along x until it stands."""
    speeds = np.maximum(speed + acceleration * TIMES, 0.0)
    states = np.zeros((41, 11))
    states[:, 0] = x + np.concatenate([[0.0], np.cumsum((speeds[1:] + speeds[:-1]) / 2 * 0.1)])
    states[:, 1], states[:, 3] = y, speeds
    return states


def of(tracks, token):
    """Poses ``[41, 3]``, speeds ``[41]`` and presence ``[41]`` of one object; None if it plays no part."""
    if token not in tracks.tokens:
        return None
    m = tracks.tokens.index(token)
    return tracks.poses[m], np.hypot(*tracks.velocities[m].T), tracks.valid[m]
