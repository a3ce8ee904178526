"""Neutral names for tools and arguments, the same ones in the tools, in what they say and in the call.

    >>> from stesim.records import Demonstration, Tool
    >>> schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    >>> shown = Demonstration("weather", "Rain in Rome?", {"city": "Rome"}, "no", "No.", 1, 1)
    >>> hidden = mask(Lesson(shown.query, (Tool("weather", "Weather.", schema),), shown), random.Random(0))
    >>> hidden.demonstration.arguments, hidden.tools[0].parameters["required"]
    ({'arg_1': 'Rome'}, ['arg_1'])

A model that has seen such rows goes by the descriptions and not by names alone. The query and the values stay as they
are, and so do the result and the answer. Not covered: names in a schema that refers to them in other ways (`$ref`,
`anyOf`, `dependentRequired` ...): the arguments of that object keep their names.
"""

from __future__ import annotations

import itertools
import random
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from stesim.dataset.lesson import Lesson
from stesim.dataset.names import reword
from stesim.records import Tool

# Words of a schema that name its properties in a place of their own, or add some.
_REFERRING = {
    "$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentRequired",
    "dependentSchemas", "dependencies", "patternProperties", "propertyNames",
}  # fmt: skip


@dataclass
class _Names:
    """The other names of an object's arguments, and of the arguments inside them."""

    names: dict[str, str] = field(default_factory=dict)
    inside: dict[str, _Names] = field(default_factory=dict)

    def all(self) -> dict[str, str]:
        found = dict(self.names)
        for inner in self.inside.values():
            found |= {name: other for name, other in inner.all().items() if name not in found}
        return found


def mask(lesson: Lesson, rng: random.Random) -> Lesson:
    """The lesson with neutral names: `func_a1` ... by lot for its tools, `arg_1` ... for the arguments of each."""
    functions = _functions(len(lesson.tools), rng)
    names = {tool.name: other for tool, other in zip(lesson.tools, functions, strict=True)}
    arguments = {tool.name: _names(tool.parameters) for tool in lesson.tools}
    tools = tuple(_masked(tool, names, arguments[tool.name]) for tool in lesson.tools)
    shown = lesson.demonstration
    if shown is not None:
        called = _call(shown.arguments, arguments[shown.tool])
        shown = replace(shown, tool=names[shown.tool], arguments=called, thought="")
    return replace(lesson, tools=tools, demonstration=shown, masked=True)


def _functions(count: int, rng: random.Random) -> list[str]:
    """So many different names; with a number of more digits where there are many tools."""
    digits = itertools.product(string.ascii_lowercase, range(1, max(10, count)))
    return [f"func_{letter}{digit}" for letter, digit in rng.sample(list(digits), count)]


def _names(schema: Any) -> _Names:
    """Other names for the arguments of a tool; none if one of them is referred to by a path."""
    if "#/properties" in repr(schema):
        return _Names()
    return _names_in(schema, itertools.count(1))


def _names_in(schema: Any, numbers: Iterator[int]) -> _Names:
    if not isinstance(schema, Mapping):
        return _Names()
    if isinstance(schema.get("items"), Mapping):
        return _names_in(schema["items"], numbers)
    properties = schema.get("properties")
    if not isinstance(properties, Mapping) or _REFERRING & schema.keys():
        return _Names()
    found = _Names({name: f"arg_{next(numbers)}" for name in properties})
    for name, inner in properties.items():
        found.inside[name] = _names_in(inner, numbers)
    return found


def _masked(tool: Tool, names: Mapping[str, str], arguments: _Names) -> Tool:
    """The tool under its other name, its description and schema reworded."""
    every = arguments.all()
    sure = {name: other for name, other in every.items() if not _usual(name)}
    words, quoted = {**sure, **names}, {name: other for name, other in every.items() if name not in sure}

    def say(text: str) -> str:
        return reword(text, words, quoted)

    def schema_of(schema: Any, known: _Names) -> Any:
        if not isinstance(schema, Mapping):
            return schema
        told = dict(schema)
        told.pop("title", None)  # often the name itself in other letters
        if isinstance(told.get("description"), str):
            told["description"] = say(told["description"])
        for word in ("default", "const"):
            if word in told:
                told[word] = _call(told[word], known)
        for word in ("enum", "examples"):
            if isinstance(told.get(word), list):
                told[word] = [_call(value, known) for value in told[word]]
        if isinstance(told.get("items"), Mapping):
            told["items"] = schema_of(told["items"], known)
        if isinstance(told.get("properties"), Mapping):
            told["properties"] = {
                known.names.get(name, name): schema_of(inner, known.inside.get(name, _Names()))
                for name, inner in told["properties"].items()
            }
        if isinstance(told.get("required"), list):
            told["required"] = [known.names.get(name, name) for name in told["required"]]
        return told

    return replace(
        tool, name=names[tool.name], description=say(tool.description), parameters=schema_of(tool.parameters, arguments)
    )


def _usual(name: str) -> bool:
    """Whether a name may be a word of a sentence: "city", not "cityName" or "max_results"."""
    return name.isalpha() and (name.islower() or name.istitle())


def _call(value: Any, known: _Names) -> Any:
    """A value with the names of the arguments in it replaced; an argument that the schema does not know keeps its."""
    if isinstance(value, list):
        return [_call(entry, known) for entry in value]
    if isinstance(value, Mapping):
        none = _Names()
        return {
            known.names.get(name, name): _call(inner, known.inside.get(name, none)) for name, inner in value.items()
        }
    return value
