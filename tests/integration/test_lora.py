"""`--lora` in the commands that ask a model: what is recorded, gone on with, shown and refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from stesim.models.header import fingerprint
from stesim.models.lora import BASE, BASE_NAME, DATA
from tests.integration.conftest import Type
from tests.integration.distilling import RUN as EXPLORED
from tests.integration.distilling import TRIALS, script
from tests.tiny import make_adapter, make_tiny

RUN = ["--tools", "forecast_weather", "--episodes", "1", "--trials", "1", "--max-calls", "1", "--max-tokens", "8",
       "--constrain", "off"]  # fmt: skip
EVAL = ["--tools", "forecast_weather", "--limit", "1", "--no-unanswerable", "--max-tokens", "24"]


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A tiny model with two adapters beside it, `one.gguf` and `two.gguf`."""
    model = make_tiny(tmp_path / "tiny.gguf", context=8192)
    about = {BASE: fingerprint(model), BASE_NAME: "tiny", DATA: "d" * 64}
    for seed, name in enumerate(("one", "two")):
        make_adapter(tmp_path / f"{name}.gguf", seed=seed, about=about)
    return model


def manifest(folder: str | Path) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(Path(folder, "manifest.json").read_bytes())
    return found


def run(type_: Type, out: str, *words: object, code: int = 0) -> str:
    return type_("run", "--out", out, "--threads", "1", *words, code=code).output


def test_a_run_records_its_adapter_and_goes_on_with_it(type_: Type, tiny: Path, tmp_path: Path) -> None:
    run(type_, "plain", "--model", tiny, *RUN)
    said = run(type_, "first", "--model", "tiny.gguf", "--lora", "one.gguf:0.5", *RUN)
    assert "loading tiny.gguf with one.gguf:0.5" in said
    assert "tiny with one.gguf:0.5: " in said
    model = manifest("first")["model"]
    one = tmp_path / "one.gguf"
    assert model["lora"] == {
        "spec": str(one), "scale": 0.5, "fingerprint": fingerprint(one), "base": fingerprint(tiny), "data": "d" * 64,
    }  # fmt: skip
    assert "lora" not in manifest("plain")["model"]
    assert model["fingerprint"] != manifest("plain")["model"]["fingerprint"] == fingerprint(tiny)
    before = Path("first/trials.jsonl").read_bytes()
    assert before != Path("plain/trials.jsonl").read_bytes()
    for words in ((), ("--model", tiny), ("--lora", "one.gguf:0.5")):
        assert "with " in run(type_, "first", *words)
    Path("first/trials.jsonl").write_bytes(b"")
    Path("first/completions.jsonl").write_bytes(b"")
    assert f"loading {tiny} with {one}:0.5" in run(type_, "first")
    assert Path("first/trials.jsonl").read_bytes() == before
    run(type_, "again", "--model", "replay:first")
    assert Path("again/trials.jsonl").read_bytes() == before
    assert manifest("again")["model"]["fingerprint"] == model["fingerprint"]
    shown = type_("show", "first", "1").output
    assert "by tiny with one.gguf:0.5" in shown
    assert "by tiny" not in type_("show", "plain", "1").output


def test_a_run_does_not_go_on_with_another_adapter(type_: Type, tiny: Path) -> None:
    run(type_, "first", "--model", tiny, "--lora", "one.gguf", *RUN)
    for words, said in (
        (["--lora", "two.gguf"], "two.gguf:1.0"),
        (["--lora", "one.gguf:2"], "one.gguf:2.0"),
        (["--lora", "none"], "not tiny with no adapter"),
    ):
        output = run(type_, "first", *words, code=2)
        assert "the model changed (tiny with " in output
        assert said in output
    make_adapter(tiny.with_name("one.gguf"), seed=7)
    assert "the model changed (the adapter is another one now)" in run(type_, "first", code=2)
    Path("one.gguf").unlink()
    assert "no adapter file" in run(type_, "first", code=2)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--lora", "none.gguf"], "no adapter file none.gguf"),
        (["--lora", ""], "'' names no adapter file"),
        (["--lora", "one.gguf:nan"], "the scale nan of the adapter one.gguf"),
        (["--lora", "one.gguf:0"], "the scale 0 of the adapter one.gguf"),
        (["--lora", "one.gguf:much"], "'much' of the adapter one.gguf is not a number"),
        (["--lora", "tiny.gguf"], "tiny.gguf is a model, not an adapter"),
        (["--lora", "cut.gguf"], "the adapter cut.gguf is cut off"),
        (["--lora", "text.gguf"], "text.gguf is not a GGUF file"),
        (["--lora", "one.gguf", "--model", "other.gguf"], "was trained on another model, 'tiny'"),
        (["--lora", "one.gguf", "--model", "scripted:replies.json"], "--lora goes with a GGUF file"),
    ],
)
def test_what_is_refused_in_one_line_leaves_nothing_behind(
    words: list[str], said: str, type_: Type, tiny: Path, tmp_path: Path
) -> None:
    Path("cut.gguf").write_bytes(Path("one.gguf").read_bytes()[:-1000])
    Path("text.gguf").write_text("this is a text")
    make_tiny(Path("other.gguf"), seed=5)
    script(Path("replies.json"), ["Hi?"])
    for command in (["run", *RUN, "--out", "out"], ["eval", "--mode", "baseline", *EVAL, "--out", "out"]):
        result = type_(*command, "--model", tiny, *words, code=2)
        last = result.output.strip().splitlines()[-1]
        assert last.startswith("stesim: ")
        assert said in last
        assert not Path("out").exists()


def test_a_distillation_takes_the_adapter_of_its_model(type_: Type, tiny: Path) -> None:
    """The judge judges with it too; what the work was begun with need not be typed again, and nothing else goes on."""
    type_("run", "--model", script(Path("explored.json"), TRIALS), "--out", "first", *EXPLORED)
    words = ["distill", "first", "--per-tool", "3", "--paraphrases", "1", "--threads", "1"]
    type_(*words, "--no-judge", "--model", tiny, "--lora", "one.gguf")
    for stage in ("judge", "paraphrase"):
        told = manifest(f"first/{stage}")
        assert stage == "judge" or told["model"]["lora"]["spec"] == str(tiny.with_name("one.gguf"))
    assert manifest("first/judge")["paraphrase"]["lora"] == str(tiny.with_name("one.gguf"))
    assert orjson.loads(Path("first/distill.json").read_bytes())["paraphraser"] == "tiny with one.gguf"
    assert "loading" not in type_(*words).output
    assert "loading" not in type_(*words, "--lora", "one.gguf").output
    assert "the model changed" in type_(*words, "--lora", "two.gguf", code=2).output
    Path("first/paraphrase/paraphrased.jsonl").write_bytes(b"")
    Path("first/paraphrase/completions.jsonl").write_bytes(b"")
    assert "with " in type_(*words).output
    type_(*words, "--again", "--model", tiny, "--lora", "two.gguf:0.5")
    for stage in ("judge", "paraphrase"):
        told = manifest(f"first/{stage}")["model"]["lora"]
        assert (told["spec"], told["scale"]) == (str(tiny.with_name("two.gguf")), 0.5)
    assert "loading" not in type_(*words, "--model", tiny).output


def test_a_run_with_an_adapter_is_distilled_and_evaluated_with_it(type_: Type, tiny: Path) -> None:
    run(type_, "first", "--model", tiny, "--lora", "one.gguf", *RUN)
    type_("distill", "first", "--threads", "1", "--no-paraphrase")
    assert manifest("first/judge")["model"]["fingerprint"] == manifest("first")["model"]["fingerprint"]
    type_("distill", "first", "--threads", "1", "--no-paraphrase", "--again", "--lora", "none")
    assert "lora" not in manifest("first/judge")["model"]
    for name, words in (("plain", ["--lora", "none"]), ("own", []), ("other", ["--lora", "two.gguf"])):
        type_("eval", "--run", "first", "--mode", "baseline", "--name", name, *words, *EVAL, "--threads", "1")
    prints = [manifest(f"first/eval/{name}")["model"]["fingerprint"] for name in ("plain", "own", "other")]
    assert prints[:2] == [fingerprint(tiny), manifest("first")["model"]["fingerprint"]]
    assert len(set(prints)) == 3


def test_the_judge_that_is_named_has_no_adapter(type_: Type, tiny: Path) -> None:
    type_("run", "--model", script(Path("explored.json"), TRIALS), "--out", "first", *EXPLORED)
    make_tiny(Path("judge.gguf"), seed=3, context=8192)
    type_(
        "distill",
        "first",
        "--threads",
        "1",
        "--no-paraphrase",
        "--judge",
        "judge.gguf",
        "--model",
        tiny,
        "--lora",
        "one.gguf",
    )
    assert "lora" not in manifest("first/judge")["model"]
    assert manifest("first/judge")["paraphrase"]["lora"] == str(tiny.with_name("one.gguf"))
