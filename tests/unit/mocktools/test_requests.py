"""Requests as real APIs have them: methods, path templates, JSON bodies, all kinds of parameters, pages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import requests

import mocktools
from mocktools import paging, styles
from mocktools.params import Param
from mocktools.provider import Endpoint, Provider
from mocktools.server import Body, Query
from mocktools.toolsets import Toolset

PLACE = Param(
    "place", "Where", {"city": "Oslo", "floor": 2}, "object", False,
    members=(Param("city", "City", "Oslo"), Param("floor", "Floor", 2, "integer", False, minimum=0, maximum=50)),
)  # fmt: skip
PARAMS = (
    Param("note_id", "Id of the note", "n-1"),
    Param("title", "Title", "Milk", shortest=2, longest=20),
    Param("code", "Code", "AB-1", required=False, pattern="[A-Z]{2}-[0-9]"),
    Param("colour", "Colour", "red", required=False, choices=("red", "green")),
    Param("done", "Whether it is done", True, "boolean", False),
    Param("count", "How many", 3, "integer", False, minimum=1, maximum=9),
    Param("weight", "Weight in kg", 1.5, "number", False, minimum=0, maximum=99),
    Param("at", "Time of day", "09:30", "time", False),
    Param("due", "Due date", "2026-11-03", "date", False),
    Param("start", "Start", "2026-11-03T14:00:00Z", "datetime", False),
    Param("labels", "Labels", ["home"], "array", False, longest=3, items=Param("", "", "home", longest=8)),
    Param("days", "Days of the week", [1, 5], "array", False, items=Param("", "", 1, "integer", minimum=1, maximum=7)),
    PLACE,
)


def echo(query: Query) -> Body:
    return {name: value if isinstance(value, (list, dict)) else str(value) for name, value in query.values().items()}


def listing(query: Query) -> Body:
    page = paging.by_offset(query, list(range(query.integer("of"))))
    return {"items": page.rows, "total": page.total, "next_offset": page.next_offset}


def by_page(query: Query) -> Body:
    page = paging.by_page(query, list("abcde"), "pageSize", "page")
    return {"items": page.rows, "page": page.number, "pages": page.pages}


def by_cursor(query: Query) -> Body:
    page = paging.by_cursor(query, list("abcde"))
    return {"items": page.rows, "cursor": paging.cursor_of(page)}


LIMIT = paging.limit_param("limit", "notes", 2, 5)
PROVIDER = Provider(
    "notes",
    "api.notes.example",
    styles.detail,
    (
        Endpoint("put_note", "Put.", "/v1/notes/{note_id}", echo, PARAMS, method="PUT"),
        Endpoint("get_note", "Get.", "/v1/notes/{note_id}", echo, PARAMS, method="GET"),
        Endpoint("pin_note", "Pin.", "/v1/notes/{note_id}/pin", echo, PARAMS[:1], method="POST", status=201),
        Endpoint("drop_note", "Drop.", "/v1/notes/{note_id}", echo, PARAMS[:1], method="DELETE", status=204),
        Endpoint("patch_note", "Patch.", "/v1/notes/{note_id}", echo, (PARAMS[0], *PARAMS[2:]), method="PATCH"),
        Endpoint("count_notes", "Count.", "/v1/notes/count", lambda _: {"count": 7}),
        Endpoint(
            "list_notes", "List.", "/v1/notes", listing,
            (Param("of", "Of", 5, "integer"), LIMIT, paging.offset_param("offset", "notes")),
        ),
        Endpoint(
            "page_notes", "Pages.", "/v1/pages", by_page,
            (paging.limit_param("pageSize", "notes", 2, 5), paging.page_param("page")),
        ),
        Endpoint("cursor_notes", "Cursor.", "/v1/cursor", by_cursor, (LIMIT, paging.cursor_param("cursor", "page"))),
    ),
)  # fmt: skip
NOTES = Toolset("notes", PROVIDER.tools(), PROVIDER.routes())
GOOD: dict[str, Any] = {"note_id": "n-1", "title": "Milk"}


@pytest.fixture(autouse=True)
def _on_the_air() -> Iterator[None]:
    with mocktools.activate(NOTES):
        yield


def call(tool: str, arguments: dict[str, Any]) -> tuple[int | None, Any]:
    result = NOTES.get(tool).call(arguments)
    return result.status, json.loads(result.body) if result.body else None


def test_the_schema_says_all_of_it() -> None:
    schema = NOTES.get("put_note").parameters
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["required"] == ["note_id", "title"]
    properties = {
        name: {key: value for key, value in inner.items() if key != "description"}
        for name, inner in schema["properties"].items()
    }
    assert properties["title"] == {"type": "string", "minLength": 2, "maxLength": 20}
    assert properties["code"] == {"type": "string", "pattern": "^[A-Z]{2}-[0-9]$"}
    assert properties["colour"] == {"type": "string", "enum": ["red", "green"]}
    assert properties["done"] == {"type": "boolean"}
    assert properties["at"] == {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}
    assert properties["start"] == {"type": "string", "format": "date-time"}
    assert properties["labels"] == {"type": "array", "items": {"type": "string", "maxLength": 8}, "maxItems": 3}
    assert properties["days"]["items"] == {"type": "integer", "minimum": 1, "maximum": 7}
    assert properties["place"]["required"] == ["city"]
    assert properties["place"]["properties"]["floor"]["maximum"] == 50
    assert schema["properties"]["labels"]["description"] == 'Labels, e.g. ["home"].'


@pytest.mark.parametrize("tool", ["put_note", "get_note"])
def test_every_example_is_valid_and_is_taken_in_a_body_and_in_a_query(tool: str) -> None:
    arguments = {param.name: param.example for param in PARAMS}
    jsonschema.validate(arguments, dict(NOTES.get(tool).parameters))
    status, body = call(tool, arguments)
    assert status == 200, body
    assert body["start"] == "2026-11-03 14:00:00+00:00"
    assert body["labels"] == ["home"]
    assert body["place"] == {"city": "Oslo", "floor": 2}


def test_what_goes_where() -> None:
    tool = NOTES.get("put_note")
    result = tool.call({"title": "Milk", "note_id": "a/b ?é", "count": 2, "due": None, "zzz": [1]})
    assert result.request == (
        'PUT https://api.notes.example/v1/notes/a%2Fb%20%3F%C3%A9 {"count":2,"title":"Milk","zzz":[1]}'
    )
    assert json.loads(result.body)["note_id"] == "a/b ?é"
    result = NOTES.get("drop_note").call({"note_id": "n-1", "force": True})
    assert result.request == "DELETE https://api.notes.example/v1/notes/n-1?force=true"
    assert (result.status, result.body, result.kind) == (204, "", "ok")
    assert NOTES.get("pin_note").call({"note_id": "n-1"}).status == 201


def test_a_body_is_canonical() -> None:
    one = NOTES.get("put_note").call({"title": "Milk", "note_id": "n", "place": {"floor": 1, "city": "Oslo"}})
    other = NOTES.get("put_note").call({"place": {"city": "Oslo", "floor": 1}, "note_id": "n", "title": "Milk"})
    assert one == other


@pytest.mark.parametrize("note_id", [".", "..", "...", "%2e", "a\nb", "\u202e", "count?x", "#", "n;1"])
def test_no_id_leads_out_of_its_path(note_id: str) -> None:
    status, body = call("put_note", GOOD | {"note_id": note_id})
    assert (status, body["note_id"]) == (200, note_id)


@pytest.mark.parametrize("tool", ["put_note", "drop_note", "pin_note", "get_note"])
@pytest.mark.parametrize("note_id", [None, "", " "])
def test_an_empty_place_in_the_path_is_named(tool: str, note_id: str | None) -> None:
    status, body = call(tool, {"note_id": note_id, "title": "Milk"})
    assert status == 400
    assert body["detail"][0]["loc"] == ["path", "note_id"]


def test_a_plain_path_goes_before_a_template() -> None:
    assert call("count_notes", {}) == (200, {"count": 7})


# Argument, value, words of the refusal.
BAD: list[tuple[str, Any, str]] = [
    ("title", "M", "at least 2 characters long, e.g. Milk"),
    ("title", "M" * 21, "at most 20 characters long"),
    ("title", 12, "a string, e.g. Milk; got '12'"),
    ("title", True, "a string, e.g. Milk; got 'true'"),
    ("title", ["Milk"], "a string, e.g. Milk"),
    ("code", "AB-1\n-", "in the usual form, e.g. AB-1"),
    ("code", "xAB-1", "in the usual form, e.g. AB-1"),
    ("colour", "blue", "one of red, green, e.g. red; got 'blue'"),
    ("done", "yes", "true or false, e.g. true; got 'yes'"),
    ("done", 1, "true or false"),
    ("count", 3.5, "an integer, e.g. 3"),
    ("count", True, "an integer"),
    ("count", 10, "an integer between 1 and 9"),
    ("count", 10**30, "an integer between 1 and 9"),
    ("weight", -1, "a number between 0 and 99"),
    ("weight", float("nan"), "a number, e.g. 1.5; got 'NaN'"),
    ("weight", [], "a number, e.g. 1.5"),
    ("at", "9:30", "a time in the form HH:MM, e.g. 09:30"),
    ("at", "24:00", "a time in the form HH:MM"),
    ("due", "3.11.2026", "a valid date in the form YYYY-MM-DD"),
    ("due", 20261103, "a valid date"),
    ("start", "tomorrow", "a valid date and time in the form YYYY-MM-DDTHH:MM:SSZ, e.g. 2026-11-03T14:00:00Z"),
    ("start", "2026-02-30T10:00:00Z", "a valid date and time"),
    ("start", "0001-01-01T00:00:00+02:00", "a valid date and time"),
    ("labels", "home", "a list, e.g. [\"home\"]; got 'home'"),
    ("labels", ["a", "b", "c", "d"], "a list of 0 to 3 elements"),
    ("labels", ["home", 3], "'labels[1]' must be a string"),
    ("labels", ["home", None], "'labels[1]' must be a string, as in"),
    ("labels", [""], "'labels[0]' must be a string"),
    ("days", [1, 8], "'days[1]' must be an integer between 1 and 7"),
    ("place", "Oslo", 'an object, e.g. {"city": "Oslo", "floor": 2}; got \'Oslo\''),
    ("place", {"floor": 99, "city": "Oslo"}, "'place.floor' must be an integer between 0 and 50"),
]


@pytest.mark.parametrize(("name", "value", "words"), BAD)
def test_a_bad_value_is_refused_with_its_name_and_an_example(name: str, value: Any, words: str) -> None:
    status, body = call("put_note", GOOD | {name: value})
    assert status == 400
    (detail,) = body["detail"]
    assert words in detail["msg"]
    assert name in detail["msg"]
    assert detail["loc"][0] == "body"


def test_a_number_that_nobody_can_write_is_refused() -> None:
    assert "an integer" in call("put_note", GOOD | {"count": 10**5000})[1]["detail"][0]["msg"]


def test_members_that_lack_are_named() -> None:
    status, body = call("put_note", GOOD | {"place": {"floor": 1}})
    assert (status, body["detail"]) == (
        400, [{"loc": ["body", "place.city"], "msg": "Field required", "type": "missing_parameter"}],
    )  # fmt: skip


# Argument, value, how it is understood.
TAKEN: list[tuple[str, Any, Any]] = [
    ("title", " [x] and {y} ", "[x] and {y}"),
    ("count", "3", "3"),
    ("count", 3.0, "3"),
    ("done", "False", "False"),
    ("start", "2026-11-03 14:00", "2026-11-03 14:00:00+00:00"),
    ("start", "2026-11-03t14:00:05.25+02:00", "2026-11-03 12:00:05+00:00"),
    ("start", "2026-11-03T23:00:00-02:00", "2026-11-04 01:00:00+00:00"),
    ("labels", [], []),
    ("place", {"city": "Oslo", "floor": None, "roof": 1}, {"city": "Oslo"}),
]


@pytest.mark.parametrize(("name", "value", "read"), TAKEN)
def test_a_value_in_another_usual_form_is_taken(name: str, value: Any, read: Any) -> None:
    status, body = call("put_note", GOOD | {name: value})
    assert (status, body[name]) == (200, read)


def test_lists_in_a_query_come_in_both_usual_forms() -> None:
    for written in ("1,5", "[1, 5]", [1, 5]):
        assert call("get_note", GOOD | {"days": written})[1]["days"] == [1, 5]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "not valid JSON"),
        (b'{"title": NaN}', "not valid JSON"),
        (b"\xff", "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b"[1]", "must be a JSON object"),
        (b"", "Field required"),
    ],
)
def test_a_body_that_is_no_object_is_refused(body: bytes, words: str) -> None:
    response = requests.put("https://api.notes.example/v1/notes/n-1", data=body, timeout=1)
    assert response.status_code == 400
    assert words in response.text


def test_a_miss_does_not_blame_a_path_that_fits() -> None:
    with pytest.raises(requests.exceptions.ConnectionError) as caught:
        requests.options("https://api.notes.example/v1/notes/n-1/pin", timeout=1)
    first = str(caught.value).splitlines()[1]
    assert "method is 'OPTIONS', not 'POST'" in first
    assert "path is" not in first


def test_pages_by_offset() -> None:
    seen, offset = [], 0
    while offset is not None:
        status, body = call("list_notes", {"of": 5, "offset": offset})
        assert (status, body["total"]) == (200, 5)
        seen += body["items"]
        offset = body["next_offset"]
    assert seen == [0, 1, 2, 3, 4]
    assert call("list_notes", {"of": 5, "offset": 99})[1]["items"] == []
    assert call("list_notes", {"of": 4, "offset": 2})[1]["next_offset"] is None


def test_pages_by_number() -> None:
    assert call("page_notes", {"page": 3})[1] == {"items": ["e"], "page": 3, "pages": 3}
    assert call("page_notes", {"page": 9})[1]["items"] == []
    assert call("page_notes", {"page": 0})[0] == 400


def test_pages_by_cursor() -> None:
    first = call("cursor_notes", {})[1]
    assert first == {"items": ["a", "b"], "cursor": "p2"}
    assert call("cursor_notes", {"cursor": "p4"})[1] == {"items": ["e"], "cursor": None}
    assert call("cursor_notes", {"cursor": "next"})[0] == 400


def test_templates_of_one_host_do_not_overlap() -> None:
    routes = [route for route in mocktools.load("extended").routes if "{" in route.path]
    shapes = [
        (route.method, route.host, tuple("{}" if "{" in part else part for part in route.path.split("/")))
        for route in routes
    ]
    assert len(set(shapes)) == len(shapes)
