"""Faults over many requests: the shares, the seeds, the retries."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from mocktools.faults import KINDS, Faults

MANY = 3000
SEEDS = st.integers(0, 2**63 - 1)
# Shares in thousandths that leave something over.
SPECS = st.dictionaries(st.sampled_from(list(KINDS)), st.integers(0, 120), min_size=1).map(
    lambda shares: ",".join(f"{kind}:{share / 1000}" for kind, share in shares.items())
)


def drawn(spec: str, seed: int, times: int = 0) -> list[str | None]:
    faults = Faults.parse(spec, seed)
    return [faults.draw(f"GET https://api.example/v1/items/{number}\n", times) for number in range(MANY)]


def near(found: int, share: float, of: int) -> bool:
    """Whether a count is within six standard deviations of what is expected (and a few more of a rare thing)."""
    return abs(found - of * share) <= 6 * math.sqrt(of * share * (1 - share)) + 3


@given(SPECS, SEEDS)
def test_each_kind_has_its_share(spec: str, seed: int) -> None:
    kinds = drawn(spec, seed)
    faults = Faults.parse(spec, seed)
    for kind, share in faults.shares:
        assert near(kinds.count(kind), float(share), MANY)
    assert set(kinds) <= {None, *dict(faults.shares)}


@given(SPECS, SEEDS)
def test_the_same_seed_gives_the_same_faults(spec: str, seed: int) -> None:
    reordered = ",".join(reversed(spec.split(",")))
    assert drawn(spec, seed) == drawn(reordered, seed)
    assert Faults.parse(Faults.parse(spec).spec, seed) == Faults.parse(spec, seed)


@given(SEEDS, SEEDS, st.integers(1, 9))
def test_another_seed_or_another_try_is_independent(seed: int, other: int, times: int) -> None:
    one = drawn("429:0.2,timeout:0.2", seed)
    again = drawn("429:0.2,timeout:0.2", seed, times)
    both = sum(first is not None and second is not None for first, second in zip(one, again, strict=True))
    assert near(both, 0.4 * 0.4, MANY)
    if other != seed:
        elsewhere = drawn("429:0.2,timeout:0.2", other)
        both = sum(first is not None and second is not None for first, second in zip(one, elsewhere, strict=True))
        assert near(both, 0.4 * 0.4, MANY)


@given(SEEDS, st.integers(1, 5))
def test_a_retry_succeeds_with_the_probability_of_any_call(seed: int, retries: int) -> None:
    """After so many retries a share of 0.5 ** (retries + 1) is still without success."""
    faults = Faults.parse("500:0.3,503:0.2", seed)
    lost = sum(
        all(faults.draw(f"POST https://api.example/\n{number}", times) for times in range(retries + 1))
        for number in range(MANY)
    )
    assert near(lost, 0.5 ** (retries + 1), MANY)


@given(SEEDS, st.text(max_size=20))
def test_a_whole_share_always_fails_and_one_of_nothing_never(seed: int, request: str) -> None:
    assert {Faults.parse("502:1", seed).draw(request, times) for times in range(20)} == {"502"}
    assert {Faults.parse("502:0", seed).draw(request, times) for times in range(20)} == {None}
