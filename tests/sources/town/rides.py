"""Rides on the hand-made crossing: the ego on the road along x, which has a kerb on both sides."""

import numpy as np

from irlvla.scene import HDMap, Layer, ObjectKind, Polylines, Weather
from irlvla.sources.town.episode import KEPT, Episode
from irlvla.sources.town.infractions import Referee
from irlvla.sources.town.obstacles import Obstacles
from irlvla.sources.town.ride import motion_of
from irlvla.sources.town.way import planned_way
from tests.scene.made_up import rectangle
from tests.sources.town.made_up import NO_OBSTACLES, A, B, C, crossing, world

AREAS = {
    "a": rectangle(-150, -1.75, -10, 1.75), "b": rectangle(-10, -1.75, 10, 1.75), "c": rectangle(10, -1.75, 150, 1.75),
    "d": rectangle(-1.75, -150, 1.75, -10), "e": rectangle(-1.75, -10, 1.75, 10), "f": rectangle(-1.75, 10, 1.75, 150),
}  # fmt: skip
MIDDLE = rectangle(-10, -10, 10, 10)
MAP = HDMap(
    ids=(*AREAS, *(f"road {name}" for name in "acdf"), "middle"),
    layers=np.array([0, 1, 0, 0, 1, 0, *[Layer.ROADBLOCK] * 4, Layer.INTERSECTION], np.int8),
    polygons=Polylines.of([*AREAS.values(), *(AREAS[name] for name in "acdf"), MIDDLE]),
)


def standing_car(x: float, y: float = 0.0) -> Obstacles:
    """A parked car, 4.5 m long, with its middle there."""
    return Obstacles(np.array([ObjectKind.VEHICLE], np.int8), np.array([[x, y, 0.0]]), np.array([[4.5, 1.8, 1.5]]))


def ride(x: float, speed: float, others=(), obstacles: Obstacles = NO_OBSTACLES, lights: bool = False) -> Episode:
    """A drive that begins 1.6 s after the town was peopled, with the ego's rear axle at ``x`` on lane a; others are
    (lane, place, speed)."""
    place = x + 150.0 - 1.6 * speed
    town = crossing(lights=lights)
    made = world(town, [(A, place, speed), *others], obstacles)
    object.__setattr__(town, "map", MAP)
    along = x - 1.6 * speed + 0.1 * speed * np.arange(1, KEPT + 1)
    still = np.zeros(KEPT)
    track = made.advance(KEPT, np.column_stack([along, still, still, np.full(KEPT, speed), still]))
    way = planned_way(made, [A, B, C], place)
    states = motion_of(track)
    places, _, near = way.follow(states[:, :2])
    here = float(places[-1])
    return Episode(
        world=made, way=way, start=here, goal=here + 200.0, weather=Weather(), referee=Referee.of(made, way),
        track=track, states=states, near=near, place=here,
    )  # fmt: skip


def straight_plan(speed: float, aside: float = 0.0) -> np.ndarray:
    """Eight poses at a steady speed, drifting to the left by so many metres a second."""
    seconds = 0.5 * np.arange(1, 9)
    return np.column_stack([speed * seconds, aside * seconds, np.full(8, np.arctan2(aside, max(speed, 0.1)))])
