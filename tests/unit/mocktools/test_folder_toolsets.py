"""Toolsets in folders and JSON files: what is understood, what is refused and how."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

import mocktools
from mocktools.check import check
from mocktools.exchanges.files import FileError
from mocktools.sources import folder, parameters
from mocktools.tools import Placement, Secret

HEAD = {"source": "by hand", "as_of": "2026-10-30", "license": "MIT"}
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def entry(**changed: Any) -> dict[str, Any]:
    own = {"name": "get_weather", "description": "Weather.", "parameters": CITY, "url": "https://api.example/v1/{city}"}
    return {**own, **changed}


def made(root: Path, tools: Any, **files: Any) -> Path:
    """A toolset folder; contents may be JSON or bytes."""
    (root / "fixtures").mkdir(parents=True)
    for path, content in {
        "tools.json": tools,
        **{f"fixtures/{name}.json": file for name, file in files.items()},
    }.items():
        (root / path).write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return root


def call(tool: str, arguments: Any, answer: Any, **rest: Any) -> dict[str, Any]:
    return {"call": {"tool": tool, "arguments": arguments}, "response": {"json": answer}, **rest}


def wrong(root: Path) -> str:
    with pytest.raises(FileError) as caught:
        folder.load(root)
    text = str(caught.value)
    assert "\n" not in text
    return text.removeprefix(f"{root}{os.sep}")


def test_a_folder_answers_its_own_calls(tmp_path: Path) -> None:
    fixtures = {**HEAD, "exchanges": [call("get_weather", {"city": "São Paulo"}, {"sky": "clear"})]}
    root = made(tmp_path / "weather", [entry()], sky=fixtures)
    tools = mocktools.load(str(root))
    assert (tools.name, tools.get("get_weather").example) == ("weather", {"city": "São Paulo"})
    assert [path.name for path in tools.parts] == ["tools.json", "sky.json"]
    with mocktools.activate(tools):
        assert tools.get("get_weather").call({"city": "São Paulo"}).body == '{"sky":"clear"}'
        miss = tools.get("get_weather").call({"city": "Rome"})
        assert miss.kind == "no_fixture"
        assert 'sky.json: exchanges[0] - path is "/v1/Rome", not "/v1/São Paulo"' in miss.body
    before = tools.fingerprint
    (root / "fixtures" / "sky.json").write_text(json.dumps({**fixtures, "about": "more"}), encoding="utf-8")
    assert mocktools.load(str(root)).fingerprint != before


def test_a_json_file_stands_for_its_folder(tmp_path: Path) -> None:
    root = made(tmp_path / "w", [], sky={**HEAD, "exchanges": [call("a", {}, 1)]})
    (root / "more.json").write_text(json.dumps([{"name": "a"}]), encoding="utf-8")
    tools = folder.load(root / "more.json")
    assert (tools.name, tools.tools[0].url) == ("more", "https://more.functions.example/a")
    (root / "tools.json").write_text(json.dumps({"tools": [{"name": "a"}]}), encoding="utf-8")
    assert folder.load(root / "tools.json").name == folder.load(root).name == "w"


@pytest.mark.parametrize(
    "shape",
    [
        {
            "type": "function",
            "function": {"name": "send mail", "description": "Send.", "parameters": CITY, "strict": True},
        },
        {"type": "function", "name": "send mail", "description": "Send.", "parameters": CITY},
        {"name": "send mail", "description": "Send.", "parameters": CITY},
    ],
)
def test_functions_of_a_model_api_are_tools(tmp_path: Path, shape: Any) -> None:
    content = {**HEAD, "exchanges": [call("send mail", {"city": "*"}, "sent", match="pattern")]}
    tools = folder.load(made(tmp_path / "w", {"toolset": "My_Mail", "tools": [shape]}, a=content))
    tool = tools.get("send mail")
    assert (tool.method, tool.url) == ("POST", "https://my-mail.functions.example/send%20mail")
    assert (tool.description, tool.parameters, tool.provider) == ("Send.", CITY, "My_Mail")
    with mocktools.activate(tools):
        assert tool.call({"city": "Rome"}).body == '"sent"'


def test_an_entry_says_where_arguments_travel_and_what_is_secret(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"ids": {"type": "array"}, "lang": {"type": "string"}}}
    own = entry(
        url="https://api.example/v1",
        parameters=schema,
        example={"ids": [1, 2]},
        tags=["a"],
        provider="us",
        places={"ids": {"in": "query", "lists": "repeat"}, "lang": {"in": "header"}},
        secrets=[{"in": "header", "name": "Authorization", "value": "Bearer ${TOKEN}"}],
    )
    tool = folder.load(made(tmp_path / "w", [own])).tools[0]
    assert tool.places == {"ids": Placement("query", "repeat"), "lang": Placement("header")}
    assert tool.secrets == (Secret("header", "Authorization", "Bearer ${TOKEN}"),)
    assert (tool.tags, tool.provider) == (("a",), "us")
    assert tool.request({"ids": [1, 2], "lang": "de"}).url == "https://api.example/v1?ids=1&ids=2"


NOTHING: dict[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}


@pytest.mark.parametrize(
    ("given", "schema"),
    [
        ({}, NOTHING),
        ({"parameters": {}}, NOTHING),
        ({"parameters": {"type": "object", "properties": {}, "required": []}}, {**NOTHING, "required": []}),
        ({"parameters": {"type": "object", "additionalProperties": True}}, {**NOTHING, "additionalProperties": True}),
        ({"parameters": CITY}, CITY),
        (
            {"parameters": {"type": "object", "minProperties": 1}},
            {"type": "object", "properties": {}, "minProperties": 1},
        ),
    ],
)
def test_no_parameters_means_no_arguments(tmp_path: Path, given: Any, schema: Any) -> None:
    (tool,) = folder.load(made(tmp_path / "w", [{"name": "now", **given}])).tools
    assert tool.parameters == schema


CITIES = {"type": "object", "required": ["a", "b"], "properties": {
    "a": {"examples": ["Rome"]}, "b": {"enum": [None, 2]}, "c": {"default": 1}, "d": {},
}}  # fmt: skip


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"function": {"name": "f", "example": {"a": 1}, "tags": ["x"]}, "type": "function"}, {"a": 1}),
        ({"function": {"name": "f"}, "type": "function", "example": {"a": 1}, "tags": ["x"]}, {"a": 1}),
        ({"name": "f", "example": {"a": 1}, "tags": ["x"]}, {"a": 1}),
        ({"name": "f", "tags": ["x"], "parameters": CITIES}, {"a": "Rome", "b": 2}),
        ({"name": "f", "tags": ["x"], "parameters": {**CITIES, "required": ["a", "d"]}}, {}),
        ({"name": "f", "tags": ["x"], "parameters": {**CITIES, "required": []}}, {}),
    ],
)
def test_where_an_example_comes_from(tmp_path: Path, more: Any, expected: Any) -> None:
    (tool,) = folder.load(made(tmp_path / "w", [more])).tools
    assert (tool.example, tool.tags) == (expected, ("x",))


def test_an_error_that_was_recorded_is_no_example(tmp_path: Path) -> None:
    lost = {**call("get_weather", {"city": "Atlantis"}, 0), "response": {"status": 404}}
    content = {
        **HEAD,
        "exchanges": [lost, call("get_weather", {"city": 5}, 0), call("get_weather", {"city": "Rome"}, 1)],
    }
    (tool,) = folder.load(made(tmp_path / "w", [entry()], a=content)).tools
    assert tool.example == {"city": "Rome"}


def test_a_reply_is_made_where_no_exchange_answers(tmp_path: Path) -> None:
    pet = {"type": "object", "properties": {"city": {"type": "string"}, "id": {"type": "integer"}}, "required": ["id"]}
    content = {**HEAD, "exchanges": [call("get_weather", {"city": "Rome"}, "recorded")]}
    root = made(tmp_path / "w", [entry(reply={"status": 201, "schema": pet})], a=content)
    with mocktools.activate(folder.load(root)) as tools:
        tool = tools.get("get_weather")
        assert tool.call({"city": "Rome"}).body == '"recorded"'
        first = tool.call({"city": "Paris"})
        assert first.status == 201
        assert isinstance(json.loads(first.body)["id"], int)
        assert first == tool.call({"city": "Paris"})
        assert first.body != tool.call({"city": "Berlin"}).body


def test_two_tools_may_ask_the_same_server_but_only_one_reply_is_made(tmp_path: Path) -> None:
    folder.load(made(tmp_path / "a", [entry(), entry(name="b")]))
    reply = {"schema": {"type": "object"}}
    other = entry(name="b", url="https://API.example/v1/{city}", reply=reply)
    text = wrong(made(tmp_path / "b", [entry(reply=reply), other]))
    assert text == "tools.json: [1].reply: answers the same requests as that of tools[0]"


@pytest.mark.parametrize(
    ("tools", "words"),
    [
        (b"\xff", "is not UTF-8"),
        (b"[\n{]", "is not valid JSON: Expecting property name enclosed in double quotes (line 2, column 2)"),
        (b"[" * 9999, "nested more than 64"),
        ("text", 'must be an object, not "text"'),
        ({"tools": []}, "tools: must have at least 1 elements"),
        ({"toolset": "a b", "tools": [entry()]}, "toolset: must be 1 to 62 letters"),
        ({"tool": [entry()]}, 'lacks "tools"'),
        ([entry(colour="red")], '[0]: unknown name "colour"'),
        ([entry(method="FETCH")], '[0].method: must be one of "GET"'),
        ([entry(name=" a")], "[0].name: must be 1 to 100 printable characters"),
        ([entry(name="..")], "[0].name: must be 1 to 100 printable characters"),
        ([entry(), entry()], '[1].name: "get_weather" is the name of tools[0] too'),
        ([entry(url="https://[/", places={"city": {"in": "query"}})], "[0].url: is no URL"),
        ([entry(url="ftp://a")], "[0].url: must begin with https:// or http://"),
        ([entry(url="https://a.example/{town}")], '[0].url: names "town", which is no parameter'),
        ([entry(url="https://a.example/{city}.json")], "[0].url: has a {name} that is not a whole segment"),
        ([entry(url="https://a.example/?q=1")], "[0].url: must end before ?"),
        ([entry(url="https://{city}.example/")], "[0].url: "),
        ([entry(places={"city": {"in": "query"}})], "[0].places.city: says query, but the url names it"),
        ([entry(places={"town": {"in": "query"}})], "[0].places.town: is no parameter"),
        (
            [entry(url="https://a.example/", places={"city": {"in": "body"}})],
            "[0].places: puts a parameter into the body",
        ),
        ([{"type": "function", "function": {"name": "a", "url": "b"}}], '[0].function: unknown name "url"'),
        ([{"type": "tool", "name": "a"}], '[0].type: must be "function"'),
        ([entry(parameters={"type": "array"})], '[0].parameters.type: must be "object", not "array"'),
        (
            [entry(reply={"schema": {"type": "nothing"}})],
            '[0].reply.schema.type: is no JSON Schema: "nothing" is not a type',
        ),
    ],
)
def test_what_is_wrong_with_the_tools_is_named(tmp_path: Path, tools: Any, words: str) -> None:
    text = wrong(made(tmp_path / "w", tools))
    assert text.startswith("tools.json: ")
    assert words in text


@pytest.mark.parametrize(
    ("schema", "place", "words"),
    [
        ({"properties": {"a": {"type": "text"}}}, "properties.a.type", '"text" is not a type'),
        ({"properties": {"a": {"minimum": "1"}}}, "properties.a.minimum", "must be a number"),
        ({"properties": []}, "properties", "must be an object"),
        ({"required": "a"}, "required", "must be a list"),
        ({"$ref": "#"}, "$ref", "leads back to itself"),
        (
            {"properties": {"a": {"$ref": "#/$defs/b"}}, "$defs": {"b": {"$ref": "#/properties/a"}}},
            "$ref",
            "leads back to itself",
        ),
        ({"properties": {"a": {"$ref": "#/$defs/c"}}, "$defs": {}}, "properties.a", "leads nowhere"),
        ({"properties": {"a": {"$ref": "https://evil.example/s.json"}}}, "properties.a", "must begin with #/"),
        ({"properties": {"a": {"$ref": "file:///etc/passwd"}}}, "properties.a", "must begin with #/"),
        ({"properties": {"a": {"pattern": "("}}}, "properties.a.pattern", "is no regular expression"),
    ],
)
def test_what_is_wrong_with_parameters_is_named(schema: Any, place: str, words: str) -> None:
    found = parameters.problems({"type": "object", **schema})
    assert place in found[0][0]
    assert words in found[0][1]


def test_parameters_may_contain_themselves_by_way_of_a_member_and_be_called_anything() -> None:
    tree = {"type": "object", "properties": {"children": {"type": "array", "items": {"$ref": "#"}}}}
    odd = {"type": "object", "properties": {"$ref": {"type": "string"}, "type": {"enum": [{"$ref": "x", "type": 1}]}}}
    assert [parameters.problems(schema) for schema in (tree, odd)] == [[], []]


def test_parameters_that_grow_without_bound_when_written_out_are_refused() -> None:
    chain = {f"d{number}": {"anyOf": [{"$ref": f"#/$defs/d{number + 1}"}] * 2} for number in range(40)}
    wide = {"type": "object", "properties": {"a": {"$ref": "#/$defs/d0"}}, "$defs": {**chain, "d40": {}}}
    assert len(parameters.problems(wide)) == 1


def test_links_that_lead_out_and_files_that_are_none_are_refused(tmp_path: Path) -> None:
    outside = tmp_path / "outside.json"
    outside.write_text(json.dumps({**HEAD}), encoding="utf-8")
    root = made(tmp_path / "w", [entry()])
    link = root / "fixtures" / "a.json"
    link.symlink_to(outside)
    assert wrong(root) == "fixtures/a.json: is a link that leads out of the folder"
    link.unlink()
    link.symlink_to(link)
    assert wrong(root) == "fixtures/a.json: is a link that leads out of the folder"
    link.unlink()
    link.mkdir()
    assert wrong(root) == "fixtures/a.json: is not a file"
    link.rmdir()
    os.mkfifo(link)
    assert wrong(root) == "fixtures/a.json: is not a file"
    link.unlink()
    (root / "fixtures").rmdir()
    (root / "fixtures").symlink_to(tmp_path)
    assert wrong(root) == "fixtures: is a link that leads out of the folder"
    (root / "fixtures").unlink()
    (root / "tools.json").unlink()
    assert wrong(root) == "tools.json: there is no such file"


def test_a_folder_has_a_bounded_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = made(tmp_path / "w", [entry()], a=HEAD, b=HEAD, c=HEAD)
    (root / "fixtures" / ".hidden.json").write_bytes(b"x")
    (root / "fixtures" / "notes.txt").write_bytes(b"x")
    monkeypatch.setattr(folder, "LARGEST_FOLDER", 100)
    assert wrong(root) == "fixtures: has more than 100 bytes in its files"
    monkeypatch.setattr(folder, "MOST_FILES", 2)
    assert wrong(root) == "fixtures: has 3 files; at most 2 are read"


def test_tables_are_shared_by_the_files_of_a_folder(tmp_path: Path) -> None:
    rows = {**HEAD, "tables": {"cities": [{"name": "Rome"}]}}
    use = {
        **HEAD,
        "exchanges": [
            call("get_weather", {"city": "*"}, "{row}", match="table", table="cities", where={"name": "city"})
        ],
    }
    with mocktools.activate(folder.load(made(tmp_path / "w", [entry()], a=use, b=rows))) as tools:
        assert tools.get("get_weather").call({"city": "ROME"}).body == '{"name":"Rome"}'
        assert tools.get("get_weather").call({"city": "Ulm"}).status == 404
    text = wrong(made(tmp_path / "v", [entry()], a=rows, b=rows))
    assert text == "fixtures/b.json: tables.cities: there is a table of this name in a.json"


def test_duplicates_in_two_files_are_named_by_both_places(tmp_path: Path) -> None:
    one = {**HEAD, "exchanges": [call("get_weather", {"city": "Rome"}, 1)]}
    text = wrong(made(tmp_path / "w", [entry()], a=one, b=one))
    assert text == "fixtures/b.json: exchanges[0]: answers the same request as a.json: exchanges[0]"


def test_the_documentation_shows_what_works(tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "docs" / "fixtures.md").read_text(encoding="utf-8")
    for name, content in re.findall(r"`(mytools/[\w/.]+)`:\n\n```json\n(.*?)```", text, re.DOTALL):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    root = tmp_path / "mytools"
    (finding,) = check(root)
    assert f"{finding.level}: mytools/tools.json, {finding.place}: {finding.message}\n" in text
    with mocktools.activate(str(root)) as tools:
        assert tools.get("get_forecast").call({"city": "Rome", "days": 3}).body in text
        assert tools.get("get_forecast").call({"days": 99}).body in text
        answers = [
            tools.get(name).call(arguments)
            for name, arguments in (
                ("get_forecast", {"city": "Ulm", "days": 1}),
                ("get_forecast", {"city": "New York", "days": 5}),
                ("get_city", {"city": "sao paulo"}),
                ("get_city", {"city": "Ulm"}),
                ("send_report", {"city": "Rome", "text": "Rain"}),
            )
        ]
    assert [answer.status for answer in answers] == [404, 200, 200, 404, 201]
    assert '"population":11895578' in answers[2].body
