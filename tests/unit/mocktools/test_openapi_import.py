"""Importing an OpenAPI document into a folder: documents that are refused, operations left out, importing again."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest

import mocktools
from mocktools.errors import MockToolsError
from mocktools.exchanges import format
from mocktools.openapi import yamlfile
from mocktools.sources import folder
from tests.unit.mocktools.openapi import document, imported, operation, query


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
