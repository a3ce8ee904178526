"""Quick looks at a JSON Schema that somebody else wrote: that its words are used as they must be, and how long it gets.

    >>> well_formed({"type": "object", "properties": {"city": {"type": "string"}}}), well_formed({"required": "city"})
    (True, False)
    >>> two = {"$defs": {"a": {"anyOf": [{"$ref": "#/$defs/b"}] * 2}, "b": {}}, "$ref": "#/$defs/a"}
    >>> written_out(two, {"#/$defs/a": two["$defs"]["a"], "#/$defs/b": two["$defs"]["b"]}, 100)
    (6, 4)

The library `jsonschema` takes milliseconds for each small schema, which is seconds for a toolset of thousands of tools;
so it is asked only where this finds something odd. Not covered: words of older drafts; saying what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

# Keywords that hold a schema, a list of schemas, or schemas by names of the user's own.
ONE = frozenset({
    "additionalProperties", "contains", "else", "if", "items", "not", "propertyNames", "then", "unevaluatedItems",
    "unevaluatedProperties",
})  # fmt: skip
LIST = frozenset({"allOf", "anyOf", "oneOf", "prefixItems", "items"})
NAMED = frozenset({"$defs", "definitions", "dependentSchemas", "patternProperties", "properties"})
DEFINITIONS = frozenset({"$defs", "definitions"})
TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})


def well_formed(schema: Any) -> bool:
    """Whether a schema surely is one of JSON Schema 2020-12; False means that it is to be looked at more closely."""
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, bool):
            continue
        if not isinstance(part, dict):
            return False
        for word, said in part.items():
            if word in NAMED:
                if not isinstance(said, dict):
                    return False
                waiting += said.values()
            elif word in ONE:
                waiting.append(said)
            elif word in LIST:
                if not isinstance(said, list) or not said:
                    return False
                waiting += said
            elif word in _RULES:
                if not _RULES[word](said):
                    return False
            elif word in _UNUSUAL:
                return False
    return True


def written_out(schema: Mapping[str, Any], targets: Mapping[str, Any], most: int) -> tuple[int, int]:
    """How many parts a schema has when what it refers to stands in place of each reference, and how deep they are.

    A part within itself counts once. `targets` are what the references stand for. Counting stops above `most`.
    """
    sizes: dict[int, tuple[int, int]] = {}
    # Each with the parts that are left to count, its size and its depth so far.
    open_parts: list[tuple[int, Iterator[Any], list[int]]] = []
    last = _open(schema, targets, sizes, open_parts)
    while open_parts:
        own, left, counted = open_parts[-1]
        if last is not None:
            counted[0], counted[1] = counted[0] + last[0], max(counted[1], last[1] + 1)
            if counted[0] > most:
                return counted[0], counted[1]
        following = next(left, None)
        if following is not None:
            last = _open(following, targets, sizes, open_parts)
        else:
            last = sizes[own] = (counted[0], counted[1])
            open_parts.pop()
    return last or (1, 1)


def _open(
    part: Any, targets: Mapping[str, Any], sizes: dict[int, tuple[int, int]], open_parts: list[Any]
) -> tuple[int, int] | None:
    """The size of a part that is known; None for one that has now been opened, to be counted."""
    if not isinstance(part, dict):
        return 1, 1
    known = sizes.get(id(part))
    if known is None:
        sizes[id(part)] = (1, 1)  # what it is within itself
        open_parts.append((id(part), _inner(part, targets), [1, 1]))
    return known


def _inner(part: Mapping[str, Any], targets: Mapping[str, Any]) -> Iterator[Any]:
    for word, said in part.items():
        if word in NAMED and word not in DEFINITIONS and isinstance(said, dict):
            yield from (one for one in said.values() if one is not None)
        elif word in LIST and isinstance(said, list):
            yield from (one for one in said if one is not None)
        elif word in ONE and said is not None:
            yield said
        elif word == "$ref" and isinstance(said, str) and targets.get(said) is not None:
            yield targets[said]


def _texts(said: Any) -> bool:
    return isinstance(said, list) and all(isinstance(one, str) for one in said) and len(set(said)) == len(said)


def _types(said: Any) -> bool:
    return said in TYPES if isinstance(said, str) else _texts(said) and bool(said) and TYPES.issuperset(said)


def _text(said: Any) -> bool:
    return isinstance(said, str)


def _truth(said: Any) -> bool:
    return isinstance(said, bool)


def _list(said: Any) -> bool:
    return isinstance(said, list)


def _number(said: Any) -> bool:
    return isinstance(said, int | float) and not isinstance(said, bool)


def _count(said: Any) -> bool:
    return isinstance(said, int) and not isinstance(said, bool) and said >= 0


_RULES: Mapping[str, Callable[[Any], bool]] = {
    "type": _types,
    "required": _texts,
    "multipleOf": lambda said: _number(said) and said > 0,
    "dependentRequired": lambda said: isinstance(said, dict) and all(map(_texts, said.values())),
    **dict.fromkeys(("enum", "examples"), _list),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum"), _number),
    **dict.fromkeys(("maxLength", "minLength", "maxItems", "minItems", "maxContains", "minContains", "maxProperties",
                     "minProperties"), _count),
    **dict.fromkeys(("uniqueItems", "deprecated", "readOnly", "writeOnly"), _truth),
    **dict.fromkeys(("$schema", "$ref", "$comment", "title", "description", "format", "pattern", "contentEncoding",
                     "contentMediaType"), _text),
}  # fmt: skip
_UNUSUAL = frozenset({"$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor",
                      "$vocabulary", "contentSchema", "dependencies"})  # fmt: skip
