"""Rooms whose formulas numba compiles, and where the compiled code is kept.

Numba keeps compiled code per source file and overlooks changes in functions that are called from another file: after an
update the old code would go on running. Here a room's code is kept under the fingerprint of all the room's sources, and
any change in the room starts a new folder.
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


def cache_folder(room: Path) -> Path:
    """Where the compiled code of the ``room`` (a folder of sources) is kept.

    It lies in ``NUMBA_CACHE_DIR`` if that is set, else in the user's cache.
    """
    parent = Path(NUMBA.CACHE_DIR or user_cache_path("irlvla") / "compiled") / room.name
    folder = parent / fingerprint(room)
    if not folder.is_dir() and parent.is_dir():
        oldest = time.time() - KEPT_DAYS * 86400
        for other in parent.iterdir():
            if other.stat().st_mtime < oldest:
                shutil.rmtree(other, ignore_errors=True)
    return folder


def compile_into(folder: Path, function: FunctionT, **options: bool | str) -> FunctionT:
    """``function`` compiled at its first call, without the interpreter's lock, and kept in ``folder``.

    In numba's CUDA simulator (``NUMBA_ENABLE_CUDASIM=1``) it stays plain Python.
    """
    if NUMBA.ENABLE_CUDASIM:
        return function
    usual = NUMBA.CACHE_DIR
    NUMBA.CACHE_DIR = str(folder)
    try:
        return cast(FunctionT, NJIT(cache=True, nogil=True, **options)(function))
    finally:
        NUMBA.CACHE_DIR = usual
