"""The parts that every block is made of."""

from torch import Tensor, nn
from torch.nn import functional


class Attention(nn.Module):
    """Multi-head attention of queries over a memory."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(dim, dim)
        self.key_value = nn.Linear(dim, 2 * dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, queries: Tensor, memory: Tensor) -> Tensor:
        """Queries ``[B, N, D]`` over ``memory [B, M, D]``; returns ``[B, N, D]``."""
        q, k, v = (
            x.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for x in (self.query(queries), *self.key_value(memory).chunk(2, -1))
        )
        return self.out(functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


def mlp(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    """Two linear layers with a GELU between."""
    return nn.Sequential(nn.Linear(inputs, hidden), nn.GELU(), nn.Linear(hidden, outputs))


class DecoderBlock(nn.Module):
    """Queries look at each other, then at a memory: norm, attention, residual; a feed-forward layer ends it."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(3))
        self.among = Attention(dim, heads)
        self.across = Attention(dim, heads)
        self.feed_forward = mlp(dim, 2 * dim, dim)

    def forward(self, queries: Tensor, memory: Tensor) -> Tensor:
        """``[B, N, D]`` over ``[B, M, D]``; returns ``[B, N, D]``."""
        x = self.norms[0](queries)
        queries = queries + self.among(x, x)
        queries = queries + self.across(self.norms[1](queries), memory)
        return queries + self.feed_forward(self.norms[2](queries))
