"""Holding an adapter, as llama.cpp plays it, against the network that was trained.

    found = verify(Path("smollm2.gguf"), Path("adapter.gguf"), training.net, rows)
    print(found.kl, found.bound)

What counts is the Kullback-Leibler divergence of what both predict before each token of some replies, in nats. An
adapter that is not played, or whose rows stand in a wrong order, may still answer well; here it shows. The network
computes with weights of full precision, llama.cpp with those of the file, often of four bits: how far both are from
each other without the adapter is measured beside, and allowed for, unless it is so far that they cannot be the same
model. Not covered: what the replies are worth.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from stesim.errors import UserError
from stesim.finetune import network
from stesim.finetune.base import copy_of
from stesim.finetune.heavy import need
from stesim.finetune.rows import Encoded
from stesim.models.llamacpp import LlamaCppModel

ROWS = 8  # that are looked at
_LONGEST = 512  # tokens of such a row
_LONGEST_REPLY = 128  # tokens of its reply that are looked at
_TIMES = 4.0  # the distance without the adapter
_SHARE = 0.0002  # of what the adapter changes
_LEAST = 1e-6  # nats
_APART = 0.2  # nats: a model of four bits is 0.004 apart, one that either of them reads wrongly several


@dataclass(frozen=True, slots=True)
class Verified:
    """How far apart llama.cpp and the trained network are, in nats a token: `kl` on average over the `positions` of
    `rows`, `kl_max` at the worst of them.

    `kl_to_base` is what the adapter changes in the network, `kl_without` how far apart both are without it. `bound` is
    what `kl` may be: four times `kl_without` and 0.02 % of `kl_to_base`, and 0.000001.
    """

    rows: int
    positions: int
    kl: float
    kl_max: float
    kl_to_base: float
    kl_without: float
    bound: float

    def flat(self) -> dict[str, Any]:
        """The figures as a file holds them."""
        return asdict(self)


def verify(model: Path, adapter: Path, net: Any, rows: Sequence[Encoded], threads: int | None = None) -> Verified:
    """The distance on some of the rows, spread over all of them.

    `net` holds the weights that were written. Raises `UserError` if it is over the bound, if the adapter changes
    nothing in llama.cpp, or if `check_base` does; `ModelError` if llama.cpp does not take the adapter.
    """
    numpy = need("numpy")
    chosen, changes = choose(rows), False
    found: list[tuple[Any, Any, Any]] = []
    with _opened(model, chosen, threads, adapter) as played, _opened(model, chosen, threads) as plain:
        for row in chosen:
            with_it, without_it = (_log(each.logits(row.prompt, row.reply)) for each in (played, plain))
            trained, untrained = _predicted(net, row), _untrained(net, row)
            changes = changes or not numpy.array_equal(with_it, without_it)
            pairs = ((trained, with_it), (trained, untrained), (untrained, without_it))
            found.append(tuple(_divergence(*pair) for pair in pairs))
    each, changed, apart = (numpy.concatenate(of_rows) for of_rows in zip(*found, strict=True))
    kl, to_base, without = (float(of_all.mean()) for of_all in (each, changed, apart))
    bound = _TIMES * without + _SHARE * to_base + _LEAST
    _refuse_apart(model, without)
    if to_base > 0 and not changes:
        raise UserError(f"llama.cpp answers with the adapter {adapter} as it does without it")
    if not kl <= bound:
        raise UserError(
            f"the adapter {adapter} is not what was trained: llama.cpp is {kl:.2g} nats a token away from the trained "
            f"network, more than {bound:.2g}"
        )
    return Verified(len(chosen), len(each), kl, float(each.max()), to_base, without, bound)


def check_base(model: Path, net: Any, rows: Sequence[Encoded], threads: int | None = None) -> None:
    """Raise `UserError` if llama.cpp and the network predict something else without any adapter, before a training that
    would come to nothing: its copy is damaged, or one of them does not know all that the file says.
    """
    row = choose(rows)[0]
    with _opened(model, [row], threads) as plain:
        apart = _divergence(_untrained(net, row), _log(plain.logits(row.prompt, row.reply)))
    _refuse_apart(model, float(apart.mean()))


def _refuse_apart(model: Path, nats: float) -> None:
    if not nats <= _APART:
        raise UserError(
            f"without an adapter llama.cpp is {nats:.2g} nats a token away from the full-precision copy of {model}, "
            f"more than {_APART:g}: remove {copy_of(model)} to have it made anew; if that changes nothing, the model "
            f"cannot be fine-tuned here"
        )


def choose(rows: Sequence[Encoded]) -> list[Encoded]:
    """A few of the rows that are not too long, spread over all of them; the shortest one if all are. Of a long reply
    there is only the beginning.
    """
    short = [row for row in rows if len(row.prompt) + len(row.reply) <= _LONGEST]
    if not short:
        short = sorted(rows, key=lambda row: len(row.prompt) + len(row.reply))[:1]
    chosen = short[:: max(1, len(short) // ROWS)][:ROWS]
    return [replace(row, reply=row.reply[:_LONGEST_REPLY]) for row in chosen]


@contextlib.contextmanager
def _opened(
    model: Path, rows: Sequence[Encoded], threads: int | None, adapter: Path | None = None
) -> Iterator[LlamaCppModel]:
    """The model in llama.cpp, with room for the rows."""
    longest = max(len(row.prompt) + len(row.reply) for row in rows)
    loaded = LlamaCppModel(model, context=longest + 1, thread_count=threads or 1, lora=adapter)
    try:
        yield loaded
    finally:
        loaded.close()


def _untrained(net: Any, row: Encoded) -> Any:
    """What the network predicts without the adapter."""
    with net.disable_adapter():
        return _predicted(net, row)


def _predicted(net: Any, row: Encoded) -> Any:
    """What the network predicts before each token of the reply: log-probabilities in double precision."""
    torch = need("torch")
    with torch.no_grad():
        logits, _ = network.reply_logits(net, [row], "fp32")
    return _log(logits.float().cpu().numpy())


def _log(logits: Any) -> Any:
    """The log-probabilities of rows of logits."""
    numpy = need("numpy")
    wide = numpy.asarray(logits, dtype=numpy.float64)
    wide = wide - wide.max(axis=1, keepdims=True)
    return wide - numpy.log(numpy.exp(wide).sum(axis=1, keepdims=True))


def _divergence(true: Any, other: Any) -> Any:
    """The Kullback-Leibler divergence of the second from the first, at each position; not below 0 by rounding."""
    numpy = need("numpy")
    return numpy.maximum((numpy.exp(true) * (true - other)).sum(axis=1), 0.0)
