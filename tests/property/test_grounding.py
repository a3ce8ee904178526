"""Properties of grounding: what is put into a query in a supported way is found, what is not there is not."""

from __future__ import annotations

import datetime
import time
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from stesim.grounding import ungrounded
from stesim.grounding.words import STOP_WORDS, stems
from stesim.records import Tool
from stesim.toolbox import names_of_code

TODAY = datetime.date(2026, 10, 30)
FRAMES = st.sampled_from(
    ["{}", "Please look up {} for me", "I'd like {}, thanks!", "{}: what is known?", "what of ({})?"]
)
PLAIN = Tool("t", "", {"properties": {"value": {}}})
DATED = Tool("t", "", {"properties": {"value": {"type": "string", "format": "date"}}})
MONEY = Tool("t", "", {"properties": {"value": {"type": "string", "description": "Currency code"}}})
LAND = Tool("t", "", {"properties": {"value": {"type": "string", "description": "Country code"}}})
# Letters that make words none of which the frames have.
WORDS = st.text("qxzvk", min_size=3, max_size=8)
TEXTS = st.lists(WORDS, min_size=1, max_size=4).map(" ".join)

_SMALL = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def spelled(number: int) -> str:
    """A number below a million in English words."""
    if number < 20:
        return _SMALL[number]
    if number < 100:
        return _TENS[number // 10 - 2] + (f"-{_SMALL[number % 10]}" if number % 10 else "")
    large, word = (1000, "thousand") if number >= 1000 else (100, "hundred")
    rest = f" {'and ' if number % large < 100 else ''}{spelled(number % large)}" if number % large else ""
    return f"{spelled(number // large)} {word}{rest}"


def is_said(value: Any, query: str, tool: Tool = PLAIN, how: Any = "words") -> bool:
    return not ungrounded({"value": value}, query, tool, how, TODAY)


@given(TEXTS, FRAMES, st.sampled_from([str, str.upper, str.title, lambda text: f"{text}'s"]))
def test_a_text_is_found_as_it_is_and_not_without_it(text: str, frame: str, written: Any) -> None:
    assert is_said(text, frame.format(written(text)), how="strict")
    assert is_said(text, frame.format(written(text)))
    assert not is_said(text, frame.format("nothing"))


@given(st.lists(WORDS, min_size=2, max_size=4, unique=True), FRAMES, st.randoms(use_true_random=False))
def test_the_words_of_a_text_are_found_in_any_order(words: list[str], frame: str, order: Any) -> None:
    other = list(words)
    order.shuffle(other)
    assert is_said(" ".join(words), frame.format(" of the ".join(other)))
    assert not is_said(" ".join(words), frame.format(" of the ".join(other[1:])))


@given(st.integers(2, 999_999), FRAMES, st.sampled_from([str, "{:,}".format, spelled, "{}.00".format, "€{}".format]))
def test_a_number_is_found_however_it_is_written(number: int, frame: str, written: Any) -> None:
    assert is_said(number, frame.format(written(number)), how="strict")
    assert is_said(float(number), frame.format(written(number)))
    assert not is_said(number, frame.format("nothing"))
    assert not is_said(number, frame.format(written(number + 1)))


@given(st.integers(2, 400), st.sampled_from([("weeks", 7), ("fortnights", 14), ("hours", 60), ("minutes", 60)]), FRAMES)
def test_an_amount_of_time_is_found(number: int, unit: tuple[str, int], frame: str) -> None:
    for written in (str(number), spelled(number)):
        query = frame.format(f"{written} {unit[0]}")
        assert is_said(number * unit[1], query)
        assert not is_said(number * unit[1], query, how="strict")


DAYS = st.dates(datetime.date(1950, 1, 1), datetime.date(2099, 12, 31))
FORMS = [
    "{:%Y-%m-%d}",
    "{0.day} {0:%B} {0.year}",
    "{0:%B} {0.day}, {0.year}",
    "{0.day}/{0.month}/{0.year}",
    "{:%d.%m.%Y}",
]


@given(DAYS, FRAMES, st.sampled_from(FORMS))
def test_a_day_is_found_however_it_is_written(day: datetime.date, frame: str, form: str) -> None:
    query = frame.format(form.format(day))
    assert is_said(day.isoformat(), query, DATED, "strict")
    assert is_said(day.isoformat(), query, DATED)
    following = day + datetime.timedelta(days=400)  # another day, month or year
    assert not is_said(following.isoformat(), query, DATED)


@given(st.integers(-1, 1), FRAMES)
def test_the_days_next_to_today_are_found_by_name(ahead: int, frame: str) -> None:
    names = {-1: "yesterday", 0: "today", 1: "tomorrow"}
    for offset in names:
        day = (TODAY + datetime.timedelta(days=offset)).isoformat()
        assert is_said(day, frame.format(names[ahead]), DATED) is (offset == ahead)


@given(st.sampled_from(["USD", "EUR", "JPY", "CHF", "NOK", "ZAR"]), FRAMES, st.data())
def test_a_code_is_found_by_each_of_its_names(code: str, frame: str, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([code, *names_of_code(code, "Currency code")]))
    assert is_said(code, frame.format(name), MONEY)
    assert not is_said(code, frame.format("nothing"), MONEY)


@given(st.sampled_from(["FR", "US", "IT", "IN", "NO", "DE", "KR"]), FRAMES)
def test_a_country_is_found_by_its_official_name_even_strictly(code: str, frame: str) -> None:
    assert is_said(code, frame.format(names_of_code(code, "Country code", loosely=False)[0]), LAND, "strict")
    assert not is_said(code, frame.format("nothing"), LAND)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["2026-02-30", "25:61", "9999-12-31"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
FRAGMENTS = st.lists(
    st.sampled_from([
        "a ", "half ", "and a half ", "dozen ", "hundred ", "two ", "week ", "days ", "ago ", "1,000 ", "1.5", "-", "/", ":",
        "12", "2026", "July ", "of ", "next ", "year ", "pm ", "USD ", "$", "U.S.", "'s ", "\n", "\ud800", "９", "²", "٣",
        "minus ", "point ", "half past ", "quarter to ", "99999999999999999999999999999999999999999999999",
    ]),
    max_size=20,
).map("".join)  # fmt: skip


@given(
    st.dictionaries(st.text(max_size=6), JSON, max_size=4), st.one_of(st.text(), FRAGMENTS), JSON,
    st.sampled_from(["words", "strict", "off"]),
)  # fmt: skip
@example({"year": 10**5000}, "next year", {}, "words")
@example({"a": "2026-01-01T²:00"}, "²/٣ at ٣", {}, "words")
def test_it_never_raises_and_names_only_what_there_is(arguments: Any, query: str, schema: Any, how: Any) -> None:
    tool = Tool("t", "", {"properties": dict.fromkeys(arguments, schema)})
    found = ungrounded(arguments, query, tool, how, TODAY)
    assert all(any(name.startswith(key) for key in arguments) for name in found)
    assert len(set(found)) == len(found)
    assert ungrounded(arguments, query, tool, how, TODAY) == found


LONG = [
    "1/2 ",
    "two hundred and ",
    "a",
    "A b",
    "1 hour 3 minutes ",
    "12:30 ",
    "July 4 ",
    "next week ",
    "-",
    "1,000,",
    "'s ",
    "U.S.",
]
ARGUMENTS = {
    "date": "2026-02-01", "start": "2026-07-04T12:31:00Z", "text": "P-" + "1" * 60, "code": "EUR", "number": 77,
    "words": "aaa bbb " * 20, "letters": "a" * 80, "joined": "a" * 40, "zone": "Europe/Berlin", "list": ["EUR"] * 100,
}  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(LONG), st.sampled_from(["", "!", "0", "x"]))
def test_long_queries_take_bounded_time(part: str, end: str) -> None:
    query = (part * 10_000)[:10_000] + end
    began = time.perf_counter()
    ungrounded(ARGUMENTS, query, DATED, "words", TODAY)
    assert time.perf_counter() - began < 2


@given(st.text(max_size=60))
def test_a_text_of_words_that_carry_meaning_is_in_itself(text: str) -> None:
    if any(word not in STOP_WORDS and len(word) > 3 for word in stems(text)) and not any(map(str.isdigit, text)):
        assert is_said(text, text)
