"""How alike two queries are: a figure from 0 to 1 over their words and the pairs of words in them.

    >>> similarity("Will it rain in Paris?", "will it rain in PARIS")
    1.0
    >>> round(similarity("Will it rain in Paris?", "Will it snow in Paris?"), 2)
    0.73

The mean of two Dice coefficients: that of the bags of words, and that of the bags of pairs of neighbouring words, with
a mark at either end. Case, accents, punctuation and the plural s do not count. Not covered: meaning. "10 euros" and "20
euros" are alike by their words, so the calls behind two queries have to be compared as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

from stesim.grounding.words import stems

DEFAULT = 0.8  # from here on, two queries for the same call say nothing that one of them does not


def same(a: str, b: str, threshold: float = DEFAULT) -> bool:
    """Whether two texts are at least so alike; those of the same words in the same order always are."""
    return similarity(a, b) >= min(threshold, 1.0)


def similarity(a: str, b: str) -> float:
    """0.0 for texts without a word in common, 1.0 for those with the same words in the same order."""
    first, second = stems(a), stems(b)
    if first == second:
        return 1.0 if first or a.strip() == b.strip() else 0.0
    alike = (_dice(first, second) + _dice(_pairs(first), _pairs(second))) / 2
    return min(alike, 1 - 1e-9)  # the bags may be the same where the order is not


def _pairs(words: Sequence[str]) -> list[tuple[str, str]]:
    return list(zip(["", *words], [*words, ""], strict=True))


def _dice(first: Sequence[Hashable], second: Sequence[Hashable]) -> float:
    """Twice what two bags share, of all that they hold."""
    if not first or not second:
        return 0.0
    shared = sum((Counter(first) & Counter(second)).values())
    return 2 * shared / (len(first) + len(second))
