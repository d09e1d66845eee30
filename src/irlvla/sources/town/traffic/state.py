"""What compiled traffic works on: the roads it knows, and the state of everybody, as flat arrays.

Lists of varying length lie after one another, with offsets beside them: the rows of lane ``k`` are those from
``first[k]`` to ``first[k + 1]``. Places along a lane are arc lengths [m] of its drive line; lateral offsets count to
the left. A vehicle is guided by the point of it that follows the drive line, a little before its rear wheels.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int32]
BoolArray = NDArray[np.bool_]

STEP = 0.1
"""Seconds that one step of traffic takes."""

AHEAD = 4
"""Lanes that a vehicle plans: the one it is on and three that follow."""

NOBODY = -1


class Roads(NamedTuple):
    """``K`` lanes with ``P`` points, and what to heed on them. Nothing in here changes while traffic moves.

    Attributes:
        first: ``[K + 1]`` of the points; spacing: ``[K]`` between them [m]; lengths: ``[K]`` [m].
        points: ``[P, 2]``; headings: ``[P]``, without jumps along a lane; curvatures: ``[P]`` [1/m].
        detours: ``[P]`` lateral offset at which vehicles pass what stands in the lane; its slope ``detour_slopes``.
        caps: ``[P]`` speed [m/s] at a lateral acceleration of 1 m/s2, or less where something narrows the way.
        widths, limits: ``[K]``.
        connector: ``[K]``; controls: ``[K]``; groups: ``[K]``, of :class:`~irlvla.sources.town.network.Lanes`.
        turns: ``[K]``; left, right: ``[K]``.
        next_first: ``[K + 1]``; next_lanes: lanes that follow.
        gates: ``[K]`` where those who must wait do so: 0 for connectors, before a narrow place on a lane, or infinity.
        clash_first: ``[K + 1]``; clash_lanes ``[C]``: lanes whose traffic would meet ours; clash_own, clash_other:
            ``[C, 2]`` the contested stretch on ours and on theirs; clash_yields: ``[C]``; clash_along: ``[C]`` whether
            both run the same way there; clash_mutual: ``[C]`` whether both have to give way.
        share_first: ``[K + 1]``; share_lanes ``[H]``: lanes that run along ours for a while; share_own, share_other:
            ``[H, 2]`` the stretch on each.
        walk_first: ``[K + 1]``; walk_crossings ``[X]``: crosswalks that a lane passes over; walk_begins, walk_ends.
        crosswalk_groups: ``[W]`` signal group of the traffic that a crosswalk lies before, or NOBODY.
    """

    first: NDArray[np.int64]
    spacing: FloatArray
    lengths: FloatArray
    points: FloatArray
    headings: FloatArray
    curvatures: FloatArray
    detours: FloatArray
    detour_slopes: FloatArray
    caps: FloatArray
    widths: FloatArray
    limits: FloatArray
    connector: BoolArray
    controls: NDArray[np.int8]
    groups: IntArray
    turns: NDArray[np.int8]
    left: IntArray
    right: IntArray
    next_first: NDArray[np.int64]
    next_lanes: IntArray
    gates: FloatArray
    clash_first: NDArray[np.int64]
    clash_lanes: IntArray
    clash_own: FloatArray
    clash_other: FloatArray
    clash_yields: BoolArray
    clash_along: BoolArray
    clash_mutual: BoolArray
    share_first: NDArray[np.int64]
    share_lanes: IntArray
    share_own: FloatArray
    share_other: FloatArray
    walk_first: NDArray[np.int64]
    walk_crossings: IntArray
    walk_begins: FloatArray
    walk_ends: FloatArray
    crosswalk_groups: IntArray


class Vehicles(NamedTuple):
    """``V`` vehicles, the ego first, and what stands in the road as vehicles that never move (``plan`` is NOBODY).

    Attributes:
        sizes: ``[V, 2]`` length and width [m]; ahead: ``[V]`` from the guided point to the middle of the box [m].
        alive: ``[V]`` whether it is there; enters: ``[V]`` step at which it wants to come into the town, 0 if it is
            there from the start, -1 for never again.
        plan: ``[V, 4]`` lanes; place: ``[V]`` on the first of them; leaving: ``[V]`` lane beside that it still covers.
        speed, acceleration: ``[V]``; travelled: ``[V]`` [m].
        shift: ``[V, 5]`` a lateral offset that fades: ``travelled`` where it began, over how many metres it fades,
            offset, slope and bend [1/m] there.
        side: ``[V]`` lateral offset that it keeps; sway: ``[V, 3]`` amplitude [m], wave length [m] and phase of a slow
            lateral drift.
        wish: ``[V]`` wanted speed as a share of the limit; top: ``[V]`` fastest [m/s]; push, brake: ``[V]`` usual
            acceleration and deceleration [m/s2]; headway: ``[V]`` [s]; bend: ``[V]`` usual lateral acceleration.
        lag: ``[V]`` time constant of the pedals [s]; keeps: ``[V]`` whether it never changes lanes by itself.
        luck: ``[V, 32]`` random numbers of its own in [0, 1), by which it picks its way; drawn: ``[V]`` how many.
        cleared: ``[V]`` lane whose gate it may pass; ticket: ``[V]`` when it was told so [s]; waited: ``[V]`` seconds
            it has stood before a gate; arrived: ``[V]`` when it came there [s].
        stuck: ``[V]`` seconds it has stood at all.
        lamps: ``[V]`` :class:`~irlvla.scene.Lamps`; poses: ``[V, 3]`` of the middle of the box, global.
    """

    sizes: FloatArray
    ahead: FloatArray
    alive: BoolArray
    enters: IntArray
    plan: IntArray
    place: FloatArray
    leaving: IntArray
    speed: FloatArray
    acceleration: FloatArray
    travelled: FloatArray
    shift: FloatArray
    side: FloatArray
    sway: FloatArray
    wish: FloatArray
    top: FloatArray
    push: FloatArray
    brake: FloatArray
    headway: FloatArray
    bend: FloatArray
    lag: FloatArray
    keeps: BoolArray
    luck: FloatArray
    drawn: IntArray
    cleared: IntArray
    ticket: FloatArray
    waited: FloatArray
    arrived: FloatArray
    stuck: FloatArray
    lamps: NDArray[np.uint8]
    poses: FloatArray


class People(NamedTuple):
    """``Q`` people on foot, who walk to and fro on a line of their own.

    Attributes:
        first: ``[Q + 1]`` of the points of the lines ``points [R, 2]`` and of their arc lengths ``metres [R]``.
        crossings: ``[Q]`` the crosswalk on the line, or NOBODY; kerbs: ``[Q, 2]`` where it begins and ends on the line.
        pace: ``[Q]`` usual speed [m/s].
        place: ``[Q]`` on the line; ways: ``[Q]`` 1 or -1; speed: ``[Q]``; rest: ``[Q]`` seconds to stand yet.
        poses: ``[Q, 3]`` global.
    """

    first: NDArray[np.int64]
    points: FloatArray
    metres: FloatArray
    crossings: IntArray
    kerbs: FloatArray
    pace: FloatArray
    place: FloatArray
    ways: FloatArray
    speed: FloatArray
    rest: FloatArray
    poses: FloatArray


class Lights(NamedTuple):
    """Signal groups and their cycles, as in :class:`~irlvla.sources.town.network.Signals`."""

    periods: FloatArray
    greens: FloatArray
