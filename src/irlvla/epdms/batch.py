"""Scenes prepared for the judge, with the scores that no plan changes: those of the human and the reference."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import safetensors.numpy
import torch
from safetensors import SafetensorError

from irlvla.epdms.compiled import CACHE_FOLDER
from irlvla.epdms.cpu import judge_references
from irlvla.epdms.judge import COLUMNS, HC, NC, PROGRESS, TLC
from irlvla.epdms.pack import PackedScenes, join, pack
from irlvla.epdms.sampling import FloatArray, IntArray, Sampling, interpolate, plan_sampling, reference_sampling
from irlvla.epdms.truth import SceneArrays, prepare_scene, reference_in_ego_frame
from irlvla.epdms.vehicle import INSTANTS
from irlvla.errors import InputError
from irlvla.scene import SceneTruth
from irlvla.scene.store import write_atomically


@dataclass(frozen=True, eq=False)
class PreparedScenes:
    """``S`` scenes ready to be judged; many batches may look at them.

    Attributes:
        packed: the truth as flat arrays.
        reference_progress: ``[S]`` metres of the reference's roll-out, times the product of its multiplicative
            sub-scores.
        human: ``[S, 11]`` verdict on the human's roll-out (columns as in ``judge``), NaN for a made-up scene.
    """

    packed: PackedScenes
    reference_progress: FloatArray
    human: FloatArray

    def on(self, device: torch.device) -> PackedScenes:
        """``packed`` on ``device``: as it is on the CPU, as tensors elsewhere. It is brought there once."""
        if device.type == "cpu":
            return self.packed
        copies = _COPIES.setdefault(self, {})
        if device not in copies:
            tensors: list[Any] = [torch.from_numpy(array).to(device) for array in self.packed]
            copies[device] = PackedScenes(*tensors)
        return copies[device]


_COPIES: WeakKeyDictionary[PreparedScenes, dict[torch.device, PackedScenes]] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class SceneTruthBatch:
    """``B`` scenes prepared for :func:`~irlvla.epdms.score`: the ``rows [B]`` of prepared ``scenes``.

    Selecting copies nothing; a batch can be joined to others, saved, and pickled.
    """

    scenes: PreparedScenes
    rows: IntArray

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def t0_us(self) -> IntArray:
        """Time stamp ``[B]`` of now [us]."""
        return self.scenes.packed.t0_us[self.rows]

    @classmethod
    def prepare(cls, truths: Sequence[SceneTruth]) -> "SceneTruthBatch":
        """Prepare scenes, a few milliseconds each; do it once and keep it.

        Raises:
            InputError: if there is no scene, or one cannot be judged; it is named by its place in ``truths``.
        """
        if not truths:
            raise InputError("scenes", "there are none to prepare", "give one or more")
        arrays = [prepare_scene(truth, f"scene {b}") for b, truth in enumerate(truths)]
        return cls.of(arrays, list(truths))

    @classmethod
    def of(cls, arrays: Sequence[SceneArrays], truths: Sequence[SceneTruth]) -> "SceneTruthBatch":
        """Scenes whose ``arrays`` are laid out already, with the truth that holds their reference and human."""
        packed = pack(arrays)
        scenes = PreparedScenes(
            packed=packed,
            reference_progress=np.array([_reference_progress(packed, s, truth) for s, truth in enumerate(truths)]),
            human=np.stack([_human_verdict(packed, s, truth) for s, truth in enumerate(truths)]),
        )
        return cls(scenes, np.arange(len(arrays)))

    def select(self, indices: Sequence[int]) -> "SceneTruthBatch":
        """The scenes ``indices``, in that order."""
        return SceneTruthBatch(self.scenes, self.rows[np.asarray(indices, np.int64)])

    @staticmethod
    def cat(batches: Sequence["SceneTruthBatch"]) -> "SceneTruthBatch":
        """Batches one after the other."""
        parts = [batch.scenes for batch in batches]
        scenes = PreparedScenes(
            packed=join([part.packed for part in parts]),
            reference_progress=np.concatenate([part.reference_progress for part in parts]),
            human=np.concatenate([part.human for part in parts]),
        )
        shifts = np.cumsum([0, *(len(part.human) for part in parts[:-1])])
        return SceneTruthBatch(
            scenes, np.concatenate([batch.rows + shift for batch, shift in zip(batches, shifts, strict=True)])
        )

    def save(self, path: Path | str) -> None:
        """Write the batch to one safetensors file, atomically; it is read by the version of the judge that wrote it."""
        scenes = self.scenes
        arrays = {name: np.ascontiguousarray(array) for name, array in scenes.packed._asdict().items()}
        arrays |= {"reference_progress": scenes.reference_progress, "human": scenes.human, "rows": self.rows}
        write_atomically(Path(path), safetensors.numpy.save(arrays, {"judge": CACHE_FOLDER.name}))

    @staticmethod
    def load(path: Path | str) -> "SceneTruthBatch":
        """Read what :meth:`save` wrote.

        Raises:
            InputError: if the file cannot be read, or another version of the judge wrote it.
        """
        try:
            with safetensors.safe_open(path, "numpy") as file:
                if (file.metadata() or {}).get("judge") != CACHE_FOLDER.name:
                    raise InputError(path, "was prepared by another version of the judge", "prepare the scenes again")
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (OSError, SafetensorError) as error:
            raise InputError(path, f"cannot be read ({error})", "prepare the scenes again") from error
        packed = PackedScenes(*(arrays[name] for name in PackedScenes._fields))
        return SceneTruthBatch(PreparedScenes(packed, arrays["reference_progress"], arrays["human"]), arrays["rows"])


def _reference_progress(packed: PackedScenes, row: int, truth: SceneTruth) -> float:
    poses = reference_in_ego_frame(truth)
    verdict = _verdict(packed, row, poses, reference_sampling(int(truth.t0_us), len(poses)))
    return float(verdict[PROGRESS] * verdict[NC : TLC + 1].prod())


def _human_verdict(packed: PackedScenes, row: int, truth: SceneTruth) -> FloatArray:
    if truth.human is None:
        return np.full(COLUMNS, np.nan)
    poses = np.vstack([np.zeros(3), np.asarray(truth.human.poses, np.float64)])
    verdict = _verdict(packed, row, poses, plan_sampling(int(truth.t0_us), len(poses) - 1, truth.human.interval))
    verdict[HC] = 1.0  # the benchmark judges the human without its past, and so without this
    return verdict


def _verdict(packed: PackedScenes, row: int, poses: FloatArray, sampling: Sampling) -> FloatArray:
    references = np.empty((INSTANTS, 3))
    interpolate(poses, sampling, references)
    verdict: FloatArray = judge_references(packed, row, references[None])[0]
    return verdict
