from dataclasses import replace

import numpy as np
import pytest
import torch

from irlvla.errors import InputError
from irlvla.evaluation.agents import constant_velocity, human
from irlvla.evaluation.benchmark import evaluate
from irlvla.scene import CameraRig, ObjectKind
from tests.scene import made_up

RIG = CameraRig.navsim(32, 18)


@pytest.fixture(scope="module")
def scenes():
    road = made_up.straight_road()
    lead = ((ObjectKind.VEHICLE, 26.0, 0.0, 0.0),)
    first = made_up.scene("first", objects=(), hdmap=road)
    second = made_up.scene("second", objects=(), hdmap=road)
    ego = second.truth.ego.copy()
    ego[0] += 4.0
    later = replace(second.truth, ego=ego, t0_us=first.truth.t0_us + 500_000)
    blocked = made_up.scene("blocked", objects=lead, hdmap=road)
    return [first, replace(second, truth=later, previous="first"), blocked]


def test_constant_velocity_goes_straight_on(scenes):
    poses = constant_velocity(scenes, None)
    np.testing.assert_allclose(poses[0, :, 0], 4.0 * np.arange(1, 9))
    assert torch.all(poses[..., 1:] == 0)


def test_the_human_agent_drives_what_was_driven(scenes):
    np.testing.assert_array_equal(human(scenes, None)[0], scenes[0].truth.human.poses)
    with pytest.raises(InputError, match="no human plan"):
        human([replace(scenes[0], truth=replace(scenes[0].truth, human=None))], None)


def test_rows_tell_raw_from_filtered_and_count_scenes(scenes):
    standing = {"human": human, "standing": lambda scenes, inputs: torch.zeros(len(scenes), 8, 3).double()}
    driven, stood = evaluate(standing, scenes, RIG)
    row = driven.row()
    assert (row["agent"], row["scenes"], row["scenes_with_ec"]) == ("human", 3, 1)
    assert row["raw"]["NC"] == pytest.approx(2 / 3)  # the human runs into the standing car
    assert row["NC"] == 1  # which the filter forgives
    assert row["raw"]["EPDMS"] < row["EPDMS"]
    assert stood.row()["raw"]["NC"] == 1
    assert stood.row()["raw"]["EP"] < driven.row()["raw"]["EP"]
    assert driven.epdms().shape == (3,)


def test_extended_comfort_is_judged_against_the_agent_s_own_earlier_plan(scenes):
    def jumpy(scenes, inputs):
        poses = constant_velocity(scenes, inputs)
        return torch.where(
            poses.new_tensor([s.token == "second" for s in scenes]).view(-1, 1, 1) > 0, 0.3 * poses, poses
        )

    steady, rough = evaluate({"steady": constant_velocity, "jumpy": jumpy}, scenes, RIG)
    assert steady.scores.ec.isnan().flatten().tolist() == [True, False, True]
    assert steady.scores.ec[1].item() == 1
    assert rough.scores.ec[1].item() == 0


def test_two_stages_multiply_a_frame_with_its_followers(scenes):
    first, second, _ = scenes
    after = {}
    for name, leader, previous in (("p", first, None), ("n", second, "p")):
        ego = leader.truth.ego.copy()
        ego[0] += 32.0
        truth = replace(leader.truth, ego=ego, t0_us=leader.truth.t0_us + 4_000_000)
        after[name] = replace(leader, token=name, previous=previous, follows=leader.token, truth=truth)
    judged = evaluate({"steady": constant_velocity}, [first, second, *after.values()], RIG)[0]
    row = judged.row()
    assert row["scenes"] == 2
    assert row["two_stage"]["pairs"] == 1
    scores = judged.epdms().numpy()
    shared = scores.copy()  # both frames of a pair have the later one's extended comfort
    assert judged.scores.ec[1].item() == judged.scores.ec[3].item() == 1
    for early, late in ((0, 1), (2, 3)):
        assert scores[early] <= scores[late] + 1e-9
        without = judged.scores.filtered()
        mean = (14 * without.epdms(with_ec=False)[early].item() + 2 * 1.0) / 16
        shared[early] = mean
    assert row["two_stage"]["EPDMS"] == pytest.approx((shared[0] * shared[2] + shared[1] * shared[3]) / 2)
    assert "two_stage" not in evaluate({"steady": constant_velocity}, scenes, RIG)[0].row()


def test_followers_have_no_human_to_forgive_by(scenes):
    blocked = scenes[2]
    follower = replace(blocked, token="after", follows="blocked")
    driven = evaluate({"human": human}, [blocked, follower], RIG)[0]
    forgiven = driven.scores.filtered().nc.squeeze(1).tolist()
    assert forgiven == [1.0, 0.0]


def test_traffic_that_reacts_is_another_question_and_the_stamp_says_which(scenes):
    """A car that was recorded standing drives off when it follows its lane, and is not run into."""
    lead = ((ObjectKind.VEHICLE, 32.0, 0.0, 0.0),)
    ahead = made_up.scene("ahead", objects=lead, hdmap=scenes[0].truth.map)
    replayed, reacting = (
        evaluate({"steady": constant_velocity}, [ahead], RIG, traffic)[0] for traffic in ("log-replay", "reactive-idm")
    )
    assert (replayed.scores.nc.item(), reacting.scores.nc.item()) == (0.0, 1.0)
    assert (replayed.stamp("some")["traffic"], reacting.stamp("some")["traffic"]) == ("log-replay", "reactive-idm")
