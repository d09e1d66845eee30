import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from irlvla.errors import InputError
from irlvla.sources.point_cloud import read_points

ROW = np.dtype([("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("intensity", "u1"), ("ring", "u1"), ("lidar_info", "u1")])


def pcd(points: np.ndarray, data: str = "binary", said: int | None = None) -> bytes:
    kinds = {"f": "F", "u": "U", "i": "I"}
    columns = [(name, points.dtype[name]) for name in points.dtype.names]
    head = [
        "# .PCD v0.7 - Point Cloud Data file format", "VERSION 0.7",
        "FIELDS " + " ".join(name for name, _ in columns),
        "SIZE " + " ".join(str(kind.itemsize) for _, kind in columns),
        "TYPE " + " ".join(kinds[kind.kind] for _, kind in columns),
        "COUNT " + " ".join("1" for _ in columns),
        f"WIDTH {len(points)}", "HEIGHT 1", "VIEWPOINT 0 0 0 1 0 0 0",
        f"POINTS {len(points) if said is None else said}", f"DATA {data}",
    ]  # fmt: skip
    return "\n".join(head).encode() + b"\n" + points.tobytes() + bytes(16)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 50), st.integers(0, 10**6))
def test_what_was_written_is_read(tmp_path_factory, count, seed):
    rng = np.random.default_rng(seed)
    points = np.frombuffer(rng.integers(0, 128, count * ROW.itemsize, np.uint8).tobytes(), ROW)
    file = tmp_path_factory.mktemp("points") / "a.pcd"
    file.write_bytes(pcd(points))
    read = read_points(file)
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, np.stack([points[name].astype(np.float32) for name in ROW.names]))


def test_rows_that_the_file_has_not_are_zero(tmp_path):
    points = np.ones(3, [("x", "<f8"), ("y", "<f8"), ("z", "<f8")])
    (tmp_path / "a.pcd").write_bytes(pcd(points))
    np.testing.assert_array_equal(read_points(tmp_path / "a.pcd"), [[1] * 3] * 3 + [[0] * 3] * 3)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (None, "cannot be read"),
        (b"nothing of the kind", "no PCD file"),
        (pcd(np.zeros(4, ROW), said=5000), "cut off"),
        (pcd(np.zeros(4, ROW), data="ascii"), "holds ascii data"),
        (pcd(np.zeros(4, ROW)).replace(b"TYPE F F F", b"TYPE F F"), "damaged head"),
        (pcd(np.zeros(4, ROW)).replace(b"FIELDS x", b"FIELDS q"), "no x, y, z"),
    ],
)
def test_faults_are_named(tmp_path, content, what):
    file = tmp_path / "a.pcd"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InputError, match=what):
        read_points(file)
