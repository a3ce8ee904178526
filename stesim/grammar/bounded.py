"""A JSON Schema made narrower, so that every value of it comes to an end while a model writes it.

    >>> bounded_arguments({"type": "object", "properties": {"city": {"type": "string"}}}, longest_text=64)["properties"]
    {'city': {'type': 'string', 'maxLength': 64}}

The structure stays as it is (`anyOf`, `allOf`, `$ref` and what stands beside them mean what they mean): each place
where a value stands gets bounds for what the value may be, and its objects may only have the members that are named
somewhere at that place. So a value of the result is valid for the schema given, as far as `unsaid` is empty.

Not covered: how deep a part may be nested that contains itself; what no grammar can say (`unsaid`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

Schema = dict[str, Any]

_MOST_ELEMENTS = 8  # of a list or a free object whose schema asks for no more
_LONGEST_FORM = 256  # characters of a string that has a form, and may need more than others
_LONGEST_KEY = 32  # characters of a key that the schema does not name
_LARGEST = 10**15  # of a number whose schema asks for none that is larger
_FRACTION = 0.000001  # no more decimals than that
_MOST_PARTS = 20_000  # of a schema that is written out

_LOW, _HIGH = ("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")
_OF_TYPE = {
    "object": ("properties", "required", "additionalProperties"),
    "array": ("items", "prefixItems", "minItems", "maxItems"),
    "string": ("minLength", "maxLength", "pattern", "format"),
    "number": (*_LOW, *_HIGH, "multipleOf"),
}
_SAID = {"type", "enum", "const", "anyOf", "allOf", "$ref", *(word for words in _OF_TYPE.values() for word in words)}
# They say something of a value, but do not decide whether it is valid.
_NOTES = {"title", "description", "default", "examples", "example", "deprecated", "readOnly", "writeOnly", "$comment",
          "$schema", "$id", "$defs", "definitions"}  # fmt: skip
_FORMATS = {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid", "uri"}
_FREE = ["string", "number", "boolean", "null"]
# The beginning of a class of all characters but some; whatever is escaped is not one.
_NEGATED = re.compile(r"\\.|\[\^(?:-(?!-)|(?![\]-]))", re.DOTALL)


class SchemaError(ValueError):
    """The schema cannot be narrowed; the text says what is wrong with it."""


def bounded_arguments(parameters: Mapping[str, Any], longest_text: int) -> Schema:
    """The schema of a tool's arguments, bounded: no string has more than `longest_text` characters, unless it must.

    `parameters` must be a JSON Schema of type object. Raises `SchemaError` for a reference that leads nowhere.
    """
    bounder = _Bounder(parameters, longest_text)
    # A tool whose schema names no argument takes none, unless it says of what kind others may be.
    words = parameters.keys() - _NOTES - {"type"}
    silent = not any(parameters[word] or word not in ("properties", "required") for word in words)
    bounded = bounder.value({**parameters, "type": "object", **({"additionalProperties": False} if silent else {})})
    return {**bounded, "$defs": bounder.defs} if bounder.defs else bounded


def unsaid(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """The keywords of a schema that a grammar leaves out: a call may be well-formed and break these."""
    return tuple(dict.fromkeys(_unsaid(parameters)))


def _unsaid(schema: object) -> list[str]:
    if isinstance(schema, list):
        return [word for entry in schema for word in _unsaid(entry)]
    if not isinstance(schema, Mapping):
        return []
    found = [word for word in schema if word not in _SAID | _NOTES and not word.startswith("x-")]
    if "format" in schema and schema["format"] not in _FORMATS:
        found.append(f"format {schema['format']}")
    inner = [schema.get(word) for word in ("items", "prefixItems", "anyOf", "oneOf", "allOf", "additionalProperties")]
    for word in ("properties", "$defs", "definitions"):
        inner += schema[word].values() if isinstance(schema.get(word), Mapping) else []
    return found + [word for entry in inner for word in _unsaid(entry)]


@dataclass
class _Place:
    """What the parts of a schema that speak of one value say of it together.

    `types` are the types that it may have, None among them if a part leaves the type open. `names` are the members
    that are named, with whether they are described. The rest are the least bounds that leave room for what is asked.
    """

    types: set[str | None] = field(default_factory=set)
    names: dict[str, bool] = field(default_factory=dict)
    longest: int = 0
    elements: int = _MOST_ELEMENTS
    low: float = -_LARGEST
    high: float = _LARGEST
    divided: bool = False

    def add(self, part: Mapping[str, Any], typed: bool) -> None:
        """Take in one part; `typed` says that another part that always holds has a type."""
        kind = part.get("type")
        self.types |= set(kind if isinstance(kind, list) else [kind] if kind else [])
        if not (kind or typed):
            self.types |= {name for name, words in _OF_TYPE.items() if part.keys() & set(words)} or {None}
        for name in part.get("properties", {}):
            self.names[name] = True
        for name in part.get("required", []):
            self.names.setdefault(name, False)
        self.longest = max(self.longest, part.get("minLength", 0))
        if part.keys() & {"pattern", "format"}:
            self.longest = max(self.longest, _LONGEST_FORM)
        self.elements = max(self.elements, part.get("minItems", 0), len(part.get("prefixItems", [])))
        self.low = min([self.low, *(part[word] for word in _HIGH if word in part and part[word] <= -_LARGEST)])
        self.high = max([self.high, *(part[word] for word in _LOW if word in part and part[word] >= _LARGEST)])
        self.divided = self.divided or "multipleOf" in part


class _Bounder:
    """Rewrites one schema. `root` is where its references point into, `defs` are the parts that they point to."""

    def __init__(self, root: Mapping[str, Any], longest_text: int) -> None:
        self.defs: dict[str, Schema] = {}
        self._root = root
        self._longest = longest_text
        self._known: dict[tuple[str, tuple[str, ...] | None, bool], str] = {}
        self._parts = 0
        self._joined = 0  # how many places around this one are spoken of by several parts

    def value(self, schema: Any) -> Schema:
        """The schema of a value: its parts, and bounds for what it may be."""
        alone = set(schema) - _NOTES if isinstance(schema, Mapping) else set()
        if alone == {"$ref"}:
            return {"$ref": self._referred(str(schema["$ref"]))}
        if alone in ({"anyOf"}, {"oneOf"}):  # each option is a place of its own
            return {"anyOf": [self.value(option) for option in schema[alone.pop()]]}
        if alone & {"enum", "const"}:
            return self._listed(schema)
        place = _Place()
        parts = list(self._speaking(schema, False, set()))
        for part, typed in parts:
            place.add(part, typed)
        self._joined += len(parts) > 1
        bounded = self._part(schema, place)
        self._joined -= len(parts) > 1
        types = sorted(kind for kind in place.types if kind)
        if None in place.types:
            types = sorted({*types, *_FREE})
        if types and not isinstance(bounded.get("type"), str):
            bounded["type"] = types if len(types) > 1 else types[0]
        return self._with_bounds(bounded, place, types)

    def _listed(self, schema: Mapping[str, Any]) -> Schema:
        """The schema of a value that is one of a list: what stands beside the list is kept."""
        place = _Place(names=dict.fromkeys(schema.get("properties", {}), True))
        bounded = self._part({word: schema[word] for word in schema if word not in _OF_TYPE["object"]}, place)
        if "enum" in bounded:
            bounded["enum"] = [value for value in bounded["enum"] if _kept(value)]
        return bounded

    def _with_bounds(self, bounded: Schema, place: _Place, types: list[str]) -> Schema:
        if place.low < -(2**63) or place.high >= 2**63:
            raise SchemaError("a number beyond 64 bit is asked for")
        if "string" in types:
            _limit(bounded, "maxLength", max(self._longest, place.longest))
        if "array" in types:
            _limit(bounded, "maxItems", place.elements)
        if {"integer", "number"} & set(types):
            bounded["minimum"] = max(place.low, bounded.get("minimum", place.low))
            bounded["maximum"] = min(place.high, bounded.get("maximum", place.high))
        if "number" in types and not place.divided:
            bounded["multipleOf"] = _FRACTION
        return bounded

    def _part(self, schema: Any, place: _Place) -> Schema:
        """One part of what is said of a value, which is not bounded by itself."""
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise SchemaError(f"it has more than {_MOST_PARTS} parts")
        if not isinstance(schema, Mapping):
            return {} if schema is not False else {"type": "null", "const": 0}  # what no value is
        part = {word: schema[word] for word in schema if word in _SAID}
        if part.get("format", "") not in _FORMATS:
            part.pop("format", None)
        if "pattern" in part:
            part["pattern"] = _NEGATED.sub(_without_nul, str(part["pattern"]))
        if "$ref" in schema:
            part["$ref"] = self._referred(str(schema["$ref"]), place)
        if "oneOf" in schema:
            options = {"anyOf": [self._part(option, place) for option in schema["oneOf"]]}
            part = {**part, "allOf": [*part.get("allOf", []), options]} if "anyOf" in part else part | options
        for word in ("anyOf", "allOf"):
            if word in schema:
                part[word] = [self._part(option, place) for option in schema[word]]
        kinds = part["type"] if isinstance(part.get("type"), list) else [part.get("type")]
        if "object" in kinds or part.keys() & set(_OF_TYPE["object"]):
            part |= self._members(schema, place)
        for word in ("items", "prefixItems"):
            if word in schema:
                each = schema[word]
                part[word] = [self.value(one) for one in each] if isinstance(each, list) else self.value(each)
        if "items" not in part and ("array" in kinds or part.keys() & set(_OF_TYPE["array"])):
            part["items"] = self.value(True)
        return part

    def _members(self, schema: Mapping[str, Any], place: _Place) -> Schema:
        """The members that an object may have: those that are named at its place, or some plain ones."""
        given = schema.get("properties", {})
        more = schema.get("additionalProperties", True)
        if not place.names:
            free = more is not False and not given
            key = f"^[^\\x00-\\x1f\\x7f]{{1,{_LONGEST_KEY}}}$"
            # Where parts are joined, llguidance cannot count members.
            most = {} if self._joined else {"maxProperties": _MOST_ELEMENTS}
            some = {"patternProperties": {key: self.value(more)}, **most} if free else {}
            return {"properties": {}, "additionalProperties": False, **some}
        members = {
            name: self._member(given.get(name, more), name in given or not described)
            for name, described in place.names.items()
        }
        return {"properties": members, "additionalProperties": False}

    def _member(self, schema: Any, bounded: bool) -> Any:
        """A member's schema; one that another part describes and bounds needs no bounds here."""
        if schema is False or (schema is True and not bounded):
            return schema
        return self.value(schema)

    def _referred(self, reference: str, place: _Place | None = None) -> str:
        """Where the narrowed form of what a reference points to stands: of a value, or of a part at `place`."""
        key = (reference, None if place is None else tuple(place.names), bool(self._joined))
        if key not in self._known:
            name = self._known[key] = f"part_{len(self._known)}"
            self.defs[name] = {}  # a part may contain itself
            target = self._target(reference)
            self.defs[name] = self.value(target) if place is None else self._part(target, place)
        return f"#/$defs/{self._known[key]}"

    def _target(self, reference: str) -> Any:
        """What a reference within the schema points to."""
        found: Any = self._root
        own, _, path = reference.partition("#")
        if own and own != self._root.get("$id"):
            raise SchemaError(f"$ref {reference!r:.80} leads out of it")
        for part in path.split("/")[1:]:
            key = unquote(part).replace("~1", "/").replace("~0", "~")
            try:
                found = found[int(key)] if isinstance(found, list) else found[key]
            except (KeyError, IndexError, TypeError, ValueError):
                raise SchemaError(f"$ref {reference!r:.80} leads nowhere") from None
        return found

    def _speaking(self, schema: Any, typed: bool, seen: set[str]) -> Iterator[tuple[Mapping[str, Any], bool]]:
        """All parts that may speak of the same value, each with whether a part that always holds has a type."""
        if not isinstance(schema, Mapping):
            yield {}, typed
            return
        always = [self._target(str(schema["$ref"]))] if "$ref" in schema and schema["$ref"] not in seen else []
        seen |= {str(schema["$ref"])} if "$ref" in schema else set()
        always += schema.get("allOf", [])
        options = [*schema.get("anyOf", []), *schema.get("oneOf", [])]
        typed = typed or "type" in schema or any(_typed(part) for part in always)
        if schema.keys() & _SAID - {"$ref", "allOf", "anyOf"} or not (always or options or "$ref" in schema):
            yield schema, typed or bool(always or options)
        for part in always:
            yield from self._speaking(part, typed, seen)
        for part in options:
            yield from self._speaking(part, typed, seen)


def _typed(schema: Any) -> bool:
    return isinstance(schema, Mapping) and bool(schema.keys() & {"type", "enum", "const"})


def _limit(bounded: Schema, word: str, most: int) -> None:
    bounded[word] = min(most, bounded.get(word, most))


def _without_nul(found: re.Match[str]) -> str:
    """What begins a negated class, which leaves out NUL too: of a class with all control characters llguidance takes an
    escaped quote or backslash to be in it, whether it is or not.
    """
    begin = found.group()
    if not begin.startswith("[^"):
        return begin
    return "[^\\x00" + ("\\-" if begin.endswith("-") else "")


def _kept(value: object) -> bool:
    """Whether a listed value can be the argument of a call: its numbers are of 64 bit."""
    if isinstance(value, bool) or not isinstance(value, int | float | list | dict):
        return True
    if isinstance(value, int | float):
        return -(2**63) <= value < 2**63
    return all(_kept(inner) for inner in (value.values() if isinstance(value, dict) else value))
