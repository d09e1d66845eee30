"""PDM-Closed in made-up scenes, and beside the benchmark's own."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from irlvla.epdms import read_case
from irlvla.epdms.cases import case_files
from irlvla.epdms.judge import NC, TLC
from irlvla.epdms.pdm_closed import OFFSETS, SPEED_SHARES, pdm_closed, pdm_closed_reference
from irlvla.errors import InputError
from irlvla.scene import Layer
from irlvla.scene.frames import poses_to_global, poses_to_local, to_local, wrap
from tests.epdms.made_up import ROAD, box, moved, rectangle, straight_road
from tests.epdms.test_golden import GOLDEN

FRONT = 4.049
FREE = len(SPEED_SHARES) - 1
"""The proposal on the centre line at the full limit."""


def curve(radius=60.0, width=2.5, offset=0.0):
    """A road that bends to the left; the ego is ``offset`` to the left of its middle."""
    angles = np.linspace(-0.3, 2.0, 120)
    outward = np.column_stack([np.sin(angles), -np.cos(angles)])
    line = [0.0, radius] + radius * outward
    outline = np.concatenate(
        [[0.0, radius] + (radius + width) * outward, ([0.0, radius] + (radius - width) * outward)[::-1]]
    )
    elements = (("bend", Layer.LANE, outline), ("block", Layer.ROADBLOCK, outline))
    ego = np.array([0, offset, 0, 8, 0, 0, 0, 0, 0, 0, 0], float)
    return straight_road(8.0, elements=elements, route=("bend",), centerline=np.column_stack([line, angles]), ego=ego)


def test_an_empty_road_is_driven_at_the_limit_along_the_centre_line():
    choice = pdm_closed(straight_road(10.0))
    assert choice.winner == FREE
    assert choice.reference.shape == (51, 3)
    np.testing.assert_allclose(choice.reference[:, 1:], 0.0, atol=1e-12)
    assert np.diff(choice.reference[:, 0])[-1] > 1.2
    assert choice.proposals.shape == (len(OFFSETS) * len(SPEED_SHARES), 41, 3)
    np.testing.assert_allclose(choice.proposals[:, -1, 1], np.repeat(OFFSETS, len(SPEED_SHARES)), atol=1e-12)


def test_the_reference_begins_on_the_line_not_at_the_ego():
    ego = np.array([0.4, 0.3, 0.05, 10, 0, 0, 0, 0, 0, 0, 0], float)
    np.testing.assert_allclose(pdm_closed_reference(straight_road(ego=ego))[0], [0.4, 0, 0], atol=1e-9)


def test_it_does_not_run_into_a_car_that_stands():
    choice = pdm_closed(straight_road(8.0, boxes=[box("parked", 30, 0)]))
    assert choice.verdicts[choice.winner, NC] == 1
    assert choice.reference[:, 0].max() + FRONT < 28


def test_it_does_not_know_what_a_leader_will_do():
    leaving, staying = (box("leader", 30, 0, 4.0, steps=steps) for steps in (range(10), range(41)))
    other = pdm_closed_reference(straight_road(8.0, boxes=[leaving]))
    np.testing.assert_array_equal(pdm_closed_reference(straight_road(8.0, boxes=[staying])), other)


def test_it_stops_at_a_red_light_on_its_route():
    connector = ("across", Layer.LANE_CONNECTOR, rectangle(30, -2, 50, 2))
    red = [("across", np.ones(41, bool))]
    choice = pdm_closed(straight_road(6.0, elements=(*ROAD, connector), route=("own", "across"), red=red))
    assert choice.verdicts[choice.winner, TLC] == 1
    assert choice.reference[:, 0].max() + FRONT < 30


@pytest.mark.parametrize("offset", [-0.4, 0.0, 0.4])
def test_a_bend_is_followed(offset):
    scene = curve(offset=offset)
    reference = pdm_closed_reference(scene)
    radius = np.linalg.norm(reference[:, :2] - [0.0, 60.0], axis=1)
    np.testing.assert_allclose(radius, 60.0, atol=0.02)
    np.testing.assert_allclose(
        np.diff(reference[:, 2]) * 60, np.linalg.norm(np.diff(reference[:, :2], axis=0), axis=1), atol=0.01
    )


@settings(deadline=None, max_examples=20)
@given(st.floats(-1e5, 1e5), st.floats(-1e5, 1e5), st.floats(-3.1, 3.1), st.floats(0, 14), st.floats(12, 60))
def test_the_world_may_be_moved(x, y, angle, speed, ahead):
    scene = straight_road(speed, boxes=[box("leader", ahead, 0.3, 3.0)])
    motion = np.array([x, y, angle])
    there = pdm_closed_reference(moved(scene, motion))
    difference = there - poses_to_global(pdm_closed_reference(scene), motion)
    np.testing.assert_allclose(difference[:, :2], 0.0, atol=1e-6)
    np.testing.assert_allclose(wrap(difference[:, 2]), 0.0, atol=1e-6)


def test_the_scenes_own_reference_and_human_play_no_part():
    scene = straight_road(8.0, boxes=[box("leader", 30, 0, 4.0)])
    other = replace(scene, reference=np.full((3, 3), np.nan), human=None)
    np.testing.assert_array_equal(pdm_closed_reference(other), pdm_closed_reference(scene))


@pytest.mark.parametrize("limit", [0.0, np.nan])
def test_a_limit_that_is_not_known_is_15_metres_a_second(limit):
    expected = pdm_closed_reference(straight_road(speed_limit=15.0))
    np.testing.assert_array_equal(pdm_closed_reference(straight_road(speed_limit=limit)), expected)


def test_a_scene_that_cannot_be_judged_is_refused_by_name():
    scene = straight_road()
    for broken in (replace(scene, centerline=scene.centerline[:1]), replace(scene, ego=scene.ego * np.nan)):
        with pytest.raises(InputError, match="scene-7"):
            pdm_closed_reference(broken, "scene-7")


def other_choices(folder):
    """Scenes of ``folder`` whose official reference is another: name, our proposal, theirs, score margin, metres apart.

    Another by more than the 1e-6 m or rad to which the files are rounded.
    """
    found = []
    for name, path in case_files(folder, recursive=True):
        truth = read_case(path).truth
        choice = pdm_closed(truth, name)
        ours, official = choice.reference, truth.reference
        apart = np.abs(to_local(ours[:, :2], truth.ego[:3]) - to_local(official[:, :2], truth.ego[:3])).max()
        if apart > 1e-6 or np.abs(wrap(ours[:, 2] - official[:, 2])).max() > 1e-6:
            theirs = choice.nearest(poses_to_local(official, truth.ego[:3]))
            found.append((name, choice.winner, theirs, choice.scores[choice.winner] - choice.scores[theirs], apart))
    return found


def test_the_benchmark_has_the_same_reference_in_the_golden_scenes():
    assert other_choices(GOLDEN) == []


def test_the_benchmark_has_the_same_reference_in_all_case_files(shared):
    assert other_choices(shared / "epdms_cases") == []
