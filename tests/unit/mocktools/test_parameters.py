"""Schemas of parameters that are hostile, or that other libraries would stumble over; names of headers."""

from __future__ import annotations

import time
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mocktools.sources import parameters, sound


def problems(**schema: Any) -> list[tuple[str, str]]:
    return parameters.problems({"type": "object", **schema})


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"properties": {"a": {"$dynamicRef": "#x"}}}, "properties.a"),
        ({"properties": {"a": {"$dynamicAnchor": "x"}}}, "properties.a"),
        ({"properties": {"a": {"items": {"$recursiveRef": "#"}}}}, "properties.a.items"),
        ({"properties": {"a": {"$ref": "#/$defs/b", "$anchor": "x"}}, "$defs": {"b": {}}}, "properties.a"),
        ({"properties": {"a": {"$ref": "#/properties/b", "$id": "http://127.0.0.1/"}, "b": {}}}, "properties.a"),
        ({"$defs": {"b": {"$schema": "http://json-schema.org/draft-07/schema#"}}}, "$defs"),
        ({"$schema": "http://127.0.0.1/s"}, "$schema"),
        ({"$schema": "http://["}, "$schema"),
        # Where a reference leads is looked at too.
        ({"properties": {"a": {"$ref": "#/components/b"}}, "components": {"b": {"$dynamicRef": "#x"}}}, "$ref"),
        ({"properties": {"a": {"$ref": "#/components/b"}}, "components": {"b": {"$ref": "#/x"}}}, "components.b"),
        ({"properties": {"a": {"$ref": "#/components/b"}}, "components": {"b": {"minimum": "1"}}}, "properties.a"),
    ],
)
def test_words_that_are_not_followed_are_refused(schema: dict[str, Any], place: str) -> None:
    found = problems(**schema)
    assert found
    assert any(place in where for where, _ in found), found
    assert all("\n" not in words and len(words) < 200 for _, words in found)


@pytest.mark.parametrize(
    "schema",
    [
        {"$schema": "http://json-schema.org/draft-07/schema#", "$id": "https://a.example/pets"},
        {"$schema": "https://json-schema.org/draft/2020-12/schema"},
        {"properties": {"$id": {"type": "string"}, "$dynamicRef": {}, "$ref": {}}},
        {"properties": {"a": {"$ref": "#/components/b"}}, "components": {"b": {"type": "string"}}},
        {"properties": {"a": {"enum": [{"$dynamicRef": 1}], "default": {"$id": 2}}}},
        {"properties": {"a": {"maximum": 2**256 - 1, "const": 2**70}}},
    ],
)
def test_what_other_tools_write_is_taken(schema: dict[str, Any]) -> None:
    assert problems(**schema) == []


def chained(count: int, times: int, word: str = "anyOf") -> dict[str, Any]:
    defs = {f"d{at}": {word: [{"$ref": f"#/$defs/d{at + 1}"}] * times} for at in range(count)}
    return {"properties": {"a": {"$ref": "#/$defs/d0"}}, "$defs": {**defs, f"d{count}": {}}}


def hidden(count: int) -> dict[str, Any]:
    """The same where no schema stands, but references lead."""
    parts = {f"d{at}": {"anyOf": [{"$ref": f"#/parts/d{at + 1}"}] * 2} for at in range(count)}
    return {"properties": {"a": {"$ref": "#/parts/d0"}}, "parts": {**parts, f"d{count}": {}}}


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        (chained(40, 2), "has more than 50,000 parts"),
        (chained(13, 2), ""),
        (hidden(40), "has more than 50,000 parts"),
        (chained(2, 1000, "allOf"), "has more than 50,000 parts"),
        (chained(3000, 1), "is nested more than 100 levels deep"),
        (chained(30, 1), ""),
        ({"properties": {"a": {"$ref": "#"}, "b": {"items": {"$ref": "#/properties/a"}}}}, ""),
        ({"properties": {f"p{at}": {"anyOf": [{"$ref": "#"}] * 50} for at in range(50)}}, ""),
        # Defined, and used by nothing.
        ({"$defs": chained(40, 2)["$defs"]}, ""),
    ],
)  # fmt: skip
def test_a_schema_that_becomes_endless_is_refused_at_once(schema: dict[str, Any], words: str) -> None:
    begun = time.monotonic()
    found = problems(**schema)
    assert time.monotonic() - begun < 2
    assert bool(found) == bool(words), found
    assert not words or words in found[0][1]


def test_a_chain_of_references_is_followed_once() -> None:
    links: dict[str, Any] = {f"d{at}": {"$ref": f"#/$defs/d{at + 1}"} for at in range(5000)}
    begun = time.monotonic()
    found = problems(**{"$defs": {**links, "d5000": {"$ref": "#/$defs/d0"}}})
    assert len(found) > 0
    assert "leads back to itself" in found[0][1]
    assert problems(**{"$defs": {**links, "d5000": {}}}) == []
    assert time.monotonic() - begun < 4


def test_bounds_beyond_64_bits_go() -> None:
    huge = 2**256 - 1
    whole = {
        "type": "object",
        "properties": {"maximum": {"type": "integer", "minimum": 0, "maximum": huge, "exclusiveMinimum": -(2**63) - 1},
                       "b": {"items": {"anyOf": [{"maximum": 1.8e308}, {"maximum": 2**63 - 1}, True]}}},
        "$defs": {"c": {"maxLength": huge, "enum": [huge], "const": {"maximum": huge}}},
        "additionalProperties": {"minimum": -(2**63)},
    }  # fmt: skip
    assert parameters.normalised(whole) == {
        "type": "object",
        "properties": {"maximum": {"type": "integer", "minimum": 0},
                       "b": {"items": {"anyOf": [{}, {"maximum": 2**63 - 1}, True]}}},
        "$defs": {"c": {"enum": [huge], "const": {"maximum": huge}}},
        "additionalProperties": {"minimum": -(2**63)},
    }  # fmt: skip
    assert whole["$defs"]["c"]["maxLength"] == huge  # type: ignore[index]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("X-Trace", ""), ("accept", ""), ("Authorization", ""), ("x_y.z~1", ""),
        ("X-A\r\nEvil: 1", "is no name of a header"), ("", "is no name"), ("é", "is no name"), ("a b", "is no name"),
        ("X:Y", "is no name"), (":path", "is no name"), ("a" * 101, "is no name"), ("X\n", "is no name"),
        ("Host", "by the client itself"), ("content-length", "by the client"), ("Transfer-Encoding", "by the client"),
        ("CONNECTION", "by the client"), ("Cookie", "by the client"), ("Content-Type", "by the client"),
    ],
)  # fmt: skip
def test_names_that_no_header_can_have(name: str, words: str) -> None:
    found = parameters.header_problem(name)
    assert bool(found) == bool(words)
    assert words in (found or "")
    assert (found or "").isprintable()


keywords = st.sampled_from(sorted({*sound._RULES, *sound._UNUSUAL, *sound.ONE, *sound.LIST, *sound.NAMED, "x", "then"}))
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.0, 1.0, 2.5, "a", "string", "integer", "#", "#/"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keywords, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
META = jsonschema.Draft202012Validator(jsonschema.Draft202012Validator.META_SCHEMA)


@given(st.dictionaries(keywords, anything, max_size=4))
def test_what_looks_well_formed_is_so(schema: dict[str, Any]) -> None:
    if sound.well_formed(schema):
        assert META.is_valid(schema)
    if not sound._UNUSUAL & set(str(schema).replace("'", " ").split()) and META.is_valid(schema):
        assert sound.well_formed(schema) or "1.0" in str(schema) or "0.0" in str(schema)


@given(st.dictionaries(keywords, anything, max_size=4))
def test_any_schema_is_judged(schema: dict[str, Any]) -> None:
    for place, said in parameters.schema_problems(schema):
        assert isinstance(place, str)
        assert said.isprintable()
    parameters.normalised(schema)
