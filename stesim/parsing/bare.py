"""Calls without an `Action:`: a known tool's name that stands alone with its arguments.

    from stesim.parsing.bare import read_alone
    from stesim.parsing.calls import Source
    read_alone(Source('search(q="x")', ["search"])).reply       # Action(tool='search', arguments={'q': 'x'}, ...)

A bare call counts only if the reply holds nothing else but a thought that is marked as one, for prose may show a call
that is not meant. Not here: objects that hold the name (`envelope`), and the tokens of a protocol (`protocols`).
"""

from __future__ import annotations

import re

from stesim.parsing.calls import Call, Source, beside
from stesim.parsing.json_tolerant import Broken
from stesim.parsing.names import Name
from stesim.records import Action

_BEFORE = re.compile(r"(?:\s|`{1,3}(?:python|json|tool_code|tool_call)?|<\|python_tag\|>|[*\[])*")
_LABEL = re.compile(r"(?:tool|function|api)(?: name| call)?[*_]{0,2}[ \t]?[:：][*_]{0,2}[ \t]{0,4}`?", re.IGNORECASE)
_GOES_ON = re.compile(r"[`*]{0,3}\s*(?:[({\[:]|`{3}|\w[\w ]{0,30}[*_]{0,3}:)")
_AFTER = re.compile(r"(?:[\s)\]`*;.]|</?s>)*\Z")
_MOST_LINES = 200
# Each may read up to the end of the reply.
_MOST_ATTEMPTS = 4


def read_alone(source: Source) -> Call | None:
    """The call of a known tool that is all there is in the reply, but for a thought: `search(q="x")`."""
    text = source.text
    marks = [mark for mark in source.marks if mark.anchored]
    if not source.tools or any(mark.kind not in ("thought", "observation") for mark in marks):
        return None
    thinks = bool(marks) and marks[0].kind == "thought" and not text[: marks[0].start].strip()
    line = attempts = 0
    for _ in range(_MOST_LINES if thinks else 1):
        before = _BEFORE.match(text, line)
        at = before.end() if before else line
        if begun := _begun(source, at):
            if call := _at(source, line, *begun):
                return call
            attempts += 1
            if attempts == _MOST_ATTEMPTS:
                break
        line = text.find("\n", at) + 1
        if not line:
            break
    return None


def _begun(source: Source, at: int) -> tuple[str, int] | None:
    """The known name that stands at `at` with what may be its arguments, and where these begin."""
    text = source.text
    label = _LABEL.match(text, at)
    at = label.end() if label else at
    named = [tool for tool in source.tools or () if tool and text.startswith(tool, at)]
    name = max(named, key=len, default="")
    rest = at + len(name)
    if not name or not _GOES_ON.match(text, rest):
        return None
    while text.startswith(("`", "*"), rest) and not text.startswith("```", rest):
        rest += 1
    return name, rest


def _at(source: Source, line: int, name: str, rest: int) -> Call | None:
    """The call of `name` that ends the reply, or is followed by an invented observation."""
    text = source.text
    found = beside(source, Name("tool", name, rest))
    if found is None or isinstance(found, Broken):
        return None
    if not _AFTER.match(text[found.end : source.bound(found.end)]):
        return None
    call_syntax = "call_syntax" in found.repairs
    over = source.bound(found.end) if call_syntax else found.end
    repairs = ("missing_action_marker", *found.repairs)
    return Call(Action(name, found.value, source.thought(line), repairs), line, over, had_input=True)
