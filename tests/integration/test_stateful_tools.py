"""Runs with tools that remember: each trial begins with a fresh state, also after a kill and in a replay."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from stesim.records import Action
from stesim.store import RunFolder
from stesim.toolbox import Toolbox
from tests.integration.conftest import Type, answer, call, in_a_process_that_dies

DONE = call("complete_task", {"task_id": "1003"})
ADDED = call("add_task", {"title": "Buy milk"})
# Two tools, one episode of two trials each; both trials do the same.
STUDY = [
    *["Done with the library card?", DONE, DONE, answer("Yes."), "Yes"] * 2,
    *["Milk, please.", ADDED, ADDED, answer("Noted twice."), "Yes"] * 2,
]
SETTINGS = ["--tools", "complete_task,add_task", "--episodes", "1", "--trials", "2", "--max-calls", "3"]


@pytest.fixture
def study(tmp_path: Path) -> str:
    (tmp_path / "study.json").write_bytes(orjson.dumps(STUDY))
    return f"scripted:{tmp_path / 'study.json'}"


@pytest.fixture
def finished(type_: Type, study: str, tmp_path: Path) -> Path:
    type_("run", "--model", study, "--out", tmp_path / "first", *SETTINGS)
    return tmp_path / "first"


def results(run: Path) -> list[list[tuple[int | None, Any]]]:
    trials = RunFolder.read(run).trials()
    observations = [[step.observation for step in trial.steps if step.observation] for trial in trials]
    return [[(one.status, one.text) for one in seen] for seen in observations]


def test_a_trial_does_not_see_what_another_one_did(finished: Path) -> None:
    first, second, third, fourth = results(finished)
    assert [status for status, _ in first] == [200, 409]
    assert first == second
    assert [json.loads(text)["id"] for _, text in third] == ["1041", "1042"]
    assert third == fourth


@pytest.mark.parametrize("write_number", range(1, 25))
def test_a_run_killed_in_any_write_meets_the_same_state_again(
    write_number: int, finished: Path, study: str, tmp_path: Path, type_: Type
) -> None:
    out = tmp_path / "killed"
    assert in_a_process_that_dies(
        write_number, write_number % 5, ["run", "--model", study, "--out", str(out), *SETTINGS]
    )
    type_("run", "--out", out)
    assert (out / "trials.jsonl").read_bytes() == (finished / "trials.jsonl").read_bytes()


def test_a_replay_is_the_same_byte_for_byte(finished: Path, type_: Type) -> None:
    type_("run", "--model", f"replay:{finished}", "--out", "again")
    assert Path("again/trials.jsonl").read_bytes() == (finished / "trials.jsonl").read_bytes()
    type_("run", "--model", f"replay:{finished}", "--out", "part", "--tools", "add_task")
    assert results(Path("part")) == results(finished)[2:]


def test_fresh_toolboxes_stand_side_by_side() -> None:
    with Toolbox.open(["add_task"]) as box:
        one, other = box.fresh(), box.fresh()
        texts = [toolbox.call(Action("add_task", {"title": "x"})).text for toolbox in (one, other, one, box)]
    assert [json.loads(text)["id"] for text in texts] == ["1041", "1041", "1042", "1041"]


def test_one_call_from_the_shell(type_: Type) -> None:
    result = type_("tools", "call", "delete_event", '{"eventId": "evt_2004"}')
    assert result.stdout == "(HTTP 204, no content)\n"
    shown = type_("tools", "show", "checkout").stdout
    assert "- address (object, required): Where to ship the order" in shown
    assert "  - city (string, required): City, e.g. Oslo." in shown
