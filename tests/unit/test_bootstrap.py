"""How sure a share is: intervals whose size is known, and what counts in them."""

from __future__ import annotations

import math
import random
import statistics

import pytest

from stesim.bootstrap import difference, interval


def test_the_width_is_that_of_the_normal_approximation_for_many_values() -> None:
    for share in (0.1, 0.4, 0.5):
        values = [place < 1000 * share for place in range(1000)]
        half = 1.96 * math.sqrt(share * (1 - share) / 1000)
        low, high = interval(values)
        assert low == pytest.approx(share - half, abs=0.1 * half)
        assert high == pytest.approx(share + half, abs=0.1 * half)


def test_it_holds_the_true_share_about_as_often_as_it_says() -> None:
    draw = random.Random("samples")
    samples = [[draw.random() < 0.3 for _ in range(100)] for _ in range(200)]
    for level, least, most in ((0.95, 180, 199), (0.5, 80, 120)):
        bounds = [interval(sample, rounds=300, level=level) for sample in samples]
        assert least <= sum(low <= 0.3 <= high for low, high in bounds) <= most


def test_a_paired_difference_is_surer_than_its_two_sides() -> None:
    """Two results that mostly agree: what they have in common does not count as doubt."""
    before = [place % 2 == 0 for place in range(100)]
    after = [right or place % 20 == 1 for place, right in enumerate(before)]
    low, high = difference(after, before)
    assert 0.0 < low < 0.05 < high < 0.12
    lone = interval(after)
    assert high - low < (lone[1] - lone[0]) / 2


def test_a_query_that_does_not_count_on_one_side_counts_on_the_other() -> None:
    low, high = difference([True, True, None, None], [None, None, False, False])
    assert (low, high) == (1.0, 1.0)
    assert difference([None, 3.0, None], [1.0, 1.0, 1.0]) == (2.0, 2.0)


def test_the_doubt_about_how_many_count_is_in_it() -> None:
    """A mean over 50 of 100 is the same as over 50 alone, and about as sure."""
    half = [place < 25 for place in range(50)]
    alone, among = interval(half), interval([*half, *[None] * 50])
    assert statistics.mean(among) == pytest.approx(0.5, abs=0.02)
    assert among[1] - among[0] == pytest.approx(alone[1] - alone[0], rel=0.15)


def test_the_values_may_be_any_numbers() -> None:
    low, high = interval([10.0, 20.0, 30.0, -5])
    assert -5 <= low < 13.75 < high <= 30
    assert interval([7]) == (7.0, 7.0)


def test_the_seed_decides() -> None:
    values = [place % 3 == 0 for place in range(60)]
    assert interval(values, seed=5) == interval(values, seed=5)
    assert len({interval(values, seed=seed, rounds=50) for seed in (0, 1, 2**32 + 2, -1)}) > 1
    # Numbers that must not change with the machine or with the version of a library.
    assert interval(values, seed=1) == (0.21666666666666667, 0.45)


@pytest.mark.parametrize("values", [[], [None], [None, None]])
def test_nothing_that_counts_has_no_interval(values: list[None]) -> None:
    with pytest.raises(ValueError, match="no value that counts"):
        interval(values)
    with pytest.raises(ValueError, match="no value that counts"):
        difference([1.0] * len(values), values)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="2 values cannot be paired with 1"):
        difference([1, 2], [1])
    for value in (math.nan, math.inf):
        with pytest.raises(ValueError, match="not finite"):
            interval([1.0, value])
    with pytest.raises(ValueError, match="at least one round"):
        interval([1.0], rounds=0)
    for level in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match="level"):
            interval([1.0], level=level)
    with pytest.raises(ValueError, match="too few values count"):
        interval([None] * 1000 + [True], rounds=1, seed=1)
