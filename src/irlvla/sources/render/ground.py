"""The ground of a scene as outlines in the order of painting: pavements, road, crosswalks, lines, shade.

Everything is in the ego frame; :mod:`irlvla.sources.render.paint` paints it into pictures.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from irlvla.scene import HDMap, Layer, LineKind
from irlvla.sources.render.light import Light, packed
from irlvla.sources.render.outlines import bands_of, circles_of, rims_of, shadows_of, stripes_of, trim
from irlvla.sources.render.paint import SHADE

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
WordArray = NDArray[np.uint32]
Rgb = tuple[int, int, int]

REACH = 130.0
"""What is further away [m] is not drawn."""

OFF_ROAD = (122, 130, 104)
ASPHALT = (82, 84, 89)
WHITE, YELLOW = (238, 238, 234), (240, 192, 60)

AREAS = {
    Layer.DRIVABLE_AREA: ASPHALT,
    Layer.CARPARK_AREA: (98, 95, 92),
    Layer.INTERSECTION: ASPHALT,
    Layer.LANE: (92, 94, 100),
}
"""Colour by layer, in the order of painting. Lanes hide all of a roadblock; nothing marks connectors on a crossing."""


@dataclass(frozen=True)
class _Styles:
    """How lines are painted, in the order of painting: kind, colour ``[n, 3]``, width and dash period [m] of each."""

    kinds: tuple[LineKind, ...]
    colours: FloatArray
    widths: FloatArray
    periods: FloatArray

    @classmethod
    def of(cls, *styles: tuple[LineKind, Rgb, float, float]) -> "_Styles":
        kinds, colours, widths, periods = zip(*styles, strict=True)
        return cls(kinds, np.array(colours, np.float64), np.array(widths), np.array(periods))


PAVEMENTS = _Styles.of((LineKind.ROAD_EDGE, (150, 147, 140), 5.0, 0.0))
"""Painted before the areas, which hide half of a pavement."""

LINES = _Styles.of(
    (LineKind.ROAD_EDGE, (52, 50, 48), 0.42, 0.0),
    (LineKind.ROAD_EDGE, (172, 166, 156), 0.2, 0.0),
    (LineKind.MARKING_WHITE_BROKEN, WHITE, 0.18, 9.0),
    (LineKind.MARKING_WHITE_SOLID, WHITE, 0.18, 0.0),
    (LineKind.MARKING_YELLOW_BROKEN, YELLOW, 0.18, 9.0),
    (LineKind.MARKING_YELLOW_SOLID, YELLOW, 0.18, 0.0),
    (LineKind.STOP_LINE, WHITE, 0.45, 0.0),
)
"""Painted on top."""

ZEBRA_PERIOD = 1.1

WET_AREA, WET_LINE = 0.42, 0.15
"""How much darker areas and paint on them are when wet."""

CONTACT, CONTACT_MARGIN = 0.5, 0.12
"""Shade under everything that stands on the road, and how far it reaches beyond [m]."""


_RANKS = np.array([list(AREAS).index(layer) if layer in AREAS else -1 for layer in Layer])
_COLOURS = np.array([*(AREAS.get(layer, ASPHALT) for layer in Layer), OFF_ROAD, WHITE])
_PALETTE = np.concatenate([_COLOURS, PAVEMENTS.colours, LINES.colours])
_OFF_ROAD, _ZEBRA, _PAVEMENT = len(Layer), len(Layer) + 1, len(_COLOURS)
_LINE = _PAVEMENT + len(PAVEMENTS.kinds)
_DARKER = np.where(np.arange(len(_PALETTE)) < _ZEBRA, WET_AREA, WET_LINE)[:, None]
"""Colours by place, layers first, and how much darker each is when wet."""


@dataclass(frozen=True)
class Ground:
    """``K`` areas to paint, later ones over earlier ones: the arguments of :func:`irlvla.sources.render.paint.paint`.

    Attributes:
        base: colour of what no area covers.
        points: ``[P, 2]``. rings: ``[R, 2]``. areas: ``[K + 1]``. circles: ``[K, 3]``. colours: ``[K]``.
    """

    base: int
    points: FloatArray
    rings: IntArray
    areas: IntArray
    circles: FloatArray
    colours: WordArray


@dataclass(frozen=True)
class _Rings:
    """Rings ``[R, 2]`` of ``points``, their ``colours [R]``, and those ``areas [K]`` begin with (None: with each)."""

    points: FloatArray
    rings: IntArray
    colours: WordArray
    areas: IntArray | None = None


def ground_of(
    hdmap: HDMap, ego: FloatArray, objects: FloatArray, buildings: FloatArray, light: Light, pixel: float
) -> Ground:
    """The ground around ``ego [3]``.

    Args:
        hdmap: the map, global frame.
        ego: x, y, heading of the rear axle, global frame.
        objects, buildings: ``[N, 6]`` x, y, heading, length, width, height of what stands on it, ego frame.
        light: that falls on it.
        pixel: width of a pixel [rad].
    """
    words = packed(_PALETTE * light.level * (1 - light.wet * _DARKER))
    points, rings = _in_view(hdmap, ego, pixel)
    count = len(hdmap.polygons) + len(hdmap.holes)
    areas, lines = rings[:count], rings[count:]
    parts = [
        _bands(points, lines, hdmap.line_kinds, PAVEMENTS, words[_PAVEMENT:]),
        _areas(points, areas, hdmap, words),
        _crosswalks(points, lines[hdmap.line_kinds == LineKind.CROSSWALK], words[_ZEBRA]),
        _bands(points, lines, hdmap.line_kinds, LINES, words[_LINE:]),
        *_shades(objects, buildings, light),
    ]
    return _joined(parts, int(words[_OFF_ROAD]))


def _in_view(hdmap: HDMap, ego: FloatArray, pixel: float) -> tuple[FloatArray, IntArray]:
    """Points in the ego frame, and which of them are those of each polygon, hole and line; none of what is not seen."""
    given = [hdmap.polygons, hdmap.holes, hdmap.lines]
    points = np.concatenate([part.points for part in given])
    starts = np.cumsum([0, *(len(part.points) for part in given)])
    pieces = [np.stack([part.offsets[:-1], part.offsets[1:]], 1) for part in given]
    rings = np.concatenate([piece + start for piece, start in zip(pieces, starts, strict=False)])
    ranks = _RANKS[hdmap.layers]
    painted = np.concatenate([ranks >= 0, ranks[hdmap.hole_owners] >= 0, hdmap.line_kinds != LineKind.CENTERLINE])
    circles = circles_of(points, rings, np.arange(len(rings) + 1))
    near = np.hypot(circles[:, 0] - ego[0], circles[:, 1] - ego[1]) - circles[:, 2] < REACH
    cos, sin = np.cos(ego[2]), np.sin(ego[2])
    local = (points - ego[:2]) @ np.array([[cos, -sin], [sin, cos]])
    return trim(local, rings, painted & near, pixel / 4)


def _areas(points: FloatArray, rings: IntArray, hdmap: HDMap, words: WordArray) -> _Rings:
    """Polygons of the map by layer; ``rings`` are theirs, then those of their holes."""
    count = len(hdmap.layers)
    owners = np.concatenate([np.arange(count), hdmap.hole_owners])
    seen = np.flatnonzero(rings[owners, 1] > rings[owners, 0])
    order = seen[np.lexsort((seen, owners[seen], _RANKS[hdmap.layers[owners[seen]]]))]
    return _Rings(points, rings[order], words[hdmap.layers[owners[order]]], np.flatnonzero(order < count))


def _crosswalks(points: FloatArray, crosswalks: IntArray, word: int) -> _Rings:
    """Stripes; those of one crosswalk are one area."""
    crosswalks = crosswalks[np.diff(crosswalks)[:, 0] > 2]
    outlines, rings, owners = stripes_of(points, crosswalks, ZEBRA_PERIOD)
    return _Rings(outlines, rings, np.full(len(rings), word), np.searchsorted(owners, np.arange(len(crosswalks))))


def _bands(points: FloatArray, lines: IntArray, kinds: NDArray[np.int8], styles: _Styles, words: WordArray) -> _Rings:
    """Lines with a width, style after style; every dash is an area."""
    there = lines[:, 1] - lines[:, 0] > 1
    chosen = [np.flatnonzero(there & (kinds == kind)) for kind in styles.kinds]
    style = np.repeat(np.arange(len(chosen)), [len(found) for found in chosen])
    widths, periods = styles.widths[style], styles.periods[style]
    outlines, rings, owners = bands_of(points, lines[np.concatenate(chosen)], widths, periods)
    return _Rings(outlines, rings, words[style[owners]])


def _shades(objects: FloatArray, buildings: FloatArray, light: Light) -> list[_Rings]:
    """The shade under objects, whatever the light, and what they and buildings keep the sun from."""
    contact, shadow = (SHADE * int(255 * strength) for strength in (CONTACT, light.shade))
    rims = rims_of(objects, CONTACT_MARGIN, contact)
    return [_Rings(*rims), _Rings(*shadows_of(np.concatenate([objects, buildings]), light.sun, shadow))]


def _joined(parts: Sequence[_Rings], base: int) -> Ground:
    """All parts after one another."""
    points = np.concatenate([part.points for part in parts])
    sizes = [(0, 0), *((len(part.points), len(part.rings)) for part in parts)]
    starts, firsts = np.cumsum(sizes, 0).T
    rings = np.concatenate([part.rings + start for part, start in zip(parts, starts, strict=False)])
    areas = [np.arange(len(part.rings)) if part.areas is None else part.areas for part in parts]
    begins = np.concatenate([area + first for area, first in zip(areas, firsts, strict=False)])
    colours = np.concatenate([part.colours for part in parts])[begins]
    areas = np.append(begins, len(rings))
    return Ground(base, points, rings, areas, circles_of(points, rings, areas), colours)
