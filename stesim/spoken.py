"""How people say the values of a call: the texts that a query may hold for each of them.

    >>> spoken("days", -3)
    ('3 days ago', '3 days earlier', '3 days before', 'minus 3')
    >>> spoken("date", "2026-05-09")
    ('9 May 2026', 'May 9, 2026', '2026-05-09')

Whatever is given here is found by `stesim/grounding` in a query that holds it. Not covered: other languages than
English; amounts in other units than the call's.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from stesim.grounding.dates import MONTHS
from stesim.grounding.numbers import SMALL
from stesim.toolbox import names_of_code

_WORDS = {number: word for word, number in SMALL.items() if number <= 12}
_UNIT = re.compile(r"second|minute|hour|day|week|month|year", re.IGNORECASE)
_CODE = re.compile(r"[A-Z]{2,3}")
_LONGEST = 80  # characters of a text that a query is made to hold
_MOST_NAMES = 3  # of a code
_LARGEST = 10**30  # a number that nobody says, as little as one that is not finite


def values_to_say(arguments: Mapping[str, Any], parameters: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """For each value that a query should hold, the texts that say it; what need not be said is left out.

    `parameters` are the tool's: their descriptions tell what a code is a code of. Left out are yes and no, nothing, and
    texts of several lines or more than 80 characters.
    """
    schemas: Mapping[str, Any] = parameters.get("properties", {})
    found = []
    for name, value in arguments.items():
        schema = schemas.get(name)
        about = str(schema.get("description", "")) if isinstance(schema, Mapping) else ""
        found += [spoken(name, leaf, about) for leaf in _leaves(value)]
    return [texts for texts in found if texts]


def spoken(name: str, value: Any, about: str = "") -> tuple[str, ...]:
    """The texts that say the value of the argument `name`, the most natural first; none if it need not be said."""
    if isinstance(value, bool) or value is None:
        return ()
    if isinstance(value, int | float):
        return _number(name, value)
    text = str(value).strip()
    if not text or len(text) > _LONGEST or not text.isprintable():
        return ()
    if day := _day(text):
        month = MONTHS[day.month - 1].title()
        return f"{day.day} {month} {day.year}", f"{month} {day.day}, {day.year}", text
    if _CODE.fullmatch(text):
        names = [each for each in names_of_code(text, f"{name} {about}", loosely=False) if each.isprintable()]
        return (*names[:_MOST_NAMES], text)
    return (text,)


def _number(name: str, value: int | float) -> tuple[str, ...]:
    if not abs(value) < _LARGEST:
        return ()
    size = abs(value)
    digits = format(Decimal(str(size)), "f")
    digits = digits.rstrip("0").rstrip(".") if "." in digits else digits
    if value < 0:
        unit = _UNIT.search(name)
        counted = f"{digits} {unit[0].lower()}{'' if size == 1 else 's'}" if unit else ""
        past = tuple(f"{counted} {word}" for word in ("ago", "earlier", "before")) if counted else ()
        return (*past, f"minus {digits}") if past else (f"-{digits}", f"minus {digits}")
    word = (_WORDS[int(size)],) if size in _WORDS else ()
    grouped = (f"{int(size):,}",) if size == int(size) and size >= 10_000 else ()
    return (digits, *word, *grouped)


def _day(text: str) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else None
    except ValueError:
        return None


def _leaves(value: Any) -> Iterator[Any]:
    """The plain values in a value, in order."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield value
