"""The paper's parsing rule, decision for decision (Wang et al. 2024, the released scoring code).

    from stesim.parsing.strict import parse_strict
    parse_strict('Action: today\\nAction Input: {}', ['today'])

It is kept with its faults, so that numbers can be compared with the paper's: valid JSON followed by an invented
observation is rejected, so are trailing commas and a nested object at the end of the arguments; a final answer beside
a call is dropped. Not here: the paper's scoring replaces an unknown name by the closest one; do that with `tools=None`
and the name that comes back.
"""

from __future__ import annotations

from collections.abc import Collection

from stesim.parsing.failures import failure
from stesim.parsing.values import decode, storable
from stesim.records import Action, FinalAnswer, ParseFailure, Reply

_ANSWER = "Final Answer:"
_ACTION = "Action:"
_INPUT = "Action Input:"


def _trim(text: str) -> str:
    """Trims blanks and the two-character sequences backslash-n at the end, as the paper does."""
    text = text.strip()
    end = len(text)
    while text.endswith("\\n", 0, end):
        end -= 2
    return text[:end].strip()


def _thought(text: str) -> str:
    return text.strip().removeprefix("Thought:").strip()


def _split(text: str, tools: Collection[str] | None) -> tuple[str, str, str] | ParseFailure:
    """Thought, name and argument text; each marker must occur exactly once."""
    inputs = text.count(_INPUT)
    if inputs == 0:
        kind = "empty" if not text else "missing_input" if _ACTION in text else "no_action"
        return failure(kind, tools, thought=_thought(text.partition(_ACTION)[0]))
    if inputs > 1:
        return failure("several_inputs", tools, thought=_thought(text.partition(_ACTION)[0]))
    head, _, arguments = text.partition(_INPUT)
    actions = head.count(_ACTION)
    if actions != 1:
        kind = "several_actions" if actions else "missing_action"
        return failure(kind, tools, thought=_thought(head.partition(_ACTION)[0]))
    thought, _, name = _trim(head).partition(_ACTION)
    return _thought(_trim(thought)), _trim(name), _trim(arguments)


def _braces(text: str) -> str | None:
    """From the first opening to the last closing brace, with exactly one at each end.

    The paper then rejects what begins or ends with two; after the stripping nothing does.
    """
    first, last = text.find("{"), text.rfind("}")
    if first == -1 or last == -1 or first >= last:
        return None
    return "{" + text[first : last + 1].strip("{}") + "}"


def _name(written: str, tools: Collection[str] | None) -> str | None:
    """The name without the token form of fine-tuned models; None if it is not allowed."""
    if tools is not None and written in tools:
        return written
    name = written.replace("<tool_", "").strip("<>")
    return name if tools is None or name in tools else None


def parse_strict(text: str, tools: Collection[str] | None = None) -> Reply:
    """Reads a reply by the paper's rule: an `Action`, a `FinalAnswer` or a `ParseFailure`; it never raises.

    `tools` are the allowed names, None allows any. What the rule calls an error is a failure with a name (see
    `vocabulary`); so are arguments that do not load as a JSON object (`not_json`) and values that could not be
    stored (`bad_value`). Nothing is repaired, so `repairs` is empty.
    """
    text = text.strip()
    if _ANSWER in text:
        before, answer = text.split(_ANSWER, 2)[:2]
        text = before.strip()
        if _INPUT not in text:
            return FinalAnswer(answer.strip(), _thought(text))
    parts = _split(text, tools)
    if isinstance(parts, ParseFailure):
        return parts
    thought, written, arguments = parts
    tool = _name(written, tools)
    if tool is None:
        return failure("unknown_tool", tools, written=written, thought=thought)
    body = _braces(arguments)
    if body is None:
        return failure("not_an_object", tools, tool=tool, thought=thought)
    found = decode(body, 0)
    if found is None or (found[1] != len(body) and body[found[1] :].strip()):
        return failure("not_json", tools, tool=tool, thought=thought)
    if not storable(found[0]):
        return failure("bad_value", tools, tool=tool, thought=thought)
    return Action(tool, found[0], thought)
