"""A recorded run of SmolLM2 (`make cassette`) replays byte for byte: what a real model says goes through everything."""

from __future__ import annotations

from pathlib import Path

import pytest

from stesim.records import ParseFailure
from stesim.store import RunFolder
from tests.integration.conftest import Type

CASSETTES = sorted((Path(__file__).resolve().parents[2] / "fixtures" / "cassettes").iterdir())


def test_there_is_a_cassette() -> None:
    assert CASSETTES


@pytest.mark.parametrize("cassette", CASSETTES, ids=[path.name for path in CASSETTES])
def test_a_cassette_replays(cassette: Path, type_: Type) -> None:
    type_("run", "--model", f"replay:{cassette}", "--out", "again")
    assert Path("again/trials.jsonl").read_bytes() == (cassette / "trials.jsonl").read_bytes()


def test_the_cassette_has_what_real_models_do() -> None:
    steps = [step for cassette in CASSETTES for trial in RunFolder.read(cassette).trials() for step in trial.steps]
    assert any(isinstance(step.reply, ParseFailure) for step in steps)
    assert any(step.reply.repairs for step in steps)
    assert {"ok", "http_error", "parse_failure"} <= {step.observation.kind for step in steps if step.observation}
