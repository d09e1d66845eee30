"""From a recording to scenes: every car that was recorded well enough is the ego once."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from irlvla.epdms.pdm_closed import pdm_closed_reference
from irlvla.scene import CameraRig, HDMap, Scene, SceneTruth, Trajectory
from irlvla.scene.frames import poses_to_local
from irlvla.sources.centreline import scene_line
from irlvla.sources.drives import MOVES, Drive, drives
from irlvla.sources.lanes import lane_graph
from irlvla.sources.observed import Observed
from irlvla.sources.recording import FUTURE_STEPS, PAST_STEPS, Recording
from irlvla.sources.roads import hd_map

START_EVERY = 5
"""Steps between the starts of two scenes (0.5 s)."""

SPEED_LIMIT = 13.4
"""Where the map knows none: 30 miles an hour [m/s]."""

_STANDING_SHARE = 0.1
_MAP_REACH = 100.0  # the map ends this far from every ego's path [m]


@dataclass(frozen=True)
class Start:
    """One scene to be: index ``index`` into the motion of ``drive``."""

    drive: Drive
    index: int

    @property
    def track(self) -> int:
        """The object of the recording that is the ego."""
        return self.drive.motion.track

    @property
    def step(self) -> int:
        """Step of the recording."""
        return self.drive.motion.first + self.index


@dataclass(frozen=True)
class Cut:
    """What scenes a recording gives.

    Attributes:
        recording: the log.
        map: shared by all scenes.
        starts: the scenes, by vehicle and time.
        standing: how many of them stand.
        skipped: vehicles and scenes left out, by reason.
    """

    recording: Recording
    map: HDMap
    starts: tuple[Start, ...]
    standing: int
    skipped: Counter[str]

    @property
    def egos(self) -> int:
        """How many vehicles are the ego of some scene."""
        return len({start.track for start in self.starts})

    def scenes(self) -> Iterator[Scene]:
        """The scenes, made one by one, each with what PDM-Closed would do in it as its reference.

        Raises:
            InputError: if a scene cannot be judged.
        """
        observed, rig = Observed.of(self.recording), CameraRig.navsim()
        chosen = {(start.track, start.step) for start in self.starts}
        for start in self.starts:
            yield _scene(self, start, observed, rig, chosen)


def cut_scenes(recording: Recording) -> Cut:
    """Find the scenes of ``recording``: starts every 0.5 s with 1.5 s of record before and 4 s after.

    Left out: vehicles that are no cars, parked or off the lanes, and stretches no car could have driven. Of the scenes
    in which the ego drives less than 5 m a few are kept, evenly spread, so that they make up at most a tenth.
    """
    skipped: Counter[str] = Counter()
    graph = lane_graph(recording.map)
    moving: list[Start] = []
    standing: list[Start] = []
    for drive in drives(recording, graph, skipped):
        travelled = drive.motion.travelled()
        for index in drive.motion.scene_starts(START_EVERY):
            reason = None if drive.motion.track == recording.ego else drive.motion.implausible(index)
            if reason is None and not drive.is_on_map(index):
                reason = "off the lane map"
            if reason is not None:
                skipped[f"scenes: {reason}"] += 1
            elif travelled[index + FUTURE_STEPS] - travelled[index] < MOVES:
                standing.append(Start(drive, index))
            else:
                moving.append(Start(drive, index))
    kept = _evenly(standing, int(len(moving) * _STANDING_SHARE / (1 - _STANDING_SHARE)))
    if len(standing) > len(kept):
        skipped["scenes: standing"] += len(standing) - len(kept)
    starts = sorted(
        moving + kept,
        key=lambda start: (start.track != recording.ego, start.track, start.step),
    )
    return Cut(recording, hd_map(graph, recording.map, _surroundings(starts)), tuple(starts), len(kept), skipped)


def _surroundings(starts: list[Start]) -> BaseGeometry:
    """Everything within 100 m of the places (to 10 m) where the egos drive."""
    driven = [np.zeros((0, 2)), *(start.drive.motion.poses[:, :2] for start in starts)]
    places = np.unique(np.round(np.concatenate(driven), -1), axis=0)
    return shapely.multipoints(places).buffer(_MAP_REACH, quad_segs=4)


def _evenly(starts: list[Start], count: int) -> list[Start]:
    """``count`` of them, evenly spread over the list; all if there are no more."""
    if len(starts) <= count:
        return starts
    return [starts[k] for k in np.linspace(0, len(starts) - 1, count).round().astype(int)] if count else []


def _token(cut: Cut, track: int, step: int, names: tuple[str, ...]) -> str:
    name = "ego" if track == cut.recording.ego else names[track]
    return f"{cut.recording.name}-{name}-{step:04d}"


def _scene(cut: Cut, start: Start, observed: Observed, rig: CameraRig, chosen: set[tuple[int, int]]) -> Scene:
    motion, now = start.drive.motion, start.index
    past = np.arange(now - PAST_STEPS, now + 1, START_EVERY)
    states = np.column_stack([motion.poses, motion.velocity, motion.acceleration])
    future = motion.poses[now : now + FUTURE_STEPS + 1]
    t_us = cut.recording.t_us[past + motion.first]
    truth = SceneTruth(
        t0_us=int(t_us[-1]),
        ego=np.concatenate([states[now], np.zeros(4)]),
        past=np.column_stack([t_us - t_us[-1], states[past]]),
        map=cut.map,
        route=start.drive.route,
        centerline=scene_line(start.drive.line, motion.poses[now, :2]),
        speed_limit=SPEED_LIMIT,
        tracks=observed.scene_tracks(start.step, future[:, :2], without=motion.track),
        red_lights=(),
        reference=future,  # until PDM-Closed has seen the scene
        reference_kind="human",
        human=Trajectory(poses_to_local(future[START_EVERY::START_EVERY], motion.poses[now]), 0.5),
    )
    token, earlier = _token(cut, motion.track, start.step, observed.names), (motion.track, start.step - START_EVERY)
    return Scene(
        token=token,
        log=cut.recording.name,
        source=cut.recording.source,
        history=np.column_stack([poses_to_local(motion.poses[past], motion.poses[now]), states[past, 3:]]),
        command=start.drive.command(now),
        truth=replace(truth, reference=pdm_closed_reference(truth, token), reference_kind="pdm-closed"),
        cameras=rig,
        previous=_token(cut, *earlier, observed.names) if earlier in chosen else None,
    )
