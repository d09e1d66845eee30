"""What is said of random scenes, held against shapely, against itself in a moved world, and against the meta-action."""

import re
from dataclasses import replace

import numpy as np
import shapely
import shapely.ops
from hypothesis import given, settings
from hypothesis import strategies as st

from irlvla.epdms.vehicle import HALF_WIDTH
from irlvla.scene import ObjectKind, PathAction, RedLight, Scenery, SpeedAction, Tracks, meta_action
from irlvla.sources.language import describe
from irlvla.sources.language.objects import INSTANTS, Around
from irlvla.sources.language.route import Route
from tests.epdms.made_up import box, moved
from tests.scene import made_up
from tests.sources.language.scenes import (
    BEFORE,
    CONNECTOR,
    DECISION,
    FRONT,
    LEADS,
    LIGHTS,
    answers,
    drive,
    left_turn,
    scene,
)  # fmt: skip

SEEDS = st.integers(0, 2**32 - 1)


def random_world(seed, bent=False):
    """A random scene: some objects of all kinds, standing or moving anyhow, lights, and a human that does something."""
    rng = np.random.default_rng(seed)
    boxes = [
        box(
            f"object{k}", *rng.uniform((-10, -8), (60, 8)), *rng.normal(0, 4, 2) * (rng.random() < 0.6),
            heading=rng.uniform(-np.pi, np.pi), kind=ObjectKind(rng.integers(7)),
            size=rng.uniform((0.3, 0.3), (12, 2.6)), steps=range(rng.integers(2), rng.integers(2, 42)),
        )
        for k in range(rng.integers(8))
    ]  # fmt: skip
    speed = max(0.0, rng.uniform(-3, 14))
    human = drive(speed, max(0.0, rng.uniform(-3, 14)), rng.choice([0.0, -0.05, 0.03]), rng.choice([0.0, -3.0, 2.5]))
    heads = np.column_stack([rng.uniform(0, 60, 5), rng.uniform(-9, 9, 5), rng.normal(0, 1, 5), rng.integers(0, 3, 5)])
    kept = {
        "elements": (BEFORE, CONNECTOR),
        "route": ("lane", "through"),
        "red_lights": (RedLight("through", np.ones(41, bool)),) if rng.random() < 0.4 else (),
        "scenery": Scenery(heads) if rng.random() < 0.5 else None,
    }
    if bent:
        kept["centerline"] = left_turn(rng.uniform(5, 40), rng.uniform(8, 40)) * [1, *[rng.choice([-1, 1])] * 2]
    return scene(*boxes, speed=speed, human=human if rng.random() < 0.9 else None, **kept)


def outline(tracks: Tracks, n, t=0):
    """The box of a track as a shapely polygon."""
    x, y, heading = tracks.poses[n, t]
    ring = made_up.rectangle(*(-tracks.sizes[n, :2] / 2), *(tracks.sizes[n, :2] / 2))
    turned = ring @ np.array([[np.cos(heading), np.sin(heading)], [-np.sin(heading), np.cos(heading)]])
    return shapely.Polygon(turned + np.array([x, y]))


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.tuples(st.floats(-500, 500), st.floats(-500, 500), st.floats(-3, 3)))
def test_the_same_is_said_wherever_the_world_lies(seed, motion):
    world = random_world(seed)
    said = describe(world)
    truth = moved(world.truth, motion)
    if truth.scenery is not None:
        heads = np.column_stack([truth.scenery.signals, np.zeros(5)])
        c, s = np.cos(motion[2]), np.sin(motion[2])
        turned = heads[:, :2] @ np.array([[c, s], [-s, c]]) + motion[:2]
        signals = np.column_stack([turned, heads[:, 2] + motion[2], heads[:, 3]])
        truth = replace(truth, scenery=replace(truth.scenery, signals=signals))
    assert describe(replace(world, truth=truth)).answers == said.answers


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_what_is_ahead_is_where_shapely_finds_it(seed):
    world = random_world(seed)
    tracks = world.truth.tracks
    path = shapely.box(FRONT - 30, -HALF_WIDTH, FRONT + 90, HALF_WIDTH)
    boxes = (outline(tracks, n).intersection(path) for n in np.flatnonzero(tracks.valid[:, 0]).tolist())
    on_path = [(common.bounds[0] - FRONT, common.area) for common in boxes if not common.is_empty]
    touching = [distance for distance, _ in on_path if 0 < distance <= 50]
    sure = [distance for distance, area in on_path if 0 < distance <= 50 and area > 1e-6]
    lead = answers(world)[LEADS]
    if lead == "Nothing within 50 m.":
        assert not sure
    else:
        said = 0 if "less than" in lead else int(re.search(r"(\d+) m ahead", lead)[1])
        assert min(touching) - 0.5 - 1e-9 <= said <= min(sure, default=50.0) + 0.5 + 1e-9


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_in_a_bend_the_lead_is_almost_exact(seed):
    world = random_world(seed, bent=True)
    truth = world.truth
    line = shapely.LineString(truth.centerline[:, :2])
    start = line.project(shapely.Point(FRONT, 0))
    path = shapely.buffer(line, HALF_WIDTH, cap_style="flat", quad_segs=32)
    first, sure = {}, []
    for n in np.flatnonzero(truth.tracks.valid[:, 0]).tolist():
        common = outline(truth.tracks, n).intersection(path)
        if not common.is_empty:
            edges = shapely.get_coordinates(shapely.segmentize(common.boundary, 0.02))
            first[n] = (shapely.line_locate_point(line, shapely.points(edges)) - start).min()
            sure += [first[n]] if common.area > 1e-2 and 0.1 < first[n] < 49.9 else []
    route = Route.of(truth.centerline[:, :2], truth.ego[:3])
    lead = Around.of(truth.tracks, truth.ego[:3], route).lead()
    assert lead is not None or not sure
    if lead is not None:
        assert abs(lead.distance - first[lead.seen.track]) <= 0.15
        assert lead.distance <= min(sure, default=np.inf) + 0.15


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_places_to_the_side_are_those_of_the_nearest_point(seed):
    world = random_world(seed)
    tracks = world.truth.tracks
    route = Route.of(world.truth.centerline[:, :2], world.truth.ego[:3])
    crossers, joining = Around.of(tracks, world.truth.ego[:3], route).entering(np.zeros(len(INSTANTS)))
    bumper = shapely.Point(FRONT, 0)
    path = shapely.box(-200, -HALF_WIDTH, 300, HALF_WIDTH)
    for ahead in (*crossers, *joining):
        seen = ahead.seen
        nearest = shapely.ops.nearest_points(outline(tracks, seen.track), bumper)[0]
        np.testing.assert_allclose((seen.ahead + FRONT, seen.left), (nearest.x, nearest.y), atol=1e-6)
        assert tracks.kinds[seen.track] <= ObjectKind.BICYCLE
        on_path = [
            outline(tracks, seen.track, t).bounds[0] - FRONT
            for t in INSTANTS[tracks.valid[seen.track][INSTANTS]]
            if outline(tracks, seen.track, t).intersects(path)
        ]
        assert any(abs(first - ahead.distance) < 1e-6 for first in on_path)


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.booleans())
def test_decision_and_reason_agree_with_the_meta_action(seed, bent):
    world = random_world(seed, bent)
    said = describe(world)
    assert (said.speed, said.path) == meta_action(float(world.history[-1, 3]), world.truth.human)
    assert 5 <= len(said.answers) <= 8
    assert all(answer.endswith(".") and answer[0].isupper() for _, answer in said.answers)
    if world.truth.human is None:
        return
    decision = dict(said.answers)[DECISION]
    verbs = {
        SpeedAction.KEEP: ("Keep your speed", "Creep forward"), SpeedAction.ACCELERATE: ("Speed up", "Drive off"),
        SpeedAction.DECELERATE: ("Slow down and", "Slow down."), SpeedAction.STOP: ("Slow down and stop", "Stay"),
    }  # fmt: skip
    assert decision.startswith(verbs[said.speed])
    if said.speed is SpeedAction.DECELERATE:
        assert not decision.startswith("Slow down and stop")
    if said.speed in (SpeedAction.STOP, SpeedAction.DECELERATE):
        assert not re.search("free|still|room to pass|drives on|will have crossed", decision)
    else:
        assert not re.search("is red|is standing|slows down|is slower|little room", decision)
    if said.path in (PathAction.LEFT_TURN, PathAction.LEFT_CHANGE) and "Stay" not in decision:
        assert "left" in decision
    if "light" in decision:
        assert any(colour in dict(said.answers)[LIGHTS].lower() for colour in re.findall("red|yellow|green", decision))
