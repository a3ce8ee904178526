"""Whole runs with the real default model: repeatable, resumable, replayable, offline."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from stesim.cli import main
from stesim.store import RunFolder

TOOLS = [
    "--tools",
    "get_country,add_date",
    "--episodes",
    "1",
    "--trials",
    "2",
    "--max-calls",
    "2",
    "--max-tokens",
    "64",
]


def run(out: Path, *words: str) -> str:
    result = CliRunner().invoke(main, ["run", "--out", str(out), *words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def once(gguf: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run."""
    assert gguf.is_file()
    folder = tmp_path_factory.mktemp("runs") / "once"
    run(folder, *TOOLS)
    return folder


def test_a_run_writes_what_it_says(once: Path) -> None:
    folder = RunFolder.read(once)
    trials = list(folder.trials())
    assert [(trial.tool, trial.trial) for trial in trials] == [
        ("get_country", 1),
        ("get_country", 2),
        ("add_date", 1),
        ("add_date", 2),
    ]
    assert sum(trial.completions for trial in trials) == len(list(folder.completions()))
    assert sum(trial.parsed_calls for trial in trials) > 0
    assert {"threads", "llama_cpp_python", "file"} <= folder.manifest["model"].keys()
    for request, completion in folder.completions():
        assert completion.tokens <= request.sampling.max_tokens
        assert completion.text.startswith(request.prefill)
        assert completion.prompt_tokens > completion.reused_tokens
    assert (
        sum(c.reused_tokens for _, c in folder.completions())
        > sum(c.prompt_tokens for _, c in folder.completions()) / 2
    )


def test_the_same_again_with_another_number_of_threads(once: Path, tmp_path: Path) -> None:
    run(tmp_path / "again", "--threads", "1", *TOOLS)
    assert (tmp_path / "again" / "trials.jsonl").read_bytes() == (once / "trials.jsonl").read_bytes()


# Types a command in a process that is killed when it writes down the first try of the second trial. (A fork would
# inherit OpenMP's locks without its threads.)
DYING = """
import os, signal, sys
from stesim.cli import main
from stesim.store import lines

real = lines.Appender.append

def append(self, value, **options):
    if value.get("purpose") == "try" and value["place"] == {"tool": "get_country", "episode": 1, "trial": 2, "call": 1}:
        os.kill(os.getpid(), signal.SIGKILL)
    real(self, value, **options)

lines.Appender.append = append
main(sys.argv[1:])
"""


def test_killed_and_resumed_it_is_the_same(once: Path, tmp_path: Path) -> None:
    """The model starts cold in the middle of the episode, and still says the same."""
    words = [sys.executable, "-c", DYING, "run", "--out", str(tmp_path / "killed"), *TOOLS]
    assert subprocess.run(words, capture_output=True, timeout=300).returncode == -signal.SIGKILL
    assert len(list(RunFolder.read(tmp_path / "killed").trials())) == 1
    run(tmp_path / "killed")
    assert (tmp_path / "killed" / "trials.jsonl").read_bytes() == (once / "trials.jsonl").read_bytes()


def test_replayed_it_is_the_same(once: Path, tmp_path: Path) -> None:
    run(tmp_path / "replayed", "--model", f"replay:{once}")
    assert (tmp_path / "replayed" / "trials.jsonl").read_bytes() == (once / "trials.jsonl").read_bytes()


def test_a_context_that_overflows_forgets_and_goes_on(gguf: Path, tmp_path: Path) -> None:
    assert gguf.is_file()
    run(
        tmp_path / "r",
        "--tools",
        "list_public_holidays",
        "--episodes",
        "1",
        "--trials",
        "4",
        "--ctx",
        "1700",
        "--max-tokens",
        "96",
    )
    folder = RunFolder.read(tmp_path / "r")
    assert len(list(folder.trials())) == 4
    assert all(completion.prompt_tokens <= 1700 - 96 for _, completion in folder.completions())
    assert max(trial.forgotten for trial in folder.trials()) > 0
