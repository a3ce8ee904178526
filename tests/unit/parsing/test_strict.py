"""The paper's rule, decision for decision: a table of replies, and where they differ from the tolerant reading."""

from __future__ import annotations

import pytest

from stesim.parsing import parse_strict, parse_tolerant
from stesim.parsing.vocabulary import FAILURES
from stesim.records import Action, FinalAnswer, ParseFailure

TOOLS = ("search", "a <b>")
HEAD = "Action: search\nAction Input: "

CALLS = {
    "plain": (HEAD + '{"q": "x"}', {"q": "x"}),
    "one line": ('Action: search Action Input: {"q": "x"}', {"q": "x"}),
    "glued": ('Action: searchAction Input: {"q": "x"}', {"q": "x"}),
    "text around": (HEAD + 'This: {"q": "x"} is it', {"q": "x"}),
    "doubled braces": (HEAD + '{{"q": "x"}}', {"q": "x"}),
    "many braces": (HEAD + '{}{{{"q": "x"}}{}', {"q": "x"}),
    "empty": (HEAD + "{}", {}),
    "inner object": (HEAD + '{"a": {"b": 1}, "c": 2}', {"a": {"b": 1}, "c": 2}),
    "answer after": (HEAD + '{"q": "x"}\nFinal Answer: 5', {"q": "x"}),
    "literal newlines": ('Thought: a\\n\\n\nAction: search\\n\nAction Input: {"q": "x"}\\n', {"q": "x"}),
    "token": ('Action: <tool_search>\nAction Input: {"q": "x"}', {"q": "x"}),
    "last of two keys": (HEAD + '{"q": "y", "q": "x"}', {"q": "x"}),
}

ANSWERS = {
    "plain": ("Thought: a\nFinal Answer: 5", "5", "a"),
    "empty": ("Final Answer:", "", ""),
    "up to the second": ("Final Answer: 5\nFinal Answer: 6\nFinal Answer: 7", "5", ""),
    "call after it": (f"Final Answer: 5\n{HEAD}{{}}", f"5\n{HEAD}{{}}", ""),
    "action without input": ("Action: search\nFinal Answer: 5", "5", "Action: search"),
}

BROKEN = {
    "empty": ("", "empty"),
    "blank": (" \n", "empty"),
    "prose": ("Hello", "no_action"),
    "action alone": ("Action: search", "missing_input"),
    "input alone": ("Action Input: {}", "missing_action"),
    "input alone, then answer": ("Action Input: {}\nFinal Answer: 5", "missing_action"),
    "two actions": (f"Action: search\n{HEAD}{{}}", "several_actions"),
    "two inputs": (f"{HEAD}{{}}\n{HEAD}{{}}", "several_inputs"),
    "unknown": ("Action: Search\nAction Input: {}", "unknown_tool"),
    "no braces": (HEAD + "x", "not_an_object"),
    "no closing brace": (HEAD + '{"q": 1', "not_an_object"),
    "wrong order": (HEAD + "} {", "not_an_object"),
    "trailing comma": (HEAD + '{"q": "x",}', "not_json"),
    "single quotes": (HEAD + "{'q': 'x'}", "not_json"),
    "invented observation": (HEAD + '{"q": "x"}\nObservation: {"a": 1}', "not_json"),
    "nested at the end": (HEAD + '{"a": {"b": 1}}', "not_json"),
    "NaN": (HEAD + '{"a": NaN}', "bad_value"),
    "overflow": (HEAD + '{"a": 1e999}', "bad_value"),
    "beyond 64 bit": (HEAD + '{"a": -9223372036854775809}', "bad_value"),
    "very long integer": (HEAD + '{"a": ' + "1" * 5000 + "}", "bad_value"),
    "half a character": (HEAD + '{"a": "\\udc00"}', "bad_value"),
    "too deep": (HEAD + '{"a": ' + "[" * 40 + "]" * 40 + "}", "bad_value"),
    "far too deep": (HEAD + '{"a": ' + "[" * 50_000 + "]" * 50_000 + "}", "bad_value"),
}


@pytest.mark.parametrize(("text", "arguments"), CALLS.values(), ids=CALLS.keys())
def test_call(text: str, arguments: dict[str, object]) -> None:
    reply = parse_strict(text, TOOLS)
    assert isinstance(reply, Action)
    assert (reply.tool, reply.arguments, reply.repairs) == ("search", arguments, ())
    tolerant = parse_tolerant(text, TOOLS)
    assert isinstance(tolerant, Action)
    assert (tolerant.tool, tolerant.arguments) == ("search", arguments)


@pytest.mark.parametrize(("text", "answer", "thought"), ANSWERS.values(), ids=ANSWERS.keys())
def test_answer(text: str, answer: str, thought: str) -> None:
    assert parse_strict(text, TOOLS) == FinalAnswer(answer, thought)


@pytest.mark.parametrize(("text", "kind"), BROKEN.values(), ids=BROKEN.keys())
def test_broken(text: str, kind: str) -> None:
    reply = parse_strict(text, TOOLS)
    assert isinstance(reply, ParseFailure)
    assert reply.kind == kind
    assert kind in FAILURES


def test_thought() -> None:
    reply = parse_strict(f" Thought: I look.\n{HEAD}{{}}", TOOLS)
    assert reply == Action("search", {}, "I look.")
    assert parse_strict(f"I look.\n{HEAD}{{}}", TOOLS) == reply
    assert parse_strict("Thought: I look.\nAction: fly\nAction Input: {}", TOOLS).thought == "I look."


def test_names_may_hold_angle_brackets_if_they_are_allowed() -> None:
    assert parse_strict("Action: a <b>\nAction Input: {}", TOOLS) == Action("a <b>", {})
    assert parse_strict("Action: a <b>\nAction Input: {}") == Action("a <b", {})


def test_without_a_list_any_name_is_a_call() -> None:
    assert parse_strict("Action: fly\nAction Input: {}") == Action("fly", {})
