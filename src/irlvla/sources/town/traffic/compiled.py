"""How this room compiles: see :mod:`irlvla.compiling`."""

from pathlib import Path

from irlvla.compiling import FunctionT, cache_folder, compile_into

_FOLDER = cache_folder(Path(__file__).parent)


def compiled(function: FunctionT) -> FunctionT:
    """``function`` compiled at its first call and kept; it may make arrays."""
    return compile_into(_FOLDER, function)


def formula(function: FunctionT) -> FunctionT:
    """As :func:`compiled` for a function that makes no array and returns none, which saves counting references."""
    return compile_into(_FOLDER, function, _nrt=False)
