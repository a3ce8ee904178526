"""Where the ReAct markers stand in a reply, and what surrounds the reply proper: thinking, cut stop words.

    from stesim.parsing.markers import find_marks
    [mark.kind for mark in find_marks("**Action 1:** today\\nAction Input: {}")]    # ['action', 'input']

A marker at the start of a line may be decorated, numbered and in any case; within a line only the exact spelling
counts. Not here: which marker matters; some stand inside strings, and the reader (`tolerant`) skips those.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice

_DECOR = r"[ \t>*_#`-]{0,12}"
_MARK = re.compile(
    rf"^(?P<lead>{_DECOR})(?P<word>(?i:action[ _-]?inputs?|actions?|observations?|final[ _-]?answer|thoughts?"
    r"|user query|question|user|human))(?:[ ]?\#?[0-9]{1,3})?[*_`]{0,3}[ \t]{0,8}(?P<colon>[:：])"
    r"|(?P<inline>Action Input|Action|Observation|Final Answer)[:：]",
    re.MULTILINE,
)
END_OF_TURN = re.compile(r"</s>|<\|(?:im_end|eot_id|endoftext|end)\|>|<end_of_turn>|<\|im_start\|>")
_MOST_MARKS = 1000
_KINDS = {"action": "action", "actions": "action", "observation": "observation", "observations": "observation",
          "thought": "thought", "thoughts": "thought", "finalanswer": "answer"}  # fmt: skip
_TURNS = frozenset({"userquery", "question", "user", "human"})
_STARS = re.compile(r"[*_]{1,3}(?=\s)")
# What thinking is put in; the name of a judge's or a reflection's own answer is not among the first.
THINKING = "think|thinking"
ANY_THINKING = "think|thinking|reasoning|reflection|thought"
_OPEN_THINK = {
    names: re.compile(rf"\s*(?:Thought:\s*)?<(?P<name>{names})>", re.IGNORECASE) for names in (THINKING, ANY_THINKING)
}
_CLOSE_THINK = {names: re.compile(rf"</(?:{names})>", re.IGNORECASE) for names in (THINKING, ANY_THINKING)}
_MOST_BLOCKS = 8
_LEADING_THOUGHT = re.compile(
    rf"(?:(?:assistant|ai|bot) ?: ?)?{_DECOR}(?:[0-9]{{1,2}}[.)] ?)?"
    r"thoughts?(?: ?[0-9]{1,3})?[*_`]{0,3} ?[:：][*_]{0,3}|#{1,6} ?thoughts?[ \t]{0,4}\n",
    re.IGNORECASE,
)
# What stood before the call or the thought and belongs to neither: tags, a fence, a number of a list.
_LEFT_OVER = (
    r"\[/?INST\]|\[TOOL_CALLS\]|</?s>|<\|[a-z_]{1,40}\|>(?:assistant|commentary|analysis|final)?|<｜[^<>｜\n]{1,40}｜>"
    r"|</?(?:tool_calls?|tool_use|function_?calls?|tools)>"
)
_BEFORE_THOUGHT = re.compile(rf"\s*(?:{_LEFT_OVER}|assistant ?:(?=\s)|\ufeff)", re.IGNORECASE)
_AFTER_THOUGHT = re.compile(
    rf"(?:{_LEFT_OVER}|`{{3}}\w{{0,20}}|functools|(?:^|\n)[ \t]*[0-9]{{1,2}}[.)]|(?:^|\n)[ \t]*assistant ?:)\s*\Z",
    re.IGNORECASE,
)
_MOST_LEFT_OVER = 4
# Long enough for a sentence that comes back, and for a few characters that do.
_LOOK_BACK = (600, 160)


@dataclass(frozen=True, slots=True)
class Mark:
    """A marker from `start` to `end`; `anchored` if it begins its line, `plain` if spelled as in the paper."""

    kind: str
    start: int
    end: int
    anchored: bool
    plain: bool


def _mark(match: re.Match[str]) -> Mark:
    word = match["word"] or match["inline"]
    key = re.sub(r"[ _-]", "", word.lower())
    kind = "turn" if key in _TURNS else _KINDS.get(key, "input")
    plain = match.group().lstrip(" \t") in ("Action:", "Action Input:", "Observation:", "Final Answer:", "Thought:")
    end = match.end()
    if match["word"] and not plain and (stars := _STARS.match(match.string, end)):
        end = stars.end()
    return Mark(kind, match.start(), end, match["word"] is not None, plain)


def find_marks(text: str) -> list[Mark]:
    """The markers in order, those within strings too; of a text that repeats them without end, the first many."""
    return [_mark(match) for match in islice(_MARK.finditer(text), _MOST_MARKS)]


@dataclass(frozen=True, slots=True)
class Thinking:
    """What was thought, the reply after it, whether a tag was left out, and whether a block was never closed."""

    text: str
    rest: str
    dropped: bool
    unclosed: bool


def split_thinking(text: str, names: str = THINKING) -> Thinking:
    """The blocks of thinking that the text begins with, and the rest of it; `names` are those of the tags.

    A closing tag without an opening one (the prompt opened it) counts on a line of its own, or before the first
    action or answer.
    """
    thoughts: list[str] = []
    for _ in range(_MOST_BLOCKS):
        opened = _OPEN_THINK[names].match(text)
        if not opened and thoughts:
            break
        start = opened.end() if opened else 0
        closed = _closing(text, start, names, opened)
        if not closed:
            thought = "\n".join(filter(None, thoughts))
            return Thinking(thought, text[start:], bool(thoughts or opened), opened is not None)
        thoughts.append(text[start : closed.start()].strip())
        text = text[closed.end() :]
    return Thinking("\n".join(filter(None, thoughts)), text, True, False)


def _closing(text: str, start: int, names: str, opened: re.Match[str] | None) -> re.Match[str] | None:
    """The tag that ends the thinking."""
    if opened:
        return re.compile(f"</{opened['name']}>", re.IGNORECASE).search(text, start)
    closed = _CLOSE_THINK[names].search(text, start)
    if closed and text[text.rfind("\n", 0, closed.start()) + 1 : closed.start()].strip():
        marks = (mark for mark in find_marks(text) if mark.anchored and mark.kind in ("action", "input", "answer"))
        first = next(marks, None)
        if first is not None and first.start < closed.start():
            return None
    return closed


def cut_stop_word(text: str) -> tuple[str, bool]:
    """The text without a last line that is only the beginning of "Observation"."""
    trimmed = text.rstrip()
    line = trimmed.rfind("\n") + 1
    last = trimmed[line:][:40].strip(" \t*_#>`-:：")
    if len(last) >= 2 and "Observation".startswith(last):
        return trimmed[:line], True
    return text, False


def ends_in_marker(text: str) -> bool:
    """Whether the last line is the beginning of another marker, so that the reply was cut off."""
    trimmed = text.rstrip()
    last = trimmed[trimmed.rfind("\n") + 1 :][:40].strip(" \t*_#>`-").lower()
    return len(last) >= 3 and any(word.startswith(last) for word in ("action input", "final answer", "thought"))


def repeats(text: str) -> bool:
    """Whether the end of the text is one short piece over and over (four times at least)."""
    text = text.rstrip()
    tails = [text[-length:] for length in _LOOK_BACK if len(text) >= length]
    return any(tail[period:] == tail[:-period] for tail in tails for period in range(1, len(tail) // 4 + 1))


def thought_of(text: str) -> str:
    """The thought in the text before a marker, without its own marker, and without tags at its ends."""
    text = text.strip()
    for _ in range(_MOST_LEFT_OVER):
        tail = text[-80:]
        after = _AFTER_THOUGHT.search(tail)
        before = _BEFORE_THOUGHT.match(text)
        if not after and not before:
            break
        text = text[: len(text) - len(tail) + after.start()] if after else text
        text = text[before.end() :].strip() if before else text.strip()
    leading = _LEADING_THOUGHT.match(text)
    return text[leading.end() :].strip() if leading else text
