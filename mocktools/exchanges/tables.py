"""Rows of a table that fit the parameters of a request.

    >>> cities = Table("cities", [{"name": "São Paulo", "area": 1521}, {"name": "Rome", "area": 1285}])
    >>> cities.rows({"name": "SAO  PAULO"})
    [{'name': 'São Paulo', 'area': 1521}]
    >>> cities.rows({"area": "1285.0"})
    [{'name': 'Rome', 'area': 1285}]

Texts are compared without case, accents and needless spaces, numbers as numbers. `filled` makes an answer of what is
found, of at most 1 MiB, as that of any other response. Not covered: ranges, sorting, parts of
a text.
"""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from mocktools.errors import MockToolsError
from mocktools.exchanges.files import size
from mocktools.exchanges.matching import canonical_json
from mocktools.exchanges.rules import LARGEST_BODY, ROW, ROWS

_LONGEST_NUMBER = 40  # characters
_Key = tuple[str, Any]


class Table:
    """A named list of rows. The rows are shared: do not change them."""

    def __init__(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        self.name = name
        self._rows = list(rows)
        self._keys: dict[str, list[_Key]] = {}

    @cached_property
    def columns(self) -> frozenset[str]:
        """The names in any of the rows."""
        return frozenset(name for row in self._rows for name in row)

    def rows(self, wanted: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """The rows in which each of these columns has this value, in the order of the table.

        A value that was a text on its way (in a path or a query) also stands for the number or the truth value that it
        is written like.
        """
        conditions = [(self._column(name), _readings(value)) for name, value in wanted.items()]
        return [row for at, row in enumerate(self._rows) if all(keys[at] in readings for keys, readings in conditions)]

    def _column(self, name: str) -> list[_Key]:
        if name not in self._keys:
            self._keys[name] = [_key(row[name]) if name in row else ("absent", None) for row in self._rows]
        return self._keys[name]


class TooLargeError(MockToolsError):
    """An answer would be larger than any may be; the text says so to whoever asked."""


def filled(template: Any, found: Sequence[Mapping[str, Any]]) -> Any:
    """`template` with the first row that was found in place of each "{row}", and all of them in place of "{rows}".

    The size is counted before anything is made: raises `TooLargeError` for more than 1 MiB of JSON.
    """
    left = LARGEST_BODY - _length(template)
    counts = {ROW: 0, ROWS: 0}
    waiting = [template]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str) and value in counts:
            counts[value] += 1
        elif isinstance(value, dict | list):
            waiting += value.values() if isinstance(value, dict) else value
    for mark, rows in ((ROW, found[:1]), (ROWS, found)):
        left += counts[mark] * len(json.dumps(mark))
        for row in rows if counts[mark] else ():
            left -= counts[mark] * (_length(row) + 1)
            if left < 0:
                words = f"{len(found)} rows" if mark == ROWS else "a row"
                raise TooLargeError(f"the answer would be larger than {size(LARGEST_BODY)}: it has {words} of a table")
    return _put(template, {ROW: found[0], ROWS: list(found)})


def _put(template: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(template, str):
        return values.get(template, template)
    if isinstance(template, list):
        return [_put(inner, values) for inner in template]
    if isinstance(template, dict):
        return {name: _put(inner, values) for name, inner in template.items()}
    return template


def _length(value: Any) -> int:
    """Bytes of JSON."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def _key(value: Any) -> _Key:
    if isinstance(value, str):
        return "text", _folded(value)
    if isinstance(value, bool) or value is None:
        return "word", value
    if isinstance(value, int | float):
        return "number", value
    return "json", canonical_json(value)


def _readings(value: Any) -> set[_Key]:
    """What a value of a request may mean in a table."""
    found = {_key(value)}
    if isinstance(value, str):
        words = {"true": True, "false": False, "null": None}
        if value in words:
            found.add(("word", words[value]))
        number = _number(value)
        if number is not None:
            found.add(("number", number))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        found.add(("text", canonical_json(value)))
    return found


def _number(text: str) -> int | float | None:
    if len(text) > _LONGEST_NUMBER or not text.isascii() or "_" in text:
        return None
    try:
        return int(text)
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _folded(text: str) -> str:
    """`text` in lower case without accents, its words parted by single spaces; other signs stay."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text.casefold()).casefold())
    return " ".join("".join(sign for sign in decomposed if not unicodedata.combining(sign)).split())
