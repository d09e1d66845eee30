"""Imported scenes against the towns that the made-up logs tell of."""

from dataclasses import replace

import numpy as np
import pytest
import shapely
import torch

from irlvla.epdms import SceneTruthBatch, score
from irlvla.errors import InputError
from irlvla.scene import LineKind
from irlvla.scene.frames import poses_to_local, to_global, wrap
from irlvla.sources.language import instruct
from irlvla.sources.navsim import read_split
from irlvla.sources.navsim.logs import LogFrames, candidates, read_log
from irlvla.sources.navsim.scenes import scene_of, sight_of
from irlvla.sources.nuplan_map import read_city
from tests.sources.navsim.made_up_logs import EVERY, block_under, lights, route, track_token
from tests.sources.navsim.made_up_splits import BELOW

INSTANTS = 41


@pytest.fixture(scope="module")
def told(made_up, navtrain, navtest):
    """Imported scenes, each with its log and frame, and the town's own scene of that frame."""
    found = []
    for _, store in (navtrain, navtest):
        for scene in store:
            log, k = made_up.frames[scene.token]
            if not log.late(k):  # the town's scenes are on time
                found.append((scene, log, k, log.scene(k)))
    return found


@pytest.fixture(scope="module")
def windows(made_up):
    """Windows of navtest."""
    split = read_split("navtest", made_up.devkit_root / BELOW)
    found = []
    for name in split.logs:
        path = made_up.log_file(made_up.logs[name])
        log = LogFrames(path, read_log(path))
        found += [log.window(candidate, split) for candidate in candidates(log.told, split)]
    return found


def on_time(log, k, ahead):
    """Which of the frames so many after frame ``k`` are neither late nor early."""
    return np.array([k + n < len(log) and log.late(k + n) == 0 for n in ahead])


def test_the_ego_and_its_past_are_those_of_the_ride(told):
    for scene, log, k, town in told:
        truth = scene.truth
        np.testing.assert_allclose(truth.ego[:2] - log.mapped.shift, town.truth.ego[:2], atol=1e-6)
        np.testing.assert_allclose(truth.ego[2:7], town.truth.ego[2:7], atol=1e-5)
        assert not truth.ego[7:].any(), "the benchmark knows of no wheels"
        np.testing.assert_array_equal(truth.ego[3:7], truth.ego[3:7].astype(np.float32))
        seconds = np.array([log.seconds(n) for n in range(k - 3, k + 1)])
        np.testing.assert_allclose(truth.past[:, 0], 1e6 * (seconds - seconds[-1]), atol=1)
        np.testing.assert_allclose(truth.past[:, 1:4], log.poses[k - 3 : k + 1], atol=1e-6)
        assert truth.t0_us == log.stamp(log.seconds(k))


def test_policies_see_the_past_from_now(told):
    for scene, log, k, town in told:
        np.testing.assert_allclose(
            scene.history[:, :3], poses_to_local(log.poses[k - 3 : k + 1], log.poses[k]), atol=1e-6
        )
        right = on_time(log, k, range(-3, 1))
        np.testing.assert_allclose(scene.history[right], town.history[right], atol=1e-5)
        assert scene.command == town.command
        assert scene.instruction == instruct(scene.command)
        assert (scene.source, scene.log) == ("navsim", log.name)


def test_the_human_is_what_was_driven(told):
    for scene, log, k, town in told:
        human = scene.truth.human
        assert (human.poses.shape, human.interval) == ((8, 3), 0.5)
        right = on_time(log, k, range(1, 9))
        np.testing.assert_allclose(human.poses[right], town.truth.human.poses[right], atol=1e-6)


def test_objects_move_as_in_the_town(told):
    compared = 0
    for scene, log, k, town in told:
        tracks, theirs = scene.truth.tracks, town.truth.tracks
        names = {track_token(log, name): name for name in log.ride.observed.names}
        right = EVERY * np.flatnonzero(on_time(log, k, range(9)))
        for n, token in enumerate(tracks.tokens):
            standing_in = (tracks.poses[n] == tracks.poses[n, 0]).all()  # what stands, and what was seen once
            if names[token] not in theirs.tokens or standing_in:
                continue
            m = theirs.tokens.index(names[token])
            there = right[tracks.valid[n, right] & theirs.valid[m, right]]
            compared += len(there)
            assert tracks.kinds[n] == theirs.kinds[m]
            np.testing.assert_allclose(tracks.sizes[n], theirs.sizes[m], atol=1e-5)
            places = tracks.poses[n, there, :2] - log.mapped.shift
            np.testing.assert_allclose(places, theirs.poses[m, there, :2], atol=2e-5)
            np.testing.assert_allclose(wrap(tracks.poses[n, there, 2] - theirs.poses[m, there, 2]), 0, atol=1e-5)
            np.testing.assert_allclose(tracks.velocities[n, there], theirs.velocities[m, there], atol=1e-4)
    assert compared > 300


def test_nobody_of_a_frame_is_lost(told):
    for scene, log, k, _ in told:
        for n in (0, 3, 8):
            seen = log.seen(k + n)
            expected = {track_token(log, name) for name in seen.names if name != log.flickers or (k + n) % 5 != 2}
            tracks = scene.truth.tracks
            there = {token for token, valid in zip(tracks.tokens, tracks.valid[:, 5 * n], strict=True) if valid}
            assert expected <= there


def test_the_route_goes_through_the_lanes_that_are_driven(told):
    for scene, log, k, _ in told:
        mapped = log.mapped
        ours = {name.rpartition("/")[2] for name in scene.truth.route}
        inside = {
            lane: str(mapped.fids[block]) for lane, block in zip(mapped.town.lanes.ids, mapped.blocks, strict=True)
        }
        blocks = {inside[lane] for lane in mapped.town.lanes.ids if str(mapped.fids[lane]) in ours}
        assert block_under(log, k) in blocks
        for lane in mapped.town.lanes.ids:
            assert (str(mapped.fids[lane]) in ours) == (inside[lane] in blocks), "whole blocks are on the route"
        missing = set(route(log, k)) - blocks
        assert not missing or len(route(log, k)) > 2, "only a route that crosses itself is cut"


def test_the_centre_line_goes_along_the_way_that_is_driven(told):
    for scene, log, k, _ in told:
        line = shapely.LineString(scene.truth.centerline[:, :2])
        here, ahead = shapely.points(log.poses[[k, min(k + 4, len(log) - 1)], :2])
        assert line.distance(here) < 2.0, "half a lane, where it is changing lanes"
        assert line.project(ahead) >= line.project(here)
        np.testing.assert_array_equal(scene.truth.map.whole.along(scene.truth.centerline_lines), scene.truth.centerline)


def test_the_speed_limit_is_that_of_the_map(told):
    for scene, log, _, _ in told:
        lanes = scene.truth.map.whole.ids[scene.truth.centerline_lines[0]].rpartition("/")[2]
        fids = log.mapped.fids
        (first,) = (n for n, lane in enumerate(log.mapped.town.lanes.ids) if str(fids[lane]) == lanes)
        expected = np.nan if log.mapped.limits[first] is None else log.mapped.limits[first]
        np.testing.assert_equal(scene.truth.speed_limit, expected)


def test_red_lights_bind_on_the_route_as_recorded_frame_by_frame(told):
    some = 0
    for scene, log, k, _ in told:
        inside = dict(zip(log.mapped.town.lanes.ids, log.mapped.blocks, strict=True))
        recorded = {
            str(log.mapped.fids[lane]) for lane in inside if str(log.mapped.fids[inside[lane]]) in route(log, k)
        }
        expected = {}
        for n in range(INSTANTS):
            for connector, red in lights(log, log.seen(k + n // EVERY)):
                if red and str(connector) in recorded:
                    expected.setdefault(f"connector/{connector}", np.zeros(INSTANTS, bool))[n] = True
        assert set(scene.truth.obeyed) == set(expected)
        lit = {light.connector: light.red for light in scene.truth.red_lights}
        assert lit.keys() <= {*expected, *scene.truth.route}
        for name, red in expected.items():
            some += 1
            np.testing.assert_array_equal(lit[name], red)
    assert some


def test_the_map_is_what_lies_around(told):
    for scene, log, _, town in told:
        hdmap, theirs, shift = scene.truth.map, town.truth.map, log.mapped.shift
        x, y = to_global(np.array([1.461, 0.0]), scene.truth.ego[:3])
        square = shapely.box(x - 100, y - 100, x + 100, y + 100)
        ours = {name.rpartition("/")[2]: k for k, name in enumerate(hdmap.ids)}
        for k, name in enumerate(theirs.ids):
            fid = log.mapped.fids.get(name)
            if fid is None or name.startswith("lane") or "connector" in name:
                continue
            near = shapely.Polygon(theirs.polygons[k] + shift).intersects(square)
            assert (str(fid) in ours) == near, name
        for k, name in enumerate(log.mapped.town.lanes.ids):
            fid = str(log.mapped.fids[name])
            if shapely.Polygon(theirs.polygons[k] + shift).intersects(square):
                assert fid in ours
            if fid in ours:
                area = shapely.Polygon(hdmap.polygons[ours[fid]])
                assert area.symmetric_difference(shapely.Polygon(theirs.polygons[k] + shift)).area < 1e-3 * area.area
        assert LineKind.CENTERLINE in hdmap.line_kinds
        assert hdmap.whole is not hdmap


def test_every_lane_around_has_its_centre_line(told):
    for scene, *_ in told:
        part = scene.truth.map.part_of
        lanes = [
            k
            for k, name in zip(part.polygons, scene.truth.map.ids, strict=True)
            if name.startswith(("lane/", "connector/"))
        ]
        assert set(lanes) <= set(part.lines.tolist())


def test_the_reference_sets_off_along_the_route(told):
    for scene, *_ in told:
        reference = scene.truth.reference
        assert reference.shape == (51, 3)
        assert np.isfinite(reference).all()
        assert scene.truth.reference_kind == "pdm-closed"
        line = shapely.LineString(scene.truth.centerline[:, :2])
        assert line.distance(shapely.points(reference[:INSTANTS, :2])).max() < 1.5
        assert np.linalg.norm(reference[0, :2] - scene.truth.ego[:2]) < 2.0


def test_the_human_drives_well_and_whoever_goes_straight_on_does_not(told):
    scenes = [scene for scene, *_ in told]
    batch = SceneTruthBatch.prepare([scene.truth for scene in scenes])
    human = torch.from_numpy(np.stack([scene.truth.human.poses for scene in scenes]))
    straight = torch.zeros_like(human)
    straight[..., 0] = 0.5 * torch.arange(1, 9) * torch.tensor([scene.history[-1, 3] for scene in scenes])[:, None]
    scores = score(batch, torch.stack([human, straight], 1)).filtered().epdms()
    assert (scores[:, 0] > 0.8).double().mean() > 0.9
    assert scores[:, 1].mean() < scores[:, 0].mean() - 0.05


def test_frames_half_a_second_apart_follow_each_other(made_up, navtest):
    _, store = navtest
    place = {scene.token: made_up.frames[scene.token][1] for scene in store}
    for scene in store:
        earlier = [token for token, k in place.items() if k == place[scene.token] - 1]
        assert scene.previous == (earlier[0] if earlier else None)


@pytest.fixture(scope="module")
def city(made_up, windows):
    return read_city(made_up.maps_root, windows[0].city)


def test_lights_far_along_the_route_do_not_hinder(made_up, city, windows):
    mapped = next(log.mapped for log in made_up.logs.values() if log.name == windows[0].log)
    every = tuple(str(fid) for name, fid in mapped.fids.items() if name.startswith("connector"))
    far = 0
    for window in windows:
        red = tuple(replace(moment, red=every) for moment in window.moments)
        truth, plain = (scene_of(each, city, None).truth for each in (replace(window, moments=red), window))
        on_route = [name for name in truth.route if name.startswith("connector")]
        assert {light.connector for light in truth.red_lights} <= set(truth.map.ids)
        assert set(plain.map.ids) <= set(truth.map.ids)
        assert set(truth.map.ids) - set(plain.map.ids) <= set(on_route)
        far += len(truth.map.ids) - len(plain.map.ids)
    assert far


def with_car(window, moment, pose):
    """The window with a standing car that is annotated once."""
    boxes = window.moments[moment].boxes
    car = replace(
        boxes,
        tokens=(*boxes.tokens, "apparition"),
        kinds=np.append(boxes.kinds, np.int8(0)),
        sizes=np.vstack([boxes.sizes, [4.5, 2.0, 1.5]]),
        poses=np.vstack([boxes.poses, pose]),
        velocities=np.vstack([boxes.velocities, [0.0, 0.0]]),
    )
    moments = list(window.moments)
    moments[moment] = replace(moments[moment], boxes=car)
    return replace(window, moments=tuple(moments))


def test_pdm_closed_does_not_foresee_what_is_annotated_once_later(city, windows):
    window = max(windows, key=lambda each: each.human[-1, 0])
    plain = scene_of(window, city, None).truth.reference
    now, later = (scene_of(with_car(window, moment, plain[20]), city, None).truth for moment in (0, 5))
    for truth in (now, later):
        assert truth.tracks.valid[truth.tracks.tokens.index("apparition")].all()
    assert np.abs(now.reference - plain).max() > 1.0
    np.testing.assert_array_equal(later.reference, plain)


def test_a_record_that_ends_early_cannot_be_judged(city, windows):
    with pytest.raises(InputError, match=r"its record ends after 3\.5 s"):
        scene_of(replace(windows[0], moments=windows[0].moments[:8]), city, None)
    with pytest.raises(InputError, match="3 frames of history"):
        sight_of(replace(windows[0], history=windows[0].history[1:]), None)
    lost = replace(windows[0].now, roadblocks=("1",))
    with pytest.raises(InputError, match="no roadblock 1"):
        scene_of(replace(windows[0], history=(*windows[0].history[:-1], lost)), city, None)
