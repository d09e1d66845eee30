"""Compiled placing of models in the world: each in its box, in the light that falls on it, behind the air before it."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from irlvla.sources.render.compiled import compiled

UPRIGHT = 0.92
"""Share of the sky's light that falls on what stands upright."""

GLOW_HAZE = 0.5
"""How much less what shines by itself fades in haze."""


@dataclass(frozen=True)
class Quads:
    """``Q`` flat quadrilaterals in ``G`` groups, as :func:`irlvla.sources.render.camera.draw_quads` takes them.

    Attributes:
        corners: ``[Q, 4, 3]`` ego frame, anticlockwise seen from the front.
        normals: ``[Q, 3]`` towards the front.
        words: ``[Q]`` uint32, a colour or a facade.
        groups: ``[G + 1]`` offsets of what is seen or not seen together.
        balls: ``[G, 4]`` x, y, z and radius around each group [m].
    """

    corners: NDArray[np.float64]
    normals: NDArray[np.float64]
    words: NDArray[np.uint32]
    groups: NDArray[np.int64]
    balls: NDArray[np.float64]

    @staticmethod
    def joined(first: "Quads", second: "Quads") -> "Quads":
        """One after the other."""
        return Quads(
            np.concatenate([first.corners, second.corners]),
            np.concatenate([first.normals, second.normals]),
            np.concatenate([first.words, second.words]),
            np.concatenate([first.groups, first.groups[-1] + second.groups[1:]]),
            np.concatenate([first.balls, second.balls]),
        )


@compiled
def place(boxes, models, palettes, starts, corners, paints, sun, sunlight, skylight, horizon, visibility):  # type: ignore[no-untyped-def]
    """Quadrilaterals of objects in the ego frame and their colours.

    Args:
        boxes: ``[N, 6]`` x, y, heading, length, width, height.
        models: ``[N]`` which model each is.
        palettes: ``[N, P, 4]`` colour 0 to 255 by paint, and 1 if it shines by itself, -1 if it is not drawn.
        starts: ``[M + 1]`` offsets of models into the quadrilaterals ``corners [Q, 4, 3]`` and ``paints [Q]``.
        sun, sunlight, skylight, horizon, visibility: of :class:`irlvla.sources.render.light.Light`.

    Returns:
        Corners ``[R, 4, 3]``, normals ``[R, 3]``, colours ``[R]`` uint32 ``0x00BBGGRR``, offsets ``[N + 1]`` of objects
        into these, and a ball around each: x, y, z, radius ``[N, 4]``.
    """
    total = 0
    for n in range(len(boxes)):
        total += starts[models[n] + 1] - starts[models[n]]
    quads, normals, words = np.empty((total, 4, 3)), np.empty((total, 3)), np.empty(total, np.uint32)
    groups, balls = np.zeros(len(boxes) + 1, np.int64), np.empty((len(boxes), 4))
    r = 0
    for n in range(len(boxes)):
        x, y, heading, length, width, height = boxes[n]
        balls[n, 0], balls[n, 1], balls[n, 2] = x, y, height / 2
        balls[n, 3] = math.sqrt(length * length + width * width + height * height) / 2
        cos, sin = math.cos(heading), math.sin(heading)
        squared = x * x + y * y
        haze = squared / (squared + visibility * visibility)
        for q in range(starts[models[n]], starts[models[n] + 1]):
            red, green, blue, shines = palettes[n, paints[q]]
            if shines < 0.0:
                continue
            for k in range(4):
                a, b = length * corners[q, k, 0], width * corners[q, k, 1]
                quads[r, k, 0], quads[r, k, 1] = x + cos * a - sin * b, y + sin * a + cos * b
                quads[r, k, 2] = height * corners[q, k, 2]
            ax, bx = quads[r, 2, 0] - quads[r, 0, 0], quads[r, 3, 0] - quads[r, 1, 0]
            ay, by = quads[r, 2, 1] - quads[r, 0, 1], quads[r, 3, 1] - quads[r, 1, 1]
            az, bz = quads[r, 2, 2] - quads[r, 0, 2], quads[r, 3, 2] - quads[r, 1, 2]
            nx, ny, nz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
            normals[r, 0], normals[r, 1], normals[r, 2] = nx, ny, nz
            size = max(math.sqrt(nx * nx + ny * ny + nz * nz), 1e-12)
            towards = max((nx * sun[0] + ny * sun[1] + nz * sun[2]) / size, 0.0)
            open_sky = UPRIGHT + (1.0 - UPRIGHT) * nz / size
            weight = haze * (1.0 - GLOW_HAZE * shines)
            word = 0
            for channel in range(3):
                colour = red if channel == 0 else green if channel == 1 else blue
                falls = open_sky * skylight[channel] + towards * sunlight[channel]
                colour *= falls + (1.0 - falls) * shines
                colour += (horizon[channel] - colour) * weight
                word |= int(min(max(colour, 0.0), 255.0)) << 8 * channel
            words[r] = word
            r += 1
        groups[n + 1] = r
    return quads[:r], normals[:r], words[:r], groups, balls
