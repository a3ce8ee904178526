"""What the model remembers: short-term within an episode, long-term over all trials of a tool.

Short-term memory (paper: section 3.2) is the conversation of the episode so far, `Conversation`. When it outgrows the
context its oldest trials leave first; the trial that is then the first one takes over the opening with the tool's
description and the instructions, so that these never leave. Long-term memory (section 3.3), `LongTermMemory`, is
the list of earlier queries with whether each was solved; it is a view of the finished trials and is shown in the
imagine prompt only.

Not covered: summaries of what has left, memory across tools.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from stesim.prompts import PromptSet
from stesim.records import Message, Step, Trial

Count = Callable[[Sequence[Message]], int]

_HEADING = "User Query:"
_MARKS = {True: " (solved)", False: " (not solved)", None: ""}


class ContextFull(Exception):
    """The trial in hand alone does not fit in the context any more. Ends the trial; never reaches a user."""


@dataclass
class Conversation:
    """The conversation of one episode: finished trials, and the trial in hand with its query and steps.

    `budget` is how many tokens a prompt may have, as measured by `count`. `forgotten` counts the finished
    trials that have left the context.
    """

    prompts: PromptSet
    descriptions: str
    names: str
    count: Count
    budget: int
    finished: list[Trial] = field(default_factory=list)
    forgotten: int = 0
    query: str | None = None
    steps: list[Step] = field(default_factory=list)

    def imagining(self, past: str) -> tuple[Message, ...]:
        """The prompt that asks for a query; `past` is the long-term memory, in this prompt alone."""
        return self._fitted(lambda: self._messages(past))

    def trying(self) -> tuple[Message, ...]:
        """The prompt that asks for the next step of the trial in hand."""
        return self._fitted(self._messages)

    def reflecting(self) -> tuple[Message, ...]:
        """The prompt that asks whether the query was fulfilled."""
        question = Message("user", self._reflect(self.query or ""))
        return self._fitted(lambda: merged([*self._messages(), question]))

    def finish(self, trial: Trial) -> None:
        """Take a finished trial into the short-term memory."""
        self.finished.append(trial)
        self.forgotten = max(self.forgotten, trial.forgotten)
        self.query, self.steps = None, []

    def _fitted(self, messages: Callable[[], tuple[Message, ...]]) -> tuple[Message, ...]:
        """The messages, after as many of the oldest trials have left as is needed; raises `ContextFull`."""
        while self.count(fitted := messages()) > self.budget:
            if self.forgotten == len(self.finished):
                raise ContextFull
            self.forgotten += 1
        return fitted

    def _messages(self, past: str = "") -> tuple[Message, ...]:
        messages = [Message("system", self.prompts.system.fill())]
        for trial in self.finished[self.forgotten :]:
            messages += self._imagine(first=len(messages) == 1)
            messages += self._attempt(trial.query, trial.steps, first=len(messages) == 2)
            if trial.reflection:
                messages.append(Message("user", self._reflect(trial.query)))
                messages.append(Message("assistant", trial.reflection.text))
        first = len(messages) == 1
        messages += self._imagine(first, past)
        if self.query is not None:
            messages += self._attempt(self.query, self.steps, first)
        return merged(messages)

    def _imagine(self, first: bool, past: str = "") -> list[Message]:
        template = self.prompts.imagine_first if first else self.prompts.imagine_next
        values = {"api_descriptions": self.descriptions, "api_names": self.names}
        return [Message("user", with_past(template.fill(**values), past))]

    def _attempt(self, query: str, steps: Sequence[Step], first: bool) -> list[Message]:
        template = self.prompts.try_first if first else self.prompts.try_next
        values = {"api_descriptions": self.descriptions, "api_names": self.names, "query": query}
        messages = [Message("assistant", query), Message("user", template.fill(**values))]
        for step in steps:
            messages.append(Message("assistant", step.text))
            if step.observation:
                messages.append(Message("user", f"Observation: {step.observation.text}"))
        return messages

    def _reflect(self, query: str) -> str:
        return self.prompts.reflect.fill(api_descriptions=self.descriptions, api_names=self.names, query=query)


@dataclass
class LongTermMemory:
    """The queries tried on one tool so far, in order, with whether each was solved (None: not asked or not said)."""

    prompts: PromptSet
    count: Count
    budget: int
    entries: list[tuple[str, bool | None]] = field(default_factory=list)

    def add(self, trial: Trial) -> None:
        """Remember a finished trial."""
        self.entries.append((trial.query, trial.solved))

    def text(self) -> str:
        """What the imagine prompt says of the past: the newest entries that the budget (tokens) has room for."""
        low, high = 0, len(self.entries)
        while low < high:  # the most entries that fit; more entries are never fewer tokens
            middle = (low + high + 1) // 2
            if self.count([Message("user", self._list(middle))]) <= self.budget:
                low = middle
            else:
                high = middle - 1
        return self._list(low) if low else ""

    def _list(self, newest: int) -> str:
        shown = self.entries[len(self.entries) - newest :]
        return self.prompts.long_term.fill(queries="\n".join(f"- {query}{_MARKS[solved]}" for query, solved in shown))


def with_past(prompt: str, past: str) -> str:
    """An imagine prompt with the list of past queries put before its closing "User Query:" (else at its end)."""
    if not past:
        return prompt
    if prompt.endswith(_HEADING):
        return f"{prompt.removesuffix(_HEADING)}{past}\n\n{_HEADING}"
    return f"{prompt}\n\n{past}"


def merged(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The messages, those of one role in a row joined: the roles alternate."""
    joined: list[Message] = []
    for message in messages:
        if joined and joined[-1].role == message.role:
            joined[-1] = Message(message.role, f"{joined[-1].content}\n\n{message.content}")
        else:
            joined.append(message)
    return tuple(joined)
