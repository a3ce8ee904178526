"""Which of a few texts a model finds likeliest after a prompt: nothing is sampled.

    choose([-3.5, -1.25, -1.25])    # 1: of two alike the first

A text's likelihood is that of all its tokens together, and of none after it. Not covered: texts beyond the context.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def log_likelihood(llm: Any, api: Any, tokens: Sequence[int], block: int) -> float:
    """The natural logarithm of the probability of `tokens` after what is in the cache, whose last figures are current.

    `block` is how many tokens are evaluated at once. The tokens stay in the cache.
    """
    import numpy

    def logits(row: int) -> Any:
        return numpy.ctypeslib.as_array(api.llama_get_logits_ith(llm.ctx, row), shape=(llm.n_vocab(),))

    total = _log_probability(logits(-1), tokens[0])
    for start in range(0, len(tokens) - 1, block):
        part = list(tokens[start : min(start + block, len(tokens) - 1)])
        llm._batch.set_batch(batch=part, n_past=llm.n_tokens, logits_all=True)
        llm._ctx.decode(llm._batch)
        llm.n_tokens += len(part)
        total += sum(_log_probability(logits(row), tokens[start + row + 1]) for row in range(len(part)))
    return total


def choose(likelihoods: Sequence[float]) -> int:
    """The place of the largest; of several alike the first."""
    return max(range(len(likelihoods)), key=lambda place: (likelihoods[place], -place))


def _log_probability(logits: Any, token: int) -> float:
    import numpy

    highest = float(logits.max())
    return float(logits[token]) - highest - float(numpy.log(numpy.exp(logits - highest, dtype=numpy.float64).sum()))
