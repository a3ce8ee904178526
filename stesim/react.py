"""The ReAct loop: one query, tried until it is answered. The only one there is.

`solve` is a generator that yields each request to the model and is sent the completion, so that one driver can run
a single trial or many side by side.

Not covered: several calls in one reply (a reply is one step), tools that stream.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

from stesim.memory import ContextFull, Conversation
from stesim.records import (
    Action,
    Completion,
    FinalAnswer,
    Message,
    Observation,
    ParseFailure,
    Reply,
    Request,
    Step,
    StopReason,
)

Solving = Generator[Request, Completion, StopReason]
MakeRequest = Callable[[int, tuple[Message, ...]], Request]

# A third identical call with an identical result: the model is stuck.
REPEATS = 3


@dataclass(frozen=True)
class Solver:
    """What a trial needs: how a reply is read, how a call is made, and how many calls there may be."""

    parse: Callable[[str], Reply]
    call: Callable[[Action], Observation]
    max_calls: int

    def solve(self, conversation: Conversation, request: MakeRequest) -> Solving:
        """Try to answer the conversation's query (paper: section 3.1); its steps are added to the conversation.

        Stops at a final answer, after `max_calls` replies (one that cannot be read counts), when the context is
        full, or when the model goes on repeating a call that goes on giving the same result.
        """
        for call in range(1, self.max_calls + 1):
            try:
                messages = conversation.trying()
            except ContextFull:
                return "context_full"
            completion = yield request(call, messages)
            step = self.step(completion.text.strip())
            conversation.steps.append(step)
            if isinstance(step.reply, FinalAnswer):
                return "final_answer"
            if is_stuck(conversation.steps):
                return "repeated_call"
        return "max_calls"

    def step(self, text: str) -> Step:
        """A reply as it is read, with what its call gave."""
        reply = self.parse(text)
        if isinstance(reply, Action):
            return Step(text, reply, self.call(reply))
        if isinstance(reply, ParseFailure):
            return Step(text, reply, Observation(reply.observation, "parse_failure"))
        return Step(text, reply)


def is_stuck(steps: Sequence[Step]) -> bool:
    """Whether the last steps are one call made over and over, always with the same result."""
    last = steps[-REPEATS:]
    calls = [(s.reply.tool, s.reply.arguments, s.observation) for s in last if isinstance(s.reply, Action)]
    return len(calls) == REPEATS and all(call == calls[0] for call in calls)
