"""The ReAct loop: stop reasons, and what becomes of each kind of reply."""

from __future__ import annotations

import pytest

from stesim.memory import Conversation
from stesim.models import estimate_tokens
from stesim.parsing import parse_tolerant
from stesim.prompts import load_prompts
from stesim.react import Solver, is_stuck
from stesim.records import (
    Action,
    Completion,
    Message,
    Observation,
    ParseFailure,
    Place,
    Request,
    Sampling,
    Step,
    StopReason,
)

CALL = 'Thought: t\nAction: forecast\nAction Input: {"city": "Paris"}'
ANSWER = "Thought: I know\nFinal Answer: sun"
SAMPLING = Sampling(temperature=1.0, top_p=1.0, top_k=0, min_p=0.0, repeat_penalty=1.0, max_tokens=9)


def solve(
    replies: list[str], max_calls: int = 4, results: list[str] | None = None, budget: int = 10**6
) -> tuple[StopReason, list[Step], list[Request]]:
    """Drive the loop with a list of replies; returns the stop reason, the steps and the requests."""
    left = list(results or ["sun"] * 10)
    conversation = Conversation(load_prompts(), "API name: forecast", "forecast", estimate_tokens, budget, query="Sun?")
    solver = Solver(
        lambda text: parse_tolerant(text, ["forecast"]), lambda action: Observation(left.pop(0), "ok", 200), max_calls
    )

    def request(call: int, messages: tuple[Message, ...]) -> Request:
        return Request(Place("forecast", 1, 1, call), "try", messages, SAMPLING, call)

    loop = solver.solve(conversation, request)
    requests: list[Request] = []
    try:
        requests.append(next(loop))
        for reply in replies:
            requests.append(loop.send(Completion(reply, "stop")))
    except StopIteration as stop:
        return stop.value, conversation.steps, requests
    raise AssertionError("the loop wants more replies")


def test_a_call_then_an_answer() -> None:
    reason, steps, requests = solve([CALL, ANSWER])
    assert reason == "final_answer"
    assert isinstance(steps[0].reply, Action)
    assert steps[0].reply.arguments == {"city": "Paris"}
    assert steps[0].observation == Observation("sun", "ok", 200)
    assert steps[1].observation is None
    assert requests[1].messages[-2:] == (Message("assistant", CALL), Message("user", "Observation: sun"))
    assert [request.place.call for request in requests] == [1, 2]


def test_a_reply_that_cannot_be_read_counts_as_a_call_and_says_what_was_wrong() -> None:
    reason, steps, requests = solve(["hm", "hm", CALL], max_calls=3)
    assert reason == "max_calls"
    assert isinstance(steps[0].reply, ParseFailure)
    assert steps[0].observation is not None
    assert steps[0].observation.kind == "parse_failure"
    assert requests[1].messages[-1].content == f"Observation: {steps[0].reply.observation}"
    assert len(steps) == 3


def test_after_the_last_call_the_model_is_not_asked_again() -> None:
    reason, steps, requests = solve([CALL], max_calls=1)
    assert (reason, len(steps), len(requests)) == ("max_calls", 1, 1)


def test_a_call_repeated_with_the_same_result_stops_the_trial() -> None:
    reason, steps, _ = solve([CALL] * 3, max_calls=9)
    assert (reason, len(steps)) == ("repeated_call", 3)


def test_a_call_repeated_with_another_result_goes_on() -> None:
    reason, steps, _ = solve([CALL, CALL, CALL, ANSWER], max_calls=9, results=["busy", "busy", "sun"])
    assert (reason, len(steps)) == ("final_answer", 4)


def test_a_full_context_stops_the_trial() -> None:
    reason, steps, _ = solve([CALL], results=["x" * 100_000], budget=10_000)
    assert (reason, len(steps)) == ("context_full", 1)


@pytest.mark.parametrize("between", ["hm", 'Thought: t\nAction: forecast\nAction Input: {"city": "Rome"}'])
def test_something_in_between_is_no_repetition(between: str) -> None:
    _, steps, _ = solve([CALL, CALL, between, CALL], max_calls=4)
    assert not is_stuck(steps)
