"""The paper's released predictions, if they lie beside the repository: strict agrees reply for reply."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest

from stesim.parsing import parse_strict, parse_tolerant
from stesim.parsing.arguments import is_placeholder
from stesim.records import Action, FinalAnswer, ParseFailure

FOLDER = Path(__file__).resolve().parents[3].parent / "shared" / "paper"
# How many of the 750 replies are read as a call at least, whatever the name.
CALLS = {"mistral.json": 745, "llama-7Bf_ICL.json": 516}


@functools.cache
def released(name: str) -> dict[str, list[dict[str, Any]]]:
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"{path} is not there")
    found: dict[str, list[dict[str, Any]]] = json.loads(path.read_text(encoding="utf-8"))
    return found


def replies(name: str) -> list[dict[str, Any]]:
    return [reply for examples in released(name).values() for reply in examples]


@pytest.mark.parametrize("name", CALLS)
def test_strict_agrees_with_the_stored_verdicts(name: str) -> None:
    """With any name allowed, because scoring replaces a wrong one by the closest."""
    for stored in replies(name):
        reply = parse_strict(stored["model_output"])
        verdict = (int(isinstance(reply, ParseFailure)), int(isinstance(reply, FinalAnswer)))
        assert verdict == (int(stored["err"]), int(stored["no_call"])), stored["model_output"]


@pytest.mark.parametrize("name", CALLS)
def test_tolerant_reads_most_and_changes_no_right_reading(name: str) -> None:
    tools = list(released(name))
    calls = 0
    for stored in replies(name):
        text = stored["model_output"]
        calls += isinstance(parse_tolerant(text), Action)
        strict, tolerant = parse_strict(text, tools), parse_tolerant(text, tools)
        if isinstance(strict, Action) and not is_placeholder(strict.arguments):
            assert isinstance(tolerant, Action), text
            assert (tolerant.tool, tolerant.arguments) == (strict.tool, strict.arguments), text
    assert calls >= CALLS[name]
