"""Asking about a test set: what a prompt holds and in which order, what leaves when there is no room, the grammar."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

import mocktools
from stesim.errors import ModelError, StoreError, UserError
from stesim.evaluate.answers import Answer, answer_from_json, answer_to_json
from stesim.evaluate.asking import (
    AnswerSettings,
    Choice,
    Evaluation,
    build_prompt,
    build_trained_prompt,
    chooser,
    misfit_of,
)
from stesim.finetune import rows as training
from stesim.grammar import Bounds, reply_grammar
from stesim.models import ScriptedModel
from stesim.models.base import estimate_tokens
from stesim.models.constrain import check_grammar
from stesim.models.driving import drive
from stesim.prompts import StagePrompts, Template, load_stage_prompts
from stesim.records import Action, Demonstration, FinalAnswer, Message, ParseFailure, Place, Request, Tool
from stesim.testset import Case, cases
from stesim.toolbox import Toolbox

TOOLS = ("add_date", "get_country")
SETTINGS = AnswerSettings(
    mode="icl", testset="bundled", tools=TOOLS, unanswerable=True, shots=2, retrieval="words", candidates=15,
    oracle=False, constrain=False, limit=None, seed=7, context=2048, max_tokens=64,
)  # fmt: skip


def demonstration(query: str, tool: str = "add_date", **arguments: Any) -> Demonstration:
    return Demonstration(tool, query, arguments, "seen", "said", 1, 1, thought="I should call it.")


SHOWN = {
    1: demonstration("What is the date in 3 weeks?", days=21),
    4: demonstration("Capital of Peru?", "get_country", name="Peru"),
    5: demonstration("What date was it 9 days ago?", days=-9),
}


@pytest.fixture(scope="module")
def box() -> Iterator[Toolbox]:
    with Toolbox.open(list(TOOLS)) as opened:
        yield opened


PROMPTS = StagePrompts(
    "here", {"answer_system": Template("answer_system", "APIs: {api_descriptions}"), "answer": Template("answer", "Q: {query}")}
)  # fmt: skip


def ask(box: Toolbox, chosen: list[Case], replies: list[str], **changes: Any) -> tuple[list[Answer], list[Request]]:
    settings = replace(SETTINGS, **{name: value for name, value in changes.items() if name != "finished"})
    kept: list[Answer] = []
    model = ScriptedModel(replies)
    choose = chooser(box.tools, SHOWN, settings, model.embed)
    evaluation = Evaluation(box, PROMPTS, settings, chosen, SHOWN, choose, model.count, kept.append)
    evaluation.finished = changes.get("finished", ())
    drive(evaluation.ask(), model)
    return kept, model.requests


def every_tool() -> tuple[Tool, ...]:
    return Toolbox(mocktools.load("all"), 2048).tools


def some(box: Toolbox, n: int = 2) -> list[Case]:
    return list(cases("bundled", ["add_date"], False)[:n])


def test_a_prompt_has_the_tools_then_the_demonstrations_then_the_query(box: Toolbox) -> None:
    messages = build_prompt(PROMPTS, box.tools, [SHOWN[4], SHOWN[1]], "And in 2 days?")
    assert [message.role for message in messages] == ["system", *["user", "assistant"] * 2, "user"]
    assert messages[0].content.count("API name: ") == 2
    assert messages[1].content == "Q: Capital of Peru?"
    assert messages[2].content == 'Action: get_country\nAction Input: {"name": "Peru"}'  # and no thought
    assert messages[-1] == Message("user", "Q: And in 2 days?")


def test_the_default_prompts_say_all_that_is_needed(box: Toolbox) -> None:
    messages = build_prompt(load_stage_prompts("answer"), box.tools, [], "And in 2 days?")
    for words in ("API name: add_date", "API name: get_country", "Action:", "Action Input:", "Final Answer:"):
        assert words in messages[0].content
    assert messages[1].content.endswith("And in 2 days?")


def test_one_greedy_request_a_query(box: Toolbox) -> None:
    chosen = [*some(box), Case("none-1", "Sing!", ())]
    _, requests = ask(box, chosen, ["x", "y", "z"])
    assert [request.place for request in requests] == [
        Place("add_date", 0, 1, 1), Place("add_date", 0, 2, 1), Place("", 0, 3, 1),
    ]  # fmt: skip
    assert {request.purpose for request in requests} == {"answer"}
    assert {(request.sampling.temperature, request.sampling.max_tokens) for request in requests} == {(0.0, 64)}
    assert len({request.seed for request in requests}) == 3
    assert [request.stop[0] for request in requests] == ["Observation:"] * 3
    assert len({request.messages[0] for request in requests}) == 1  # the cache holds it


def test_the_answers_say_what_was_shown_and_said(box: Toolbox) -> None:
    chosen = some(box, 3)
    replies = ['Action: add_date\nAction Input: {"days": 3,}', "Final Answer: No.", "Dunno"]
    answers, _ = ask(box, chosen, replies)
    assert [answer.id for answer in answers] == [case.id for case in chosen]
    assert [type(answer.reply) for answer in answers] == [Action, FinalAnswer, ParseFailure]
    assert {answer.candidates for answer in answers} == {TOOLS}
    assert all(len(answer.demonstrations) == 2 for answer in answers)
    assert [answer_from_json(answer_to_json(answer)) for answer in answers] == answers


def test_the_nearest_demonstration_stands_last(box: Toolbox) -> None:
    answers, (request,) = ask(box, [replace(some(box)[0], query="the date in 3 weeks")], ["x"], shots=3)
    assert answers[0].nearest[0] == answers[0].demonstrations[-1] == 1
    assert request.messages[-3].content == "Q: What is the date in 3 weeks?"


def test_what_is_finished_is_not_asked_again(box: Toolbox) -> None:
    answers, requests = ask(box, some(box, 3), ["x"], finished=(1, 3))
    assert [answer.number for answer in answers] == [2]
    assert len(requests) == 1


def test_queries_with_the_same_tools_described_come_one_after_the_other(box: Toolbox) -> None:
    """So that what their prompts begin with is in the cache; the test set's order decides among them."""
    asked = ["country language", "the date in 3 days", "language of a country", "what date"]
    chosen = [Case(f"q-{number}", query, ()) for number, query in enumerate(asked, 1)]
    answers, requests = ask(box, chosen, ["x"] * 4, candidates=1)
    assert [(answer.number, answer.candidates) for answer in answers] == [
        (2, ("add_date",)), (4, ("add_date",)), (1, ("get_country",)), (3, ("get_country",)),
    ]  # fmt: skip
    assert [request.place.trial for request in requests] == [2, 4, 1, 3]
    assert [answer.number for answer in ask(box, chosen, ["x"] * 2, candidates=1, finished=(2, 3))[0]] == [4, 1]
    everything, _ = ask(box, chosen, ["x"] * 4)
    assert [answer.number for answer in everything] == [1, 2, 3, 4]


def test_what_is_described_is_found_once(box: Toolbox) -> None:
    """An embedding takes as long as a short reply."""
    seen: list[str] = []

    def embed(texts: Sequence[str]) -> list[list[float]]:
        seen.extend(texts)
        return [[float(len(text)), 1.0] for text in texts]

    choose = chooser(box.tools, {}, replace(SETTINGS, retrieval="embedding", candidates=1), embed)
    first = [choose(case) for case in some(box, 3)]
    asked = len(seen)
    assert [choose(case) for case in some(box, 3)] == first
    assert len(seen) == asked


def test_the_farthest_demonstrations_leave_first(box: Toolbox) -> None:
    chosen = some(box, 1)
    (full,), (request,) = ask(box, chosen, ["x"], shots=3)
    size = estimate_tokens(request.messages)
    (less,), (shorter,) = ask(box, chosen, ["x"], shots=3, context=size + 64 + 16 - 1)
    assert (full.left_out, less.left_out) == ((), full.demonstrations[:1])
    assert less.demonstrations == full.demonstrations[1:]
    assert less.nearest == full.nearest
    assert shorter.messages == (request.messages[0], *request.messages[3:])
    (none,), _ = ask(box, chosen, ["x"], shots=3, context=estimate_tokens(request.messages[::6]) + 64 + 16)
    assert none.demonstrations == ()


def test_a_context_that_is_too_small_is_an_error_before_anything_is_asked(box: Toolbox) -> None:
    settings = replace(SETTINGS, context=200)
    choose = chooser(box.tools, {}, settings, ScriptedModel([]).embed)
    evaluation = Evaluation(box, PROMPTS, settings, some(box), {}, choose, estimate_tokens, lambda _: None)
    with pytest.raises(UserError, match=r"too small for the descriptions of 2 tools, the query add_date-01 .* --ctx"):
        evaluation.check()
    roomy = replace(SETTINGS, constrain=True)
    Evaluation(box, PROMPTS, roomy, some(box), {}, choose, estimate_tokens, lambda _: None).check()


# -- what is chosen --------------------------------------------------------------------------------------------------


def test_demonstrations_are_of_the_candidates_alone() -> None:
    tools = every_tool()
    settings = replace(SETTINGS, tools=tuple(tool.name for tool in tools), candidates=3)
    choose = chooser(tools, SHOWN, settings, ScriptedModel([]).embed)
    case = cases("bundled", ["get_country"], False)[0]
    choice = choose(replace(case, query="What is the capital of the country Peru?"))
    assert len(choice.candidates) == 3
    assert "get_country" in choice.candidates
    assert choice.demonstrations == (4,)
    order = list(settings.tools)
    assert sorted(choice.candidates, key=order.index) == list(choice.candidates)


def test_the_oracle_always_offers_the_right_tool() -> None:
    tools = every_tool()
    case = replace(cases("bundled", ["add_date"], False)[0], query="papers about the capital of Peru")
    names = tuple(tool.name for tool in tools)
    for oracle in (False, True):
        settings = replace(SETTINGS, tools=names, candidates=2, oracle=oracle)
        choice = chooser(tools, {}, settings, ScriptedModel([]).embed)(case)
        assert ("add_date" in choice.candidates) == oracle
    assert choice.demonstrations == ()
    assert len(chooser(tools, {}, settings, ScriptedModel([]).embed)(Case("n", "Sing", ())).candidates) == 2


def test_with_few_tools_all_are_candidates(box: Toolbox) -> None:
    settings = replace(SETTINGS, candidates=2)
    assert chooser(box.tools, {}, settings, ScriptedModel([]).embed)(some(box)[0]) == Choice(TOOLS)


def test_by_embedding_asks_the_model(box: Toolbox) -> None:
    settings = replace(SETTINGS, retrieval="embedding")
    with pytest.raises(ModelError, match="no embeddings"):
        chooser(box.tools, SHOWN, settings, ScriptedModel([]).embed)
    vectors = {demo.query: [float(line == 5), 1.0] for line, demo in SHOWN.items()} | {some(box)[0].query: [1.0, 1.0]}
    choice = chooser(box.tools, SHOWN, settings, lambda texts: [vectors[text] for text in texts])(some(box)[0])
    assert choice.demonstrations[0] == 5


# -- fine-tuned ------------------------------------------------------------------------------------------------------

TOOL_MODE = StagePrompts(
    "here", {"tool_mode_system": Template("tool_mode_system", "Tools!"), "tool_mode": Template("tool_mode", "T: {query}")}
)  # fmt: skip
TRAINED = replace(SETTINGS, mode="ft", describe=False, shots=0, candidates=len(TOOLS))


def evaluation(box: Toolbox, settings: AnswerSettings, chosen: list[Case], model: ScriptedModel) -> Evaluation:
    choose = chooser(box.tools, SHOWN, settings, model.embed)
    kept: list[Answer] = []
    return Evaluation(box, TOOL_MODE, settings, chosen, SHOWN, choose, model.count, kept.append)


@pytest.mark.parametrize("prompts", [TOOL_MODE, load_stage_prompts("tool_mode")])
def test_a_trained_model_is_asked_as_it_was_trained(prompts: StagePrompts) -> None:
    messages = build_trained_prompt(prompts, [], "And in 2 days?")
    assert messages == training.asked(prompts, "And in 2 days?")
    shown = build_trained_prompt(prompts, [SHOWN[4], SHOWN[1]], "And in 2 days?")
    (row, *_) = training.rows([SHOWN[4]], prompts, training.RowPlan())
    assert shown[:3] == (*row.messages, Message("assistant", row.reply))
    assert shown[-1] == messages[-1]
    bare = StagePrompts("here", {**prompts.templates, "tool_mode_system": Template("tool_mode_system", "")})
    assert build_trained_prompt(bare, [], "x") == training.asked(bare, "x")


def test_no_tool_is_described_and_all_may_be_called(box: Toolbox) -> None:
    model = ScriptedModel(["x"])
    asked = evaluation(box, replace(TRAINED, constrain=True), some(box, 1), model)
    drive(asked.ask(), model)
    (request,) = model.requests
    assert [message.content for message in request.messages] == ["Tools!", f"T: {some(box)[0].query}"]
    assert request.grammar == reply_grammar(box.tools, Bounds.of(64), thinks=False)


def test_demonstrations_only_where_they_are_asked_for(box: Toolbox) -> None:
    model = ScriptedModel(["x"])
    drive(evaluation(box, replace(TRAINED, shots=2), some(box, 1), model).ask(), model)
    assert [message.role for message in model.requests[0].messages] == ["system", *["user", "assistant"] * 2, "user"]


def test_a_trained_model_needs_a_context_for_its_query(box: Toolbox) -> None:
    settings = replace(TRAINED, context=90)
    with pytest.raises(UserError, match=r"too small for the query add_date-01 and a reply of 64; use a larger --ctx$"):
        evaluation(box, settings, some(box), ScriptedModel([])).check()


def test_the_manifest_tells_of_descriptions_where_there_is_a_choice() -> None:
    """Those of evaluations from before there was one do not say, and still go on."""
    assert "describe" not in SETTINGS.flat()
    assert TRAINED.flat()["describe"] is False
    assert replace(TRAINED, describe=True).flat()["describe"] is True
    assert AnswerSettings(**SETTINGS.flat()).describe


def test_an_answer_among_other_tools_is_none_of_this_evaluation(box: Toolbox) -> None:
    case = some(box, 1)[0]
    answer = Answer(1, case.id, "add_date", case.query, "x", FinalAnswer("x"), TOOLS)
    assert misfit_of(answer, case, TRAINED, {}) == ""
    narrow = replace(answer, candidates=TOOLS[:1])
    assert misfit_of(narrow, case, TRAINED, {}) == "other tools could be called than the 2 of the settings"


# -- the grammar -----------------------------------------------------------------------------------------------------


def test_constrained_replies_have_no_thought_and_no_stop_text(box: Toolbox) -> None:
    _, (request,) = ask(box, some(box, 1), ["x"], constrain=True)
    assert request.stop == ()
    assert request.grammar == reply_grammar(box.tools, Bounds.of(64), thinks=False)
    check_grammar(request.grammar, ["Action: get_country\nAction Input: {", "Final Answer: I"])
    with pytest.raises(ModelError, match="does not admit"):
        check_grammar(request.grammar, ["Thought: I"])
    check_grammar(reply_grammar(box.tools, Bounds.of(64)), ["Thought: I", "Action: get_country\n"])


@pytest.mark.parametrize("line", [{}, {"reply": {}}, [], "x", None, {"number": 1, "reply": {"kind": "action"}}])
def test_a_line_that_holds_no_answer(line: Any) -> None:
    with pytest.raises(StoreError, match="file, line 3 does not hold an answer"):
        answer_from_json(line, "file, line 3")
