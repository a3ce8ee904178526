"""Asking the real model about a test set: constrained and not, with demonstrations by its own embeddings, replayed."""

from __future__ import annotations

import json
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from stesim.cli import main
from stesim.evaluate.answers import AnswerFolder
from stesim.records import ParseFailure

DEMONSTRATIONS = [
    {
        "tool": "get_country", "query": f"What is the capital of {name}?", "arguments": {"name": name},
        "observation": "{}", "answer": "x", "episode": 1, "trial": 1, "paraphrase": 0, "thought": "",
    }
    for name in ("Peru", "Chad", "Fiji")
]  # fmt: skip


def test_an_evaluation_with_the_default_model(tmp_path: Path, gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("d.jsonl").write_bytes(b"\n".join(map(orjson.dumps, DEMONSTRATIONS)))
    words = ["eval", "--mode", "icl", "--demonstrations", "d.jsonl", "--retrieval", "embedding", "--shots", "2"]
    words += ["--tools", "get_country,get_number_fact", "--limit", "2", "--max-tokens", "48", "--constrain", "both"]
    result = CliRunner().invoke(main, [*words, "--model", str(gguf), "--out", "both"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    constrained, free = (json.loads(Path(name, "result.json").read_bytes()) for name in ("both", "both-unconstrained"))
    assert (constrained["constrained"], free["constrained"]) == (True, False)
    replies = [answer.reply for answer in AnswerFolder.read(Path("both")).answers()]
    assert len(replies) == 6
    assert not any(isinstance(reply, ParseFailure) or reply.repairs for reply in replies)
    assert constrained["tokens"]["reused"] > 0  # the descriptions of the tools stay in the cache
    again = CliRunner().invoke(main, ["eval", "--model", "replay:both", "--out", "again"], catch_exceptions=False)
    assert again.exit_code == 0, again.output
    assert Path("again", "answers.jsonl").read_bytes() == Path("both", "answers.jsonl").read_bytes()
