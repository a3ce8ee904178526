"""Constrained decoding without a model: the byte tokenizer stands for a model's own."""

from __future__ import annotations

import sys
from typing import Any

import llguidance
import numpy
import pytest

from stesim.errors import ModelError
from stesim.grammar import YES_NO, Bounds, reply_grammar, unsaid, verdict_grammar
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
    check_grammar(REPLY, "Thought: I")
    check_grammar(REPLY)
    with pytest.raises(
        ModelError, match=r"grammar of get_weather does not admit .* 'Sure!'; use other prompts, or --c"
    ):
        check_grammar(REPLY, "Sure!", of="get_weather")


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
        {"$ref": "#/nowhere"},
        {"$ref": "https://example.org/x"},
        {"properties": {"a": {"$ref": "#"}}},
        {"properties": {"a": True, "b": False}, "required": ["a"]},
        {"allOf": [{"$ref": "#/$defs/a"}, {"required": ["x"]}], "$defs": {"a": {"allOf": [{"properties": {"x": {}}}]}}},
        {"properties": {"a": {"type": "array", "items": False, "prefixItems": [{"type": "null"}]}}},
        {"properties": {"a": {"type": "string", "minLength": 900}, "b": {"type": "array", "minItems": 20}}},
        {"properties": {"a": {"enum": []}}},
    ],
)
def test_odd_schemas_make_a_grammar(schema: dict[str, Any]) -> None:
    check_grammar(reply_grammar([Tool("x", "", schema)], Bounds.of(8)))
