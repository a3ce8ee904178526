"""`stesim run --imagine call-first` with a scripted model, through the command line and the shell."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from stesim.parsing.render import render
from stesim.records import Action
from stesim.store import RunFolder
from stesim.toolbox import Toolbox
from tests.integration.conftest import SETTINGS, TOOLS, Type, answer, in_a_process_that_dies

WORDS = ["--imagine", "call-first", *SETTINGS]
SHELL = [sys.executable, "-m", "stesim"]


def calls(tool: str, arguments: dict[str, object]) -> str:
    return render(Action(tool, arguments))


def example(tool: str) -> str:
    with Toolbox.open([tool]) as box:
        return calls(tool, dict(box.example(tool)))


def queries(query: str) -> list[str]:
    """Four queries for a call, two of which say it, and the choice between these."""
    return [query, "What a day", f"{query} Please", "How nice", query]


OSLO, ROME = ({"city": city, "days": 2} for city in ("Oslo", "Rome"))
RAIN, CAPITAL = "Will it rain in Oslo in the next 2 days?", "What is the capital of Japan?"
HILLS = "Are there hills in Switzerland?"

# Two tools, one episode of three trials each. Each list is a trial: what comes of it stands in `EXPECTED`.
TRIALS = [
    [calls("forecast_weather", OSLO), *queries(RAIN), calls("forecast_weather", OSLO), answer("Yes, 🌧."), "Yes"],
    [calls("forecast_weather", {"city": "Atlantis", "days": 1}), "I do not know.", calls("forecast_weather", {})],
    [calls("forecast_weather", ROME), "Will it rain?", "", "In Rome?", "For 2 days"],
    [calls("get_country", {"name": "Switzerland"}), *queries(HILLS), example("forecast_weather")],
    [
        calls("get_country", {"name": "Atlantis"}), calls("get_country", {"name": "Japan"}), *queries(CAPITAL),
        calls("get_country", {"name": "Japan"}), answer("Tokyo"), "No.",
    ],
    [
        calls("get_country", {"name": "Switzerland"}), calls("get_country", {"name": "Japan"}),
        calls("get_country", {"name": "France"}), *queries("Where is France?"),
        calls("get_country", {"name": "France"}), "Hm", "Know",
    ],
]  # fmt: skip
EXPECTED = [
    (RAIN, "final_answer", "", True, 6),
    ("", "no_query", "", None, 0),
    ("Will it rain?", "no_query", "grounding", None, 4),
    (HILLS, "no_query", "rank", None, 6),
    (CAPITAL, "final_answer", "", False, 6),
    ("Where is France?", "max_calls", "", None, 6),
]
COMPLETIONS = sum(map(len, TRIALS))


@pytest.fixture
def script(tmp_path: Path) -> str:
    """What `--model` takes for the study."""
    (tmp_path / "calls.json").write_bytes(orjson.dumps([text for texts in TRIALS for text in texts]))
    return f"scripted:{tmp_path / 'calls.json'}"


@pytest.fixture
def explored(type_: Type, script: str, tmp_path: Path) -> Path:
    """The folder of the study, finished."""
    type_("run", "--model", script, "--out", tmp_path / "explored", *WORDS)
    return tmp_path / "explored"


def trials_of(run: Path) -> bytes:
    return (run / "trials.jsonl").read_bytes()


# -- what a run comes to -------------------------------------------------------------------------------------------


def test_a_study_from_start_to_end(explored: Path) -> None:
    folder = RunFolder.read(explored)
    found = list(folder.trials())
    assert [(t.query, t.stop_reason, t.rejected, t.solved, t.imaginings) for t in found] == EXPECTED
    assert [[step.observation.kind if step.observation else None for step in t.steps] for t in found] == [
        ["ok", None],
        ["http_error", "parse_failure", "http_error"],
        ["ok"],
        ["ok"],
        ["http_error", "ok", None],
        ["ok", "ok", "ok", "parse_failure"],
    ]
    assert [trial.completions for trial in found] == [len(texts) for texts in TRIALS]
    asked = [request for request, _ in folder.completions()]
    assert len(asked) == COMPLETIONS
    assert len({request.place for request in asked}) == COMPLETIONS
    assert len({request.seed for request in asked}) == COMPLETIONS


def test_the_lines_say_what_a_reader_needs(explored: Path) -> None:
    lines = [json.loads(line) for line in trials_of(explored).splitlines()]
    assert [line.get("imaginings") for line in lines] == [6, 0, 4, 6, 6, 6]
    assert [line.get("rejected") for line in lines] == [None, None, "grounding", "rank", None, None]
    assert lines[1]["reflection"] is None


def test_the_manifest_has_the_setting(explored: Path, finished: Path) -> None:
    ours, theirs = (RunFolder.read(path).manifest for path in (explored, finished))
    assert (ours["settings"]["imagine"], theirs["settings"]["imagine"]) == ("call-first", "query-first")
    assert re.fullmatch(r"[0-9a-f]{64}\+[0-9a-f]{64}", ours["prompts"]["fingerprint"])
    assert ours["prompts"]["fingerprint"].startswith(theirs["prompts"]["fingerprint"])


def test_the_ending(type_: Type, script: str) -> None:
    result = type_("run", "--model", script, "--out", "first", *WORDS)
    assert re.search(r"^all +6 +17% +33% +10 +70% +\d+% +\d+%$", result.stdout, re.MULTILINE)
    assert "3 of 6 trials came to no query: see stesim memory." in result.stdout
    lines = [line for line in result.stderr.splitlines() if line.startswith("[")]
    assert lines[0].startswith(f"[1/6] forecast_weather 1.1: solved, final answer · {RAIN} · ")
    assert lines[1].startswith("[2/6] forecast_weather 1.2: no query (no call gave a result) · ")
    assert " ·  · " not in result.stderr
    assert "1.3: no query (the queries written did not say the call) · Will it rain? · " in lines[2]
    assert "no query (the query written goes better with another call)" in lines[3]
    report = json.loads(type_("run", "--out", "first", "--json").stdout)
    assert (report["without_query"], report["model"]["completions"]) == (3, COMPLETIONS)


def test_a_run_that_begins_with_queries_says_nothing_of_calls(type_: Type, study: str) -> None:
    result = type_("run", "--model", study, "--out", "first", *SETTINGS)
    assert "no query" not in result.output
    assert json.loads(type_("run", "--out", "first", "--json").stdout)["without_query"] == 0


# -- show and memory -----------------------------------------------------------------------------------------------


def test_show(explored: Path, type_: Type) -> None:
    assert f"User Query:\n  {RAIN}\n" in type_("show", explored, 1).stdout
    nothing = type_("show", explored, 2).stdout
    assert "User Query" not in nothing
    assert "Stopped:\n  no query (no call gave a result)" in nothing
    assert "Atlantis" in nothing
    rejected = type_("show", explored, "forecast_weather/1/3").stdout
    assert "User Query" not in rejected
    assert "Query that was rejected:\n  Will it rain?\n" in rejected
    assert "Stopped:\n  no query (the queries written did not say the call)" in rejected
    stored = json.loads(type_("show", explored, 4, "--json").stdout)
    assert (stored["rejected"], stored["imaginings"]) == ("rank", 6)


def test_memory(explored: Path, type_: Type) -> None:
    shown = type_("memory", explored).stdout.splitlines()
    assert shown[:2] == ["forecast_weather: 1 queries, 1 solved; 2 without a query", f"  ✓ 1.1  {RAIN}"]
    assert "  ? 1.2  no query (no call gave a result)" in shown
    assert "  ? 1.3  no query (the queries written did not say the call): Will it rain?" in shown
    assert f"  ? 1.1  no query (the query written goes better with another call): {HILLS}" in shown
    assert "get_country: 2 queries, 0 solved; 1 without a query" in shown
    entries = json.loads(type_("memory", explored, "--json").stdout)
    assert [(entry["query"], entry["stop_reason"], entry["rejected"]) for entry in entries] == [
        expected[:3] for expected in EXPECTED
    ]


# -- while it runs -------------------------------------------------------------------------------------------------


def test_watching(type_: Type, script: str) -> None:
    shown = type_("run", "--model", script, "--watch", "--out", "first", *WORDS).stderr
    for trial in (1, 2, 3):
        assert f"forecast_weather · episode 1 · trial {trial}" in shown
    for heading, text in (
        ("calls", "Action: forecast_weather"), ("imagines", RAIN), ("chooses", RAIN), ("tries", "Thought: I now know"),
        ("reflects", "Yes"),
    ):  # fmt: skip
        assert f"{heading}:\n{text}" in shown
    assert Path("first/trials.jsonl").stat().st_size > 0


def test_the_live_table(type_: Type, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from stesim.cli import view

    seen: list[str] = []
    real = view.LiveView._notice
    monkeypatch.setattr(view.LiveView, "_notice", lambda self, request: (real(self, request), seen.append(self._now)))
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    shown = type_("run", "--model", script, "--out", "first", *WORDS).stderr
    assert "Exploring with scripted:calls.json" in shown
    assert "forecast_weather" in shown
    assert "3/3" in shown
    assert len(seen) == COMPLETIONS
    assert seen[:9] == [
        f"forecast_weather 1.1: {doing}"
        for doing in ("imagines a call", *["imagines a query"] * 4, "chooses", "chooses", "tries", "reflects")
    ]


# -- resuming and replaying ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("write_number", range(1, COMPLETIONS + len(TRIALS) + 1))
def test_a_run_killed_in_any_write_goes_on_as_if_it_had_not_been(
    write_number: int, script: str, explored: Path, tmp_path: Path, type_: Type
) -> None:
    """Between any two completions, and in the middle of a line."""
    out = tmp_path / "killed"
    words = ["run", "--model", script, "--out", str(out), *WORDS]
    assert in_a_process_that_dies(write_number, write_number % 5, words)
    assert len(list(RunFolder.read(out).trials())) < len(TRIALS) or write_number == COMPLETIONS + len(TRIALS)
    type_("run", "--out", out)
    assert trials_of(out) == trials_of(explored)
    type_("run", "--model", f"replay:{out}", "--out", "again")
    assert trials_of(Path("again")) == trials_of(explored)


def test_every_write_was_tried(script: str, tmp_path: Path, type_: Type) -> None:
    words = ["run", "--model", script, "--out", str(tmp_path / "whole"), *WORDS]
    assert not in_a_process_that_dies(COMPLETIONS + len(TRIALS) + 1, 0, words)
    type_("memory", tmp_path / "whole")


def test_through_the_shell(explored: Path, script: str, tmp_path: Path) -> None:
    """Killed after its first trial, and gone on with, without a word on how it imagines."""
    dying = (
        "import os, signal, sys; from stesim.cli import main; from stesim.store import RunFolder\n"
        "real = RunFolder.add_trial\n"
        "def add(*a): real(*a); os.kill(os.getpid(), signal.SIGKILL)\n"
        "RunFolder.add_trial = add; main(sys.argv[1:])"
    )
    out = tmp_path / "killed"
    words = ["run", "--model", script, "--out", str(out)]
    assert subprocess.run([sys.executable, "-c", dying, *words, *WORDS], capture_output=True).returncode == -9
    assert len(list(RunFolder.read(out).trials())) == 1
    again = subprocess.run([*SHELL, "run", "--out", str(out)], capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    assert "going on after 1 of 6 trials" in again.stderr
    assert "3 of 6 trials came to no query" in again.stdout
    assert trials_of(out) == trials_of(explored)


def test_a_replay_is_the_same_byte_for_byte(explored: Path, type_: Type) -> None:
    type_("run", "--model", f"replay:{explored}", "--out", "again")
    assert trials_of(Path("again")) == trials_of(explored)
    type_("run", "--model", "replay:again", "--out", "third")
    assert trials_of(Path("third")) == trials_of(explored)
    assert RunFolder.read(Path("third")).manifest["settings"]["imagine"] == "call-first"


def test_another_way_to_imagine_is_refused_and_named(explored: Path, finished: Path, type_: Type) -> None:
    result = type_("run", "--out", explored, "--imagine", "query-first", code=2)
    assert "imagine was 'call-first', not 'query-first'" in result.stderr
    result = type_("run", "--out", finished, "--imagine", "call-first", code=2)
    assert "imagine was 'query-first', not 'call-first'" in result.stderr


def test_a_run_from_before_there_was_a_choice_goes_on_with_queries(
    finished: Path, tmp_path: Path, study: str, type_: Type
) -> None:
    out = tmp_path / "old"
    assert in_a_process_that_dies(9, 0, ["run", "--model", study, "--out", str(out), *SETTINGS])
    manifest = json.loads((out / "manifest.json").read_bytes())
    del manifest["settings"]["imagine"]
    (out / "manifest.json").write_bytes(orjson.dumps(manifest))
    type_("run", "--out", out)
    assert trials_of(out) == trials_of(finished)
    assert "imagine was 'query-first', not 'call-first'" in type_("run", "--out", out, *WORDS, code=2).stderr
    type_("run", "--model", f"replay:{out}", "--out", "again")
    assert trials_of(Path("again")) == trials_of(finished)


# -- settings and prompts ------------------------------------------------------------------------------------------


def test_without_feedback_a_query_is_written_for_a_call_that_fails(type_: Type, tmp_path: Path) -> None:
    """No result is shown, so that no call is known to have failed; nothing drops the trial later, either."""
    lost = {"city": "Atlantis", "days": 2}
    query = "Will it rain in Atlantis in the next 2 days?"
    texts = [calls("forecast_weather", lost), *queries(query), calls("forecast_weather", lost), answer("Yes."), "Yes"]
    (tmp_path / "lost.json").write_bytes(orjson.dumps(texts))
    words = ["--tools", "forecast_weather", "--episodes", "1", "--trials", "1", "--no-feedback"]
    type_("run", "--model", "scripted:lost.json", "--out", "r", "--imagine", "call-first", *words)
    (trial,) = RunFolder.read(Path("r")).trials()
    assert (trial.query, trial.stop_reason, trial.rejected) == (query, "final_answer", "")
    assert trial.steps[0].observation is not None
    assert trial.steps[0].observation.kind == "withheld"
    type_("distill", "r", "--no-judge", "--no-paraphrase")
    assert len(Path("r/demonstrations.jsonl").read_text().splitlines()) == 1


def test_with_the_papers_settings(script: str, type_: Type, tmp_path: Path) -> None:
    words = ["--model", script, "--out", "r", "--imagine", "call-first", "--paper"]
    words += ["--tools", "forecast_weather", "--episodes", "1", "--trials", "1"]
    type_("run", *words)
    settings = RunFolder.read(Path("r")).manifest["settings"]
    assert (settings["imagine"], settings["temperature"], settings["max_calls"]) == ("call-first", 1.0, 4)
    assert settings["constrain"] is False
    assert [trial.query for trial in RunFolder.read(Path("r")).trials()] == [RAIN]
    type_("run", "--out", "r")


def own_prompts(folder: Path, **files: str) -> str:
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{name}.txt").write_text(text)
    return str(folder)


def asked(run: Path, purpose: str) -> list[str]:
    found = [request for request, _ in RunFolder.read(run).completions() if request.purpose == purpose]
    return [request.messages[-1].content for request in found]


def test_prompts_of_ones_own(script: str, explored: Path, tmp_path: Path, type_: Type) -> None:
    mine = own_prompts(tmp_path / "mine", imagine_call="Call this once: {api_descriptions}")
    type_("run", "--model", script, "--out", "r", "--prompts", mine, *WORDS)
    assert "Call this once: API name: forecast_weather" in "\n".join(
        message.content for request, _ in RunFolder.read(Path("r")).completions() for message in request.messages
    )
    assert asked(Path("r"), "imagine") == asked(explored, "imagine")
    assert asked(Path("r"), "reflect") == asked(explored, "reflect")
    ours, theirs = (RunFolder.read(path).manifest["prompts"] for path in (Path("r"), explored))
    assert ours["source"] == mine
    assert ours["fingerprint"] != theirs["fingerprint"]
    type_("run", "--out", "r")  # the folder is remembered
    result = type_("run", "--out", explored, "--prompts", mine, code=2)
    assert "the prompts changed" in result.stderr
    (tmp_path / "mine" / "imagine_call.txt").write_text("Another: {api_descriptions}")
    assert "the prompts changed" in type_("run", "--out", "r", code=2).stderr


def test_prompts_for_both_in_one_folder(script: str, tmp_path: Path, type_: Type) -> None:
    mine = own_prompts(tmp_path / "mine", imagine_query="Ask for {arguments}", reflect="Well?")
    type_("run", "--model", script, "--out", "r", "--prompts", mine, *WORDS)
    assert asked(Path("r"), "imagine")[0] == f"Ask for {json.dumps(OSLO)}"
    assert asked(Path("r"), "reflect")[0] == "Well?"


def without_calls(tmp_path: Path) -> str:
    return own_prompts(tmp_path / "mine", imagine_query="Ask")


def without_a_template(tmp_path: Path) -> str:
    return own_prompts(tmp_path / "mine", answer="{query}")


def examples_that_cannot_be_read(tmp_path: Path) -> str:
    return own_prompts(tmp_path / "mine", query_examples="Call: 1\nAsk: 2")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (without_calls, "prompt imagine_query: the variable {arguments} is missing"),
        (without_a_template, "mine: expected one or more of prompt_explore.txt, "),
        (examples_that_cannot_be_read, "prompt query_examples: the last line of example 1 must be User: and a query"),
    ],
)
def test_prompts_that_are_refused_before_anything_is_asked(
    make: Callable[[Path], str], message: str, script: str, tmp_path: Path, type_: Type
) -> None:
    result = type_("run", "--model", script, "--out", "r", "--prompts", make(tmp_path), *WORDS, code=2)
    assert message in result.stderr
    assert not Path("r").exists()


def test_prompts_for_calls_alone_are_none_for_queries(study: str, tmp_path: Path, type_: Type) -> None:
    mine = own_prompts(tmp_path / "mine", imagine_call="{api_descriptions}")
    result = type_("run", "--model", study, "--out", "r", "--prompts", mine, *SETTINGS, code=2)
    assert "mine: expected one or more of prompt_explore.txt" in result.stderr


def test_a_script_that_chooses_nothing_of_what_there_is(type_: Type, tmp_path: Path) -> None:
    texts = [calls("forecast_weather", OSLO), *queries(RAIN)[:4], "Something else"]
    (tmp_path / "other.json").write_bytes(orjson.dumps(texts))
    words = ["--tools", TOOLS, "--imagine", "call-first"]
    result = type_("run", "--model", "scripted:other.json", "--out", "r", *words, code=None)
    assert result.exit_code in (1, 2)
    assert "completion 6 is none of the choices there are: 'Something else'" in result.stderr
