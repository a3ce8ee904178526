"""Rows of general conversation, from a file of the user's: mixed in, they keep a model from forgetting how to talk.

    read_chat(Path("chat.jsonl"))

A line of the file is `{"messages": [{"role": "user", "content": "Hi!"}, {"role": "assistant", "content": "Hello."}]}`;
the last message, the assistant's, is the reply that is learned. Not covered: where such conversations come from, and
other layouts.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import orjson

from stesim.errors import UserError
from stesim.files import read_bounded
from stesim.finetune.rows import Row
from stesim.records import Message, Role

_LARGEST = 64 << 20  # bytes of a file


def read_chat(path: Path) -> list[Row]:
    """The conversations of a file; raises `UserError`, naming the line, for one that cannot be learned from."""
    try:
        data = read_bounded(path, _LARGEST)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    found = []
    for number, line in enumerate(data.split(b"\n"), 1):
        if line.strip():
            found.append(_row(line, f"{path}, line {number}", number))
    if not found:
        raise UserError(f"{path} is empty: no conversation to learn from")
    return found


def _row(line: bytes, where: str, number: int) -> Row:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise UserError(f"{where} is not JSON: {error}") from None
    told = value.get("messages") if isinstance(value, dict) else None
    if not isinstance(told, list) or not all(map(_is_message, told)):
        raise UserError(f'{where} is not {{"messages": […]}} with a role and a content each')
    messages = tuple(Message(each["role"], each["content"]) for each in told)
    asked = [message.role for message in messages if message.role != "system"]
    turns = ["user", "assistant"] * (len(asked) // 2)
    if not asked or asked != turns or any(message.role == "system" for message in messages[1:]):
        raise UserError(
            f"{where}: user and assistant must take turns, the assistant last; a system message comes first"
        )
    return Row(messages[:-1], messages[-1].content, "chat", "", f"chat|{number}")


def _is_message(value: Any) -> bool:
    fine = isinstance(value, dict) and value.get("role") in get_args(Role)
    return fine and isinstance(value.get("content"), str) and bool(value["content"].strip())
