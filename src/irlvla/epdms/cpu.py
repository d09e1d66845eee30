"""The judge on CPU cores: plans in a compiled loop, spread over torch's threads (``torch.set_num_threads``)."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from irlvla.epdms.comfort import MOST_SAMPLES
from irlvla.epdms.compiled import compiled
from irlvla.epdms.judge import COLUMNS, SIGNALS, Workspace, judge_plan, judge_states
from irlvla.epdms.pack import PackedScenes, scene_at
from irlvla.epdms.rollout import drive
from irlvla.epdms.sampling import FloatArray, IntArray, Sampling, interpolate
from irlvla.epdms.vehicle import INSTANTS, STATE
from irlvla.epdms.versions import Rules

PLANS_A_TASK = 64
"""Plans that a thread judges before it takes on others: about two milliseconds."""


@compiled
def workspace() -> Workspace:
    """A workspace of a thread."""
    return Workspace(
        np.empty((INSTANTS, 3)),
        np.empty((INSTANTS, STATE)),
        np.empty((INSTANTS, 4)),
        np.empty(INSTANTS),
        np.empty(INSTANTS, np.uint8),
        np.empty((SIGNALS, MOST_SAMPLES)),
    )


@compiled
def judge_plans(
    packed: PackedScenes, row: int, rules: Rules, reference: float, plans: FloatArray, sampling: Sampling,
    previous: FloatArray, gap: int, verdicts: FloatArray,
) -> None:  # fmt: skip
    """Writes the verdicts on ``plans [N, T + 1, 3]`` of a scene to ``verdicts [N, 13]``.

    ``reference``, ``previous [N or 1, 41, 11]``, ``gap``: as for :func:`~irlvla.epdms.judge.judge_plan`.
    """
    scene, work = scene_at(packed, row), workspace()
    for n in range(len(plans)):
        before = previous[min(n, len(previous) - 1)]
        judge_plan(scene, rules, reference, plans[n], sampling, before, gap, work, verdicts[n])


@compiled
def judge_references(packed: PackedScenes, row: int, rules: Rules, references: FloatArray) -> FloatArray:
    """Verdicts ``[N, 13]``, without EC, on roll-outs that track ``references [N, 41, 3]`` in the ego frame of now.

    EP is that of each alone.
    """
    scene, work, verdicts = scene_at(packed, row), workspace(), np.empty((len(references), COLUMNS))
    for n in range(len(references)):
        drive(scene.start, references[n], work.signals, work.states)
        judge_states(scene, rules, 0.0, work, verdicts[n])
    return verdicts


@compiled
def drive_plans(start: FloatArray, plans: FloatArray, sampling: Sampling, states: FloatArray) -> None:
    """Writes roll-outs of ``plans [N, T + 1, 3]`` from ``start [11]``, in its own frame, to ``states [N, 41, 11]``."""
    work = workspace()
    for n in range(len(plans)):
        interpolate(plans[n], sampling, work.references)
        drive(start, work.references, work.signals, states[n])


def judge(
    packed: PackedScenes, rows: IntArray, rules: Rules, references: FloatArray, plans: Tensor, sampling: Sampling,
    previous: Tensor, gaps: IntArray,
) -> Tensor:  # fmt: skip
    """Verdicts ``[B, N, 13]`` on ``plans [B, N, T + 1, 3]`` of the scenes ``rows [B]``.

    ``references [B]`` is what the reference of each scene gained; ``sampling`` has a row a scene; ``previous [B, N or
    1, 41, 11]`` and ``gaps [B]`` as for :func:`~irlvla.epdms.judge.judge_plan`.
    """
    verdicts = np.empty((*plans.shape[:2], COLUMNS))
    poses, before = plans.numpy(), previous.numpy()

    def task(b: int, part: slice) -> None:
        own = before[b] if before.shape[1] == 1 else before[b, part]
        judge_plans(
            packed, rows[b], rules, references[b], poses[b, part],
            Sampling(sampling.before[b], sampling.share[b]), own, gaps[b], verdicts[b, part],
        )  # fmt: skip

    _spread(task, plans.shape[0], plans.shape[1])
    return torch.from_numpy(verdicts)


def roll_out(start: FloatArray, plans: Tensor, sampling: Sampling) -> Tensor:
    """States ``[B, N, 41, 11]`` of ``plans [B, N, T + 1, 3]`` from ``start [B, 11]``, each in its own frame."""
    states = np.empty((*plans.shape[:2], INSTANTS, STATE))
    poses = plans.numpy()

    def task(b: int, part: slice) -> None:
        drive_plans(start[b], poses[b, part], Sampling(sampling.before[b], sampling.share[b]), states[b, part])

    _spread(task, plans.shape[0], plans.shape[1])
    return torch.from_numpy(states)


def _spread(task: Callable[[int, slice], None], scenes: int, count: int) -> None:
    """Do ``task`` for parts of all scenes and plans: compiled code does not hold the interpreter's lock."""
    parts = [(b, slice(n, n + PLANS_A_TASK)) for b in range(scenes) for n in range(0, count, PLANS_A_TASK)]
    threads = min(torch.get_num_threads(), len(parts))
    if threads < 2:
        for b, part in parts:
            task(b, part)
    else:
        with ThreadPoolExecutor(threads) as pool:
            _drain(pool.map(lambda pair: task(*pair), parts))


def _drain(results: Iterable[None]) -> None:
    for _ in results:
        pass
