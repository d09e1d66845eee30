"""The judge on a GPU: one thread a plan, running the lines that a CPU core runs.

Tensors of torch carry everything to and from the kernels. In numba's CUDA simulator (``NUMBA_ENABLE_CUDASIM=1``) they
stay on the CPU.
"""

import math
from typing import Any

import numba.cuda
import numpy as np
import torch
from torch import Tensor

from irlvla.epdms.comfort import MOST_SAMPLES
from irlvla.epdms.compiled import NUMBA
from irlvla.epdms.geometry import lesser
from irlvla.epdms.judge import COLUMNS, SIGNALS, Workspace, judge_plan
from irlvla.epdms.pack import PackedScenes, scene_at
from irlvla.epdms.rollout import drive
from irlvla.epdms.sampling import FloatArray, IntArray, Sampling, interpolate
from irlvla.epdms.vehicle import INSTANTS, STATE
from irlvla.epdms.versions import Rules
from irlvla.errors import InputError

cuda: Any = numba.cuda
NUMBA.CUDA_LOW_OCCUPANCY_WARNINGS = 0  # few plans are no fault of the caller

THREADS = 64
"""Threads a block: few, because each plan needs many registers and its own 12 kB."""


@cuda.jit
def _judge_kernel(packed, rows, rules, references, plans, before, share, previous, gaps, verdicts):  # type: ignore[no-untyped-def]
    index = cuda.grid(1)
    b, n = index // plans.shape[1], index % plans.shape[1]
    if b < plans.shape[0]:
        work = Workspace(
            cuda.local.array((INSTANTS, 3), np.float64),
            cuda.local.array((INSTANTS, STATE), np.float64),
            cuda.local.array((INSTANTS, 4), np.float64),
            cuda.local.array(INSTANTS, np.float64),
            cuda.local.array(INSTANTS, np.uint8),
            cuda.local.array((SIGNALS, MOST_SAMPLES), np.float64),
        )
        earlier = previous[b, lesser(n, previous.shape[1] - 1)]
        scene, sampling = scene_at(packed, rows[b]), Sampling(before[b], share[b])
        judge_plan(scene, rules, references[b], plans[b, n], sampling, earlier, gaps[b], work, verdicts[b, n])


@cuda.jit
def _drive_kernel(start, plans, before, share, states):  # type: ignore[no-untyped-def]
    index = cuda.grid(1)
    b, n = index // plans.shape[1], index % plans.shape[1]
    if b < plans.shape[0]:
        references = cuda.local.array((INSTANTS, 3), np.float64)
        profiles = cuda.local.array((3, MOST_SAMPLES), np.float64)
        interpolate(plans[b, n], Sampling(before[b], share[b]), references)
        drive(start[b], references, profiles, states[b, n])


def device_of(name: str) -> torch.device:
    """The device ``name``; under the simulator the CPU plays its part.

    Raises:
        InputError: if there is no such GPU.
    """
    if NUMBA.ENABLE_CUDASIM:
        return torch.device("cpu")
    device = torch.device(name)
    if not torch.cuda.is_available() or (device.index or 0) >= torch.cuda.device_count():
        raise InputError("device", f"{name!r} is not there", "choose cpu, or install torch for the GPU's driver")
    return device if device.index is not None else torch.device("cuda", torch.cuda.current_device())


def judge(
    packed: PackedScenes, rows: IntArray, rules: Rules, references: FloatArray, plans: Tensor, sampling: Sampling,
    previous: Tensor, gaps: IntArray,
) -> Tensor:  # fmt: skip
    """Verdicts ``[B, N, 13]`` on ``plans``, which lie on a GPU like ``packed``; as :func:`irlvla.epdms.cpu.judge`."""
    verdicts = torch.empty((*plans.shape[:2], COLUMNS), dtype=torch.float64, device=plans.device)
    scenes = PackedScenes(*(_on(plans.device, array) for array in packed))
    _launch(_judge_kernel, plans, scenes, rows, rules, references, plans, *sampling, previous, gaps, verdicts)
    return verdicts


def roll_out(start: FloatArray, plans: Tensor, sampling: Sampling) -> Tensor:
    """States ``[B, N, 41, 11]`` of ``plans``, which lie on a GPU; as :func:`irlvla.epdms.cpu.roll_out`."""
    states = torch.empty((*plans.shape[:2], INSTANTS, STATE), dtype=torch.float64, device=plans.device)
    _launch(_drive_kernel, plans, start, plans, *sampling, states)
    return states


def _launch(kernel: Any, plans: Tensor, *arguments: Any) -> None:
    """Run a thread a plan; arrays among the arguments are copied to the device of ``plans``, tensors lie there."""
    blocks = math.ceil(plans.shape[0] * plans.shape[1] / THREADS)
    if NUMBA.ENABLE_CUDASIM:
        kernel[blocks, THREADS](*(_on(plans.device, argument) for argument in arguments))
        return
    with cuda.gpus[plans.device.index or 0]:
        stream = cuda.external_stream(torch.cuda.current_stream(plans.device).cuda_stream)  # after what torch does
        kernel[blocks, THREADS, stream](*(_on(plans.device, argument) for argument in arguments))


def _on(device: torch.device, values: Any) -> Any:
    """Arrays and tensors as a kernel takes them; anything else as it is."""
    if isinstance(values, np.ndarray):
        values = torch.from_numpy(np.ascontiguousarray(values)).to(device)
    if not isinstance(values, Tensor):
        return values
    return cuda.as_cuda_array(values) if values.is_cuda else values.numpy()
