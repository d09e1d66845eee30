"""By how much NC and TTC are lost or kept: the conditions of :mod:`irlvla.epdms.collision`, as distances.

A condition becomes a number that is positive where it holds and negative where it does not: the distance, in its own
unit, to where it changes. "And" is the least of such numbers, "or" the greatest, "not" the negative (the robustness of
Fainekos and Pappas 2009). So what never decides is not seen: contact with a car that was forgiven before, say.
"""

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms.clearance import FAR, Clearances
from irlvla.epdms.collision import AHEAD, BEHIND, LOOK_AHEAD_STEPS, STANDING_SPEED, TTC_STANDING_SPEED
from irlvla.epdms.compliance import RedLights
from irlvla.epdms.truth import AGENTS
from irlvla.epdms.vehicle import HALF_LENGTH, HALF_WIDTH, INSTANTS, REAR_TO_CENTRE, STEP
from irlvla.scene import SceneTruth
from irlvla.scene.frames import to_local

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

COLLINEAR: Final = 5e-8
"""Bearings this near to 0 or pi [rad] may have a computed cosine beyond 1: theirs is less than 1.3e-15 from it."""
NOW: Final = np.array([REAR_TO_CENTRE, 0.0, 1.0, 0.0])
"""The ego's box now."""
RADIUS: Final = math.hypot(HALF_LENGTH, HALF_WIDTH)
"""From the centre of the ego's box to its corners [m]."""


class Drives(NamedTuple):
    """``P`` roll-outs: ``states [P, 41, 11]``, ``boxes [P, 41, 4]`` and ``speeds [P, 41]`` of the ego."""

    states: FloatArray
    boxes: FloatArray
    speeds: FloatArray

    @classmethod
    def of(cls, states: FloatArray) -> "Drives":
        """From ``states [P, 41, 11]``."""
        cos, sin = np.cos(states[..., 2]), np.sin(states[..., 2])
        x, y = states[..., 0] + REAR_TO_CENTRE * cos, states[..., 1] + REAR_TO_CENTRE * sin
        return cls(states, np.stack([x, y, cos, sin], -1), np.hypot(states[..., 3], states[..., 4]))


class Things(NamedTuple):
    """``M`` objects in the ego frame of now.

    Attributes:
        boxes: ``[M, 41, 4]``. half_sizes: ``[M, 2]``. present: ``[M, 41]``. agents: ``[M]``.
        reach: ``[M]`` between the centres of thing and ego where they are about to touch [m].
        low, high: ``[M, 2]`` corners of what it reaches at any instant.
        standing: ``[M]`` how firmly it counts as standing [m/s]. overlap: ``[M]`` with the ego now [m].
    """

    boxes: FloatArray
    half_sizes: FloatArray
    present: BoolArray
    agents: BoolArray
    reach: FloatArray
    low: FloatArray
    high: FloatArray
    standing: FloatArray
    overlap: FloatArray

    @classmethod
    def of(cls, truth: SceneTruth) -> "Things":
        """The tracks of a scene."""
        tracks, origin = truth.tracks, truth.ego[:3]
        present, agents = tracks.valid[:, :INSTANTS], np.isin(tracks.kinds, AGENTS)
        poses = np.where(present[..., None], tracks.poses[:, :INSTANTS], origin)
        turned = poses[..., 2:] - origin[2]
        boxes = np.concatenate([to_local(poses[..., :2], origin), np.cos(turned), np.sin(turned)], -1)
        half_sizes = tracks.sizes[:, :2] / 2
        first_speed = np.hypot(*tracks.velocities[np.arange(len(tracks)), present.argmax(1)].T)
        reach, here = np.hypot(*half_sizes.T) + RADIUS + FAR, present[..., None]
        return cls(
            boxes, half_sizes, present, agents, reach,
            low=np.where(here, boxes[..., :2], np.inf).min(1) - reach[:, None],
            high=np.where(here, boxes[..., :2], -np.inf).max(1) + reach[:, None],
            standing=np.where(agents, STANDING_SPEED - first_speed, np.inf),
            overlap=np.where(present[:, 0], overlaps(NOW, HALF_LENGTH, boxes[:, 0], half_sizes), -np.inf),
        )  # fmt: skip


class Encounters(NamedTuple):
    """Where the ego, at an instant and moved on by so many steps, is near a thing as it is then.

    Attributes:
        pairs: ``[Q, 2]`` drive and thing, of those whose ways meet.
        pair, look: ``[R]`` of which pair, and its place in the order of looking.
        drive, thing, instant: ``[R]``. overlap: ``[R]`` [m].
        ahead, behind: ``[R]`` how firmly the thing's centre lies less than 30, more than 150 degrees off the heading
            [rad], seen from the rear axle before the move.
    """

    pairs: IntArray
    pair: IntArray
    look: IntArray
    drive: IntArray
    thing: IntArray
    instant: IntArray
    overlap: FloatArray
    ahead: FloatArray
    behind: FloatArray

    @classmethod
    def of(cls, drives: Drives, things: Things, instants: IntArray, steps: IntArray) -> "Encounters":
        """Those met by looking, in order, at ``instants [K]`` so many ``steps [K]`` ahead."""
        ego, boxes = drives.boxes[:, instants], things.boxes[:, instants + steps]
        ego[..., :2] += (STEP * steps * drives.speeds[:, instants])[..., None] * ego[..., 2:]
        low, high = ego[..., :2].min(1)[:, None], ego[..., :2].max(1)[:, None]
        pairs = np.argwhere(((low <= things.high) & (high >= things.low)).all(-1))
        dx, dy = (boxes[pairs[:, 1], :, axis] - ego[pairs[:, 0], :, axis] for axis in range(2))
        near = dx * dx + dy * dy <= things.reach[pairs[:, 1], None] ** 2
        near &= things.present[:, instants + steps][pairs[:, 1]]
        pair, look = near.nonzero()
        (drive, thing), instant = pairs[pair].T, instants[look]
        others = boxes[thing, look]
        overlap = overlaps(ego[drive, look], HALF_LENGTH, others, things.half_sizes[thing])
        directions = _directions(drives.states[drive, instant, :3], others)
        return cls(pairs, pair, look, drive, thing, instant, overlap, *directions)


def overlaps(ego: FloatArray, half_length: float, boxes: FloatArray, half_sizes: FloatArray) -> FloatArray:
    """How far ``boxes [..., 4]`` overlap ``ego [..., 4]`` [m], negative where a side separates them by so much."""
    dx, dy, cos, sin = boxes[..., 0] - ego[..., 0], boxes[..., 1] - ego[..., 1], ego[..., 2], ego[..., 3]
    other_cos, other_sin, length, width = boxes[..., 2], boxes[..., 3], half_sizes[..., 0], half_sizes[..., 1]
    along, across = np.abs(cos * other_cos + sin * other_sin), np.abs(cos * other_sin - sin * other_cos)
    ahead = half_length + length * along + width * across - np.abs(dx * cos + dy * sin)
    aside = HALF_WIDTH + length * across + width * along - np.abs(dy * cos - dx * sin)
    other_ahead = length + half_length * along + HALF_WIDTH * across - np.abs(dx * other_cos + dy * other_sin)
    other_aside = width + half_length * across + HALF_WIDTH * along - np.abs(dy * other_cos - dx * other_sin)
    return np.minimum(np.minimum(ahead, aside), np.minimum(other_ahead, other_aside))


def _directions(axes: FloatArray, others: FloatArray) -> tuple[FloatArray, FloatArray]:
    """``ahead`` and ``behind`` of :class:`Encounters` for rear ``axes [R, 3]`` and things ``others [R, 2 or more]``.

    Neither is firm near 0 and pi: where the computed cosine exceeds 1 a thing is neither ahead nor behind.
    """
    dx, dy, cos, sin = others[:, 0] - axes[:, 0], others[:, 1] - axes[:, 1], np.cos(axes[:, 2]), np.sin(axes[:, 2])
    bearing = np.abs(np.arctan2(dy * cos - dx * sin, dx * cos + dy * sin))
    off_axis = np.maximum(np.minimum(bearing, np.pi - bearing) - COLLINEAR, 0.0)
    return np.minimum(AHEAD - bearing, off_axis), np.minimum(bearing - BEHIND, off_axis)


def collisions_lost(drives: Drives, things: Things, clearances: Clearances) -> tuple[FloatArray, FloatArray]:
    """How firmly NC falls below 1, and to 0, ``[P]`` each."""
    met = Encounters.of(drives, things, np.arange(INSTANTS), np.zeros(INSTANTS, np.int64))
    front = drives.boxes[met.drive, met.instant]
    front[:, :2] += HALF_LENGTH * front[:, 2:]
    at_front = overlaps(front, 0.0, things.boxes[met.thing, met.instant], things.half_sizes[met.thing])
    astray = np.maximum(clearances.straddles, clearances.off_road)[met.drive, met.instant]
    hit = np.minimum(-met.behind, np.maximum(at_front, astray))
    moving = drives.speeds[met.drive, met.instant] - STANDING_SPEED
    guilty = np.minimum(moving, np.maximum(things.standing[met.thing], hit))
    blamed = _blamed(met, met.overlap, guilty, things, (len(drives.states), INSTANTS))
    return blamed.max(1, initial=-np.inf), blamed[:, things.agents].max(1, initial=-np.inf)


def forward_lost(drives: Drives, things: Things, clearances: Clearances, count: int) -> FloatArray:
    """How firmly TTC falls to 0 ``[P]``, looking forward at the first ``count`` instants, none of them past the end."""
    instants, steps = (part.ravel() for part in np.meshgrid(np.arange(count), LOOK_AHEAD_STEPS, indexing="ij"))
    met = Encounters.of(drives, things, instants, steps)
    places = clearances.straddles, clearances.off_road, clearances.axle_in_intersection
    astray = np.maximum.reduce([place[met.drive, met.instant] for place in places])
    guilty = np.maximum(met.ahead, np.minimum(astray, -met.behind))
    touching = np.minimum(met.overlap, drives.speeds[met.drive, met.instant] - TTC_STANDING_SPEED)
    blamed = _blamed(met, touching, guilty, things, (len(drives.states), len(instants)))
    worst: FloatArray = blamed.max(1, initial=-np.inf)
    return worst


def _blamed(
    met: Encounters, touching: FloatArray, guilty: FloatArray, things: Things, shape: tuple[int, int]
) -> FloatArray:
    """How firmly each drive is to blame for meeting each thing ``[P, M]``; ``shape`` is ``[P, K]``.

    It is where it touches and is guilty, and never touched before without being guilty.
    """
    drives, looks = shape
    hits, faults = np.full((len(met.pairs), looks), -np.inf), np.full((len(met.pairs), looks), np.inf)
    hits[met.pair, met.look], faults[met.pair, met.look] = touching, guilty
    unforgiven = np.minimum.accumulate(np.maximum(-hits, faults), axis=1)
    to_blame = np.minimum(hits, faults)
    to_blame[:, 1:] = np.minimum(to_blame[:, 1:], unforgiven[:, :-1])
    blamed = np.full((drives, len(things.boxes)), -np.inf)
    blamed[met.pairs[:, 0], met.pairs[:, 1]] = np.minimum(to_blame.max(1), -things.overlap[met.pairs[:, 1]])
    return blamed


def red_lights_lost(drives: Drives, lights: RedLights) -> FloatArray:
    """How firmly TLC falls to 0 ``[P]``: how far the ego's box reaches into a polygon while it is red [m]."""
    lost = np.full(len(drives.states), -np.inf)
    for r in range(len(lights.red)):
        edges, boxes = lights.edges[lights.offsets[r] : lights.offsets[r + 1]], drives.boxes[:, lights.red[r]]
        if len(edges) and boxes.size:
            lost = np.maximum(lost, polygon_overlaps(edges, boxes).max(1))
    return lost


def polygon_overlaps(edges: FloatArray, boxes: FloatArray) -> FloatArray:
    """How far ego ``boxes [..., 4]`` reach into the polygon of ``edges [E, 4]`` [m]; -inf where further than ``FAR``.

    A box that no edge touches lies inside by half its width or more.
    """
    overlap = np.full(boxes.shape[:-1], -np.inf)
    ends, start, along = edges.reshape(-1, 2), edges[:, :2], edges[:, 2:] - edges[:, :2]
    low, high = ends.min(0) - RADIUS - FAR, ends.max(0) + RADIUS + FAR
    near = ((boxes[..., :2] >= low) & (boxes[..., :2] <= high)).all(-1)
    lengths = np.hypot(*along.T)
    directions = np.where(lengths[:, None] > 0.0, along, (1.0, 0.0)) / np.where(lengths > 0.0, lengths, 1.0)[:, None]
    thin = np.concatenate([start + along / 2, directions], 1)
    half_sizes = np.column_stack([lengths / 2, np.zeros(len(edges))])
    ego = boxes[near][:, None]
    x, y = ego[..., 0], ego[..., 1]
    crossed = (edges[:, 1] <= y) != (edges[:, 3] <= y)
    beside = along[:, 0] * (y - start[:, 1]) - along[:, 1] * (x - start[:, 0]) > 0.0
    inside = (crossed & (beside == (along[:, 1] > 0.0))).sum(1) % 2 == 1
    at_edges = overlaps(ego, HALF_LENGTH, thin, half_sizes).max(1)
    overlap[near] = np.maximum(at_edges, np.where(inside, HALF_WIDTH, -np.inf))
    return overlap
