"""Scenes of a ride: instants with what came before, what comes after, and what can be said of them."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms import pdm_closed_reference
from irlvla.scene import CameraRig, Command, RedLight, Scene, Scenery, SceneTruth, SignalState, Trajectory, Weather
from irlvla.scene.frames import poses_to_local, to_local
from irlvla.sources.centreline import scene_line
from irlvla.sources.language import instruct
from irlvla.sources.polylines import arc_length, points_at
from irlvla.sources.recording import FUTURE_STEPS, PAST_STEPS
from irlvla.sources.town.network import NONE, Control, Lanes, Turn
from irlvla.sources.town.ride import Ride
from irlvla.sources.town.traffic import STEP
from irlvla.sources.town.way import route_ids

FloatArray = NDArray[np.float64]

EVERY = 5
"""Steps between the frames of a scene (0.5 s)."""
EPOCH_US = 1_700_000_000_000_000
"""Time stamp at which towns are peopled."""

_BEHIND, _AHEAD = 12.0, 160.0
_SIGNALS_SEEN = 120.0
_COMMAND_DISTANCE, _COMMAND_OFFSET = 20.0, 2.0
_TURN_TOLD = 60.0  # a turn farther away than this is not yet announced [m]


def token_of(ride: Ride, step: int) -> str:
    """Name of the scene at ``step`` of a ride."""
    return f"{ride.name}-{ride.first + step:04d}"


def is_first_stage(token: str) -> bool:
    """Whether a scene of a town is no follower; those carry the name of what they follow and more."""
    return token.count("-") == 2


def cut_scene(ride: Ride, step: int, weather: Weather, rig: CameraRig, token: str, previous: str | None) -> Scene:
    """The scene at ``step`` of a ride, which needs 1.5 s before and 4 s after.

    Raises:
        InputError: if the scene cannot be judged.
    """
    scene = scene_of(ride, step, weather, rig, token, previous)
    future = ride.motion[step : step + FUTURE_STEPS + 1, :3]
    human = Trajectory(poses_to_local(future[EVERY::EVERY], future[0]), EVERY * STEP)
    return replace(scene, truth=with_reference(replace(scene.truth, human=human), token))


def with_reference(truth: SceneTruth, token: str) -> SceneTruth:
    """``truth`` with what PDM-Closed would do as its reference.

    Raises:
        InputError: if the scene cannot be judged.
    """
    return replace(truth, reference=pdm_closed_reference(truth, token), reference_kind="pdm-closed")


def scene_of(ride: Ride, step: int, weather: Weather, rig: CameraRig, token: str, previous: str | None) -> Scene:
    """The scene at ``step`` of a ride with 1.5 s before, as far as policies and cameras know it.

    Its tracks reach as far as the ride does, 4 s at most. There is no human, and the reference is what was
    driven.
    """
    states = ride.motion[step - PAST_STEPS : step + 1 : EVERY, :7]
    future = ride.motion[step : step + FUTURE_STEPS + 1, :3]
    now, here = ride.motion[step], float(ride.travelled[step])
    town, lanes = ride.world.town, ride.world.town.lanes
    line = scene_line(ride.way.part(here - _BEHIND, here + _AHEAD), now[:2])
    legs = ride.way.lanes_between(here - _BEHIND, here + _AHEAD)
    underneath = ride.way.lanes_between(here, here + 0.1)
    tracks = ride.observed.scene_tracks(step, future[:, :2], without=0)
    offsets_us = np.arange(-PAST_STEPS, 1, EVERY) * 100_000
    truth = SceneTruth(
        t0_us=EPOCH_US + (ride.first + step) * 100_000,
        ego=now.copy(),
        past=np.column_stack([offsets_us, states]),
        map=town.map,
        route=route_ids(lanes, legs),
        centerline=line,
        speed_limit=float(lanes.limits[underneath[0]]),
        tracks=tracks,
        red_lights=_red_lights(ride, step, now),
        reference=future,
        reference_kind="human",
        human=None,
        scenery=Scenery(_signals(ride, step, now), _lamps(ride, step, tracks.tokens), weather),
    )
    command = command_of(line, now[:3])
    return Scene(
        token=token,
        log=ride.name,
        source="town",
        history=np.column_stack([poses_to_local(states[:, :3], now[:3]), states[:, 3:]]),
        command=command,
        truth=truth,
        cameras=rig,
        previous=previous,
        instruction=instruct(*_announced(ride, here, lanes, command)),
    )


def command_of(line: FloatArray, now: FloatArray) -> Command:
    """LEFT or RIGHT if the centre line lies 2 m or more to that side of the ego after 20 m, else STRAIGHT (NAVSIM)."""
    local = to_local(line[:, :2], now)
    metres = arc_length(local)
    here = metres[int(np.linalg.norm(local, axis=1).argmin())]
    side = points_at(local, metres, np.array([here + _COMMAND_DISTANCE]))[0, 1]
    if abs(side) < _COMMAND_OFFSET:
        return Command.STRAIGHT
    return Command.LEFT if side > 0 else Command.RIGHT


def _red_lights(ride: Ride, step: int, now: FloatArray) -> tuple[RedLight, ...]:
    """Connectors near the ego that are red at some instant; states are held for half a second, as NAVSIM's logs do."""
    lanes, signals = ride.world.town.lanes, ride.world.town.signals
    held = (ride.first + step + np.arange(0, FUTURE_STEPS + 1) // EVERY * EVERY) * STEP
    if not len(signals.periods):
        return ()
    red = signals.states(held) == SignalState.RED
    lights = []
    for lane in np.flatnonzero(lanes.groups != NONE):
        near = np.linalg.norm(lanes.lines[lane][0] - now[:2]) < _SIGNALS_SEEN
        if near and red[:, lanes.groups[lane]].any():
            lights.append(RedLight(lanes.ids[lane], red[:, lanes.groups[lane]]))
    return tuple(lights)


def _signals(ride: Ride, step: int, now: FloatArray) -> FloatArray:
    """Heads near the ego and what they show."""
    signals = ride.world.town.signals
    near = np.linalg.norm(signals.heads[:, :2] - now[:2], axis=1) < _SIGNALS_SEEN
    if not near.any():
        return np.zeros((0, 4))
    states = signals.states((ride.first + step) * STEP)[signals.head_groups[near]]
    return np.column_stack([signals.heads[near], states])


def _lamps(ride: Ride, step: int, tokens: tuple[str, ...]) -> NDArray[np.uint8]:
    index = {name: n for n, name in enumerate(ride.observed.names)}
    return ride.lamps[[index[token] for token in tokens], step].astype(np.uint8)


def _announced(ride: Ride, here: float, lanes: Lanes, command: Command) -> tuple[Command, float | None, str | None]:
    """What a navigation system says: the next turn if it is near enough, how far it is and where; else the command."""
    turn = ride.way.next_turn(lanes, here)
    if turn is None or turn[0] > _TURN_TOLD:
        return command, None, None
    distance, lane = turn
    place = "traffic lights" if lanes.controls[lane] == Control.LIGHT else "junction"
    return Command.LEFT if lanes.turns[lane] == Turn.LEFT else Command.RIGHT, max(distance, 0.0), place
