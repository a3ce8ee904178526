"""What a model is told when its reply could not be read: short, friendly, and with the words to write.

    from stesim.parsing.failures import failure
    print(failure("unknown_tool", ["get_weather"], written="weather").observation)

The readers are small models, so a text says one thing that was wrong and one thing to write. The kinds are
explained in `vocabulary`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from stesim.records import ParseFailure

MOST_NAMES = 8
_LONGEST_NAME = 80
# Without a list of names, a model's own words may stand for a tool.
_LONGEST_TOOL = 200

_ANSWER_HINT = 'If you know the answer, write "Final Answer:" and then the answer.'
_INPUT_HINT = 'then on a new line "Action Input:" and the arguments as one JSON object, or {} for none.'


def _names_hint(tools: Collection[str] | None, written: str = "") -> str:
    """The allowed names; of many, those first that share a word with what was written."""
    if not tools:
        return ""
    words = set(re.findall(r"[^\W_]+", written[:_LONGEST_NAME].lower()))
    near = sorted(tools, key=lambda name: -len(words.intersection(re.findall(r"[^\W_]+", name.lower()))))
    more = ", and more" if len(near) > MOST_NAMES else ""
    return f" The tools are: {', '.join(near[:MOST_NAMES])}{more}."


def _action_line(tool: str, tools: Collection[str] | None) -> str:
    """The line that names the tool, spelled out as far as it is known."""
    if not tool and tools is not None and len(tools) == 1:
        tool = next(iter(tools))
    named = tool and len(tool) <= _LONGEST_TOOL and "\n" not in tool
    return f'"Action: {tool}"' if named else '"Action:" and one tool name'


def _call_hint(tool: str, tools: Collection[str] | None) -> str:
    names = "" if tool else _names_hint(tools)
    return f"Write {_action_line(tool, tools)}, {_INPUT_HINT}{names}"


def _input_again(problem: str) -> Callable[[str, Collection[str] | None, str], str]:
    def text(tool: str, tools: Collection[str] | None, written: str) -> str:
        return f"{problem} {_call_hint(tool, tools)}"

    return text


def _unknown(tool: str, tools: Collection[str] | None, written: str) -> str:
    name = " ".join(written.split())
    name = f'"{name[:_LONGEST_NAME]}"' if name else "That"
    line = _action_line("", tools)
    return f"{name} is not one of the tools. Write {line} exactly as given.{_names_hint(tools, written)}"


_TEXTS: dict[str, Callable[[str, Collection[str] | None, str], str]] = {
    "empty": lambda tool, tools, _: f"Your reply was empty. {_call_hint(tool, tools)}",
    "no_action": lambda tool, tools, _: f"I found no action in your reply. {_call_hint(tool, tools)} {_ANSWER_HINT}",
    "missing_action": lambda tool, tools, _: f"You did not name a tool. {_call_hint(tool, tools)}",
    "missing_input": lambda tool, tools, _: f'There was no "Action Input:". {_call_hint(tool, tools)}',
    "several_actions": lambda tool, tools, _: f'Write only one "Action:" in a reply. {_call_hint(tool, tools)}',
    "several_inputs": lambda tool, tools, _: f'Write only one "Action Input:" in a reply. {_call_hint(tool, tools)}',
    "several_tools": lambda tool, tools, _: f"Use only one tool at a time. {_call_hint('', tools)}",
    "unknown_tool": _unknown,
    "action_none": lambda tool, tools, _: f"You chose no tool. {_ANSWER_HINT} Otherwise: {_call_hint(tool, tools)}",
    "template_echo": _input_again("You copied the example; use a real tool name and real values."),
    "truncated": _input_again("Your reply was cut off; keep it short."),
    "repetition": lambda tool, tools, _: f"You repeat yourself; keep it short. {_call_hint(tool, tools)}",
    "not_an_object": _input_again('The arguments must be a JSON object like {"name": "value"}.'),
    "not_json": _input_again(
        'The arguments are not valid JSON; put names and text in double quotes: {"name": "value"}.'
    ),
    "too_long": _input_again("The arguments are too long; keep them short."),
    "bad_value": _input_again("Use plain text and ordinary numbers as values."),
    "empty_answer": lambda tool, tools, _: f"Your final answer was empty. {_ANSWER_HINT}",
}

# Within a kind, what was wrong more exactly; without one of these, its text above is all that can be said.
FAULTS: dict[str, str] = {
    "backslash": 'Write each backslash twice, like "C:\\\\new".',
    "quotes": 'The quotes do not match; write quotes inside text as \\".',
    "number": "Write numbers plainly, like 10 or 0.5, and all other values in double quotes.",
    "large": "A number is too large; use a smaller one.",
    "dots": 'Write out all values instead of "...".',
    "braces": 'The braces are missing; put { and } around the arguments: {"name": "value"}.',
    "tags": 'Write the arguments as JSON, not as tags: {"name": "value"}.',
    "objects": 'Write only one JSON object: {"name": "value"}.',
}


def failure(
    kind: str,
    tools: Collection[str] | None,
    *,
    tool: str = "",
    written: str = "",
    thought: str = "",
    repairs: tuple[str, ...] = (),
    fault: str = "",
) -> ParseFailure:
    """The failure `kind`, with the text that tells the model what to write instead.

    `tool` is the tool it determinately named, `written` what it wrote in place of a name, `fault` one of `FAULTS`.
    """
    text = _input_again(FAULTS[fault]) if fault in FAULTS else _TEXTS[kind]
    return ParseFailure(kind, text(tool, tools, written), thought, repairs)
