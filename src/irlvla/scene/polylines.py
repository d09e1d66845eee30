"""A list of polylines or polygon rings kept flat."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Polylines:
    """``K`` polylines (or open polygon rings) in one array; line ``k`` is ``points[offsets[k]:offsets[k+1]]``.

    Attributes:
        points: ``[P, 2]`` float64, metres.
        offsets: ``[K + 1]`` int64, ascending from 0 to P.
    """

    points: NDArray[np.float64]
    offsets: NDArray[np.int64]

    @classmethod
    def of(cls, lines: Iterable[NDArray[np.float64]]) -> "Polylines":
        """Pack a list of ``[n, 2]`` arrays (any further columns are dropped)."""
        parts = [np.asarray(line, np.float64)[:, :2] for line in lines]
        offsets = np.cumsum([0, *map(len, parts)], dtype=np.int64)
        return cls(np.concatenate(parts) if parts else np.zeros((0, 2)), offsets)

    def take(self, which: NDArray[np.integer]) -> "Polylines":
        """The lines ``which [n]``, in that order."""
        lengths = np.diff(self.offsets)[which]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        points = np.repeat(self.offsets[:-1][which] - offsets[:-1], lengths) + np.arange(offsets[-1])
        return Polylines(self.points[points], offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, k: int) -> NDArray[np.float64]:
        return self.points[self.offsets[k] : self.offsets[k + 1]]

    def __iter__(self) -> Iterator[NDArray[np.float64]]:
        return (self[k] for k in range(len(self)))
