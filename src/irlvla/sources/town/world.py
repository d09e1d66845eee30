"""A peopled town that moves on, step by step, the same each time from the same seed."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from irlvla.errors import InputError
from irlvla.sources.town.network import Town
from irlvla.sources.town.obstacles import Obstacles, place_obstacles
from irlvla.sources.town.people import place_people
from irlvla.sources.town.population import Roster, populate
from irlvla.sources.town.roadway import lay_out
from irlvla.sources.town.traffic import Lights, People, Roads, Track, Vehicles, run, settle_in

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class TrafficSettings:
    """How much goes on in a town.

    Attributes:
        density: vehicles for each hundred metres of lane.
        parked: share of the bays that are taken.
        double_parked, works: cars at the kerb and road works for each hundred metres of outermost lane.
        walkers: people for each crosswalk; strollers: people for each hundred metres of walk.
    """

    density: float = 2.0
    parked: float = 0.6
    double_parked: float = 0.25
    works: float = 0.12
    walkers: float = 1.1
    strollers: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            InputError: if a number is negative or not finite, ``parked`` above 1, or a density above 8.
        """
        for name, value in vars(self).items():
            if not np.isfinite(value) or value < 0:
                raise InputError(f"traffic setting {name}", f"{value} is no amount", "give 0 or more")
        if self.parked > 1:
            raise InputError("traffic setting parked", f"{self.parked} is no share", "give at most 1")
        if self.density > 8:
            raise InputError("traffic setting density", f"{self.density} cars do not fit on 100 m", "give at most 8")


@dataclass(frozen=True)
class World:
    """Everybody in a town at one moment; :meth:`advance` moves it on in place, :meth:`copy` keeps a moment.

    Attributes:
        town, roads, obstacles, roster, lights: what stays as it is.
        vehicles, people: the state.
        clock: ``[1]`` steps since the town was peopled.
    """

    town: Town
    roads: Roads
    obstacles: Obstacles
    roster: Roster
    lights: Lights
    vehicles: Vehicles
    people: People
    clock: NDArray[np.int64]

    @classmethod
    def peopled(cls, town: Town, settings: TrafficSettings, seconds: float, seed: int) -> "World":
        """People a town, for a run of so many ``seconds``."""
        rng = np.random.default_rng([seed, 1])
        obstacles = place_obstacles(town, settings.parked, settings.double_parked, settings.works, rng)
        roads = lay_out(town, obstacles)
        vehicles, roster = populate(town, roads, obstacles, settings.density, seconds, rng)
        people = place_people(town, settings.walkers, settings.strollers, rng)
        lights = Lights(town.signals.periods, town.signals.greens)
        settle_in(roads, vehicles, people)
        return cls(town, roads, obstacles, roster, lights, vehicles, people, np.zeros(1, np.int64))

    @property
    def step(self) -> int:
        """Steps since the town was peopled."""
        return int(self.clock[0])

    def advance(self, steps: int, path: FloatArray | None = None) -> Track:
        """Move on by ``steps`` tenths of a second; returns what happened.

        Args:
            steps: how many.
            path: ``[steps, 5]`` where the ego is led: x, y, heading of its rear axle, speed and acceleration after each
                step; without it the expert drives.
        """
        led = np.zeros((0, 5)) if path is None else np.ascontiguousarray(path, np.float64)
        track = run(self.roads, self.vehicles, self.lights, self.people, self.step, steps, led)
        self.clock[0] += steps
        return track

    def copy(self) -> "World":
        """This moment, to go on from by itself."""
        return replace(
            self,
            vehicles=Vehicles(*(array.copy() for array in self.vehicles)),
            people=People(*(array.copy() for array in self.people)),
            clock=self.clock.copy(),
        )
