"""The exact EPDMS judge: how good a planned trajectory is, by the rules of NAVSIM (``docs/epdms.md``)."""

from irlvla.epdms.batch import SceneTruthBatch
from irlvla.epdms.bench import bench
from irlvla.epdms.cases import Case, read_case, score_cases
from irlvla.epdms.check import CheckReport, Difference, check_cases
from irlvla.epdms.doctor import Finding, assert_fit, examine
from irlvla.epdms.in_traffic import score_in_traffic
from irlvla.epdms.pdm_closed import pdm_closed_reference
from irlvla.epdms.plans import PreviousPlans
from irlvla.epdms.score import rollout, score
from irlvla.epdms.simulate import drive_plan
from irlvla.epdms.stamp import Stamp, stamp
from irlvla.epdms.traffic import TRAFFIC_POLICIES, TrafficPolicy
from irlvla.epdms.two_stage import Pair, StageMean, TwoStageResult, one_stage, two_stage

__all__ = [
    "TRAFFIC_POLICIES",
    "Case",
    "CheckReport",
    "Difference",
    "Finding",
    "Pair",
    "PreviousPlans",
    "SceneTruthBatch",
    "StageMean",
    "Stamp",
    "TrafficPolicy",
    "TwoStageResult",
    "assert_fit",
    "bench",
    "check_cases",
    "drive_plan",
    "examine",
    "one_stage",
    "pdm_closed_reference",
    "read_case",
    "rollout",
    "score",
    "score_cases",
    "score_in_traffic",
    "stamp",
    "two_stage",
]
