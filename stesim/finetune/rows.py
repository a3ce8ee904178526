"""What a model is trained on: rows of a conversation and the reply that is wanted, and their tokens.

    >>> from stesim.prompts import load_stage_prompts
    >>> shown = Demonstration("rain", "Rain in Rome?", {"city": "Rome"}, "no", "No.", 1, 1)
    >>> call, answer = rows([shown], load_stage_prompts("tool_mode"), RowPlan())
    >>> print(call.reply)
    Action: rain
    Action Input: {"city": "Rome"}
    >>> answer.messages[-1].content, answer.reply
    ('Observation: no', 'Final Answer: No.')

As in the paper (section 4, fine-tuning): no prompt describes a tool, a system message says that tools are used, and a
demonstration makes two rows, one with the call and one, after the call's result, with the answer. Not covered: drills
(`drills`), and which demonstrations there are.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import orjson

from stesim.errors import UserError
from stesim.parsing import render
from stesim.prompts import StagePrompts
from stesim.records import Demonstration, FinalAnswer, Message

Kind = Literal["call", "answer", "no_call", "drill", "chat"]
# What the prompt of an evaluation asks for where no tool fits.
NO_TOOL = "I cannot help with that."


@dataclass(frozen=True, slots=True)
class RowPlan:
    """What is made of the demonstrations: with `calls_only` no row teaches the answer after a call; `no_call` is how
    many rows without a call there are beside, as a share of the demonstrations.
    """

    calls_only: bool = False
    no_call: float = 0.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """A conversation and the reply that is learned after it. `origin` is the same for rows that come from one trial,
    so that none of them is held out while others are learned.
    """

    messages: tuple[Message, ...]
    reply: str
    kind: Kind
    tool: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Encoded:
    """The tokens of a row: those before the reply, and those of the reply with the one that ends it."""

    prompt: list[int]
    reply: list[int]
    origin: str = ""


class Tokenizer(Protocol):
    """What gives a row its tokens: a loaded model."""

    def tokens(self, messages: Sequence[Message]) -> list[int]:
        """Those of a conversation, as it is asked."""

    def reply_tokens(self, text: str) -> list[int]:
        """Those of a reply, with the one that ends it."""


def asked(prompts: StagePrompts, query: str) -> tuple[Message, ...]:
    """The conversation in which a trained model is asked; `prompts` are those of the stage "tool_mode"."""
    system = prompts["tool_mode_system"].fill()
    asks = Message("user", prompts["tool_mode"].fill(query=query))
    return (Message("system", system), asks) if system else (asks,)


def rows(demonstrations: Sequence[Demonstration], prompts: StagePrompts, plan: RowPlan) -> list[Row]:
    """The rows of the demonstrations, in their order, then those without a call."""
    found: list[Row] = []
    for shown in demonstrations:
        before, call = asked(prompts, shown.query), render(replace(shown.action, thought=""))
        origin = origin_of(shown)
        found.append(Row(before, call, "call", shown.tool, origin))
        if not plan.calls_only:
            observed = Message("user", f"Observation: {shown.observation}")
            after = (*before, Message("assistant", call), observed)
            found.append(Row(after, render(FinalAnswer(shown.answer)), "answer", shown.tool, origin))
    wanted = round(plan.no_call * len(demonstrations))
    return found + _without_call(prompts, wanted, plan.seed)


def origin_of(shown: Demonstration) -> str:
    """The trial that a demonstration comes from, as a text."""
    return f"{shown.tool}|{shown.episode}|{shown.trial}"


def _without_call(prompts: StagePrompts, wanted: int, seed: int) -> list[Row]:
    """Rows that answer everyday requests, which are no tool's business, by saying so."""
    requests = [line for line in prompts["tool_mode_no_call"].fill().splitlines() if line.strip()] if wanted else []
    order = random.Random(f"{seed}|no call").sample(requests, len(requests))
    reply = render(FinalAnswer(NO_TOOL))
    chosen = [order[number % len(order)] for number in range(wanted)] if order else []
    return [Row(asked(prompts, request), reply, "no_call", "", f"no call|{request}") for request in chosen]


def fingerprint(rows: Sequence[Row]) -> str:
    """SHA-256 over all that the rows say."""
    found = hashlib.sha256()
    for row in rows:
        said = [[message.role, message.content] for message in row.messages]
        found.update(orjson.dumps([said, row.reply, row.kind]) + b"\n")
    return found.hexdigest()


def encode(rows: Sequence[Row], model: Tokenizer, max_length: int) -> tuple[list[Encoded], int]:
    """The tokens of each row, and of how many rows the result of the call was cut to have room in `max_length` tokens.

    Raises `UserError` for a row that is too long otherwise.
    """
    found, cut = [], 0
    for row in rows:
        reply = model.reply_tokens(row.reply)
        prompt = model.tokens(row.messages)
        if len(prompt) + len(reply) > max_length and row.kind == "answer":
            prompt = _cut(row, model, max_length - len(reply))
            cut += 1
        if len(prompt) + len(reply) > max_length:
            raise UserError(
                f"a row of {row.tool or row.kind} has {len(prompt) + len(reply)} tokens, more than --max-length "
                f"{max_length}: {_query(row)[:60]!r}"
            )
        found.append(Encoded(prompt, reply, row.origin))
    return found, cut


def _query(row: Row) -> str:
    """The first that the user says in a row."""
    return next((message.content for message in row.messages if message.role == "user"), "")


def _cut(row: Row, model: Tokenizer, room: int) -> list[int]:
    """The prompt with as much of the last message as has room, found by halving."""
    *before, last = row.messages
    fits, too_long = 0, len(last.content)
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        length = len(model.tokens([*before, replace(last, content=last.content[:middle])]))
        fits, too_long = (middle, too_long) if length <= room else (fits, middle)
    return model.tokens([*before, replace(last, content=last.content[:fits])])
