"""What the other road users do while the ego drives a plan: the traffic policies of NAVSIM (``docs/epdms.md``).

A policy is prepared once for a scene and then asked for the tracks beside any number of the ego's roll-outs.
"""

from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms.traffic_fixed import constant_velocity, replayed
from irlvla.epdms.traffic_reactive import ReactiveTraffic
from irlvla.errors import InputError
from irlvla.scene import SceneTruth, Tracks

TrafficPolicy = Literal["log-replay", "constant-velocity", "reactive-idm"]
TRAFFIC_POLICIES: Final[tuple[TrafficPolicy, ...]] = get_args(TrafficPolicy)


@dataclass(frozen=True)
class FixedTraffic:
    """Traffic that takes no notice of the ego.

    Attributes:
        tracks: the other road users, whatever the ego does; global frame.
    """

    tracks: Tracks

    def beside(self, states: NDArray[np.float64]) -> list[Tracks]:
        """The tracks beside each of ``N`` roll-outs ``states [N, 41, 11]``: the same for all."""
        return [self.tracks] * len(states)


Traffic = FixedTraffic | ReactiveTraffic
"""Both have ``beside(states [N, 41, 11]) -> list[Tracks]``, poses of both in the global frame."""


def prepare_traffic(policy: TrafficPolicy, truth: SceneTruth, where: str = "scene") -> Traffic:
    """The traffic of one scene.

    - ``log-replay``: everybody does what was recorded (:func:`~irlvla.epdms.traffic_fixed.replayed`). The benchmark's
      choice in one stage.
    - ``constant-velocity``: vehicles go straight on (:func:`~irlvla.epdms.traffic_fixed.constant_velocity`).
    - ``reactive-idm``: vehicles follow their lanes and keep their distance from each other and from the ego
      (:class:`~irlvla.epdms.traffic_reactive.ReactiveTraffic`). The benchmark's choice in both of two stages.

    Args:
        policy: one of these.
        truth: a scene that the judge accepts.
        where: names the scene in errors.

    Raises:
        InputError: if the policy is not known, or if vehicles that react have no lanes to follow.
    """
    if policy == "log-replay":
        return FixedTraffic(replayed(truth))
    if policy == "constant-velocity":
        return FixedTraffic(constant_velocity(truth))
    if policy == "reactive-idm":
        return ReactiveTraffic.of(truth, where)
    raise InputError("traffic", f"{policy!r} is not known", f"choose from {', '.join(TRAFFIC_POLICIES)}")
