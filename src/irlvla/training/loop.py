"""The one training loop: seeds, schedule, progress, logs, checkpoints and resuming.

A stage is a function ``update(step, generator) -> metrics``. Its randomness comes from a generator made of the run's
seed and the step alone, so a run that was stopped and resumed is the run that was not.
"""

import hashlib
import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from irlvla.errors import InputError
from irlvla.progress import progress
from irlvla.training.checkpoint import load_checkpoint, save_checkpoint

Metrics = Mapping[str, float]
Update = Callable[[int, torch.Generator], Metrics]


@dataclass(frozen=True)
class Run:
    """Where and how a training run happens.

    Attributes:
        folder: checkpoints and logs (``NAME.jsonl``, one record a step) go here.
        seed: of everything random.
        device: "cpu", "cuda", ...
        checkpoint_seconds: at least this long between two checkpoints.
    """

    folder: Path
    seed: int = 0
    device: str = "cpu"
    checkpoint_seconds: float = 20.0

    def generator(self, purpose: str, step: int = 0) -> torch.Generator:
        """A generator for one purpose and step; the same on every device and in every process."""
        mixed = hash_seed(f"{self.seed}/{purpose}/{step}")
        return torch.Generator().manual_seed(mixed)

    def log_path(self, name: str) -> Path:
        """Learning curve of a stage, JSON lines."""
        return self.folder / f"{name}.jsonl"

    def records(self, name: str) -> list[dict[str, Any]]:
        """The learning curve of a stage; empty if it has not begun."""
        path = self.log_path(name)
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def hash_seed(text: str) -> int:
    """A seed that depends on nothing but ``text`` (Python's own ``hash`` differs between processes)."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> 1


def cosine(step: int, steps: int, warmup: float = 0.05) -> float:
    """Learning-rate factor: linear warm-up over a share of the steps, then half a cosine down to 0.02."""
    share = (step + 1) / max(steps, 1)
    if share < warmup:
        return share / warmup
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (share - warmup) / (1 - warmup)))


def train(
    run: Run,
    name: str,
    steps: int,
    update: Update,
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
) -> None:
    """Call ``update`` for every step that is not yet done, with the learning rate on a cosine.

    Args:
        run: folder, seed, device.
        name: of the stage; names its log and checkpoint.
        steps: number of updates in all.
        update: one update; returns numbers for the log.
        module: what is trained; its state is checkpointed with the optimizer's and restored on resuming.
        optimizer: its learning rates are taken as peaks.

    Raises:
        InputError: if an update returns a loss that is not finite; the last checkpoint stays.
    """
    path = run.folder / f"{name}.checkpoint.safetensors"
    peaks = [group["lr"] for group in optimizer.param_groups]
    start = 0
    if path.exists():
        state = load_checkpoint(path)
        module.load_state_dict(state["module"])
        optimizer.load_state_dict(state["optimizer"])
        start = state["step"]
    _keep_records(run, name, start)
    saved = time.monotonic()
    with progress(name, steps, start) as advance, _open_log(run, name) as log:
        for step in range(start, steps):
            for group, peak in zip(optimizer.param_groups, peaks, strict=True):
                group["lr"] = peak * cosine(step, steps)
            metrics = dict(update(step, run.generator(name, step)))
            if not math.isfinite(metrics.get("loss", 0.0)):
                what = f"the loss is {metrics['loss']} at step {step}"
                raise InputError(name, what, "lower the learning rate, or start from another seed")
            log.write(json.dumps({"step": step, **metrics}) + "\n")
            advance(" ".join(f"{key} {value:.3g}" for key, value in list(metrics.items())[:2]))
            if step + 1 == steps or time.monotonic() - saved > run.checkpoint_seconds:
                log.flush()
                state = {"module": module.state_dict(), "optimizer": optimizer.state_dict(), "step": step + 1}
                save_checkpoint(path, state)
                saved = time.monotonic()


def _open_log(run: Run, name: str) -> Any:
    run.folder.mkdir(parents=True, exist_ok=True)
    return run.log_path(name).open("a")


def _keep_records(run: Run, name: str, steps: int) -> None:
    """Drop the records of steps that will be done again."""
    records = [record for record in run.records(name) if record["step"] < steps]
    if run.log_path(name).exists():
        run.log_path(name).write_text("".join(json.dumps(record) + "\n" for record in records))


def batches(count: int, size: int, step: int, run: Run, purpose: str) -> list[int]:
    """Indices of batch ``step`` of an endless series that goes through ``count`` items in a new order each epoch."""
    size = min(size, count)
    per_epoch = count // size
    order = torch.randperm(count, generator=run.generator(f"{purpose}/order", step // per_epoch))
    begin = step % per_epoch * size
    return order[begin : begin + size].tolist()
