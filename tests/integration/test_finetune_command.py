"""`stesim finetune` through the real command line, on a model of a few kilobytes: it trains in a second."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from stesim.cli import tuning
from stesim.cli.stopping import Terminated, ending_between_steps
from stesim.cli.tune_folder import TuneFolder
from stesim.demonstrations import to_lines
from stesim.finetune import adapter as adapters
from stesim.finetune import heavy, network
from stesim.finetune.training import Training
from stesim.models.llamacpp import LlamaCppModel, fingerprint
from stesim.models.lora import read_adapter
from stesim.records import Demonstration, Message
from tests.integration.conftest import Type
from tests.tiny import make_tiny

CITIES = ("Rome", "Oslo", "Paris", "Lima", "Cairo", "Bern")
SHOWN = [
    *(Demonstration("forecast_weather", f"Rain in {city}?", {"city": city, "days": number}, "{}", "No.", 1, number)
      for number, city in enumerate(CITIES, 1)),
    *(Demonstration("get_country", f"Where is {name}?", {"name": name}, '{"region": "Asia"}', "In Asia.", 1, number)
      for number, name in enumerate(("Japan", "Nepal"), 1)),
]  # fmt: skip
QUICK = ("--calls-only", "--drills", 0, "--rank", 4, "--epochs", 2, "--batch", 2, "--held-out", 0.2,
         "--learning-rate", 0.005, "--precision", "fp32", "--threads", 1)  # fmt: skip
QUESTION = [Message("user", "Rain in Rome?")]

Tune = Callable[..., Result]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The model; its full-precision copy is made once for all tests."""
    folder = tmp_path_factory.mktemp("tiny")
    patch = pytest.MonkeyPatch()
    patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    yield make_tiny(folder / "tiny.gguf")
    patch.undo()


@pytest.fixture
def run(finished: Path) -> Path:
    """The scripted study with demonstrations."""
    (finished / "demonstrations.jsonl").write_bytes(to_lines(SHOWN))
    return finished


@pytest.fixture
def tune(run: Path, type_: Type, tiny: Path) -> Tune:
    """Types a fine-tuning of the study that is quick."""
    return lambda *words, code=0: type_("finetune", run, "--model", tiny, *QUICK, *words, code=code)


def left(run: Path) -> set[str]:
    """The files that are in the folder of the fine-tuning."""
    return {str(path.relative_to(run / "finetune")) for path in (run / "finetune").rglob("*") if path.is_file()}


WHOLE = {"adapter.gguf", *(f"adapter/{name}" for name in (
    ".lock", "manifest.json", "steps.jsonl", "weights.safetensors", "finetune.json"))}  # fmt: skip


def refused(result: Result, *said: str) -> str:
    """One line on the standard error stream that says so, and nothing on the other."""
    line = result.stderr.splitlines()[-1]
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert line.startswith("stesim: ")
    assert all(text in line for text in said), line
    return line


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
    assert "tiny was trained on 8 rows (8 calls) of 8 demonstrations; 2 rows were held out." in text
    assert f"adapter: {path}\n" in text
    assert f"stesim eval --run {run} --mode ft --model {tiny} " in text
    path.unlink()
    assert json.loads(tune("--json").stdout) == told  # the adapter is made anew from its weights
    assert fingerprint(path) == told["fingerprint"]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the training that was not interrupted is kept, as in a run's folder."""
    return tmp_path_factory.mktemp("shelf")


@pytest.fixture
def trained(tune: Tune, run: Path, shelf: Path) -> Path:
    """A folder with an uninterrupted training of the study in it, made once for all tests."""
    if not (shelf / "finetune").exists():
        tune()
        (run / "finetune").rename(shelf / "finetune")
    return shelf


def kept(run: Path) -> dict[str, bytes]:
    steps = TuneFolder.read(run / "finetune" / "adapter").steps()
    losses = [{name: value for name, value in step.items() if name != "seconds"} for step in steps]
    names = ("adapter.gguf", "adapter/weights.safetensors")
    return {**{name: (run / "finetune" / name).read_bytes() for name in names}, "steps": json.dumps(losses).encode()}


_DIES = """
import os, signal, sys
from click.testing import CliRunner
from stesim.cli import main, tuning
from stesim.cli.tune_folder import TuneFolder
from stesim.finetune.training import Training

add, save, saved = TuneFolder.add_step, Training.save, []

def add_step(folder, step, seconds):
    add(folder, step, seconds)
    if step.number == 5:
        os.kill(os.getpid(), signal.SIGKILL)

def save_some(training, path):
    if not saved or training.done == 3:
        saved.append(training.done)
        save(training, path)

TuneFolder.add_step, Training.save, tuning._EVERY = add_step, save_some, 0
print(CliRunner().invoke(main, sys.argv[1:]).output)
"""


def test_a_killed_training_comes_to_the_same_adapter_byte_for_byte(
    tune: Tune, run: Path, trained: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = kept(trained)
    words = [str(word) for word in ("finetune", run, "--model", tiny, *QUICK)]
    died = subprocess.run([sys.executable, "-c", _DIES, *words], env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False,
                          capture_output=True, cwd=Path(__file__).parents[2])  # fmt: skip
    assert died.returncode == -signal.SIGKILL, died
    assert left(run) == {f"adapter/{name}" for name in (".lock", "manifest.json", "steps.jsonl", "checkpoint.pt")}
    assert len(TuneFolder.read(run / "finetune" / "adapter").steps()) == 5  # two of them after the checkpoint
    learn, learned = Training._learn, []
    monkeypatch.setattr(Training, "_learn", lambda *words: learned.append(1) or learn(*words))
    assert "[6/6] steps" in tune().stderr
    assert len(learned) == 3  # from the checkpoint on
    assert kept(run) == wanted
    assert left(run) == WHOLE


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_training_that_is_asked_to_end_says_how_to_go_on(
    tune: Tune, run: Path, trained: Path, type_: Type, monkeypatch: pytest.MonkeyPatch, number: int, code: int
) -> None:
    wanted = kept(trained)
    add = TuneFolder.add_step

    def add_step(folder: TuneFolder, *step: Any) -> None:
        add(folder, *step)
        if step[0].number == 4:
            os.kill(os.getpid(), number)

    with monkeypatch.context() as patch:
        patch.setattr(TuneFolder, "add_step", add_step)
        stopped = tune(code=code)
    assert "stopped: 4 of 6 steps are finished and kept.\n" in stopped.stderr
    assert "adapter/checkpoint.pt" in left(run)
    again = stopped.stderr.splitlines()[-1].removeprefix("Go on with: stesim ").split()
    assert again == ["finetune", str(run)]
    assert "[6/6] steps" in type_(*again).stderr
    assert kept(run) == wanted


def test_a_second_signal_ends_it_at_once() -> None:
    with ending_between_steps() as pause:
        pause.here()
        os.kill(os.getpid(), signal.SIGTERM)
        assert isinstance(pause.asked, Terminated)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


class PowerCut(BaseException):
    """The end of the process at this very place."""


@pytest.mark.parametrize("place", ["write_adapter", "verify", "write_atomically"])
def test_an_end_after_the_last_step_loses_nothing(
    tune: Tune, run: Path, trained: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    wanted = kept(trained)
    real = getattr(tuning, place)

    def cut(*words: Any) -> Any:
        if place != "write_atomically" or words[0].name == "finetune.json":
            raise PowerCut
        return real(*words)

    with monkeypatch.context() as patch:
        patch.setattr(tuning, place, cut)
        with pytest.raises(PowerCut):
            tune()
    assert ("adapter.gguf" in left(run)) == (place == "write_atomically")
    assert "adapter/unverified.gguf" not in left(run)
    tune()
    assert kept(run) == wanted
    assert left(run) == WHOLE


def test_an_adapter_that_is_not_what_was_trained_is_not_kept(
    tune: Tune, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = tuning.write_adapter

    def some(out: Path, tensors: dict[str, Any], *words: Any) -> None:
        write(out, {name: value for name, value in tensors.items() if ".layers.0." in name}, *words)

    def half(out: Path, *words: Any) -> None:
        write(out, *words)
        out.write_bytes(out.read_bytes()[: out.stat().st_size // 2])

    for patched, said in (
        ((adapters, "_PERMUTED", ()), "is not what was trained"),
        ((tuning, "write_adapter", some), "is not what was trained"),
        ((tuning, "write_adapter", half), "cut off"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(*patched)
            refused(tune(code=2), said)
        assert not any(name.endswith(".gguf") for name in left(run)), left(run)
    assert "steps: epoch" not in tune().stderr  # nothing was left to train
    assert left(run) == WHOLE


def test_a_loss_that_is_no_number(tune: Tune, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, seen = network.loss, []

    def loss(*words: Any) -> Any:
        seen.append(1)
        return real(*words) * (float("nan") if len(seen) > 2 else 1)

    with monkeypatch.context() as patch:
        patch.setattr(network, "loss", loss)
        refused(tune(code=2), "the loss of step", "is not a number; try a lower --learning-rate")
    assert "adapter.gguf" not in left(run)
    refused(tune("--learning-rate", 0.001, code=2), "--learning-rate was 0.005, not 0.001", "--again")
    assert "set aside" not in tune("--learning-rate", 0.001, "--again").stdout
    assert left(run) >= WHOLE | {"adapter-1/manifest.json"}


@pytest.mark.parametrize("size", [2_000, 30_000, 60_000])
def test_a_full_disk(tune: Tune, run: Path, trained: Path, size: int) -> None:
    wanted = kept(trained)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        refused(tune(code=2), "cannot write")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not any(name.endswith(".gguf") or "/.finetune" in name for name in left(run)), left(run)
    tune()
    assert kept(run) == wanted
    assert left(run) == WHOLE


def test_packages_that_are_missing(tune: Tune, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heavy, "PACKAGES", ("torch", "no_such_package"))
    line = refused(tune(code=2))
    assert line == (
        "stesim: fine-tuning needs the package no_such_package; install it with: pip install 'stesim[finetune]'"
    )
    assert not (run / "finetune").exists()


def conversation(*turns: tuple[str, str]) -> str:
    return json.dumps({"messages": [{"role": role, "content": content} for role, content in turns]})


def test_rows_of_every_kind(tune: Tune, run: Path, type_: Type, tmp_path: Path) -> None:
    chat = tmp_path / "chat.jsonl"
    chat.write_text(conversation(("user", "Hi!"), ("assistant", "Hello.")) + "\n\n")
    words = ["--no-call", 0.5, "--drills", 2, "--chat", chat, "--tools", "get_country", "--epochs", 1]
    result = tune(*words)
    assert "note: 6 demonstrations of other tools are left out: forecast_weather" in result.stderr
    assert "trained on 6 rows (2 calls, 1 without a call, 2 drills, 1 chat) of 2 demonstrations" in result.stdout
    again = type_("finetune", run)  # the chat and the drills need not be typed again
    assert again.stdout == result.stdout
    refused(
        type_("finetune", run, "--tools", "forecast_weather", code=2), "--tools was get_country, not forecast_weather"
    )


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
    words = ["finetune", run, "--model", tiny, "--epochs", 1, "--threads", 1, "--drills", 0]
    told = type_(*words, "--max-length", 400).stdout
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
    assert not Path("three").exists()


def test_a_merged_model_answers_as_the_adapter_does(tune: Tune, run: Path, tiny: Path) -> None:
    stronger = ("--epochs", 8, "--learning-rate", 0.02)
    told = json.loads(tune(*stronger, "--merge", "merged.gguf", "--json").stdout)
    assert told["merged"] == {"path": "merged.gguf", "fingerprint": fingerprint(Path("merged.gguf"))}
    before = Path("merged.gguf").stat().st_mtime_ns
    tune(*stronger, "--merge", "merged.gguf")
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


def test_what_has_changed_since_it_was_begun(tune: Tune, run: Path, tiny: Path, tmp_path: Path) -> None:
    tune()
    refused(tune("--rank", 8, "--epochs", 3, code=2), "--rank was 4, not 8; --epochs was 2, not 3", "--again")
    other = make_tiny(tmp_path / "other.gguf", seed=1)
    refused(tune("--model", other, code=2), "the model was tiny, another file than this one")
    (run / "demonstrations.jsonl").write_bytes(to_lines(SHOWN[:4]))
    refused(tune(code=2), "the demonstrations, or what else is trained on, changed")
    result = tune("--again", "--epochs", 1)
    assert f"what was trained before is now in {run / 'finetune' / 'adapter-1'}\n" in result.stderr
    assert "4 rows" in result.stdout
    assert left(run) == WHOLE | {name.replace("adapter", "adapter-1", 1) for name in WHOLE}
    (run / "finetune" / "adapter.gguf").write_bytes(b"GGUF of somebody else")
    refused(tune("--epochs", 1, code=2), "is not the adapter that", "--again")
    refused(tune("--again", "--model", "none.gguf", code=2), "no model file")
    refused(
        tune("--again", "--start", run / "finetune" / "adapter.gguf", code=2), "is the adapter that is to be written"
    )
    (tmp_path / "chat.jsonl").write_text(conversation(("user", "Hi! " * 1000), ("assistant", "Hello.")))
    refused(tune("--again", "--chat", tmp_path / "chat.jsonl", code=2), "more than --max-length")
    assert not (run / "finetune" / "adapter-2").exists()  # what is there stays until a training can begin
    with TuneFolder.open_(run / "finetune" / "adapter"):
        refused(tune("--again", code=2), "is being written by another stesim")


def test_a_run_that_was_moved(tune: Tune, run: Path, type_: Type) -> None:
    told = json.loads(tune("--json").stdout)
    run.rename(run.with_name("moved"))
    again = json.loads(type_("finetune", "moved", "--json").stdout)
    assert again == {**told, "adapter": "moved/finetune/adapter.gguf"}


def test_a_training_that_another_process_has_begun_meanwhile(
    tune: Tune, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def begun(*_: Any) -> None:
        folder = run / "finetune" / "adapter"
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text("{}")

    monkeypatch.setattr(tuning, "check_base", begun)
    refused(tune(code=2), "was begun by another stesim meanwhile")
    assert left(run) == {"adapter/manifest.json"}


@pytest.mark.parametrize(("name", "text", "said"), [
    ("manifest.json", "{}", "is not that of a fine-tuning"),
    ("manifest.json", '{"stage": "finetune", "settings": {"rank": "4"}}', "look at rank, alpha"),
    ("finetune.json", "[]", "finetune.json is not"),
    ("finetune.json", '{"steps": 3}', "is not the summary of a fine-tuning"),
    ("steps.jsonl", '{"step": 1}\n', "line 1 is not that of a step"),
    ("checkpoint.pt", "torn", "is damaged"),
])  # fmt: skip
def test_files_that_were_tampered_with(tune: Tune, run: Path, trained: Path, name: str, text: str, said: str) -> None:
    shutil.copytree(trained / "finetune", run / "finetune")
    folder = run / "finetune" / "adapter"
    if name in ("checkpoint.pt", "steps.jsonl"):
        (folder / "finetune.json").unlink()
    (folder / name).write_text(text)
    refused(tune(code=2), said)


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
