"""Ways in which a downloaded data set can be damaged; each returns what a message about it should name."""

import json
import os
import pickle
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.sources.navsim.made_up import MadeUp
from tests.sources.navsim.made_up_logs import MadeUpLog
from tests.sources.navsim.made_up_objects import PROTOCOL, read_pickle, write_pickle
from tests.sources.navsim.made_up_second_stage import Follower
from tests.sources.navsim.made_up_splits import BELOW
from tests.sources.nuplan_map.geopackages import VERSIONS

UNKNOWN_TOKEN = "0123456789abcdef"


def copy_of(made: MadeUp, root: Path) -> MadeUp:
    """The data set once more, to be damaged: pictures and maps are shared, and must be replaced rather than changed."""
    for part in (made.data_root, made.devkit_root):
        shutil.copytree(part, root / part.name, copy_function=os.link)
    data = root / made.data_root.name
    return replace(made, data_root=data, maps_root=data / made.maps_root.name, devkit_root=root / made.devkit_root.name)


def delete_picture(made: MadeUp, token: str, camera: str = "CAM_F0") -> Path:
    """Of a first-stage token; returns the file."""
    path = made.picture(*made.frames[token], camera)
    path.unlink()
    return path


def cut_picture_in_half(made: MadeUp, token: str, camera: str = "CAM_F0") -> Path:
    """Of a first-stage token, as a broken download leaves it; returns the file."""
    path = made.picture(*made.frames[token], camera)
    _halve(path)
    return path


def delete_log(made: MadeUp, log: MadeUpLog) -> str:
    """A whole log; returns its name."""
    made.log_file(log).unlink()
    return log.name


def cut_log_in_half(made: MadeUp, log: MadeUpLog) -> Path:
    """The pickle of a log; returns the file."""
    path = made.log_file(log)
    _halve(path)
    return path


def cut_scene_in_half(made: MadeUp, split: str, follower: Follower) -> Path:
    """The pickle of a synthetic scene; returns the file."""
    path = made.scene_file(split, follower)
    _halve(path)
    return path


def delete_scene(made: MadeUp, split: str, follower: Follower) -> str:
    """The pickle of a synthetic scene; returns its token, which the split still asks for."""
    made.scene_file(split, follower).unlink()
    return follower.token


def unknown_token(made: MadeUp, split: str) -> str:
    """Makes a split ask for a token that no log has, which is returned."""
    path = made.devkit_root / BELOW / "scene_filter" / f"{split}.yaml"
    text = path.read_text().replace("\ntokens:\n", f"\ntokens:\n- '{UNKNOWN_TOKEN}'\n", 1)
    path.unlink()
    path.write_text(text)
    return UNKNOWN_TOKEN


def nan_in_pose(made: MadeUp, log: MadeUpLog, k: int) -> str:
    """The position of frame ``k`` of a log is not a number; returns the token of the frame."""
    return _changed(made, log, k, lambda frame: frame["ego2global_translation"].__setitem__(0, float("nan")))


def missing_key(made: MadeUp, log: MadeUpLog, k: int, key: str) -> str:
    """Frame ``k`` of a log has no ``key``; returns the key."""
    _changed(made, log, k, lambda frame: frame.pop(key))
    return key


def _changed(made: MadeUp, log: MadeUpLog, k: int, change) -> str:
    content = read_pickle(made.log_file(log))
    change(content[k])
    write_pickle(content, made.log_file(log))
    return log.tokens[k]


class _Call:
    """Is written to a pickle as a call of ``function``, which whoever reads the pickle makes."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


def malicious(path: Path, way: str) -> tuple[str, Path]:
    """Puts a pickle in the place of ``path`` that makes a file when it is read; returns what it calls, and that file.

    Args:
        path: a pickle of the data set; it is a list of dictionaries still.
        way: "system" (a shell), "eval", "exec", or "object" (a harmless class deep inside that runs nothing).
    """
    victim = path.with_name(f"{path.stem}.was-here")
    python = f"open({str(victim)!r}, 'w').close()"
    calls = {
        "system": (f"{os.system.__module__}.system", _Call(os.system, f"touch '{victim}'")),
        "eval": ("builtins.eval", _Call(eval, python)),
        "exec": ("builtins.exec", _Call(exec, python)),
        "object": ("decimal.Decimal", _Call(__import__("decimal").Decimal, "1.5")),
    }
    name, call = calls[way]
    path.unlink()
    path.write_bytes(pickle.dumps([{"token": "a", "anns": {"gt_names": [call]}}], PROTOCOL))
    return name, victim


def map_not_in_versions(made: MadeUp, city: str) -> str:
    """The file of versions does not know a city, which is returned."""
    _write_versions(made, {name: entry for name, entry in _versions(made).items() if name != city})
    return city


def no_versions(made: MadeUp) -> Path:
    """There is no file of versions; returns where it should be."""
    path = made.maps_root / VERSIONS
    path.unlink()
    return path


def version_not_there(made: MadeUp, city: str, version: str = "9.99.9999") -> str:
    """The file of versions names one of a city that is not on disk, and returned."""
    known = _versions(made)
    known[city] = known[city] | {"version": version}
    _write_versions(made, known)
    return version


def second_version(made: MadeUp, city: str, version: str = "8.1.1") -> Path:
    """Another version of a city lies beside the one that counts; no fault. Returns its file, which is no map at all."""
    path = made.maps_root / city / version / "map.gpkg"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"this version must not be read")
    return path


def map_cut_in_half(made: MadeUp, city: str) -> Path:
    """The map of a city is cut; returns the file."""
    path = made.maps_root / city / _versions(made)[city]["version"] / "map.gpkg"
    _halve(path)
    return path


def _versions(made: MadeUp) -> dict[str, Any]:
    return json.loads((made.maps_root / VERSIONS).read_text())


def _write_versions(made: MadeUp, known: dict[str, Any]) -> None:
    path = made.maps_root / VERSIONS
    path.unlink()
    path.write_text(json.dumps(known))


def _halve(path: Path) -> None:
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[: len(content) // 2])
