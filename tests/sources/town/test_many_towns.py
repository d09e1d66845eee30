"""Two hundred towns with traffic: nobody overlaps at the beginning, and the expert touches nobody."""

import numpy as np
import pytest
import shapely

from irlvla.scene.frames import to_global
from irlvla.sources.town import TrafficSettings, World, build_town
from irlvla.sources.town.contact import touches

CORNERS = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) / 2
SECONDS = 25


def overlaps(world: World, poses: np.ndarray, alive: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of vehicles and standing things that overlap, two standing things apart."""
    there = np.flatnonzero(alive)
    sizes = world.roster.sizes[there, None, :2]
    boxes = shapely.polygons(to_global(CORNERS * sizes, poses[there][:, None]))
    first, second = shapely.STRtree(boxes).query(boxes, predicate="intersects")
    first, second = there[first[first < second]], there[second[first < second]]
    drives = world.vehicles.plan[:, 0] >= 0
    return [(a, b) for a, b in zip(first.tolist(), second.tolist(), strict=True) if drives[a] or drives[b]]


def checked(seed: int) -> tuple[list[tuple[int, int]], int]:
    """Overlaps of a seed's town at the beginning, and instants at which its expert touches somebody."""
    world = World.peopled(build_town(seed), TrafficSettings(), SECONDS, seed)
    start = overlaps(world, world.vehicles.poses, world.vehicles.alive)
    track = world.advance(10 * SECONDS)
    lives = track.alive[:, 0]
    return start, int(touches(world, track)[lives].any(1).sum())


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_a_town_begins_apart_and_its_expert_touches_nobody(seed):
    assert checked(seed) == ([], 0)


@pytest.mark.slow
def test_two_hundred_towns():
    found = {seed: checked(seed) for seed in range(200)}
    assert {seed: pair for seed, pair in found.items() if pair != ([], 0)} == {}
