"""The block that policy and reward model share (paper, framework figure).

Trajectory queries read the Meta, BEV, Map and Object tokens in turn, then pass a feed-forward layer. A condition (ego
status, and the diffusion step where there is one) scales and shifts the queries at the entrance (FiLM).
"""

from torch import Tensor, nn

from irlvla.model.attention import Attention, mlp
from irlvla.model.config import ModelConfig
from irlvla.model.encoder import SceneTokens


class FiLM(nn.Module):
    """Scale and shift by a condition."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.modulation = nn.Linear(dim, 2 * dim)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """``x [B, N, D]`` by ``condition [B, 1, D]``."""
        scale, shift = self.modulation(condition).chunk(2, -1)
        return x * (1 + scale) + shift


class CascadeBlock(nn.Module):
    """norm, attention over Meta; over BEV; over Map; over Object; feed-forward; each added to the queries."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.film = FiLM(dim)
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(5))
        self.attentions = nn.ModuleList(Attention(dim, heads) for _ in range(4))
        self.feed_forward = mlp(dim, 2 * dim, dim)

    def forward(self, queries: Tensor, tokens: SceneTokens, condition: Tensor) -> Tensor:
        """``queries [B, N, D]``, ``condition [B, 1, D]``; returns ``[B, N, D]``."""
        queries = self.film(queries, condition)
        memories = (tokens.meta, tokens.bev, tokens.map, tokens.object)
        for norm, attention, memory in zip(self.norms[:4], self.attentions, memories, strict=True):
            queries = queries + attention(norm(queries), memory)
        return queries + self.feed_forward(self.norms[4](queries))


class Cascade(nn.Module):
    """The block, repeated."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(CascadeBlock(config.dim, config.heads) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.dim)

    def forward(self, queries: Tensor, tokens: SceneTokens, condition: Tensor) -> Tensor:
        """``queries [B, N, D]``, ``condition [B, 1, D]``; returns ``[B, N, D]``, normalised."""
        for block in self.blocks:
            queries = block(queries, tokens, condition)
        return self.norm(queries)
