import json

import pytest
import torch
from torch import nn

from irlvla.errors import InputError
from irlvla.training.checkpoint import load_checkpoint, save_checkpoint
from irlvla.training.loop import Run, batches, cosine, hash_seed, train


class Stop(Exception):
    pass


def fit(run: Run, steps: int, stop_at: int | None = None) -> nn.Linear:
    torch.manual_seed(0)
    module = nn.Linear(3, 1)
    optimizer = torch.optim.Adam(module.parameters(), lr=0.1)

    def update(step: int, generator: torch.Generator) -> dict[str, float]:
        if step == stop_at:
            raise Stop
        x = torch.randn(16, 3, generator=generator)
        loss = (module(x) - x.sum(-1, keepdim=True)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return {"loss": loss.item()}

    train(run, "fit", steps, update, module, optimizer)
    return module


def test_a_run_that_was_stopped_and_resumed_is_the_run_that_was_not(tmp_path):
    whole = Run(tmp_path / "whole", checkpoint_seconds=0)
    broken = Run(tmp_path / "broken", checkpoint_seconds=0)
    expected = fit(whole, 30)
    with pytest.raises(Stop):
        fit(broken, 30, stop_at=17)
    assert len(broken.records("fit")) == 17
    resumed = fit(broken, 30)
    assert torch.equal(expected.weight, resumed.weight)
    assert whole.records("fit") == broken.records("fit")
    assert [r["step"] for r in broken.records("fit")] == list(range(30))
    assert whole.records("fit")[-1]["loss"] < whole.records("fit")[0]["loss"] / 10


def test_a_finished_run_does_no_work_twice(tmp_path):
    run = Run(tmp_path)
    fit(run, 5)
    before = run.log_path("fit").read_text()
    fit(run, 5, stop_at=0)
    assert run.log_path("fit").read_text() == before


def test_a_loss_that_is_not_finite_stops_the_run(tmp_path):
    module = nn.Linear(1, 1)
    optimizer = torch.optim.SGD(module.parameters(), lr=1.0)
    with pytest.raises(InputError, match="step 0"):
        train(Run(tmp_path), "bad", 3, lambda step, generator: {"loss": float("nan")}, module, optimizer)


def test_checkpoints_keep_nested_state(tmp_path):
    state = {"a": [1, 2.5, None, "x"], "b": {0: torch.arange(3), "c": {"d": torch.ones(2, 2, dtype=torch.bfloat16)}}}
    save_checkpoint(tmp_path / "c.safetensors", state)
    back = load_checkpoint(tmp_path / "c.safetensors")
    assert back["a"] == state["a"]
    assert torch.equal(back["b"][0], state["b"][0])
    assert torch.equal(back["b"]["c"]["d"], state["b"]["c"]["d"])


def test_a_damaged_checkpoint_is_named(tmp_path):
    path = tmp_path / "c.safetensors"
    for content in (None, b"", b"abcdefghijklmnop"):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(InputError, match=r"c\.safetensors.*checkpoint"):
            load_checkpoint(path)


def test_every_epoch_sees_every_item_once_in_a_new_order(tmp_path):
    run = Run(tmp_path, seed=3)
    epochs = [[i for step in range(e * 4, e * 4 + 4) for i in batches(12, 3, step, run, "x")] for e in range(2)]
    assert [sorted(e) for e in epochs] == [list(range(12))] * 2
    assert epochs[0] != epochs[1]
    assert batches(2, 8, 5, run, "x") in ([0, 1], [1, 0])


def test_seeds_do_not_depend_on_the_process():
    assert hash_seed("0/imitation/7") == 1577064496982722574
    assert hash_seed("a") != hash_seed("b")


def test_the_learning_rate_rises_and_falls():
    factors = [cosine(step, 100) for step in range(100)]
    assert factors[0] < 0.3
    assert max(factors) == pytest.approx(1.0, abs=0.01)
    assert factors[-1] == pytest.approx(0.02)
    assert json.dumps(factors)
