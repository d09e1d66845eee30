"""The situation of a scene: all that a driver would speak of, and nothing else."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from irlvla.scene import SceneTruth, Trajectory
from irlvla.scene.frames import rotate
from irlvla.sources.language.lights import Light, junction_and_light
from irlvla.sources.language.objects import INSTANTS, Ahead, Around
from irlvla.sources.language.route import BUMPER, Bend, Route

FloatArray = NDArray[np.float64]

_TIMES: FloatArray = np.asarray(0.1 * INSTANTS, np.float64)


@dataclass(frozen=True)
class Situation:
    """What matters within 50 m of the front bumper.

    Attributes:
        speed: of the ego [m/s].
        limit: speed limit [m/s].
        bend: the next turn or bend of the route.
        junction: along the route to the next of its lane connectors [m], None without any.
        light: the traffic light that the ego faces.
        lights_known: whether the truth would tell of a light that is not red.
        lead: the first object on the ego's path.
        lead_speed: of a lead in four seconds [m/s], None if it is not seen so long.
        crossers: agents that cross the path before the ego is past that place, in the next four seconds.
        joining: agents beside the path that will drive along it ahead of the ego by then.
        oncoming: the nearest vehicle or bicycle that comes towards the ego and is neither lead nor crosser.
        reached: how far the human gets along the route in four seconds [m], None without a human.
        aside: how far to the left of the centre line the human is then [m].
    """

    speed: float
    limit: float
    bend: Bend | None
    junction: float | None
    light: Light | None
    lights_known: bool
    lead: Ahead | None
    lead_speed: float | None
    crossers: tuple[Ahead, ...]
    joining: tuple[Ahead, ...]
    oncoming: Ahead | None
    reached: float | None
    aside: float | None


def perceive(truth: SceneTruth, speed: float) -> Situation:
    """The situation of an ego that drives at ``speed`` [m/s]."""
    ego = truth.ego[:3]
    route = Route.of(truth.centerline[:, :2], ego)
    around = Around.of(truth.tracks, ego, route)
    along, aside = None, None
    front = speed * _TIMES
    if truth.human is not None:
        along, aside = route.place(_bumpers(truth.human))
        driven = truth.human.interval * np.arange(len(along))
        front = np.interp(_TIMES, driven, np.maximum.accumulate(along))
    lead = around.lead()
    crossers, joining = around.entering(front)
    named = {ahead.seen.track for ahead in (*crossers, *([lead] if lead else []))}
    oncoming = around.oncoming()
    junction, light = junction_and_light(truth, route)
    return Situation(
        speed=speed,
        limit=truth.speed_limit,
        bend=route.next_bend(),
        junction=junction,
        light=light,
        lights_known=truth.scenery is not None,
        lead=lead,
        lead_speed=around.last_speed(lead.seen.track) if lead else None,
        crossers=crossers,
        joining=tuple(ahead for ahead in joining if ahead.seen.track not in named),
        oncoming=None if oncoming is None or oncoming.seen.track in named else oncoming,
        reached=None if along is None else float(along[-1]),
        aside=None if aside is None else float(aside[-1]),
    )


def _bumpers(human: Trajectory) -> FloatArray:
    """The middle of the front bumper at now and at each pose of ``human``, ``[T + 1, 2]``."""
    poses = np.vstack([np.zeros(3), human.poses])
    return np.asarray(poses[:, :2] + rotate(np.broadcast_to(BUMPER, (len(poses), 2)), poses[:, 2]))
