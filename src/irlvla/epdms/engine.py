"""Where plans are judged: on CPU cores or on a GPU, by the same compiled lines."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from irlvla.epdms import cpu
from irlvla.errors import InputError


class Engine(NamedTuple):
    """A place to judge plans: its device for tensors, and ``judge`` and ``roll_out`` as in :mod:`irlvla.epdms.cpu`."""

    device: torch.device
    judge: Callable[..., Tensor]
    roll_out: Callable[..., Tensor]


def engine_on(name: str | torch.device) -> Engine:
    """The engine on the device ``name``: "cpu", "cuda" or "cuda:1".

    Raises:
        InputError: if there is no such device, or plans cannot be judged on it.
    """
    kind, colon, index = str(name).partition(":")
    if kind not in ("cpu", "cuda") or (colon and not index.isdigit()):
        raise InputError("device", f"plans cannot be judged on {str(name)!r}", "choose cpu or cuda")
    if kind == "cpu":
        return Engine(torch.device("cpu"), cpu.judge, cpu.roll_out)
    from irlvla.epdms import cuda  # needs the GPU's libraries

    return Engine(cuda.device_of(str(name)), cuda.judge, cuda.roll_out)
