"""Imported scenes of the second stage against the displaced rides that they tell of."""

import numpy as np

from irlvla.scene import Command
from irlvla.scene.frames import poses_to_local
from tests.sources.navsim.made_up_logs import EVERY, command, track_token
from tests.sources.navsim.made_up_second_stage import HISTORY


def test_second_stage_scenes_begin_where_they_should(made_up, navhard):
    _, store = navhard
    later = [scene for scene in store if scene.follows]
    assert {scene.token for scene in later} == set(made_up.splits["navhard_two_stage"].synthetic)
    for scene in later:
        follower, truth = made_up.followers[scene.token], scene.truth
        assert truth.human is None
        assert len(scene.token) == 17
        np.testing.assert_allclose(truth.ego[:3], follower.pose, atol=1e-6)
        np.testing.assert_allclose(truth.ego[3:7], follower.ride.motion[follower.now, 3:7].astype(np.float32))
        steps = follower.now + EVERY * np.arange(-3, 1)
        poses = follower.log.in_city(follower.ride.motion[steps, :3])
        np.testing.assert_allclose(truth.past[:, 1:4], poses, atol=1e-6)
        np.testing.assert_allclose(scene.history[:, :3], poses_to_local(poses, poses[-1]), atol=1e-6)
        assert scene.command is Command(int(np.argmax(command(follower.seen(HISTORY - 1).command))))
        assert scene.log == follower.log.name


def test_second_stage_objects_come_from_frames_and_detections(made_up, navhard):
    _, store = navhard
    for scene in store:
        if not scene.follows:
            continue
        follower, tracks = made_up.followers[scene.token], scene.truth.tracks
        ours = dict(zip(tracks.tokens, range(len(tracks)), strict=True))
        for n in range(9):
            seen = follower.seen(HISTORY - 1 + n)
            for name, kind, pose, velocity in zip(seen.names, seen.kinds, seen.poses, seen.velocities, strict=True):
                m = ours[track_token(follower.log, name)]
                assert tracks.valid[m, EVERY * n]
                assert tracks.kinds[m] == kind
                place = pose[:2] + follower.log.mapped.shift
                np.testing.assert_allclose(tracks.poses[m, EVERY * n, :2], place, atol=2e-5)
                if kind < 3:
                    np.testing.assert_allclose(tracks.velocities[m, EVERY * n], velocity, atol=1e-4)


def test_pairs_and_followers_are_those_of_the_split(made_up, navhard):
    _, store = navhard
    for now, before, pairs in made_up.splits["navhard_two_stage"].mapping:
        assert store[now].previous == before
        assert (store[now].follows, store[before].follows) == (None, None)
        for later, earlier in pairs:
            assert (store[later].previous, store[later].follows) == (earlier, now)
            assert (store[earlier].previous, store[earlier].follows) == (None, before)
        assert store[now].truth.human is not None
