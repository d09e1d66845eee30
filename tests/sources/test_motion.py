"""Smoothed motion of recorded vehicles and what scenes show of the others."""

from dataclasses import replace

import numpy as np
import pytest

from irlvla.scene.frames import wrap
from irlvla.sources.motion import motions
from irlvla.sources.observed import Observed, bridged, short_names
from irlvla.sources.recording import AXLE_TO_CENTRE
from irlvla.sources.scenarionet import read_scenario
from tests.sources.made_up import EGO_SPEED, OTHER_SPEED, STEPS, new_scenario

EGO, OTHER, TURNER, PARKED, WALKER = range(5)


@pytest.fixture(scope="module")
def recording():
    return read_scenario(new_scenario(), "file")


def with_path(recording, track, centre, heading):
    poses = recording.poses.copy()
    poses[track] = np.column_stack([centre, heading])
    return replace(recording, poses=poses)


def test_a_steady_drive(recording):
    (ego,) = motions(recording, EGO)
    np.testing.assert_allclose(ego.poses[:, 0], 10 + 0.8 * np.arange(STEPS), atol=1e-9)
    np.testing.assert_allclose(ego.velocity, np.tile([EGO_SPEED, 0], (STEPS, 1)), atol=1e-9)
    np.testing.assert_allclose(ego.acceleration, 0, atol=1e-7)
    assert ego.travelled()[-1] == pytest.approx(0.8 * (STEPS - 1))


def test_the_metrics_box_sits_on_the_recorded_one(recording):
    (other,) = motions(recording, OTHER)
    np.testing.assert_allclose(other.poses[:, 0] + AXLE_TO_CENTRE, recording.poses[OTHER, :, 0], atol=1e-9)


def test_a_circle_accelerates_to_its_centre(recording):
    t, radius, speed = 0.1 * np.arange(STEPS), 20.0, 6.0
    turned = speed / radius * t
    axle = radius * np.column_stack([np.sin(turned), 1 - np.cos(turned)])
    centre = axle + AXLE_TO_CENTRE * np.column_stack([np.cos(turned), np.sin(turned)])
    (car,) = motions(with_path(recording, OTHER, centre, wrap(turned)), OTHER)
    inner = slice(10, -10)
    np.testing.assert_allclose(car.poses[inner, :2], axle[inner], atol=0.05)
    np.testing.assert_allclose(car.velocity[inner], np.tile([speed, 0], (STEPS - 20, 1)), atol=0.1)
    np.testing.assert_allclose(car.acceleration[inner, 1], speed**2 / radius, atol=0.1)
    np.testing.assert_allclose(car.yaw_rate[inner], speed / radius, atol=1e-6)
    np.testing.assert_allclose(wrap(car.poses[:, 2] - turned), 0, atol=1e-6)


def test_braking(recording):
    t = 0.1 * np.arange(STEPS)
    x = 12 * t - 0.5 * 1.0 * t**2
    (car,) = motions(with_path(recording, OTHER, np.column_stack([x, 0 * x]), 0 * x), OTHER)
    np.testing.assert_allclose(car.velocity[:, 0], 12 - t, atol=1e-6)
    np.testing.assert_allclose(car.acceleration[:, 0], -1.0, atol=1e-6)


def test_gaps(recording):
    valid = recording.valid.copy()
    valid[OTHER, 20:22] = False  # bridged
    valid[OTHER, 80:83] = False  # not
    poses = recording.poses.copy()
    poses[~valid] = 0.0
    (car,) = motions(replace(recording, valid=valid, poses=poses), OTHER)
    assert (car.first, len(car)) == (0, 80)
    np.testing.assert_allclose(car.velocity[:, 0], OTHER_SPEED, atol=1e-6)


def test_scenes_start_at_every_fifth_step_of_the_recording(recording):
    valid = recording.valid.copy()
    valid[OTHER, :7] = False
    (car,) = motions(replace(recording, valid=valid), OTHER)
    starts = [car.first + index for index in car.scene_starts(5)]
    assert starts == list(range(25, 60, 5))
    assert min(starts) - 15 >= 7
    assert max(starts) + 40 <= STEPS - 1


@pytest.mark.parametrize(
    ("distort", "reason"),
    [
        (lambda t: (8 * t, 0 * t, 0 * t), None),
        (lambda t: (8 * t + 20 * (t > 5), 0 * t, 0 * t), "absurd acceleration"),
        (lambda t: (8 * t, 0 * t, 3.0 * np.clip(t - 5, 0, 0.8)), "absurd yaw rate"),
        (lambda t: (-8 * t, 0 * t, 0 * t), "moves sideways or backwards"),
        (lambda t: (8 * t, 8 * t, 0 * t), "moves sideways or backwards"),
        (lambda t: (60 * t, 0 * t, 0 * t), "absurd acceleration"),
    ],
)
def test_noise_is_told_from_driving(recording, distort, reason):
    x, y, heading = distort(0.1 * np.arange(STEPS))
    (car,) = motions(with_path(recording, OTHER, np.column_stack([x, y]), heading), OTHER)
    assert car.implausible(45) == reason


def test_bridged_turns_the_short_way():
    poses = np.array([[0, 0, 3.1], [0, 0, 0], [2, 0, -3.1], [0, 0, 0.0]])
    filled, valid = bridged(poses, np.array([True, False, True, False]))
    assert valid.tolist() == [True, True, True, False]
    np.testing.assert_allclose(filled[1, :2], [1, 0])
    assert abs(wrap(filled[1, 2] - np.pi)) < 1e-9


def test_velocities_are_central_differences_within_what_was_seen(recording):
    valid = recording.valid.copy()
    valid[OTHER] = False
    valid[OTHER, [10, 30, 31]] = True
    observed = Observed.of(replace(recording, valid=valid))
    np.testing.assert_allclose(observed.velocities[WALKER], np.tile([0, 1.2], (STEPS, 1)), atol=1e-9)
    np.testing.assert_allclose(observed.velocities[OTHER, 10], 0)
    np.testing.assert_allclose(observed.velocities[OTHER, [30, 31]], [[OTHER_SPEED, 0]] * 2, atol=1e-9)


def test_scene_tracks(recording):
    observed = Observed.of(recording)
    path = np.column_stack([np.linspace(100, 130, 41), np.zeros(41)])
    tracks = observed.scene_tracks(20, path, without=OTHER)
    assert tracks.tokens == ("ego", "turner00", "parked00", "walker00")
    assert tracks.poses.shape == (4, 41, 3)
    np.testing.assert_array_equal(tracks.poses[0], recording.poses[EGO, 20:61])
    assert tracks.valid.all()
    far = observed.scene_tracks(20, path + np.array([500, 0]), without=OTHER)
    assert len(far) == 0


def test_tracks_are_only_shown_while_seen(recording):
    valid = recording.valid.copy()
    valid[WALKER, 30:] = False
    tracks = Observed.of(replace(recording, valid=valid)).scene_tracks(20, recording.poses[EGO, :, :2], without=EGO)
    walker = tracks.tokens.index("walker00")
    assert tracks.valid[walker].sum() == 10
    assert (tracks.poses[walker, 10:] == 0).all()


def test_short_names_stay_apart():
    assert short_names(("abcdefghi1", "abcdefghi2")) == ("abcdefghi1", "abcdefghi2")
    assert short_names(("abcdefgh1x", "abcdefgi1x")) == ("abcdefgh", "abcdefgi")
    assert short_names(("1", "2")) == ("1", "2")
