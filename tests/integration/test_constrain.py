"""`stesim run --constrain`: what it asks of a model, what the run folder keeps of it, what resuming does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from stesim.cli import build
from stesim.models import ScriptedModel
from stesim.records import Request
from stesim.store import RunFolder
from stesim.store.codec import digest
from tests.integration.conftest import SETTINGS, STUDY, Type


@pytest.fixture
def constraining(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """Scripted models that say they keep to a grammar; the requests that they were asked."""
    asked: list[Request] = []
    complete = ScriptedModel.complete

    def watched(self: ScriptedModel, request: Request, *more: Any) -> Any:
        asked.append(request)
        return complete(self, request, *more)

    monkeypatch.setattr(ScriptedModel, "constrains", True)
    monkeypatch.setattr(ScriptedModel, "complete", watched)
    return asked


def test_a_model_that_cannot_be_held_to_a_grammar(type_: Type, study: str) -> None:
    refused = type_("run", "--model", study, "--constrain", "on", *SETTINGS, code=2)
    assert refused.stderr.splitlines()[-1] == (
        "stesim: --constrain on: scripted:study.json cannot be held to a grammar; use off or auto"
    )
    done = type_("run", "--model", study, "--constrain", "auto", "--json", *SETTINGS)
    assert orjson.loads(done.stdout)["constrained"] is False
    assert "Decoding was not constrained." in type_("run", "--model", study, *SETTINGS).stdout


def test_what_a_model_is_held_to(type_: Type, study: str, constraining: list[Request], tmp_path: Path) -> None:
    done = type_("run", "--model", study, "--out", "r", *SETTINGS)
    assert "Decoding was constrained" in done.stdout
    grammars = {(request.purpose, request.place.tool): request.grammar for request in constraining}
    assert {purpose for (purpose, _), grammar in grammars.items() if not grammar} == {"imagine"}
    assert grammars["try", "get_country"] != grammars["try", "forecast_weather"] != grammars["reflect", "get_country"]
    assert all(not request.stop for request in constraining if request.grammar)
    # Every request comes back from the folder as it was, each grammar is in the file once.
    assert [request for request, _ in RunFolder.read(Path("r")).completions()] == constraining
    lines = [orjson.loads(line) for line in (tmp_path / "r" / "completions.jsonl").read_bytes().splitlines()]
    texts = [line["grammar_text"] for line in lines if "grammar_text" in line]
    assert len(texts) == len(set(texts)) == 3
    assert all(line["grammar"] == digest(line["grammar_text"]) for line in lines if "grammar_text" in line)


def test_a_constrained_run_goes_on_and_is_replayed(type_: Type, study: str, constraining: list[Request]) -> None:
    type_("run", "--model", study, "--out", "whole", *SETTINGS)
    lines = Path("whole", "trials.jsonl").read_bytes().splitlines(keepends=True)
    type_("run", "--model", study, "--out", "part", *SETTINGS)
    Path("part", "trials.jsonl").write_bytes(b"".join(lines[:2]))
    type_("run", "--out", "part")
    assert Path("part", "trials.jsonl").read_bytes() == b"".join(lines)
    type_("run", "--model", "replay:part", "--out", "again")
    assert Path("again", "trials.jsonl").read_bytes() == b"".join(lines)
    assert RunFolder.read(Path("again")).manifest["settings"]["constrain"] is True


def test_it_cannot_be_changed_in_the_middle(type_: Type, study: str, constraining: list[Request]) -> None:
    type_("run", "--model", study, "--out", "r", *SETTINGS)
    refused = type_("run", "--out", "r", "--constrain", "off", code=2)
    assert "constrain was True, not False" in refused.stderr


def test_the_paper_does_not_constrain(type_: Type, script: Any, constraining: list[Request]) -> None:
    type_("run", "--model", script(STUDY), "--paper", "--out", "r", *SETTINGS)
    assert not any(request.grammar for request in constraining)


def test_prompts_whose_beginning_is_not_admitted(type_: Type, study: str, constraining: list[Request]) -> None:
    Path("own").mkdir()
    Path("own", "begin_next.txt").write_text("So, let us see:")
    refused = type_("run", "--model", study, "--prompts", "own", "--out", "r", *SETTINGS, code=2)
    assert "the grammar of forecast_weather does not admit the beginning" in refused.stderr
    assert not Path("r").exists()
    type_("run", "--model", study, "--prompts", "own", "--out", "r", "--constrain", "off", *SETTINGS)


def test_what_a_grammar_leaves_out_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    class Box:
        tools = (type("T", (), {"name": "x", "parameters": {"uniqueItems": True}})(),)

    build.notes({}, {"settings": {"constrain": True, "context": 1}, "model": {}, "stesim": "1"}, Box())  # type: ignore[arg-type]
    assert capsys.readouterr().err == "note: the grammar of x leaves out uniqueItems\n"


def test_a_grammar_that_is_nowhere_in_the_file(type_: Type, study: str, constraining: list[Request]) -> None:
    type_("run", "--model", study, "--out", "r", *SETTINGS)
    path = Path("r", "completions.jsonl")
    path.write_bytes(path.read_bytes().replace(b'"grammar_text"', b'"grammar_lost"'))
    refused = type_("run", "--model", "replay:r", code=2)
    assert "completions.jsonl, line 2 does not hold a completion" in refused.stderr


def test_a_run_from_before_there_was_a_choice_goes_on(type_: Type, study: str) -> None:
    type_("run", "--model", study, "--out", "r", *SETTINGS)
    path = Path("r", "manifest.json")
    manifest = orjson.loads(path.read_bytes())
    del manifest["settings"]["constrain"]
    path.write_bytes(orjson.dumps(manifest))
    whole = Path("r", "trials.jsonl").read_bytes()
    Path("r", "trials.jsonl").write_bytes(b"".join(whole.splitlines(keepends=True)[:3]))
    assert orjson.loads(type_("run", "--out", "r", "--json").stdout)["constrained"] is False
    assert Path("r", "trials.jsonl").read_bytes() == whole
    type_("run", "--model", "replay:r", "--out", "again")
    type_("run", "--model", "replay:r", "--constrain", "auto", "--out", "auto")
    assert Path("auto", "trials.jsonl").read_bytes() == Path("again", "trials.jsonl").read_bytes() == whole
