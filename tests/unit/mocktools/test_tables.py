"""Answers made of the rows of a table: how large they may become; and which patterns are compared."""

from __future__ import annotations

import json
import time
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mocktools.exchanges import rules
from mocktools.exchanges.matching import canonical
from mocktools.exchanges.patterns import overlap, rivals
from mocktools.exchanges.tables import TooLargeError, filled

ROWS = [{"n": 1}, {"n": 2}]


@pytest.mark.parametrize(
    ("template", "made"),
    [
        ("{row}", {"n": 1}),
        ("{rows}", ROWS),
        ({"{rows}": ["{row}", "a {row}"], "all": {"of": "{rows}"}}, {"{rows}": [{"n": 1}, "a {row}"], "all": {"of": ROWS}}),
        (None, None),
    ],
)  # fmt: skip
def test_rows_take_the_place_of_their_marks(template: Any, made: Any) -> None:
    assert filled(template, ROWS) == made


@pytest.mark.parametrize(
    ("template", "fits"),
    [("{rows}", True), (["{rows}"] * 2, False), (["{row}"] * 1000, True), (["{row}"] * 10_000, False),
     (["{rows}", "x" * 200_000], True), (["{rows}", "é" * 220_000], False)],
)  # fmt: skip
def test_an_answer_of_rows_has_at_most_a_mebibyte(template: Any, fits: bool) -> None:
    rows = [{"n": at, "text": "y" * 300} for at in range(2000)]
    if fits:
        assert len(json.dumps(filled(template, rows), ensure_ascii=False).encode()) < 1.1 * 1024 * 1024
    else:
        with pytest.raises(TooLargeError, match=r"larger than 1 MiB: it has (2000 rows|a row) of a table"):
            filled(template, rows)


def test_an_answer_that_is_too_large_is_never_made() -> None:
    rows = [{"n": at, "text": "y" * 100} for at in range(20_000)]
    begun = time.monotonic()
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError):
            filled(["{rows}"] * 1000, rows)
        assert tracemalloc.get_traced_memory()[1] < 10 * 1024 * 1024
    finally:
        tracemalloc.stop()
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize(("count", "match", "wrong"), [(10, "table", False), (11, "table", True), (11, "exact", False)])
def test_all_rows_stand_at_few_places(count: int, match: str, wrong: bool) -> None:
    request = {"method": "GET", "url": "https://a.example/x"}
    exchange = {"request": request, "match": match, "response": {"json": {"a": ["{rows}"] * count}}}
    said = [("response.json", f"has {{rows}} {count} times; at most 10 are allowed")]
    assert rules.exchange_problems(exchange) == (said if wrong else [])


texts = st.text("ab*", max_size=4)
segments = texts | st.sampled_from(["{id}", "", "%2A", "é"])
bodies = st.none() | st.recursive(
    texts | st.integers(0, 2) | st.just(1.0) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "..."]), inner, max_size=3),
    max_leaves=5,
)
queries = st.lists(st.tuples(st.sampled_from(["a", "b", "..."]), texts), max_size=3)


@given(st.lists(st.tuples(segments, segments, queries, bodies), max_size=12))
def test_no_two_patterns_that_overlap_are_left_out(found: list[Any]) -> None:
    patterns = []
    for one, other, query, body in found:
        asked = "&".join(f"{name}={value}" for name, value in query)
        sent = None if body is None else json.dumps(body).encode()
        patterns.append(canonical("POST", f"https://a.example/{one}/{other}?{asked}", sent))
    for at, near in enumerate(rivals(patterns)):
        assert near == sorted(set(near))
        assert (
            {earlier for earlier in range(at) if overlap(patterns[earlier], patterns[at])} <= set(near) <= {*range(at)}
        )


@pytest.mark.parametrize("url", ["/x?a=q{}*", "/x?a=*q{}", "/{}-*/x", "/x?a=1&b={}&c=*"])
def test_few_of_a_thousand_patterns_are_compared(url: str) -> None:
    patterns = [canonical("GET", "https://a.example" + url.replace("{}", f"{at:04}")) for at in range(1000)]
    body = [
        canonical("POST", "https://a.example/x", json.dumps({"a": [f"q{at:04}*", "x"]}).encode()) for at in range(1000)
    ]
    for listed in (patterns, body):
        assert sum(map(len, rivals(listed))) == 0


def test_patterns_that_all_overlap_are_all_compared() -> None:
    patterns = [canonical("GET", f"https://a.example/x?a={'z' * at}*") for at in range(40)]
    assert [len(near) for near in rivals(patterns)] == list(range(40))
