"""Imports that are cut off, wherever that is, and what an import refuses or leaves out before it writes anything."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

import mocktools
from mocktools.errors import MockToolsError
from mocktools.exchanges import format, schemas, secrets
from mocktools.openapi import Imported, import_document, operations

RECORDED = '{"source": "me", "as_of": "2026", "license": "MIT"}'


class Killed(BaseException):
    """Stands for the end of the process: nothing that is tried afterwards happens."""


def document(paths: dict[str, Any], **parts: Any) -> dict[str, Any]:
    return {"openapi": "3.1.0", "info": {"title": "Pets", "version": "1"}, "paths": paths, **parts}


def answering(value: Any, **more: Any) -> dict[str, Any]:
    return {"responses": {"200": {"description": "", "content": {"application/json": {"example": value}}}}, **more}


OLD = document({"/a": {"get": answering("old")}})
NEW = document({"/a": {"get": answering("new")}, "/b": {"get": answering("b")}})


def imported(tmp_path: Path, content: Any, **options: Any) -> Imported:
    file = tmp_path / "api.json"
    if not file.exists() or file.read_text(encoding="utf-8") != json.dumps(content):
        file.write_text(json.dumps(content), encoding="utf-8")
    return import_document(file, tmp_path / "out", check=False, **options)


def tree(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): path.read_text("utf-8") for path in sorted(root.rglob("*")) if path.is_file()}


def state(out: Path) -> Any:
    """The tools of a folder and what one answers, or the words of the error."""
    try:
        toolset = mocktools.load(out)
    except MockToolsError as error:
        return str(error)
    with mocktools.activate(toolset) as tools:
        return sorted(tool.name for tool in toolset.tools), tools.get("get_a").call({}).body


def begin(tmp_path: Path, before: Any) -> Any:
    out = tmp_path / "out"
    if before is not None:
        imported(tmp_path, before)
        (out / "fixtures/recorded.json").write_text(RECORDED, encoding="utf-8")
    (tmp_path / "api.json").write_text(json.dumps(NEW), encoding="utf-8")
    return state(out) if before is not None else None


def at_disk(monkeypatch: pytest.MonkeyPatch, number: int, error: BaseException, ended: bool) -> list[str]:
    """Let the disk operation of this number fail; all after it too if the process has `ended` with it."""
    done: list[str] = []

    def counted(name: str, real: Any) -> Any:
        def operation(*args: Any, **options: Any) -> Any:
            if name == "open" and "wb" not in args:
                return real(*args, **options)
            done.append(name)
            if len(done) == number or (ended and len(done) > number):
                raise error
            return real(*args, **options)

        return operation

    for name in ("mkdir", "open", "replace", "unlink", "rmdir"):
        monkeypatch.setattr(Path, name, counted(name, getattr(Path, name)))
    monkeypatch.setattr(os, "fsync", counted("fsync", os.fsync))
    return done


@pytest.mark.parametrize("before", [None, OLD])
def test_an_import_that_is_killed_leaves_the_old_or_the_new_or_a_clear_error(tmp_path: Path, before: Any) -> None:
    new = (["get_a", "get_b"], '"new"')
    seen = []
    for number in range(1, 40):
        place = tmp_path / str(number)
        place.mkdir()
        old, out = begin(place, before), place / "out"
        with pytest.MonkeyPatch.context() as patch:
            at_disk(patch, number, Killed(), ended=True)
            try:
                imported(place, NEW)
                break
            except Killed:
                pass
        found = state(out)
        seen.append("old" if found == old else "new" if found == new else "error")
        if seen[-1] == "error":
            assert "did not come to its end; import the document again" in found or "there is no such" in found, found
        imported(place, NEW)
        assert state(out) == new
        kept = {"fixtures/recorded.json": RECORDED} if before else {}
        assert tree(out).keys() == {"tools.json", "fixtures/examples.json", *kept}
        assert kept.items() <= tree(out).items()
    assert number > 8, "each step was cut off once"
    assert seen[0] == ("old" if before else "error")
    assert seen == sorted(seen, key=["old", "error", "new"].index), "first the old, last the new"


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("before", [None, OLD])
def test_an_import_that_fails_leaves_no_trace(tmp_path: Path, before: Any, error: BaseException) -> None:
    # The disk is full, or a person has had enough, before anything of the folder was changed.
    for number in range(1, 8):
        place = tmp_path / str(number)
        place.mkdir()
        begin(place, before)
        was = tree(place)
        with pytest.MonkeyPatch.context() as patch:
            done = at_disk(patch, number, error, ended=False)
            with pytest.raises(MockToolsError if isinstance(error, OSError) else KeyboardInterrupt) as caught:
                imported(place, NEW)
        assert "replace" not in done
        assert tree(place) == was
        assert (place / "out").exists() == (before is not None)
        assert not isinstance(error, OSError) or "cannot be written: No space left" in str(caught.value)


@pytest.mark.parametrize("when", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), KeyboardInterrupt()])
def test_a_fixture_file_that_is_not_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str, error: BaseException
) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(os if when == "fsync" else Path, when, fail)
    with pytest.raises(MockToolsError if isinstance(error, OSError) else KeyboardInterrupt):
        format.write(tmp_path / "a.json", format.FixtureFile("me", "2026", "MIT"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("files", "free"),
    [
        (["fixtures/.examples.json.7.part", ".tools.json.12.part"], True),
        (["fixtures/.examples.json.7.part", "fixtures/mine.json"], False),
        ([".tools.json.part"], False),
        ([".notes.7.part"], False),
    ],
)
def test_what_an_earlier_import_left_is_no_content(tmp_path: Path, files: list[str], free: bool) -> None:
    (tmp_path / "out/fixtures").mkdir(parents=True)
    for file in files:
        (tmp_path / "out" / file).write_text("{", encoding="utf-8")
    if free:
        imported(tmp_path, OLD)
        assert tree(tmp_path / "out").keys() == {"tools.json", "fixtures/examples.json"}
    else:
        with pytest.raises(MockToolsError, match="is not empty, and it was not written by an import"):
            imported(tmp_path, OLD)


def test_two_imports_at_once(tmp_path: Path) -> None:
    imported(tmp_path, OLD)
    was = tree(tmp_path / "out")
    handle = os.open(tmp_path / "out", os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(MockToolsError, match="another import is being written into it"):
            imported(tmp_path, NEW)
    finally:
        os.close(handle)
    assert tree(tmp_path / "out") == was


def test_more_tools_than_a_toolset_holds_are_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert schemas.problems("toolset", {"tools": [{"name": "a"}] * operations.most_tools()}) == []
    assert schemas.problems("toolset", {"tools": [{"name": "a"}] * (operations.most_tools() + 1)})
    monkeypatch.setattr(operations, "most_tools", lambda: 2)
    content = document({f"/{name}": {"get": answering(1, operationId="same")} for name in "abc"})
    with pytest.raises(MockToolsError, match=r"has more than 2 operations.*choose some with --tag or --only"):
        imported(tmp_path, content)
    assert not (tmp_path / "out").exists()


def test_names_that_are_wanted_often(tmp_path: Path) -> None:
    content = document({
        "/1": {"get": answering(1, operationId="x_2"), "put": answering(1, operationId="x")},
        "/2": {"get": answering(1, operationId="x"), "head": answering(1, operationId="x")},
        "/3": {"get": answering(1, operationId="x"), "put": answering(1, operationId="x_2")},
    })  # fmt: skip
    assert imported(tmp_path, content).tools == ("x_2", "x", "x_3", "x_4", "x_2_2")


def test_more_examples_than_patterns_are_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mocktools.openapi.folder.MOST_PATTERNS", 2)
    made = imported(tmp_path, document({f"/{name}": {"get": answering(name)} for name in "abc"}))
    assert (len(made.tools), made.examples) == (3, 2)
    assert made.notes == ("1 examples are left out: more than 2 of one host have paths of this length",)


def test_secrets_of_a_document_are_not_stored(tmp_path: Path) -> None:
    key, password = "sk-abcdefghijklmnop1234567890", "hunter2hunter2"
    password_schema = {"type": "string", "example": password, "minLength": 8}
    parameters = [
        {"name": "api_key", "in": "query", "required": True, "example": key, "schema": {"type": "string"}},
        {"name": "q", "in": "query", "example": key, "schema": {"type": "string", "maxLength": 40}},
        {"name": "id", "in": "query", "example": key, "schema": {"enum": [key], "description": f"As {key}."}},
    ]
    body = {"type": "object", "properties": {"password": {**password_schema, "description": "Of the user"}}}
    reply = {"schema": {"type": "object", "properties": {"password": password_schema}, "required": ["password"]}}
    content = document({
        "/a": {"get": answering({"token": f"ghp_{'a1b2c3d4' * 5}", "n": [1, None]}, parameters=parameters)},
        "/b": {
            "post": {
                "requestBody": {"content": {"application/json": {"schema": body, "example": {"password": password}}}},
                "responses": {"200": {"description": "", "content": {"application/json": reply}}},
                "description": f"Log in with {key}.",
            }
        },
        "/c": {"get": answering("harmless", description="Fine.")},
    })  # fmt: skip
    made = imported(tmp_path, content)
    assert made.tools == ("get_a", "post_b", "get_c")
    for text in tree(tmp_path / "out").values():
        assert key not in text
        assert password not in text
        assert secrets.find(json.loads(text)) == []
    assert "OpenAI-style key: taken out of get_a, post_b" in made.notes
    assert any("GitHub token" in note or "token: taken out of get_a" in note for note in made.notes)
    assert not any("get_c" in note for note in made.notes)
    with mocktools.activate(mocktools.load(tmp_path / "out")) as tools:
        for tool in tools.tools:
            assert tool.call(tool.example).kind == "ok", tool.name


def test_bounds_beyond_64_bits_are_left_out(tmp_path: Path) -> None:
    amount = {"type": "integer", "minimum": 0, "maximum": 2**256 - 1}
    content = answering(1, parameters=[{"name": "amount", "in": "query", "schema": amount}])
    imported(tmp_path, document({"/a": {"get": content}}))
    (entry,) = json.loads((tmp_path / "out/tools.json").read_text(encoding="utf-8"))["tools"]
    assert entry["parameters"]["properties"]["amount"] == {"type": "integer", "minimum": 0}


def test_schemas_that_many_operations_share_are_read_once(tmp_path: Path) -> None:
    # Without what is remembered of references this takes longer than a person waits.
    chain: dict[str, Any] = {f"S{at}": {"anyOf": [{"$ref": f"#/components/schemas/S{at + 1}"}] * 2} for at in range(40)}
    first = {"$ref": "#/components/schemas/S0"}
    medium = {"application/json": {"schema": first}}
    body = {"type": "object", "properties": {f"x{at}": first for at in range(20)}}
    post = {
        "requestBody": {"content": {"application/json": {"schema": body}}},
        "responses": {"200": {"description": "", "content": medium}},
    }
    begun = time.monotonic()
    paths = {f"/p{at}": {"post": post} for at in range(100)}
    made = imported(tmp_path, document(paths, components={"schemas": {**chain, "S40": {"type": "string"}}}))
    assert len(made.tools) == 100
    assert time.monotonic() - begun < 5
