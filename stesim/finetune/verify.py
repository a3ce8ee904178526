"""Holding an adapter, as llama.cpp plays it, against the network that was trained.

    found = verify(Path("smollm2.gguf"), Path("adapter.gguf"), training.net, rows)
    print(found.kl, found.bound)

What counts is the Kullback-Leibler divergence of what both predict before each token of some replies, in nats. An
adapter that is not played, or whose rows stand in a wrong order, may still answer well; here it shows. The network
computes with weights of full precision, llama.cpp with those of the file, often of four bits: how far both are from
each other without the adapter is measured beside, and allowed for. Not covered: what the replies are worth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stesim.errors import UserError
from stesim.finetune import network
from stesim.finetune.heavy import need
from stesim.finetune.rows import Encoded
from stesim.models.llamacpp import LlamaCppModel

ROWS = 8  # that are looked at
_LONGEST = 512  # tokens of such a row
_TIMES = 4.0  # the distance without the adapter
_SHARE = 0.0002  # of what the adapter changes
_LEAST = 1e-6  # nats


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

    `net` holds the weights that were written. Raises `UserError` if it is over the bound, or the adapter changes
    nothing in llama.cpp; `ModelError` if llama.cpp does not take the adapter.
    """
    chosen = choose(rows)
    played = _played(model, f"{adapter}", chosen, threads)
    plain = _played(model, None, chosen, threads)
    trained = [_predicted(net, row) for row in chosen]
    with net.disable_adapter():
        untrained = [_predicted(net, row) for row in chosen]
    kl, worst = _divergence(trained, played)
    to_base, _ = _divergence(trained, untrained)
    without, _ = _divergence(untrained, plain)
    bound = _TIMES * without + _SHARE * to_base + _LEAST
    positions = sum(len(row.reply) for row in chosen)
    found = Verified(len(chosen), positions, kl, worst, to_base, without, bound)
    if to_base > 0 and all(bool((one == other).all()) for one, other in zip(played, plain, strict=True)):
        raise UserError(f"llama.cpp answers with the adapter {adapter} as it does without it")
    if not kl <= bound:
        raise UserError(
            f"the adapter {adapter} is not what was trained: llama.cpp is {kl:.2g} nats a token away from the trained "
            f"network, more than {bound:.2g}"
        )
    return found


def choose(rows: Sequence[Encoded]) -> list[Encoded]:
    """A few of the rows that are not too long, spread over all of them; the shortest one if all are."""
    short = [row for row in rows if len(row.prompt) + len(row.reply) <= _LONGEST]
    if not short:
        return sorted(rows, key=lambda row: len(row.prompt) + len(row.reply))[:1]
    return short[:: max(1, len(short) // ROWS)][:ROWS]


def _played(model: Path, adapter: str | None, rows: Sequence[Encoded], threads: int | None) -> list[Any]:
    """What llama.cpp predicts for each row: log-probabilities, as double-precision arrays."""
    longest = max(len(row.prompt) + len(row.reply) for row in rows)
    loaded = LlamaCppModel(model, context=longest + 1, thread_count=threads or 1, lora=adapter)
    try:
        return [_log(loaded.logits(row.prompt, row.reply)) for row in rows]
    finally:
        loaded.close()


def _predicted(net: Any, row: Encoded) -> Any:
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


def _divergence(true: Sequence[Any], other: Sequence[Any]) -> tuple[float, float]:
    """The Kullback-Leibler divergence of the second from the first, on average and at worst, over all positions."""
    numpy = need("numpy")
    each = [(numpy.exp(one) * (one - two)).sum(axis=1) for one, two in zip(true, other, strict=True)]
    whole = numpy.concatenate(each)
    return max(0.0, float(whole.mean())), max(0.0, float(whole.max()))
