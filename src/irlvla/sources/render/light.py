"""Light and air of a scene: what sun, sky and clouds make of its weather."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from irlvla.scene import Weather

FloatArray = NDArray[np.float64]

ELEVATIONS = np.array([-0.25, -0.1, 0.0, 0.12, 0.35, 0.9])
"""Of the sun [rad], for the rows of the tables below; between them everything changes evenly."""

ZENITH = np.array([(8, 11, 24), (34, 44, 82), (84, 106, 156), (104, 140, 196), (110, 154, 212), (112, 160, 216)])
HORIZON = np.array([(26, 28, 38), (122, 92, 94), (238, 172, 118), (236, 206, 166), (214, 214, 212), (206, 214, 222)])
CLOUD_ZENITH = np.array(
    [(16, 18, 24), (50, 54, 64), (108, 112, 122), (150, 154, 162), (170, 175, 182), (176, 182, 189)]
)
CLOUD_HORIZON = np.array(
    [(24, 26, 32), (76, 76, 82), (150, 146, 144), (186, 186, 186), (202, 205, 208), (206, 210, 214)]
)
"""Colours of the sky above and at the horizon, without clouds and with nothing but clouds."""

SUNLIGHT = np.array([(0, 0, 0), (0, 0, 0), (0.38, 0.2, 0.1), (0.8, 0.54, 0.34), (0.72, 0.65, 0.55), (0.56, 0.55, 0.52)])
SKYLIGHT = np.array([(0.33, 0.32, 0.34), (0.38, 0.37, 0.42), (0.5, 0.48, 0.52), (0.6, 0.58, 0.6), (0.6, 0.6, 0.63),
                     (0.6, 0.61, 0.62)])  # fmt: skip
"""What a white surface sends back that faces the sun, or the sky (1: as much as the picture can show)."""

_DAY = np.concatenate([SUNLIGHT, SKYLIGHT, ZENITH, HORIZON, CLOUD_ZENITH, CLOUD_HORIZON], 1)

DIFFUSE = 0.6
"""Share of the sunlight that clouds hold back which comes down from everywhere."""

LAMPS_ON = (-0.08, 0.06)
"""Elevations [rad] of the sun between which windows and street lamps come on."""


@dataclass(frozen=True)
class Light:
    """How a scene is lit and how clear its air is, ego frame. Colours are 0 to 255.

    Attributes:
        sun: ``[3]`` direction to the sun.
        sunlight, skylight: ``[3]`` what a white surface that faces the sun, or the sky, sends back of each, 0 to 1.
        zenith, horizon: ``[3]`` colours of the sky; that at the horizon is the colour of haze, too.
        visibility: distance at which half of what is seen is haze [m].
        wet: how wet the road is, 0 to 1.
        dark: 0 by day, 1 at night.
    """

    sun: FloatArray
    sunlight: FloatArray
    skylight: FloatArray
    zenith: FloatArray
    horizon: FloatArray
    visibility: float
    wet: float
    dark: float

    @property
    def level(self) -> FloatArray:
        """``[3]`` what a white surface sends back that lies level."""
        return self.skylight + self.sunlight * max(self.sun[2], 0.0)

    @property
    def shade(self) -> float:
        """Share of the light on the road that a shadow takes."""
        return max(1 - float(self.skylight.sum() / self.level.sum()), 0.0)


def light_of(weather: Weather, heading: float) -> Light:
    """The light in the frame of an ego with this global ``heading`` [rad]."""
    elevation, cloud = weather.sun_elevation, min(max(weather.cloud, 0.0), 1.0)
    azimuth = weather.sun_azimuth - heading
    level, up = math.cos(elevation), math.sin(elevation)
    k = min(max(int(np.searchsorted(ELEVATIONS, elevation)) - 1, 0), len(ELEVATIONS) - 2)
    share = min(max((elevation - ELEVATIONS[k]) / (ELEVATIONS[k + 1] - ELEVATIONS[k]), 0.0), 1.0)
    direct, skylight, zenith, horizon, cloud_zenith, cloud_horizon = (
        _DAY[k] + share * (_DAY[k + 1] - _DAY[k])
    ).reshape(6, 3)
    held_back = DIFFUSE * cloud * max(up, 0.25) * float(direct.mean())
    return Light(
        sun=np.array([level * math.cos(azimuth), level * math.sin(azimuth), up]),
        sunlight=(1 - cloud) * direct,
        skylight=skylight + held_back,
        zenith=zenith + cloud * (cloud_zenith - zenith),
        horizon=horizon + cloud * (cloud_horizon - horizon),
        visibility=weather.visibility,
        wet=weather.wet,
        dark=1 - min(max((elevation - LAMPS_ON[0]) / (LAMPS_ON[1] - LAMPS_ON[0]), 0.0), 1.0),
    )


def packed(colours: FloatArray) -> NDArray[np.uint32]:
    """``0x00BBGGRR`` of colours ``[..., 3]``, cut to 0 to 255."""
    channels = np.minimum(np.maximum(colours, 0), 255).astype(np.uint32)
    return channels[..., 0] | channels[..., 1] << 8 | channels[..., 2] << 16


def spread(colour: FloatArray) -> int:
    """A colour ``[3]`` with its channels 16 bits apart: red, blue, green from the lowest on."""
    red, green, blue = (min(max(int(channel), 0), 255) for channel in colour.tolist())
    return red | blue << 16 | green << 32
