"""Ground as paint: covered shares of pixels against shapely, and the outlines that are painted."""

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from irlvla.sources.render.outlines import bands_of, circles_of, rims_of, shadows_of, stripes_of, trim
from irlvla.sources.render.paint import NEAR, SHADE, paint

HEIGHT, WIDTH = 40, 60
PLAN = np.array([[1.0, 0, 30], [0, 1.0, 20], [0, 0, 1]])  # looks straight down, a metre a pixel
CENTIMETRES = st.integers(-5_000, 5_000)
POINTS = st.lists(st.tuples(CENTIMETRES, CENTIMETRES), min_size=3, max_size=14, unique=True)


def painted(rings, colours=(255,), areas=None, view=PLAN, shape=(HEIGHT, WIDTH), base=0):
    canvas, cover = np.full(shape, base, np.uint32), np.zeros((shape[0], shape[1] + 2))
    touched = np.tile([shape[1], 0], (shape[0], 1))
    ends = np.cumsum([0, *map(len, rings)])
    points, pairs = np.concatenate(rings).astype(float), np.stack([ends[:-1], ends[1:]], 1)
    areas = np.arange(len(rings) + 1) if areas is None else np.array(areas)
    circles = circles_of(points, pairs, areas)
    paint(canvas, cover, touched, view, points, pairs, areas, circles, np.array(colours, np.uint32))
    assert not cover.any()
    np.testing.assert_array_equal(touched, np.tile([shape[1], 0], (shape[0], 1)))
    return canvas


def shares(area):
    """Exact share of every pixel that lies in ``area``, pixels being metres."""
    v, u = np.mgrid[:HEIGHT, :WIDTH]
    return shapely.area(shapely.intersection(shapely.box(u, v, u + 1, v + 1), area))


def star(points):
    """A ring that does not cross itself."""
    ring = np.array(points) / 100
    ring = ring[np.argsort(np.arctan2(*(ring - ring.mean(0)).T))]
    assume(shapely.Polygon(ring).is_valid)
    return ring


class TestCover:
    @given(POINTS)
    @settings(max_examples=40, deadline=None)
    def test_a_pixel_is_painted_by_the_share_that_is_covered(self, points):
        ring = star(points)
        exact = shares(shapely.Polygon(ring + PLAN[:2, 2]))
        assert np.abs(painted([ring]) / 255 - exact).max() < 0.012

    @given(POINTS, st.integers(1, 300))
    @settings(max_examples=25, deadline=None)
    def test_a_camera_sees_the_projected_outline_in_front_of_it(self, points, tilt):
        ring = star(points)
        level = np.array([[0, -60.0, 0], [-tilt / 100, 0, 60.0], [1.0, 0, 0]])  # looks along x from 1 m up
        level[0] += 30 * level[2]
        level[1] += 12 * level[2]
        ahead = shapely.intersection(shapely.Polygon(ring), shapely.box(NEAR, -1e3, 1e3, 1e3))
        parts = [part for part in shapely.get_parts(ahead) if part.geom_type == "Polygon" and part.area > 0]
        exact = np.zeros((HEIGHT, WIDTH))
        for part in parts:
            corners = np.column_stack([shapely.get_coordinates(part)[:-1], np.ones(len(part.exterior.coords) - 1)])
            seen = corners @ level.T
            exact += shares(shapely.make_valid(shapely.Polygon(seen[:, :2] / seen[:, 2:])))
        assert np.abs(painted([ring], view=level) / 255 - exact).max() < 0.012

    def test_what_an_even_number_of_rings_encloses_is_a_hole(self):
        outer, inner = (np.array([(-a, -a), (a, -a), (a, a), (-a, a)]) for a in (12.3, 5.6))
        for hole in (inner, inner[::-1]):
            drawn = painted([outer, hole], areas=[0, 2])
            exact = shares(shapely.Polygon(outer + PLAN[:2, 2], [inner + PLAN[:2, 2]]))
            assert np.abs(drawn / 255 - exact).max() < 0.012

    def test_later_paint_lies_over_earlier_and_the_deeper_shade_counts(self):
        square = np.array([(-9.0, -9), (9, -9), (9, 9), (-9, 9)])
        words = [0x203040, 0x506070, SHADE * 90, SHADE * 40]
        drawn = painted([square, square + 4, square + 2, square], words, base=0x010101)
        assert drawn[2, 2] == 0x010101
        assert drawn[12, 22] == 0x203040 + SHADE * 40
        assert drawn[21, 31] == 0x506070 + SHADE * 90
        assert drawn[31, 41] == 0x506070


class TestOutlines:
    @given(st.lists(st.tuples(CENTIMETRES, CENTIMETRES), min_size=2, max_size=60), st.floats(0.001, 0.05))
    @settings(max_examples=40, deadline=None)
    def test_a_trimmed_line_strays_less_than_a_pixel(self, points, pixel):
        line = np.array(points) / 100
        kept, ends = trim(line, np.array([[0, len(line)]]), np.array([True]), pixel)
        assert ends.tolist() == [[0, len(kept)]]
        np.testing.assert_array_equal(kept[[0, -1]], line[[0, -1]])
        reach = 2 + np.hypot(*line.T).max()
        if len(np.unique(kept, axis=0)) > 1:
            assert shapely.distance(shapely.points(line), shapely.LineString(kept)).max() <= 1.5 * pixel * reach

    def test_a_straight_line_keeps_its_ends_alone(self):
        line = np.column_stack([np.linspace(0, 100, 101), np.linspace(3, 30, 101)])
        kept, _ = trim(line, np.array([[0, 101]]), np.array([True]), 0.001)
        np.testing.assert_array_equal(kept, line[[0, -1]])

    def test_nothing_is_left_of_what_is_not_wanted(self):
        lines, wanted = np.array([[0, 3], [3, 5], [5, 9]]), np.array([False, True, False])
        kept, ends = trim(np.arange(18.0).reshape(9, 2), lines, wanted, 0.001)
        np.testing.assert_array_equal(kept, [(6.0, 7.0), (8.0, 9.0)])
        assert ends.tolist() == [[0, 0], [0, 2], [2, 2]]

    def test_a_band_around_a_bent_line_is_shapelys_with_mitres(self):
        line = np.array([(0.0, 0.0), (10.0, 0.0), (15.0, 5.0), (15.0, 20.0)])
        points, rings, owners = bands_of(line, np.array([[0, 4]]), np.array([2.0]), np.zeros(1))
        ours = shapely.Polygon(points[rings[0, 0] : rings[0, 1]])
        theirs = shapely.buffer(shapely.LineString(line), 1.0, cap_style="flat", join_style="mitre")
        assert shapely.symmetric_difference(ours, theirs).area < 1e-9
        assert owners.tolist() == [0]

    def test_dashes_are_a_third_of_whole_periods(self):
        line = np.column_stack([np.arange(48.0), np.sin(np.arange(48.0) / 20)])
        points, rings, owners = bands_of(line, np.array([[0, 48]]), np.array([0.2]), np.array([9.0]))
        length = shapely.LineString(line).length
        areas = [shapely.Polygon(points[a:b]).area for a, b in rings]
        assert len(rings) == round(length / 9.0)
        np.testing.assert_allclose(areas, 0.2 * length / len(rings) / 3, rtol=0.01)
        assert set(owners.tolist()) == {0}

    def test_stripes_are_half_of_a_crosswalk_whatever_its_form(self):
        ring = np.array([(0.0, 0.0), (3.0, -0.5), (4.5, 11.0), (1.0, 10.0)])
        points, rings, _ = stripes_of(ring, np.array([[0, 4]]), 1.1)
        stripes = shapely.union_all([shapely.Polygon(points[a:b]) for a, b in rings])
        assert shapely.difference(stripes, shapely.Polygon(ring)).area < 1e-9
        assert stripes.area == pytest.approx(shapely.Polygon(ring).area / 2, rel=0.05)
        assert len(rings) == 11

    @given(st.floats(-3, 3), st.floats(-3, 3), st.floats(0.2, 1.4))
    @settings(max_examples=30, deadline=None)
    def test_a_shadow_is_the_hull_of_foot_and_moved_top(self, heading, azimuth, elevation):
        box = np.array([[3.0, -2.0, heading, 4.5, 1.9, 1.6]])
        sun = np.array([np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)])
        foot, _, _ = rims_of(box, 0.0, 1)
        moved = foot - 1.6 / np.tan(elevation) * np.array([np.cos(azimuth), np.sin(azimuth)])
        points, rings, _ = shadows_of(box, sun, 1)
        ours = shapely.Polygon(points[rings[0, 0] : rings[0, 1]])
        theirs = shapely.convex_hull(shapely.multipoints(np.concatenate([foot, moved])))
        assert shapely.symmetric_difference(shapely.buffer(ours, 0), theirs).area < 1e-9
        assert ours.is_valid

    def test_at_night_there_are_no_shadows(self):
        assert len(shadows_of(np.ones((1, 6)), np.array([1.0, 0.0, -0.01]), 5)[1]) == 0
