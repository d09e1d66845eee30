"""Margins: told by hand, moved to the bound and past it, and held against the verdicts of the compiled judge."""

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from irlvla.epdms import PreviousPlans, SceneTruthBatch, read_case, rollout
from irlvla.epdms.cases import Case
from irlvla.epdms.check import ROUNDING
from irlvla.epdms.comfort import Past
from irlvla.epdms.contacts import Drives, Things
from irlvla.epdms.firmness import Rolled, lost_by_map_and_traffic, lost_comfort, roll_out
from irlvla.epdms.margins import margins
from irlvla.epdms.plans import Before
from irlvla.epdms.truth import prepare_scene
from irlvla.scene import Layer
from tests.epdms.made_up import ROAD, T0_US, TIMES, box, rectangle, straight_plan, straight_road
from tests.epdms.test_comfort import states_with
from tests.epdms.test_golden import GOLDEN
from tests.epdms.test_properties import busy_scene, random_plans

CRUISE = straight_plan(10.0)
NAMES = sorted(path.stem for path in GOLDEN.glob("*.json") if not path.name.endswith(".answer.json"))


def case_of(truth, *plans, previous=None):
    return Case("made up", truth, np.stack(plans), 4.0 / len(plans[0]), previous)


def judged(truth, *plans, kind="raw", **options):
    """Margins of ``kind``, by sub-score, and the scores, of plans in a made-up scene."""
    case = case_of(truth, *plans, **options)
    scores = case.score() if kind == "raw" else case.score().filtered()
    return margins(case, SceneTruthBatch.prepare([truth]))[kind], scores


def margin(score, truth, plan=CRUISE, **options):
    return float(judged(truth, plan, **options)[0][score][0])


# --- by hand


def test_a_clean_drive_is_far_from_traffic_and_as_far_as_seen_from_the_edges_of_the_map():
    found, _ = judged(straight_road(elements=WIDE), CRUISE)
    assert {name: found[name].item() for name in ("NC", "TTC", "TLC", "EC", "EP")} == dict.fromkeys(
        ("NC", "TTC", "TLC", "EC", "EP"), np.inf
    )
    assert found["DAC"].item() == found["DDC"].item() == 0.5


WIDE = (
    ("own", Layer.LANE, rectangle(-50, -9, 150, 9)),
    ("block", Layer.ROADBLOCK, rectangle(-50, -9, 150, 9)),
)
BESIDE = 2.297 / 2 + 1.0
"""Lateral place of a car, two metres wide, that touches ours."""


@pytest.mark.parametrize("gap", [0.3, 0.01, 1e-6, 1e-9, 0.0])
def test_gap_to_a_parked_car(gap):
    truth = straight_road(boxes=[box("parked", 30, BESIDE + gap)], elements=WIDE)
    assert margin("NC", truth) == pytest.approx(gap, abs=1e-12)


def test_a_car_that_was_forgiven_decides_by_how_firmly_it_was():
    # beside us its side overlaps ours by 0.1 m, which is not our fault; then it stands before us, and we drive into it
    token, kind, size, poses, velocities, valid = box("cuts in", 0.5, BESIDE + 0.5, vx=10)
    poses = poses.copy()
    poses[5:10, 1] = BESIDE - 0.1
    poses[10:, :2] = 30.0, 0.3
    truth = straight_road(boxes=[(token, kind, size, poses, velocities, valid)], elements=WIDE)
    found, scores = judged(truth, CRUISE)
    assert scores.nc.item() == 1.0
    assert found["NC"].item() == pytest.approx(0.1)


def test_a_car_that_touches_us_now_counts_by_how_firmly_it_does():
    truth = straight_road(boxes=[box("touches", 6.5, 0)], elements=WIDE)  # our front is 4.049 m ahead, its back at 4.5
    ahead = straight_road(boxes=[box("touches", 6.049 - 1e-9, 0)], elements=WIDE)
    assert margin("NC", truth) > 0.05
    assert margin("NC", ahead) == pytest.approx(1e-9, rel=1e-3)


@pytest.mark.parametrize("speed", [0.05 + 1e-4, 0.05 - 1e-4])
def test_standing_objects_by_their_first_speed(speed):
    creeps = box("creeps", 1.461, BESIDE - 0.2, vy=0.0, vx=speed, steps=range(1, 41))
    truth = straight_road(boxes=[creeps], elements=WIDE, speed=5.0)
    found, scores = judged(truth, straight_plan(5.0))
    assert scores.nc.item() == (1.0 if speed > 0.05 else 0.0)
    assert found["NC"].item() == pytest.approx(1e-4, rel=1e-6)


@pytest.mark.parametrize("off", [0.2, 1e-3, 1e-6])
def test_corners_by_the_edge_of_the_road(off):
    edge = -2.297 / 2 - off
    elements = (ROAD[0], ("block", Layer.ROADBLOCK, rectangle(-50, edge, 150, 6)))
    found, scores = judged(straight_road(elements=elements), CRUISE)
    assert scores.dac.item() == 1.0
    assert found["DAC"].item() == pytest.approx(off, abs=1e-9)
    elements = (ROAD[0], ("block", Layer.ROADBLOCK, rectangle(-50, edge + 2 * off, 150, 6)))
    found, scores = judged(straight_road(elements=elements), CRUISE)
    assert scores.dac.item() == 0.0
    assert found["DAC"].item() == pytest.approx(off, abs=1e-9)


def test_an_edge_inside_another_drivable_area_decides_nothing():
    seam = ("crossing", Layer.INTERSECTION, rectangle(-50, -9, 20, 9))
    assert margin("DAC", straight_road(elements=(*WIDE, seam))) == 0.5


@pytest.mark.parametrize(
    ("speed", "ddc", "bound"), [(1.7, 1.0, 2.0), (1.9, 0.5, 2.0), (5.3, 0.5, 6.0), (5.5, 0.0, 6.0)]
)
def test_metres_off_the_route(speed, ddc, bound):
    off_route = straight_road(speed=speed, route=("left",), elements=(*WIDE, ROAD[1]))
    found, scores = judged(off_route, straight_plan(speed))
    assert scores.ddc.item() == ddc
    assert found["DDC"].item() == pytest.approx(abs(1.1 * speed - bound), abs=1e-5)


def test_the_centre_by_the_edge_of_the_route():
    lane = ("own", Layer.LANE, rectangle(-50, -9, 150, 1e-3))
    found, scores = judged(straight_road(elements=(lane, WIDE[1])), CRUISE)
    assert scores.ddc.item() == 1.0
    assert found["DDC"].item() == pytest.approx(1e-3, abs=1e-9)


@pytest.mark.parametrize("gap", [0.25, -0.25, 1e-7])
def test_our_box_by_a_red_connector(gap):
    turn = ("turn", Layer.LANE_CONNECTOR, rectangle(20, 2.297 / 2 + gap, 60, 8))
    truth = straight_road(elements=(*WIDE, turn), route=("own", "turn"), red=[("turn", np.ones(41, bool))])
    found, scores = judged(truth, CRUISE)
    assert scores.tlc.item() == (1.0 if gap > 0 else 0.0)
    assert found["TLC"].item() == pytest.approx(abs(gap), abs=1e-9)


@pytest.mark.parametrize("offset", [0.45, 0.55, 0.5 - 1e-7])
def test_half_a_metre_from_the_centre_line(offset):
    truth = straight_road(centerline=np.array([[-50, offset, 0], [150, offset, 0.0]]), elements=WIDE)
    assert margin("LK", truth) == pytest.approx(abs(offset - 0.5), abs=1e-9)


def test_one_instant_may_break_a_run_off_the_line():
    stations = np.arange(-50.0, 150.0, 0.1)
    jumps = np.where((stations > 30.461) & (stations < 32.461), 0.499, 0.6)  # the centre is at 31.461 after 1.5 s
    jumps[stations > 62] = 0.0
    line = np.column_stack([stations, jumps, 0 * stations])
    found, scores = judged(straight_road(speed=20.0, centerline=line, elements=WIDE), straight_plan(20.0))
    assert scores.lk.item() == 1.0
    assert found["LK"].item() == pytest.approx(0.001, abs=1e-6)


def test_the_edge_of_an_intersection_decides_lane_keeping_only_off_the_line():
    crossing = ("crossing", Layer.INTERSECTION, rectangle(-50, -9, 150, 0.01))
    beside = np.array([[-50, 0.8, 0], [150, 0.8, 0.0]])
    elements = (*WIDE, crossing)
    assert margin("LK", straight_road(elements=elements)) == pytest.approx(0.5, abs=1e-6)
    assert margin("LK", straight_road(elements=elements, centerline=beside)) == pytest.approx(0.01, abs=1e-6)


@pytest.mark.parametrize("reached", [5.0 - 1e-3, 5.0 + 1e-3])
def test_five_metres_of_progress(reached):
    truth = straight_road(speed=reached / 4)
    tail = truth.reference[None, None, 1:41]
    metres = rollout(SceneTruthBatch.prepare([truth]), tail, 0.1)[0, 0, -1, 0].item()
    ahead, behind = judged(truth, straight_plan(1.3), straight_plan(1.2))[0]["EP"]
    assert ahead == np.inf
    assert behind == pytest.approx(abs(metres - 5.0), abs=1e-5)


def test_a_factor_of_the_reference_moves_progress():
    truth = straight_road(boxes=[box("parked", 38, BESIDE + 1e-3)], elements=WIDE)
    slow = straight_plan(7.0)
    found, _ = judged(truth, CRUISE, slow)
    assert found["EP"].tolist() == [np.inf, pytest.approx(1e-3, abs=1e-9)]


# --- bearings


@pytest.mark.parametrize("off", [1e-2, 1e-6, -1e-6, -1e-2])
def test_thirty_degrees_off_the_heading(off):
    # it turns up beside us in 0.6 s, where its side overlaps ours; from where we are now it lies about 30 degrees off
    bearing = np.pi / 6 + off
    turns_up = box("turns up", 2 / np.tan(bearing), 2.0, steps=range(6, 41))
    found, scores = judged(straight_road(speed=0.5, boxes=[turns_up], elements=WIDE), straight_plan(0.5))
    assert scores.ttc.item() == (1.0 if off > 0 else 0.0)
    assert found["TTC"].item() == pytest.approx(abs(off), abs=1e-9)


def test_a_car_exactly_ahead_is_decided_by_rounding():
    ahead = straight_road(boxes=[box("stands", 30, 0)], elements=WIDE)
    beside = straight_road(boxes=[box("stands", 30, 0.3)], elements=WIDE)
    astray = straight_road(boxes=[box("stands", 30, 0)], elements=WIDE[:1])  # off the road it is our fault anyway
    assert margin("TTC", ahead) == 0.0
    assert margin("TTC", beside) > 1e-3
    assert margin("TTC", astray) > 1e-3


# --- comfort


def rolled_with(previous=None, **columns):
    """One roll-out of a made-up state at all instants, without past, after one of ``previous`` 0.5 s before."""
    scene = prepare_scene(straight_road(), "made up")._replace(past=Past(np.zeros(0), np.zeros((0, 2))))
    states, before = states_with(**columns), states_with(**(previous or {}))
    gaps = np.array([0 if previous is None else 5])
    return Rolled(scene, Drives.of(states[None]), Before(torch.from_numpy(before)[None, None], gaps))


@pytest.mark.parametrize(
    ("columns", "lost"),
    [
        ({"ax": 2.39}, -0.01),
        ({"ax": 2.41}, 0.01),
        ({"ay": -4.85}, -0.04),
        ({"heading": TIMES * 0.94}, -0.01),
        ({"ax": 2.40}, 0.0),
    ],
)
def test_comfort_by_its_nearest_bound(columns, lost):
    found = lost_comfort(rolled_with(**columns), slice(None))
    np.testing.assert_allclose(found["HC"], lost, atol=1e-7)
    assert found["EC"].max() == -np.inf


@pytest.mark.parametrize(("more", "lost"), [(0.69, -0.01), (0.71, 0.01)])
def test_likeness_to_the_plan_before(more, lost):
    found = lost_comfort(rolled_with({"ax": 1.0}, ax=1.0 + more), slice(None))
    np.testing.assert_allclose(found["EC"], lost, atol=1e-7)


# --- the human


def test_a_human_that_decides_for_all():
    edge = -2.297 / 2 - 1e-3
    elements = (ROAD[0], ("block", Layer.ROADBLOCK, rectangle(-50, edge, 150, 6)))
    human = straight_plan(10.0, -2e-3)  # off the road by a millimetre
    truth = straight_road(elements=elements, human=human)
    depth = judged(truth, human)[0]["DAC"].item()
    raw, scores = judged(truth, straight_plan(10.0, -1.0))
    filtered, forgiven = judged(truth, straight_plan(10.0, -1.0), kind="filtered")
    assert (scores.dac.item(), forgiven.dac.item()) == (0.0, 1.0)
    assert raw["DAC"].item() > 0.4
    assert filtered["DAC"].item() == pytest.approx(depth, abs=1e-12)
    assert filtered["EPDMS"].item() <= filtered["DAC"].item()


# --- the judge


def assert_same_verdicts(case):
    """Every sub-score but EP is what its conditions say, unless they say so within rounding; EC where it is known."""
    truth, plans = SceneTruthBatch.prepare([case.truth]), slice(1, 1 + len(case.poses))
    rolled = roll_out(case, truth)
    lost = {name: values[:, plans] for name, values in lost_by_map_and_traffic(rolled, Things.of(case.truth)).items()}
    lost |= lost_comfort(rolled, plans)
    scores, counted = case.score(), 0
    for name, values in lost.items():
        theirs, sure = getattr(scores, name.lower())[0].numpy(), np.abs(values).min(0) > ROUNDING
        sure &= ~np.isnan(theirs)
        ours = 1.0 - 0.5 * (values > 0).sum(0)
        np.testing.assert_array_equal(ours[sure], theirs[sure], err_msg=f"{case.name} {name}")
        counted += int(sure.sum())
    return counted


@pytest.mark.parametrize("name", NAMES)
def test_conditions_agree_with_the_judge_on_golden_scenes(name):
    assert assert_same_verdicts(read_case(GOLDEN / f"{name}.json")) > 0


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 100_000))
def test_conditions_agree_with_the_judge_on_busy_roads(seed):
    truth, plans = busy_scene(seed), random_plans(seed + 1, 8)
    before = PreviousPlans(np.array([T0_US - 500_000]), truth.ego[None], plans[None, :1])
    assert_same_verdicts(Case("busy", truth, plans, 0.5, before))
