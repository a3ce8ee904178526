"""A model's answers to test queries, as an evaluation keeps them: one line of `answers.jsonl` each.

    >>> from stesim.records import FinalAnswer
    >>> answer = Answer(1, "q-1", "add_date", "And in 3 days?", "Final Answer: no", FinalAnswer("no"), ("add_date",))
    >>> answer_from_json(answer_to_json(answer)) == answer
    True

Nothing in a line depends on time or on the machine. Not covered: tokens and time, which are in `completions.jsonl`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from stesim.errors import StoreError
from stesim.records import Reply
from stesim.store import StageFolder
from stesim.store.codec import build, misfit, reply_from_json, reply_to_json

ANSWERS = "answers.jsonl"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model replied to one test query.

    `number` counts the queries from 1, `id` is the query's in the test set, `tool` the one that would have been right
    (empty if none can help). `candidates` are the tools that the prompt described, or all where it described none;
    `demonstrations` the lines of the demonstrations' file that it showed, the nearest last; those farther ones that had
    no room in the context are `left_out`.
    """

    number: int
    id: str
    tool: str
    query: str
    text: str
    reply: Reply
    candidates: tuple[str, ...]
    demonstrations: tuple[int, ...] = ()
    left_out: tuple[int, ...] = ()

    @property
    def nearest(self) -> tuple[int, ...]:
        """All demonstrations found for the query, also those without room, the nearest first."""
        return (*self.left_out, *self.demonstrations)[::-1]


class AnswerFolder(StageFolder):
    """The folder of an evaluation; what is finished are its answers."""

    FINISHED = ANSWERS

    def answers(self) -> Iterator[Answer]:
        """The answers so far, in order; raises `StoreError`, naming the line, for one of another shape."""
        for where, value in self.finished():
            yield answer_from_json(value, where)

    def add_answer(self, answer: Answer, counts: Mapping[str, int] | None = None) -> None:
        """Append an answer, as `add` does."""
        self.add(answer_to_json(answer), counts)


def answer_to_json(answer: Answer) -> dict[str, Any]:
    """A line of `answers.jsonl`."""
    return {**asdict(answer), "reply": reply_to_json(answer.reply)}


def answer_from_json(value: Any, where: str = ANSWERS) -> Answer:
    """The inverse of `answer_to_json`; raises `StoreError`, naming `where`, for a line of another shape."""
    try:
        return build(Answer, {**value, "reply": reply_from_json(value["reply"])})
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{where} does not hold an answer: {misfit(error)}") from None
