"""What a call with wrong arguments is told: which parameter, and what it must be, as the bundled tools say it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mocktools.sources.python_file import load
from tests.unit.mocktools.test_functions import call, only_tool, write


@pytest.mark.parametrize(
    ("signature", "sent", "expected"),
    [
        ("a: str, b: int", {}, "Missing required parameters: a and b"),
        ("a: int, b: str", {"a": "x"}, "Missing required parameter: b. Parameter 'a' must be an integer; got 'x'"),
        ("a: str", {"a": 3}, "Parameter 'a' must be a string; got '3'"),
        ("a: Color", {"a": "x" * 50}, f"Parameter 'a' must be one of red, blue; got '{'x' * 40}...'"),
        ("a: Place", {"a": {}}, "Missing required parameter: a.city"),
        ("a: list[Place]", {"a": [{"city": "R"}, {"city": 1}]}, "Parameter 'a[1].city' must be a string; got '1'"),
        ("a: Node", {"a": {"value": 1, "below": [{"value": "x"}]}}, "Parameter 'a.below[0].value' must be an integer; got 'x'"),
        ("a: Union[int, Place]", {"a": []}, "Parameter 'a' must be an integer or an object; got '[]'"),
        ("a: tuple[float, float], b: int", {"a": [1]}, "Missing required parameter: b. Parameter 'a' must be a list of 2 elements; got '[1]'"),
        ("self: int, json: int, _id: int", {"json": 1}, "Missing required parameters: self and _id"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_named_in_one_body(
    signature: str, sent: dict[str, Any], expected: str, tmp_path: Path
) -> None:
    status, body = call(only_tool(tmp_path, signature), **sent)
    assert (status, body["error"]) == (400, expected)


DATE, MOMENT = "a valid date in the form YYYY-MM-DD", "a valid date and time in the form YYYY-MM-DDTHH:MM:SSZ"
WRONG = [
    ("datetime.date", ["tomorrow", "2026-02-30", "2026-10-30T12:00:00", 3, [], True], DATE),
    ("datetime.datetime", ["tomorrow", "2026-02-30", "2026-10-30T25:00", []], MOMENT),
    ("pydantic.AwareDatetime", ["2026-10-30T12:00:00"], "a date and time with an offset, in the form YYYY-MM-DDTHH:MM:SSZ"),
    ("pydantic.NaiveDatetime", ["2026-10-30T12:00:00Z"], "a date and time without an offset, in the form YYYY-MM-DDTHH:MM:SS"),
    ("pydantic.PastDate", ["2999-01-01"], "in the past"),
    ("Annotated[datetime.date, Field(ge=datetime.date(2026, 1, 2))]", ["2026-01-01"], "2026-01-02 or later"),
    ("datetime.time", ["noon", "25:00", []], "a valid time in the form HH:MM:SS"),
    ("datetime.timedelta", ["long", []], "a valid duration in the form P3DT12H30M"),
    ("uuid.UUID", ["x", 3], "a valid UUID in the form xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"),
    ("Literal[1, 2]", [3, "x"], "one of 1, 2"),
    ("int", ["x", 1.5, "1.5", []], "an integer"),
    ("float", ["x", []], "a number"),
    ("decimal.Decimal", ["x", []], "a number"),
    ("bool", ["x", 3, []], "true or false"),
    ("Annotated[int, Field(ge=1, le=7)]", [0, "8"], "an integer between 1 and 7"),
    ("Annotated[float, Field(gt=1)]", [0], "greater than 1"),
    ("Annotated[int, Field(le=7)]", [8], "at most 7"),
    ("Annotated[str, Field(max_length=3)]", ["aaaa"], "at most 3 characters long"),
    ("Annotated[list[int], Field(min_length=2, max_length=3)]", [[1], [1, 2, 3, 4]], "a list of 2 to 3 elements"),
    ("Annotated[list[int], Field(max_length=1)]", [[1, 2]], "a list of at most 1 element"),
    ("tuple[int, int]", [[], [1], [1, 2, 3]], "a list of 2 elements"),
    ("tuple[int, int]", [3, {}], "a list"),
    ("dict[str, int]", [3], "an object"),
    ("Annotated[dict[str, int], Field(min_length=1)]", [{}], "an object of at least 1 member"),
    ("pydantic.HttpUrl", ["x"], "a valid URL, e.g. https://example.org/"),
    ("Union[int, datetime.date]", ["x"], f"an integer or {DATE}"),
]  # fmt: skip


@pytest.mark.parametrize(("annotation", "values", "expected"), WRONG)
def test_a_wrong_value_is_told_the_form(annotation: str, values: list[Any], expected: str, tmp_path: Path) -> None:
    toolset = only_tool(tmp_path, f"until: {annotation}")
    for value in values:
        shown = value if isinstance(value, str) else json.dumps(value)
        error = f"Parameter 'until' must be {expected}; got '{shown}'"
        assert call(toolset, until=value) == (400, {"error": error})


def test_what_a_validator_says_is_passed_on(tmp_path: Path) -> None:
    text = """
        def even(x: int) -> int:
            if x % 2:
                raise ValueError("only even numbers")
            return x

        @tool
        def act(x: Annotated[int, pydantic.AfterValidator(even)], y: pydantic.Json = None):
            "Do it."
        """
    toolset = load(write(tmp_path, text))
    assert call(toolset, x=3) == (400, {"error": "Parameter 'x' is refused: only even numbers; got '3'"})
    assert call(toolset, x=2, y="{")[1]["error"].startswith("Parameter 'y' is refused: Invalid JSON")
