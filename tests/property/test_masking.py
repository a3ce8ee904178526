"""Masking and renaming over schemas and calls of any shape."""

from __future__ import annotations

import json
import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from stesim.dataset.lesson import Lesson
from stesim.dataset.masking import mask
from stesim.dataset.names import LEGAL, legal_names
from stesim.records import Demonstration, Tool

NAMES = st.one_of(
    st.sampled_from(["city", "maxResults", "from", "due_date", "a b", "items", "properties"]), st.text(max_size=4)
)
LEAVES = st.sampled_from([{"type": "integer"}, {"type": "string", "enum": ["x", "y"]}, {"type": ["boolean", "null"]}])


def objects(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    def required(properties: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
        names = st.lists(st.sampled_from(sorted(properties)), unique=True) if properties else st.just([])
        return names.map(
            lambda chosen: {
                "type": "object",
                "properties": properties,
                "required": chosen,
                "additionalProperties": False,
            }
        )

    return st.dictionaries(NAMES, inner, max_size=4).flatmap(required)


SCHEMAS = objects(
    st.recursive(
        LEAVES,
        lambda inner: st.one_of(objects(inner), inner.map(lambda items: {"type": "array", "items": items})),
        max_leaves=6,
    )
)
VALUES = st.recursive(
    st.one_of(st.integers(), st.sampled_from(["x", "y"]), st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=6,
)


@st.composite
def calls(draw: st.DrawFn, schema: dict[str, Any]) -> Any:
    """A value that fits the schema, or nearly."""
    if draw(st.integers(0, 9)) == 0:
        return draw(VALUES)
    if "properties" in schema:
        names = [name for name in schema["properties"] if name in schema["required"] or draw(st.booleans())]
        return {name: draw(calls(schema["properties"][name])) for name in names}
    if "items" in schema:
        return [draw(calls(schema["items"])) for _ in range(draw(st.integers(0, 2)))]
    return draw(
        st.sampled_from(["x", "y"])
        if "enum" in schema
        else st.integers()
        if schema["type"] == "integer"
        else st.booleans()
    )


def shape(value: Any) -> Any:
    """A value without the names in it."""
    if isinstance(value, dict):
        return [shape(inner) for inner in value.values()]
    return [shape(inner) for inner in value] if isinstance(value, list) else value


@given(st.data(), SCHEMAS, st.integers(0, 99))
def test_a_masked_call_fits_its_masked_schema_as_the_call_fits_its_own(
    data: st.DataObject, schema: dict[str, Any], seed: int
) -> None:
    arguments = {name: data.draw(calls(inner)) for name, inner in schema["properties"].items()}
    shown = Demonstration("tool", "q", arguments, "o", "a", 1, 1)
    hidden = mask(Lesson("q", (Tool("tool", "d", schema),), shown), random.Random(seed))
    assert hidden.demonstration is not None
    other, masked = hidden.tools[0].parameters, hidden.demonstration.arguments
    Draft202012Validator.check_schema(other)
    assert Draft202012Validator(other).is_valid(masked) == Draft202012Validator(schema).is_valid(arguments)
    assert json.dumps(shape(masked)) == json.dumps(shape(arguments))
    assert all(name.startswith("arg_") for name in other["properties"])
    assert len(other["properties"]) == len(schema["properties"])


@given(st.lists(st.text(min_size=1, max_size=80), unique=True, max_size=8))
def test_other_names_are_legal_and_each_its_own(names: list[str]) -> None:
    found = legal_names([Tool(name, "", {}) for name in names])
    final = [found.get(name, name) for name in names]
    assert all(LEGAL.fullmatch(name) for name in final)
    assert len(set(final)) == len(final)
    assert not [name for name in found if LEGAL.fullmatch(name)]
