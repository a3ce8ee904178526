"""A distillation that is begun anew, and the tables of ones in which little was done."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from stesim.cli.distill_folders import JudgeFolder
from tests.integration.conftest import Type
from tests.integration.distilling import (
    DISTILL,
    FAIL,
    PASS,
    done,
    explored,
    files_of,
    model,
    script,
)

__all__ = ["done", "explored", "model"]  # fixtures


def test_begun_anew_what_was_there_is_set_aside(done: Path, model: str, type_: Type) -> None:
    before = files_of(done)
    first, second = done / "distill-1", done / "distill-2"
    words = ["--no-paraphrase", "--judge", f"replay:{first}/judge"]
    result = type_("distill", done, "--again", *words, "--json")
    assert f"what was distilled before is now in {first}" in result.stderr
    assert json.loads(result.stdout)["demonstrations"] == 3
    assert files_of(first) == before
    assert (done / "judge" / "judged.jsonl").read_bytes() == before["judge/judged.jsonl"]
    assert "--paraphrase was off, not on" in type_("distill", done, "--paraphrase", code=2).stderr
    type_("distill", done, "--again", "--model", model, *DISTILL)
    assert files_of(first) == before
    assert {path.name for path in second.iterdir()} == {"judge", "demonstrations.jsonl", "distill.json"}
    assert {**files_of(done), "distill.json": b""} == {**before, "distill.json": b""}


def test_there_need_be_nothing_to_set_aside(explored: Path, model: str, type_: Type) -> None:
    assert "is now in" not in type_("distill", explored, "--again", "--model", model, *DISTILL).stderr
    assert not (explored / "distill-1").exists()


def test_nothing_is_set_aside_while_another_works_there(done: Path, model: str, type_: Type) -> None:
    before = files_of(done)
    with JudgeFolder.open_(done / "judge"):
        refused = type_("distill", done, "--again", "--model", model, code=2).stderr
    assert f"{done / 'judge'} is being written by another stesim; wait for it\n" in refused
    assert files_of(done) == before


def test_a_folder_of_something_else_is_to_be_moved(explored: Path, model: str, type_: Type) -> None:
    (explored / "judge").mkdir()
    (explored / "judge" / "notes").write_text("mine")
    refused = type_("distill", explored, "--model", model, code=2).stderr
    assert f"{explored / 'judge'} is not empty and does not hold a run; move it away" in refused


def test_verdicts_that_are_gone_are_not_made_again_unasked(done: Path, model: str, type_: Type) -> None:
    shutil.rmtree(done / "judge")
    before = (done / "demonstrations.jsonl").read_bytes()
    assert "its verdicts (judge/) are gone" in type_("distill", done, "--model", model, code=2).stderr
    assert (done / "demonstrations.jsonl").read_bytes() == before


def test_the_tables_leave_out_what_was_not_done(explored: Path, type_: Type) -> None:
    shown = type_("distill", explored, "--no-judge", "--no-paraphrase").stdout
    assert re.search(r"^tool +trials +kept +share +demonstrations$", shown, re.MULTILINE)
    assert re.search(r"^gate +dropped +left +dropped because$", shown, re.MULTILINE)
    gates = re.findall(r"^(\w+) +\d+ +\d+ +[a-z]", shown, re.MULTILINE)
    assert gates == ["answer", "format", "execution", "grounding", "duplicate"]
    assert "reword" not in shown
    assert "asked" not in shown
    assert "5 demonstrations: 5 queries as imagined.\n" in shown
    assert "What may help" not in shown  # half of them passed


def test_one_is_not_many(explored: Path, type_: Type, tmp_path: Path) -> None:
    judge = script(tmp_path / "one.json", [FAIL] * 5 + [PASS])
    shown = type_("distill", explored, "--model", judge, "--no-paraphrase").stdout
    assert "1 demonstration: 1 query as imagined.\n" in shown
    assert "1 different query with 1 different value of arguments" in shown
    assert "Most were dropped at the gate judge (5 of 10). What may help: stesim distill" in shown
    assert f"stesim distill {explored} --again --judge MODEL with a stronger judge, or with --no-judge." in shown
