"""Steering and saying: a narrowed schema admits nothing that the whole one does not, a grammar's query says its values."""

from __future__ import annotations

import datetime
import json
import random
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mocktools
from stesim.grammar import Bounds, call_grammar, narrowed, query_grammar
from stesim.grounding import ungrounded
from stesim.models.constrain import check_grammar
from stesim.records import Tool
from stesim.spoken import spoken, values_to_say
from stesim.toolbox import Toolbox

TODAY = datetime.date(2026, 10, 30)
with Toolbox.open("extended") as BOX:
    TOOLS = [(tool, BOX.example(tool.name)) for tool in BOX.tools]


@given(st.sampled_from(TOOLS), st.integers(0, 2**31), st.integers(0, 100))
def test_narrowed_parameters_can_be_met_and_are_of_the_tool(
    pair: tuple[Tool, dict[str, Any]], seed: int, turn: int
) -> None:
    tool, example = pair
    narrow = narrowed(tool.parameters, example, random.Random(seed), turn, 2026)
    assert set(tool.parameters.get("required", [])) <= set(narrow["required"])
    assert set(narrow["properties"]) <= set(tool.parameters.get("properties", {}))
    check_grammar(
        call_grammar(replace(tool, parameters=narrow), Bounds.of(64)), [f"Action: {tool.name}\nAction Input: {{"]
    )
    for name, schema in narrow["properties"].items():
        whole = tool.parameters["properties"][name]
        for word in ("minimum", "maximum"):
            for value in [schema[word]] if word in schema else []:
                jsonschema.validate(value, whole)
        for value in schema.get("enum", []):
            jsonschema.validate(value, whole)


def strings(**more: Any) -> dict[str, Any]:
    """Parameters of three texts and nothing else."""
    texts = {name: {"type": "string"} for name in "abc"}
    return {"type": "object", "additionalProperties": False, "properties": texts, **more}


@pytest.mark.parametrize("parameters", [
    {"properties": {"a": {"type": "string", "maxLength": 1}}, "required": ["a"]},
    strings(minProperties=2), strings(maxProperties=1), strings(maxProperties=1, required=["a"]),
    strings(anyOf=[{"required": ["a"]}, {"required": ["b"]}]), strings(allOf=[{"required": ["a", "b"]}]),
    strings(dependentRequired={"a": ["b"]}, required=["a"]),
])  # fmt: skip
@pytest.mark.parametrize("example", ["P", "Oslo", "EUR", "2026-05-09"])
def test_what_could_be_met_can_still_be_met(parameters: dict[str, Any], example: str) -> None:
    for seed in range(6):
        narrow = narrowed(parameters, {"a": example}, random.Random(seed), seed, 2026)
        check_grammar(call_grammar(Tool("t", "", narrow), Bounds.of(64)), ["Action: t\nAction Input: {"])


def test_turns_have_different_initials() -> None:
    schema = {"properties": {"name": {"type": "string"}}, "required": ["name"]}
    patterns = {
        narrowed(schema, {"name": "Lisbon"}, random.Random(0), turn, 2026)["properties"]["name"]["pattern"]
        for turn in range(24)
    }
    assert len(patterns) == 24


@given(st.dictionaries(st.sampled_from(["days", "city", "amount", "date", "code", "list"]), st.one_of(
    st.integers(-5000, 5_000_000), st.sampled_from(["Oslo", "New York", "EUR", "DE", "XQZ", "2026-05-09", "tall tale"]),
    st.booleans(), st.none(), st.lists(st.sampled_from(["red", "blue"]), max_size=2),
    st.decimals(0, 1000, places=2).map(float),
), max_size=4), st.data())  # fmt: skip
def test_what_is_spoken_is_grounded(arguments: dict[str, Any], data: st.DataObject) -> None:
    tool = Tool("tool", "", {"type": "object", "properties": {name: {} for name in arguments}})
    said = [data.draw(st.sampled_from(texts)) for texts in values_to_say(arguments, tool.parameters)]
    query = "Tell me " + " and ".join(said)
    assert ungrounded(arguments, query, tool, "words", TODAY) == ()


@given(st.lists(st.sampled_from([("Paris",), ("3", "three"), ("9 May 2026",), ("São Tomé",)]), max_size=4, unique=True))
def test_a_query_of_the_grammar_says_every_value(values: list[tuple[str, ...]]) -> None:
    grammar = query_grammar(values, "Tell me")
    text = "Tell me about " + " and ".join(texts[0] for texts in values) + " today?" if values else "Tell me a joke!"
    check_grammar(grammar, [text])
    for wrong in ("Tell me 5", "Show me", "Tell me about. Then"):
        with pytest.raises(Exception, match="does not admit"):
            check_grammar(grammar, [wrong])


@pytest.mark.parametrize(("name", "value", "texts"), [
    ("days", 3, ("3", "three")), ("days", -1, ("1 day ago", "1 day earlier", "1 day before", "minus 1")),
    ("amount", 2.5, ("2.5",)), ("amount", 12500, ("12500", "12,500")), ("x", True, ()), ("x", None, ()),
    ("x", "two\nlines", ()), ("x", "x" * 81, ()), ("day", "2026-02-30", ("2026-02-30",)),
    ("x", 1e-7, ("0.0000001",)), ("x", float("inf"), ()), ("x", float("nan"), ()), ("x", 10**400, ()),
])  # fmt: skip
def test_spoken(name: str, value: object, texts: tuple[str, ...]) -> None:
    assert spoken(name, value) == texts


def test_codes_are_said_by_their_names() -> None:
    assert spoken("to", "NOK", "Currency code, e.g. EUR.")[0].lower().startswith("norwegian")
    assert spoken("to", "NOK", "Currency code, e.g. EUR.")[-1] == "NOK"


def test_all_bundled_examples_can_be_said() -> None:
    for tool, example in TOOLS:
        said = " and ".join(texts[0] for texts in values_to_say(example, tool.parameters))
        assert ungrounded(example, said, tool, "words", mocktools.DEFAULT_TODAY) == (), (tool.name, json.dumps(example))
