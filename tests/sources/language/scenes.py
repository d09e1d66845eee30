"""Scenes about which something can be said: a straight road along x or a turn, the ego at the origin."""

from dataclasses import replace

import numpy as np

from irlvla.scene import Layer, ObjectKind, Trajectory
from irlvla.sources.language import describe
from tests.epdms.made_up import box, map_of, rectangle, tracks_of
from tests.scene import made_up

FRONT = 4.049
CAR = (4.0, 2.0)
SPEED, ROUTE, LEADS, LIGHTS, CROSSES, OTHERS, DECISION = (
    "How fast are you and how fast may you drive?",
    "Which way does the route lead?",
    "What is ahead of you on your path?",
    "Are there traffic lights for you, and what do they show?",
    "Is anybody about to cross your path?",
    "Who else matters?",
    "What should you do in the next four seconds, and why?",
)
LATER = "What will the car ahead of you do in the next four seconds?"
CONNECTOR = ("through", Layer.LANE_CONNECTOR, rectangle(FRONT + 20, -1.75, FRONT + 40, 1.75))
BEFORE = ("lane", Layer.LANE, rectangle(-50, -1.75, FRONT + 20, 1.75))


def drive(start, end, bend=0.0, aside=0.0):
    """A human whose speed goes evenly from ``start`` to ``end``, on a circle of curvature ``bend`` or moved ``aside``.

    One that stops has done so after 3 s, and after 10 m at most.
    """
    time = 0.5 * np.arange(1, 9)
    s = start * time + (end - start) * time**2 / 8
    if end == 0:
        s = min(10.0, 1.5 * start) * (1 - np.maximum(1 - time / 3, 0) ** 2)
    share = time / 4
    if bend:
        return Trajectory(np.column_stack([np.sin(s * bend) / bend, (1 - np.cos(s * bend)) / bend, s * bend]))
    return Trajectory(np.column_stack([s, aside * share**2 * (3 - 2 * share), 0 * s]))


def scene(*boxes, speed=8.0, later=None, human="", elements=(), route=("lane",), **truth):
    """An ego at the origin on a straight road along x; ``later`` is its speed in four seconds."""
    made = made_up.scene(speed=speed, objects=())
    if human == "":
        human = drive(speed, speed if later is None else later)
    if elements:
        truth["map"] = map_of(*elements)
    return replace(
        made,
        truth=replace(made.truth, tracks=tracks_of(*boxes), human=human, route=tuple(route), **truth),
    )


def answers(made):
    return dict(describe(made).answers)


def left_turn(begin, radius=10.0):
    """A centre line that turns left by 90° from ``begin`` metres before the rear axle on."""
    angle = np.linspace(0, np.pi / 2, int(4 * radius))[1:]
    arc = np.column_stack([begin + radius * np.sin(angle), radius * (1 - np.cos(angle)), angle])
    x, y = np.arange(-30.0, begin + 1e-9, 0.5), np.arange(1.0, 60.0)
    onwards = np.column_stack([np.full(59, begin + radius), radius + y, np.full(59, np.pi / 2)])
    return np.vstack([np.column_stack([x, 0 * x, 0 * x]), arc, onwards])


def walker(token, x, y, vx=0.0, vy=0.0):
    return box(token, x, y, vx, vy, kind=ObjectKind.PEDESTRIAN, size=(0.6, 0.6))
