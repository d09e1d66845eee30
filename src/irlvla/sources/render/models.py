"""What stands on the road, as coloured quadrilaterals in a unit box: x and y from -0.5 to 0.5 (x forward), z 0 to 1."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Span = tuple[float, float]
Rectangle = tuple[float, float, float, float]
FULL: Rectangle = (-0.5, 0.5, -0.5, 0.5)
FACES = ("right", "front", "left", "rear", "top")


class Paint(IntEnum):
    """What a quadrilateral is painted with; each object has a palette of these."""

    BODY = 0
    SECOND = 1
    SKIN = 2
    HAIR = 3
    GLASS = 4
    RUBBER = 5
    METAL = 6
    WHITE = 7
    DARK = 8
    LETTERS = 9
    HEAD = 10
    BRAKE = 11
    LEFT = 12
    RIGHT = 13
    BRAKE_LIT = 14
    LEFT_LIT = 15
    RIGHT_LIT = 16
    RED = 17
    YELLOW = 18
    GREEN = 19


@dataclass(frozen=True, eq=False)
class Model:
    """``Q`` quadrilaterals, later ones before earlier ones in the same plane.

    Attributes:
        corners: ``[Q, 4, 3]``, anticlockwise seen from outside.
        paints: ``[Q]`` a :class:`Paint` each.
    """

    corners: FloatArray
    paints: NDArray[np.int64]


def block(z: Span, base: Rectangle = FULL, top: Rectangle | None = None) -> "Faces":
    """The five faces of a box or frustum that can be seen, by the ``(x0, x1, y0, y1)`` of its bottom and its top.

    Corners of a face: lower left, lower right, upper right, upper left as seen from outside; of the top rear right,
    front right, front left, rear left.
    """
    bottom, above = ([(x0, y0), (x1, y0), (x1, y1), (x0, y1)] for x0, x1, y0, y1 in (base, top or base))
    points = np.array([(x, y, z[0]) for x, y in bottom] + [(x, y, z[1]) for x, y in above])
    places = ((0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7), (4, 5, 6, 7))
    return {name: points[list(place)] for name, place in zip(FACES, places, strict=True)}


def patch(face: FloatArray, u: Span, v: Span) -> FloatArray:
    """Part of a face between shares ``u`` of its width (left to right) and ``v`` of its height (from below)."""
    corners = [(u[0], v[0]), (u[1], v[0]), (u[1], v[1]), (u[0], v[1])]
    return np.array([
        (1 - b) * ((1 - a) * face[0] + a * face[1]) + b * ((1 - a) * face[3] + a * face[2]) for a, b in corners
    ])  # fmt: skip


Faces = dict[str, FloatArray]
Piece = tuple[FloatArray, Paint]


def coated(faces: Faces, paint: Paint, **others: Paint) -> list[Piece]:
    """All faces of a block in one paint, but those named in another."""
    return [(face, others.get(name, paint)) for name, face in faces.items()]


def model(*parts: Sequence[Piece]) -> Model:
    """Everything together."""
    pieces = [piece for part in parts for piece in part]
    return Model(np.array([corners for corners, _ in pieces]), np.array([int(paint) for _, paint in pieces]))
