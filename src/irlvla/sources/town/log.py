"""A log of a town: the scenes of one seed, in pairs half a second apart, thinned, with their second stage."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms import SceneTruthBatch, score
from irlvla.errors import InputError
from irlvla.scene import CameraRig, Scene, Weather
from irlvla.sources.language import describe
from irlvla.sources.recording import FUTURE_STEPS, PAST_STEPS
from irlvla.sources.town.build import build_town
from irlvla.sources.town.follow_ups import LED_STEPS, draw_displacements, follow_up
from irlvla.sources.town.ride import Ride, ride_of
from irlvla.sources.town.scenes import EVERY, cut_scene, token_of
from irlvla.sources.town.settings import RoadSettings
from irlvla.sources.town.weather import draw_weather
from irlvla.sources.town.world import TrafficSettings, World

FloatArray = NDArray[np.float64]

_CHUNK = 30  # steps of a ride after which the town is kept as it is then


@dataclass(frozen=True)
class TownSettings:
    """How logs are made.

    Attributes:
        roads, traffic: of the towns.
        easiest: pairs of scenes are left out in which straight on at constant speed scores this much or more; above 1
            none is (that is all the thinning there is).
        followers: second-stage starts for each pair.
        warm_up: traffic settles for so long before a ride begins [s].
        seconds: length of a ride, if the ego stays in the town so long [s].
        every: from one pair of scenes to the next [s].
        rig: through which the scenes are seen.

    Raises:
        InputError: if a number cannot be.
    """

    roads: RoadSettings = field(default_factory=RoadSettings)
    traffic: TrafficSettings = field(default_factory=TrafficSettings)
    easiest: float = 0.9
    followers: int = 0
    warm_up: float = 6.0
    seconds: float = 36.0
    every: float = 1.5
    rig: CameraRig = field(default_factory=CameraRig.navsim)

    def __post_init__(self) -> None:
        for name, least in (("easiest", 0.0), ("followers", 0), ("warm_up", 0.0), ("seconds", 8.0), ("every", 0.5)):
            value = getattr(self, name)
            if not np.isfinite(value) or value < least:
                raise InputError(f"town setting {name}", f"{value} is too little", f"give {least} or more")


@dataclass(frozen=True)
class Log:
    """What a seed gave.

    Attributes:
        name: of the log.
        scenes: those that were kept, both of each pair, with their followers.
        candidates: how many pairs there were.
        straight_on: ``[candidates]`` score of driving straight on at constant speed in the later scene of each.
    """

    name: str
    scenes: tuple[Scene, ...]
    candidates: int
    straight_on: FloatArray

    @property
    def kept(self) -> int:
        """How many pairs were kept."""
        return sum(scene.follows is None for scene in self.scenes) // 2


def log_name(seed: int) -> str:
    """Name of the log of a seed."""
    return f"town-{seed:07d}"


def make_log(seed: int, settings: TownSettings) -> Log:
    """The log of ``seed``: always the same for the same seed and settings.

    Raises:
        InputError: if the seed or the settings cannot be used.
    """
    town = build_town(seed, settings.roads)
    total = settings.warm_up + settings.seconds
    world = World.peopled(town, settings.traffic, total, seed)
    weather = draw_weather(np.random.default_rng([seed, 3]))
    world.advance(round(10 * settings.warm_up))
    moments: dict[int, World] = {}
    tracks = []
    for begin in range(0, round(10 * settings.seconds), _CHUNK):
        moments[begin] = world.copy()
        tracks.append(world.advance(_CHUNK))
        if not tracks[-1].alive[-1, 0]:
            break
    ride = ride_of(log_name(seed), world, tracks)
    pairs = _pairs(ride, settings, weather)
    straight_on = _straight_on([now for _, now, _ in pairs])
    kept = [pair for pair, value in zip(pairs, straight_on, strict=True) if value < settings.easiest]
    scenes = [replace(s, truth=replace(s.truth, language=describe(s))) for pair in kept for s in pair[:2]]
    for previous, now, step in kept:
        scenes += _followers(ride, step, moments, (previous, now), settings, weather)
    return Log(ride.name, tuple(scenes), len(pairs), straight_on)


def _pairs(ride: Ride, settings: TownSettings, weather: Weather) -> list[tuple[Scene, Scene, int]]:
    """Scenes half a second apart, and the step of the later ones."""
    found = []
    for step in range(PAST_STEPS + EVERY, len(ride) - FUTURE_STEPS, round(10 * settings.every)):
        names = token_of(ride, step - EVERY), token_of(ride, step)
        previous = cut_scene(ride, step - EVERY, weather, settings.rig, names[0], None)
        found.append((previous, cut_scene(ride, step, weather, settings.rig, names[1], names[0]), step))
    return found


def _straight_on(scenes: Sequence[Scene]) -> FloatArray:
    """EPDMS without extended comfort, human filter on, of constant velocity in each scene."""
    if not scenes:
        return np.zeros(0)
    poses = np.zeros((len(scenes), 1, 8, 3))
    speeds = np.array([scene.history[-1, 3] for scene in scenes])
    poses[:, 0, :, 0] = speeds[:, None] * 0.5 * np.arange(1, 9)
    scores = score(SceneTruthBatch.prepare([scene.truth for scene in scenes]), poses)
    return np.asarray(scores.filtered().epdms(with_ec=False)[:, 0])


def _followers(
    ride: Ride,
    step: int,
    moments: dict[int, World],
    pair: tuple[Scene, Scene],
    settings: TownSettings,
    weather: Weather,
) -> list[Scene]:
    """Second-stage scenes of a pair: 4 s after each of the two, on each displaced ride."""
    if not settings.followers:
        return []
    begin = (step + 1) // _CHUNK * _CHUNK
    moment = moments[begin].copy()
    if step + 1 > begin:
        moment.advance(step + 1 - begin)
    rng = np.random.default_rng([ride.world.town.seed, 4, step])
    scenes: list[Scene] = []
    for shift in draw_displacements(2 * settings.followers, rng):
        name = f"{pair[1].token}-{len(scenes) // 2}"
        follower = follow_up(ride, step, moment, shift, ride.name)
        if follower is None or len(scenes) == 2 * settings.followers:
            continue
        for earlier, scene, suffix in ((EVERY, pair[0], "p"), (0, pair[1], "n")):
            at = LED_STEPS - 1 - earlier
            before = None if earlier else f"{name}p"
            cut = cut_scene(follower, at, weather, settings.rig, name + suffix, before)
            scenes.append(replace(cut, follows=scene.token, truth=replace(cut.truth, language=describe(cut))))
    return scenes
