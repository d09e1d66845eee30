"""A town from a seed."""

from dataclasses import replace

import numpy as np

from irlvla.errors import InputError
from irlvla.scene import Polylines
from irlvla.sources.town.buildings import draw_buildings
from irlvla.sources.town.layout_plan import plan
from irlvla.sources.town.network import Town
from irlvla.sources.town.paving import Paved, pave_all
from irlvla.sources.town.road_course import LEAST_RADIUS
from irlvla.sources.town.road_lanes import conflicts_of, lanes_of, number, signals_of
from irlvla.sources.town.road_map import map_of
from irlvla.sources.town.road_walks import crosswalks_of, walks_of, zebras
from irlvla.sources.town.settings import RoadSettings, check_seed

_DEFAULT = RoadSettings()
_ATTEMPTS = 40
_PLAN, _PAVING, _LIGHTS, _BUILDINGS = range(4)  # parts of a town that are drawn independently


def build_town(seed: int, settings: RoadSettings = _DEFAULT) -> Town:
    """The town of ``seed``: always the same one for the same seed and settings.

    Raises:
        InputError: if ``seed`` is no whole number from 0 (settings are checked when they are made).
    """
    check_seed(seed)
    paved = _paved(seed, settings)
    lit, beside = (np.random.default_rng([seed, part]) for part in (_LIGHTS, _BUILDINGS))
    numbers = number(paved)
    lights, first_groups, signals = signals_of(lit, paved)
    lanes = lanes_of(paved, numbers, lights, first_groups)
    crosswalks = zebras(paved, numbers, lanes, lights, first_groups)
    buildings = draw_buildings(beside, *_building_ground(paved))
    bays = [road.bays(recess) for road in paved.roads for recess in road.recesses]
    return Town(
        seed=int(seed),
        map=map_of(paved, lanes, crosswalks, buildings),
        lanes=lanes,
        conflicts=conflicts_of(paved, numbers),
        signals=signals,
        crosswalks=crosswalks_of(crosswalks),
        walks=Polylines.of(walks_of(paved)),
        bays=np.concatenate([np.zeros((0, 3)), *bays]),
    )


def _paved(seed: int, settings: RoadSettings) -> Paved:
    """The first draw of which no road is bent too sharply; each is a little calmer than the one before."""
    for attempt in range(_ATTEMPTS):
        calm = 0.85**attempt
        calmer = replace(settings, curviness=settings.curviness * calm, jitter=settings.jitter * calm)
        drawn, paving = (np.random.default_rng([seed, part, attempt]) for part in (_PLAN, _PAVING))
        paved = pave_all(paving, plan(drawn, calmer), calmer)
        if min(road.least_radius for road in paved.roads) >= LEAST_RADIUS:
            return paved
    what = f"in {_ATTEMPTS} tries for seed {seed} some road was bent too sharply"
    raise InputError("road settings", what, "space junctions wider")


def _building_ground(paved: Paved) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Kerbs along which to build, and rings of all that is paved."""
    kerbs = [road.kerb(side) for road in paved.roads for side in (0, 1)]
    return kerbs, [road.ring() for road in paved.roads] + [junction.outline for junction in paved.junctions]
