"""Models of what stands in the street: cones, barriers, signs, traffic lights."""

from irlvla.sources.render.models import Model, Paint, Rectangle, block, coated, model, patch


def _square(half: float) -> Rectangle:
    return -half, half, -half, half


CONE = model(
    coated(block((0.0, 0.06)), Paint.DARK),
    coated(block((0.06, 0.4), _square(0.34), _square(0.24)), Paint.BODY),
    coated(block((0.4, 0.66), _square(0.24), _square(0.16)), Paint.WHITE),
    coated(block((0.66, 1.0), _square(0.16), _square(0.06)), Paint.BODY),
)

_BOARD = block((0.0, 1.0))
BARRIER = model(
    coated(_BOARD, Paint.WHITE),
    [(patch(_BOARD[end], (a, a + 0.2), (0.35, 0.85)), Paint.BODY) for end in ("front", "rear") for a in (0, 0.4, 0.8)],
)

_PLATE = block((0.4, 1.0))
WORK_SIGN = model(
    coated(block((0.0, 0.4), _square(0.15)), Paint.DARK),
    coated(_PLATE, Paint.BODY),
    [(patch(_PLATE[end], (0.2, 0.8), (0.2, 0.8)), Paint.DARK) for end in ("front", "rear")],
)

PLAIN = model(coated(block((0.0, 1.0)), Paint.BODY))

HEAD = (0.7, 1.0)
"""Heights between which the head of a traffic light hangs."""

LAMPS = {Paint.GREEN: 0.18, Paint.YELLOW: 0.5, Paint.RED: 0.82}
"""Middle of each lamp, share of the head's height."""


def _signal(pole: bool) -> Model:
    head = block(HEAD, (-0.2, 0.5, -0.5, 0.5))
    lamps = [(patch(head["rear"], (0.14, 0.86), (at - 0.14, at + 0.14)), paint) for paint, at in LAMPS.items()]
    post = coated(block((0.0, 0.99), (0.05, 0.3, -0.09, 0.09)), Paint.METAL)
    return model(post if pole else [], coated(head, Paint.DARK), lamps)


SIGNAL, HANGING_SIGNAL = _signal(pole=True), _signal(pole=False)
