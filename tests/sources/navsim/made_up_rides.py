"""Rides of the expert through towns, and what there is to see at any time of them."""

from dataclasses import dataclass

import numpy as np

from irlvla.scene import Command, Scene, SignalState, Weather
from irlvla.scene.frames import wrap
from irlvla.sources.centreline import scene_line
from irlvla.sources.town.build import build_town
from irlvla.sources.town.follow_ups import draw_displacements, follow_up
from irlvla.sources.town.network import NONE, Town
from irlvla.sources.town.ride import Ride, ride_of
from irlvla.sources.town.scenes import command_of, scene_of
from irlvla.sources.town.weather import draw_weather
from irlvla.sources.town.world import TrafficSettings, World

STEP = 0.1
NEAR = 80.0
"""What is farther from the ego than this is not annotated [m]."""

_WARM_UP = 60  # steps
_SIGNALS_SEEN = 120.0


@dataclass(frozen=True)
class Driven:
    """A ride with the moments from which others can leave it.

    Attributes:
        ride: of the expert.
        moments: the town as it is after each of some numbers of steps.
        weather: on that day.
    """

    ride: Ride
    moments: dict[int, World]
    weather: Weather


@dataclass(frozen=True)
class View:
    """The ego and all others at one time, in the town's coordinates.

    Attributes:
        ego: ``[11]``, as ``SceneTruth.ego``.
        names: of the ``n`` others near the ego.
        kinds: ``[n]``; sizes: ``[n, 3]``; poses: ``[n, 3]``; velocities: ``[n, 2]``.
        lights: the lit connectors near the ego, and whether each is red.
        command: where the route goes.
    """

    ego: np.ndarray
    names: tuple[str, ...]
    kinds: np.ndarray
    sizes: np.ndarray
    poses: np.ndarray
    velocities: np.ndarray
    lights: tuple[tuple[str, bool], ...]
    command: Command


def drive(seed: int, seconds: float, town: Town | None = None) -> Driven:
    """The ride of a seed, for so long if the ego stays in the town; always the same."""
    town = build_town(seed) if town is None else town
    world = World.peopled(town, TrafficSettings(works=1.5), _WARM_UP * STEP + seconds, seed)
    world.advance(_WARM_UP)
    moments, tracks = {}, []
    for begin in range(0, round(seconds / STEP) + 1, 5):
        moments[begin] = world.copy()
        tracks.append(world.advance(5))
        if not tracks[-1].alive[-1, 0]:
            break
    return Driven(ride_of(f"town-{seed}", world, tracks), moments, draw_weather(np.random.default_rng([seed, 3])))


def followers(driven: Driven, step: int, count: int) -> list[Ride]:
    """Up to ``count`` rides that leave a ride after ``step`` and begin anew four seconds later."""
    begin = (step + 1) // 5 * 5
    moment = driven.moments[begin].copy()
    if step + 1 > begin:
        moment.advance(step + 1 - begin)
    shifts = draw_displacements(3 * count, np.random.default_rng([driven.ride.world.town.seed, 4, step]))
    rides = (follow_up(driven.ride, step, moment, shift, driven.ride.name) for shift in shifts)
    return [ride for ride in rides if ride is not None][:count]


def view(ride: Ride, seconds: float) -> View:
    """What there is ``seconds`` after the first instant of a ride; between instants everything moves straight on."""
    before = min(int(seconds / STEP + 1e-9), len(ride) - 1)
    after, share = min(before + 1, len(ride) - 1), max(seconds / STEP - before, 0.0)
    share = 0.0 if share < 1e-6 else share
    ego = _between(ride.motion[before], ride.motion[after], share)
    others = ride.observed
    poses = _between(others.poses[:, before], others.poses[:, after], share)
    velocities = (1 - share) * others.velocities[:, before] + share * others.velocities[:, after]
    there = others.valid[:, before] & (others.valid[:, after] | (share == 0))
    there[0] = False  # the ego
    chosen = np.flatnonzero(there & (np.linalg.norm(poses[:, :2] - ego[:2], axis=1) < NEAR))
    here = float(ride.travelled[before])
    line = scene_line(ride.way.part(here - 12.0, here + 160.0), ego[:2])
    return View(
        ego=ego,
        names=tuple(others.names[n] for n in chosen),
        kinds=others.kinds[chosen],
        sizes=others.sizes[chosen],
        poses=poses[chosen],
        velocities=velocities[chosen],
        lights=_lights(ride, seconds, ego),
        command=command_of(line, ego[:3]),
    )


def scene_at(driven: Driven, ride: Ride, step: int, rig) -> Scene:
    """What cameras see at a step of the ride or of one that left it."""
    return scene_of(ride, step, driven.weather, rig, f"{ride.name}-{step}", None)


def _between(before: np.ndarray, after: np.ndarray, share: float) -> np.ndarray:
    """States ``[..., x y heading ...]`` between two."""
    change = after - before
    change[..., 2] = wrap(change[..., 2])
    mixed = before + share * change
    mixed[..., 2] = wrap(mixed[..., 2])
    return mixed


def _lights(ride: Ride, seconds: float, ego: np.ndarray) -> tuple[tuple[str, bool], ...]:
    lanes, signals = ride.world.town.lanes, ride.world.town.signals
    if not len(signals.periods):
        return ()
    states = signals.states(ride.first * STEP + seconds)
    lit = [k for k in np.flatnonzero(lanes.groups != NONE) if _apart(lanes.lines[k][0], ego) < _SIGNALS_SEEN]
    return tuple((lanes.ids[k], bool(states[lanes.groups[k]] == SignalState.RED)) for k in lit)


def _apart(point: np.ndarray, ego: np.ndarray) -> float:
    return float(np.linalg.norm(point - ego[:2]))
