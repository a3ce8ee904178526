"""Properties of the intervals: where they lie, and what moves them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stesim.bootstrap import difference, interval

NUMBERS = st.integers(-100, 100).map(float) | st.booleans()
VALUES = st.lists(st.none() | NUMBERS, min_size=1, max_size=30).filter(
    lambda values: any(v is not None for v in values)
)
PAIRS = st.lists(st.tuples(st.none() | NUMBERS, st.none() | NUMBERS), min_size=1, max_size=30).filter(
    lambda pairs: all(any(pair[side] is not None for pair in pairs) for side in (0, 1))
)
SEEDS = st.integers(0, 2**64)


@given(VALUES, SEEDS)
def test_it_lies_within_the_values(values: list[float | None], seed: int) -> None:
    low, high = interval(values, seed, rounds=60)
    found = [float(value) for value in values if value is not None]
    assert min(found) - 1e-9 <= low <= high <= max(found) + 1e-9
    assert interval(values, seed, rounds=60) == (low, high)


@given(VALUES, st.floats(0, 1), st.floats(0, 1))
def test_a_higher_level_is_no_narrower(values: list[float | None], one: float, other: float) -> None:
    inner, outer = (interval(values, rounds=60, level=level) for level in sorted((one, other)))
    assert outer[0] <= inner[0] + 1e-9
    assert inner[1] <= outer[1] + 1e-9


@given(VALUES, st.sampled_from([1.0, 2.0, 100.0]), st.integers(-9, 9))
def test_it_moves_with_the_values(values: list[float | None], scale: float, shift: int) -> None:
    low, high = interval(values, rounds=60)
    moved = interval([None if value is None else scale * value + shift for value in values], rounds=60)
    assert moved == pytest.approx((scale * low + shift, scale * high + shift), abs=1e-6)


@given(PAIRS, SEEDS)
def test_a_difference_turns_round_with_its_sides(pairs: list[tuple[float | None, float | None]], seed: int) -> None:
    a, b = zip(*pairs, strict=True)
    low, high = difference(a, b, seed, rounds=60)
    assert low <= high
    assert difference(b, a, seed, rounds=60) == pytest.approx((-high, -low), abs=1e-9)
    assert difference(a, a, seed, rounds=60) == (0.0, 0.0)


@given(VALUES, SEEDS)
def test_a_difference_to_nothing_is_an_interval(values: list[float | None], seed: int) -> None:
    assert difference(values, [0.0] * len(values), seed, rounds=60) == interval(values, seed, rounds=60)
