"""One drive through a town in a closed loop: the ego drives plans, and everybody else answers."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms import drive_plan
from irlvla.errors import InputError
from irlvla.scene import CameraRig, Scene, Trajectory, Weather
from irlvla.sources.recording import FUTURE_STEPS, PAST_STEPS
from irlvla.sources.town.build import build_town
from irlvla.sources.town.infractions import Infraction, Referee
from irlvla.sources.town.log import log_name
from irlvla.sources.town.ride import Ride, joined, lamps_of, motion_of, observed_of
from irlvla.sources.town.routes import draw_route, send_along
from irlvla.sources.town.scenes import EVERY, scene_of, token_of, with_reference
from irlvla.sources.town.settings import RoadSettings
from irlvla.sources.town.steering import plan_along
from irlvla.sources.town.traffic import STEP, Track
from irlvla.sources.town.way import Way, planned_way
from irlvla.sources.town.weather import draw_weather
from irlvla.sources.town.world import TrafficSettings, World

FloatArray = NDArray[np.float64]

WARM_UP = 60
"""Steps that the expert drives before an episode begins: traffic settles, and there is a past."""
GOAL = (150.0, 300.0)
"""How far the goal lies ahead, if the town goes on for so long [m]."""
AFTER_GOAL = 75.0
"""The town goes on for so long behind the goal that plans made before it lie in the town [m]."""
USUAL_SECONDS = 120.0
"""Others come into the town for at least so long: a shorter time limit changes nothing in it."""
KEPT = PAST_STEPS + 1
"""Instants that an episode looks back on, now included."""

_LEAST_GOAL = 20.0
_ROOM = 460.0  # of route from where the ego is put down: run-up, goal and what is behind it [m]
_DRAWS = 8  # of traffic, until the ego has a way that is long enough
_ROUTE_STREAM, _WEATHER_STREAM = 5, 3
_LED = [0, 1, 2, 3, 5]  # of a state: x, y, heading, speed, acceleration


@dataclass
class Episode:
    """A drive as it stands now.

    Attributes:
        world: everybody.
        way: of the ego, fixed; start, goal: arc lengths of it [m].
        weather: of the whole drive.
        referee: who watches it.
        track: of everybody over the last 1.5 s, now included (16 instants).
        states: ``[16, 11]`` of the ego, as in the metric's roll-outs.
        near: the point of the way nearest to it; place: how far along the way it has come [m].
        driven: metres since the start.
        infractions: all of them.
    """

    world: World
    way: Way
    start: float
    goal: float
    weather: Weather
    referee: Referee
    track: Track
    states: FloatArray
    near: int
    place: float
    driven: float = 0.0
    infractions: list[Infraction] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Since the start."""
        return (self.world.step - WARM_UP) * STEP

    @property
    def progress(self) -> float:
        """Share of the way to the goal, 0 to 1."""
        return min((self.place - self.start) / (self.goal - self.start), 1.0)

    def drive(self, plan: FloatArray) -> list[Infraction]:
        """Drive half a second of ``plan [8, 3]``; returns what went wrong.

        Raises:
            InputError: if the plan's shape does not fit, or a pose is not finite; then nothing is driven.
        """
        states = drive_plan(self.states[-1], plan)[1 : EVERY + 1]
        track = self.world.advance(EVERY, states[:, _LED])
        places, apart, self.near = self.way.follow(states[:, :2], self.near)
        places = np.maximum.accumulate(np.append(self.place, places))
        wrong = self.referee.judge(self.world, track, states, places, apart)
        self.track = Track(*(part[-KEPT:] for part in joined([self.track, track])))
        self.states = np.concatenate([self.states, states])[-KEPT:]
        self.place = float(places[-1])
        self.driven += float(np.abs(states[:, 3]).sum()) * STEP
        self.infractions += wrong
        return wrong

    def scene(self, rig: CameraRig) -> Scene:
        """Now, as policies and cameras see it: its truth has no future, no human and no reference to speak of."""
        return self._scene(self.track, self.states, rig)

    def judged_scene(self, plan: FloatArray, rig: CameraRig) -> Scene:
        """Now, with all that the judge wants to know of ``plan [8, 3]``: the others as they would answer it in the
        next four seconds, the expert as the human, and PDM-Closed as the reference.

        Raises:
            InputError: if the plan's shape does not fit, a pose is not finite, or the scene cannot be judged.
        """
        states = drive_plan(self.states[-1], plan)[1:]
        track = self.world.copy().advance(FUTURE_STEPS, states[:, _LED])
        scene = self._scene(joined([self.track, track]), np.concatenate([self.states, states]), rig)
        truth = replace(scene.truth, human=self.expert_plan())
        return replace(scene, truth=with_reference(truth, scene.token))

    def expert_plan(self) -> Trajectory:
        """The plan with which the ego drives as the expert would from here on, 8 poses in the ego frame of now."""
        motion = motion_of(self.world.copy().advance(FUTURE_STEPS))
        return Trajectory(plan_along(self.states[-1], motion[EVERY - 1 :: EVERY, :3]), EVERY * STEP)

    def _scene(self, track: Track, states: FloatArray, rig: CameraRig) -> Scene:
        """The scene of now in a ride that may go on; of the places on the way only that of now is asked for."""
        ride = Ride(
            name=log_name(self.world.town.seed),
            world=self.world,
            first=self.world.step - PAST_STEPS,
            motion=states,
            observed=observed_of(self.world, track),
            lamps=lamps_of(track),
            way=self.way,
            travelled=np.full(len(states), self.place),
        )
        return scene_of(ride, PAST_STEPS, self.weather, rig, token_of(ride, PAST_STEPS), None)


def begin(seed: int, seconds: float, roads: RoadSettings, traffic: TrafficSettings) -> Episode:
    """The drive of ``seed``, which may last for ``seconds``: always the same for the same seed and settings.

    Raises:
        InputError: if ``seed`` is no whole number from 0, or its town is too small to drive in.
    """
    town = build_town(seed, roads)
    rng = np.random.default_rng([seed, _ROUTE_STREAM])
    wanted, longest, most = float(rng.uniform(*GOAL)), None, 0.0
    for draw in range(_DRAWS):
        world = World.peopled(town, traffic, WARM_UP * STEP + max(seconds, USUAL_SECONDS), seed + draw)
        way, track = _warmed_up(world, rng)
        left = way.metres[-1] - way.follow(motion_of(track)[:, :2])[0][-1]
        if track.alive[-1, 0] and left > most:
            longest, most = (world, way, track), left
        if most >= wanted + AFTER_GOAL:
            break
    if longest is None:
        raise InputError("road settings", f"the ego leaves the town of seed {seed} at once", "space junctions wider")
    world, way, track = longest
    states = motion_of(track)
    places, _, near = way.follow(states[:, :2])
    return Episode(
        world=world,
        way=way,
        start=float(places[-1]),
        goal=float(places[-1]) + max(min(wanted, most - AFTER_GOAL), _LEAST_GOAL),
        weather=draw_weather(np.random.default_rng([seed, _WEATHER_STREAM])),
        referee=Referee.of(world, way),
        track=Track(*(part[-KEPT:] for part in track)),
        states=states[-KEPT:],
        near=near,
        place=float(places[-1]),
    )


def _warmed_up(world: World, rng: np.random.Generator) -> tuple[Way, Track]:
    """Send the ego along a way of its own, and let everybody drive until the episode begins."""
    lanes = draw_route(world, _ROOM, rng)
    way = planned_way(world, lanes, float(world.vehicles.place[0]))
    send_along(world, lanes)
    return way, world.advance(WARM_UP)
