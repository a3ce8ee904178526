"""OpenAPI documents, written here in a few lines, as toolsets: names, arguments, requests, answers, and refusals."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

import mocktools
from mocktools.errors import MockToolsError
from mocktools.exchanges import format
from mocktools.openapi import Imported, import_document, servers, wording, yamlfile
from mocktools.sources import folder

JSON = "application/json"


def document(paths: dict[str, Any], version: str = "3.1.0", **parts: Any) -> dict[str, Any]:
    return {"openapi": version, "info": {"title": "Pet Store", "version": "1"}, "paths": paths, **parts}


def operation(*parameters: dict[str, Any], body: Any = None, answer: Any = None, **more: Any) -> dict[str, Any]:
    """An operation with these parameters, a JSON body of this schema, and this medium as its answer."""
    content = {"content": {JSON: answer}} if answer is not None else {}
    found: dict[str, Any] = {"responses": {"200": {"description": "fine", **content}}, **more}
    if parameters:
        found["parameters"] = list(parameters)
    if body is not None:
        found["requestBody"] = {"content": {JSON: {"schema": body}}}
    return found


def query(name: str, schema: Any = None, **more: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema or {"type": "string"}, **more}


def imported(tmp_path: Path, content: Any, **options: Any) -> Imported:
    file = tmp_path / "api.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return import_document(file, tmp_path / "out", **{"check": False, **options})


def entries(tmp_path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((tmp_path / "out/tools.json").read_text(encoding="utf-8"))["tools"]
    return found


def sole(tmp_path: Path, path: str, method: str, content: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """The entry of a document with one operation."""
    made = imported(tmp_path, document({path: {method: content}}, **parts))
    assert not made.skipped
    (entry,) = entries(tmp_path)
    return entry


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


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"swagger": "2.0", "paths": {}}, r'is Swagger "2.0"; convert it'),
        ({"openapi": "3.2.0", "paths": {}}, r'is OpenAPI "3.2.0"; 3.0 and 3.1 can be read'),
        ({"openapi": 3.1}, "is OpenAPI 3.1; 3.0"),
        ({"info": {}}, 'lacks "openapi"'),
        ([1], "must be an object"),
        (document([]), "paths: must be an object"),  # type: ignore[arg-type]
        (document({}), "no operation of it can become a tool"),
        (document({"/a": {"$ref": "paths/a.yaml"}}), r'\$ref "paths/a.yaml" leads to another file; bundle'),
        (document({"/a": {"get": operation(query("q", {"$ref": "https://a.example/s.json"}))}}), "leads to another file"),
        (document({"/a": {"get": operation(query("q", {"$ref": "#/x"}))}}, x={"$ref": "#/y"}, y={"$ref": "#/x"}), 'ref "#/x" only leads back to itself'),
        ('{"openapi": "3.1.0", "paths": {}, "paths": {}}', 'the name "paths" is twice'),
        ('{"openapi": NaN}', "NaN is not JSON"),
        ("[" * 100_000, "nested more than 64 levels"),
        (" " * (8 * 1024 * 1024 + 1), "is larger than 8 MiB"),
    ],
)  # fmt: skip
def test_a_document_that_cannot_be_read(tmp_path: Path, content: Any, message: str) -> None:
    with pytest.raises(MockToolsError, match=message) as caught:
        imported(tmp_path, content)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


BOMB = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
)
MERGED = "\n".join(
    ["m0: &m0 {x: 1}"] + [f"m{n}: &m{n} {{<<: [{', '.join([f'*m{n - 1}'] * 10)}], y{n}: 1}}" for n in range(1, 12)]
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, "line 6: has more than 1,000,000 values"), (MERGED, "line 7: has more than 1,000,000 values"),
        ("a: &a [*a]", 'line 1: the alias "a" stands for nothing, or for itself'),
        ("a: 1\nb: 2\na: 3", r'line 3: the name "a" is twice in one object \(from line 1\)'),
        ("a: !!python/object/apply:os.system [x]", "line 1: the tag .* is not plain data"),
        ("a: !!python/name:os.system", "is not plain data"), ("a: 1\n---\nb: 2", "line 2: a second document begins"),
        ("a: [1, 2", "line 2: is not YAML"), ("a:\n\t- b", "line 2: is not YAML"), ("? [a]\n: b", "line 1: a name must be a text"),
        ("[" * 100_000, "line 1: is nested more than 64"), ("a: \x07", "is not YAML"), ("{a: " * 100_000, "is nested more than 64"),
    ],
)  # fmt: skip
def test_yaml_that_is_refused(text: str, message: str) -> None:
    begun = time.monotonic()
    with pytest.raises(MockToolsError, match=message):
        yamlfile.parse(text, "a.yaml")
    assert time.monotonic() - begun < 5


def test_yaml_is_read_as_json_has_it() -> None:
    text = "no: on\n200: 2026-01-02\na: [0x1f, 0o17, 017, 1e3, ~, '1', .5, True, 1_000]\nb: &b {x: 1, y: 2}\nc: {<<: *b, y: 3}\n"
    assert yamlfile.parse(text, "a.yaml") == {
        "no": "on", "200": "2026-01-02", "a": [31, 15, 17, 1000.0, None, "1", 0.5, True, "1_000"],
        "b": {"x": 1, "y": 2}, "c": {"y": 3, "x": 1},
    }  # fmt: skip


def test_without_the_libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("yaml", "openapi_spec_validator"):
        monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(MockToolsError, match=re.escape("pip install 'stesim[openapi]'")):
        yamlfile.parse("a: 1", "a.yaml")
    with pytest.raises(MockToolsError, match=re.escape("pip install 'stesim[openapi]'")):
        imported(tmp_path, document({"/a": {"get": operation()}}), check=True)


def test_faults_are_told_and_do_not_stop(tmp_path: Path) -> None:
    content = document({"/a": {"get": operation(query("q", required="yes"))}}, version="3.0.3")
    made = imported(tmp_path, content, check=True)
    assert made.tools == ("get_a",)
    assert made.faults[0].startswith('paths["/a"].get.parameters[0]')


def test_only_some_operations(tmp_path: Path) -> None:
    paths = {
        "/a": {"get": operation(operationId="one", tags=["Pets"]), "put": operation(operationId="two", deprecated=True)}
    }
    content = document(paths)
    assert imported(tmp_path, content, only=["tw*"]).tools == ("two",)
    assert imported(tmp_path, content, tags=["pets"]).tools == ("one",)
    assert imported(tmp_path, content, deprecated=False).tools == ("one",)
    with pytest.raises(MockToolsError, match="no operation is called 'onne'; did you mean one"):
        imported(tmp_path, content, only=["onne"])
    with pytest.raises(MockToolsError, match="no tag is called 'cats'; did you mean Pets"):
        imported(tmp_path, content, tags=["cats"])


def test_importing_again_keeps_what_was_recorded(tmp_path: Path) -> None:
    content = document({"/a": {"get": operation(answer={"example": 1})}})
    imported(tmp_path, content)
    recorded = tmp_path / "out/fixtures/recorded.json"
    recorded.write_text('{"source": "me", "as_of": "2026", "license": "MIT"}', encoding="utf-8")
    first = (tmp_path / "out/tools.json").read_bytes()
    imported(tmp_path, content)
    assert (tmp_path / "out/tools.json").read_bytes() == first
    assert recorded.exists()
    assert sorted(path.name for path in (tmp_path / "out").rglob("*")) == [
        "examples.json",
        "fixtures",
        "recorded.json",
        "tools.json",
    ]


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("out/notes.txt", "mine", "is not empty, and it was not written by an import"),
        ("out/tools.json", '{"tools": []}', "tools.json was not written by an import"),
        ("out", "a file", "is a file; name a folder"),
    ],
)  # fmt: skip
def test_a_folder_that_is_not_free(tmp_path: Path, file: str, text: str, message: str) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(text, encoding="utf-8")
    with pytest.raises(MockToolsError, match=message):
        imported(tmp_path, document({"/a": {"get": operation()}}))
    assert (tmp_path / file).read_text(encoding="utf-8") == text


def test_recorded_examples_of_ones_own_are_not_overwritten(tmp_path: Path) -> None:
    content = document({"/a": {"get": operation()}})
    imported(tmp_path, content)
    format.write(tmp_path / "out/fixtures/examples.json", format.FixtureFile("me", "2026", "MIT"))
    with pytest.raises(MockToolsError, match=r"examples\.json was not written by an import"):
        imported(tmp_path, content)


WIDE = {
    f"d{n}": {"type": "object", "properties": {c: {"$ref": f"#/components/schemas/d{n + 1}"} for c in "abcdefghij"}}
    for n in range(30)
}
CHOICES = {f"d{n}": {"anyOf": [{"$ref": f"#/components/schemas/d{n + 1}"}] * 9} for n in range(30)}
ENDLESS = {"d0": {"type": "object", "required": ["x"], "properties": {"x": {"$ref": "#/components/schemas/d0"}}}}
TURNING = {"d0": {"allOf": [{"$ref": "#/components/schemas/d0"}, {"anyOf": [{"$ref": "#/components/schemas/d0"}] * 3}]}}


@pytest.mark.parametrize("schemas", [WIDE, CHOICES, ENDLESS, TURNING], ids=["wide", "choices", "endless", "turning"])
def test_schemas_that_grow_without_end(tmp_path: Path, schemas: dict[str, Any]) -> None:
    schemas = {"d30": {"type": "string"}, **schemas}
    reference = {"$ref": "#/components/schemas/d0"}
    begun = time.monotonic()
    made = imported(
        tmp_path,
        document(
            {"/a": {"post": operation(body=reference, answer={"schema": reference})}}, components={"schemas": schemas}
        ),
        check=True,
    )
    assert time.monotonic() - begun < 20
    assert len(made.tools) + len(made.skipped) == 1
    assert (tmp_path / "out/tools.json").stat().st_size < 100_000
    with mocktools.activate(folder.load(tmp_path / "out")) as tools:
        assert all(tool.call(tool.example).kind == "ok" for tool in tools.tools)
