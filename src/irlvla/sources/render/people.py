"""Models of people on foot and on bicycles."""

from irlvla.sources.render.models import Model, Paint, Piece, Rectangle, block, coated, model, patch


def _limb(z: tuple[float, float], low: tuple[float, float], high: tuple[float, float], half: tuple[float, float],
          paint: Paint) -> list[Piece]:  # fmt: skip
    """A leg or an arm from the place ``(x, y)`` of its lower end to that of its upper end."""
    base, top = ((x - half[0], x + half[0], y - half[1], y + half[1]) for x, y in (low, high))
    return coated(block(z, base, top), paint)


def _walker(stride: float) -> Model:
    """Somebody whose left leg is a ``stride`` before the right one; arms swing against legs."""
    legs, arms = (0.1, 0.1), (0.07, 0.07)
    torso: Rectangle = (-0.15, 0.13, -0.25, 0.25)
    shoulders: Rectangle = (-0.15, 0.15, -0.32, 0.32)
    return model(
        _limb((0.0, 0.48), (stride, 0.13), (0.0, 0.12), legs, Paint.SECOND),
        _limb((0.0, 0.48), (-stride, -0.13), (0.0, -0.12), legs, Paint.SECOND),
        coated(block((0.46, 0.82), torso, shoulders), Paint.BODY),
        _limb((0.42, 0.8), (-0.8 * stride, 0.39), (0.0, 0.36), arms, Paint.BODY),
        _limb((0.42, 0.8), (0.8 * stride, -0.39), (0.0, -0.36), arms, Paint.BODY),
        coated(block((0.82, 0.86), (-0.07, 0.07, -0.09, 0.09)), Paint.SKIN),
        coated(block((0.855, 1.0), (-0.13, 0.17, -0.14, 0.14), (-0.13, 0.13, -0.12, 0.12)), Paint.SKIN,
               rear=Paint.HAIR, top=Paint.HAIR),
        coated(block((0.94, 1.005), (-0.15, 0.1, -0.15, 0.15)), Paint.HAIR),
    )  # fmt: skip


def _wheel(x: float) -> list[Piece]:
    """An octagon on edge, seen from both sides, with spokes in its middle."""
    half, thin, tall = 0.19, 0.03, 0.38
    wide, narrow = (x - half, x + half, -thin, thin), (x - half / 2, x + half / 2, -thin, thin)
    middle = block((0.27 * tall, 0.73 * tall), wide)
    return [
        *coated(block((0.0, 0.27 * tall), narrow, wide), Paint.RUBBER),
        *coated(middle, Paint.RUBBER),
        *coated(block((0.73 * tall, tall), wide, narrow), Paint.RUBBER),
        *((patch(middle[side], (0.22, 0.78), (0.0, 1.0)), Paint.METAL) for side in ("left", "right")),
    ]


def _cyclist() -> Model:
    return model(
        _wheel(-0.3),
        _wheel(0.3),
        coated(block((0.22, 0.3), (-0.3, 0.3, -0.05, 0.05)), Paint.METAL),
        _limb((0.3, 0.56), (0.26, 0.0), (0.2, 0.0), (0.03, 0.05), Paint.METAL),
        coated(block((0.55, 0.58), (0.16, 0.22, -0.42, 0.42)), Paint.DARK),
        _limb((0.14, 0.52), (0.02, 0.16), (-0.12, 0.14), (0.06, 0.1), Paint.SECOND),
        _limb((0.24, 0.52), (0.06, -0.16), (-0.12, -0.14), (0.06, 0.1), Paint.SECOND),
        coated(block((0.5, 0.82), (-0.22, -0.06, -0.26, 0.26), (-0.06, 0.1, -0.36, 0.36)), Paint.BODY),
        _limb((0.56, 0.76), (0.2, 0.36), (0.03, 0.36), (0.04, 0.08), Paint.BODY),
        _limb((0.56, 0.76), (0.2, -0.36), (0.03, -0.36), (0.04, 0.08), Paint.BODY),
        coated(block((0.82, 0.94), (0.02, 0.14, -0.15, 0.15)), Paint.SKIN),
        coated(block((0.9, 1.0), (-0.01, 0.15, -0.17, 0.17), (0.02, 0.12, -0.12, 0.12)), Paint.HAIR),
    )


STANDING, LEFT_STEP, RIGHT_STEP, CYCLIST = _walker(0.0), _walker(0.26), _walker(-0.26), _cyclist()
