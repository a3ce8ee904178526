"""Hold a value that was sent against its parameter: the checked Python value, or a 400 that names the parameter.

    >>> import mocktools.params as params
    >>> read(params.Param("days", "Days", 3, kind="integer", minimum=1, maximum=7), "5", "days", wire=True)
    5

A value came as text in the address (`wire`), where all kinds are written as text, or as JSON in a body, where a
text has to be a string and a list a list; a number may be a string there too, as many servers have it.
Not covered: choosing between several parameters (`anyOf`).
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable
from typing import Any

from mocktools.params import HOUR_AND_MINUTE, LONGEST_LIST, LONGEST_TEXT, Kind, Param, shown
from mocktools.refusals import invalid, missing

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_MANY_DIGITS = re.compile(r"[+-]?[0-9]+", re.ASCII)
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2})(?::([0-9]{2})(?:\.[0-9]{1,9})?)?"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))?",
    re.ASCII,
)
UTC = datetime.timezone.utc


def read(param: Param, value: Any, name: str, *, wire: bool) -> Any:
    """The value of `param`, which is called `name` where it stands ("place.city", "labels[0]").

    Raises a 400 `ApiError` if it does not fit.
    """
    return _READERS[param.kind](param, value, name, wire)


def _text(param: Param, value: Any, name: str, wire: bool) -> str:
    if wire and value.startswith(("[", "{")):
        # What a caller sends who wraps the text in a list or an object.
        raise invalid(name, value, f"plain text{_eg(param)}")
    if not isinstance(value, str):
        raise invalid(name, shown(value), f"a string{_eg(param)}")
    if param.choices:
        return _choice(param, value, name)
    longest = param.longest or LONGEST_TEXT
    if param.pattern and not re.fullmatch(param.pattern, value):
        raise invalid(name, value, f"in the usual form{_eg(param)}")
    if len(value) > longest:
        raise invalid(name, value, f"at most {longest} characters long")
    if param.shortest and len(value) < param.shortest:
        raise invalid(name, value, f"at least {param.shortest} characters long{_eg(param)}")
    return value


def _choice(param: Param, value: str, name: str) -> str:
    """One of the texts that there are, as it is declared; case does not count."""
    for choice in param.choices:
        if choice.lower() == value.lower():
            return choice
    raise invalid(name, value, f"one of {', '.join(param.choices)}{_eg(param)}")


def _integer(param: Param, value: Any, name: str, _: bool) -> int:
    if isinstance(value, float) and value.is_integer():  # 3.0 is an integer in JSON Schema
        value = int(value)
    text = shown(value)
    if not _INTEGER.fullmatch(text):
        expected = _bounded("an integer", param) if _MANY_DIGITS.fullmatch(text) else f"an integer{_eg(param)}"
        raise invalid(name, text, expected)
    return int(_within(param, name, text, int(text)))


def _number(param: Param, value: Any, name: str, _: bool) -> float:
    text = shown(value)
    if len(text) > LONGEST_TEXT or not _NUMBER.fullmatch(text):
        raise invalid(name, text, f"a number{_eg(param)}")
    return float(_within(param, name, text, float(text)))


def _boolean(param: Param, value: Any, name: str, _: bool) -> bool:
    text = shown(value)
    if text.lower() not in ("true", "false"):
        raise invalid(name, text, f"true or false{_eg(param)}")
    return text.lower() == "true"


def _date(param: Param, value: Any, name: str, _: bool) -> datetime.date:
    try:
        if _DATE.fullmatch(shown(value)):
            return datetime.date.fromisoformat(value)
    except ValueError:
        pass
    raise invalid(name, shown(value), "a valid date in the form YYYY-MM-DD")


def _time(param: Param, value: Any, name: str, _: bool) -> datetime.time:
    if isinstance(value, str) and re.fullmatch(HOUR_AND_MINUTE, value):
        return datetime.time.fromisoformat(value)
    raise invalid(name, shown(value), f"a time in the form HH:MM{_eg(param)}")


def _datetime(param: Param, value: Any, name: str, _: bool) -> datetime.datetime:
    """A moment in UTC, to the second; one without an offset is taken for UTC."""
    match = _MOMENT.fullmatch(shown(value))
    try:
        if match:
            day, clock, second, sign, hours, minutes = match.groups(default="00")
            local = datetime.datetime.fromisoformat(f"{day}T{clock}:{second}+00:00")
            ahead = datetime.timedelta(hours=int(hours), minutes=int(minutes))
            if ahead < datetime.timedelta(days=1):
                return local + ahead if sign == "-" else local - ahead
    except (ValueError, OverflowError):
        pass
    raise invalid(name, shown(value), f"a valid date and time in the form YYYY-MM-DDTHH:MM:SSZ{_eg(param)}")


def _array(param: Param, value: Any, name: str, wire: bool) -> list[Any]:
    if wire:  # both are in use: a JSON list, and values with commas between them
        found = _parsed(value)
        value = found if isinstance(found, list) else [part.strip() for part in value.split(",") if part.strip()]
    if not isinstance(value, list):
        raise invalid(name, shown(value), f"a list{_eg(param)}")
    longest = param.longest or LONGEST_LIST
    if not (param.shortest or 0) <= len(value) <= longest:
        raise invalid(name, shown(value), f"a list of {param.shortest or 0} to {longest} elements{_eg(param)}")
    items = param.items or Param("", "", "text")
    return [_inner(items, element, f"{name}[{index}]", param) for index, element in enumerate(value)]


def _inner(items: Param, element: Any, name: str, param: Param) -> Any:
    if element is None or element == "":
        raise invalid(name, shown(element), f"{_KINDS[items.kind]}, as in {shown(param.example)}")
    return read(items, element, name, wire=False)


def _object(param: Param, value: Any, name: str, wire: bool) -> dict[str, Any]:
    if wire:
        value = _parsed(value)
    if not isinstance(value, dict):
        raise invalid(name, shown(value), f"an object{_eg(param)}")
    sent = {key: inner for key, inner in value.items() if inner is not None and inner != ""}
    absent = [f"{name}.{member.name}" for member in param.members if member.required and member.name not in sent]
    if absent:
        raise missing(*absent)
    found = {}
    for member in param.members:
        inner = sent.get(member.name, member.default)
        if inner is not None:
            found[member.name] = read(member, inner, f"{name}.{member.name}", wire=False)
    return found


_READERS: dict[Kind, Callable[[Param, Any, str, bool], Any]] = {
    "string": _text,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "time": _time,
    "datetime": _datetime,
    "array": _array,
    "object": _object,
}
_KINDS: dict[Kind, str] = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "date": "a date",
    "time": "a time",
    "datetime": "a date and time",
    "array": "a list",
    "object": "an object",
}


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _within(param: Param, name: str, text: str, number: float) -> float:
    low = param.minimum if param.minimum is not None else float("-inf")
    high = param.maximum if param.maximum is not None else float("inf")
    if not low <= number <= high or number in (float("inf"), float("-inf")):
        raise invalid(name, text, _bounded("an integer" if param.kind == "integer" else "a number", param))
    return number


def _eg(param: Param) -> str:
    return f", e.g. {shown(param.example)}"


def _bounded(what: str, param: Param) -> str:
    if param.minimum is None or param.maximum is None:
        return f"{what} of reasonable size"
    return f"{what} between {param.minimum} and {param.maximum}"
