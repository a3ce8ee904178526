"""Whatever is said of a value is found again by the gate of grounding."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stesim.finetune.sayings import in_words, sayings
from stesim.grounding import ungrounded
from stesim.records import Tool

TODAY = datetime.date(2026, 10, 30)


def tool(name: str, kind: str, about: str = "") -> Tool:
    return Tool("t", "", {"type": "object", "properties": {name: {"type": kind, "description": about}}})


@given(st.integers(-1000, 1000), st.sampled_from(["days", "hours", "minutes", "months", "count", "number"]))
def test_numbers_and_amounts_of_time(value: int, name: str) -> None:
    for text in sayings(name, value):
        assert not ungrounded({name: value}, f"Please do it, {text}, will you?", tool(name, "integer"), today=TODAY), (
            text
        )


@given(st.dates(datetime.date(1900, 1, 1), datetime.date(2100, 1, 1)))
def test_days(day: datetime.date) -> None:
    for text in sayings("date", day.isoformat()):
        assert not ungrounded({"date": day.isoformat()}, f"What about {text}?", tool("date", "string"), today=TODAY), (
            text
        )


@pytest.mark.parametrize("code", ["JPY", "PLN", "CHF", "SEK", "USD"])
def test_codes(code: str) -> None:
    texts = sayings("to", code, "Currency code")
    assert texts[-1] == code
    assert len(texts) > 2
    for text in texts:
        assert not ungrounded({"to": code}, f"How much is that in {text}?", tool("to", "string", "Currency code")), text


def test_forms() -> None:
    assert {"two weeks ago", "14 days ago", "2 weeks before"} <= set(sayings("days", -14))
    assert {"a week", "7", "seven days", "1 week"} <= set(sayings("days", 7))
    assert "forty-two" in sayings("number", 42)
    assert sayings("flag", True) == ()
    assert sayings("city", "Rome") == ("Rome",)
    assert [in_words(number) for number in (0, 21, 110, 999)] == [
        "zero", "twenty-one", "one hundred and ten", "nine hundred and ninety-nine",
    ]  # fmt: skip
