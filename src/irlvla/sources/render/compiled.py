"""How this room compiles: see :mod:`irlvla.compiling`."""

from functools import partial
from pathlib import Path

from irlvla.compiling import cache_folder, compile_into

compiled = partial(compile_into, cache_folder(Path(__file__).parent), error_model="numpy", no_cfunc_wrapper=True)
"""Compiles a function at its first call and keeps it; numbers divided by zero are infinite, as numpy has it."""
compiled_fast = partial(compiled, fastmath=True)
"""The same with sums in any order and no NaN: for colours alone."""
inlined = partial(compiled, inline="always")
"""Compiles a function into those that call it."""
inlined_fast = partial(compiled_fast, inline="always")
