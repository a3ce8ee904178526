"""How sure a share or a mean is: percentile bootstrap intervals of one sequence and of the difference of two.

    >>> low, high = interval([True] * 40 + [False] * 60)
    >>> round(low, 2), round(high, 2)
    (0.3, 0.49)
    >>> before, after = [False] * 10, [True] * 8 + [False, None]
    >>> low, high = difference(after, before)
    >>> low > 0.5
    True

The queries are drawn again with replacement, whole ones: in a difference both results of a query go together. A value
of None stands for a query that does not count there (such as the right tool where there is no call); it is drawn like
the others, so that an interval also holds the doubt about how many count. Not covered: where all values are equal
the interval has no width, however few there are; queries that depend on one another.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy

    Floats = numpy.ndarray[Any, numpy.dtype[numpy.float64]]

Value = float | bool | None


def interval(values: Sequence[Value], seed: int = 0, rounds: int = 2000, level: float = 0.95) -> tuple[float, float]:
    """The interval of the mean of those values that count, in their units; the same for the same `seed`.

    Raises `ValueError` if none counts, if one is not finite, and for `rounds` below 1 or a `level` outside 0..1.
    """
    summed, counted = _columns(values)
    return _bounds((float(summed[drawn].sum() / n) for drawn, n in _draws([counted], seed, rounds)), level)


def difference(
    a: Sequence[Value], b: Sequence[Value], seed: int = 0, rounds: int = 2000, level: float = 0.95
) -> tuple[float, float]:
    """The interval of mean(a) - mean(b), where `a` and `b` are values of the same queries in the same order.

    Raises `ValueError` if they differ in length, and as `interval` does.
    """
    if len(a) != len(b):
        raise ValueError(f"{len(a)} values cannot be paired with {len(b)}")
    (sum_a, counted_a), (sum_b, counted_b) = _columns(a), _columns(b)
    means = (
        float(sum_a[drawn].sum() / n_a - sum_b[drawn].sum() / n_b)
        for drawn, n_a, n_b in _draws([counted_a, counted_b], seed, rounds)
    )
    return _bounds(means, level)


def _columns(values: Sequence[Value]) -> tuple[Floats, Floats]:
    """The values, and 1 for each that counts; both 0 for one that does not."""
    import numpy

    if any(value is not None and not math.isfinite(value) for value in values):
        raise ValueError("a value is not finite")
    counted = numpy.array([float(value is not None) for value in values])
    if not counted.any():
        raise ValueError("there is no value that counts")
    return numpy.array([float(value or 0.0) for value in values]), counted


def _draws(counted: Sequence[Floats], seed: int, rounds: int) -> Iterator[tuple[Any, ...]]:
    """For each round the positions drawn and how many of them count; a round in which none does is left out."""
    import numpy

    if rounds < 1:
        raise ValueError("there must be at least one round")
    # Its numbers are the same in every version of numpy, which those of the newer generators need not be.
    random = numpy.random.RandomState(seed % 2**32)
    size = len(counted[0])
    for _ in range(rounds):
        drawn = random.randint(0, size, size)
        counts = [float(column[drawn].sum()) for column in counted]
        if all(counts):
            yield drawn, *counts


def _bounds(means: Iterator[float], level: float) -> tuple[float, float]:
    import numpy

    if not 0 <= level <= 1:
        raise ValueError("the level must be from 0 to 1")
    found = list(means)
    if not found:
        raise ValueError("too few values count for the number of rounds")
    low, high = numpy.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
