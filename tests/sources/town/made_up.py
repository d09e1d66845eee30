"""Two roads that cross at a right angle, by hand: lanes a, b, c along x, lanes d, e, f along y."""

import numpy as np

from irlvla.scene import HDMap, Polylines
from irlvla.sources.town.network import Conflicts, Control, Crosswalks, Lanes, Signals, Town
from irlvla.sources.town.obstacles import Obstacles
from irlvla.sources.town.population import EGO_AHEAD, EGO_SIZE, LUCK, Roster
from irlvla.sources.town.roadway import lay_out
from irlvla.sources.town.traffic import AHEAD, NOBODY, Lights, People, Vehicles, settle_in
from irlvla.sources.town.world import World

A, B, C, D, E, F = range(6)
LENGTHS = (140.0, 20.0, 140.0, 140.0, 20.0, 140.0)
NO_OBSTACLES = Obstacles(np.zeros(0, np.int8), np.zeros((0, 3)), np.zeros((0, 3)))


def straight(begin: tuple[float, float], end: tuple[float, float]) -> np.ndarray:
    length = np.hypot(end[0] - begin[0], end[1] - begin[1])
    return np.linspace(begin, end, round(length) + 1)


def crossing(control: Control = Control.YIELD, lights: bool = False, crosswalk: bool = False) -> Town:
    """Who comes along y gives way; with lights, those along x have green for 10 s, then those along y."""
    lines = [
        straight((-150, 0), (-10, 0)), straight((-10, 0), (10, 0)), straight((10, 0), (150, 0)),
        straight((0, -150), (0, -10)), straight((0, -10), (0, 10)), straight((0, 10), (0, 150)),
    ]  # fmt: skip
    connector = np.array([False, True, False, False, True, False])
    lanes = Lanes(
        ids=tuple("abcdef"),
        lines=Polylines.of(lines),
        widths=np.full(6, 3.5),
        limits=np.full(6, 13.9),
        connector=connector,
        turns=np.zeros(6, np.int8),
        controls=np.array([0, Control.LIGHT if lights else 0, 0, 0, Control.LIGHT if lights else control, 0], np.int8),
        groups=np.array([-1, 0 if lights else -1, -1, -1, 1 if lights else -1, -1], np.int32),
        successors=((B,), (C,), (), (E,), (F,), ()),
        left=np.full(6, NOBODY, np.int32),
        right=np.full(6, NOBODY, np.int32),
        roads=np.array([0, -1, 1, 2, -1, 3], np.int32),
    )
    stretch = np.full((2, 2), 8.0)
    conflicts = Conflicts(np.array([[B, E], [E, B]], np.int32), stretch, stretch + 4.0, np.array([False, True]))
    groups = 2 if lights else 0
    signals = Signals(
        np.full(groups, 30.0), np.array([[0.0, 10.0], [15.0, 25.0]])[:groups],
        np.array([[12.0, -3.0, 0.0], [3.0, 12.0, np.pi / 2]])[:groups], np.arange(groups, dtype=np.int32),
    )  # fmt: skip
    walked = 1 if crosswalk else 0
    crosswalks = Crosswalks(
        ends=np.array([[[-30.0, -4.0], [-30.0, 4.0]]])[:walked],
        groups=np.full(walked, NOBODY, np.int32),
        lanes=np.full(walked, A, np.int32),
        crosswalks=np.zeros(walked, np.int32),
        begins=np.full(walked, 118.0),
        ends_at=np.full(walked, 122.0),
    )
    empty = HDMap((), np.zeros(0, np.int8), Polylines.of([]))
    return Town(0, empty, lanes, conflicts, signals, crosswalks, Polylines.of([]), np.zeros((0, 3)))


def world(
    town: Town, cars: list[tuple[int, float, float]], obstacles: Obstacles = NO_OBSTACLES,
    walker: float | None = None,
) -> World:  # fmt: skip
    """Cars at (lane, place, speed), the first of them the ego; perhaps somebody ``walker`` metres on a way over the
    crosswalk, whose kerbs are at 5 and 13 m of it."""
    count = len(cars)
    total = count + len(obstacles)
    lanes, places, speeds = (np.array(column, np.float64) for column in zip(*cars, strict=True))
    sizes = np.concatenate([np.tile(EGO_SIZE, (count, 1)), obstacles.sizes])
    plan = np.full((total, AHEAD), NOBODY, np.int32)
    plan[:count, 0] = lanes.astype(int)

    def padded(values: np.ndarray, fill: float = 1.0) -> np.ndarray:
        return np.concatenate([values, np.full(len(obstacles), fill)])

    vehicles = Vehicles(
        sizes=np.ascontiguousarray(sizes[:, :2]), ahead=np.full(total, EGO_AHEAD), alive=np.ones(total, np.bool_),
        enters=np.full(total, NOBODY, np.int32), plan=plan, place=padded(places, 0.0),
        leaving=np.full(total, NOBODY, np.int32), speed=padded(speeds, 0.0), acceleration=np.zeros(total),
        travelled=np.zeros(total), shift=np.tile([0.0, 1.0, 0.0, 0.0, 0.0], (total, 1)), side=np.zeros(total),
        sway=np.tile([0.0, 50.0, 0.0], (total, 1)), wish=np.ones(total), top=np.full(total, 40.0),
        push=np.full(total, 1.5), brake=np.full(total, 2.0), headway=np.full(total, 1.3), bend=np.full(total, 2.0),
        lag=np.full(total, 0.3), keeps=np.zeros(total, np.bool_), luck=np.full((total, LUCK), 0.5),
        drawn=np.zeros(total, np.int32), cleared=np.full(total, NOBODY, np.int32), ticket=np.zeros(total),
        waited=np.zeros(total), arrived=np.zeros(total), stuck=np.zeros(total), lamps=np.zeros(total, np.uint8),
        poses=np.concatenate([np.zeros((count, 3)), obstacles.poses]),
    )  # fmt: skip
    people = walkers(walker)
    roads = lay_out(town, obstacles)
    settle_in(roads, vehicles, people)
    kinds = np.concatenate([np.zeros(count, np.int8), obstacles.kinds])
    lights = Lights(town.signals.periods, town.signals.greens)
    clock = np.zeros(1, np.int64)
    return World(town, roads, obstacles, Roster(kinds, sizes), lights, vehicles, people, clock)


def walkers(place: float | None) -> People:
    """Nobody, or somebody on the way from (-30, -9) to (-30, 9), who walks up the way."""
    there = place is not None
    count = int(there)
    points = np.array([[-30.0, -9.0], [-30.0, -4.0], [-30.0, 4.0], [-30.0, 9.0]])[: 4 * count]
    return People(
        first=np.array([0, 4][: 1 + count], np.int64), points=points,
        metres=np.array([0.0, 5.0, 13.0, 18.0])[: 4 * count],
        crossings=np.zeros(count, np.int32), kerbs=np.tile([5.0, 13.0], (count, 1)), pace=np.full(count, 1.4),
        place=np.full(count, place if there else 0.0), ways=np.ones(count), speed=np.zeros(count),
        rest=np.zeros(count), poses=np.zeros((count, 3)),
    )  # fmt: skip
