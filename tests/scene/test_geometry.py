import numpy as np
import shapely
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Point, Polygon

from irlvla.scene import frames, geometry

number = st.floats(-20, 20, allow_nan=False)
pose = st.tuples(number, number, st.floats(-4, 4))
size = st.tuples(st.floats(0.3, 12), st.floats(0.3, 4))


@given(pose, size, pose, size)
@settings(max_examples=200, deadline=None)
def test_box_overlap_agrees_with_shapely(pose_a, size_a, pose_b, size_b):
    a, b = (
        geometry.box_corners(torch.tensor(p, dtype=torch.float64), torch.tensor(s, dtype=torch.float64))
        for p, s in ((pose_a, size_a), (pose_b, size_b))
    )
    p, q = Polygon(a.numpy()), Polygon(b.numpy())
    if abs(p.distance(q)) > 1e-9 or p.intersection(q).area > 1e-9:  # not decided by rounding
        assert bool(geometry.boxes_overlap(a, b)) == p.intersects(q)


def test_box_corners_go_round_from_the_front_left():
    corners = geometry.box_corners(torch.tensor([1.0, 2.0, np.pi / 2]), torch.tensor([4.0, 2.0]))
    assert torch.allclose(corners, torch.tensor([[0.0, 4], [0, 0], [2, 0], [2, 4]]), atol=1e-6)


def test_overlap_broadcasts_and_counts_touching():
    boxes = geometry.box_corners(torch.tensor([[0.0, 0, 0], [2, 0, 0], [2.01, 0, 0]]), torch.tensor([2.0, 2.0]))
    assert geometry.boxes_overlap(boxes[:, None], boxes[None]).tolist() == [
        [True, True, False],
        [True, True, True],
        [False, True, True],
    ]


@given(st.integers(2, 12), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_projection_agrees_with_shapely(count, seed):
    rng = np.random.default_rng(seed)
    line, points = rng.normal(0, 10, (count, 2)), rng.normal(0, 10, (7, 2))
    along, distance = geometry.project(torch.from_numpy(points), torch.from_numpy(line))
    shape = LineString(line)
    oracle = shapely.line_locate_point(shape, shapely.points(points))
    np.testing.assert_allclose(distance, [shape.distance(Point(p)) for p in points], atol=1e-9)
    np.testing.assert_allclose(geometry.point_at(torch.from_numpy(line), along), [
        np.asarray(shape.interpolate(s).coords[0]) for s in oracle
    ], atol=1e-6)  # fmt: skip


def test_resampling_keeps_ends_and_spacing():
    line = torch.tensor([[0.0, 0], [3, 0], [3, 4]], dtype=torch.float64)
    points = geometry.resample(line.expand(2, 3, 2), 8)
    assert torch.allclose(points[0], points[1])
    assert torch.allclose(points[0, [0, -1]], line[[0, -1]])
    assert torch.allclose(points[0, 3], torch.tensor([3.0, 0], dtype=torch.float64))
    assert geometry.arc_lengths(line).tolist() == [0, 3, 7]


def test_a_line_of_repeated_points_has_a_place_on_it():
    line = torch.ones(3, 2, dtype=torch.float64)
    along, distance = geometry.project(torch.tensor([[4.0, 5.0]], dtype=torch.float64), line)
    assert (along.item(), distance.item()) == (0, 5)
    assert torch.equal(geometry.resample(line, 4), torch.ones(4, 2, dtype=torch.float64))


@given(pose, pose)
def test_frames_undo_each_other(a, b):
    for lib in (np.asarray, lambda x: torch.tensor(x, dtype=torch.float64)):
        there = frames.poses_to_global(lib(a), lib(b))
        back = np.asarray(frames.poses_to_local(there, lib(b)))
        np.testing.assert_allclose(back[:2], a[:2], atol=1e-12 + 1e-9)
        np.testing.assert_allclose(np.exp(1j * back[2]), np.exp(1j * a[2]), atol=1e-9)


def test_frames_agree_with_complex_numbers():
    rng = np.random.default_rng(0)
    points, origin = rng.normal(0, 9, (5, 4, 2)), rng.normal(0, 2, (5, 1, 3))
    z = (points[..., 0] + 1j * points[..., 1]) * np.exp(1j * origin[..., 2]) + origin[..., 0] + 1j * origin[..., 1]
    world = frames.to_global(points, origin)
    np.testing.assert_allclose(world[..., 0] + 1j * world[..., 1], z)
    assert frames.wrap(np.array([np.pi, -np.pi, 3 * np.pi, 0.5])).tolist() == [-np.pi, -np.pi, -np.pi, 0.5]
