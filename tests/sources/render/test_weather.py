"""Sun, sky and air: what they change in a picture, and what they must not."""

import hashlib
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from irlvla.errors import InputError
from irlvla.scene import LineKind, ObjectKind, Weather
from irlvla.scene.frames import rotate
from irlvla.sources.render import ground as render_ground
from irlvla.sources.render import render
from irlvla.sources.render.bench import busy_crossing
from irlvla.sources.render.light import light_of
from tests.sources.render.drawing import corners_of, front_camera, lit, pixel_centres, project, shadow_of, world

CLEAR = Weather(sun_azimuth=1.3, sun_elevation=0.7, cloud=0.0, visibility=400.0)
NIGHT = Weather(sun_elevation=-0.3, visibility=300.0)
WEATHERS = {
    "clear": CLEAR,
    "overcast": replace(CLEAR, cloud=1.0),
    "golden": replace(CLEAR, sun_elevation=0.1),
    "night": NIGHT,
    "fog": Weather(visibility=40.0),
    "rain": Weather(cloud=1.0, wet=1.0),
}
BOX = (ObjectKind.GENERIC_OBJECT, 14.0, 0.0, 0.4, 1.5, 1.5, 2.0)
HOUSE = (24.0, 9.0, 0.3, 12.0, 9.0, 10.0)


def picture(weather, boxes=(), **given):
    return render(world(boxes=boxes, scenery=lit(len(boxes), weather=weather), **given))[0].astype(int)


class TestLight:
    @given(st.floats(-0.6, 1.1), st.floats(0, 0.4), st.floats(0, 1), st.floats(-3, 3))
    def test_it_grows_with_the_sun_and_never_blinds(self, elevation, higher, cloud, heading):
        low, high = (light_of(Weather(0.8, e, cloud), heading) for e in (elevation, elevation + higher))
        assert (high.level >= low.level - 0.02).all()
        assert (low.level > 0.2).all()
        assert (low.level < 1.2).all()
        assert 0 <= low.shade < 0.6
        assert low.dark >= high.dark
        np.testing.assert_allclose(np.linalg.norm(low.sun), 1)

    def test_the_sun_stands_still_when_the_ego_turns(self):
        north, east = light_of(CLEAR, np.pi / 2).sun, light_of(CLEAR, 0.0).sun
        np.testing.assert_allclose(rotate(north[:2], np.array(np.pi / 2)), east[:2])

    def test_clouds_take_the_shadows(self):
        assert light_of(replace(CLEAR, cloud=1.0), 0.0).shade == 0
        assert light_of(CLEAR, 0.0).shade > light_of(replace(CLEAR, cloud=0.5), 0.0).shade > 0.1


class TestShadows:
    @pytest.mark.parametrize("azimuth", np.arange(-3, 3.5, 0.8))
    def test_a_shadow_falls_away_from_the_sun(self, azimuth):
        weather, rig = replace(CLEAR, sun_azimuth=azimuth), front_camera()
        darker = (picture(weather) - picture(weather, [BOX])).sum(-1) > 40
        tops = shadow_of(*BOX[1:], weather)
        hull = shapely.convex_hull(shapely.multipoints(np.concatenate([corners_of(*BOX[1:])[::2], tops])[:, :2]))
        corners = shapely.get_coordinates(hull)
        seen = shapely.Polygon(project(np.column_stack([corners, np.zeros(len(corners))]), rig))
        body = shapely.convex_hull(shapely.multipoints(project(corners_of(*BOX[1:]), rig))).buffer(1.0)
        shaded = shapely.contains(shapely.difference(seen.buffer(-1.0), body), pixel_centres(rig))
        assert darker[shaded].all()
        beside = ~shapely.contains(shapely.union(seen.buffer(1.0), body.buffer(2.0)), pixel_centres(rig))
        assert not darker[beside].any()

    def test_shadows_follow_the_world_and_not_the_ego(self):
        # Seen from an ego that heads the other way, the sun stands on its other side.
        turned = picture(replace(CLEAR, sun_azimuth=CLEAR.sun_azimuth + 2.0), [BOX], ego=(50.0, 20.0, 2.0))
        assert (np.abs(turned - picture(CLEAR, [BOX])) > 2).mean() < 1e-3

    def test_clouds_and_night_leave_none(self):
        tall, before = (*BOX[:6], 6.0), slice(130, None)  # rows before the box, where its shadow would fall
        facing = replace(CLEAR, sun_azimuth=0.0)
        for weather, some in ((facing, True), (replace(facing, cloud=1.0), False), (NIGHT, False)):
            assert (picture(weather) != picture(weather, [tall]))[before].any() == some

    def test_a_house_throws_one(self):
        weather = replace(CLEAR, sun_azimuth=np.pi / 2)
        darker = (picture(weather) - picture(weather, buildings=[HOUSE])).sum(-1) > 40
        u, v = project(np.array([20.0, 1.0, 0.0]), front_camera()).astype(int)
        assert darker[v, u]

    def test_the_sunny_side_is_brighter(self):
        sides = []
        for azimuth in (np.pi, 0.0):  # behind the camera, and behind the box
            u, v = project(np.array([13.2, 0.0, 1.0]), front_camera()).astype(int)
            sides.append(
                picture(replace(CLEAR, sun_azimuth=azimuth, sun_elevation=0.3), [(*BOX[:3], 0.0, *BOX[4:])])[v, u]
            )
        assert sides[0].sum() > 1.4 * sides[1].sum()


class TestSky:
    def test_weather_changes_the_sky(self):
        skies = {name: picture(weather)[:60].mean((0, 1)) for name, weather in WEATHERS.items()}
        names = [name for name in skies if name != "fog"]  # which is haze, and hides no sky
        apart = [np.abs(skies[a] - skies[b]).max() for k, a in enumerate(names[:-1]) for b in names[k + 1 : -1]]
        assert min(apart) > 15
        assert skies["clear"][2] > skies["clear"][0] + 30  # blue
        assert np.ptp(skies["overcast"]) < 20  # grey
        assert skies["night"].max() < 50

    def test_the_horizon_glows_when_the_sun_is_low(self):
        low = picture(WEATHERS["golden"])[80, 160]
        assert low[0] > low[2] + 40

    def test_things_fade_at_the_distance_of_visibility(self):
        for visibility in (30.0, 120.0):
            weather = Weather(visibility=visibility)
            board = (ObjectKind.BARRIER, visibility, 0.0, 0.0, 0.2, 20.0, 12.0)
            u, v = project(np.array([visibility, 0.0, 10.5]), front_camera()).astype(int)
            plain = picture(replace(weather, visibility=1e6), [board])[v, u]
            hazy = picture(weather, [board])[v, u]
            horizon = picture(replace(weather, visibility=0.1), [board])[v, u]
            np.testing.assert_allclose(hazy, (plain + horizon) / 2, atol=4)

    def test_a_wet_road_is_darker_near_and_mirrors_the_sky_far_away(self):
        dry, wet = (picture(Weather(cloud=1.0, wet=wet, visibility=1e4)) for wet in (0.0, 1.0))
        assert wet[175, 160].sum() < 0.85 * dry[175, 160].sum()
        assert wet[96, 160].sum() > 1.25 * dry[96, 160].sum()

    @pytest.mark.parametrize("weather", [
        Weather(visibility=0.0), Weather(sun_elevation=np.nan), Weather(cloud=np.inf),
    ])  # fmt: skip
    def test_weather_that_cannot_be_is_refused(self, weather):
        with pytest.raises(InputError, match="weather"):
            picture(weather)


class TestGeometry:
    @pytest.mark.parametrize("weather", WEATHERS.values(), ids=WEATHERS)
    def test_no_weather_moves_an_outline(self, weather, monkeypatch):
        monkeypatch.setattr(render_ground, "_shades", lambda *_: [])
        boxes = [BOX, (ObjectKind.VEHICLE, 20.0, -4.0, 2.0, 4.5, 1.9, 1.6)]
        rig = front_camera()
        for things in ({"boxes": boxes}, {"buildings": [HOUSE]}):
            expected = (picture(Weather(), **things) != picture(Weather())).any(-1)
            changed = (picture(weather, **things) != picture(weather)).any(-1)
            assert (expected ^ changed).sum() <= 0.01 * expected.sum()
        hull = shapely.convex_hull(shapely.multipoints(project(corners_of(*HOUSE), rig)))
        assert changed[shapely.contains(hull.buffer(-1.0), pixel_centres(rig))].mean() > 0.99
        assert not changed[~shapely.contains(hull.buffer(1.0), pixel_centres(rig))].any()

    @pytest.mark.parametrize("weather", WEATHERS.values(), ids=WEATHERS)
    def test_markings_stay_where_they_are(self, weather):
        lines = [(LineKind.MARKING_WHITE_SOLID, [(2.0, 1.8), (60.0, 1.8)])]
        where = []
        for each in (Weather(), weather):
            row = (picture(each, lines=lines) - picture(each)).sum(-1)[140]
            where.append((row * np.arange(320)).sum() / row.sum())
        assert abs(where[0] - where[1]) < 0.1


class TestHouses:
    def test_windows_are_lit_at_night_alone(self):
        counts = []
        for weather in (CLEAR, NIGHT):
            drawn = picture(weather, buildings=[HOUSE])
            counts.append(int(((drawn[:, :, 0] > 180) & (drawn[:, :, 0] - drawn[:, :, 2] > 60)).sum()))
        assert counts[0] == 0
        assert counts[1] > 100

    def test_every_house_has_its_own_look_which_follows_its_place(self):
        walls = []
        for x, y in ((0.0, 0.0), (300.0, 40.0), (-500.0, 80.0), (70.0, 900.0), (1e5, 1e5)):
            scene = world(buildings=[HOUSE], ego=(x, y, 0.0), areas=())
            np.testing.assert_array_equal(render(scene), render(scene))
            walls.append(render(scene)[0, 40:80, 60:110].astype(int))
        assert sum(np.abs(walls[0] - other).mean() > 4 for other in walls[1:]) >= 3

    def test_a_house_that_is_not_finite_is_refused(self):
        with pytest.raises(InputError, match="building"):
            picture(CLEAR, buildings=[(np.nan, *HOUSE[1:])])

    def test_vehicles_have_colours_of_their_own(self):
        boxes = [(ObjectKind.VEHICLE, 12.0 + 6 * k, -3.0, 0.3, 4.5, 1.9, 1.5) for k in range(8)]
        seen = set()
        for k in range(8):
            hidden = [(*box[:1], box[1] if j == k else -50.0, *box[2:]) for j, box in enumerate(boxes)]
            drawn = picture(Weather(visibility=1e5), hidden)
            u, v = project(np.array([boxes[k][1], -3.0, 0.75]), front_camera()).astype(int)
            seen.add(tuple(drawn[v, u] // 24))
        assert len(seen) >= 4


SCRIPT = """
import hashlib
from irlvla.sources.render import render
from irlvla.sources.render.bench import busy_crossing
print(hashlib.sha256(render(busy_crossing(seed=3)).tobytes()).hexdigest())
"""


def test_another_process_draws_the_same_pixels():
    ours = hashlib.sha256(render(busy_crossing(seed=3)).tobytes()).hexdigest()
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    other = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, env=environment)
    assert other.stdout.strip() == ours
