"""Which of a few texts a model finds likeliest after a prompt, and what it predicts in one: nothing is sampled.

    choose([-3.5, -1.25, -1.25])    # 1: of two alike the first

A text's likelihood is that of all its tokens together, and of none after it. Not covered: texts beyond the context.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def predictions(llm: Any, api: Any, tokens: Sequence[int], block: int) -> Any:
    """What is predicted before each of `tokens`, after what is in the cache: a float32 array with a row for each.

    As for `log_likelihood` the last figures are current, `block` tokens are evaluated at once, and stay in the cache.
    """
    import numpy

    rows = [_logits(llm, api, -1).copy()]
    for start in range(0, len(tokens) - 1, block):
        count = _evaluate(llm, tokens[start : min(start + block, len(tokens) - 1)])
        rows += [_logits(llm, api, row).copy() for row in range(count)]
    return numpy.stack(rows).astype(numpy.float32, copy=False)


def log_likelihood(llm: Any, api: Any, tokens: Sequence[int], block: int) -> float:
    """The natural logarithm of the probability of `tokens` after what is in the cache, whose last figures are current.

    `block` is how many tokens are evaluated at once. The tokens stay in the cache.
    """
    total = _log_probability(_logits(llm, api, -1), tokens[0])
    for start in range(0, len(tokens) - 1, block):
        count = _evaluate(llm, tokens[start : min(start + block, len(tokens) - 1)])
        total += sum(_log_probability(_logits(llm, api, row), tokens[start + row + 1]) for row in range(count))
    return total


def _evaluate(llm: Any, tokens: Sequence[int]) -> int:
    """Evaluate tokens after what is in the cache, keeping the figures of each; how many they are."""
    llm._batch.set_batch(batch=list(tokens), n_past=llm.n_tokens, logits_all=True)
    llm._ctx.decode(llm._batch)
    llm.n_tokens += len(tokens)
    return len(tokens)


def _logits(llm: Any, api: Any, row: int) -> Any:
    import numpy

    return numpy.ctypeslib.as_array(api.llama_get_logits_ith(llm.ctx, row), shape=(llm.n_vocab(),))


def choose(likelihoods: Sequence[float]) -> int:
    """The place of the largest; of several alike the first."""
    return max(range(len(likelihoods)), key=lambda place: (likelihoods[place], -place))


def _log_probability(logits: Any, token: int) -> float:
    import numpy

    highest = float(logits.max())
    return float(logits[token]) - highest - float(numpy.log(numpy.exp(logits - highest, dtype=numpy.float64).sum()))
