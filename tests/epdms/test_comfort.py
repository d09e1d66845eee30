"""Filters against scipy, and what HC and EC make of them."""

import numpy as np
import pytest
from scipy.signal import savgol_filter

from irlvla.epdms import comfort
from irlvla.epdms.comfort import MOST_SAMPLES, Past, apply, resample_past, rounded, savgol
from tests.epdms.made_up import T0_US


@pytest.mark.parametrize("samples", [36, 41, 55, 56, 96])
@pytest.mark.parametrize("design", [(8, 2, 0), (15, 2, 1), (5, 2, 1), (5, 3, 2), (5, 2, 2)])
def test_filters_are_those_of_scipy(samples, design):
    window, order, derivative = design
    signal, filtered = np.random.default_rng(samples).normal(0, 3, samples), np.empty(samples)
    expected = savgol_filter(signal, window, order, deriv=derivative, delta=0.1)
    apply(savgol(*design), signal, samples, filtered)
    np.testing.assert_allclose(filtered, np.round(expected, 8), atol=2e-8)


@pytest.mark.parametrize("value", [0.0, 1.234567885, -0.5e-8, 1.5e-8, 2.5e-8, 1e7 / 3, -1e18, 1e300])
def test_rounding_is_numpys(value):
    assert rounded(value) == pytest.approx(np.round(value, 8), rel=1e-15, abs=0)


def signals():
    return np.empty((7, MOST_SAMPLES))


def history_comfort(past, states):
    return comfort.history_comfort(past, states, signals())


def hc_signals(past, states):
    rows = signals()
    return rows[:6, : comfort.hc_signals(past, states, rows)]


def rows(stamps, speed=5.0, acceleration=0.0):
    past = np.zeros((len(stamps), 8))
    past[:, 0], past[:, 1], past[:, 4], past[:, 6] = stamps, np.array(stamps) * 1e-6 * speed, speed, acceleration
    return past


@pytest.mark.parametrize(
    ("first", "count"), [(-1_500_000, 14), (-1_499_981, 14), (-1_500_001, 15), (-1_400_000, 13), (-500_000, 4)]
)
def test_exactly_a_second_and_a_half_of_past_lacks_a_sample(first, count):
    past = resample_past(T0_US, rows([first, -400_000, 0]), 0.0)
    assert len(past.headings) == count


def test_past_is_interpolated_in_its_own_time():
    past = rows([-1_500_000, -1_000_000, -500_000, 0])
    past[:, 6] = [0.0, 1.0, 2.0, 3.0]
    past[:, 3] = np.pi - 0.1 + np.array([0, 0.1, 0.2, 0.3])  # turns through the half turn
    past[:, 3] = (past[:, 3] + np.pi) % (2 * np.pi) - np.pi
    sampled = resample_past(0, past, past[-1, 3])
    times = np.arange(14) * 0.1
    np.testing.assert_allclose(sampled.accelerations[:, 0], 2 * times, atol=1e-5)
    np.testing.assert_allclose(sampled.headings, 0.2 * times - 0.3, atol=1e-5)


def states_with(**columns):
    names = ("x", "y", "heading", "vx", "vy", "ax", "ay", "steering", "rate", "omega", "alpha")
    states = np.zeros((41, 11))
    for name, values in columns.items():
        states[:, names.index(name)] = values
    return states


NO_PAST = Past(np.zeros(0), np.zeros((0, 2)))


@pytest.mark.parametrize(
    ("columns", "comfortable"),
    [
        ({"ax": 2.39}, True),
        ({"ax": 2.40}, False),
        ({"ax": -4.04}, True),
        ({"ax": -4.05}, False),
        ({"ay": 4.88}, True),
        ({"ay": -4.89}, False),
        ({"ax": np.arange(41) * 0.1 * 4.12 - 8.0}, False),
        ({"heading": np.arange(41) * 0.1 * 0.94}, True),
        ({"heading": np.arange(41) * 0.1 * 0.95}, False),
        ({"heading": (np.arange(41) * 0.1 - 2) ** 2 * 0.5 * 0.47}, True),
        ({"heading": (np.arange(41) * 0.1 - 2) ** 2 * 0.5 * 0.5}, False),
        ({"omega": 1.27}, True),
        ({"omega": 1.30}, False),  # centripetal 1.461 * omega^2 counts as longitudinal
    ],
)
def test_bounds_of_history_comfort(columns, comfortable):
    assert history_comfort(NO_PAST, states_with(**columns)) == float(comfortable)


def test_jerk_is_the_slope_of_smoothed_acceleration():
    ramp = np.arange(41) * 0.1 * 1.5 - 3.0
    signals = hc_signals(NO_PAST, states_with(ax=ramp))
    middle = slice(12, -12)  # the even window looks half a sample ahead, but not at the ends
    np.testing.assert_allclose(signals[0, middle], ramp[middle] + 1.5 * 0.05, atol=1e-7)
    np.testing.assert_allclose(signals[3, middle], 1.5, atol=1e-6)


def test_jerk_of_the_total_is_that_of_its_absolute_value():
    braking_harder = np.arange(41) * 0.1 * -1.5
    signals = hc_signals(NO_PAST, states_with(ax=braking_harder))
    np.testing.assert_allclose(signals[2], -signals[3], atol=1e-7)


def test_the_past_counts():
    rough = Past(np.zeros(14), np.column_stack([np.full(14, 3.0), np.zeros(14)]))
    calm = Past(np.zeros(14), np.zeros((14, 2)))
    assert history_comfort(calm, states_with()) == 1.0
    assert history_comfort(rough, states_with()) == 0.0


def test_the_same_motion_gap_steps_later_is_no_difference():
    times = np.arange(46) * 0.1
    whole = np.zeros((46, 11))
    whole[:, 2], whole[:, 5] = np.sin(times), np.cos(3 * times)
    assert comfort.ec_differences(whole[5:], whole[:41], 5, signals()) == (0.0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize(("difference", "alike"), [(0.7, 1.0), (0.71, 0.0)])
def test_extended_comfort_bound_is_inclusive(difference, alike):
    steady, other = states_with(ax=1.0), states_with(ax=1.0 + difference)
    assert comfort.extended_comfort(other, steady, 5, signals()) == alike
