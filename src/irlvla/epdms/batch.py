"""Scenes prepared for the judge, and what plans are measured by: the human and the reference, judged like plans."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import safetensors.numpy
import torch
from safetensors import SafetensorError

from irlvla.epdms.compiled import CACHE_FOLDER
from irlvla.epdms.cpu import judge_references
from irlvla.epdms.judge import COLUMNS, HC
from irlvla.epdms.pack import PackedScenes, join, pack
from irlvla.epdms.sampling import FloatArray, IntArray, Sampling, interpolate, plan_sampling, reference_sampling
from irlvla.epdms.truth import SceneArrays, prepare_scene, reference_in_ego_frame
from irlvla.epdms.vehicle import INSTANTS
from irlvla.epdms.versions import Rules
from irlvla.errors import InputError
from irlvla.scene import SceneTruth
from irlvla.scene.store import write_atomically


class Standards(NamedTuple):
    """Verdicts ``[S, 13]`` (columns as in ``judge``) that plans are measured by, NaN where there is nobody.

    Attributes:
        reference: on the roll-outs of the references.
        human: on those of the humans.
    """

    reference: FloatArray
    human: FloatArray


@dataclass(frozen=True, eq=False)
class PreparedScenes:
    """``S`` scenes ready to be judged; many batches may look at them.

    Attributes:
        packed: the truth as flat arrays.
        references: ``[S, 41, 3]`` poses that the reference tracks, in the ego frame of now.
        humans: ``[S, 41, 3]`` those of the human, NaN for a made-up scene.
    """

    packed: PackedScenes
    references: FloatArray
    humans: FloatArray

    def standards(self, rules: Rules) -> Standards:
        """What plans are measured by under the ``rules`` of a version; worked out once."""
        known = _STANDARDS.setdefault(self, {})
        if rules not in known:
            reference, human = (np.full((len(self.references), COLUMNS), np.nan) for _ in range(2))
            for s in range(len(self.references)):
                reference[s] = judge_references(self.packed, s, rules, self.references[s : s + 1])[0]
                if np.isfinite(self.humans[s]).all():
                    human[s] = judge_references(self.packed, s, rules, self.humans[s : s + 1])[0]
                    human[s, HC] = 1.0  # the benchmark judges the human without its past, and so without this
            known[rules] = Standards(reference, human)
        return known[rules]

    def on(self, device: torch.device) -> PackedScenes:
        """``packed`` on ``device``: as it is on the CPU, as tensors elsewhere. It is brought there once."""
        if device.type == "cpu":
            return self.packed
        copies = _COPIES.setdefault(self, {})
        if device not in copies:
            tensors: list[Any] = [torch.from_numpy(array).to(device) for array in self.packed]
            copies[device] = PackedScenes(*tensors)
        return copies[device]


_STANDARDS: WeakKeyDictionary[PreparedScenes, dict[Rules, Standards]] = WeakKeyDictionary()
_COPIES: WeakKeyDictionary[PreparedScenes, dict[torch.device, PackedScenes]] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class SceneTruthBatch:
    """``B`` scenes prepared for :func:`~irlvla.epdms.score`: the ``rows [B]`` of prepared ``scenes``.

    Selecting copies nothing, and a selection that is saved or pickled takes all the prepared scenes with it. To keep a
    batch use :meth:`save`, which knows the judge's version; a pickle is for other processes of the same installation.
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
        truths = list(truths)
        if not truths:
            raise InputError("scenes", "there are none to prepare", "give one or more")
        arrays = [prepare_scene(truth, f"scene {b}") for b, truth in enumerate(truths)]
        return cls.of(arrays, truths)

    @classmethod
    def of(cls, arrays: Sequence[SceneArrays], truths: Sequence[SceneTruth]) -> "SceneTruthBatch":
        """Scenes whose ``arrays`` are laid out already, with the truth that holds their reference and human."""
        scenes = PreparedScenes(
            packed=pack(arrays),
            references=np.stack([_reference(truth) for truth in truths]),
            humans=np.stack([_human(truth) for truth in truths]),
        )
        return cls(scenes, np.arange(len(arrays)))

    def select(self, indices: Sequence[int]) -> "SceneTruthBatch":
        """The scenes ``indices``, in that order.

        Raises:
            InputError: if there is no such scene.
        """
        chosen = np.asarray(indices)
        if chosen.dtype == np.bool_ or (len(chosen) and not -len(self) <= chosen.min() <= chosen.max() < len(self)):
            raise InputError("indices", f"{len(self)} scenes do not have them all", "give whole numbers below that")
        return SceneTruthBatch(self.scenes, self.rows[chosen.astype(np.int64)])

    @staticmethod
    def cat(batches: Sequence["SceneTruthBatch"]) -> "SceneTruthBatch":
        """Batches one after the other.

        Raises:
            InputError: if there is none.
        """
        if not batches:
            raise InputError("batches", "there are none to join", "give one or more")
        parts = [batch.scenes for batch in batches]
        scenes = PreparedScenes(
            packed=join([part.packed for part in parts]),
            references=np.concatenate([part.references for part in parts]),
            humans=np.concatenate([part.humans for part in parts]),
        )
        shifts = np.cumsum([0, *(len(part.humans) for part in parts[:-1])])
        return SceneTruthBatch(
            scenes, np.concatenate([batch.rows + shift for batch, shift in zip(batches, shifts, strict=True)])
        )

    def save(self, path: Path | str) -> None:
        """Write the batch to one safetensors file, atomically; it is read by the version of the judge that wrote it."""
        scenes = self.scenes
        arrays = {name: np.ascontiguousarray(array) for name, array in scenes.packed._asdict().items()}
        arrays |= {"references": scenes.references, "humans": scenes.humans, "rows": self.rows}
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
        return SceneTruthBatch(PreparedScenes(packed, arrays["references"], arrays["humans"]), arrays["rows"])


def _reference(truth: SceneTruth) -> FloatArray:
    poses = reference_in_ego_frame(truth)
    return _sampled(poses, reference_sampling(int(truth.t0_us), len(poses)))


def _human(truth: SceneTruth) -> FloatArray:
    if truth.human is None:
        return np.full((INSTANTS, 3), np.nan)
    poses = np.vstack([np.zeros(3), np.asarray(truth.human.poses, np.float64)])
    return _sampled(poses, plan_sampling(int(truth.t0_us), len(poses) - 1, truth.human.interval))


def _sampled(poses: FloatArray, sampling: Sampling) -> FloatArray:
    references = np.empty((INSTANTS, 3))
    interpolate(poses, sampling, references)
    return references
