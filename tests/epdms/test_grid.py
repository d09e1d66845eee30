"""Strict point in polygon through the grid, against shapely."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from irlvla.epdms.grid import REACH, cell_of, holds, lay_grid, ring_edges
from irlvla.scene import Polylines
from tests.epdms.made_up import rectangle


def grid_of(polygons):
    """The grid of polygons, each a list of rings."""
    edges = [np.concatenate([ring_edges(Polylines.of([ring])) for ring in rings]) for rings in polygons]
    owners = np.arange(len(polygons)).repeat([len(part) for part in edges])
    return lay_grid(np.concatenate([np.zeros((0, 4)), *edges]), owners, len(polygons))


def holders(grid, points):
    found = []
    for x, y in np.array(points, float).tolist():
        cell, left, bottom = cell_of(grid, x, y)
        entries = range(grid.cell_entries[cell], grid.cell_entries[cell + 1]) if cell >= 0 else ()
        found.append({int(grid.entry_polygon[e]) for e in entries if holds(grid, e, left, bottom, x, y)})
    return found


def star(centre, radii):
    angles = np.linspace(0, 2 * np.pi, len(radii), endpoint=False)
    return np.array(centre) + np.column_stack([np.cos(angles), np.sin(angles)]) * np.array(radii)[:, None]


metres = st.floats(-30, 30)
stars = st.builds(star, st.tuples(metres, metres), st.lists(st.floats(0.5, 25), min_size=3, max_size=15))


@settings(deadline=None, max_examples=100)
@given(st.lists(stars, min_size=1, max_size=5), st.integers(0, 10_000))
def test_polygons_with_holes_hold_what_shapely_says(outlines, seed):
    rings = [[outline, outline.mean(0) + 0.3 * (outline - outline.mean(0))] for outline in outlines]
    shapes = [shapely.Polygon(outline).symmetric_difference(shapely.Polygon(hole)) for outline, hole in rings]
    points = np.random.default_rng(seed).uniform(-60, 60, (200, 2))
    expected = [{k for k, shape in enumerate(shapes) if shape.contains(shapely.Point(point))} for point in points]
    assert holders(grid_of(rings), points) == expected


lattice = st.tuples(st.integers(-6, 6), st.integers(-6, 6))


@settings(deadline=None, max_examples=200)
@given(st.lists(lattice, min_size=3, max_size=8, unique=True))
def test_points_on_edges_and_corners_are_outside(corners):
    shape = shapely.Polygon(corners)
    points = [(x, y) for x in range(-7, 8) for y in range(-7, 8)]
    on_edge = [shape.exterior.distance(shapely.Point(point)) == 0 for point in points]
    found = holders(grid_of([[np.array(corners, float)]]), points)
    assert not any(held for held, edge in zip(found, on_edge, strict=True) if edge)
    if shape.is_valid:
        inside = [shape.contains(shapely.Point(point)) for point in points]
        assert [bool(held) for held in found] == inside


def test_a_crossed_outline_holds_its_two_ends_and_not_its_twice_wound_middle():
    bow_tie = np.array([(0, 0), (4, 4), (4, 0), (0, 4)], float)
    assert holders(grid_of([[bow_tie]]), [(0.5, 2), (3.5, 2), (2, 0.5)]) == [{0}, {0}, set()]
    twice = np.array([(0, 0), (6, 0), (6, 6), (-2, 6), (-2, 2), (4, 2), (4, 4), (0, 4)], float)
    assert holders(grid_of([[twice]]), [(2, 3), (5, 1)]) == [set(), {0}]


def test_a_polygon_larger_than_a_cell_holds_cells_without_edges():
    grid = grid_of([[rectangle(-100, -100, 100, 100)]])
    assert holders(grid, [(0, 0), (99.9, -99.9), (100.1, 0)]) == [{0}, {0}, set()]


def test_nothing_is_seen_beyond_reach():
    grid = grid_of([[rectangle(-1000, -10, 1000, 10)]])
    assert holders(grid, [(REACH - 5, 0), (5 - REACH, 0), (REACH + 5, 0)]) == [{0}, {0}, set()]


def test_no_polygons_hold_nothing():
    assert holders(grid_of([]), [(0, 0), (1e300, 0), (np.nan, 0)]) == [set(), set(), set()]


@pytest.mark.parametrize("far", [1e9, -1e9, np.inf, -np.inf, np.nan])
def test_wild_points_are_nowhere(far):
    grid = grid_of([[rectangle(-5, -5, 5, 5)]])
    assert holders(grid, [(far, 0), (0, far)]) == [set(), set()]
