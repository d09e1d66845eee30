"""The nine sub-scores of a trajectory and how EPDMS is made of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import reduce
from typing import Literal

import torch
from torch import Tensor

MULTIPLIERS = ("nc", "dac", "ddc", "tlc")
WEIGHTS = {"ep": 5.0, "ttc": 5.0, "lk": 2.0, "hc": 2.0, "ec": 2.0}
SUBSCORE_NAMES = (*MULTIPLIERS, *WEIGHTS)
"""Order of every table: NC, DAC, DDC, TLC, EP, TTC, LK, HC, EC."""


@dataclass(frozen=True)
class Metric:
    """How a version of the benchmark makes one score of sub-scores.

    Attributes:
        name: what the score is called.
        multipliers: its factors.
        weights: of the sub-scores that are averaged.
        filter: what the human-penalty filter changes: the sub-scores and with them the score, or only the sub-scores
            that are shown (before NAVSIM mended its issue 151), or nothing, as there is none.
    """

    name: str = "EPDMS"
    multipliers: tuple[str, ...] = MULTIPLIERS
    weights: Mapping[str, float] = field(default_factory=lambda: WEIGHTS)
    filter: Literal["score", "shown", "none"] = "score"


EPDMS = Metric()
"""That of NAVSIM v2.2."""


@dataclass(frozen=True)
class SubScores:
    """Sub-scores of ``N`` trajectories in each of ``B`` scenes, all ``[B, N]`` in [0, 1].

    The judge fills in exact values (float64); the reward world model fills in expected ones.

    Attributes:
        nc: no at-fault collision. dac: drivable area compliance. ddc: driving direction compliance. tlc: traffic light
            compliance. ep: ego progress. ttc: time to collision. lk: lane keeping. hc: history comfort.
        ec: extended comfort; NaN where there is no previous frame to compare with.
        human: the human's own sub-scores ``[B, 1]`` for the human-penalty filter; NaN for made-up scenes. None if the
            scores were not made by the judge.
        metric: how they make one score. Those that it does not know are NaN.
        scored: the sub-scores that make the score, where others are shown.
        nc_time, ttc_time: seconds until the first at-fault collision / time-to-collision infraction, inf if none.
    """

    nc: Tensor
    dac: Tensor
    ddc: Tensor
    tlc: Tensor
    ep: Tensor
    ttc: Tensor
    lk: Tensor
    hc: Tensor
    ec: Tensor
    nc_time: Tensor | None = None
    ttc_time: Tensor | None = None
    human: "SubScores | None" = None
    metric: Metric = EPDMS
    scored: "SubScores | None" = None

    def multiplier(self) -> Tensor:
        """Product of the multiplicative sub-scores ``[B, N]``."""
        product: Tensor = reduce(torch.mul, [getattr(self, name) for name in self.metric.multipliers])
        return product

    def epdms(self, with_ec: bool = True) -> Tensor:
        """The score ``[B, N]`` (``docs/epdms.md``); where EC is NaN its weight is dropped (/14 for /16)."""
        if self.scored is not None:
            return self.scored.epdms(with_ec)
        weights = {name: weight for name, weight in self.metric.weights.items() if name != "ec"}
        without = sum(weights.values())
        total: Tensor = reduce(torch.add, [weight * getattr(self, name) for name, weight in weights.items()])
        mean = total / without
        if with_ec and "ec" in self.metric.weights:
            share = self.metric.weights["ec"]
            mean = torch.where(self.ec.isnan(), mean, (total + share * self.ec) / (without + share))
        return self.multiplier() * mean

    def filtered(self) -> "SubScores":
        """After the human-penalty filter (``docs/epdms.md``): 1 wherever the human itself scores 0; EC stays as it is.

        Raises:
            ValueError: if the human's own scores are not known.
        """
        if self.human is None:
            raise ValueError("the human's sub-scores are missing: only scores made by the judge can be filtered")
        if self.metric.filter == "none":
            return self
        forgiven = torch.where(self.human.stacked() == 0, 1.0, self.stacked())
        shown = dict(zip(SUBSCORE_NAMES[:-1], forgiven.unbind(-1), strict=False))
        return replace(self, **shown, scored=self if self.metric.filter == "shown" else None)  # type: ignore[arg-type]

    def stacked(self) -> Tensor:
        """All nine in table order, ``[..., 9]``."""
        return torch.stack([getattr(self, name) for name in SUBSCORE_NAMES], -1)

    @staticmethod
    def unstacked(values: Tensor) -> "SubScores":
        """From ``[..., 9]`` in table order; inverse of :meth:`stacked`."""
        return SubScores(**dict(zip(SUBSCORE_NAMES, values.unbind(-1), strict=True)))  # type: ignore[arg-type]

    @staticmethod
    def cat(parts: "list[SubScores]", dim: int = 0) -> "SubScores":
        """Join along scenes (0) or trajectories (1, where ``human`` is the first part's)."""
        joined: dict[str, object] = {}
        for f in fields(SubScores):
            values = [getattr(p, f.name) for p in parts]
            known = [v for v in values if v is not None]
            if f.name == "metric":
                joined["metric"] = values[0]
            elif f.name == "scored":
                joined["scored"] = None if len(known) < len(parts) else SubScores.cat(known, dim)
            elif f.name == "human":
                joined["human"] = None if len(known) < len(parts) else SubScores.cat(known) if dim == 0 else known[0]
            else:
                joined[f.name] = None if any(v is None for v in values) else torch.cat(values, dim)
        return SubScores(**joined)  # type: ignore[arg-type]
