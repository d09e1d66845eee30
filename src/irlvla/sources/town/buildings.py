"""Buildings beside the roads."""

from collections.abc import Sequence

import numpy as np
import shapely

from irlvla.sources.town.curves import FloatArray, lefts, units

_FRONT = (7.0, 22.0)  # length along the road [m]
_DEPTH = (8.0, 16.0)
_HEIGHT = (4.0, 22.0)
_GAP = (0.5, 9.0)  # between neighbours [m]
_SETBACK = (4.5, 9.0)  # from the kerb to the front [m]
_CLEAR = 3.6  # of all carriageways, so that people can walk between [m]


def draw_buildings(rng: np.random.Generator, kerbs: Sequence[FloatArray], paved: Sequence[FloatArray]) -> FloatArray:
    """Boxes ``[B, 6]`` (x, y, heading, length, width, height) along ``kerbs``, clear of the ``paved`` rings.

    Args:
        rng: chance.
        kerbs: polylines ``[n, 2]`` with the road on their left.
        paved: rings ``[n, 2]``.
    """
    boxes = np.concatenate([_along(rng, kerb) for kerb in kerbs])
    shapes = _outlines(boxes)
    ground = shapely.STRtree([shapely.Polygon(ring) for ring in paved])
    blocked = np.zeros(len(boxes), np.bool_)
    blocked[ground.query(shapes, predicate="dwithin", distance=_CLEAR)[0]] = True
    boxes, shapes = boxes[~blocked], shapes[~blocked]
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    rivals: dict[int, list[int]] = {}
    for i, j in zip(one.tolist(), other.tolist(), strict=True):
        if j < i:
            rivals.setdefault(i, []).append(j)
    built = np.ones(len(boxes), np.bool_)
    for i in sorted(rivals):
        built[i] = not built[rivals[i]].any()
    return boxes[built]


def _along(rng: np.random.Generator, kerb: FloatArray) -> FloatArray:
    """Boxes one after the other behind a kerb."""
    steps = np.diff(kerb, axis=0)
    lengths = np.concatenate([[0.0], np.cumsum(np.hypot(steps[:, 0], steps[:, 1]))])
    count = int(lengths[-1] / (_FRONT[0] + _GAP[0])) + 1
    fronts, gaps = rng.uniform(*_FRONT, count), rng.uniform(*_GAP, count)
    depths, setbacks = rng.uniform(*_DEPTH, count), np.full(count, rng.uniform(*_SETBACK)) + rng.uniform(0, 1.5, count)
    heights = rng.uniform(*_HEIGHT) * rng.uniform(0.6, 1.4, count)
    middles = np.cumsum(fronts + gaps) - fronts / 2
    kept = middles + fronts / 2 < lengths[-1]
    ends = np.stack([middles - fronts / 2, middles + fronts / 2], 1)[kept]
    a, b = (np.stack([np.interp(end, lengths, kerb[:, k]) for k in (0, 1)], 1) for end in ends.T)
    headings = np.arctan2(*(b - a).T[::-1])
    centres = (a + b) / 2 - lefts(headings) * (setbacks + depths / 2)[kept, None]
    return np.column_stack([centres, headings, fronts[kept], depths[kept], np.maximum(heights, 3.0)[kept]])


def _outlines(boxes: FloatArray) -> np.ndarray:
    along, across = units(boxes[:, 2]) * boxes[:, 3:4] / 2, lefts(boxes[:, 2]) * boxes[:, 4:5] / 2
    corners = [boxes[:, :2] + i * along + j * across for i, j in ((1, 1), (-1, 1), (-1, -1), (1, -1))]
    outlines: np.ndarray = shapely.polygons(np.stack(corners, 1))
    return outlines
