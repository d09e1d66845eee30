"""3D reasoning's heads: objects and map lines around the ego, as tokens and as predictions.

Objects start where the BEV map looks most like one (the peaks of a heat map), map lines from learned reference lines;
both then read the BEV tokens. Boxes are ``(x, y, cos h, sin h, log length, log width, vx, vy)`` in the ego frame [m,
m/s].
"""

from dataclasses import dataclass
from enum import IntEnum

import torch
from torch import Tensor, nn
from torch.nn import functional

from irlvla.model.attention import DecoderBlock, mlp
from irlvla.model.bev import BEVRegion
from irlvla.model.config import ModelConfig
from irlvla.scene import ObjectKind

BOX = 8
NO_OBJECT = len(ObjectKind)
"""Class index of a query that found nothing."""


class MapLine(IntEnum):
    """Kinds of map lines that are told apart."""

    CENTERLINE = 0
    MARKING = 1
    ROAD_EDGE = 2
    CROSSWALK = 3


NO_LINE = len(MapLine)


class Area(IntEnum):
    """Layers of the predicted BEV picture of the map."""

    DRIVABLE = 0
    INTERSECTION = 1


@dataclass(frozen=True)
class Perceived:
    """What is seen around the ego, ego frame.

    Attributes:
        object_logits: ``[B, M, 8]`` over :class:`~irlvla.scene.ObjectKind` and, last, nothing.
        boxes: ``[B, M, 8]``.
        heat: ``[B, rows, columns]`` logits of an object's centre lying in a cell.
        centers: ``[rows, columns, 2]`` centres of the cells [m].
        line_logits: ``[B, L, 5]`` over :class:`MapLine` and, last, nothing.
        lines: ``[B, L, P, 2]`` points [m].
        areas: ``[B, 2, rows, columns]`` logits, an :class:`Area` each.
    """

    object_logits: Tensor
    boxes: Tensor
    heat: Tensor
    centers: Tensor
    line_logits: Tensor
    lines: Tensor
    areas: Tensor


def reference_lines(config: ModelConfig) -> Tensor:
    """``[L, P, 2]`` [m]: straight lines along x, spread over the region; what map queries start from."""
    count = config.map_queries
    along = config.bev_x[0] + (config.bev_x[1] - config.bev_x[0]) * torch.linspace(0.1, 0.9, 3)
    x = along[torch.arange(count) % 3]
    y = torch.linspace(*config.bev_y, count + 2)[1:-1]
    offsets = torch.linspace(-8, 8, config.map_points)
    return torch.stack([x.unsqueeze(1) + offsets, y.unsqueeze(1).expand(-1, config.map_points)], -1)


class Perception(nn.Module):
    """BEV map and tokens to Object tokens, Map tokens and what they stand for."""

    centers: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.region = BEVRegion(config)
        self.objects = config.object_queries
        self.register_buffer("centers", self.region.centers().flatten(0, 1), persistent=False)
        self.dense = nn.Linear(config.bev_dim, 1 + len(Area))
        nn.init.constant_(self.dense.bias[:1], -4.0)  # objects are rare
        self.object_query = nn.Linear(config.bev_dim, config.dim)
        self.object_place = nn.Linear(2, config.dim)
        self.map_query = nn.Parameter(0.1 * torch.randn(config.map_queries, config.dim))
        self.references = nn.Parameter(reference_lines(config))
        self.decoder = nn.ModuleList(DecoderBlock(config.dim, config.heads) for _ in range(config.decoder_layers))
        self.norm = nn.LayerNorm(config.dim)
        self.object_class = nn.Linear(config.dim, len(ObjectKind) + 1)
        self.box = mlp(config.dim, config.dim, BOX)
        self.line_class = nn.Linear(config.dim, len(MapLine) + 1)
        self.line = mlp(config.dim, config.dim, 2 * config.map_points)

    def forward(self, bev_map: Tensor, bev: Tensor) -> tuple[Tensor, Tensor, Perceived]:
        """BEV map ``[B, rows, columns, F]`` and tokens ``[B, n, D]`` to Object tokens, Map tokens and predictions."""
        heat, *areas = self.dense(bev_map).unbind(-1)
        cells = self._peaks(heat)
        start = bev_map.flatten(1, 2).gather(1, cells.unsqueeze(-1).expand(-1, -1, bev_map.shape[-1]))
        places = self.centers[cells]
        objects = self.object_query(start) + self.object_place(places / 32)
        queries = torch.cat([objects, self.map_query.expand(len(bev), -1, -1)], 1)
        for block in self.decoder:
            queries = block(queries, bev)
        objects, lines = self.norm(queries).split([self.objects, len(self.map_query)], 1)
        boxes = self.box(objects)
        perceived = Perceived(
            object_logits=self.object_class(objects),
            boxes=torch.cat([places + boxes[..., :2], boxes[..., 2:]], -1),
            heat=heat,
            centers=self.centers.view(*heat.shape[1:], 2),
            line_logits=self.line_class(lines),
            lines=self.references + 10 * self.line(lines).unflatten(-1, (-1, 2)),
            areas=torch.stack(areas, 1),
        )
        return objects, lines, perceived

    def _peaks(self, heat: Tensor) -> Tensor:
        """Flat indices ``[B, objects]`` of the highest local maxima of ``heat [B, rows, columns]``."""
        heat = heat.detach()
        highest = functional.max_pool2d(heat.unsqueeze(1), 3, 1, 1).squeeze(1)
        return torch.where(heat == highest, heat, heat - 100).flatten(1).topk(self.objects, dim=1).indices
