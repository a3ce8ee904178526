"""Training on a model of a few kilobytes: the loss falls, a checkpoint changes nothing, the best weights count."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import pytest

from stesim.errors import StoreError, UserError
from stesim.finetune import network
from stesim.finetune import training as trains
from stesim.finetune.base import full_precision
from stesim.finetune.rows import Encoded
from stesim.finetune.training import Step, Training, TrainSettings, batches, parts, rate, split
from tests.tiny import make_tiny

QUICK = TrainSettings(rank=4, alpha=8.0, epochs=3, batch=4, learning_rate=5e-3, held_out=0.0)


def encoded(count: int = 12) -> list[Encoded]:
    return [Encoded([1, 30 + place, 40], [50 + place % 3, 60, 2], f"trial {place // 2}") for place in range(count)]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    patch = pytest.MonkeyPatch()
    patch.setenv("XDG_CACHE_HOME", str(folder))
    try:
        return full_precision(make_tiny(folder / "tiny.gguf"))
    finally:
        patch.undo()


def trained(
    base: Path, settings: TrainSettings = QUICK, rows: list[Encoded] | None = None
) -> tuple[Training, list[Step]]:
    training = Training(base, rows or encoded(), settings, threads=1)
    return training, list(training.steps())


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(bool((one[name] == other[name]).all()) for name in one)


def test_the_loss_falls_and_the_same_again_gives_the_same(base: Path) -> None:
    training, steps = trained(base)
    assert [step.number for step in steps] == list(range(1, 10))
    assert {step.of for step in steps} == {9}
    assert [step.epoch for step in steps] == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert steps[-1].loss < steps[0].loss - 0.1
    assert steps[-1].tokens == 3 * 12 * 6
    again, _ = trained(base)
    assert same(training.weights(), again.weights())
    other, _ = trained(base, TrainSettings(**{**QUICK.flat(), "seed": 1}))
    assert not same(training.weights(), other.weights())


@pytest.mark.parametrize("stop", [1, 4])
def test_going_on_from_a_checkpoint_gives_the_same_weights(base: Path, tmp_path: Path, stop: int) -> None:
    settings = TrainSettings(**{**QUICK.flat(), "held_out": 0.3, "patience": 0})
    whole, steps = trained(base, settings)
    begun = Training(base, encoded(), settings, threads=1)
    before = list(itertools.islice(begun.steps(), stop))
    begun.save(tmp_path / "checkpoint.pt")
    resumed = Training(base, encoded(), settings, threads=1)
    resumed.restore(tmp_path / "checkpoint.pt")
    assert before + list(resumed.steps()) == steps
    assert same(resumed.weights(), whole.weights())


def test_a_damaged_checkpoint_is_refused(base: Path, tmp_path: Path) -> None:
    training, path = Training(base, encoded(), QUICK, threads=1), tmp_path / "checkpoint.pt"
    training.save(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(StoreError, match="it is damaged; remove it to begin anew"):
        training.restore(path)
    path.write_bytes(b"")
    with pytest.raises(StoreError, match="it is damaged; remove it to begin anew"):
        training.restore(path)


def test_a_checkpoint_of_another_rank_is_refused(base: Path, tmp_path: Path) -> None:
    other = Training(base, encoded(), TrainSettings(**{**QUICK.flat(), "rank": 8}), threads=1)
    other.save(tmp_path / "checkpoint.pt")
    with pytest.raises(StoreError, match=r"cannot be used: the adapter .* is of another rank"):
        Training(base, encoded(), QUICK, threads=1).restore(tmp_path / "checkpoint.pt")


def test_a_loss_that_is_no_number_ends_the_training(base: Path) -> None:
    training = Training(base, encoded(), TrainSettings(**{**QUICK.flat(), "learning_rate": math.inf}), threads=1)
    with pytest.raises(UserError, match="the loss of step 2 is not a number; try a lower --learning-rate"):
        list(training.steps())


def test_nothing_to_learn_from(base: Path) -> None:
    with pytest.raises(UserError, match="no row to train on"):
        Training(base, [], QUICK)


def test_the_held_out_slice_ends_the_training_and_the_best_weights_count(base: Path) -> None:
    settings = TrainSettings(**{**QUICK.flat(), "epochs": 40, "held_out": 0.2, "patience": 2, "learning_rate": 2e-2})
    training, steps = trained(base, settings)
    looks = [step.held_out for step in steps if step.held_out is not None]
    assert training.stopped_early
    assert len(steps) < 40 * 3
    assert training.best == min(looks)
    assert looks.index(min(looks)) == len(looks) - 3
    assert not same(training.weights(), network.lora(training.net))
    training.settle()
    assert same(training.weights(), network.lora(training.net))


@pytest.mark.parametrize(
    ("batch", "looks"),
    [(1, [4, 8, 12, 14, 18, 22, 26, 28]), (2, [2, 4, 6, 7, 9, 11, 13, 14]), (3, [2, 4, 5, 7, 9, 10]),
     (4, [1, 2, 3, 4, 5, 6, 7, 8]), (14, [1, 2])],
)  # fmt: skip
def test_the_held_out_slice_is_looked_at_four_times_an_epoch_at_most(
    base: Path, monkeypatch: pytest.MonkeyPatch, batch: int, looks: list[int]
) -> None:
    """And at the end of each."""
    monkeypatch.setattr(Training, "_learn", lambda *_: 1.0)
    monkeypatch.setattr(Training, "_look", lambda _: 1.0)
    settings = TrainSettings(**{**QUICK.flat(), "epochs": 2, "batch": batch, "held_out": 0.1})
    training, steps = trained(base, settings, encoded(16))
    assert (len(training.learned), len(training.held)) == (14, 2)
    assert [step.number for step in steps if step.held_out is not None] == looks


def test_going_on_from_other_weights(base: Path, tmp_path: Path) -> None:
    first, _ = trained(base)
    (tmp_path / "weights.safetensors").write_bytes(network.write(tmp_path, first.weights()))
    second = Training(base, encoded(), QUICK, tmp_path / "weights.safetensors", threads=1)
    assert same(network.lora(second.net), first.weights())
    with pytest.raises(UserError, match="of another rank or another model"):
        Training(base, encoded(), TrainSettings(**{**QUICK.flat(), "rank": 2}), tmp_path / "weights.safetensors")
    (tmp_path / "weights.safetensors").write_bytes(b"nothing")
    with pytest.raises(UserError, match="cannot read the weights"):
        Training(base, encoded(), QUICK, tmp_path / "weights.safetensors")


def test_only_replies_are_learned(base: Path) -> None:
    """What stands in the prompts changes no loss but through what it makes the model predict."""
    training = Training(base, encoded(), QUICK, threads=1)
    logits, wanted = network.reply_logits(training.net, encoded(2), "fp32")
    assert logits.shape[0] == 6
    assert wanted.tolist() == [50, 60, 2, 51, 60, 2]


def test_padding_changes_nothing(base: Path) -> None:
    net = Training(base, encoded(), QUICK, threads=1).net
    short, long = Encoded([1, 30], [50, 2]), Encoded([1, *range(30, 60)], [51, 2])
    alone, _ = network.reply_logits(net, [short], "fp32")
    padded, _ = network.reply_logits(net, [short, long], "fp32")
    assert float((alone - padded[:2]).detach().abs().max()) < 1e-4


def test_rows_of_one_trial_are_held_out_together() -> None:
    learned, held = split(encoded(40), 0.2, 0)
    assert len(held) == 8
    assert not {row.origin for row in learned} & {row.origin for row in held}
    assert split(encoded(40), 0.2, 1) != (learned, held)
    assert split(encoded(2), 0.5, 0) == (encoded(2), [])
    assert split(encoded(8), 0.0, 0) == (encoded(8), [])


def test_every_row_is_in_one_batch() -> None:
    rows = [Encoded([1] * (place % 9 + 1), [place]) for place in range(50)]
    found = batches(rows, 8, "0|epoch 0")
    assert sorted(row.reply[0] for batch in found for row in batch) == list(range(50))
    assert max(map(len, found)) == 8
    assert found == batches(rows, 8, "0|epoch 0") != batches(rows, 8, "0|epoch 1")


def test_a_batch_of_long_rows_comes_in_parts() -> None:
    rows = [Encoded([1] * length, [2] * 4) for length in (96, 16, 56, 6, 26, 6)]
    found = parts(rows, 60)
    assert [[len(row.prompt) + len(row.reply) for row in part] for part, _ in found] == [
        [10, 10, 20],
        [30],
        [60],
        [100],
    ]
    assert [round(share * 6) for _, share in found] == [3, 1, 1, 1]
    assert parts(rows[1:5:2], 60) == [([rows[3], rows[1]], 1.0)]


def test_parts_train_as_the_whole_batch_does(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [Encoded([1, *range(30, 30 + 4 * place)], [50, 60, 2][place % 3 :], f"{place}") for place in range(1, 9)]
    whole, steps = trained(base, rows=rows)
    monkeypatch.setattr(trains, "parts", lambda batch: parts(batch, 30))
    assert max(len(parts(batch, 30)) for batch in batches(rows, 4, "")) > 2
    split_up, again = trained(base, rows=rows)
    assert [step.loss for step in again] == pytest.approx([step.loss for step in steps], rel=1e-4)
    for name, value in whole.weights().items():
        assert float((value - split_up.weights()[name]).abs().max()) < 1e-3 * float(value.abs().max()), name


def test_the_rate_rises_and_falls() -> None:
    rates = [rate(done, 100, TrainSettings(warmup=0.1, learning_rate=1.0)) for done in range(100)]
    assert rates.index(max(rates)) in (9, 10)
    assert rates[:10] == sorted(rates[:10])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] > 0
