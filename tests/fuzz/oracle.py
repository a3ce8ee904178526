"""What must hold of the parsers for any text at all; the fuzzer and a test of its corpus call the same function.

    from tests.fuzz.oracle import check
    check("Action: search\\nAction Input: {'a': 1,}")       # raises an AssertionError if something does not hold

Not here: what a certain reply is read as (tests/unit/parsing), and what holds for generated calls (tests/property).
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from stesim.parsing import parse_reflection, parse_strict, parse_tolerant, parse_verdict, render, render_verdict
from stesim.parsing.arguments import is_placeholder
from stesim.parsing.markers import END_OF_TURN, find_marks
from stesim.parsing.values import storable
from stesim.parsing.vocabulary import FAILURES, REPAIRS, VERDICT_REPAIRS
from stesim.records import Action, FinalAnswer, Judgement, ParseFailure, Reply

TOOLS = ("search", "get_weather", "Numbers%%Get math fact")
# Of texts up to this length every parser must be done within this much CPU time.
TIMED_BYTES = 4096
SECONDS = 0.02
_ENVELOPE = re.compile(
    r"\\*[\"'“](?:action|tool|tool_name|function|function_name|api|api_name|name)\b|<\||<tool_|<function|\[TOOL_CALLS|<｜|✿FUNCTION✿|<action>|functools|#[ \t]*Action[ \t]*\n",
    re.IGNORECASE,
)
_NO_ARGUMENTS = re.compile(r"none|null|nil|n/a|empty|\bno\b|''|‘’|“”|-", re.IGNORECASE)
_THINKING = re.compile(r"</?(?:think|thinking|reasoning|reflection|thought)>", re.IGNORECASE)
_NOT_READ_AGAIN = re.compile(
    rf"\A\W*[\d①-③⑴-⑶]|\A[\W_]*(?:(?:or|and|but)\W+(?:\w+\W+)?)?(?:yes|no)(?![^\W_])|[1-3１-３①-③⑴-⑶][^\n]{{0,20}}\b(?:yes|no)\b|</?think|\[INST\]|An assistant is trying|user|human"
    rf"|{END_OF_TURN.pattern}",
    re.IGNORECASE,
)


def check(text: str) -> None:
    """Everything that must hold for `text`."""
    timed = len(text.encode("utf-8", "surrogatepass")) <= TIMED_BYTES
    for tools in (None, (), TOOLS):
        tolerant = _read(parse_tolerant, text, tools, timed)
        strict = _read(parse_strict, text, tools, timed)
        _valid(tolerant, tools)
        _valid(strict, tools)
        assert strict.repairs == (), ("strict repairs nothing", strict)
        if isinstance(tolerant, Action):
            assert tolerant.tool, tolerant
            _read_again(tolerant, tools)
            _invents_nothing(tolerant, text)
            _is_not_changed_by_what_follows(tolerant, text, tools)
        if tools and isinstance(strict, Action) and _strict_is_right(text, strict):
            assert isinstance(tolerant, Action), ("strict reads a call", strict, tolerant)
            assert (tolerant.tool, tolerant.arguments) == (strict.tool, strict.arguments), (strict, tolerant)
    assert _read(lambda given, _: parse_reflection(given), text, None, timed) in ("yes", "no", "unparsed")
    _judged(_read(lambda given, _: parse_verdict(given), text, None, timed), text)


def _read(parse: Callable[[str, Any], Any], text: str, tools: Collection[str] | None, timed: bool) -> Any:
    """The result, after a look at the time that it took: the least of three, because others use the machine too."""
    seconds = []
    for _ in range(3):
        before = time.thread_time()
        result = parse(text, tools)
        seconds.append(time.thread_time() - before)
        if not timed or seconds[-1] < SECONDS:
            return result
    raise AssertionError(f"{getattr(parse, '__name__', parse)} took {min(seconds) * 1000:.0f} ms")


def _valid(reply: Reply, tools: Collection[str] | None) -> None:
    assert isinstance(reply, Action | FinalAnswer | ParseFailure), reply
    assert set(reply.repairs) <= set(REPAIRS), reply.repairs
    assert len(set(reply.repairs)) == len(reply.repairs), reply.repairs
    assert isinstance(reply.thought, str)
    if isinstance(reply, Action):
        assert isinstance(reply.arguments, dict)
        assert storable(reply.arguments), reply
        assert tools is None or reply.tool in tools, reply
    elif isinstance(reply, ParseFailure):
        assert reply.kind in FAILURES, reply
        assert 0 < len(reply.observation) < 600, reply
    else:
        assert isinstance(reply.text, str)


def _read_again(action: Action, tools: Collection[str] | None) -> None:
    """A mended call is written and read again without repairs."""
    plain = Action(action.tool, action.arguments)
    again = parse_tolerant(render(plain), tools if tools is not None else [action.tool])
    assert again == plain, (plain, again)


def _invents_nothing(action: Action, text: str) -> None:
    """Each string and whole number stands in the text; where there are backslashes it may be written in another way."""
    if "\\" in text or is_placeholder(action.arguments):
        return
    rest: list[object] = [action.arguments]
    while rest:
        value = rest.pop()
        if isinstance(value, dict):
            rest.extend(value.values())
            rest.extend(value)
        elif isinstance(value, list):
            rest.extend(value)
        elif isinstance(value, str):
            assert value in text, ("invented", value)
        elif isinstance(value, bool) or value is None:
            assert str(value).lower()[:4] in text.lower() or (value is None and "null" in text.lower()), value
        elif isinstance(value, int):
            assert str(value) in text or "-0" in text, ("invented", value)


def _is_not_changed_by_what_follows(action: Action, text: str, tools: Collection[str] | None) -> None:
    """A line break, or an observation that the model made up, takes nothing from a call."""
    # Half a stop word is one no longer if more follows.
    if "cut_stop_word" not in action.repairs:
        for more in ("\n", "\nObservation: ok"):
            again = parse_tolerant(text + more, tools)
            assert isinstance(again, Action), (more, action, again)
            assert (again.tool, again.arguments) == (action.tool, action.arguments), (more, action, again)


def _strict_is_right(text: str, strict: Action) -> bool:
    """Whether the paper's rule reads what the model meant; see tests/property/test_parsing.py."""
    # A call in a think block was not made, and an envelope before the action is the first of two calls.
    if _THINKING.search(text) or _ENVELOPE.search(text):
        return False
    # The paper takes the braces of an invented observation, or of an inner object, if there are none before it.
    before_brace = text.partition("Action Input:")[2].partition("{")[0]
    # Of several actions it takes the one that is spelled as in the prompt.
    if sum(mark.kind == "action" for mark in find_marks(text)) != 1:
        return False
    if find_marks(before_brace) or {'"', "'", "["} & set(before_brace):
        return False
    # After a word for no arguments, an object may be the arguments or what the tool is thought to say.
    if is_placeholder(strict.arguments) or _NO_ARGUMENTS.search(before_brace):
        return False
    # It puts one brace at each end, whatever stood there; that is right for valid JSON and for doubled braces.
    body = text.partition("Action Input:")[2]
    if body.rfind("{") > body.rfind("}"):
        # What comes after the last closing brace, it does not look at.
        return False
    body = body[body.find("{") : body.rfind("}") + 1]
    return any(_loads(each) == strict.arguments for each in (body, body[1:-1]))


def _loads(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _judged(judgement: Judgement, text: str) -> None:
    aspects = (judgement.informative, judgement.faithful, judgement.appropriate)
    assert set(aspects) | {judgement.verdict} <= {"pass", "fail", "unparsed"}, judgement
    assert set(judgement.repairs) <= set(VERDICT_REPAIRS), judgement.repairs
    assert len(set(judgement.repairs)) == len(judgement.repairs), judgement.repairs
    assert len(judgement.explanations) == 3, judgement
    lowered = text.lower()
    for aspect, explanation in zip(aspects, judgement.explanations, strict=True):
        assert aspect != "unparsed" or not explanation, judgement
        if "verdict_json" not in judgement.repairs:
            assert aspect == "unparsed" or {"pass": "yes", "fail": "no"}[aspect] in lowered, judgement
            assert all(line.strip() in text for line in explanation.split("\n")), ("invented", explanation)
    if any(aspect != "unparsed" for aspect in aspects) and not any(map(_bars_reading_again, judgement.explanations)):
        plain = replace(judgement, repairs=())
        again = parse_verdict(render_verdict(plain))
        assert again == plain, (plain, again)


def _bars_reading_again(explanation: str) -> bool:
    """Whether an explanation holds what `parse_verdict` names as not read back."""
    return explanation != explanation.strip() or bool(_NOT_READ_AGAIN.search(explanation) or len(explanation) > 6000)
