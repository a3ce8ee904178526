"""Random schemas: what is made fits, is the same again, and our judge of fitting agrees with jsonschema."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
from hypothesis import example, given
from hypothesis import strategies as st

from mocktools import made
from mocktools.exchanges import arguments, misfits
from mocktools.exchanges.matching import canonical
from mocktools.tools import Tool

NAMES = st.sampled_from(["id", "name", "city", "price", "petId", "status", "tags", "created_at", "$odd", "Ünï", "a b"])
SEEDS = st.text(max_size=8)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-50, 50), st.sampled_from([0.5, -2.25, 1.0]), st.text(max_size=6)
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=6
)
FORMATS = ["date", "date-time", "email", "uuid", "uri", "ipv4", "ipv6", "time", "hostname", "unknown"]
PATTERNS = ["^[A-Z]{2}-[0-9]{3,}$", "a+b?", "^(cat|dog)s?$", r"^\d{4}-\w+$", "^[^a-z]{3}$", r"^\+?[1-9]\d{1,14}$"]


@st.composite
def numbers(draw: st.DrawFn) -> dict[str, Any]:
    """A schema of numbers that leaves room for one."""
    kind = draw(st.sampled_from(["integer", "number"]))
    schema: dict[str, Any] = {"type": kind}
    low = draw(st.none() | st.integers(-1000, 1000) | st.sampled_from([0.1, -1e12, 10**20]))
    if low is not None:
        schema[draw(st.sampled_from(["minimum", "exclusiveMinimum"]))] = low
        if draw(st.booleans()):
            schema[draw(st.sampled_from(["maximum", "exclusiveMaximum"]))] = low + draw(st.integers(24, 90))
    if draw(st.booleans()) and low != 10**20:
        schema["multipleOf"] = draw(
            st.sampled_from([1, 2, 7, 12] + ([0.01, 0.1, 0.25, 1e-7] if kind == "number" else []))
        )
    return schema


@st.composite
def strings(draw: st.DrawFn) -> dict[str, Any]:
    """A schema of texts: with lengths, or with a form."""
    schema: dict[str, Any] = {"type": "string"}
    form = draw(st.sampled_from(["", "format", "pattern"]))
    if form:
        schema[form] = draw(st.sampled_from(FORMATS if form == "format" else PATTERNS))
        return schema
    shortest = draw(st.integers(0, 40))
    if draw(st.booleans()):
        schema["minLength"] = shortest
    if draw(st.booleans()):
        schema["maxLength"] = shortest + draw(st.integers(0, 20))
    return schema


@st.composite
def listed(draw: st.DrawFn) -> dict[str, Any]:
    word = draw(st.sampled_from(["enum", "const"]))
    return {word: draw(st.lists(VALUES, min_size=1, max_size=4) if word == "enum" else VALUES)}


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Schemas that hold others, all of them satisfiable if those are."""

    @st.composite
    def objects(draw: st.DrawFn) -> dict[str, Any]:
        properties = draw(st.dictionaries(NAMES, inner, max_size=4))
        schema: dict[str, Any] = {"type": "object", "properties": properties}
        if properties and draw(st.booleans()):
            schema["required"] = draw(st.lists(st.sampled_from(sorted(properties)), unique=True))
        if draw(st.booleans()):
            schema["additionalProperties"] = draw(st.booleans() | inner)
        elif draw(st.booleans()):
            schema["minProperties"] = draw(st.integers(0, 6))
        return schema

    @st.composite
    def arrays(draw: st.DrawFn) -> dict[str, Any]:
        least = draw(st.integers(0, 4))
        schema: dict[str, Any] = {"type": "array", "items": draw(inner), "minItems": least}
        if draw(st.booleans()):
            schema["maxItems"] = least + draw(st.integers(0, 3))
        return schema

    @st.composite
    def choices(draw: st.DrawFn) -> dict[str, Any]:
        word = draw(st.sampled_from(["anyOf", "allOf"]))
        some = draw(st.lists(inner, min_size=1, max_size=3 if word == "anyOf" else 1))
        return {word: some, "title": "T"}

    referred = inner.map(lambda schema: {"allOf": [{"$ref": "#/$defs/one"}], "x-inner": schema})
    kinds = inner.map(
        lambda schema: {"type": "array", "uniqueItems": True, "prefixItems": [schema], "items": {"type": "integer"}}
    )
    return objects() | arrays() | choices() | referred | kinds


SCHEMAS = st.recursive(
    numbers() | strings() | listed() | st.just({"type": "boolean"}) | st.just({}), nested, max_leaves=12
)
ARGUMENTS = st.dictionaries(NAMES, VALUES, max_size=3)


@given(SCHEMAS, SEEDS, ARGUMENTS)
@example({"type": "number", "multipleOf": 0.01}, "", {"price": 10**400})
@example({"type": "object", "properties": {"id": {"type": "integer"}}}, "", {"petId": True})
@example({"type": "object", "properties": {"name": {"type": "string", "format": "date"}}}, "", {"name": ""})
def test_what_is_made_fits_and_is_the_same_again(schema: dict[str, Any], seed: str, arguments: dict[str, Any]) -> None:
    whole = {**schema, "$defs": {"one": {"type": "object", "properties": {"next": {"$ref": "#/$defs/one"}}}}}
    found = made.value(whole, seed, arguments)
    jsonschema.Draft202012Validator(whole, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER).validate(
        found
    )
    assert made.fits(whole, found)
    assert json.dumps(made.value(whole, seed, arguments)) == json.dumps(found)
    assert len(json.dumps(found)) < 200_000


KEYWORDS = st.fixed_dictionaries({}, optional={
    "type": st.sampled_from(["string", "integer", "number", "object", "array", "null", ["string", "null"]]),
    "minimum": st.integers(-5, 5), "exclusiveMaximum": st.sampled_from([3, 2.5]), "multipleOf": st.sampled_from([2, 0.5]),
    "minLength": st.integers(0, 4), "maxLength": st.integers(0, 4), "minItems": st.integers(0, 2),
    "maxItems": st.integers(0, 2), "uniqueItems": st.booleans(), "maxProperties": st.integers(0, 2),
    "required": st.lists(NAMES, max_size=2, unique=True), "enum": st.lists(VALUES, min_size=1, max_size=3),
    "dependentRequired": st.dictionaries(NAMES, st.lists(NAMES, max_size=1), max_size=2),
})  # fmt: skip


def holding(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    some = st.lists(inner, min_size=1, max_size=2)
    return st.fixed_dictionaries({}, optional={
        "properties": st.dictionaries(NAMES, inner, max_size=2), "additionalProperties": inner, "items": inner,
        "prefixItems": some, "contains": inner, "anyOf": some, "oneOf": some, "allOf": some, "not": inner,
        "if": inner, "then": inner, "else": inner, "propertyNames": inner, "minLength": st.integers(0, 3),
    })  # fmt: skip


ANY_SCHEMAS = st.recursive(KEYWORDS | st.booleans(), holding, max_leaves=8)


@given(ANY_SCHEMAS, VALUES)
def test_fitting_is_what_jsonschema_says(schema: Any, value: Any) -> None:
    assert made.fits(schema, value) == jsonschema.Draft202012Validator(schema).is_valid(value)


@given(ANY_SCHEMAS, VALUES)
def test_a_misfit_is_told_just_where_a_value_does_not_fit(schema: Any, value: Any) -> None:
    told = misfits.problems({"type": "object", "properties": {"a": schema}}, {"a": value})
    assert bool(told) == (not made.fits(schema, value))
    assert all(line.isprintable() and len(line) < 1500 for line in told)


@given(ANY_SCHEMAS, VALUES.filter(lambda value: value is not None), st.sampled_from(["GET", "POST"]))
@example({"type": ["integer", "string"], "minLength": 2}, "55", "GET")
@example({"not": {"type": "string"}}, 5, "GET")
@example({"oneOf": [{}, {"type": "string"}]}, [], "GET")
def test_no_call_that_fits_is_refused(schema: Any, value: Any, method: str) -> None:
    if not made.fits(schema, value):
        return
    parameters = {"type": "object", "properties": {"a": schema}, "required": ["a"]}
    tool = Tool("t", "", parameters, url="https://a.example/", method=method)
    sent = tool.request({"a": value})
    asked = canonical(sent.method, sent.url, sent.body)
    assert arguments.wrong(tool, canonical(method, tool.url), asked) == []


@given(ANY_SCHEMAS, SEEDS, ARGUMENTS)
def test_a_schema_that_nothing_may_fit_gives_something_all_the_same(
    schema: Any, seed: str, arguments: dict[str, Any]
) -> None:
    """It may not fit; it is the same again, and JSON."""
    whole = schema if isinstance(schema, dict) else {"not": schema}
    found = json.dumps(made.value(whole, seed, arguments))
    assert json.dumps(made.value(whole, seed, arguments)) == found
