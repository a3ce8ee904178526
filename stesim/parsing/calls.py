"""One attempt at a call: the name after an `Action:`, and its arguments, or a whole envelope.

    from stesim.parsing.calls import Source, read_call
    source = Source("Action: today\\nAction Input: {}", ["today"])
    read_call(source, source.marks[0]).reply        # Action(tool='today', arguments={}, ...)

Not here: which of several attempts counts, and whether a final answer counts instead (`tolerant`).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection
from dataclasses import dataclass

from stesim.parsing.arguments import read_arguments
from stesim.parsing.envelope import Envelope, open_envelope
from stesim.parsing.failures import failure
from stesim.parsing.json_tolerant import Broken, Found, read_members, read_object
from stesim.parsing.markers import Mark, find_marks, thought_of
from stesim.parsing.names import Name, exact, resolve
from stesim.parsing.values import storable, too_large
from stesim.records import Action, FinalAnswer, ParseFailure, Reply

_SPACE = re.compile(r"\s*")
_BLANK = re.compile(r"(?:\s|\\n|[*_]{1,3}(?=\s))*")
_FENCE = re.compile(r"\s*`{1,3}(?:json|JSON)?\s*(?=[{\[])")
_IN_CODE = re.compile(r"[ \t]*(?=[(\[])")
_KEYWORD = re.compile(r"\s*[A-Za-z_]\w*\s*=(?!=)")
# Not {tool}: that is a name in braces.
_OBJECT = re.compile(r"""(?:\[\s*)?\{\s*(?:["'“\\}{]|\w+\s*:|\Z)""")
_LABEL = re.compile(
    r"\s*(?:\n[ \t>*_#-]{0,12}(?:\w[\w ]{0,30}[*_]{0,3}:|(?i:action input)(?=[*_\s]))[*_]{0,3}\s*|[:=,-]\s*)?"
    r"(?:(?:`{1,3}(?:json|JSON)?|json|JSON)\s*)?(?=[{\[])"
)
_LIST = re.compile(r"\s*\[\s*(?=\{)")
_NEXT = re.compile(r"\s*,\s*\{")
_NAMED = re.compile(r"""["'](?:name|action|tool|function)["']""", re.IGNORECASE)
_INLINE_BOUNDS = ("input", "observation", "answer")


class Source:
    """A reply, where its markers stand, and the allowed names. `complete` says that it was not cut off at its end."""

    def __init__(self, text: str, tools: Collection[str] | None, *, complete: bool = False) -> None:
        self.text = text
        self.tools = tools
        self.complete = complete
        self.marks = find_marks(text)
        self._starts = [mark.start for mark in self.marks]
        self._anchored = [mark for mark in self.marks if mark.anchored]
        self._anchored_starts = [mark.start for mark in self._anchored]

    def anchored_after(self, at: int) -> Mark | None:
        """The next marker that begins a line."""
        place = bisect_left(self._anchored_starts, at)
        return self._anchored[place] if place < len(self._anchored) else None

    def mark_at(self, start: int) -> Mark | None:
        """The marker that begins exactly there."""
        place = bisect_left(self._starts, start)
        return self.marks[place] if self._starts[place : place + 1] == [start] else None

    def after(self, at: int) -> Mark | None:
        """The next marker of any form, but for an action within a line."""
        later = (self.marks[place] for place in range(bisect_left(self._starts, at), len(self.marks)))
        return next((mark for mark in later if mark.anchored or mark.kind in _INLINE_BOUNDS), None)

    def bound(self, at: int) -> int:
        """Where the arguments that begin at `at` must have ended: at the next line that begins with a marker."""
        mark = self.anchored_after(at)
        return mark.start if mark else len(self.text)

    def arguments(self, at: int, end: int, *, several: bool = False) -> Found | Broken:
        cut = end == len(self.text) and not self.complete
        return read_arguments(self.text, at, end, cut=cut, several=several)

    def thought(self, end: int) -> str:
        """The thought before `end`, without the observations that the model made up."""
        parts, at = [], 0
        for place, mark in enumerate(self._anchored):
            if mark.start >= end:
                break
            if mark.kind == "observation" and mark.start >= at:
                parts.append(self.text[at : mark.start])
                at = min(self._anchored[place + 1].start, end) if place + 1 < len(self._anchored) else end
        return thought_of("".join(parts) + self.text[at:end])

    def observed(self, end: int) -> bool:
        """Whether an invented observation begins a line before `end`."""
        return any(mark.kind == "observation" and mark.start < end for mark in self._anchored)


@dataclass(frozen=True, slots=True)
class Call:
    """What an attempt came to. `had_input` says that there was an `Action Input:` or an envelope."""

    reply: Reply
    start: int
    end: int
    had_input: bool


def broken(
    found: Broken,
    tools: Collection[str] | None,
    *,
    tool: str = "",
    thought: str = "",
    repairs: tuple[str, ...] = (),
) -> ParseFailure:
    """The failure of arguments that could not be read."""
    return failure(found.kind, tools, tool=tool, thought=thought, repairs=repairs, fault=found.fault)


def read_call(source: Source, mark: Mark) -> Call:
    """The call that begins at an `Action:` marker."""
    text, tools = source.text, source.tools
    blank, decor = _SPACE.match(text, mark.end), _BLANK.match(text, mark.end)
    at = decor.end() if decor else mark.end
    known = exact(text, blank.end() if blank else at, tools) or exact(text, at, tools)
    if known:
        name = Name("tool", known[0], known[1])
    else:
        fence = _FENCE.match(text, mark.end)
        if _OBJECT.match(text, fence.end() if fence else at):
            return read_envelope(source, fence.end() if fence else at, mark.start) or _missing(
                source, mark, "", nameless=True
            )
        following = source.after(mark.end)
        relative = resolve(text[mark.end : following.start if following else len(text)], tools)
        name = Name(relative.kind, relative.tool, mark.end + relative.rest, relative.repairs)
    spelling = () if mark.plain else ("marker_spelling",)
    following = source.after(name.rest)
    while following and following.kind == "thought":
        following = source.after(following.end)
    given = following if following and following.kind == "input" else None
    if name.kind == "answer":
        return _answer(source, mark, name, given)
    near = beside(source, name) if name.kind == "tool" and not (given and given.anchored) else None
    if given and not isinstance(near, Found):
        return _with_input(source, mark, name, given, spelling)
    if near is None or name.kind != "tool":
        return _missing(source, mark, name.tool, name)
    return _finish(source, mark, name, near, (*spelling, *name.repairs))


def _missing(source: Source, mark: Mark, tool: str, name: Name | None = None, *, nameless: bool = False) -> Call:
    """The failure of an action without input, or of its name; or of arguments without a name."""
    kind = name.kind if name and name.kind != "tool" else "missing_action" if nameless else "missing_input"
    written = _line(source.text, mark.end)
    reply = failure(kind, source.tools, tool=tool, written=written, thought=source.thought(mark.start))
    return Call(reply, mark.start, name.rest if name else mark.end, had_input=False)


def _line(text: str, at: int) -> str:
    return text[at : at + 300].strip().partition("\n")[0]


def _with_input(source: Source, mark: Mark, name: Name, given: Mark, spelling: tuple[str, ...]) -> Call:
    """A call with `Action Input:`."""
    text = source.text
    thought = source.thought(mark.start)
    end = source.bound(given.end)
    if name.kind != "tool":
        written = _line(text, mark.end).partition("Action Input:")[0]
        kind = name.kind
        if kind == "unknown_tool" and not written.strip():
            kind = "missing_action"
        reply = failure(kind, source.tools, written=written, thought=thought)
        return Call(reply, mark.start, end, had_input=True)
    tail = ("name_tail",) if text[name.rest : given.start].replace("\\n", "").strip(" \t\r\n*_`.,:;") else ()
    marked = spelling if spelling or given.plain else ("marker_spelling",)
    found = source.arguments(given.end, end)
    if isinstance(found, Broken) and found.kind == "not_an_object":
        found = _again(source, name, given.end, end) or found
    return _finish(source, mark, name, found, (*marked, *name.repairs, *tail), had_input=True)


def _again(source: Source, name: Name, at: int, end: int) -> Found | None:
    """The arguments of `Action Input: search(q="x")`, where the input repeats the call (or only its brackets)."""
    blank = _SPACE.match(source.text, at, end)
    at = blank.end() if blank else at
    at += len(name.tool) if source.text.startswith(name.tool, at) else 0
    if not source.text.startswith("(", at):
        return None
    found = _in_code(source, at, end)
    return Found(found.value, found.end, ("call_syntax", *found.repairs)) if isinstance(found, Found) else None


def _finish(
    source: Source, mark: Mark, name: Name, found: Found | Broken, repairs: tuple[str, ...], had_input: bool = False
) -> Call:
    thought = source.thought(mark.start)
    repairs = (*repairs, *found.repairs)
    if isinstance(found, Broken):
        reply = broken(found, source.tools, tool=name.tool, thought=thought, repairs=repairs)
        return Call(reply, mark.start, name.rest, had_input)
    return Call(Action(name.tool, found.value, thought, repairs), mark.start, found.end, had_input)


def beside(source: Source, name: Name) -> Found | Broken | None:
    """Arguments right after the name, without `Action Input:`; None if nothing looks like them."""
    text = source.text
    end = source.bound(name.rest)
    code = _IN_CODE.match(text, name.rest, end)
    if code:
        found = _in_code(source, code.end(), end)
        return Found(found.value, found.end, ("call_syntax", *found.repairs)) if isinstance(found, Found) else found
    label = _LABEL.match(text, name.rest, end)
    if not label:
        return None
    found = source.arguments(label.end(), end)
    if isinstance(found, Broken):
        return found
    return Found(found.value, found.end, ("missing_input_marker", *found.repairs))


def _in_code(source: Source, at: int, end: int) -> Found | Broken:
    """`(...)` or `[...]` after the name: nothing, one object, or arguments by keyword."""
    text = source.text
    closer = ")" if text[at] == "(" else "]"
    cut = end == len(text) and not source.complete
    inside = text[at + 1 : end].lstrip()
    begin = end - len(inside)
    if inside.startswith(closer):
        return Found({}, begin + 1)
    if inside.startswith("{"):
        return source.arguments(begin, end)
    if closer == ")" and _KEYWORD.match(inside):
        found = read_members(text, begin, end, ")", cut=cut)
        if isinstance(found, Found) and not storable(found.value):
            return Broken("bad_value", found.repairs, "large" if too_large(found.value) else "")
        return found
    return Broken("truncated" if cut and closer not in inside else "not_an_object")


def _answer(source: Source, mark: Mark, name: Name, given: Mark | None) -> Call:
    """`Action: Final Answer`, `Finish[...]`: the answer stands where the arguments would."""
    start = given.end if given else name.rest
    end = source.bound(start)
    written = source.text[start:end].strip().lstrip(":").strip()
    if not given and written[:1] + written[-1:] in ("[]", "()"):
        written = written[1:-1].strip()
    if written in ("", "{}", "None", "null", "N/A"):
        reply: Reply = failure("empty_answer", source.tools)
    else:
        reply = FinalAnswer(written, source.thought(mark.start), ("answer_as_action",))
    return Call(reply, mark.start, end, had_input=False)


def read_envelope(source: Source, at: int, start: int, tag: str = "") -> Call | None:
    """The call in the JSON object at `at`; None if there is none. `start` is where the reply's thought ends."""
    end = source.bound(at)
    found = source.arguments(at, end, several=True)
    closing = source.text.find(tag, at, end) if tag and isinstance(found, Broken) else -1
    if closing >= 0:
        found = read_arguments(source.text, at, closing, cut=False)
    if isinstance(found, Broken) and found.kind == "not_an_object":
        found = _first_of_list(source, at, end) or found
    thought = source.thought(start)
    if isinstance(found, Broken):
        if not _NAMED.search(source.text, at, at + 200):
            return None
        reply = broken(found, source.tools, thought=thought, repairs=("envelope", *found.repairs))
        return Call(reply, start, at, had_input=True)
    opened = open_envelope(found.value)
    if opened is None:
        return None
    more = ("dropped_call",) if opened.more else ()
    reply_ = _opened(source, opened, thought or opened.thought, ("envelope", *found.repairs, *more))
    return Call(reply_, start, found.end, had_input=True)


def _first_of_list(source: Source, at: int, end: int) -> Found | None:
    """The first of several envelopes in a list."""
    opened = _LIST.match(source.text, at, end)
    found = read_object(source.text, opened.end(), end) if opened else None
    if not isinstance(found, Found) or not storable(found.value) or not _NEXT.match(source.text, found.end, end):
        return None
    return Found(found.value, found.end, ("list_unwrapped", *found.repairs, "dropped_call"))


def _answer_in(given: object) -> str:
    """The final answer that an envelope holds: a text, a whole number, or an object with one member `answer`."""
    if isinstance(given, dict) and len(given) == 1:
        given = given.get("answer", given.get("final_answer"))
    if isinstance(given, int) and not isinstance(given, bool):
        return str(given)
    return given.strip() if isinstance(given, str) else ""


def _opened(source: Source, opened: Envelope, thought: str, repairs: tuple[str, ...]) -> Reply:
    name = resolve(opened.name, source.tools)
    given = opened.arguments
    if name.kind == "answer":
        written = _answer_in(given)
        if not written:
            return failure("empty_answer", source.tools, thought=thought, repairs=repairs)
        return FinalAnswer(written, thought, repairs)
    if name.kind != "tool" or opened.name[name.rest :].strip():
        kind = "unknown_tool" if name.kind == "tool" else name.kind
        return failure(kind, source.tools, written=opened.name, thought=thought, repairs=repairs)
    repairs = (*repairs, *name.repairs)
    if given is None or given == []:
        return Action(name.tool, {}, thought, (*repairs, "no_arguments"))
    if isinstance(given, str):
        found = read_arguments(given, 0, len(given), cut=False)
        if isinstance(found, Broken):
            return broken(found, source.tools, tool=name.tool, thought=thought, repairs=repairs)
        return Action(name.tool, found.value, thought, (*repairs, *found.repairs))
    if not isinstance(given, dict):
        return failure("not_an_object", source.tools, tool=name.tool, thought=thought, repairs=repairs)
    return Action(name.tool, given, thought, repairs)
