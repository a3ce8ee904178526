"""The many ways in which people say a value: more of them than `spoken` has, and less common ones.

    >>> "two weeks ago" in sayings("days", -14)
    True
    >>> sayings("date", "2026-09-05")[3:6]
    ('5th of September 2026', 'September 5th, 2026', '5 Sep 2026')

`spoken` is for queries that are made by the dozen and looked at closely; these are for drills, which should meet as
many forms as users write. Each is found again by `stesim/grounding`. Not covered: other languages than English.
"""

from __future__ import annotations

import datetime
import re
from typing import Any

from stesim.grounding.dates import MONTHS
from stesim.spoken import spoken
from stesim.toolbox import names_of_code

_CODE = re.compile(r"[A-Z]{2,3}")
_LONGEST_NAME = 40  # of what people call a code, characters
_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
# How many of a unit make one of a larger one.
_LARGER = (("day", "week", 7), ("hour", "day", 24), ("minute", "hour", 60), ("month", "year", 12))


def sayings(name: str, value: Any, about: str = "") -> tuple[str, ...]:
    """The texts that say the value of the argument `name`, those of `spoken` first; none if it need not be said.

    `about` is what the tool says of the argument. A code has its names, also those of people who are less exact.
    """
    if isinstance(value, str) and _CODE.fullmatch(value):
        names = names_of_code(value, f"{name} {about}")
        return (*(each for each in names if each.isprintable() and len(each) <= _LONGEST_NAME), value)
    usual = spoken(name, value, about)
    if isinstance(value, str):
        return tuple(dict.fromkeys((*usual, *(_days(value) if usual else ()))))
    if isinstance(value, int) and not isinstance(value, bool):
        return tuple(dict.fromkeys((*usual, *_amounts(name, value))))
    return usual


def in_words(number: int) -> str:
    """A number from 0 to 999 in words, empty for any other.

    >>> in_words(42), in_words(900), in_words(-1)
    ('forty-two', 'nine hundred', '')
    """
    if not 0 <= number < 1000:
        return ""
    if number < len(_ONES):
        return _ONES[number]
    if number < 100:
        ones = number % 10
        return _TENS[number // 10] + (f"-{_ONES[ones]}" if ones else "")
    rest = in_words(number % 100) if number % 100 else ""
    return f"{_ONES[number // 100]} hundred" + (f" and {rest}" if rest else "")


def _amounts(name: str, value: int) -> list[str]:
    """A number in words, and an amount of time in a larger unit; a negative one is ago."""
    size, found = abs(value), []
    counted = [(str(size), "")] if value < 0 else []
    words = in_words(size)
    unit = next((each for each in _LARGER if each[0] in name.lower()), None)
    if unit is None:
        return [words] if words and value >= 0 and size <= 100 else []
    small, large, many = unit
    if words and size <= 100:
        counted.append((words, small))
    if size and size % many == 0:
        counted += [(str(size // many), large), *([(in_words(size // many), large)] if size // many <= 100 else [])]
        counted += [("a", large)] if size == many else []
    for count, each in counted:
        text = f"{count} {each or small}{'' if count in ('1', 'one', 'a') else 's'}"
        found += [f"{text} ago", f"{text} before", f"{text} back"] if value < 0 else [text]
    return found


def _days(text: str) -> list[str]:
    """Further forms of a day given as YYYY-MM-DD."""
    try:
        day = datetime.date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        day = None
    if day is None:
        return []
    month, number = MONTHS[day.month - 1].title(), f"{day.day}{_ordinal(day.day)}"
    return [
        f"{number} of {month} {day.year}", f"{month} {number}, {day.year}", f"{day.day} {month[:3]} {day.year}",
        f"{month[:3]} {day.day} {day.year}", f"{day.day} {month.lower()} {day.year}",
        f"the {number} of {month} {day.year}",
    ]  # fmt: skip


def _ordinal(number: int) -> str:
    return "th" if 10 < number % 100 < 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
