"""Pickles as NAVSIM's files are, without nuPlan and whatever numpy is here.

The classes carry the attributes that nuPlan's objects have and nothing that these can do; they answer to nuPlan's names
only while something is written or read.
"""

import pathlib
import pickle
import sys
import types
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, IntEnum
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

PROTOCOL = 5  # the highest of Python 3.9, which wrote the files

_CLASSES: list[type] = []


def _named(module: str):
    def keep(cls: type) -> type:
        cls.__module__ = module
        _CLASSES.append(cls)
        return cls

    return keep


@_named("nuplan.common.actor_state.state_representation")
class TimePoint:
    __slots__ = ("time_us",)

    def __init__(self, time_us):
        self.time_us = time_us


@_named("nuplan.common.actor_state.state_representation")
class Point2D:
    __slots__ = ("x", "y")

    def __init__(self, x, y):
        self.x, self.y = x, y


@_named("nuplan.common.actor_state.state_representation")
class StateSE2(Point2D):
    __slots__ = ("heading",)

    def __init__(self, x, y, heading):
        self.x, self.y, self.heading = x, y, heading


@_named("nuplan.common.actor_state.state_representation")
class StateVector2D:
    __slots__ = ("_array", "_x", "_y")

    def __init__(self, x, y):
        self._x, self._y, self._array = x, y, np.array([x, y])


@_named("nuplan.common.actor_state.tracked_objects_types")
class TrackedObjectType(Enum):
    VEHICLE = 0
    PEDESTRIAN = 1
    BICYCLE = 2
    TRAFFIC_CONE = 3
    BARRIER = 4
    CZONE_SIGN = 5
    GENERIC_OBJECT = 6
    EGO = 7

    def __reduce_ex__(self, protocol):
        return type(self), (self.value,)


@_named("nuplan.common.actor_state.oriented_box")
class OrientedBox:
    def __init__(self, center, length, width, height):
        self._center, self._length, self._width, self._height = center, length, width, height


@_named("nuplan.common.actor_state.scene_object")
@dataclass(frozen=True)
class SceneObjectMetadata:
    timestamp_us: int
    token: str
    track_id: int | None
    track_token: str | None
    category_name: str | None = None


@_named("nuplan.common.actor_state.static_object")
class StaticObject:
    def __init__(self, kind, box, metadata):
        self._metadata, self.instance_token, self._tracked_object_type, self._box = metadata, None, kind, box
        self.predictions, self.past_trajectory, self.velocity = None, None, StateVector2D(0.0, 0.0)


@_named("nuplan.common.actor_state.agent")
class Agent:
    def __init__(self, kind, box, velocity, metadata):
        self._initial_time_stamp = TimePoint(metadata.timestamp_us)
        self._predictions, self._past_trajectory = [], None
        self._metadata, self.instance_token, self._tracked_object_type, self._box = metadata, None, kind, box
        self._velocity, self._angular_velocity = velocity, None


@_named("nuplan.common.actor_state.tracked_objects")
class TrackedObjects:
    def __init__(self, tracked_objects):
        self.tracked_objects = sorted(tracked_objects, key=lambda tracked: tracked._tracked_object_type.value)


@_named("nuplan.planning.simulation.observation.observation_type")
@dataclass
class DetectionsTracks:
    tracked_objects: TrackedObjects


@_named("nuplan.common.maps.maps_datatypes")
class TrafficLightStatusType(IntEnum):
    GREEN = 0
    YELLOW = 1
    RED = 2
    UNKNOWN = 3

    def __reduce_ex__(self, protocol):
        return type(self), (self.value,)


@_named("nuplan.common.maps.maps_datatypes")
@dataclass
class TrafficLightStatusData:
    status: TrafficLightStatusType
    lane_connector_id: int
    timestamp: Any


@_named("nuplan.common.maps.maps_datatypes")
@dataclass
class TrafficLightStatuses:
    traffic_lights: list[TrafficLightStatusData]


@contextmanager
def known_as_there() -> Iterator[None]:
    """The classes answer to nuPlan's names, numpy's functions and paths to those of the numpy and Python of then."""
    modules = {name for cls in _CLASSES for name in accumulate(cls.__module__.split("."), "{}.{}".format)}
    before = {name: sys.modules.get(name) for name in modules}
    builders: list[Any] = [np.zeros(1).__reduce_ex__(5)[0], np.zeros(1).__reduce__()[0], np.float64().__reduce__()[0]]
    renamed = [*builders, type(Path())]
    names = [thing.__module__ for thing in renamed]
    try:
        for name in modules:
            sys.modules[name] = types.ModuleType(name)
        for cls in _CLASSES:
            setattr(sys.modules[cls.__module__], cls.__name__, cls)
        for thing, name in zip(renamed, names, strict=True):
            thing.__module__ = pathlib.__name__ if thing is renamed[-1] else name.replace("_core", "core")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            yield
    finally:
        for thing, name in zip(renamed, names, strict=True):
            thing.__module__ = name
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def write_pickle(content: Any, path: Path) -> None:
    """Write ``content`` with the names that NAVSIM's files have; a file of that name is replaced, not written into."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with known_as_there():
        path.write_bytes(pickle.dumps(content, PROTOCOL))


def read_pickle(path: Path) -> Any:
    """What :func:`write_pickle` wrote."""
    with known_as_there():
        return pickle.loads(path.read_bytes())


class _Noting(pickle.Unpickler):
    def __init__(self, file):
        super().__init__(file)
        self.names: set[str] = set()

    def find_class(self, module, name):
        self.names.add(f"{module}.{name}")
        return super().find_class(module, name)


def names_in(path: Path) -> set[str]:
    """Full names of all classes and functions that a pickle of :func:`write_pickle` asks for."""
    with known_as_there(), path.open("rb") as file:
        loader = _Noting(file)
        loader.load()
    return loader.names
