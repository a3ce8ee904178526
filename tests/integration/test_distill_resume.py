"""Distillations that were killed go on: whatever the moment, the demonstrations are those of one that never was."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stesim.store import RunFolder
from tests.integration.conftest import Interrupt, Type, in_a_process_that_dies
from tests.integration.distilling import (
    DISTILL,
    FILES,
    explored,
    files_of,
    model,
)

__all__ = ["explored", "model"]  # fixtures

# 6 verdicts and 10 judged trials, 8 rewordings and 3 reworded queries.
WRITES = 27


@pytest.fixture
def done(explored: Path, model: str, type_: Type, tmp_path: Path) -> Path:
    """A copy of the run, distilled in one go."""
    shutil.copytree(explored, tmp_path / "done")
    type_("distill", tmp_path / "done", "--model", model, *DISTILL)
    return tmp_path / "done"


@pytest.mark.parametrize("write_number", range(1, WRITES + 1))
def test_killed_in_any_write_it_goes_on_as_if_it_had_not_been(
    write_number: int, explored: Path, done: Path, model: str, type_: Type
) -> None:
    words = ["distill", str(explored), "--model", model, *DISTILL]
    assert in_a_process_that_dies(write_number, write_number % 5, words)
    type_("distill", explored)  # what it was begun with need not be typed again
    assert files_of(explored) == files_of(done)


def test_it_makes_so_many_writes(explored: Path, model: str) -> None:
    assert not in_a_process_that_dies(WRITES + 1, 2, ["distill", str(explored), "--model", model, *DISTILL])


def test_killed_again_and_again(explored: Path, done: Path, model: str) -> None:
    words = ["distill", str(explored), "--model", model, *DISTILL]
    killed = 0
    while in_a_process_that_dies(5, 3, words):
        killed += 1
    assert killed > 2
    assert files_of(explored) == files_of(done)


@pytest.mark.parametrize("stage", ["judge", "paraphrase"])
def test_what_is_left_of_a_file_is_gone_on_with(stage: str, done: Path, type_: Type, tmp_path: Path) -> None:
    """Whole lines, torn ones, and nothing: after whatever byte the file ends."""
    whole = files_of(done)
    name = FILES[0] if stage == "judge" else FILES[1]
    ends = [0, *(n + 1 for n, byte in enumerate(whole[name]) if byte == ord("\n"))]
    for end in sorted({*ends[:-1], *(end - 1 for end in ends[1:]), *(end + 7 for end in ends[:-1])}):
        (done / name).write_bytes(whole[name][:end])
        for result in ("demonstrations.jsonl", "distill.json"):
            (done / result).unlink()
        type_("distill", done)
        found = files_of(done)
        assert {one: found[one] for one in FILES} == whole


def test_a_stage_that_was_killed_is_replayed(
    explored: Path, done: Path, model: str, type_: Type, tmp_path: Path
) -> None:
    shutil.copytree(explored, tmp_path / "again")
    for write_number in (4, 12):  # in the second verdict, and in the rewordings
        in_a_process_that_dies(write_number, 2, ["distill", str(explored), "--model", model, *DISTILL])
    type_("distill", explored)
    words = ["--judge", f"replay:{explored}/judge", "--model", f"replay:{explored}/paraphrase"]
    type_("distill", tmp_path / "again", *words)
    assert files_of(tmp_path / "again")["demonstrations.jsonl"] == files_of(done)["demonstrations.jsonl"]


def test_killed_from_outside_through_the_shell(explored: Path, done: Path, model: str) -> None:
    words = [sys.executable, "-m", "stesim", "distill", str(explored), "--model", model, *DISTILL]
    for wait in (0.5, 0.7, 0.9, 1.1):
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(wait)
        process.kill()
        process.wait()
    subprocess.run(words, check=True, capture_output=True)
    assert files_of(explored) == files_of(done)


@pytest.mark.parametrize(("number", "message"), [(2, "4 of 10 trials"), (9, "0 of 3 queries to reword")])
def test_ctrl_c_says_how_to_go_on(
    number: int, message: str, explored: Path, done: Path, model: str, type_: Type, interrupt: Interrupt
) -> None:
    interrupt(number)
    result = type_("distill", explored, "--model", model, *DISTILL, code=130)
    assert f"stopped: {message} are finished and kept." in result.stderr
    assert f"Go on with: stesim distill {explored}" in result.stderr
    type_("distill", explored)
    assert files_of(explored) == files_of(done)


def test_two_at_once_are_refused(explored: Path, model: str, type_: Type) -> None:
    from stesim.cli.distill_folders import JudgeFolder

    in_a_process_that_dies(4, 2, ["distill", str(explored), "--model", model, *DISTILL])
    with JudgeFolder.open_(explored / "judge"):
        refused = type_("distill", explored, code=2).stderr
    assert "is being written by another stesim; wait for it\n" in refused


def test_other_settings_are_refused_in_the_middle_too(explored: Path, model: str, type_: Type) -> None:
    words = ["distill", str(explored), "--model", model, *DISTILL]
    assert in_a_process_that_dies(4, 2, words)
    assert (
        "judge was started differently: --seed was 0, not 3" in type_("distill", explored, "--seed", "3", code=2).stderr
    )
    assert in_a_process_that_dies(22 - 3, 2, words)  # now in the rewordings
    assert "--per-tool was 5, not 9" in type_("distill", explored, "--per-tool", "9", code=2).stderr
    assert "--paraphrase was on, not off" in type_("distill", explored, "--no-paraphrase", code=2).stderr
    assert not (explored / "demonstrations.jsonl").exists()
    assert RunFolder.read(explored / "paraphrase").manifest["settings"]["wanted"] == 5
