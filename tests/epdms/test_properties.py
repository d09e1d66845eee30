"""What must not change a score: where the world lies, the order of things, and company in a batch."""

import pickle
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import safetensors.numpy
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from irlvla.epdms import PreviousPlans, SceneTruthBatch, read_case, rollout, score
from irlvla.epdms.cases import Case, case_files
from irlvla.epdms.check import ROUNDING
from irlvla.epdms.margins import margins
from irlvla.epdms.versions import VERSIONS
from irlvla.errors import InputError
from irlvla.scene import SUBSCORE_NAMES, HDMap, Layer, Polylines, SubScores, Tracks
from irlvla.scene.frames import poses_to_global
from tests.epdms.made_up import ROAD, T0_US, assert_same, box, moved, rectangle, straight_plan, straight_road
from tests.epdms.test_golden import GOLDEN

quick = settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])
GOLDEN_NAMES = sorted(path.stem for path in GOLDEN.glob("*.json") if not path.name.endswith(".answer.json"))


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


def earlier(truth, plans):
    """A frame half a second ago, in which the first of ``plans`` was planned."""
    ego = truth.ego[None].copy()
    ego[:, 0] -= 0.5 * ego[:, 3]
    return PreviousPlans(np.array([T0_US - 500_000]), ego, plans[None, :1])


def busy_case(seed, count=4):
    truth, plans = busy_scene(seed), random_plans(seed + 1, count)
    return Case(f"busy {seed}", truth, plans, 0.5, earlier(truth, plans))


def scored(truth, plans):
    return score(SceneTruthBatch.prepare([truth]), plans[None], previous=earlier(truth, plans))


def moved_case(case, motion):
    """The same case elsewhere; the frame before moves too."""
    previous = case.previous
    if previous is not None:
        ego = np.array(previous.ego, np.float64)
        ego[:, :3] = poses_to_global(ego[:, :3], np.asarray(motion))
        previous = replace(previous, ego=ego)
    return replace(case, truth=moved(case.truth, motion), previous=previous)


def assert_same_elsewhere(case, motion, version="2.2"):
    """All discrete sub-scores are equal, unless rounding decides; EP and the score agree to 1e-6. Returns how many."""
    here, there = case.score(version), moved_case(case, motion).score(version)
    near = margins(case, SceneTruthBatch.prepare([case.truth]))
    compared = 0
    for kind, one, other in (("raw", here, there), ("filtered", here.filtered(), there.filtered())):
        for name in SUBSCORE_NAMES:
            sure = near[kind][name.upper()] > ROUNDING
            compared += int(sure.sum())
            values = [getattr(scores, name)[0].numpy()[sure] for scores in (one, other)]
            np.testing.assert_allclose(*values, rtol=0, atol=1e-6 if name == "ep" else 0, err_msg=f"{case.name} {name}")
        sure = near[kind]["EPDMS"] > ROUNDING
        np.testing.assert_allclose(one.epdms()[0, sure].numpy(), other.epdms()[0, sure].numpy(), rtol=0, atol=1e-6)
    return compared


@quick
@given(st.integers(0, 10_000), st.floats(-1e6, 1e6), st.floats(-5e6, 5e6), st.floats(-np.pi, np.pi))
def test_a_rigid_motion_of_the_world_changes_nothing(seed, x, y, angle):
    assert assert_same_elsewhere(busy_case(seed), (x, y, angle)) > 60


@pytest.mark.parametrize("version", VERSIONS)
def test_a_rigid_motion_changes_nothing_in_any_version(version):
    for seed in range(5):
        assert_same_elsewhere(busy_case(seed), (4.3e5, -3.1e6, 2.0), version)


@pytest.mark.parametrize("name", GOLDEN_NAMES)
def test_a_rigid_motion_changes_no_golden_scene(name):
    assert_same_elsewhere(read_case(GOLDEN / f"{name}.json"), random_motion(name))


def random_motion(name):
    """Up to 100 km away and turned at will; of each ``name`` its own."""
    rng = np.random.default_rng(list(name.encode()))
    return np.append(rng.uniform(-1e5, 1e5, 2), rng.uniform(-np.pi, np.pi))


def assert_cases_same_elsewhere(folder, part):
    compared = sum(
        assert_same_elsewhere(read_case(path), random_motion(name))
        for name, path in list(case_files(folder, recursive=True))[part]
    )
    assert compared > 0


def test_a_rigid_motion_changes_no_case(shared):
    assert_cases_same_elsewhere(shared / "epdms_cases", slice(0, None, 9))


@pytest.mark.slow
def test_a_rigid_motion_changes_none_of_all_cases(shared):
    assert_cases_same_elsewhere(shared / "epdms_cases", slice(None))


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


@pytest.mark.parametrize("version", VERSIONS)
def test_scenes_and_their_frames_before_are_judged_together_as_alone(version):
    cases = [busy_case(seed) for seed in range(4)]
    frames = [case.previous for case in cases]
    unknown = replace(frames[1], poses=np.full_like(frames[1].poses, np.nan))
    frames[1] = unknown
    plans, batch = np.stack([case.poses for case in cases]), SceneTruthBatch.prepare([case.truth for case in cases])
    together = score(batch, plans, version=version, previous=joined(frames))
    backwards = score(batch.select([3, 2, 1, 0]), plans[::-1].copy(), version=version, previous=joined(frames[::-1]))
    for b, (case, before) in enumerate(zip(cases, frames, strict=True)):
        alone = replace(case, previous=before).score(version)
        assert_same(row(together, b), alone, tolerance=0)
        assert_same(row(together.human, b), alone.human, tolerance=0)
        assert_same(row(backwards, 3 - b), alone, tolerance=0)


def row(scores, b):
    return SubScores.unstacked(scores.stacked()[b : b + 1])


def joined(frames):
    return PreviousPlans(*(np.concatenate([getattr(f, part) for f in frames]) for part in ("t0_us", "ego", "poses")))


@pytest.mark.parametrize("count", [1, 7, 64, 65, 200])
@pytest.mark.parametrize("threads", [1, 3])
def test_neither_company_nor_threads_change_a_plan(count, threads):
    batch, plans = SceneTruthBatch.prepare([busy_scene(3), busy_scene(5)]), random_plans(3, 200)
    order = np.random.default_rng(count).permutation(200)[:count]
    before = joined([earlier(busy_scene(3), plans), earlier(busy_scene(5), plans)])
    each = replace(before, poses=np.stack([plans[order]] * 2))
    usual = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        everything = score(batch, np.stack([plans] * 2), previous=replace(before, poses=np.stack([plans] * 2)))
        torch.set_num_threads(threads)
        some = score(batch, np.stack([plans[order]] * 2), previous=each)
        states = rollout(batch, np.stack([plans[order]] * 2))
    finally:
        torch.set_num_threads(usual)
    assert_same(some, SubScores.unstacked(everything.stacked()[:, order]), tolerance=0)
    assert states.equal(rollout(batch, np.stack([plans] * 2))[:, order])


def test_eight_thousand_plans_need_little_memory():
    """In a process of its own, whose greatest memory tells what the plans took."""
    grown = subprocess.run([sys.executable, "-c", MANY_PLANS], capture_output=True, text=True, check=True).stdout
    assert 0 <= float(grown) < 200  # MB


MANY_PLANS = """
import resource, sys
from irlvla.epdms import SceneTruthBatch, score
from tests.epdms.test_properties import busy_scene, earlier, random_plans
truth, plans = busy_scene(1), random_plans(1, 8192)
batch, before = SceneTruthBatch.prepare([truth]), earlier(truth, plans)
def megabytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
score(batch, plans[None, :64], previous=before)
usual = megabytes()
assert score(batch, plans[None], previous=before).nc.shape == (1, 8192)
print(megabytes() - usual)
"""


# --- prepared batches


def prepared_three():
    cases = [busy_case(seed) for seed in range(3)]
    plans = np.stack([case.poses for case in cases])
    return SceneTruthBatch.prepare([case.truth for case in cases]), plans, joined([case.previous for case in cases])


def test_a_prepared_batch_survives_pickling():
    batch = SceneTruthBatch.prepare([busy_scene(4)])
    plans = random_plans(4, 3)[None]
    assert_same(score(batch, plans), score(pickle.loads(pickle.dumps(batch)), plans), tolerance=0)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_saved_batch_is_the_batch(tmp_path, version):
    batch, plans, before = prepared_three()
    batch.save(tmp_path / "scenes.safetensors")
    loaded = SceneTruthBatch.load(tmp_path / "scenes.safetensors")
    ours, theirs = (score(each, plans, version=version, previous=before) for each in (batch, loaded))
    assert_same(ours, theirs, tolerance=0)
    assert_same(ours.human, theirs.human, tolerance=0)
    assert loaded.t0_us.tolist() == batch.t0_us.tolist()


def test_parts_of_batches_may_be_joined_and_saved(tmp_path):
    batch, plans, _ = prepared_three()
    mixed = SceneTruthBatch.cat([batch.select([2]), SceneTruthBatch.cat([batch.select([1, 1]), batch])])
    mixed.save(tmp_path / "scenes.safetensors")
    order = [2, 1, 1, 0, 1, 2]
    expected = SubScores.unstacked(score(batch, plans).stacked()[order])
    assert_same(score(SceneTruthBatch.load(tmp_path / "scenes.safetensors"), plans[order]), expected, tolerance=0)


def test_files_that_are_no_batch_of_this_judge_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "scenes.safetensors"
    with pytest.raises(InputError, match="cannot be read"):
        SceneTruthBatch.load(path)
    path.write_bytes(b"no safetensors")
    with pytest.raises(InputError, match="cannot be read"):
        SceneTruthBatch.load(path)
    path.write_bytes(safetensors.numpy.save({"rows": np.zeros(1)}))
    with pytest.raises(InputError, match="another version of the judge"):
        SceneTruthBatch.load(path)
    with monkeypatch.context() as patch:
        patch.setattr("irlvla.epdms.batch.CACHE_FOLDER", tmp_path / "other fingerprint")
        prepared_three()[0].save(path)
    with pytest.raises(InputError, match="another version of the judge"):
        SceneTruthBatch.load(path)


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
