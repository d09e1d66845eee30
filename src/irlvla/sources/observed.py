"""The objects of a recording as a scene shows them: short gaps bridged, velocities differentiated."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from irlvla.scene import Tracks
from irlvla.scene.frames import wrap
from irlvla.sources.recording import FUTURE_STEPS, STEP, Recording

_LONGEST_GAP = 2  # steps without observation that are bridged
_VELOCITY_REACH = 2  # central differences reach this many steps to each side
_NEAR = 60.0  # objects this close to the ego's path belong to a scene [m]


def bridged(poses: NDArray[np.float64], valid: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """``poses [S, 3]`` and ``valid [S]`` of an object, gaps of one or two steps filled linearly, headings unwrapped."""
    seen = np.flatnonzero(valid)
    if len(seen) == 0:
        return poses, valid
    steps = np.arange(len(valid))
    before = np.maximum.accumulate(np.where(valid, steps, -1))
    after = np.minimum.accumulate(np.where(valid, steps, len(valid))[::-1])[::-1]
    filled = (before >= 0) & (after < len(valid)) & (after - before <= _LONGEST_GAP + 1)
    columns = [poses[seen, 0], poses[seen, 1], np.unwrap(poses[seen, 2])]
    return np.column_stack([np.interp(steps, seen, column) for column in columns]), filled


@dataclass(frozen=True)
class Observed:
    """All objects of a log.

    Attributes:
        names: short unique name of each.
        kinds: ``[N]``; sizes: ``[N, 3]``; poses: ``[N, S, 3]``; velocities: ``[N, S, 2]``; valid: ``[N, S]``, as in
            :class:`~irlvla.scene.Tracks`, over the whole log.
    """

    names: tuple[str, ...]
    kinds: NDArray[np.int8]
    sizes: NDArray[np.float64]
    poses: NDArray[np.float64]
    velocities: NDArray[np.float64]
    valid: NDArray[np.bool_]

    @classmethod
    def of(cls, recording: Recording) -> "Observed":
        """Bridge gaps of up to 0.2 s and differentiate over up to 0.2 s to each side."""
        poses, valid = recording.poses.copy(), recording.valid.copy()
        for n in range(len(poses)):
            poses[n], valid[n] = bridged(recording.poses[n], recording.valid[n])
        return cls(
            short_names(recording.ids), recording.kinds, recording.sizes, poses, _velocities(poses, valid), valid
        )

    def scene_tracks(self, step: int, path: NDArray[np.float64], without: int) -> Tracks:
        """The objects, except ``without``, that come within 60 m of ``path [P, 2]`` in the 4 s after ``step``."""
        window = slice(step, step + FUTURE_STEPS + 1)
        valid = self.valid[:, window]
        seen = np.flatnonzero(valid.any(1))
        seen = seen[seen != without]
        coarse = np.s_[::5]  # half a second
        apart = self.poses[seen, window, :2][:, coarse, None] - path[coarse]
        near = (np.linalg.norm(apart, axis=-1) < _NEAR).any(2) & valid[seen][:, coarse]
        kept = seen[near.any(1)]
        shown = valid[kept]
        poses = np.where(shown[..., None], self.poses[kept, window], 0.0)
        poses[..., 2] = wrap(poses[..., 2])
        return Tracks(
            tokens=tuple(self.names[n] for n in kept),
            kinds=self.kinds[kept],
            sizes=self.sizes[kept],
            poses=poses,
            velocities=np.where(shown[..., None], self.velocities[kept, window], 0.0),
            valid=shown,
        )


def short_names(ids: tuple[str, ...], shortest: int = 8) -> tuple[str, ...]:
    """The beginnings of ``ids``, as long as it takes (at least 8 characters) to tell them all apart."""
    for length in range(shortest, max(map(len, ids), default=0)):
        if len({name[:length] for name in ids}) == len(ids):
            return tuple(name[:length] for name in ids)
    return ids


def _velocities(poses: NDArray[np.float64], valid: NDArray[np.bool_]) -> NDArray[np.float64]:
    """``[N, S, 2]`` differences over +-0.2 s as far as the object was seen without a break, zero if seen only once."""
    steps = np.arange(valid.shape[1])
    before, after = np.broadcast_to(steps, valid.shape), np.broadcast_to(steps, valid.shape)
    unbroken_back, unbroken_on = valid, valid
    for reach in range(1, _VELOCITY_REACH + 1):
        back = np.pad(valid, ((0, 0), (reach, 0)))[:, : valid.shape[1]]
        on = np.pad(valid, ((0, 0), (0, reach)))[:, reach:]
        unbroken_back, unbroken_on = unbroken_back & back, unbroken_on & on
        before, after = before - unbroken_back, after + unbroken_on
    rows = np.arange(len(valid))[:, None]
    moved = poses[rows, after, :2] - poses[rows, before, :2]
    return moved / (np.maximum(after - before, 1) * STEP)[..., None]
