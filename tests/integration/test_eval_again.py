"""`stesim eval` on a folder that is there: what may differ, what is refused in which words; and what is printed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from stesim.models import ScriptedModel
from tests.integration.conftest import Type
from tests.integration.test_eval_model import (
    DEMONSTRATIONS,
    LIMIT,
    MIXED,
    RIGHT,
    TOOLS,
    demonstration,
    files_of,
    refused,
    replies,
    result_of,
    run,
)

__all__ = ["replies", "run"]  # fixtures


@pytest.fixture
def icl(type_: Type, run: Path, replies: Callable[..., str]) -> Path:
    """A finished evaluation of one query a tool, with two demonstrations."""
    type_("eval", "--run", run, "--model", replies(RIGHT), "--mode", "icl", "--limit", LIMIT, "--shots", 2)
    return run / "eval" / "icl"


def cut(folder: Path) -> None:
    """Make an evaluation an unfinished one."""
    (folder / "result.json").unlink()
    lines = (folder / "answers.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "answers.jsonl").write_bytes(b"".join(lines[:-1]))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--limit", 2], "--limit was 3, not 2"),
        (["--limit", 4], "--limit was 3, not 4"),
        (["--shots", 4], "--shots was 2, not 4"),
        (["--mode", "baseline"], "--mode was icl, not baseline; --shots was 2, not 0"),
        (["--oracle"], "--oracle was off, not on"),
        (["--no-unanswerable"], "--unanswerable was on, not off"),
        (["--constrain", "on"], "--constrain was off, not on"),
        (["--ctx", 2048, "--max-tokens", 64], "--ctx was 4096, not 2048; --max-tokens was 128, not 64"),
        (["--tools", "get_country"], "--tools was forecast_weather,get_country, not get_country"),
        (["--testset", "dev"], "--testset was bundled, not dev"),
        (["--demonstrations", "other.jsonl"], "--demonstrations was "),
    ],
)
@pytest.mark.parametrize("unfinished", [False, True])
def test_other_settings_are_refused_by_their_options_before_the_model_is_loaded(
    type_: Type, icl: Path, tmp_path: Path, words: list[Any], said: str, unfinished: bool
) -> None:
    (tmp_path / "other.jsonl").write_bytes(orjson.dumps(DEMONSTRATIONS[0]) + b"\n")
    if unfinished:
        cut(icl)
    found = type_("eval", "--run", icl.parent.parent, "--name", "icl", *words, code=2).stderr
    assert f"{icl} was started differently: {said}" in found
    assert found.endswith("Use the same settings, or another --name\n")
    assert "loading" not in found
    assert found.count("\n") == 1


def test_a_limit_that_was_none(type_: Type, tmp_path: Path, replies: Callable[..., str]) -> None:
    words = ["eval", "--model", replies(["x"] * 15), "--tools", "get_country", "--no-unanswerable", "--out", "here"]
    type_(*words)
    assert "here was started differently: --limit was all, not 2. Use the same settings, or another --out" in refused(
        type_, *words[1:], "--limit", 2
    )
    assert "going on" not in type_(*words, "--constrain", "auto").stderr


def test_prompts_tools_and_test_sets_that_changed(
    type_: Type, tmp_path: Path, replies: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    line = {"id": "a", "query": "Peru?", "calls": [{"tool": "get_country", "arguments": {"name": "Peru"}}]}
    (tmp_path / "mine.jsonl").write_bytes(orjson.dumps(line) + b"\n")
    words = ["--model", replies(["x"]), "--testset", "mine.jsonl", "--out", "own"]
    type_("eval", *words)
    assert "the prompts changed (--prompts)" in refused(type_, *words, "--prompts", prompt_folder(tmp_path))
    (tmp_path / "mine.jsonl").write_bytes(orjson.dumps({**line, "query": "Chile?"}) + b"\n")
    assert "own was started differently: the test set changed. Use" in refused(type_, *words)


def prompt_folder(folder: Path) -> Path:
    (folder / "prompts").mkdir()
    (folder / "prompts" / "answer.txt").write_text("Q: {query}\n")
    return folder / "prompts"


@pytest.mark.parametrize("now", [b"", orjson.dumps(DEMONSTRATIONS[1]) + b"\n", b'{"tool": 3}\n', None])
def test_demonstrations_that_changed_since(type_: Type, icl: Path, now: bytes | None) -> None:
    whole, path = icl.parent.parent, icl.parent.parent / "demonstrations.jsonl"
    words = ["eval", "--run", whole, "--name", "icl"]
    first, files = type_(*words), files_of(icl)
    kept = (icl / "result.json").read_bytes()
    path.unlink() if now is None else path.write_bytes(now)
    again = type_(*words)
    assert again.stdout == first.stdout
    assert "note: the demonstrations have changed since" in again.stderr
    assert ((icl / "result.json").read_bytes(), files_of(icl)) == (kept, files)
    cut(icl)
    line = refused(type_, *words[1:])
    assert f"{icl} cannot go on: the demonstrations in {path} have changed since it was begun" in line
    assert line.endswith("choose another --name to begin with these")


def test_demonstrations_that_are_the_same_need_no_note(type_: Type, icl: Path, tmp_path: Path) -> None:
    whole = icl.parent.parent
    (tmp_path / "copy.jsonl").write_bytes((whole / "demonstrations.jsonl").read_bytes())
    shown = type_("eval", "--run", whole, "--name", "icl", "--demonstrations", tmp_path / "copy.jsonl")
    assert "note" not in shown.stderr


@pytest.mark.parametrize(
    "result", [b"{", b"[]", b'{"demonstrations": "3"}', b'{"demonstrations": 3, "different_calls": "x"}']
)
def test_without_its_result_nothing_is_known_of_the_demonstrations(type_: Type, icl: Path, result: bytes) -> None:
    (icl / "result.json").write_bytes(result)
    (icl.parent.parent / "demonstrations.jsonl").write_bytes(b"")
    assert "cannot go on" in refused(type_, "--run", icl.parent.parent, "--name", "icl")


def test_answers_of_another_evaluation(type_: Type, run: Path, icl: Path, replies: Callable[..., str]) -> None:
    words = ["--run", run, "--model", replies(RIGHT), "--limit", LIMIT]
    type_("eval", *words)
    type_("eval", *words, "--mode", "icl", "--shots", 1, "--name", "one")
    type_("eval", *words, "--candidates", 1, "--name", "narrow")
    for other, name, said in (
        ("baseline", "icl", "0 demonstrations were found for it, not 2"),
        ("icl", "one", "2 demonstrations were found for it, not 1"),
        ("icl", "baseline", "2 demonstrations were found for it, not 0"),
        ("narrow", "baseline", "the prompt described other tools than the 2 that the settings have it describe"),
    ):
        folder = run / "eval" / name
        own = (folder / "answers.jsonl").read_bytes()
        (folder / "answers.jsonl").write_bytes((run / "eval" / other / "answers.jsonl").read_bytes())
        line = refused(type_, "--run", run, "--name", name)
        assert f"{folder}/answers.jsonl, line 1 is not of this evaluation: {said}" in line
        (folder / "answers.jsonl").write_bytes(own)
    changed = (icl / "answers.jsonl").read_bytes()
    for old, new, said in (
        (b'"demonstrations":[', b'"demonstrations":[7,', "3 demonstrations were found for it, not 2"),
        (b'"query":"', b'"query":"x', "it answers another query"),
    ):
        (icl / "answers.jsonl").write_bytes(changed.replace(old, new, 1))
        assert f"line 1 is not of this evaluation: {said}" in refused(type_, "--run", run, "--name", "icl")


def test_without_a_model_it_is_the_small_one(type_: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def open_model(spec: str, **_: Any) -> ScriptedModel:
        asked.append(spec)
        return ScriptedModel(["x"] * 11, name=spec)

    monkeypatch.setattr("stesim.cli.build.open_model", open_model)
    found = json.loads(type_("eval", "--mode", "baseline", "--limit", 1, "--json").stdout)
    assert (asked, found["toolset"], found["mode"]) == (["smollm2"], "starter", "baseline")


@pytest.mark.parametrize(
    ("where", "words", "hint"),
    [
        ("first", ["--tools", TOOLS[0]], "choose these with --tools"),
        (
            "first",
            ["--toolset", "calendar"],
            "the tools chosen are of calendar, the run's are of extended: --toolset extended",
        ),
        ("loose", ["--toolset", "calendar"], "calendar does not have them: name the toolset that does with --toolset"),
    ],
)
def test_demonstrations_of_other_tools(
    type_: Type, run: Path, tmp_path: Path, replies: Callable[..., str], where: str, words: list[str], hint: str
) -> None:
    (tmp_path / "loose").mkdir()
    path = tmp_path / where / "demonstrations.jsonl"
    path.write_bytes(orjson.dumps(demonstration("get_country", "Peru?", name="Peru")) + b"\n")
    line = refused(type_, "--model", replies(), "--mode", "icl", "--demonstrations", path, *words)
    assert line.endswith(f"has demonstrations of other tools only: get_country; {hint}")


class _Held(ScriptedModel):
    constrains = True


def test_both_have_one_legend_and_stand_side_by_side(
    type_: Type, run: Path, replies: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stesim.cli.build.ScriptedModel", _Held)
    words = ["eval", "--run", run, "--model", replies([*MIXED, *MIXED]), "--limit", LIMIT, "--constrain", "both"]
    shown = type_(*words).stdout
    assert shown.count("Intervals: 95 %, bootstrap.") == 1
    assert shown.count("for example:") == 1
    assert shown.count("  wrong_tool: ") == 1
    assert shown.count("\nnot right:\n") == 2
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert "constrained 95 % interval of not constrained 95 % interval of" in lines
    value = "83.3 50.0 – 100.0 6"
    assert f"well-formed {value} {value}" in lines
    assert shown.index("for example:") < shown.index("95 % interval") < shown.index("Intervals: 95 %")


def test_examples_show_where_a_value_differs(type_: Type, replies: Callable[..., str], tmp_path: Path) -> None:
    query = "What about " + "a very " * 15 + "small country, Peru?"
    line = {"id": "a", "query": query, "calls": [{"tool": "get_country", "arguments": {"name": "Peru"}}]}
    (tmp_path / "mine.jsonl").write_bytes(orjson.dumps(line) + b"\n")
    model = replies(['Action: get_country\nAction Input: {"name": "Chile"}'])
    shown = type_("eval", "--model", model, "--testset", "mine.jsonl", "--out", "own").stdout
    assert f"  wrong_value: {query}\n" in shown
    assert '    differs: name: "Chile", not "Peru"\n' in shown
    assert result_of(tmp_path / "own")["examples"]["wrong_value"][0]["differs"] == ['name: "Chile", not "Peru"']
