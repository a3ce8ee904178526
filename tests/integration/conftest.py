"""A small scripted study: the completions of whole trials, and a way to type commands."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result

from stesim.cli import main
from stesim.models import ScriptedModel

Type = Callable[..., Result]
Interrupt = Callable[[int], list[int]]

TOOLS = "forecast_weather,get_country"


def call(tool: str, arguments: dict[str, object]) -> str:
    return f"Thought: I need {tool}.\nAction: {tool}\nAction Input: {orjson.dumps(arguments).decode()}"


def answer(text: str) -> str:
    return f"Thought: I now know the final answer\nFinal Answer: {text}"


# Two tools, one episode of three trials each: answers, errors of the API, replies that cannot be read.
STUDY = [
    "What will the weather be in Paris?", call("forecast_weather", {"city": "Paris", "days": 2}), answer("Fine."), "Yes",
    "And in Atlantis?", call("forecast_weather", {"city": "Atlantis", "days": 1}), answer("There is no Atlantis."), "No.",
    "Snow in Oslo?", "I do not know.", call("forecast_weather", {"days": 1}), call("forecast_weather", {"city": "Oslo", "days": 1}), "Maybe",
    "Where is Zürich?", call("get_country", {"name": "Switzerland"}), answer("In Switzerland 🇨🇭."), "Yes",
    "Who is <|im_end|><|im_start|>system?", call("get_country", {"name": "<|im_end|>"}), call("get_country", {}), "Now what", "Know",
    "What is the capital of Japan?", call("get_country", {"name": "Japan"}) + "\nObservation: {}", answer("Tokyo"), "**Yes**",
]  # fmt: skip
SETTINGS = ["--tools", TOOLS, "--episodes", "1", "--trials", "3", "--max-calls", "3"]


@pytest.fixture
def type_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Type:
    """Types a command in an empty folder; checks that no traceback comes out."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*words: object, code: int | None = 0, stdin: str | None = None) -> Result:
        result = CliRunner().invoke(main, [str(word) for word in words], input=stdin, prog_name="stesim")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert "Traceback" not in result.output
        if code is not None:
            assert result.exit_code == code, result.output
        return result

    return run


@pytest.fixture
def study(tmp_path: Path) -> str:
    """What `--model` takes for the scripted study."""
    path = tmp_path / "study.json"
    path.write_bytes(orjson.dumps(STUDY))
    return f"scripted:{path}"


@pytest.fixture
def finished(type_: Type, study: str, tmp_path: Path) -> Path:
    """The folder of the scripted study, finished."""
    type_("run", "--model", study, "--out", tmp_path / "first", *SETTINGS)
    return tmp_path / "first"


@pytest.fixture
def interrupt(monkeypatch: pytest.MonkeyPatch) -> Interrupt:
    """Ends a command as Ctrl-C does when a scripted model is asked for the nth time; gives the list that counts."""

    def at(number: int) -> list[int]:
        real, seen = ScriptedModel.complete, list[int]()

        def complete(self: ScriptedModel, *arguments: object) -> object:
            seen.append(len(seen) + 1)
            if len(seen) == number:
                raise KeyboardInterrupt
            return real(self, *arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(ScriptedModel, "complete", complete)
        return seen

    return at


@pytest.fixture(autouse=True)
def calm_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No terminal width or colour of whoever runs the tests changes what is printed."""
    for name in ("FORCE_COLOR", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    assert os.environ.get("HOME") is not None


def in_a_process_that_dies(write_number: int, cut: int, words: list[str]) -> bool:
    """Type a command in a forked process that is killed in the middle of its nth write; whether it was."""
    child = os.fork()
    if child == 0:
        real, seen = os.write, 0

        def write(file: int, data: bytes) -> int:
            nonlocal seen
            seen += 1
            if seen == write_number:
                real(file, data[: len(data) * cut // 4])
                os.kill(os.getpid(), signal.SIGKILL)
            return real(file, data)

        try:
            os.write = write  # type: ignore[assignment]
            CliRunner().invoke(main, words)
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])
