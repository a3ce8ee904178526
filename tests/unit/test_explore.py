"""Pieces of the main loop: seeds, queries, and the check of the context."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stesim.explore import clean_query, derive_seed
from stesim.records import Place


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("What is the time in Rome?", "What is the time in Rome?"),
        ('  "What is the time?"\n', "What is the time?"),
        ("User Query: When?\n\nThat is a good one.", "When?"),
        ("**User Query:** When?", "When?"),
        ("user query : When?", "When?"),
        ("When\n is   it?", "When is it?"),
        ("- solved: When?", "When?"),
        ("not solved: When?", "When?"),
        ("“When?”", "When?"),
        ("Sure! Here is a question:\n\nWhat is the capital of Japan?", "What is the capital of Japan?"),
        ("**Question:** When?", "When?"),
        ("1. When?\n2. Where?", "When?"),
        ("User Query:\n\nWhen?", "When?"),
        ("At which of these:", "At which of these:"),
        ("Questions are fine?", "Questions are fine?"),
        ("Query me this", "Query me this"),
        ('"When?', '"When?'),
        ("", ""),
        ("x" * 5000, "x" * 600),
    ],
)
def test_the_query_in_an_imagine_reply(text: str, query: str) -> None:
    assert clean_query(text) == query


@given(st.text())
@example('"')
@example("- ")
def test_a_query_is_one_bounded_line_without_white_space_around_it(text: str) -> None:
    query = clean_query(text)
    assert len(query) <= 600
    assert "\n" not in query
    assert query == " ".join(query.split()) or len(query) == 600


def test_seeds_differ_by_run_and_by_every_part_of_the_place() -> None:
    places = [
        Place(tool, episode, trial, call) for tool in "ab" for episode in (1, 11) for trial in (1, 2) for call in (0, 1)
    ]
    seeds = [derive_seed(seed, place) for seed in (0, 1) for place in places]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert derive_seed(0, Place("a", 1, 1, 0)) == 164796185
