"""Traffic lights of a junction: groups, their fixed cycle, and where their heads stand."""

from dataclasses import dataclass

import numpy as np

from irlvla.sources.town.curves import FloatArray, heading_of, left_of, turned
from irlvla.sources.town.junction_arms import BENT, Port, bend
from irlvla.sources.town.junctions import Junction
from irlvla.sources.town.network import YELLOW_SECONDS, Turn

_THROUGH = (12.0, 20.0)  # green of a phase [s]
_LEFTS = (6.0, 9.0)  # green of protected left turns [s]
_ALL_RED = (1.5, 2.5)  # between two phases [s]
_BESIDE_KERB = 1.0  # heads stand this far behind the kerb [m]
_NEAR_HEAD = 7.0  # along the corner from the stop line to the near head [m]


@dataclass(frozen=True)
class Lights:
    """Lights of one junction; groups are numbered from 0.

    Attributes:
        arm_groups: of each arm, the group of those who go straight on or right, and all who share their lanes.
        connector_groups: of each connector.
        period: of the cycle [s].
        greens: ``[g, 2]`` [s].
        heads: ``[h, 3]`` x, y, heading of the traffic they speak to.
        head_groups: ``[h]``.
    """

    arm_groups: list[int]
    connector_groups: list[int]
    period: float
    greens: FloatArray
    heads: FloatArray
    head_groups: list[int]


def draw_lights(rng: np.random.Generator, junction: Junction) -> Lights:
    """Two to four phases: opposite arms together, wide roads with left turns of their own first."""
    ports = junction.ports
    entering = [k for k, port in enumerate(ports) if port.lanes_in]
    stages = _stages(entering, ports)
    lefts = {arm: _left_lanes(junction, arm) for arm in entering}
    phases: list[tuple[list[int], float]] = []  # groups that are green together, and for how long
    arm_groups, left_groups = [0] * len(ports), {}
    for group, arm in enumerate(entering):
        arm_groups[arm] = group
    count = len(entering)
    for stage in stages:
        protected = [arm for arm in stage if lefts[arm]]
        if len(stage) == 2 and protected and rng.random() < 0.6:
            for arm in protected:
                left_groups[arm] = count
                count += 1
            phases.append(([left_groups[arm] for arm in protected], float(rng.uniform(*_LEFTS))))
        phases.append(([arm_groups[arm] for arm in stage], float(rng.uniform(*_THROUGH))))
    greens, period = _cycle(rng, phases, count)
    groups = [
        left_groups[m.arm]
        if m.arm in left_groups and m.turn == Turn.LEFT and m.lane in lefts[m.arm]
        else arm_groups[m.arm]
        for m in (connector.movement for connector in junction.connectors)
    ]
    heads, head_groups = [], []
    for arm in entering:
        near, far = _heads(junction, arm)
        heads += [near, far]
        head_groups += [arm_groups[arm]] * 2
        if arm in left_groups:
            heads.append(_left_head(junction, arm))
            head_groups.append(left_groups[arm])
    return Lights(arm_groups, groups, period, greens, np.array(heads), head_groups)


def _stages(entering: list[int], ports: list[Port]) -> list[list[int]]:
    """Arms that are green together: opposite ones."""
    stages: list[list[int]] = []
    for arm in entering:
        partner = [stage for stage in stages if len(stage) == 1 and abs(bend(ports[stage[0]], ports[arm])) < BENT]
        if partner:
            partner[0].append(arm)
        else:
            stages.append([arm])
    return stages


def _left_lanes(junction: Junction, arm: int) -> set[int]:
    """Lanes of an arm from which one can only turn left, where others go on."""
    turns: dict[int, set[Turn]] = {}
    for connector in junction.connectors:
        if connector.movement.arm == arm:
            turns.setdefault(connector.movement.lane, set()).add(connector.movement.turn)
    only = {lane for lane, ways in turns.items() if ways == {Turn.LEFT}}
    return only if len(only) < len(turns) else set()


def _cycle(rng: np.random.Generator, phases: list[tuple[list[int], float]], count: int) -> tuple[FloatArray, float]:
    """When each of ``count`` groups is green; the cycle begins with any phase, within the red before it."""
    first = int(rng.integers(len(phases)))
    rest = float(rng.uniform(*_ALL_RED))
    now = float(rng.uniform(0.0, rest))
    begun = now
    greens = np.zeros((count, 2))
    for groups, seconds in phases[first:] + phases[:first]:
        greens[groups] = now, now + seconds
        now += seconds + YELLOW_SECONDS + rest
    return greens, now - begun


def _heads(junction: Junction, arm: int) -> tuple[FloatArray, FloatArray]:
    """A head near the right kerb of an arm, and one at the far side of the junction."""
    port = junction.ports[arm]
    heading = port.heading + np.pi
    near = _behind(junction.corners[arm], _NEAR_HEAD)
    eye = port.beside(port.lanes_in * port.width / 2)
    sides = [_behind(corner, None) for k, corner in enumerate(junction.corners) if k != arm]
    aside = [abs(turned(heading_of(side - eye), heading) + 0.15) for side in sides]
    far = sides[int(np.argmin(aside))]
    return np.array([*near, turned(heading, 0.0)]), np.array([*far, turned(heading, 0.0)])


def _left_head(junction: Junction, arm: int) -> FloatArray:
    """The head for left turns: far ahead on the left, behind the kerb."""
    port = junction.ports[arm]
    heading = port.heading + np.pi
    eye = port.beside(port.width / 2)
    sides = [_behind(corner, None) for k, corner in enumerate(junction.corners) if k != arm]
    aside = [abs(turned(heading_of(side - eye), heading) - 0.5) for side in sides]
    return np.array([*sides[int(np.argmin(aside))], turned(heading, 0.0)])


def _behind(kerb: FloatArray, along: float | None) -> FloatArray:
    """A place behind a kerb that has the junction on its left, ``along`` metres from its start or half way."""
    steps = np.diff(kerb, axis=0)
    lengths = np.concatenate([[0.0], np.cumsum(np.hypot(steps[:, 0], steps[:, 1]))])
    at = min(lengths[-1] / 2 if along is None else along, lengths[-1])
    k = min(int(np.searchsorted(lengths, at)), len(steps) - 1)
    heading = float(np.arctan2(steps[k, 1], steps[k, 0]))
    return np.array([np.interp(at, lengths, kerb[:, 0]), np.interp(at, lengths, kerb[:, 1])]) - _BESIDE_KERB * left_of(
        heading
    )
