"""Strangers' pickles: everything plain comes through, nothing else is even looked at."""

import collections
import enum
import os
import pickle
import sys
import types

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from irlvla.errors import InputError
from irlvla.sources.restricted import load_pickle, read_pickle


class Call:
    """Pickles as a call of ``function``."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_arrays_and_containers_come_through(protocol):
    content = {
        "f64": np.arange(6.0).reshape(2, 3),
        "fortran": np.asfortranarray(np.arange(6).reshape(2, 3)),
        "f32": np.float32(1.5),
        "text": np.array(["a", "bc"]),
        "objects": np.array([{}, None, "x"], object),
        "empty": np.zeros((0, 2)),
        "bytes": b"\xff\x00",
        "counts": collections.defaultdict(int, {"a": 1}),
        "ordered": collections.OrderedDict(b=1),
        "set": {1, 2},
        "nested": [(1, 2.5), [None, True]],
    }
    loaded = load_pickle(pickle.dumps(content, protocol), "file")
    assert loaded.keys() == content.keys()
    for name in ("f64", "fortran", "text", "objects", "empty"):
        np.testing.assert_array_equal(loaded[name], content[name])
        assert loaded[name].dtype == content[name].dtype
    for name in ("f32", "bytes", "counts", "ordered", "set", "nested"):
        assert loaded[name] == content[name]


@pytest.mark.parametrize("module", ["__main__", "metadrive.type"])
def test_enumerations_become_strings(module, monkeypatch):
    kind = enum.Enum("RoadLineType", {"SOLID": 6}, module=module)
    for name in (module, module.split(".")[0]):
        stand_in = types.ModuleType(name)
        stand_in.RoadLineType = kind
        monkeypatch.setitem(sys.modules, name, stand_in)
    assert load_pickle(pickle.dumps([kind.SOLID]), "file") == ["RoadLineType.6"]


def test_a_malicious_pickle_is_refused_and_not_run(tmp_path):
    trace = tmp_path / "trace"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        data = pickle.dumps({"tracks": Call(os.system, f"touch {trace}")}, protocol)
        with pytest.raises(InputError, match=r"evil\.pkl: .*system"):
            load_pickle(data, "evil.pkl")
    assert not trace.exists()


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (eval, ("1",)),
        (getattr, ("x", "upper")),
        (__import__, ("os",)),
        (np.load, ("x",)),
        (np.fromfile, ("x",)),
        (pickle.loads, (b"",)),
    ],
)
def test_no_function_passes(function, arguments):
    with pytest.raises(InputError, match=function.__name__):
        load_pickle(pickle.dumps(Call(function, *arguments)), "file")


def test_other_codecs_are_refused():
    with pytest.raises(InputError, match="rot13"):
        load_pickle(b"c_codecs\nencode\n(S'x'\nS'rot13'\ntR.", "file")


def test_foreign_classes_are_refused():
    with pytest.raises(InputError, match=r"decimal\.Decimal"):
        load_pickle(pickle.dumps(__import__("decimal").Decimal(1)), "file")


def test_paths_are_names_alone():
    assert str(load_pickle(pickle.dumps(__import__("pathlib").Path("a/b")), "file")) == "a/b"


@settings(max_examples=100)
@given(st.integers(0, 400))
def test_a_truncated_pickle_names_itself(length):
    data = pickle.dumps({"tracks": np.arange(100.0), "map": {"lane": [1, 2, 3]}})
    with pytest.raises(InputError, match=r"log\.pkl: damaged"):
        load_pickle(data[:length], "log.pkl")


def test_a_missing_file_names_itself(tmp_path):
    with pytest.raises(InputError, match=r"nothing\.pkl: cannot be read"):
        read_pickle(tmp_path / "nothing.pkl")
