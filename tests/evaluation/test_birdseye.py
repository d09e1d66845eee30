"""What lies where on a picture from above, read back from its pixels."""

import io
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from irlvla.evaluation import birdseye
from irlvla.scene import CameraRig, HDMap, ObjectKind, Polylines, RedLight
from irlvla.scene.frames import poses_to_global, to_global
from tests.scene import made_up

REACH, PIXELS = 40.0, 750


def pixel(picture, x, y):
    """Colour [0..1] at a place of the ego frame; forward is up, left is left."""
    scale = PIXELS / (2 * REACH)
    return picture[int((1.5 * REACH - x) * scale), int((REACH - y) * scale), :3]


def drawn(scene, plans=None):
    file = io.BytesIO()
    birdseye.figure(scene, plans or {}, file, REACH)
    file.seek(0)
    picture = imread(file)
    assert picture.shape[:2] == (PIXELS, PIXELS)
    return picture


def close(colour, name, tolerance=0.04):
    return np.abs(colour - to_rgb(name)).max() < tolerance


def straight(y, length=40.0):
    return np.stack([np.linspace(length / 8, length, 8), np.full(8, y), np.zeros(8)], -1)


def test_plans_lie_where_they_lead_in_their_colours():
    scene = made_up.scene(objects=())
    picture = drawn(scene, {"human": straight(0.0), "left": straight(6.0), "right": straight(-6.0)})
    colours = birdseye.plan_colours(["human", "left", "right"])
    assert close(pixel(picture, 32.0, 6.0), colours["left"])
    assert close(pixel(picture, 32.0, -6.0), colours["right"])
    assert close(pixel(picture, 40.0, 0.0), colours["human"])
    assert not close(pixel(picture, 44.0, 6.0), colours["left"])


@pytest.mark.parametrize("recorded", [True, False])
def test_the_human_of_the_scene_is_drawn_beside_other_plans(recorded):
    scene = made_up.scene(objects=())
    if not recorded:
        scene = replace(scene, truth=replace(scene.truth, human=None))
    picture = drawn(scene, {"stage1": straight(5.0)})
    assert close(pixel(picture, 32.0, 0.0), birdseye.HUMAN_COLOUR) == recorded  # 8 m/s for four seconds


def test_map_and_traffic_lie_where_they_are():
    objects = ((ObjectKind.VEHICLE, 20.0, 3.5, 0.0), (ObjectKind.PEDESTRIAN, 10.0, -8.0, 0.0))
    picture = drawn(made_up.scene(objects=objects))
    assert close(pixel(picture, 19.0, 3.5), birdseye.OBJECTS[ObjectKind.VEHICLE])
    assert close(pixel(picture, 9.8, -8.0), birdseye.OBJECTS[ObjectKind.PEDESTRIAN])
    assert close(pixel(picture, 30.0, 3.0), birdseye.LANE)
    assert close(pixel(picture, 30.0, 8.0), birdseye.OFF_ROAD)
    assert close(pixel(picture, -0.5, 0.7), birdseye.HUMAN_COLOUR, 0.15)  # the ego


def test_a_red_connector_is_red_now_only():
    scene = made_up.scene(objects=())
    for now in (True, False):
        lights = (RedLight("oncoming", np.array([now] + [True] * 40)),)
        lane = pixel(drawn(replace(scene, truth=replace(scene.truth, red_lights=lights))), 30.0, 3.0)
        assert (lane[0] - lane[1] > 0.1) == now


def test_pictures_do_not_depend_on_where_in_the_world_the_scene_is():
    scene = made_up.scene()
    truth, ego = scene.truth, np.array([5e5, 4e6, 2.0])
    lines, polygons = truth.map.lines, truth.map.polygons
    moved = replace(
        truth,
        ego=np.concatenate([ego, truth.ego[3:]]),
        map=replace(
            truth.map,
            lines=replace(lines, points=to_global(lines.points, ego)),
            polygons=replace(polygons, points=to_global(polygons.points, ego)),
        ),
        centerline=poses_to_global(truth.centerline, ego),
        tracks=replace(truth.tracks, poses=poses_to_global(truth.tracks.poses, ego)),
    )
    here, there = drawn(scene), drawn(replace(scene, truth=moved))
    assert (np.abs(here - there) > 0.05).mean() < 1e-3


def test_colours_follow_the_order_and_the_human_keeps_its_own():
    colours = birdseye.plan_colours(["a", "human", "b"])
    assert colours == {"human": birdseye.HUMAN_COLOUR, "a": birdseye.PLAN_COLOURS[0], "b": birdseye.PLAN_COLOURS[1]}
    many = birdseye.plan_colours(map(str, range(20)))
    assert len(many) == 21


def test_navsim_cameras_stand_around_the_car_and_others_in_rows():
    places = birdseye.around(list(CameraRig.navsim().names))
    assert places["CAM_F0"] == (0, 1)
    assert places["CAM_B0"] == (2, 1)
    assert all(places[f"CAM_L{k}"] == (k, 0) and places[f"CAM_R{k}"] == (k, 2) for k in range(3))
    assert birdseye.around(["a", "b", "c", "d"]) == {"a": (0, 0), "b": (0, 1), "c": (0, 2), "d": (1, 0)}


@pytest.mark.parametrize("names", [CameraRig.navsim().names, ("left", "right"), ("front",), ("CAM_F0",)])
def test_cameras_figure_shows_every_camera_under_its_name(names):
    images = np.random.default_rng(0).integers(0, 255, (len(names), 9, 16, 3), np.uint8)
    figure = birdseye.cameras_figure(images, names)
    FigureCanvasAgg(figure).draw()
    shown = {axes.get_title(): axes.images[0].get_array() for axes in figure.axes if axes.images}
    assert set(shown) == set(names)
    for name, image in zip(names, images, strict=True):
        np.testing.assert_array_equal(shown[name], image)


def test_the_room_stays_light_until_something_is_drawn():
    code = "import sys, irlvla.evaluation.report, irlvla.evaluation.birdseye; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_scene_of_nothing_but_ground_still_draws():
    scene = made_up.scene(objects=())
    empty = HDMap((), np.zeros(0, np.int8), Polylines.of([]))
    picture = drawn(replace(scene, truth=replace(scene.truth, map=empty, human=None, centerline=np.zeros((0, 3)))))
    assert close(pixel(picture, 30.0, 0.0), birdseye.OFF_ROAD)
