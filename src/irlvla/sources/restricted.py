"""Reading pickles that strangers wrote, without running what is in them.

A pickle is a program. Recordings are shared as pickles all the same, so they are read with a loader that can build
numpy arrays and plain containers and nothing else. Members of enumerations that some ScenarioNet files name (classes of
``__main__`` and of MetaDrive, which are not installed here) become strings such as ``"RoadLineType.6"``.
"""

import collections
import datetime
import io
import pickle
from collections.abc import Callable, Collection
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np

from irlvla.errors import InputError


class _Refused(pickle.UnpicklingError):
    """The pickle names something that is not built here."""


def _reconstruct(*_: object) -> np.ndarray:
    """An array to be filled by the state that follows in the pickle."""
    return np.zeros(0, np.int8)


def _scalar(dtype: np.dtype, data: bytes) -> Any:
    return np.frombuffer(data, dtype)[0]  # refuses object dtypes


def _frombuffer(data: bytes, dtype: np.dtype, shape: tuple[int, ...], order: Any) -> np.ndarray:
    return np.frombuffer(data, dtype).reshape(shape, order=order)


def _encode(text: str, encoding: str = "latin1") -> bytes:
    """Bytes as old pickles write them: latin-1 text; no other codec is looked up."""
    if encoding != "latin1":
        raise _Refused(f"_codecs.encode({encoding!r})")
    return text.encode("latin1")


_PLAIN = (bool, bytearray, bytes, complex, dict, float, frozenset, int, list, set, slice, str, tuple)
_BUILDERS: dict[tuple[str, str], Any] = {
    **{(builtins, kind.__name__): kind for kind in _PLAIN for builtins in ("builtins", "__builtin__")},
    ("__builtin__", "long"): int,  # as Python 2 named them
    ("__builtin__", "unicode"): str,
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("collections", "defaultdict"): collections.defaultdict,
    ("datetime", "date"): datetime.date,
    ("datetime", "datetime"): datetime.datetime,
    ("datetime", "timedelta"): datetime.timedelta,
    **{("pathlib", kind): PurePosixPath for kind in ("PosixPath", "PurePosixPath")},  # names alone
    **{("pathlib", kind): PureWindowsPath for kind in ("WindowsPath", "PureWindowsPath")},
    ("_codecs", "encode"): _encode,
    ("numpy", "dtype"): np.dtype,
    ("numpy", "ndarray"): "numpy.ndarray",  # only ever an argument of _reconstruct, which does not need it
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _reconstruct for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "scalar"): _scalar for core in ("core", "_core")},
    **{(f"numpy.{core}.numeric", "_frombuffer"): _frombuffer for core in ("core", "_core")},
}


def _as_text(class_name: str) -> Callable[..., str]:
    """Stands for an enumeration: "calling" it with a value gives a string."""
    return lambda *values: ".".join([class_name, *map(str, values)])


class Record:
    """Stands for an object of a foreign class: its attributes, and what it was made from, and nothing else.

    Attributes:
        args: the arguments of its making that the pickle names; of a member of an enumeration its value.
    """

    args: tuple[Any, ...] = ()

    def __new__(cls, *args: Any) -> "Record":
        """A record made from ``args``; the foreign class is not called, nor known."""
        record = super().__new__(cls)
        if args:
            record.args = args
        return record


class _RestrictedUnpickler(pickle.Unpickler):
    def __init__(self, data: bytes, records: Collection[str]) -> None:
        super().__init__(io.BytesIO(data))
        self.records = records
        self.packages = tuple(name for name in records if name.endswith("."))

    def find_class(self, module: str, name: str) -> Any:
        if f"{module}.{name}" in self.records or f"{module}.".startswith(self.packages):
            return type(name, (Record,), {})
        if (module, name) in _BUILDERS:
            return _BUILDERS[module, name]
        if module == "__main__" or module.split(".")[0] in ("metadrive", "scenarionet"):
            return _as_text(name)
        raise _Refused(f"{module}.{name}")


def load_pickle(data: bytes, where: str | Path, records: Collection[str] = ()) -> Any:
    """What the pickle ``data`` holds, built from numpy arrays, plain containers and strings alone.

    Args:
        data: the whole pickle.
        where: its file, for messages.
        records: classes, by full name, of which only the attributes are read, as a :class:`Record`; a name that ends
            with a dot stands for all of a package.

    Raises:
        InputError: if it names anything else (nothing of that has been run then), or is damaged.
    """
    try:
        return _RestrictedUnpickler(data, records).load()
    except _Refused as refused:
        what = f"the pickle tries to load {refused}, which could run foreign code, and was not read further"
        raise InputError(where, what, "only pickles of numpy arrays and plain containers are read") from refused
    except Exception as error:  # a damaged pickle can make the loader raise nearly anything
        what = f"damaged, or no pickle ({type(error).__name__}: {error})"
        raise InputError(where, what, "download or convert the file again") from error


def read_pickle(path: Path, records: Collection[str] = ()) -> Any:
    """:func:`load_pickle` of a file.

    Raises:
        InputError: as there, or if the file cannot be opened.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", "check the path") from error
    return load_pickle(data, path, records)
