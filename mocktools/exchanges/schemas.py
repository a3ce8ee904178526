"""Hold a file against its JSON Schema, and word what is wrong for a person.

    >>> problems("fixture", {"source": "me", "as_of": "2026", "license": "MIT", "exchange": []})
    [('', 'unknown name "exchange"; did you mean "exchanges"?')]

The schemas are data: `fixture.schema.json` and `toolset.schema.json` beside this file. Not covered: what a schema
cannot say, which `format.py` and `sources/folder.py` check.
"""

from __future__ import annotations

import difflib
import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
from jsonschema.protocols import Validator

from mocktools.exchanges.files import place_of, shown

# More than these are not told: nobody reads them.
MOST_PROBLEMS = 50
_TYPES = {"object": "an object", "array": "a list", "integer": "an integer"}


def schema(name: str) -> dict[str, Any]:
    """The schema "fixture" or "toolset"; a copy of its own."""
    loaded: dict[str, Any] = json.loads((Path(__file__).parent / f"{name}.schema.json").read_text(encoding="utf-8"))
    return loaded


def problems(name: str, content: Any) -> list[tuple[str, str]]:
    """What is wrong with `content` as a file of this kind: places and words, in the order of the file."""
    found: dict[tuple[str, str], None] = {}
    for error in _validator(name).iter_errors(content):
        steps = list(error.absolute_path)
        found[place_of(steps), worded(error)] = None
        if len(found) >= MOST_PROBLEMS:
            break
    return list(found)


def worded(error: jsonschema.ValidationError) -> str:
    """One line for an error of jsonschema, without the value's whole text."""
    rule = str(error.validator)
    value: Any = error.instance
    wanted: Any = error.validator_value
    holder = error.schema if isinstance(error.schema, dict) else {}
    told = holder.get("x-errors", {}).get(rule) if isinstance(holder.get("x-errors", {}), dict) else None
    if told:
        return f"{told}, not {shown(value)}" if rule == "pattern" and value else str(told)
    if rule == "required":
        return "lacks " + ", ".join(shown(name) for name in wanted if name not in value)
    if rule == "additionalProperties" and wanted is False:
        return _unknown(sorted(set(value) - set(holder.get("properties", {}))), list(holder.get("properties", {})))
    if rule == "type":
        return f"must be {_types(wanted)}, not {shown(value)}"
    if rule == "enum":
        return f"must be one of {', '.join(shown(one) for one in wanted)}, not {shown(value)}"
    if rule == "const":
        return f"must be {shown(wanted)}, not {shown(value)}"
    if rule in _BOUNDS:
        return _BOUNDS[rule].format(wanted)
    return shown(error.message, 160).strip('"')


_BOUNDS = {
    "minLength": "must have at least {} characters",
    "maxLength": "must have at most {} characters",
    "minItems": "must have at least {} elements",
    "maxItems": "must have at most {} elements",
    "minProperties": "must have at least {} members",
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
}


def _unknown(names: list[str], known: list[str]) -> str:
    near = difflib.get_close_matches(names[0][:60], known, n=1)
    hint = f"did you mean {shown(near[0])}?" if near else f"known are: {', '.join(known)}"
    return f"unknown name {shown(names[0])}; {hint}"


def _types(wanted: str | list[str]) -> str:
    names = [wanted] if isinstance(wanted, str) else wanted
    return " or ".join(_TYPES.get(name, f"a {name}") for name in names)


@cache
def _validator(name: str) -> Validator:
    return jsonschema.Draft202012Validator(schema(name))
