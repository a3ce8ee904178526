"""What the model remembers: short-term within an episode, long-term over all trials of a tool.

Short-term memory (paper: section 3.2) is the conversation of the episode so far, `Conversation`. When it outgrows the
context its oldest trials leave first; the trial that is then the first one takes over the opening with the tool's
description and the instructions, so that these never leave. Long-term memory (section 3.3), `LongTermMemory`, is
the list of earlier queries with whether each was solved; it is a view of the finished trials and is shown in the
imagine prompt only.

Not covered: summaries of what has left, memory across tools.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from stesim.prompts import PromptSet, Told
from stesim.records import Count as Count
from stesim.records import Message, Step, Trial, join_runs

_HEADING = "User Query:"
_MARKS = {True: "solved: ", False: "not solved: ", None: ""}


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
        return self._fitted(lambda: join_runs([*self._messages(), self._teller.reflect(self.query or "")]))

    def finish(self, trial: Trial) -> None:
        """Take a finished trial into the short-term memory."""
        self.finished.append(trial)
        self.forgotten = max(self.forgotten, trial.forgotten)
        self.query, self.steps = None, []

    def _fitted(self, messages: Callable[[], tuple[Message, ...]]) -> tuple[Message, ...]:
        """The messages, after as many of the oldest trials have left as is needed.

        Raises `ContextFull`, with no trial gone, if not even then they fit.
        """
        before = self.forgotten
        while self.count(fitted := messages()) > self.budget:
            if self.forgotten == len(self.finished):
                self.forgotten = before
                raise ContextFull
            self.forgotten += 1
        return fitted

    def _messages(self, past: str = "") -> tuple[Message, ...]:
        kept = [as_told(trial) for trial in self.finished[self.forgotten :]]
        messages = opening(self.prompts) + self._teller.tell(kept)
        messages.append(self._teller.imagine(first=not kept, past=past))
        if self.query is not None:
            messages += self._teller.attempt(self.query, turns(self.steps), first=not kept)
        return join_runs(messages)

    @property
    def _teller(self) -> Teller:
        return Teller(self.prompts, {"api_descriptions": self.descriptions, "api_names": self.names})


@dataclass(frozen=True)
class Teller:
    """Puts trials with one API into messages. `values` fill the templates.

    The first trial is told with the full templates, those after it with the short ones that build on it.
    """

    prompts: PromptSet
    values: Mapping[str, str]

    def tell(self, trials: Sequence[Told]) -> list[Message]:
        """Finished trials."""
        messages = []
        for number, trial in enumerate(trials):
            messages.append(self.imagine(first=number == 0))
            messages += self.attempt(trial.query, trial.turns, first=number == 0)
            if trial.reflection is not None:
                messages += [self.reflect(trial.query), Message("assistant", trial.reflection)]
        return messages

    def imagine(self, *, first: bool, past: str = "") -> Message:
        """The question for a query."""
        template = self.prompts.imagine_first if first else self.prompts.imagine_next
        if "long_term" not in template.variables():
            return Message("user", with_past(template.fill(**self.values), past))
        text = template.fill(**self.values, long_term=past)
        return Message("user", text if past else re.sub(r"\n{3,}", "\n\n", text))

    def attempt(self, query: str, turns: Sequence[tuple[str, str | None]], *, first: bool) -> list[Message]:
        """The query, the call to try it, and what was tried."""
        template = self.prompts.try_first if first else self.prompts.try_next
        messages = [Message("assistant", query), Message("user", template.fill(**self.values, query=query))]
        for reply, observation in turns:
            messages.append(Message("assistant", reply))
            if observation is not None:
                messages.append(Message("user", f"Observation: {observation}"))
        return messages

    def reflect(self, query: str) -> Message:
        """The question whether the query was fulfilled."""
        return Message("user", self.prompts.reflect.fill(**self.values, query=query))


@dataclass
class LongTermMemory:
    """The queries tried on one tool so far, in order, with whether each was solved (None: not asked or not said)."""

    prompts: PromptSet
    count: Count
    budget: int
    entries: list[tuple[str, bool | None]] = field(default_factory=list)

    def add(self, trial: Trial) -> None:
        """Remember a finished trial, if its query says anything."""
        if trial.query:
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
        return self.prompts.long_term.fill(queries="\n".join(f"- {_MARKS[solved]}{query}" for query, solved in shown))


def opening(prompts: PromptSet) -> list[Message]:
    """What every conversation begins with: the system message and the worked examples."""
    messages = [Message("system", prompts.system.fill())]
    for example in prompts.examples:
        values = {"api_descriptions": example.api_descriptions, "api_names": example.api_names}
        messages += Teller(prompts, values).tell(example.trials)
    return messages


def as_told(trial: Trial) -> Told:
    """A finished trial as the conversation tells it."""
    return Told(trial.query, turns(trial.steps), trial.reflection.text if trial.reflection else None)


def turns(steps: Sequence[Step]) -> tuple[tuple[str, str | None], ...]:
    """Each reply and the observation that followed."""
    return tuple((step.text, step.observation.text if step.observation else None) for step in steps)


def with_past(prompt: str, past: str) -> str:
    """A prompt that has no place for the list of past queries, with the list before its closing "User Query:"."""
    if not past:
        return prompt
    if prompt.endswith(_HEADING):
        return f"{prompt.removesuffix(_HEADING)}{past}\n\n{_HEADING}"
    return f"{prompt}\n\n{past}"
