"""Rows of training data and their tokens."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from stesim.errors import UserError
from stesim.finetune.rows import NO_TOOL, Row, RowPlan, asked, encode, fingerprint, rows
from stesim.prompts import load_stage_prompts
from stesim.records import Demonstration, Message

PROMPTS = load_stage_prompts("tool_mode")
RAIN = Demonstration("rain", "Rain in Rome?", {"city": "Rome"}, "no rain", "It stays dry.", 1, 2, thought="Let me see.")


class Letters:
    """A tokenizer: a token for each letter, and -1 at the end of a reply."""

    def tokens(self, messages: Sequence[Message]) -> list[int]:
        return [ord(letter) for message in messages for letter in message.content]

    def reply_tokens(self, text: str) -> list[int]:
        return [*map(ord, text), -1]


def test_a_demonstration_makes_a_row_with_the_call_and_one_with_the_answer() -> None:
    call, answer = rows([RAIN], PROMPTS, RowPlan())
    assert [message.role for message in call.messages] == ["system", "user"]
    assert call.messages[-1].content == "Rain in Rome?"
    assert call.reply == 'Action: rain\nAction Input: {"city": "Rome"}'
    assert answer.messages[:2] == call.messages
    assert answer.messages[2] == Message("assistant", call.reply)
    assert answer.messages[3] == Message("user", "Observation: no rain")
    assert answer.reply == "Final Answer: It stays dry."
    assert call.origin == answer.origin


def test_no_prompt_describes_a_tool() -> None:
    told = "".join(message.content for message in asked(PROMPTS, "Rain in Rome?"))
    assert "rain" not in told


def test_calls_only() -> None:
    assert [row.kind for row in rows([RAIN, RAIN], PROMPTS, RowPlan(calls_only=True))] == ["call", "call"]


def test_rows_without_a_call_are_a_share_of_the_demonstrations() -> None:
    found = rows([RAIN] * 20, PROMPTS, RowPlan(calls_only=True, no_call=0.1))
    without = [row for row in found if row.kind == "no_call"]
    assert len(without) == 2
    assert {row.reply for row in without} == {f"Final Answer: {NO_TOOL}"}
    assert rows([RAIN] * 20, PROMPTS, RowPlan(calls_only=True, no_call=0.1)) == found
    assert rows([RAIN] * 20, PROMPTS, RowPlan(calls_only=True, no_call=0.1, seed=1)) != found


def test_more_rows_without_a_call_than_there_are_requests() -> None:
    found = rows([RAIN] * 200, PROMPTS, RowPlan(calls_only=True, no_call=1.0))
    assert sum(row.kind == "no_call" for row in found) == 200


def test_the_reply_ends_with_its_token() -> None:
    (encoded, *_), cut = encode(rows([RAIN], PROMPTS, RowPlan()), Letters(), 1000)
    assert encoded.reply[-1] == -1
    assert "".join(map(chr, encoded.reply[:-1])).startswith("Action: rain")
    assert cut == 0


def test_a_long_result_is_cut_to_have_room() -> None:
    shown = Demonstration("rain", "Rain?", {}, "x" * 5000, "No.", 1, 1)
    encoded, cut = encode(rows([shown], PROMPTS, RowPlan()), Letters(), 300)
    assert cut == 1
    assert len(encoded[1].prompt) + len(encoded[1].reply) == 300


def test_a_row_that_is_too_long_is_refused() -> None:
    shown = Demonstration("rain", "Rain?" * 100, {}, "no", "No.", 1, 1)
    with pytest.raises(UserError, match=r"a row of rain has \d+ tokens, more than --max-length 300: 'Rain"):
        encode(rows([shown], PROMPTS, RowPlan()), Letters(), 300)


def test_a_long_row_without_a_system_message_is_refused_too() -> None:
    with pytest.raises(UserError, match=r"a row of chat has \d+ tokens, more than --max-length 300: 'Hi! Hi!"):
        encode([Row((Message("user", "Hi! " * 100),), "Hello.", "chat")], Letters(), 300)


def test_the_fingerprint_is_over_all_that_the_rows_say() -> None:
    one = Row((Message("user", "a"),), "b", "call")
    seen = {fingerprint([row]) for row in (
        one, Row((Message("user", "ab"),), "b", "call"), Row((Message("user", "a"),), "c", "call"),
        Row((Message("system", "a"),), "b", "call"), Row((Message("user", "a"),), "b", "drill"),
    )}  # fmt: skip
    assert len(seen) == 5
    assert fingerprint([one, one]) != fingerprint([one])
