"""What is lit: brake lamps, indicators and traffic lights show their colours at the projected places."""

from dataclasses import replace

import numpy as np
import pytest

from irlvla.errors import InputError
from irlvla.scene import Lamps, Layer, ObjectKind, RedLight, SignalState, Weather
from irlvla.sources.render import render
from tests.sources.render.drawing import front_camera, lit, project, world

NAVSIM_LIKE = front_camera(256, 144, focal=205.0)
SIZES = {"car": (4.5, 1.85, 1.5), "suv": (4.7, 1.95, 1.8), "van": (5.8, 2.1, 2.3), "truck": (8.0, 2.5, 3.4),
         "bus": (12.0, 2.6, 3.2)}  # fmt: skip
SIGNAL_COLOURS = {
    SignalState.RED: (255, 32, 24), SignalState.YELLOW: (255, 206, 34), SignalState.GREEN: (44, 255, 130),
}  # fmt: skip
AHEAD = 16.0


def drawn(size, heading, lamps, weather=None):
    box = (ObjectKind.VEHICLE, AHEAD, 0.0, heading, *size)
    return render(world(boxes=[box], scenery=lit(1, [lamps], weather)), NAVSIM_LIKE)[0].astype(int)


def seen(size, heading, corner):
    """Pixel of a place in a vehicle's box, ``corner`` in shares of its size."""
    x, y, z = np.array(corner) * size
    place = np.array([AHEAD + np.cos(heading) * x - np.sin(heading) * y, np.sin(heading) * x + np.cos(heading) * y, z])
    return project(place, NAVSIM_LIKE)


def centre(mask):
    v, u = np.nonzero(mask)
    return np.array([u.mean() + 0.5, v.mean() + 0.5])


def gain(after, before, red, green, blue):
    """Pixels that turned into about this colour."""
    return (np.abs(after - (red, green, blue)).max(-1) < 75) & (np.abs(after - before).max(-1) > 40)


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("elevation", [0.8, -0.2])
class TestVehicles:
    def test_brake_lamps_turn_both_rear_corners_red(self, size, elevation):
        weather = replace(Weather(), sun_elevation=elevation)
        mask = gain(drawn(size, 0.0, Lamps.BRAKE, weather), drawn(size, 0.0, Lamps.NONE, weather), 255, 34, 26)
        assert mask.sum() >= 8
        left, right = mask[:, : NAVSIM_LIKE.width // 2], mask[:, NAVSIM_LIKE.width // 2 :]
        assert left.sum() >= 3
        assert right.sum() >= 3
        (u, low), (_, high) = (seen(size, 0.0, (-0.5, 0.5, z)) for z in (0.0, 1.0))
        v, columns = np.nonzero(left)
        assert u - 1 < columns.min() + 0.5 < u + 2
        assert high - 1 < v.min()
        assert v.max() < low

    @pytest.mark.parametrize(("lamp", "side"), [(Lamps.LEFT, 0.5), (Lamps.RIGHT, -0.5)])
    @pytest.mark.parametrize("heading", [0.0, np.pi])
    def test_an_indicator_turns_its_corner_amber_behind_and_in_front(self, size, elevation, lamp, side, heading):
        weather = replace(Weather(), sun_elevation=elevation)
        mask = gain(drawn(size, heading, lamp, weather), drawn(size, heading, Lamps.NONE, weather), 255, 176, 24)
        assert mask.sum() >= 2
        u, v = seen(size, heading, (-0.5 if heading == 0.0 else 0.5, side, 0.25))
        assert np.abs(centre(mask) - (u, v)).max() < 0.25 * 205 * size[1] / (AHEAD - size[0] / 2)

    @pytest.mark.parametrize("heading", [1.4, -1.4])
    def test_lamps_are_seen_from_the_side(self, size, elevation, heading):
        weather = replace(Weather(), sun_elevation=elevation)
        side = 0.5 if heading > 0 else -0.5
        turning = Lamps.LEFT if heading > 0 else Lamps.RIGHT
        dull = drawn(size, heading, Lamps.NONE, weather)
        for lamp, colour, end in ((Lamps.BRAKE, (255, 34, 26), -0.5), (turning, (255, 176, 24), 0.5)):
            mask = gain(drawn(size, heading, lamp, weather), dull, *colour)
            assert mask.any()
            at = seen(size, heading, (end, side, 0.4))
            v, u = np.nonzero(mask)
            assert np.hypot(u + 0.5 - at[0], v + 0.5 - at[1]).min() < 0.4 * 205 * size[2] / AHEAD


class TestLogs:
    def scene(self, speeds):
        scene = world(boxes=[(ObjectKind.VEHICLE, AHEAD, 0.0, 0.0, *SIZES["car"])])
        velocities = np.zeros((1, 41, 2))
        velocities[0, :, 0] = speeds
        return replace(scene, truth=replace(scene.truth, tracks=replace(scene.truth.tracks, velocities=velocities)))

    def test_brake_lamps_follow_from_losing_speed(self):
        steady = render(self.scene(np.full(41, 9.0)), NAVSIM_LIKE)
        braking = render(self.scene(np.maximum(9.0 - 0.2 * np.arange(41), 0)), NAVSIM_LIKE)
        np.testing.assert_array_equal(steady[0], drawn(SIZES["car"], 0.0, Lamps.NONE))
        np.testing.assert_array_equal(braking[0], drawn(SIZES["car"], 0.0, Lamps.BRAKE))

    def test_gentle_or_later_slowing_lights_nothing(self):
        steady = render(self.scene(np.full(41, 9.0)), NAVSIM_LIKE)
        gentle = render(self.scene(9.0 - 0.04 * np.arange(41)), NAVSIM_LIKE)
        later = render(self.scene(np.where(np.arange(41) < 8, 9.0, 5.0)), NAVSIM_LIKE)
        np.testing.assert_array_equal(steady, gentle)
        np.testing.assert_array_equal(steady, later)


class TestSignals:
    def picture(self, *signals, weather=None):
        return render(world(scenery=lit(0, weather=weather, signals=signals)), NAVSIM_LIKE)[0].astype(int)

    @pytest.mark.parametrize("state", SignalState)
    @pytest.mark.parametrize("elevation", [0.8, -0.2])
    def test_at_25_m_the_lit_lamp_has_its_colour_at_its_place_and_no_other_is_lit(self, state, elevation):
        weather = replace(Weather(), sun_elevation=elevation)
        drawn = self.picture((26.6, 3.0, 0.0, state), weather=weather)
        found = {other: np.abs(drawn - colour).max(-1) < 40 for other, colour in SIGNAL_COLOURS.items()}
        assert found.pop(state).sum() >= 4
        mask = np.abs(drawn - SIGNAL_COLOURS[state]).max(-1) < 40
        height = 4.1 * (0.7 + 0.3 * {SignalState.RED: 0.82, SignalState.YELLOW: 0.5, SignalState.GREEN: 0.18}[state])
        assert np.abs(centre(mask) - project(np.array([26.53, 3.0, height]), NAVSIM_LIKE)).max() < 0.6
        assert not any(other.any() for other in found.values())

    def test_a_signal_for_others_shows_no_lamp(self):
        away = self.picture((26.6, 3.0, np.pi, SignalState.RED))
        assert not (np.abs(away - SIGNAL_COLOURS[SignalState.RED]).max(-1) < 60).any()
        assert not np.array_equal(away, self.picture())

    def test_where_there_is_scenery_red_connectors_hang_no_signals(self):
        connector = np.array([(20.0, 2.0), (30.0, 2.0), (30.0, -2.0), (20.0, -2.0)])
        given = {"areas": [(Layer.LANE_CONNECTOR, connector)], "red": [RedLight("area-0", np.ones(41, np.bool_))]}
        hung, bare = (render(world(**given, scenery=scenery)) for scenery in (None, lit(0)))
        assert not np.array_equal(hung, bare)
        np.testing.assert_array_equal(bare, render(world(areas=given["areas"])))

    def test_a_signal_without_a_state_is_refused(self):
        with pytest.raises(InputError, match="traffic light"):
            self.picture((26.6, 3.0, 0.0, 7))

    def test_lamps_must_be_of_the_tracks(self):
        box = (ObjectKind.VEHICLE, AHEAD, 0.0, 0.0, *SIZES["car"])
        with pytest.raises(InputError, match="lamps of 3 vehicles and 1 tracks"):
            render(world(boxes=[box], scenery=lit(3)))
