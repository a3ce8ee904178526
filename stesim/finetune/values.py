"""Values that nobody has said yet, by the schema of an argument or like a value that is known.

    >>> rng = random.Random(0)
    >>> other_value("city", "New York", {}, rng)
    'Veagroumlum Sotduvend'
    >>> first_value("at", {"type": "string", "format": "time"}, rng)
    '08:15:00'

Not covered: yes and no, lists, objects, and texts that follow a pattern.
"""

from __future__ import annotations

import datetime
import itertools
import random
import re
import string
import uuid
from collections.abc import Mapping
from functools import cache
from typing import Any

from stesim.toolbox import names_of_code

_BEGINNINGS = (
    "b", "br", "c", "ch", "d", "dr", "f", "g", "gr", "h", "k", "kl", "l", "m", "n", "p", "pr", "r", "s", "sh", "st",
    "t", "th", "tr", "v", "w", "z", "",
)  # fmt: skip
_VOWELS = ("a", "e", "i", "o", "u", "ai", "ea", "ia", "ou", "oe")
_ENDINGS = ("", "", "", "n", "r", "s", "l", "m", "t", "nd", "rk", "x", "th")
_CODE = re.compile(r"[A-Z]{2,3}")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)([T ])(\d\d:\d\d(?::\d\d)?)(.*)")
_MAIL = re.compile(r"[\w.+-]+@([\w-]+\.[\w.-]+)")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_LIKE = {
    "date-time": "2026-05-09T14:30:00Z", "time": "14:30:00", "email": "somebody@example.com",
    "uuid": "00000000-0000-4000-8000-000000000000",
}  # fmt: skip
_ROUND = 7  # weeks are said as weeks
_DAYS = 1500  # a new day is at most so far from the old one


def first_value(name: str, schema: Mapping[str, Any], rng: random.Random) -> Any:
    """A value for an argument, from its schema: by its enum, or like the example of its description."""
    if isinstance(schema.get("enum"), list) and schema["enum"]:
        return rng.choice(schema["enum"])
    kind = schema.get("type")
    if kind in ("integer", "number"):
        low, high = schema.get("minimum", 1), schema.get("maximum", 1000)
        size = min(high, 10 ** rng.randint(1, 4)) if isinstance(high, int | float) else 100
        if low > high:
            return None
        whole = rng.randint(int(max(low, -abs(size))), int(max(size, low)))
        if rng.random() < 0.3 and low <= (round_one := whole // _ROUND * _ROUND) <= high:
            whole = round_one
        return whole if kind == "integer" or rng.random() < 0.6 else _as_said(round(whole + rng.random(), 2))
    if kind != "string":
        return None
    if schema.get("format") == "date":
        return (datetime.date(2026, 1, 1) + datetime.timedelta(days=rng.randint(-_DAYS, _DAYS))).isoformat()
    example = re.search(r"e\.g\. (.+?)\.?$", str(schema.get("description", "")))
    like = example[1] if example else _LIKE.get(str(schema.get("format")), "Example")
    return other_value(name, like, schema, rng)


def _as_said(number: float) -> int | float:
    """57 for 57.0: a whole number as people write it, in the query and so in the call."""
    return int(number) if float(number).is_integer() else number


def _is_code(value: Any) -> bool:
    return isinstance(value, str) and _CODE.fullmatch(value) is not None


def other_value(name: str, value: Any, schema: Mapping[str, Any], rng: random.Random) -> Any:
    """Another value of the same kind, by the schema's enum and range; None where there is none to make."""
    if isinstance(value, bool) or "const" in schema or "pattern" in schema:
        return None
    if isinstance(schema.get("enum"), list):
        named = [each for each in schema["enum"] if each != value and isinstance(each, str | int)]
        return rng.choice(named) if named else None
    if isinstance(value, int):
        return _number(value, schema, rng)
    if isinstance(value, float):
        low, high = schema.get("minimum", 0), schema.get("maximum", 10_000)
        new = round(rng.uniform(0, 3) * (abs(value) or 1), rng.choice((0, 1, 2)))
        return _as_said(min(max(new, low), high))
    return _other_text(name, value, schema, rng) if isinstance(value, str) else None


def _other_text(name: str, value: str, schema: Mapping[str, Any], rng: random.Random) -> str | None:
    if day := _day(value):
        return _other_day(day, rng)
    if _TIME.fullmatch(value):
        return _other_time(value, rng)
    if (moment := _MOMENT.fullmatch(value)) and (day := _day(moment[1])):
        return f"{_other_day(day, rng)}{moment[2]}{_other_time(moment[3], rng)}{moment[4]}"
    if _UUID.fullmatch(value):
        return str(uuid.UUID(int=rng.getrandbits(128), version=4))
    if mail := _MAIL.fullmatch(value):
        return f"{invented(rng, 1, capital=False)}@{mail[1]}"
    if _is_code(value):
        others = codes_like(value, f"{name} {schema.get('description', '')}")
        return rng.choice(others) if others else None
    if any(letter.isdigit() for letter in value):
        return alike(value, rng)
    if "format" in schema:
        return None
    name, most = invented(rng, len(value.split()), capital=value[:1].isupper()), schema.get("maxLength")
    return name[:most].strip() if isinstance(most, int) and most > 0 else name


def _number(value: int, schema: Mapping[str, Any], rng: random.Random) -> int | None:
    low, high = schema.get("minimum"), schema.get("maximum")
    size = 10 ** max(1, len(str(abs(value))) + rng.choice((-1, 0, 0, 1)))
    least = max(1 if value > 0 else -size, low if isinstance(low, int) else -size)
    most = min(size if value > 0 else -1, high if isinstance(high, int) else size)
    return rng.randint(least, most) if least <= most else None


def _day(text: str) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def _other_day(day: datetime.date, rng: random.Random) -> str:
    least, most = datetime.date.min.toordinal(), datetime.date.max.toordinal()
    new = day.toordinal() + rng.randint(-_DAYS, _DAYS)
    return datetime.date.fromordinal(min(max(new, least), most)).isoformat()


def _other_time(text: str, rng: random.Random) -> str:
    """A time of the day in quarters of an hour, with seconds where the text has some."""
    return f"{rng.randrange(24):02}:{rng.choice((0, 15, 30, 45)):02}{':00' if text.count(':') > 1 else ''}"


def alike(text: str, rng: random.Random) -> str:
    """A text of the same look: its digits are others, and so are its letters if they stand among digits.

    >>> alike("ab-1706.03762", random.Random(0))
    'ab-6604.87647'
    """
    mixed = re.search(r"\d[A-Za-z]|[A-Za-z]\d", text) is not None
    found = []
    for place, sign in enumerate(text):
        if sign.isdigit():
            found.append(rng.choice("123456789" if not place else string.digits))
        elif mixed and sign.isascii() and sign.isalpha():
            found.append(rng.choice(string.ascii_uppercase if sign.isupper() else string.ascii_lowercase))
        else:
            found.append(sign)
    return "".join(found)


@cache
def codes_like(code: str, about: str) -> tuple[str, ...]:
    """All codes of as many letters that stand for something, given what is said of the parameter."""
    if not names_of_code(code, about):
        return ()
    letters = itertools.product(string.ascii_uppercase, repeat=len(code))
    return tuple(each for each in map("".join, letters) if names_of_code(each, about))


def invented(rng: random.Random, words: int, *, capital: bool) -> str:
    """A name of so many words (at most four) that does not exist, such as "Throuk Vealan"."""
    found = []
    for _ in range(min(max(words, 1), 4)):
        syllables = range(rng.choice((2, 2, 3, 3, 4)))
        parts = (rng.choice(_BEGINNINGS) + rng.choice(_VOWELS) + rng.choice(_ENDINGS) for _ in syllables)
        word = "".join(parts)
        found.append(word.title() if capital else word)
    return " ".join(found)
