"""From poses to the 41 references, with the benchmark's time stamps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from irlvla.epdms import sampling
from irlvla.epdms.sampling import locate, plan_sampling, plan_samplings, reference_sampling, truncated_stamps, wrapped
from tests.epdms.made_up import T0_US, TIMES, straight_plan


def interpolate(poses, placed):
    sampled = np.empty((len(placed.before), 3))
    sampling.interpolate(poses, placed, sampled)
    return sampled


def plan_references(plan, placed):
    return interpolate(np.vstack([np.zeros(3), plan]), placed)


@settings(deadline=None)
@given(st.floats(-50, 50))
def test_wrapped_angles_lie_in_half_open_range_and_turn_the_same_way(angle):
    assert -np.pi <= wrapped(angle) < np.pi
    assert np.cos(wrapped(angle) - angle) == pytest.approx(1.0)


def test_wrapped_pi_is_minus_pi():
    assert wrapped(np.pi) == -np.pi


def test_stamps_are_cut_not_rounded():
    assert truncated_stamps(0, 0.3, 0.1, 3).tolist() == [300_000, 400_000, 500_000]
    exact = T0_US + np.arange(41) * 100_000
    behind = exact - truncated_stamps(T0_US, 0.0, 0.1, 41)
    assert set(behind.tolist()) <= {0, 1}
    assert behind.any()


def test_round_time_gives_exact_interpolation():
    references = plan_references(straight_plan(8.0), plan_sampling(0, 8, 0.5))
    np.testing.assert_allclose(references[:, 0], 8.0 * TIMES, atol=1e-4)


def test_real_time_stamps_move_references_by_a_microsecond():
    references = plan_references(straight_plan(8.0), plan_sampling(T0_US, 8, 0.5))
    off = np.abs(references[:, 0] - 8.0 * TIMES)
    assert 0 < off.max() < 8.0 * 1.1e-6


def test_reference_poses_keep_exact_stamps():
    poses = np.column_stack([TIMES * 10, 0 * TIMES, 0 * TIMES])
    late = (T0_US + np.arange(41) * 100_000) - truncated_stamps(T0_US, 0.0, 0.1, 41)
    expected = np.maximum(TIMES * 10 - late * 1e-5, 0.0)
    np.testing.assert_allclose(interpolate(poses, reference_sampling(T0_US, 41))[:, 0], expected, atol=1e-12)


def test_samples_outside_are_moved_to_the_ends():
    placed = locate(np.array([10, 20, 30]), np.array([5, 10, 15, 20, 30, 99]))
    np.testing.assert_allclose(placed.before + placed.share, [0, 0, 0.5, 1, 2, 2])


def test_heading_is_interpolated_through_the_half_turn():
    poses = np.array([[0, 0, np.pi - 0.1], [1, 0, -np.pi + 0.1]])
    halfway = interpolate(poses, locate(np.array([0, 10]), np.array([5])))
    assert abs(halfway[0, 2]) == pytest.approx(np.pi)


@settings(deadline=None)
@given(st.lists(st.floats(-3, 3), min_size=2, max_size=20))
def test_headings_go_on_as_numpy_unwraps_them(headings):
    poses = np.column_stack([np.zeros((len(headings), 2)), headings])
    ours = interpolate(poses, locate(np.arange(len(headings)) * 2, np.arange(2 * len(headings) - 1)))[:, 2]
    whole = np.interp(np.arange(2 * len(headings) - 1), np.arange(len(headings)) * 2, np.unwrap(headings))
    np.testing.assert_allclose(np.exp(1j * ours), np.exp(1j * whole), atol=1e-12)


def test_scenes_are_sampled_one_by_one():
    stamps = np.array([0, T0_US, T0_US + 7])
    together = plan_samplings(stamps, 8, 0.5)
    for b, stamp in enumerate(stamps):
        alone = plan_sampling(stamp, 8, 0.5)
        np.testing.assert_array_equal(together.before[b], alone.before)
        np.testing.assert_array_equal(together.share[b], alone.share)
