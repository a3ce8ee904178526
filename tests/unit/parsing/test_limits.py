"""Time and depth: endless repetition of anything is read in linear time, whatever comes before it."""

from __future__ import annotations

import time

import pytest

from stesim.parsing import parse_reflection, parse_strict, parse_tolerant, parse_verdict
from stesim.parsing.reflection import LONGEST

LENGTH = 100_000
TOOLS = ["search", *(f"tool_{number}" for number in range(30))]
STARTS = {
    "nothing": "",
    "input": "Action: search\nAction Input: ",
    "string": 'Action: search\nAction Input: {"a": "',
    "list": 'Action: search\nAction Input: {"a": [',
    "code": "Action: search(a=",
    "name": "Action: ",
    "answer": "Final Answer: ",
    "thinking": "<think>",
    "envelope": "<tool_call>",
    "bare after a thought": "Thought: I look.\nsearch(",
    "function": "<function=search>",
    "objects": 'Action: search\nAction Input: {"a": 1} or ',
    "envelopes": '<tool_call>{"name": "search", "arguments": {}}</tool_call>',
    "heading": "### Action\nsearch",
}
UNITS = [
    "{", "[", "(", "}", '"', "'", "\\", "\n", " ", "\\n", "*", "`", "_", ",", ":", "...", "/*", "//", "#", "9", "a",
    "“", "no ", '{"a":', '"a": 1, ', '"a" "b" ', '" ,"', "'a': 'b', ", "{} ", '" ', "\\u", "Action:", "\nAction: x",
    "Action Input:", "\nAction: search\nAction Input: {", "Action: search(", "\nFinal Answer: ", "\nObservation: ",
    "\nThought: ", "<think>", "\n</think>", '<tool_call>{"name":', '\n{"name": "search", ', "```json\n{",
    "or search ", "<tool_", "Yes/No: ", "<function=", "[TOOL_CALLS]search", "search(", "\nsearch ",
    '{"name": "search", "arguments": {}} ', '{"a": 1} ', '{"a": 2', '<tool_call>{"name": "search", "arguments": {}}</tool_call>',
    "functools[", "<|tool_call|>[{", "✿FUNCTION✿: ", "✿FUNCTION✿: a\n✿ARGS✿: ", "<｜tool▁call▁begin｜>", "<｜tool▁sep｜>",
    "<|tool_call_begin|>a", "<|channel|>commentary to=", " to=functions.", "<|message|>", "<action>", "### Action\n",
    "### Action Input\n", "<reasoning>", "</reasoning>", "<think></think>", "\u200b", "\\d", "\\_\\n", "functions.",
    "search, then ", "\nObservation: x\nThought: y", "1. ", "<|im_start|>", "[INST]",
]  # fmt: skip


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS.keys())
def test_repetition_takes_linear_time(start: str) -> None:
    for unit in UNITS:
        text = (start + unit * (LENGTH // len(unit)))[:LENGTH]
        before = time.perf_counter()
        parse_tolerant(text, TOOLS)
        parse_tolerant(text)
        parse_strict(text, TOOLS)
        parse_reflection(text)
        # About 30 ms for all four; a quadratic scan of this length takes half a minute.
        assert time.perf_counter() - before < 1, (start, unit)


BLANKS = [
    " ", "\n", "\t", " \n", "\\n", "\u3000", "\u00a0", "* ", "` ", "_ ", ". ", "- ", ", ", "#", "/ ",
]  # fmt: skip
HEADS = [
    "", "Action: get_country", "Action: get_country\n", "Action:", "Action: get_country\nAction Input:",
    "Action: get_country\nAction Input: {", 'Action: get_country\nAction Input: {"a": "b"',
    'Action: get_country\nAction Input: {"a": "b",', "Thought: x\nAction: get_country ", "Action: use ",
    "Final Answer:", "<think>", '{"name": "get_country", "arguments": ',
    "Action: get_country(a='b',", 'Action: get_country\nAction Input: {"a": "b"}', "get_country",
    "Thought: x\nget_country", "<function=get_country>", "✿FUNCTION✿: get_country", "✿FUNCTION✿:", "<action>",
    "<action>get_country", "### Action\n", "### Action\nget_country", "### Action\nget_country\n### Action Input\n",
    "<｜tool▁call▁begin｜>", "<｜tool▁call▁begin｜>get_country", "<|tool_call_begin|>get_country", "<|message|> to=functions.get_country",
    "[TOOL_CALLS]get_country", 'Action: get_country\nAction Input: {"a": 1}{"a": 2}',
]  # fmt: skip
TAILS = ["", "x", "{", "}", '"', "Action Input: {}", "("]


@pytest.mark.parametrize("head", HEADS)
def test_a_run_of_white_space_takes_linear_time(head: str) -> None:
    for unit in BLANKS:
        run = unit * ((LENGTH - len(head)) // len(unit))
        for tail in TAILS:
            text = head + run[len(tail) :] + tail
            for read in (_strictly, _tolerantly, parse_reflection):
                before = time.perf_counter()
                read(text)
                # At most some 20 ms; quadratic time would be half a minute, cubic time days.
                assert time.perf_counter() - before < 1, (head, unit, tail, read)


@pytest.mark.parametrize(
    "head", ["Action: use ", "Action: get_country(a='b',", 'Action: get_country\nAction Input: {"a": "b",']
)
def test_so_it_does_in_what_is_mended_and_for_any_name(head: str) -> None:
    # Short enough that nothing is refused for its length.
    for unit in BLANKS:
        for tail in TAILS:
            text = head + unit * (15_000 // len(unit)) + tail
            before = time.perf_counter()
            parse_tolerant(text, ["get_country"])
            parse_tolerant(text)
            assert time.perf_counter() - before < 1, (head, unit, tail)


VERDICT_STARTS = {
    "nothing": "", "number": "1)", "word": "1) Yes", "reason": "1) Yes. a\n2) It", "label": "1) Informative",
    "label alone": "Faithful:", "closing": "1) It is. So:", "JSON": '{"informative": "Yes", "faithful": ', "fence": "```\n1) Yes",
}  # fmt: skip
VERDICT_UNITS = [
    "1) ", "1) Yes. ", "\n1) Yes. ", "\n2) No", "\n1)", "\n1. It. So: yes\n1) no", "Yes\n", "1) Yes\n2) No\n3) Yes\n",
    "\nInformative: Yes", "Informative ", "\nFaithful", "\n| 1 | Yes ", "So: ", "the ", "Sure, ", "\ni) No", "`", '{"1": ',
    "\n  1) No\n2) Yes", "(1) Whether ", "①", "\n```\n", "User: ", "Yes/No ", "the use of api ", "((", "[{", '"a", ', "?!",
    "\n3) No\n1)", "\n 1) No\n   2) No\n     3) No",
]  # fmt: skip


@pytest.mark.parametrize("start", VERDICT_STARTS.values(), ids=VERDICT_STARTS.keys())
def test_a_verdict_takes_linear_time(start: str) -> None:
    for unit in [*VERDICT_UNITS, *BLANKS]:
        for tail in ("", "x", "\n3) Yes."):
            text = start + unit * ((LONGEST - len(start) - len(tail)) // len(unit)) + tail
            before = time.perf_counter()
            parse_verdict(text)
            parse_verdict(text * 5)
            # At most some 30 ms; a quadratic scan of this length takes seconds.
            assert time.perf_counter() - before < 1, (start, unit, tail)


def _strictly(text: str) -> object:
    return parse_strict(text, ["get_country"])


def _tolerantly(text: str) -> object:
    return parse_tolerant(text, ["get_country"])


def test_a_long_valid_call_is_read() -> None:
    arguments = '{"a": "' + "word, " * 20_000 + '"}'
    reply = parse_tolerant(f"Action: search\nAction Input: {arguments}", TOOLS)
    assert reply == parse_strict(f"Action: search\nAction Input: {arguments}", TOOLS)
    assert len(reply.arguments["a"]) == 120_000  # type: ignore[union-attr]
