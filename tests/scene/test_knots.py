import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from irlvla.scene import Tracks
from irlvla.scene.knots import pack_tracks, unpack_tracks

ORIGIN = np.array([331_000.0, 4_690_000.0])


def tracks(seed: int, count: int, curved: bool, gaps: bool) -> Tracks:
    """Tracks annotated every half second, with straight lines between; ``curved`` ones at every instant."""
    rng = np.random.default_rng(seed)
    knots = np.arange(41) if curved else np.arange(0, 41, 5)
    states = rng.normal(0, 30, (count, len(knots), 5)).cumsum(1)
    states[..., 2] = rng.uniform(-np.pi, np.pi, states.shape[:2])
    full = (
        np.stack([[np.interp(np.arange(41), knots, s[:, k]) for k in range(5)] for s in states], 0) if count else None
    )
    full = np.zeros((0, 41, 5)) if full is None else full.transpose(0, 2, 1)
    valid = rng.random((count, 41)) < 0.8 if gaps else np.ones((count, 41), np.bool_)
    poses = full[..., :3] + [*ORIGIN, 0.0]
    sizes = rng.uniform(0.5, 10, (count, 3)).astype(np.float32).astype(float)
    annotated = valid[:, 0] & (rng.random(count) < 0.7)
    return Tracks(tuple(map(str, range(count))), rng.integers(0, 7, count).astype(np.int8), sizes, poses,
                  full[..., 3:], valid, annotated)  # fmt: skip


@given(st.integers(0, 10**6), st.integers(0, 6), st.booleans(), st.booleans())
@settings(max_examples=60, deadline=None)
def test_what_is_unpacked_is_what_was_packed(seed, count, curved, gaps):
    before = tracks(seed, count, curved, gaps)
    after = unpack_tracks(pack_tracks(before, ORIGIN), before.tokens, ORIGIN)
    assert after.tokens == before.tokens
    np.testing.assert_array_equal(after.valid, before.valid)
    np.testing.assert_array_equal(after.kinds, before.kinds)
    np.testing.assert_array_equal(after.sizes, before.sizes)
    np.testing.assert_array_equal(after.now, before.now)
    there = before.valid
    np.testing.assert_allclose(after.poses[there], before.poses[there], rtol=0, atol=5e-5)
    np.testing.assert_allclose(after.velocities[there], before.velocities[there], rtol=0, atol=5e-5)


def test_half_second_annotations_keep_nine_instants_and_what_stands_two():
    moving = tracks(3, 5, curved=False, gaps=False)
    assert len(pack_tracks(moving, ORIGIN)["track_states"]) == 5 * 9
    still = Tracks(moving.tokens, moving.kinds, moving.sizes, moving.poses[:, :1].repeat(41, 1),
                   moving.velocities * 0, moving.valid)  # fmt: skip
    assert len(pack_tracks(still, ORIGIN)["track_states"]) == 5 * 2


def test_a_slow_bend_is_not_taken_for_a_straight_line():
    slow = tracks(0, 1, curved=False, gaps=False)
    slow.poses[0, :, 1] = ORIGIN[1] + 1e-3 * np.arange(41) ** 2
    after = unpack_tracks(pack_tracks(slow, ORIGIN), slow.tokens, ORIGIN)
    np.testing.assert_allclose(after.poses, slow.poses, rtol=0, atol=5e-5)


def test_other_numbers_of_instants_are_refused():
    with pytest.raises(ValueError, match="41"):
        pack_tracks(Tracks.none(steps=40), ORIGIN)
