"""ScenarioNet pickles, today's layout and the older one."""

import pickle
import zipfile

import numpy as np
import pytest
import shapely

from irlvla.errors import InputError
from irlvla.scene import LineKind, ObjectKind
from irlvla.sources.scenarionet import is_scenario, read_scenario, read_scenario_bytes
from tests.sources.made_up import NEIGHBOURS, SUCCESSORS, ego_poses, lines, new_scenario, old_scenario_pickle, paths


def test_new_layout_objects():
    recording = read_scenario(new_scenario(), "file")
    assert (recording.name, recording.source) == ("nuscenes-made-up-1", "nuscenes")
    assert recording.ids == ("ego", *paths())
    assert recording.kinds.tolist() == [ObjectKind.VEHICLE] * 4 + [ObjectKind.PEDESTRIAN]
    assert recording.t_us[:3].tolist() == [0, 100_000, 200_000]
    # nuScenes records the rear axle, and has length and width of its car swapped
    np.testing.assert_allclose(recording.poses[0, :, 0], ego_poses()[:, 0] + recording.axle_to_centre)
    np.testing.assert_allclose(recording.sizes[0], [4.08, 1.73, 1.56])
    np.testing.assert_allclose(recording.poses[2], paths()["turner00"][1])


def test_new_layout_map():
    lanes = {lane.id: lane for lane in read_scenario(new_scenario(), "file").map.lanes}
    assert {name for name, lane in lanes.items() if lane.connector} == {"xa", "xb", "xc", "xn", "xl"}
    assert lanes["a1"].successors is None
    drawn = read_scenario(new_scenario(), "file").map
    assert drawn.drivable.contains(shapely.Point(50, 0))
    assert not drawn.drivable.contains(shapely.Point(210, 7)), "the island is a hole"
    assert not drawn.drivable.contains(shapely.Point(50, 20))
    kinds = [kind for kind, _ in drawn.lines]
    assert sorted(kinds) == sorted(
        [LineKind.ROAD_EDGE, LineKind.ROAD_EDGE, LineKind.MARKING_WHITE_BROKEN, LineKind.MARKING_YELLOW_SOLID]
    )


def test_old_layout_objects():
    recording = read_scenario_bytes(old_scenario_pickle(), "file")
    assert (recording.name, recording.source) == ("waymo-made-up-2", "waymo")
    assert recording.ids[recording.ego] == "1000"
    assert recording.kinds.tolist() == [ObjectKind.VEHICLE] * 4 + [ObjectKind.PEDESTRIAN]
    np.testing.assert_allclose(recording.poses[0, :, 0], ego_poses()[:, 0] + 1.461)
    np.testing.assert_allclose(recording.sizes[0], [5.0, 2.1, 1.8])


def test_old_layout_map():
    drawn = read_scenario_bytes(old_scenario_pickle(), "file").map
    lanes = {lane.id: lane for lane in drawn.lanes}
    first, second, left = "10", "13", "22"  # a1, b1 and xl of the made-up town
    assert lanes[second].successors == ("14", left)
    assert lanes[second].neighbours == (first,), "a lane is not its own neighbour"
    assert lanes[first].connector is None
    assert np.isnan(lanes[first].half_widths[0]).all(), "widths no lane can have are not known"
    np.testing.assert_allclose(lanes[first].half_widths[1:], 1.75)
    kinds = sorted(kind for kind, _ in drawn.lines)
    assert kinds == [LineKind.MARKING_YELLOW_SOLID, LineKind.ROAD_EDGE, LineKind.ROAD_EDGE, LineKind.CROSSWALK]
    assert drawn.drivable is None


def test_waymo_in_the_new_layout():
    content = new_scenario()
    content["metadata"]["dataset"] = "waymo"
    features = content["map_features"]
    for name in [name for name in features if name.startswith("boundary_")]:
        del features[name]
    for name, feature in features.items():
        feature.pop("polygon", None)
        if name in lines():
            feature["entry_lanes"] = []
            feature["exit_lanes"] = [*SUCCESSORS.get(name, ()), "beyond"]
            feature["right_neighbor"] = [{"feature_id": n} for n in NEIGHBOURS.get(name, ())]
            feature["type"] = "LANE_BIKE_LANE" if name == "n1" else "LANE_SURFACE_STREET"
    features["kerb"] = {"type": "ROAD_EDGE_BOUNDARY", "polyline": np.array([[0, -6, 1], [100, -6, 1.0]])}
    features["walk"] = {"type": "ROAD_EDGE_SIDEWALK", "polygon": np.zeros((4, 2))}
    recording = read_scenario(content, "file")
    assert (recording.source, recording.notes) == ("waymo", ())
    np.testing.assert_allclose(recording.poses[0, :, 0], ego_poses()[:, 0])
    lanes = {lane.id: lane for lane in recording.map.lanes}
    assert lanes["b1"].successors == ("xb", "xl")
    assert lanes["b1"].neighbours == ("a1",)
    assert lanes["b1"].connector is None
    assert [name for name, lane in lanes.items() if not lane.motor] == ["n1"]
    assert [kind for kind, _ in recording.map.lines].count(LineKind.ROAD_EDGE) == 1


def test_an_object_seen_for_a_part_keeps_its_size():
    content = new_scenario()
    state = content["tracks"]["other000"]["state"]
    state["valid"][:40] = 0
    state["length"][:40] = 0
    recording = read_scenario(content, "file")
    assert recording.sizes[1, 0] == pytest.approx(4.6)
    assert recording.valid[1].sum() == 60


def test_unknown_map_features_are_noted():
    content = new_scenario()
    content["map_features"]["x1"] = {"type": "MOAT", "polygon": np.zeros((4, 2))}
    assert read_scenario(content, "file").notes == ("1 map features of unknown type MOAT",)


def _without(*keys):
    def change(content):
        for key in keys:
            del content[key]

    return change


def _unknown_class(content):
    content["tracks"]["other000"]["type"] = "HOVERCRAFT"


def _nan(content):
    content["tracks"]["turner00"]["state"]["position"][33, 1] = np.nan


def _nan_surface(content):
    content["map_features"]["boundary_0"]["polyline"][3, 0] = np.nan


def _far(content):
    content["map_features"]["boundary_0"]["polyline"][0, 0] = 1e200


def _nan_time(content):
    content["metadata"]["ts"][4] = np.nan


def _slow(content):
    content["metadata"]["ts"] = 0.5 * np.arange(100)


def _no_car_lanes(content):
    content["map_features"] = {}


def _sizeless(content):
    content["tracks"]["parked00"]["state"]["width"][:] = 0


def _nan_map(content):
    content["map_features"]["a1"]["polyline"][3] = (np.nan, 0.0, 0.0)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_unknown_class, r"unknown object class: HOVERCRAFT \(1 objects\)"),
        (_nan, "not finite numbers .*, first of object turner00 at step 33"),
        (_slow, "0.500 s from step 0 to the next"),
        (_no_car_lanes, "no lane for cars"),
        (_nan_surface, "not finite|not a scenario"),
        (_far, "no places on earth"),
        (_nan_time, "time stamps are not finite"),
        (_sizeless, "object parked00 has no size"),
        (_nan_map, "lane a1 has points that are not finite"),
        (_without("metadata"), "not a scenario as ScenarioNet writes it"),
    ],
)
def test_a_bad_scenario_names_what_is_wrong(change, says):
    content = new_scenario()
    change(content)
    with pytest.raises(InputError, match=rf"log\.pkl: .*{says}"):
        read_scenario(content, "log.pkl")


@pytest.mark.parametrize("steps", [20, 55])
def test_a_log_that_is_too_short_names_itself(steps):
    with pytest.raises(InputError, match=rf"too short: {steps / 10} s"):
        read_scenario(new_scenario(steps), "log.pkl")
    with pytest.raises(InputError, match="too short"):
        read_scenario_bytes(old_scenario_pickle(steps), "log.pkl")


def test_other_pickles_are_told_apart():
    assert is_scenario(new_scenario())
    for content in ([], {"data_list": []}, {"tracks": {}}, 3):
        assert not is_scenario(content)
    with pytest.raises(InputError, match="holds no scenario"):
        read_scenario_bytes(pickle.dumps([1]), "index.pkl")


def test_real_nuscenes_logs(shared):
    files = sorted((shared / "data/nuscenes").glob("scene-*.pkl"))
    assert len(files) == 7
    for file in files:
        recording = read_scenario_bytes(file.read_bytes(), file)
        assert recording.source == "nuscenes"
        assert not recording.notes
        np.testing.assert_allclose(recording.sizes[recording.ego, :2], [4.08, 1.73])
        own = recording.poses[recording.ego, :, :2]
        assert shapely.contains_xy(recording.map.drivable, own).all(), "the recording car stays on the road"


def test_real_waymo_logs():
    from irlvla.sources.importing import _WAYMO_MEMBERS, _WAYMO_WHEEL
    from irlvla.sources.wheels import cached

    path = cached(*_WAYMO_WHEEL)
    if not path.exists():
        pytest.skip("the wheel with the Waymo samples has not been downloaded")
    with zipfile.ZipFile(path) as archive:
        for name, objects in zip(_WAYMO_MEMBERS, (19, 163, 34), strict=True):
            recording = read_scenario_bytes(archive.read(name), name)
            assert len(recording.ids) == objects
            assert not recording.notes
