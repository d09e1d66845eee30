from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional

from irlvla.errors import InputError
from irlvla.model import EgoMLP, ModelConfig, Policy, RewardWorldModel, auxiliary_loss, reward_loss
from irlvla.model.diffusion import add_noise, denormalise, normalise, smooth
from irlvla.model.policy import Denoised
from irlvla.scene import SubScores
from tests.model.made_up import ANCHORS, SMALL, inputs, policy, poses, reward_model, targets


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def noisy(scenes: int, seed: int = 0) -> torch.Tensor:
    noise = torch.randn(scenes, *ANCHORS.shape, generator=generator(seed))
    return add_noise(normalise(ANCHORS).expand(scenes, -1, -1, -1), 30, noise)


def labels(scenes: int, n: int) -> SubScores:
    values = torch.rand(scenes, n, 9, generator=generator(1), dtype=torch.float64)
    values[..., [0, 2]] = (2 * values[..., [0, 2]]).round() / 2
    values[..., [1, 3, 5, 6, 7, 8]] = values[..., [1, 3, 5, 6, 7, 8]].round()
    return SubScores.unstacked(values)


def without_gradient(model: nn.Module) -> set[str]:
    return {
        name
        for name, parameter in model.named_parameters()
        if parameter.requires_grad and (parameter.grad is None or not parameter.grad.any())
    }


@pytest.mark.parametrize(("scenes", "cameras"), [(1, 1), (2, 3), (3, 8)])
def test_shapes_for_any_batch_and_rig(scenes, cameras):
    batch = inputs(scenes, cameras)
    planner, judge = policy(), reward_model()
    tokens = planner.encode(batch)
    for name, count in (("meta", 2), ("bev", 48), ("map", 5), ("object", 6), ("ego", 1)):
        assert getattr(tokens, name).shape == (scenes, count, 32), name
    denoised = planner.denoise(tokens, noisy(scenes), 30)
    assert denoised.points.shape == (scenes, 5, 8, 2)
    assert denoised.logits.shape == planner.value(denoised.queries).shape == (scenes, 5)
    assert planner.plan(batch).shape == (scenes, 8, 3)
    scores = judge(batch, poses(scenes, 4))
    assert scores.stacked().shape == (scenes, 4, 9)
    assert ((scores.stacked() > 0) & (scores.stacked() < 1)).all()
    assert scores.epdms().shape == (scenes, 4)
    assert EgoMLP().plan(batch).shape == (scenes, 8, 3)


@pytest.mark.parametrize("n", [1, 5, 8, 10])
def test_any_number_of_proposals_most_confident_first(n):
    proposals = policy().propose(inputs(2), n, generator())
    assert proposals.poses.shape == (2, n, 8, 3)
    assert proposals.chain.shape == (2, n, 3, 8, 2)
    assert (proposals.confidence.diff(dim=1) <= 0).all()
    torch.testing.assert_close(normalise(proposals.poses[..., :2]), proposals.chain[:, :, -1])


def test_plans_are_reproducible_and_proposals_follow_their_generator():
    planner, batch = policy(), inputs(2)
    assert torch.equal(planner.plan(batch), planner.plan(batch))
    assert torch.equal(planner.propose(batch, 5, generator(3)).poses, planner.propose(batch, 5, generator(3)).poses)
    chains = [planner.propose(batch, 5, generator(seed)).chain for seed in (3, 4)]
    assert not torch.equal(*chains)


def test_scenes_of_a_batch_do_not_mix():
    planner, judge, batch = policy(), reward_model(), inputs(3)
    drives = poses(3)
    torch.testing.assert_close(planner.plan(batch)[1:2], planner.plan(batch.select([1])), rtol=1e-4, atol=1e-4)
    together = judge(batch, drives).stacked()[1:2]
    torch.testing.assert_close(together, judge(batch.select([1]), drives[1:2]).stacked(), rtol=1e-4, atol=1e-4)


def test_trajectories_of_a_scene_do_not_mix():
    planner, judge, batch = policy(), reward_model(), inputs(2)
    drives = poses(2, 6)
    all_at_once = judge(batch, drives).stacked()
    torch.testing.assert_close(all_at_once[:, 2:4], judge(batch, drives[:, 2:4]).stacked(), rtol=1e-4, atol=1e-5)
    tokens = planner.encode(batch)
    twice = torch.cat([noisy(2, 0), noisy(2, 1)], 1)
    torch.testing.assert_close(
        planner.denoise(tokens, twice, 30).points[:, 5:], planner.denoise(tokens, noisy(2, 1), 30).points
    )


def test_steps_may_differ_between_scenes():
    planner, batch = policy(), inputs(2)
    tokens = planner.encode(batch)
    mixed = planner.denoise(tokens, noisy(2), torch.tensor([10, 40])).points
    for scene, step in enumerate((10, 40)):
        torch.testing.assert_close(mixed[scene], planner.denoise(tokens, noisy(2), step).points[scene])
    assert not torch.allclose(mixed[0], planner.denoise(tokens, noisy(2), 40).points[0])


def test_known_features_of_half_precision_will_do():
    planner, batch = policy(), inputs(2)
    features = planner.features(batch)
    torch.testing.assert_close(planner.plan(batch, features), planner.plan(batch))
    torch.testing.assert_close(planner.plan(batch, features.half()), planner.plan(batch), rtol=0.05, atol=0.05)


def test_every_input_matters():
    planner, judge, batch, drives = policy(), reward_model(), inputs(1), poses(1, 1)
    for change in (
        {"images": 255 - batch.images},
        {"history": batch.history + 1},
        {"command": (batch.command + 1) % 4},
        {"camera_to_ego": batch.camera_to_ego.flip(1)},
    ):
        changed = replace(batch, **change)
        assert not torch.equal(planner.propose(batch, 5, generator()).confidence,
                               planner.propose(changed, 5, generator()).confidence), change.keys()  # fmt: skip
        assert not torch.equal(judge(batch, drives).stacked(), judge(changed, drives).stacked()), change.keys()


def test_gradients_reach_everything_but_the_frozen_trunk():
    batch, planner, judge = inputs(2), policy(), reward_model()
    tokens = planner.encode(batch)
    denoised: Denoised = planner.denoise(tokens, noisy(2), 30)
    loss = sum(auxiliary_loss(tokens.aux, targets(2, seed=2)).values())
    (loss + denoised.points.mean() + denoised.logits.mean() + planner.value(denoised.queries).mean()).backward()
    assert not without_gradient(planner)
    tokens = judge.encode(batch)
    loss = sum(reward_loss(judge.logits(tokens, poses(2)), labels(2, 7)).values())
    (loss + sum(auxiliary_loss(tokens.aux, targets(2, seed=2)).values())).backward()
    assert not without_gradient(judge)
    for model in (planner, judge):
        assert all(parameter.grad is None for parameter in model.encoder.trunk.parameters())


def test_a_free_trunk_learns_through_the_bev_look_up():
    planner = Policy(replace(SMALL, trunk_frozen=False), ANCHORS)
    batch = inputs(2)
    planner.denoise(planner.encode(batch), noisy(2), 30).points.mean().backward()
    assert not {name for name in without_gradient(planner) if "trunk" in name}


def test_policy_learns_eight_scenes_by_heart():
    planner, batch = policy().train(), inputs(8)
    features, speed = planner.features(batch), batch.history[:, -1, 3]
    human = smooth(poses(8, 1)[..., :2], speed).squeeze(1)
    starts = denormalise(planner.starts(planner.encode(batch, features)))
    nearest = (starts - human.unsqueeze(1)).norm(dim=-1).mean(-1).argmin(-1)
    chosen = functional.one_hot(nearest, 5).float()
    optimizer = torch.optim.AdamW([p for p in planner.parameters() if p.requires_grad], 5e-3)

    def loss(seed: int) -> torch.Tensor:
        tokens = planner.encode(batch, features)
        noise = torch.randn(8, 5, 8, 2, generator=torch.Generator().manual_seed(seed))
        denoised = planner.denoise(tokens, add_noise(planner.starts(tokens), 30, noise), 30)
        error = (denoised.points[torch.arange(8), nearest] - normalise(human)).abs().mean()
        return error + functional.binary_cross_entropy_with_logits(denoised.logits, chosen)

    first = loss(0).item()
    for seed in range(120):
        optimizer.zero_grad()
        loss(seed).backward()
        optimizer.step()
    assert loss(0).item() < 0.5 * first
    error = (planner.plan(batch)[..., :2] - human).norm(dim=-1).mean()
    assert error < 0.5 * (starts[torch.arange(8), nearest] - human).norm(dim=-1).mean()


def test_reward_model_learns_eight_scenes_by_heart():
    judge, batch, drives, truth = reward_model().train(), inputs(8), poses(8, 6), labels(8, 6)
    features = judge.features(batch)
    optimizer = torch.optim.AdamW([p for p in judge.parameters() if p.requires_grad], 5e-3)

    def loss() -> torch.Tensor:
        return sum(reward_loss(judge.logits(judge.encode(batch, features), drives), truth).values())

    first = loss().item()
    for _ in range(60):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
    assert loss().item() < 0.4 * first


@pytest.mark.parametrize("model", [policy(), reward_model()], ids=["policy", "reward"])
def test_saved_models_come_back_equal(model, tmp_path):
    model.save_pretrained(tmp_path / "model")
    again = type(model).from_pretrained(tmp_path / "model")
    assert not again.training
    batch = inputs(2)
    if isinstance(model, Policy):
        assert torch.equal(again.plan(batch), model.plan(batch))
    else:
        assert torch.equal(again(batch, poses()).stacked(), model(batch, poses()).stacked())


def test_unusable_folders_are_named(tmp_path):
    policy().save_pretrained(tmp_path)
    with pytest.raises(InputError, match="holds a Policy"):
        RewardWorldModel.from_pretrained(tmp_path)
    config = tmp_path / "config.json"
    config.write_text(config.read_text().replace('"dim": 32', '"dim": 64'))
    with pytest.raises(InputError, match="do not fit"):
        Policy.from_pretrained(tmp_path)
    config.write_text(config.read_text().replace('"dim"', '"width"'))
    with pytest.raises(InputError, match="dim, width"):
        Policy.from_pretrained(tmp_path)
    config.write_text("{}")
    with pytest.raises(InputError, match=r"config\.json"):
        Policy.from_pretrained(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(InputError, match=r"model\.safetensors is missing"):
        Policy.from_pretrained(tmp_path)


def test_a_name_that_no_hub_could_have_is_refused_without_asking():
    with pytest.raises(InputError, match="neither a folder"):
        Policy.from_pretrained("no/such/folder")


def test_anchors_must_fit():
    with pytest.raises(InputError, match="anchors"):
        Policy(SMALL, ANCHORS[:4])


def test_configuration_survives_json():
    assert ModelConfig.from_dict(SMALL.to_dict()) == SMALL
    with pytest.raises(InputError, match="colour"):
        ModelConfig.from_dict({**SMALL.to_dict(), "colour": 1})
