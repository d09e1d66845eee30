"""Scores of many frames made into one: by hand, by properties, and beside the benchmark's own figures."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from irlvla.epdms.two_stage import Pair, follower_weights, one_stage, two_stage
from irlvla.errors import InputError
from irlvla.scene import SubScores

TABLE = """
n0 0.5 1 0.5 1 0.843 0 0 1 1 600.59 609.62 570.590 609.620
p0 1 1 1 1 0.304 0 1 0 1 601.59 608.62 570.590 609.620
a0 1 0 1 1 0.512 1 1 1 1 0.00 0.00 600.307 609.991
a1 0.5 1 0.5 1 0.653 1 0 1 1 0.00 0.00 600.307 609.609
a2 1 0 0.5 1 0.736 0 1 0 0 0.00 0.00 600.900 609.416
b0 1 1 0.5 1 0.729 1 1 1 1 0.00 0.00 601.551 608.659
b1 1 1 1 1 0.626 1 0 0 1 0.00 0.00 601.612 608.191
b2 0.5 1 1 1 0.648 1 1 1 0 0.00 0.00 601.617 609.096
n1 0.5 1 0.5 1 0.553 0 0 1 1 643.70 633.11 613.700 633.110
p1 1 1 0.5 1 0.526 1 1 1 1 644.70 632.11 613.700 633.110
a3 1 0 1 1 0.985 1 1 1 0 0.00 0.00 693.666 683.550
a4 1 1 1 1 0.774 1 0 1 1 0.00 0.00 693.941 682.995
b3 1 1 1 1 0.582 1 0 1 0 0.00 0.00 644.571 632.022
b4 1 0 0.5 1 0.77 1 1 1 1 0.00 0.00 645.233 631.960
n2 1 1 0.5 1 0.749 1 0 1 0 636.29 611.32 606.290 611.320
p2 1 0 1 1 0.468 0 1 0 0 637.29 610.32 606.290 611.320
a5 0.5 1 1 1 0.683 1 1 1 0 0.00 0.00 636.417 610.575
a6 0.5 1 1 1 0.561 0 1 0 1 0.00 0.00 636.586 610.709
a7 1 1 0.5 1 0.76 0 1 1 0 0.00 0.00 636.555 611.024
a8 1 1 0.5 1 0.541 1 0 1 0 0.00 0.00 636.563 611.366
b5 0.5 0 1 1 0.663 1 0 0 0 0.00 0.00 636.752 610.757
b6 0.5 0 1 1 0.953 1 1 1 1 0.00 0.00 637.795 610.297
b7 0.5 1 0.5 1 0.396 0 1 0 0 0.00 0.00 637.194 610.264
b8 0.5 0 1 1 0.74 1 0 0 0 0.00 0.00 636.949 610.705
"""
"""Made-up frames: token, NC to EC, end of the plan, start of the ego. Frames n, p; followers a of n and b of p."""
PAIRS = Pair.of_mapping(
    [
        ["n0", "p0", [["a0", "b0"], ["a1", "b1"], ["a2", "b2"]]],
        ["n1", "p1", [["a3", "b3"], ["a4", "b4"]]],
        ["n2", "p2", [["a5", "b5"], ["a6", "b6"], ["a7", "b7"], ["a8", "b8"]]],
    ]
)
OFFICIAL_ONE = [
    0.833333333333,
    0.833333333333,
    0.666666666667,
    1.0,
    0.573833333333,
    0.333333333333,
    0.5,
    0.666666666667,
    0.666666666667,
    0.223463541667,
]
OFFICIAL_TWO = [
    0.85383911356,
    0.724067887142,
    0.747825154862,
    1.0,
    0.671837025081,
    0.77367243969,
    0.54419499742,
    0.755560657621,
    0.404784826274,
    0.297645334331,
]
OFFICIAL_COMBINED = 0.087730545589
"""What the benchmark's own aggregation (commit 0a380a9) makes of the table: nine sub-scores and the score."""


def table(text=TABLE):
    rows = [line.split() for line in text.strip().splitlines()]
    numbers = torch.tensor([[float(x) for x in row[1:]] for row in rows], dtype=torch.float64)
    scores = SubScores.unstacked(numbers[:, None, :9])
    return [row[0] for row in rows], scores, numbers[:, None, 9:11], numbers[:, 11:13]


def frame(score, ec=1.0, count=1):
    """Sub-scores ``[count]`` of which EPDMS is ``score`` where EC is 1."""
    columns = torch.ones(count, 9, dtype=torch.float64)
    columns[:, 0], columns[:, 8] = score, ec
    return columns


def made_up(scores, ends, starts):
    """Arguments of ``two_stage`` from dictionaries by token; frames without an end get one far off."""
    tokens = list(scores)
    columns = torch.stack([frame(scores[token]) for token in tokens])
    ends = torch.tensor([[ends.get(token, (999.0, 999.0))] for token in tokens], dtype=torch.float64)
    starts = torch.tensor([starts.get(token, (-99.0, 0.0)) for token in tokens], dtype=torch.float64)
    return tokens, SubScores.unstacked(columns), ends, starts


def assert_same(one, other):
    for ours, theirs in ((one.stage_one, other.stage_one), (one.stage_two, other.stage_two)):
        torch.testing.assert_close(ours.score, theirs.score, rtol=0, atol=1e-14)
        torch.testing.assert_close(ours.subscores, theirs.subscores, rtol=0, atol=1e-14)
    torch.testing.assert_close(one.combined, other.combined, rtol=0, atol=1e-14)


def test_agrees_with_the_benchmark():
    result = two_stage(PAIRS, *table())
    for stage, official in ((result.stage_one, OFFICIAL_ONE), (result.stage_two, OFFICIAL_TWO)):
        np.testing.assert_allclose(stage.subscores[0].numpy(), official[:9], rtol=0, atol=1e-11)
        assert stage.score.item() == pytest.approx(official[9], abs=1e-11)
    assert result.combined.item() == pytest.approx(OFFICIAL_COMBINED, abs=1e-11)


def test_two_followers_by_hand():
    # "now" ends at a0 and 1 m beside a1: weights 1 and exp(-5); "previous" ends far from both: equal weights
    scores = {"n": 0.5, "p": 1.0, "a0": 1.0, "a1": 0.5, "b0": 0.0, "b1": 0.5}
    starts = {"a0": (10.0, 0.0), "a1": (10.0, 1.0), "b0": (8.0, 0.0), "b1": (8.0, 1.0)}
    pairs = [Pair("n", "p", (("a0", "b0"), ("a1", "b1")))]
    result = two_stage(pairs, *made_up(scores, {"n": (10.0, 0.0), "p": (50.0, 0.0)}, starts))
    near, beside = 1 / (1 + math.exp(-5)), math.exp(-5) / (1 + math.exp(-5))
    now, previous = near * 1.0 + beside * 0.5, 0.25
    assert result.stage_one.score.item() == pytest.approx(0.75)
    assert result.stage_two.score.item() == pytest.approx((now + previous) / 2)
    assert result.combined.item() == pytest.approx((0.5 * now + 1.0 * previous) / 2)


def test_the_predecessor_shares_the_extended_comfort_of_its_frame():
    tokens, scores, ends, starts = table()
    ec = scores.ec.clone()
    ec[[k for k, token in enumerate(tokens) if token[0] in "pb"]] = math.nan
    assert_same(two_stage(PAIRS, tokens, replace(scores, ec=ec), ends, starts), two_stage(PAIRS, *table()))


def test_agents_are_aggregated_each_by_its_own_ends():
    tokens, scores, ends, starts = table()
    beside = ends + torch.tensor([0.2, -0.1])
    both = two_stage(PAIRS, tokens, SubScores.cat([scores, scores], 1), torch.cat([ends, beside], 1), starts)
    for n, alone in enumerate([ends, beside]):
        single = two_stage(PAIRS, tokens, scores, alone, starts)
        assert both.combined[n].item() == pytest.approx(single.combined.item(), abs=1e-15)
        torch.testing.assert_close(both.stage_two.subscores[n], single.stage_two.subscores[0])


@given(st.permutations(range(24)), st.permutations(range(3)))
@settings(max_examples=20, deadline=None)
def test_the_order_of_frames_and_pairs_plays_no_part(order, pair_order):
    tokens, scores, ends, starts = table()
    shuffled = SubScores.unstacked(scores.stacked()[order])
    pairs = [PAIRS[k] for k in pair_order]
    result = two_stage(pairs, [tokens[k] for k in order], shuffled, ends[order], starts[order])
    assert_same(result, two_stage(PAIRS, tokens, scores, ends, starts))


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 1e6)), min_size=1, max_size=12))
def test_weights_sum_to_one_in_every_group(members):
    groups = torch.tensor([group for group, _ in members])
    squared = torch.tensor([[square] for _, square in members], dtype=torch.float64)
    weights = follower_weights(squared, groups, 4)
    sums = torch.zeros(4, 1, dtype=torch.float64).index_add_(0, groups, weights)
    torch.testing.assert_close(sums[groups], torch.ones_like(weights))
    assert (weights >= 0).all()


def test_weights_of_the_nearest_and_of_followers_far_away():
    weights = follower_weights(torch.tensor([[0.0], [0.1], [9e9], [9e8]]).double(), torch.tensor([0, 0, 1, 1]), 2)
    assert weights[1].item() / weights[0].item() == pytest.approx(math.exp(-0.5))
    assert weights[2:].tolist() == [[0.5], [0.5]]


def test_weights_turn_equal_only_where_all_are_negligible():
    squared = torch.tensor([[3.6], [3.8]]).double()  # exp(-18) and exp(-19): more than 1e-8 together
    weights = follower_weights(squared, torch.tensor([0, 0]), 1)
    assert weights[0].item() == pytest.approx(1 / (1 + math.exp(-1)), abs=1e-6)
    assert follower_weights(squared + 0.2, torch.tensor([0, 0]), 1).tolist() == [[0.5], [0.5]]


def test_one_stage_is_the_plain_mean():
    tokens, scores, _, _ = table()
    mean = one_stage(tokens, scores)
    torch.testing.assert_close(mean.subscores, scores.stacked().mean(0))
    torch.testing.assert_close(mean.score, scores.epdms().mean(0))


def test_one_stage_leaves_out_the_extended_comfort_of_frames_without_a_predecessor():
    columns = torch.stack([frame(1.0, ec=0.0), frame(1.0, ec=math.nan)])
    mean = one_stage(["a", "b"], SubScores.unstacked(columns))
    assert mean.score.item() == pytest.approx((14 / 16 + 1) / 2)
    assert mean.subscores[0, 8].item() == 0.0


def _without(token):
    def change(tokens, scores, ends, starts):
        kept = [k for k, name in enumerate(tokens) if name != token]
        return [tokens[k] for k in kept], SubScores.unstacked(scores.stacked()[kept]), ends[kept], starts[kept]

    return change


def _holed(token, part):
    def change(tokens, scores, ends, starts):
        k = tokens.index(token)
        columns, ends, starts = scores.stacked().clone(), ends.clone(), starts.clone()
        {"ddc": columns[k, 0, 2:3], "ec": columns[k, 0, 8:], "end": ends[k, 0, 1:], "start": starts[k, :1]}[part].fill_(
            math.nan
        )
        return tokens, SubScores.unstacked(columns), ends, starts

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_without("b4"), "b4: has no score"),
        (_holed("a7", "ddc"), "a7: DDC is not"),
        (_holed("n1", "ec"), "n1: EC is not"),
        (_holed("n2", "end"), "n2: y of the end"),
        (_holed("b1", "start"), "b1: x of the start"),
        (lambda tokens, *rest: (["a0", *tokens[1:]], *rest), "a0: was scored twice"),
        (lambda tokens, scores, ends, starts: (tokens, scores, ends[:, 0], starts), "ends and starts"),
        (lambda tokens, *rest: (tokens[1:], *rest), "scores: the shape"),
    ],
)
def test_what_is_refused_is_named(change, message):
    with pytest.raises(InputError, match=message):
        two_stage(PAIRS, *change(*table()))


def test_mappings_that_are_refused():
    with pytest.raises(InputError, match="row 1 of the mapping"):
        Pair.of_mapping([["n", "p", [["a", "b"]]], ["n", "p", ["a"]]])
    with pytest.raises(InputError, match="n0: has no followers"):
        two_stage([Pair("n0", "p0", ())], *table())
    with pytest.raises(InputError, match="a0: occurs twice in the mapping"):
        two_stage([Pair("n0", "p0", (("a0", "b0"), ("a0", "b1")))], *table())
    with pytest.raises(InputError, match="there are none"):
        two_stage([], *table())
    with pytest.raises(InputError, match="there are none"):
        one_stage([], SubScores.unstacked(torch.zeros(0, 1, 9)))
