"""The variants of `stesim ablate`: the whole method, and the method without one of its parts (paper: section 5).

    >>> VARIANTS["no-feedback"].run
    ('--no-feedback',)
    >>> said_of("no-judge", Plan(judged=False))
    'same as full here: there is no judge to leave out'

A part that the settings do not use cannot be left out: such a variant would repeat the whole method, and is not run.
Not covered: running them (`ablate.py`), the table (`ablated.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from stesim.report.paper import PaperRow

FULL = "full"
SAME = "same as full here: "
LEFT_OUT = "left out: "


@dataclass(frozen=True, slots=True)
class Variant:
    """What is typed for a variant's run besides the settings, and whether a judge is asked. `paper` is the paper's row
    for the fine-tuned Llama-2-7B, None where it has none.
    """

    run: tuple[str, ...] = ()
    judged: bool = True
    paper: PaperRow | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The settings that decide which parts of the method are used."""

    imagine: str = "query-first"
    episodes: int = 3
    trials: int = 2
    judged: bool = True


def _row(name: str, well_formed: float, api_match: float, correct: float) -> PaperRow:
    return PaperRow("Llama-2-7B-chat", name, well_formed, api_match, correct)


VARIANTS: Mapping[str, Variant] = {
    FULL: Variant(paper=_row("FT", 99.2, 94.9, 73.3)),
    "no-feedback": Variant(("--no-feedback",), paper=_row("FT without execution feedback", 89.9, 79.4, 50.5)),
    "no-short-term": Variant(("--no-short-term",), paper=_row("FT without short-term memory", 99.7, 70.6, 53.9)),
    "no-long-term": Variant(("--no-long-term",), paper=_row("FT without long-term memory", 98.7, 79.9, 59.7)),
    "no-reflection": Variant(("--no-reflection",), paper=_row("FT without self-reflection", 99.3, 81.7, 60.1)),
    "no-judge": Variant(judged=False),
}


def said_of(name: str, plan: Plan) -> str:
    """Why a variant is not run under these settings; empty if it is."""
    found = _UNUSED.get(name)
    return found(plan) if found else ""


def _short_term(plan: Plan) -> str:
    return f"{SAME}an episode has one trial, so there is nothing to keep" if plan.trials == 1 else ""


def _long_term(plan: Plan) -> str:
    if _calls(plan) and plan.episodes == 1:
        return f"{SAME}with one episode for each tool, the short-term memory holds the same (--imagine call-first)"
    return _one_trial(plan)


def _reflection(plan: Plan) -> str:
    if _calls(plan):
        return f"{SAME}nothing reads the reflection where a trial begins with a call (--imagine call-first)"
    return _one_trial(plan)


def _judge(plan: Plan) -> str:
    return "" if plan.judged else f"{SAME}there is no judge to leave out"


def _one_trial(plan: Plan) -> str:
    alone = plan.episodes * plan.trials == 1
    return f"{SAME}each tool has one trial, so there is nothing to remember" if alone else ""


def _calls(plan: Plan) -> bool:
    return plan.imagine == "call-first"


_UNUSED: Mapping[str, Callable[[Plan], str]] = {
    "no-short-term": _short_term,
    "no-long-term": _long_term,
    "no-reflection": _reflection,
    "no-judge": _judge,
}
