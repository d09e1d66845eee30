"""Sub-score by sub-score on a straight road, where the answer can be told by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from irlvla.epdms import PreviousPlans, SceneTruthBatch, rollout, score
from irlvla.scene import Layer, ObjectKind
from tests.epdms.made_up import ROAD, T0_US, TIMES, box, rectangle, straight_plan, straight_road


def judge(truth, *plans, interval=0.5, **options):
    return score(SceneTruthBatch.prepare([truth]), np.stack(plans)[None], interval, **options)


def of(scores, name):
    return getattr(scores, name)[0].tolist()


CRUISE = straight_plan(10.0)
ALWAYS = np.ones(41, bool)


def test_driving_on_like_the_reference_is_perfect():
    scores = judge(straight_road(), CRUISE)
    assert scores.stacked()[0, 0, :8].tolist() == [1.0] * 8
    assert torch.isnan(scores.ec).all()
    assert scores.epdms().item() == 1.0
    assert scores.nc_time.item() == scores.ttc_time.item() == np.inf


# --- roll-out


def test_rollout_follows_a_straight_plan_in_the_global_frame():
    states = rollout(SceneTruthBatch.prepare([straight_road()]), CRUISE[None, None])
    assert states.shape == (1, 1, 41, 11)
    np.testing.assert_allclose(states[0, 0, :, 0], 10 * TIMES, atol=1e-4)


# --- NC


@pytest.mark.parametrize(
    ("boxes", "nc", "ttc"),
    [
        ([box("far", 60, 0)], 1.0, 1.0),
        ([box("stands", 30, 0)], 0.0, 0.0),
        ([box("walks off", 30, 3.5, kind=ObjectKind.PEDESTRIAN)], 1.0, 1.0),
        ([box("cone", 30, 0, kind=ObjectKind.TRAFFIC_CONE, size=(0.5, 0.5))], 0.5, 0.0),
        ([box("both", 30, 0), box("cone", 25, 0, kind=ObjectKind.BARRIER, size=(0.5, 0.5))], 0.0, 0.0),
        ([box("rear-ends us", -12, 0, vx=12.2)], 1.0, 1.0),
        ([box("rear-ends us fast: seen from now, it will be ahead", -20, 0, vx=18)], 1.0, 0.0),
        ([box("creeps ahead", 20, 0, vx=1.0)], 0.0, 0.0),
        ([box("keeps ahead", 19, 0, vx=10)], 1.0, 1.0),
        ([box("overlaps us now", 2, 0)], 1.0, 1.0),
        ([box("gone before we come", 30, 0, steps=range(20))], 1.0, 1.0),
        ([box("appears before us", 42, 0, steps=range(38, 41))], 0.0, 0.0),
    ],
    ids=lambda value: value[0][0] if isinstance(value, list) else "",
)
def test_collisions(boxes, nc, ttc):
    scores = judge(straight_road(boxes=boxes), CRUISE)
    assert (of(scores, "nc"), of(scores, "ttc")) == ([nc], [ttc])


def test_time_of_the_first_collision():
    # front at 5.51 + 10 t from the rear axle (1.461 + 2.588), back of the car at 28
    scores = judge(straight_road(boxes=[box("stands", 30, 0)]), CRUISE)
    assert scores.nc_time.item() == pytest.approx(2.4)
    assert scores.ttc_time.item() == pytest.approx(1.5)


def test_a_car_that_moved_when_first_seen_is_judged_as_moving():
    token, kind, size, poses, velocities, valid = box("drives into our side", 12, 0)
    velocities = velocities.copy()
    poses = poses.copy()
    velocities[0] = [0.0, -5.0]
    poses[:, 0], poses[:, 1] = 10 * TIMES, np.maximum(8 - 5 * TIMES, 1.8)  # slides into us from the left, beside us
    moving = (token, kind, size, poses, velocities, valid)
    standing = (token, kind, size, poses, np.zeros_like(velocities), valid)
    assert of(judge(straight_road(boxes=[moving]), CRUISE), "nc") == [1.0]
    assert of(judge(straight_road(boxes=[standing]), CRUISE), "nc") == [0.0]


def test_a_lateral_contact_is_our_fault_where_we_straddle_lanes():
    beside = box("beside us", 0, 4.4, vx=10.0)
    aside = straight_plan(10.0, lateral=2.0)
    assert of(judge(straight_road(boxes=[beside]), CRUISE, aside), "nc") == [1.0, 0.0]
    own_and_left = (("own", Layer.LANE, rectangle(-50, -2, 150, 6)), ROAD[2])
    assert of(judge(straight_road(boxes=[beside], elements=own_and_left), CRUISE, aside), "nc") == [1.0, 1.0]


def test_a_standing_ego_is_never_at_fault():
    scores = judge(straight_road(speed=0.0, boxes=[box("backs into us", 20, 0, vx=-6)]), straight_plan(0.0))
    assert of(scores, "nc") == [1.0]
    assert of(scores, "ttc") == [1.0]


def braking_plan(speed, deceleration):
    times = np.arange(1, 9) * 0.5
    return np.column_stack([speed * times - deceleration / 2 * times**2, np.zeros(8), np.zeros(8)])


def test_braking_late_is_a_ttc_infraction_without_collision():
    stands = box("stands", 30.27, 0, size=(4.0, 2.0))  # our front comes to 28.01 m, TTC looks to 28.52 m
    late = judge(straight_road(speed=10.0, boxes=[stands]), braking_plan(10.0, 2.2))
    assert (of(late, "nc"), of(late, "ttc")) == ([1.0], [0.0])


def test_what_is_beside_us_is_a_ttc_infraction_only_in_intersections_or_out_of_our_lane():
    swerving = straight_plan(3.0) + np.linspace(0, 1, 8)[:, None] ** 2 * [0, 5.0, 0.5]
    beside = box("beside us", -0.5, 3.3, vx=3.0)
    field = rectangle(-50, -9, 150, 9)
    wide_lane = (("own", Layer.LANE, field), ("block", Layer.ROADBLOCK, field))
    junction = (*wide_lane, ("crossing", Layer.INTERSECTION, field))
    assert of(judge(straight_road(speed=3.0, boxes=[beside], elements=wide_lane), swerving), "ttc") == [1.0]
    assert of(judge(straight_road(speed=3.0, boxes=[beside], elements=junction), swerving), "ttc") == [0.0]


# --- DAC, DDC, TLC


def test_leaving_the_road_with_a_corner():
    assert of(judge(straight_road(), straight_plan(10, -0.5), straight_plan(10, -1.2)), "dac") == [1.0, 0.0]


def test_lanes_alone_are_not_drivable():
    assert of(judge(straight_road(elements=ROAD[:2]), CRUISE), "dac") == [0.0]


@pytest.mark.parametrize("layer", [Layer.ROADBLOCK, Layer.INTERSECTION, Layer.CARPARK_AREA, Layer.DRIVABLE_AREA])
def test_what_is_drivable(layer):
    elements = (*ROAD[:2], ("ground", layer, rectangle(-50, -2, 150, 6)))
    assert of(judge(straight_road(elements=elements), CRUISE), "dac") == [1.0]


@pytest.mark.parametrize(("speed", "ddc"), [(1.7, 1.0), (1.9, 0.5), (5.3, 0.5), (5.6, 0.0)])
def test_eleven_steps_off_the_route(speed, ddc):
    off_route = straight_road(speed=speed, route=("left",))
    assert of(judge(off_route, straight_plan(speed)), "ddc") == [ddc]


def test_no_route_at_all_is_off_route():
    assert of(judge(straight_road(route=()), CRUISE), "ddc") == [0.0]


def test_intersections_excuse_from_the_route():
    elements = (*ROAD, ("crossing", Layer.INTERSECTION, rectangle(-50, -2, 150, 6)))
    assert of(judge(straight_road(elements=elements, route=("left",)), CRUISE), "ddc") == [1.0]


RED_ROAD = (*ROAD, ("turn", Layer.LANE_CONNECTOR, rectangle(30, -2, 50, 2)))


def test_red_lights_bind_on_the_route_unless_the_scene_says_on_which():
    scene = straight_road(elements=RED_ROAD, route=("own", "turn"), red=[("turn", ALWAYS)])
    beside = straight_road(elements=RED_ROAD, route=("own",), red=[("turn", ALWAYS)])
    assert of(judge(scene, CRUISE), "tlc") == [0.0]
    assert of(judge(replace(scene, obeyed=()), CRUISE), "tlc") == [1.0]
    assert of(judge(beside, CRUISE), "tlc") == [1.0]
    assert of(judge(replace(beside, obeyed=("turn",)), CRUISE), "tlc") == [0.0]


@pytest.mark.parametrize(
    ("when", "route", "tlc"),
    [
        (ALWAYS, ("own", "turn"), 0.0),
        (ALWAYS, ("own",), 1.0),
        (TIMES < 2.35, ("own", "turn"), 1.0),
        (TIMES < 2.45, ("own", "turn"), 1.0),
        (TIMES < 2.65, ("own", "turn"), 0.0),
    ],
)
def test_red_lights_of_the_route(when, route, tlc):
    # the front, 4.049 m before the rear axle, reaches 30 m at 2.595 s
    scores = judge(straight_road(elements=RED_ROAD, route=route, red=[("turn", when)]), CRUISE)
    assert of(scores, "tlc") == [tlc]


def test_standing_on_a_red_connector_from_the_start():
    elements = (*ROAD, ("turn", Layer.LANE_CONNECTOR, rectangle(-10, -10, 20, 10)))
    scene = straight_road(speed=0.0, elements=elements, route=("own", "turn"), red=[("turn", ALWAYS)])
    assert of(judge(scene, straight_plan(0.0)), "tlc") == [0.0]


def test_a_hole_in_a_red_connector_is_not_red():
    hole = rectangle(-10, -5, 60, 5)
    elements = (*ROAD, ("turn", Layer.LANE_CONNECTOR, rectangle(-40, -40, 90, 40), hole))
    scene = straight_road(elements=elements, route=("own", "turn"), red=[("turn", ALWAYS)])
    assert of(judge(scene, CRUISE), "tlc") == [1.0]


# --- EP, LK


def test_progress_is_a_share_of_the_references():
    scores = judge(straight_road(), CRUISE, straight_plan(10.4), np.vstack([CRUISE[:2], CRUISE[1:2].repeat(6, 0)]))
    ep = of(scores, "ep")
    assert ep[:2] == pytest.approx([1.0, 1.0], abs=1e-6)
    assert 0.2 < ep[2] < 0.9


def test_short_ways_all_count_in_full():
    creeping = straight_road(speed=1.0)
    assert of(judge(creeping, straight_plan(1.0), straight_plan(0.2)), "ep") == [1.0, 1.0]


def test_progress_of_a_bad_reference_does_not_count():
    blocked = straight_road(boxes=[box("stands", 30, 0)])  # the reference runs into it
    slow = np.column_stack([10 * TIMES[5::5] - 1.2 * TIMES[5::5] ** 2, np.zeros(8), np.zeros(8)])
    scores = judge(blocked, slow)
    assert of(scores, "nc") == [1.0]
    assert of(scores, "ep") == [1.0]


def test_each_plan_meets_the_reference_alone():
    alone = judge(straight_road(), straight_plan(9.0))
    together = judge(straight_road(), straight_plan(9.0), straight_plan(14.0))
    assert alone.ep[0, 0] == together.ep[0, 0]
    metres = rollout(SceneTruthBatch.prepare([straight_road()]), straight_plan(9.0)[None, None])[0, 0, -1, 0]
    assert alone.ep.item() == pytest.approx(metres.item() / 40, abs=1e-5)


def test_half_a_metre_off_the_centre_line_for_two_seconds():
    shifted = straight_road(centerline=np.array([[-50, 0.45, 0], [150, 0.45, 0.0]]))
    too_far = straight_road(centerline=np.array([[-50, 0.55, 0], [150, 0.55, 0.0]]))
    assert of(judge(shifted, CRUISE), "lk") == [1.0]
    assert of(judge(too_far, CRUISE), "lk") == [0.0]


@pytest.mark.parametrize(("start", "end", "lk"), [(0, 1.85, 1.0), (0, 1.95, 0.0), (2.05, 5, 0.0), (2.15, 5, 1.0)])
def test_nineteen_instants_off_the_line_are_forgiven(start, end, lk):
    stations = np.arange(-50.0, 150.0, 0.1)  # the box centre is at 1.461 + 20 t
    jumps = np.where((stations > 1.461 + 20 * start - 1) & (stations < 1.461 + 20 * end), 2.0, 0.0)
    scene = straight_road(speed=20.0, centerline=np.column_stack([stations, jumps, 0 * stations]))
    assert of(judge(scene, straight_plan(20.0)), "lk") == [lk]


def test_instants_in_intersections_neither_count_nor_break_the_run():
    beside = np.array([[-50, 0.8, 0], [150, 0.8, 0.0]])
    middle = (*ROAD, ("crossing", Layer.INTERSECTION, rectangle(11, -2, 26, 6)))  # 26 of the 41 instants remain
    most = (*ROAD, ("crossing", Layer.INTERSECTION, rectangle(11, -2, 36, 6)))  # 16 remain
    assert of(judge(straight_road(centerline=beside, elements=middle), CRUISE), "lk") == [0.0]
    assert of(judge(straight_road(centerline=beside, elements=most), CRUISE), "lk") == [1.0]


# --- HC, EC


def test_hard_braking_is_uncomfortable():
    stop = np.column_stack([np.minimum(10 * TIMES[5::5] - 3.0 * TIMES[5::5] ** 2, 8.3), np.zeros(8), np.zeros(8)])
    assert of(judge(straight_road(), CRUISE, stop), "hc") == [1.0, 0.0]


def previous(poses, gap_us=500_000, speed=10.0, ego=None):
    state = np.zeros(11)
    state[[0, 3]] = -0.5 * speed, speed
    return PreviousPlans(np.array([T0_US - gap_us]), state[None] if ego is None else ego, np.asarray(poses)[None])


def test_extended_comfort_compares_with_the_plan_before():
    turning = CRUISE + np.linspace(0, 1, 8)[:, None] ** 2 * [0, 6.0, 0.4]
    plans = CRUISE, turning
    assert of(judge(straight_road(), *plans, previous=previous([CRUISE])), "ec") == [1.0, 0.0]
    assert of(judge(straight_road(), *plans, previous=previous([turning, CRUISE])), "ec") == [0.0, 0.0]


def test_a_scene_without_previous_frame_drops_the_weight():
    lazy = straight_plan(8.0)
    without = judge(straight_road(), lazy, previous=previous(np.full((1, 8, 3), np.nan)))
    assert torch.isnan(without.ec).all()
    assert without.epdms().item() == pytest.approx((without.ep.item() * 5 + 9) / 14)
    known = judge(straight_road(), lazy, previous=previous([CRUISE]))
    assert known.epdms().item() == pytest.approx((known.ep.item() * 5 + 9 + 2 * known.ec.item()) / 16)


# --- the human


def test_the_humans_own_faults_are_forgiven():
    scene = straight_road(human=straight_plan(10, -1.2))
    scores = judge(scene, CRUISE, straight_plan(10, -1.2))
    assert scores.human.dac.tolist() == [[0.0]]
    assert of(scores, "dac") == [1.0, 0.0]
    assert of(scores.filtered(), "dac") == [1.0, 1.0]
    assert of(scores.filtered(), "lk") == [1.0, 1.0]
    assert scores.human.hc.item() == scores.human.ep.item() == 1.0


def test_a_made_up_scene_forgives_nothing():
    scores = judge(straight_road(), straight_plan(10, -1.2))
    assert torch.isnan(scores.human.stacked()).all()
    assert scores.filtered().stacked()[..., :8].equal(scores.stacked()[..., :8])


def test_a_longer_reference_changes_nothing():
    scene = straight_road()
    cut = replace(scene, reference=scene.reference[:41])
    plan = straight_plan(7.0)
    assert judge(scene, plan).ep.item() == pytest.approx(judge(cut, plan).ep.item(), abs=1e-6)
