"""How firmly the roll-outs of a case lose or keep each sub-score of version 2.2 (see :mod:`irlvla.epdms.contacts`)."""

from typing import Final, NamedTuple

import numpy as np

from irlvla.epdms.batch import SceneTruthBatch
from irlvla.epdms.cases import Case
from irlvla.epdms.clearance import Clearances, area_clearances, line_distances
from irlvla.epdms.comfort import EC_BOUNDS, HC_BOUNDS, MOST_SAMPLES, ec_differences, hc_signals
from irlvla.epdms.compliance import WRONG_WAY_MAJOR, WRONG_WAY_MINOR, WRONG_WAY_STEPS
from irlvla.epdms.contacts import Drives, Things, collisions_lost, forward_lost, red_lights_lost
from irlvla.epdms.engine import engine_on
from irlvla.epdms.judge import SIGNALS
from irlvla.epdms.pack import scene_at
from irlvla.epdms.plans import Before, checked_plans, frames_before
from irlvla.epdms.progress import LANE_OFFSET, LANE_STEPS, progress
from irlvla.epdms.rollout import drive
from irlvla.epdms.sampling import FloatArray, plan_samplings
from irlvla.epdms.truth import SceneArrays
from irlvla.epdms.vehicle import INSTANTS, STATE
from irlvla.epdms.versions import version_of

VERSION: Final = version_of("2.2")

Lost = dict[str, FloatArray]
"""Sub-score to ``[2, P]``: how firmly each of ``P`` roll-outs falls below 1, and to 0."""


class Rolled(NamedTuple):
    """A prepared scene and roll-outs in it.

    Attributes:
        scene: in which they drive.
        drives: ``P`` roll-outs: the reference, the ``N`` plans and, if there is one, the human.
        before: the plans of the frame before.
    """

    scene: SceneArrays
    drives: Drives
    before: Before


def roll_out(case: Case, truth: SceneTruthBatch) -> Rolled:
    """All roll-outs of a case, of which ``truth`` is the scene prepared, by the compiled judge.

    Raises:
        InputError: if its plans cannot be judged.
    """
    scenes, row, engine = truth.scenes, int(truth.rows[0]), engine_on("cpu")
    scene, count = scene_at(scenes.packed, row), len(case.poses)
    plans = checked_plans(case.poses[None], case.interval, 1, engine.device)
    sampling = plan_samplings(truth.t0_us, plans.shape[2] - 1, case.interval)
    states, profiles = np.empty((count + 2, INSTANTS, STATE)), np.empty((SIGNALS, MOST_SAMPLES))
    states[1:-1] = engine.roll_out(scene.start[None], plans, sampling)[0]
    for place, references in ((0, scenes.references[row]), (-1, scenes.humans[row])):
        drive(scene.start, references, profiles, states[place])
    before = frames_before(case.previous, truth.t0_us, count, VERSION, engine)
    return Rolled(scene, Drives.of(states[: count + 1 + (case.truth.human is not None)]), before)


def lost_by_map_and_traffic(rolled: Rolled, things: Things) -> Lost:
    """NC, DAC, DDC, TLC, TTC and LK ``[2, P]`` of all roll-outs: what the human-penalty filter forgives."""
    scene, drives, _ = rolled
    clearances = area_clearances(scene.map_areas, drives.states, drives.boxes)
    away = line_distances(scene.centerline.line, drives.boxes) - LANE_OFFSET
    return {
        "NC": np.stack(collisions_lost(drives, things, clearances)),
        "DAC": _twice(clearances.off_road.max(1)),
        "DDC": _wrong_way_lost(drives, clearances),
        "TLC": _twice(red_lights_lost(drives, scene.lights)),
        "TTC": _twice(forward_lost(drives, things, clearances, VERSION.rules.forward_instants)),
        "LK": _twice(_lane_lost(away, clearances.in_intersection)),
    }


def lost_comfort(rolled: Rolled, plans: slice) -> Lost:
    """HC and EC ``[2, N]`` of the ``plans`` among the roll-outs; EC is -inf where there is no frame before."""
    signals, past = np.empty((SIGNALS, MOST_SAMPLES)), rolled.scene.past
    gap, before = int(rolled.before.gaps[0]), rolled.before.states[0].numpy()
    states = rolled.drives.states[plans]
    hasty, unlike = np.full(len(states), -np.inf), np.full(len(states), -np.inf)
    for n in range(len(states)):
        bounded = signals[: len(HC_BOUNDS), : hc_signals(past, states[n], signals)]
        hasty[n] = np.maximum(HC_BOUNDS[:, :1] - bounded, bounded - HC_BOUNDS[:, 1:]).max()
        if gap > 0:
            differences = ec_differences(states[n], before[min(n, len(before) - 1)], gap, signals)
            unlike[n] = (np.array(differences) - EC_BOUNDS).max()
    return {"HC": _twice(hasty), "EC": _twice(unlike)}


def progress_metres(rolled: Rolled) -> FloatArray:
    """Metres ``[P]`` along the centre line of all roll-outs."""
    return np.array([progress(rolled.scene.centerline, boxes) for boxes in rolled.drives.boxes])


def _twice(lost: FloatArray) -> FloatArray:
    """Of a sub-score that is 0 or 1."""
    return np.stack([lost, lost])


def _wrong_way_lost(drives: Drives, clearances: Clearances) -> FloatArray:
    """How firmly DDC falls below 1, and to 0, ``[2, P]``: eleven steps in a row hold too many metres off the route.

    They do if those among them that are off it most firmly hold as much, however many that takes.
    """
    moves = np.diff(drives.boxes[..., :2], axis=1)
    metres = np.hypot(moves[..., 0], moves[..., 1])
    wrong = np.minimum(clearances.off_route, -clearances.in_intersection)[:, 1:]
    windows = [np.lib.stride_tricks.sliding_window_view(part, WRONG_WAY_STEPS, 1) for part in (metres, wrong)]
    order = np.argsort(-windows[1], axis=-1)
    held, firmly = (np.take_along_axis(window, order, -1) for window in windows)
    held = held.cumsum(-1)
    return np.stack([np.minimum(held - most, firmly).max((1, 2)) for most in (WRONG_WAY_MINOR, WRONG_WAY_MAJOR)])


def _lane_lost(away: FloatArray, exempt: FloatArray) -> FloatArray:
    """How firmly the centre is off the line at twenty instants in a row, passing over exempt ones, ``[P]``.

    ``away [P, 41]`` is how far beyond the bound it is [m], ``exempt [P, 41]`` how deep in an intersection [m].
    """
    runs = np.full((len(away), LANE_STEPS + 1), -np.inf)  # how firmly 0, 1, ... 20 instants off the line end here
    runs[:, 0] = np.inf
    lost = np.full(len(away), -np.inf)
    for off, passed in zip(away.T[..., None], exempt.T[..., None], strict=True):
        counted = np.minimum(runs[:, :-1], np.minimum(off, -passed))
        runs[:, 1:] = np.maximum(counted, np.minimum(runs[:, 1:], passed))
        lost = np.maximum(lost, runs[:, -1])
    return lost
