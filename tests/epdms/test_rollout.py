"""Profile fits, tracker and bicycle against straightforward linear algebra."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from irlvla.epdms.rollout import MOVES, bicycle_step, steering_rate
from irlvla.epdms.rollout import drive as write_states
from irlvla.epdms.rollout import fit_curvatures as write_curvatures
from irlvla.epdms.rollout import fit_speeds as write_speeds
from irlvla.epdms.vehicle import STEP, WHEEL_BASE
from tests.epdms.made_up import TIMES


def fit_speeds(references):
    speeds = np.empty(MOVES)
    write_speeds(references, speeds)
    return speeds


def fit_curvatures(references, speeds):
    excess, curvatures = np.empty(MOVES), np.empty(MOVES)
    write_curvatures(references, speeds, excess, curvatures)
    return curvatures


def drive(start, references):
    states = np.empty((MOVES + 1, 11))
    write_states(start, references, np.empty((3, MOVES)), states)
    return states


def wandering(seed, speed, wildness):
    """References ``[41, 3]`` of a car whose speed and turning wander."""
    rng = np.random.default_rng(seed)
    speeds = speed + wildness * np.cumsum(rng.normal(0, 0.3, MOVES))
    headings = np.cumsum(np.cumsum(rng.normal(0, 0.004 * wildness, MOVES + 1)))
    steps = speeds[:, None] * STEP * np.column_stack([np.cos(headings[:-1]), np.sin(headings[:-1])])
    xy = np.vstack([np.zeros(2), np.cumsum(steps, axis=0)]) + rng.normal(0, 0.01 * wildness, (MOVES + 1, 2))
    return np.column_stack([xy, headings])


def pinv_fits(references):
    """Speeds and curvatures by the normal equations of the benchmark's unknowns, solved with a pseudo-inverse."""
    moves, turns = np.diff(references[:, :2], axis=0), np.diff(references[:, 2])
    headings = references[:-1, 2]
    integral = np.hstack([np.ones((MOVES, 1)), np.tril(np.full((MOVES, MOVES), STEP), -1)[:, : MOVES - 1]])
    directions = np.column_stack([np.cos(headings), np.sin(headings)])
    design = (directions[:, :, None] * STEP * integral[:, None, :]).reshape(2 * MOVES, MOVES)
    penalty = np.zeros((MOVES - 2, MOVES))
    penalty[:-1, 1 : MOVES - 2] = np.eye(MOVES - 3)
    penalty[-1, -2:] = -1, 1
    normal = design.T @ design + 1e-4 * penalty.T @ penalty
    speeds = integral @ (np.linalg.pinv(normal) @ design.T @ moves.reshape(-1))
    design = speeds[:, None] * STEP * integral
    weights = np.diag([1e-10] + [1e-2] * (MOVES - 1))
    curvatures = integral @ (np.linalg.pinv(design.T @ design + weights) @ design.T @ turns)
    return speeds, curvatures


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.floats(0.5, 25), st.floats(0, 2))
def test_fits_are_the_pseudo_inverses(seed, speed, wildness):
    references = wandering(seed, speed, wildness)
    speeds, curvatures = pinv_fits(references)
    np.testing.assert_allclose(fit_speeds(references), speeds, atol=1e-8)
    np.testing.assert_allclose(fit_curvatures(references, fit_speeds(references)), curvatures, atol=1e-6)


def test_a_standing_car_has_no_speed_and_no_curvature():
    references = np.zeros((41, 3))
    speeds = fit_speeds(references)
    assert not speeds.any()
    assert not fit_curvatures(references, speeds).any()


def tracker_by_matrices(state, reference, acceleration, curvatures, k):
    """The steering rate from ten composed 3 x 3 steps and the closed form of the one-step quadratic problem."""
    dx, dy = state[0] - reference[0], state[1] - reference[1]
    error = -dx * math.sin(reference[2]) + dy * math.cos(reference[2])
    x = np.array([error, math.remainder(state[2] - reference[2], math.tau), state[7]])
    effect = np.zeros(3)
    window = np.append(curvatures[k : min(k + 10, 39)], np.full(10, curvatures[39]))[:10]
    for i in range(10):
        reach = (state[3] + i * STEP * acceleration) * STEP
        step = np.array([[1, reach, 0], [0, 1, reach / WHEEL_BASE], [0, 0, 1]])
        x = step @ x - [0, reach * window[i], 0]
        effect = step @ effect + [0, 0, STEP]
    x[1] = math.atan2(math.sin(x[1]), math.cos(x[1]))
    weights = np.diag([1.0, 10.0, 0.0])
    return -(effect @ weights @ x) / (effect @ weights @ effect + 1.0)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10_000), st.integers(0, 39))
def test_tracker_is_the_composed_linear_system(seed, k):
    rng = np.random.default_rng(seed)
    state = rng.normal(0, 1, 11)
    state[3] += 8
    reference, curvatures = rng.normal(0, 1, 3), rng.normal(0, 0.1, 40)
    expected = tracker_by_matrices(state, reference, 0.7, curvatures, k)
    assert steering_rate(state, reference, 0.7, curvatures, k) == pytest.approx(expected, abs=1e-10)


def test_bicycle_moves_with_the_old_speed_and_filters_commands():
    state = np.array([0, 0, 0, 6.0, 0.4, 0.9, 0.3, 0.1, 0, 0.2, 0])
    after = np.empty(11)
    bicycle_step(state, 3.0, 0.6, after)
    acceleration = 0.9 + (3.0 - 0.9) / 3
    steering = 0.1 + 0.6 * 2 / 3 * 0.1
    speed = 6.0 + acceleration * 0.1
    turning = speed * math.tan(steering) / WHEEL_BASE
    expected = [
        0.6, 0, 6.0 * math.tan(0.1) / WHEEL_BASE * 0.1, speed, 0, acceleration, 0, steering, 0.4, turning,
        (turning - 0.2) / 0.1,
    ]  # fmt: skip
    np.testing.assert_allclose(after, expected, atol=1e-12)


def test_steering_stops_at_sixty_degrees():
    after = np.empty(11)
    bicycle_step(np.array([0, 0, 0, 1.0, 0, 0, 0, 1.0, 0, 0, 0]), 0.0, 9.0, after)
    assert after[7] == pytest.approx(math.pi / 3)
    assert after[8] == pytest.approx(6.0)  # the rate is not cut


def test_constant_speed_is_kept():
    start = np.zeros(11)
    start[3] = 10.0
    states = drive(start, np.column_stack([10 * TIMES, 0 * TIMES, 0 * TIMES]))
    np.testing.assert_allclose(states[:, 0], 10 * TIMES, atol=1e-9)
    np.testing.assert_allclose(states[:, 3], 10.0, atol=1e-9)
    np.testing.assert_allclose(states[:, [1, 2, 5, 7, 9]], 0.0, atol=1e-12)


def test_a_car_told_to_stand_comes_to_rest():
    start = np.zeros(11)
    start[3] = 0.15
    states = drive(start, np.zeros((41, 3)))
    assert abs(states[-1, 3]) < 0.03
    first = -0.5 * 0.15 / 3  # stopping gain through the low-pass
    assert states[1, 5] == pytest.approx(first)


def test_start_state_is_kept_as_it_is():
    start = np.array([0, 0, 0, 5, 0.2, 0.5, -0.3, 0.05, 0.01, 0.1, 0.02])
    np.testing.assert_array_equal(drive(start, wandering(1, 5, 1))[0], start)
