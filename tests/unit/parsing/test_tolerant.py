"""How the tolerant parser reads replies as models write them."""

from __future__ import annotations

import pytest

from stesim.parsing import parse_tolerant
from stesim.parsing.vocabulary import FAILURES, REPAIRS
from stesim.records import Action, FinalAnswer, ParseFailure
from tests.unit.parsing.readable import INPUT, READ, TOOLS
from tests.unit.parsing.unreadable import BROKEN


def without_thought(reply: Action | FinalAnswer | ParseFailure) -> tuple[object, ...]:
    if isinstance(reply, Action):
        return "action", reply.tool, reply.arguments, set(reply.repairs)
    if isinstance(reply, FinalAnswer):
        return "answer", reply.text, set(reply.repairs)
    return "failure", reply.kind


@pytest.mark.parametrize(("text", "expected"), READ.values(), ids=READ.keys())
def test_read(text: str, expected: Action | FinalAnswer) -> None:
    assert without_thought(parse_tolerant(text, TOOLS)) == without_thought(expected)


@pytest.mark.parametrize(("text", "kind"), BROKEN.values(), ids=BROKEN.keys())
def test_broken(text: str, kind: str) -> None:
    reply = parse_tolerant(text, TOOLS)
    assert without_thought(reply) == ("failure", kind)
    assert set(reply.repairs) <= set(REPAIRS)


def test_the_tables_show_every_repair_and_every_tolerant_failure() -> None:
    repairs = {repair for text, _ in READ.values() for repair in parse_tolerant(text, TOOLS).repairs}
    assert repairs == set(REPAIRS)
    assert {kind for _, kind in BROKEN.values()} == set(FAILURES) - {"several_actions", "several_inputs"}


@pytest.mark.parametrize(
    ("text", "thought"),
    [
        (f"Thought: I look.\n{INPUT}", "I look."),
        (f" I look.\n{INPUT}", "I look."),
        (f"**Thought:** I look.\n{INPUT}", "I look."),
        (f"<think>I look.</think>{INPUT}", "I look."),
        (f"<think>deep</think>Thought: I look.\n{INPUT}", "I look."),
        (f"Thought: I look.\nFinal Answer: Sure\n{INPUT}", "I look."),
        ('{"thought": "I look.", "action": "search", "action_input": {}}', "I look."),
        ("Thought: I look.\nAction: fly\nAction Input: {}", "I look."),
        ("Thought: I look.\nFinal Answer: 5", "I look."),
        ("Thought: I look.\nObservation: It is 20.\nFinal Answer: 20", "I look."),
        (f"Thought: I look.\nObservation: It is 20.\nHm.\n{INPUT}", "I look."),
        (f"Observation: a\nThought: I look.\n{INPUT}", "I look."),
        ('I look. <tool_call>{"name": "search", "arguments": {}}</tool_call>', "I look."),
        ('I look.\n[TOOL_CALLS] [{"name": "search", "arguments": {}}]', "I look."),
        ('I look.<|python_tag|>{"name": "search", "parameters": {}}', "I look."),
        ("I look.<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>search<｜tool▁sep｜>{}<｜tool▁call▁end｜>", "I look."),
        (
            "<|channel|>analysis<|message|>I look.<|end|>"
            "<|start|>assistant<|channel|>commentary to=functions.search<|message|>{}",
            "I look.",
        ),
        (f"[INST] I look. [/INST] {INPUT}", "I look."),
        (f"I look.\n```\n{INPUT}\n```", "I look."),
        (f"1. Thought: I look.\n2. {INPUT}", "I look."),
        (f"Assistant: Thought: I look.\n{INPUT}", "I look."),
        ("### Thought\nI look.\n### Action\nsearch\n### Action Input\n{}", "I look."),
        (INPUT, ""),
    ],
)
def test_thought(text: str, thought: str) -> None:
    assert parse_tolerant(text, TOOLS).thought == thought


@pytest.mark.parametrize(
    ("text", "tool"),
    [
        ("Action: any name%%of [it]\nAction Input: {}", "any name%%of [it]"),
        ("Action: `any`\nAction Input: {}", "any"),
        ("Action: <tool_any>\nAction Input: {}", "any"),
        ("Action: any({})", "any"),
        ('Action: any name {"a": 1}', "any name"),
        ("Action: Use any\nAction Input: {}", "Use any"),
    ],
)
def test_any_name_is_allowed_without_a_list(text: str, tool: str) -> None:
    reply = parse_tolerant(text)
    assert isinstance(reply, Action)
    assert reply.tool == tool


def test_a_name_that_fits_two_tools_is_not_guessed() -> None:
    reply = parse_tolerant("Action: get_date\nAction Input: {}", ["Get_Date", "getDate"])
    assert isinstance(reply, ParseFailure)
    assert reply.kind == "unknown_tool"


def test_a_tool_may_be_called_like_a_word_of_the_format() -> None:
    for tool in ("None", "Finish", "Final Answer: x", "a Action Input: b", "Action: c", "- d", "the tool name"):
        assert without_thought(parse_tolerant(f"Action: {tool}\nAction Input: {{}}", [tool])) == (
            "action",
            tool,
            {},
            set(),
        )


def test_a_known_name_wins_over_a_word_of_the_format_in_any_case() -> None:
    for written in ("Finish", "FINISH", "`finish`"):
        reply = parse_tolerant(f"Action: {written}\nAction Input: {{}}", ["finish", "none"])
        assert isinstance(reply, Action)
        assert reply.tool == "finish"
    assert isinstance(parse_tolerant("Action: None\nAction Input: {}", ["none"]), Action)


def test_a_name_may_end_before_what_follows_a_slash_and_a_blank() -> None:
    expected = Action("a /", {}, "", ("name_spacing", "name_tail"))
    assert parse_tolerant("Action: a / (b)\nAction Input: {}", ["a /"]) == expected
