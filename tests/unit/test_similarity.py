"""How alike two queries are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stesim.similarity import same, similarity

QUERIES = st.one_of(
    st.text(), st.lists(st.sampled_from(["Paris", "rain", "the", "10", "días", "?", "it's", "\ud800"])).map(" ".join)
)


@pytest.mark.parametrize(
    ("a", "b", "alike"),
    [
        ("Will it rain in Paris?", "will it rain in PARIS", True),
        ("What's the weather like in São Paulo?", "What is the weather like in Sao Paulo?", True),
        ("How is the weather in Lisbon over the next 3 days?", "How is the weather in Lisbon for the next 3 days?", True),
        ("Convert 10 euros to yen", "Convert 20 euros to yen", False),
        ("Convert 10 euros to yen", "Convert yen to 10 euros", False),
        ("Convert 10 euros to yen", "What do I get in yen for 10 euros?", False),
        ("", "", True),
        ("", "Paris", False),
        ("?", "!", False),
    ],
)  # fmt: skip
def test_what_counts_as_alike(a: str, b: str, alike: bool) -> None:
    assert same(a, b) is alike


@given(QUERIES, QUERIES)
def test_it_is_a_figure_from_0_to_1_that_is_the_same_both_ways(a: str, b: str) -> None:
    figure = similarity(a, b)
    assert 0 <= figure <= 1
    assert figure == similarity(b, a)
    assert similarity(a, a) == 1
    assert same(a, b, figure)
    assert same(a, b, 1.0) is same(a, b, 7.0)


def test_the_same_words_in_another_order_are_not_the_same() -> None:
    assert 0.5 < similarity("from Rome to Oslo", "from Oslo to Rome") < 1
    # Here even the pairs of neighbours are the same.
    assert similarity("a b a c a", "a c a b a") < 1
