"""How this room compiles: see :mod:`irlvla.compiling`."""

from pathlib import Path

from irlvla.compiling import FunctionT, cache_folder, compile_into

_FOLDER = cache_folder(Path(__file__).parent)


def compiled(function: FunctionT) -> FunctionT:
    """``function`` compiled at its first call and kept; it may make arrays."""
    return compile_into(_FOLDER, function)


def formula(function: FunctionT) -> FunctionT:
    """As :func:`compiled` for a function that makes no array, returns none, and is called by compiled code alone.

    So references need no counting, and the wrappers that Python would call it by, which unpack some hundred arrays and
    took most of the time to compile, are not made.
    """
    return compile_into(_FOLDER, function, _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)
