import torch

from irlvla.epdms import SceneTruthBatch, score
from irlvla.model import RewardWorldModel
from irlvla.scene import SubScores
from irlvla.training.labels import KINDS, Labels, judge, make_labels, perturbed, policy_samples
from irlvla.training.loop import Run
from irlvla.training.reward import RewardConfig, draw, train_reward
from tests.training.conftest import CONFIG


def test_perturbed_plans_stay_within_their_bounds():
    human = torch.zeros(3, 8, 2)
    human[..., 0] = 4.0 * torch.arange(1, 9)
    plans = perturbed(human, 200, torch.Generator().manual_seed(0))
    end = plans[:, :, -1]
    reach = end.norm(dim=-1)
    assert plans.shape == (3, 200, 8, 2)
    assert 0.69 * 32 < reach.min() < 0.8 * 32
    assert 1.2 * 32 < reach.max() < 1.31 * 32 + 2
    assert 4 < end[..., 1].abs().max() < 32 * 1.3 * 0.26 + 2
    assert plans[:, :, 0, 1].abs().max() < 4.0 * 1.3 * 0.26 + 0.2  # the first pose hardly moves aside


def test_labels_are_what_the_judge_says(tmp_path, data, policy):
    run = Run(tmp_path)
    labels = make_labels(run, data, policy, vocabulary=6, per_step=2, around=4)
    assert labels.poses.shape == (12, 6 + 3 * 2 + 4, 8, 3)
    assert torch.bincount(labels.kinds).tolist() == [6, 6, 4]
    assert len(KINDS) == 3
    scene = data.scenes[7]
    truth = SceneTruthBatch.prepare([scene.truth])
    exact = score(truth, labels.poses[7:8]).stacked().float()
    torch.testing.assert_close(labels.scores[7:8], exact, equal_nan=True)
    assert 0 < labels.scores[..., 0].mean() < 1  # some run into the car ahead, some do not

    again = make_labels(run, data, policy, vocabulary=3)
    assert torch.equal(again.poses, labels.poses)  # read from the run's folder
    both = Labels.cat([labels, again])
    assert both.poses.shape[1] == 2 * labels.poses.shape[1]


def test_samples_come_from_every_state_of_the_chain(tmp_path, data, policy):
    poses = policy_samples(Run(tmp_path), data, policy, per_step=2, purpose="x")
    assert poses.shape == (12, 6, 8, 3)
    assert torch.equal(poses, policy_samples(Run(tmp_path), data, policy, per_step=2, purpose="x"))
    assert not torch.allclose(poses[:, :2], poses[:, 4:])


def test_extended_comfort_is_judged_against_the_human_s_earlier_plan(data):
    poses = torch.zeros(1, 1, 8, 3)
    assert judge(data.scenes[:1], poses, {}).ec.isnan().all()


def test_the_reward_model_learns_the_verdicts(tmp_path, data, policy):
    run = Run(tmp_path)
    labels = make_labels(run, data, policy, vocabulary=12, per_step=2, around=12)
    torch.manual_seed(2)
    model = RewardWorldModel(CONFIG)
    config = RewardConfig(steps=80, batch=12, candidates=24, lr=3e-3)

    def error() -> torch.Tensor:
        with torch.no_grad():
            believed = model(data.inputs, labels.poses, data.features.float()).epdms(with_ec=False)
        return (believed - SubScores.unstacked(labels.scores).epdms(with_ec=False)).abs().mean()

    before = error()
    train_reward(run, data, labels, config, model)
    assert error() < 0.6 * before


def test_candidates_are_drawn_without_repetition(data):
    count = 30
    labels = Labels(torch.arange(12.0 * count).view(12, count, 1, 1).expand(12, count, 8, 3), torch.rand(12, count, 9),
                    torch.zeros(count))  # fmt: skip
    poses, exact = draw(labels, [3, 5], 10, torch.Generator().manual_seed(0))
    picked = poses[..., 0, 0].long()
    assert all(len(set(row.tolist())) == 10 for row in picked)
    assert torch.equal(picked // count, torch.tensor([[3] * 10, [5] * 10]))
    assert torch.equal(exact, labels.scores.flatten(0, 1)[picked])
