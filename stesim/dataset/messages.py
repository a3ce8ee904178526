"""Chat messages with tool calls: what `datasets` loads, and TRL's `SFTTrainer` takes as it is.

    >>> from stesim.records import Demonstration
    >>> shown = Demonstration("rain", "Rain in Rome?", {"city": "Rome"}, "no", "No.", 1, 1)
    >>> [message["role"] for message in rows(Lesson(shown.query, (), shown))[0]["messages"]]
    ['user', 'assistant', 'tool', 'assistant']

`arguments` are an object, as the chat templates of most models need them: a text would be quoted once more by some of
them, and refused by others. `datasets` (4.7 and newer) keeps such objects as they are, since the messages of a row do
not all have the same keys. `tools` is a JSON text, which TRL reads, since a loader of tables would mix the schemas of
different tools. Not covered: OpenAI's own fine-tuning, which wants both the other way round.
"""

from __future__ import annotations

import json
from typing import Any

from stesim.dataset.lesson import Lesson
from stesim.records import Tool

NO_TOOL = "I have no tool for that."
# Some templates take nothing but nine letters and digits.
CALL_ID = "call00001"


def rows(lesson: Lesson, *, calls_only: bool = False) -> list[dict[str, Any]]:
    """One row: the whole conversation, or that up to the call, and the tools offered in it."""
    tools = [{"type": "function", "function": function(tool)} for tool in lesson.tools]
    asked: list[dict[str, Any]] = [{"role": "user", "content": lesson.query}]
    answered = _answered(lesson)[: 1 if calls_only else None]
    return [{"messages": asked + answered, "tools": json.dumps(tools, ensure_ascii=False)}]


def _answered(lesson: Lesson) -> list[dict[str, Any]]:
    shown = lesson.demonstration
    if shown is None:
        return [{"role": "assistant", "content": NO_TOOL}]
    call = {"name": shown.tool, "arguments": shown.arguments}
    return [
        {
            "role": "assistant", "content": "",
            "tool_calls": [{"id": CALL_ID, "type": "function", "function": call}],
        },
        {"role": "tool", "tool_call_id": CALL_ID, "name": shown.tool, "content": shown.observation},
        {"role": "assistant", "content": shown.answer},
    ]  # fmt: skip


def function(tool: Tool) -> dict[str, Any]:
    """A tool as function definitions are written; its schema always says which properties it has."""
    schema = dict(tool.parameters)
    return {
        "name": tool.name,
        "description": tool.description,
        "parameters": {"type": "object", **schema, "properties": schema.get("properties", {})},
    }


def rounded(value: Any) -> bool:
    """Whether a value holds a number that `datasets` would round: it keeps 10 digits after the point."""
    if isinstance(value, float):
        return len(repr(value).partition("e")[0].partition(".")[2]) > 10
    if isinstance(value, dict | list):
        return any(rounded(inner) for inner in (value.values() if isinstance(value, dict) else value))
    return False
