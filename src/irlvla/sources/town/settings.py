"""What kind of towns are built."""

from dataclasses import dataclass
from math import isfinite

import numpy as np

from irlvla.errors import InputError

WIDEST_LANE = 3.7
"""[m]"""

_SHARES = ("dropped", "lights", "roundabouts", "merges", "jitter", "curviness", "parking", "crosswalks")


@dataclass(frozen=True)
class RoadSettings:
    """What a seed may choose from. Shares lie between 0 and 1.

    Attributes:
        rows, columns: least and greatest number of junctions along each side of the grid.
        spacing: least and greatest distance between neighbouring junctions [m], before they are moved about.
        jitter: share of the least spacing by which junctions are moved about at most, up to 0.15.
        most_lanes: lanes a direction.
        limits: speed limits from the smallest street to the largest road [m/s].
        dropped: share of the grid's roads that are not built.
        lights: share of plain junctions that have traffic lights.
        roundabouts: share of junctions that are roundabouts, where arms are narrow enough.
        merges: share of the suitable places at which a ramp joins or a lane ends.
        curviness: 0 for straight roads, 1 for the strongest curves.
        parking: share of the sides of streets that have parking bays.
        crosswalks: share of the arms of junctions that have a crosswalk.

    Raises:
        InputError: if no town can be built so.
    """

    rows: tuple[int, int] = (2, 3)
    columns: tuple[int, int] = (2, 3)
    spacing: tuple[float, float] = (110.0, 160.0)
    jitter: float = 0.07
    most_lanes: int = 3
    limits: tuple[float, ...] = (8.3, 11.1, 13.9, 16.7)
    dropped: float = 0.25
    lights: float = 0.75
    roundabouts: float = 0.25
    merges: float = 0.5
    curviness: float = 0.6
    parking: float = 0.4
    crosswalks: float = 0.7

    def __post_init__(self) -> None:
        for name in ("rows", "columns", "spacing"):
            _check_range(name, getattr(self, name))
        for name in ("rows", "columns"):
            least, most = getattr(self, name)
            if not (_whole(least) and _whole(most)) or least < 1 or most > 8:
                raise _bad(name, f"{least} to {most} junctions", "give whole numbers from 1 to 8")
        if not _whole(self.most_lanes) or not 1 <= self.most_lanes <= 3:
            raise _bad("most_lanes", f"{self.most_lanes} lanes a direction", "give 1, 2 or 3")
        if self.spacing[0] < least_spacing(self.most_lanes):
            needed = f"junctions of roads with {self.most_lanes} lanes need {least_spacing(self.most_lanes):g} m"
            raise _bad(
                "spacing", f"{self.spacing[0]:g} m is too little: {needed}", "space them wider or take fewer lanes"
            )
        if self.jitter > 0.15:
            raise _bad("jitter", f"{self.jitter} moves junctions too close to each other", "give at most 0.15")
        if self.spacing[1] > 1000:
            raise _bad("spacing", f"{self.spacing[1]:g} m between junctions", "give at most 1000 m")
        if not self.limits or not all(isfinite(limit) and limit > 0 for limit in self.limits):
            raise _bad("limits", f"{self.limits} are no speed limits", "give one or more speeds above 0 m/s")
        for name in _SHARES:
            share = getattr(self, name)
            if not 0 <= share <= 1:
                raise _bad(name, f"{share} is no share", "give a number from 0 to 1")


def least_spacing(lanes: int) -> float:
    """How far apart junctions must be [m] so that roads of ``lanes`` a direction have room to curve between them."""
    return 80.0 + 10.0 * lanes


def check_seed(seed: int) -> None:
    """Raise :class:`~irlvla.errors.InputError` unless ``seed`` is a whole number, 0 or more."""
    if not _whole(seed) or seed < 0:
        raise InputError("town seed", f"{seed!r} is no whole number from 0", "give 0, 1, 2, ...")


def _whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _check_range(name: str, values: tuple[float, float]) -> None:
    if len(values) != 2 or not all(isfinite(value) for value in values) or not 0 < values[0] <= values[1]:
        raise _bad(name, f"{values} is no range above 0", "give the least and the greatest value")


def _bad(name: str, what: str, mend: str) -> InputError:
    return InputError(f"road settings, {name}", what, mend)
