"""The tolerant parser: the one call that the model determinately made, or else its answer, or else why not.

    from stesim.parsing.tolerant import parse_tolerant
    parse_tolerant("Action: **today**\\nAction Input: {}\\nObservation: 5 May", ["today"])

The order: thinking and a cut stop word are taken off; an envelope before any `Action:` is tried; then every `Action:`
in turn until one decides, at last a call that stands all alone; a call wins over an answer beside it. Nothing is read
after an observation or a turn that the model invented; in thinking that was never closed, only a call that ends it.
Not here: the parts of a call (`calls`), and the paper's own rule (`strict`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace

from stesim.parsing.bare import read_alone
from stesim.parsing.calls import Call, Source, broken, read_call, read_envelope
from stesim.parsing.failures import failure
from stesim.parsing.json_tolerant import Broken
from stesim.parsing.markers import (
    ANY_THINKING,
    END_OF_TURN,
    Mark,
    cut_stop_word,
    ends_in_marker,
    repeats,
    split_thinking,
)
from stesim.parsing.names import Name, exact, resolve
from stesim.parsing.protocols import read_first, skip_more
from stesim.parsing.values import INVISIBLE
from stesim.records import Action, FinalAnswer, ParseFailure, Reply

_MOST_ATTEMPTS = 16
_AROUND = re.compile(
    r"</?(?:tool_calls?|tool_use|function_?calls?|arguments)>|<\|/tool_call\|>|<\|tool_calls_section_end\|>"
    rf"|<｜tool▁calls▁end｜>|\\n|[\s{INVISIBLE}`*_.,;\"']"
)
_CLOSERS = re.compile(r"[}\])]+")
# These failures are better explained by a text that runs in circles.
_MAYBE_REPETITION = frozenset({"no_action", "truncated", "missing_input", "not_an_object", "not_json", "too_long"})
# A call of a known tool that went wrong on the way counts even after an answer.
_BEGUN = frozenset({"truncated", "not_json", "bad_value", "too_long"})
# With these, an action within a line was meant as one: it names a known tool.
_NAMED = frozenset({"missing_input", "several_tools", "not_an_object", *_BEGUN})
_TURN_ENDS = re.compile(rf"[\s`]*(?:{END_OF_TURN.pattern})")
# What may follow a call in thinking that was never closed.
_ENDED = frozenset({"dropped_observation", "extra_braces"})
_DROPPED = {"observation": "dropped_observation", "answer": "dropped_answer", "turn": "dropped_turn",
            "action": "dropped_call", "input": "dropped_call", "thought": "dropped_text"}  # fmt: skip


def parse_tolerant(text: str, tools: Collection[str] | None = None) -> Reply:
    """Reads a reply as it was meant: an `Action`, a `FinalAnswer` or a `ParseFailure`; it never raises.

    `tools` are the allowed names, None allows any. `repairs` of the result names all that had to be mended (see
    `vocabulary`). No argument value is invented and no tool is chosen by likeness: what leaves a doubt is a failure,
    whose observation tells the model what to write. This is the rule while exploring (the paper: section 3.1).
    """
    thinking = split_thinking(text, ANY_THINKING)
    body, word_cut = cut_stop_word(thinking.rest)
    first = (("dropped_thinking",) if thinking.dropped else ()) + (("cut_stop_word",) if word_cut else ())
    if body.strip():
        source = Source(body, tools, complete=word_cut)
        reply = _within_thinking(source) if thinking.unclosed else _read(source)
    else:
        reply = failure("no_action" if thinking.text else "empty", tools)
    if isinstance(reply, ParseFailure) and reply.kind in _MAYBE_REPETITION and repeats(body):
        reply = failure("repetition", tools, thought=reply.thought, repairs=reply.repairs)
    repairs = tuple(dict.fromkeys((*first, *reply.repairs)))
    return replace(reply, repairs=repairs, thought=reply.thought or thinking.text)


def _read(source: Source) -> Reply:
    answer = _answer_mark(source)
    written = source.text[slice(*_answer_span(source, answer)[:2])] if answer else ""
    call = _first_call(source, answer, _horizon(source, answer if written else None))
    if call and not isinstance(call.reply, ParseFailure):
        return _accepted(source, call, answer)
    if answer and written and (call is None or _yields(call, answer)):
        return _answered(source, answer, call)
    if call:
        return call.reply
    if answer:
        return failure("empty_answer", source.tools, thought=source.thought(answer.start))
    kind = "truncated" if not source.complete and ends_in_marker(source.text) else "no_action"
    return failure(kind, source.tools, thought=source.thought(len(source.text)))


def _within_thinking(source: Source) -> Reply:
    """The call that ends thinking which was never closed: the model forgot the tag. Other calls it only thought of."""
    for mark, call in _attempts(source, len(source.text)):
        if not mark.anchored or not isinstance(call.reply, Action):
            continue
        if _TURN_ENDS.match(source.text, call.end) or _ENDED.issuperset(_following(source, call)):
            return _accepted(source, call, None)
    return failure("truncated", source.tools, thought=source.thought(len(source.text)))


def _yields(call: Call, answer: Mark) -> bool:
    """Whether an attempt that failed gives way to an answer: it was none, or it came later and was not even begun."""
    kind = _kind(call)
    if not call.had_input or kind in ("action_none", "empty_answer"):
        return True
    return call.start > answer.start and kind not in _BEGUN


def _answer_mark(source: Source) -> Mark | None:
    """The marker of the answer: the first that begins a line and is not empty, else the first one."""
    marks = [mark for mark in source.marks if mark.kind == "answer"]
    anchored = [mark for mark in marks if mark.anchored] or marks
    spans = ((mark, _answer_span(source, mark)) for mark in anchored[:_MOST_ATTEMPTS])
    filled = (mark for mark, span in spans if span[0] < span[1])
    return next(filled, anchored[0] if anchored else None)


def _answer_span(source: Source, mark: Mark) -> tuple[int, int, str]:
    """The answer: up to the next line that begins with a marker, the next answer, or the end of the turn.

    With the repair that this takes, if it ends before such a line.
    """
    end, repair = source.bound(mark.end), ""
    again = source.text.find("Final Answer:", mark.end, end)
    if again >= 0:
        end, repair = again, "dropped_answer"
    over = END_OF_TURN.search(source.text, mark.end, end)
    if over:
        end, repair = over.start(), "dropped_text"
    text = source.text[mark.end : end]
    start = mark.end + len(text) - len(text.lstrip())
    return start, start + len(text.strip()), repair


def _horizon(source: Source, answer: Mark | None) -> int:
    """Where the conversation was invented: nothing beyond counts once the model has answered."""
    at = answer.end if answer else len(source.text)
    while mark := source.anchored_after(at):
        if mark.kind in ("observation", "turn"):
            return mark.start
        at = mark.end
    return len(source.text)


def _first_call(source: Source, answer: Mark | None, horizon: int) -> Call | None:
    """The first attempt that decides, in the order of the module's description."""
    first = next((mark for mark in source.marks if mark.kind == "action"), None)
    early = _envelope(source, first.start if first else horizon, answer)
    if early and _read_well(early):
        return early
    failed: Call | None = None
    passed = False
    for mark, call in _attempts(source, horizon):
        if _read_well(call):
            return _without(call, passed)
        passed = passed or _was_meant(source, call)
        failed = call if failed is None or (mark.anchored and not failed.had_input) else failed
        if mark.anchored and not _goes_on(source, call):
            break
    if failed and failed.had_input:
        return failed
    late = _envelope(source, horizon, answer) if first else early
    orphan = _without_action(source, answer)
    alone = read_alone(source) if first is None and orphan is None and answer is None else None
    well = next(filter(_read_well, (late, orphan, alone)), None)
    named = passed and failed is not None and _kind(failed) == "missing_input"
    return _without(well, named) if well else failed or late or orphan


def _kind(call: Call) -> str:
    return call.reply.kind if isinstance(call.reply, ParseFailure) else ""


def _without(call: Call, passed: bool) -> Call:
    """The call, with an action before it that was passed over among its repairs."""
    if not passed:
        return call
    return replace(call, reply=replace(call.reply, repairs=(*call.reply.repairs, "dropped_call")))


def _was_meant(source: Source, call: Call) -> bool:
    """Whether an attempt that failed was one, and not a word about the format within a line."""
    mark = source.mark_at(call.start)
    return mark is None or mark.anchored or (source.tools is not None and _kind(call) in _NAMED)


def _read_well(call: Call | None) -> bool:
    return call is not None and not isinstance(call.reply, ParseFailure)


def _attempts(source: Source, horizon: int) -> Iterator[tuple[Mark, Call]]:
    """The first attempts, each with its marker; a marker inside the one before is passed over."""
    passed = attempts = 0
    for mark, following in zip(source.marks, [*source.marks[1:], None], strict=False):
        if mark.kind != "action" or mark.start < passed or _doubled(source, mark, following):
            continue
        if mark.start >= horizon or attempts == _MOST_ATTEMPTS:
            return
        call = read_call(source, mark)
        passed = call.end
        attempts += 1
        yield mark, call


def _doubled(source: Source, mark: Mark, following: Mark | None) -> bool:
    """Whether the marker is only followed by itself again (and that is no part of a tool's name)."""
    if following is None or following.kind != "action" or source.text[mark.end : following.start].strip():
        return False
    return exact(source.text, following.start, source.tools) is None


def _goes_on(source: Source, call: Call) -> bool:
    """Whether the model itself began anew after an action without input."""
    following = source.anchored_after(max(call.end, call.start + 1))
    while following and following.kind == "thought":
        following = source.anchored_after(following.end)
    return not call.had_input and following is not None and following.kind == "action"


def _envelope(source: Source, limit: int, answer: Mark | None) -> Call | None:
    """The first envelope before `limit`, before an invented observation, and (without a tag) before the answer."""
    observed = next((mark.start for mark in source.marks if mark.anchored and mark.kind == "observation"), limit)
    return read_first(source, min(limit, observed), answer.start if answer else len(source.text))


def _without_action(source: Source, answer: Mark | None) -> Call | None:
    """Arguments without an action: the name may stand on the line before, or inside as an envelope."""
    given = next((mark for mark in source.marks if mark.kind == "input"), None)
    if given is None or (answer and answer.start < given.start):
        return None
    before = source.text[: given.start].rstrip()
    line = before.rfind("\n") + 1
    name = resolve(before[line:], source.tools)
    if source.tools is not None and name.kind == "tool" and not before[line + name.rest :].strip(" .:*`"):
        return _unmarked(source, line, name, given)
    brace = source.text.find("{", given.end, source.bound(given.end))
    inside = read_envelope(source, brace, given.start) if brace >= 0 else None
    missing = failure("missing_action", source.tools, thought=source.thought(len(before)))
    return inside if _read_well(inside) else Call(missing, given.start, given.end, had_input=True)


def _unmarked(source: Source, line: int, name: Name, given: Mark) -> Call:
    """The call of a known name that stands alone on the line before its arguments."""
    thought = source.thought(line)
    found = source.arguments(given.end, source.bound(given.end))
    repairs = ("missing_action_marker", *name.repairs, *found.repairs)
    if isinstance(found, Broken):
        reply: Reply = broken(found, source.tools, tool=name.tool, thought=thought, repairs=repairs)
        return Call(reply, line, given.end, had_input=True)
    return Call(Action(name.tool, found.value, thought, repairs), line, found.end, had_input=True)


def _accepted(source: Source, call: Call, answer: Mark | None) -> Reply:
    """The call, with what was left out around it among its repairs."""
    repairs = dict.fromkeys(call.reply.repairs)
    thought = call.reply.thought
    if answer and answer.start < call.start:
        repairs["dropped_answer"] = None
        thought = source.thought(answer.start)
    if source.observed(call.start):
        repairs["observation_before"] = None
    repairs.update(dict.fromkeys(_following(source, call)))
    return replace(call.reply, repairs=tuple(repairs), thought=thought)


def _following(source: Source, call: Call) -> list[str]:
    """The repairs for what comes after a call and was left out."""
    found = []
    following = source.after(call.end)
    stop = following.start if following else len(source.text)
    end = skip_more(source, call.end, stop) if "envelope" in call.reply.repairs else call.end
    if end > call.end:
        found.append("dropped_call")
    between = _AROUND.sub("", source.text[end:stop])
    if isinstance(call.reply, Action) and "call_syntax" not in call.reply.repairs:
        closers = _CLOSERS.match(between)
        if closers and "double_braces" not in call.reply.repairs and not found:
            found.append("extra_braces")
        between = between[closers.end() :] if closers else between
    if between.strip(")]}"):
        found.append("dropped_text")
    if following:
        found.append(_DROPPED[following.kind])
    return found


def _answered(source: Source, answer: Mark, call: Call | None) -> FinalAnswer:
    """The answer, with what was left out around it among its repairs."""
    start, end, repair = _answer_span(source, answer)
    repairs = [] if answer.plain else ["marker_spelling"]
    if call and not answer.start <= call.start < end and _was_meant(source, call):
        repairs.append("dropped_call")
    if source.observed(answer.start):
        repairs.append("observation_before")
    if repair:
        repairs.append(repair)
    following = source.anchored_after(answer.end)
    if following:
        repairs.append(_DROPPED[following.kind])
    return FinalAnswer(source.text[start:end], source.thought(answer.start), tuple(repairs))
