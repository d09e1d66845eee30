from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment

from irlvla.model import RewardLogits, auxiliary_loss, reward_loss
from irlvla.model.auxiliary import match
from irlvla.model.bev import BEVRegion
from irlvla.model.encoder import Auxiliary
from irlvla.model.perception import NO_LINE, NO_OBJECT, Perceived
from irlvla.model.reward_loss import WEIGHTS
from irlvla.model.reward_model import HEADS
from irlvla.scene import SubScores
from tests.model.made_up import SMALL, inputs, policy, targets

SURE = 30.0


def one_hot(kinds: torch.Tensor, classes: int) -> torch.Tensor:
    return SURE * (2 * torch.nn.functional.one_hot(kinds, classes).float() - 1)


def perfect(truth) -> Auxiliary:
    """The predictions that are exactly ``truth``, its queries in another order and with one more that is empty."""
    scenes = len(truth.speed)
    centers = BEVRegion(SMALL).centers()
    heat = torch.full((scenes, *SMALL.bev_cells), -SURE)
    cells = (truth.boxes[:, :, None, :2] - centers.flatten(0, 1)).square().sum(-1).argmin(-1)
    for scene, there in enumerate(truth.object_mask):
        heat.view(scenes, -1)[scene, cells[scene, there]] = SURE
    kinds = torch.where(truth.object_mask, truth.kinds, NO_OBJECT)
    line_kinds = torch.where(truth.line_mask, truth.line_kinds, NO_LINE)
    return Auxiliary(
        Perceived(
            object_logits=torch.cat([one_hot(kinds, 8), one_hot(torch.full((scenes, 1), NO_OBJECT), 8)], 1).flip(1),
            boxes=torch.cat([truth.boxes, torch.zeros(scenes, 1, 8)], 1).flip(1),
            heat=heat,
            centers=centers,
            line_logits=one_hot(line_kinds, 5).flip(1),
            lines=truth.lines.flip(1),
            areas=SURE * (2 * truth.areas - 1),
        ),
        speed=one_hot(truth.speed, 4),
        path=one_hot(truth.path, 5),
    )


def test_perfect_predictions_cost_nothing():
    truth = targets(3)
    losses = auxiliary_loss(perfect(truth), truth)
    assert set(losses) == {"heat", "object_class", "box", "line_class", "line", "areas", "speed", "path"}
    for name, loss in losses.items():
        assert loss < 1e-6, name


def test_a_line_drawn_backwards_is_the_same_line():
    truth = targets(2)
    turned = replace(truth, lines=truth.lines.flip(2))
    assert auxiliary_loss(perfect(truth), turned)["line"] < 1e-6


@pytest.mark.parametrize(
    ("name", "worse"),
    [
        ("box", {"boxes": lambda v: v + 1}),
        ("object_class", {"object_logits": lambda v: v.roll(1, -1)}),
        ("line", {"lines": lambda v: v + 1}),
        ("line_class", {"line_logits": lambda v: v.roll(1, -1)}),
        ("heat", {"heat": lambda v: -v}),
        ("areas", {"areas": lambda v: -v}),
    ],
)
def test_each_term_sees_its_own_mistake(name, worse):
    truth = targets(2)
    seen = perfect(truth)
    (field, change), *_ = worse.items()
    spoiled = replace(seen, perceived=replace(seen.perceived, **{field: change(getattr(seen.perceived, field))}))
    assert auxiliary_loss(spoiled, truth)[name] > 0.1


def test_padding_costs_nothing_whatever_it_holds():
    truth = targets(2)
    aux = policy().encode(inputs(2)).aux
    boxes, lines = truth.boxes.clone(), truth.lines.clone()
    boxes[~truth.object_mask], lines[~truth.line_mask] = 7.0, -9.0
    other = replace(truth, boxes=boxes, lines=lines)
    for name, loss in auxiliary_loss(aux, other).items():
        torch.testing.assert_close(loss, auxiliary_loss(aux, truth)[name])


def test_empty_scenes_and_crowded_scenes_are_finite():
    truth = targets(2)
    none = replace(truth, object_mask=torch.zeros_like(truth.object_mask), line_mask=torch.zeros_like(truth.line_mask))
    crowd = truth.map(lambda t: t.repeat(1, 5, *[1] * (t.dim() - 2)) if t.shape[1:2] in ((4,), (3,)) else t)
    aux = policy().encode(inputs(2)).aux
    for case in (none, crowd):
        assert all(loss.isfinite() for loss in auxiliary_loss(aux, case).values())
    assert auxiliary_loss(aux, none)["box"] == 0


def test_matching_is_the_cheapest():
    cost = torch.rand(1, 6, 4, generator=torch.Generator().manual_seed(0))
    scene, query, target = match(cost, torch.tensor([[True, False, True, True]]))
    rows, columns = linear_sum_assignment(cost[0, :, [0, 2, 3]])
    assert scene.tolist() == [0, 0, 0]
    assert query.tolist() == rows.tolist()
    assert target.tolist() == np.array([0, 2, 3])[columns].tolist()


def reward_logits(**given: list) -> RewardLogits:
    """One scene, one trajectory; zero logits where nothing is given."""
    return RewardLogits(
        **{
            name: torch.tensor(given.get(name, [0.0] * width)).view(1, 1, *([width] if width > 1 else []))
            for name, width in HEADS.items()
        }
    )


def test_expected_scores_by_hand():
    logits = reward_logits(nc=np.log([0.5, 0.2, 0.3]).tolist(), ddc=np.log([0.1, 0.6, 0.3]).tolist(),
                           dac=[np.log(3.0)], joint=[np.log(4.0)])  # fmt: skip
    expected = logits.expected()
    np.testing.assert_allclose(expected.nc, 0.5 * 0.2 + 0.3, rtol=1e-5)
    np.testing.assert_allclose(expected.ddc, 0.5 * 0.6 + 0.3, rtol=1e-5)
    np.testing.assert_allclose(expected.dac, 0.75, rtol=1e-5)
    np.testing.assert_allclose(expected.ttc, 0.5, rtol=1e-5)
    np.testing.assert_allclose(expected.epdms(), 0.4 * 0.75 * 0.6 * 0.5 * 0.5, rtol=1e-5)
    np.testing.assert_allclose(logits.joint_epdms(), 0.8 * 0.5, rtol=1e-5)


def test_a_confident_collision_scores_low():
    """The fault of scoring by the largest class probability would give 1 here."""
    assert reward_logits(nc=[9.0, 0.0, 0.0]).expected().nc < 0.01


def test_reward_loss_is_least_for_the_truth_and_leaves_unknown_comfort_out():
    truth = SubScores.unstacked(torch.tensor([[[0.5, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0, torch.nan]]]))
    sure = {"nc": [-SURE, SURE, -SURE], "ddc": [SURE, -SURE, -SURE], "joint": [-SURE], "ec": [3.0]}
    for name in ("dac", "tlc", "ep", "ttc", "lk", "hc"):
        sure[name] = [SURE if getattr(truth, name).item() == 1 else -SURE]
    losses = reward_loss(reward_logits(**sure), truth)
    assert set(losses) == set(WEIGHTS)
    assert all(loss < 1e-6 for loss in losses.values())
    for name in WEIGHTS:
        wrong = reward_loss(reward_logits(**{**sure, name: [-v for v in sure[name]]}), truth)
        assert (wrong[name] > 0.09) == (name != "ec"), name


def test_joint_head_is_taught_the_event_that_all_multipliers_are_one():
    values = torch.ones(1, 1, 9)
    sure = reward_logits(joint=[SURE])
    assert reward_loss(sure, SubScores.unstacked(values))["joint"] < 1e-6
    values[..., 2] = 0.5
    assert reward_loss(sure, SubScores.unstacked(values))["joint"] > 1
