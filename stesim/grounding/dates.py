"""Whether a text says a day or a time of day, in one of the ways in which people do.

    >>> says_day("Is it a holiday on the 14th of July, 2026?", datetime.date(2026, 7, 14), None)
    True
    >>> says_time("Set it for half past three", datetime.time(15, 30))
    True

Not covered: movable feasts, the seasons, other calendars and languages.
"""

from __future__ import annotations

import calendar
import datetime
import re
from functools import lru_cache

from stesim.grounding.numbers import SMALL, quantities
from stesim.grounding.words import LONGEST, folded

MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NAMED = {
    "new years eve": (12, 31), "new year eve": (12, 31), "new years day": (1, 1), "new year day": (1, 1),
    "new year": (1, 1), "christmas eve": (12, 24), "christmas": (12, 25), "boxing day": (12, 26),
    "halloween": (10, 31), "valentine day": (2, 14), "valentines day": (2, 14), "bastille day": (7, 14),
    "st patrick day": (3, 17), "epiphany": (1, 6), "april fools day": (4, 1), "may day": (5, 1),
    "all saints day": (11, 1), "independence day": (7, 4), "labor day": (5, 1), "labour day": (5, 1),
}  # fmt: skip
_ORDINALS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
    "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth",
    "twentieth",
)  # fmt: skip
_NOW = ("today", "tonight", "now", "currently", "current", "this morning", "this afternoon", "this evening")
_YEAR_FIRST = re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_NUMBERED = re.compile(r"(?<![\d.,:/-])(\d{1,2})([-/.])(\d{1,2})(?:\2(\d{4}|\d{2})(?!\d)|(?![\d:]|[-/.]\d))")
_YEAR = re.compile(r"(?<![\w.,])(?:1[5-9]|2[01])\d\d(?![\w]|[.,]\d)")
_AMONG = ("this", "next", "last", "past", "coming", "previous", "following", "upcoming", "current", "whole", "rest")
_RELATIVE_UNITS = {"day": 1, "night": 1, "week": 7, "fortnight": 14}


def says_day(text: str, day: datetime.date, today: datetime.date | None, loose: bool = True) -> bool:
    """Whether a text says this day. The year may be missing if it is that of `today`, or the next time that there is
    such a day.

    `loose`: also by a weekday, as so many days from `today`, as the end of a week, a month or a year, and with the day
    and the month in different places ("from 3 to 9 May").
    """
    text = text[:LONGEST]
    words = f" {folded(text)} "
    if _numbered(text, day):
        return True
    if _says_year(text, words, day, today):
        if _is_feast(words, day) or _in_month(text, words, day, loose):
            return True
        # Without a year, only a slash makes a day of two numbers.
        found = _NUMBERED.findall(text)
        if any(_same_day(first, second, day) for first, sign, second, year in found if sign == "/" and not year):
            return True
    if today is None:
        return False
    return _by_name(words, (day - today).days) or (loose and (_counted(text, day, today) or _spans(words, day, today)))


def _numbered(text: str, day: datetime.date) -> bool:
    """2026-07-14, 14.7.2026, 7/14/26: with the year."""
    if any(tuple(map(int, found)) == (day.year, day.month, day.day) for found in _YEAR_FIRST.findall(text)):
        return True
    return any(
        _same_day(first, second, day) and int(year) in (day.year, day.year % 100)
        for first, _, second, year in _NUMBERED.findall(text)
        if year
    )


def _same_day(first: str, second: str, day: datetime.date) -> bool:
    """Whether two numbers are the day and the month, in either order."""
    return (int(first), int(second)) in ((day.day, day.month), (day.month, day.day))


def _is_feast(words: str, day: datetime.date) -> bool:
    return any(f" {name} " in words for name, date in _NAMED.items() if date == (day.month, day.day))


def _in_month(text: str, words: str, day: datetime.date, loose: bool) -> bool:
    """14 July, July 14th, the fourteenth of July; with `loose` also July or its year for their first and last day."""
    month = rf"(?:{MONTHS[day.month - 1]}|{MONTHS[day.month - 1][:3]}{'|sept' if day.month == 9 else ''})"
    number = rf"(?:{'|'.join(_day_forms(day.day))})"
    if re.search(rf"\b{number} (?:of )?{month}\b|\b{month} (?:the )?{number}\b", words):
        return True
    if not loose:
        return False
    if not re.search(rf"\b{month}\b", words):
        whole = _YEAR.search(text) and not any(f" {name} " in words for name in MONTHS)
        return bool(whole) and (day.month, day.day) in ((1, 1), (12, 31))
    numbered = rf"\b\d\d?(?:st|nd|rd|th)? (?:of )?{month}\b|\b{month} (?:the )?\d\d?(?:st|nd|rd|th)?\b"
    return re.search(rf"\b{number}\b", words) is not None or (_ends_month(day) and not re.search(numbered, words))


def _ends_month(day: datetime.date) -> bool:
    """Whether it is the first or the last day of a month."""
    return day.day in (1, calendar.monthrange(day.year, day.month)[1])


@lru_cache(maxsize=32)
def _day_forms(number: int) -> tuple[str, ...]:
    """The ways to write a day of the month, folded."""
    ending = "th" if 11 <= number <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    tens, ones = divmod(number, 10)
    if number <= 20:
        spelled = [_ORDINALS[number - 1]]
    else:
        spelled = [f"{('twenty', 'thirty')[tens - 2]} {_ORDINALS[ones - 1]}"] if ones else ["thirtieth"]
    words = [word for word, value in SMALL.items() if value == number]
    return (f"0?{number}", f"{number}{ending}", *spelled, *words)


def _says_year(text: str, words: str, day: datetime.date, today: datetime.date | None) -> bool:
    """Whether the year is in the text; or none is, and it need not be."""
    years = {int(year) for year in _YEAR.findall(text)} | {int(found[0]) for found in _YEAR_FIRST.findall(text)}
    years |= {int(found[3]) for found in _NUMBERED.findall(text) if len(found[3]) == 4}
    if today is not None:
        offsets = (("next year", 1), ("last year", -1), ("this year", 0))
        years |= {today.year + offset for said, offset in offsets if f" {said} " in words}
    if years:
        return day.year in years
    if today is None or day.year == today.year:
        return True
    return day.year == today.year + 1 and (day.month, day.day) < (today.month, today.day)


def _by_name(words: str, ahead: int) -> bool:
    """Today, tomorrow, yesterday and the days next to them."""
    if ahead == 0:
        return any(f" {said} " in words for said in _NOW)
    if abs(ahead) == 2:
        return (" day after tomorrow " if ahead > 0 else " day before yesterday ") in words
    plain = words.replace(" day after tomorrow ", " ").replace(" day before yesterday ", " ")
    return abs(ahead) == 1 and (" tomorrow " if ahead > 0 else " yesterday ") in plain


def _counted(text: str, day: datetime.date, today: datetime.date) -> bool:
    """In two weeks, ten days ago, the last 7 days."""
    ahead = abs((day - today).days)
    for said in quantities(text):
        if abs(said.value) > 40_000:
            continue
        days = int(abs(said.value) * _RELATIVE_UNITS[said.unit]) if said.unit in _RELATIVE_UNITS else None
        if days is not None and ahead in (days, days - 1):
            return True
        if said.unit in ("month", "year") and _months_apart(day, today) == abs(said.value) * (
            12 if said.unit == "year" else 1
        ):
            return True
    return False


def _months_apart(one: datetime.date, other: datetime.date) -> int:
    """The whole months between two days of the same number; -1 for others."""
    months = abs((one.year - other.year) * 12 + one.month - other.month)
    return months if one.day == other.day else -1


def _spans(words: str, day: datetime.date, today: datetime.date) -> bool:
    """Next Friday, the weekend; the first and the last day of this week, last month, next year."""
    ahead = (day - today).days
    name = WEEKDAYS[day.weekday()]
    if abs(ahead) <= 14 and re.search(rf" (?:{name}|{name[:3]}|{name[:4]}) ", words):
        return True
    if " weekend " in words and abs(ahead) <= 14 and day.weekday() >= 4:
        return True
    among = "|".join(_AMONG)
    if (
        re.search(rf" (?:{among}) week ", words)
        and abs(ahead) <= 13
        and (abs(ahead) in (0, 6, 7) or day.weekday() in (0, 4, 5, 6))
    ):
        return True
    months = (day.year - today.year) * 12 + day.month - today.month
    if _ends_month(day) and abs(months) <= 1 and re.search(rf" (?:{among}) month ", words):
        return True
    whole = (day.month, day.day) in ((1, 1), (12, 31)) and abs(day.year - today.year) <= 1
    return whole and re.search(rf" (?:{among}) year ", words) is not None


_CLOCK = re.compile(r"(?<![\d:.,])(\d{1,2})(?:[:.h](\d{2}))?(?::\d{2})?\s?(?:([ap])\.?m\b\.?)?(?!\d)", re.IGNORECASE)
_HOUR = re.compile(
    r"(?:\b(?:at|by|from|until|till|to|around|about|after|before|past)|@) (\d{1,2})(?!\d|[:.h]\d|\s?[ap]\.?m\b)"
)
_HALVES = {"half past": 30, "quarter past": 15, "quarter to": -15}


def says_time(text: str, clock: datetime.time) -> bool:
    """Whether a text says a time of day, to the minute; without am or pm it may be either."""
    return (clock.hour, clock.minute) in _times(text[:LONGEST])


@lru_cache(maxsize=64)
def _times(text: str) -> frozenset[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    for hour, minute, half in _CLOCK.findall(text):
        if minute or half:
            found |= _readings(int(hour), int(minute or 0), half.lower())
    for hour in _HOUR.findall(text.casefold()):
        found |= _readings(int(hour), 0, "")
    words = folded(text)
    found |= {(12, 0)} if re.search(r"\b(?:noon|midday)\b", words) else set()
    found |= {(0, 0)} if "midnight" in words else set()
    hours = {**{word: value for word, value in SMALL.items() if value <= 12}, **{str(n): n for n in range(13)}}
    spelled = rf"({'|'.join(hours)})"
    for part, past in _HALVES.items():
        for hour in re.findall(rf"\b{part} {spelled}\b", words):
            found |= _readings(hours[hour] - (past < 0), past % 60, "")
    for hour, half in re.findall(rf"\b{spelled} ?([ap])m\b", words):
        found |= _readings(hours[hour], 0, half)
    plain = rf"\b(?:at|by|from|until|to) {spelled}\b(?! ?[ap]m\b|:)|\b{spelled} (?:o ?clock|in the)\b"
    for hour in re.findall(plain, words):
        found |= _readings(hours[hour[0] or hour[1]], 0, "")
    return frozenset(found)


def _readings(hour: int, minute: int, half: str) -> set[tuple[int, int]]:
    """The times of day that an hour and a minute may be; `half` is a or p."""
    if minute > 59 or hour > 24 or (half and hour > 12):
        return set()
    if half:
        return {(hour % 12 + (12 if half == "p" else 0), minute)}
    return {(hour % 24, minute), ((hour + 12) % 24, minute)} if hour <= 12 else {(hour % 24, minute)}
