from dataclasses import replace

import numpy as np
import pytest
import torch

from irlvla.scene import CameraRig, Layer, Polylines, SceneInputs, SubScores, mount
from tests.scene import made_up


def scores(rows):
    return SubScores.unstacked(torch.tensor(rows, dtype=torch.float64))


def test_epdms_is_the_published_formula():
    one = scores([[[1, 1, 0.5, 1, 0.8, 1, 0, 1, 1]]])
    assert one.epdms().item() == pytest.approx(0.5 * (5 * 0.8 + 5 + 2 + 2) / 16)
    assert one.epdms(with_ec=False).item() == pytest.approx(0.5 * (5 * 0.8 + 5 + 2) / 14)


def test_unknown_extended_comfort_drops_its_weight():
    unknown = scores([[[1, 1, 1, 1, 0.5, 1, 1, 1, torch.nan]]])
    assert unknown.epdms().item() == unknown.epdms(with_ec=False).item() == pytest.approx((2.5 + 5 + 2 + 2) / 14)


def test_the_human_filter_forgives_only_what_the_human_failed():
    agent = scores([[[0, 0, 0, 1, 0.2, 0, 0, 1, 0]]])
    human = scores([[[0.5, 0, 1, 1, 1, 0, 1, 1, 0]]])
    forgiven = replace(agent, human=human).filtered().stacked()
    assert forgiven.flatten().tolist() == [0, 1, 0, 1, 0.2, 1, 0, 1, 0]
    with pytest.raises(ValueError, match="human"):
        agent.filtered()


def test_a_made_up_scene_without_a_human_is_not_filtered():
    agent = replace(scores([[[0.0] * 9]]), human=scores([[[torch.nan] * 9]]))
    assert torch.equal(agent.filtered().stacked(), agent.stacked())


def test_joining_scores():
    a, b = (replace(scores(torch.rand(2, 3, 9).tolist()), human=scores(torch.rand(2, 1, 9).tolist())) for _ in range(2))
    assert SubScores.cat([a, b]).stacked().shape == (4, 3, 9)
    assert SubScores.cat([a, b]).human.stacked().shape == (4, 1, 9)
    wide = SubScores.cat([a, b], dim=1)
    assert torch.equal(wide.stacked(), torch.cat([a.stacked(), b.stacked()], 1))
    assert torch.equal(wide.human.stacked(), a.human.stacked())


def test_the_rig_sees_forward_with_the_front_camera():
    rig = CameraRig.navsim(256, 144)
    assert len(rig) == 8
    point = np.array([20.0, 0.0, 1.55, 1.0])  # straight ahead at camera height
    seen = rig.intrinsics[0] @ (np.linalg.inv(rig.camera_to_ego[0]) @ point)[:3]
    np.testing.assert_allclose(seen[:2] / seen[2], [128, 72], atol=1e-9)
    left = rig.intrinsics[0] @ (np.linalg.inv(rig.camera_to_ego[0]) @ (point + np.array([0, 2, 0, 0])))[:3]
    assert left[0] / left[2] < 128
    small = rig.resized(128, 72)
    np.testing.assert_allclose(small.intrinsics[0] @ [0, 0, 1], [64, 36, 1])


def test_mounts_are_rigid_and_pitch_looks_down():
    matrix = mount(1, 2, 3, yaw=0.7, pitch=0.2)
    np.testing.assert_allclose(matrix[:3, :3] @ matrix[:3, :3].T, np.eye(3), atol=1e-12)
    assert np.linalg.det(matrix[:3, :3]) == pytest.approx(1)
    assert matrix[2, 2] == pytest.approx(-np.sin(0.2))


def test_polylines_keep_their_lines():
    lines = [np.arange(6.0).reshape(3, 2), np.zeros((0, 2)), np.ones((2, 3))]
    packed = Polylines.of(lines)
    assert len(packed) == 3
    for line, back in zip(lines, packed, strict=True):
        np.testing.assert_array_equal(line[:, :2], back)


def test_polygons_of_a_layer():
    road = made_up.straight_road()
    assert [road.ids[k] for k in road.of_layer(Layer.ROADBLOCK)] == ["roadblock", "roadblock_oncoming"]


def test_inputs_join_and_split():
    def batch(size: int) -> SceneInputs:
        return SceneInputs(
            images=torch.randint(0, 255, (size, 2, 4, 6, 3), dtype=torch.uint8),
            intrinsics=torch.rand(size, 2, 3, 3),
            camera_to_ego=torch.rand(size, 2, 4, 4),
            history=torch.rand(size, 4, 7),
            command=torch.randint(0, 4, (size,)),
            instructions=tuple(f"{k}?" for k in range(size)),
        )

    a, b = batch(2), batch(3)
    joined = SceneInputs.cat([a, b])
    assert len(joined) == 5
    picked = joined.select([4, 0])
    assert torch.equal(picked.history, torch.stack([b.history[2], a.history[0]]))
    assert picked.instructions == ("2?", "0?")
    assert picked.to("cpu").images.dtype == torch.uint8
