"""The renderer against an independent projection, and the door through which policies get their inputs."""

from dataclasses import replace

import numpy as np
import pytest
import shapely
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from irlvla.errors import InputError
from irlvla.scene import CameraRig, Command, Layer, LineKind, ObjectKind, RedLight, Scenery, Weather
from irlvla.sources.render import ground as render_ground
from irlvla.sources.render import observe, render
from irlvla.sources.render.bench import bench, busy_crossing
from tests.sources.render.drawing import ROAD, corners_of, front_camera, pixel_centres, project, shadow_of, world


@pytest.fixture
def no_shade(monkeypatch):
    monkeypatch.setattr(render_ground, "_shades", lambda *_: [])


class TestBoxes:
    @pytest.mark.usefixtures("no_shade")
    @pytest.mark.parametrize(
        ("box", "rig"),
        [
            ((12.0, 1.0, 0.5, 3.0, 1.5, 1.2), front_camera()),
            ((7.0, -2.0, -2.5, 1.0, 2.0, 2.2), front_camera(pitch=0.2, yaw=-0.3)),
            ((40.0, 3.0, 1.0, 6.0, 2.5, 3.0), front_camera(257, 131, focal=400.0)),
            ((4.0, 2.4, 0.0, 4.0, 1.0, 1.0), front_camera()),  # cut by the edge of the picture
        ],
    )
    def test_outline_is_the_hull_of_the_projected_corners(self, box, rig):
        empty, drawn = render(world(), rig)[0], render(world(boxes=[(ObjectKind.GENERIC_OBJECT, *box)]), rig)[0]
        hull = shapely.convex_hull(shapely.multipoints(project(corners_of(*box), rig)))
        centres = pixel_centres(rig)
        changed = (drawn != empty).any(-1)
        assert changed[shapely.contains(hull.buffer(-0.8), centres)].all()
        assert not changed[~shapely.contains(hull.buffer(0.8), centres)].any()
        assert changed.sum() > 50

    def test_a_box_that_reaches_behind_the_camera_is_cut_there(self):
        # A wall along the left side, from behind the car to 20 m ahead: its far end stands where the model says.
        wall = (ObjectKind.GENERIC_OBJECT, 5.0, 3.0, 0.0, 30.0, 0.2, 2.5)
        rig = front_camera()
        drawn = render(world(boxes=[wall]), rig)[0]
        (u, v), _ = project(np.array([[20.0, 2.9, 1.0], [0.0, 0.0, 0.0]]), rig)
        row = drawn[int(v)].astype(int)
        warm = row[:, 0] - row[:, 2] > 20  # the wall is brown, the sky is not
        assert warm[: int(u) - 1].all()
        assert not warm[int(u) + 2 :].any()

    @pytest.mark.parametrize("near_first", [True, False])
    def test_the_near_box_hides_the_far_one(self, near_first):
        near = (ObjectKind.GENERIC_OBJECT, 10.0, 0.0, 0.0, 1.0, 2.0, 2.0)
        far = (ObjectKind.CZONE_SIGN, 20.0, 0.0, 0.0, 1.0, 1.0, 1.0)
        drawn = render(world(boxes=[near, far] if near_first else [far, near]))
        np.testing.assert_array_equal(drawn, render(world(boxes=[near])))
        assert not np.array_equal(drawn, render(world(boxes=[far])))

    def test_boxes_through_each_other_meet_where_their_depths_are_equal(self, no_shade):
        # Two thin walls in the shape of an X: each hides the other on one side of the crossing.
        walls = [(ObjectKind.GENERIC_OBJECT, 12.0, 0.0, 0.7, 6.0, 0.05, 2.0)]
        walls.append((ObjectKind.BARRIER, 12.0, 0.0, -0.7, 6.0, 0.05, 2.0))
        drawn = render(world(boxes=walls))[0].astype(int)
        brown = (drawn[:, :, 0] - drawn[:, :, 2] > 25)[100]
        assert brown[175:190].all()
        assert not brown[130:145].any()

    def test_only_what_is_there_now_is_drawn(self):
        scene = world(boxes=[(ObjectKind.VEHICLE, 12.0, 0.0, 0.0, 4.5, 1.9, 1.6)])
        valid = scene.truth.tracks.valid.copy()
        valid[:, 0] = False
        gone = replace(scene, truth=replace(scene.truth, tracks=replace(scene.truth.tracks, valid=valid)))
        np.testing.assert_array_equal(render(gone), render(world()))

    @pytest.mark.parametrize(("heading", "red_seen"), [(0.0, True), (np.pi, False)])
    def test_a_vehicle_shows_red_lights_behind_only(self, heading, red_seen):
        drawn = render(world(boxes=[(ObjectKind.VEHICLE, 12.0, 0.0, heading, 4.5, 1.9, 1.6)]))[0].astype(int)
        red = drawn[:, :, 0] > 30 + 2 * drawn[:, :, 1:].max(-1)  # dull, as nothing is lit
        assert red.any() == red_seen

    def test_every_kind_has_its_own_look(self):
        sizes = {ObjectKind.VEHICLE: (4.5, 1.9, 1.6)}
        pictures = [
            render(world(boxes=[(kind, 12.0, 0.0, 0.3, *sizes.get(kind, (0.8, 0.8, 1.6)))]))[0].astype(float)
            for kind in ObjectKind
        ]
        empty = render(world())[0].astype(float)
        colours = [p[(p != empty).any(-1)].mean(0) for p in pictures]
        distances = [np.abs(a - b).max() for k, a in enumerate(colours) for b in colours[:k]]
        assert min(distances) > 8

    @given(heading=st.floats(-3, 3), kind=st.sampled_from([ObjectKind.VEHICLE, ObjectKind.BICYCLE, ObjectKind.BARRIER]))
    @settings(max_examples=15, deadline=None)
    def test_nothing_is_drawn_outside_the_box_its_shade_and_its_shadow(self, heading, kind):
        rig, box = front_camera(), (15.0, 2.0, heading, 4.0, 1.8, 1.7)
        changed = (render(world(boxes=[(kind, *box)]), rig) != render(world(), rig))[0].any(-1)
        rim = 0.3
        around = corners_of(*box[:3], box[3] + 2 * rim, box[4] + 2 * rim, box[5])
        around = np.concatenate([around, shadow_of(*box, Weather())])
        hull = shapely.convex_hull(shapely.multipoints(project(around, rig))).buffer(1.5)
        assert not changed[~shapely.contains(hull, pixel_centres(rig))].any()


class TestGround:
    @pytest.mark.parametrize("rig", [front_camera(), front_camera(pitch=0.15, yaw=0.15), front_camera(641, 361)])
    @pytest.mark.parametrize("y", [1.8, -3.5])
    def test_a_marking_ahead_lands_where_the_pinhole_model_says(self, rig, y):
        line = [(2.0, y), (60.0, y)]
        with_line = render(world(lines=[(LineKind.MARKING_WHITE_SOLID, line)]), rig)[0].astype(float)
        gain = (with_line - render(world(), rig)[0]).sum(-1)
        checked = 0
        for x in (6.0, 8.0, 12.0, 18.0, 24.0):
            u, v = project(np.array([x, y, 0.0]), rig)
            if not (10 < u < rig.width - 10 and v < rig.height - 2):
                continue
            columns = np.arange(rig.width) + 0.5
            row = gain[int(v)]
            below, above = (project(np.array([x + d, y, 0.0]), rig) for d in (-0.5, 0.5))
            expected = u + (int(v) + 0.5 - v) * (above[0] - below[0]) / (above[1] - below[1])
            assert abs((row * columns).sum() / row.sum() - expected) < 0.15
            checked += 1
        assert checked >= 2

    def test_a_stop_line_lands_in_its_row(self):
        rig = front_camera()
        drawn = render(world(lines=[(LineKind.STOP_LINE, [(9.0, -4), (9.0, 4)])]), rig)[0].astype(float)
        gain = (drawn - render(world(), rig)[0]).sum(-1)[:, 150:170].sum(1)
        rows = (gain * (np.arange(rig.height) + 0.5)).sum() / gain.sum()
        near, far = project(np.array([[8.775, 0, 0], [9.225, 0, 0]]), rig)[:, 1]
        assert far < rows < near
        assert abs(rows - (near + far) / 2) < 0.3

    @pytest.mark.parametrize("kind", [LineKind.MARKING_WHITE_BROKEN, LineKind.MARKING_YELLOW_BROKEN])
    def test_dashes_are_the_same_from_either_end(self, kind):
        line = [(3.0, 1.0), (20.0, 1.5), (50.0, -1.0)]
        forth, back = render(world(lines=[(kind, line)])), render(world(lines=[(kind, line[::-1])]))
        assert np.abs(forth.astype(int) - back).max() <= 3
        # 47.1 m hold five periods: a gap at the start, a dash 4.71 m on, the next gap 9.42 m on.
        painted = (forth != render(world())).any(-1)[0]
        for at, dash in ((4.71, True), (9.42, False), (14.13, True)):
            u, v = project(np.array([3.0 + at, 1.0 + at * 0.5 / 17, 0.0]), front_camera()).astype(int)
            assert painted[v, u] == dash

    def test_the_stripes_of_a_crosswalk_follow_one_another_across_the_road(self):
        outline = [(10.0, -5.5), (14.0, -5.5), (14.0, 5.5), (10.0, 5.5)]
        rig = front_camera(focal=200.0)
        drawn = render(world(lines=[(LineKind.CROSSWALK, outline)]), rig)[0]
        _, v = project(np.array([12.0, 0.0, 0.0]), rig)
        (left, _), (right, _) = project(np.array([[12.0, 5.5, 0.0], [12.0, -5.5, 0.0]]), rig)
        white = drawn[int(v), int(left) : int(right) + 1].min(-1) > 160
        assert np.abs(np.diff(white.astype(int))).sum() in (19, 20, 21)  # ten stripes: 11 m, a stripe each 1.1 m

    def test_white_yellow_and_kerb_are_told_apart(self):
        kinds = [LineKind.MARKING_WHITE_SOLID, LineKind.MARKING_YELLOW_SOLID, LineKind.ROAD_EDGE]
        rig = front_camera()
        u, v = project(np.array([7.0, 0.0, 0.0]), rig).astype(int)
        white, yellow, kerb = (render(world(lines=[(k, [(2, 0), (40, 0)])]), rig)[0, v, u].astype(int) for k in kinds)
        assert white.min() > 190
        assert yellow[0] > 190 > 130 > yellow[2]
        assert 110 < kerb.max() < 190

    def test_a_hole_in_the_road_is_off_road(self):
        hole = np.array([(8.0, -1.0), (12.0, -1.0), (12.0, 1.0), (8.0, 1.0)])
        rig = front_camera()
        u, v = project(np.array([10.0, 0.0, 0.0]), rig).astype(int)
        grass, road, holed = (
            render(s, rig)[0, v, u].astype(int) for s in (world(areas=()), world(), world(holes=[hole]))
        )
        assert np.abs(holed - grass).max() <= 1
        assert np.abs(road - grass).max() > 20

    def test_the_horizon_lies_where_the_camera_points(self):
        pitch, rig = 0.1, front_camera(pitch=0.1)
        drawn = render(world(areas=()), rig)[0].astype(int)
        horizon = rig.height / 2 - rig.intrinsics[0, 1, 1] * np.tan(pitch)
        bluer = drawn[:, 160, 2] > drawn[:, 160, 1] + 4
        assert abs(np.argmin(bluer) - horizon) < 4


class TestSignals:
    connector = np.array([(20.0, 2.0), (30.0, 2.0), (30.0, -2.0), (20.0, -2.0)])

    def scene(self, red, **given):
        areas = [(Layer.DRIVABLE_AREA, ROAD), (Layer.LANE_CONNECTOR, self.connector)]
        return world(areas=areas, red=[RedLight("area-1", np.array(red))], **given)

    def red_pixels(self, scene, rig):
        drawn = render(scene, rig)[0].astype(int)
        return np.argwhere((drawn[:, :, 0] > 170) & (drawn[:, :, 1:] < 110).all(-1))

    @pytest.mark.parametrize("way", [[(15.0, 0.0), (35.0, 0.0)], [(20.0, 0.5), (30.0, 0.0)], None])
    def test_a_red_connector_shows_a_lamp_over_its_start(self, way):
        lines = [(LineKind.CENTERLINE, np.linspace(*map(np.array, way), 21))] if way else []
        rig = front_camera()
        found = self.red_pixels(self.scene([True] * 41, lines=lines), rig) + 0.5
        assert len(found) > 4
        v, u = found.mean(0)
        expected = project(np.array([25.0, 0.25 if way and way[0][1] else 0.0, 4.35]), rig)
        assert np.abs(expected - (u, v)).max() < 4

    def test_a_connector_that_only_turns_red_later_shows_none(self):
        scene = self.scene([False] * 5 + [True] * 36)
        np.testing.assert_array_equal(render(scene), render(self.scene([False] * 41)))

    def test_oncoming_traffic_does_not_show_its_lamp(self):
        back = [(LineKind.CENTERLINE, np.linspace((30.0, 0.0), (20.0, 0.0), 11))]
        assert len(self.red_pixels(self.scene([True] * 41, lines=back), front_camera())) == 0

    def test_an_unknown_connector_is_named(self):
        with pytest.raises(InputError, match="'gone'"):
            render(world(red=[RedLight("gone", np.ones(41, np.bool_))]))


def test_the_bench_says_what_it_drew():
    found = bench(64, 36, seconds=0.0)
    assert found["images_per_s"] > 0
    assert (found["width"], found["height"], found["cameras"]) == (64, 36, 8)
    with pytest.raises(InputError, match="0 x 36"):
        bench(0, 36)


BUSY = {
    "lines": [
        (LineKind.MARKING_WHITE_BROKEN, [(-30.0, 2.0), (60.0, 2.0)]),
        (LineKind.ROAD_EDGE, [(-30, -8), (60, -8)]),
    ],
    "boxes": [
        (ObjectKind.VEHICLE, 15.0, 3.5, 3.1, 4.6, 1.9, 1.6),
        (ObjectKind.VEHICLE, -20.0, -3.5, 0.1, 11.0, 2.5, 3.2),
        (ObjectKind.PEDESTRIAN, 9.0, -6.5, 1.0, 0.7, 0.7, 1.8),
    ],
}


class TestRigs:
    def test_the_same_scene_gives_the_same_pictures(self):
        np.testing.assert_array_equal(render(world(**BUSY)), render(world(**BUSY)))

    def test_pictures_do_not_depend_on_where_in_the_world_the_scene_is(self):
        # The box edges may round to the other side of a sample at far coordinates: a handful of pixels.
        # The sun stands still in the world, so that it is turned with the ego here.
        turned = Scenery(
            lamps=np.zeros(3, np.uint8), weather=replace(Weather(), sun_azimuth=Weather().sun_azimuth + 2.2)
        )
        here = render(world(**BUSY))
        there = render(world(**BUSY, ego=(664_000.0, 3_998_000.0, 2.2), scenery=turned))
        assert (np.abs(here.astype(int) - there) > 4).mean() < 1e-3

    @pytest.mark.parametrize("size", [(1, 1), (33, 17), (16, 65)])
    def test_any_picture_size_and_camera_count(self, size):
        one = CameraRig.navsim(*size)
        single = CameraRig(one.names[:1], *size, one.intrinsics[:1], one.camera_to_ego[:1])
        for rig in (one, single):
            pictures = render(world(**BUSY), rig)
            assert pictures.shape == (len(rig), size[1], size[0], 3)
            assert pictures.dtype == np.uint8

    def test_each_camera_sees_its_own_side(self):
        empty = render(world(), CameraRig.navsim(128, 72))
        names = CameraRig.navsim().names
        for bearing, camera in ((55, "CAM_L0"), (110, "CAM_L1"), (-110, "CAM_R1"), (180, "CAM_B0"), (0, "CAM_F0")):
            x, y = 1.3 + 9 * np.cos(np.radians(bearing)), 9 * np.sin(np.radians(bearing))
            boxes = [(ObjectKind.GENERIC_OBJECT, x, y, 0.0, 1.0, 1.0, 1.5)]
            changed = (render(world(boxes=boxes), CameraRig.navsim(128, 72)) != empty).any(-1)
            assert names[int(np.argmax(changed[:, :, 44:84].sum((1, 2))))] == camera

    def test_a_camera_on_its_side_sees_the_picture_on_its_side(self):
        upright = front_camera(256, 144, pitch=0.05, focal=205.0)
        turn = np.array([[0.0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
        calibration = np.array([[205.0, 0, 72], [0, 205, 128], [0, 0, 1]])
        lying = CameraRig(("front",), 144, 256, calibration[None], upright.camera_to_ego @ turn)
        expected, turned = render(busy_crossing(), upright)[0], np.rot90(render(busy_crossing(), lying)[0], 3)
        apart = np.abs(expected.astype(int) - turned).max(-1)
        assert apart.mean() < 0.4
        assert (apart > 8).mean() < 0.01

    def test_no_tracks_and_no_map(self):
        assert render(world(areas=())).shape == (1, 180, 320, 3)

    def bad(self, **changes):
        return replace(CameraRig.navsim(32, 18), **changes)

    def test_a_rig_without_cameras_is_refused(self):
        none = CameraRig((), 32, 18, np.zeros((0, 3, 3)), np.zeros((0, 4, 4)))
        with pytest.raises(InputError, match="0 cameras"):
            render(world(), none)
        with pytest.raises(InputError, match="0 x 18"):
            render(world(), self.bad(width=0))

    @pytest.mark.parametrize("field", ["intrinsics", "camera_to_ego"])
    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_calibration_that_is_not_finite_is_refused_by_name(self, field, value):
        broken = getattr(CameraRig.navsim(), field).copy()
        broken[3, 0, 2] = value
        with pytest.raises(InputError, match="CAM_R0|CAM_L2|CAM_R1|" + CameraRig.navsim().names[3]) as caught:
            render(world(), self.bad(**{field: broken}))
        assert CameraRig.navsim().names[3] in str(caught.value)

    def test_a_camera_that_cannot_be_drawn_is_refused(self):
        poses = CameraRig.navsim().camera_to_ego.copy()
        poses[0, 2, 3] = -0.1
        with pytest.raises(InputError, match="below"):
            render(world(), self.bad(camera_to_ego=poses))
        with pytest.raises(InputError, match="rigid"):
            render(world(), self.bad(camera_to_ego=2 * CameraRig.navsim().camera_to_ego))
        with pytest.raises(InputError, match="focal"):
            render(world(), self.bad(intrinsics=0 * CameraRig.navsim().intrinsics))
        with pytest.raises(InputError, match="pinhole"):
            render(world(), self.bad(intrinsics=CameraRig.navsim().intrinsics + 1.0))

    def test_a_state_that_is_not_finite_is_refused_by_name(self):
        scene = world(boxes=[(ObjectKind.VEHICLE, np.nan, 0, 0, 4, 2, 1.5)])
        with pytest.raises(InputError, match="track-0"):
            render(scene)
        with pytest.raises(InputError, match="ego"):
            render(world(areas=(), ego=(np.nan, 0, 0)))


class TestObserve:
    rig = CameraRig.navsim(48, 27)

    def recorded(self):
        rig = CameraRig.navsim(96, 54)
        images = np.random.default_rng(0).integers(0, 256, (8, 54, 96, 3), np.uint8)
        return replace(world(), cameras=rig, images=images)

    def test_rendered_scenes_carry_the_rig_and_what_the_scene_says(self):
        scenes = [world(**BUSY), replace(world(), command=Command.LEFT, instruction="Turn left.")]
        scenes[0].history[:] = np.arange(28).reshape(4, 7)
        inputs = observe(scenes, self.rig)
        assert inputs.images.shape == (2, 8, 27, 48, 3)
        assert inputs.images.dtype == torch.uint8
        np.testing.assert_array_equal(inputs.images[0], render(scenes[0], self.rig))
        np.testing.assert_allclose(inputs.intrinsics[1], self.rig.intrinsics, rtol=1e-6)
        np.testing.assert_allclose(inputs.camera_to_ego[1], self.rig.camera_to_ego, rtol=1e-6, atol=1e-7)
        assert inputs.history.dtype == torch.float32
        np.testing.assert_array_equal(inputs.history[0], scenes[0].history)
        assert inputs.command.tolist() == [Command.STRAIGHT, Command.LEFT]
        assert inputs.instructions == (scenes[0].instruction, "Turn left.")

    def test_without_a_rig_a_scene_is_seen_with_its_own(self):
        assert observe([world()]).images.shape == (1, 1, 180, 320, 3)

    def test_recorded_pictures_are_taken_as_they_are(self):
        scene = self.recorded()
        np.testing.assert_array_equal(observe([scene]).images[0], scene.images)
        np.testing.assert_array_equal(observe([scene], scene.cameras).images[0], scene.images)

    def test_recorded_pictures_are_brought_to_the_size_of_the_rig_with_their_own_calibration(self):
        scene = self.recorded()
        own = replace(scene.cameras, intrinsics=scene.cameras.intrinsics * [[1.1], [1.1], [1.0]])
        inputs = observe([replace(scene, cameras=own)], self.rig)
        assert inputs.images.shape == (1, 8, 27, 48, 3)
        np.testing.assert_allclose(inputs.intrinsics[0], own.resized(48, 27).intrinsics, rtol=1e-6)
        assert abs(inputs.images.double().mean() - scene.images.mean()) < 0.5
        flat = replace(scene, images=np.full_like(scene.images, 77))
        assert (observe([flat], self.rig).images == 77).all()

    def test_recorded_cameras_are_chosen_by_name(self):
        scene = self.recorded()
        order = [7, 0, 2]
        names = tuple(self.rig.names[k] for k in order)
        rig = CameraRig(names, 96, 54, self.rig.intrinsics[order], self.rig.camera_to_ego[order])
        inputs = observe([scene], rig)
        np.testing.assert_array_equal(inputs.images[0], scene.images[order])
        np.testing.assert_allclose(inputs.camera_to_ego[0], scene.cameras.camera_to_ego[order], rtol=1e-6, atol=1e-7)

    def test_what_cannot_be_observed_is_refused(self):
        with pytest.raises(InputError, match="at least one"):
            observe([])
        with pytest.raises(InputError, match="'front'"):
            observe([self.recorded()], front_camera())
        with pytest.raises(InputError, match="one rig"):
            observe([self.recorded(), world()])


def test_beside_the_road_there_is_grass():
    picture = render(world(areas=((Layer.DRIVABLE_AREA, ROAD * [1.0, 0.1]),)))[0].astype(int)
    near = picture[-1]  # the row nearest to the car, from far left to far right of it
    red, green, blue = near[0]
    assert green > red > 30
    assert green > blue + 15
    assert np.ptp(near[near.shape[0] // 2]) < 20  # the road is grey
