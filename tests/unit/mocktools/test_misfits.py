"""Arguments held against the parameters of a tool: in words, and as the refusals of a toolset's server."""

from __future__ import annotations

import time
from typing import Any

import pytest

import mocktools
from mocktools.exchanges import format, misfits
from mocktools.exchanges.routes import Made, routes
from mocktools.tools import Placement, Tool
from mocktools.toolset import Toolset

ADDRESS = {
    "type": "object", "required": ["zip"], "additionalProperties": False,
    "properties": {"zip": {"type": "string", "minLength": 2, "maxLength": 5}, "no": {"type": "integer"}},
}  # fmt: skip
WORDED: list[tuple[Any, Any, str]] = [
    ({"type": "string"}, 5, "must be a string; got '5'"),
    ({"type": "integer"}, "5", "must be an integer; got '5'"),
    ({"type": "integer", "example": 3}, 5.5, "must be an integer, e.g. 3; got '5.5'"),
    ({"type": "boolean"}, 1, "must be true or false; got '1'"),
    ({"type": ["array", "null"]}, {}, "must be a list or null; got '{}'"),
    ({"enum": [3, 4, 5]}, 9, "must be one of 3, 4, 5; got '9'"),
    ({"type": "string", "enum": ["low", "high"]}, "x" * 99, "must be one of low, high; got '" + "x" * 40 + "...'"),
    ({"const": "a"}, None, "must be a; got 'null'"),
    ({"type": "integer", "minimum": 1, "maximum": 7}, 8, "must be an integer between 1 and 7; got '8'"),
    ({"type": "number", "minimum": 0.5, "exclusiveMaximum": 9}, 9, "must be a number of at least 0.5 and less than 9; got '9'"),
    ({"type": "integer", "multipleOf": 5}, 8, "must be an integer that is a multiple of 5; got '8'"),
    ({"type": "integer", "minimum": 1, "exclusiveMinimum": True}, 1, "must be an integer greater than 1; got '1'"),
    ({"type": "string", "minLength": 3}, "ab", "must be at least 3 characters long; got 'ab'"),
    ({"type": "array", "minItems": 1, "maxItems": 2}, [], "must be a list of 1 to 2 elements; got '[]'"),
    ({"type": "array", "uniqueItems": True}, [1, 1.0], "must be a list without the same element twice; got '[1, 1.0]'"),
    ({"type": "object", "minProperties": 1}, {}, "must be an object with at least 1 members; got '{}'"),
    ({"anyOf": [{"type": "integer", "minimum": 3}, {"type": "null"}]}, 2, "must be an integer of at least 3; got '2'"),
    ({"oneOf": [{"type": "integer"}, {"type": "array"}]}, "a", "must be an integer or a list; got 'a'"),
    ({"not": {"const": 1}}, 1, "must be as the tool's schema describes it; got '1'"),
    ({"$ref": "#/$defs/small"}, 9, "must be a number of at most 3; got '9'"),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "value", "words"), WORDED)
def test_what_does_not_fit_is_worded(schema: Any, value: Any, words: str) -> None:
    whole = {"type": "object", "properties": {"a": schema}, "$defs": {"small": {"maximum": 3}}}
    assert misfits.problems(whole, {"a": value}) == [f"Parameter 'a' {words}"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"to": {"zip": "01", "no": 1}, "tags": ["a"]}, []),
        ({}, ["Missing required parameters: to and tags"]),
        ({"to": {}, "tags": []}, ["Missing required parameter: to.zip"]),
        ({"to": {"zip": "0", "nr": 2}, "tags": []}, [
            "Parameter 'to.zip' must be 2 to 5 characters long; got '0'", "Unknown parameter: to.nr; known are: zip, no",
        ]),
        ({"to": {"zip": "01"}, "tags": ["a", 2, None]}, [
            "Parameter 'tags[1]' must be a string; got '2'", "Parameter 'tags[2]' must be a string; got 'null'",
        ]),
        ({"to": 1, "tags": [], "more": 1}, ["Parameter 'to' must be an object; got '1'"]),
    ],
)  # fmt: skip
def test_each_parameter_is_named(arguments: Any, expected: list[str]) -> None:
    tags = {"type": "array", "items": {"type": "string"}}
    schema = {"type": "object", "properties": {"to": ADDRESS, "tags": tags}, "required": ["to", "tags"]}
    assert misfits.problems(schema, arguments) == expected


def test_unknown_names_are_told_where_none_are_allowed() -> None:
    schema: dict[str, Any] = {"type": "object", "properties": {"city": {}}}
    none = {"type": "object", "properties": {}, "additionalProperties": False}
    assert misfits.problems(schema, {"citty": 1}) == []
    assert misfits.problems(schema, {"citty": 1}, closed=True) == ["Unknown parameter: citty; did you mean city?"]
    assert misfits.problems({**schema, "additionalProperties": True}, {"citty": 1}, closed=True) == []
    assert misfits.problems(none, {"a\n": 1}) == ["Unknown parameter: a\\n; there are none"]
    either = {**schema, "anyOf": [{"required": ["city"]}, {"required": ["id"]}]}
    assert misfits.problems(either, {}) == ["Missing required parameter: one of city, id"]
    assert misfits.problems(either, {"id": 1}) == []


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"pattern": "^(a+)+$"}, "a" * 60 + "!"),
        ({"type": "array", "uniqueItems": True}, list(range(200_000))),
        ({"type": "array", "items": {"type": "string"}}, [1] * 200_000),
        ({"$ref": "#/$defs/d0"}, "x"),
        ({"$ref": "#/properties/a"}, "x"),
        ({"$ref": "#/nowhere"}, "x"),
        ({"type": "object", "additionalProperties": False}, {f"n{number}": 1 for number in range(50_000)}),
        ({"enum": list(range(100_000))}, "x" * 1_000_000),
    ],
    ids=range(8),
)  # fmt: skip
def test_no_schema_takes_long(schema: Any, value: Any) -> None:
    deep = {f"d{n}": {"anyOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 9} for n in range(40)}
    begun = time.monotonic()
    found = misfits.problems({"type": "object", "properties": {"a": schema}, "$defs": deep}, {"a": value})
    assert time.monotonic() - begun < 5
    assert len(found) <= misfits.MOST
    assert len("".join(found)) < 4000


HEAD = {"source": "by hand", "as_of": "2026-10-30", "license": "MIT"}


def served(*tools: Tool, **answers: Any) -> Toolset:
    """A toolset with an exact answer to get_item 404 and a pattern for each tool."""
    exact = {"call": {"tool": "find", "arguments": {"stars": 9}}, "response": {"json": "recorded"}}
    content = {**HEAD, "exchanges": [exact]}
    return Toolset("t", tools, routes(tools, [("a.json", format.parsed(content))], answers))


FIND = Tool("find", "", {
    "type": "object",
    "properties": {
        "stars": {"enum": [3, 4, 5]}, "days": {"type": "integer"}, "hot": {"type": "boolean"}, "word": {"type": "string"},
        "ids": {"type": "array", "items": {"type": "integer"}, "maxItems": 2}, "tags": {"type": "array"},
        "any": {}, "X": {"type": "integer"}, "either": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
    },
    "required": ["X"],
}, url="https://api.example/find", places={"X": Placement("header"), "ids": Placement("query", "comma"),
                                           "tags": Placement("query", "repeat")})  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        ({"stars": 9}, '"recorded"'),
        ({"stars": 8}, "{\"error\":\"Parameter 'stars' must be one of 3, 4, 5; got '8'\"}"),
        ({"stars": "4", "days": "3", "hot": "True", "word": "5", "any": "{", "either": 4}, '"made"'),
        ({"word": True, "ids": [1, 2], "tags": ["1", 2], "X": "none"}, '"made"'),
        ({"ids": "1,2", "tags": "a", "unknown": 1, "days": None}, '"made"'),
        ({"ids": ["a", 1]}, "{\"error\":\"Parameter 'ids[0]' must be an integer; got 'a'\"}"),
        ({"ids": [1, 2, 3]}, "{\"error\":\"Parameter 'ids' must be a list of at most 2 elements; got '[1, 2, 3]'\"}"),
        ({"days": "soon"}, "{\"error\":\"Parameter 'days' must be an integer; got 'soon'\"}"),
        ({"hot": "\ud800"}, "{\"error\":\"Parameter 'hot' must be true or false; got '?'\"}"),
    ],
)  # fmt: skip
def test_a_query_is_read_as_its_schema_says(arguments: Any, answer: str) -> None:
    with mocktools.activate(served(FIND, find=Made({"const": "made"}))) as tools:
        assert tools.get("find").call(arguments).body == answer


def test_a_body_is_json_already() -> None:
    schema = {"type": "object", "properties": {"order_id": {"type": "string"}}, "required": ["order_id"]}
    order = Tool("order", "", schema, url="https://api.example/order", method="POST")
    whole = Tool("whole", "", {"type": "object", "properties": {"all": {"type": "array"}}, "required": ["all"]},
                 url="https://api.example/whole", method="PUT", places={"all": Placement("content")})  # fmt: skip
    made = Made({"const": "made"})
    with mocktools.activate(served(FIND, order, whole, order=made, whole=made)) as tools:
        refused = tools.get("order").call({"order_id": 5})
        assert (refused.status, refused.body) == (
            400, "{\"error\":\"Parameter 'order_id' must be a string; got '5'\"}",
        )  # fmt: skip
        assert tools.get("order").call({"order_id": "5", "more": 1}).body == '"made"'
        assert tools.get("whole").call({"all": [1]}).body == '"made"'
        assert tools.get("whole").call({"all": {}}).status == tools.get("whole").call({}).status == 400


def test_tools_at_one_address_are_refused_only_together() -> None:
    number = {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]}
    text = {"type": "object", "properties": {"id": {"enum": ["me"]}}, "required": ["id"]}
    mine = {"type": "object", "properties": {"q": {"type": "string"}}, "required": ["q"]}
    one, other = (
        Tool(name, "", schema, url="https://api.example/x/{id}") for name, schema in (("a", number), ("b", text))
    )
    plain = Tool("c", "", mine, url="https://api.example/x/mine")
    with mocktools.activate(served(FIND, one, other, plain, a=Made({"const": "made"}))) as tools:
        bodies = [tools.get("a").call({"id": value}).body for value in (7, "me", "you", "mine", "")]
    assert bodies[:2] == ['"made"'] * 2
    assert bodies[2:] == [
        "{\"error\":\"Parameter 'id' must be an integer; got 'you'\"}",
        '{"error":"Missing required parameter: q"}',  # a plain path goes before one with a placeholder
        '{"error":"Missing required parameter: id"}',
    ]
