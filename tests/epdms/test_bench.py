"""The bench runs and says what it promises; it asserts no time."""

import json

import pytest

from irlvla.epdms import bench
from irlvla.epdms.bench_parts import PARTS
from irlvla.epdms.dense import dense_case
from irlvla.errors import InputError
from tests.test_cli import call


def test_the_made_up_crossing_is_busy():
    case = dense_case(32)
    assert len(case.truth.tracks) == 60
    assert len(case.truth.map.ids) == 187
    scores = case.score()
    for name in ("nc", "dac", "ddc", "ttc", "lk"):
        assert 0.0 < getattr(scores, name).mean() < 1.0


def test_figures_for_machines(capsys):
    status, out, _ = call(capsys, "epdms", "bench", "--proposals", "8", "--seconds", "0.01", "--json")
    found = json.loads(out)
    assert status == 0
    assert found["ms_per_trajectory"]["dense"] > 0
    assert found["trajectories_per_s"] > 0
    assert set(found["parts"]) == set(PARTS)
    assert all(part["floor_us"] > 0 for part in found["parts"].values())


def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(InputError, match="tpu"):
        bench(device="tpu")
