"""How this room compiles: each formula once, by numba, for a CPU core and for a thread of a GPU.

What judges a plan works on scalars and on arrays that its caller owns, and makes none: so the same lines serve a CPU
core and, called from a kernel (:mod:`irlvla.epdms.cuda`), a GPU thread. In numba's CUDA simulator
(``NUMBA_ENABLE_CUDASIM=1``) nothing is compiled, and the same lines run as plain Python.
"""

from pathlib import Path

from irlvla.compiling import NUMBA, FunctionT, cache_folder, compile_into

__all__ = ["CACHE_FOLDER", "NUMBA", "compiled", "formula", "inlined"]

CACHE_FOLDER = cache_folder(Path(__file__).parent)


def compiled(function: FunctionT) -> FunctionT:
    """``function`` compiled at its first call, without the interpreter's lock, and kept in :data:`CACHE_FOLDER`."""
    return compile_into(CACHE_FOLDER, function)


def formula(function: FunctionT) -> FunctionT:
    """As :func:`compiled`, for CPU and GPU: it may make no array and return none.

    So references to arrays need no counting, which would cost more than the formulas (numba's option ``_nrt``; it only
    saves time, so where a release lacks it it can go).
    """
    return compile_into(CACHE_FOLDER, function, _nrt=False)


def inlined(function: FunctionT) -> FunctionT:
    """As :func:`formula`, put in place of each call: in inner loops, handing over many arrays would cost the most."""
    return compile_into(CACHE_FOLDER, function, _nrt=False, forceinline=True)
