"""`stesim run` with scripted and replayed models, through the real command line."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import orjson

from stesim.records import Message
from stesim.store import RunFolder
from tests.integration.conftest import SETTINGS, STUDY, Type, answer, call


def prompts_of(run: Path, purpose: str) -> list[tuple[Message, ...]]:
    return [request.messages for request, _ in RunFolder.read(run).completions() if request.purpose == purpose]


def text_of(messages: tuple[Message, ...]) -> str:
    return "\n".join(message.content for message in messages)


def test_a_study_from_start_to_end(finished: Path) -> None:
    trials = list(RunFolder.read(finished).trials())
    assert [(trial.tool, trial.trial) for trial in trials] == [
        (tool, number) for tool in ("forecast_weather", "get_country") for number in (1, 2, 3)
    ]
    assert [trial.stop_reason for trial in trials] == [
        "final_answer", "final_answer", "max_calls", "final_answer", "max_calls", "final_answer",
    ]  # fmt: skip
    assert [trial.solved for trial in trials] == [True, False, None, True, None, True]
    kinds = [[step.observation.kind if step.observation else None for step in trial.steps] for trial in trials]
    assert kinds == [
        ["ok", None],
        ["http_error", None],
        ["parse_failure", "http_error", "ok"],
        ["ok", None],
        ["http_error", "http_error", "parse_failure"],
        ["ok", None],
    ]
    assert trials[5].steps[0].text.endswith("}")  # the invented observation was cut off


def test_the_method(finished: Path) -> None:
    imagine = prompts_of(finished, "imagine")
    assert [text_of(messages).count("API name: forecast_weather") for messages in imagine[:3]] == [1, 1, 1]
    assert "Questions asked before" not in text_of(imagine[0])
    assert "- solved: What will the weather be in Paris?" in imagine[1][-1].content
    assert "- solved: What will" in imagine[2][-1].content
    assert "- not solved: And in Atlantis?" in imagine[2][-1].content
    assert "Paris" not in text_of(imagine[3])  # another tool begins with nothing
    for purpose in ("try", "reflect"):
        assert not any("Questions asked before" in text_of(messages) for messages in prompts_of(finished, purpose))
    third = prompts_of(finished, "try")[4]
    assert "What will the weather be in Paris?" in text_of(third)  # short-term memory


def test_the_seeds_differ_and_are_the_same_again(finished: Path, type_: Type, study: str, tmp_path: Path) -> None:
    type_("run", "--model", study, "--out", tmp_path / "again", *SETTINGS)
    type_("run", "--model", study, "--out", tmp_path / "other", "--seed", "1", *SETTINGS)
    seeds = [[r.seed for r, _ in RunFolder.read(tmp_path / name).completions()] for name in ("first", "again", "other")]
    assert seeds[0] == seeds[1]
    assert len(set(seeds[0])) == len(seeds[0])
    assert not set(seeds[0]) & set(seeds[2])


def test_the_manifest_says_what_the_run_depends_on(finished: Path) -> None:
    manifest = RunFolder.read(finished).manifest
    assert manifest["settings"]["tools"] == ["forecast_weather", "get_country"]
    assert {"episodes", "seed", "temperature", "context", "today", "long_term_tokens"} <= manifest["settings"].keys()
    for part in ("model", "prompts", "tools"):
        assert re.fullmatch("[0-9a-f]{64}", manifest[part]["fingerprint"])
    assert "oldest trials" in manifest["memory"]
    assert "seconds" in manifest["not_deterministic"]


def test_the_ending(type_: Type, study: str) -> None:
    result = type_("run", "--model", study, "--out", "first", *SETTINGS)
    assert re.search(r"^all +6 +50% +67% +8 +50% +\d+% +86%$", result.stdout, re.MULTILINE)
    assert "run folder: first" in result.stdout
    assert "stesim memory first" in result.stdout
    assert "[6/6] get_country 1.3: solved, final answer" in result.stderr
    assert "\x1b" not in result.output


def test_the_ending_for_machines(type_: Type, study: str) -> None:
    report = json.loads(type_("run", "--model", study, "--out", "first", "--json", *SETTINGS).stdout)
    assert report["all"]["trials"] == 6
    assert report["all"]["replies"] == 14
    assert [tool["tool"] for tool in report["tools"]] == ["forecast_weather", "get_country"]
    assert report["model"]["completions"] == len(STUDY) == 26


def test_a_new_folder_each_time(type_: Type, study: str, tmp_path: Path) -> None:
    for _ in range(2):
        type_("run", "--model", study, *SETTINGS)
    assert len(list((tmp_path / "runs").iterdir())) == 2


def test_watching(type_: Type, study: str) -> None:
    shown = type_("run", "--model", study, "--watch", "--out", "first", *SETTINGS).stderr
    assert "forecast_weather · episode 1 · trial 1" in shown
    assert "imagines:\nWhat will the weather be in Paris?" in shown
    assert "Observation: Error (HTTP 404)" in shown
    assert (
        shown.count("What will the weather be in Paris?") == 5
    )  # imagined, put, twice listed, in the line of progress


def test_the_terminal_is_safe_from_what_a_model_says(type_: Type, tmp_path: Path) -> None:
    nasty = "\x1b]0;owned\x07\x1b[31mred\x1b[0m [bold]q[/bold]\x9b2J\u202e?"
    (tmp_path / "nasty.json").write_bytes(
        orjson.dumps([nasty, nasty, call("get_country", {"name": nasty}), answer(nasty), "Yes"])
    )
    words = ["--model", "scripted:nasty.json", "--tools", "get_country", "--episodes", 1, "--trials", 1, "--out", "n"]
    outputs = [
        type_("run", *words, "--watch").output,
        type_("show", "n", 1).output,
        type_("memory", "n").output,
        type_("run", "--out", "n").output,
    ]
    for output in outputs:
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", output)
    assert "[bold]q[/bold]" in outputs[1]


# -- replay --------------------------------------------------------------------------------------------------------


def test_a_replay_is_the_same_byte_for_byte(finished: Path, type_: Type) -> None:
    type_("run", "--model", f"replay:{finished}", "--out", "again")
    assert Path("again/trials.jsonl").read_bytes() == (finished / "trials.jsonl").read_bytes()
    type_("run", "--model", "replay:again", "--out", "third")  # and of a replay
    assert Path("third/trials.jsonl").read_bytes() == (finished / "trials.jsonl").read_bytes()


def test_a_replay_of_some_of_the_tools(finished: Path, type_: Type) -> None:
    type_("run", "--model", f"replay:{finished}", "--out", "again", "--tools", "get_country")
    assert (
        Path("again/trials.jsonl").read_bytes().splitlines()
        == (finished / "trials.jsonl").read_bytes().splitlines()[3:]
    )


def test_a_prompt_that_has_changed_is_an_error_that_shows_the_difference(
    finished: Path, type_: Type, tmp_path: Path
) -> None:
    shutil.copytree(Path(__file__).resolve().parents[2] / "prompts", tmp_path / "mine")
    (tmp_path / "mine" / "try_next.txt").write_text("Solve it otherwise: {query}")
    result = type_("run", "--model", f"replay:{finished}", "--out", "again", "--prompts", "mine", code=2)
    assert "recorded something else for forecast_weather, episode 1, trial 1, call 0" in result.stderr
    assert "+Solve it otherwise: Which dishes" in result.stderr
    assert "-Answer this question with the API" in result.stderr
    assert list(RunFolder.read(Path("again")).trials()) == []


def test_a_replay_with_other_settings_is_refused(finished: Path, type_: Type) -> None:
    result = type_("run", "--model", f"replay:{finished}", "--out", "again", "--seed", 5, code=2)
    assert re.search(r"-seed: \d+\n\+seed: \d+", result.stderr)
    result = type_("run", "--model", f"replay:{finished}", "--out", "other", "--episodes", 2, code=2)
    assert "did not record forecast_weather, episode 2, trial 1, call 0" in result.stderr


# -- switches, as in the paper's ablation ----------------------------------------------------------------------------


def test_without_long_term_memory(type_: Type, study: str) -> None:
    type_("run", "--model", study, "--out", "r", "--no-long-term", *SETTINGS)
    assert not any("Questions asked before" in text_of(messages) for messages in prompts_of(Path("r"), "imagine"))


def test_without_short_term_memory(type_: Type, study: str) -> None:
    type_("run", "--model", study, "--out", "r", "--no-short-term", "--no-long-term", *SETTINGS)
    for messages in prompts_of(Path("r"), "imagine")[:3]:
        assert "Paris?" not in text_of(messages)
        assert "API name: forecast_weather" in messages[-1].content


def test_without_execution_feedback(type_: Type, study: str) -> None:
    type_("run", "--model", study, "--out", "r", "--no-feedback", *SETTINGS)
    trials = list(RunFolder.read(Path("r")).trials())
    kinds = {step.observation.kind for trial in trials for step in trial.steps if step.observation}
    assert kinds == {"withheld", "parse_failure"}
    assert "HTTP 404" not in text_of(prompts_of(Path("r"), "reflect")[1]).split("User Query:")[-1]


def test_without_reflection(type_: Type, tmp_path: Path) -> None:
    kept = [text for text in STUDY if text not in ("Yes", "No.", "Maybe", "Know", "**Yes**")]
    (tmp_path / "script.json").write_bytes(orjson.dumps(kept))
    type_("run", "--model", "scripted:script.json", "--out", "r", "--no-reflection", *SETTINGS)
    assert all(trial.reflection is None for trial in RunFolder.read(Path("r")).trials())
    assert prompts_of(Path("r"), "reflect") == []
    listed = prompts_of(Path("r"), "imagine")[1][-1].content
    assert "- What will the weather be in Paris?" in listed


def test_the_paper_s_settings(type_: Type, study: str) -> None:
    type_("run", "--model", study, "--paper", "--tools", "get_country", "--out", "r", code=2)  # the script runs out
    settings = RunFolder.read(Path("r")).manifest["settings"]
    expected = {
        "episodes": 15,
        "trials": 4,
        "max_calls": 4,
        "temperature": 1.0,
        "imagine_temperature": 1.0,
        "max_tokens": 360,
    }
    assert {name: settings[name] for name in expected} == expected


# -- memory that outgrows the context ----------------------------------------------------------------------------------


def test_a_small_context_forgets_the_oldest_trials_and_goes_on(type_: Type, study: str) -> None:
    result = type_("run", "--model", study, "--out", "r", "--ctx", 1500, "--max-tokens", 100, *SETTINGS)
    assert result.exit_code == 0
    trials = list(RunFolder.read(Path("r")).trials())
    assert max(trial.forgotten for trial in trials) > 0
    for request, completion in RunFolder.read(Path("r")).completions():
        assert completion.prompt_tokens + 100 <= 1500
        assert f"API name: {request.place.tool}" in text_of(request.messages)


def test_the_observation_is_cut_with_a_mark(type_: Type, study: str) -> None:
    type_("run", "--model", study, "--out", "r", "--observation-limit", 60, *SETTINGS)
    observation = next(RunFolder.read(Path("r")).trials()).steps[0].observation
    assert observation is not None
    assert re.fullmatch(r".{60} … \[cut: \d+ more characters\]", observation.text)
