"""Where the judge's time goes on one core, part by part, beside a floor for each.

A part is timed by doing it several times more and taking the difference. Its floor is the least arithmetic that its
formulas need for the same plans and scene, at the rate at which this core does multiply-adds one by one: a cosine
counts as 20 operations, a square root or division as 5. Memory is no bound: what a plan touches fits the cache.
"""

import time
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms.areas import POINTS, box_point, find_areas
from irlvla.epdms.batch import SceneTruthBatch
from irlvla.epdms.cases import Case
from irlvla.epdms.collision import LOOK_AHEAD_STEPS, ego_reach, matters, no_collision, time_to_collision
from irlvla.epdms.comfort import history_comfort
from irlvla.epdms.compiled import compiled
from irlvla.epdms.compliance import drivable_area_compliance, driving_direction_compliance, traffic_light_compliance
from irlvla.epdms.cpu import workspace
from irlvla.epdms.geometry import ego_boxes, ego_speeds
from irlvla.epdms.grid import cell_of
from irlvla.epdms.pack import PackedScenes, scene_at
from irlvla.epdms.progress import BLOCK, lane_keeping, progress
from irlvla.epdms.rollout import LOOK_AHEAD, MOVES, drive
from irlvla.epdms.sampling import FloatArray, Sampling, interpolate, plan_sampling
from irlvla.epdms.vehicle import INSTANTS
from irlvla.epdms.versions import Rules

PARTS: Final = ("references", "roll-out", "boxes", "areas", "NC", "TTC", "DAC DDC TLC", "EP", "LK", "HC")
REPEATS: Final = 10
TRIG: Final = 20
ROOT: Final = 5


@compiled
def run_part(packed: PackedScenes, rules: Rules, plans: FloatArray, sampling: Sampling, part: int, times: int) -> float:
    """Judge plans ``[N, T + 1, 3]`` of the first scene, doing one part so many ``times`` more; returns a checksum."""
    scene, work, total = scene_at(packed, 0), workspace(), 0.0
    for n in range(len(plans)):
        interpolate(plans[n], sampling, work.references)
        drive(scene.start, work.references, work.signals, work.states)
        ego_boxes(work.states, work.boxes)
        ego_speeds(work.states, work.speeds)
        find_areas(scene.map_areas, work.boxes, work.areas)
        states, boxes, speeds, areas = work.states, work.boxes, work.speeds, work.areas
        reach = ego_reach(boxes, speeds)
        for _ in range(times):
            if part == 0:
                interpolate(plans[n], sampling, work.references)
            elif part == 1:
                drive(scene.start, work.references, work.signals, states)
            elif part == 2:
                ego_boxes(states, boxes)
                ego_speeds(states, speeds)
            elif part == 3:
                find_areas(scene.map_areas, boxes, areas)
            elif part == 4:
                total += no_collision(scene.objects, reach, states, boxes, speeds, areas, scene.map_areas, rules)[0]
            elif part == 5:
                total += time_to_collision(
                    scene.objects, reach, states, boxes, speeds, areas, scene.map_areas, rules
                )[0]  # fmt: skip
            elif part == 6:
                total += drivable_area_compliance(areas) + driving_direction_compliance(areas, boxes, rules)
                total += traffic_light_compliance(scene.lights, boxes)
            elif part == 7:
                total += progress(scene.centerline, boxes)
            elif part == 8:
                total += lane_keeping(scene.centerline, boxes, areas)
            else:
                total += history_comfort(scene.past, states, work.signals)
    return total


class Work(NamedTuple):
    """What the plans meet on average: polygon edges of the cells their boxes lie in, and objects within reach."""

    edges: float
    objects: float


@compiled
def count_work(packed: PackedScenes, rules: Rules, plans: FloatArray, sampling: Sampling) -> Work:
    """Counts for the floors, as means over ``plans [N, T + 1, 3]`` of the first scene."""
    scene, work = scene_at(packed, 0), workspace()
    grid, edges, objects = scene.map_areas.grid, 0, 0
    for n in range(len(plans)):
        interpolate(plans[n], sampling, work.references)
        drive(scene.start, work.references, work.signals, work.states)
        ego_boxes(work.states, work.boxes)
        ego_speeds(work.states, work.speeds)
        for t in range(INSTANTS):
            for p in range(POINTS):
                x, y = box_point(work.boxes, t, p)
                cell = cell_of(grid, x, y)[0]
                if cell >= 0:
                    first, last = grid.cell_entries[cell], grid.cell_entries[cell + 1]
                    edges += grid.entry_crossing[last] - grid.entry_crossing[first]
        reach = ego_reach(work.boxes, work.speeds)
        for m in range(len(scene.objects.reach)):
            objects += matters(scene.objects, m, reach, rules)
    return Work(edges / len(plans), objects / len(plans))


@compiled
def multiply_adds(count: int) -> float:
    """``8 * count`` multiply-adds in eight chains that do not wait for each other: the most a core does singly."""
    a, b, c, d, e, f, g, h = 1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7
    for i in range(count):
        x = 1e-9 * i
        a, b, c, d = a * 0.999 + x, b * 0.998 + x, c * 0.997 + x, d * 0.996 + x
        e, f, g, h = e * 0.995 + x, f * 0.994 + x, g * 0.993 + x, h * 0.992 + x
    return a + b + c + d + e + f + g + h


def operations(packed: PackedScenes, work: Work) -> dict[str, float]:
    """The least arithmetic of each part for one trajectory, in operations."""
    samples = INSTANTS + len(packed.past_headings)
    fits = MOVES * (2 * TRIG + 8 * ROOT)
    steering = MOVES * (2 * TRIG + LOOK_AHEAD * 12 + ROOT)
    line, blocks = len(packed.line), len(packed.line_blocks)
    return {
        "references": INSTANTS * 9.0,
        "roll-out": fits + steering + MOVES * (4 * TRIG + 20),
        "boxes": INSTANTS * (2 * TRIG + ROOT + 7),
        "areas": INSTANTS * POINTS * 12 + work.edges * 3.5,
        "NC": len(packed.reach) * 4 + work.objects * INSTANTS * 6,
        "TTC": len(packed.reach) * 4 + work.objects * Rules().forward_instants * len(LOOK_AHEAD_STEPS) * 6,
        "DAC DDC TLC": INSTANTS * 3.0,
        "EP": line * 12.0,
        "LK": INSTANTS * (blocks / 4 * 4 + BLOCK / 2 * 12),
        "HC": samples * 2 * (3 * 8 + 2 * 15 + 2 * 5 + 6),
    }


def part_seconds(case: Case, proposals: int, seconds: float) -> dict[str, tuple[float, float]]:
    """Microseconds a trajectory of each part on one core, and its floor."""
    packed, rules = SceneTruthBatch.prepare([case.truth]).scenes.packed, Rules()
    poses: NDArray[Any] = np.resize(case.poses, (proposals, *case.poses.shape[1:]))
    plans = np.concatenate([np.zeros((proposals, 1, 3)), poses], 1)
    sampling = plan_sampling(int(case.truth.t0_us), poses.shape[1], case.interval)
    count = 1_000_000
    rate = 16 * count / _least(lambda: multiply_adds(count), seconds / 10)
    floors = operations(packed, count_work(packed, rules, plans, sampling))
    found = {}
    for k, part in enumerate(PARTS):
        once = _least(lambda k=k: run_part(packed, rules, plans, sampling, k, 1), seconds / 10)
        more = _least(lambda k=k: run_part(packed, rules, plans, sampling, k, 1 + REPEATS), seconds / 10)
        found[part] = (max(more - once, 0.0) / REPEATS / proposals * 1e6, floors[part] / rate * 1e6)
    return found


def _least(work: Any, seconds: float) -> float:
    """Least processor time of ``work``, called once for compiling and then until ``seconds`` are over."""
    work()
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < 3 or time.perf_counter() < end:
        begin = time.process_time()
        work()
        times.append(time.process_time() - begin)
    return min(times)
