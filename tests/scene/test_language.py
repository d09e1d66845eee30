import numpy as np
import pytest

from irlvla.scene import PathAction, SpeedAction, Trajectory, meta_action


@pytest.mark.parametrize(
    ("end", "speed", "path"),
    [
        ((32.0, 0.0, 0.0, 8.0), SpeedAction.KEEP, PathAction.STRAIGHT),
        ((40.0, 0.0, 0.0, 12.0), SpeedAction.ACCELERATE, PathAction.STRAIGHT),
        ((20.0, 3.5, 0.0, 2.0), SpeedAction.DECELERATE, PathAction.LEFT_CHANGE),
        ((32.0, -3.5, 0.02, 8.0), SpeedAction.KEEP, PathAction.RIGHT_CHANGE),
        ((12.0, 8.0, 1.2, 8.0), SpeedAction.KEEP, PathAction.LEFT_TURN),
        ((10.0, -6.0, -1.2, 0.0), SpeedAction.STOP, PathAction.RIGHT_TURN),
    ],
)
def test_meta_actions_say_what_the_human_did(end, speed, path):
    x, y, heading, last_speed = end
    poses = np.zeros((8, 3))
    poses[-1] = x, y, heading
    poses[-2] = x - 0.5 * last_speed * np.cos(heading), y - 0.5 * last_speed * np.sin(heading), heading
    assert meta_action(8.0, Trajectory(poses)) == (speed, path)


def test_a_gentle_bend_is_straight_on():
    radius = 100.0
    angle = 8.0 * 0.1 * np.arange(1, 41) / radius
    poses = np.column_stack([radius * np.sin(angle), radius * (1 - np.cos(angle)), angle])
    assert meta_action(8.0, Trajectory(poses, 0.1)) == (SpeedAction.KEEP, PathAction.STRAIGHT)


def test_without_a_human_there_is_nothing_to_do():
    assert meta_action(8.0, None) == (SpeedAction.KEEP, PathAction.STRAIGHT)
