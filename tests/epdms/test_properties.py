"""What must not change a score: where the world lies, the order of things, and company in a batch."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from irlvla.epdms import PreviousPlans, SceneTruthBatch, score
from irlvla.scene import HDMap, Layer, Polylines, SubScores, Tracks
from tests.epdms.made_up import ROAD, T0_US, assert_same, box, moved, rectangle, straight_plan, straight_road

quick = settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])


def busy_scene(seed):
    """A road with an intersection and a dozen objects in motion about the ego."""
    rng = np.random.default_rng(seed)
    elements = (
        *ROAD,
        ("crossing", Layer.INTERSECTION, rectangle(33.3, -12.1, 48.7, 16.3), rectangle(40.1, 8.2, 44.3, 12.4)),
        ("turn", Layer.LANE_CONNECTOR, rectangle(33.3, -2.0, 48.7, 6.1)),
        ("park", Layer.CARPARK_AREA, rectangle(7.7, -8.3, 18.4, -2.0)),
    )
    boxes = [
        box(
            f"car {k}", rng.uniform(-20, 60), rng.uniform(-8, 10), rng.normal(5, 5), rng.normal(0, 1.5),
            rng.uniform(-3, 3), kind=rng.integers(0, 7), steps=range(rng.integers(0, 10), rng.integers(20, 42)),
        )
        for k in range(12)
    ]  # fmt: skip
    return straight_road(
        speed=rng.uniform(0, 12), boxes=boxes, elements=elements, route=("own", "turn"),
        red=[("turn", np.arange(41) > rng.integers(0, 60))], human=straight_plan(8.0, rng.normal(0, 1)),
    )  # fmt: skip


def random_plans(seed, count):
    rng = np.random.default_rng(seed)
    plans = np.stack([straight_plan(speed) for speed in rng.uniform(0, 14, count)])
    sway = rng.normal(0, 2, (count, 1)) * np.linspace(0, 1, 8) ** 2
    plans[..., 1] += sway
    plans[..., 2] += np.gradient(sway, axis=1) / np.maximum(np.gradient(plans[..., 0], axis=1), 0.5)
    return plans


def scored(truth, plans):
    state = np.zeros((1, 11))
    state[0, 3] = truth.ego[3]
    before = PreviousPlans(np.array([T0_US - 500_000]), state, plans[None, :1])
    return score(SceneTruthBatch.prepare([truth]), plans[None], previous=before)


def assert_human_same(ours: SubScores, other: SubScores):
    assert ours.human is not None
    assert other.human is not None
    assert_same(ours.human, other.human)


@quick
@given(st.integers(0, 10_000), st.floats(-1e6, 1e6), st.floats(-5e6, 5e6), st.floats(-np.pi, np.pi))
def test_a_rigid_motion_of_the_world_changes_nothing(seed, x, y, angle):
    truth, plans = busy_scene(seed), random_plans(seed + 1, 4)
    here, there = scored(truth, plans), scored(moved(truth, (x, y, angle)), plans)
    assert_same(here, there, tolerance=1e-7)
    assert_human_same(here, there)


def shuffled(truth, rng):
    order, places = rng.permutation(len(truth.tracks)), rng.permutation(len(truth.map.ids))
    tracks, hd_map = truth.tracks, truth.map
    mixed = Tracks(
        tuple(tracks.tokens[k] for k in order), tracks.kinds[order], tracks.sizes[order], tracks.poses[order],
        tracks.velocities[order], tracks.valid[order],
    )  # fmt: skip
    where = np.argsort(places)
    return {
        "tracks": mixed,
        "map": HDMap(
            ids=tuple(hd_map.ids[k] for k in places),
            layers=hd_map.layers[places],
            polygons=Polylines.of(np.roll(hd_map.polygons[k], rng.integers(9), 0) for k in places),
            holes=hd_map.holes,
            hole_owners=where[hd_map.hole_owners].astype(np.int32),
        ),
        "route": truth.route[::-1],
    }


@quick
@given(st.integers(0, 10_000))
def test_the_order_of_tracks_and_polygons_changes_nothing(seed):
    truth, plans = busy_scene(seed), random_plans(seed + 1, 4)
    mixed = replace(truth, **shuffled(truth, np.random.default_rng(seed)))
    assert_same(scored(truth, plans), scored(mixed, plans), tolerance=0)


def test_a_batch_scores_each_plan_as_if_alone():
    scenes = [busy_scene(seed) for seed in range(3)]
    plans = np.stack([random_plans(seed, 5) for seed in range(3)])
    batch = SceneTruthBatch.prepare(scenes)
    together = score(batch, plans)
    for b, truth in enumerate(scenes):
        alone = SubScores.cat(
            [score(SceneTruthBatch.prepare([truth]), plans[b : b + 1, n : n + 1]) for n in range(5)], 1
        )
        assert_same(SubScores.unstacked(together.stacked()[b : b + 1]), alone, tolerance=0)
    rest = score(batch.select([2, 0]), plans[[2, 0]])
    assert_same(SubScores.unstacked(together.stacked()[[2, 0]]), rest, tolerance=0)
    joined = SceneTruthBatch.cat([batch.select([1]), batch.select([2])])
    assert len(joined) == 2
    assert_same(SubScores.unstacked(together.stacked()[1:]), score(joined, plans[1:]), tolerance=0)


def test_threads_change_nothing():
    batch = SceneTruthBatch.prepare([busy_scene(seed) for seed in range(6)])
    plans = np.stack([random_plans(seed, 5) for seed in range(6)])
    usual = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        alone = score(batch, plans)
        torch.set_num_threads(3)
        assert_same(score(batch, plans), alone, tolerance=0)
    finally:
        torch.set_num_threads(usual)


def test_a_prepared_batch_survives_pickling():
    batch = SceneTruthBatch.prepare([busy_scene(4)])
    plans = random_plans(4, 3)[None]
    assert_same(score(batch, plans), score(pickle.loads(pickle.dumps(batch)), plans), tolerance=0)


@pytest.mark.parametrize(
    "convert", [torch.from_numpy, lambda a: torch.from_numpy(a).requires_grad_(), np.asfortranarray]
)
def test_tensors_and_any_layout_are_taken(convert):
    batch, plans = SceneTruthBatch.prepare([busy_scene(4)]), random_plans(4, 3)[None]
    assert_same(score(batch, plans), score(batch, convert(plans)), tolerance=0)


def test_a_plan_sampled_finer_is_the_same_plan():
    batch = SceneTruthBatch.prepare([straight_road()])
    coarse, fine = straight_plan(9.0)[None, None], straight_plan(9.0, interval=0.1)[None, None]
    assert_same(score(batch, coarse), score(batch, fine, interval=0.1), tolerance=1e-5)


def test_plans_are_left_as_they_were():
    batch, plans = SceneTruthBatch.prepare([busy_scene(1)]), random_plans(1, 2)[None]
    kept = plans.copy()
    score(batch, plans)
    np.testing.assert_array_equal(plans, kept)


def test_things_out_of_reach_are_dropped():
    far = [box("far", 5000, 0), box("passes by", -3000, 0, vx=800)]
    elements = (*ROAD, ("far", Layer.LANE, rectangle(4000, 0, 4010, 10)))
    truth = straight_road(boxes=far, elements=elements)
    packed = SceneTruthBatch.prepare([truth]).scenes.packed
    assert len(packed.penalty) == 1
    assert len(packed.roles) == len(ROAD)
