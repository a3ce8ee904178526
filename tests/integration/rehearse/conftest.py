"""A run to rehearse, with a training that is played, and a finished rehearsal."""

from __future__ import annotations

import shutil
from pathlib import Path

import orjson
import pytest

from stesim import bootstrap
from stesim.cli import rehearsing
from stesim.demonstrations import to_lines
from tests.integration.conftest import Type
from tests.integration.rehearse.playing import (
    EXPLORED,
    FULL,
    TOOLS,
    Played,
    as_command,
    demonstrations,
    draws_little,
)


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Played:
    """The two commands, and intervals that are quick rather than good."""
    commands = Played()
    for function in (bootstrap.interval, bootstrap.difference):
        monkeypatch.setattr(function, "__defaults__", (0, 20, 0.95))
    monkeypatch.setattr(rehearsing, "finetune", as_command("finetune", commands.finetune))
    monkeypatch.setattr(rehearsing, "evaluate", as_command("eval", commands.evaluate))
    monkeypatch.setattr("stesim.cli.rehearse.check_trained", lambda _: None)
    monkeypatch.setattr("stesim.cli.rehearse.draw", draws_little)
    return commands


@pytest.fixture
def explored(type_: Type, tmp_path: Path) -> Path:
    """A run with demonstrations of four tools."""
    (tmp_path / "study.json").write_bytes(orjson.dumps(EXPLORED))
    words = ["--tools", ",".join(TOOLS), "--episodes", "1", "--trials", "1", "--seed", "5"]
    type_("run", "--model", f"scripted:{tmp_path / 'study.json'}", "--out", tmp_path / "first", *words)
    (tmp_path / "first/demonstrations.jsonl").write_bytes(to_lines(demonstrations()))
    (tmp_path / "tiny.gguf").write_bytes(b"GGUF")
    return tmp_path / "first"


WHOLE: dict[str, Path] = {}  # made once, since it takes a second


@pytest.fixture
def rehearsed(type_: Type, explored: Path, played: Played, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished rehearsal."""
    if not WHOLE:
        type_("rehearse", explored, "--model", "tiny.gguf", *FULL)
        WHOLE["folder"] = tmp_path_factory.mktemp("whole") / "rehearsal"
        WHOLE["typed"] = WHOLE["folder"].parent / "typed.json"
        WHOLE["typed"].write_bytes(orjson.dumps(played.typed))
        shutil.copytree(explored / "rehearsal", WHOLE["folder"])
    else:
        shutil.copytree(WHOLE["folder"], explored / "rehearsal")
        played.typed = [tuple(words) for words in orjson.loads(WHOLE["typed"].read_bytes())]
    return explored / "rehearsal"
