"""The check itself: each value of a call's arguments against the query, by what kind of value it is.

    >>> from stesim.records import Tool
    >>> money = Tool("convert", "", {"properties": {"to": {"type": "string", "description": "Currency code"}}})
    >>> ungrounded({"to": "JPY"}, "What are 5 euros in yen?", money)
    ()
    >>> ungrounded({"to": "JPY"}, "What are 5 euros in yen?", money, "strict")
    ('to',)

Not covered: whether the query says more than the call, and whether the call is the right one for it.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from stesim.grounding.dates import says_day, says_time
from stesim.grounding.numbers import LARGEST, numbers
from stesim.grounding.words import (
    LONGEST,
    begins,
    content,
    folded,
    has_code,
    has_id,
    has_words,
    is_joined,
    is_run,
    stems,
)
from stesim.records import Tool
from stesim.toolbox import names_of_code

Grounding = Literal["words", "strict", "off"]
_DEEPEST = 20
_MOST = 100  # values that are looked at
_BACKWARDS = re.compile(
    r"\b(?:ago|before|minus|negative|earlier|back|last|below|past|previous|prior|under|south|west|southern|western)\b"
    r"|\d ?°? ?[SW]\b"
)
_CODE = re.compile(r"[A-Z]{2,3}")
_ZONE = re.compile(r"[A-Z][A-Za-z_]+(?:/[A-Z][A-Za-z_-]+){1,2}")
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[Tt ](.+))?")
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2}(?:\.\d+)?)?(?:[Zz]|[+-]\d{2}:?\d{2})?")
_NUMBER = re.compile(r"[+-]?\d{1,30}(?:\.\d{1,20})?")
_DAYS_AHEAD = {"today": 1, "tonight": 1, "tomorrow": 2, "yesterday": -1}


@dataclass(frozen=True)
class _Said:
    """What the values are held against."""

    query: str
    strict: bool
    today: datetime.date | None


def ungrounded(
    arguments: Mapping[str, Any],
    query: str,
    tool: Tool,
    how: Grounding = "words",
    today: datetime.date | None = None,
) -> tuple[str, ...]:
    """The names of the arguments whose value a person would have had to say, and that the query does not hold; inner
    ones as in `place.city` and `labels[0]`.

    `words` takes what a person may say in other words: amounts of time ("two weeks"), names for codes, the words of a
    text in any order; `strict` wants the value itself, in digits or in number words, and a date by day and month; `off`
    holds everything for said. Booleans, null, empty texts, lists and objects, and values that are the schema's default
    need not be said. `today` is the day of the run, for "tomorrow" and for dates without a year. Never raises but
    `ToolError` for a broken fixture file; takes time linear in the query's length.
    """
    if how == "off":
        return ()
    said = _Said(query[:LONGEST], how == "strict", today)
    leaves = _leaves(arguments, tool.parameters, "", 0)
    return tuple(
        dict.fromkeys(
            name
            for number, (name, value, schema) in enumerate(leaves)
            if number >= _MOST or not _is_said(name, value, schema, said)
        )
    )


def _leaves(value: Any, schema: Any, name: str, depth: int) -> Iterator[tuple[str, Any, Mapping[str, Any]]]:
    """Each inner value with its name and its schema; one that is the default is left out as a whole."""
    schema = schema if isinstance(schema, Mapping) else {}
    if name and "default" in schema and _same(schema["default"], value):
        return
    if isinstance(value, Mapping) and depth < _DEEPEST:
        properties = schema.get("properties")
        properties = properties if isinstance(properties, Mapping) else {}
        for key, inner in value.items():
            yield from _leaves(inner, properties.get(key), f"{name}.{key}" if name else str(key), depth + 1)
    elif isinstance(value, list | tuple) and depth < _DEEPEST:
        for index, inner in enumerate(value):
            yield from _leaves(inner, schema.get("items"), f"{name}[{index}]", depth + 1)
    else:
        yield name, value, schema


def _same(default: Any, value: Any) -> bool:
    if isinstance(default, int | float) and isinstance(value, int | float):
        return isinstance(default, bool) is isinstance(value, bool) and default == value
    return type(default) is type(value) and bool(default == value)


def _is_said(name: str, value: Any, schema: Mapping[str, Any], said: _Said) -> bool:
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, int | float):
        return _number_is_said(name, value, said)
    if not isinstance(value, str):
        return False  # nested too deep
    text = value.strip()
    if not text:
        return True
    about = f"{name} {schema.get('description', '')}"[:400]
    if "enum" in schema or "const" in schema:
        return _choice_is_said(text, about, said)
    return _text_is_said(text, about, schema, said)


def _number_is_said(name: str, value: int | float, said: _Said) -> bool:
    if isinstance(value, float) and not math.isfinite(value):
        return False
    if abs(value) >= LARGEST:
        return False
    number = Decimal(str(value))
    found = numbers(said.query, loose=not said.strict)
    if number in found or said.strict:
        return number in found
    if number < 0 and -number in found and _BACKWARDS.search(said.query):
        return True
    words = stems(said.query)
    inner = name.rpartition(".")[2].lower()
    if inner.startswith("day"):
        ahead = {day for word, day in _DAYS_AHEAD.items() if word in words} | ({1} if "tomorrow" in words else set())
        if value in ahead:
            return True
    if said.today and inner.endswith(("year", "jahr")):
        return _year_is_said(int(value), said.query, said.today.year)
    return False


def _year_is_said(year: int, query: str, this: int) -> bool:
    """A year by its distance from this one; this one need not be said if no other is."""
    words = f" {folded(query)} "
    if f" {'next' if year > this else 'last'} year " in words:
        return abs(year - this) == 1
    return year == this and not re.search(r"(?<!\d)(?:19|20)\d\d(?!\d)", query)


def _choice_is_said(text: str, about: str, said: _Said) -> bool:
    """One of the schema's values: in its words, or by the names of what it stands for."""
    if is_run(text, said.query) or _name_is_said(text, about, said):
        return True
    if said.strict:
        return False
    words = set(stems(said.query))
    return all(
        any(word == other or begins(word, other) for other in words) for word in content(text) or stems(text)
    ) and bool(stems(text))


def _text_is_said(text: str, about: str, schema: Mapping[str, Any], said: _Said) -> bool:
    timed = _time_is_said(text, about, said)
    if timed is not None:
        return timed or is_run(text, said.query, exact=True)
    if has_id(text, said.query):
        return True
    if _CODE.fullmatch(text):
        return has_code(text, said.query) or _name_is_said(text, about, said)
    if is_run(text, said.query, exact=said.strict):
        return not _is_short(text) or has_code(text, said.query)
    if _name_is_said(text, about, said):
        return True
    if said.strict:
        return False
    if _ZONE.fullmatch(text) and is_run(text.rpartition("/")[2], said.query):
        return True
    if _NUMBER.fullmatch(text) and _is_number_said(text, said.query):
        return True
    return has_words(text, said.query) or is_joined(text, said.query)


def _is_short(text: str) -> bool:
    """Whether a text is so short that it may be an everyday word: two letters."""
    return len(text) <= 2 and text.isalpha() and text.isascii()


def _name_is_said(code: str, about: str, said: _Said) -> bool:
    """Whether a name of what a code stands for is in the query."""
    for name in names_of_code(code, about, loosely=not said.strict):
        short = len(name) <= 3 and name.isalpha() and name.isascii()
        if has_code(name, said.query) if short or not folded(name) else is_run(name, said.query):
            return True
    return False


def _is_number_said(text: str, query: str) -> bool:
    try:
        return Decimal(text) in numbers(query, loose=True)
    except InvalidOperation:
        return False


def _time_is_said(text: str, about: str, said: _Said) -> bool | None:
    """Whether a date, a time or both are said; None for a text that is none of them."""
    dated = _DATE.fullmatch(text)
    timed = _TIME.fullmatch(dated[4] if dated and dated[4] else "" if dated else text)
    if not dated and not timed:
        return None
    try:
        day = datetime.date(int(dated[1]), int(dated[2]), int(dated[3])) if dated else None
        clock = datetime.time(int(timed[1]), int(timed[2])) if timed else None
    except ValueError:
        return None
    if day is not None:
        assumed = day == said.today and not said.strict and "today" in about.lower()
        if not assumed and not says_day(said.query, day, said.today, loose=not said.strict):
            return False
    return clock is None or says_time(said.query, clock)
