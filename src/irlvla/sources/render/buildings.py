"""Buildings beside the road: boxes whose walls are facades with rows of windows, each with a look of its own."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from irlvla.scene.frames import poses_to_local
from irlvla.sources.render.compiled import compiled, inlined
from irlvla.sources.render.develop import FACADE
from irlvla.sources.render.ground import REACH
from irlvla.sources.render.light import Light, packed
from irlvla.sources.render.place import UPRIGHT, Quads

FloatArray = NDArray[np.float64]
WordArray = NDArray[np.uint32]

WALLS = np.array([
    (168, 142, 118), (148, 98, 82), (186, 176, 156), (142, 144, 148), (198, 188, 172), (160, 120, 92), (122, 126, 118),
    (176, 158, 138), (132, 92, 84), (190, 182, 176), (150, 156, 164), (172, 150, 108),
])  # fmt: skip
GLASS, SKY_IN_GLASS, LAMPLIGHT = np.array((46, 54, 64)), 0.62, np.array((252, 214, 142))
ROOF = np.array((104, 102, 100))

STOREY = 3.2
"""Wanted height of a storey [m]."""

LIT_WINDOWS = 0.38
"""Share of the windows that are lit at night."""


@dataclass(frozen=True)
class Facades:
    """``F`` walls of ``B`` buildings, four each, ego frame.

    Attributes:
        walls: ``[F, 4]`` lower corner x, y, and direction along the wall (x, y), its outside to the right.
        styles: ``[F, 9]`` bays, storeys and ground floors [1/m], height of the ground floor and of the wall up to the
            parapet [m], half the width of a window in its bay, its sill in its storey (shares), how many of 256
            windows are lit, a number of its own.
        paints: ``[F, 5]`` int64, channels 16 bits apart, in the light that falls on it: wall, dark glass, bright
            glass, lit window, parapet.
    """

    walls: FloatArray
    styles: FloatArray
    paints: NDArray[np.int64]


@inlined
def _share(number: int, place: int) -> float:
    """One of 16 shares from 0 to 1 that a number holds."""
    return (number >> 4 * place & 15) / 15


@compiled
def _walls(boxes, numbers, lit):  # type: ignore[no-untyped-def]
    """Corners ``[5 B, 4, 3]`` (four walls and a roof each) and normals of buildings, ``walls`` and ``styles``."""
    count = len(boxes)
    quads, normals = np.empty((5 * count, 4, 3)), np.zeros((5 * count, 3))
    walls, styles = np.empty((4 * count, 4)), np.empty((4 * count, 9))
    for b in range(count):
        x, y, heading, length, width, height = boxes[b]
        cos, sin, number = math.cos(heading), math.sin(heading), numbers[b]
        for k in range(5):
            for corner in range(4):
                turn = corner if k == 4 else k + (corner == 1 or corner == 2)
                along = length / 2 if turn % 4 < 2 else -length / 2
                across = width / 2 if (turn + 3) % 4 < 2 else -width / 2
                quads[5 * b + k, corner, 0] = x + cos * along - sin * across
                quads[5 * b + k, corner, 1] = y + sin * along + cos * across
                quads[5 * b + k, corner, 2] = height if k == 4 or corner > 1 else 0.0
        normals[5 * b + 4, 2] = 1.0
        parapet = 0.5 + 0.4 * _share(number, 0)
        ground = 3.4 + 0.8 * _share(number, 1) if height > 2 * STOREY else 0.0
        above = max(height - parapet - ground, 0.5)
        for k in range(4):
            f, wide = 4 * b + k, width if k % 2 == 0 else length
            corner = quads[5 * b + k]
            walls[f, 0], walls[f, 1] = corner[0, 0], corner[0, 1]
            walls[f, 2], walls[f, 3] = (corner[1, 0] - corner[0, 0]) / wide, (corner[1, 1] - corner[0, 1]) / wide
            normals[5 * b + k, 0], normals[5 * b + k, 1] = walls[f, 3], -walls[f, 2]
            styles[f, 0] = max(round(wide / (2.4 + 2.2 * _share(number, 2))), 1) / wide
            styles[f, 1] = max(round(above / STOREY), 1) / above
            styles[f, 2], styles[f, 3], styles[f, 4] = 1 / max(ground, 1.0), ground, height - parapet
            styles[f, 5], styles[f, 6] = 0.24 + 0.2 * _share(number, 3), 0.22 + 0.2 * _share(number, 4)
            styles[f, 7], styles[f, 8] = lit, number
    return quads, normals, walls, styles


def facades_of(boxes: FloatArray, numbers: NDArray[np.int64], light: Light) -> tuple[Quads, Facades]:
    """Walls and roofs of buildings.

    Args:
        boxes: ``[B, 6]`` x, y, heading, length, width, height, ego frame.
        numbers: ``[B]`` from which each has its looks.
        light: that falls on them.
    """
    quads, normals, walls, styles = _walls(boxes, numbers, round(256 * LIT_WINDOWS * light.dark))
    towards = np.maximum(walls[:, 3] * light.sun[0] - walls[:, 2] * light.sun[1], 0.0)
    falls = UPRIGHT * light.skylight + light.sunlight * towards[:, None]
    wall = np.repeat(WALLS[numbers % len(WALLS)], 4, 0) * falls
    dark = GLASS * falls
    bright = (1 - SKY_IN_GLASS) * dark + SKY_IN_GLASS * light.zenith
    looks = np.stack([wall, dark, bright, np.maximum(LAMPLIGHT, wall), 1.12 * wall], 1)
    red, green, blue = np.moveaxis(looks.clip(0, 255).astype(np.int64), -1, 0)
    paints = red | blue << 16 | green << 32
    words = np.full((len(boxes), 5), int(packed(ROOF * light.level)), np.uint32)
    words[:, :4] = FACADE + np.arange(len(walls), dtype=np.uint32).reshape(-1, 4)
    half = boxes[:, 3:] / 2
    balls = np.column_stack([boxes[:, :2], half[:, 2], np.linalg.norm(half, axis=1)])
    groups = 5 * np.arange(len(boxes) + 1)
    return Quads(quads, normals, words.ravel(), groups, balls), Facades(walls, styles, paints)


def buildings_near(buildings: FloatArray, ego: FloatArray) -> tuple[FloatArray, NDArray[np.int64]]:
    """Boxes ``[B, 6]`` of the buildings around ``ego [3]`` in its frame, and a number for each from its place alone."""
    boxes = np.concatenate([poses_to_local(buildings[:, :3], ego), buildings[:, 3:]], 1)
    near = np.hypot(boxes[:, 0], boxes[:, 1]) - np.hypot(boxes[:, 3], boxes[:, 4]) / 2 < REACH
    x, y = np.round(buildings[near, :2].T * 10).astype(np.int64).astype(np.uint64)
    mixed = x * np.uint64(0x9E3779B97F4A7C15) ^ y * np.uint64(0xC2B2AE3D27D4EB4F)
    mixed = (mixed ^ mixed >> np.uint64(29)) * np.uint64(0xBF58476D1CE4E5B9)
    return boxes[near], (mixed >> np.uint64(40)).astype(np.int64)
