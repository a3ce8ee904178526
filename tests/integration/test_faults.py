"""`stesim run --faults`: some calls fail; the run is repeatable, resumable and replayable all the same."""

from __future__ import annotations

import json
from pathlib import Path

import orjson
import pytest

from stesim.store import RunFolder
from tests.integration.conftest import SETTINGS, Type, answer, call, in_a_process_that_dies

SPEC = "429:0.3,504:.1,timeout:0.30"
TRIES = 5


@pytest.fixture
def tries(tmp_path: Path) -> str:
    """Two trials of five different calls each, made twice over two tools."""
    trial = [
        "How?",
        *(call("add_task", {"title": f"Task {number % 3}"}) for number in range(TRIES)),
        answer("So."),
        "Yes",
    ]
    dates = ["When?", *(call("add_date", {"days": number}) for number in range(TRIES)), answer("Then."), "Yes"]
    (tmp_path / "tries.json").write_bytes(orjson.dumps(trial * 2 + dates * 2))
    return f"scripted:{tmp_path / 'tries.json'}"


WORDS = ["--tools", "add_task,add_date", "--episodes", "1", "--trials", "2", "--max-calls", str(TRIES + 1)]


def seen(run: Path) -> list[list[tuple[str, int | None, str]]]:
    trials = RunFolder.read(run).trials()
    observations = [[step.observation for step in trial.steps if step.observation] for trial in trials]
    return [[(one.kind, one.status, one.text) for one in shown] for shown in observations]


def test_a_share_of_the_calls_fails_in_the_same_way_in_each_trial(type_: Type, tries: str) -> None:
    type_("run", "--model", tries, "--out", "r", "--faults", SPEC, *WORDS)
    first, second, third, fourth = seen(Path("r"))
    assert first == second
    assert third == fourth
    kinds = {kind for trial in (first, third) for kind, _, _ in trial}
    assert kinds == {"ok", "http_error", "timeout"}
    assert {status for trial in (first, third) for _, status, _ in trial} <= {200, 201, 429, 504, None}
    assert any("Read timed out" in text for trial in (first, third) for _, _, text in trial)


def test_the_manifest_says_so_and_the_seed_decides(type_: Type, tries: str) -> None:
    type_("run", "--model", tries, "--out", "a", "--faults", SPEC, *WORDS)
    type_("run", "--model", tries, "--out", "b", "--faults", SPEC, *WORDS)
    type_("run", "--model", tries, "--out", "c", "--faults", SPEC, "--seed", 5, *WORDS)
    assert RunFolder.read(Path("a")).manifest["settings"]["faults"] == "429:0.3,504:0.1,timeout:0.3"
    assert seen(Path("a")) == seen(Path("b")) != seen(Path("c"))


def test_the_default_is_off(type_: Type, tries: str) -> None:
    type_("run", "--model", tries, "--out", "r", *WORDS)
    assert RunFolder.read(Path("r")).manifest["settings"]["faults"] == "off"
    assert {kind for trial in seen(Path("r")) for kind, _, _ in trial} == {"ok"}


@pytest.mark.parametrize("write_number", range(1, 37, 3))
def test_a_killed_run_goes_on_with_the_same_faults(type_: Type, tries: str, tmp_path: Path, write_number: int) -> None:
    words = ["run", "--model", tries, "--faults", SPEC, *WORDS]
    type_(*words, "--out", "whole")
    out = tmp_path / "killed"
    assert in_a_process_that_dies(write_number, write_number % 5, [*words, "--out", str(out)])
    type_("run", "--out", out)
    assert (out / "trials.jsonl").read_bytes() == Path("whole/trials.jsonl").read_bytes()


def test_a_replay_has_the_same_faults(type_: Type, tries: str) -> None:
    type_("run", "--model", tries, "--out", "r", "--faults", SPEC, *WORDS)
    type_("run", "--model", "replay:r", "--out", "again")
    assert Path("again/trials.jsonl").read_bytes() == Path("r/trials.jsonl").read_bytes()
    result = type_("run", "--model", "replay:r", "--out", "other", "--faults", "off", code=2)
    assert "recorded something else" in result.stderr


def test_other_faults_are_refused_when_a_run_goes_on(type_: Type, tries: str) -> None:
    type_("run", "--model", tries, "--out", "r", "--faults", SPEC, *WORDS)
    assert "run folder:" in type_("run", "--out", "r", "--faults", "timeout:.3,429:.3,504:.1").stdout
    result = type_("run", "--out", "r", "--faults", "off", code=2)
    assert "faults was '429:0.3,504:0.1,timeout:0.3', not 'off'" in result.stderr


def test_a_run_from_before_there_were_faults_goes_on(type_: Type, finished: Path) -> None:
    manifest = json.loads((finished / "manifest.json").read_bytes())
    del manifest["settings"]["faults"]
    (finished / "manifest.json").write_bytes(orjson.dumps(manifest))
    type_("run", "--out", finished)
    result = type_("run", "--out", finished, "--faults", "500:0.1", code=2)
    assert "faults was 'off', not '500:0.1'" in result.stderr
    type_("run", "--model", f"replay:{finished}", "--out", "again")
    assert Path("again/trials.jsonl").read_bytes() == (finished / "trials.jsonl").read_bytes()


@pytest.mark.parametrize("spec", ["", " ", "429:x", "700:0.1", "429:0.6,500:0.6", "429:-0.1", "429", "429:0.1,429:0.1"])
def test_a_wrong_specification_is_one_line(type_: Type, study: str, spec: str) -> None:
    result = type_("run", "--model", study, "--out", "r", "--faults", spec, *SETTINGS, code=2)
    assert result.stderr.startswith("stesim: faults ")
    assert result.stderr.count("\n") == 1
    assert not Path("r").exists()
