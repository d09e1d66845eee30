"""Models of vehicles by size: car, SUV, van, box truck, bus; with lamps that are seen from behind and from the side."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from irlvla.sources.render.models import Faces, Model, Paint, Piece, Span, block, coated, model, patch

SIDES = ("left", "right")


def _start(share: float) -> Span:
    return 0.0, share


def _end(share: float) -> Span:
    return 1 - share, 1.0


def _wheels(body: Faces, places: Sequence[float], radius: float, top: float) -> list[Piece]:
    """Dark wheels on both flanks, centred at shares of the length from the rear, with a hub each."""
    pieces: list[Piece] = []
    for side in SIDES:
        for place in places:
            at = 1 - place if side == "left" else place  # a flank runs to the right as seen from outside
            pieces.append((patch(body[side], (at - radius, at + radius), (0.0, top)), Paint.RUBBER))
            pieces.append((patch(body[side], (at - radius / 3, at + radius / 3), (0.3 * top, 0.62 * top)), Paint.METAL))
    return pieces


def _lamps(body: Faces, rear: Span, front: Span, wide: float, deep: float) -> list[Piece]:
    """Brake lamps, indicators and headlamps; those that are lit are larger and shine over everything else.

    Args:
        body: the block that carries them.
        rear: shares of its height between which the brake lamps lie, indicators under them.
        front: the same of headlamps.
        wide: how wide a lamp is, share of the width.
        deep: how far lamps reach round the corner, share of the length.
    """
    middle, tall = sum(rear) / 2, rear[1] - rear[0]
    low = (rear[0] - 0.7 * tall, rear[0] - 0.05 * tall)
    glow, low_glow = (middle - 0.75 * tall, middle + 0.75 * tall), (low[0] - 0.3 * tall, low[1] + 0.1 * tall)
    pieces: list[Piece] = []
    for side, dull, lit in (("left", Paint.LEFT, Paint.LEFT_LIT), ("right", Paint.RIGHT, Paint.RIGHT_LIT)):
        outer, inner = (_start, _end) if side == "left" else (_end, _start)
        pieces += [
            (patch(body["rear"], outer(wide), rear), Paint.BRAKE),
            (patch(body[side], inner(deep), rear), Paint.BRAKE),
            (patch(body["rear"], outer(wide), low), dull),
            (patch(body[side], inner(deep), low), dull),
            (patch(body["front"], inner(wide), front), Paint.HEAD),
            (patch(body["front"], inner(wide / 3), front), dull),
            (patch(body[side], outer(deep), front), dull),
            (patch(body["rear"], outer(1.3 * wide), glow), Paint.BRAKE_LIT),
            (patch(body[side], inner(1.6 * deep), glow), Paint.BRAKE_LIT),
            (patch(body["rear"], outer(1.3 * wide), low_glow), lit),
            (patch(body[side], inner(2.2 * deep), low_glow), lit),
            (patch(body["front"], inner(wide), front), lit),
            (patch(body[side], outer(2.2 * deep), front), lit),
        ]
    return pieces


def _car() -> Model:
    sill, waist = block((0.13, 0.34)), block((0.34, 0.6), top=(-0.485, 0.46, -0.48, 0.48))
    cabin = block((0.6, 1.0), (-0.46, 0.25, -0.455, 0.455), (-0.33, 0.05, -0.37, 0.37))
    pillars: list[Piece] = [(patch(cabin[side], (a, a + 0.05), (0.0, 1.0)), Paint.BODY)
                            for side in SIDES for a in (0.0, 0.44, 0.95)]  # fmt: skip
    return model(
        coated(block((0.0, 0.13), (-0.45, 0.45, -0.42, 0.42)), Paint.DARK),
        coated(sill, Paint.BODY),
        coated(waist, Paint.BODY),
        coated(cabin, Paint.GLASS, top=Paint.BODY),
        pillars,
        [(patch(waist["top"], (0.0, 0.02), (0.0, 1.0)), Paint.DARK)],
        [(patch(sill[end], (0.0, 1.0), (0.0, 0.35)), Paint.DARK) for end in ("front", "rear")],
        [(patch(waist["front"], (0.26, 0.74), (0.05, 0.6)), Paint.DARK)],
        [(patch(sill["rear"], (0.37, 0.63), (0.45, 0.95)), Paint.WHITE)],
        [(patch(sill["front"], (0.37, 0.63), (0.45, 0.95)), Paint.WHITE)],
        _wheels(block((0.0, 0.6)), (0.19, 0.81), 0.075, 0.72),
        _lamps(waist, (0.35, 0.85), (0.3, 0.8), 0.24, 0.04),
        [(patch(cabin["rear"], (0.36, 0.64), (0.82, 0.98)), Paint.BRAKE_LIT)],
    )


def _suv() -> Model:
    body = block((0.15, 0.58), top=(-0.49, 0.47, -0.49, 0.49))
    cabin = block((0.58, 1.0), (-0.48, 0.26, -0.47, 0.47), (-0.44, 0.12, -0.41, 0.41))
    pillars: list[Piece] = [(patch(cabin[side], (a, a + 0.05), (0.0, 1.0)), Paint.BODY)
                            for side in SIDES for a in (0.0, 0.33, 0.64, 0.95)]  # fmt: skip
    roof: list[Piece] = [(patch(cabin[side], (0.0, 1.0), (0.86, 1.0)), Paint.BODY) for side in (*SIDES, "rear")]
    return model(
        coated(block((0.0, 0.15), (-0.45, 0.45, -0.42, 0.42)), Paint.DARK),
        coated(body, Paint.BODY),
        coated(cabin, Paint.GLASS, top=Paint.BODY),
        pillars,
        roof,
        [(patch(body[end], (0.0, 1.0), (0.0, 0.2)), Paint.DARK) for end in ("front", "rear")],
        [(patch(body["front"], (0.25, 0.75), (0.45, 0.85)), Paint.DARK)],
        [(patch(body[end], (0.38, 0.62), (0.24, 0.4)), Paint.WHITE) for end in ("front", "rear")],
        _wheels(block((0.0, 0.58)), (0.19, 0.81), 0.082, 0.74),
        _lamps(body, (0.62, 0.92), (0.6, 0.88), 0.2, 0.035),
        [(patch(cabin["rear"], (0.36, 0.64), (0.84, 0.98)), Paint.BRAKE_LIT)],
    )


def _van() -> Model:
    body = block((0.12, 1.0), (-0.5, 0.3, -0.5, 0.5), (-0.49, 0.24, -0.46, 0.46))
    bonnet = block((0.12, 0.48), (0.3, 0.5, -0.49, 0.49), (0.3, 0.46, -0.48, 0.48))
    screen = block((0.48, 0.96), (0.24, 0.44, -0.47, 0.47), (0.23, 0.25, -0.45, 0.45))
    return model(
        coated(block((0.0, 0.12), (-0.46, 0.46, -0.43, 0.43)), Paint.DARK),
        coated(body, Paint.BODY),
        coated(bonnet, Paint.BODY),
        coated(screen, Paint.GLASS),
        [(patch(body["left"], (0.02, 0.25), (0.5, 0.8)), Paint.GLASS)],
        [(patch(body["right"], (0.75, 0.98), (0.5, 0.8)), Paint.GLASS)],
        [(patch(body["rear"], span, (0.55, 0.85)), Paint.GLASS) for span in ((0.1, 0.47), (0.53, 0.9))],
        [(patch(body["rear"], (0.0, 1.0), (0.0, 0.07)), Paint.DARK)],
        [(patch(body["rear"], (0.4, 0.6), (0.1, 0.17)), Paint.WHITE)],
        [(patch(bonnet["front"], (0.25, 0.75), (0.3, 0.65)), Paint.DARK)],
        _wheels(block((0.0, 1.0)), (0.19, 0.81), 0.07, 0.34),
        _lamps(body, (0.28, 0.44), (0.0, 0.0), 0.12, 0.03),
        [(patch(bonnet["front"], span, (0.55, 0.85)), Paint.HEAD) for span in ((0.0, 0.2), (0.8, 1.0))],
        [(patch(bonnet["front"], (0.0, 0.2), (0.5, 0.9)), Paint.RIGHT_LIT)],
        [(patch(bonnet["front"], (0.8, 1.0), (0.5, 0.9)), Paint.LEFT_LIT)],
        [(patch(bonnet["left"], (0.0, 0.5), (0.55, 0.85)), Paint.LEFT_LIT)],
        [(patch(bonnet["right"], (0.5, 1.0), (0.55, 0.85)), Paint.RIGHT_LIT)],
        [(patch(body["rear"], (0.36, 0.64), (0.92, 0.98)), Paint.BRAKE_LIT)],
    )


def _truck() -> Model:
    cab = block((0.14, 0.78), (0.28, 0.5, -0.47, 0.47), (0.28, 0.49, -0.45, 0.45))
    box = block((0.3, 1.0), (-0.5, 0.25, -0.5, 0.5))
    chassis = block((0.1, 0.3), (-0.49, 0.28, -0.4, 0.4))
    bumper = block((0.14, 0.3), (-0.5, -0.47, -0.48, 0.48))
    return model(
        coated(block((0.0, 0.1), (-0.45, 0.45, -0.38, 0.38)), Paint.DARK),
        coated(chassis, Paint.DARK),
        coated(cab, Paint.BODY),
        coated(box, Paint.SECOND),
        coated(bumper, Paint.METAL),
        [(patch(cab["front"], (0.06, 0.94), (0.52, 0.92)), Paint.GLASS)],
        [(patch(cab["front"], (0.2, 0.8), (0.12, 0.4)), Paint.DARK)],
        [(patch(cab["left"], (0.05, 0.75), (0.5, 0.9)), Paint.GLASS)],
        [(patch(cab["right"], (0.25, 0.95), (0.5, 0.9)), Paint.GLASS)],
        [(patch(box["rear"], (0.485, 0.515), (0.0, 1.0)), Paint.METAL)],
        [(patch(box[side], (0.0, 1.0), (0.0, 0.06)), Paint.METAL) for side in (*SIDES, "rear")],
        _wheels(block((0.0, 1.0)), (0.13, 0.24, 0.86), 0.048, 0.3),
        _lamps(bumper, (0.42, 0.9), (0.0, 0.0), 0.16, 1.0),
        _lamps(cab, (0.0, 0.0), (0.1, 0.24), 0.2, 0.08),
        [(patch(box["rear"], span, (0.01, 0.09)), Paint.BRAKE_LIT) for span in ((0.0, 0.16), (0.84, 1.0))],
        [(patch(box["left"], (0.95, 1.0), (0.01, 0.08)), Paint.LEFT_LIT)],
        [(patch(box["right"], (0.0, 0.05), (0.01, 0.08)), Paint.RIGHT_LIT)],
    )


def _bus() -> Model:
    body = block((0.09, 0.97), top=(-0.495, 0.495, -0.48, 0.48))
    panes: list[Piece] = [(patch(body[side], (0.02 + 0.16 * k, 0.16 + 0.16 * k), (0.42, 0.8)), Paint.GLASS)
                          for side in SIDES for k in range(6)]  # fmt: skip
    return model(
        coated(block((0.0, 0.09), (-0.46, 0.46, -0.43, 0.43)), Paint.DARK),
        coated(body, Paint.BODY),
        coated(block((0.97, 1.0), (-0.4, 0.4, -0.36, 0.36)), Paint.METAL),
        [(patch(body[side], (0.0, 1.0), (0.14, 0.28)), Paint.SECOND) for side in (*SIDES, "rear", "front")],
        panes,
        [(patch(body["right"], (0.86, 0.97), (0.03, 0.8)), Paint.GLASS)],
        [(patch(body["right"], (0.44, 0.55), (0.03, 0.8)), Paint.GLASS)],
        [(patch(body["front"], (0.05, 0.95), (0.34, 0.86)), Paint.GLASS)],
        [(patch(body["front"], (0.2, 0.8), (0.88, 0.97)), Paint.LETTERS)],
        [(patch(body["rear"], (0.14, 0.86), (0.52, 0.82)), Paint.GLASS)],
        _wheels(block((0.0, 1.0)), (0.22, 0.8), 0.042, 0.28),
        _lamps(body, (0.32, 0.42), (0.08, 0.18), 0.13, 0.014),
        [(patch(body["rear"], (0.36, 0.64), (0.88, 0.94)), Paint.BRAKE_LIT)],
    )


VEHICLES = (_car(), _suv(), _van(), _truck(), _bus())

LARGE = (6.2, 2.4)
"""Longer or higher [m] than this, a vehicle is a truck or a bus."""

BUS = (9.5, 14.0)
"""Large vehicles of a length [m] between these are taken for buses."""

VAN, SUV = (5.4, 2.0), 1.7
"""Longer or higher [m] is a van; only higher, an SUV."""


def vehicles_of(sizes: NDArray[np.float64]) -> NDArray[np.int64]:
    """Place in ``VEHICLES`` of the model for each of ``sizes [N, 3]``: length, width, height."""
    length, _, height = sizes.T
    models = (height > SUV).astype(np.int64)
    models[(length > VAN[0]) | (height > VAN[1])] = 2
    large = (length > LARGE[0]) | (height > LARGE[1])
    models[large] = 3
    models[large & (length > BUS[0]) & (length < BUS[1])] = 4
    return models
