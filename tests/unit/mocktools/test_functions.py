"""Tools from functions: what a model is told, what its calls get, and the one line for what cannot be a tool."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import mocktools
from mocktools.functions import host_label
from mocktools.refusals import invalid, not_found
from mocktools.sources.python_file import load

ROOT = Path(mocktools.__file__).parents[1]
HEAD = """\
import dataclasses, datetime, decimal, enum, math, typing, uuid
from typing import Annotated, Any, Literal, Optional, Union
import pydantic, typing_extensions
from pydantic import BaseModel, Field
from mocktools import World
from mocktools.functions import tool
from mocktools.refusals import ApiError, invalid, not_found
"""
KINDS = """
class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"

@dataclasses.dataclass
class Place:
    city: str
    country: Optional[str] = None

class Node(BaseModel):
    value: int
    below: list["Node"] = []

class Trip(typing_extensions.TypedDict, total=False):
    days: typing_extensions.Required[int]
    note: Optional[str]

class Order(BaseModel):
    title: Annotated[str, Field(description="A title", examples=["Tea"])]
    place: Optional[Place] = None
"""


def write(folder: Path, text: str, name: str = "mine.py") -> Path:
    path = folder / name
    path.write_text(HEAD + KINDS + textwrap.dedent(text), encoding="utf-8")
    return path


def only_tool(folder: Path, signature: str, body: str = "return None", doc: str = "Do it.") -> mocktools.Toolset:
    return load(write(folder, f'\n@tool\ndef act({signature}):\n    """{doc}"""\n    {body}\n'))


def call(toolset: mocktools.Toolset, **arguments: Any) -> tuple[int | None, Any]:
    with mocktools.activate(toolset):
        result = toolset.tools[0].call(arguments)
    return result.status, json.loads(result.body)


PLACE = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "country": {"type": "string"}},
    "required": ["city"],
}


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        ("str", {"type": "string"}),
        ("int", {"type": "integer"}),
        ("float", {"type": "number"}),
        ("bool", {"type": "boolean"}),
        ('\'Literal["a", "b"]\'', {"type": "string", "enum": ["a", "b"]}),
        ("Literal['a']", {"type": "string", "enum": ["a"]}),
        ("Color", {"type": "string", "enum": ["red", "blue"]}),
        ("list[int]", {"type": "array", "items": {"type": "integer"}}),
        ("dict[str, float]", {"type": "object", "additionalProperties": {"type": "number"}}),
        ("datetime.date", {"type": "string", "format": "date"}),
        ("datetime.datetime", {"type": "string", "format": "date-time"}),
        ("datetime.time", {"type": "string", "format": "time"}),
        ("Union[int, str]", {"type": ["integer", "string"]}),
        ("Place", PLACE),
        ("Annotated[int, Field(ge=1, le=7)]", {"type": "integer", "minimum": 1, "maximum": 7}),
        (
            "Annotated[str, Field(description='A city', examples=['Paris'])]",
            {"type": "string", "description": "A city, e.g. Paris."},
        ),
        (
            "Trip",
            {
                "type": "object",
                "properties": {"days": {"type": "integer"}, "note": {"type": "string"}},
                "required": ["days"],
            },
        ),
        (
            "Order",
            {
                "type": "object",
                "properties": {"title": {"type": "string", "description": "A title, e.g. Tea."}, "place": PLACE},
                "required": ["title"],
            },
        ),
        ("Any", {}),
    ],
)
def test_annotations_become_plain_schemas(annotation: str, expected: dict[str, Any], tmp_path: Path) -> None:
    parameters = only_tool(tmp_path, f"x: {annotation}").tools[0].parameters
    assert parameters == {"type": "object", "properties": {"x": expected}, "required": ["x"]}
    jsonschema.Draft202012Validator.check_schema(parameters)


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        ("x: int = 3", {"type": "integer", "default": 3}),
        ("x: Optional[int] = None", {"type": "integer"}),
        ("x: Optional[int]", {"type": "integer"}),
        ("x: int = None", {"type": "integer"}),
        ("x: Annotated[int, Field(ge=1)] = None", {"type": "integer", "minimum": 1}),
        ("x: Optional[Color] = None", {"type": "string", "enum": ["red", "blue"]}),
        ("x: Union[int, str, None] = None", {"type": ["integer", "string"]}),
        (
            "x: datetime.date = datetime.date(2026, 10, 30)",
            {"type": "string", "format": "date", "default": "2026-10-30"},
        ),
        ("x: int = Field(3, ge=1)", {"type": "integer", "minimum": 1, "default": 3}),
        ("x: list[int] = Field(default_factory=list)", {"type": "array", "items": {"type": "integer"}}),
    ],
)
def test_what_has_a_default_or_may_be_none_is_optional(
    parameter: str, expected: dict[str, Any], tmp_path: Path
) -> None:
    toolset = only_tool(tmp_path, parameter, "return 'called'")
    assert toolset.tools[0].parameters == {"type": "object", "properties": {"x": expected}, "required": []}
    assert call(toolset) == call(toolset, x=None) == (200, "called")


def test_what_contains_itself_stays_a_reference(tmp_path: Path) -> None:
    toolset = only_tool(tmp_path, "x: Node, y: Place", "return x")
    schema = toolset.tools[0].parameters
    assert list(schema["$defs"]) == ["Node"]
    tree = {"value": 1, "below": [{"value": 2, "below": []}]}
    jsonschema.validate({"x": tree, "y": {"city": "Rome"}}, dict(schema))
    assert call(toolset, x=tree, y={"city": "Rome"}) == (200, tree)


GOOGLE = "Get the\n    weather.\n\n    More.\n\n    Args:\n        city (str): The\n            city.\n        days: Days.\n    "
NUMPY = "Get the\n    weather.\n\n    Parameters\n    ----------\n    city : str\n        The\n        city.\n    days : int\n        Days.\n    "
SPHINX = "Get the\n    weather.\n\n    :param city: The\n        city.\n    :param days: Days.\n    :returns: It.\n    "


@pytest.mark.parametrize("doc", [GOOGLE, NUMPY, SPHINX])
def test_docstrings_of_three_styles_say_the_same(doc: str, tmp_path: Path) -> None:
    (tool,) = only_tool(tmp_path, "city: str, days: int = 3", doc=doc).tools
    assert tool.description == "Get the weather."
    assert {name: schema["description"] for name, schema in tool.parameters["properties"].items()} == {
        "city": "The city.",
        "days": "Days.",
    }


def test_names_urls_tags_and_examples(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
        @tool(name="Currency Facts%%Details", tags=["money"], example={"code": "EUR"})
        def facts(code: str): "Tell facts."

        @tool
        def größe(height: Annotated[float, Field(examples=[1.8])], unit: Literal["m", "ft"], note: str = ""):
            "Say it."
            return height
        """,
        "My_tools 2.py",
    )
    toolset = load(path)
    facts, size = toolset.tools
    assert (facts.name, facts.tags, facts.example, facts.method) == (
        "Currency Facts%%Details", ("money",), {"code": "EUR"}, "POST",
    )  # fmt: skip
    assert facts.url == "https://my-tools-2.functions.example/Currency%20Facts%25%25Details"
    assert size.example == {"height": 1.8, "unit": "m"}
    with mocktools.activate(toolset):
        assert [facts.call(facts.example).body, size.call(size.example).body] == ["null", "1.8"]
    assert [host_label(name) for name in ("Ünits!", "天気", "a" * 80)] == ["nits", "tools", "a" * 63]


@pytest.mark.parametrize(
    "body", ["[1]", "{", '{"a": NaN}', '{"a": "\\ud800"}', '{"a": ' + "[" * 5000 + "]" * 5000 + "}"]
)
def test_a_body_that_is_no_object_is_refused(body: str, tmp_path: Path) -> None:
    import requests

    with mocktools.activate(only_tool(tmp_path, "a: Any")) as toolset:
        reply = requests.post(toolset.tools[0].url, data=body, timeout=5)
    assert reply.status_code == 400
    assert "body" in reply.json()["error"]


def test_arguments_are_converted_and_unknown_ones_ignored(tmp_path: Path) -> None:
    body = "return [type(value).__name__ for value in (a, b, c, d)]"
    toolset = only_tool(tmp_path, "a: int, b: datetime.date, c: Color, d: Place", body)
    found = call(toolset, a="3", b="2026-10-30", c="red", d={"city": "Rome"}, more=1)
    assert found == (200, ["int", "date", "Color", "Place"])


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("'text'", "text"),
        ("None", None),
        ("[Place('Rome'), Node(value=1), Color.RED]", [{"city": "Rome", "country": None}, {"value": 1, "below": []}, "red"]),
        ("{'day': datetime.date(2026, 10, 30), 'sum': decimal.Decimal('1.10')}", {"day": "2026-10-30", "sum": "1.10"}),
        ("(2**70, {1: 'a'})", [2**70, {"1": "a"}]),
    ],
)  # fmt: skip
def test_results_are_json(expression: str, expected: Any, tmp_path: Path) -> None:
    assert call(only_tool(tmp_path, "", f"return {expression}")) == (200, expected)


@pytest.mark.parametrize(
    ("statement", "status", "expected"),
    [
        ("raise not_found('No such city')", 404, "No such city"),
        ("raise invalid('x', 'y', 'a number')", 400, "Parameter 'x' must be a number; got 'y'"),
        ("raise ApiError(409, 'taken', 'It is taken')", 409, "It is taken"),
        ("raise ApiError(200, 'odd', 'x')", 500, "ApiError with the status 200, which is no error"),
        ("raise ValueError('x' * 1000)", 500, f"ValueError: {'x' * 500}..."),
        ("raise KeyError()", 500, "KeyError"),
        ("raise SystemExit(3)", 500, "SystemExit: 3"),
        ("class Cancelled(BaseException): pass\n    raise Cancelled('x')", 500, "Cancelled: x"),
        ("raise GeneratorExit", 500, "GeneratorExit"),
        ("import asyncio; raise asyncio.CancelledError", 500, "CancelledError"),
        ("class Odd(ValueError):\n        __str__ = lambda self: exit(5)\n    raise Odd", 500, "Odd: (no text)"),
        ("class Odd(ApiError):\n        __init__ = lambda self: None\n    raise Odd", 500, "ApiError with the status None"),
        ("class Odd: __str__ = lambda self: 1 / 0\n    raise ApiError(404, 'x', Odd())", 404, "(no text)"),
        ("return (x for x in {'b', 'a'})", 500, "the result is not JSON: TypeError: a generator may run over a set, which has no order, return a list instead"),
        ("return {'a': map(str, {1})}", 500, "the result is not JSON: TypeError: a generator may run over a set"),
        ("import collections; return collections.deque([{1}])", 500, "the result is not JSON: TypeError: a set has no order"),
        ("return {}['Paris']", 500, "KeyError: 'Paris'"),
        ("raise TypeError(repr(object()))", 500, "TypeError: <object object>"),
        ("def f(): f()\n    f()", 500, "RecursionError: maximum recursion depth exceeded"),
        ("return object()", 500, "the result is not JSON: PydanticSerializationError: Unable to serialize unknown type: <class 'object'>"),
        ("return [math.nan]", 500, "the result is not JSON: ValueError: Out of range float values are not JSON compliant"),
        ("return {'a': [{'b'}]}", 500, "the result is not JSON: TypeError: a set has no order, return sorted(...) instead"),
        ("return '\\ud800'", 500, "the result is not JSON: "),
        ("x = []; x.append(x); return x", 500, "the result is not JSON: ValueError: Circular reference detected"),
        ("return 'x' * (1 << 20)", 500, "the result is larger than 1 MiB"),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_data(statement: str, status: int, expected: str, tmp_path: Path) -> None:
    found, body = call(only_tool(tmp_path, "", statement))
    assert found == status
    assert body["error"].startswith(expected)
    assert len(body["error"]) < 700


class Interrupted(KeyboardInterrupt):
    """As a program that ends well at a signal may raise it."""


@pytest.mark.parametrize("stop", [KeyboardInterrupt, Interrupted, pytest.fail.Exception, pytest.exit.Exception])
def test_what_ends_the_program_or_the_test_goes_through(stop: type[BaseException]) -> None:
    def act() -> None:
        """Do it."""
        raise stop("now")

    act.__qualname__ = "act"
    with mocktools.activate(mocktools.functions.toolset("made", [act])) as tools, pytest.raises(stop, match="now"):
        tools.tools[0].call({})


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: mocktools.tool(tags=5), 'the tags of @tool must be a list of texts, as in tags=["travel"]'),
        (lambda: mocktools.tool(bogus=5), "@tool has no option 'bogus'; there are: name (a text), tags ("),
        (lambda: mocktools.functions.toolset("made", [5]), "@tool is for functions, not for a int"),
    ],
)
def test_wrong_options_outside_a_file(make: Any, reason: str) -> None:
    with pytest.raises(mocktools.MockToolsError) as caught:
        make()
    assert str(caught.value).startswith(reason)


def test_options_beside_a_function_count() -> None:
    def act() -> None: ...

    mocktools.tool(act, tags=["maths"])
    assert act.__mocktools_tool__.tags == ("maths",)  # type: ignore[attr-defined]


def test_state_belongs_to_a_world_and_is_no_parameter(tmp_path: Path) -> None:
    body = "notes = w.state('notes', lambda today: [today]); notes.append(text); return notes"
    toolset = only_tool(tmp_path, "text: str, w: Optional[World]", body)
    assert list(toolset.tools[0].parameters["properties"]) == ["text"]
    with mocktools.activate(toolset):
        one, other = toolset.fresh(), toolset.fresh()
        bodies = [
            toolset.tools[0].call({"text": text}, world).body for text, world in (("a", one), ("b", other), ("c", one))
        ]
    assert [json.loads(text)[1:] for text in bodies] == [["a"], ["b"], ["a", "c"]]


def test_faults_and_interception_are_the_ordinary_ones(tmp_path: Path) -> None:
    toolset = only_tool(tmp_path, "a: int", "return a")
    with mocktools.activate(toolset, faults="429:1"):
        result = toolset.tools[0].call({"a": 1})
    assert (result.status, json.loads(result.body)["error"][:17]) == (429, "Too many requests")


def test_two_loads_give_the_same_and_a_change_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "@tool\ndef act(x: Node):\n    'Do it.'\n"
    path, elsewhere = write(tmp_path, text), tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(tmp_path)
    before = list(sys.path)
    first, again, relative = load(path), load(path), load(Path("mine.py"))
    moved = load(write(elsewhere, text))
    assert sys.path == before
    assert len({toolset.fingerprint for toolset in (first, again, relative, moved)}) == 1
    assert first.tools == again.tools == moved.tools
    assert load(write(elsewhere, text + "# changed")).fingerprint != first.fingerprint
    assert not list(tmp_path.rglob("__pycache__"))


def test_the_example_file_works() -> None:
    toolset = mocktools.load(ROOT / "examples" / "mytools.py")
    assert [tool.name for tool in toolset.tools] == ["find_rooms", "book_room", "catering_price"]
    with mocktools.activate(toolset):
        for tool in toolset.tools:
            assert tool.call(tool.example, toolset.fresh()).kind == "ok", tool.name
            assert all("description" in schema for schema in tool.parameters["properties"].values()), tool.name
        find, book, _ = toolset.tools
        hours = json.loads(find.call({"day": "2026-10-30", "seats": 20}).body)[0]["free_hours"]
        assert 10 not in hours
        wanted = {"room": "Cedar", "day": "2026-10-30", "hour": 11}
        assert [book.call(wanted).status for _ in range(2)] == [200, 409]
        assert book.call(wanted | {"day": "2026-10-29"}).status == 400


def test_importing_mocktools_is_light() -> None:
    code = "import sys, mocktools; print([m for m in ('pydantic', 'docstring_parser', 'pytest') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.strip() == "[]"


def test_the_names_are_exported() -> None:
    exported = (mocktools.tool, mocktools.ApiError, mocktools.invalid, mocktools.not_found)
    from mocktools.functions import tool
    from mocktools.refusals import ApiError

    assert exported == (tool, ApiError, invalid, not_found)
