"""`stesim export` through the real command line."""

from __future__ import annotations

import json
import os
from pathlib import Path

import orjson
import pytest

from stesim.dataset import FORMATS
from stesim.records import Demonstration
from stesim.store.codec import demonstration_to_json
from tests.integration.conftest import SETTINGS, Type

SHOWN = [
    Demonstration("forecast_weather", "Rain in Zürich?", {"city": "Zürich", "days": 2}, '{"rain": 0}', "No.", 1, 1),
    Demonstration("get_country", "Tell me of Japan.", {"name": "Japan"}, '{"capital": "Tokyo"}', "Tokyo.", 1, 3),
    Demonstration("get_country", "What of Japan?", {"name": "Japan"}, '{"capital": "Tokyo"}', "Tokyo.", 1, 3, paraphrase=1),
]  # fmt: skip


@pytest.fixture
def run(finished: Path) -> Path:
    """The scripted study with demonstrations."""
    (finished / "demonstrations.jsonl").write_bytes(
        b"".join(orjson.dumps(demonstration_to_json(shown)) + b"\n" for shown in SHOWN)
    )
    return finished


def printed(type_: Type, *words: object) -> str:
    return type_("export", *words, "--out", "-").stdout


def test_rows_go_to_the_standard_output_where_that_is_asked_for(run: Path, type_: Type) -> None:
    result = type_("export", "first", "--format", "messages", "--out", "-")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["messages"][0]["content"] for row in rows] == [shown.query for shown in SHOWN]
    assert result.stderr == "the standard output: 3 rows from 3 demonstrations\n"
    assert not (run / "exports").exists()


@pytest.mark.parametrize(("format_", "name", "rows"), [
    ("messages", "messages.jsonl", 3), ("react", "react.jsonl", 6), ("sharegpt", "sharegpt.jsonl", 3),
    ("paper", "paper.json", 6),
])  # fmt: skip
def test_rows_go_to_the_run(run: Path, type_: Type, format_: str, name: str, rows: int) -> None:
    told = json.loads(type_("export", run, "--format", format_, "--json").stdout)
    path = run / "exports" / name
    assert told == {
        "format": format_, "path": str(path), "rows": rows, "demonstrations": 3, "masked": 0, "no_call": 0,
        "calls_only": False, "renamed": {}, "rounded": 0,
    }  # fmt: skip
    text = path.read_text(encoding="utf-8")
    assert len(json.loads(text) if format_ == "paper" else text.splitlines()) == rows
    assert printed(type_, run, "--format", format_) == text


@pytest.mark.parametrize("terminal", [False, True])
def test_the_path_is_told_at_a_terminal_and_to_a_pipe(
    run: Path, type_: Type, monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: terminal)
    result = type_("export", "first", "--format", "sharegpt", "--no-call", "0.4")
    assert result.stdout == "first/exports/sharegpt.jsonl: 4 rows from 3 demonstrations (1 without a call)\n"
    assert result.stderr == ""
    assert len((run / "exports/sharegpt.jsonl").read_bytes().splitlines()) == 4


def test_json_does_not_change_where_rows_go(run: Path, type_: Type) -> None:
    words = ["export", run, "--format", "react"]
    type_(*words)
    usual = (run / "exports/react.jsonl").read_bytes()
    (run / "exports/react.jsonl").unlink()
    assert json.loads(type_(*words, "--json", "--out", "mine.jsonl").stdout)["path"] == str(
        Path("mine.jsonl").resolve()
    )
    assert not (run / "exports/react.jsonl").exists()
    type_(*words, "--json")
    assert (run / "exports/react.jsonl").read_bytes() == usual == Path("mine.jsonl").read_bytes()


def test_rows_that_end_with_the_call(run: Path, type_: Type) -> None:
    told = type_("export", run, "--format", "messages", "--calls-only", "--no-call", "0.4").stdout
    assert "4 rows from 3 demonstrations (1 without a call, calls only)\n" in told
    text = (run / "exports/messages.jsonl").read_text(encoding="utf-8")
    assert [len(json.loads(row)["messages"]) for row in text.splitlines()] == [2] * 4
    assert not [shown for shown in SHOWN if json.dumps(shown.observation)[1:-1] in text or f'"{shown.answer}"' in text]
    for format_ in ("react", "sharegpt", "paper"):
        summary = json.loads(type_("export", run, "--format", format_, "--calls-only", "--json").stdout)
        assert (summary["rows"], summary["calls_only"]) == (3, True)


@pytest.mark.parametrize(("summary", "noted"), [
    ({"judge": None}, True), ({"judge": "smollm2"}, False), ({}, False), (None, False),
])  # fmt: skip
def test_answers_that_no_judge_has_seen_are_noted(
    run: Path, type_: Type, summary: dict[str, object] | None, noted: bool
) -> None:
    if summary is not None:
        (run / "distill.json").write_text(json.dumps(summary))
    for format_ in FORMATS:
        stderr = type_("export", run, "--format", format_).stderr
        assert ("without a judge" in stderr, stderr.count("\n")) == (noted, int(noted))
        assert "--calls-only" in stderr or not noted
    assert type_("export", run, "--format", "react", "--json").stderr.count("\n") == noted
    assert type_("export", run, "--format", "react", "--calls-only").stderr == ""


def test_a_summary_that_cannot_be_read(run: Path, type_: Type) -> None:
    for text in ("{", "[]"):
        (run / "distill.json").write_text(text)
        result = type_("export", run, "--format", "react", code=None)
        assert result.exit_code in (1, 2)
        assert "distill.json is not" in result.stderr
        assert result.stderr.count("\n") == 1
        assert not (run / "exports").exists()


def test_a_file_of_ones_own(run: Path, type_: Type, tmp_path: Path) -> None:
    words = ["export", run, "--format", "react", "--mask-names", "0.5", "--no-call", "1", "--seed", "4"]
    told = type_(*words, "--out", "mine.jsonl").stdout
    assert told.startswith(f"{tmp_path / 'mine.jsonl'}: 9 rows from 3 demonstrations (")
    assert (tmp_path / "mine.jsonl").read_text(encoding="utf-8") == printed(type_, *words[1:])
    type_(*words, "--out", "mine.jsonl")  # again
    assert printed(type_, *words[1:-1], "5") != printed(type_, *words[1:])
    assert not (run / "exports").exists()


def test_a_link_is_written_through(run: Path, type_: Type, tmp_path: Path) -> None:
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "real.jsonl")
    type_("export", run, "--format", "react", "--out", "link.jsonl")
    assert (tmp_path / "link.jsonl").is_symlink()
    assert (tmp_path / "real.jsonl").stat().st_size > 0


def test_the_candidates(run: Path, type_: Type) -> None:
    for count, offered in ((1, 1), (2, 2), (9, 2)):
        rows = printed(type_, run, "--format", "messages", "--candidates", count).splitlines()
        assert [len(json.loads(json.loads(row)["tools"])) for row in rows] == [offered] * 3


def refused(type_: Type, *words: object) -> str:
    result = type_("export", *words, code=2)
    assert result.stdout == ""
    assert result.stderr.startswith("stesim: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


def test_a_run_that_is_not_distilled(finished: Path, type_: Type) -> None:
    assert "make them with: stesim distill first" in refused(type_, "first", "--format", "react", "--json")
    assert not (finished / "exports").exists()
    (finished / "demonstrations.jsonl").write_bytes(b"")
    assert "demonstrations.jsonl is empty" in refused(type_, "first", "--format", "react")


@pytest.mark.parametrize(("line", "said"), [
    (b"{", "line 2 is not JSON"), (b"[]", "line 2 does not hold a demonstration"),
    (b'{"tool": "get_country"}', "line 2 does not hold a demonstration"), (b"\xff", "line 2 is not JSON"),
])  # fmt: skip
def test_a_broken_line(run: Path, type_: Type, line: bytes, said: str) -> None:
    whole = (run / "demonstrations.jsonl").read_bytes().splitlines()
    (run / "demonstrations.jsonl").write_bytes(b"\n".join([whole[0], line, *whole[1:]]) + b"\n")
    assert said in refused(type_, run, "--format", "messages")


def test_what_is_no_run_or_no_place_for_a_file(run: Path, type_: Type, tmp_path: Path) -> None:
    assert "no run in" in refused(type_, tmp_path / "none", "--format", "react")
    assert "is a folder" in refused(type_, run, "--format", "react", "--out", tmp_path)
    assert "not a regular file" in refused(type_, run, "--format", "react", "--out", "/dev/null")
    assert "cannot write" in refused(type_, run, "--format", "react", "--out", tmp_path / "no/such/folder.jsonl")
    assert "both write" in refused(type_, run, "--format", "react", "--out", "-", "--json")
    before = {path: path.read_bytes() for path in run.iterdir() if path.is_file()}
    for path in before:
        if not path.name.startswith("."):
            assert "of the run itself" in refused(type_, run, "--format", "react", "--out", path)
    assert {path: path.read_bytes() for path in run.iterdir() if path.is_file()} == before
    (run / "judge").mkdir()
    for name in ("manifest.json", "judged.jsonl", "completions.jsonl", ".lock"):
        (run / "judge" / name).write_text("{}")
    for path in (run / ".lock", *(run / "judge").iterdir()):
        assert "of the run itself" in refused(type_, run, "--format", "react", "--out", path)
    (run / "exports").write_text("in the way")
    assert "cannot make the folder" in refused(type_, run, "--format", "react", "--json")


def test_arguments_nested_deep(run: Path, type_: Type) -> None:
    one = json.loads((run / "demonstrations.jsonl").read_bytes().splitlines()[0])
    one["arguments"] = json.loads('{"city":' * 900 + "1" + "}" * 900)
    (run / "demonstrations.jsonl").write_text(json.dumps(one))
    assert "nested too deep" in refused(type_, run, "--format", "messages", "--mask-names", "1")


def test_a_path_that_is_not_utf_8(run: Path, type_: Type) -> None:
    odd = run.rename(run.with_name(os.fsdecode(b"odd\xff")))
    told = json.loads(type_("export", odd, "--format", "messages", "--json").stdout)
    assert told["path"] == f"{odd}/exports/messages.jsonl"


def test_options_out_of_range(run: Path, type_: Type) -> None:
    for words in (
        ["--mask-names", "1.5"],
        ["--no-call", "-0.1"],
        ["--mask-names", "nan"],
        ["--seed", "-1"],
        ["--candidates", "0"],
    ):
        result = type_("export", run, "--format", "react", *words, code=2)
        assert "Invalid value" in result.stderr or "is not a number" in result.stderr
    assert "Missing option '--format'" in type_("export", run, code=2).stderr
    assert "paper describes no tools" in refused(type_, run, "--format", "paper", "--no-call", "0.5")


def test_demonstrations_of_other_tools(run: Path, type_: Type) -> None:
    strange = orjson.dumps(demonstration_to_json(Demonstration("rm_rf", "q", {}, "", "", 1, 1))) + b"\n"
    with (run / "demonstrations.jsonl").open("ab") as file:
        file.write(strange)
    result = type_("export", run, "--format", "sharegpt", "--out", "-")
    assert "1 demonstration of other tools is left out: rm_rf" in result.stderr
    assert len(result.stdout.splitlines()) == 3
    (run / "demonstrations.jsonl").write_bytes(strange)
    assert "of other tools only: rm_rf" in refused(type_, run, "--format", "sharegpt")


def test_tools_that_changed_are_noted(run: Path, type_: Type) -> None:
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["tools"]["fingerprint"] = "0" * 64
    (run / "manifest.json").write_text(json.dumps(manifest))
    assert "the tools have changed since the run" in type_("export", run, "--format", "paper").stderr


def test_a_python_file_of_tools_is_run_only_if_it_is_typed(run: Path, type_: Type, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("raise SystemExit('run')\n")
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["tools"]["toolset"] = str(tmp_path / "mine.py")
    (run / "manifest.json").write_text(json.dumps(manifest))
    assert "--toolset" in refused(type_, run, "--format", "react")
    assert type_("export", run, "--format", "react", "--toolset", "starter").stdout


def test_the_folder_of_a_stage_is_not_a_run(run: Path, type_: Type) -> None:
    (run / "judge").mkdir()
    manifest = json.loads((run / "manifest.json").read_text())
    (run / "judge" / "manifest.json").write_text(json.dumps({**manifest, "stage": "judge"}))
    assert "name the run's own folder" in refused(type_, run / "judge", "--format", "react")


def test_names_that_are_not_legal_are_told(type_: Type, study: str, tmp_path: Path) -> None:
    type_("run", "--model", study, "--out", "first", *SETTINGS)
    manifest = json.loads(Path("first/manifest.json").read_text())
    manifest["settings"]["tools"].append("Entity Graph%%Disambiguate")
    Path("first/manifest.json").write_text(json.dumps(manifest))
    Path("first/demonstrations.jsonl").write_bytes(
        orjson.dumps(
            demonstration_to_json(Demonstration("Entity Graph%%Disambiguate", "q", {"name": "x"}, "", "", 1, 1))
        )
        + b"\n"
    )
    result = type_("export", "first", "--format", "sharegpt")
    assert "Entity Graph%%Disambiguate is called Entity_Graph_Disambiguate there" in result.stderr
