"""Auxiliary losses: what the tokens should have seen, matched one to one with what is there."""

from collections.abc import Callable
from dataclasses import dataclass, fields

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torch.nn import functional

from irlvla.model.encoder import Auxiliary
from irlvla.model.perception import NO_LINE, NO_OBJECT

WEIGHTS = {
    "heat": 1.0, "object_class": 1.0, "box": 1.0, "line_class": 0.5, "line": 0.5, "areas": 2.0,
    "speed": 0.2, "path": 0.2,
}  # fmt: skip
"""What each term counts for in the sum."""
BOX_SCALE = (2.0, 2.0, 0.5, 0.5, 0.5, 0.5, 3.0, 3.0)
"""Error of x, y [m], cos, sin, log length, log width, vx, vy [m/s] that costs one."""
LINE_SCALE = 4.0
"""Mean error of a line's points [m] that costs one."""
HEAT_RADIUS = 1.5
"""Spread of the heat around an object's centre [m]."""
EMPTY_WEIGHT = 0.2
"""What a query that should find nothing counts for."""


@dataclass(frozen=True)
class AuxiliaryTargets:
    """What is there in ``B`` scenes; ego frame of now. Padded with anything where a mask is False; M and L
    are at least 1.

    Attributes:
        boxes: ``[B, M, 8]`` float32 objects inside the BEV region at "now", the nearest first where there are more
            than can be kept: centre x, y [m], cos and sin of the heading, log of length and of width [m], velocity vx,
            vy [m/s].
        kinds: ``[B, M]`` int64, :class:`~irlvla.scene.ObjectKind`.
        object_mask: ``[B, M]`` bool.
        lines: ``[B, L, P, 2]`` float32 map lines cut to the BEV region, ``map_points`` points equally spaced along
            each, in either direction.
        line_kinds: ``[B, L]`` int64, :class:`~irlvla.model.MapLine`.
        line_mask: ``[B, L]`` bool.
        areas: ``[B, 2, rows, columns]`` float32 in [0, 1], the share of each BEV cell (``BEVRegion.centers``) that is
            drivable and that is intersection (:class:`~irlvla.model.Area`); 0 or 1 at its centre will do.
        speed: ``[B]`` int64, :class:`~irlvla.scene.SpeedAction`.
        path: ``[B]`` int64, :class:`~irlvla.scene.PathAction`.
    """

    boxes: Tensor
    kinds: Tensor
    object_mask: Tensor
    lines: Tensor
    line_kinds: Tensor
    line_mask: Tensor
    areas: Tensor
    speed: Tensor
    path: Tensor

    def map(self, f: Callable[[Tensor], Tensor]) -> "AuxiliaryTargets":
        """The targets with ``f`` applied to each tensor."""
        return AuxiliaryTargets(**{field.name: f(getattr(self, field.name)) for field in fields(self)})


def match(cost: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Cheapest one-to-one pairs of queries and targets, scene by scene (Hungarian method).

    Args:
        cost: ``[B, Q, M]``.
        mask: ``[B, M]`` bool, which targets exist.

    Returns:
        Scene, query and target of each pair, three index tensors.
    """
    costs, masks = cost.detach().float().cpu().numpy(), mask.cpu().numpy()
    pairs = []
    for scene, (matrix, there) in enumerate(zip(costs, masks, strict=True)):
        existing = there.nonzero()[0]
        queries, targets = linear_sum_assignment(matrix[:, existing])
        pairs += [(scene, query, existing[target]) for query, target in zip(queries, targets, strict=True)]
    indices = torch.tensor(pairs, dtype=torch.long).reshape(-1, 3).to(cost.device)
    return indices[:, 0], indices[:, 1], indices[:, 2]


def heat_loss(logits: Tensor, targets: AuxiliaryTargets, centers: Tensor) -> Tensor:
    """Focal loss of the heat map against a bump at each object's centre (CenterNet), an object.

    Args:
        logits: ``[B, rows, columns]``.
        targets: what is there.
        centers: ``[rows, columns, 2]`` cell centres [m].
    """
    logits = logits.flatten(1)
    there = targets.object_mask
    squared = (targets.boxes[:, :, None, :2] - centers.flatten(0, 1)).square().sum(-1)
    bumps = torch.where(there.unsqueeze(-1), torch.exp(-squared / (2 * HEAT_RADIUS**2)), 0.0).amax(1)
    peak = torch.zeros_like(logits).scatter_reduce_(1, squared.argmin(-1), there.to(logits), "amax")
    probability = logits.sigmoid()
    found = -functional.logsigmoid(logits) * (1 - probability).square() * peak
    nothing = -functional.logsigmoid(-logits) * probability.square() * (1 - bumps).pow(4) * (1 - peak)
    return (found + nothing).sum() / there.sum().clamp(min=1)


def _classes(logits: Tensor, kinds: Tensor, nothing: int) -> Tensor:
    """Cross-entropy of ``logits [B, Q, classes]``, the mean with empty queries turned down."""
    weight = torch.where(kinds == nothing, EMPTY_WEIGHT, 1.0)
    entropy = functional.cross_entropy(logits.transpose(1, 2), kinds, reduction="none")
    return (entropy * weight).sum() / weight.sum()


def object_losses(logits: Tensor, boxes: Tensor, targets: AuxiliaryTargets) -> tuple[Tensor, Tensor]:
    """Class and box loss of ``logits [B, Q, 8]`` and ``boxes [B, Q, 8]`` after matching."""
    scale = boxes.new_tensor(BOX_SCALE)
    distance = torch.cdist(boxes[..., :2] / scale[:2], targets.boxes[..., :2] / scale[:2], p=1)
    probability = logits.softmax(-1).gather(2, targets.kinds.unsqueeze(1).expand(-1, logits.shape[1], -1))
    scene, query, target = match(distance - 2 * probability, targets.object_mask)
    kinds = torch.full_like(logits[..., 0], NO_OBJECT, dtype=torch.long)
    kinds[scene, query] = targets.kinds[scene, target]
    error = ((boxes[scene, query] - targets.boxes[scene, target]) / scale).abs()
    return _classes(logits, kinds, NO_OBJECT), error.sum() / max(len(scene), 1) / len(BOX_SCALE)


def line_losses(logits: Tensor, lines: Tensor, targets: AuxiliaryTargets) -> tuple[Tensor, Tensor]:
    """Class and point loss of ``logits [B, Q, 5]`` and ``lines [B, Q, P, 2]`` after matching.

    A line drawn from its other end is the same line: the nearer direction counts.
    """
    flat = lines.flatten(2) / LINE_SCALE
    forward, backward = targets.lines.flatten(2) / LINE_SCALE, targets.lines.flip(2).flatten(2) / LINE_SCALE
    points = flat.shape[-1]
    distances = torch.stack([torch.cdist(flat, way, p=1) for way in (forward, backward)]) / points
    probability = logits.softmax(-1).gather(2, targets.line_kinds.unsqueeze(1).expand(-1, logits.shape[1], -1))
    nearer = distances.amin(0)
    scene, query, target = match(nearer - probability, targets.line_mask)
    kinds = torch.full_like(logits[..., 0], NO_LINE, dtype=torch.long)
    kinds[scene, query] = targets.line_kinds[scene, target]
    return _classes(logits, kinds, NO_LINE), nearer[scene, query, target].sum() / max(len(scene), 1)


def auxiliary_loss(aux: Auxiliary, targets: AuxiliaryTargets) -> dict[str, Tensor]:
    """All auxiliary terms, weighted: their sum is the loss.

    Args:
        aux: the encoder's predictions.
        targets: what is there.
    """
    seen = aux.perceived
    object_class, box = object_losses(seen.object_logits, seen.boxes, targets)
    line_class, line = line_losses(seen.line_logits, seen.lines, targets)
    terms = {
        "heat": heat_loss(seen.heat, targets, seen.centers),
        "object_class": object_class,
        "box": box,
        "line_class": line_class,
        "line": line,
        "areas": functional.binary_cross_entropy_with_logits(seen.areas, targets.areas),
        "speed": functional.cross_entropy(aux.speed, targets.speed),
        "path": functional.cross_entropy(aux.path, targets.path),
    }
    return {name: WEIGHTS[name] * term for name, term in terms.items()}
