"""Whether a query says what a call needs: each kind of value, in the ways that people have of saying it."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from stesim.grounding import Grounding, ungrounded
from stesim.grounding.numbers import numbers
from stesim.records import Tool
from stesim.toolbox import Toolbox

TODAY = datetime.date(2026, 10, 30)  # a Friday
TOOL = Tool(
    "anything",
    "",
    {
        "properties": {
            "text": {"type": "string"},
            "number": {"type": "number"},
            "days": {"type": "integer"},
            "year": {"type": "integer"},
            "date": {"type": "string", "format": "date"},
            "optional_date": {"type": "string", "description": "Day, default today"},
            "start": {"type": "string", "format": "date-time"},
            "currency": {"type": "string", "description": "Currency code, e.g. USD."},
            "country_code": {"type": "string", "description": "Two-letter country code, e.g. FR."},
            "airport": {"type": "string", "description": "IATA code."},
            "limit": {"type": "integer", "default": 3},
            "sort": {"enum": ["best_rated", "price_asc"]},
            "labels": {"type": "array", "items": {"type": "string"}},
            "place": {"type": "object", "properties": {"city": {"type": "string"}, "zoom": {"default": 5}}},
        }
    },
)

# The argument, its value, a query that says it, and whether "strict" takes it, too.
SAID: list[tuple[str, Any, str, bool]] = [
    ("text", "Paris", "Will it rain in paris?", True),
    ("text", "São Paulo", "Sao Paulo's weather please", True),
    ("text", "language model pre-training", "papers on pre-training a language model", False),
    ("text", "solar systems", "What is a solar system?", False),
    ("text", "P-1002", "Put p 1002 into my cart", True),
    ("text", "DE89 3704 0044 0532 0130 00", "Is DE89370400440532013000 right?", True),
    ("text", "Europe/Berlin", "When do the clocks change in Berlin?", False),
    ("text", "midnightblue", "What is midnight blue in hex?", False),
    ("text", "東京", "東京の天気は?", True),
    ("text", "15", "fifteen of them", False),
    ("text", "", "nothing", True),
    ("text", None, "nothing", True),
    ("text", True, "nothing", True),
    ("number", 1500, "Convert 1,500 euros", True),
    ("number", 1500, "Convert 1.500 euros", True),
    ("number", 1500, "fifteen hundred", True),
    ("number", 205, "two hundred and five", True),
    ("number", 101, "a hundred and one", True),
    ("number", 12, "a dozen eggs", True),
    ("number", 6, "half a dozen eggs", True),
    ("number", 2, "a couple of eggs", True),
    ("number", 5000, "5k steps", True),
    ("number", 2.5e6, "2.5 million people", True),
    ("number", 3.5, "3.5 miles", True),
    ("number", 3.5, "three point five miles", True),
    ("number", 1984, "nineteen eighty-four in Roman numerals", True),
    ("number", 21, "the 21st prime", True),
    ("number", 1, "How many dollars is a euro?", True),
    ("number", -5, "It is -5 here", True),
    ("number", -5, "minus 5 degrees", True),
    ("number", -33.9, "at 33.9° S", False),
    ("days", 7, "over a week", False),
    ("days", 14, "in two weeks", False),
    ("days", 14, "a fortnight from now", False),
    ("days", 10, "in a week and three days", False),
    ("days", -10, "What day was it 10 days ago?", False),
    ("days", 30, "in a month", False),
    ("days", 1, "tomorrow's weather", False),
    ("number", 90, "for an hour and a half", False),
    ("number", 90, "1 hour 30 minutes", False),
    ("year", 2026, "Which holidays are there in France?", False),
    ("year", 2027, "Which holidays are there next year?", False),
    ("date", "2026-07-14", "on 2026-07-14", True),
    ("date", "2026-07-14", "on 14.7.2026", True),
    ("date", "2026-07-14", "on 7/14/26", True),
    ("date", "2026-07-14", "on 14/7", True),
    ("date", "2026-07-14", "on July 14th, 2026", True),
    ("date", "2026-07-14", "on the fourteenth of July", True),
    ("date", "2026-07-14", "on Bastille Day", True),
    ("date", "2027-01-05", "on 5 January", True),
    ("date", "2026-10-31", "tomorrow", True),
    ("date", "2026-11-01", "the day after tomorrow", True),
    ("date", "2026-10-29", "yesterday", True),
    ("date", "2026-12-24", "on Christmas Eve", True),
    ("date", "2026-12-31", "on New Year's Eve", True),
    ("date", "2026-05-03", "from 3 to 9 May", False),
    ("date", "2025-02-28", "in February 2025", False),
    ("date", "2025-12-31", "in 2025", False),
    ("date", "2026-11-13", "in two weeks", False),
    ("date", "2026-11-06", "next Friday", False),
    ("date", "2026-11-30", "next month", False),
    ("optional_date", "2026-10-30", "What is the phase of the moon?", False),
    ("start", "2026-11-03T14:00:00Z", "on 3 November at 2 pm", True),
    ("start", "2026-11-03T14:30:00Z", "half past two on November 3rd", True),
    ("start", "2026-11-03T12:00:00Z", "on 3 November at noon", True),
    ("start", "2026-11-03T14:00:00Z", "on 3 November at two p.m.", True),
    ("start", "2026-11-03T14:00:00Z", "at two o'clock on 3 November", True),
    ("text", "15:30", "at 3:30 pm", True),
    ("text", "15:30", "at 15.30", True),
    ("currency", "USD", "10 USD in euros", True),
    ("currency", "USD", "10 usd in euros", True),
    ("currency", "USD", "$10 in euros", True),
    ("currency", "USD", "10 US dollars in euros", True),
    ("currency", "USD", "10 dollars in euros", False),
    ("currency", "JPY", "10 euros in yen", False),
    ("currency", "SEK", "10 euros in Sweden's currency", False),
    ("country_code", "FR", "holidays in France", True),
    ("country_code", "FR", "French holidays", False),
    ("country_code", "US", "holidays in the U.S.", True),
    ("country_code", "fr", "holidays in France", True),
    ("airport", "ZRH", "from Zurich to Oslo", False),
    ("limit", 3, "nothing", True),
    ("sort", "best_rated", "the best rated lamps", True),
    ("sort", "price_asc", "by price, ascending", False),
    ("labels", ["errand", "phone"], "label it phone and errand", True),
    ("labels", [], "nothing", True),
    ("place", {"city": "Oslo", "zoom": 5}, "a map of Oslo", True),
]


@pytest.mark.parametrize(("name", "value", "query", "strictly"), SAID)
def test_a_value_that_is_said(name: str, value: Any, query: str, strictly: bool) -> None:
    assert ungrounded({name: value}, query, TOOL, "words", TODAY) == ()
    assert (ungrounded({name: value}, query, TOOL, "strict", TODAY) == ()) is strictly


@pytest.mark.parametrize(
    ("name", "value", "query"),
    [
        ("text", "Paris", "Will it rain in Oslo?"),
        ("text", "Paris", "comparison"),
        ("text", "Paris, Texas", "Will it rain in Paris?"),
        ("text", "P-1002", "Put P-10021 into my cart"),
        ("text", "to", "Go to Oslo"),
        ("text", "Inf", "the infinite"),
        ("number", 15, "Convert 150 euros"),
        ("number", 15, "at 15:30 on 2026-07-15"),
        ("number", 7, "on 2026-07-15"),
        ("number", 1, "a holiday in France"),
        ("number", 5, "minus 5 degrees"),
        ("number", -5, "5 degrees"),
        ("number", float("nan"), "nan"),
        ("number", float("inf"), "infinity"),
        ("number", 10**40, "1" + 40 * "0"),
        ("days", 7, "this week"),
        ("year", 2025, "Which holidays are there in France?"),
        ("year", 2026, "Which holidays are there in 2025?"),
        ("date", "2026-12-24", "What day is it tomorrow?"),
        ("date", "2026-07-14", "on 15 July"),
        ("date", "2026-07-14", "on 14 July 2025"),
        ("date", "2025-07-14", "on 14 July"),
        ("date", "2026-10-31", "the day after tomorrow"),
        ("date", "2026-07-01", "on 5 July"),
        ("date", "9999-12-31", "this month"),
        ("start", "2026-11-03T14:00:00Z", "on 3 November"),
        ("start", "2026-11-03T14:00:00Z", "on 3 November at 2 am"),
        ("currency", "USD", "10 A$ in euros"),
        ("currency", "TRY", "Let me try to convert 10 euros"),
        ("currency", "AUD", "10 dollars in euros"),
        ("country_code", "IT", "Is it a holiday?"),
        ("country_code", "SV", "Swedish holidays"),
        ("limit", 4, "nothing"),
        ("sort", "price_asc", "the best rated lamps"),
        ("sort", "price_asc", "the cheapest"),
    ],
)
def test_a_value_that_is_not_said(name: str, value: Any, query: str) -> None:
    assert ungrounded({name: value}, query, TOOL, "words", TODAY) == (name,)
    assert ungrounded({name: value}, query, TOOL, "strict", TODAY) == (name,)
    assert ungrounded({name: value}, query, TOOL, "off", TODAY) == ()


def test_inner_values_are_named_by_their_path_in_the_order_of_the_call() -> None:
    arguments = {
        "place": {"city": "Oslo", "zoom": 7}, "labels": ["phone", "errand"], "text": "x9", "list": [{"a": [3]}],
    }  # fmt: skip
    found = ungrounded(arguments, "label: errand, for Oslo", TOOL)
    assert found == ("place.zoom", "labels[0]", "text", "list[0].a[0]")


@pytest.mark.parametrize("how", ["words", "strict"])
def test_without_the_day_of_the_run_a_date_needs_its_year_or_none_at_all(how: Grounding) -> None:
    assert ungrounded({"date": "2025-07-14"}, "on 14 July", TOOL, how) == ()
    assert ungrounded({"date": "2025-07-14"}, "on 14 July 2026", TOOL, how) == ("date",)
    assert ungrounded({"date": "2026-10-31"}, "tomorrow", TOOL, how) == ("date",)


@pytest.mark.parametrize("schema", [{}, True, {"properties": []}, {"properties": {"a": True}}, {"properties": None}])
def test_a_schema_that_says_nothing_is_no_obstacle(schema: Any) -> None:
    tool = Tool("t", "", schema)
    assert ungrounded({"a": "Oslo"}, "Oslo", tool) == ()
    assert ungrounded({"a": "Oslo"}, "Rome", tool) == ("a",)


def test_what_is_nested_too_deep_or_too_much_counts_as_not_said() -> None:
    deep: Any = "Oslo"
    for _ in range(2000):
        deep = [deep]
    assert len(ungrounded({"a": deep}, "Oslo", TOOL)) == 1
    assert len(ungrounded({"a": ["Oslo"] * 1000}, "Oslo", TOOL)) == 900


def test_the_examples_of_the_tools_are_grounded_in_a_query_that_names_them() -> None:
    """Written out as they are, the arguments of every bundled tool's example are found."""
    with Toolbox.open("extended") as toolbox:
        for tool in toolbox.tools:
            arguments = toolbox.example(tool.name)
            query = "Please use " + " and ".join(_written(value) for value in arguments.values())
            assert ungrounded(arguments, query, tool, "strict", TODAY) == (), tool.name
            # A year that is this one need not be said.
            needed = {name for name in tool.parameters.get("required", ()) if arguments.get(name) != TODAY.year}
            missed = {name.partition(".")[0] for name in ungrounded(arguments, "Please do it", tool, "words", TODAY)}
            assert needed <= missed, tool.name


def _written(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(map(_written, value.values()))
    return ", ".join(map(_written, value)) if isinstance(value, list) else str(value)


def test_numbers_in_a_text_that_has_none() -> None:
    assert numbers("No number, and a cat and one-way", loose=True) == {1}
    assert numbers("", loose=True) == frozenset()
