"""Whether a value fits a JSON Schema, in bounded time and without running a regular expression of somebody else's.

    >>> fits({"type": "integer", "minimum": 3}, 2), fits({"type": ["string", "null"]}, None)
    (False, True)

Not covered: `pattern`, `patternProperties` and `format` (any text fits), `unevaluated*`, `$dynamicRef`, `$anchor`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mocktools.made.joined import FollowRef, plain, pointed, same, types

MOST_STEPS = 20_000
DEEPEST = 80


class TooLong(Exception):
    """Holding a value against its schema takes too many steps."""


def fits(schema: Any, value: Any, follow: FollowRef | None = None) -> bool:
    """Whether `value` fits `schema`; False as well where that takes too long to find out.

    `follow` finds what a reference stands for; without it they point into `schema`.
    """
    try:
        return Fitting(follow or (lambda reference: pointed(schema, reference))).fits(schema, value)
    except TooLong:
        return False


class Fitting:
    """Holds values against schemas; `left` is how many steps it may still take."""

    def __init__(self, follow: FollowRef, steps: int = MOST_STEPS) -> None:
        self.left = steps
        self._follow = follow

    def fits(self, schema: Any, value: Any, depth: int = 0) -> bool:
        """Whether `value` fits; raises `TooLong`."""
        self.left -= 1
        if self.left < 0 or depth > DEEPEST:
            raise TooLong
        if not isinstance(schema, Mapping):
            return schema is not False
        own = plain(schema)
        return (
            fits_itself(own, value)
            and all(self._says(own, word, value, depth + 1) for word in _WORDS if word in own)
            and self._inside(own, value, depth + 1)
        )

    def _says(self, own: Mapping[str, Any], word: str, value: Any, depth: int) -> bool:
        said = own[word]
        if word == "$ref":
            try:
                return self.fits(self._follow(said), value, depth)
            except LookupError:
                return False
        if word == "allOf":
            return all(self.fits(part, value, depth) for part in said)
        if word == "anyOf":
            return any(self.fits(part, value, depth) for part in said)
        if word == "oneOf":
            return sum(self.fits(part, value, depth) for part in said) == 1
        if word == "not":
            return not self.fits(said, value, depth)
        branch = "then" if self.fits(said, value, depth) else "else"
        return branch not in own or self.fits(own[branch], value, depth)

    def _inside(self, own: Mapping[str, Any], value: Any, depth: int) -> bool:
        if isinstance(value, Mapping):
            return all(self.fits(schema, inner, depth) for schema, inner in self._members(own, value))
        return not isinstance(value, list) or self._elements(own, value, depth)

    def _members(self, own: Mapping[str, Any], value: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
        known = own.get("properties", {})
        more = True if "patternProperties" in own else own.get("additionalProperties", True)
        for name, inner in value.items():
            yield known.get(name, more), inner
            if "propertyNames" in own:
                yield own["propertyNames"], name
        for name, schema in own.get("dependentSchemas", {}).items():
            if name in value:
                yield schema, value

    def _elements(self, own: Mapping[str, Any], value: list[Any], depth: int) -> bool:
        first = own.get("prefixItems", [])
        rest = own.get("items", True)
        for at, inner in enumerate(value):
            if not self.fits(first[at] if at < len(first) else rest, inner, depth):
                return False
        if "contains" in own:
            count = sum(self.fits(own["contains"], inner, depth) for inner in value)
            return bool(own.get("minContains", 1) <= count <= own.get("maxContains", len(value)))
        return True


_WORDS = ("$ref", "allOf", "anyOf", "oneOf", "not", "if")


def fits_itself(own: Mapping[str, Any], value: Any) -> bool:
    """Whether all fits that can be said without looking into another schema."""
    if "const" in own and not same(own["const"], value):
        return False
    if "enum" in own and not any(same(one, value) for one in own["enum"]):
        return False
    kinds = types(own)
    if kinds and not any(is_type(kind, value) for kind in kinds):
        return False
    if isinstance(value, str):
        return _between(own, "Length", len(value))
    if isinstance(value, list):
        return _between(own, "Items", len(value)) and not (own.get("uniqueItems") is True and repeated(value))
    if isinstance(value, Mapping):
        return _between(own, "Properties", len(value)) and _all_there(own, value)
    return isinstance(value, bool) or not isinstance(value, int | float) or _number_fits(own, value)


def is_type(kind: str, value: Any) -> bool:
    """Whether a JSON value is of this type of JSON Schema; 1.0 is an integer."""
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer":
        return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return isinstance(value, _TYPES[kind])


_TYPES: Mapping[str, Any] = {
    "null": type(None), "boolean": bool, "number": (int, float), "string": str, "array": list, "object": Mapping,
}  # fmt: skip


def repeated(values: list[Any]) -> bool:
    """Whether an element is in a list twice; the time grows with the list, not with its square."""
    return len(set(map(_key, values))) < len(values)


def _key(value: Any) -> Any:
    """What is equal for values that are `same`, and can be in a set."""
    if isinstance(value, Mapping):
        return "object", frozenset((name, _key(inner)) for name, inner in value.items())
    if isinstance(value, list):
        return "list", tuple(map(_key, value))
    return ("boolean", value) if isinstance(value, bool) else ("other", value)


def _between(own: Mapping[str, Any], what: str, count: int) -> bool:
    return bool(own.get(f"min{what}", 0) <= count <= own.get(f"max{what}", math.inf))


def _all_there(own: Mapping[str, Any], value: Mapping[str, Any]) -> bool:
    needed = list(own.get("required", []))
    for name, others in own.get("dependentRequired", {}).items():
        needed += others if name in value and isinstance(others, list) else []
    return all(name in value for name in needed if isinstance(name, str))


_BOUNDS: Mapping[str, Callable[[Any, Any], bool]] = {
    "minimum": lambda value, bound: value >= bound,
    "maximum": lambda value, bound: value <= bound,
    "exclusiveMinimum": lambda value, bound: value > bound,
    "exclusiveMaximum": lambda value, bound: value < bound,
    "multipleOf": lambda value, bound: is_multiple(value, bound),
}


def _number_fits(own: Mapping[str, Any], value: float) -> bool:
    return all(holds(value, own[word]) for word, holds in _BOUNDS.items() if word in own)


def is_multiple(value: float, step: float) -> bool:
    """Whether `value` is a multiple, also by the arithmetic of floats that validators use."""
    if isinstance(value, int) and isinstance(step, int):
        return value % step == 0
    try:
        quotient = value / step
        return quotient == int(quotient)
    except OverflowError:  # infinite, or an integer beyond all floats
        return False
