"""How the reward world model is taught: the judge's sub-scores as classes and probabilities."""

import torch
from torch import Tensor
from torch.nn import functional

from irlvla.model.reward_model import RewardLogits
from irlvla.scene import SubScores

WEIGHTS = {
    "nc": 0.1, "dac": 0.4, "ddc": 0.1, "tlc": 0.1, "ep": 0.1, "ttc": 0.2, "lk": 0.2, "hc": 0.2, "ec": 0.2, "joint": 0.1
}  # fmt: skip
"""What each head counts for (DiffVLA's published weights; EC and the joint head are ours)."""


def reward_loss(logits: RewardLogits, labels: SubScores) -> dict[str, Tensor]:
    """All terms, weighted: their sum is the loss.

    NC and DDC are classes (twice the score), EP a share with squared error, the others probabilities; EC counts only
    where it is known (not NaN), and ``joint`` is whether all four multipliers are 1.

    Args:
        logits: of ``N`` trajectories in ``B`` scenes.
        labels: the judge's sub-scores ``[B, N]``.
    """
    terms = {}
    for name in ("nc", "ddc"):
        classes = (2 * getattr(labels, name)).round().long()
        terms[name] = functional.cross_entropy(getattr(logits, name).flatten(0, 1), classes.flatten())
    for name in ("dac", "tlc", "ttc", "lk", "hc"):
        terms[name] = _binary(getattr(logits, name), getattr(labels, name))
    terms["ep"] = functional.mse_loss(logits.ep.sigmoid(), labels.ep.to(logits.ep.dtype))
    known = ~torch.isnan(labels.ec)
    terms["ec"] = (_binary(logits.ec, labels.ec.nan_to_num(), "none") * known).sum() / known.sum().clamp(min=1)
    terms["joint"] = _binary(logits.joint, labels.multiplier() == 1)
    return {name: WEIGHTS[name] * term for name, term in terms.items()}


def _binary(logits: Tensor, labels: Tensor, reduction: str = "mean") -> Tensor:
    return functional.binary_cross_entropy_with_logits(logits, labels.to(logits.dtype), reduction=reduction)
