"""What `check` finds in folders, files and the bundled data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import mocktools
from mocktools import check as checking
from mocktools.check import Finding, check

HEAD = {"source": "by hand", "as_of": "2026-10-30", "license": "MIT"}
CITY = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "Name of the city"}},
    "required": ["city"],
}
TOOL = {"name": "w", "description": "Weather.", "parameters": CITY, "url": "https://api.example/v1/{city}"}


def made(root: Path, tools: Any, **files: Any) -> Path:
    (root / "fixtures").mkdir(parents=True)
    for path, content in {
        "tools.json": tools,
        **{f"fixtures/{name}.json": file for name, file in files.items()},
    }.items():
        (root / path).write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return root


def holds(*exchanges: Any, **more: Any) -> dict[str, Any]:
    return {**HEAD, **more, "exchanges": list(exchanges)}


def call(city: Any, answer: Any = "ok", **rest: Any) -> dict[str, Any]:
    return {"call": {"tool": "w", "arguments": {"city": city}}, "response": {"json": answer}, **rest}


def get(url: str, **rest: Any) -> dict[str, Any]:
    return {"request": {"method": "GET", "url": url}, "response": {"json": 1}, **rest}


def lines(found: list[Finding], root: Path) -> list[str]:
    return [f"{one.level} {Path(one.file).relative_to(root).as_posix()} {one.place}: {one.message}" for one in found]


def test_a_sound_folder_has_no_findings(tmp_path: Path) -> None:
    root = made(tmp_path, [TOOL], a=holds(call("Rome"), call("*", match="pattern")))
    assert check(root) == check(root / "tools.json") == check(root / "fixtures" / "a.json") == []


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    root = made(
        tmp_path,
        [{**TOOL, "parameters": {"type": "array"}}, {**TOOL, "name": "", "colour": 1}],
        a={"source": "x", "exchanges": [{"response": {}}, get("https://a.example/..")]},
        b=b"{",
    )
    found = lines(check(root), tmp_path)
    assert found[0].startswith('error tools.json [1]: unknown name "colour"')
    assert [line for line in found if line.startswith("error fixtures/a.json : lacks")] != []
    assert 'error fixtures/a.json exchanges[0]: needs either "request" or "call"' in found
    assert any(line.startswith("error fixtures/b.json : is not valid JSON") for line in found)


@pytest.mark.parametrize(
    ("exchanges", "expected"),
    [
        ([call("Rome"), call("Rome")], "error fixtures/a.json exchanges[1]: answers the same request as a.json: exchanges[0]"),
        ([call("Rome"), get("https://api.example/v2/Rome")], "warning fixtures/a.json exchanges[1]: no tool can make this request"),
        (
            [call("Rome"), call("R*", match="pattern"), call("R*m*", match="pattern")],
            "warning fixtures/a.json exchanges[2]: is never reached: a.json: exchanges[1] answers every such request before it",
        ),
        ([call("Rome", "x" * 4000)], "warning fixtures/a.json exchanges[0].response: the answer has 4002 characters"),
        ([call("Rome", {"id": "ghp_" + "a1B2c3" * 6})], "error fixtures/a.json exchanges[0].response.json.id: GitHub token"),
        ([call("Rome", {"mail": "ann@firm.org"})], "warning fixtures/a.json exchanges[0].response.json.mail: e-mail address"),
        ([{**call("Rome"), "response": {"status": 500}}], 'warning tools.json tool w: has no example, so that no call of it could be tried; add "example": {"city": ...} beside its name'),
        ([call("Rome", match="pattern")], "warning tools.json tool w: has no example"),
        (
            [call(7)],
            "warning fixtures/a.json exchanges[0].call.arguments: are answered, but do not fit w: Parameter 'city' must be a string; got '7'",
        ),
    ],
)  # fmt: skip
def test_a_fixture_file_is_looked_through(tmp_path: Path, exchanges: list[Any], expected: str) -> None:
    found = lines(check(made(tmp_path, [TOOL], a=holds(*exchanges))), tmp_path)
    assert [line for line in found if line.startswith(expected)], found


def test_errors_come_first(tmp_path: Path) -> None:
    fails = {**call("Rome"), "response": {"status": 500}}
    tool = {**TOOL, "example": {"city": "Rome"}}
    found = check(made(tmp_path, [tool], a=holds(fails, get("https://api.example/v2"), get("https://b.example/"))))
    assert found[0].message.startswith("its example call fails: http_error (500)")
    assert [one.level for one in found] == ["error", "warning", "warning"]


def test_tables_and_files_that_nothing_uses_are_told_once(tmp_path: Path) -> None:
    rows = {"used": [{"city": "Rome"}], "unused": []}
    table = call("*", match="table", table="used", where={"city": "city"})
    root = made(
        tmp_path,
        [{**TOOL, "example": {"city": "Rome"}}],
        a=holds(table, tables=rows),
        b=holds(get("https://b.example/"), tables={"x": []}),
    )
    assert lines(check(root), tmp_path) == [
        "warning fixtures/b.json : no tool uses anything in this file",
        "warning fixtures/a.json tables.unused: no exchange uses this table",
    ]


def test_an_example_that_no_fixture_answers_is_a_warning_with_the_reason(tmp_path: Path) -> None:
    root = made(tmp_path, [{**TOOL, "example": {"city": "Ulm"}}], a=holds(call("Rome")))
    found = check(root)
    assert [one.level for one in found] == ["warning"]
    assert found[0].message.startswith(
        "nothing is recorded for its example call: no fixture answers GET https://api.example/v1/Ulm; the nearest are: 1."
    )
    assert "\n" not in found[0].message


def test_a_secret_in_the_tools_is_found(tmp_path: Path) -> None:
    secret = [{"in": "header", "name": "Authorization", "value": "Bearer 1234567890abcdef"}]
    root = made(tmp_path, [{**TOOL, "secrets": secret}], a=holds(call("Rome")))
    assert lines(check(root), tmp_path) == ["error tools.json [0].secrets[0].value: bearer token: take it out"]


def test_a_python_file_is_loaded_and_its_examples_are_called(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("def broken(:\n", encoding="utf-8")
    assert [(one.level, one.file) for one in check(path)] == [("error", str(path))]
    path.write_text(
        'import mocktools\nKEY = "AKIAIOSFODNN7EXAMPLE"\n\n@mocktools.tool\ndef twice(number: int = 2) -> dict:\n'
        '    """Twice a number."""\n    return {"result": 2 * number}\n'
        '@mocktools.tool\ndef half(number: int) -> dict:\n    """Half."""\n    return {}\n',
        encoding="utf-8",
    )
    assert [(one.level, one.message) for one in check(path)] == [
        ("error", "AWS key: take it out"),
        ("warning", "its parameter number has no description"),
        ("warning", "its parameter number has no description"),
        (
            "warning",
            'has no example, so that no call of it could be tried; write @mocktools.tool(example={"number": ...})',
        ),
    ]


def test_a_toolset_is_checked_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mocktools import toolsets

    monkeypatch.chdir(tmp_path)
    root = made(tmp_path / "there", [{**TOOL, "example": {"city": 7}}], a=holds(call("Rome")))
    monkeypatch.setattr(toolsets, "toolset_names", lambda every=False: ["starter", "pets", "broken"])
    loaded = {"pets": toolsets.load(root), "starter": toolsets.load("starter")}
    monkeypatch.setattr(toolsets, "load", lambda name: loaded[name] if name in loaded else _raise(name))
    assert check("starter") == check(Path("starter")) == []
    assert [(one.level, one.file, one.place) for one in check("pets")] == [
        ("error", "pets", "tool w"),
        ("warning", "pets", "tool w"),
    ]
    assert check("broken") == [Finding("error", "broken", "", "broken is unusable")]
    (tmp_path / "pets").symlink_to(root)
    assert check("pets")[0].file == "pets/tools.json"


def _raise(name: str) -> Any:
    raise mocktools.MockToolsError(f"{name} is unusable")


def test_what_is_not_there_cannot_be_checked(tmp_path: Path) -> None:
    with pytest.raises(mocktools.MockToolsError, match="there is no such file or folder"):
        check(tmp_path / "none")
    assert [one.message for one in check(tmp_path)] == ["there is no such file"]


def test_the_bundled_tools_and_fixtures_are_sound() -> None:
    assert check(None) == []


def test_broken_bundled_data_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mocktools import paths

    (tmp_path / "testsets").mkdir()
    (tmp_path / "testsets" / "a.jsonl").write_text('{"id": 1}\n\n[]\n{"a"\n', encoding="utf-8")
    (tmp_path / "rates.json").write_text('{"source": "x", "as_of": ""}', encoding="utf-8")
    (tmp_path / "more.json").write_text(json.dumps(HEAD), encoding="utf-8")
    monkeypatch.setattr(paths, "fixtures_dir", lambda: tmp_path)
    monkeypatch.setattr(checking, "_examples", lambda *_: iter(()))
    found = lines(check(None), tmp_path)
    assert "error rates.json as_of: is missing" in found
    assert "error rates.json license: is missing" in found
    assert "error cities.json : there is no such file" in found
    assert "warning more.json : no provider uses this file" in found
    assert [line for line in found if "a.jsonl" in line] == [
        "error testsets/a.jsonl line 3: is no JSON object",
        "error testsets/a.jsonl line 4: is no JSON object",
    ]
