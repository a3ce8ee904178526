"""A text or a number that fits a flat JSON Schema and suits its name.

    >>> string({"format": "date"}, "born", lambda limit: 0)
    '2026-01-01'
    >>> number({"minimum": 2, "exclusiveMaximum": 3}, "size", lambda limit: 0, whole=True)
    2

Not covered: formats that are not named here (their text is that of the name), a `format` and a `pattern` for one text.
"""

from __future__ import annotations

import base64
import datetime
import math
import re
import uuid
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from mocktools.made import patterns, plausible
from mocktools.made.fitting import is_multiple

Draw = Callable[[int], int]

LONGEST = 2_000  # characters of a text that is made
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?Z")
_MAIL = re.compile(r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,100}\.[A-Za-z]{2,20}")
_FINE = 1_000_000  # into how many steps a span of numbers is cut
_WHOLE = {"int32": 2**31 - 1, "int64": 2**53 - 1}


def string(schema: Mapping[str, Any], name: str, draw: Draw) -> str | None:
    """A text that fits, or None if its shortest length is more than its longest or more than 2,000."""
    shortest = math.ceil(schema.get("minLength", 0))
    longest = math.floor(min(schema.get("maxLength", LONGEST), LONGEST))
    if shortest > longest:
        return None
    for found in _candidates(schema, name, draw, shortest):
        if found is not None and shortest <= len(found) <= longest:
            return found
    text = plausible.text(name, draw)
    if len(text) > longest:  # as many whole words as there is room for
        cut = text[: longest + 1].rpartition(" ")[0].rstrip(" .,")
        text = cut if len(cut) >= max(shortest, 1) else text[:longest].rstrip() or text[:longest]
    while len(text) < shortest:
        text += ("" if not text or shortest - len(text) < 3 else " ") + plausible.word(draw)
    return text[:longest].rstrip().ljust(shortest, "x") if len(text) > longest else text


def _candidates(schema: Mapping[str, Any], name: str, draw: Draw, shortest: int) -> list[str | None]:
    """What the form of the text asks for, best first; the last is what suits its name."""
    found = []
    if "pattern" in schema:
        found.append(patterns.sample(schema["pattern"], draw, shortest))
    form = _FORMATS.get(str(schema.get("format", "")))
    if form is not None:
        found.append(form(draw))
    return [*found, plausible.text(name, draw)]


def _hex(draw: Draw, digits: int) -> str:
    return "".join("0123456789abcdef"[draw(16)] for _ in range(digits))


def _uuid(draw: Draw) -> str:
    return str(uuid.UUID(hex=_hex(draw, 32), version=4))


_FORMATS: dict[str, Callable[[Draw], str]] = {
    "date": plausible.date,
    "date-time": plausible.moment,
    "datetime": plausible.moment,
    "time": lambda draw: f"{draw(24):02d}:{5 * draw(12):02d}:00Z",
    "duration": lambda draw: f"PT{1 + draw(59)}M",
    "email": plausible.email,
    "idn-email": plausible.email,
    "hostname": lambda draw: f"{plausible.word(draw)}.example",
    "idn-hostname": lambda draw: f"{plausible.word(draw)}.example",
    "uuid": _uuid,
    "guid": _uuid,
    "uri": plausible.url,
    "url": plausible.url,
    "iri": plausible.url,
    "uri-reference": lambda draw: f"/{plausible.word(draw)}",
    "iri-reference": lambda draw: f"/{plausible.word(draw)}",
    "uri-template": lambda draw: f"/{plausible.word(draw)}/{{id}}",
    "json-pointer": lambda draw: f"/{plausible.word(draw)}",
    "relative-json-pointer": lambda draw: f"{draw(3)}/{plausible.word(draw)}",
    "regex": lambda draw: f"^{plausible.word(draw)}$",
    # The blocks that are kept for documentation (RFC 5737, RFC 3849).
    "ipv4": lambda draw: f"192.0.2.{1 + draw(254)}",
    "ip": lambda draw: f"192.0.2.{1 + draw(254)}",
    "ipv6": lambda draw: f"2001:db8::{1 + draw(9999)}",
    "byte": lambda draw: base64.b64encode(f"{plausible.word(draw)} {plausible.word(draw)}".encode()).decode(),
    "base64": lambda draw: base64.b64encode(f"{plausible.word(draw)} {plausible.word(draw)}".encode()).decode(),
    "password": lambda draw: f"{plausible.word(draw)}-{plausible.word(draw)}-{100 + draw(900)}",
    "phone": lambda draw: f"+1555010{draw(1000):04d}",
    "color": lambda draw: f"#{_hex(draw, 6)}",
    "int64": lambda draw: str(1000 + draw(90000)),
    "int32": lambda draw: str(1000 + draw(90000)),
    "decimal": lambda draw: f"{draw(200)}.{draw(100):02d}",
}


def in_form(form: str, text: str) -> bool:
    """Whether a text of somebody else's has the form of this `format`; False for one that is not looked into."""
    try:
        if form == "date":
            return bool(datetime.date.fromisoformat(text)) and len(text) == 10
        if form in ("uuid", "guid"):
            return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
    if form == "date-time":
        return bool(_MOMENT.fullmatch(text)) and in_form("date", text[:10])
    return bool(_MAIL.fullmatch(text)) if form == "email" else form not in _FORMATS or form.startswith("int")


def number(schema: Mapping[str, Any], name: str, draw: Draw, whole: bool) -> float | int | None:
    """A number that fits, an integer if it is to be `whole`; None if there is none."""
    low, high = _bounds(schema, whole)
    wish_low, wish_high = plausible.span(name)
    inner = max(low, wish_low), min(high, wish_high)
    spans = [inner, (low, high)] if inner[0] <= inner[1] else [_near(low, high, wish_low), (low, high)]
    for start, end in spans:
        found = _drawn(schema, start, end, draw, whole)
        if found is not None:
            return found
    return None


def _near(low: float, high: float, wish: float) -> tuple[float, float]:
    """A part of the span from `low` to `high` that has the size of everyday numbers, as near to `wish` as can be."""
    if low > wish:
        return low, min(high, low + 100)
    return max(low, high - 100), high


def _bounds(schema: Mapping[str, Any], whole: bool) -> tuple[float, float]:
    """The least and the largest number that a schema allows; of exclusive bounds the next float."""
    limit = _WHOLE.get(str(schema.get("format", "")), 2**53 - 1) if whole else 1e15
    low = max((schema[word] for word in ("minimum", "exclusiveMinimum") if word in schema), default=None)
    high = min((schema[word] for word in ("maximum", "exclusiveMaximum") if word in schema), default=None)
    if low is None:
        low = -limit if high is None or high > -limit else high - max(1000, abs(high) // 100)
    if high is None:
        high = limit if low < limit else low + max(1000, abs(low) // 100)
    return low, high


def _drawn(schema: Mapping[str, Any], low: float, high: float, draw: Draw, whole: bool) -> float | int | None:
    step = schema.get("multipleOf")
    if step is None and not whole:
        return _fraction(schema, low, high, draw)
    step = 1 if step is None else step
    exact = Fraction(str(step))
    if whole and exact.denominator != 1:
        exact *= exact.denominator
    first, last = math.ceil(Fraction(low) / exact), math.floor(Fraction(high) / exact)
    if first > last:
        return None
    begin = first + draw(min(last - first + 1, 2**40))
    for at in (*range(begin, min(begin + 20, last + 1)), *range(first, min(first + 20, last + 1)), 0):
        product = exact * at
        found = int(product) if product.denominator == 1 and (whole or isinstance(step, int)) else float(product)
        if _allowed(schema, found) and is_multiple(found, step):
            return found
    return None


def _fraction(schema: Mapping[str, Any], low: float, high: float, draw: Draw) -> float | None:
    exact = low + (high - low) * (draw(_FINE) / _FINE)
    for found in (round(exact, 2), round(exact, 6), exact, (low + high) / 2, math.nextafter(low, high), float(low)):
        if _allowed(schema, found):
            return float(found)
    return None


def _allowed(schema: Mapping[str, Any], found: float) -> bool:
    return (
        math.isfinite(found)
        and found >= schema.get("minimum", -math.inf)
        and found <= schema.get("maximum", math.inf)
        and found > schema.get("exclusiveMinimum", -math.inf)
        and found < schema.get("exclusiveMaximum", math.inf)
    )
