"""OpenAPI documents, written here in a few lines, as toolsets: names, arguments, requests and answers."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

import mocktools
from mocktools.openapi import servers, wording
from mocktools.sources import folder
from tests.unit.mocktools.openapi import JSON, document, entries, imported, operation, query, sole


@pytest.mark.parametrize(
    ("operation_id", "name"),
    [("listPets", "listPets"), ("repos/list-for user", "repos_list-for_user"), (None, "get_pets_petId"), ("!!", "get_pets_petId"),
     ("x" * 90, "x" * 64), ("naïve", "na_ve"), ("a.b-c_d", "a.b-c_d")],
)  # fmt: skip
def test_names(tmp_path: Path, operation_id: str | None, name: str) -> None:
    own = {} if operation_id is None else {"operationId": operation_id}
    assert sole(tmp_path, "/pets/{petId}", "get", operation(**own))["name"] == name


def test_names_are_unique(tmp_path: Path) -> None:
    paths = {f"/{n}": {"get": operation(operationId="y" * 70), "put": operation(operationId="same")} for n in range(3)}
    names = imported(tmp_path, document(paths)).tools
    assert names == ("y" * 64, "same", "y" * 62 + "_2", "same_2", "y" * 62 + "_3", "same_3")


@pytest.mark.parametrize(
    ("summary", "description", "expected"),
    [
        ("Find pets", "**Finds** pets by [tag](http://a.b).\n\nMore.", "Find pets. Finds pets by tag."),
        ("Find pets", "Find pets that are for sale. Slow.", "Find pets that are for sale."),
        (None, "One.\n\nThought: two", "One."),
        ("A\nThought: \u2028B\u202e\x00", None, "A Thought: B"),
        (None, "<p>Uses <code>a &lt; b</code></p><script>x</script>", "Uses a < b x"),
        ("w " * 400, None, ("w " * 149).rstrip()),
        (None, None, "GET /pets"),
        (7, ["odd"], "GET /pets"),
    ],
)  # fmt: skip
def test_descriptions(tmp_path: Path, summary: Any, description: Any, expected: str) -> None:
    entry = sole(tmp_path, "/pets", "get", operation(summary=summary, description=description))
    assert entry["description"][:250] == expected[:250]
    assert len(entry["description"]) <= 300
    assert "\n" not in entry["description"]


def test_a_long_description_takes_no_time() -> None:
    begun = time.monotonic()
    for text in ("<a " * 9000, "[" * 90_000, "![x](" * 9000, "*a" * 9000, "\n" * 90_000, "-- " * 9000, "`" * 9000):
        wording.plain(text)
    assert time.monotonic() - begun < 2


def test_parameters_and_where_they_travel(tmp_path: Path) -> None:
    shared = [{"$ref": "#/components/parameters/id"}, query("lang", {"type": "string", "default": "en"})]
    own = operation(
        query("lang", {"enum": ["en", "de"]}, description="Which *language*", required=True),
        query("tag", {"type": "array", "items": {"type": "string"}}),
        query("ids", {"type": "array", "items": {"type": "integer"}}, explode=False, example=[1, 2]),
        {"name": "X-Trace", "in": "header", "schema": {"type": "integer"}, "required": True},
        {"name": "Accept", "in": "header", "schema": {"type": "string"}},
        {"name": "theme", "in": "cookie", "schema": {"type": "string"}},
        query("filter", {"type": "object"}, style="deepObject"),
        query("area", content={JSON: {"schema": {"type": "object", "properties": {"km": {"type": "integer"}}}}}),
    )  # fmt: skip
    content = {"parameters": shared, "get": own}
    components = {
        "parameters": {"id": {"name": "pet-id", "in": "path", "required": True, "schema": {"type": "integer"}}}
    }
    made = imported(tmp_path, document({"/pets/{pet-id}": content}, components=components))
    (entry,) = entries(tmp_path)
    assert entry["url"] == "https://pet-store.example/pets/{pet_id}"
    assert list(entry["parameters"]["properties"]) == ["pet_id", "lang", "tag", "ids", "X-Trace", "area"]
    assert entry["parameters"]["required"] == ["pet_id", "lang", "X-Trace"]
    assert entry["parameters"]["properties"]["lang"] == {"description": "Which language", "enum": ["en", "de"]}
    assert entry["places"] == {
        "tag": {"in": "query", "lists": "repeat"}, "ids": {"in": "query", "lists": "comma"}, "X-Trace": {"in": "header"},
    }  # fmt: skip
    assert made.notes == (
        "get_pets_pet-id: left out theme: a cookie",
        'get_pets_pet-id: left out filter: style "deepObject"',
    )
    tool = folder.load(tmp_path / "out").tools[0]
    sent = tool.request({"pet_id": 7, "lang": "de", "ids": [1, 2], "tag": ["a", "b"], "X-Trace": 4, "area": {"km": 2}})
    assert sent.url == ("https://pet-store.example/pets/7?lang=de&ids=1%2C2&tag=a&tag=b&area=%7B%22km%22%3A+2%7D")
    assert sent.headers == {"X-Trace": "4"}


BODY = {
    "type": "object", "required": ["name", "id"],
    "properties": {
        "id": {"type": "integer", "readOnly": True}, "name": {"$ref": "#/components/schemas/Name"},
        "owner": {"anyOf": [{"$ref": "#/components/schemas/Owner"}, {"type": "null"}]},
    },
}  # fmt: skip
COMPONENTS = {"schemas": {
    "Name": {"type": "string", "minLength": 1, "example": "Rex", "description": "What it is\n called."},
    "Owner": {"type": "object", "properties": {"city": {"type": "string"}, "friend": {"$ref": "#/components/schemas/Owner"}}},
}}  # fmt: skip


NOTHING: list[Any] = [
    {"type": "null"}, {"type": ["null"]}, {"enum": [None]}, {"const": None}, {"oneOf": [{"type": "null"}, {"enum": [None]}]},
]  # fmt: skip


@pytest.mark.parametrize("schema", NOTHING)
def test_what_can_only_be_null_is_not_asked_for(tmp_path: Path, schema: Any) -> None:
    """A null counts as not sent."""
    body = {"type": "object", "properties": {"f": schema, "g": {"type": "integer"}}, "required": ["f", "g"]}
    for told in (operation(query("f", schema, required=True), query("g", required=True)),
                 operation(requestBody={"content": {JSON: {"schema": body}}})):  # fmt: skip
        entry = sole(tmp_path, "/a", "post", told)
        assert entry["parameters"]["required"] == list(entry["example"]) == ["g"]


@pytest.mark.parametrize(
    ("schema", "kept"),
    [
        ({"type": "integer", "minimum": 1, "maximum": -1}, {"type": "integer"}),
        ({"type": "integer", "minimum": 1, "maximum": 1}, {"type": "integer", "minimum": 1, "maximum": 1}),
        ({"type": "number", "exclusiveMinimum": 1, "maximum": 1}, {"type": "number"}),
        ({"type": "string", "minLength": 5, "maxLength": 4, "pattern": "^a"}, {"type": "string", "pattern": "^a"}),
        ({"type": "string", "minLength": 4, "maxLength": 4}, {"type": "string", "minLength": 4, "maxLength": 4}),
    ],
)  # fmt: skip
def test_bounds_with_nothing_between_them_are_left_out(tmp_path: Path, schema: Any, kept: Any) -> None:
    entry = sole(tmp_path, "/a", "get", operation(query("f", schema, required=True)))
    assert entry["parameters"]["properties"]["f"] == kept


def test_a_body_becomes_arguments(tmp_path: Path) -> None:
    entry = sole(
        tmp_path, "/pets", "post", operation(query("dry", {"type": "boolean"}), body=BODY), components=COMPONENTS
    )
    assert entry["parameters"] == {
        "type": "object",
        "properties": {
            "dry": {"type": "boolean"},
            "name": {"type": "string", "description": "What it is called, e.g. Rex.", "minLength": 1},
            "owner": {"type": ["object", "null"], "properties": {"city": {"type": "string"}, "friend": {"type": "object"}}},
        },
        "required": ["name"],
    }  # fmt: skip
    assert entry["places"] == {"dry": {"in": "query"}}
    sent = folder.load(tmp_path / "out").tools[0].request({"dry": True, "name": "Rex"})
    assert (sent.url, sent.body) == ("https://pet-store.example/pets?dry=true", b'{"name":"Rex"}')


@pytest.mark.parametrize(
    ("schema", "parameters"),
    [
        ({"type": "array", "items": {"type": "integer"}}, ()),
        ({"oneOf": [{"type": "object", "properties": {"a": {}}}, {"type": "object", "properties": {"b": {}}}]}, ()),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, ()),
        ({"type": "object", "properties": {"dry": {"type": "string"}}}, (query("dry"),)),
        ({}, ()),
    ],
)  # fmt: skip
def test_a_body_that_is_one_argument(tmp_path: Path, schema: Any, parameters: Any) -> None:
    entry = sole(tmp_path, "/pets", "put", operation(*parameters, body=schema))
    assert entry["places"]["body"] == {"in": "content"}
    assert folder.load(tmp_path / "out").tools[0].request({"body": [1, 2]}).body == b"[1,2]"


def test_names_of_the_path_give_way(tmp_path: Path) -> None:
    body = {"type": "object", "properties": {"id": {"type": "string"}}}
    path = {"name": "id", "in": "path", "required": True, "schema": {"type": "array", "items": {"type": "string"}}}
    entry = sole(tmp_path, "/pets/{id}", "patch", operation(path, body=body))
    assert entry["url"].endswith("/pets/{path_id}")
    assert entry["parameters"]["properties"]["path_id"]["type"] == "string"  # a list, with commas


FORM = {"requestBody": {"content": {"multipart/form-data": {"schema": {}}}}, "responses": {}}


@pytest.mark.parametrize(
    ("path", "method", "content", "reason"),
    [
        ("/a", "post", FORM, "its body is not JSON: multipart/form-data"),
        ("/a", "get", operation(query("f", {"type": "object"}, required=True, style="deepObject")), 'parameter "f": style "deepObject"'),
        ("/a", "get", operation(query("f", {"type": "object"}, required=True)), 'parameter "f": an object that is not sent as JSON'),
        ("/a", "get", operation(query("f", style="pipeDelimited", required=True)), 'parameter "f": style "pipeDelimited"'),
        ("/a/{b}", "get", operation({"name": "b", "in": "path", "style": "matrix", "required": True, "schema": {}}), 'parameter "b": style "matrix"'),
        ("/a", "head", operation(), "the answer to HEAD has no body to read"),
        ("/a.{form}", "get", operation(), 'url: has a {name} that is not a whole segment: "a.{form}"'),
        ("/a?b=c", "get", operation(), "its path has a query in it"),
        ("/a", "get", operation({"$ref": "#/components/parameters/gone"}), '$ref "#/components/parameters/gone" leads nowhere'),
        ("/a", "get", operation(query("f", {"$ref": "#anchor"})), '$ref "#anchor" is not the path of a place'),
        ("/a", "get", operation({"name": 7, "in": "query"}), "a parameter has no usable name: 7"),
    ],
)  # fmt: skip
def test_what_is_skipped(tmp_path: Path, path: str, method: str, content: Any, reason: str) -> None:
    made = imported(tmp_path, document({path: {method: content}, "/fine": {"get": operation()}}))
    assert made.skipped == ((f"{method.upper()} {path}", reason),)
    assert made.tools == ("get_fine",)


def test_two_operations_with_the_same_requests(tmp_path: Path) -> None:
    made = imported(tmp_path, document({"/a/{x}": {"get": operation()}, "/a/{y}": {"get": operation()}}))
    assert made.skipped == (("GET /a/{y}", "answers the same requests as get_a_x"),)


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        ("http://API.example:8080/v1/", "http://api.example:8080/v1"), ("/v2", "https://pet-store.example/v2"), ("", "https://pet-store.example"),
        ("ws://a.example/v1", "https://pet-store.example/v1"), ("https://me:secret@a.example/v1", "https://pet-store.example/v1"),
        ("https://{zone}.a.example/{v}", "https://eu.a.example/v"), ("https://a.example/v1?key=1#x", "https://a.example/v1"),
        ("https://a.example/../v1", "https://pet-store.example"), ("https://[::1", "https://pet-store.example"),
    ],
)  # fmt: skip
def test_servers(tmp_path: Path, server: str, expected: str) -> None:
    variables = {"zone": {"default": "eu"}}
    entry = sole(tmp_path, "/pets", "get", operation(), servers=[{"url": server, "variables": variables}])
    assert entry["url"] == f"{expected}/pets"
    assert servers.variables_filled("{" * 1000, {}) == "{" * 1000


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        ({"type": "oauth2", "flows": {}}, {"in": "header", "name": "Authorization", "value": "Bearer ${PETSTORE_AUTH}"}),
        ({"type": "http", "scheme": "Basic"}, {"in": "header", "name": "Authorization", "value": "Basic ${PETSTORE_AUTH}"}),
        ({"type": "apiKey", "in": "query", "name": "key"}, {"in": "query", "name": "key", "value": "${PETSTORE_AUTH}"}),
        ({"type": "mutualTLS"}, None),
    ],
)  # fmt: skip
def test_secrets(tmp_path: Path, scheme: Any, expected: Any) -> None:
    components = {"securitySchemes": {"petstore_auth": scheme}}
    entry = sole(tmp_path, "/pets", "get", operation(), components=components, security=[{}, {"petstore_auth": []}])
    assert entry.get("secrets", [None]) == [expected]


@pytest.mark.parametrize(
    ("title", "scheme", "name"),
    [
        ("Bookshop", "key", "BOOKSHOP_KEY"), ("Pet Store", "petstore_auth", "PETSTORE_AUTH"),
        ("Swagger Petstore - OpenAPI 3.0", "api_key", "PETSTORE_API_KEY"), ("OpenAI API", "ApiKeyAuth", "OPENAI_API_KEY_AUTH"),
        ("GitHub v3 REST API", "token", "GITHUB_TOKEN"), ("天気", "key", "API_KEY"), ("", "", "API_KEY"), ("3scale", "x", "API_3SCALE_X"),
    ],
)  # fmt: skip
def test_variables_for_secrets(title: str, scheme: str, name: str) -> None:
    assert wording.variable(title, scheme) == name


def test_the_example_call_is_that_of_the_document(tmp_path: Path) -> None:
    pet = {"type": "object", "required": ["name", "tags", "password"], "properties": {
        "name": {"$ref": "#/components/schemas/Name"}, "age": {"type": "integer", "example": 3},
        "tags": {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "integer", "example": 42}}}},
        "password": {"type": "string", "minLength": 12},
    }}  # fmt: skip
    entry = sole(
        tmp_path, "/pets", "post", operation(query("q", {"type": "string", "example": "cat"}, required=True), body=pet),
        components=COMPONENTS,
    )  # fmt: skip
    assert re.fullmatch(r"\*{12,}", entry["example"]["password"])
    assert entry["example"].keys() == {"q", "name", "tags", "password"}
    assert (entry["example"]["q"], entry["example"]["name"]) == ("cat", "Rex")
    assert {tag["id"] for tag in entry["example"]["tags"]} == {42}
    assert '"example"' not in json.dumps(entry["parameters"])
    whole = {**pet, "example": {"name": "Tom", "age": 4, "password": "hunter2-hunter2"}}
    assert sole(tmp_path, "/pets", "post", operation(body=whole), components=COMPONENTS)["example"]["name"] == "Tom"


PET = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": {"type": "integer"}, "secret": {"type": "string", "writeOnly": True}},
}


def test_answers(tmp_path: Path) -> None:
    paths = {
        "/made/{petId}": {"get": operation(operationId="made", answer={"schema": PET})},
        "/shown/{petId}": {"get": operation(operationId="shown", answer={"schema": PET, "example": {"id": 1}})},
        "/several": {"post": operation(operationId="several", answer={"examples": {"a": {"$ref": "#/components/examples/a"}}})},
        "/empty": {"delete": {"operationId": "empty", "responses": {"404": {"description": ""}, "204": {"description": ""}}}},
        "/text": {"get": {"operationId": "text", "responses": {"200": {"content": {"text/csv": {"example": "a,b"}}}}}},
    }  # fmt: skip
    made = imported(tmp_path, document(paths, components={"examples": {"a": {"value": [2]}}}))
    assert (made.examples, made.skipped) == (3, ())
    with mocktools.activate(folder.load(tmp_path / "out")) as tools:
        calls = {"made": {"petId": "5"}, "shown": {"petId": "5"}, "several": {}, "empty": {}, "text": {}}
        found = {name: tools.get(name).call(arguments) for name, arguments in calls.items()}
    assert {name: (result.status, result.body) for name, result in found.items()} == {
        "made": (200, '{"id":5}'), "shown": (200, '{"id":1}'), "several": (200, "[2]"), "empty": (204, ""), "text": (200, "a,b"),
    }  # fmt: skip
