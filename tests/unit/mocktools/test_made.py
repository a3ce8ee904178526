"""Values made from schemas: what a place becomes, what is echoed, what stays bounded."""

from __future__ import annotations

import json
import time
from typing import Any

import jsonschema
import pytest

from mocktools import made
from mocktools.made import joined, patterns, plausible

PET = {
    "type": "object",
    "required": ["id", "name"],
    "properties": {
        "id": {"type": "integer", "example": 10},
        "name": {"type": "string"},
        "status": {"enum": ["available", "sold"]},
        "owner": {"type": "object", "properties": {"id": {"type": "integer"}, "city": {"type": "string"}}},
    },
}
NODE = {"$ref": "#/$defs/node", "$defs": {"node": {"type": "object", "required": ["next"], "properties": {
    "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}, "kids": {"type": "array", "items": {"$ref": "#/$defs/node"}},
}}}}  # fmt: skip


def valid(schema: dict[str, Any], value: Any) -> bool:
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return bool(jsonschema.Draft202012Validator(schema, format_checker=checker).is_valid(value))


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"const": {"a": [1]}, "type": "object"}, {"a": [1]}),
        ({"enum": ["only"]}, "only"),
        ({"type": "string", "example": "shown", "default": "d"}, "shown"),
        ({"type": "integer", "example": "no integer", "default": 4}, 4),
        ({"examples": [7], "type": "integer"}, 7),
        ({"type": "string", "nullable": True, "enum": ["a"]}, "a"),
        ({"type": ["null", "boolean"], "enum": [True, None]}, True),
        ({"type": "integer", "minimum": 3, "exclusiveMinimum": True, "maximum": 4}, 4),
        ({"type": "integer", "exclusiveMinimum": 3, "exclusiveMaximum": 5}, 4),
        ({"type": "number", "minimum": 0.5, "maximum": 0.5}, 0.5),
        ({"type": "integer", "minimum": 90, "maximum": 100, "multipleOf": 33}, 99),
        ({"anyOf": [False, {"type": "integer", "minimum": 5, "maximum": 4}, {"const": "c"}]}, "c"),
        ({"oneOf": [{"type": "null"}, {"const": 1}]}, 1),
        ({"allOf": [{"type": "number"}, {"type": "integer", "minimum": 8}, {"maximum": 8}]}, 8),
        ({"type": "array", "prefixItems": [{"const": 1}, {"const": 2}], "items": False}, [1, 2]),
        ({"type": "array", "items": {"enum": ["x"]}, "minItems": 2}, ["x", "x"]),
        ({"type": "object", "properties": {"a": {"const": 1}}, "dependentRequired": {"a": ["b"]}, "additionalProperties": {"const": 2}}, {"a": 1, "b": 2}),
        ({"type": "object", "required": ["a"], "maxProperties": 1, "properties": {"b": {}, "a": {"const": 1}}}, {"a": 1}),
        ({"type": "string", "pattern": "^[A]{3}-0{2}$"}, "AAA-00"),
        ({"type": "array", "maxItems": 0}, []),
    ],
)  # fmt: skip
def test_what_a_place_becomes(schema: dict[str, Any], expected: Any) -> None:
    found = made.value(schema, "seed", {})
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"petId": 7}, {"id": 7}),
        ({"petId": "7"}, {"id": 7}),
        ({"pet_id": 7, "status": "sold"}, {"id": 7, "status": "sold"}),
        ({"pet-id": 7, "userId": 9}, {"id": 10}),  # which of the two it is cannot be known
        ({"id": 3, "name": "Rex"}, {"id": 3, "name": "Rex"}),
        ({"status": "lost"}, {"id": 10}),  # does not fit
        ({"name": "x" * 1000}, {"id": 10}),
        ({"id": 10**400}, {"id": 10}),
        ({"valid": 5}, {"id": 10}),  # ends in "id", and is none
    ],
)
def test_arguments_come_back(arguments: dict[str, Any], expected: dict[str, Any]) -> None:
    found = made.value(PET, "seed", arguments)
    assert valid(PET, found)
    assert found | expected == found
    assert found["owner"]["id"] not in (3, 7)


def test_arguments_in_lists_and_wrappers() -> None:
    pets = {"type": "array", "items": PET, "minItems": 2}
    assert {pet["status"] for pet in made.value(pets, "s", {"status": "sold", "ownerId": 5})} == {"sold"}
    assert made.value({"type": "object", "properties": {"data": PET}}, "s", {"petId": 5})["data"]["id"] == 5
    example = {**PET, "example": {"id": 1, "name": "Tom"}}
    assert made.value(example, "s", {"petId": 5}) == {"id": 5, "name": "Tom"}


@pytest.mark.parametrize(
    ("form", "given", "echoed"),
    [
        ("date", "2026-02-28", True), ("date", "2026-02-30", False), ("date", "today", False), ("email", "a@b.example", True),
        ("email", "a", False), ("uuid", "0" * 32, False), ("uuid", "00000000-0000-4000-8000-000000000000", True),
        ("date-time", "2026-02-28T10:00:00Z", True), ("date-time", "2026-02-28", False), ("ipv4", "1.2.3.4", False),
        ("password", "", False), ("colour", "any", True),
    ],
)  # fmt: skip
def test_an_argument_must_have_the_form(form: str, given: str, echoed: bool) -> None:
    schema = {"type": "object", "properties": {"value": {"type": "string", "format": form}}}
    assert (made.value(schema, "s", {"value": given})["value"] == given) == echoed


def test_the_same_on_every_machine() -> None:
    """Pinned: a change of these changes what every imported toolset answers."""
    names = ("id", "name", "city", "price", "currency", "title", "createdAt", "email")
    kinds = {"id": "integer", "price": "number"}
    schema = {"type": "object", "properties": {name: {"type": kinds.get(name, "string")} for name in names}}
    assert json.dumps(made.value(schema, "seed", {})) == PINNED
    assert made.value(schema, "another", {}) != made.value(schema, "seed", {})


@pytest.mark.parametrize(
    ("name", "title", "person"),
    [
        ("author", "", True), ("owner_name", "", True), ("user_name", "", True), ("fullName", "", True), ("customerName", "", True),
        ("name", "User", True), ("name", "BookAuthor", True), ("name", "Pet", False), ("name", "", False),
        ("display_name", "", False), ("task_display_name", "", False), ("dag_name", "", False), ("conn_type", "", False),
        ("user_type", "", False), ("username", "", False),
    ],
)  # fmt: skip
def test_people_only_where_the_name_says_so(name: str, title: str, person: bool) -> None:
    schema = {"type": "object", "title": title, "properties": {name: {"type": "string"}}}
    found = {made.value(schema, str(seed), {})[name].split()[-1] for seed in range(40)}
    assert (found <= {*plausible._LAST}) == person
    assert not person or len(found) > 3


def test_the_name_of_a_member_that_is_a_person() -> None:
    name = {"type": "object", "properties": {"name": {"type": "string"}}}
    schema = {"type": "object", "properties": {"owner": name, "users": {"type": "array", "items": name}, "pet": name}}
    found = made.value(schema, "s", {})
    last = {*plausible._LAST}
    assert found["owner"]["name"].split()[-1] in last
    assert found["users"][0]["name"].split()[-1] in last
    assert found["pet"]["name"].split()[-1] not in last


PINNED = (
    '{"id": 66932, "name": "Quartz Olive", "city": "Leeds", "price": 237.22, "currency": "JPY", '
    '"title": "Seven Bridges", "createdAt": "2026-06-08T00:50:00Z", "email": "goran.okafor@mail.example"}'
)


@pytest.mark.parametrize("form", ["date", "date-time", "email", "uuid", "ipv4", "ipv6", "time", "regex", "byte", "uri"])
def test_formats(form: str) -> None:
    schema = {"type": "string", "format": form}
    values = {made.value(schema, str(seed), {}) for seed in range(30)}
    assert len(values) > 5
    assert all(valid(schema, value) for value in values)


@pytest.mark.parametrize(
    "schema",
    [
        NODE,
        {"$ref": "#/$defs/a", "$defs": {"a": {"required": ["x"], "type": "object", "properties": {"x": {"$ref": "#/$defs/a"}}}}},
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
        {"anyOf": [{"$ref": "#"}]},
        {"allOf": [{"$ref": "#"}, {"oneOf": [{"$ref": "#"}, {"$ref": "#"}]}]},
        {"$ref": "#/nowhere"},
        {"$defs": {f"d{n}": {"anyOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 9} for n in range(40)}, "$ref": "#/$defs/d0"},
        {"$defs": {f"d{n}": {"properties": {c: {"$ref": f"#/$defs/d{n + 1}"} for c in "abcdefghij"}} for n in range(40)}, "$ref": "#/$defs/d0"},
        {"type": "array", "minItems": 10**9, "items": {"type": "array", "minItems": 10**9}},
        {"type": "string", "minLength": 10**12},
        {"type": "string", "pattern": "((((((((((a{400}){400}){400}){400}){400}){400}){400}){400}){400}){400})"},
        {"type": "string", "pattern": "(" * 250},
        {"type": "string", "pattern": "((((()*)*)*)*){300}"},
        {"enum": []},
        {"type": "nonsense", "properties": 3, "required": "x", "enum": None, "minimum": "4", "anyOf": [], "items": [1]},
        {"type": "object", "properties": {str(n): {"type": "string"} for n in range(5000)}},
    ],
    ids=range(16),
)  # fmt: skip
def test_no_schema_hangs_or_raises(schema: dict[str, Any]) -> None:
    begun = time.monotonic()
    found = made.value(schema, "seed", {"id": 1})
    assert time.monotonic() - begun < 5
    assert len(json.dumps(found)) < 300_000


def test_a_schema_that_contains_itself() -> None:
    found = made.value(NODE, "seed", {})
    assert valid(NODE, found)
    assert found["kids"]


@pytest.mark.parametrize(
    "pattern", ["(?=a)b", r"\bword", r"(a)\1", "a**", "[z-a]", "a{2,1}", "(a", r"\p{L}", "x" * 301]
)
def test_a_pattern_that_is_too_hard(pattern: str) -> None:
    assert patterns.sample(pattern, lambda limit: 0) is None


def test_parts_of_one_place_are_joined() -> None:
    one = {"properties": {"a": {"minLength": 2}}, "additionalProperties": False, "required": ["a"]}
    other = {"properties": {"a": {"maxLength": 3}, "b": {}}, "type": ["object", "null"], "required": ["a"]}
    assert joined.flat({"allOf": [one, other]}, {}) == {
        "properties": {"a": {"allOf": [{"minLength": 2}, {"maxLength": 3}]}, "b": False},
        "additionalProperties": False, "required": ["a"], "type": ["object", "null"],
    }  # fmt: skip
