"""How near a plan comes to the bound where a sub-score jumps: what a differing sub-score asks for first."""

import numpy as np

from irlvla.epdms.areas import Areas, find_areas
from irlvla.epdms.cases import Case
from irlvla.epdms.comfort import EC_BOUNDS, HC_BOUNDS, ec_differences, filters, hc_signals
from irlvla.epdms.compliance import WRONG_WAY_MAJOR, WRONG_WAY_MINOR, wrong_way_metres
from irlvla.epdms.geometry import ego_boxes, nearest_on_segment
from irlvla.epdms.judge import drive_plans
from irlvla.epdms.plans import frames_before
from irlvla.epdms.progress import LANE_OFFSET
from irlvla.epdms.sampling import FloatArray, plan_sampling
from irlvla.epdms.truth import SceneArrays, prepare_scene
from irlvla.epdms.vehicle import INSTANTS


def margin_to_bound(case: Case, n: int, score: str) -> float | None:
    """Distance of plan ``n`` of ``case`` from the nearest bound of DDC [m], LK [m], HC or EC; None for other scores."""
    scene = prepare_scene(case.truth, case.name)
    sampling = plan_sampling(scene.t0_us, case.poses.shape[1], case.interval)
    states = drive_plans(scene.start, case.poses[n : n + 1], sampling)[0]
    boxes = ego_boxes(states)
    areas = find_areas(scene.map_areas, boxes)
    if score == "DDC":
        metres = wrong_way_metres(areas, boxes)
        return min(abs(metres - WRONG_WAY_MINOR), abs(metres - WRONG_WAY_MAJOR))
    if score == "LK":
        return _lane_margin(scene, boxes, areas)
    if score == "HC":
        signals = hc_signals(scene.past, filters(len(scene.past.headings) + INSTANTS), states)
        return float(np.abs(signals[:, None] - HC_BOUNDS[:, :, None]).min())
    if score == "EC" and case.previous is not None:
        [before] = frames_before(case.previous, [scene.t0_us], len(case.poses))
        if before is not None:
            previous = before.states[min(n, len(before.states) - 1)]
            differences = ec_differences(filters(INSTANTS - before.gap), states, previous, before.gap)
            return float(np.abs(differences - EC_BOUNDS).min())
    return None


def _lane_margin(scene: SceneArrays, boxes: FloatArray, areas: Areas) -> float:
    line = scene.centerline.line
    squares = [
        min(nearest_on_segment(line, k, boxes[t, 0], boxes[t, 1])[0] for k in range(len(line) - 1))
        for t in np.flatnonzero(~areas.in_intersection)
    ]
    return float(np.abs(np.sqrt(squares) - LANE_OFFSET).min(initial=np.inf))
