"""Who and what is around the ego, and how it stands to the route: in the way, about to cross, coming towards it."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from irlvla.epdms.vehicle import HALF_WIDTH
from irlvla.scene import STANDING, ObjectKind, Tracks
from irlvla.scene.frames import poses_to_local, rotate, wrap
from irlvla.sources.language.route import BUMPER, REACH, Route

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

INSTANTS = np.arange(0, 41, 2)
"""At which the future is looked at, of the 41 instants 0.1 s apart."""

_AGENTS = (ObjectKind.VEHICLE, ObjectKind.PEDESTRIAN, ObjectKind.BICYCLE)
_CORNERS = np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)]) / 2
_SLANT = np.radians(30.0)  # who moves at less than this to the route moves along it
_ONCOMING_SIDE = 7.0  # oncoming traffic further to the side is on another road [m]
_MOVES = 0.5  # way that makes somebody move [m]
_FARTHEST = REACH + 40.0  # who is farther away now plays no part [m]


class Motion(Enum):
    """How an object moves, by its velocity now and the route's heading where it is."""

    NONE = "a thing that cannot move"
    STANDING = "standing"
    ALONG = "within 30° of the route's heading"
    TOWARDS = "within 30° of the opposite"
    TO_LEFT = "across the route, to its left"
    TO_RIGHT = "across the route, to its right"


@dataclass(frozen=True)
class Seen:
    """An object as it is now.

    Attributes:
        track: its place in the scene's tracks.
        kind: what it is.
        length: of its box [m].
        speed: [m/s].
        motion: how it moves.
        ahead, left: the point of its box nearest to the middle of the front bumper, seen from there: straight ahead of
            the ego and to the left of that [m].
    """

    track: int
    kind: ObjectKind
    length: float
    speed: float
    motion: Motion
    ahead: float
    left: float


@dataclass(frozen=True)
class Ahead:
    """An object on the ego's path: the ground within half the ego's width of the route's centre line.

    Attributes:
        seen: where it is now.
        distance: along the centre line from the front bumper of now [m]: for who is on the path to the first point of
            its box there, for who comes onto it to its box at the first of ``INSTANTS`` that it is there.
        clears: whether it is off the path in four seconds.
    """

    seen: Seen
    distance: float
    clears: bool


@dataclass(frozen=True)
class Around:
    """``N`` objects that are there now, in the ego frame of now, at the ``T`` instants ``INSTANTS``.

    Attributes:
        route: what they are seen from.
        tracks: ``[N]`` their places in the scene's tracks.
        kinds: ``[N]`` an ``ObjectKind`` each.
        sizes: ``[N, 2]`` length and width [m].
        valid: ``[N, T]`` whether they are there; where they are not, the rest is as now.
        poses: ``[N, T, 3]``.
        moves: ``[N]`` whether they are elsewhere at some instant; who is not is taken to stand on the spot.
        speeds: ``[N, T]`` [m/s].
        courses: ``[N, T]`` direction of motion relative to the route's heading there [rad].
        first, left: ``[N, T]`` metres along the route to the box, and from the line to its centre; a box is taken to
            be as long and wide as its extent along and across the line.
        on_path: ``[N, T]`` whether the box overlaps the path.
    """

    route: Route
    tracks: NDArray[np.int64]
    kinds: NDArray[np.int8]
    sizes: FloatArray
    valid: BoolArray
    poses: FloatArray
    moves: BoolArray
    speeds: FloatArray
    courses: FloatArray
    first: FloatArray
    left: FloatArray
    on_path: BoolArray

    @classmethod
    def of(cls, tracks: Tracks, ego: FloatArray, route: Route) -> "Around":
        """The objects within 90 m of ``ego [3]``."""
        near = tracks.valid[:, 0] & (np.abs(tracks.poses[:, 0, :2] - ego[:2]).max(1) < _FARTHEST)
        valid = tracks.valid[near][:, INSTANTS]
        poses = poses_to_local(tracks.poses[near][:, INSTANTS], ego)
        poses = np.where(valid[..., None], poses, poses[:, :1])
        velocities = rotate(tracks.velocities[near][:, INSTANTS], -ego[2])
        velocities = np.where(valid[..., None], velocities, velocities[:, :1])
        moves = np.linalg.norm(poses[..., :2] - poses[:, :1, :2], axis=-1).max(1, initial=0.0) > _MOVES
        along, left = (np.repeat(now[:, None], len(INSTANTS), 1) for now in route.place(poses[:, 0, :2]))
        along[moves], left[moves] = route.place(poses[moves, :, :2])
        heading = route.heading(along)
        sizes = tracks.sizes[near, :2]
        length, width = sizes.T[..., None] / 2
        c, s = np.abs(np.cos(poses[..., 2] - heading)), np.abs(np.sin(poses[..., 2] - heading))
        return cls(
            route=route,
            tracks=np.flatnonzero(near),
            kinds=tracks.kinds[near],
            sizes=sizes,
            valid=valid,
            poses=poses,
            moves=moves,
            speeds=np.hypot(*np.moveaxis(velocities, -1, 0)),
            courses=wrap(np.arctan2(velocities[..., 1], velocities[..., 0]) - heading),
            first=along - length * c - width * s,
            left=left,
            on_path=valid & (np.abs(left) < HALF_WIDTH + length * s + width * c),
        )

    def lead(self) -> Ahead | None:
        """The first object on the path within ``REACH``; one that is also beside the ego is not ahead of it."""
        near = np.flatnonzero(np.abs(self.left[:, 0]) < HALF_WIDTH + np.hypot(*self.sizes.T) / 2)
        boxes = self.sizes[near, None] * _CORNERS
        corners = rotate(boxes, self.poses[near, None, 0, 2]) + self.poses[near, None, 0, :2]
        distance = self.route.nearest(corners, HALF_WIDTH)
        distance = np.where((distance > 0) & (distance <= REACH), distance, np.inf)
        if not np.isfinite(distance).any():
            return None
        k = int(distance.argmin())
        return self._ahead(int(near[k]), float(distance[k]))

    def entering(self, front: FloatArray) -> tuple[tuple[Ahead, ...], tuple[Ahead, ...]]:
        """Agents that get on the path ahead of the ego: who crosses it, and who goes on along it; the nearest first.

        Who is on the path already crosses it if it moves so now. People who step on it cross it, whatever their course.

        Args:
            front: ``[T]`` how far along the route the ego's bumper is [m].
        """
        on_path = self.on_path & (self.first > front) & (self.first < REACH)
        when = on_path.argmax(1)
        each = np.arange(len(self.tracks))
        comes = on_path.any(1) & self.moves & np.isin(self.kinds, _AGENTS)
        course, steps_on = self.courses[each, when], ~self.on_path[:, 0]
        rolls = self.speeds[each, when] > STANDING
        on_foot = self.kinds == ObjectKind.PEDESTRIAN
        crosses = comes & ((rolls & (np.abs(np.sin(course)) >= np.sin(_SLANT))) | (steps_on & on_foot))
        joins = comes & steps_on & rolls & (np.cos(course) > np.cos(_SLANT)) & ~on_foot
        found = (np.flatnonzero(chosen).tolist() for chosen in (crosses, joins))
        crossers, joining = (
            tuple(sorted((self._ahead(n, float(self.first[n, when[n]])) for n in each_one), key=_distance))
            for each_one in found
        )
        return crossers, joining

    def oncoming(self) -> Ahead | None:
        """The nearest vehicle or bicycle ahead that comes towards the ego, not more than 7 m beside the route."""
        rides = np.isin(self.kinds, (ObjectKind.VEHICLE, ObjectKind.BICYCLE)) & (self.speeds[:, 0] > STANDING)
        towards = np.cos(self.courses[:, 0]) < -np.cos(_SLANT)
        first = self.first[:, 0]
        chosen = rides & towards & (first > 0) & (first < REACH) & (np.abs(self.left[:, 0]) < _ONCOMING_SIDE)
        if not chosen.any():
            return None
        n = int(np.where(chosen, first, np.inf).argmin())
        return self._ahead(n, float(first[n]))

    def last_speed(self, track: int) -> float | None:
        """Speed of a track in four seconds [m/s], None for one that is not seen so long."""
        n = int(np.searchsorted(self.tracks, track))
        return float(self.speeds[n, -1]) if self.valid[n, -1] else None

    def _ahead(self, n: int, distance: float) -> Ahead:
        return Ahead(self._seen(n), distance, clears=bool(self.valid[n, -1] and not self.on_path[n, -1]))

    def _seen(self, n: int) -> Seen:
        x, y, heading = self.poses[n, 0]
        from_centre = rotate(BUMPER - np.array([x, y]), -heading)
        half = self.sizes[n] / 2
        nearest = rotate(np.clip(from_centre, -half, half), heading) + np.array([x, y]) - BUMPER
        kind = ObjectKind(int(self.kinds[n]))
        return Seen(
            track=int(self.tracks[n]),
            kind=kind,
            length=float(self.sizes[n, 0]),
            speed=float(self.speeds[n, 0]),
            motion=_motion(float(self.speeds[n, 0]), float(self.courses[n, 0])) if kind in _AGENTS else Motion.NONE,
            ahead=float(nearest[0]),
            left=float(nearest[1]),
        )


def _motion(speed: float, course: float) -> Motion:
    if speed < STANDING:
        return Motion.STANDING
    if abs(course) < _SLANT:
        return Motion.ALONG
    if abs(course) > np.pi - _SLANT:
        return Motion.TOWARDS
    return Motion.TO_LEFT if course > 0 else Motion.TO_RIGHT


def _distance(ahead: Ahead) -> float:
    return ahead.distance
