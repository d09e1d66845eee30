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
