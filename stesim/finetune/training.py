"""Training a LoRA adapter on rows: batches, schedule, held-out slice, checkpoints.

    training = Training(full_precision(path), encoded, TrainSettings())
    for step in training.steps():
        print(step.number, step.loss)
    tensors = training.weights()

The loss is on the replies only (paper: section 4, fine-tuning), and only there is the model's head applied. One seed,
one number of threads and the same rows give the same weights, also after a stop and a restart from a checkpoint.
Not covered: several devices, and where checkpoints and results go.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stesim.errors import StoreError, UserError
from stesim.finetune import network
from stesim.finetune.heavy import need
from stesim.finetune.rows import Encoded
from stesim.store.whole import replacing

_TOGETHER = 16  # batches whose rows are sorted by length, so that little of a batch is padding
_AT_ONCE = 1024  # tokens of a batch, padding among them, that the network is given at once: the memory grows with them
_CHECKS = 4  # of the held-out slice in each epoch
_LONGEST_NORM = 1.0  # of the gradient
_END = 0.1  # of the learning rate is left at the end of the cosine


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """How an adapter is trained.

    `rank` and `alpha` are LoRA's, on all linear layers. `warmup` is the share of all steps in which the learning rate
    rises, before it falls along a cosine. A row has `max_length` tokens at most. `held_out` is the share of what rows
    come from (trials, plain drills, requests, chats) that is not learned but looked at, four times an epoch; after
    `patience` looks in a row without improvement
    the training ends (0: never before its end), and the best weights count. `precision` is bf16 or fp32.
    """

    rank: int = 16
    alpha: float = 32.0
    epochs: int = 2
    batch: int = 8
    learning_rate: float = 5e-4
    warmup: float = 0.03
    max_length: int = 1024
    held_out: float = 0.05
    patience: int = 4
    precision: str = "fp32"
    seed: int = 0

    def flat(self) -> dict[str, Any]:
        """The settings as a manifest holds them."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the training: its number of how many, the epoch from 1, the loss of its batch, the tokens trained on
    so far, and the loss of the held-out slice if it was looked at.
    """

    number: int
    of: int
    epoch: int
    loss: float
    tokens: int
    held_out: float | None = None


class Training:
    """An adapter in the making. `base` is the folder of the full-precision copy, `start` the weights to go on from.

    Raises `UserError` if there is nothing to learn from, or `start` does not fit.
    """

    def __init__(
        self, base: Path, rows: Sequence[Encoded], settings: TrainSettings, start: Path | None = None, threads: int = 0
    ) -> None:
        self.settings = settings
        self.learned, self.held = split(rows, settings.held_out, settings.seed)
        if not self.learned:
            raise UserError("there is no row to train on")
        self._torch = torch = need("torch")
        if threads:
            torch.set_num_threads(threads)
        torch.manual_seed(settings.seed)
        self.net = network.with_lora(base, settings.rank, settings.alpha)
        if start is not None:
            network.fill(self.net, network.read(start), start)
        self._trained = [value for value in self.net.parameters() if value.requires_grad]
        self._optimizer = torch.optim.AdamW(self._trained, lr=settings.learning_rate, weight_decay=0.0)
        self._per_epoch = math.ceil(len(self.learned) / settings.batch)
        self.of = self._per_epoch * settings.epochs
        self.done = 0
        self.tokens = 0
        self.best = math.inf  # the least loss of the held-out slice
        self._best_weights: dict[str, Any] = {}
        self._worse = 0  # looks at the held-out slice since then

    @property
    def stopped_early(self) -> bool:
        """Whether the held-out slice ended the training."""
        return bool(self.settings.patience) and self._worse >= self.settings.patience

    def steps(self) -> Iterator[Step]:
        """Train, step by step; goes on where a checkpoint was. Raises `UserError` if the loss is no number."""
        order: list[list[Encoded]] = []
        while self.done < self.of and not self.stopped_early:
            epoch, place = divmod(self.done, self._per_epoch)
            if not order or not place:
                order = batches(self.learned, self.settings.batch, f"{self.settings.seed}|epoch {epoch}")
            loss = self._learn(order[place])
            self.done += 1
            held_out = self._look() if self._is_time() else None
            yield Step(self.done, self.of, epoch + 1, loss, self.tokens, held_out)

    def _learn(self, batch: Sequence[Encoded]) -> float:
        for group in self._optimizer.param_groups:
            group["lr"] = rate(self.done, self.of, self.settings)
        self._optimizer.zero_grad(set_to_none=True)
        value = 0.0
        for rows, share in parts(batch):
            loss = network.loss(self.net, rows, self.settings.precision) * share
            value += float(loss.detach())
            if not math.isfinite(value):
                raise UserError(f"the loss of step {self.done + 1} is not a number; try a lower --learning-rate")
            loss.backward()
        self._torch.nn.utils.clip_grad_norm_(self._trained, _LONGEST_NORM)
        self._optimizer.step()
        self.tokens += sum(len(row.prompt) + len(row.reply) for row in batch)
        return value

    def _is_time(self) -> bool:
        every, place = math.ceil(self._per_epoch / _CHECKS), (self.done - 1) % self._per_epoch + 1
        return bool(self.held) and (place % every == 0 or place == self._per_epoch)

    def _look(self) -> float:
        """The loss of the held-out slice, each token of its replies counting alike; keeps the best weights."""
        told = replies = 0.0
        with self._torch.no_grad():
            for batch in in_order(self.held, self.settings.batch):
                count = _replies(batch)
                told += float(network.loss(self.net, batch, self.settings.precision)) * count
                replies += count
        found = told / replies
        if found < self.best:
            self.best, self._worse, self._best_weights = found, 0, network.lora(self.net)
        else:
            self._worse += 1
        return found

    def weights(self) -> dict[str, Any]:
        """The adapter's tensors by PEFT's names: the best ones where a slice was held out, else the last ones."""
        return self._best_weights or network.lora(self.net)

    def settle(self) -> None:
        """Put the best weights into the network, to compare it with what is written."""
        network.fill(self.net, self.weights(), None)

    def save(self, path: Path) -> None:
        """Write all that decides what follows to a file, whole or not at all; raises `StoreError`."""
        held = {
            "done": self.done, "tokens": self.tokens, "best": self.best, "worse": self._worse,
            "weights": network.lora(self.net), "best_weights": self._best_weights,
            "optimizer": self._optimizer.state_dict(),
        }  # fmt: skip
        try:
            with replacing(path) as new, new.open("wb") as file:
                self._torch.save(held, file)
        except (OSError, RuntimeError) as error:  # torch has an error of its own for a full disk
            reason = getattr(error, "strerror", None) or "is the disk full?"
            raise StoreError(f"cannot write the checkpoint {path}: {reason}") from None

    def restore(self, path: Path) -> None:
        """Go back to a checkpoint; raises `StoreError` for one that is damaged or of another adapter."""
        try:
            held = self._torch.load(path, weights_only=True)
            network.fill(self.net, held["weights"], path)
            self._optimizer.load_state_dict(held["optimizer"])
            self.done, self.tokens = int(held["done"]), int(held["tokens"])
            self.best, self._worse = float(held["best"]), int(held["worse"])
            self._best_weights = dict(held["best_weights"])
        except Exception as error:  # torch has many for a damaged file
            reason = str(error) if isinstance(error, UserError) else "it is damaged"
            raise StoreError(f"the checkpoint {path} cannot be used: {reason}; remove it to begin anew") from None


def rate(done: int, of: int, settings: TrainSettings) -> float:
    """The learning rate of the step after `done` ones: it rises in the warm-up, then falls along a cosine.

    >>> [round(rate(done, 10, TrainSettings(warmup=0.2, learning_rate=1.0)), 2) for done in (0, 1, 2, 6, 9)]
    [0.5, 1.0, 1.0, 0.55, 0.13]
    """
    warm = math.ceil(settings.warmup * of)
    if done < warm:
        return settings.learning_rate * (done + 1) / warm
    part = (done - warm) / max(1, of - warm)
    return settings.learning_rate * (_END + (1 - _END) * 0.5 * (1 + math.cos(math.pi * part)))


def split(rows: Sequence[Encoded], share: float, seed: int) -> tuple[list[Encoded], list[Encoded]]:
    """The rows to learn and those held out: all rows of a share of the trials, a seeded choice.

    Nothing is held out of fewer than two trials, and never all.
    """
    origins = sorted({row.origin for row in rows})
    count = min(math.ceil(share * len(origins)), len(origins) - 1) if share > 0 else 0
    chosen = set(random.Random(f"{seed}|held out").sample(origins, max(0, count)))
    return [row for row in rows if row.origin not in chosen], [row for row in rows if row.origin in chosen]


def batches(rows: Sequence[Encoded], size: int, seed: str) -> list[list[Encoded]]:
    """The rows in a seeded order, in batches of rows that are about as long as each other."""
    rng = random.Random(seed)
    order = rng.sample(range(len(rows)), len(rows))
    found: list[list[Encoded]] = []
    for start in range(0, len(order), size * _TOGETHER):
        near = sorted(order[start : start + size * _TOGETHER], key=lambda place: _length(rows[place]))
        found += [[rows[place] for place in near[at : at + size]] for at in range(0, len(near), size)]
    return rng.sample(found, len(found))


def parts(batch: Sequence[Encoded], most: int = _AT_ONCE) -> list[tuple[list[Encoded], float]]:
    """A batch in parts of `most` tokens, padding among them, or of one longer row; with each the share of the batch's
    replies that it holds. Gradients of the parts, weighted so, add up to that of the batch.
    """
    found: list[list[Encoded]] = []
    for row in sorted(batch, key=_length):
        if found and _length(row) * (len(found[-1]) + 1) <= most:
            found[-1].append(row)
        else:
            found.append([row])
    return [(rows, _replies(rows) / _replies(batch)) for rows in found]


def in_order(rows: Sequence[Encoded], size: int) -> list[list[Encoded]]:
    """The rows in batches, by length."""
    ordered = sorted(rows, key=_length)
    return [list(ordered[at : at + size]) for at in range(0, len(ordered), size)]


def _length(row: Encoded) -> int:
    return len(row.prompt) + len(row.reply)


def _replies(rows: Sequence[Encoded]) -> int:
    """The tokens of their replies."""
    return sum(len(row.reply) for row in rows)
