"""What answers are worth: the paper's three figures, and stricter ones that need no judge.

    marks = [Marker(toolbox).mark(case, answer) for case, answer in zip(cases, answers)]
    print(figures(marks)["correct"])

| metric | a query counts as 1 if | over |
|---|---|---|
| `well_formed` | the reply is a call with a JSON object | the answerable queries |
| `api_match` | the call is of the right tool | those of them with a well-formed reply |
| `correct` | so, and its arguments equal the right ones as strings, further ones allowed | the answerable queries |
| `argument_match` | the arguments are right by the rules of the test set, with none beyond | the answerable queries |
| `execution_match` | the call gives what the right one gives, each from a fresh state | those whose right call works |
| `no_call` | the reply makes no call | the queries that no tool can help with |

The first three are the paper's (section 4): there a name that is no tool's counts as the closest one, which the
stricter figures do not grant. Of several right calls any will do. Not covered: whether a final answer is a good one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from stesim.bootstrap import interval
from stesim.evaluate.answers import Answer
from stesim.evaluate.predictions import closest_of, same_strings
from stesim.parsing.vocabulary import FAILURES
from stesim.records import Action, FinalAnswer, ParseFailure, Reply
from stesim.testset import Case, RightCall, compare
from stesim.toolbox import Toolbox

METRICS = ("well_formed", "api_match", "correct", "argument_match", "execution_match", "no_call")
# What went wrong besides the failures of parsing; each answer has the first that fits.
MISTAKES: Mapping[str, str] = {
    "no_call": "there was a final answer, but no call",
    "unknown_tool": FAILURES["unknown_tool"],
    "wrong_tool": "another tool was called",
    "missing_argument": "an argument was left out",
    "wrong_value": "an argument had another value",
    "extra_argument": "there was an argument that nobody asked for",
    "called_anyway": "a tool was called although none can help",
}
MEANINGS: Mapping[str, str] = {**FAILURES, **MISTAKES}
_WITHOUT_CALL = frozenset({"empty", "no_action", "action_none", "empty_answer"})  # failures that begin no call
_EXAMPLES = 3
_LONGEST_SAID = 400  # characters of a reply in an example
_LONGEST_VALUE, _LEAD = 80, 20  # characters of a value that differs, and of what it shares with the right one


@dataclass(frozen=True, slots=True)
class Mark:
    """One answer beside what would have been right.

    `flags` holds the metrics that the query counts for; `failure` is the kind of what went wrong, empty if nothing did.
    `right` is the right call that the answer comes closest to, None where no tool can help; `differs` says how the
    arguments of a call of its tool differ, such as `days: 5, not 3`; `wrong` are the values that are another one, each
    with the right one.
    """

    answer: Answer
    flags: Mapping[str, bool]
    failure: str
    right: RightCall | None
    differs: tuple[str, ...] = ()
    wrong: tuple[tuple[Any, Any], ...] = ()


@dataclass
class Marker:
    """Holds answers against right calls. The toolbox makes the calls, so its results should not be cut short."""

    toolbox: Toolbox
    _observed: dict[str, tuple[str, str]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._tools = {tool.name: tool for tool in self.toolbox.tools}
        self._closest = closest_of(tuple(self._tools))

    def mark(self, case: Case, answer: Answer) -> Mark:
        """The flags of one answer, and what went wrong."""
        reply = answer.reply
        if not case.calls:
            return Mark(answer, {"no_call": makes_no_call(reply)}, _failure_of_restraint(reply), None)
        call = reply if isinstance(reply, Action) else None
        right = self._nearest(case.calls, call)
        known = call is not None and call.tool in self._tools
        rights = [each for each in case.calls if call and self._closest(call.tool) == each.tool]
        strict = rights if known else []
        flags = {
            "well_formed": call is not None,
            **({"api_match": bool(rights)} if call else {}),
            "correct": any(call and same_strings(dict(each.arguments), call.arguments) for each in rights),
            "argument_match": any(call and self._none_differs(each, call) for each in strict),
        }
        same = self._same_result(case.calls, call if known else None)
        flags |= {} if same is None else {"execution_match": same}
        mark = Mark(answer, flags, self._failure(reply, right), right)
        return self._compared(mark, right, call) if call and call.tool == right.tool else mark

    def _nearest(self, calls: Sequence[RightCall], call: Action | None) -> RightCall:
        """The right call that this one comes closest to: of its tool, the same as strings, the fewest differences."""

        def distance(right: RightCall) -> tuple[bool, bool, int]:
            if call is None or self._closest(call.tool) != right.tool:
                return True, True, 0
            return False, not same_strings(dict(right.arguments), call.arguments), self._differences(right, call)

        return min(calls, key=distance)

    def _differences(self, right: RightCall, call: Action) -> int:
        found = compare(right, call.arguments, self._parameters(right))
        return len(found.missing) + len(found.wrong) + len(found.extra)

    def _compared(self, mark: Mark, right: RightCall, call: Action) -> Mark:
        """The mark of a call of the right tool, with how its arguments differ from the right ones."""
        found, wanted, given = compare(right, call.arguments, self._parameters(right)), right.arguments, call.arguments
        differs = (
            *(f"{name}: left out, not {_brief(wanted[name])}" for name in found.missing),
            *(_unlike(name, given[name], wanted[name]) for name in found.wrong),
            *(f"{name:.60}: {_brief(given[name])}, which nobody asked for" for name in found.extra),
        )
        return replace(mark, differs=differs, wrong=tuple((given[name], wanted[name]) for name in found.wrong))

    def _parameters(self, right: RightCall) -> Mapping[str, Any]:
        return self._tools[right.tool].parameters

    def _none_differs(self, right: RightCall, call: Action) -> bool:
        return not self._differences(right, call)

    def _failure(self, reply: Reply, right: RightCall) -> str:
        if isinstance(reply, ParseFailure):
            return reply.kind
        if isinstance(reply, FinalAnswer):
            return "no_call"
        if reply.tool not in self._tools:
            return "unknown_tool"
        if reply.tool != right.tool:
            return "wrong_tool"
        found = compare(right, reply.arguments, self._parameters(right))
        kinds = {"missing_argument": found.missing, "wrong_value": found.wrong, "extra_argument": found.extra}
        return next((kind for kind, names in kinds.items() if names), "")

    def _same_result(self, calls: Sequence[RightCall], call: Action | None) -> bool | None:
        """Whether the call gives what a right one gives; None if no right call has a result to compare with."""
        wanted = [self._observe(Action(each.tool, dict(each.arguments))) for each in calls]
        results = [text for kind, text in wanted if kind == "ok"]
        if not results:
            return None
        kind, text = self._observe(call) if call else ("", "")
        return kind == "ok" and text in results

    def _observe(self, call: Action) -> tuple[str, str]:
        key = f"{call.tool} {call.arguments!r}"
        if key not in self._observed:
            observation = self.toolbox.fresh().call(call)
            self._observed[key] = observation.kind, observation.text
        return self._observed[key]


def _unlike(name: str, given: Any, wanted: Any) -> str:
    """A value beside the right one; of long ones that begin alike only what follows."""
    texts = [orjson.dumps(value).decode() for value in (given, wanted)]
    first = next((at for at, (one, other) in enumerate(zip(*texts, strict=False)) if one != other), 0)
    if first > _LEAD and max(map(len, texts)) > _LONGEST_VALUE:
        texts = [f"…{text[first - _LEAD :]}" for text in texts]
    return f"{name}: {_cut(texts[0])}, not {_cut(texts[1])}"


def _brief(value: Any) -> str:
    return _cut(orjson.dumps(value).decode())


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def makes_no_call(reply: Reply) -> bool:
    """Whether a reply neither makes nor begins a call: a final answer, an empty reply, other text."""
    return isinstance(reply, FinalAnswer) or (isinstance(reply, ParseFailure) and reply.kind in _WITHOUT_CALL)


def _failure_of_restraint(reply: Reply) -> str:
    """What is wrong with a reply to a query that no tool can help with."""
    if makes_no_call(reply):
        return ""
    return reply.kind if isinstance(reply, ParseFailure) else "called_anyway"


def figures(marks: Sequence[Mark], seed: int = 0) -> dict[str, dict[str, Any]]:
    """Each metric in percent, with its 95 % bootstrap interval and the number of queries that it is of."""
    found = {}
    for metric in METRICS:
        restraint = metric == "no_call"
        flags = [mark.flags.get(metric) for mark in marks if (mark.right is None) == restraint]
        found[metric] = _figure(flags, seed)
    return found


def _figure(flags: Sequence[bool | None], seed: int) -> dict[str, Any]:
    counted = [flag for flag in flags if flag is not None]
    if not counted:
        return {"value": None, "low": None, "high": None, "of": 0}
    low, high = interval(flags, seed=seed)
    return {"value": _percent(counted), "low": round(100 * low, 3), "high": round(100 * high, 3), "of": len(counted)}


def by_tool(marks: Sequence[Mark], tools: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Each metric for each tool that would have been right, in the toolset's order."""
    found: dict[str, dict[str, Any]] = {}
    for tool in tools:
        of_tool = [mark for mark in marks if mark.answer.tool == tool]
        if of_tool:
            values = {name: [mark.flags[name] for mark in of_tool if name in mark.flags] for name in METRICS[:-1]}
            found[tool] = {**{name: _percent(flags) for name, flags in values.items()}, "queries": len(of_tool)}
    return found


def _percent(flags: Sequence[bool]) -> float | None:
    return round(100 * sum(flags) / len(flags), 3) if flags else None


def failures(marks: Sequence[Mark]) -> dict[str, list[Mark]]:
    """The answers that are not right by what went wrong, the most frequent kind first."""
    found: dict[str, list[Mark]] = {}
    for mark in marks:
        if mark.failure:
            found.setdefault(mark.failure, []).append(mark)
    return dict(sorted(found.items(), key=lambda pair: -len(pair[1])))


def examples(failed: Sequence[Mark]) -> list[dict[str, Any]]:
    """A few failures as JSON values, of different tools as far as there are some."""
    return [
        {
            "id": mark.answer.id,
            "query": mark.answer.query,
            "right": mark.right and {"tool": mark.right.tool, "arguments": dict(mark.right.arguments)},
            "said": mark.answer.text[:_LONGEST_SAID],
            "differs": list(mark.differs),
        }
        for mark in list(_spread(failed))[:_EXAMPLES]
    ]


def _spread(marks: Sequence[Mark]) -> Iterator[Mark]:
    """First one of each tool, then the others."""
    firsts = {mark.answer.tool: mark for mark in reversed(marks)}
    yield from (mark for mark in marks if firsts[mark.answer.tool] is mark)
    yield from (mark for mark in marks if firsts[mark.answer.tool] is not mark)
