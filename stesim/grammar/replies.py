"""The grammars of replies: text in the dialect of Lark that llguidance reads, with JSON Schemas for the arguments.

    >>> verdict_grammar(Bounds.of(8)).splitlines()[1]
    'aspect: ("Yes. " | "No. ") EXPLANATION'

Everything is bounded (thought, answer, each string, list and number), so that a reply comes to its end. What a grammar
admits is read by the tolerant parser as it stands, and by the strict one, but for what that reads wrongly anyway:
nested objects, and markers in strings. Not covered: several calls in one reply; keys in another order than that of the
schema; a free object, whose schema names no keys, may have one twice.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stesim.errors import ToolError
from stesim.grammar.bounded import Schema, bounded_arguments
from stesim.records import Tool

YES_NO = 'start: "Yes" | "No"'

# A thought or an answer is one line without a marker, a tag or a brace: nothing that a parser could take for more.
_MARKERS = r"(?s:.*)(Action|Action Input|Observation|Final Answer)[:：](?s:.*)"
_LINE = r"[^\n\r\x00-\x1f\x7f<{}]"
_SPACED = r"[^\s\x00-\x1f\x7f<{}]"
# Nor may an explanation hold what could be the number of an aspect, or begin with one ("No. 5" may be a name).
_NUMBERS = r"\d(?s:.*)|(?s:.*)([1-3][^0-9A-Za-z ]|[①-③⑴-⑶１-３]|\[INST)(?s:.*)"

_OPTIONS = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}


@dataclass(frozen=True)
class Bounds:
    """The longest thought, answer and string that a grammar admits, in characters."""

    thought: int
    answer: int
    text: int

    @classmethod
    def of(cls, max_tokens: int) -> Bounds:
        """Bounds for replies of about so many tokens (an English token is about four characters)."""
        return cls(thought=2 * max_tokens, answer=4 * max_tokens, text=max_tokens)


def reply_grammar(tools: Sequence[Tool], bounds: Bounds, *, thinks: bool = True) -> str:
    """A ReAct reply: a thought, and then a call of one of the tools with valid arguments, or a final answer.

    With no tools, the answer alone; unless it `thinks`, no thought. The tools' names must differ.
    """
    names = [f"call_{number}" for number in range(len(tools))]
    reply = f"({'call | ' if tools else ''}answer)"
    thought = f'THOUGHT: "Thought: " THINKING\nTHINKING: /{_LINE}{{1,{bounds.thought}}}/ & ~/{_MARKERS}/'
    lines = [
        *([f'start: (THOUGHT "\\n")? {reply}', thought] if thinks else [f"start: {reply}"]),
        f'answer: "Final Answer: " ANSWER\nANSWER: /{_SPACED}{_LINE}{{0,{bounds.answer - 1}}}/ & ~/{_MARKERS}/',
    ]
    if tools:
        lines.append(f"call: {' | '.join(names)}")
    for name, tool in zip(names, tools, strict=True):
        lines.append(f"{name}: {_call(tool, bounds)}")
    return "\n".join(lines)


def _call(tool: Tool, bounds: Bounds) -> str:
    written = json.dumps(f"Action: {tool.name}\nAction Input: ", ensure_ascii=False)
    schema = {"x-guidance": _OPTIONS, **arguments_schema(tool, bounds)}
    return f"{written} %json {json.dumps(schema, ensure_ascii=False)}"


def call_grammar(tool: Tool, bounds: Bounds) -> str:
    """A call of the tool with valid arguments, and nothing else."""
    return f"start: {_call(tool, bounds)}"


def verdict_grammar(bounds: Bounds) -> str:
    """A judge's verdict: three lines, each a Yes or a No and an explanation (paper: section 3.2)."""
    return (
        'start: "1) " aspect "\\n2) " aspect "\\n3) " aspect\n'
        'aspect: ("Yes. " | "No. ") EXPLANATION\n'
        f"EXPLANATION: /{_SPACED}{_LINE}{{0,{bounds.thought - 1}}}/ & ~/{_NUMBERS}/"
    )


def arguments_schema(tool: Tool, bounds: Bounds) -> Schema:
    """The schema of a tool's arguments with every length bounded and without what no grammar can say.

    Raises `ToolError` if the tool's parameters are no JSON Schema, or one that cannot be bounded.
    """
    from jsonschema import FormatChecker
    from jsonschema import SchemaError as InvalidSchema
    from jsonschema.validators import Draft202012Validator, validator_for

    try:
        json.dumps(tool.parameters, ensure_ascii=False, allow_nan=False).encode()
        validator: Any = validator_for(tool.parameters, default=Draft202012Validator)
        validator.check_schema(dict(tool.parameters), format_checker=FormatChecker(()))
        return bounded_arguments(tool.parameters, bounds.text)
    except InvalidSchema as error:
        reason = f"{error.json_path.removeprefix('$').removeprefix('.') or 'all of it'}: {error.message}"
    except UnicodeEncodeError:
        reason = "half a character stands in it"
    except RecursionError:
        reason = "it is nested too deep"
    except ValueError as error:  # of `bounded`, or a number that is none
        reason = str(error)
    raise ToolError(f"the parameters of {tool.name} are not a JSON Schema to constrain with: {reason[:200]}")
