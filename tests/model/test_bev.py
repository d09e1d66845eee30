import numpy as np
import pytest
import torch
from torch.nn import functional

from irlvla.model.bev import BEVAdaptor, BEVRegion, lift, project
from irlvla.model.sampling import bilinear_taps, gather
from irlvla.scene import SceneInputs
from tests.model.made_up import SMALL, inputs


def shuffled(batch: SceneInputs, order: list[int]) -> SceneInputs:
    return SceneInputs(
        batch.images[:, order], batch.intrinsics[:, order], batch.camera_to_ego[:, order],
        batch.history, batch.command, batch.instructions,
    )  # fmt: skip


def test_bilinear_taps_agree_with_grid_sample():
    generator = torch.Generator().manual_seed(0)
    picture = torch.randn(1, 3, 5, 7, generator=generator)
    u, v = 9 * torch.rand(200, generator=generator) - 1, 7 * torch.rand(200, generator=generator) - 1
    grid = torch.stack([2 * u / 7 - 1, 2 * v / 5 - 1], -1).view(1, 1, -1, 2)
    expected = functional.grid_sample(picture, grid, padding_mode="border", align_corners=False)[0, :, 0].T
    indices, weights = bilinear_taps(u, v, 5, 7)
    torch.testing.assert_close(gather(picture[0].permute(1, 2, 0).flatten(0, 1), indices, weights), expected)


def test_maps_of_one_row_or_column_can_be_sampled():
    for height, width in ((1, 4), (4, 1), (1, 1)):
        indices, weights = bilinear_taps(torch.tensor([0.1, 0.9]), torch.tensor([0.9, 0.1]), height, width)
        assert indices.min() >= 0
        assert indices.max() < height * width
        torch.testing.assert_close(weights.sum(-1), torch.ones(2))


def test_points_project_where_trigonometry_puts_them():
    """Front camera at (1.65, 0, 1.55), 64 degrees wide: the ground 10 m ahead; 5 m ahead and 1 m left at its height."""
    batch = inputs(1, cameras=1)
    focal = 32 / np.tan(np.radians(32))
    u, v, depth = project(torch.tensor([[11.65, 0.0, 0.0], [6.65, 1.0, 1.55]]), batch)
    np.testing.assert_allclose(depth[0, 0], [10, 5], rtol=1e-5)
    np.testing.assert_allclose(u[0, 0] * 64, [32, 32 - focal / 5], rtol=1e-5)
    np.testing.assert_allclose(v[0, 0] * 32, [16 + focal * 1.55 / 10, 16], rtol=1e-5)


@pytest.mark.parametrize(("camera", "point"), [(0, (14.3, 2.4)), (2, (1.6, 10.3)), (7, (-6.3, 1.8))])
def test_a_painted_feature_is_found_in_the_cell_it_stands_on(camera, point):
    """Features of one camera are painted around a ground point's pixel; the brightest BEV cell is that point's."""
    batch = inputs(1)
    region = BEVRegion(SMALL)
    centers = region.centers().flatten(0, 1)
    ground = torch.cat([centers, torch.zeros(len(centers), 1)], -1)
    u, v, _ = project(torch.tensor([[*point, 0.0]]), batch)
    rows, columns = torch.meshgrid(torch.arange(64) + 0.5, torch.arange(128) + 0.5, indexing="ij")
    spot = torch.exp(-(((columns - 128 * u[0, camera]) / 2) ** 2 + ((rows - 64 * v[0, camera]) / 2) ** 2))
    features = torch.zeros(1, 8, 1, 64, 128)
    features[0, camera, 0] = spot
    found = centers[lift(ground, batch, features)[0, :, 0].argmax()]
    cell = torch.tensor([64 / region.rows, 48 / region.columns])
    assert ((found - torch.tensor(point)).abs() <= cell / 2 + 1e-4).all()


def test_points_that_no_camera_sees_get_nothing():
    batch = inputs(1, cameras=1)
    behind_above = torch.tensor([[-10.0, 0.0, 0.0], [3.0, 0.0, 9.0], [2.0, 15.0, 0.0]])
    assert (lift(behind_above, batch, torch.ones(1, 1, 2, 4, 8)) == 0).all()


def test_a_point_seen_twice_gets_the_mean():
    """The front and the front-left camera overlap around 30 degrees."""
    batch = inputs(1)
    features = torch.zeros(1, 8, 1, 4, 8)
    features[0, 0], features[0, 1] = 1.0, 3.0
    between = 40 * torch.tensor([[np.cos(np.radians(27)), np.sin(np.radians(27)), 0.04]])
    torch.testing.assert_close(lift(between.float(), batch, features), torch.full((1, 1, 1), 2.0))


def test_the_order_of_cameras_does_not_matter():
    torch.manual_seed(0)
    adaptor = BEVAdaptor(SMALL, channels=3)
    batch, features = inputs(2), torch.randn(2, 8, 3, 4, 8)
    order = [3, 1, 7, 0, 2, 6, 5, 4]
    for one, other in zip(adaptor(batch, features), adaptor(shuffled(batch, order), features[:, order]), strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("cameras", [1, 3, 8])
def test_shapes(cameras):
    adaptor = BEVAdaptor(SMALL, channels=3)
    bev_map, tokens = adaptor(inputs(3, cameras), torch.randn(3, cameras, 3, 4, 8))
    assert bev_map.shape == (3, 16, 12, 16)
    assert tokens.shape == (3, 8 * 6, 32)


def test_the_map_is_read_back_at_its_own_centres_and_is_empty_outside():
    region = BEVRegion(SMALL)
    bev_map = torch.randn(2, region.rows, region.columns, 3)
    centers = region.centers().expand(2, -1, -1, -1)
    torch.testing.assert_close(region.sample(bev_map, centers), bev_map, rtol=1e-4, atol=1e-5)
    outside = torch.tensor([[56.1, 0.0], [-8.1, 0.0], [0.0, 24.1]]).expand(2, 3, 2)
    assert (region.sample(bev_map, outside) == 0).all()


def test_look_ups_are_differentiable_in_map_and_place():
    region = BEVRegion(SMALL)
    bev_map = torch.randn(1, region.rows, region.columns, 2, dtype=torch.float64, requires_grad=True)
    xy = torch.tensor([[[3.3, 1.2], [20.0, -7.7]]], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(region.sample, (bev_map, xy))
