"""Tracks kept at their knots: the instants between which every object moves along straight lines of its state.

What was annotated at 2 Hz and interpolated to 10 Hz, or stands, has few of them; a fifth of the instants or less are
then stored, and what is read is what was written to within 1e-5 m.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from irlvla.scene.tracks import Tracks

STEPS = 41
_STRAIGHT = 2e-8
"""Second difference [m, rad, m/s] up to which an instant lies on the line of its neighbours: 41 of them add up to
4e-6, and global coordinates are rounded by 2e-9."""

Columns = dict[str, NDArray[Any]]


def pack_tracks(tracks: Tracks, origin: NDArray[np.float64]) -> Columns:
    """Columns of ``N`` tracks over 41 instants, ragged by object or knot; undone by :func:`unpack_tracks`.

    Positions are kept as float32 relative to ``origin [2]``, which moves them by less than 1e-5 m.

    Raises:
        ValueError: if there are not 41 instants.
    """
    if tracks.valid.shape[1] != STEPS:
        raise ValueError(f"tracks have {tracks.valid.shape[1]} instants, not {STEPS}")
    states = np.concatenate([tracks.poses - [*origin[:2], 0.0], tracks.velocities], axis=2)
    states = np.where(tracks.valid[..., None], states, 0.0)
    knots = _knots(states, tracks.valid)
    return {
        "track_kinds": tracks.kinds,
        "track_sizes": tracks.sizes.astype(np.float32),
        "track_now": tracks.now,
        "track_valid": np.packbits(tracks.valid, axis=1),
        "track_knots": np.packbits(knots, axis=1),
        "track_states": states[knots].astype(np.float32),
    }


def _knots(states: NDArray[np.float64], valid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """``[N, 41]`` instants that must be kept: where something is there and its neighbours do not say what it does."""
    inside = valid[:, :-2] & valid[:, 1:-1] & valid[:, 2:]
    bend = np.abs(states[:, :-2] - 2.0 * states[:, 1:-1] + states[:, 2:]).max(2)
    knots = valid.copy()
    knots[:, 1:-1] &= ~(inside & (bend <= _STRAIGHT))
    return knots


def unpack_tracks(columns: Columns, tokens: tuple[str, ...], origin: NDArray[np.float64]) -> Tracks:
    """The tracks of :func:`pack_tracks`, named ``tokens``."""
    valid, knots = (np.unpackbits(columns[name], axis=1, count=STEPS).astype(np.bool_)
                    for name in ("track_valid", "track_knots"))  # fmt: skip
    kept = columns["track_states"].astype(np.float64)
    states = np.zeros((*valid.shape, 5))
    if len(kept):
        instants = np.arange(STEPS)
        places = np.flatnonzero(knots)  # of the knots among all instants of all objects
        before = np.maximum.accumulate(np.where(knots, instants, 0), axis=1)
        after = np.minimum.accumulate(np.where(knots, instants, STEPS - 1)[:, ::-1], axis=1)[:, ::-1]
        rows = STEPS * np.arange(len(valid))[:, None]
        last = len(kept) - 1  # outside of the life of an object, where nothing is asked
        first, second = (np.minimum(np.searchsorted(places, rows + k), last) for k in (before, after))
        share = (instants - before) / np.maximum(after - before, 1)
        states = kept[first] + share[..., None] * (kept[second] - kept[first])
    states = np.where(valid[..., None], states, 0.0)
    return Tracks(
        tokens=tokens,
        kinds=columns["track_kinds"],
        sizes=columns["track_sizes"].astype(np.float64),
        poses=states[..., :3] + np.array([*origin[:2], 0.0]),
        velocities=states[..., 3:],
        valid=valid,
        annotated=columns["track_now"],
    )
