"""Recorded pictures: lenses undone, JPEG brought to size, whatever is no picture named."""

import io
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.ndimage import map_coordinates

from irlvla.errors import InputError
from irlvla.scene import CameraRig
from irlvla.sources.pictures import (
    bend,
    fault_of,
    picture_size,
    read_pictures,
    seen_through,
    undistorted,
)

LENS = np.array([-0.356, 0.1725, -0.0021, 0.0005, -0.0523])
"""As those of the fleet."""


def unbend(seen, lens):
    """The rays that a lens puts at ``seen [..., 2]``: :func:`bend` undone, by fixed-point iteration."""
    rays = seen.copy()
    for _ in range(12):
        rays += seen - bend(rays, lens)
    return rays


def rig(width=480, height=270, lenses=(LENS,)):
    """Cameras that look ahead, one a lens, as those of the fleet; the middle of the picture is not quite the centre."""
    focal = 1545.0 * width / 1920
    matrix = np.array([[focal, 0, 0.5 * width], [0, focal, 0.52 * height], [0, 0, 1]])
    names = tuple(f"CAM_{k}" for k in range(len(lenses)))
    return CameraRig(
        names, width, height, np.stack([matrix] * len(lenses)), np.stack([np.eye(4)] * len(lenses)), np.array(lenses)
    )


@cache
def picture(width=480, height=270, seed=0):
    """Something smooth with a little of everything in it."""
    noise = np.random.default_rng(seed).uniform(0, 256, (36, 64, 3)).astype(np.uint8)
    return np.array(Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC))


@pytest.fixture
def saved(tmp_path):
    """Writes pictures and returns their files."""

    def save(pixels, name="a.jpg", **options):
        path = tmp_path / name
        Image.fromarray(pixels).save(path, **options)
        return path

    return save


small = st.floats(-0.01, 0.01)
lenses = st.tuples(st.floats(-0.4, 0.1), st.floats(-0.05, 0.2), small, small, st.floats(-0.06, 0.01)).map(np.array)


@settings(max_examples=100, deadline=None)
@given(lenses, st.lists(st.tuples(st.floats(-0.64, 0.64), st.floats(-0.38, 0.38)), min_size=1, max_size=20))
def test_what_a_lens_does_can_be_undone(lens, rays):
    rays = np.array(rays)
    np.testing.assert_allclose(unbend(bend(rays, lens), lens), rays, atol=1e-3)


def test_the_lens_of_the_fleet_is_undone_to_a_hundredth_of_a_pixel():
    columns, rows = np.meshgrid(np.linspace(-0.62, 0.62, 60), np.linspace(-0.36, 0.36, 40))
    rays = np.stack([columns, rows], -1)
    assert np.abs(unbend(bend(rays, LENS), LENS) - rays).max() * 1545 < 0.01
    assert np.abs(bend(rays, LENS) - rays).max() * 1545 > 50


def test_a_lens_bends_as_opencv_writes_it():
    k1, k2, p1, p2, k3 = LENS
    x, y = 0.3, -0.2
    r2 = x * x + y * y
    radial = 1 + k1 * r2 + k2 * r2**2 + k3 * r2**3
    expected = [
        x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x),
        y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y,
    ]
    np.testing.assert_allclose(bend(np.array([x, y]), LENS), expected, rtol=1e-12)
    np.testing.assert_array_equal(bend(np.array([x, y]), np.zeros(5)), [x, y])


def test_lenses_are_undone_as_another_remap_does():
    cameras = rig(lenses=(LENS, 0.5 * LENS, np.zeros(5)))
    images = np.stack([picture(seed=k) for k in range(3)])
    found = undistorted(torch.from_numpy(images), cameras).numpy()
    columns, rows = np.meshgrid(np.arange(480) + 0.5, np.arange(270) + 0.5)
    for k in range(3):
        rays = np.stack([columns, rows, np.ones_like(rows)], -1) @ np.linalg.inv(cameras.intrinsics[k]).T
        bent = bend(rays[..., :2], cameras.distortion[k])
        places = np.concatenate([bent, rays[..., 2:]], -1) @ cameras.intrinsics[k].T
        u, v = places[..., 0] - 0.5, places[..., 1] - 0.5  # of pixel centres
        expected = np.stack([map_coordinates(images[k][..., c].astype(float), [v, u], order=1) for c in range(3)], -1)
        inside = (u > 0) & (u < 479) & (v > 0) & (v < 269)
        assert np.abs(found[k] - expected)[inside].max() <= 0.51
        beyond = (u < -1) | (u > 480) | (v < -1) | (v > 270)
        assert not found[k][beyond].any()
    np.testing.assert_array_equal(found[2], images[2])


def test_pinhole_pictures_stay_as_they_are():
    images = torch.from_numpy(picture()[None])
    assert undistorted(images, rig(lenses=(np.zeros(5),))) is images
    assert undistorted(images, rig().pinhole()) is images


def decoded(path, width, height):
    """The whole picture decoded, then brought to size with every pixel counted."""
    with Image.open(path) as opened:
        return np.asarray(opened.convert("RGB").resize((width, height), Image.Resampling.BILINEAR)).astype(float)


@pytest.mark.parametrize("width", [1920, 960, 640, 480, 256, 160, 64])
def test_a_picture_is_what_the_whole_one_is_made_smaller(saved, width):
    path, height = saved(picture(1920, 1080), quality=95), round(width * 1080 / 1920)
    found = read_pictures([str(path)], rig(width, height))
    assert found.shape == (1, height, width, 3)
    assert found.dtype == np.uint8
    error = found[0] - decoded(path, width, height)
    assert np.abs(error).mean() < 1.5
    assert abs(error.mean()) < 0.5, "neither darker nor brighter"


def test_no_pixel_is_left_out(saved):
    """A picture of thin lines comes out grey at any size."""
    lines = np.zeros((1080, 1920, 3), np.uint8)
    lines[:, ::4] = 255
    path = saved(lines, "lines.png")
    for width in (480, 256, 160):
        pixels = read_pictures([str(path)], rig(width, round(width * 9 / 16)))[0]
        assert np.abs(pixels.astype(float) - 63.75)[:, 2:-2].max() < 25


def test_other_modes_become_colours(saved):
    grey = picture()[..., 0]
    for name in ("grey.jpg", "grey.png"):
        found = read_pictures([str(saved(grey, name))], rig())[0]
        assert (found == found[..., :1]).all()
        assert np.abs(found[..., 0].astype(float) - grey).mean() < 3


def test_sizes_are_read_without_the_picture(saved):
    path = saved(picture(1920, 1080))
    path.write_bytes(path.read_bytes()[:2000])
    assert picture_size(path) == (1920, 1080)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "is missing"),
        (b"", "is no"),
        (b"\xff\xd8\xff\xd9", "is no"),
        (b"no picture at all", "is no"),
    ],
)
def test_what_is_no_picture_is_named(tmp_path, content, message):
    path = tmp_path / "a.jpg"
    if content is not None:
        path.write_bytes(content)
    for read in (lambda: read_pictures([str(path)], rig()), lambda: picture_size(path)):
        with pytest.raises(InputError, match=rf"a\.jpg: {message}"):
            read()


def test_a_folder_is_no_picture(tmp_path):
    with pytest.raises(InputError, match="is no"):
        picture_size(tmp_path)
    with pytest.raises(InputError, match="is no"):
        read_pictures([str(tmp_path)], rig())
    assert fault_of(tmp_path) == "is cut off"


def test_a_picture_of_another_shape_is_named(saved):
    path = saved(picture(480, 360))
    with pytest.raises(InputError, match=r"a\.jpg: has 480 x 360 pixels, its camera is asked for 480 x 270"):
        read_pictures([str(path)], rig())
    read_pictures([str(saved(picture(481, 271)))], rig())


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_picture_that_is_cut_off_is_named(saved, share):
    path = saved(picture())
    assert fault_of(path) is None
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    assert fault_of(path) == "is cut off"
    with pytest.raises(InputError, match=r"a\.jpg: is no whole picture"):
        read_pictures([str(path)], rig())


def test_faults_are_seen_from_both_ends(tmp_path, saved):
    assert fault_of(tmp_path / "gone.jpg") == "is missing"
    for content in (b"", b"\xff", b"\xff\xd8", b"\xff\xd8\x00", b"xx\xff\xd9"):
        path = tmp_path / "b.jpg"
        path.write_bytes(content)
        assert fault_of(path) == "is cut off"


def test_a_huge_picture_is_refused(saved):
    """Its head alone says that it is; nobody is to make room for four thousand million pixels."""
    path = saved(picture())
    content = bytearray(path.read_bytes())
    frame = content.index(b"\xff\xc0")
    content[frame + 5 : frame + 9] = b"\xff\xff\xff\xff"
    path.write_bytes(content)
    for read in (lambda: read_pictures([str(path)], rig()), lambda: picture_size(path)):
        with pytest.raises(InputError, match=r"a\.jpg: is no"):
            read()


WHOLE = io.BytesIO()
Image.fromarray(picture(96, 54)).save(WHOLE, "JPEG")


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(WHOLE.getvalue()) - 1), st.integers(0, 255)), min_size=1, max_size=8))
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_whatever_is_damaged_is_read_or_named(tmp_path_factory, changes):
    content = bytearray(WHOLE.getvalue())
    for place, value in changes:
        content[place] = value
    path = tmp_path_factory.getbasetemp() / "damaged.jpg"
    path.write_bytes(content)
    for read in (lambda: read_pictures([str(path)], rig(96, 54)), lambda: picture_size(path)):
        said = "damaged.jpg"
        try:
            read()
        except InputError as error:
            said = str(error)
        assert "damaged.jpg" in said


@pytest.mark.parametrize("width", [480, 160])
def test_pictures_in_memory_are_seen_as_those_in_files(saved, width):
    pixels = picture()
    path, height = saved(pixels, "a.png"), width * 9 // 16
    images, seen = seen_through([pixels], rig(), width, height)
    sized = rig().resized(width, height)
    files = undistorted(torch.from_numpy(read_pictures([str(path)], sized)), sized)
    assert images.shape == files.shape == (1, height, width, 3)
    assert (images.int() - files.int()).abs().float().mean() < 1.0
    assert not seen.distortion.any()
    np.testing.assert_allclose(seen.intrinsics, sized.intrinsics)
