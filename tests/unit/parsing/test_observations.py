"""What a model is told after a reply that could not be read."""

from __future__ import annotations

import pytest

from stesim.parsing import parse_strict, parse_tolerant
from stesim.parsing.arguments import is_placeholder
from stesim.parsing.failures import FAULTS, failure
from stesim.parsing.vocabulary import FAILURES
from stesim.records import Action, FinalAnswer, ParseFailure


def told(text: str, *tools: str) -> str:
    reply = parse_tolerant(text, tools)
    assert isinstance(reply, ParseFailure)
    return reply.observation


def test_a_wrong_name_is_answered_with_the_right_ones() -> None:
    text = told("Action: weather\nAction Input: {}", "get_weather", "search")
    assert text == (
        '"weather" is not one of the tools. Write "Action:" and one tool name exactly as given. '
        "The tools are: get_weather, search."
    )


def test_of_many_names_those_with_a_common_word_come_first() -> None:
    tools = [f"tool {number}" for number in range(20)] + ["Weather now"]
    text = told("Action: weather\nAction Input: {}", *tools)
    assert "The tools are: Weather now, tool 0, tool 1, tool 2, tool 3, tool 4, tool 5, tool 6, and more." in text
    assert "tool 7" not in text


def test_a_single_tool_is_spelled_out() -> None:
    assert '"Action: today"' in told("Hello", "today")
    assert '"Action: today"' in told("Action: now\nAction Input: {}", "today")


def test_a_tool_that_was_named_is_named_again() -> None:
    for text in ("Action: b", 'Action: b\nAction Input: {"q": "x', 'Action: b\nAction Input: {"q": x}'):
        assert '"Action: b"' in told(text, "a", "b")


def test_a_long_name_is_shortened() -> None:
    assert len(told("Action: " + "word " * 2000 + "\nAction Input: {}", "today")) < 300


@pytest.mark.parametrize("kind", FAILURES)
@pytest.mark.parametrize("tools", [None, (), ("today",), tuple(f"tool_{number}" for number in range(12))])
def test_every_kind_has_a_short_text(kind: str, tools: tuple[str, ...] | None) -> None:
    text = failure(kind, tools, written="x").observation
    assert 20 < len(text) < 420
    assert text[0].isupper() or text[0] == '"'
    assert text[-1] == "."
    assert "Action" in text or "Final Answer" in text


@pytest.mark.parametrize("kind", FAILURES)
def test_an_observation_that_is_copied_is_not_taken_for_a_call(kind: str) -> None:
    """Small models copy what they are shown; the hint's own words must not become arguments."""
    text = failure(kind, ("today", "search")).observation
    for parse in (parse_strict, parse_tolerant):
        reply = parse(text, ("today", "search"))
        assert not isinstance(reply, Action) or is_placeholder(reply.arguments), reply
    assert not isinstance(parse_tolerant(text, ("today", "search")), Action | FinalAnswer) or "Final Answer" in text


TOLD = {
    "backslash": [r'{"a": "C:\Users\new"}', r'{"a": "\frac"'[:-1] + r' \alpha"}', r'{"a": "\uzzzz"}'],
    "quotes": ['{"code": "print("a", "b")"}', '{"a": "b, "c": "d"}', '{"a": "b" "c"}', '{"a": "use "} here"}'],
    "number": ['{"a": +10}', '{"a": 007}', '{"a": .5}', '{"a": 1,000}', '{"a": [1 000]}', '{"a": 7*2}', '{"a": 5km}',
               '{"a": 2024-01-05}'],
    "large": ['{"a": 18446744073709551616}', '{"a": 1e999}', '{"a": ' + "9" * 5000 + ",}"],
    "dots": ['{"a": [1, ...]}', '{"a": ...}'],
    "braces": ['"city": "Paris", "days": 3'],
    "tags": ["<city>Paris</city>"],
    "objects": ['{"a": 1} or {"a": 2}', '[{"a": 1}, {"a": 2}]'],
}  # fmt: skip


@pytest.mark.parametrize(("fault", "arguments"), [(fault, each) for fault, texts in TOLD.items() for each in texts])
def test_what_was_wrong_is_said(fault: str, arguments: str) -> None:
    assert told(f"Action: today\nAction Input: {arguments}", "today").startswith(FAULTS[fault])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ('{"a": NaN}', "ordinary numbers"),
        ('{"a": Infinity}', "ordinary numbers"),
        ('{"a": Paris}', "double quotes"),
        ('{"key_1": "value_1", ..., "key_n": "value_n"}', "copied the example"),
        ('{"a": 12', "cut off"),
        ('"a": "b", "c": "d', "cut off"),
    ],
)
def test_nothing_else_is_said(arguments: str, words: str) -> None:
    text = told(f"Action: today\nAction Input: {arguments}", "today")
    assert words in text
    assert not text.startswith(tuple(FAULTS.values()))


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_has_a_short_text_that_is_no_call_when_copied(fault: str) -> None:
    assert set(TOLD) == set(FAULTS)
    text = failure("not_json", ("today", "search"), fault=fault).observation
    assert 20 < len(text) < 300
    for parse in (parse_strict, parse_tolerant):
        reply = parse(text, ("today", "search"))
        assert not isinstance(reply, Action) or is_placeholder(reply.arguments), reply
