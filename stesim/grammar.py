"""From tools to the grammar of a well-formed reply, so that a model can be held to it while it decodes.

    >>> from stesim.records import Tool
    >>> print(reply_grammar([Tool("today", "The date.", {"type": "object"})], Bounds.of(128)).splitlines()[0])
    start: (THOUGHT "\\n")? (call | answer)

A grammar is text in the dialect of Lark that llguidance reads; the arguments are JSON Schemas within it. Everything
is bounded (thought, answer, each string, list and number), so that a reply always comes to its end. What a grammar
admits is read by both parsers without a repair, and its arguments are valid for the tool's schema.

Not covered: what no grammar can say (`unsaid` names it: `uniqueItems`, `not`, conditions ...), keys in another order
than the schema's, several calls in one reply.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stesim.records import Tool

Schema = dict[str, Any]

YES_NO = 'start: "Yes" | "No"'

# A thought is one line that holds no marker, no tag and no object: nothing that a parser could take for more.
_MARKERS = r"(?s:.*)(Action|Action Input|Observation|Final Answer)[:：](?s:.*)"
_LINE = r"[^\n\r\x00-\x1f\x7f<]"
_LINE_BUT_BRACES = r"[^\n\r\x00-\x1f\x7f<{}]"
_NO_DIGIT = r"[^\s\d\x00-\x1f\x7f<]"
_SPACED = r"[^\s\x00-\x1f\x7f<]"

_OPTIONS = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
_MOST_ELEMENTS = 8  # of a list or a free object whose schema sets no bound
_LONGEST_FORM = 256  # characters of a string that has a form, and may need more than others
_LONGEST_KEY = 32  # characters of a key that the schema does not name
_LARGEST = 10**15  # of a number whose schema sets no bound
_FRACTION = 0.000001  # no more decimals than that

_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_SAID = {
    "type", "enum", "const", "properties", "required", "additionalProperties", "items", "prefixItems", "minItems",
    "maxItems", "minLength", "maxLength", "pattern", "format", "multipleOf", "anyOf", "allOf", "$ref", *_BOUNDS,
}  # fmt: skip
# They say something of a value, but do not decide whether it is valid.
_NOTES = {"title", "description", "default", "examples", "example", "deprecated", "readOnly", "writeOnly", "$comment",
          "$schema", "$id", "$defs", "definitions"}  # fmt: skip
_FORMATS = {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid", "uri"}
_FREE = ["string", "number", "boolean", "null"]


@dataclass(frozen=True)
class Bounds:
    """The longest thought, answer and string that a grammar admits, in characters."""

    thought: int
    answer: int
    text: int

    @classmethod
    def of(cls, max_tokens: int) -> Bounds:
        """Bounds for replies of about so many tokens (an English token is about four characters)."""
        return cls(thought=2 * max_tokens, answer=4 * max_tokens, text=max_tokens)


def reply_grammar(tools: Sequence[Tool], bounds: Bounds) -> str:
    """A ReAct reply: a thought, and then a call of one of the tools with valid arguments, or a final answer.

    With no tools, the answer alone. The tools' names must differ.
    """
    names = [f"call_{number}" for number in range(len(tools))]
    lines = [
        f'start: (THOUGHT "\\n")? ({"call | " if tools else ""}answer)',
        f'THOUGHT: "Thought: " THINKING\nTHINKING: /{_LINE_BUT_BRACES}{{1,{bounds.thought}}}/ & ~/{_MARKERS}/',
        f'answer: "Final Answer: " ANSWER\nANSWER: /{_SPACED}{_LINE}{{0,{bounds.answer - 1}}}/ & ~/{_MARKERS}/',
    ]
    if tools:
        lines.append(f"call: {' | '.join(names)}")
    for name, tool in zip(names, tools, strict=True):
        written = json.dumps(f"Action: {tool.name}\nAction Input: ", ensure_ascii=False)
        schema = {"x-guidance": _OPTIONS, **arguments_schema(tool.parameters, bounds.text)}
        lines.append(f"{name}: {written} %json {json.dumps(schema, ensure_ascii=False)}")
    return "\n".join(lines)


def verdict_grammar(bounds: Bounds) -> str:
    """A judge's verdict: three lines, each a Yes or a No and an explanation (paper: section 3.2)."""
    return (
        'start: "1) " aspect "\\n2) " aspect "\\n3) " aspect\n'
        'aspect: ("Yes. " | "No. ") EXPLANATION\n'
        f"EXPLANATION: /{_NO_DIGIT}{_LINE}{{0,{bounds.thought - 1}}}/"  # "No. 5" could be the name of a thing
    )


def arguments_schema(parameters: Mapping[str, Any], longest_text: int) -> Schema:
    """The schema of a tool's arguments with every length bounded and without what no grammar can say.

    It admits less than the tool's own: an object may only have the members that its schema names, or, where it names
    none, some plain ones. A part that contains itself stays unbounded in depth.
    """
    bounder = _Bounder(parameters, longest_text)
    # A tool whose schema says nothing of members takes no arguments.
    silent = not parameters.keys() - _NOTES - {"type", "required"}
    bounded = bounder.schema({**parameters, "type": "object", **({"additionalProperties": False} if silent else {})})
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


class _Bounder:
    """Rewrites one schema. `root` is where its references point into, `defs` are the parts that they point to."""

    def __init__(self, root: Mapping[str, Any], longest_text: int) -> None:
        self.defs: dict[str, Schema] = {}
        self._root = root
        self._longest = longest_text
        self._names: dict[str, str] = {}
        self._types = {
            "object": self._object, "array": self._array, "string": self._string, "integer": self._integer,
            "number": self._number,
        }  # fmt: skip

    def schema(self, schema: Any) -> Schema:
        """A schema whose every value is bounded, and valid for the one given as far as `unsaid` is empty."""
        if not isinstance(schema, Mapping):  # `true`: anything
            schema = {"type": _FREE}
        if "$ref" in schema:
            return self._reference(str(schema["$ref"]))
        if "allOf" in schema:
            return self._joined(schema)
        if "oneOf" in schema:
            schema = {**_without(schema, "oneOf"), "anyOf": schema["oneOf"]}
        if "enum" in schema or "const" in schema:
            return {word: schema[word] for word in ("enum", "const", "type") if word in schema}
        if "anyOf" in schema:
            rest = _without(schema, "anyOf")
            return {"anyOf": [self.schema({**rest, **option}) for option in schema["anyOf"]]}
        kind = schema.get("type") or _guessed(schema)
        if isinstance(kind, list):
            return {"anyOf": [self.schema({**schema, "type": each}) for each in kind]}
        return self._types.get(kind, lambda _: {"type": kind})(schema)

    def _reference(self, reference: str) -> Schema:
        if reference not in self._names:
            name = self._names[reference] = f"part_{len(self._names)}"
            self.defs[name] = {}  # a part may contain itself
            self.defs[name] = self.schema(self._target(reference))
        return {"$ref": f"#/$defs/{self._names[reference]}"}

    def _target(self, reference: str) -> object:
        """What a reference points to; anything at all where it leads nowhere or out of the schema."""
        found: Any = self._root
        for part in reference.split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            found = found.get(key) if isinstance(found, Mapping) else None
        return found

    def _joined(self, schema: Mapping[str, Any]) -> Schema:
        """One schema instead of several that all hold."""
        parts = [_without(schema, "allOf"), *(self._all_of(each) for each in schema["allOf"])]
        parts = [part for part in parts if part.keys() - _NOTES]
        if len(parts) == 1:
            return self.schema(parts[0])
        if not all(_guessed(part) == "object" or part.get("type") == "object" for part in parts):
            return {"allOf": [self.schema(part) for part in parts]}
        found: dict[str, list[object]] = {}
        for part in parts:
            for name, inner in part.get("properties", {}).items():
                found.setdefault(name, []).append(inner)
        closed = [part.get("properties", {}) for part in parts if part.get("additionalProperties", True) is not True]
        properties = {
            name: inner[0] if len(inner) == 1 else {"allOf": inner}
            for name, inner in found.items()
            if all(name in allowed for allowed in closed)
        }
        required = dict.fromkeys(name for part in parts for name in part.get("required", []))
        more = not closed and not properties
        return self._object({"properties": properties, "required": required, "additionalProperties": more})

    def _all_of(self, part: Any) -> Mapping[str, Any]:
        """A part of `allOf`: what it refers to, and what it is made of itself."""
        while isinstance(part, Mapping) and "$ref" in part and part["$ref"] not in self._names:
            part = self._target(str(part["$ref"]))
        return part if isinstance(part, Mapping) else {}

    def _object(self, schema: Mapping[str, Any]) -> Schema:
        required = list(schema.get("required", []))
        properties = {
            name: self.schema(inner) for name, inner in schema.get("properties", {}).items() if inner is not False
        }
        properties |= {name: self.schema(True) for name in required if name not in properties}
        bounded = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
        more = schema.get("additionalProperties", True)
        if not properties and more is not False:
            bounded["patternProperties"] = {f"^[^\\x00-\\x1f\\x7f]{{1,{_LONGEST_KEY}}}$": self.schema(more)}
            bounded["maxProperties"] = _MOST_ELEMENTS
        return bounded

    def _array(self, schema: Mapping[str, Any]) -> Schema:
        first = [self.schema(inner) for inner in schema.get("prefixItems", [])]
        least = schema.get("minItems", 0)
        most = min(schema.get("maxItems", _MOST_ELEMENTS), max(_MOST_ELEMENTS, least, len(first)))
        if schema.get("items") is False:
            most = min(most, len(first))
        bounded = {"type": "array", "minItems": least, "maxItems": most, "items": self.schema(schema.get("items"))}
        return {**bounded, "prefixItems": first} if first else bounded

    def _string(self, schema: Mapping[str, Any]) -> Schema:
        least = schema.get("minLength", 0)
        longest = max(self._longest, least, _LONGEST_FORM if schema.keys() & {"pattern", "format"} else 0)
        most = min(schema.get("maxLength", longest), longest)
        bounded = {"type": "string", "minLength": least, "maxLength": most}
        if "pattern" in schema:
            bounded["pattern"] = schema["pattern"]
        if schema.get("format") in _FORMATS:
            bounded["format"] = schema["format"]
        return bounded

    def _integer(self, schema: Mapping[str, Any]) -> Schema:
        bounded = {word: _clip(schema[word]) for word in _BOUNDS if word in schema}
        if not bounded.keys() & {"minimum", "exclusiveMinimum"}:
            bounded["minimum"] = -_LARGEST
        if not bounded.keys() & {"maximum", "exclusiveMaximum"}:
            bounded["maximum"] = _LARGEST
        if "multipleOf" in schema:
            bounded["multipleOf"] = schema["multipleOf"]
        return {"type": "integer", **bounded}

    def _number(self, schema: Mapping[str, Any]) -> Schema:
        bounded = {"multipleOf": _FRACTION, **self._integer(schema), "type": "number"}
        return bounded | {word: _clip(bounded[word], _LARGEST) for word in _BOUNDS if word in bounded}


def _clip(number: float, most: int = 2**63 - 1) -> float:
    """A bound that can be kept by a number of 64 bit, or of the size that is given."""
    return max(-most, min(number, most))


def _without(schema: Mapping[str, Any], word: str) -> Schema:
    return {name: value for name, value in schema.items() if name != word}


def _guessed(schema: Mapping[str, Any]) -> str | list[str]:
    """The type that a schema without one is about."""
    words = schema.keys()
    if words & {"properties", "required", "additionalProperties"}:
        return "object"
    if words & {"items", "prefixItems", "minItems", "maxItems"}:
        return "array"
    if words & {"minLength", "maxLength", "pattern", "format"}:
        return "string"
    return "number" if words & {*_BOUNDS, "multipleOf"} else _FREE
