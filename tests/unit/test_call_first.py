"""Call-first imagining: what the model is asked in which order, and what becomes of its calls and queries."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from stesim.call_first import QUERIES, calls_of, read_examples
from stesim.errors import ModelError, PromptError
from stesim.explore import Exploration
from stesim.models import ScriptedModel
from stesim.models.driving import drive
from stesim.prompts import load_prompts, load_stage_prompts
from stesim.records import RunSettings, Sampling, Trial
from stesim.toolbox import Toolbox

SAMPLING = Sampling(0.4, 0.95, 40, 0.05, 1.05, max_tokens=64)
ANSWER = "Thought: I know.\nFinal Answer: It is sunny."


@pytest.fixture(scope="module")
def toolbox() -> Iterator[Toolbox]:
    with Toolbox.open(["forecast_weather", "add_date", "get_country"]) as box:
        yield box


def call(city: str, days: int = 2) -> str:
    return f"Action: forecast_weather\nAction Input: {json.dumps({'city': city, 'days': days})}"


def four(query: str) -> list[str]:
    return [query, "What a day", f"{query} Please", "How nice"]


@pytest.fixture
def explored(toolbox: Toolbox) -> Callable[..., tuple[list[Trial], ScriptedModel]]:
    """Runs a script to its end; more settings may be given."""

    def run(script: list[str], **more: object) -> tuple[list[Trial], ScriptedModel]:
        settings = RunSettings(
            tools=("forecast_weather",), episodes=1, trials=1, max_calls=3, seed=0, sampling=SAMPLING,
            imagine_temperature=0.6, context=8000, today="2026-10-30", imagine="call-first",
        )  # fmt: skip
        model, trials = ScriptedModel(script), []
        exploration = Exploration(
            toolbox, load_prompts(), replace(settings, **more), model.count, trials.append,  # type: ignore[arg-type]
            templates=load_stage_prompts("call_first"),
        )  # fmt: skip
        exploration.check()
        drive(exploration.explore(), model)
        return trials, model

    return run


def test_a_trial_goes_from_the_call_to_the_query(explored: Callable[..., tuple[list[Trial], ScriptedModel]]) -> None:
    query = "Will it rain in Oslo in the next 2 days?"
    [trial], model = explored([call("Oslo"), *four(query), query, call("Oslo"), ANSWER, "Yes"])
    assert (trial.query, trial.stop_reason, trial.rejected, trial.solved) == (query, "final_answer", "", True)
    assert [step.observation.kind if step.observation else None for step in trial.steps] == ["ok", None]
    assert trial.completions == len(model.requests) == 9
    purposes = [request.purpose for request in model.requests]
    assert purposes == ["call", *["imagine"] * QUERIES, "rank", "rank", "try", "reflect"]
    assert [request.place.call for request in model.requests] == list(range(9))
    assert model.requests[5].choices == (query, f"{query} Please")  # those that do not say all are out
    assert model.requests[6].choices[0] == call("Oslo")
    assert model.requests[6].choices[1:] == ()  # no other tool is explored, and no other call was made
    begun = [request.prefill for request in model.requests[1 : 1 + QUERIES]]
    assert len(set(begun)) == QUERIES


def test_the_answer_is_asked_for_with_the_call_that_was_made(
    explored: Callable[..., tuple[list[Trial], ScriptedModel]],
) -> None:
    query = "Will it rain in Oslo in the next 2 days?"
    _, model = explored([call("Nowhereville"), call("Oslo"), *four(query), query, call("Oslo"), ANSWER, "Yes"])
    told = "\n".join(message.content for message in model.requests[8].messages)
    assert model.requests[8].purpose == "try"
    assert call("Oslo") in told
    assert query in told
    assert "Nowhereville" not in told


def test_calls_without_a_result_are_made_up_to_the_limit(
    explored: Callable[..., tuple[list[Trial], ScriptedModel]],
) -> None:
    [trial], model = explored([call("Nowhereville"), "no call at all", call("Nirgendwo")])
    assert (trial.query, trial.stop_reason, trial.reflection) == ("", "no_query", None)
    assert [step.observation.kind for step in trial.steps if step.observation] == [
        "http_error", "parse_failure", "http_error",
    ]  # fmt: skip
    assert trial.completions == len(model.requests) == 3
    assert calls_of([trial]) == []


def test_queries_that_do_not_say_the_call_are_rejected(
    explored: Callable[..., tuple[list[Trial], ScriptedModel]],
) -> None:
    [trial], model = explored([call("Oslo"), "Will it rain?", "In Oslo?", "", "For 2 days"])
    assert (trial.rejected, trial.query, trial.stop_reason) == ("grounding", "Will it rain?", "no_query")
    assert trial.completions == len(model.requests) == 5


def test_the_model_chooses_among_the_calls(
    explored: Callable[..., tuple[list[Trial], ScriptedModel]],
) -> None:
    query = "How many days is 2 after Oslo?"
    other = 'Action: add_date\nAction Input: {"days": 10}'
    [trial], _ = explored([call("Oslo"), *four(query), query, call("Oslo"), ANSWER, "No"])
    assert trial.rejected == ""
    assert trial.solved is False
    with pytest.raises(ModelError, match="none of the choices"):
        explored([call("Oslo"), *four(query), query, other])


def test_what_was_called_before_is_neither_called_again_nor_shown_beyond_the_episode(
    explored: Callable[..., tuple[list[Trial], ScriptedModel]],
) -> None:
    first, second = "Will it rain in Oslo in 2 days?", "Will it rain in Rome in 2 days?"
    script = [call("Oslo"), *four(first), first, call("Oslo"), ANSWER, "Yes"]
    script += [call("Oslo"), call("Rome"), *four(second), second, call("Oslo")]
    trials, model = explored(script, trials=2)
    assert [trial.rejected for trial in trials] == ["", "rank"]
    assert trials[1].stop_reason == "no_query"
    assert len(trials[1].steps) == 2
    again = model.requests[9]
    assert again.purpose == "call"
    assert call("Oslo") in [message.content for message in again.messages]
    assert model.requests[-1].choices == (call("Rome"), call("Oslo"))
    trials, model = explored(script, trials=1, episodes=2)
    assert call("Oslo") not in [message.content for message in model.requests[9].messages]


def test_examples_are_checked() -> None:
    examples = read_examples(load_stage_prompts("call_first")["query_examples"].fill())
    assert len(examples) >= 6
    assert all("Call: {" in example.asked for example in examples)
    for text in ("Call: {}", "Call: {}\nUser:", "User: what", "Call: {}\nUser: a\nCall: b"):
        with pytest.raises(PromptError, match="example 1"):
            read_examples(text)
