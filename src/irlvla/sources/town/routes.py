"""A route that is fixed before the ego drives it: lanes one after the other, which its luck is made to choose."""

from itertools import pairwise

import numpy as np

from irlvla.sources.town.traffic import NOBODY, settle_in
from irlvla.sources.town.world import World

_TRIES = 24


def draw_route(world: World, least: float, rng: np.random.Generator) -> list[int]:
    """Lanes from the ego's own on, drawn as everybody draws theirs: the first of some tries that goes on for ``least``
    metres before the town ends, else the longest."""
    longest: list[int] = []
    most = -np.inf
    for _ in range(_TRIES):
        lanes, metres = _tried(world, least, rng)
        if metres > most:
            longest, most = lanes, metres
        if metres >= least:
            break
    return longest


def _tried(world: World, least: float, rng: np.random.Generator) -> tuple[list[int], float]:
    """Lanes drawn until they are long enough or the town ends, and the metres that are before the ego on them."""
    lengths, successors = world.roads.lengths, world.town.lanes.successors
    lanes = [int(world.vehicles.plan[0, 0])]
    metres = float(lengths[lanes[0]] - world.vehicles.place[0])
    while metres < least and successors[lanes[-1]]:
        lanes.append(int(rng.choice(successors[lanes[-1]])))
        metres += float(lengths[lanes[-1]])
    return lanes, metres


def send_along(world: World, lanes: list[int]) -> None:
    """Make the ego drive along ``lanes``, of which the first is its own, and change to no other; beyond them it goes
    where luck has it."""
    vehicles = world.vehicles
    for k, (lane, following) in enumerate(pairwise(lanes)):
        choices = world.town.lanes.successors[lane]
        vehicles.luck[0, k] = (choices.index(following) + 0.5) / len(choices)
    vehicles.keeps[0], vehicles.drawn[0] = True, 0
    vehicles.plan[0, 1:] = NOBODY
    settle_in(world.roads, vehicles, world.people)
