"""Is this machine fit to score? Versions, linear algebra, and the golden scenes that ship with the package.

The benchmark's own environment can be silently wrong: numpy 1.23 with OpenBLAS 0.3.20 returns a wrong pseudo-inverse of
a 40 x 40 matrix on some processors, roll-outs leave by kilometres, and scores are 0 without an error
(``docs/epdms.md``, "Is this machine fit to score?"). The judge uses no pseudo-inverse of that size, but nothing that
scores is taken on trust.
"""

import platform
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path

import numpy as np

from irlvla.epdms.check import check_cases
from irlvla.epdms.engine import engine_on
from irlvla.errors import InputError

GOLDEN = Path(str(files("irlvla.epdms"))) / "golden"
"""Case files with the benchmark's answers."""
PACKAGES = ("irlvla", "torch", "numpy", "scipy", "numba", "llvmlite", "shapely", "safetensors")
PINV_ERROR = 1e-6
"""Greatest error of a pseudo-inverse that is sound."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: what it is, what was found, whether it is sound, and if not how to mend it."""

    name: str
    found: str
    sound: bool = True
    mend: str = ""

    def __str__(self) -> str:
        line = f"{'ok  ' if self.sound else 'FAIL'} {self.name}: {self.found}"
        return line if self.sound else f"{line} - {self.mend}"


def examine(device: str = "cpu") -> list[Finding]:
    """Look at everything that scores depend on; plans are judged on ``device``.

    Raises:
        InputError: if there is no such device.
    """
    engine_on(device)
    return [_interpreter(), *map(_package, PACKAGES), _gpu(), _pseudo_inverse(), golden_test(device)]


@cache
def golden_test(device: str = "cpu") -> Finding:
    """Score the golden scenes and compare with the benchmark's answers: once in a process."""
    try:
        report = check_cases(GOLDEN, device=device)
    except InputError as error:
        return Finding("golden scenes", str(error), False, "install irlvla again")
    found = f"{report.trajectories} trajectories of {report.files} scenes on {device}, "
    if report.passed:
        return Finding("golden scenes", f"{found}every score as the benchmark's own")
    names = ", ".join(sorted({str(d) for d in report.differences})[:3])
    found += f"{len(report.differences)} scores differ: {names}"
    return Finding("golden scenes", found, False, "clear the compiled code (NUMBA_CACHE_DIR) and install irlvla again")


def assert_fit(device: str = "cpu") -> None:
    """Refuse to score on a machine that does not score the golden scenes right.

    Raises:
        InputError: if so, or if there is no such device.
    """
    engine_on(device)
    finding = golden_test(device)
    if not finding.sound:
        raise InputError("this machine", f"does not score as the benchmark does ({finding.found})", "run irlvla doctor")


def _interpreter() -> Finding:
    known = (3, 11) <= sys.version_info < (3, 14)
    return Finding("python", f"{platform.python_version()} on {platform.machine()}", known, "use Python 3.11 to 3.13")


def _package(name: str) -> Finding:
    try:
        return Finding(name, version(name))
    except PackageNotFoundError:
        return Finding(name, "not installed", False, f"pip install {name}")


def _gpu() -> Finding:
    import torch

    if not torch.cuda.is_available():
        return Finding("gpu", "none; everything runs on the CPU")
    driver = _output("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader")
    return Finding("gpu", f"{torch.cuda.get_device_name()}, CUDA {torch.version.cuda}, driver {driver or 'unknown'}")


def _pseudo_inverse() -> Finding:
    """The fault of OpenBLAS 0.3.20: a 40 x 40 pseudo-inverse of a well-conditioned matrix that is none."""
    matrix = np.random.default_rng(0).normal(0, 1, (60, 40))
    error = float(np.abs(np.linalg.pinv(matrix) @ matrix - np.eye(40)).max())
    mend = "its BLAS is broken on this processor: upgrade numpy"
    return Finding("numpy's pseudo-inverse", f"error {error:.0e} at 40 x 40", error < PINV_ERROR, mend)


def _output(*command: str) -> str | None:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
