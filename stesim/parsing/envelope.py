"""Calls written as one JSON object that holds the name and the arguments, as other protocols have them.

    from stesim.parsing.envelope import open_envelope
    open_envelope({"name": "today", "arguments": "{}"}).name      # 'today'

Known are `{"action": …, "action_input": …}`, `{"name": …, "arguments": …}` (OpenAI, Hermes, Qwen, Llama 3),
`{"tool": …, "args": …}`, the same in other case ("Action Input"), and these inside `function`, `function_call`,
`tool_calls` or a whole chat completion. Not covered: XML with one element for each argument, `{tool name: arguments}`,
and arguments beside the name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_INPUTS = ("action_input", "arguments", "parameters", "args", "tool_input", "input", "params", "kwargs",
           "action_args", "action_arguments", "action_parameters", "action_params", "api_args", "api_arguments",
           "api_input", "api_parameters", "tool_args", "tool_arguments", "tool_parameters", "tool_params",
           "function_args", "function_arguments", "function_parameters")  # fmt: skip
# `name` alone says little, so it needs arguments beside it, and no other members than a protocol has.
_NAMES = ("action", "tool", "tool_name", "function", "function_name", "api", "api_name", "name")
_BESIDE_NAME = frozenset({"name", "id", "type", "index", "thought", "description", *_INPUTS})
# Without arguments, any other member may be one of them.
_BESIDE_NO_INPUT = frozenset({"id", "type", "index", "description", "thought", "thoughts", "reasoning", "plan"})
_CANDIDATE = re.compile(
    r"<tool_call>|<tool_use>|<function_?call>|<\|python_tag\|>|\[TOOL_CALLS\]|<\|tool_call\|>|\bfunctools(?=\s{0,9}\[)"
    r"|```(?:json|tool_call|JSON)?\s*(?=[{\[])|^[ \t]*(?=\{|\[\s*\{)",
    re.MULTILINE,
)
_MOST_CANDIDATES = 4
# The tags, each with the one that closes it.
TAGS = {"<tool_call>": "</tool_call>", "<tool_use>": "</tool_use>", "<functioncall>": "</functioncall>",
        "<function_call>": "</function_call>", "<|python_tag|>": "", "[TOOL_CALLS]": "",
        "<|tool_call|>": "<|/tool_call|>", "functools": ""}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Envelope:
    """A name, and its arguments as they stand: an object, a text to be read, or None if there were none.

    `more` says that it was the first of several.
    """

    name: str
    arguments: Any
    thought: str
    more: bool = False


def candidates(text: str, end: int) -> list[tuple[int, str]]:
    """Where an envelope may begin (the first few places), and the tag of a protocol that says so, or nothing."""
    places = zip(_CANDIDATE.finditer(text, 0, end), range(_MOST_CANDIDATES), strict=False)
    return [(match.end(), match.group() if match.group() in TAGS else "") for match, _ in places]


def open_envelope(value: dict[str, Any]) -> Envelope | None:
    """The call that an object holds, or None if it is not an envelope."""
    value, more = _inmost(value)
    value = _plain_keys(value)
    thought = next((value[key] for key in ("thought", "thoughts") if isinstance(value.get(key), str)), "")
    key = next((key for key in _NAMES if isinstance(value.get(key), (str, dict))), None)
    if key is None:
        return None
    if isinstance(value[key], dict):
        return open_envelope(value[key]) if key == "action" else None
    given = [each for each in _INPUTS if each in value and each != key]
    if len(given) > 1 or (key in ("name", "api", "function") and not given):
        return None
    if not given and not _BESIDE_NO_INPUT.issuperset(each for each in value if each != key):
        return None
    if given and _is_schema(value[given[0]]):
        return None
    if key == "name" and not isinstance(value[given[0]], dict) and not _BESIDE_NAME.issuperset(value):
        return None
    return Envelope(value[key], value[given[0]] if given else None, thought, more)


def _inmost(value: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The object that holds the name, and whether others stood beside it."""
    choices = value.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        message = choices[0].get("message")
        value = message if isinstance(message, dict) else value
    more = False
    for _ in range(3):
        inner = value.get("tool_calls") or value.get("function_call") or value.get("tool_call") or value.get("function")
        if isinstance(inner, list) and inner:
            more = more or len(inner) > 1
            inner = inner[0]
        if not isinstance(inner, dict):
            break
        value = inner
    return value, more


def _is_schema(given: Any) -> bool:
    """Whether the arguments are the description of a tool's arguments, copied from a prompt."""
    return isinstance(given, dict) and given.get("type") == "object" and isinstance(given.get("properties"), dict)


def _plain_keys(value: dict[str, Any]) -> dict[str, Any]:
    """The members with their keys in lower case and joined by "_", if that leaves them different."""
    plain = {key.lower().replace(" ", "_"): each for key, each in value.items()}
    return plain if len(plain) == len(value) else value
