"""The versions of the metric, and in what they differ (``docs/epdms.md``, "Versions").

Each is the metric of the tag of that name of the benchmark's code, and agrees with the answers which that tag gave.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from irlvla.epdms.vehicle import INSTANTS, STEP
from irlvla.errors import InputError
from irlvla.scene.subscores import EPDMS, Metric


class Rules(NamedTuple):
    """What the compiled judge has to know of a version.

    Attributes:
        exempts_intersections: DDC counts no metres in intersections.
        drops_touching: objects that touch the ego now are taken out of the scene.
        forward_instants: the instants, from now on, at which TTC looks forward.
        knows_past: comfort is HC, of past and plan; else it is that of the plan alone.
        multiplies_all: EP regards all four multiplicative sub-scores; else NC and DAC.
        masks_progress: EP counts a plan's metres times its multiplicative sub-scores.
    """

    exempts_intersections: bool = True
    drops_touching: bool = True
    forward_instants: int = INSTANTS - 9
    knows_past: bool = True
    multiplies_all: bool = True
    masks_progress: bool = False


def rounded_gap(now_us: int, then_us: int) -> int:
    """Steps of 0.1 s between two time stamps [us], to the nearest."""
    return round((now_us - then_us) * 1e-6 / STEP)


def cut_gap(now_us: int, then_us: int) -> int:
    """Steps of 0.1 s between two time stamps [us], cut; in float seconds since 1970, as version 2.0 does."""
    return int((now_us * 1e-6 - then_us * 1e-6) / STEP)


@dataclass(frozen=True)
class Version:
    """A version of the metric.

    Attributes:
        metric: how one score is made of the sub-scores.
        rules: for the compiled judge.
        gap: steps of 0.1 s between two time stamps, for extended comfort.
    """

    metric: Metric = EPDMS
    rules: Rules = field(default_factory=Rules)
    gap: Callable[[int, int], int] = rounded_gap


SHOWN: Final = Metric(filter="shown")
PDMS: Final = Metric(name="PDMS", multipliers=("nc", "dac"), weights={"ep": 5.0, "ttc": 5.0, "hc": 2.0}, filter="none")

VERSIONS: Final = {
    "2.2": Version(),
    "2.1": Version(SHOWN),
    "2.0": Version(SHOWN, Rules(exempts_intersections=False, masks_progress=True), cut_gap),
    "1.1": Version(PDMS, Rules(False, False, INSTANTS, False, False, True)),
}


def version_of(name: str) -> Version:
    """The version ``name``.

    Raises:
        InputError: if it is not known.
    """
    if name not in VERSIONS:
        raise InputError("version", f"{name!r} is not known", f"choose from {', '.join(VERSIONS)}")
    return VERSIONS[name]
