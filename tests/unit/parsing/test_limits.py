"""Time and depth: endless repetition of anything is read in linear time, whatever comes before it."""

from __future__ import annotations

import time

import pytest

from stesim.parsing import parse_reflection, parse_strict, parse_tolerant

LENGTH = 100_000
TOOLS = ["search", *(f"tool_{number}" for number in range(30))]
STARTS = {
    "bare": "",
    "input": "Action: search\nAction Input: ",
    "string": 'Action: search\nAction Input: {"a": "',
    "list": 'Action: search\nAction Input: {"a": [',
    "code": "Action: search(a=",
    "name": "Action: ",
    "answer": "Final Answer: ",
    "thinking": "<think>",
    "envelope": "<tool_call>",
}
UNITS = [
    "{", "[", "(", "}", '"', "'", "\\", "\n", " ", "\\n", "*", "`", "_", ",", ":", "...", "/*", "//", "#", "9", "a",
    "“", "no ", '{"a":', '"a": 1, ', '"a" "b" ', '" ,"', "'a': 'b', ", "{} ", '" ', "\\u", "Action:", "\nAction: x",
    "Action Input:", "\nAction: search\nAction Input: {", "Action: search(", "\nFinal Answer: ", "\nObservation: ",
    "\nThought: ", "<think>", "\n</think>", '<tool_call>{"name":', '\n{"name": "search", ', "```json\n{",
    "or search ", "<tool_", "Yes/No: ",
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


def test_a_long_valid_call_is_read() -> None:
    arguments = '{"a": "' + "word, " * 20_000 + '"}'
    reply = parse_tolerant(f"Action: search\nAction Input: {arguments}", TOOLS)
    assert reply == parse_strict(f"Action: search\nAction Input: {arguments}", TOOLS)
    assert len(reply.arguments["a"]) == 120_000  # type: ignore[union-attr]
