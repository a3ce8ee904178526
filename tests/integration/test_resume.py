"""Killed runs resume: whatever the moment, the trials are those of a run that was never killed."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from stesim.store import RunFolder
from tests.integration.conftest import SETTINGS, Interrupt, Type, in_a_process_that_dies


# The study makes 26 completions and 6 trials, so 32 writes.
@pytest.mark.parametrize("write_number", range(1, 33))
def test_a_run_killed_in_any_write_goes_on_as_if_it_had_not_been(
    write_number: int, finished: Path, study: str, tmp_path: Path, type_: Type
) -> None:
    out = tmp_path / "killed"
    assert in_a_process_that_dies(
        write_number, write_number % 5, ["run", "--model", study, "--out", str(out), *SETTINGS]
    )
    type_("run", "--out", out)
    assert (out / "trials.jsonl").read_bytes() == (finished / "trials.jsonl").read_bytes()
    type_("run", "--model", f"replay:{out}", "--out", "again")
    assert Path("again/trials.jsonl").read_bytes() == (finished / "trials.jsonl").read_bytes()


def test_a_run_killed_again_and_again(finished: Path, study: str, tmp_path: Path, type_: Type) -> None:
    out = tmp_path / "killed"
    words = ["run", "--model", study, "--out", str(out), *SETTINGS]
    killed = 0
    while in_a_process_that_dies(7, 2, words):
        killed += 1
    assert killed > 2
    assert (out / "trials.jsonl").read_bytes() == (finished / "trials.jsonl").read_bytes()


def test_what_has_left_the_context_stays_out_after_a_kill(study: str, tmp_path: Path, type_: Type) -> None:
    small = ["--ctx", "1500", "--max-tokens", "100", *SETTINGS]
    type_("run", "--model", study, "--out", "whole", *small)
    for write_number in (9, 15, 20):
        out = tmp_path / f"killed-{write_number}"
        assert in_a_process_that_dies(write_number, 1, ["run", "--model", study, "--out", str(out), *small])
        type_("run", "--out", out)
        assert (out / "trials.jsonl").read_bytes() == Path("whole/trials.jsonl").read_bytes()


def test_killed_from_outside_through_the_shell(finished: Path, study: str, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "stesim", "run", "--model", study, "--out", str(tmp_path / "killed")]
    started = time.monotonic()
    subprocess.run([*words, *SETTINGS], check=True, capture_output=True)
    whole = time.monotonic() - started
    (tmp_path / "killed").rename(tmp_path / "once")
    for part in (0.4, 0.6, 0.8, 0.9):
        process = subprocess.Popen([*words, *SETTINGS], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(whole * part)
        process.kill()
        process.wait()
    subprocess.run([*words, *SETTINGS], check=True, capture_output=True)
    assert (tmp_path / "killed" / "trials.jsonl").read_bytes() == (finished / "trials.jsonl").read_bytes()


def test_ctrl_c_says_how_to_go_on(finished: Path, study: str, type_: Type, interrupt: Interrupt) -> None:
    interrupt(7)
    result = type_("run", "--model", study, "--out", "stopped", *SETTINGS, code=130)
    assert "stopped: 1 of 6 trials are finished and kept." in result.stderr
    assert "Go on with: stesim run --out stopped" in result.stderr
    assert "going on after 1 of 6 trials" in type_("run", "--out", "stopped").stderr
    assert Path("stopped/trials.jsonl").read_bytes() == (finished / "trials.jsonl").read_bytes()


def test_a_finished_run_is_not_run_again(finished: Path, type_: Type) -> None:
    before = {path.name: path.read_bytes() for path in finished.iterdir()}
    assert "run folder:" in type_("run", "--out", finished).stdout
    assert {path.name: path.read_bytes() for path in finished.iterdir()} == before


def broken_prompts(tmp_path: Path) -> list[str]:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "reflect.txt").write_text("Well?")
    return ["--prompts", str(tmp_path / "mine")]


def another_script(tmp_path: Path) -> list[str]:
    (tmp_path / "other.json").write_text('["x"]')
    return ["--model", f"scripted:{tmp_path / 'other.json'}"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (lambda _: ["--episodes", "2"], "episodes was 1, not 2"),
        (lambda _: ["--seed", "9", "--trials", "4"], "trials was 3, not 4; seed was 0, not 9"),
        (lambda _: ["--temperature", "0.1"], "temperature was 0.4, not 0.1"),
        (lambda _: ["--tools", "get_country"], "tools was ['forecast_weather', 'get_country'], not ['get_country']"),
        (lambda _: ["--no-reflection"], "reflection was True, not False"),
        (lambda _: ["--today", "2025-01-01"], "today was '2026-10-30', not '2025-01-01'"),
        (lambda _: ["--paper"], "max_tokens was 128, not 360"),
        (broken_prompts, "the prompts changed"),
        (another_script, "the model changed (scripted:study.json, not scripted:other.json)"),
    ],
)  # fmt: skip
def test_other_settings_are_refused_and_named(
    words: Callable[[Path], list[str]], message: str, finished: Path, type_: Type, tmp_path: Path
) -> None:
    before = (finished / "trials.jsonl").read_bytes()
    result = type_("run", "--out", finished, *words(tmp_path), code=2)
    assert message in result.stderr
    assert "Use the same settings, or another --out" in result.stderr
    assert (finished / "trials.jsonl").read_bytes() == before


def test_a_manifest_that_lacks_things_is_refused(finished: Path, type_: Type, study: str) -> None:
    (finished / "manifest.json").write_text('{"settings": {"episodes": 1}}')
    result = type_("run", "--model", study, "--out", finished, code=2)
    assert "is not a run's manifest: look at settings, model, prompts, tools" in result.stderr
    assert len(list(RunFolder.read(finished).trials())) == 6
