"""What a scene must be to be judged: anything else is refused with its name, nothing is scored as zero instead."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms.comfort import LONGEST_PAST
from irlvla.epdms.vehicle import INSTANTS, STATE
from irlvla.errors import InputError
from irlvla.scene import HORIZON, Layer, ObjectKind, Polylines, SceneTruth

FloatArray = NDArray[np.float64]


def check_truth(truth: SceneTruth, where: str) -> None:
    """Refuse a scene that cannot be judged; ``where`` names it.

    Raises:
        InputError: if shapes do not fit, numbers are missing or not finite, classes are unknown, names occur twice, or
            lines, polygons, past or futures are too short.
    """
    _check_shapes(truth, where)
    _check_numbers(truth, where)
    _check_names(truth, where)
    _check_map(truth, where)
    _check_times(truth, where)


def _check_shapes(truth: SceneTruth, where: str) -> None:
    tracks, count = truth.tracks, len(truth.tracks)
    steps = tracks.valid.shape[-1]
    wanted: dict[str, tuple[NDArray[Any], tuple[int | None, ...]]] = {
        "ego": (truth.ego, (STATE,)),
        "past": (truth.past, (None, 8)),
        "centerline": (truth.centerline, (None, None)),
        "reference": (truth.reference, (None, 3)),
        "track kinds": (tracks.kinds, (count,)),
        "track sizes": (tracks.sizes, (count, 3)),
        "track poses": (tracks.poses, (count, steps, 3)),
        "track velocities": (tracks.velocities, (count, steps, 2)),
        "track presence": (tracks.valid, (count, steps)),
        "map layers": (truth.map.layers, (len(truth.map.ids),)),
        "owners of holes": (truth.map.hole_owners, (len(truth.map.holes),)),
    }
    if truth.human is not None:
        wanted["human"] = truth.human.poses, (None, 3)
    for name, (values, shape) in wanted.items():
        given = np.shape(values)
        if len(given) != len(shape) or any(s is not None and s != g for s, g in zip(shape, given, strict=True)):
            sizes = ", ".join("any" if size is None else str(size) for size in shape)
            raise InputError(where, f"{name} has the shape {given}", f"give [{sizes}]")
    if len(truth.map.polygons) != len(truth.map.ids):
        counts = f"{len(truth.map.ids)} names for {len(truth.map.polygons)} map polygons"
        raise InputError(where, counts, "give each polygon its name")


def _check_numbers(truth: SceneTruth, where: str) -> None:
    tracks, seen = truth.tracks, truth.tracks.valid
    numbers: Mapping[str, FloatArray] = {
        "ego": truth.ego,
        "past": truth.past,
        "centerline": truth.centerline,
        "reference": truth.reference,
        "human": np.zeros(0) if truth.human is None else truth.human.poses,
        "map polygons": truth.map.polygons.points,
        "map holes": truth.map.holes.points,
        "track sizes": tracks.sizes,
        "track poses": tracks.poses[seen],
        "track velocities": tracks.velocities[seen],
    }
    for name, values in numbers.items():
        if not np.isfinite(values).all():
            raise InputError(where, f"{name} holds NaN or infinity", "mend the source of the scene")
    for m in np.flatnonzero((tracks.sizes < 0).any(1) | ~np.isin(tracks.kinds, [int(kind) for kind in ObjectKind])):
        raise InputError(where, f"track {tracks.tokens[m]!r} has a negative size or an unknown kind", "mend or drop it")


def _check_names(truth: SceneTruth, where: str) -> None:
    named: Mapping[str, Sequence[str]] = {"map polygons": truth.map.ids, "tracks": truth.tracks.tokens}
    for kind, names in named.items():
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise InputError(where, f"two {kind} are called {twice!r}", "give each its own name")
    for light in truth.red_lights:
        if light.connector not in truth.map.ids:
            missing = f"no map polygon is called {light.connector!r}, which is red"
            raise InputError(where, missing, "add it to the map or drop the light")


def _check_map(truth: SceneTruth, where: str) -> None:
    hd_map = truth.map
    if len(truth.centerline) < 2:
        raise InputError(where, "the centerline has fewer than two points", "give the centre line of the route")
    for k in np.flatnonzero(~np.isin(hd_map.layers, [int(layer) for layer in Layer])):
        raise InputError(where, f"map polygon {hd_map.ids[k]!r} is of no known layer", "mend or drop it")
    for k in np.flatnonzero(_lengths(hd_map.polygons) < 3):
        raise InputError(where, f"map polygon {hd_map.ids[k]!r} has fewer than three points", "mend or drop it")
    for h, owner in enumerate(hd_map.hole_owners):
        if not 0 <= owner < len(hd_map.ids):
            raise InputError(where, f"hole {h} of the map is of polygon {owner}, which is not there", "drop it")
        if _lengths(hd_map.holes)[h] < 3:
            raise InputError(where, f"a hole of {hd_map.ids[owner]!r} has fewer than three points", "mend or drop it")


def _lengths(lines: Polylines) -> NDArray[np.int64]:
    return np.diff(lines.offsets)


def _check_times(truth: SceneTruth, where: str) -> None:
    if len(truth.past) < 2 or not (np.diff(truth.past[:, 0]) > 0).all():
        raise InputError(where, "past needs two rows or more, times ascending", "give the last 1.5 s at 2 Hz")
    if (truth.past[-1, 0] - truth.past[0, 0]) * 1e-6 > LONGEST_PAST:
        raise InputError(where, f"past lasts more than {LONGEST_PAST:g} s", "give the last 1.5 s at 2 Hz")
    if len(truth.reference) < INSTANTS:
        raise InputError(where, f"the reference has {len(truth.reference)} poses", "give 41 or more, 0.1 s apart")
    if truth.tracks.valid.shape[1] < INSTANTS:
        raise InputError(where, f"tracks have {truth.tracks.valid.shape[1]} instants", "give 41, 0.1 s apart")
    human = truth.human
    if human is not None and not len(human.poses) * human.interval > HORIZON - 1e-6:
        lack = f"the human's future lasts {len(human.poses) * human.interval:g} s"
        raise InputError(where, lack, f"give {HORIZON:g} s, or no human")
    for light in truth.red_lights:
        if len(light.red) < INSTANTS:
            lack = f"red light {light.connector!r} has {len(light.red)} instants"
            raise InputError(where, lack, "give 41, 0.1 s apart")
