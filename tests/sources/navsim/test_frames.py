"""Frames of logs: headings, boxes, commands and cameras against plainer computations; damaged frames are refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from irlvla.scene import Command, ObjectKind
from irlvla.scene.frames import wrap
from irlvla.sources.navsim.frames import MALFORMED, boxes_of, cameras_of, command_of, frame_of_log, moment_of, yaw_of

NAMES = [kind.name.lower() for kind in ObjectKind]

metres = st.floats(-100, 100)
angles = st.floats(-10, 10)
poses = st.tuples(st.floats(-1e6, 1e6), st.floats(-1e7, 1e7), st.floats(-np.pi, np.pi)).map(np.array)
boxes = st.tuples(st.sampled_from(NAMES), st.tuples(*[metres] * 3, *[st.floats(0.1, 20)] * 3, angles), metres, metres)


def annotations(count=2, **changed):
    """Of ``count`` vehicles, as second-stage scenes write them."""
    return {
        "boxes": np.tile([10.0, 5.0, 0.8, 4.5, 1.9, 1.6, 0.3], (count, 1)),
        "names": np.array(["vehicle"] * count),
        "velocity_3d": np.tile([3.0, 1.0, 0.0], (count, 1)),
        "instance_tokens": [f"i{k}" for k in range(count)],
        "track_tokens": [f"t{k}" for k in range(count)],
    } | changed


def camera(**changed):
    return {
        "data_path": "log/CAM_F0/a.jpg",
        "sensor2lidar_rotation": np.diag([1.0, -1.0, -1.0]),
        "sensor2lidar_translation": np.array([1.0, 2.0, 3.0]),
        "cam_intrinsic": np.array([[1545.0, 0, 960], [0, 1545, 560], [0, 0, 1]]),
        "distortion": np.array([-0.3, 0.1, 0.0, 0.0, 0.0]),
    } | changed


def told(**changed):
    """A frame as a log has it."""
    noted = annotations()
    return {
        "token": "ab" * 8,
        "timestamp": np.int64(1_621_000_000_000_000),
        "ego2global_translation": np.array([331_000.0, 4_690_000.0, 12.5]),
        "ego2global_rotation": np.array([np.cos(0.5), 0.0, 0.0, np.sin(0.5)]),
        "ego_dynamic_state": [5.1, 0.1, 0.2, -0.3],
        "driving_command": np.array([0, 1, 0, 0]),
        "roadblock_ids": ["1", "2", "1"],
        "traffic_lights": [(7, True), (8, False), (7, True), (9, np.True_)],
        "cams": {"CAM_F0": camera()},
        "lidar_path": "log/MergedPointCloud/a.pcd",
        "anns": {
            "gt_boxes": noted["boxes"],
            "gt_names": noted["names"],
            "gt_velocity_3d": noted["velocity_3d"],
            "track_tokens": noted["track_tokens"],
        },
    } | changed


@settings(max_examples=200, deadline=None)
@given(st.tuples(*[st.floats(-2, 2)] * 4).filter(lambda q: np.linalg.norm(q) > 0.1))
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_headings_are_those_of_pyquaternion(quaternion):
    pyquaternion = pytest.importorskip("pyquaternion")
    expected = pyquaternion.Quaternion(*quaternion).yaw_pitch_roll[0]
    assert abs(wrap(yaw_of(quaternion) - expected)) < 1e-9


@pytest.mark.parametrize("quaternion", [[0, 0, 0, 0], [1, 0, 0], [[1, 0, 0, 0]]])
def test_what_is_no_quaternion_has_no_heading(quaternion):
    with pytest.raises(ValueError, match="a quaternion"):
        yaw_of(quaternion)


@settings(max_examples=60, deadline=None)
@given(st.lists(boxes, max_size=6), poses)
def test_boxes_come_into_the_global_frame(rows, pose):
    found = boxes_of(
        {
            "boxes": np.array([row[1] for row in rows]),
            "names": [row[0] for row in rows],
            "velocity_3d": np.array([[row[2], row[3], 1.0] for row in rows]),
            "track_tokens": [str(k) for k in range(len(rows))],
        },
        pose,
    )
    assert found.tokens == tuple(map(str, range(len(rows))))
    x, y, heading = pose.tolist()
    turn = complex(np.cos(heading), np.sin(heading))
    for k, (name, box, vx, vy) in enumerate(rows):
        place = complex(x, y) + turn * complex(box[0], box[1])
        assert found.poses[k, :2] == pytest.approx([place.real, place.imag], abs=1e-8)
        assert wrap(found.poses[k, 2] - box[6] - heading) == pytest.approx(0, abs=1e-9)
        assert abs(found.poses[k, 2]) <= np.pi
        assert found.sizes[k].tolist() == list(box[3:6])
        assert ObjectKind(found.kinds[k]).name.lower() == name
        velocity = turn * complex(vx, vy) if name in ("vehicle", "pedestrian", "bicycle") else 0j
        assert found.velocities[k] == pytest.approx([velocity.real, velocity.imag], abs=1e-9)


@pytest.mark.parametrize("empty", [np.zeros((0, 7)), np.zeros(0), []])
def test_there_may_be_nobody(empty):
    nobody = {"boxes": empty, "names": [], "velocity_3d": np.asarray(empty)[..., :3], "track_tokens": []}
    found = boxes_of(nobody, np.zeros(3))
    assert found.poses.shape == found.sizes.shape == (0, 3)
    assert found.velocities.shape == (0, 2)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"names": ["vehicle", "hovercraft"]}, "unknown class 'hovercraft'"),
        ({"names": ["vehicle", "ego"]}, "unknown class 'ego'"),
        ({"names": ["vehicle"]}, "of 1 objects differ in length"),
        ({"track_tokens": ["a"]}, "of 2 objects differ in length"),
        ({"velocity_3d": np.zeros((3, 3))}, "of 2 objects differ in length"),
        ({"boxes": np.zeros((1, 7))}, "of 2 objects differ in length"),
        ({"boxes": np.zeros((2, 6))}, "reshape"),
        ({"boxes": np.full((2, 7), np.nan)}, "boxes is not finite"),
        ({"boxes": np.diag(np.full(7, np.inf))[:2]}, "boxes is not finite"),
        ({"velocity_3d": np.full((2, 3), np.nan)}, "velocity_3d is not finite"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_damaged_annotations_are_refused(changed, message):
    with pytest.raises(ValueError, match=message):
        boxes_of(annotations(**changed), np.zeros(3))


def test_velocities_of_what_stands_need_not_be_numbers():
    noted = annotations(names=["barrier", "czone_sign"], velocity_3d=np.full((2, 3), np.nan))
    assert not boxes_of(noted, np.zeros(3)).velocities.any()


def test_a_frame_is_translated():
    frame = frame_of_log(told())
    assert (frame.token, frame.t_us) == ("ab" * 8, 1_621_000_000_000_000)
    np.testing.assert_allclose(frame.pose, [331_000, 4_690_000, 1.0])
    assert frame.velocity.tolist() == np.float32([5.1, 0.1]).astype(float).tolist()
    assert frame.acceleration.tolist() == np.float32([0.2, -0.3]).astype(float).tolist()
    assert frame.command is Command.STRAIGHT
    assert frame.roadblocks == ("1", "2", "1")
    assert frame.around.red == ("7", "9")
    assert frame.around.boxes.tokens == ("t0", "t1")
    assert frame.lidar == "log/MergedPointCloud/a.pcd"


def test_secret_frames_tell_nothing_of_others():
    secret = told(roadblock_ids=[], traffic_lights=[], lidar_path=None)
    del secret["anns"]
    frame = frame_of_log(secret)
    assert (frame.around, frame.lidar, frame.roadblocks) == (None, None, ())


@pytest.mark.parametrize("name", [name for name in told() if name not in ("anns", "lidar_path")])
def test_what_every_frame_has_is_missed(name):
    frame = told()
    del frame[name]
    with pytest.raises(KeyError, match=name):
        frame_of_log(frame)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"ego2global_translation": [np.nan, 0, 0]}, "ego2global_translation is not finite"),
        ({"ego2global_rotation": [np.nan, 0, 0, 1]}, "a quaternion is not finite"),
        ({"ego_dynamic_state": [np.inf, 0, 0, 0]}, "ego_dynamic_state is not finite"),
        ({"ego_dynamic_state": [0, 0, 0, np.nan]}, "ego_dynamic_state is not finite"),
        ({"ego_dynamic_state": [5.0, 0.0]}, "ego_dynamic_state has the shape"),
        ({"ego2global_translation": [1.0]}, "ego2global_translation has the shape"),
        ({"driving_command": [0, 1]}, "driving_command has the shape"),
        ({"cams": {"CAM_F0": camera(distortion=np.zeros(4))}}, "distortion"),
        ({"cams": {"CAM_F0": camera(cam_intrinsic=np.eye(4))}}, "cam_intrinsic has the shape"),
        (
            {"cams": {"CAM_F0": camera(sensor2lidar_rotation=np.full((3, 3), np.nan))}},
            "sensor2lidar_rotation is not finite",
        ),
    ],
)
def test_damaged_frames_are_refused(changed, message):
    with pytest.raises(ValueError, match=message):
        frame_of_log(told(**changed))


odd = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(width=16), st.text(max_size=3),
    st.lists(st.one_of(st.none(), st.integers(-3, 3), st.text(max_size=2)), max_size=5),
    st.dictionaries(st.text(max_size=2), st.none(), max_size=2), st.just(np.zeros((2, 2))), st.just(np.array([None])),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.data())
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_whatever_is_odd_is_refused_as_malformed(data):
    frame = told()
    place = frame
    while isinstance(place, dict) and place:
        name = data.draw(st.sampled_from(sorted(place)))
        if not isinstance(place[name], dict) or data.draw(st.booleans()):
            place[name] = data.draw(odd)
            break
        place = place[name]
    try:
        found = frame_of_log(frame)
    except MALFORMED:
        return
    assert found.pose.shape == (3,)
    assert found.velocity.shape == found.acceleration.shape == (2,)


@pytest.mark.parametrize("command", Command)
def test_commands_are_one_hot(command):
    assert command_of(np.eye(4, dtype=int)[command]) is command


def test_no_command_is_not_to_the_left():
    assert command_of([0, 0, 0, 0]) is Command.UNKNOWN


def test_cameras_are_called_as_in_logs_and_left_out_without_a_picture():
    found = cameras_of({"cam_f0": camera(), "cam_b0": {}})
    assert list(found) == ["CAM_F0"]
    np.testing.assert_array_equal(found["CAM_F0"].camera_to_ego[:3, 3], [1, 2, 3])
    np.testing.assert_array_equal(found["CAM_F0"].camera_to_ego[:3, :3], np.diag([1, -1, -1]))
    np.testing.assert_array_equal(found["CAM_F0"].camera_to_ego[3], [0, 0, 0, 1])


def test_red_lights_are_named_once():
    nobody = boxes_of(annotations(0), np.zeros(3))
    assert moment_of(nobody, [("12", True), (12, True), (3, False), (4, True)]).red == ("12", "4")
