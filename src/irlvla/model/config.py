"""The sizes of the networks."""

from dataclasses import asdict, dataclass, fields
from typing import Any

from irlvla.errors import InputError


@dataclass(frozen=True)
class ModelConfig:
    """Sizes of a policy or a reward world model; the default trains on two CPU cores.

    Attributes:
        dim: width of tokens and queries.
        heads: attention heads.
        layers: blocks of the cascade.
        anchors: trajectory anchors of the policy.
        trunk_blocks: blocks of MobileNetV2 (6 end at stride 8, 13 at stride 16).
        trunk_frozen: whether the camera trunk keeps its weights.
        bev_x, bev_y: region of the bird's-eye view in the ego frame [m], from and to.
        bev_cells: cells of the BEV map along x and along y, both even; a BEV token stands for 2 x 2 cells.
        bev_dim: channels of the BEV map.
        bev_heights: heights above the ground at which a cell looks into the cameras [m].
        meta_tokens: Meta tokens of the semantic reasoning.
        object_queries, map_queries: most objects and map lines that are seen.
        map_points: points of a map line.
        decoder_layers: blocks of the object and map decoder.
    """

    dim: int = 96
    heads: int = 4
    layers: int = 2
    anchors: int = 20
    trunk_blocks: int = 13
    trunk_frozen: bool = True
    bev_x: tuple[float, float] = (-8.0, 56.0)
    bev_y: tuple[float, float] = (-24.0, 24.0)
    bev_cells: tuple[int, int] = (24, 20)
    bev_dim: int = 64
    bev_heights: tuple[float, ...] = (0.0, 1.2)
    meta_tokens: int = 4
    object_queries: int = 24
    map_queries: int = 24
    map_points: int = 8
    decoder_layers: int = 1

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a JSON file."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "ModelConfig":
        """From plain values; inverse of :meth:`to_dict`.

        Raises:
            InputError: if a value is unknown or missing.
        """
        names = {f.name for f in fields(cls)}
        if names != set(values):
            odd = ", ".join(sorted(names ^ set(values)))
            raise InputError(
                "model configuration", f"values unknown or missing: {odd}", "use the version that wrote it"
            )
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})
