"""Where people walk: along the kerbs, and over crosswalks."""

from dataclasses import dataclass

import numpy as np

from irlvla.sources.town.curves import FloatArray, unit
from irlvla.sources.town.junction_arms import CROSSWALK_GAP, CROSSWALK_WIDTH, Port
from irlvla.sources.town.junction_lights import Lights
from irlvla.sources.town.junctions import WALK
from irlvla.sources.town.network import NONE, Crosswalks, Lanes
from irlvla.sources.town.paving import Paved
from irlvla.sources.town.road_lanes import Numbering

_BEFORE_RAMP = 25.0  # ways end this far before the tip between a road and a ramp [m]
_STEP_ON = 0.6  # behind the kerb, where people wait before a crosswalk [m]


@dataclass(frozen=True)
class Zebra:
    """A crosswalk as it lies: middles of its ends on the kerbs ``[2, 2]``, its group, and who passes over it.

    ``passes`` has lanes with the stretch of each: number, begin, end [m].
    """

    ends: FloatArray
    group: int
    passes: list[tuple[int, float, float]]

    def outline(self) -> FloatArray:
        """Its four corners ``[4, 2]``."""
        step = self.ends[1] - self.ends[0]
        aside = CROSSWALK_WIDTH / 2 * np.array([-step[1], step[0]]) / np.hypot(*step)
        return np.stack([self.ends[0] + aside, self.ends[1] + aside, self.ends[1] - aside, self.ends[0] - aside])


def zebras(
    paved: Paved, numbers: Numbering, lanes: Lanes, lights: list[Lights | None], first_groups: list[int]
) -> list[Zebra]:
    """Crosswalks at the arms of junctions and half way along roads."""
    found = []
    lengths = [float(np.hypot(*np.diff(line, axis=0).T).sum()) for line in lanes.lines]
    for at, junction in enumerate(paved.junctions):
        light, first = lights[at], numbers.connectors[at]
        for arm, port in enumerate(junction.ports):
            if not port.crosswalk:
                continue
            passes = []
            for k, connector in enumerate(junction.connectors, first):
                if connector.movement.arm == arm:
                    passes.append((k, CROSSWALK_GAP, CROSSWALK_GAP + CROSSWALK_WIDTH))
                if connector.movement.to == arm:
                    passes.append((k, lengths[k] - CROSSWALK_GAP - CROSSWALK_WIDTH, lengths[k] - CROSSWALK_GAP))
            group = NONE if light is None else light.crosswalk_groups[arm] + first_groups[at]
            found.append(Zebra(_ends_at(port), group, passes))
    for r, road in enumerate(paved.roads):
        if road.crossing is not None:
            across = np.array([road.crossing])
            ends = [road.path.beside(across, road.outwards(side) * road.kerb_distance(side))[0] for side in (0, 1)]
            passes = []
            for side in (0, 1):
                for lane in range(road.plan.lanes[side]):
                    middle = road.along(side, lane, road.crossing)
                    half = CROSSWALK_WIDTH / 2
                    passes.append((numbers.lanes[r, side, lane], middle - half, middle + half))
            found.append(Zebra(np.stack(ends), NONE, passes))
    return found


def _ends_at(port: Port) -> FloatArray:
    inwards = -(CROSSWALK_GAP + CROSSWALK_WIDTH / 2) * unit(port.heading)
    return np.stack([port.beside(left) for left in (port.kerb_out, port.kerb_in)]) + inwards


def crosswalks_of(found: list[Zebra]) -> Crosswalks:
    """Crosswalks as traffic knows them; people wait a little behind the kerbs."""
    ends = np.array([zebra.ends for zebra in found]).reshape(-1, 2, 2)
    out = ends - ends[:, ::-1]
    ends = ends + _STEP_ON * out / np.linalg.norm(out, axis=-1, keepdims=True)
    passes = [(lane, k, begin, end) for k, zebra in enumerate(found) for lane, begin, end in zebra.passes]
    lanes, over, begins, ends_at = np.array(passes, np.float64).reshape(-1, 4).T
    groups = np.array([zebra.group for zebra in found], np.int32)
    return Crosswalks(ends, groups, lanes.astype(np.int32), over.astype(np.int32), begins, ends_at)


def walks_of(paved: Paved) -> list[FloatArray]:
    """Ways along the kerbs, from where a road leaves the town to where the next does, or round a block.

    Nobody walks along ramps; ways end before them.
    """
    following = _following(paved)
    sides = [(k, side) for k, road in enumerate(paved.roads) for side in (0, 1) if 0 not in road.plan.lanes]
    led_to = {step[0] for step in following.values() if step is not None}
    found, done = [], set()
    for here in sorted(sides, key=lambda side: side in led_to):  # those with a beginning first, then rounds
        parts: list[FloatArray] = []
        while here in sides and here not in done:
            done.add(here)
            parts.append(paved.roads[here[0]].walk(here[1], WALK))
            if here not in following:
                break
            step = following[here]
            if step is None:
                parts[-1] = _shortened(parts[-1])
                break
            here, corner = step
            parts.append(corner)
        if parts:
            found.append(np.concatenate(parts))
    return [way for way in found if len(way) > 1]


def _following(paved: Paved) -> dict[tuple[int, int], tuple[tuple[int, int], FloatArray] | None]:
    """For each side of a road that ends at a junction, the side to which its kerb leads, and the way round the corner.

    None where nobody can walk on.
    """
    found: dict[tuple[int, int], tuple[tuple[int, int], FloatArray] | None] = {}
    for junction in paved.junctions:
        for k, (port, walk) in enumerate(zip(junction.ports, junction.walks, strict=True)):
            after = junction.ports[(k + 1) % len(junction.ports)]
            into, out = (port.road, int(port.at_start)), (after.road, int(not after.at_start))
            found[into] = None if walk is None else (out, walk)
    return found


def _shortened(way: FloatArray) -> FloatArray:
    """A way without its last metres, where a ramp comes close."""
    steps = np.diff(way, axis=0)
    along = np.concatenate([[0.0], np.hypot(steps[:, 0], steps[:, 1]).cumsum()])
    stop = max(along[-1] - _BEFORE_RAMP, 0.0)
    end = np.array([[np.interp(stop, along, way[:, k]) for k in (0, 1)]])
    return np.concatenate([way[along < stop], end])
