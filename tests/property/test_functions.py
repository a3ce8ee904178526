"""Whatever a caller sends to a function's tool, it gets a reply, and what fits the schema reaches the function."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import json
from typing import Annotated, Any, Literal

import jsonschema
import requests
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import Field

import mocktools
from mocktools import schemas
from mocktools.functions import toolset


class Size(enum.Enum):
    SMALL = 1
    LARGE = 2


@dataclasses.dataclass
class Place:
    city: Annotated[str, Field(max_length=5)]
    floors: list[int]


def act(
    place: Place,
    count: Annotated[int, Field(ge=0, le=9)],
    kind: Literal["a", "b"] = "a",
    size: Size = Size.SMALL,
    day: datetime.date | None = None,
    share: float | None = None,
) -> list[Any]:
    """Do it."""
    return [place, count, kind, size, day, share]


TOOLS = toolset("made", [act])
SCHEMA = dict(TOOLS.tools[0].parameters)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
fitting = st.fixed_dictionaries(
    {
        "place": st.fixed_dictionaries(
            {"city": st.text(st.characters(exclude_categories=["Cs"]), max_size=5), "floors": st.lists(st.integers())}
        ),
        "count": st.integers(0, 9),
    },
    optional={
        "kind": st.sampled_from(["a", "b"]),
        "size": st.sampled_from([1, 2]),
        "day": st.dates().map(str),
        "share": st.floats(-1e9, 1e9),
    },
)


@given(st.dictionaries(st.sampled_from(list(SCHEMA["properties"])) | st.text(max_size=4), json_values))
@example({"place": {"city": "\ud800", "floors": [10**5000]}, "count": "9" * 5000})
@example({"day": -(10**30), "share": "nan", "size": "1"})
def test_any_object_gets_a_reply(arguments: dict[str, Any]) -> None:
    with mocktools.activate(TOOLS):
        result = TOOLS.tools[0].call(arguments)
    assert result.kind in ("ok", "http_error")
    body = json.loads(result.body)
    assert result.status == 200 or (result.status == 400 and len(body["error"]) < 4000)


@given(st.binary(max_size=40) | json_values.map(lambda value: json.dumps(value).encode()))
def test_any_body_gets_a_reply(body: bytes) -> None:
    with mocktools.activate(TOOLS):
        assert requests.post(TOOLS.tools[0].url, data=body, timeout=5).status_code == 400


@given(fitting)
def test_what_fits_the_schema_reaches_the_function(arguments: dict[str, Any]) -> None:
    jsonschema.validate(arguments, SCHEMA)
    with mocktools.activate(TOOLS):
        result = TOOLS.tools[0].call(arguments)
    assert result.status == 200, result.body
    defaults = {"kind": "a", "size": 1, "day": None, "share": None}
    assert json.loads(result.body) == list(
        (SCHEMA["properties"].fromkeys(SCHEMA["properties"]) | defaults | arguments).values()
    )


names = st.sampled_from(["title", "$defs", "anyOf", "properties", "p"])
pydantic_like = st.recursive(
    st.sampled_from([{"type": "integer", "title": "I"}, {"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}, {"const": 1}]),
    lambda inner: (
        st.dictionaries(names, inner, max_size=3).map(lambda members: {"type": "object", "properties": members})
        | st.lists(inner, min_size=1, max_size=3).map(lambda choices: {"anyOf": [*choices, {"type": "null"}]})
    ),
    max_leaves=6,
)


@given(pydantic_like, pydantic_like, pydantic_like, json_values)
def test_a_tidy_schema_means_the_same(whole: Any, a: Any, b: Any, value: Any) -> None:
    """What the tidied schema accepts is accepted by the schema as it was."""
    schema = {"$defs": {"A": {"type": "object", "properties": {"a": a}}, "B": {"type": "array", "items": b}}, **whole}
    tidied = schemas.tidy(schema)
    jsonschema.Draft202012Validator.check_schema(tidied)
    if jsonschema.Draft202012Validator(tidied).is_valid(value):
        jsonschema.validate(value, schema)
