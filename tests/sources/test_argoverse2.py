"""Argoverse 2 logs: feather tables and a JSON map."""

import json

import numpy as np
import pytest
import shapely

from irlvla.errors import InputError
from irlvla.scene import LineKind, ObjectKind
from irlvla.sources.argoverse2 import find_logs, read_log
from tests.sources.made_up import STEPS, ego_poses, paths, write_argoverse2

MAP = "map/log_map_archive_made-up.json"


@pytest.fixture
def log(tmp_path):
    return write_argoverse2(tmp_path / "logs" / "made-up-3")


@pytest.mark.parametrize(("yaw", "pitch"), [(0.0, 0.0), (2.5, 0.05)])
def test_boxes_come_into_the_city(tmp_path, yaw, pitch):
    recording = read_log(write_argoverse2(tmp_path / "made-up-3", yaw=yaw, pitch=pitch))
    assert (recording.name, recording.source, recording.ego) == ("argoverse2-made-up-3", "argoverse2", 0)
    assert len(recording.t_us) == STEPS
    assert np.diff(recording.t_us).tolist() == [100_000] * (STEPS - 1)
    to_centre = recording.axle_to_centre * np.array([np.cos(yaw), np.sin(yaw)])
    np.testing.assert_allclose(recording.poses[0, :, :2], ego_poses()[:, :2] + to_centre, atol=1e-6)
    np.testing.assert_allclose(recording.poses[0, :, 2], yaw, atol=1e-9)
    for name, (_, poses, size) in paths().items():
        found = recording.ids.index(name)
        np.testing.assert_allclose(recording.poses[found], poses, atol=1e-6)
        np.testing.assert_allclose(recording.sizes[found], size)
    assert recording.kinds[recording.ids.index("walker00")] == ObjectKind.PEDESTRIAN


def test_map(log):
    recorded = read_log(log).map
    lanes = {lane.id: lane for lane in recorded.lanes}
    assert lanes["3"].neighbours == ("8", "0"), "what runs the other way is sorted out with the lane graph"
    np.testing.assert_allclose(lanes["0"].centreline[:, 1], 0, atol=1e-9)
    assert lanes["1"].connector
    assert not lanes["0"].connector
    kinds = sorted(kind for kind, _ in recorded.lines)
    assert kinds == [LineKind.MARKING_WHITE_BROKEN, LineKind.MARKING_YELLOW_SOLID, LineKind.CROSSWALK]
    crossing = next(line for kind, line in recorded.lines if kind == LineKind.CROSSWALK)
    assert shapely.Polygon(crossing).area == pytest.approx(30)
    assert recorded.drivable.contains(shapely.Point(110, 50))


def test_find_logs(log, tmp_path):
    assert find_logs(tmp_path) == [log]
    assert find_logs(log) == [log]
    assert find_logs(tmp_path / "nowhere") == []


def _columns(path, **changes):
    import pyarrow as pa
    from pyarrow import feather

    table = feather.read_table(path)
    columns = {name: table[name].to_numpy(zero_copy_only=False).copy() for name in table.column_names}
    for name, change in changes.items():
        columns[name] = change(columns[name])
    feather.write_feather(pa.table(columns), str(path))


def _with(value, at=7):
    def change(column):
        column[at] = value
        return column

    return change


def test_unknown_class(log):
    _columns(log / "annotations.feather", category=_with("HOVERCRAFT"))
    with pytest.raises(InputError, match=r"unknown object class: HOVERCRAFT \(1 boxes\)"):
        read_log(log)


@pytest.mark.parametrize(("column", "value"), [("tx_m", np.nan), ("qw", np.inf)])
def test_poses_that_are_no_numbers(log, column, value):
    _columns(log / "city_SE3_egovehicle.feather", **{column: _with(value)})
    with pytest.raises(InputError, match="not finite numbers, first in row 7"):
        read_log(log)


def test_boxes_that_are_no_numbers(log):
    _columns(log / "annotations.feather", ty_m=_with(np.nan))
    with pytest.raises(InputError, match="not finite numbers"):
        read_log(log)


def test_poses_that_end_too_early(log):
    _columns(log / "city_SE3_egovehicle.feather", timestamp_ns=lambda t: t[0] + (t - t[0]) // 2)
    with pytest.raises(InputError, match="do not span"):
        read_log(log)


def test_too_short(tmp_path):
    with pytest.raises(InputError, match="too short"):
        read_log(write_argoverse2(tmp_path / "short", steps=30))


@pytest.mark.parametrize("name", ["annotations.feather", "city_SE3_egovehicle.feather", MAP])
def test_missing_and_damaged_files(log, name):
    (log / name).write_bytes(b"PAR1 or what")
    with pytest.raises(InputError, match=r"cannot be read|not a map"):
        read_log(log)
    (log / name).unlink()
    with pytest.raises(InputError, match="is missing"):
        read_log(log)


def test_a_map_without_its_keys(log):
    path = log / MAP
    content = json.loads(path.read_text())
    del content["lane_segments"]["0"]["is_intersection"]
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"not a map as Argoverse 2 writes it \(KeyError: 'is_intersection'\)"):
        read_log(log)


def test_real_logs(shared):
    logs = find_logs(shared / "data/argoverse2")
    assert len(logs) == 2
    for folder in logs:
        recording = read_log(folder)
        assert len(recording.t_us) == 156
        own = recording.poses[0, :, :2]
        assert shapely.contains_xy(recording.map.drivable, own).all()
