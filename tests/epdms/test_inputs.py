"""Bad input names itself; nothing is scored as zero instead."""

from dataclasses import replace

import numpy as np
import pytest

from irlvla.epdms import PreviousPlans, SceneTruthBatch, rollout, score
from irlvla.errors import InputError
from irlvla.scene import Layer, RedLight, Tracks, Trajectory
from tests.epdms.made_up import ROAD, T0_US, box, map_of, rectangle, straight_plan, straight_road, tracks_of

PLAN = straight_plan(10.0)


@pytest.fixture(scope="module")
def batch():
    return SceneTruthBatch.prepare([straight_road()])


def with_bad(value):
    plans = PLAN[None, None].copy()
    plans[0, 0, 3, 1] = value
    return plans


@pytest.mark.parametrize("judge", [score, rollout])
@pytest.mark.parametrize(
    ("poses", "interval", "message"),
    [
        (with_bad(np.nan), 0.5, "plan 0 of scene 0 holds NaN"),
        (with_bad(np.inf), 0.5, "plan 0 of scene 0 holds NaN or infinity"),
        (PLAN, 0.5, "the shape is"),
        (PLAN[None, None, :, :2], 0.5, "the shape is"),
        (PLAN[None, None].repeat(2, 0), 0.5, "the shape is"),
        (PLAN[None, None][:, :0], 0.5, "the shape is"),
        (PLAN[None, None, :6], 0.5, "last 3 s"),
        (PLAN[None, None], 0.4, "last 3.2 s"),
        (PLAN[None, None], 0.0, "last 0 s"),
        (PLAN[None, None], np.nan, "last nan s"),
    ],
)
def test_plans_that_cannot_be_judged(batch, judge, poses, interval, message):
    with pytest.raises(InputError, match=message):
        judge(batch, poses, interval)


def test_unknown_version(batch):
    with pytest.raises(InputError, match=r"'3\.0' is not known"):
        score(batch, PLAN[None, None], version="3.0")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"t0_us": np.array([T0_US])}, "0 s later"),
        ({"t0_us": np.array([T0_US - 550_001])}, "0.550001 s later"),
        ({"t0_us": np.array([T0_US - 40_000])}, "0.04 s later"),
        ({"t0_us": np.array([T0_US + 500_000])}, "-0.5 s later"),
        ({"t0_us": np.array([T0_US, T0_US])}, "the shapes are"),
        ({"ego": np.zeros((1, 3))}, "the shapes are"),
        ({"ego": np.full((1, 11), np.nan)}, "holds NaN"),
        ({"poses": with_bad(np.nan)}, "holds NaN"),
        ({"poses": PLAN[None, None].repeat(3, 1)}, "the shapes are"),
        ({"interval": 0.25}, "last 2 s"),
    ],
)
def test_previous_plans_that_do_not_fit(batch, changes, message):
    previous = PreviousPlans(np.array([T0_US - 500_000]), np.zeros((1, 11)), PLAN[None, None])
    with pytest.raises(InputError, match=message):
        score(batch, PLAN[None, None].repeat(2, 1), previous=replace(previous, **changes))


def poisoned(array):
    array = array.copy()
    array.flat[-1] = np.nan
    return array


SCENE = straight_road(boxes=[box("a", 30, 5)], human=PLAN)
POLYGON_MISSING_POINTS = map_of(*ROAD, ("line", Layer.LANE, rectangle(0, 0, 1, 1)[:2]))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ego": np.zeros(7)}, "ego has the shape"),
        ({"ego": poisoned(SCENE.ego)}, "ego holds NaN"),
        ({"past": SCENE.past[:1]}, "past needs two rows"),
        ({"past": SCENE.past[::-1]}, "past needs two rows"),
        ({"past": poisoned(SCENE.past)}, "past holds NaN"),
        ({"centerline": SCENE.centerline[:1]}, "fewer than two points"),
        ({"centerline": poisoned(SCENE.centerline)}, "centerline holds NaN"),
        ({"reference": SCENE.reference[:40]}, "the reference has 40 poses"),
        ({"reference": poisoned(SCENE.reference)}, "reference holds NaN"),
        ({"human": Trajectory(poisoned(PLAN))}, "human holds NaN"),
        ({"map": POLYGON_MISSING_POINTS}, "'line' has fewer than three points"),
        ({"map": map_of(*ROAD, ("bad", Layer.LANE, poisoned(rectangle(0, 0, 1, 1))))}, "map polygons holds NaN"),
        ({"map": map_of(*ROAD, ROAD[0])}, "two map polygons are called 'own'"),
        ({"tracks": tracks_of(box("a", 30, 5), box("a", 40, 5))}, "two tracks are called 'a'"),
        ({"tracks": replace(SCENE.tracks, poses=poisoned(SCENE.tracks.poses))}, "track poses holds NaN"),
        ({"tracks": Tracks.none(steps=31)}, "tracks have 31 instants"),
        ({"red_lights": (RedLight("nowhere", np.ones(41, bool)),)}, "no map polygon is called 'nowhere'"),
        ({"red_lights": (RedLight("own", np.ones(40, bool)),)}, "red light 'own' has 40 instants"),
    ],
)
def test_scenes_that_cannot_be_judged(changes, message):
    with pytest.raises(InputError, match=message) as error:
        SceneTruthBatch.prepare([SCENE, replace(SCENE, **changes)])
    assert error.value.where == "scene 1"


def test_what_is_not_there_may_be_anything():
    token, kind, size, poses, velocities, valid = box("a", 30, 5, steps=range(10))
    poses = poses.copy()
    poses[20:] = np.nan
    truth = straight_road(boxes=[(token, kind, size, poses, velocities, valid)])
    assert score(SceneTruthBatch.prepare([truth]), PLAN[None, None]).nc.item() == 1.0


def test_a_track_with_gaps_is_there_only_when_seen():
    seen_apart = box("stands", 30, 0, steps=[0, 1, 2, 30, 31])
    never_when_near = box("stands", 30, 0, steps=[0, 1, 2])
    scores = [
        score(SceneTruthBatch.prepare([straight_road(boxes=[b])]), PLAN[None, None]).nc.item()
        for b in (seen_apart, never_when_near)
    ]
    assert scores == [0.0, 1.0]


def test_a_world_without_map_is_off_road():
    scores = score(SceneTruthBatch.prepare([straight_road(elements=())]), PLAN[None, None])
    assert (scores.dac.item(), scores.ddc.item(), scores.nc.item()) == (0.0, 0.0, 1.0)


def test_a_wild_plan_is_judged_and_not_believed(batch):
    scores = score(batch, (PLAN * 1e6)[None, None])
    assert scores.dac.item() == 0.0
    assert np.isfinite(scores.epdms().item())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"human": Trajectory(PLAN[:7], 0.5)}, r"the human's future lasts 3\.5 s"),
        ({"past": np.zeros(8)}, r"past has the shape \(8,\)"),
        ({"reference": np.zeros((51, 2))}, r"reference has the shape \(51, 2\)"),
    ],
)
def test_scenes_of_the_wrong_form(changes, message):
    with pytest.raises(InputError, match=message):
        SceneTruthBatch.prepare([replace(straight_road(), **changes)])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sizes": np.array([[-4.0, 2.0, 1.5]])}, "negative size"),
        ({"kinds": np.array([99], np.int8)}, "unknown kind"),
        ({"valid": np.ones((2, 41), np.bool_)}, "track presence has the shape"),
    ],
)
def test_tracks_of_the_wrong_form(changes, message):
    truth = straight_road(boxes=[box("car", 20, 0)])
    with pytest.raises(InputError, match=message):
        SceneTruthBatch.prepare([replace(truth, tracks=replace(truth.tracks, **changes))])


def test_plans_of_several_lengths_and_scenes_that_are_not_there(batch):
    with pytest.raises(InputError, match="no array of numbers"):
        score(batch, [[PLAN, PLAN[:4]]])
    with pytest.raises(InputError, match="do not have them all"):
        batch.select([1])
    with pytest.raises(InputError, match="none to join"):
        SceneTruthBatch.cat([])
