"""PDM-Closed, the rule-based planner whose plan is the reference of ego progress (``docs/epdms.md``, "References").

Fifteen proposals, three lines beside the route's centre line times five speeds, follow whatever is ahead on them. Each
is driven and judged against a forecast of the traffic; the best one is the reference. (Dauner et al., Parting with
Misconceptions about Learning-based Vehicle Motion Planning, CoRL 2023, as NAVSIM v2.2 runs it.)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms.cpu import judge_references
from irlvla.epdms.forecast import FORESEEN, foreseen
from irlvla.epdms.idm import Cars, OnPath, drive_on, look_along, start
from irlvla.epdms.judge import LK, NC, PROGRESS, TLC, TTC
from irlvla.epdms.obstacles import Obstacles
from irlvla.epdms.pack import pack
from irlvla.epdms.path import Path
from irlvla.epdms.progress import PROGRESS_FLOOR
from irlvla.epdms.truth import prepare_scene
from irlvla.epdms.vehicle import INSTANTS
from irlvla.epdms.versions import Rules
from irlvla.scene import SceneTruth
from irlvla.scene.frames import poses_to_global, poses_to_local
from irlvla.scene.subscores import WEIGHTS

FloatArray = NDArray[np.float64]

OFFSETS: Final = (0.0, -1.0, 1.0)
"""Metres to the left of the centre line."""
SPEED_SHARES: Final = (0.2, 0.4, 0.6, 0.8, 1.0)
"""Wanted speeds as shares of the speed limit."""
USUAL_SPEED: Final = 15.0
"""Taken for a speed limit that is not known, or 0 [m/s]."""


@dataclass(frozen=True)
class Choice:
    """What PDM-Closed chose among in one scene; proposals are in order of ``OFFSETS`` and, within, ``SPEED_SHARES``.

    Attributes:
        proposals: ``[15, 41, 3]`` x, y, heading every 0.1 s from now on, in the ego frame of now.
        verdicts: ``[15, 11]`` of their roll-outs among the forecast traffic (columns as in ``judge``).
        scores: ``[15]`` by which the first of the best is chosen.
        reference: ``[51, 3]`` that one, driven on to 5 s, in the global frame.
    """

    proposals: FloatArray
    verdicts: FloatArray
    scores: FloatArray
    reference: FloatArray

    @property
    def winner(self) -> int:
        """Place of the proposal that was chosen."""
        return int(self.scores.argmax())

    def nearest(self, poses: FloatArray) -> int:
        """Place of the proposal nearest to ``poses [41 or more, 3]``, given in the ego frame of now."""
        apart = np.abs(self.proposals[..., :2] - poses[:INSTANTS, :2]).max((1, 2))
        return int(apart.argmin())


def pdm_closed_reference(truth: SceneTruth, where: str = "scene") -> FloatArray:
    """The reference ``[51, 3]``: x, y, heading of the rear axle every 0.1 s from now to 5 s, global frame.

    Of ``truth`` it looks at the ego, the map, the route and its centre line, the speed limit, and the tracks and lights
    of now. The first pose is the point of the chosen line nearest to the ego, not the ego's own.

    Raises:
        InputError: if the scene cannot be judged; ``where`` names it.
    """
    return pdm_closed(truth, where).reference


def pdm_closed(truth: SceneTruth, where: str = "scene") -> Choice:
    """The reference with all that it was chosen among.

    Raises:
        InputError: as :func:`pdm_closed_reference`.
    """
    future = foreseen(truth)
    arrays = prepare_scene(future, where)
    obstacles = Obstacles.of(future)
    centre = Path.of(poses_to_local(truth.centerline, truth.ego[:3]))
    known = np.isfinite(truth.speed_limit) and truth.speed_limit > 0
    wanted = np.array(SPEED_SHARES) * (truth.speed_limit if known else USUAL_SPEED)
    lines = [_Line.of(centre.beside(offset), truth.ego[3], wanted, obstacles) for offset in OFFSETS]

    proposals = np.concatenate([line.cars.poses[:, :INSTANTS] for line in lines])
    verdicts = judge_references(pack([arrays]), 0, Rules(), proposals)
    scores = _scores(verdicts)
    line, car = divmod(int(scores.argmax()), len(SPEED_SHARES))
    lines[line].drive_on(obstacles, [car], INSTANTS, FORESEEN - 1)
    reference = poses_to_global(lines[line].cars.poses[car], truth.ego[:3])
    return Choice(proposals, verdicts, scores, reference)


class _Line(NamedTuple):
    """One of the three lines, what is on it, and the five cars that drive along it at the speeds ``wanted``."""

    path: Path
    on_path: OnPath
    wanted: FloatArray
    cars: Cars

    @classmethod
    def of(cls, path: Path, speed: float, wanted: FloatArray, obstacles: Obstacles) -> "_Line":
        """The line along ``path``, its cars driven for 4 s."""
        cars = start(path, speed, len(wanted))
        line = cls(path, look_along(path, obstacles, cars.metres[0], wanted.max()), wanted, cars)
        line.drive_on(obstacles, range(len(wanted)), 1, INSTANTS - 1)
        return line

    def drive_on(self, obstacles: Obstacles, which: Sequence[int], first: int, last: int) -> None:
        drive_on(self.path, obstacles, self.on_path, self.wanted, np.array(which), first, last, self.cars)


def _scores(verdicts: FloatArray) -> FloatArray:
    """The benchmark's own score of each proposal, in which progress is measured by the best and comfort counts as 1."""
    multiplier, metres = verdicts[:, NC : TLC + 1].prod(1), verdicts[:, PROGRESS]
    best = (multiplier * metres).max()
    ep = np.clip(metres / best, 0.0, 1.0) if best > PROGRESS_FLOOR else np.ones(len(metres))
    parts = np.stack([ep, verdicts[:, TTC], verdicts[:, LK], np.ones(len(metres))])
    weights = np.array([WEIGHTS[name] for name in ("ep", "ttc", "lk", "hc")])
    scores: FloatArray = multiplier * ((weights[:, None] * parts).sum(0) / weights.sum())
    return scores
