"""Calls in the tokens of a model's own protocol, which name the tool outside of the arguments.

    from stesim.parsing.calls import Source
    from stesim.parsing.protocols import read_tagged
    read_tagged(Source('<function=today>{"zone": "UTC"}</function>', ["today"]), 99).reply.tool     # 'today'

One table holds the forms. Not here: objects that hold the name (`envelope`), and XML with one element for each
argument (Qwen3-Coder, GLM, Claude), whose values have no types.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from stesim.parsing.arguments import read_arguments
from stesim.parsing.calls import Call, Source, broken, read_envelope
from stesim.parsing.envelope import TAGS, candidates
from stesim.parsing.failures import failure
from stesim.parsing.json_tolerant import Broken
from stesim.parsing.names import resolve
from stesim.records import Action, ParseFailure, Reply


@dataclass(frozen=True, slots=True)
class Protocol:
    """A form: a text that must be there, the pattern up to the object, and what may close the call."""

    sign: str
    pattern: re.Pattern[str]
    closing: str


def _protocol(sign: str, before: str, without: str, after: str, closing: str) -> Protocol:
    """The form with its name between `before` and `after`; `without` are the characters that a name never holds.

    A name neither begins nor ends with a blank: else every part of a run of them would be tried.
    """
    name = rf"(?P<name>[^\s{without}][^{without}\n]{{0,199}}?)(?<!\s)"
    return Protocol(sign, re.compile(rf"{before}{name}{after}(?=\{{)", re.MULTILINE), closing)


_FENCED = r"\s*(?:```(?:json)?\s*)?"
_HEADING = r"^#{1,6}[ \t]{0,4}"
_JSON = r"[ \t]{0,4}(?:<\|constrain\|>[ \t]{0,4})?(?:json|code)?[ \t]{0,4}<\|message\|>\s*"
PROTOCOLS = (
    # Llama 3.1, Mistral.
    _protocol("<function=", "<function=", "<>{", r">?(?<!\s)\s*", "</function>"),
    _protocol("[TOOL_CALLS]", r"\[TOOL_CALLS\]\s*", r"\[\]{}<>", r"(?:\[CALL_ID\]\w{1,64})?(?:\[ARGS\])?\s*", ""),
    # DeepSeek V3 and R1, V3.1.
    _protocol("<｜tool▁call▁begin｜>", r"<｜tool▁call▁begin｜>(?:function<｜tool▁sep｜>)?\s*", r"<>{｜`",
              rf"(?:<｜tool▁sep｜>|[ \t]*\n){_FENCED}", "<｜tool▁call▁end｜>"),
    # Kimi.
    _protocol("<|tool_call_begin|>", r"<\|tool_call_begin\|>\s*(?:functions\.)?", "<>{|:",
              r"(?::[0-9]{1,4})?\s*<\|tool_call_argument_begin\|>\s*", "<|tool_call_end|>"),
    # gpt-oss; the recipient stands on either side of the channel.
    _protocol("<|message|>", r"<\|channel\|>(?:commentary|analysis)[ \t]+to=(?:functions\.)?", r"\s<>{|",
              _JSON, "<|call|>"),
    _protocol("<|message|>", r"\bto=functions\.", r"\s<>{|",
              rf"[ \t]{{0,4}}<\|channel\|>(?:commentary|analysis){_JSON}", "<|call|>"),
    # Qwen-Agent.
    _protocol("✿FUNCTION✿", r"✿FUNCTION✿\s*[:：]\s*", "✿{", r"[ \t]*\n\s*✿ARGS✿\s*[:：]\s*", ""),
    # ReAct in tags, and below headings.
    _protocol("<action>", r"<action>\s*", "<>{", rf"\s*</action>\s*<action_input>{_FENCED}", "</action_input>"),
    _protocol("Action Input", rf"{_HEADING}Action[ \t]{{0,4}}\n\s*", "#{",
              rf"[ \t]*\n\s*{_HEADING}Action Input[ \t]{{0,4}}\n{_FENCED}", ""),
)  # fmt: skip
_AFTER = re.compile(r"[\s`]*")
_JOINED = re.compile(r"(?:[\s,;`\]]|\\n|\b(?:and|or|json)\b|</?[a-z_]{1,20}>|<\|/?[a-z_]{1,40}\|>)*(?=[{\[])")
_MOST_MORE = 8


def read_tagged(source: Source, limit: int, start: int = 0) -> Call | None:
    """The first call in one of the forms between `start` and `limit`."""
    matches = [
        (match, form.closing)
        for form in PROTOCOLS
        if form.sign in source.text and (match := form.pattern.search(source.text, start, limit))
    ]
    if not matches:
        return None
    tag, closing = min(matches, key=lambda each: each[0].start())
    written = tag["name"]
    thought = source.thought(tag.start())
    name = resolve(written, source.tools)
    if name.kind != "tool" or written[name.rest :].strip():
        kind = "unknown_tool" if name.kind in ("tool", "answer") else name.kind
        reply: Reply = failure(kind, source.tools, written=written, thought=thought, repairs=("envelope",))
        return Call(reply, tag.start(), tag.end(), had_input=True)
    end = source.bound(tag.end())
    found = source.arguments(tag.end(), end)
    over = source.text.find(closing, tag.end(), end) if closing and isinstance(found, Broken) else -1
    if over >= 0:
        found = read_arguments(source.text, tag.end(), over, cut=False)
    repairs = ("envelope", *name.repairs, *found.repairs)
    if isinstance(found, Broken):
        reply = broken(found, source.tools, tool=name.tool, thought=thought, repairs=repairs)
        return Call(reply, tag.start(), tag.end(), had_input=True)
    after = _AFTER.match(source.text, found.end)
    stop = after.end() if after else found.end
    stop = stop + len(closing) if closing and source.text.startswith(closing, stop) else found.end
    return Call(Action(name.tool, found.value, thought, repairs), tag.start(), stop, had_input=True)


def read_first(source: Source, limit: int, answered: int) -> Call | None:
    """The first call in any other protocol before `limit`; from `answered` on only one in a tag."""
    tagged = read_tagged(source, limit)
    failed = None
    for at, tag in candidates(source.text, min(limit, tagged.start) if tagged else limit):
        if at > answered and not tag:
            continue
        call = read_envelope(source, at, at, TAGS.get(tag, ""))
        if call and not isinstance(call.reply, ParseFailure):
            return call
        failed = failed or call
    return tagged if tagged and isinstance(tagged.reply, Action) else failed or tagged


def skip_more(source: Source, at: int, end: int) -> int:
    """Where the further calls end that follow an envelope at once; `at` itself if there are none."""
    for _ in range(_MOST_MORE):
        joined = _JOINED.match(source.text, at, end)
        more = read_envelope(source, joined.end(), joined.end()) if joined else None
        more = more or read_tagged(source, end, at)
        if more is None:
            break
        at = max(more.end, at + 1)
        if isinstance(more.reply, ParseFailure):
            break
    return min(at, end)
