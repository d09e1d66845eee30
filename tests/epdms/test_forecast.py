"""The traffic as PDM-Closed foresees it."""

from dataclasses import replace

import numpy as np
import pytest

from irlvla.epdms.forecast import FORESEEN, foreseen
from irlvla.scene import Layer, ObjectKind
from tests.epdms.made_up import box, rectangle, straight_road


def ahead_of(*boxes, **changes):
    return foreseen(straight_road(boxes=boxes, **changes)).tracks


@pytest.mark.parametrize(
    ("heading", "velocity", "drift"),
    [
        (0.0, (3.0, 4.0), (5.0, 0.0)),  # at its speed, along its heading
        (np.pi, (3.0, 4.0), (5.0, 0.0)),  # backwards
        (np.pi / 2, (0.0, -2.0), (0.0, -2.0)),
        (1.0, (0.0, 0.0), (0.0, 0.0)),
    ],
)
def test_agents_go_on_along_their_heading_every_second_instant(heading, velocity, drift):
    tracks = ahead_of(box("car", 20, 3, *velocity, heading=heading))
    seconds = np.repeat(np.arange(26) * 0.2, 2)[:FORESEEN]
    np.testing.assert_allclose(tracks.poses[0, :, :2], [20, 3] + seconds[:, None] * drift, atol=1e-12)
    assert (tracks.poses[0, :, 2] == heading).all()
    assert tracks.valid.all()


def test_static_objects_stay_whatever_their_velocity():
    tracks = ahead_of(box("cone", 20, 3, 3.0, kind=ObjectKind.TRAFFIC_CONE))
    assert (tracks.poses[0] == tracks.poses[0, 0]).all()
    assert not tracks.velocities.any()


def test_only_what_is_there_now_and_near_is_looked_at():
    centre = 1.461
    tracks = ahead_of(
        box("later", 10, 0, steps=range(1, 41)),
        box("far", centre + 100.1, 0),
        box("near", centre + 99.9, 0),
    )
    assert tracks.tokens == ("near",)


def test_what_was_annotated_later_is_not_looked_at():
    truth = straight_road(boxes=[box("now", 20, 0), box("later", 30, 0)])
    truth = replace(truth, tracks=replace(truth.tracks, annotated=np.array([True, False])))
    assert foreseen(truth).tracks.tokens == ("now",)


def test_the_nearest_of_each_kind():
    crowd = [box(f"walker {k}", 90 - k, 3, kind=ObjectKind.PEDESTRIAN, size=(0.5, 0.5)) for k in range(30)]
    cones = [box(f"cone {k}", 5 + k, 3, kind=ObjectKind.TRAFFIC_CONE, size=(0.1, 0.1)) for k in range(40)]
    signs = [box(f"sign {k}", 5.5 + k, 3, kind=ObjectKind.CZONE_SIGN, size=(0.1, 0.1)) for k in range(40)]
    tracks = ahead_of(*crowd, *cones, *signs)
    kinds = tracks.kinds.tolist()
    assert [kinds.count(kind) for kind in (ObjectKind.TRAFFIC_CONE, ObjectKind.CZONE_SIGN)] == [25, 25]
    assert [token for token in tracks.tokens if "walker" in token] == [f"walker {k}" for k in range(29, 4, -1)]


def test_lights_stay_as_they_are_now():
    now, later = np.arange(41) == 0, np.arange(41) > 0
    lights = foreseen(straight_road(red=[("own", now), ("left", later)])).red_lights
    assert [light.connector for light in lights] == ["own"]
    assert lights[0].red.all()


def test_the_map_near_the_ego_and_red_connectors():
    elements = (
        ("behind", Layer.LANE, rectangle(-200, -2, -99, 2)),
        ("here", Layer.LANE, rectangle(-99, -2, 99, 2), rectangle(0, -1, 1, 1)),
        ("ahead", Layer.LANE, rectangle(101, -2, 200, 2)),
        ("far red", Layer.LANE_CONNECTOR, rectangle(300, -2, 320, 2), rectangle(310, -1, 311, 1)),
        ("far green", Layer.LANE_CONNECTOR, rectangle(300, 2, 320, 4), rectangle(310, 2, 311, 3)),
    )
    near = foreseen(straight_road(elements=elements, red=[("far red", np.ones(41, bool))])).map
    assert near.ids == ("here", "ahead", "far red")
    assert near.layers.tolist() == [Layer.LANE, Layer.LANE, Layer.LANE_CONNECTOR]
    assert [near.ids[owner] for owner in near.hole_owners] == ["here", "far red"]
    np.testing.assert_array_equal(near.holes[1], rectangle(310, -1, 311, 1))
    np.testing.assert_array_equal(near.polygons[2], rectangle(300, -2, 320, 2))
