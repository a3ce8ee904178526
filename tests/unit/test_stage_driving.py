"""How a stage asks its model, and how it shows how far it is."""

from __future__ import annotations

import io
import sys

import pytest

from stesim.cli.progress import Progress
from stesim.errors import ModelError, ScriptExhausted
from stesim.models import ReplayModel, ScriptedModel
from stesim.models.driving import Asking, drive
from stesim.records import Completion, Message, Place, Request, Sampling

SAMPLING = Sampling(temperature=1.0, top_p=1.0, top_k=0, min_p=0.0, repeat_penalty=1.0, max_tokens=9)


def request(call: int = 0, *, choices: tuple[str, ...] = (), text: str = "Which?") -> Request:
    return Request(Place("t", 1, 1, call), "judge", (Message("user", text),), SAMPLING, 7, choices=choices)


# -- the drive -----------------------------------------------------------------------------------------------------


def test_driving_sends_each_completion_back() -> None:
    said: list[str] = []

    def ask() -> Asking:
        for number in range(3):
            completion = yield request(number, text=" ".join(said) or "begin")
            said.append(completion.text)

    model = ScriptedModel(["a", "b", "c"])
    drive(ask(), model)
    assert said == ["a", "b", "c"]
    assert [asked.messages[0].content for asked in model.requests] == ["begin", "a", "a b"]


def test_driving_what_asks_nothing() -> None:
    def ask() -> Asking:
        yield from ()

    model = ScriptedModel([])
    drive(ask(), model)
    assert model.requests == []


def test_driving_passes_errors_on() -> None:
    def ask() -> Asking:
        yield request()
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        drive(ask(), ScriptedModel(["a"]))
    with pytest.raises(ScriptExhausted, match="has only 0 completions"):
        drive(ask(), ScriptedModel([]))


def test_a_script_chooses_only_what_can_be_chosen() -> None:
    heard: list[str] = []
    model = ScriptedModel(["b", "c", ""])
    assert model.complete(request(choices=("a", "b")), heard.append).text == "b"
    assert heard == ["b"]
    with pytest.raises(ModelError, match="completion 2 is none of the choices there are: 'c'"):
        model.complete(request(choices=("a", "b")))
    with pytest.raises(ModelError, match="completion 3 is none of the choices"):
        model.complete(request(choices=("a",)))


def test_what_is_played_has_no_embeddings() -> None:
    for model in (ScriptedModel([], name="s"), ReplayModel([], {}, name="r", fingerprint="f")):
        with pytest.raises(ModelError, match=f"{model.name} has no embeddings"):
            model.embed(["a"])


# -- progress ------------------------------------------------------------------------------------------------------


class Clock:
    """Time that passes only when it is told to."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in ("pace", "progress"):
        monkeypatch.setattr(f"stesim.cli.{module}.time", clock)
    return clock


def test_progress_without_a_terminal_is_a_line_now_and_then(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("trials", whole=40, done=10) as progress:
        progress.advance("add_date 1.1: kept")
        clock.now += 6
        progress.completion(Completion("x", "stop", tokens=50, seconds=5.0))
        progress.advance("\x1b[31mred\n" + "x" * 80)
        for _ in range(28):
            progress.advance()
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        f"[12/40] trials: red {'x' * 43}… (10 tokens/s with prompts, about 1 min 24 s left)",
        "[40/40] trials (10 tokens/s with prompts)",
    ]
    assert progress.done == 40


@pytest.mark.parametrize(("whole", "done"), [(0, 0), (3, 3)])
def test_progress_of_nothing_says_nothing(whole: int, done: int, capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("trials", whole=whole, done=done) as progress:
        assert progress.pace() == ""
    assert capsys.readouterr().err == ""


class Terminal(io.StringIO):
    """Says that it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_progress_on_a_terminal_is_a_bar_that_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("NO_COLOR", raising=False)
    with Progress("queries [bold]", whole=3, done=1) as progress:
        progress.advance("\x1b]0;owned\x07")
        progress._bar.refresh()
        shown = terminal.getvalue()
        progress.advance()
    assert "queries [bold]" in shown
    assert "2/3" in shown
    assert "owned" not in terminal.getvalue()
    assert "[3/3]" not in terminal.getvalue()  # no lines beside the bar
    assert terminal.getvalue().endswith("\x1b[2K")  # the bar's own line is wiped
