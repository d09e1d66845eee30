"""The judge, compiled: plans of one scene to states, states to a verdict."""

from typing import Final

import numpy as np

from irlvla.epdms.areas import find_areas
from irlvla.epdms.collision import in_reach, no_collision, time_to_collision
from irlvla.epdms.comfort import Filters, extended_comfort, history_comfort
from irlvla.epdms.compiled import compiled
from irlvla.epdms.compliance import (
    drivable_area_compliance,
    driving_direction_compliance,
    traffic_light_compliance,
)
from irlvla.epdms.geometry import ego_boxes, ego_speeds
from irlvla.epdms.progress import lane_keeping, progress
from irlvla.epdms.rollout import drive
from irlvla.epdms.sampling import FloatArray, Sampling, plan_references
from irlvla.epdms.truth import SceneArrays
from irlvla.epdms.vehicle import INSTANTS, STATE, STEP

NC, DAC, DDC, TLC, PROGRESS, TTC, LK, HC, NC_TIME, TTC_TIME = range(10)
"""Columns of a verdict: the sub-scores, with metres of progress in place of EP, and seconds until the first at-fault
collision and TTC infraction (inf if none)."""
COLUMNS: Final = 10


@compiled
def drive_plans(start: FloatArray, plans: FloatArray, sampling: Sampling) -> FloatArray:
    """Roll-outs ``[N, 41, 11]`` of ``plans [N, T, 3]`` from ``start [11]``, in the ego frame of now."""
    states = np.empty((len(plans), INSTANTS, STATE))
    for n in range(len(plans)):
        states[n] = drive(start, plan_references(plans[n], sampling))
    return states


@compiled
def judge_states(scene: SceneArrays, operators: Filters, states: FloatArray) -> FloatArray:
    """Verdicts ``[N, 10]`` on the roll-outs ``states [N, 41, 11]``; ``operators`` are those for past and plan."""
    verdicts = np.empty((len(states), COLUMNS))
    for n in range(len(states)):
        boxes = ego_boxes(states[n])
        speeds = ego_speeds(states[n])
        areas = find_areas(scene.map_areas, boxes)
        near = in_reach(scene.objects, boxes, speeds)
        nc, nc_first = no_collision(scene.objects, near, states[n], boxes, speeds, areas)
        ttc, ttc_first = time_to_collision(scene.objects, near, states[n], boxes, speeds, areas, scene.map_areas)
        verdicts[n, NC] = nc
        verdicts[n, DAC] = drivable_area_compliance(areas)
        verdicts[n, DDC] = driving_direction_compliance(areas, boxes)
        verdicts[n, TLC] = traffic_light_compliance(scene.lights, boxes)
        verdicts[n, PROGRESS] = progress(scene.centerline, boxes)
        verdicts[n, TTC] = ttc
        verdicts[n, LK] = lane_keeping(scene.centerline, boxes, areas)
        verdicts[n, HC] = history_comfort(scene.past, operators, states[n])
        verdicts[n, NC_TIME] = nc_first * STEP if nc_first >= 0 else np.inf
        verdicts[n, TTC_TIME] = ttc_first * STEP if ttc_first >= 0 else np.inf
    return verdicts


@compiled
def compare_states(operators: Filters, states: FloatArray, previous: FloatArray, gap: int) -> FloatArray:
    """EC ``[N]`` of the roll-outs ``states [N, 41, 11]`` after ``previous [P, 41, 11]``, ``gap`` steps earlier.

    ``P`` is ``N``, or 1 where all follow the same plan; ``operators`` are those for ``41 - gap`` samples.
    """
    comfort = np.empty(len(states))
    for n in range(len(states)):
        comfort[n] = extended_comfort(operators, states[n], previous[min(n, len(previous) - 1)], gap)
    return comfort
