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
_PROTECTED = 0.6  # share of arms with lanes for left turns where those have their own green
_BESIDE_KERB = 1.0  # heads stand this far behind the kerb [m]
_NEAR_HEAD = 7.0  # along the corner from the stop line to the near head [m]


@dataclass(frozen=True)
class Lights:
    """Lights of one junction; groups are numbered from 0.

    Attributes:
        connector_groups: of each connector.
        crosswalk_groups: of each arm, a group that is green as long as any traffic comes in there.
        period: of the cycle [s].
        greens: ``[g, 2]`` [s].
        heads: ``[h, 3]`` x, y, heading of the traffic they speak to.
        head_groups: ``[h]``.
    """

    connector_groups: list[int]
    crosswalk_groups: list[int]
    period: float
    greens: FloatArray
    heads: FloatArray
    head_groups: list[int]


@dataclass(frozen=True)
class _Stage:
    """Arms that are green together for ``seconds``; before that those in ``lefts``, for left turns alone."""

    arms: list[int]
    lefts: list[int]
    seconds: float
    left_seconds: float


def draw_lights(rng: np.random.Generator, junction: Junction) -> Lights:
    """Two to four phases: opposite arms together, and before some of them their left turns."""
    left_lanes = [_left_lanes(junction, arm) for arm in range(len(junction.ports))]
    stages = _draw_stages(rng, junction.ports, left_lanes)
    entering = [arm for stage in stages for arm in stage.arms]
    protected = [arm for stage in stages for arm in stage.lefts]
    through = {arm: group for group, arm in enumerate(entering)}
    left = {arm: len(entering) + k for k, arm in enumerate(protected)}
    either = through | {arm: len(entering) + len(protected) + k for k, arm in enumerate(protected)}

    rest = float(rng.uniform(*_ALL_RED))
    begun = now = float(rng.uniform(0.0, rest))
    greens = np.zeros((len(entering) + 2 * len(protected), 2))
    for stage in stages:
        begin = now
        if stage.lefts:
            greens[[left[arm] for arm in stage.lefts]] = now, now + stage.left_seconds
            now += stage.left_seconds + YELLOW_SECONDS + rest
        greens[[through[arm] for arm in stage.arms]] = now, now + stage.seconds
        greens[[either[arm] for arm in stage.lefts]] = begin, now + stage.seconds
        now += stage.seconds + YELLOW_SECONDS + rest

    groups = [
        left[move.arm] if move.arm in left and move.lane in left_lanes[move.arm] else through[move.arm]
        for move in (connector.movement for connector in junction.connectors)
    ]
    heads: list[FloatArray] = []
    head_groups: list[int] = []
    for arm in entering:
        heads += _heads(junction, arm)
        head_groups += [through[arm]] * 2
    for arm in protected:
        heads.append(_left_head(junction, arm))
        head_groups.append(left[arm])
    return Lights(
        connector_groups=groups,
        crosswalk_groups=[either.get(arm, 0) for arm in range(len(junction.ports))],
        period=now - begun,
        greens=greens,
        heads=np.array(heads),
        head_groups=head_groups,
    )


def _draw_stages(rng: np.random.Generator, ports: list[Port], left_lanes: list[set[int]]) -> list[_Stage]:
    """Opposite arms are green together; any of the stages may begin the cycle."""
    pairs: list[list[int]] = []
    for arm in (k for k, port in enumerate(ports) if port.lanes_in):
        partner = next((pair for pair in pairs if abs(bend(ports[pair[0]], ports[arm])) < BENT), None)
        if partner is None:
            pairs.append([arm])
        else:
            partner.append(arm)
    first = int(rng.integers(len(pairs)))
    stages = []
    for arms in pairs[first:] + pairs[:first]:
        lefts = [arm for arm in arms if left_lanes[arm]]
        lefts = lefts if len(arms) == 2 and rng.random() < _PROTECTED else []
        stages.append(_Stage(arms, lefts, float(rng.uniform(*_THROUGH)), float(rng.uniform(*_LEFTS))))
    return stages


def _left_lanes(junction: Junction, arm: int) -> set[int]:
    """Lanes of an arm from which one can only turn left, where others go on."""
    turns: dict[int, set[Turn]] = {}
    for connector in junction.connectors:
        if connector.movement.arm == arm:
            turns.setdefault(connector.movement.lane, set()).add(connector.movement.turn)
    only = {lane for lane, ways in turns.items() if ways == {Turn.LEFT}}
    return only if len(only) < len(turns) else set()


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
