"""Plans among traffic of their own: log replay is the plain score, and what answers to the ego spares it."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from irlvla.epdms import PreviousPlans, SceneTruthBatch, read_case, rollout, score, score_in_traffic
from irlvla.epdms.doctor import GOLDEN
from irlvla.epdms.traffic import prepare_traffic
from irlvla.errors import InputError
from tests.epdms.made_up import box, straight_plan
from tests.epdms.traffic_scenes import road

NAMES = sorted(path.stem for path in GOLDEN.glob("*.json") if not path.name.endswith(".answer.json"))


def same(ours, theirs):
    torch.testing.assert_close(ours.stacked(), theirs.stacked(), equal_nan=True, rtol=0, atol=1e-12)
    torch.testing.assert_close(ours.human.stacked(), theirs.human.stacked(), equal_nan=True, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("version", ["2.2", "2.0"])
def test_log_replay_is_the_plain_score(name, version):
    case = read_case(GOLDEN / f"{name}.json")
    plain = score(
        SceneTruthBatch.prepare([case.truth]), case.poses[None], case.interval, version, previous=case.previous
    )
    same(score_in_traffic([case.truth], case.poses[None], "log-replay", case.interval, version, case.previous), plain)


def test_scenes_and_their_previous_frames_are_kept_apart():
    cases = [read_case(GOLDEN / f"{name}.json") for name in NAMES]
    cases = [case for case in cases if case.previous is not None and case.poses.shape[1] == 8][:2]
    count = min(len(case.poses) for case in cases)
    poses = np.stack([case.poses[:count] for case in cases])
    previous = PreviousPlans(
        *(np.concatenate([np.asarray(getattr(case.previous, part)) for case in cases]) for part in ("t0_us", "ego")),
        np.concatenate([np.asarray(case.previous.poses)[:, :1] for case in cases]),
    )
    truths = [case.truth for case in cases]
    plain = score(SceneTruthBatch.prepare(truths), poses, previous=previous)
    same(score_in_traffic(truths, poses, "log-replay", previous=previous), plain)


def test_each_plan_meets_its_own_traffic_and_so_do_reference_and_human():
    truth = road(
        [box("behind", -14, 0, vx=10), box("ahead", 30, 0, vx=6), box("left", -20, 4, vx=12)],
        human=straight_plan(9.0),
    )
    plans = np.stack([straight_plan(speed) for speed in (2.0, 8.0, 10.0)])
    ours = score_in_traffic([truth], plans[None], "reactive-idm")
    traffic = prepare_traffic("reactive-idm", truth)
    states = rollout(SceneTruthBatch.prepare([truth]), plans[None])[0].numpy()
    alone = [
        score(SceneTruthBatch.prepare([replace(truth, tracks=tracks)]), plans[None, n : n + 1])
        for n, tracks in enumerate(traffic.beside(states))
    ]
    for n, expected in enumerate(alone):
        torch.testing.assert_close(ours.stacked()[:, n : n + 1], expected.stacked(), equal_nan=True, rtol=0, atol=1e-12)
    human = SceneTruthBatch.prepare([truth])
    driven = rollout(human, truth.human.poses[None, None], truth.human.interval)[0].numpy()
    among = SceneTruthBatch.prepare([replace(truth, tracks=traffic.beside(driven)[0])])
    expected = score(among, plans[None, :1]).human
    torch.testing.assert_close(ours.human.stacked(), expected.stacked(), equal_nan=True, rtol=0, atol=1e-12)


def test_traffic_that_reacts_stays_behind_an_ego_that_brakes():
    truth = road([box("behind", -12, 0, vx=10)])
    plans = straight_plan(5.0)[None, None]
    states = rollout(SceneTruthBatch.prepare([truth]), plans)[0].numpy()
    gaps = {}
    for policy in ("log-replay", "reactive-idm"):
        [tracks] = prepare_traffic(policy, truth).beside(states)
        gaps[policy] = (states[0, :, 0] - tracks.poses[0, :, 0])[tracks.valid[0]].min()
    assert gaps["log-replay"] < 0 < gaps["reactive-idm"]


def test_an_unknown_policy_and_missing_plans_are_refused():
    case = read_case(GOLDEN / "standstill.json")
    with pytest.raises(InputError, match="'angry' is not known"):
        score_in_traffic([case.truth], case.poses[None], "angry", case.interval)
    with pytest.raises(InputError, match="give plans for each"):
        score_in_traffic([case.truth, case.truth], case.poses[None], "log-replay", case.interval)
