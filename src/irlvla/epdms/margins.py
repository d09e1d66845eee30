"""How near a plan comes to the bound where a sub-score jumps: what a differing sub-score asks for first."""

import numpy as np

from irlvla.epdms.areas import IN_INTERSECTION, FlagArray, find_areas
from irlvla.epdms.cases import Case
from irlvla.epdms.comfort import EC_BOUNDS, HC_BOUNDS, MOST_SAMPLES, ec_differences, hc_signals
from irlvla.epdms.compliance import WRONG_WAY_MAJOR, WRONG_WAY_MINOR, wrong_way_metres
from irlvla.epdms.engine import engine_on
from irlvla.epdms.geometry import ego_boxes, nearest_on_segment
from irlvla.epdms.judge import SIGNALS
from irlvla.epdms.plans import checked_plans, frames_before
from irlvla.epdms.progress import LANE_OFFSET
from irlvla.epdms.sampling import FloatArray, plan_samplings
from irlvla.epdms.truth import SceneArrays, prepare_scene
from irlvla.epdms.vehicle import INSTANTS
from irlvla.epdms.versions import Rules, version_of


def margin_to_bound(case: Case, n: int, score: str) -> float | None:
    """Distance of plan ``n`` of ``case`` from the nearest bound of DDC [m], LK [m], HC or EC; None for other scores."""
    scene, engine, stamps = prepare_scene(case.truth, case.name), engine_on("cpu"), np.array([case.truth.t0_us])
    plans = checked_plans(case.poses[None, n : n + 1], case.interval, 1, engine.device)
    sampling = plan_samplings(stamps, plans.shape[2] - 1, case.interval)
    states = engine.roll_out(scene.start[None], plans, sampling)[0, 0].numpy()
    boxes, areas, signals = np.empty((INSTANTS, 4)), np.empty(INSTANTS, np.uint8), np.empty((SIGNALS, MOST_SAMPLES))
    ego_boxes(states, boxes)
    find_areas(scene.map_areas, boxes, areas)
    if score == "DDC":
        metres = wrong_way_metres(areas, boxes, Rules())
        return min(abs(metres - WRONG_WAY_MINOR), abs(metres - WRONG_WAY_MAJOR))
    if score == "LK":
        return _lane_margin(scene, boxes, areas)
    if score == "HC":
        bounded = signals[:6, : hc_signals(scene.past, states, signals)]
        return float(np.abs(bounded[:, None] - HC_BOUNDS[:, :, None]).min())
    if score == "EC" and case.previous is not None:
        before = frames_before(case.previous, stamps, len(case.poses), version_of("2.2"), engine)
        previous = before.states[0, min(n, before.states.shape[1] - 1)].numpy()
        return float(np.abs(np.array(ec_differences(states, previous, int(before.gaps[0]), signals)) - EC_BOUNDS).min())
    return None


def _lane_margin(scene: SceneArrays, boxes: FloatArray, areas: FlagArray) -> float:
    line = scene.centerline.line
    squares = [
        min(nearest_on_segment(line, k, boxes[t, 0], boxes[t, 1])[0] for k in range(len(line) - 1))
        for t in np.flatnonzero(areas & IN_INTERSECTION == 0)
    ]
    return float(np.abs(np.sqrt(squares) - LANE_OFFSET).min(initial=np.inf))
