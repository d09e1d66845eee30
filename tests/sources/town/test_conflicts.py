import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from irlvla.sources.town.conflicts import CLEARANCE, meetings
from irlvla.sources.town.curves import arc, bridge, unit


def line(start: tuple[float, float], stop: tuple[float, float]) -> np.ndarray:
    start_, stop_ = np.array(start), np.array(stop)
    count = int(np.ceil(np.hypot(*(stop_ - start_)))) + 1
    return start_ + np.linspace(0, 1, count)[:, None] * (stop_ - start_)


def found(*lines: np.ndarray, sources: list[int] | None = None) -> dict[tuple[int, int], list[tuple[float, ...]]]:
    pairs, begins, ends = meetings(lines, np.array(sources or range(len(lines))))
    rows: dict[tuple[int, int], list[tuple[float, ...]]] = {}
    for pair, begin, end in zip(pairs.tolist(), begins.tolist(), ends.tolist(), strict=True):
        rows.setdefault((pair[0], pair[1]), []).append((begin[0], end[0], begin[1], end[1]))
    return rows


def test_crossing_ways_meet_for_a_car_and_a_gap_on_both_sides() -> None:
    rows = found(line((-20, 0), (20, 0)), line((5, -10), (5, 10)))
    assert set(rows) == {(0, 1), (1, 0)}
    ((begin, end, other_begin, other_end),) = rows[0, 1]
    assert (begin, end) == pytest.approx((25 - CLEARANCE, 25 + CLEARANCE), abs=0.6)
    assert (other_begin, other_end) == pytest.approx((10 - CLEARANCE, 10 + CLEARANCE), abs=0.6)
    assert rows[1, 0] == [(other_begin, other_end, begin, end)]


def test_merging_ways_are_contested_to_their_end() -> None:
    merging = bridge(np.array([-30.0, -12.0]), 0.6, np.array([20.0, 0.0]), 0.0, 40.0)
    lines = line((-20, 0), (20, 0)), merging.at(merging.evenly(0.0))[0]
    ((begin, end, _, other_end),) = found(*lines)[0, 1]
    assert end == pytest.approx(40.0)
    assert other_end == pytest.approx(merging.length, abs=0.01)
    assert 5.0 < begin < 35.0


def test_parallel_and_diverging_ways_do_not_meet() -> None:
    assert found(line((0, 0), (40, 0)), line((0, 3.2), (40, 3.2))) == {}
    assert found(line((0, 0), (40, 0)), line((0, 0), (40, 20)), sources=[7, 7]) == {}
    assert found(line((0, 0), (40, 0))) == {}


def test_ways_that_meet_twice_are_listed_twice() -> None:
    bow = arc(np.array([0.0, 0.0]), 15.0, 0.0, np.pi)
    rows = found(line((-30, 6), (30, 6)), bow.at(bow.evenly(0.0))[0])
    assert len(rows[0, 1]) == len(rows[1, 0]) == 2
    first, second = sorted(rows[0, 1])
    assert first[1] < second[0]
    assert first[2] > second[3]  # the bow comes to the first place last


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(*[st.floats(-25, 25)] * 3, st.floats(5, 45)), min_size=2, max_size=5))
def test_meetings_agree_with_distances(drawn: list[tuple[float, float, float, float]]) -> None:
    lines = [line((x, y), tuple(np.array([x, y]) + length * unit(angle))) for x, y, angle, length in drawn]
    rows = found(*lines)
    assert all(rows[a, b] and (b, a) in rows for a, b in rows)
    for a, one in enumerate(lines):
        for b, other in enumerate(lines):
            if a != b:
                near = shapely.distance(shapely.LineString(other), shapely.points(one)) < CLEARANCE
                stretches = rows.get((a, b), [])
                at = np.arange(len(one)) * np.hypot(*(one[1] - one[0]))
                covered = np.zeros(len(one), bool)
                for begin, end, *_ in stretches:
                    covered |= (begin - 1e-9 <= at) & (at <= end + 1e-9)
                assert not (covered & ~near).any()
                well_near = shapely.distance(shapely.LineString(other), shapely.points(one)) < CLEARANCE - 0.06
                assert not (well_near & ~covered).any()
