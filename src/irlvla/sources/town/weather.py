"""Sun and weather of a ride, from its seed."""

import numpy as np

from irlvla.scene import Weather

_RAIN, _FOG, _NIGHT = 0.15, 0.08, 0.12


def draw_weather(rng: np.random.Generator) -> Weather:
    """Mostly fair days, some rain, fog, dusk and night."""
    cloud, wet, visibility = float(rng.uniform(0.0, 0.8)), 0.0, float(rng.uniform(110.0, 260.0))
    elevation = float(rng.uniform(0.25, 1.1))
    kind = rng.random()
    if kind < _RAIN:
        cloud, wet, visibility = 1.0, float(rng.uniform(0.5, 1.0)), float(rng.uniform(80.0, 140.0))
    elif kind < _RAIN + _FOG:
        cloud, visibility = 1.0, float(rng.uniform(45.0, 80.0))
    elif kind < _RAIN + _FOG + _NIGHT:
        elevation = float(rng.uniform(-0.25, 0.12))
    return Weather(float(rng.uniform(-np.pi, np.pi)), elevation, cloud, visibility, wet)
