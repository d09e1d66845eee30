import numpy as np
import torch

from irlvla.model.bev import BEVRegion
from irlvla.model.trajectories import Lookup, footprints, kinematics
from tests.model.made_up import SMALL

TIME = torch.arange(1, 9) * 0.5


def described(poses: torch.Tensor, speed: float) -> dict[str, np.ndarray]:
    """Kinematics of one drive that starts at ``speed``, by name."""
    history = torch.zeros(1, 4, 7)
    history[:, -1, 3] = speed
    names = ("x", "y", "cos", "sin", "speed", "acceleration", "yaw_rate", "yaw_acceleration")
    values = kinematics(poses[None, None], history)[0, 0].unflatten(0, (8, 8)).numpy()
    return dict(zip(names, values, strict=True))


def test_a_steady_straight_drive():
    poses = torch.stack([6 * TIME, 0 * TIME, 0 * TIME], -1)
    drive = described(poses, speed=6.0)
    np.testing.assert_allclose(drive["speed"], 0.6, rtol=1e-5)
    np.testing.assert_allclose(drive["acceleration"], 0, atol=1e-5)
    np.testing.assert_allclose(drive["yaw_rate"], 0, atol=1e-6)
    np.testing.assert_allclose(described(poses, speed=4.5)["acceleration"][0], 3 / 3, rtol=1e-5)


def test_a_circle_has_the_speed_of_its_chords_and_a_constant_yaw_rate():
    rate, radius = 0.4, 10.0
    angle = rate * TIME
    poses = torch.stack([radius * angle.sin(), radius * (1 - angle.cos()), angle], -1)
    drive = described(poses, speed=4.0)
    np.testing.assert_allclose(drive["speed"], 2 * radius * np.sin(rate / 4) / 0.5 / 10, rtol=1e-5)
    np.testing.assert_allclose(drive["yaw_rate"], 2 * rate, rtol=1e-4)
    np.testing.assert_allclose(drive["yaw_acceleration"][1:], 0, atol=1e-5)


def test_headings_may_pass_half_a_turn_and_backing_up_is_negative_speed():
    angle = 1.2 * TIME
    wrapped = torch.stack([angle.sin(), 1 - angle.cos(), (angle + torch.pi) % (2 * torch.pi) - torch.pi], -1)
    np.testing.assert_allclose(described(wrapped, 1.2)["yaw_rate"], 2.4, rtol=1e-4)
    backwards = torch.stack([-2 * TIME, 0 * TIME, 0 * TIME], -1)
    np.testing.assert_allclose(described(backwards, -2.0)["speed"], -0.2, rtol=1e-5)


def test_footprint_turns_with_the_car():
    spots = footprints(torch.tensor([10.0, 5.0, torch.pi / 2]))
    expected = [[10, 6.4], [8.9, 9], [11.1, 9], [8.9, 3.9], [11.1, 3.9]]
    np.testing.assert_allclose(spots, expected, rtol=1e-5)


def test_a_look_up_sees_only_what_lies_under_the_trajectory():
    torch.manual_seed(0)
    lookup, region = Lookup(SMALL, spots=1), BEVRegion(SMALL)
    bev_map = torch.randn(1, region.rows, region.columns, SMALL.bev_dim)
    spots = torch.stack([6 * TIME, 0 * TIME], -1).view(1, 1, 8, 1, 2)
    seen = lookup(bev_map, spots)
    away, under = bev_map.clone(), bev_map.clone()
    away[:, :, :4] += 1  # right of y = -8 m
    under[:, :, 4:8] += 1
    assert torch.equal(lookup(away, spots), seen)
    assert not torch.allclose(lookup(under, spots), seen)
