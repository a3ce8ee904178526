"""`stesim eval --model` with scripted and replayed models: asked, stopped, gone on with, repeated, printed again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from stesim.models import ScriptedModel
from stesim.parsing import render
from stesim.records import Action, Completion, Request
from stesim.store import StageFolder
from stesim.testset import cases
from tests.integration.conftest import Type
from tests.integration.test_commands import one_line

TOOLS = ["forecast_weather", "get_country"]  # those of the scripted study
LIMIT = 3


def demonstration(tool: str, query: str, number: int = 1, **arguments: Any) -> dict[str, Any]:
    return {
        "tool": tool, "query": query, "arguments": arguments, "observation": "{}", "answer": "Fine.", "episode": 1,
        "trial": number, "paraphrase": 0, "thought": "",
    }  # fmt: skip


DEMONSTRATIONS = [
    demonstration("forecast_weather", "Weather in Rome, 2 days?", 1, city="Rome", days=2),
    demonstration("get_country", "What is the capital of Peru?", 1, name="Peru"),
    demonstration("forecast_weather", "Will it rain in Oslo today?", 2, city="Oslo", days=1),
]


def right_answers(testset: str = "bundled", tools: list[str] = TOOLS, limit: int = LIMIT) -> list[str]:
    seen: dict[str, int] = {}
    texts = []
    for case in cases(testset, tools, True):
        tool = case.calls[0].tool if case.calls else ""
        seen[tool] = seen.get(tool, 0) + 1
        if seen[tool] <= limit:
            right = Action(tool, dict(case.calls[0].arguments)) if case.calls else None
            texts.append(render(right) if right else "Final Answer: I cannot help with that.")
    return texts


RIGHT = right_answers()
# One that gives up, one that calls the wrong tool, one that calls where nothing can be done.
MIXED = ["Final Answer: I give up.", RIGHT[5], *RIGHT[2:8], RIGHT[5]]


@pytest.fixture
def run(finished: Path) -> Path:
    """The scripted study, with demonstrations."""
    (finished / "demonstrations.jsonl").write_bytes(b"".join(orjson.dumps(each) + b"\n" for each in DEMONSTRATIONS))
    return finished


@pytest.fixture
def replies(tmp_path: Path) -> Callable[..., str]:
    def write(texts: list[str] = MIXED, name: str = "replies.json") -> str:
        (tmp_path / name).write_bytes(orjson.dumps(texts))
        return f"scripted:{tmp_path / name}"

    return write


def files_of(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in ("answers.jsonl", "predictions.json")}


def result_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "result.json").read_bytes())
    return found


def test_demonstrations_from_a_run(type_: Type, run: Path, replies: Callable[..., str]) -> None:
    shown = type_("eval", "--run", run, "--model", replies(), "--mode", "icl", "--shots", 2, "--limit", LIMIT)
    folder = run / "eval" / "icl"
    result = result_of(folder)
    assert {name: result[name] for name in ("name", "mode", "queries", "unanswerable", "demonstrations", "shots")} == {
        "name": "icl", "mode": "icl", "queries": 6, "unanswerable": 3, "demonstrations": 3, "shots": 2,
    }  # fmt: skip
    assert {name: figure["value"] for name, figure in result["metrics"].items()} == {
        "well_formed": 83.333, "api_match": 80.0, "correct": 66.667, "argument_match": 66.667,
        "execution_match": 66.667, "no_call": 66.667,
    }  # fmt: skip
    assert result["failures"] == {"no_call": 1, "wrong_tool": 1, "called_anyway": 1}
    assert result["tokens"]["generated"] > 0
    lines = [" ".join(line.split()) for line in shown.stdout.splitlines()]
    assert (
        "icl, 2 of 3 demonstrations by words, of 2.0 different calls a query, not constrained; "
        "test set bundled: 6 queries for 2 of 2 tools" in shown.stdout
    )
    assert any(line.startswith("well-formed 83.3 ") and line.endswith(" 6") for line in lines)
    assert "no_call 1 there was a final answer, but no call" in lines
    assert f"answers: {folder}" in lines
    assert "[9/9] queries" in shown.stderr
    asked = [request for request, _ in StageFolder.read(folder).completions()]
    assert len(asked) == 9
    first = asked[0].messages
    assert [message.role for message in first] == ["system", *["user", "assistant"] * 2, "user"]
    assert first[2].content.startswith("Action: ")
    assert "Thought:" not in "".join(message.content for message in first)


def test_the_predictions_of_an_evaluation_score_the_same(type_: Type, run: Path, replies: Callable[..., str]) -> None:
    type_("eval", "--run", run, "--model", replies(), "--limit", LIMIT)
    told = json.loads(type_("eval", "--predictions", run / "eval" / "baseline" / "predictions.json", "--json").stdout)
    metrics = result_of(run / "eval" / "baseline")["metrics"]
    for name in ("well_formed", "api_match", "correct"):
        assert told[name] == metrics[name]["value"]


def test_a_baseline_needs_no_run(type_: Type, tmp_path: Path, replies: Callable[..., str]) -> None:
    words = ["eval", "--model", replies(RIGHT), "--tools", ",".join(TOOLS), "--limit", LIMIT]
    found = json.loads(type_(*words, "--json", "--seed", 3).stdout)
    assert {figure["value"] for figure in found["metrics"].values()} == {100.0}
    assert (found["mode"], found["shots"], found["demonstrations"], found["seed"]) == ("baseline", 0, 0, 3)
    assert found["failures"] == {}
    (folder,) = (tmp_path / "evals").iterdir()
    assert result_of(folder) == found
    type_(*words, "--no-unanswerable", "--name", "other", "--out", "here")
    assert (result_of(tmp_path / "here")["name"], result_of(tmp_path / "here")["unanswerable"]) == ("other", 0)


def test_the_development_set_brings_its_tools(type_: Type, tmp_path: Path, replies: Callable[..., str]) -> None:
    type_("eval", "--model", replies(["x"] * 15), "--testset", "dev", "--limit", 1, "--out", "dev")
    result = result_of(tmp_path / "dev")
    assert (result["testset"], result["queries"], result["unanswerable"]) == ("dev", 14, 1)
    assert result["metrics"]["well_formed"]["value"] == 0.0


def test_a_test_set_of_ones_own(type_: Type, tmp_path: Path, replies: Callable[..., str]) -> None:
    line = {"id": "a", "query": "Peru?", "calls": [{"tool": "get_country", "arguments": {"name": "Peru"}}]}
    (tmp_path / "mine.jsonl").write_bytes(orjson.dumps(line) + b"\n")
    model = replies(['Action: get_country\nAction Input: {"name": "Peru"}'])
    type_("eval", "--model", model, "--testset", "mine.jsonl", "--out", "own")
    result = result_of(tmp_path / "own")
    assert (result["metrics"]["argument_match"]["value"], result["tools"]) == (100.0, 1)


def too_small(folder: Path) -> int:
    """A context in which the longest prompt of an evaluation lacks room for one token."""
    longest = max(completion.prompt_tokens for _, completion in StageFolder.read(folder).completions())
    return longest + 128 + 16 - 1


class _Stops(ScriptedModel):
    def complete(self, request: Request, on_text: Any = None) -> Completion:
        if len(self.requests) == 4:
            raise KeyboardInterrupt
        return super().complete(request, on_text)


def test_stopped_and_gone_on_with(
    type_: Type, run: Path, replies: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    words = ["eval", "--model", replies(), "--mode", "icl", "--limit", LIMIT]
    type_(*words, "--run", run, "--name", "whole")
    with monkeypatch.context() as patched:
        patched.setattr("stesim.cli.build.ScriptedModel", _Stops)
        stopped = type_(*words, "--run", run, "--name", "cut", code=130).stderr
    assert "stopped: 4 of 9 queries are finished and kept." in stopped
    (again,) = (line.removeprefix("Go on with: stesim ") for line in stopped.splitlines() if line.startswith("Go on"))
    assert again == f"eval --run {run} --name cut"
    cut = run / "eval" / "cut"
    assert not (cut / "result.json").exists()
    with (cut / "answers.jsonl").open("ab") as file:
        file.write(b'{"number": 5, "torn')
    assert "going on with" in type_(*again.split()).stderr
    assert files_of(cut) == files_of(run / "eval" / "whole")
    assert result_of(cut) == result_of(run / "eval" / "whole") | {"name": "cut"}


def test_with_all_answers_there_it_only_prints(
    type_: Type, run: Path, replies: Callable[..., str], tmp_path: Path
) -> None:
    words = ["eval", "--run", run, "--model", replies(), "--mode", "icl", "--limit", LIMIT]
    first = type_(*words)
    (tmp_path / "replies.json").unlink()  # the model is not looked at
    for again in (words, ["eval", "--run", run, "--name", "icl"]):
        shown = type_(*again)
        assert shown.stdout == first.stdout
        assert "loading" not in shown.stderr
    (run / "eval" / "icl" / "result.json").unlink()
    type_(*words)
    assert (run / "eval" / "icl" / "result.json").exists()


def test_a_replay_is_the_same_byte_for_byte(
    type_: Type, run: Path, replies: Callable[..., str], tmp_path: Path
) -> None:
    type_("eval", "--run", run, "--model", replies(), "--mode", "icl", "--limit", LIMIT, "--max-tokens", 77)
    played = run / "eval" / "icl"
    type_("eval", "--model", f"replay:{played}", "--out", "again")
    assert files_of(tmp_path / "again") == files_of(played)
    assert result_of(tmp_path / "again")["metrics"] == result_of(played)["metrics"]
    (run / "demonstrations.jsonl").write_bytes(orjson.dumps(DEMONSTRATIONS[1]) + b"\n")
    line = type_("eval", "--model", f"replay:{played}", "--out", "other", code=2).stderr
    assert "recorded something else for forecast_weather, episode 0, trial 1" in line


def test_a_replay_takes_what_embeddings_chose(
    type_: Type, run: Path, replies: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def embed(_: ScriptedModel, texts: list[str]) -> list[list[float]]:
        return [[len(text) % 7, len(text) % 5, 1.0] for text in texts]

    with monkeypatch.context() as patched:
        patched.setattr(ScriptedModel, "embed", embed)
        words = ["--run", run, "--mode", "icl", "--retrieval", "embedding", "--limit", 1, "--model", replies(MIXED[:3])]
        type_("eval", *words, "--name", "wide")
        type_("eval", *words, "--ctx", too_small(run / "eval" / "wide"))
    played = run / "eval" / "icl"
    assert result_of(played)["left_out"]["queries"] > 0
    type_("eval", "--model", f"replay:{played}", "--out", "again")
    assert files_of(tmp_path / "again") == files_of(played)


def test_what_has_no_room_is_said(type_: Type, run: Path, replies: Callable[..., str]) -> None:
    words = ["--run", run, "--model", replies(), "--mode", "icl", "--limit", LIMIT]
    type_("eval", *words, "--name", "wide")
    shown = type_("eval", *words, "--ctx", too_small(run / "eval" / "wide")).stdout
    left = result_of(run / "eval" / "icl")["left_out"]
    assert left["demonstrations"] >= left["queries"] > 0
    assert (
        f"In {left['queries']} prompts {left['demonstrations']} demonstrations, the farthest ones, had no room" in shown
    )


def test_tools_that_were_not_offered_are_said(type_: Type, replies: Callable[..., str]) -> None:
    words = ["--model", replies(["x"] * 11), "--limit", 1, "--candidates", 2]
    assert "the right tool was not among the 2 candidates" in type_("eval", *words).stdout
    assert "the right tool was not among" not in type_("eval", *words, "--oracle").stdout


def test_demonstrations_of_other_tools_are_left_out(type_: Type, run: Path, replies: Callable[..., str]) -> None:
    words = ["--run", run, "--model", replies(["x"] * 2), "--mode", "icl", "--limit", 1, "--tools", "get_country"]
    assert "2 demonstrations of other tools are left out: forecast_weather" in type_("eval", *words).stderr
    assert result_of(run / "eval" / "icl")["demonstrations"] == 1


def test_the_terminal_is_safe_from_what_a_model_says(type_: Type, replies: Callable[..., str]) -> None:
    nasty = "\x1b]0;owned\x07\x1b[31mred\x1b[0m\x9b2J\u202e?"
    words = ["--model", replies([nasty] * 2), "--tools", "get_country", "--limit", 1]
    outputs = [type_("eval", *words).output, type_("eval", *words, "--json").output]
    for output in outputs:
        assert not set("\x1b\x07\x9b\u202e") & set(output)


def refused(type_: Type, *words: object) -> str:
    """The one line that says why; before it may stand what is loaded."""
    lines = type_("eval", *words, code=2).stderr.splitlines()
    assert len(lines) <= 2
    return one_line(f"{lines[-1]}\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--mode", "icl"], "--mode icl needs demonstrations: give --run RUN or --demonstrations FILE"),
        (["--mode", "icl", "--demonstrations", "no.jsonl"], "there are no demonstrations in no.jsonl"),
        (["--mode", "icl", "--demonstrations", "empty.jsonl"], "empty.jsonl is empty"),
        (["--mode", "icl", "--demonstrations", "."], "cannot read .: it is not a regular file"),
        (["--mode", "icl", "--demonstrations", "json.jsonl"], "json.jsonl, line 2 is not JSON"),
        (
            ["--mode", "icl", "--demonstrations", "shape.jsonl"],
            "shape.jsonl, line 3 does not hold a demonstration: tool cannot be 3",
        ),
        (["--mode", "icl", "--demonstrations", "other.jsonl"], "other tools only: add_date, list_tasks; choose these"),
        (["--demonstrations", "other.jsonl"], "--demonstrations goes with --mode icl"),
        (["--mode", "icl", "--retrieval", "embedding", "--demonstrations", "good.jsonl"], "has no embeddings"),
        (["--name", "a/b"], "--name 'a/b' cannot name a folder"),
        (["--name", ".."], "cannot name a folder"),
        (["--name", ""], "cannot name a folder"),
        (["--name", "a\x1b[2J"], "cannot name a folder"),
        (["--out", "x\ny"], "is not a name that can be printed"),
        (["--testset", "no.jsonl"], "no test set"),
        (["--testset", "json.jsonl"], "line 1"),
        (["--ctx", 300], "too small for the descriptions of 2 tools"),
        (["--ctx", 100], "--max-tokens 128 does not fit"),
        (["--constrain", "on"], "cannot be held to a grammar"),
        (["--constrain", "both"], "cannot be held to a grammar"),
        (["--prompts", "nowhere"], "no prompt folder nowhere"),
        (["--threads", "x"], "--threads 'x'"),
        (["--strict"], "--strict goes with --predictions"),
        (["--predictions", "p.json"], "--predictions asks no model: leave out --model"),
        (["--run", "nowhere"], "no run in nowhere"),
        (["--out", "full"], "full is not empty"),
    ],
)
def test_bad_input(type_: Type, tmp_path: Path, replies: Callable[..., str], words: list[object], message: str) -> None:
    good = orjson.dumps(DEMONSTRATIONS[0]) + b"\n"
    (tmp_path / "good.jsonl").write_bytes(good)
    (tmp_path / "empty.jsonl").write_bytes(b"\n")
    (tmp_path / "json.jsonl").write_bytes(good + b"{\n")
    (tmp_path / "shape.jsonl").write_bytes(good + b'\n{"tool": 3}\n')
    others = [demonstration("add_date", "x"), demonstration("list_tasks", "x")]
    (tmp_path / "other.jsonl").write_bytes(b"\n".join(map(orjson.dumps, others)))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    line = refused(type_, "--model", replies(), "--tools", ",".join(TOOLS), *words)
    assert message in line
    assert "\x1b" not in line
    assert not (tmp_path / "evals").exists()


def test_bad_input_with_a_run(type_: Type, run: Path, replies: Callable[..., str]) -> None:
    model = replies()
    words = ["--run", run, "--model", model, "--limit", LIMIT]
    assert "--out goes without --run" in refused(type_, *words, "--out", "x")
    type_("eval", *words)
    changed = refused(type_, *words, "--seed", 1)
    assert "was started differently: --seed was 0, not 1. Use" in changed
    assert changed.rstrip().endswith("or another --name")
    assert "the model changed" in refused(type_, *words[:2], "--model", replies(["x"], "other.json"), "--limit", LIMIT)
    assert "not an evaluation's manifest" in refused(type_, "--model", f"replay:{run}")
    (run / "demonstrations.jsonl").unlink()
    assert f"make them with: stesim distill {run}" in refused(type_, *words, "--mode", "icl")


def test_a_folder_that_somebody_changed(type_: Type, run: Path, replies: Callable[..., str]) -> None:
    words = ["--run", run, "--model", replies(), "--limit", LIMIT]
    type_("eval", *words)
    folder = run / "eval" / "baseline"
    lines = (folder / "answers.jsonl").read_bytes().splitlines(keepends=True)
    for changed, message in {
        b"".join(lines[1:]): "line 1 is out of place",
        b"".join([*lines, lines[-1]]): "line 10 is out of place",
        b"".join([*lines[:2], b"{}\n", *lines[3:]]): "line 3 does not hold an answer",
        b"".join([*lines[:2], b"{\n", *lines[3:]]): "line 3 is not JSON",
    }.items():
        (folder / "answers.jsonl").write_bytes(changed)
        assert message in refused(type_, *words)
    (folder / "answers.jsonl").write_bytes(b"".join(lines))
    manifest = json.loads((folder / "manifest.json").read_bytes())
    for part, value in {"settings": {**manifest["settings"], "shots": "8"}, "input": {}, "stage": "judge"}.items():
        (folder / "manifest.json").write_bytes(orjson.dumps({**manifest, part: value}))
        assert "is not an evaluation's manifest" in refused(type_, *words)


def test_a_run_in_another_place(type_: Type, run: Path, replies: Callable[..., str], tmp_path: Path) -> None:
    words = ["--model", replies(), "--mode", "icl", "--limit", LIMIT]
    first = type_("eval", "--run", run, *words).stdout
    shutil.move(run, tmp_path / "moved")
    again = type_("eval", "--run", tmp_path / "moved", "--name", "icl").stdout
    assert again.replace(f"{tmp_path}/moved", f"{tmp_path}/first") == first
