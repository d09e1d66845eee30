"""Bilinear sampling of feature maps as one gather-and-add, the operation under BEV lifting and BEV look-ups.

``torch.nn.functional.embedding_bag`` reads only the taps that are asked for; ``grid_sample`` would read every camera
for every point and is over ten times slower on a CPU.
"""

import torch
from torch import Tensor
from torch.nn import functional


def bilinear_taps(u: Tensor, v: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Where in a map a point lies.

    Args:
        u, v: ``[...]`` column and row in cells, cell centres at half integers; points outside are moved to the border.
        height, width: size of the map in cells.

    Returns:
        Flat cell indices ``[..., 4]`` (int64) and weights ``[..., 4]`` that sum to one.
    """
    u, v = (u - 0.5).clamp(0, width - 1), (v - 0.5).clamp(0, height - 1)
    column, row = u.detach().floor().clamp(max=max(width - 2, 0)), v.detach().floor().clamp(max=max(height - 2, 0))
    right, below = u - column, v - row
    left, above = 1 - right, 1 - below
    weights = torch.stack([left * above, right * above, left * below, right * below], -1)
    first = (row * width + column).long()
    step_u, step_v = min(1, width - 1), width * min(1, height - 1)
    steps = torch.tensor([0, step_u, step_v, step_u + step_v], device=u.device)
    return first.unsqueeze(-1) + steps, weights


def gather(table: Tensor, indices: Tensor, weights: Tensor) -> Tensor:
    """Weighted sums of rows.

    Args:
        table: ``[R, F]``.
        indices, weights: ``[..., taps]``; differentiable in ``table`` and ``weights``.

    Returns:
        ``[..., F]``.
    """
    taps = indices.shape[-1]
    bags = functional.embedding_bag(
        indices.reshape(-1, taps), table, per_sample_weights=weights.reshape(-1, taps).to(table.dtype), mode="sum"
    )
    return bags.unflatten(0, indices.shape[:-1])
