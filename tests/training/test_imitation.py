import numpy as np
import pytest
import torch

from irlvla.errors import InputError
from irlvla.model import diffusion
from irlvla.scene import CameraRig
from irlvla.training.data import SceneSet
from irlvla.training.imitation import (
    ImitationConfig,
    anchors_of,
    focal,
    imitation_loss,
    nearest_anchor,
    train_ego_mlp,
    train_imitation,
    typical,
)
from irlvla.training.loop import Run
from tests.training.conftest import CONFIG


def test_typical_plans_are_spread_over_the_plans(data):
    anchors = typical(data.human, 4, seed=0)
    assert anchors.shape == (4, 8, 2)
    speeds = anchors[:, -1, 0].sort().values / 4
    assert speeds[0] >= 2
    assert speeds[-1] <= 15
    assert (speeds.diff() > 1).all()


def test_anchors_depart_from_going_straight_on(data):
    ends = anchors_of(data, 4, seed=0)[:, -1]
    assert ends[:, 0].sort().values.tolist() == pytest.approx([-4, 0, 4, 8], abs=1e-3)  # half a t^2
    assert ends[:, 1].abs().max() < 1e-4


def test_the_nearest_anchor_is_nearest():
    starts = diffusion.normalise(torch.tensor([0.0, 10, 30]).view(1, 3, 1, 1).expand(1, 3, 8, 2))
    assert nearest_anchor(starts, torch.full((1, 8, 2), 17.0)).tolist() == [1]


def test_focal_loss_is_the_published_formula():
    logits, target = torch.tensor([[0.3, -1.2]]), torch.tensor([[1.0, 0.0]])
    p = 1 / (1 + np.exp(-logits.numpy()[0]))
    expected = -0.25 * (1 - p[0]) ** 2 * np.log(p[0]) - 0.75 * p[1] ** 2 * np.log(1 - p[1])
    assert focal(logits, target).item() == pytest.approx(expected)


def test_a_batch_holds_the_scenes_asked_for(data):
    batch = data.batch([3, 0])
    assert torch.equal(batch.human, data.human[[3, 0]])
    assert batch.inputs.history[0, -1, 3] == 5.0
    assert batch.features.dtype == torch.float32
    assert torch.equal(batch.targets.boxes, data.targets.boxes[[3, 0]])


def test_no_scenes_are_no_training_set():
    with pytest.raises(InputError, match="has no scene"):
        SceneSet.load([], CameraRig.navsim(64, 36), None, CONFIG)


def test_imitation_learns_the_human_s_speed(tmp_path, data, policy):
    run = Run(tmp_path)
    config = ImitationConfig(steps=150, batch=12, lr=3e-3)
    batch = data.batch(range(len(data)))
    before = imitation_loss(policy, batch, run.generator("test"), config)["regression"]
    policy = train_imitation(run, data, config, policy)
    with torch.no_grad():
        after = imitation_loss(policy, batch, run.generator("test"), config)["regression"]
        error = (policy.plan(batch.inputs, batch.features)[..., :2] - batch.human).norm(dim=-1).mean()
    assert after < 0.5 * before
    assert error < 2.5
    records = run.records("imitation")
    assert len(records) == 150
    assert {"loss", "regression", "classification", "auxiliary"} < set(records[0])


def test_the_ego_mlp_learns_to_keep_speed(tmp_path, data):
    mlp = train_ego_mlp(Run(tmp_path), data, steps=600)
    plans = mlp.plan(data.inputs)
    assert plans.shape == (12, 8, 3)
    assert (plans[..., :2] - data.human).norm(dim=-1).mean() < 1.7
    assert diffusion.headings(plans[..., :2]).abs().max() < 0.5
