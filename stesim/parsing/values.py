"""Which argument values are allowed, and JSON as the standard library reads it.

    from stesim.parsing.values import decode, storable
    decode('{"n": 1} and more', 0)      # ({'n': 1}, 8, False)
    storable({"n": float("nan")})       # False

A value is allowed if orjson writes it and reads an equal one back, so that a run's files hold exactly what was
called. Not here: reading broken JSON (`json_tolerant`).
"""

from __future__ import annotations

import json
from typing import Any

import orjson

# Characters without a width, which may stand between tokens: zero-width space, byte order mark, word joiner.
INVISIBLE = "\u200b\ufeff\u2060"
# orjson stops at 254 levels. A call never needs more than a few, and the tolerant reader recurses.
MAX_DEPTH = 32
# Longer than any 64-bit integer: not converted, because that costs quadratic time.
_MOST_DIGITS = 20


def parse_int(digits: str) -> int | float:
    """An integer; one that is far beyond 64 bit becomes infinity, which is not storable."""
    return int(digits) if len(digits) <= _MOST_DIGITS else float("inf")


def _too_deep(value: object) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        inner: list[object] = []
        for each in level:
            if isinstance(each, dict):
                inner.extend(each.values())
            elif isinstance(each, list):
                inner.extend(each)
        if not inner:
            return False
        level = inner
    return True


def storable(value: object) -> bool:
    """Whether orjson writes the value and reads an equal one back (and it is not nested too deep)."""
    if _too_deep(value):
        return False
    try:
        return bool(orjson.loads(orjson.dumps(value)) == value)
    except (TypeError, ValueError):
        return False


def too_large(value: object) -> bool:
    """Whether a number in the value is beyond what can be stored."""
    rest = [value]
    while rest:
        each = rest.pop()
        if isinstance(each, dict):
            rest.extend(each.values())
        elif isinstance(each, list):
            rest.extend(each)
        elif (isinstance(each, int) and not -(2**63) <= each < 2**64) or each in (float("inf"), float("-inf")):
            return True
    return False


class _Pairs:
    """Builds objects and remembers whether a key came twice with different values."""

    def __init__(self) -> None:
        self.duplicate = False

    def __call__(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) < len(pairs):
            self.duplicate = self.duplicate or any(members[key] != value for key, value in pairs)
        return members


def decode(text: str, start: int) -> tuple[Any, int, bool] | None:
    """The JSON value that begins exactly at `start`, where it ends, and whether a key was given twice.

    None if there is none. Nesting beyond what Python can read gives a value that is not storable.
    """
    pairs = _Pairs()
    decoder = json.JSONDecoder(object_pairs_hook=pairs, parse_int=parse_int)
    try:
        value, end = decoder.raw_decode(text, start)
    except ValueError:
        return None
    except RecursionError:
        return {"": float("nan")}, len(text), False
    return value, end, pairs.duplicate
