"""`stesim finetune` through the real command line, on a model of a few kilobytes: it trains in a second."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest

from stesim.demonstrations import to_lines
from stesim.finetune import heavy
from stesim.finetune.training import Training
from stesim.models.llamacpp import LlamaCppModel, fingerprint
from stesim.models.lora import read_adapter
from stesim.records import Demonstration
from tests.integration.conftest import Type
from tests.integration.finetune.study import QUESTION, WHOLE, Tune, conversation, following, left, refused
from tests.tiny import make_tiny


def test_a_training_from_its_beginning_to_its_adapter(
    tune: Tune, run: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = json.loads(tune("--json").stdout)
    assert left(run) == WHOLE
    path = run / "finetune" / "adapter.gguf"
    assert told["adapter"] == str(path)
    assert told["fingerprint"] == fingerprint(path)
    assert told["base"] == {"name": "tiny", "fingerprint": fingerprint(tiny)}
    counts = {name: told["data"][name] for name in ("demonstrations", "rows", "calls", "answers", "drills", "held_out")}
    assert counts == {"demonstrations": 8, "rows": 8, "calls": 8, "answers": 0, "drills": 0, "held_out": 2}
    assert told["data"]["shown"] == hashlib.sha256((run / "demonstrations.jsonl").read_bytes()).hexdigest()
    assert (told["steps"], told["epochs"], told["stopped_early"]) == (6, 2, False)
    assert told["loss"]["held_out_best"] < told["curve"][0]["loss"]
    assert told["curve"][1]["loss"] < told["curve"][0]["loss"] - 0.5
    assert 0 <= told["verified"]["kl"] <= told["verified"]["bound"] < told["verified"]["kl_to_base"]
    assert told["settings"]["alpha"] == 8
    adapter = read_adapter(str(path), tiny, fingerprint(tiny))
    assert (adapter.base, adapter.data) == (fingerprint(tiny), told["data"]["fingerprint"])
    monkeypatch.setattr(Training, "__init__", lambda *_, **__: pytest.fail("it is trained once more"))
    assert json.loads(tune("--json").stdout) == told
    text = tune("--rank", "4").stdout
    assert "\ntiny was given 8 rows (8 calls) of 8 demonstrations: 6 rows learned, 2 held out.\n" in text
    number = r"\d(\.\d)?e-\d\d"
    assert re.search(
        rf": KL divergence to the trained network {number} a token on average \(may be {number}\), {number} at the worst "
        r"token; to the model without the adapter [\d.]+\.\n",
        text,
    )
    assert f"adapter: {path}\n" in text
    assert f"stesim eval --run {run} --mode ft --model {tiny} " in text
    assert following(text) == [["eval", "--run", str(run), "--mode", "ft", "--model", str(tiny)]]
    path.unlink()
    monkeypatch.setattr("stesim.cli.tuning.__version__", "9.9")
    assert (
        json.loads(tune("--json").stdout) == told
    )  # the adapter is made anew from its weights, by a later version too
    assert fingerprint(path) == told["fingerprint"]


def test_packages_that_are_missing(tune: Tune, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heavy, "PACKAGES", ("torch", "no_such_package"))
    line = refused(tune(code=2))
    assert line == (
        "stesim: fine-tuning needs the package no_such_package; install it with: pip install 'stesim[finetune]'"
    )
    assert not (run / "finetune").exists()


def test_rows_of_every_kind(tune: Tune, run: Path, type_: Type, tmp_path: Path) -> None:
    chat = tmp_path / "chat.jsonl"
    chat.write_text(conversation(("user", "Hi!"), ("assistant", "Hello.")) + "\n\n")
    words = ["--no-call", 0.5, "--drills", 2, "--chat", chat, "--tools", "get_country", "--epochs", 1]
    words += ["--toolset", "starter"]
    result = tune(*words)
    assert "note: 6 demonstrations of other tools are left out: forecast_weather" in result.stderr
    assert "given 6 rows (2 calls, 1 without a call, 2 drills, 1 chat) of 2 demonstrations" in result.stdout
    assert following(result.stdout)[0][-4:] == ["--toolset", "starter", "--tools", "get_country"]
    again = type_("finetune", run)  # the chat, the drills and the toolset need not be typed again
    assert again.stdout == result.stdout
    refused(
        type_("finetune", run, "--tools", "forecast_weather", code=2), "--tools was get_country, not forecast_weather"
    )


def test_a_tool_whose_calls_cannot_be_made_up_has_fewer_drills(tune: Tune) -> None:
    words = ["--toolset", "extended", "--tools", "checkout,get_country", "--drills", 3, "--epochs", 1]
    done = tune(*words)
    assert (
        "note: no more drills could be made up that the schema allows and that ask something new: checkout (0 of 3)\n"
        in done.stderr
    )
    assert "(2 calls, 3 drills)" in done.stdout
    other = tune(*words, "--drill-tools", "get_country,get_country", "--out", "other.gguf")
    assert "drills of" not in other.stderr
    assert "(2 calls, 3 drills)" in other.stdout


def test_answers_that_no_judge_has_seen_are_noted(tune: Tune, run: Path, type_: Type, tiny: Path) -> None:
    (run / "distill.json").write_text(json.dumps({"judge": None}))
    assert "without a judge" not in tune().stderr
    words = ["--epochs", 1, "--threads", 1, "--drills", 0, "--out", "other.gguf"]
    result = type_("finetune", run, "--model", tiny, *words)
    assert "without a judge" in result.stderr
    assert "16 rows (8 calls, 8 answers)" in result.stdout
    assert "--lora other.gguf" in result.stdout
    assert "without a judge" not in type_("finetune", run, "--out", "other.gguf").stderr


def test_long_results_are_cut_and_long_queries_refused(run: Path, type_: Type, tiny: Path) -> None:
    long = [Demonstration("get_country", "Where?", {"name": "Japan"}, "x" * 3000, "Asia.", 1, n) for n in (1, 2)]
    (run / "demonstrations.jsonl").write_bytes(to_lines(long))
    words = ["finetune", run, "--model", tiny, "--epochs", 1, "--threads", 1, "--drills", 0, "--tools", "get_country"]
    told = type_(*words, "--max-length", 400).stdout
    assert following(told)[0][-2:] == ["--tools", "get_country"]
    assert "In 2 rows the result of the call was cut to --max-length 400." in told
    line = refused(type_(*words, "--max-length", 60, "--out", "short.gguf", code=2), "more than --max-length 60")
    assert "get_country" in line
    refused(type_(*words, "--max-length", 4000, "--out", "short.gguf", code=2), "more than the 2048 tokens")
    assert not Path("short").exists()
    assert not Path("short.gguf").exists()


def test_going_on_from_an_adapter(tune: Tune, run: Path, tiny: Path, tmp_path: Path) -> None:
    tune("--out", "~/one.gguf")  # as it is typed, where no shell has changed it
    Path("~").rename("home")
    tune("--out", "one.gguf")
    told = json.loads(tune("--start", "one.gguf", "--out", "two.gguf", "--json").stdout)
    before = json.loads(Path("one/finetune.json").read_text())
    assert told["curve"][0]["loss"] < before["curve"][0]["loss"]
    assert json.loads(tune("--out", "two.gguf", "--json").stdout) == told
    refused(tune("--start", "one.gguf", "--out", "three.gguf", "--rank", 8, code=2), "has --rank 4 and --alpha 8")
    other = make_tiny(tmp_path / "other.gguf", seed=1)
    line = refused(tune("--start", "one.gguf", "--out", "three.gguf", "--model", other, code=2))
    assert "the adapter one.gguf belongs to another model (tiny)" in line
    refused(tune("--start", "none.gguf", "--out", "three.gguf", code=2), "no finished training in none")
    for path in (".", "/", "one"):
        refused(tune("--start", path, "--out", "three.gguf", code=2), f"--start {path} is no adapter")
    assert not Path("three").exists()


def test_a_finished_training_outlives_the_adapter_that_it_went_on_from(tune: Tune, run: Path) -> None:
    tune("--out", "one.gguf")
    told = json.loads(tune("--start", "one.gguf", "--out", "two.gguf", "--json").stdout)
    shutil.rmtree("one")
    after = tune("--out", "two.gguf", "--json")
    assert json.loads(after.stdout) == told
    assert "have changed since: --start " in after.stderr
    assert "there is no finished training in " in after.stderr
    tune("--out", "two.gguf", "--merge", "whole.gguf")
    refused(tune("--out", "two.gguf", "--start", "one.gguf", code=2), "there is no finished training in one")
    refused(tune("--out", "two.gguf", "--again", "--start", "one.gguf", code=2), "there is no finished training in one")
    shown = run / "demonstrations.jsonl"
    refused(tune("--out", "two.gguf", "--demonstrations", shown, code=2), "there is no finished training in ")
    Path("two/finetune.json").unlink()  # not finished: what it began with is needed to go on
    refused(tune("--out", "two.gguf", code=2), "there is no finished training in ")


def test_a_merged_model_answers_as_the_adapter_does(tune: Tune, run: Path, tiny: Path) -> None:
    stronger = ("--epochs", 8, "--learning-rate", 0.02)
    told = json.loads(tune(*stronger, "--merge", "merged.gguf", "--json").stdout)
    assert told["merged"] == {"path": "merged.gguf", "fingerprint": fingerprint(Path("merged.gguf"))}
    before = Path("merged.gguf").stat().st_mtime_ns
    of_adapter, of_merged = following(tune(*stronger, "--merge", "merged.gguf").stdout)
    assert of_adapter == ["eval", "--run", str(run), "--mode", "ft", "--model", str(tiny)]
    assert of_merged == [*of_adapter[:5], "--model", "merged.gguf", "--lora", "none", "--name", "ft-merged"]
    assert Path("merged.gguf").stat().st_mtime_ns == before
    found = {}
    for name, path, lora in (
        ("adapter", tiny, told["adapter"]), ("merged", Path("merged.gguf"), None), ("plain", tiny, None),
    ):  # fmt: skip
        model = LlamaCppModel(path, thread_count=1, lora=lora)
        prompt, reply = model.tokens(QUESTION), model.reply_tokens('Action: forecast_weather\nAction Input: {"city"')
        found[name] = model.logits(prompt, reply)
        model.close()
    near, far = (abs(found[name] - found["adapter"]).mean() for name in ("merged", "plain"))
    assert near < 0.1 * far
    refused(tune(*stronger, "--merge", tiny, code=2), "would overwrite what it is made of")
    Path("mine.gguf").write_bytes(b"mine")
    refused(tune(*stronger, "--merge", "mine.gguf", code=2), "is there already, and is no merged model")
    refused(tune(*stronger, "--merge", "none/merged.gguf", code=2), "there is no folder none")
    refused(tune(*stronger, "--merge", "merged.bin", code=2), "must end in .gguf")
    assert Path("mine.gguf").read_bytes() == b"mine"


def test_what_cannot_be_trained(tune: Tune, run: Path, type_: Type, tiny: Path, tmp_path: Path) -> None:
    refused(type_("finetune", run, code=2), "replies that were written before cannot be trained", "--model")
    refused(type_("finetune", run, "--model", "none.gguf", code=2), "no model file none.gguf")
    refused(type_("finetune", tmp_path, code=2), "no run in")
    foreign = make_tiny(tmp_path / "gpt2.gguf", architecture="gpt2", context=1024)
    refused(tune("--model", foreign, code=2), "architecture 'gpt2'", "llama, qwen2")
    silent = make_tiny(tmp_path / "silent.gguf", template=None)
    refused(tune("--model", silent, code=2), "no chat template")
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(tiny.read_bytes()[:5000])
    refused(tune("--model", cut, code=2), "cut")
    for name in ("adapter.bin", ".gguf", "..gguf", "...gguf"):
        refused(tune("--out", name, code=2), "must end in .gguf")
    Path("there.gguf").write_bytes(b"there")
    refused(tune("--out", "there.gguf", code=2), "there.gguf is there already")
    Path("full").mkdir()
    Path("full/file").touch()
    refused(tune("--out", "full.gguf", code=2), "full is not empty")
    refused(tune("--demonstrations", "none.jsonl", code=2), "there are no demonstrations in none.jsonl")
    (run / "demonstrations.jsonl").write_bytes(b"")
    refused(tune(code=2), "is empty")
    (run / "demonstrations.jsonl").unlink()
    refused(tune(code=2), "make them with: stesim distill")
    assert not (run / "finetune").exists()
    assert Path("there.gguf").read_bytes() == b"there"


@pytest.mark.parametrize(("text", "said"), [
    ("", "is empty"),
    ("{", "line 1 is not JSON"),
    ('{"messages": []}', "must take turns"),
    ('{"messages": [{"role": "user"}]}', "line 1 is not {"),
    (conversation(("user", "Hi!")), "must take turns"),
    (conversation(("user", "Hi!"), ("assistant", "Yes?"), ("system", "x"), ("user", "a"), ("assistant", "b")), "take turns"),
    (conversation(("tool", "Hi!"), ("assistant", "Hello.")), "line 1 is not {"),
])  # fmt: skip
def test_conversations_that_cannot_be_learned(tune: Tune, run: Path, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "chat.jsonl").write_text(text)
    refused(tune("--chat", tmp_path / "chat.jsonl", code=2), "chat.jsonl", said)
    assert not (run / "finetune").exists()
