"""All that a JSON Schema says of one place, as one flat schema: references followed, `allOf` joined, OpenAPI 3.0 read.

    >>> flat({"allOf": [{"minimum": 1}, {"$ref": "#/$defs/a"}], "$defs": {"a": {"minimum": 3, "maximum": 9}}}, {
    ...     "$defs": {"a": {"minimum": 3, "maximum": 9}}})
    {'minimum': 3, 'maximum': 9}
    >>> flat({"type": "string", "nullable": True}, {})
    {'type': ['string', 'null']}

What stands first wins where two parts cannot be joined (`title`, `default`, `format`, `pattern`). Not covered:
`$anchor`, `$dynamicRef`, `$id` as a base; several patterns for one text.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

Flat = dict[str, Any]
FollowRef = Callable[[str], Any]

MOST_PARTS = 300  # that may speak of one place
IMPOSSIBLE: Flat = {"enum": []}
_LEAST = frozenset({"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains"})
_MOST = frozenset({"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains"})
_LEFT_OUT = frozenset({"$ref", "allOf", "$defs", "definitions", "$schema", "$id", "$comment", "$anchor"})
TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")


def _free() -> None:
    """Parts that nobody counts."""


def flat(schema: Any, root: Any, follow: FollowRef | None = None, spend: Callable[[], None] = _free) -> Flat:
    """What `schema` and all that it refers to or holds in `allOf` say together: a schema without `$ref`.

    `follow` finds what a reference stands for; without it they point into `root`. `spend` is called for each part, and
    may raise `LookupError` when it has been called often enough. `allOf` remains only where several
    choices (`anyOf`, `oneOf`, `not`) stand beside one another. Raises `LookupError` for a reference that leads nowhere.
    """
    found: Flat = {}
    for part in _parts(schema, follow or (lambda reference: pointed(root, reference)), spend):
        found = _join(found, part)
    return found


def pointed(root: Any, reference: str) -> Any:
    """What a JSON pointer such as `#/$defs/pet` stands for; raises `LookupError` if there is no such place."""
    own, _, path = reference.partition("#")
    if own or (path and not path.startswith("/")):
        raise LookupError(reference)
    found = root
    for part in path.split("/")[1:]:
        key = unquote(part).replace("~1", "/").replace("~0", "~")
        if isinstance(found, list) and key.isdecimal() and len(key) < 6 and int(key) < len(found):
            found = found[int(key)]
        elif isinstance(found, Mapping) and key in found:
            found = found[key]
        else:
            raise LookupError(reference)
    return found


def plain(schema: Mapping[str, Any]) -> Flat:
    """`schema` without OpenAPI 3.0's own words (`nullable`, bounds that are true or false) and odd values."""
    own = {key: value for key, value in schema.items() if _usable(key, value)}
    for word, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(own.get(word), bool) and own.pop(word) and bound in own:
            own[word] = own.pop(bound)
    if own.pop("nullable", False) is True:
        kinds = types(own)
        if kinds and "null" not in kinds:
            own["type"] = [*kinds, "null"]
            if "enum" in own and None not in own["enum"]:
                own["enum"] = [*own["enum"], None]
    return own


def types(schema: Mapping[str, Any]) -> list[str]:
    """The types that `schema` allows, in its order; empty if it says nothing."""
    kind = schema.get("type")
    if isinstance(kind, str):
        return [kind] if kind in TYPES else []
    return [one for one in kind if one in TYPES] if isinstance(kind, list) else []


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal: 1 and 1.0 are, 1 and true are not."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return bool(one == other)


_COUNTS = frozenset({"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "minContains",
                     "maxContains"})  # fmt: skip
_SCHEMAS = frozenset({"items", "additionalProperties", "contains", "not", "if", "then", "else", "propertyNames"})
_MAPS = frozenset({"properties", "patternProperties", "dependentRequired", "dependentSchemas"})
_LISTS = frozenset({"required", "enum", "allOf", "anyOf", "oneOf", "prefixItems"})


def _usable(key: str, value: Any) -> bool:
    """Whether a keyword has a value that can be worked with; documents in the wild break these rules."""
    if key in _COUNTS:
        return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 2**53
    if key in ("minimum", "maximum"):
        return _number(value)
    if key in ("exclusiveMinimum", "exclusiveMaximum"):
        return isinstance(value, bool) or _number(value)
    if key == "multipleOf":
        return _number(value) and value > 0
    if key in _SCHEMAS:
        return isinstance(value, Mapping | bool)
    if key in _MAPS:
        return isinstance(value, Mapping)
    if key in _LISTS:
        return isinstance(value, list) and (key not in ("allOf", "anyOf", "oneOf") or bool(value))
    return key not in ("pattern", "format", "$ref") or isinstance(value, str)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -1e300 < value < 1e300


def _parts(schema: Any, follow: FollowRef, spend: Callable[[], None]) -> Iterator[Flat]:
    """The parts that speak of one place, the nearest first; a part that contains itself is taken once."""
    waiting = [schema]
    seen: set[str] = set()
    count = 0
    while waiting:
        part = waiting.pop(0)
        count += 1
        spend()
        if count > MOST_PARTS:
            raise LookupError(f"more than {MOST_PARTS} parts speak of one place")
        if part is False:
            yield IMPOSSIBLE
        if not isinstance(part, Mapping):
            continue
        own = plain(part)
        yield {key: value for key, value in own.items() if key not in _LEFT_OUT}
        inner = list(own.get("allOf", []))
        reference = own.get("$ref")
        if reference is not None and reference not in seen:
            seen.add(reference)
            inner.insert(0, follow(reference))
        waiting = inner + waiting


def _join(one: Flat, other: Flat) -> Flat:
    """Two flat schemas of the same place as one."""
    if not one or not other:
        return {**one, **other}
    found = dict(one)
    _join_members(found, one, other)
    for key, value in other.items():
        if key in ("properties", "additionalProperties"):
            continue
        if key not in found:
            found[key] = value
        elif key in _JOINS:
            found[key] = _JOINS[key](found[key], value)
        elif key in ("anyOf", "oneOf", "not") and found[key] != value:
            found["allOf"] = [*found.get("allOf", []), {key: value}]
    if "type" in one and "type" in other and not found["type"]:
        return {**found, **IMPOSSIBLE}
    return found


def _join_members(found: Flat, one: Flat, other: Flat) -> None:
    """The members of two parts: each part's `additionalProperties` speaks of those that only the other names."""
    members = {}
    for name in (*one.get("properties", {}), *other.get("properties", {})):
        said = [_of_member(part, name) for part in (one, other)]
        members[name] = both(*said)
    if members:
        found["properties"] = members
    if "additionalProperties" in one or "additionalProperties" in other:
        found["additionalProperties"] = both(
            one.get("additionalProperties", True), other.get("additionalProperties", True)
        )


def _of_member(part: Flat, name: str) -> Any:
    if name in part.get("properties", {}):
        return part["properties"][name]
    return True if "patternProperties" in part else part.get("additionalProperties", True)


def both(one: Any, other: Any) -> Any:
    """A schema that asks for what both ask for."""
    if one is False or other is False:
        return False
    if one is True or one == {} or one == other:
        return other
    return one if other is True or other == {} else {"allOf": [one, other]}


def _types(one: Any, other: Any) -> list[str]:
    mine, theirs = types({"type": one}), types({"type": other})
    narrow = [kind for kind in mine if kind in theirs or (kind == "integer" and "number" in theirs)]
    return narrow + [kind for kind in theirs if kind == "integer" and "number" in mine and kind not in narrow]


def _multiple(one: Any, other: Any) -> Any:
    if isinstance(one, int) and isinstance(other, int):
        return math.lcm(one, other)
    return max(one, other)


def _by_name(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    names = dict.fromkeys((*one, *other))
    return {name: both(one.get(name, True), other.get(name, True)) for name in names}


def _lists_by_name(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    return {name: [*one.get(name, []), *other.get(name, [])] for name in dict.fromkeys((*one, *other))}


def _required(one: list[Any], other: list[Any]) -> list[Any]:
    return list(dict.fromkeys(name for name in (*one, *other) if isinstance(name, str)))


_JOINS: dict[str, Callable[[Any, Any], Any]] = {
    "type": _types,
    "enum": lambda one, other: [value for value in one if any(same(value, inner) for inner in other)],
    "multipleOf": _multiple,
    "required": _required,
    "uniqueItems": lambda one, other: bool(one or other),
    "items": both,
    "contains": lambda one, other: one,
    "propertyNames": both,
    "patternProperties": _by_name,
    "dependentSchemas": _by_name,
    "dependentRequired": _lists_by_name,
    "prefixItems": lambda one, other: [
        both(one[at] if at < len(one) else True, other[at] if at < len(other) else True)
        for at in range(max(len(one), len(other)))
    ],
    **dict.fromkeys(_LEAST, min),
    **dict.fromkeys(_MOST, max),
}
