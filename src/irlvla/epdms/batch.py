"""Scenes prepared for the judge, with the scores that no plan changes: those of the human and the reference."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from irlvla.epdms.comfort import filters
from irlvla.epdms.judge import HC, NC, PROGRESS, TLC, judge_states
from irlvla.epdms.rollout import drive
from irlvla.epdms.sampling import FloatArray, interpolate, plan_references, plan_sampling, reference_sampling
from irlvla.epdms.truth import SceneArrays, prepare_scene, reference_in_ego_frame
from irlvla.epdms.vehicle import INSTANTS
from irlvla.scene import SceneTruth


@dataclass(frozen=True)
class PreparedScene:
    """One scene ready to be judged.

    Attributes:
        arrays: the truth as flat arrays.
        reference_progress: metres of the reference's roll-out, times the product of its multiplicative sub-scores.
        human: verdict ``[10]`` on the human's roll-out (columns as in ``judge``), None for a made-up scene.
    """

    arrays: SceneArrays
    reference_progress: float
    human: FloatArray | None

    @classmethod
    def of(cls, truth: SceneTruth, where: str = "scene") -> "PreparedScene":
        """Prepare one scene; ``where`` names it in errors.

        Raises:
            InputError: if the scene cannot be judged.
        """
        arrays = prepare_scene(truth, where)
        poses = reference_in_ego_frame(truth)
        reference = _verdict(arrays, interpolate(poses, reference_sampling(arrays.t0_us, len(poses))))
        human = None
        if truth.human is not None:
            sampling = plan_sampling(arrays.t0_us, len(truth.human.poses), truth.human.interval)
            human = _verdict(arrays, plan_references(np.array(truth.human.poses, np.float64, order="C"), sampling))
            human[HC] = 1.0  # the benchmark judges the human without its past, and so without this
        return cls(arrays, float(reference[PROGRESS] * reference[NC : TLC + 1].prod()), human)


def _verdict(arrays: SceneArrays, references: FloatArray) -> FloatArray:
    operators = filters(len(arrays.past.headings) + INSTANTS)
    verdict: FloatArray = judge_states(arrays, operators, drive(arrays.start, references)[None])[0]
    return verdict


@dataclass(frozen=True)
class SceneTruthBatch:
    """``B`` scenes prepared for :func:`~irlvla.epdms.score`; can be pickled, cut and joined."""

    scenes: tuple[PreparedScene, ...]

    def __len__(self) -> int:
        return len(self.scenes)

    @classmethod
    def prepare(cls, truths: Sequence[SceneTruth]) -> "SceneTruthBatch":
        """Prepare scenes, a few milliseconds each; do it once and keep it.

        Raises:
            InputError: if a scene cannot be judged; it is named by its place in ``truths``.
        """
        return cls(tuple(PreparedScene.of(truth, f"scene {b}") for b, truth in enumerate(truths)))

    def select(self, indices: Sequence[int]) -> "SceneTruthBatch":
        """The scenes ``indices``, in that order."""
        return SceneTruthBatch(tuple(self.scenes[i] for i in indices))

    @staticmethod
    def cat(batches: Sequence["SceneTruthBatch"]) -> "SceneTruthBatch":
        """Batches one after the other."""
        return SceneTruthBatch(tuple(scene for batch in batches for scene in batch.scenes))
