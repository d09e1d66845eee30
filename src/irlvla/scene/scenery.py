"""What cameras see of a scene beside map and tracks: signals, the lamps of vehicles, sun and weather."""

from dataclasses import dataclass, field
from enum import IntEnum, IntFlag

import numpy as np
from numpy.typing import NDArray


class SignalState(IntEnum):
    """What a traffic light shows."""

    RED = 0
    YELLOW = 1
    GREEN = 2


class Lamps(IntFlag):
    """Lamps of a vehicle that are lit; both indicators together are hazard lights."""

    NONE = 0
    BRAKE = 1
    LEFT = 2
    RIGHT = 4


@dataclass(frozen=True)
class Weather:
    """Sun, sky and air.

    Attributes:
        sun_azimuth: direction to the sun, anticlockwise from the global x axis [rad].
        sun_elevation: above the horizon [rad]; below 0 it is night.
        cloud: share of the sky that is covered, 0 to 1; no sharp shadows under 1.
        visibility: distance at which half of what is seen is haze [m].
        wet: how wet the road is, 0 to 1.
    """

    sun_azimuth: float = 0.8
    sun_elevation: float = 0.9
    cloud: float = 0.3
    visibility: float = 110.0
    wet: float = 0.0


@dataclass(frozen=True)
class Scenery:
    """What is lit now, and in which weather. Global frame.

    Attributes:
        signals: ``[S, 4]`` traffic lights: x, y, heading of the traffic they speak to, a :class:`SignalState`.
        lamps: ``[N]`` uint8, :class:`Lamps` of each of the scene's tracks.
        weather: of the whole scene.
    """

    signals: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 4)))
    lamps: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))
    weather: Weather = field(default_factory=Weather)
