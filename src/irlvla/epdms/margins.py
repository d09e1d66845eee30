"""How near plans come to where a sub-score jumps: what a differing sub-score asks for first.

How firmly a sub-score is lost or kept is a number (:mod:`irlvla.epdms.firmness`), whose size is the margin: the plan,
the scene or the arithmetic must be off by so much, in the unit of whatever decides [m, m/s, rad, ...], for the
sub-score to be another.
"""

from typing import Final

import numpy as np

from irlvla.epdms.batch import SceneTruthBatch
from irlvla.epdms.cases import Case
from irlvla.epdms.contacts import Things
from irlvla.epdms.firmness import Lost, lost_by_map_and_traffic, lost_comfort, progress_metres, roll_out
from irlvla.epdms.progress import PROGRESS_FLOOR
from irlvla.epdms.sampling import FloatArray

MULTIPLIERS: Final = ("NC", "DAC", "DDC", "TLC")

Margins = dict[str, FloatArray]
"""Score to margin ``[N]`` of each plan; inf where nothing near decides."""


def margins(case: Case, truth: SceneTruthBatch) -> dict[str, Margins]:
    """Margins of all plans of ``case``, whose scene is ``truth``, under "raw" and "filtered".

    There is one for each sub-score, "EPDMS_one" and "EPDMS". That of EP is how near it is to a jump, of its factors
    too; between jumps it changes steadily. Distances from objects and from edges of the map are known up to 0.5 m.
    "filtered" asks how firmly the human itself loses what is then forgiven.

    Raises:
        InputError: if its plans cannot be judged.
    """
    rolled = roll_out(case, truth)
    plans, human = slice(1, 1 + len(case.poses)), 1 + len(case.poses)
    lost = lost_by_map_and_traffic(rolled, Things.of(case.truth))
    comfort = lost_comfort(rolled, plans)
    kept = {"EP": _progress_margins(lost, progress_metres(rolled))[plans], **_sizes(comfort)}
    raw = {name: values[:, plans] for name, values in lost.items()}
    filtered = raw
    if case.truth.human is not None:
        filtered = {name: np.minimum(values, -lost[name][1, human]) for name, values in raw.items()}
    return {kind: _with_total(_sizes(part) | kept) for kind, part in (("raw", raw), ("filtered", filtered))}


def _sizes(lost: Lost) -> Margins:
    return {name: np.abs(values).min(0) for name, values in lost.items()}


def _with_total(parts: Margins) -> Margins:
    """The whole score jumps with any of its parts."""
    without = np.minimum.reduce([values for name, values in parts.items() if name != "EC"])
    return parts | {"EPDMS_one": without, "EPDMS": np.minimum(without, parts["EC"])}


def _progress_margins(lost: Lost, metres: FloatArray) -> FloatArray:
    """How near EP ``[P]`` is to jump: at the floor of 5 m, or because a factor of the plan or the reference jumps.

    A plan that gets on as far as the reference, which comes first, has 1 whatever the factors are.
    """
    factors = np.prod([1.0 - 0.5 * (lost[name] > 0.0).sum(0) for name in MULTIPLIERS], axis=0)
    firm = np.minimum.reduce([np.abs(lost[name]).min(0) for name in MULTIPLIERS])
    reached = metres[0] * factors[0]
    floor = np.abs(np.maximum(metres * factors, reached) - PROGRESS_FLOOR)
    margin = np.minimum(np.minimum(floor, firm[0]), np.where(reached < metres, firm, np.inf))
    return np.where(metres < metres[0], margin, np.inf)
