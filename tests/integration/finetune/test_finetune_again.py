"""`stesim finetune` once more: what has changed since a training was begun, and which commands come next."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from stesim.demonstrations import to_lines
from stesim.finetune.merge import text_field
from stesim.finetune.training import Training
from stesim.models.lora import DATA
from stesim.prompts import STAGES, default_folder
from stesim.records import Demonstration
from tests.integration.conftest import Type, answer, call
from tests.integration.finetune.study import QUICK, SHOWN, Tune, conversation, following, refused

SUMMARY = Path("finetune/adapter/finetune.json")
PROMPTS = "note: the prompts have changed since; --again trains anew\n"
ROWS = "note: the demonstrations, or what else is trained on, have changed since{}; --again trains anew\n"


@pytest.fixture
def prompts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The prompts that come with stesim, where they can be changed."""
    folder = tmp_path / "prompts"
    shutil.copytree(default_folder(), folder)
    monkeypatch.setattr("stesim.prompts.default_folder", lambda: folder)
    return folder


@pytest.mark.parametrize("changed", ["drill_before", "tool_mode_system"])
def test_a_finished_training_is_printed_whatever_its_prompts_are_now(
    tune: Tune, done: Path, prompts: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    """Also of those that no row of it was made with."""
    before = tune()
    assert "note:" not in before.stderr
    (prompts / f"{changed}.txt").write_text("Other words.")
    monkeypatch.setattr(Training, "__init__", lambda *_, **__: pytest.fail("it is trained once more"))
    after = tune()
    assert (after.stdout, after.stderr) == (before.stdout, PROMPTS)
    refused(tune("--rank", 8, code=2), "--rank was 4, not 8. Leave these out to go on with it, choose another --out")


def test_what_is_made_anew_of_it_tells_of_what_was_learned(tune: Tune, done: Path, prompts: Path) -> None:
    told = json.loads((done / SUMMARY).read_text())
    (prompts / "tool_mode.txt").write_text("Well: {query}")
    (done / "finetune/adapter.gguf").unlink()
    again = tune("--json", "--merge", "merged.gguf")
    assert json.loads(again.stdout)["fingerprint"] == told["fingerprint"]
    for path in (done / "finetune/adapter.gguf", Path("merged.gguf")):
        assert text_field(path, DATA) == told["data"]["fingerprint"]


def test_a_finished_training_is_printed_whatever_the_demonstrations_are_now(tune: Tune, done: Path) -> None:
    before, file = tune().stdout, done / "demonstrations.jsonl"
    file.write_bytes(to_lines(SHOWN[:4]))
    after = tune()
    assert (after.stdout, after.stderr) == (before, ROWS.format(""))
    file.unlink()
    after = tune()
    why = f": there are no demonstrations in {file}; make them with: stesim distill {done}"
    assert (after.stdout, after.stderr) == (before, ROWS.format(why))
    refused(tune("--demonstrations", file, code=2), "there are no demonstrations in")


@pytest.mark.parametrize("over", [True, False])
def test_other_files_that_are_typed_can_be_left_out(tune: Tune, done: Path, tmp_path: Path, over: bool) -> None:
    if not over:
        (done / SUMMARY).unlink()
    own, chat, some = tmp_path / "own", tmp_path / "chat.jsonl", tmp_path / "some.jsonl"
    own.mkdir()
    (own / "tool_mode.txt").write_text("Well: {query}")
    chat.write_text(conversation(("user", "Hi!"), ("assistant", "Hello.")))
    some.write_bytes(to_lines(SHOWN[:4]))
    for words, said in (
        (["--prompts", own], f"--prompts was default, not {own}"),
        (["--chat", chat], f"--chat was nothing, not {chat}"),
        (["--demonstrations", some], f"--demonstrations was the run's, not {some}"),
    ):
        refused(tune(*words, code=2), f"begun differently: {said}. Leave these out to go on with it, choose another")
    (done / "copy.jsonl").write_bytes((done / "demonstrations.jsonl").read_bytes())
    if over:
        assert "note:" not in tune("--demonstrations", done / "copy.jsonl").stderr


def test_what_has_changed_by_itself_cannot_be_left_out(tune: Tune, done: Path, prompts: Path) -> None:
    (done / SUMMARY).unlink()
    remedy = "Choose another --out, or add --again, which sets aside what is there and begins anew"
    (prompts / "drill_after.txt").write_text("Other words.")
    refused(tune(code=2), f"adapter was begun differently: the prompts changed. {remedy}")
    (done / "demonstrations.jsonl").write_bytes(to_lines(SHOWN[:4]))
    refused(tune(code=2), f"the prompts changed; the demonstrations, or what else is trained on, changed. {remedy}")


def test_a_model_that_is_another_file_now(tune: Tune, type_: Type, done: Path) -> None:
    """No adapter fits another model, finished or not."""
    path = done / "finetune/adapter/manifest.json"
    manifest = json.loads(path.read_text())
    manifest["model"]["fingerprint"] = "0" * 64
    path.write_text(json.dumps(manifest))
    said = "begun differently: the model was tiny, another file than this one. Choose another --out, or add --again"
    refused(type_("finetune", done, code=2), said)
    refused(tune(code=2), said)


def test_the_next_evaluation_has_a_name_that_is_free(tune: Tune, done: Path) -> None:
    (done / "eval/ft").mkdir(parents=True)
    assert following(tune().stdout)[0][-2:] == ["--name", "ft-2"]
    (done / "eval/ft-2").mkdir()
    (done / "eval/ft-merged").mkdir()
    of_adapter, of_merged = following(tune("--merge", "merged.gguf").stdout)
    assert of_adapter[-2:] == ["--name", "ft-3"]
    assert of_merged[-2:] == ["--name", "ft-merged-2"]


def test_one_of_anything(tune: Tune, done: Path) -> None:
    told = json.loads((done / SUMMARY).read_text())
    told["data"] |= {"rows": 2, "calls": 1, "drills": 1, "chat": 2, "demonstrations": 1, "held_out": 1, "cut": 1}
    told |= {"steps": 1, "tokens": 1, "verified": {**told["verified"], "rows": 1, "positions": 1}}
    (done / SUMMARY).write_text(json.dumps(told))
    shown = tune().stdout
    assert "tiny was given 2 rows (1 call, 1 drill, 2 chats) of 1 demonstration: 1 row learned, 1 held out.\n" in shown
    assert "\nIn 1 row the result of the call was cut" in shown
    assert ", fp32: 1 step, 1 token in " in shown
    assert "over 1 token of 1 row: KL" in shown
    told["data"] |= {"held_out": 0}
    (done / SUMMARY).write_text(json.dumps(told))
    assert ": 2 rows learned, none held out.\n" in tune().stdout
    for name in ("rows", "fingerprint"):
        (done / SUMMARY).write_text(json.dumps({**told, "data": {**told["data"], name: None}}))
        refused(tune(code=2), f"is not the summary of a fine-tuning: look at data.{name}, or add --again")


CODE = """
import mocktools


@mocktools.tool
def count_words(text: str) -> int:
    \"\"\"Count the words of a text.\"\"\"
    return len(text.split())


@mocktools.tool
def shout(text: str) -> str:
    \"\"\"Say a text loudly.\"\"\"
    return text.upper()
"""


def test_the_next_command_for_tools_in_a_python_file_is_taken(type_: Type, tiny: Path, tmp_path: Path) -> None:
    """It names the file, the tools and the prompts, and that test queries are needed, since none are bundled."""
    Path("own").mkdir()
    Path("own/tool_mode.txt").write_text("Well: {query}")
    Path("mine.py").write_text(CODE)
    told = ["How many words has 'to be'?", call("count_words", {"text": "to be"}), answer("Two."), "Yes"]
    Path("script.json").write_text(json.dumps(told))
    small = ["--episodes", 1, "--trials", 1, "--max-calls", 2, "--out", "words"]
    type_("run", "--model", "scripted:script.json", "--toolset", "mine.py", "--tools", "count_words", *small)
    shown = [Demonstration("count_words", f"Words in {text}?", {"text": text}, "1", "One.", 1, n)
             for n, text in enumerate(("to", "be", "or"), 1)]  # fmt: skip
    Path("words/demonstrations.jsonl").write_bytes(to_lines(shown))
    done = type_("finetune", "words", "--model", tiny, "--toolset", "mine.py", "--prompts", "own", *QUICK)
    (words,) = following(done.stdout)
    assert words == [
        "eval", "--run", "words", "--mode", "ft", "--model", str(tiny), "--toolset", "mine.py", "--tools", "count_words",
        "--prompts", str(tmp_path / "own"), "--testset", "FILE",
    ]  # fmt: skip
    case = {"id": "1", "query": "Words in not?", "calls": [{"tool": "count_words", "arguments": {"text": "not"}}]}
    Path("FILE").write_text(json.dumps(case))
    type_(*words, "--no-unanswerable", "--max-tokens", 8, "--threads", 1)
    manifest = json.loads(Path("words/eval/ft/manifest.json").read_text())
    assert manifest["settings"]["tools"] == ["count_words"]
    trained = json.loads(Path("words/finetune/adapter/manifest.json").read_text())
    assert manifest["prompts"] == trained["prompts"]


def test_the_help_names_all_prompts_that_are_read(type_: Type) -> None:
    shown = type_("finetune", "--help").stdout
    assert [name for name in STAGES["tool_mode"] if f" {name}.txt" not in shown] == []
