"""People on foot at the beginning: where they walk, and who crosses the road."""

import numpy as np
from numpy.typing import NDArray

from irlvla.sources.town.network import Town
from irlvla.sources.town.traffic.state import NOBODY, People

FloatArray = NDArray[np.float64]

_APPROACH = (8.0, 25.0)  # people come along the road for so far before and after a crosswalk [m]
_TO_WALK = 12.0  # a crosswalk whose kerb is farther than this from any walk is reached straight on [m]


def place_people(town: Town, share: float, strollers: float, rng: np.random.Generator) -> People:
    """People who cross at crosswalks, and others who stroll along the walks.

    Args:
        town: where.
        share: expected number of people for each crosswalk.
        strollers: expected number for each hundred metres of walk.
        rng: randomness.
    """
    ways: list[FloatArray] = []
    crossings, kerbs = [], []
    for crosswalk, ends in enumerate(town.crosswalks.ends):
        for _ in range(rng.poisson(share)):
            first, second = ends if rng.random() < 0.5 else ends[::-1]
            before = _along_walk(town, first, rng)[::-1]
            way = np.concatenate([before, [first, second], _along_walk(town, second, rng)])
            ways.append(way)
            crossings.append(crosswalk)
            metres = _metres(way)
            kerbs.append((metres[len(before)], metres[len(before) + 1]))
    for walk in town.walks:
        for _ in range(rng.poisson(strollers * _metres(walk)[-1] / 100)):
            offset = rng.normal(0.0, 0.3)
            ways.append(walk + offset if len(walk) > 1 else walk)
            crossings.append(NOBODY)
            kerbs.append((np.inf, np.inf))
    return _people(ways, crossings, kerbs, rng)


def _people(
    ways: list[FloatArray], crossings: list[int], kerbs: list[tuple[float, float]], rng: np.random.Generator
) -> People:
    count = len(ways)
    metres = [_metres(way) for way in ways]
    lengths = np.array([m[-1] for m in metres])
    place = rng.random(count) * lengths
    limits = np.array(kerbs).reshape(-1, 2)
    on_road = (place > limits[:, 0] - 0.1) & (place < limits[:, 1] + 0.1)
    place = np.where(on_road, np.maximum(limits[:, 0] - 1.0, 0.0), place)
    return People(
        first=np.cumsum([0, *map(len, ways)], dtype=np.int64),
        points=np.concatenate([np.zeros((0, 2)), *ways]),
        metres=np.concatenate([np.zeros(0), *metres]),
        crossings=np.array(crossings, np.int32),
        kerbs=limits,
        pace=rng.uniform(1.0, 1.7, count),
        place=place,
        ways=np.where(rng.random(count) < 0.5, 1.0, -1.0),
        speed=np.zeros(count),
        rest=np.where(rng.random(count) < 0.2, rng.uniform(0, 20, count), 0.0),
        poses=np.zeros((count, 3)),
    )


def _metres(way: FloatArray) -> FloatArray:
    return np.append(0.0, np.cumsum(np.linalg.norm(np.diff(way, axis=0), axis=1)))


def _along_walk(town: Town, kerb: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Points that lead away from a kerb along the nearest walk, to a side that chance chooses."""
    best = min(
        ((float(np.linalg.norm(walk - kerb, axis=1).min()), k) for k, walk in enumerate(town.walks)),
        default=(np.inf, -1),
    )
    if best[0] > _TO_WALK:
        middle = town.crosswalks.ends.mean(1)
        away = kerb - middle[np.linalg.norm(middle - kerb, axis=1).argmin()]
        return kerb + away / max(float(np.linalg.norm(away)), 1e-6) * np.array([[1.5]])
    walk = town.walks[best[1]]
    nearest = int(np.linalg.norm(walk - kerb, axis=1).argmin())
    reach = rng.uniform(*_APPROACH)
    sides = [walk[nearest:], walk[: nearest + 1][::-1]]
    long = [side for side in sides if len(side) > 1 and _metres(side)[-1] > 3.0] or sides
    side = long[int(rng.integers(len(long)))]
    return side[: max(int(np.searchsorted(_metres(side), reach)), 1)]
