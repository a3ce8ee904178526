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

from stesim.report.paper import ABLATIONS, PaperRow

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


VARIANTS: Mapping[str, Variant] = {
    FULL: Variant(paper=ABLATIONS[""]),
    "no-feedback": Variant(("--no-feedback",), paper=ABLATIONS["execution feedback"]),
    "no-short-term": Variant(("--no-short-term",), paper=ABLATIONS["short-term memory"]),
    "no-long-term": Variant(("--no-long-term",), paper=ABLATIONS["long-term memory"]),
    "no-reflection": Variant(("--no-reflection",), paper=ABLATIONS["self-reflection"]),
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
