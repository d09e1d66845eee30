"""Contact of boxes and polygons, and what NC and TTC make of it, against shapely and CommonRoad's collision checker."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from irlvla.epdms import SceneTruthBatch, rollout, score
from irlvla.epdms.areas import IN_INTERSECTION, OFF_ROAD, OFF_ROUTE, find_areas, straddles
from irlvla.epdms.cases import Case
from irlvla.epdms.compliance import box_touches_polygon
from irlvla.epdms.geometry import boxes_touch, ego_boxes
from irlvla.epdms.grid import ring_edges
from irlvla.epdms.margins import margins
from irlvla.epdms.truth import prepare_scene
from irlvla.epdms.vehicle import HALF_LENGTH, HALF_WIDTH, INSTANTS
from irlvla.scene import Layer, ObjectKind, Polylines
from tests.epdms.made_up import box, rectangle, straight_plan, straight_road
from tests.epdms.test_grid import star
from tests.epdms.test_properties import busy_scene, random_plans

CORNERS = np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)], float)
"""Front left, rear left, rear right, front right."""


def outline(x, y, heading, half_length, half_width):
    """Corners ``[4, 2]`` of a box."""
    along, across = (CORNERS * (half_length, half_width)).T
    cos, sin = math.cos(heading), math.sin(heading)
    return np.column_stack([x + along * cos - across * sin, y + along * sin + across * cos])


def touch(one, other):
    """By our geometry; boxes are (x, y, heading, half length, half width)."""
    (x, y, a, *size), (u, v, b, *other_size) = one, other
    return boxes_touch(x, y, math.cos(a), math.sin(a), *size, u, v, math.cos(b), math.sin(b), *other_size)


def by_shapely(one, other):
    return shapely.Polygon(outline(*one)).intersects(shapely.Polygon(outline(*other)))


def by_commonroad(one, other):
    checker = pytest.importorskip("commonroad_dc.pycrcc")
    first, second = (checker.RectOBB(b[3], b[4], b[2], b[0], b[1]) for b in (one, other))
    return first.collide(second)


ORACLES = pytest.mark.parametrize("oracle", [by_shapely, by_commonroad])


def random_boxes(seed, count):
    """Pairs of boxes, some apart and some not; every other pair is moved to within a micrometre of touching."""
    rng = np.random.default_rng(seed)
    for i in range(count):
        one, other = ([*rng.uniform(-5, 5, 2), rng.uniform(-4, 4), *rng.uniform(0.1, 4, 2)] for _ in range(2))
        shortest = shapely.shortest_line(*(shapely.Polygon(outline(*b)) for b in (one, other)))
        if i % 2 and shortest.length > 0.01:
            (ax, ay), (bx, by) = shortest.coords
            nearly = 1 + rng.choice([-1e-6, 1e-6]) / shortest.length
            other[:2] = other[0] + nearly * (ax - bx), other[1] + nearly * (ay - by)
        yield tuple(one), tuple(other)


@ORACLES
def test_boxes_touch_as_others_say(oracle):
    told = [(touch(*pair), oracle(*pair)) for pair in random_boxes(0, 4000)]
    assert all(ours == theirs for ours, theirs in told)
    assert 1000 < sum(ours for ours, _ in told) < 3000


@ORACLES
@pytest.mark.parametrize(
    ("dx", "dy", "touching"),
    [(4, 0, True), (0, 2, True), (4, 2, True), (-4, 2, True), (4.001, 0, False), (4, 2.001, False), (0, 0, True)],
)
def test_sides_and_corners_in_common_touch(oracle, dx, dy, touching):
    one, other = (3.0, 5.0, 0.0, 2.0, 1.0), (3.0 + dx, 5.0 + dy, 0.0, 2.0, 1.0)
    assert touch(one, other) == oracle(one, other) == touching


@ORACLES
def test_a_box_inside_another_touches_it(oracle):
    one, other = (0.0, 0.0, 0.3, 4.0, 3.0), (0.5, 0.2, 1.0, 0.5, 0.2)
    assert touch(one, other)
    assert touch(other, one)
    assert oracle(one, other)


# --- the ego's box and a polygon


def touches_polygon(rings, ego):
    edges = np.concatenate([ring_edges(Polylines.of([ring])) for ring in rings])
    x, y, heading = ego
    return box_touches_polygon(edges, x, y, math.cos(heading), math.sin(heading))


def polygon_by_shapely(ring, centre, ego):
    return shapely.Polygon(ring).intersects(shapely.Polygon(outline(*ego, HALF_LENGTH, HALF_WIDTH)))


def polygon_by_commonroad(ring, centre, ego):
    """A star-shaped ring as the fan of triangles about its centre."""
    checker = pytest.importorskip("commonroad_dc.pycrcc")
    fan = [checker.Triangle(*centre, *a, *b) for a, b in zip(ring, np.roll(ring, -1, 0), strict=True)]
    x, y, heading = ego
    return checker.Polygon(ring.tolist(), [], fan).collide(checker.RectOBB(HALF_LENGTH, HALF_WIDTH, heading, x, y))


def random_stars(seed, count):
    """Star-shaped rings about their centres, and an ego's pose."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        centre, ego = rng.uniform(-8, 8, 2), (*rng.uniform(-8, 8, 2), rng.uniform(-4, 4))
        yield star(centre, rng.uniform(0.3, 15) * rng.uniform(0.3, 1, rng.integers(3, 12))), centre, ego


@pytest.mark.parametrize("oracle", [polygon_by_shapely, polygon_by_commonroad])
def test_polygons_touch_the_ego_as_others_say(oracle):
    told = [(touches_polygon([ring], ego), oracle(ring, centre, ego)) for ring, centre, ego in random_stars(0, 2000)]
    assert all(ours == theirs for ours, theirs in told)
    assert 400 < sum(ours for ours, _ in told) < 1600


@pytest.mark.parametrize(
    ("rings", "touching"),
    [
        ([rectangle(-50, -50, 50, 50)], True),
        ([rectangle(-0.5, -0.5, 0.5, 0.5)], True),
        ([rectangle(-50, -50, 50, 50), rectangle(-10, -10, 10, 10)], False),
        ([rectangle(-50, -50, 50, 50), rectangle(-10, -10, 10, 1)], True),
        ([rectangle(HALF_LENGTH, -1, 9, 1)], True),
        ([rectangle(HALF_LENGTH, HALF_WIDTH, 9, 9)], True),
        ([rectangle(HALF_LENGTH + 1e-9, -1, 9, 1)], False),
    ],
    ids=["around it", "within it", "it is in a hole", "it reaches out of a hole", "a side", "a corner", "a hair off"],
)
def test_the_ego_and_a_polygon_about_it(rings, touching):
    assert touches_polygon(rings, (0.0, 0.0, 0.0)) is touching
    area = shapely.Polygon(rings[0], rings[1:])
    assert area.intersects(shapely.Polygon(outline(0, 0, 0, HALF_LENGTH, HALF_WIDTH))) is touching


# --- the rules, told by shapely


STRADDLES = 128
"""A flag of these tests alone: the judge asks for it only where something is touched."""


def areas_of(truth, boxes):
    """Flags ``[41]`` of the ego ``boxes [41, 4]``, from polygons of shapely."""
    hd_map = truth.map
    holes = [[hd_map.holes[h] for h in np.flatnonzero(hd_map.hole_owners == k)] for k in range(len(hd_map.ids))]
    shapes = np.array([shapely.Polygon(hd_map.polygons[k], holes[k]) for k in range(len(hd_map.ids))])
    lanes = np.isin(hd_map.layers, (Layer.LANE, Layer.LANE_CONNECTOR))
    route = lanes & np.isin(hd_map.ids, truth.route)
    flags = np.zeros(len(boxes), np.uint8)
    for t, (x, y, cos, sin) in enumerate(boxes):
        corners = shapely.points(outline(x, y, math.atan2(sin, cos), HALF_LENGTH, HALF_WIDTH))
        inside, centre = shapely.contains(shapes[:, None], corners), shapely.contains(shapes, shapely.Point(x, y))
        if inside[lanes].any(1).sum() > 1 and not inside[lanes].all(1).any():
            flags[t] |= STRADDLES
        if not inside[~lanes].any(0).all():
            flags[t] |= OFF_ROAD
        if not centre[route].any():
            flags[t] |= OFF_ROUTE
        if centre[hd_map.layers == Layer.INTERSECTION].any():
            flags[t] |= IN_INTERSECTION
    return flags


def boxes_of(states):
    boxes = np.empty((INSTANTS, 4))
    ego_boxes(np.ascontiguousarray(states), boxes)
    return boxes


def driven(truth, plans):
    return rollout(SceneTruthBatch.prepare([truth]), plans[None])[0].numpy()


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 100_000))
def test_areas_are_what_shapely_says(seed):
    truth = busy_scene(seed)
    for states in driven(truth, random_plans(seed, 3)):
        boxes, areas = boxes_of(states), np.empty(INSTANTS, np.uint8)
        map_areas = prepare_scene(truth, "busy").map_areas
        find_areas(map_areas, boxes, areas)
        astride = [STRADDLES * straddles(map_areas, boxes, t) for t in range(INSTANTS)]
        np.testing.assert_array_equal(areas | np.array(astride, np.uint8), areas_of(truth, boxes))


class Traffic:
    """Outlines of objects at the 41 instants, and what NC and TTC ask of them."""

    def __init__(self, truth):
        self.tracks = truth.tracks
        self.agents = np.isin(self.tracks.kinds, (ObjectKind.VEHICLE, ObjectKind.PEDESTRIAN, ObjectKind.BICYCLE))
        ego = shapely.Polygon(outline(*boxes_of(truth.ego[None].repeat(41, 0))[0, :2], 0, HALF_LENGTH, HALF_WIDTH))
        everyone = range(len(self.tracks))
        self.left = [m for m in everyone if not (self.tracks.valid[m, 0] and self.outline(m, 0).intersects(ego))]

    def outline(self, m, t):
        return shapely.Polygon(outline(*self.tracks.poses[m, t], *self.tracks.sizes[m, :2] / 2))

    def stood(self, m):
        first = self.tracks.valid[m].argmax()
        return not self.agents[m] or np.hypot(*self.tracks.velocities[m, first]) <= 0.05

    def bearing(self, m, t, axle):
        dx, dy = self.tracks.poses[m, t, :2] - axle[:2]
        return math.degrees(abs(math.remainder(math.atan2(dy, dx) - axle[2], math.tau)))


def nc_by_shapely(traffic, states, areas):
    """Instants in order; an object that is met without fault is forgotten."""
    score, forgotten = 1.0, set()
    for t, (state, (x, y, cos, sin)) in enumerate(zip(states, boxes_of(states), strict=True)):
        corners = outline(x, y, math.atan2(sin, cos), HALF_LENGTH, HALF_WIDTH)
        for m in set(traffic.left) - forgotten:
            other = traffic.outline(m, t) if traffic.tracks.valid[m, t] else shapely.Polygon()
            if not shapely.Polygon(corners).intersects(other):
                continue
            front = shapely.LineString(corners[[0, 3]]).intersects(other)
            struck = front or areas[t] & (STRADDLES | OFF_ROAD)
            fault = traffic.stood(m) or (not traffic.bearing(m, t, state[:3]) > 150 and struck)
            if np.hypot(*state[3:5]) > 0.05 and fault:
                score = min(score, 0.0 if traffic.agents[m] else 0.5)
            else:
                forgotten.add(m)
    return score


def ttc_by_shapely(truth, traffic, states, areas):
    """Instants in order and four looks ahead at each; an object that is met and not headed for is forgotten."""
    crossing = truth.map.layers == Layer.INTERSECTION
    holes = [truth.map.holes[h] for h in range(len(truth.map.hole_owners))]
    places = [shapely.Polygon(truth.map.polygons[k], holes) for k in np.flatnonzero(crossing)]
    forgotten = set()
    for t in range(32):
        state, speed = states[t], np.hypot(*states[t, 3:5])
        x, y, cos, sin = boxes_of(states)[t]
        astray = areas[t] & (STRADDLES | OFF_ROAD) or any(p.contains(shapely.Point(state[:2])) for p in places)
        for ahead in (0, 3, 6, 9) if speed >= 0.005 else ():
            way = 0.1 * ahead * speed
            ego = shapely.Polygon(outline(x + way * cos, y + way * sin, state[2], HALF_LENGTH, HALF_WIDTH))
            for m in set(traffic.left) - forgotten:
                if traffic.tracks.valid[m, t + ahead] and ego.intersects(traffic.outline(m, t + ahead)):
                    bearing = traffic.bearing(m, t + ahead, state[:3])
                    if bearing < 30 or (astray and not bearing > 150):
                        return 0.0
                    forgotten.add(m)
    return 1.0


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 100_000))
def test_collisions_are_judged_as_the_rules_say(seed):
    truth, plans = busy_scene(seed), random_plans(seed + 1, 4)
    batch, traffic = SceneTruthBatch.prepare([truth]), Traffic(truth)
    scores, sure = score(batch, plans[None]), margins(Case("busy", truth, plans, 0.5, None), batch)["raw"]
    for n, states in enumerate(driven(truth, plans)):
        areas = areas_of(truth, boxes_of(states))
        if sure["NC"][n] > 1e-9:
            assert scores.nc[0, n] == nc_by_shapely(traffic, states, areas)
        if sure["TTC"][n] > 1e-9:
            assert scores.ttc[0, n] == ttc_by_shapely(truth, traffic, states, areas)


def test_the_first_collision_with_cones_is_when_commonroad_says():
    checker, rng = pytest.importorskip("commonroad_dc.pycrcc"), np.random.default_rng(0)
    plans = np.stack([straight_plan(speed, lateral) for speed in (6.0, 10.0) for lateral in (-2.0, 0.0, 1.5)])
    hits = 0
    for _ in range(40):
        cones = [
            (rng.uniform(8, 50), rng.uniform(-6, 6), rng.uniform(-3, 3), *rng.uniform(0.2, 0.8, 2)) for _ in range(3)
        ]
        tracks = [
            box(f"cone {k}", x, y, heading=a, kind=ObjectKind.TRAFFIC_CONE, size=(2 * length, 2 * width))
            for k, (x, y, a, length, width) in enumerate(cones)
        ]
        truth = straight_road(speed=8.0, boxes=tracks)
        scores = score(SceneTruthBatch.prepare([truth]), plans[None])
        obstacles = checker.CollisionChecker()
        for x, y, a, length, width in cones:
            obstacles.add_collision_object(checker.RectOBB(length, width, a, x, y))
        for n, states in enumerate(driven(truth, plans)):
            ego = [
                checker.RectOBB(HALF_LENGTH, HALF_WIDTH, s[2], *b[:2])
                for s, b in zip(states, boxes_of(states), strict=True)
            ]
            first = next((0.1 * t for t, at in enumerate(ego) if obstacles.collide(at)), np.inf)
            assert scores.nc[0, n] == (1.0 if first == np.inf else 0.5)
            assert scores.nc_time[0, n] == pytest.approx(first)
            hits += first < np.inf
    assert 40 < hits < 200
