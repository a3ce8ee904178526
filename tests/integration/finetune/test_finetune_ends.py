"""`stesim finetune` killed, stopped, out of disk: nothing is lost, and nothing half-written stays."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stesim.cli import tuning
from stesim.cli.stopping import Terminated, ending_between_steps
from stesim.cli.tune_folder import TuneFolder
from stesim.demonstrations import to_lines
from stesim.finetune import adapter as adapters
from stesim.finetune import network
from stesim.finetune.training import Training
from tests.integration.conftest import Type
from tests.integration.finetune.study import QUICK, SHOWN, WHOLE, Tune, conversation, left, refused
from tests.tiny import make_tiny


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


def test_what_has_changed_since_it_was_begun(tune: Tune, run: Path, tiny: Path, tmp_path: Path) -> None:
    tune()
    refused(tune("--rank", 8, "--epochs", 3, code=2), "--rank was 4, not 8; --epochs was 2, not 3", "--again")
    other = make_tiny(tmp_path / "other.gguf", seed=1)
    refused(tune("--model", other, code=2), "the model was tiny, another file than this one")
    (run / "demonstrations.jsonl").write_bytes(to_lines(SHOWN[:4]))
    said = "note: the demonstrations, or what else is trained on, have changed since; --again trains anew\n"
    assert said in tune().stderr
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
    ("manifest.json", '{"stage": "finetune", "settings": {"rank": "4"}}', ": look at settings.rank, settings"),
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


@pytest.mark.parametrize(("name", "place", "value"), [
    ("manifest.json", "settings.batch", 0),
    ("manifest.json", "settings.batch", 8.0),
    ("manifest.json", "settings.drill_tools", [1]),
    ("manifest.json", "settings.precision", "fp8"),
    ("manifest.json", "settings.threads", 10**6),
    ("finetune.json", "verified.kl", "x"),
    ("finetune.json", "data.calls", None),
    ("finetune.json", "base.name", 3),
    ("finetune.json", "curve", []),
    ("finetune.json", "loss.first", True),
    ("steps.jsonl", "held_out", "x"),
    ("steps.jsonl", "seconds", None),
    ("steps.jsonl", "step", 2),
])  # fmt: skip
def test_each_field_that_is_read_is_looked_at(
    tune: Tune, run: Path, trained: Path, name: str, place: str, value: Any
) -> None:
    shutil.copytree(trained / "finetune", run / "finetune")
    file, in_lines = run / "finetune" / "adapter" / name, name == "steps.jsonl"
    first, *others = file.read_text().splitlines() if in_lines else [file.read_text()]
    told = inner = json.loads(first)
    *parents, last = place.split(".")
    for parent in parents:
        inner = inner[parent]
    inner[last] = value
    file.write_text("\n".join([json.dumps(told), *others, ""]))
    if in_lines:
        file.with_name("finetune.json").unlink()
    refused(tune(code=2), "line 1 is not that of a step" if in_lines else f"look at {place}")


def test_a_file_that_a_killed_process_left_is_gone_after_the_next_training(tune: Tune, run: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    folder = run / "finetune" / "adapter"
    tune()
    for process, stays in ((ended.pid, False), (os.getpid(), False), (1, True)):
        (folder / f".weights.safetensors.{process}").write_text("part of it")
        (folder / "finetune.json").unlink()
        (run / "finetune" / "adapter.gguf").unlink()
        tune()
        assert (folder / f".weights.safetensors.{process}").exists() is stays
