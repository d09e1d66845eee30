from math import pi

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from irlvla.sources.town.curves import (
    RAMP,
    Path,
    arc,
    bridge,
    heading_of,
    joined,
    meeting,
    quintic,
    rounded,
    steps_of,
    straight,
    tangent_per_radius,
    turned,
    unit,
)  # fmt: skip


def curvatures(line: np.ndarray) -> np.ndarray:
    """Curvature at the inner points of an evenly spaced line, by differences."""
    steps = np.diff(line, axis=0)
    headings = np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))
    return np.diff(headings) / np.hypot(*steps.T)[1:]


def corner(turn: float, tangent: float = 10.0, leg: float = 15.0) -> Path:
    return rounded([np.array([-leg, 0.0]), np.zeros(2), leg * unit(turn)], [tangent])


@pytest.mark.parametrize("turn", [-2.6, -1.6, -0.3, 0.01, 0.7, 1.57, 2.4])
def test_a_corner_bends_as_promised(turn: float) -> None:
    path = corner(turn)
    assert np.abs(path.curvatures).max() == pytest.approx(tangent_per_radius(turn) / 10.0)
    assert path.headings[-1] - path.headings[0] == pytest.approx(turn)
    assert np.abs(path.points[-1] - 15.0 * unit(turn)).max() < 1e-12
    stations = path.evenly(0.0, 0.05)
    line, _ = path.at(stations)
    knots = np.interp(stations, path.stations, path.curvatures)[1:-1]
    assert np.abs(curvatures(line) - knots).max() < 0.02 * np.abs(knots).max() + 1e-6


def test_integration_needs_no_correction_at_the_end() -> None:
    whole = 2.0 / (1 - RAMP)  # of a corner of 2 rad and radius 1
    share = np.linspace(0, 1, 200001)
    rise = np.minimum(share, 1 - share)
    bend = np.concatenate([[0.0], np.cumsum(np.minimum(rise / RAMP, 1.0))])[:-1] * whole / 200000
    chord = np.hypot(np.cos(bend).mean(), np.sin(bend).mean()) * whole
    assert tangent_per_radius(2.0) == pytest.approx(chord / 2 / np.cos(1.0), rel=1e-4)


@pytest.mark.parametrize("left", [-9.0, -1.7, 0.0, 3.3])
def test_points_beside_a_curve_are_even_and_as_far_as_they_say(left: float) -> None:
    path = rounded(
        [np.array([0.0, 0.0]), np.array([60.0, 0.0]), np.array([90.0, 60.0]), np.array([200.0, 60.0])], [30, 30]
    )
    line = path.beside(path.evenly(left), left)
    steps = np.hypot(*np.diff(line, axis=0).T)
    assert steps.max() <= 1.0 + 1e-9
    assert np.ptp(steps) < 1e-3
    assert steps.sum() == pytest.approx(path.along(path.stations, left)[-1], abs=1e-2)
    axis = shapely.LineString(path.at(np.linspace(0, path.length, 4000))[0])
    assert np.abs(shapely.distance(axis, shapely.points(line)) - abs(left)).max() < 1e-3


def test_sparse_places_have_the_ends_of_straight_pieces() -> None:
    path = corner(1.0, tangent=10.0, leg=40.0)
    stations = path.sparse(2.0)
    assert stations[1] == pytest.approx(30.0)
    assert np.diff(stations)[1:-1].max() <= 2.0
    assert stations[[0, -1]].tolist() == [0.0, path.length]


places = st.floats(-60, 60, allow_nan=False)
angles = st.floats(-pi, pi)


@settings(deadline=None, max_examples=150)
@given(places, places, angles, st.floats(6, 60))
def test_bridges_end_where_and_as_they_should(x: float, y: float, towards: float, radius: float) -> None:
    stop = np.array([x, y])
    assume(np.hypot(x, y) > 8 and abs(turned(towards, 0.0)) < 2.8)
    path = bridge(np.zeros(2), 0.0, stop, towards, radius)
    assert np.abs(path.points[-1] - stop).max() < 1e-9
    assert turned(path.headings[-1], towards) == pytest.approx(0.0, abs=1e-6)
    assert path.curvatures[0] == 0.0
    assert path.curvatures[-1] == 0.0
    steps = np.hypot(*np.diff(path.points, axis=0).T)
    assert (steps <= np.diff(path.stations) + 1e-6).all()


def test_lines_meet_where_they_should() -> None:
    assert meeting(np.zeros(2), 0.0, np.array([5.0, -3.0]), pi / 2) == pytest.approx((5.0, 3.0))


def test_quintic_keeps_place_heading_and_curvature_at_both_ends() -> None:
    path = quintic(np.zeros(2), 0.2, 0.03, np.array([20.0, 7.0]), 0.9, -0.02)
    assert path.curvatures[[0, -1]] == pytest.approx([0.03, -0.02])
    assert path.headings[[0, -1]] == pytest.approx([0.2, 0.9])
    assert path.points[-1] == pytest.approx([20.0, 7.0])
    fine = path.at(np.linspace(0, path.length, 2000))[0]
    assert np.hypot(*np.diff(fine, axis=0).T).sum() == pytest.approx(path.length, abs=1e-3)


def test_joined_pieces_keep_their_heading_over_a_full_round() -> None:
    ring = [arc(np.zeros(2), 10.0, 1.0 + k * 2.5, 2.5) for k in range(3)]
    path = joined([*ring, straight(ring[-1].points[-1], ring[-1].points[-1] + 5 * unit(float(ring[-1].headings[-1])))])
    assert path.length == pytest.approx(80.0)
    assert np.abs(np.diff(path.headings)).max() < 0.1


def test_small_helpers() -> None:
    assert [steps_of(length, 1.0) for length in (0.1, 1.0, 1.0000001, 1.1, 3.0)] == [1, 1, 1, 2, 3]
    assert heading_of(np.array([0.0, -2.0])) == pytest.approx(-pi / 2)
    assert turned(3.0, -3.0) == pytest.approx(6 - 2 * pi)
