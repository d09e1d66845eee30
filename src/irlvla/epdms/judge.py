"""The judge, compiled: a plan of one scene to its roll-out, the roll-out to a verdict. CPU and GPU run these lines."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms.areas import find_areas
from irlvla.epdms.collision import ego_reach, no_collision, time_to_collision
from irlvla.epdms.comfort import extended_comfort, history_comfort, plan_comfort
from irlvla.epdms.compiled import formula
from irlvla.epdms.compliance import (
    drivable_area_compliance,
    driving_direction_compliance,
    traffic_light_compliance,
)
from irlvla.epdms.geometry import ego_boxes, ego_speeds
from irlvla.epdms.progress import ego_progress, lane_keeping, progress
from irlvla.epdms.rollout import drive
from irlvla.epdms.sampling import FloatArray, Sampling, interpolate
from irlvla.epdms.truth import SceneArrays
from irlvla.epdms.vehicle import STEP
from irlvla.epdms.versions import Rules

NC: Final = 0
DAC: Final = 1
DDC: Final = 2
TLC: Final = 3
EP: Final = 4
TTC: Final = 5
LK: Final = 6
HC: Final = 7
EC: Final = 8
NC_TIME: Final = 9
TTC_TIME: Final = 10
PROGRESS: Final = 11
GAINED: Final = 12
"""Columns of a verdict: the nine sub-scores; seconds until the first at-fault collision and TTC infraction (inf if
none); metres of progress, and these times the multiplicative sub-scores."""
COLUMNS: Final = 13


class Workspace(NamedTuple):
    """What one trajectory needs while it is judged; made anew for each CPU thread and GPU thread.

    Attributes:
        references: ``[41, 3]`` poses to be tracked.
        states: ``[41, 11]`` the roll-out.
        boxes: ``[41, 4]``. speeds: ``[41]``. areas: ``[41]``, of the ego at the 41 instants.
        signals: ``[7, 96]``.
    """

    references: FloatArray
    states: FloatArray
    boxes: FloatArray
    speeds: FloatArray
    areas: NDArray[np.uint8]
    signals: FloatArray


SIGNALS: Final = 7
"""Rows of ``signals``."""


@formula
def judge_states(scene: SceneArrays, rules: Rules, reference: float, work: Workspace, verdict: FloatArray) -> None:
    """Writes the verdict on the roll-out ``work.states`` to ``verdict [13]``, without EC.

    ``reference``: metres that the reference gained, by which EP is measured.
    """
    states, boxes, speeds, areas = work.states, work.boxes, work.speeds, work.areas
    ego_boxes(states, boxes)
    ego_speeds(states, speeds)
    find_areas(scene.map_areas, boxes, areas)
    reach = ego_reach(boxes, speeds)
    nc, nc_first = no_collision(scene.objects, reach, states, boxes, speeds, areas, scene.map_areas, rules)
    ttc, ttc_first = time_to_collision(scene.objects, reach, states, boxes, speeds, areas, scene.map_areas, rules)
    verdict[NC] = nc
    verdict[DAC] = drivable_area_compliance(areas)
    verdict[DDC] = driving_direction_compliance(areas, boxes, rules)
    verdict[TLC] = traffic_light_compliance(scene.lights, boxes)
    verdict[TTC] = ttc
    verdict[LK] = lane_keeping(scene.centerline, boxes, areas)
    if rules.knows_past:
        verdict[HC] = history_comfort(scene.past, states, work.signals)
    else:
        verdict[HC] = plan_comfort(states, work.signals)
    verdict[EC] = np.nan
    verdict[PROGRESS] = progress(scene.centerline, boxes)
    multiplier = verdict[NC] * verdict[DAC] * (verdict[DDC] * verdict[TLC] if rules.multiplies_all else 1.0)
    verdict[GAINED] = verdict[PROGRESS] * multiplier
    verdict[EP] = ego_progress(verdict[PROGRESS], verdict[GAINED], multiplier, reference, rules)
    verdict[NC_TIME] = nc_first * STEP if nc_first >= 0 else np.inf
    verdict[TTC_TIME] = ttc_first * STEP if ttc_first >= 0 else np.inf


@formula
def judge_plan(
    scene: SceneArrays, rules: Rules, reference: float, plan: FloatArray, sampling: Sampling,
    previous: FloatArray, gap: int, work: Workspace, verdict: FloatArray,
) -> None:  # fmt: skip
    """Writes the verdict on a plan to ``verdict [13]``.

    Args:
        scene: where it drives.
        rules: of the metric's version.
        reference: metres that the reference gained.
        plan: ``[T + 1, 3]`` poses in the ego frame of now, now included.
        sampling: where the 41 instants fall among them.
        previous: ``[41, 11]`` roll-out of the frame before, if ``gap`` is not 0.
        gap: how many steps of 0.1 s earlier that began.
        work: for use inside; its ``states`` are the roll-out afterwards.
        verdict: written.
    """
    interpolate(plan, sampling, work.references)
    drive(scene.start, work.references, work.signals, work.states)
    judge_states(scene, rules, reference, work, verdict)
    if gap > 0:
        verdict[EC] = extended_comfort(work.states, previous, gap, work.signals)
