"""The judge's GPU code: in numba's CUDA simulator everywhere, and on a GPU where there is one.

The simulator has to be asked for before numba is imported, so there :func:`judged` runs as a program of its own.
"""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from irlvla.epdms import PreviousPlans, SceneTruthBatch, read_case, rollout, score
from irlvla.epdms.check import ROUNDING
from irlvla.epdms.compiled import NUMBA
from irlvla.epdms.margins import margins
from irlvla.epdms.versions import VERSIONS
from irlvla.errors import InputError
from tests.epdms.made_up import box, straight_plan, straight_road
from tests.epdms.test_golden import ANSWERS, GOLDEN

EP, NINE = 4, 9
"""Columns of a table: the nine sub-scores, EP among them, then EPDMS without and with the human-penalty filter."""
KEYS = ("NC", "DAC", "DDC", "TLC", "EP", "TTC", "LK", "HC", "EC", "EPDMS")
TOGETHER = ("fuzz_010", "synthetic_no_human", "static_object")
"""Scenes of a batch, of which the second has no frame before."""


def table(scores):
    """``[B, N, 11]``."""
    return torch.cat([scores.stacked(), scores.epdms()[..., None], scores.filtered().epdms()[..., None]], -1)


def batch_of_three():
    """Scenes with two plans each, and a frame before for two of them."""
    cases = [read_case(GOLDEN / f"{name}.json") for name in TOGETHER]
    befores = [case.previous for case in cases]
    poses = [np.asarray(before.poses)[:, :1] for before in befores]
    poses[1] = np.full_like(poses[1], np.nan)
    stamps, egos = np.concatenate([before.t0_us for before in befores]), np.concatenate([b.ego for b in befores])
    truth, plans = SceneTruthBatch.prepare([case.truth for case in cases]), np.stack([case.poses[:2] for case in cases])
    return truth, plans, PreviousPlans(stamps, egos, np.concatenate(poses))


def more_than_a_block():
    """Two scenes with 67 plans each, which no block of threads holds."""
    truth = SceneTruthBatch.prepare([straight_road(), straight_road(speed=8.0, boxes=[box("stands", 30, 0.2)])])
    return truth, np.stack([[straight_plan(speed) for speed in np.linspace(0, 12, 67)]] * 2)


def judged(device):
    """Everything that a GPU does, by name: golden scenes in all versions, three scenes at once, roll-outs."""
    found = {}
    for name in ANSWERS:
        case = read_case(GOLDEN / f"{name}.json")
        for version in VERSIONS:
            found[f"{name} {version}"] = table(case.score(version, device))[0]
    truth, plans, before = batch_of_three()
    for version in ("2.2", "1.1"):
        found[f"batch {version}"] = table(score(truth, plans, version=version, device=device, previous=before))
    found["selected"] = table(score(truth.select([2, 0, 0]), plans[[2, 0, 0]], device=device))
    found["blocks"] = table(score(*more_than_a_block(), device=device))
    found["states"] = rollout(truth, plans, device=device)
    return {name: values.cpu().numpy() for name, values in found.items()}


@pytest.fixture(scope="module")
def on_cpu():
    return judged("cpu")


@cache
def sure(scene):
    """Which entries ``[N, 11]`` of a golden scene's table rounding does not decide: a GPU rounds products and sums in
    one, and a car exactly ahead may be ahead or not."""
    case = read_case(GOLDEN / f"{scene}.json")
    near = margins(case, SceneTruthBatch.prepare([case.truth]))
    return np.column_stack([*(near["raw"][key] for key in KEYS), near["filtered"]["EPDMS"]]) > ROUNDING


@pytest.fixture(scope="module", params=["simulator", "gpu"])
def on_gpu(request, tmp_path_factory):
    if request.param == "gpu":
        if not torch.cuda.is_available():
            pytest.skip("there is no GPU")
        return judged("cuda")
    path = tmp_path_factory.mktemp("simulator") / "judged.npz"
    command = [sys.executable, "-m", "tests.epdms.test_cuda", str(path)]
    environment = {**os.environ, "NUMBA_ENABLE_CUDASIM": "1"}
    done = subprocess.run(command, env=environment, cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return dict(np.load(path))


def assert_same_table(ours, theirs, where, told=True):
    """Where ``told``, sub-scores are equal, but EP and the whole score agree to 1e-6."""
    ours = np.where(told, ours, theirs)
    steady = [column for column in range(NINE) if column != EP]
    np.testing.assert_array_equal(ours[..., steady], theirs[..., steady], err_msg=where)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6, err_msg=where)


def test_golden_scenes_have_the_official_scores(on_gpu):
    for name, rows in ANSWERS.items():
        official = [[*(row["raw"][key] for key in KEYS), row["filtered"]["EPDMS"]] for row in rows]
        assert_same_table(on_gpu[f"{name} 2.2"], np.array(official, np.float64), name, sure(name))


def test_all_versions_are_judged_as_on_the_cpu(on_cpu, on_gpu):
    for name in ANSWERS:
        for version in VERSIONS:
            where = f"{name} {version}"
            assert_same_table(on_gpu[where], on_cpu[where], where, sure(name))


def test_scenes_are_judged_together_as_on_the_cpu(on_cpu, on_gpu):
    for name in ("batch 2.2", "batch 1.1", "selected", "blocks"):
        assert_same_table(on_gpu[name], on_cpu[name], name)
    assert np.isnan(on_gpu["batch 2.2"][:, :, NINE - 1]).tolist() == [[False] * 2, [True] * 2, [False] * 2]


def test_scenes_together_score_as_each_alone(on_gpu):
    for b, name in enumerate(TOGETHER):
        steady = slice(NINE - 1)  # extended comfort is compared with another plan
        np.testing.assert_array_equal(on_gpu["batch 2.2"][b, :, steady], on_gpu[f"{name} 2.2"][:2, steady])
    np.testing.assert_array_equal(on_gpu["selected"][:, :, : NINE - 1], on_gpu["batch 2.2"][[2, 0, 0], :, : NINE - 1])


def test_rollouts_are_those_of_the_cpu(on_cpu, on_gpu):
    assert on_gpu["states"].shape == (3, 2, 41, 11)
    np.testing.assert_allclose(on_gpu["states"], on_cpu["states"], rtol=0, atol=1e-8)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize("device", ["cuda", "cuda:0", torch.device("cuda")])
def test_a_gpu_that_is_not_there_is_named(device):
    batch, plans = SceneTruthBatch.prepare([straight_road()]), straight_plan(10.0)[None, None]
    for judge in (score, rollout):
        with pytest.raises(InputError, match=r"'cuda.*is not there"):
            judge(batch, plans, device=device)


@pytest.mark.parametrize("device", ["tpu", "cuda:x", "cpu:one", ""])
def test_other_devices_are_refused(device):
    batch, plans = SceneTruthBatch.prepare([straight_road()]), straight_plan(10.0)[None, None]
    for judge in (score, rollout):
        with pytest.raises(InputError, match="plans cannot be judged on"):
            judge(batch, plans, device=device)


if __name__ == "__main__":
    assert NUMBA.ENABLE_CUDASIM
    np.savez(sys.argv[1], **judged("cuda"))
