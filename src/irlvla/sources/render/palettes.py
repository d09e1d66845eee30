"""Colours of what stands in the street: those that differ from one to the next, and what shines."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from irlvla.scene import ObjectKind
from irlvla.sources.render.models import Paint

FloatArray = NDArray[np.float64]

CHOICES = 16
"""Looks of each kind of object."""

_CARS = [
    (226, 228, 230), (226, 228, 230), (204, 206, 210), (168, 172, 178), (168, 172, 178), (112, 116, 122),
    (64, 66, 72), (40, 42, 48), (40, 42, 48), (44, 74, 132), (62, 108, 178), (150, 32, 36), (120, 26, 34),
    (56, 92, 74), (190, 168, 132), (206, 132, 44),
]  # fmt: skip
_CLOTHES = [
    (206, 66, 108), (186, 52, 52), (58, 96, 168), (48, 120, 128), (214, 176, 62), (232, 230, 224), (66, 68, 76),
    (118, 74, 132), (84, 128, 72), (210, 128, 76), (146, 152, 160), (42, 52, 84), (168, 92, 70), (224, 206, 176),
    (90, 150, 176), (150, 40, 76),
]  # fmt: skip
_TROUSERS = [(44, 52, 78), (36, 38, 44), (72, 70, 74), (98, 86, 72), (58, 76, 112), (124, 120, 112), (46, 60, 54),
             (82, 54, 52)]  # fmt: skip
_SKINS = [(236, 196, 168), (226, 178, 148), (204, 152, 118), (172, 120, 88), (132, 90, 66), (102, 70, 54)]
_HAIRS = [(58, 42, 34), (36, 30, 28), (112, 80, 48), (160, 130, 84), (122, 120, 120), (88, 52, 36)]
_HELMETS = [(226, 226, 220), (200, 52, 48), (44, 46, 52), (60, 120, 180), (228, 188, 60)]
_BOXES = [(228, 228, 224), (206, 206, 204), (176, 180, 184), (88, 112, 150), (222, 214, 196), (150, 62, 54)]


def _table(**kinds: list[tuple[int, int, int]]) -> FloatArray:
    """``[kinds, CHOICES, 3]``: colours by kind, repeated until there are enough; grey for those that are not named."""
    given = {ObjectKind[name]: colours for name, colours in kinds.items()}
    return np.array([[given.get(kind, [(128, 128, 128)])[k % len(given.get(kind, [0]))] for k in range(CHOICES)]
                     for kind in ObjectKind], np.float64)  # fmt: skip


BODIES = _table(
    VEHICLE=_CARS, PEDESTRIAN=_CLOTHES, BICYCLE=_CLOTHES[::-1], TRAFFIC_CONE=[(242, 108, 28)], BARRIER=[(206, 36, 32)],
    CZONE_SIGN=[(246, 182, 40)], GENERIC_OBJECT=[(158, 136, 108), (150, 122, 92), (168, 148, 122)],
)  # fmt: skip
SECONDS = _table(VEHICLE=_BOXES, PEDESTRIAN=_TROUSERS, BICYCLE=_TROUSERS[::-1])
SKINS = _table(PEDESTRIAN=_SKINS, BICYCLE=_SKINS)
HAIRS = _table(PEDESTRIAN=_HAIRS, BICYCLE=_HELMETS)
"""Colours ``[kinds, CHOICES, 3]`` of what differs."""

NOT_DRAWN, LIT_BY_OTHERS, SHINES = -1.0, 0.0, 1.0
"""Fourth number of a palette's entries."""

COMMON = {
    Paint.GLASS: (44, 54, 66),
    Paint.RUBBER: (28, 28, 30),
    Paint.METAL: (142, 144, 148),
    Paint.WHITE: (232, 230, 224),
    Paint.DARK: (42, 42, 45),
    Paint.LETTERS: (244, 186, 70),
    Paint.HEAD: (206, 210, 208),
    Paint.BRAKE: (150, 22, 26),
    Paint.LEFT: (142, 92, 44),
    Paint.RIGHT: (142, 92, 44),
    Paint.RED: (70, 24, 22),
    Paint.YELLOW: (72, 60, 24),
    Paint.GREEN: (20, 58, 40),
}
GLOWS = {
    Paint.BRAKE_LIT: (255, 34, 26),
    Paint.LEFT_LIT: (255, 176, 24),
    Paint.RIGHT_LIT: (255, 176, 24),
    Paint.RED: (255, 32, 24),
    Paint.YELLOW: (255, 206, 34),
    Paint.GREEN: (44, 255, 130),
}
NIGHT_GLOWS = {Paint.HEAD: (255, 250, 226), Paint.BRAKE: (168, 14, 16), Paint.LETTERS: (255, 196, 80)}
"""What shines at night without anybody's doing."""


@lru_cache(maxsize=16)
def _common(dark: float) -> FloatArray:
    palette = np.zeros((len(Paint), 4))
    palette[[Paint.BRAKE_LIT, Paint.LEFT_LIT, Paint.RIGHT_LIT], 3] = NOT_DRAWN
    palette[list(COMMON), :3] = list(COMMON.values())
    night = np.array(list(NIGHT_GLOWS.values()), np.float64)
    palette[list(NIGHT_GLOWS), :3] += dark * (night - palette[list(NIGHT_GLOWS), :3])
    palette[list(NIGHT_GLOWS), 3] = dark
    return palette


def palettes(count: int, dark: float) -> FloatArray:
    """``[count, paints, 4]`` colours and how they are lit, of what all objects have in common."""
    return np.repeat(_common(dark)[None], count, 0)


def light_up(palettes: FloatArray, paint: Paint, lit: NDArray[np.bool_]) -> None:
    """Let the lamps of a kind shine where ``lit [N]``."""
    palettes[lit, paint] = (*GLOWS[paint], SHINES)
