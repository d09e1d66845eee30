"""Annotations at 2 Hz brought to the 41 instants of the judge, as the benchmark's metric caching does it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from irlvla.scene import RedLight, Tracks
from irlvla.scene.frames import wrap
from irlvla.sources.navsim.frames import AGENTS, Moment

EVERY = 5
"""Instants from one annotation to the next."""
MOMENTS, INSTANTS = 9, 41


def tracks_of(moments: Sequence[Moment]) -> Tracks:
    """Tracks of all objects of nine moments, 0.5 s apart from now on.

    An object is there from its first to its last annotation; between two of them, gaps included, it moves along the
    straight line, its velocity too. **Quirk**: one that was annotated once is there, as it was, at all instants.
    Objects come by class, within a class by first appearance; class and size are those of the first annotation.
    """
    first: dict[str, tuple[int, int]] = {}
    for k, moment in enumerate(moments):
        for row, token in enumerate(moment.boxes.tokens):
            first.setdefault(token, (k, row))
    kinds = np.array([moments[k].boxes.kinds[row] for k, row in first.values()], np.int8)
    order = np.argsort(kinds, kind="stable")
    tokens = tuple(np.array(list(first), object)[order].tolist())
    place = {token: n for n, token in enumerate(tokens)}

    states, seen = np.zeros((len(tokens), MOMENTS, 5)), np.zeros((len(tokens), MOMENTS), np.bool_)
    for k, moment in enumerate(moments):
        rows = [place[token] for token in moment.boxes.tokens]
        states[rows, k, :3], states[rows, k, 3:] = moment.boxes.poses, moment.boxes.velocities
        seen[rows, k] = True
    sizes = [moments[k].boxes.sizes[row] for k, row in first.values()]
    between, valid = _interpolated(states, seen)
    between[~np.isin(kinds[order], AGENTS), :, 3:] = 0.0  # an agent later, perhaps, but taken for what it was at first
    return Tracks(
        tokens=tokens,
        kinds=kinds[order],
        sizes=np.array(sizes, np.float64).reshape(-1, 3)[order],
        poses=between[..., :3],
        velocities=between[..., 3:],
        valid=valid,
        annotated=seen[:, 0],
    )


def _interpolated(
    states: NDArray[np.float64], seen: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """``[N, 41, 5]`` and ``[N, 41]`` from states ``[N, 9, 5]`` where they were ``seen [N, 9]``."""
    count = len(states)
    moments = np.arange(MOMENTS)
    last = np.maximum.accumulate(np.where(seen, moments, -1), 1)
    following = np.minimum.accumulate(np.where(seen, moments, MOMENTS)[:, ::-1], 1)[:, ::-1]
    instants = np.arange(INSTANTS)
    before = last[:, instants // EVERY]
    after = following[:, np.minimum(-(-instants // EVERY), MOMENTS - 1)]
    valid = (before >= 0) & (after < MOMENTS)

    rows = np.arange(count)[:, None]
    start, end = states[rows, np.clip(before, 0, MOMENTS - 1)], states[rows, np.clip(after, 0, MOMENTS - 1)]
    change = end - start
    change[..., 2] = np.unwrap([start[..., 2], end[..., 2]], axis=0)[1] - start[..., 2]
    share = (instants - EVERY * before) / (EVERY * np.maximum(after - before, 1))
    between = start + share[..., None] * change
    between[..., 2] = wrap(between[..., 2])

    once = seen.sum(1) == 1
    between[once] = states[once, seen[once].argmax(1)][:, None]
    valid[once] = True
    return np.where(valid[..., None], between, 0.0), valid


def red_lights_of(moments: Sequence[Moment], connectors: dict[str, str]) -> tuple[RedLight, ...]:
    """The connectors that are red at some instant; a state lasts until the next annotation.

    Args:
        moments: nine, 0.5 s apart.
        connectors: names of the map's polygons by the connectors' ids; others are left out.
    """
    red: dict[str, NDArray[np.bool_]] = {}
    for k, moment in enumerate(moments):
        for connector in moment.red:
            if connector in connectors:
                red.setdefault(connectors[connector], np.zeros(INSTANTS, np.bool_))[EVERY * k : EVERY * (k + 1)] = True
    return tuple(RedLight(name, when) for name, when in red.items())
