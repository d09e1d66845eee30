"""The exact EPDMS judge: how good a planned trajectory is, by the rules of NAVSIM v2.2 (``docs/epdms.md``)."""

from irlvla.epdms.batch import SceneTruthBatch
from irlvla.epdms.cases import Case, read_case, score_cases
from irlvla.epdms.check import CheckReport, Difference, check_cases
from irlvla.epdms.plans import PreviousPlans
from irlvla.epdms.score import rollout, score
from irlvla.epdms.stamp import Stamp, stamp

__all__ = [
    "Case",
    "CheckReport",
    "Difference",
    "PreviousPlans",
    "SceneTruthBatch",
    "Stamp",
    "check_cases",
    "read_case",
    "rollout",
    "score",
    "score_cases",
    "stamp",
]
