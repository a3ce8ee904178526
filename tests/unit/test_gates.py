"""The gates that need no model, and the judge after them."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from stesim.errors import ModelError
from stesim.gates import Gates, demonstration_of
from stesim.judge import ASKED_AT_MOST, BEGIN, JudgeSettings, Judging, marks_of_examples, without_echo
from stesim.models import ScriptedModel
from stesim.models.base import estimate_tokens
from stesim.models.constrain import check_grammar
from stesim.models.driving import drive
from stesim.parsing import parse_verdict
from stesim.prompts import StagePrompts, Template, load_stage_prompts
from stesim.records import Action, FinalAnswer, Judged, Message, Observation, ParseFailure, Reply, Step, Tool, Trial
from stesim.schemas import invalid_arguments
from stesim.toolbox import Toolbox

TODAY = datetime.date(2026, 10, 30)
YES = "1) Yes. It says so.\n2) Yes. It is there.\n3) Yes. As asked."
NO = "1) Yes. It says so.\n2) No. The result\nhas 3 islands.\n3) No."


@pytest.fixture(name="box", scope="module")
def open_box() -> Iterator[Toolbox]:
    with Toolbox.open("extended", today=TODAY) as toolbox:
        yield toolbox


def made(box: Toolbox, arguments: dict[str, Any], tool: str = "forecast_weather") -> Step:
    action = Action(tool, arguments, "I need it.")
    return Step("", action, box.fresh().call(action))


def trial(*steps: Step | Reply, query: str = "Will it rain in Paris in the next 2 days?", **fields: Any) -> Trial:
    """A trial that ends with its last step."""
    tried = tuple(step if isinstance(step, Step) else Step("", step) for step in steps)
    answered = bool(tried) and isinstance(tried[-1].reply, FinalAnswer)
    whole = {"tool": "forecast_weather", "episode": 1, "trial": 1, "query": query, "steps": tried, **fields}
    return Trial(stop_reason="final_answer" if answered else "max_calls", **whole)


def good(box: Toolbox, number: int = 1, city: str = "Paris", query: str = "") -> Trial:
    step = made(box, {"city": city, "days": 2})
    query = query or f"Will it rain in {city} in the next 2 days?"
    return trial(step, FinalAnswer(f"Yes, in {city}."), query=query, trial=number)


def test_a_demonstration_has_the_last_call_that_could_be_read(box: Toolbox) -> None:
    first, last = made(box, {"city": "Oslo", "days": 2}), made(box, {"city": "Paris", "days": 2})
    failure = Step("?", ParseFailure("empty", "Write a call."), Observation("Write a call.", "parse_failure"))
    found = demonstration_of(trial(first, last, failure, FinalAnswer(" Yes. ")))
    assert found is not None
    assert last.observation is not None
    assert (found.arguments, found.observation, found.answer) == (
        {"city": "Paris", "days": 2},
        last.observation.text,
        "Yes.",
    )
    assert (found.query, found.thought) == ("Will it rain in Paris in the next 2 days?", "I need it.")
    assert (found.tool, found.episode, found.trial, found.paraphrase) == ("forecast_weather", 1, 1, 0)


def test_a_trial_that_passes(box: Toolbox) -> None:
    assert Gates(box, today=TODAY).check(good(box)) == ("", "")


def test_each_gate(box: Toolbox) -> None:
    right, answer = made(box, {"city": "Paris", "days": 2}), FinalAnswer("Yes.")
    lost, stuck = made(box, {"city": "Nowhere", "days": 2}), trial(right)
    cases: list[tuple[Trial, str, str]] = [
        (stuck, "answer", "there is no final answer (max_calls)"),
        (trial(answer), "answer", "no call was made"),
        (trial(right, FinalAnswer("  ")), "answer", "the final answer is empty"),
        (trial(right, answer, query=" "), "answer", "there is no query"),
        (trial(right, answer, rejected="rank"), "rank", "the query goes better with another call"),
        (trial(rejected="grounding"), "grounding", "no query imagined for the call holds all its values"),
        (trial(made(box, {"city": "Paris"}), answer), "format", "arguments: 'days' is a required property"),
        (trial(made(box, {"city": "Paris", "days": "2"}), answer), "format", "days: '2' is not of type 'integer'"),
        (
            trial(made(box, {"city": "Paris", "days": 2, "unit": "C"}), answer),
            "format",
            "the tool has no argument unit",
        ),
        (
            trial(lost, answer, query="Will it rain in Nowhere in 2 days?"),
            "execution",
            "the call failed (http_error): Err",
        ),
        (trial(replace(right, observation=Observation("{}", "ok", 200)), answer), "execution", "made again, the call"),
        (trial(right, answer, query="Will it rain?"), "grounding", "not in the query: city, days"),
    ]
    for tried, gate, reason in cases:
        found = Gates(box, today=TODAY).check(tried)
        assert found[0] == gate
        assert found[1].startswith(reason)
        assert len(found[1]) <= 200
    assert Gates(box, grounding="off").check(trial(right, answer, query="Will it rain?")) == ("", "")


def test_a_call_that_needs_earlier_ones_gives_something_else_when_made_again(box: Toolbox) -> None:
    fresh = box.fresh()
    add, see = Action("add_to_cart", {"productId": "P-1002"}), Action("get_cart", {})
    steps = [Step("", action, fresh.call(action)) for action in (add, see)]
    tried = trial(*steps, FinalAnswer("A kettle."), query="Put P-1002 into my cart and show it.", tool="get_cart")
    assert Gates(box).check(tried)[0] == "execution"


def test_nothing_is_asked_of_results_that_were_withheld(box: Toolbox) -> None:
    step = replace(made(box, {"city": "Paris", "days": 2}), observation=Observation("Not shown.", "withheld"))
    assert Gates(box).check(trial(step, FinalAnswer("Yes."))) == ("", "")


def test_a_tool_of_another_toolset_is_no_tool(box: Toolbox) -> None:
    step = Step("", Action("nothing_like_it", {}), Observation("{}", "ok", 200))
    assert Gates(box).check(trial(step, FinalAnswer("Yes."))) == ("format", "there is no tool nothing_like_it")


@pytest.mark.parametrize(
    ("query", "city", "twin"),
    [
        ("Will it rain in Paris in the next 2 days?", "Paris", True),
        ("will it RAIN in Paris, in the next 2 day", "Paris", True),
        ("So will it rain in Paris in the next 2 days?", "Paris", True),
        ("I am off to Paris for 2 days. Do I need an umbrella?", "Paris", False),
        ("Will it rain in Oslo in the next 2 days?", "Oslo", False),
    ],
)
def test_duplicates(box: Toolbox, query: str, city: str, twin: bool) -> None:
    gates = Gates(box, today=TODAY)
    kept = demonstration_of(good(box))
    assert kept is not None
    gates.keep(kept)
    found = gates.check(good(box, 2, city, query))
    assert found == (("duplicate", "like that of episode 1, trial 1") if twin else ("", ""))


def test_the_same_words_for_another_call_are_a_duplicate_and_the_same_call_in_other_numbers_is_one(
    box: Toolbox,
) -> None:
    first = demonstration_of(good(box))
    assert first is not None
    gates = Gates(box)
    gates.keep(first)
    assert gates.duplicate_of(replace(first, arguments={"city": "Paris", "days": 3})) == first
    like = replace(first, query=f"So {first.query}", arguments={"days": 2.0, "city": "Paris", "x": None})
    assert gates.duplicate_of(like) == first
    assert gates.duplicate_of(replace(like, arguments={"city": "Paris", "days": 3})) is None
    assert gates.duplicate_of(replace(first, tool="another")) is None


@pytest.mark.parametrize(
    ("schema", "arguments", "fault"),
    [
        ({}, {"a": 1}, ""),
        ({"properties": {"a": {}}}, {"a": 1, "b": None}, ""),
        ({"properties": {"a": {}}}, {"a": 1, "b": 2}, "the tool has no argument b"),
        ({"properties": {"a": {}}, "additionalProperties": True}, {"b": 2}, ""),
        ({"properties": {"a": {}}, "additionalProperties": False}, {"b": 2}, "arguments: Additional properties"),
        (
            {"properties": {"a": {"properties": {"b": {"type": "string"}}}}},
            {"a": {"b": 1}},
            "a.b: 1 is not of type 'string'",
        ),
        ({"properties": {"a": {"enum": ["x", "y"]}}}, {"a": "z"}, "a: 'z' is not one of ['x', 'y']"),
        ({"properties": {"a": {"$ref": "http://example.org/schema"}}}, {"a": 1}, "the tool's schema cannot be used"),
        ({"properties": {"a": {"type": "no such type"}}}, {"a": 1}, "the tool's schema cannot be used"),
        ({"properties": {"a": {"pattern": "("}}}, {"a": "x"}, "the tool's schema cannot be used"),
        ({"properties": {"a": {"$ref": "#/properties/a"}}}, {"a": "x"}, "the tool's schema cannot be used"),
    ],
)
def test_arguments_against_a_schema(schema: Any, arguments: dict[str, Any], fault: str) -> None:
    found = invalid_arguments(Tool("t", "", schema), arguments)
    assert found.startswith(fault)
    assert bool(found) == bool(fault)
    assert "\n" not in found


def judge(
    box: Toolbox, trials: list[Trial], texts: list[str], finished: list[Judged] | None = None, **settings: Any
) -> tuple[list[Judged], ScriptedModel]:
    kept: list[Judged] = []
    model = ScriptedModel(texts)
    judging = Judging(
        box, load_stage_prompts("judge"), JudgeSettings(**settings), Gates(box, today=TODAY), model.count, kept.append,
        finished or [],
    )  # fmt: skip
    judging.check()
    drive(judging.ask(trials), model)
    return kept, model


def test_the_judge_is_asked_of_what_passes_the_gates_alone(box: Toolbox) -> None:
    trials = [trial(trial=1), good(box, 2), good(box, 3), good(box, 4, "Oslo")]
    judged, model = judge(box, trials, [YES, NO])
    assert [(one.trial, one.gate, one.asked) for one in judged] == [
        (1, "answer", 0), (2, "", 1), (3, "duplicate", 0), (4, "judge", 1),
    ]  # fmt: skip
    assert judged[0].demonstration is None
    assert judged[1].judgement == parse_verdict(YES)
    assert judged[1].demonstration == demonstration_of(trials[1])
    assert judged[3].reason == "not faithful: The result has 3 islands.; not appropriate"
    first = model.requests[0]
    assert (first.purpose, first.place.trial, first.place.call, first.prefill) == ("judge", 2, 1, BEGIN)
    assert first.sampling.temperature == 0
    assert first.sampling.max_tokens == 256
    text = first.messages[0].content
    assert 'Action: forecast_weather\nAction Input: {"city": "Paris", "days": 2}\nObservation: {"city":"Paris"' in text
    assert "I need it." not in text
    assert text.endswith("Answer: Yes, in Paris.\nJudgement:")


def test_what_the_judge_drops_is_no_pattern_for_duplicates(box: Toolbox) -> None:
    judged, _ = judge(box, [good(box, 1), good(box, 2), good(box, 3)], [NO, YES])
    assert [one.gate for one in judged] == ["judge", "", "duplicate"]


def test_an_unreadable_verdict_is_asked_for_once_more(box: Toolbox) -> None:
    judged, model = judge(box, [good(box), good(box, 2, "Oslo")], ["Well.", YES, "Well.", "Hm."])
    assert [(one.gate, one.asked) for one in judged] == [("", 2), ("unparsed", ASKED_AT_MOST)]
    assert [request.place.call for request in model.requests] == [1, 2, 1, 2]
    assert model.requests[0].seed != model.requests[1].seed
    assert model.requests[1].sampling.temperature > 0
    assert model.requests[0].messages == model.requests[1].messages


ECHO = "1) Yes. The next train leaves at 14:05 to Amsterdam.\n2) Yes. It is there.\n3) Yes. As asked."


def test_a_verdict_on_the_worked_examples_is_no_verdict(box: Toolbox) -> None:
    judged, model = judge(box, [good(box), good(box, 2, "Oslo")], [ECHO, YES, ECHO, ECHO])
    assert [(one.gate, one.asked) for one in judged] == [("", 2), ("unparsed", ASKED_AT_MOST)]
    assert judged[1].reason == "the judge spoke of the worked examples"
    spoken = judged[1].judgement
    assert spoken is not None
    assert (spoken.informative, spoken.faithful, spoken.repairs) == ("unparsed", "pass", ("echo",))
    assert len(model.requests) == 4


def test_what_the_trial_says_itself_is_no_echo(box: Toolbox) -> None:
    judged, _ = judge(box, [good(box, city="Amsterdam")], [ECHO.replace(" at 14:05", "")])
    assert [(one.gate, one.asked) for one in judged] == [("", 1)]


@pytest.mark.parametrize(
    ("reason", "said", "echo"),
    [
        ("It is Leiden's station.", "Where?", True),
        ("Leiden is asked for.", "weather in LEIDEN", False),
        ("It takes 20 minutes.", "in 2024", True),
        ("It takes 20 minutes.", '{"minutes":20}', False),
        ("It gives the API's answer in 1 line. No. Yes.", "Where?", False),
        ("The station is the one that was asked about.", "Where?", False),
        ("", "", False),
    ],
)
def test_what_is_an_echo(reason: str, said: str, echo: bool) -> None:
    foreign = marks_of_examples(load_stage_prompts("judge")["judge"].text)
    verdict = replace(parse_verdict(NO), explanations=("", reason, ""))
    found = without_echo(verdict, foreign, said)
    assert found.faithful == ("unparsed" if echo else "fail")
    assert (found.informative, "echo" in found.repairs) == ("pass", echo)


def test_the_numbers_and_names_of_worked_examples() -> None:
    found = marks_of_examples(load_stage_prompts("judge")["judge"].text)
    assert found == {"Leiden", "Amsterdam", "14:05", "20", "60"}
    example = "Query: Is Rome in Peru?\nIt has 2 or 33.\n1) Yes. Peru.\n2) No. As Ann said.\n3) Yes."
    assert marks_of_examples(f"Judge with Ann.\n\n{example}\n\n{{query}}{{calls}}{{answer}}") == {"Rome", "Peru", "33"}
    assert marks_of_examples("No example of Rome in 2024.\n\n{query} in {calls} of Rome {answer}") == set()


def test_without_a_judge_the_gates_decide(box: Toolbox) -> None:
    kept: list[Judged] = []
    judging = Judging(box, None, JudgeSettings(), Gates(box), estimate_tokens, kept.append)
    drive(judging.ask([good(box), good(box, 2)]), ScriptedModel([]))
    assert [(one.gate, one.judgement, one.asked) for one in kept] == [("", None, 0), ("duplicate", None, 0)]


@pytest.mark.parametrize("already", range(6))
def test_it_goes_on_where_it_stopped(box: Toolbox, already: int) -> None:
    trials = [good(box, 1), good(box, 2, "Oslo"), good(box, 3), trial(trial=4), good(box, 5, "Oslo")]
    texts = [YES, "?", "?", YES]
    whole, _ = judge(box, trials, texts)
    assert [one.gate for one in whole] == ["", "unparsed", "duplicate", "answer", ""]
    finished = whole[:already]
    asked = sum(one.asked for one in finished)
    rest, model = judge(box, trials, texts[asked:], finished)
    assert finished + rest == whole
    assert len(model.requests) == len(texts) - asked


def test_a_long_trial_loses_its_earlier_calls_first_and_then_the_end_of_the_last_result(box: Toolbox) -> None:
    calls = [made(box, {"city": city, "days": 2}) for city in ("Oslo", "Rome", "Paris")]
    tried = trial(*calls, FinalAnswer("Yes."))
    (whole,) = judge(box, [tried], [YES])[1].requests[0].messages
    assert whole.content.count('Observation: {"city"') == 3
    size = estimate_tokens([whole, Message("assistant", BEGIN)]) + 256 + 16
    shown = calls[2].observation
    assert shown is not None
    each = estimate_tokens([Message("user", shown.text)])
    for missing, left in ((0, 3), (each // 2, 2), (each + each // 2, 1), (2 * each + each // 2, 1)):
        judged, model = judge(box, [tried], [YES], context=size - missing)
        content = model.requests[0].messages[0].content
        assert content.count('Observation: {"city"') == left
        assert ("(Earlier calls are left out.)" in content) == (left < 3)
        assert '{"city": "Paris", "days": 2}' in content
        assert estimate_tokens(model.requests[0].messages) + 256 <= size - missing
        assert judged[0].gate == ""
    judged, model = judge(box, [tried], [], context=600)
    assert (judged[0].gate, judged[0].reason) == ("unparsed", "the trial is too long for the judge's context")
    assert (judged[0].asked, model.requests) == (0, [])


@pytest.mark.parametrize("tokens", [1, 8, 256])
def test_a_constrained_verdict_is_bounded_and_can_be_read(box: Toolbox, tokens: int) -> None:
    judged, model = judge(box, [good(box)], [YES], constrain=True, judge_tokens=tokens)
    grammar = model.requests[0].grammar
    longest = "x" * (2 * max(1, tokens // 2))
    verdict = f"1) Yes. {longest}\n2) No. {longest}\n3) Yes. {longest}"
    check_grammar(grammar, [BEGIN, verdict])
    with pytest.raises(ModelError, match="does not admit"):
        check_grammar(grammar, [f"{verdict}x"])
    assert parse_verdict(verdict).verdict == "fail"
    assert judged[0].gate == ""


def test_a_prompt_of_ones_own_may_be_the_released_one(box: Toolbox) -> None:
    own = StagePrompts("own", {"judge": Template("judge", "{query}|{calls}|{answer}")})
    kept: list[Judged] = []
    model = ScriptedModel([YES])
    tricky = replace(good(box), query="Will it {rain} in Paris in the next 2 days?")
    drive(Judging(box, own, JudgeSettings(), Gates(box), model.count, kept.append).ask([tricky]), model)
    assert model.requests[0].messages[0].content.startswith("Will it {rain} in Paris in the next 2 days?|Action: ")
