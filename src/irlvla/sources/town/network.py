"""A town as those who drive and walk in it know it: lanes and what they must give way to, signals, crosswalks, bays.

Lanes and lane connectors are numbered together, in the order of their polygons in the map. Places on them are arc
lengths of their drive lines [m]. Everything is in the town's own frame, which is the global frame of its scenes.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from irlvla.scene import HDMap, Polylines, SignalState

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int32]

NONE = -1
"""Stands where there is no lane, road or signal group."""

YELLOW_SECONDS = 3.0


class Turn(IntEnum):
    """Where a connector leads; a lane goes straight on."""

    STRAIGHT = 0
    LEFT = 1
    RIGHT = 2


class Control(IntEnum):
    """What is asked of who enters a connector."""

    FREE = 0
    YIELD = 1
    STOP = 2
    LIGHT = 3


@dataclass(frozen=True)
class Lanes:
    """``K`` lanes and lane connectors.

    Attributes:
        ids: names, those of their polygons in the map.
        lines: drive lines in driving direction, points evenly spaced at most 1 m apart, curvature without jumps within
            a line and where one line leads into the next.
        widths: ``[K]`` [m].
        limits: ``[K]`` speed limit [m/s].
        connector: ``[K]`` bool.
        turns: ``[K]`` int8, a :class:`Turn` each.
        controls: ``[K]`` int8, a :class:`Control` each; FREE for lanes.
        groups: ``[K]`` int32, signal group that a connector obeys, or NONE.
        successors: what follows where each ends; lanes lead into connectors and connectors into lanes.
        left, right: ``[K]`` int32, the lane beside it in the same direction, or NONE; as long but for the bends.
        roads: ``[K]`` int32, the same number for lanes side by side in one direction; NONE for connectors.
    """

    ids: tuple[str, ...]
    lines: Polylines
    widths: FloatArray
    limits: FloatArray
    connector: NDArray[np.bool_]
    turns: NDArray[np.int8]
    controls: NDArray[np.int8]
    groups: IntArray
    successors: tuple[tuple[int, ...], ...]
    left: IntArray
    right: IntArray
    roads: IntArray

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Conflicts:
    """``C`` ordered pairs of lanes on which two vehicles (2 m wide, and half a metre between them) would meet.

    Of two lanes that cross or run together both orders are listed. Lanes that only share their beginning are not.

    Attributes:
        lanes: ``[C, 2]`` int32, who looks, and what it looks at.
        begins, ends: ``[C, 2]`` the stretch of each that is contested [m]; one that runs together with the other ends
            where its line ends.
        yields: ``[C]`` bool, whether the first has to give way. Where both have to, who comes first goes first.
    """

    lanes: IntArray
    begins: FloatArray
    ends: FloatArray
    yields: NDArray[np.bool_]


@dataclass(frozen=True)
class Signals:
    """``G`` signal groups with a fixed cycle, and the ``H`` heads that show them.

    Attributes:
        periods: ``[G]`` length of the cycle [s].
        greens: ``[G, 2]`` from when until when in the cycle a group is green [s], the first less than the second;
            ``YELLOW_SECONDS`` of yellow follow, within the cycle.
        heads: ``[H, 3]`` x, y and heading of the traffic that the head speaks to.
        head_groups: ``[H]`` int32.
    """

    periods: FloatArray
    greens: FloatArray
    heads: FloatArray
    head_groups: IntArray

    def states(self, seconds: FloatArray | float) -> NDArray[np.int8]:
        """``[..., G]`` :class:`SignalState` at ``seconds [...]``."""
        phase = np.mod(np.asarray(seconds)[..., None], self.periods)
        green = (self.greens[:, 0] <= phase) & (phase < self.greens[:, 1])
        yellow = (self.greens[:, 1] <= phase) & (phase < self.greens[:, 1] + YELLOW_SECONDS)
        return np.where(green, SignalState.GREEN, np.where(yellow, SignalState.YELLOW, SignalState.RED)).astype(np.int8)


@dataclass(frozen=True)
class Crosswalks:
    """``W`` crosswalks and the ``X`` stretches of lanes that pass over them.

    Attributes:
        ends: ``[W, 2, 2]`` where people step on and off, on the two kerbs; they walk straight between.
        groups: ``[W]`` int32, the signal group of the traffic it lies before (people walk while that is red), or NONE
            (traffic gives way to people).
        lanes: ``[X]`` int32, a lane or connector.
        crosswalks: ``[X]`` int32, what it passes over.
        begins, ends_at: ``[X]`` the stretch [m].
    """

    ends: FloatArray
    groups: IntArray
    lanes: IntArray
    crosswalks: IntArray
    begins: FloatArray
    ends_at: FloatArray


@dataclass(frozen=True)
class Town:
    """A small road network with all that traffic needs to know of it.

    Attributes:
        seed: what it was made from.
        map: layers, lines, buildings as the judge and the cameras see them.
        lanes, conflicts, signals, crosswalks: see there.
        walks: lines along which people walk, clear of the carriageway.
        bays: ``[B, 3]`` x, y, heading of parking places for one car (5.5 m by 2.2 m), clear of all lanes.
    """

    seed: int
    map: HDMap
    lanes: Lanes
    conflicts: Conflicts
    signals: Signals
    crosswalks: Crosswalks
    walks: Polylines
    bays: FloatArray
