"""The canonical text, letter for letter."""

from __future__ import annotations

from stesim.parsing import render
from stesim.records import Action, FinalAnswer


def test_a_call() -> None:
    action = Action(
        "Numbers%%Get math fact", {"number": 867, "note": 'é "q"\n{}'}, "I look it up.", ("trailing_comma",)
    )
    assert render(action) == (
        "Thought: I look it up.\nAction: Numbers%%Get math fact\n"
        'Action Input: {"number": 867, "note": "é \\"q\\"\\n{}"}'
    )


def test_an_answer() -> None:
    assert render(FinalAnswer("It is 5.", "I now know the final answer")) == (
        "Thought: I now know the final answer\nFinal Answer: It is 5."
    )


def test_without_a_thought() -> None:
    assert render(Action("today", {})) == "Action: today\nAction Input: {}"
    assert render(FinalAnswer("5")) == "Final Answer: 5"
