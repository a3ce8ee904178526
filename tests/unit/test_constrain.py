"""Constrained decoding without a model: the byte tokenizer stands for a model's own."""

from __future__ import annotations

import sys
from typing import Any

import llguidance
import numpy
import pytest

from stesim.errors import ModelError, ToolError
from stesim.grammar import YES_NO, Bounds, arguments_schema, reply_grammar, unsaid, verdict_grammar
from stesim.models.constrain import Guide, check_grammar
from stesim.records import Tool

WEATHER = Tool(
    "get_weather",
    "The weather.",
    {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1, "maximum": 7}},
        "required": ["city"],
    },
)
REPLY = reply_grammar([WEATHER], Bounds.of(32))


def guide(grammar: str) -> Guide:
    return Guide(llguidance.LLTokenizer("byte"), grammar, "the reply")


def allowed(follower: Guide) -> bytes:
    logits = numpy.zeros(262, dtype=numpy.float32)
    follower.mask(logits)
    return bytes(index for index in range(256) if logits[index] == 0)


def test_a_mask_rules_out_what_may_not_come_next() -> None:
    follower = guide(YES_NO)
    assert allowed(follower) == b"NY"
    assert bytes(follower.accept(ord("Y"))) == b"es"
    assert follower.finished


def test_what_is_certain_is_not_chosen() -> None:
    follower = guide(REPLY)
    follower.begin("Thought: I look.\nAction:")
    assert allowed(follower) == b" "
    assert bytes(follower.accept(ord(" "))) == b'get_weather\nAction Input: {"city": "'
    assert not follower.finished


def test_a_beginning_that_the_grammar_does_not_admit() -> None:
    check_grammar(REPLY, ["Thought: I", "Action:"])
    check_grammar(REPLY)
    with pytest.raises(
        ModelError, match=r"grammar of get_weather does not admit .* 'Sure!'; use other prompts, or --c"
    ):
        check_grammar(REPLY, ["Sure!"], of="get_weather")


@pytest.mark.parametrize(
    ("grammar", "reason"),
    [
        ("start: /[/", "cannot be constrained"),
        ("", "cannot be constrained"),
        ('start: %json {"type": "string", "pattern": "(?=x)"}', "look"),
        ('start: %json {"type": "rhubarb"}', "rhubarb"),
    ],
)
def test_what_is_no_grammar_is_one_line(grammar: str, reason: str) -> None:
    with pytest.raises(ModelError) as caught:
        check_grammar(grammar, of="x")
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith("use --constrain off")


def test_without_the_library_an_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "llguidance", None)
    with pytest.raises(ModelError, match="pip install llguidance"):
        check_grammar(YES_NO)


def test_all_grammars_are_grammars() -> None:
    for grammar in (YES_NO, verdict_grammar(Bounds.of(1)), reply_grammar([], Bounds.of(8)), REPLY):
        check_grammar(grammar)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "object", "description": "x", "x-order": 1}, ()),
        ({"properties": {"a": {"type": "array", "items": {"not": {}, "type": "string"}, "uniqueItems": True}}}, ("uniqueItems", "not")),
        ({"properties": {"a": {"format": "phone"}, "b": {"format": "date"}}}, ("format phone",)),
        ({"$defs": {"a": {"if": {}}}, "anyOf": [{"minProperties": 1}], "dependentRequired": {}}, ("dependentRequired", "minProperties", "if")),
    ],
)  # fmt: skip
def test_what_no_grammar_can_say_is_named(schema: dict[str, Any], words: tuple[str, ...]) -> None:
    assert sorted(unsaid(schema)) == sorted(words)
    check_grammar(reply_grammar([Tool("x", "", schema)], Bounds.of(8)))


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"a": {"$ref": "#"}}},
        {
            "properties": {"a": {"$ref": "#/$defs/a%20b"}},
            "$defs": {"a b": {"anyOf": [{"$ref": "#/$defs/a b/anyOf/1"}, {"type": "null"}]}},
        },
        {"properties": {"a": {"type": "array", "items": {"$ref": "#"}}, "b": {"pattern": "^\\p{L}+$"}}},
        {
            "$id": "https://example.org/a",
            "properties": {"a": {"$ref": "https://example.org/a#/$defs/b"}},
            "$defs": {"b": {}},
        },
        {"properties": {"a": True, "b": False}, "required": ["a"]},
        {"allOf": [{"$ref": "#/$defs/a"}, {"required": ["x"]}], "$defs": {"a": {"allOf": [{"properties": {"x": {}}}]}}},
        {"properties": {"a": {"type": "array", "items": False, "prefixItems": [{"type": "null"}]}}},
        {"properties": {"a": {"type": "string", "minLength": 900}, "b": {"type": "array", "minItems": 20}}},
        {"properties": {"a": {"enum": []}}},
    ],
)
def test_odd_schemas_make_a_grammar(schema: dict[str, Any]) -> None:
    check_grammar(reply_grammar([Tool("x", "", schema)], Bounds.of(8)))


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"required": "city"}, "required: 'city' is not of type 'array'"),
        ({"properties": {"a": {"minLength": "3"}}}, "properties.a.minLength: '3' is not of type 'integer'"),
        ({"properties": {"a": {"exclusiveMinimum": True}}}, "properties.a.exclusiveMinimum: True is not of type"),
        ({"properties": {"a": "string"}}, "properties.a: 'string' is not of type 'object', 'boolean'"),
        ({"properties": {"a": {"const": float("inf")}}}, "Out of range float values"),
        ({"properties": {"a": {"minimum": 10**20}}}, "a number beyond 64 bit is asked for"),
        ({"properties": {"\ud800": {}}}, "half a character stands in it"),
        ({"$ref": "#/nowhere"}, "$ref '#/nowhere' leads nowhere"),
        ({"$ref": "https://example.org/x"}, "$ref 'https://example.org/x' leads out of it"),
    ],
)
def test_parameters_that_are_no_schema_are_one_line(parameters: dict[str, Any], reason: str) -> None:
    with pytest.raises(ToolError) as caught:
        reply_grammar([Tool("x", "", parameters)], Bounds.of(8))
    assert str(caught.value).startswith(f"the parameters of x are not a JSON Schema to constrain with: {reason}")
    assert "\n" not in str(caught.value)


def test_a_schema_that_is_nested_or_wide_beyond_reason() -> None:
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(2000):
        deep = {"type": "array", "items": deep}
    with pytest.raises(ToolError, match="nested too deep"):
        reply_grammar([Tool("x", "", {"properties": {"a": deep}})], Bounds.of(8))
    wide = {"properties": {f"p{number}": {} for number in range(30_000)}}
    with pytest.raises(ToolError, match="more than 20000 parts"):
        reply_grammar([Tool("x", "", wide)], Bounds.of(8))
    # Each part twice the one before: written out it would have a million.
    doubled = {f"d{number}": {"allOf": [{"$ref": f"#/$defs/d{number - 1}"}] * 2} for number in range(1, 21)}
    schema = {"properties": {"a": {"$ref": "#/$defs/d20"}}, "$defs": {"d0": {"type": "string"}, **doubled}}
    check_grammar(reply_grammar([Tool("x", "", schema)], Bounds.of(8)))


def test_what_fails_only_while_decoding_is_found_before() -> None:
    many = {"type": "object", "properties": {f"p{number}": {"type": "boolean"} for number in range(1200)}}
    grammar = reply_grammar([Tool("x", "", many)], Bounds.of(8))
    check_grammar(grammar)
    with pytest.raises(ModelError, match="decoding x cannot be constrained"):
        check_grammar(grammar, ["Action: x\nAction Input: {"], of="x")


@pytest.mark.parametrize(
    ("schema", "bounded"),
    [
        ({"type": "string"}, {"maxLength": 10}),
        ({"type": "string", "minLength": 12}, {"maxLength": 12}),
        ({"type": "string", "maxLength": 4}, {"maxLength": 4}),
        ({"type": "string", "pattern": "x"}, {"maxLength": 256}),
        ({"type": "array", "items": {"type": "null"}}, {"maxItems": 8}),
        ({"type": "array", "items": {"type": "null"}, "minItems": 9}, {"maxItems": 9}),
        ({"type": "integer"}, {"minimum": -(10**15), "maximum": 10**15}),
        ({"type": "integer", "minimum": 3}, {"minimum": 3, "maximum": 10**15}),
        ({"type": "number"}, {"minimum": -(10**15), "maximum": 10**15, "multipleOf": 0.000001}),
        ({"type": "number", "minimum": -1e300}, {"minimum": -(10**15)}),
        ({"type": "integer", "minimum": 10**16, "maximum": 10**17}, {"minimum": 10**16}),
    ],
)
def test_the_bounds_are_those_that_the_documentation_names(schema: dict[str, Any], bounded: dict[str, Any]) -> None:
    found = arguments_schema(Tool("x", "", {"properties": {"a": schema}}), Bounds.of(10))["properties"]["a"]
    assert {word: found[word] for word in bounded} == bounded


@pytest.mark.parametrize("more", [{}, {"properties": {}}, {"properties": {}, "required": []}, {"title": "None"}])
def test_a_tool_that_names_no_argument_takes_none(more: dict[str, Any]) -> None:
    tool = Tool("x", "", {"type": "object", **more})
    found = arguments_schema(tool, Bounds.of(10))
    assert (found["properties"], found["additionalProperties"]) == ({}, False)
    assert "patternProperties" not in found


@pytest.mark.parametrize("others", [True, {}, {"type": "string"}])
def test_one_that_allows_others_takes_them(others: Any) -> None:
    tool = Tool("x", "", {"type": "object", "properties": {}, "additionalProperties": others})
    assert "patternProperties" in arguments_schema(tool, Bounds.of(10))


def test_a_thought_and_an_answer_are_bounded() -> None:
    grammar = reply_grammar([WEATHER], Bounds.of(10))
    check_grammar(grammar, ["Thought: " + "x" * 20 + "\n", "Final Answer: " + "x" * 40])
    for beginning in ("Thought: " + "x" * 21, "Final Answer: " + "x" * 41):
        with pytest.raises(ModelError):
            check_grammar(grammar, [beginning])
