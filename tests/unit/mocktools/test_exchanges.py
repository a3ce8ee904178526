"""Fixture files: what is refused and how it is said, which exchange answers, what a miss says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import mocktools
from mocktools.exchanges import format, schemas
from mocktools.exchanges.files import FileError
from mocktools.exchanges.format import Exchange
from mocktools.exchanges.matching import canonical
from mocktools.exchanges.routes import Made, routes
from mocktools.tools import Outgoing, Tool
from mocktools.toolset import Toolset

HEAD = {"source": "by hand", "as_of": "2026-10-30", "license": "MIT"}
OK = {"json": "ok"}
CITIES = [
    {"name": "São Paulo", "id": 1, "size": 1.5, "big": True},
    {"name": "Rome", "id": 2, "size": 15},
    {"name": "Rome", "id": 3, "size": 2},
]


def get(url: str, answer: Any = "ok", **rest: Any) -> dict[str, Any]:
    request = {"method": "GET", "url": f"https://api.example{url}"} | {k: rest.pop(k) for k in ("query",) if k in rest}
    return {"request": request, "response": {"json": answer}, **rest}


def post(body: Any, answer: Any, **rest: Any) -> dict[str, Any]:
    request = {"method": "POST", "url": "https://api.example/v1", "body": body}
    return {"request": request, "response": {"json": answer}, **rest}


def toolset(*exchanges: dict[str, Any], made: Any = None, tables: Any = None) -> Toolset:
    parameters = {"type": "object", "properties": {"id": {"type": "integer"}}}
    tools = [
        Tool("get_city", "A city.", parameters, url="https://api.example/v1/cities/{id}"),
        Tool("say", "Say.", parameters, url="https://api.example/v1", method="POST"),
    ]
    content = {**HEAD, "exchanges": list(exchanges), "tables": {"cities": CITIES} if tables is None else tables}
    assert format.problems(content) == []
    return Toolset("test", tuple(tools), routes(tools, [("pets.json", format.parsed(content))], made))


def ask(tools: Toolset, method: str, path: str, body: Any = None) -> str:
    """The body of the answer, or why there is none."""
    import requests

    with mocktools.activate(tools):
        try:
            found = requests.request(method, f"https://api.example{path}", json=body)
        except mocktools.NoFixture as miss:
            return str(miss)
        return found.text if found.status_code == 200 else f"{found.status_code} {found.text}"


@pytest.mark.parametrize(
    ("fixture", "path", "same"),
    [
        ("/a?x=1&y=2", "/a?y=2&x=1", True),
        ("/a?x=1&x=2", "/a?x=2&x=1", False),
        ("/a?x=", "/a?x", True),
        ("/a?x=", "/a", False),
        ("/a?x=a%20b", "/a?x=a+b", True),
        ("/caf%C3%A9/%7Eann", "/caf%c3%a9/~ann", True),
        ("/a%2Fb", "/a/b", False),
        ("/a", "/a/", False),
        ("/A", "/a", False),
        ("", "/", True),
        ("/a#part", "/a", True),
        (".STRAßE.example:443/", ".straße.example/", True),
        ("/a?x=*", "/a?x=1", False),
    ],
)
def test_an_exact_exchange_answers_the_same_request(fixture: str, path: str, same: bool) -> None:
    assert (ask(toolset(get(fixture)), "GET", path) == '"ok"') == same


@pytest.mark.parametrize(
    ("pattern", "body", "same"),
    [
        ({"a": "*"}, {"a": [1, {}]}, True),
        ({"a": "*"}, {}, False),
        ({"a": "*"}, {"a": 1, "b": 2}, False),
        ({"a": 1, "...": "*"}, {"a": 1.0, "b": 2}, True),
        ({"a": 1, "...": "*"}, {"a": True, "b": 2}, False),
        ({"a": "P*s"}, {"a": "Paris"}, True),
        ({"a": "P*s"}, {"a": "paris"}, False),
        ({"a": "1*"}, {"a": 12}, False),
        ({"a": [{"b": "*"}, "*"]}, {"a": [{"b": 1}, 2]}, True),
        ({"a": ["*"]}, {"a": [1, 2]}, False),
        ("*", [1], True),
    ],
)
def test_a_pattern_has_stars_in_its_body(pattern: Any, body: Any, same: bool) -> None:
    assert (ask(toolset(post(pattern, "ok", match="pattern")), "POST", "/v1", body) == '"ok"') == same


@pytest.mark.parametrize(
    ("url", "query", "path", "same"),
    [
        ("/a/{id}", {}, "/a/7", True),
        ("/a/{id}", {}, "/a/", False),
        ("/a/{id}", {}, "/a/7/8", False),
        ("/a", {"x": "*"}, "/a?x=1&x=2", True),
        ("/a", {"x": "1*"}, "/a?x=12", True),
        ("/a", {"x": "1*"}, "/a?x=12&x=1", False),
        ("/a", {"x": ["1", "*"]}, "/a?x=1&x=2", True),
        ("/a", {"x": 1, "...": "*"}, "/a?z=0&x=1", True),
        ("/a", {"x": "1"}, "/a?z=0&x=1", False),
    ],
)
def test_a_pattern_has_open_places_in_path_and_query(url: str, query: Any, path: str, same: bool) -> None:
    assert (ask(toolset(get(url, query=query, match="pattern")), "GET", path) == '"ok"') == same


@pytest.mark.parametrize(
    ("where", "url", "path", "answer"),
    [
        ({"id": "id"}, "/v1/cities/{id}", "/v1/cities/2", CITIES[1]),
        ({"name": "name"}, "/v1?name=*", "/v1?name=sao++PAULO", CITIES[0]),
        ({"size": "size"}, "/v1?size=*", "/v1?size=15.0", CITIES[1]),
        ({"size": "size"}, "/v1?size=*", "/v1?size=1.50", CITIES[0]),
        ({"big": "big"}, "/v1?big=*", "/v1?big=true", CITIES[0]),
        ({"name": "name", "id": "id"}, "/v1/cities/{id}?name=*", "/v1/cities/3?name=Rome", CITIES[2]),
        ({"name": "name", "id": "id"}, "/v1/cities/{id}?name=*", "/v1/cities/1?name=Rome", None),
        ({"name": "name"}, "/v1?...=*", "/v1?x=1", None),
    ],
)
def test_a_table_answers_with_the_first_row_that_fits(where: Any, url: str, path: str, answer: Any) -> None:
    row = {**get(url), "match": "table", "table": "cities", "where": where, "response": {"json": {"found": "{row}"}}}
    said = ask(toolset(row), "GET", path)
    assert said == ('404 {"error":"not found"}' if answer is None else dumped({"found": answer}))


def dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def test_a_table_may_answer_with_many_rows_and_say_what_is_missing() -> None:
    rows = {**get("/v1?name=*"), "match": "table", "table": "cities", "where": {"name": "name"}, "many": True}
    del rows["response"]
    rows["missing"] = {"status": 200, "json": []}
    assert ask(toolset(rows), "GET", "/v1?name=rome") == dumped(CITIES[1:])
    assert ask(toolset(rows), "GET", "/v1?name=Ulm") == "[]"


def test_exact_goes_before_table_before_pattern_before_made() -> None:
    exact = get("/v1/cities/1", "exact")
    table = {
        **get("/v1/cities/{id}"),
        "match": "table",
        "table": "cities",
        "where": {"id": "id"},
        "response": {"text": "t"},
    }
    closer, wider = (
        get("/v1/cities/{id}?x=1", "closer", match="pattern"),
        get("/v1/{a}/{b}?x=*", "wider", match="pattern"),
    )
    beaten = get("/v1/cities/2", "beaten by the table", match="pattern")
    made = {"get_city": Made({"const": "made"})}
    for exchanges in ([exact, table, beaten, closer, wider], [wider, closer, beaten, table, exact]):
        tools = toolset(*exchanges, made=made)
        paths = ["/v1/cities/1", "/v1/cities/2", "/v1/cities/2?x=1", "/v1/cities/2?x=2", "/v1/cities/2?y=1"]
        rows = dumped(CITIES[1])
        assert [ask(tools, "GET", path) for path in paths] == ['"exact"', rows, '"closer"', '"wider"', '"made"']


def test_a_call_is_the_request_that_its_tool_sends() -> None:
    call = {"call": {"tool": "get_city", "arguments": {"id": 7, "lang": "de"}}, "response": OK}
    assert ask(toolset(call), "GET", "/v1/cities/7?lang=de") == '"ok"'


@pytest.mark.parametrize(
    ("exchanges", "words"),
    [
        ([get("/a?x=1&y=2"), get("/a?y=2&x=1")], "pets.json: exchanges[1]: answers the same request as pets.json: exchanges[0]"),
        ([get("/{a}", match="pattern"), get("/{b}", match="pattern")], "exchanges[1]: can answer the same request as"),
        (
            [get("/a?x=*&y=1", match="pattern"), get("/a?x=1&y=*", match="pattern")],
            "exchanges[1]: can answer the same request as",
        ),
        ([{"call": {"tool": "get_cty", "arguments": {}}, "response": OK}], "exchanges[0].call.tool: no tool is called 'get_cty'; did you mean get_city?"),
        ([get("/a", match="table", table="town")], "exchanges[0].table: no table is called 'town'"),
        ([get("/a/{id}", match="table", table="cities", where={"idd": "id"})], "exchanges[0].where: no column is called 'idd'"),
        ([get("/a/{id}", match="table", table="cities", where={"id": "iid"})], "exchanges[0].where: no parameter is called 'iid'"),
    ],
)  # fmt: skip
def test_exchanges_that_do_not_go_together_are_named(exchanges: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(FileError) as caught:
        toolset(*exchanges)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_patterns_that_share_no_request_are_not_duplicates() -> None:
    toolset(get("/a?x=1*", match="pattern"), get("/a?x=2*", match="pattern"), get("/a?x=*&y=1", match="pattern"))


def test_a_miss_names_the_nearest_fixtures_and_why_each_does_not_match() -> None:
    tools = toolset(
        get("/v1/cities/9?days=2&lang=de"),
        get("/v1/cities/7?days=2"),
        get("/v1/towns/7?days=3"),
        get("/v1/cities/7?days=2&lang=de&x=1"),
        post({"city": "Rome", "at": [1, {"b": 2}]}, 1),
    )
    assert ask(tools, "GET", "/v1/cities/7?days=3").split("\n") == [
        "no fixture answers GET https://api.example/v1/cities/7?days=3; the nearest are:",
        '1. pets.json: exchanges[1] - query "days" is "3", not "2"',
        '2. pets.json: exchanges[3] - query "days" is "3", not "2"; query "lang" is missing; query "x" is missing',
        '3. pets.json: exchanges[0] - path is "/v1/cities/7", not "/v1/cities/9"; query "days" is "3", not "2"; '
        'query "lang" is missing',
    ]
    said = ask(tools, "POST", "/v1", {"city": "Paris\n", "at": [1, {"b": 3}], "x": 1})
    assert said.split("\n", 1)[1] == (
        '1. pets.json: exchanges[4] - body.city is "Paris\\n", not "Rome"; body.at[1].b is 3, not 2; body.x is not in the fixture'
    )


def test_a_miss_stays_short_however_long_the_request_is() -> None:
    tools = toolset(*(get(f"/v1/cities/{number}", match="exact") for number in range(20)))
    said = ask(tools, "GET", "/v1/cities/" + "1" * 3000 + "?" + "&".join(f"n{number}=1" for number in range(50)))
    assert said.count("\n") == 3
    assert len(said) < 2000


def test_a_miss_names_fixtures_of_others_only_where_a_tool_has_none() -> None:
    others = get("/v1/towns/7"), post({"city": "Rome"}, 1)
    assert "exchanges[0] - path" in ask(toolset(*others), "GET", "/v1/cities/7")
    said = ask(toolset(*others, get("/v1/{any}/8", match="pattern")), "GET", "/v1/cities/7")
    assert said.split("\n")[1:] == ['1. pets.json: exchanges[2] - path is "/v1/cities/7", not "/v1/{any}/8"']


FILE_ERRORS = [
    (b"\xff", "is not UTF-8 (line 1)"),
    (b'{"source": "a",\n "as_of" 1}', "is not valid JSON: Expecting ':' delimiter (line 2, column 10)"),
    (b'{"source": NaN}', "is not valid JSON: NaN is not JSON"),
    (b'{"source": "a", "source": "b"}', 'the name "source" is twice in one object'),
    (b'{"source": "\\ud800"}', "half of a surrogate pair"),
    (b"[" * 100_000, "is nested more than 64 levels deep"),
    (b"[" * 65 + b"]" * 65, "is nested more than 64 levels deep"),
    (b"[1" + b"0" * 5000 + b"]", "is not valid JSON"),
    (b"[]", "must be an object, not []"),
    (b"{}", 'lacks "source", "as_of", "license"'),
]


@pytest.mark.parametrize(("data", "words"), FILE_ERRORS, ids=[words[:30] for _, words in FILE_ERRORS])
def test_a_file_that_cannot_be_read_says_why_in_one_line(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(data)
    with pytest.raises(FileError) as caught:
        format.read(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500 + len(str(path))


@pytest.mark.parametrize(
    ("changed", "place", "words"),
    [
        ({"license": " "}, "license", "must not be empty"),
        ({"exchange": []}, "", 'unknown name "exchange"; did you mean "exchanges"?'),
        ({"exchanges": [{"response": OK}]}, "exchanges[0]", 'needs either "request" or "call"'),
        ({"exchanges": [get("/a", match="regex")]}, "exchanges[0].match", 'must be one of "exact", "pattern", "table", not "regex"'),
        ({"exchanges": [{"request": get("/")["request"]}]}, "exchanges[0]", 'lacks "response"'),
        ({"exchanges": [get("/a", many=True)]}, "exchanges[0].many", 'goes only with "match": "table"'),
        ({"exchanges": [get("/a", query={"x": None})]}, "exchanges[0].request.query.x", "must be a string or a number or"),
        ({"exchanges": [get("/a", query={"x y": {}})]}, 'exchanges[0].request.query["x y"]', "must be a string"),
        ({"exchanges": [get("/../a")]}, "exchanges[0].request.url", "has a segment . or .."),
        ({"exchanges": [get("/a b")]}, "exchanges[0].request.url", "has a space"),
        ({"exchanges": [get("/{a}.json", match="pattern")]}, "exchanges[0].request.url", "not a whole segment"),
        (
            {"exchanges": [{"request": {"method": "GET", "url": "https://.a.example/"}, "response": OK}]},
            "exchanges[0].request.url", "is no URL",
        ),
        ({"exchanges": [get("@evil.example:1/")]}, "exchanges[0].request.url", "has a user name or a password"),
        ({"exchanges": [{"call": {"tool": "t"}, "response": OK}]}, "exchanges[0].call", 'lacks "arguments"'),
        ({"exchanges": [{**get("/a"), "response": {"status": 99}}]}, "exchanges[0].response.status", "must be at least 200"),
        ({"exchanges": [{**get("/a"), "response": {"json": 1, "text": ""}}]}, "exchanges[0].response", "a response has one body"),
        ({"exchanges": [{**get("/a"), "response": {"text": "é" * 600_000}}]}, "exchanges[0].response.text", "is larger than 1 MiB"),
        ({"exchanges": [{**get("/a"), "response": {"status": 204, "text": "a"}}]}, "exchanges[0].response.status", "without a body"),
        (
            {"exchanges": [{**get("/a"), "response": {"headers": {"X": "a\r\nB: c"}}}]},
            "exchanges[0].response.headers.X", "must be one line of ASCII",
        ),
        (
            {"exchanges": [{**get("/a"), "response": {"headers": {"content-length": "1"}}}]},
            "exchanges[0].response.headers.content-length", "is set by mocktools",
        ),
        ({"tables": {"a": [1]}}, "tables.a[0]", "must be an object, not 1"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_file_is_named_with_its_place(changed: dict[str, Any], place: str, words: str) -> None:
    found = format.problems({**HEAD, **changed})
    assert found[0][0] == place
    assert words in found[0][1]
    assert len(found) == 1


def test_a_file_that_is_too_large_or_no_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "big.json").write_bytes(b" " * (8 * 1024 * 1024 + 1))
    for name, words in (
        ("big.json", "is larger than 8 MiB"),
        ("none.json", "there is no such file"),
        ("", "is not a file"),
    ):
        with pytest.raises(FileError, match=words):
            format.read(tmp_path / name)


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    good = format.FixtureFile("a", "b", "c")
    format.write(tmp_path / "a.json", good)
    with pytest.raises(FileError, match="license: must not be empty"):
        format.write(tmp_path / "a.json", format.FixtureFile("a", "b", ""))
    with pytest.raises(FileError, match="cannot be written"):
        format.write(tmp_path / "none" / "a.json", good)
    assert format.read(tmp_path / "a.json") == good
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_an_exchange_is_made_of_what_a_recorder_has(tmp_path: Path) -> None:
    sent = Outgoing("POST", "https://api.example/a?b=1&a=2&a=3", {}, '{"x": "é"}'.encode())
    headers = {
        "Content-Type": "text/html; charset=ISO-8859-1",
        "Content-Encoding": "gzip",
        "X-Id": "1",
        "Date": "today",
    }
    made = Exchange.of(sent, 201, headers, "<p>é</p>".encode("latin-1"))
    format.write(tmp_path / "a.json", format.FixtureFile("a", "b", "c", exchanges=(made,)))
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert '"query": {"a": ["2", "3"], "b": "1"},\n        "body": {"x": "é"}' in text
    assert json.loads(text)["exchanges"][0]["response"] == {
        "status": 201,
        "headers": {"Content-Type": "text/html; charset=utf-8", "X-Id": "1"},
        "text": "<p>é</p>",
    }
    for status, body in ((200, b"\xff\x00"), (101, b""), (200, b" " * 2_000_000)):
        with pytest.raises(mocktools.MockToolsError, match="cannot be stored"):
            Exchange.of(sent, status, {}, body)


@pytest.mark.parametrize(
    "url", ["http://[", "https://", "", "https://a:b:c/", "https://h:99999999/", "\ud800", "https://ü.example"]
)
def test_any_text_has_a_canonical_form(url: str) -> None:
    assert canonical("get", url, b"\xff") == canonical("GET", url, b"\xff")
    assert str(canonical("GET", url, b"{")).startswith("GET ")


@pytest.mark.parametrize("name", ["fixture", "toolset"])
def test_the_schemas_are_schemas(name: str) -> None:
    import jsonschema

    jsonschema.Draft202012Validator.check_schema(schemas.schema(name))
