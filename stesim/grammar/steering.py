"""A tool's parameters narrowed by chance, so that a model which is held to them writes another call than before.

    >>> import random
    >>> narrowed({"properties": {"days": {"type": "integer", "minimum": 1, "maximum": 7}}, "required": ["days"]},
    ...          {"days": 3}, random.Random(0), 0, 2026)["properties"]["days"]["maximum"] <= 7
    True

Small models write the same few values again and again, whatever the temperature. So each call has its own choice of
optional parameters, of the span of a number, of a value of an enum, of the month of a date, of the letter that a text
begins with; what stands there is still the model's. A call that is valid for the narrowed parameters is valid for the
whole ones. Not covered: members of objects, elements of lists, texts with a pattern of their own.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]

_INITIALS = "ABCDEFGHIJKLMNOPRSTUVWYZ"  # what names begin with
_STRIDE = 7  # from one turn's initial to the next one's; all come before one comes again
_CODE = re.compile(r"[A-Z]{2,4}")
_MANY_INITIALS = 12  # for a code: few letters begin one
_LETTERS = "A-Za-zÀ-ÖØ-öø-ÿ"
_SMALL_LETTERS = "a-zß-öø-ÿ"
_SPANS = ((-365, -32), (-31, -10), (-9, -1), (0, 0), (1, 9), (10, 31), (32, 99), (100, 999), (1000, 9999))
# Words that say which properties go together: with some left out, nothing may be left that is valid.
_TOGETHER = {
    "$ref", "anyOf", "oneOf", "allOf", "not", "if", "minProperties", "maxProperties", "dependentRequired",
    "dependentSchemas", "dependencies",
}  # fmt: skip
_FEW = 32  # values: a range that is drawn from as a whole


def narrowed(
    parameters: Mapping[str, Any], example: Mapping[str, Any], rng: random.Random, turn: int, year: int
) -> Schema:
    """The parameters with less room, drawn with `rng`; `turn` counts the calls of a tool, so that initials alternate.

    `example` are arguments that work, from which the look of a text is taken; dates are of `year` and the next one.
    """
    if parameters.keys() & _TOGETHER:
        return dict(parameters)
    properties: Mapping[str, Any] = parameters.get("properties", {})
    required = list(parameters.get("required", []))
    kept = {name: schema for name, schema in properties.items() if name in required or rng.random() < 0.5}
    found = {
        name: _value(schema, example.get(name), rng, turn, year) if isinstance(schema, Mapping) else schema
        for name, schema in kept.items()
    }
    return {**parameters, "properties": found, "required": list(dict.fromkeys([*required, *kept]))}


def _value(schema: Mapping[str, Any], example: Any, rng: random.Random, turn: int, year: int) -> Schema:
    kind = schema.get("type")
    if schema.keys() & {"anyOf", "oneOf", "allOf", "$ref", "const", "not", "if"}:
        return dict(schema)
    if isinstance(schema.get("enum"), list) and schema["enum"]:
        return {**schema, "enum": [rng.choice(schema["enum"])]}
    if kind in ("integer", "number"):
        return _number(schema, rng)
    if kind == "string" and "pattern" not in schema:
        return _text(schema, example, rng, turn, year)
    return dict(schema)


def _number(schema: Mapping[str, Any], rng: random.Random) -> Schema:
    """A whole number of some size within the range; what is no whole range is left as it is."""
    if schema.keys() & {"exclusiveMinimum", "exclusiveMaximum", "multipleOf"}:
        return dict(schema)
    low, high = math.ceil(schema.get("minimum", -(10**6))), math.floor(schema.get("maximum", 10**6))
    if low > high:
        return dict(schema)
    spans = [(max(low, a), min(high, b)) for a, b in _SPANS if max(low, a) <= min(high, b)]
    first, last = (low, high) if high - low < _FEW or not spans else rng.choice(spans)
    middle, reach = rng.randint(first, last), (last - first) // 8
    return {
        **schema, "type": "integer", "minimum": max(first, middle - reach), "maximum": min(last, middle + reach)
    }  # fmt: skip


def _text(schema: Mapping[str, Any], example: Any, rng: random.Random, turn: int, year: int) -> Schema:
    look = example if isinstance(example, str) else ""
    if schema.get("maxLength", 80) < max(2, len(look)):
        return dict(schema)
    if schema.get("format") == "date" or (not schema.get("format") and re.fullmatch(r"\d{4}-\d\d-\d\d", look)):
        pattern = rf"^({year}|{year + 1})-{rng.randint(1, 12):02d}-(0[1-9]|1[0-9]|2[0-8])$"
    elif schema.get("format") or "minLength" in schema:
        return dict(schema)
    elif _CODE.fullmatch(look):
        pattern = rf"^[{''.join(rng.sample(_INITIALS, _MANY_INITIALS))}][A-Z]{{{len(look) - 1}}}$"
    elif look[:1].isalpha():
        pattern = _like(look, schema.get("maxLength"), turn)
    else:
        return dict(schema)
    return {**{word: value for word, value in schema.items() if word != "format"}, "pattern": pattern}


def _like(look: str, longest: int | None, turn: int) -> str:
    """Texts with the kinds of characters that the example has, beginning with the letter whose turn it is."""
    initial = _INITIALS[_STRIDE * turn % len(_INITIALS)]
    kinds = _SMALL_LETTERS if look.islower() else _LETTERS
    kinds += "0-9" if any(letter.isdigit() for letter in look) else ""
    signs = sorted({letter for letter in look if not letter.isalnum() and letter != " "})
    kinds += "".join(f"\\{sign}" for sign in signs if sign in "-_./,:+@#&'%()")
    most = min(longest or 80, max(20, 3 * len(look) // 2)) - 1
    return rf"^{initial.lower() if look.islower() else initial}[{kinds} ]{{1,{most}}}$"
