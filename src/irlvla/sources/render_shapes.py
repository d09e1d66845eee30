"""What stands on the ground, as flat coloured quadrilaterals: vehicles, people, cones, signals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from irlvla.scene import ObjectKind, SceneTruth
from irlvla.scene.frames import poses_to_local
from irlvla.sources.render_paint import REACH
from irlvla.sources.render_signals import red_signals

Rgb = tuple[int, int, int]
Rectangle = tuple[float, float, float, float]

SHADES = {"front": 1.06, "rear": 0.62, "left": 0.84, "right": 0.84, "top": 1.18}
"""Brightness of each side of everything: whichever way an object faces can be seen."""

VEHICLE, PEDESTRIAN, BICYCLE = (66, 112, 196), (206, 66, 148), (30, 158, 136)
CONE, SIGN, GENERIC, WHITE = (242, 116, 28), (246, 182, 40), (158, 136, 108), (236, 234, 228)
GLASS, RUBBER, SKIN, RED, LAMP = (36, 44, 56), (26, 26, 28), (226, 178, 148), (214, 24, 24), (255, 246, 214)
SIGNAL_RED, SIGNAL_OFF = (255, 30, 24), (58, 60, 58)

FULL: Rectangle = (-0.5, 0.5, -0.5, 0.5)
LARGE_VEHICLE = (6.2, 2.4)
"""Longer or higher [m] than this, a vehicle is drawn as a truck or bus."""

SIGNAL_SIZE = (0.3, 0.55, 4.6)
"""Length, width and height of the top of a signal [m]; it hangs in the air."""


@dataclass(frozen=True)
class Shape:
    """``Q`` quadrilaterals in a unit box: x and y from -0.5 to 0.5 (x forward), z from 0 to 1.

    Attributes:
        corners: ``[Q, 4, 3]``, anticlockwise seen from outside.
        colours: ``[Q, 3]`` 0 to 255, shaded.
    """

    corners: NDArray[np.float64]
    colours: NDArray[np.float64]

    def __add__(self, other: "Shape") -> "Shape":
        return Shape(np.concatenate([self.corners, other.corners]), np.concatenate([self.colours, other.colours]))


def _block(z: tuple[float, float], colour: Rgb, base: Rectangle = FULL, top: Rectangle | None = None,
           roof: Rgb | None = None) -> Shape:  # fmt: skip
    """A box or frustum: ``(x0, x1, y0, y1)`` at the bottom and at the top; ``roof`` colours the top alone."""
    bottom, above = ([(x0, y0), (x1, y0), (x1, y1), (x0, y1)] for x0, x1, y0, y1 in (base, top or base))
    points = np.array([(x, y, z[0]) for x, y in bottom] + [(x, y, z[1]) for x, y in above])
    sides = {
        "right": (0, 1, 5, 4),
        "front": (1, 2, 6, 5),
        "left": (2, 3, 7, 6),
        "rear": (3, 0, 4, 7),
        "top": (4, 5, 6, 7),
    }
    colours = [np.array(roof or colour if side == "top" else colour) * SHADES[side] for side in sides]
    return Shape(points[[*sides.values()]], np.minimum(colours, 255.0))


def _decal(side: str, span: tuple[float, float], z: tuple[float, float], colour: Rgb) -> Shape:
    """A rectangle on a side of the unit box; ``span`` runs along y on the front and rear, along x on the flanks."""
    (a, b), (low, high) = span, z
    corners = {
        "front": [(0.5, a, low), (0.5, b, low), (0.5, b, high), (0.5, a, high)],
        "rear": [(-0.5, b, low), (-0.5, a, low), (-0.5, a, high), (-0.5, b, high)],
        "right": [(a, -0.5, low), (b, -0.5, low), (b, -0.5, high), (a, -0.5, high)],
        "left": [(b, 0.5, low), (a, 0.5, low), (a, 0.5, high), (b, 0.5, high)],
    }
    return Shape(np.array([corners[side]]), np.array([colour], np.float64))


def _sum(parts: Sequence[Shape]) -> Shape:
    return Shape(np.concatenate([p.corners for p in parts]), np.concatenate([p.colours for p in parts]))


def _running_gear(lights: tuple[float, float], wheel: tuple[float, float]) -> Shape:
    """Wheels of a length and a height, tail lights, headlights between two heights."""
    half, top = wheel[0] / 2, wheel[1]
    spans = [(x - half, x + half) for x in (-0.32, 0.32)]
    flanks = [_decal(side, span, (0.0, top), RUBBER) for side in ("left", "right") for span in spans]
    ends = [_decal(end, (-0.5, 0.5), (0.0, 0.12), RUBBER) for end in ("front", "rear")]
    lamps = [_decal(end, y, lights, colour) for end, colour in (("rear", RED), ("front", LAMP))
             for y in ((-0.47, -0.26), (0.26, 0.47))]  # fmt: skip
    return _sum([*flanks, *ends, *lamps])


CAR = _sum([
    _block((0.0, 0.56), VEHICLE),
    _running_gear((0.34, 0.48), (0.15, 0.36)),
    _block((0.56, 1.0), GLASS, (-0.46, 0.24, -0.46, 0.46), (-0.36, 0.06, -0.38, 0.38), roof=VEHICLE),
])  # fmt: skip
TRUCK = _sum([
    _block((0.0, 1.0), VEHICLE),
    _running_gear((0.2, 0.28), (0.09, 0.27)),
    _decal("front", (-0.45, 0.45), (0.48, 0.84), GLASS),
    *[_decal(side, (0.3, 0.48), (0.5, 0.78), GLASS) for side in ("left", "right")],
])  # fmt: skip
WALKER = _sum([
    _block((0.0, 0.46), (52, 52, 74), (-0.24, 0.24, -0.26, 0.26)),
    _block((0.46, 0.84), PEDESTRIAN, (-0.3, 0.3, -0.4, 0.4)),
    _block((0.84, 1.0), SKIN, (-0.18, 0.22, -0.17, 0.17), roof=(70, 50, 40)),
])  # fmt: skip
CYCLIST = _sum([
    _block((0.0, 0.4), RUBBER, (-0.5, 0.5, -0.12, 0.12)),
    _block((0.4, 0.82), BICYCLE, (-0.2, 0.16, -0.4, 0.4), (-0.06, 0.22, -0.4, 0.4)),
    _block((0.82, 1.0), SKIN, (0.0, 0.18, -0.18, 0.18), roof=BICYCLE),
])  # fmt: skip
TRAFFIC_CONE = _sum([
    _block((0.0, 0.06), CONE),
    _block((0.06, 0.4), CONE, (-0.34, 0.34, -0.34, 0.34), (-0.24, 0.24, -0.24, 0.24)),
    _block((0.4, 0.66), WHITE, (-0.24, 0.24, -0.24, 0.24), (-0.16, 0.16, -0.16, 0.16)),
    _block((0.66, 1.0), CONE, (-0.16, 0.16, -0.16, 0.16), (-0.06, 0.06, -0.06, 0.06)),
])  # fmt: skip
BARRIER = _sum([
    _block((0.0, 1.0), WHITE),
    *[_decal(end, (a, a + 0.2), (0.35, 0.85), RED) for end in ("front", "rear") for a in (-0.5, -0.1, 0.3)],
])  # fmt: skip
WORK_SIGN = _sum([
    _block((0.0, 0.4), RUBBER, (-0.15, 0.15, -0.15, 0.15)),
    _block((0.4, 1.0), SIGN),
    *[_decal(end, (-0.3, 0.3), (0.52, 0.88), RUBBER) for end in ("front", "rear")],
])  # fmt: skip
SIGNAL = _sum([
    _block((0.72, 1.0), RUBBER),
    *[_decal("rear", (-0.26, 0.26), (low, low + 0.06), SIGNAL_OFF) for low in (0.74, 0.825)],
    _decal("rear", (-0.34, 0.34), (0.905, 0.985), SIGNAL_RED),
])  # fmt: skip

SHAPES = {
    ObjectKind.VEHICLE: CAR,
    ObjectKind.PEDESTRIAN: WALKER,
    ObjectKind.BICYCLE: CYCLIST,
    ObjectKind.TRAFFIC_CONE: TRAFFIC_CONE,
    ObjectKind.BARRIER: BARRIER,
    ObjectKind.CZONE_SIGN: WORK_SIGN,
    ObjectKind.GENERIC_OBJECT: _block((0.0, 1.0), GENERIC),
}


def boxes_now(truth: SceneTruth) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """What stands around the ego now: kinds ``[N]`` and ``[N, 6]`` x, y, heading, length, width, height, ego frame."""
    tracks = truth.tracks
    poses = poses_to_local(tracks.poses[:, 0], truth.ego[:3])
    near = tracks.valid[:, 0] & (np.abs(poses[:, :2]) < REACH).all(1)
    return tracks.kinds[near], np.concatenate([poses[near], tracks.sizes[near]], 1)


def quads_of(truth: SceneTruth) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Everything that stands on the ground now: corners ``[Q, 4, 3]`` in the ego frame and colours ``[Q, 3]``."""
    kinds, boxes = boxes_now(truth)
    large = (kinds == ObjectKind.VEHICLE) & ((boxes[:, 3] > LARGE_VEHICLE[0]) | (boxes[:, 5] > LARGE_VEHICLE[1]))
    groups = [(shape, boxes[(kinds == kind) & ~large]) for kind, shape in SHAPES.items()]
    hung = red_signals(truth)
    signals = np.concatenate([hung, np.tile(SIGNAL_SIZE, (len(hung), 1))], 1)
    placed = [_placed(shape, group) for shape, group in [*groups, (TRUCK, boxes[large]), (SIGNAL, signals)]]
    return np.concatenate([corners for corners, _ in placed]), np.concatenate([colours for _, colours in placed])


def _placed(shape: Shape, boxes: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``shape`` in each of ``boxes [N, 6]``, boxes after one another."""
    points = shape.corners * boxes[:, None, None, 3:6]
    cos, sin = np.cos(boxes[:, 2])[:, None, None], np.sin(boxes[:, 2])[:, None, None]
    x, y = points[..., 0], points[..., 1]
    planar = np.stack([cos * x - sin * y, sin * x + cos * y], -1) + boxes[:, None, None, :2]
    corners = np.concatenate([planar, points[..., 2:]], -1)
    return corners.reshape(-1, 4, 3), np.tile(shape.colours, (len(boxes), 1))
