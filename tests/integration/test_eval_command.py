"""`stesim eval --predictions`: the figures as a table and as JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.conftest import Type
from tests.integration.test_commands import one_line

ROOT = Path(__file__).resolve().parents[2]
RELEASED = ROOT.parent / "shared" / "paper"

PREDICTIONS = {
    "add_date": [
        {"action_input": '{"days": 3}', "model_output": 'Action: add_date\nAction Input: {"days": "3"}', "err": 0, "no_call": 0},
        {"action_input": '{"days": 3}', "model_output": 'Action: add_date\nAction Input: {"days": 3,}', "err": 1, "no_call": 0},
    ],
    "today\x1b[2J": [{"action_input": "{}", "model_output": "Action: Today\nAction Input: {}"}],
    "search": [
        {"action_input": '{"q": "x"}', "model_output": 'Action: search\nAction Input: {"q": "y"}'},
        {"action_input": '{"q": "x"}', "model_output": "Final Answer: 42"},
    ],
}  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "predictions.json"
    path.write_text(json.dumps(PREDICTIONS))
    return path


def test_table(type_: Type, file: Path) -> None:
    output = type_("eval", "--predictions", file).stdout
    lines = [" ".join(line.split()) for line in output.splitlines()]
    assert lines[0] == f"{file}: 5 replies, 3 tools"
    for line in (
        "replies well-formed API match correct",
        "all 5 80.000 100.000 60.000",
        "1 tools without arguments 1 100.000 100.000 100.000",
        "(final answer, no call) 1",
        "trailing_comma 1 a comma too many was left out",
        "err 1 of 2",
        "no_call 2 of 2",
    ):
        assert line in lines
    assert "parsing: tolerant" in output
    assert "unjudged: 2 calls" in output
    assert "\x1b" not in output


def test_strict_says_so(type_: Type, file: Path) -> None:
    output = type_("eval", "--predictions", file, "--strict").stdout
    assert "parsing: strict (the paper's rule of parsing)" in output
    assert "not_json" in output
    assert "repairs:" not in output


def test_a_file_without_flags(type_: Type, tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text('{"a": [{"action_input": "{\\"x\\": 1}", "model_output": ""}]}')
    output = type_("eval", "--predictions", "p.json").stdout
    assert " ".join(output.splitlines()[4].split()) == "all 1 0.000 – 0.000"
    for absent in ("the same as stored", "unjudged", "without arguments"):
        assert absent not in output
    found = json.loads(type_("eval", "--predictions", "p.json", "--json").stdout)
    assert (found["api_match"], found["agreement"]) == (None, {})


def test_json(type_: Type, file: Path) -> None:
    found = json.loads(type_("eval", "--predictions", file, "--json", "--strict").stdout)
    assert list(found) == [
        "rule", "replies", "well_formed", "api_match", "correct", "counts", "final_answers", "failures", "repairs",
        "unjudged", "no_argument_tools", "agreement", "tools",
    ]  # fmt: skip
    assert (found["rule"], found["replies"], found["well_formed"]) == ("strict", 5, 60.0)
    assert found["failures"] == {"not_json": 1}
    assert found["agreement"]["err"] == {"stored": 2, "same": 2}
    assert set(found["tools"]) == set(PREDICTIONS)
    assert set(found["no_argument_tools"]) >= {"tools", "replies", "well_formed", "api_match", "correct"}


def test_a_slow_file_says_how_far_it_is(type_: Type, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert type_("eval", "--predictions", file).stderr == ""
    monkeypatch.setattr("stesim.cli.evaluate._NOTICE_AFTER", -1.0)
    assert "scored 3 of 5 replies" in type_("eval", "--predictions", file).stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            [],
            "nothing to do: ask a model (stesim eval --mode baseline, or with --model or --run), or score recorded "
            "replies with --predictions FILE",
        ),
        (["--strict"], "--strict goes with --predictions"),
        (["--mode", "icl"], "--mode icl needs demonstrations"),
        (["--predictions", "nowhere.json"], "cannot read nowhere.json: No such file"),
        (["--predictions", "."], "not a regular file"),
        (["--predictions", "bad.json"], "record 1: it has no model_output"),
    ],
)
def test_bad_input(type_: Type, words: list[str], message: str, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text('{"a\\u001b[2J": [{"action_input": "{}"}]}')
    line = one_line(type_("eval", *words, code=2).stderr)
    assert message in line
    assert "\x1b" not in line


def test_help(type_: Type) -> None:
    output = type_("eval", "--help").stdout
    assert "Usage: stesim eval" in output
    assert "Examples:" in output
    words = " ".join(output.split())
    assert "replies are greedy. [default: 0]" in words
    assert "Context size in tokens. [default: the model's, at most 4096]" in words
    assert "which flatters. [default: off]" in words


@pytest.mark.parametrize(
    ("name", "figures"),
    [("mistral.json", [61.733, 69.33, 30.133]), ("llama-7Bf_ICL.json", [58.267, 86.728, 41.733])],
)
def test_the_figures_of_the_paper_through_the_shell(name: str, figures: list[float]) -> None:
    if not (RELEASED / name).exists():
        pytest.skip(f"{RELEASED / name} is not there")
    words = [sys.executable, "-m", "stesim", "eval", "--predictions", str(RELEASED / name), "--strict", "--json"]
    found = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, check=True)
    values = json.loads(found.stdout)
    assert [values["well_formed"], values["api_match"], values["correct"]] == figures
    assert found.stderr == ""
