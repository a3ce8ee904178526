"""Results of evaluations as they stand in files, for the tests of the report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson


def flags_of(correct: Sequence[int]) -> dict[str, dict[str, bool]]:
    """Queries that are all well-formed, and correct or not."""
    return {f"q-{n}": {"well_formed": True, "correct": bool(flag)} for n, flag in enumerate(correct, 1)}


def result(
    name: str, *, mode: str = "baseline", constrained: bool = True, correct: Sequence[int] = (1, 0, 0, 1)
) -> Any:
    """The `result.json` of an evaluation with so many queries."""
    share = 100 * sum(correct) / len(correct)
    return {
        "name": name, "mode": mode, "model": "smollm2", "toolset": "starter", "testset": "bundled",
        "constrained": constrained, "tools": 20, "queries": len(correct), "unanswerable": 0, "demonstrations": 20,
        "shots": 8, "retrieval": "words", "candidates": 15, "oracle": False, "seed": 7,
        "metrics": {
            "well_formed": {"value": 100.0, "low": 100.0, "high": 100.0, "of": len(correct)},
            "correct": {"value": share, "low": share - 25, "high": min(100.0, share + 25), "of": len(correct)},
            "no_call": {"value": None, "low": None, "high": None, "of": 0},
        },
        "by_tool": {"add_date": {"correct": share, "queries": len(correct), "no_call": None}},
        "failures": {"wrong_value": 2, "missing_action": 1},
        "examples": {
            "wrong_value": [
                {"id": "add_date-05", "query": "3 weeks ago?", "right": {"tool": "add_date", "arguments": {"days": -21}},
                 "said": "Action: add_date\nAction Input: {\"days\": 21}"}
            ]
        },
        "flags": flags_of(correct),
        "tokens": {"prompt": 12345, "reused": 10000, "generated": 321}, "seconds": 83.4,
    }  # fmt: skip


def write_result(run: Path, value: Any) -> None:
    """Put a result where a run has it."""
    folder = run / "eval" / value["name"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "result.json").write_bytes(orjson.dumps(value))


def write_manifest(run: Path, name: str, settings: Any, **parts: Any) -> None:
    """Put a manifest beside a result."""
    (run / "eval" / name / "manifest.json").write_bytes(orjson.dumps({"settings": settings, **parts}))
