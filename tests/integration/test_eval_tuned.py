"""`stesim eval --mode ft`: how a fine-tuned model is asked, which adapter it gets, going on, and what is refused."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from stesim.models import ScriptedModel
from stesim.store import StageFolder
from tests.integration.conftest import Type
from tests.integration.test_eval_again import cut
from tests.integration.test_eval_model import LIMIT, MIXED, RIGHT, TOOLS, files_of, refused, replies, result_of, run

__all__ = ["replies", "run"]  # fixtures


@pytest.fixture
def trained(run: Path) -> Path:
    """The study with an adapter of its own."""
    (run / "finetune").mkdir()
    (run / "finetune/adapter.gguf").touch()
    return run


class Loaded:
    """Stands in for the loading of models, and keeps what was to be loaded."""

    def __init__(self, texts: list[str]) -> None:
        self.texts = texts
        self.asked: list[tuple[str, str | None]] = []

    def __call__(self, spec: str, *, lora: str | None = None, **_: Any) -> ScriptedModel:
        self.asked.append((spec, lora))
        model = ScriptedModel(self.texts, name="smollm2")
        if lora:
            model.fingerprint += Path(lora).name
            path, _, scale = lora.partition(":")
            told = {"spec": str(Path(path).resolve()), "scale": float(scale or 1), "fingerprint": "a", "base": "b"}
            model.describe = lambda: {"lora": told}  # type: ignore[method-assign]
        return model


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> Loaded:
    found = Loaded(MIXED)
    monkeypatch.setattr("stesim.cli.build.open_model", found)
    return found


def test_asked_as_it_was_trained(type_: Type, run: Path, replies: Callable[..., str]) -> None:
    shown = type_("eval", "--run", run, "--model", replies(), "--mode", "ft", "--limit", LIMIT)
    folder = run / "eval" / "ft"
    names = ("name", "mode", "describe", "queries", "shots", "demonstrations", "candidates", "not_offered")
    assert {name: result_of(folder)[name] for name in names} == {
        "name": "ft", "mode": "ft", "describe": False, "queries": 6, "shots": 0, "demonstrations": 0, "candidates": 2,
        "not_offered": 0,
    }  # fmt: skip
    assert result_of(folder)["failures"] == {"no_call": 1, "wrong_tool": 1, "called_anyway": 1}
    assert "ft, tools not described, no demonstrations, not constrained; test set bundled: 6 queries" in shown.stdout
    asked = [request for request, _ in StageFolder.read(folder).completions()]
    assert len(asked) == 9
    assert {tuple(message.role for message in request.messages) for request in asked} == {("system", "user")}
    assert "API name" not in "".join(message.content for request in asked for message in request.messages)
    assert asked[0].messages[0].content.startswith("You are a helpful assistant. You are in tool mode now.")
    assert "adapter" not in shown.stdout


def test_with_descriptions_and_demonstrations_on_top(type_: Type, run: Path, replies: Callable[..., str]) -> None:
    words = ["--run", run, "--model", replies(), "--limit", LIMIT]
    type_("eval", *words)
    type_("eval", *words, "--mode", "icl", "--shots", 2)
    shown = type_("eval", *words, "--mode", "ft", "--describe", "--name", "told").stdout
    assert "ft, tools described, no demonstrations" in shown
    type_("eval", *words, "--mode", "ft", "--describe", "--shots", 2, "--name", "both")
    shown = type_("eval", *words, "--mode", "ft", "--shots", 2, "--name", "few").stdout
    assert "ft, tools not described, 2 of 3 demonstrations by words" in shown

    def asked(name: str) -> list[Any]:
        return [request.messages for request, _ in StageFolder.read(run / "eval" / name).completions()]

    assert asked("told") == asked("baseline")
    assert asked("both") == asked("icl")
    assert [message.content for message in asked("few")[0][2::2]] == [
        message.content for message in asked("icl")[0][2::2]
    ]
    assert {len(messages) for messages in asked("few")} == {6}


@pytest.mark.parametrize("more", [[], ["--describe", "--shots", 2]])
def test_gone_on_with_played_again_and_printed(
    type_: Type, run: Path, replies: Callable[..., str], tmp_path: Path, more: list[Any]
) -> None:
    first = type_("eval", "--run", run, "--model", replies(), "--mode", "ft", "--limit", LIMIT, *more)
    folder = run / "eval" / "ft"
    files, metrics = files_of(folder), result_of(folder)["metrics"]
    cut(folder)
    assert "going on with" in type_("eval", "--run", run, "--name", "ft").stderr
    assert (files_of(folder), result_of(folder)["metrics"]) == (files, metrics)
    again = type_("eval", "--run", run, "--name", "ft")
    assert again.stdout.splitlines()[:20] == first.stdout.splitlines()[:20]
    assert "loading" not in again.stderr
    type_("eval", "--model", f"replay:{folder}", "--out", "again")
    assert files_of(tmp_path / "again") == files


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--describe"], "--describe was off, not on"),
        (["--shots", 3], "--shots was 0, not 3"),
        (["--tools", "get_country"], "--tools was forecast_weather,get_country, not get_country. Use"),
        (["--mode", "icl"], "--mode was ft, not icl; --shots was 0, not 8"),
    ],
)
def test_what_differs_is_told_by_its_option(
    type_: Type, run: Path, replies: Callable[..., str], words: list[Any], said: str
) -> None:
    type_("eval", "--run", run, "--model", replies(), "--mode", "ft", "--limit", LIMIT)
    assert f"{run}/eval/ft was started differently: {said}" in refused(type_, "--run", run, "--name", "ft", *words)
    assert not refused(type_, "--run", run, "--name", "ft", *words).startswith("loading")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--candidates", 3], "--candidates goes with --describe"),
        (["--oracle"], "--oracle goes with --describe"),
        (["--demonstrations", "x.jsonl"], "--demonstrations goes with --shots"),
        (["--mode", "icl", "--describe"], "--describe goes with --mode ft"),
        (["--mode", "baseline", "--no-describe"], "--describe goes with --mode ft"),
        (["--ctx", 150], "too small for the query"),
        (["--prompts", "nowhere"], "no prompt folder nowhere"),
    ],
)
def test_what_does_not_go_together(
    type_: Type, run: Path, replies: Callable[..., str], words: list[Any], said: str
) -> None:
    assert said in refused(type_, "--run", run, "--model", replies(), "--mode", "ft", *words)
    assert not (run / "eval" / "ft").exists()


def test_shots_need_demonstrations(type_: Type, replies: Callable[..., str]) -> None:
    line = refused(type_, "--model", replies(), "--mode", "ft", "--shots", 2)
    assert "--shots needs demonstrations: give --run RUN or --demonstrations FILE" in line


def test_prompts_of_ones_own(type_: Type, run: Path, replies: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/tool_mode.txt").write_text("Please: {query}\n")
    words = ["--run", run, "--model", replies(), "--mode", "ft", "--limit", LIMIT]
    type_("eval", *words, "--prompts", "mine")
    (request, _), *_ = StageFolder.read(run / "eval/ft").completions()
    assert request.messages[1].content.startswith("Please: ")
    (tmp_path / "mine/tool_mode.txt").write_text("Now: {query}\n")
    assert "the prompts changed (--prompts)" in refused(type_, "--run", run, "--name", "ft")


# -- the adapter -----------------------------------------------------------------------------------------------------


def test_the_adapter_of_the_run_is_the_default(type_: Type, trained: Path, loaded: Loaded) -> None:
    shown = type_("eval", "--run", trained, "--model", "smollm2", "--mode", "ft", "--limit", LIMIT)
    assert loaded.asked == [("smollm2", str(trained / "finetune/adapter.gguf"))]
    assert f"loading smollm2 with {trained}/finetune/adapter.gguf" in shown.stderr
    assert "smollm2: ft, adapter adapter.gguf, tools not described" in shown.stdout
    assert result_of(trained / "eval/ft")["lora"]["fingerprint"] == "a"
    manifest = json.loads((trained / "eval/ft/manifest.json").read_bytes())
    assert manifest["model"]["lora"]["spec"] == str(trained / "finetune/adapter.gguf")
    type_("eval", "--run", trained, "--model", "smollm2", "--limit", LIMIT)
    assert loaded.asked[1:] == [("smollm2", None)]
    assert "lora" not in result_of(trained / "eval/baseline")


def test_an_adapter_that_was_named_is_the_one_to_go_on_with(
    type_: Type, trained: Path, loaded: Loaded, tmp_path: Path
) -> None:
    words = ["eval", "--run", trained, "--mode", "ft", "--name", "mine"]
    type_(*words, "--model", "smollm2", "--limit", LIMIT, "--lora", "mine.gguf:0.5")
    assert loaded.asked.pop() == ("smollm2", "mine.gguf:0.5")
    cut(trained / "eval/mine")
    assert "going on with" in type_(*words).stderr
    assert loaded.asked.pop() == ("smollm2", f"{tmp_path}/mine.gguf:0.5")
    for same in ([], ["--lora", "mine.gguf:0.5"], ["--model", "smollm2"]):
        assert "adapter mine.gguf at 0.5" in type_(*words, *same).stdout
    assert loaded.asked == []
    for other in ("mine.gguf", "none"):
        assert "the model changed" in refused(type_, *words[1:], "--lora", other)


def test_a_model_that_is_trained_itself(type_: Type, trained: Path, loaded: Loaded) -> None:
    type_("eval", "--run", trained, "--model", "merged.gguf", "--mode", "ft", "--lora", "none", "--limit", LIMIT)
    assert loaded.asked == [("merged.gguf", None)]


def test_without_an_adapter_it_says_how_to_make_one(type_: Type, run: Path, loaded: Loaded) -> None:
    words = ["--run", run, "--model", "smollm2", "--mode", "ft"]
    assert refused(type_, *words).startswith(f"stesim: --mode ft needs an adapter, and {run} has no adapter yet")
    assert "no --run to take it from" in refused(type_, "--mode", "ft")
    assert loaded.asked == []


def test_a_run_that_was_moved_takes_its_adapter_with_it(
    type_: Type, trained: Path, loaded: Loaded, tmp_path: Path
) -> None:
    type_("eval", "--run", trained, "--model", "smollm2", "--mode", "ft", "--limit", LIMIT)
    cut(trained / "eval/ft")
    shutil.move(trained, tmp_path / "moved")
    type_("eval", "--run", tmp_path / "moved", "--name", "ft", code=None)
    assert loaded.asked[-1] == ("smollm2", f"{tmp_path}/moved/finetune/adapter.gguf")


def test_a_model_that_was_moved_keeps_its_adapter(type_: Type, trained: Path, loaded: Loaded) -> None:
    type_("eval", "--run", trained, "--model", "smollm2", "--mode", "ft", "--limit", LIMIT, "--lora", "mine.gguf:0.5")
    cut(trained / "eval/ft")
    type_("eval", "--run", trained, "--name", "ft", "--model", "moved.gguf")
    assert loaded.asked[-1] == ("moved.gguf", f"{Path.cwd()}/mine.gguf:0.5")


@pytest.mark.parametrize(
    ("summary", "said"),
    [
        ({"settings": {"tools": ["get_country"]}}, "note: the adapter was not trained on forecast_weather\n"),
        ({"settings": {"tools": ["get_country", "forecast_weather", "add_date"]}}, ""),
        ({}, ""),
        ([], ""),
    ],
)
def test_tools_that_it_was_not_trained_on(summary: Any, said: str, type_: Type, trained: Path, loaded: Loaded) -> None:
    (trained / "finetune/adapter").mkdir()
    (trained / "finetune/adapter/finetune.json").write_bytes(orjson.dumps(summary))
    words = ["eval", "--run", trained, "--model", "smollm2", "--limit", LIMIT, "--mode", "ft"]
    shown = type_(*words).stderr
    assert shown.count("not trained on") == bool(said)
    assert said in shown
    assert "not trained on" not in type_(*words, "--lora", "mine.gguf", "--name", "other").stderr
    assert loaded.asked


@pytest.mark.parametrize(("changed", "recorded"), [(False, True), (True, True), (True, False)])
def test_demonstrations_that_have_changed_since_the_training(
    changed: bool, recorded: bool, type_: Type, trained: Path, loaded: Loaded
) -> None:
    """As far as the training says what it was made of: older ones, and those of another file, do not."""
    shown = trained / "demonstrations.jsonl"
    told = {"data": {"shown": hashlib.sha256(shown.read_bytes()).hexdigest() if recorded else ""}}
    (trained / "finetune/adapter").mkdir()
    (trained / "finetune/adapter/finetune.json").write_bytes(orjson.dumps(told))
    shown.write_bytes(b"".join(shown.read_bytes().splitlines(keepends=True)[: -1 if changed else None]))
    words = ["eval", "--run", trained, "--model", "smollm2", "--limit", LIMIT, "--mode", "ft"]
    note = (
        "note: the demonstrations have changed since the adapter was trained; train it anew: stesim finetune "
        f"{trained} --again\n"
    )
    assert [note in type_(*words).stderr for _ in range(2)] == [changed and recorded] * 2  # asked, printed again
    assert (note in type_("report", trained).stderr) == (changed and recorded)
    assert "train it anew" not in type_(*words, "--lora", "mine.gguf", "--name", "other").stderr


@pytest.mark.parametrize(("fingerprint", "noted"), [("a", False), ("c", True), (None, False)])
def test_what_a_former_adapter_answered_is_said_to_be_so(
    fingerprint: Any, noted: bool, type_: Type, trained: Path, loaded: Loaded
) -> None:
    first = type_("eval", "--run", trained, "--model", "smollm2", "--mode", "ft", "--limit", LIMIT)
    (trained / "finetune/adapter").mkdir()
    (trained / "finetune/adapter/finetune.json").write_bytes(orjson.dumps({"fingerprint": fingerprint}))
    again = type_("eval", "--run", trained, "--mode", "ft")
    assert again.stdout == first.stdout
    note = "note: the adapter was made anew since; another --name begins with the one that there is now\n"
    assert (note in again.stderr) == noted


def test_both_decodings_with_the_same_adapter(
    type_: Type, trained: Path, loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ScriptedModel, "constrains", True)
    loaded.texts = [*MIXED, *MIXED]
    words = ["eval", "--run", trained, "--model", "smollm2", "--mode", "ft", "--limit", LIMIT, "--constrain", "both"]
    shown = type_(*words, "--lora", "mine.gguf").stdout
    assert shown.count("adapter mine.gguf") == 2
    assert loaded.asked == [("smollm2", "mine.gguf")]
    assert "loading" not in type_(*words).stderr


def test_evaluations_from_before_there_was_a_choice_still_go_on(
    type_: Type, run: Path, replies: Callable[..., str]
) -> None:
    """Their manifests say nothing of descriptions, and neither do those of the same modes now."""
    type_("eval", "--run", run, "--model", replies(RIGHT), "--mode", "icl", "--limit", LIMIT)
    manifest = json.loads((run / "eval/icl/manifest.json").read_bytes())
    assert "describe" not in manifest["settings"]
    cut(run / "eval/icl")
    assert "going on with" in type_("eval", "--run", run, "--name", "icl").stderr
    for mode, settings in (("icl", {"describe": True}), ("ft", {})):
        changed = manifest | {"settings": {**manifest["settings"], "mode": mode, **settings}}
        (run / "eval/icl/manifest.json").write_bytes(orjson.dumps(changed))
        assert "look at describe" in refused(type_, "--run", run, "--name", "icl")


def test_the_tools_that_are_asked_about_are_those_of_the_run(
    type_: Type, run: Path, replies: Callable[..., str]
) -> None:
    type_("eval", "--run", run, "--model", replies(), "--mode", "ft", "--limit", LIMIT)
    answers = [json.loads(line) for line in (run / "eval/ft/answers.jsonl").read_bytes().splitlines()]
    assert {tuple(answer["candidates"]) for answer in answers} == {tuple(TOOLS)}
