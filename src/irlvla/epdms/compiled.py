"""How this room compiles: each formula once, by numba, for a CPU core and for a thread of a GPU.

What judges a plan works on scalars and on arrays that its caller owns, and makes none: so the same lines serve a CPU
core and, called from a kernel (:mod:`irlvla.epdms.cuda`), a GPU thread. In numba's CUDA simulator
(``NUMBA_ENABLE_CUDASIM=1``) nothing is compiled, and the same lines run as plain Python.

Code for the CPU is kept on disk under the fingerprint of the room's sources. Numba itself keeps it per source file and
overlooks changes in functions that are called from another file: after an update the old judge would go on judging.
Here any change in the room starts a new folder.
"""

import hashlib
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from platformdirs import user_cache_path

FunctionT = TypeVar("FunctionT", bound=Callable[..., object])

NUMBA: Any = numba.config
NJIT: Any = numba.njit
KEPT_DAYS = 14
"""Folders of other fingerprints are removed when this old."""


def fingerprint(folder: Path) -> str:
    """A name for the contents of all Python files directly in ``folder``."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _cache_folder() -> Path:
    """Where this room's compiled code is kept: in ``NUMBA_CACHE_DIR`` if that is set, else in the user's cache."""
    parent = Path(NUMBA.CACHE_DIR or user_cache_path("irlvla") / "compiled") / "epdms"
    folder = parent / fingerprint(Path(__file__).parent)
    if not folder.is_dir() and parent.is_dir():
        oldest = time.time() - KEPT_DAYS * 86400
        for other in parent.iterdir():
            if other.stat().st_mtime < oldest:
                shutil.rmtree(other, ignore_errors=True)
    return folder


CACHE_FOLDER = _cache_folder()


def compiled(function: FunctionT) -> FunctionT:
    """``function`` compiled at its first call, without the interpreter's lock, and kept in :data:`CACHE_FOLDER`."""
    return _compile(function)


def formula(function: FunctionT) -> FunctionT:
    """As :func:`compiled`, for CPU and GPU: it may make no array and return none.

    So references to arrays need no counting, which would cost more than the formulas (numba's option ``_nrt``; it only
    saves time, so where a release lacks it it can go).
    """
    return _compile(function, _nrt=False)


def inlined(function: FunctionT) -> FunctionT:
    """As :func:`formula`, put in place of each call: in inner loops, handing over many arrays would cost the most."""
    return _compile(function, _nrt=False, forceinline=True)


def _compile(function: FunctionT, **options: bool) -> FunctionT:
    if NUMBA.ENABLE_CUDASIM:
        return function
    usual = NUMBA.CACHE_DIR
    NUMBA.CACHE_DIR = str(CACHE_FOLDER)
    try:
        return cast(FunctionT, NJIT(cache=True, nogil=True, **options)(function))
    finally:
        NUMBA.CACHE_DIR = usual
