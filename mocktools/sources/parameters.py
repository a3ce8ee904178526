"""Whether the parameters of a tool are a JSON Schema that everything here can work with.

    >>> problems({"type": "object", "properties": {"city": {"type": "text"}}})
    [('properties.city.type', 'is no JSON Schema: "text" is not a type')]

References must point into the schema itself and lead to something; a schema may contain itself by way of a member or
an element. Not covered: schemas in other files, `$dynamicRef`, `$anchor`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

import jsonschema
from jsonschema.exceptions import best_match

from mocktools.exchanges.files import place_of, shown
from mocktools.exchanges.schemas import worded

Problem = tuple[str, str]
_LONGEST_PATTERN = 1000  # characters
# Keywords that hold a schema, a list of schemas, or schemas by names of the user's own.
_ONE = frozenset({
    "additionalProperties", "contains", "else", "if", "items", "not", "propertyNames", "then", "unevaluatedItems",
    "unevaluatedProperties",
})  # fmt: skip
_LIST = frozenset({"allOf", "anyOf", "oneOf", "prefixItems", "items"})
_NAMED = frozenset({"$defs", "definitions", "dependentSchemas", "patternProperties", "properties"})
_TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})


def problems(schema: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with the parameters of a tool: places within them and words; empty if nothing is."""
    if schema.get("type") != "object":
        return [("type", f'must be "object", not {shown(schema.get("type"))}')]
    return schema_problems(schema)


def schema_problems(schema: Mapping[str, Any]) -> list[Problem]:
    """The same for a JSON Schema of any type."""
    for place, part in _parts(schema):
        kinds = part.get("type", [])
        for kind in kinds if isinstance(kinds, list) else [kinds]:
            if not isinstance(kind, str) or kind not in _TYPES:
                return [(_within(place, "type"), f"is no JSON Schema: {shown(kind)} is not a type")]
    try:
        rules = jsonschema.Draft202012Validator(jsonschema.Draft202012Validator.META_SCHEMA)
        error = best_match(rules.iter_errors(schema))
    except RecursionError:
        return [("", "is nested too deep")]
    if error is not None:
        return [(place_of(error.absolute_path), f"is no JSON Schema: {worded(error)}")]
    return [*_references(schema), *_patterns(schema)]


def _parts(schema: Any) -> Iterator[tuple[list[str | int], Mapping[str, Any]]]:
    """Every schema within a schema, itself too, with its place."""
    waiting: list[tuple[list[str | int], Any]] = [([], schema)]
    while waiting:
        place, part = waiting.pop()
        if not isinstance(part, dict):
            continue
        yield place, part
        for name, inner in part.items():
            if name in _NAMED and isinstance(inner, dict):
                waiting += [([*place, name, key], one) for key, one in inner.items()]
            elif name in _LIST and isinstance(inner, list):
                waiting += [([*place, name, at], one) for at, one in enumerate(inner)]
            elif name in _ONE:
                waiting.append(([*place, name], inner))


def _references(schema: Mapping[str, Any]) -> Iterator[Problem]:
    for place, part in _parts(schema):
        target: Any = part
        seen: set[str] = set()
        while isinstance(target, dict) and "$ref" in target:
            reference = target["$ref"]
            if reference in seen:
                yield _within(place, "$ref"), f"{shown(reference)} leads back to itself"
                break
            seen.add(reference)
            target = _target(schema, reference)
            if target is None:
                words = "leads nowhere" if reference.startswith("#") else "must begin with #/ and stay in this schema"
                yield _within(place, "$ref"), f"{shown(reference)} {words}"


def _target(schema: Mapping[str, Any], reference: str) -> Any:
    """What a reference points to, or None."""
    target: Any = schema
    if reference in ("#", "#/"):
        return target
    if not reference.startswith("#/"):
        return None
    for step in unquote(reference[2:]).split("/"):
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(target, list) and name.isascii() and name.isdigit() and int(name[:9]) < len(target):
            target = target[int(name[:9])]
        else:
            target = target.get(name) if isinstance(target, dict) else None
    return target


def _patterns(schema: Mapping[str, Any]) -> Iterator[Problem]:
    for place, part in _parts(schema):
        pattern = part.get("pattern")
        if not isinstance(pattern, str):
            continue
        if len(pattern) > _LONGEST_PATTERN:
            yield _within(place, "pattern"), f"has more than {_LONGEST_PATTERN} characters"
            continue
        try:
            re.compile(pattern)
        except (re.error, RecursionError, OverflowError):
            yield _within(place, "pattern"), f"is no regular expression: {shown(pattern)}"


def _within(place: list[str | int], name: str) -> str:
    return place_of([*place, name])
