"""One recorded log in a neutral form, whatever data set it comes from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from irlvla.scene import LineKind

STEP = 0.1
"""Seconds between two instants of every recording."""

PAST_STEPS, FUTURE_STEPS = 15, 40
"""Steps that a scene reaches back (1.5 s) and ahead (4 s)."""

SCENE_STEPS = PAST_STEPS + 1 + FUTURE_STEPS

AXLE_TO_CENTRE = 1.461
"""From the rear axle to the centre of the metric's car [m] (``docs/epdms.md``)."""


@dataclass(frozen=True)
class RecordedLane:
    """A lane as its data set gives it; what is None is derived in :mod:`irlvla.sources.lanes`.

    Attributes:
        id: unique name.
        centreline: ``[n, 2]`` in driving direction.
        polygon: ``[m, 2]`` outline.
        half_widths: ``[n, 2]`` metres from the centre line to the left and right side, NaN where unknown.
        connector: whether it leads through an intersection.
        successors: lanes that go on where it ends.
        neighbours: lanes beside it in the same direction.
        motor: whether cars drive on it (no bicycle lane).
    """

    id: str
    centreline: NDArray[np.float64]
    polygon: NDArray[np.float64] | None = None
    half_widths: NDArray[np.float64] | None = None
    connector: bool | None = None
    successors: tuple[str, ...] | None = None
    neighbours: tuple[str, ...] | None = None
    motor: bool = True


@dataclass(frozen=True)
class RecordedMap:
    """Lanes, lines and drivable area in the coordinates of the log [m].

    Attributes:
        lanes: all of them.
        lines: markings, road edges, crosswalks (outlines).
        drivable: where a car may be; None if the data set does not say.
    """

    lanes: tuple[RecordedLane, ...]
    lines: tuple[tuple[LineKind, NDArray[np.float64]], ...] = ()
    drivable: BaseGeometry | None = None


@dataclass(frozen=True)
class Recording:
    """``N`` objects, the recording car among them, over ``S`` instants 0.1 s apart, and the map under them.

    Attributes:
        name: of the log, unique.
        source: kind of data set, for the stamp.
        t_us: ``[S]`` time stamps [us].
        ids: name of each object.
        kinds: ``[N]`` int8, an :class:`~irlvla.scene.ObjectKind` each.
        sizes: ``[N, 3]`` length, width, height [m].
        poses: ``[N, S, 3]`` box centre x, y and heading, global; meaningful where ``valid``.
        valid: ``[N, S]`` whether the object was observed.
        ego: which object is the recording car.
        axle_to_centre: from the recording car's rear axle to its box centre [m].
        map: lanes, lines, drivable area.
        notes: what could not be taken over as it is, one line each.
    """

    name: str
    source: str
    t_us: NDArray[np.int64]
    ids: tuple[str, ...]
    kinds: NDArray[np.int8]
    sizes: NDArray[np.float64]
    poses: NDArray[np.float64]
    valid: NDArray[np.bool_]
    ego: int
    axle_to_centre: float
    map: RecordedMap
    notes: tuple[str, ...] = ()
