"""What learning in rounds came to: the answers of all evaluations, as figures, as JSON and as a Markdown table.

    outcome = read(plan, lessons, Path("runs/first/rehearsal"))
    print(markdown(outcome, share=0.1))

Not covered: the plot (`rehearsal_plot.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from stesim.cli.rehearsing import SUMMARY, Lesson, Plan
from stesim.errors import StoreError
from stesim.evaluate.answers import AnswerFolder
from stesim.rehearse import PAPER, Arm, Learned, Share, Value, gains, measure
from stesim.report import evaluations
from stesim.report.markdown import cell, place, table
from stesim.report.summary import NOTHING
from stesim.store.folder import read_object

METRICS = ("well_formed", "api_match", "correct")  # the paper's
_NAMED = 8  # tools of a round in the table of rounds; of more their number is said
_ABOUT = (
    "Correct calls (the right tool, and the right arguments as strings) in percent with 95 % intervals, for the tools "
    "of each round and for all so far. Differences: percentage points with the interval of the paired difference. "
    "Backward transfer: the last figure minus the one right after learning, the mean over all rounds but the last. "
    "Forgetting: the best figure before the last round minus the last one, likewise."
)
_DRILLED = " Drills were made for the tools that a round was there to learn, not for those rehearsed."
_LARGEST = 1 << 20  # bytes of a training's summary

Answers = Mapping[str, Mapping[str, Sequence[Value]]]  # by metric and tool


@dataclass(frozen=True)
class Outcome:
    """The answers after each round for each arm, and those after learning all tools at once. `trained` says of each
    lesson how many demonstrations, rows, drills … it was trained on.
    """

    plan: Plan
    model: str
    testset: str
    arms: Mapping[Arm, Sequence[Answers]]
    together: Answers | None = None
    trained: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    _measured: dict[tuple[Arm, str], Learned] = field(default_factory=dict, init=False)

    def learned(self, arm: Arm, metric: str = "correct") -> Learned:
        """The matrix of an arm."""
        if (arm, metric) not in self._measured:
            answered = [each[metric] for each in self.arms[arm]]
            self._measured[arm, metric] = measure(self.plan.rounds, answered)
        return self._measured[arm, metric]

    @property
    def queries(self) -> tuple[int, ...]:
        """How many queries there were for the tools of each round."""
        answers = next(iter(self.arms.values()))[-1]["correct"]
        return tuple(sum(len(answers.get(tool, ())) for tool in tools) for tools in self.plan.rounds)

    def at_once(self, metric: str = "correct") -> Learned | None:
        """The figures after learning all tools at once, as those of one round."""
        if self.together is None:
            return None
        every = tuple(tool for tools in self.plan.rounds for tool in tools)
        return measure([every], [self.together[metric]])

    def gained(self, metric: str = "correct") -> tuple[Share, ...]:
        """What rehearsal gained after the last round, by round and in all; empty unless there are both arms."""
        if len(self.arms) < 2:
            return ()
        ends = [self.arms[arm][-1][metric] for arm in ("with", "without")]
        return gains(self.plan.rounds, ends[0], ends[1])


def read(plan: Plan, lessons: Sequence[Lesson], out: Path) -> Outcome:
    """The outcome, once all evaluations are there; raises `StoreError`, naming the file, for a broken one."""
    found = {lesson.name: _read(out / lesson.name / "eval") for lesson in lessons}
    first = evaluations.read(out / lessons[0].name / "eval")
    arms: dict[Arm, list[Answers]] = {}
    for lesson in lessons:
        if lesson.arm not in (None, "together"):
            arms.setdefault(lesson.arm, [found["round-1"]]).append(found[lesson.name])
    trained = {lesson.name: _data(out / lesson.name / SUMMARY) for lesson in lessons}
    return Outcome(plan, first.model, first.testset, arms, found.get("together"), trained)


def _data(path: Path) -> Mapping[str, Any]:
    """What the summary of a training says of its data."""
    told = read_object(path, _LARGEST).get("data")
    return told if isinstance(told, dict) else {}


def _read(folder: Path) -> Answers:
    """Which queries of each tool were answered rightly, by metric, in the order of the test set."""
    flags = evaluations.read(folder).flags or {}
    found: dict[str, dict[str, list[Value]]] = {metric: {} for metric in METRICS}
    for answer in sorted(AnswerFolder.read(folder).answers(), key=lambda each: each.number):
        if answer.id not in flags:
            raise StoreError(f"{folder / evaluations.RESULT} does not tell of the query {answer.id!r}")
        if answer.tool:
            for metric in METRICS:
                found[metric].setdefault(answer.tool, []).append(flags[answer.id].get(metric))
    return found


def as_json(outcome: Outcome, **about: Any) -> dict[str, Any]:
    """Everything as JSON values; the matrices are lists of rows, row r with the figures after round r + 1."""
    plan = outcome.plan
    return {
        "model": outcome.model,
        "toolset": plan.toolset,
        "testset": outcome.testset,
        **about,
        "rounds": [
            {"tools": list(tools), "demonstrations": shown, "queries": asked}
            for tools, shown, asked in zip(plan.rounds, plan.counts, outcome.queries, strict=True)
        ],
        "arms": {arm: {metric: _told(outcome.learned(arm, metric)) for metric in METRICS} for arm in outcome.arms},
        "gains": {metric: [asdict(share) for share in outcome.gained(metric)] for metric in METRICS},
        "together": {
            metric: asdict(found.pooled[0]) for metric in METRICS if (found := outcome.at_once(metric)) is not None
        } or None,
        "paper": {arm: list(figures) for arm, figures in PAPER.items()},
        "trained": {name: dict(data) for name, data in outcome.trained.items()},
    }  # fmt: skip


def _told(learned: Learned) -> dict[str, Any]:
    return {
        "cells": [[asdict(share) for share in row] for row in learned.cells],
        "so_far": [asdict(share) for share in learned.pooled],
        "backward": [asdict(share) for share in learned.backward],
        "forgetting": list(learned.forgetting),
        "backward_transfer": learned.backward_transfer,
        "mean_forgetting": learned.mean_forgetting,
    }


def markdown(outcome: Outcome, share: float) -> str:
    """The matrix, what was forgotten, the rounds, and the paper's figures."""
    plan = outcome.plan
    names = {"without": "without", "with": f"with {100 * share:g} %"}
    columns = [f"round {number}" for number in range(1, len(plan.rounds) + 1)]
    learned = {arm: outcome.learned(arm) for arm in outcome.arms}
    parts = [
        f"### Learning in rounds: {place(outcome.model)}, tools of {place(plan.toolset)}, test set "
        f"{place(outcome.testset)}",
        table(("after round", "rehearsal", *columns, "all so far"), _matrix(outcome, learned, names), left=2),
        table(("rehearsal", "all tools in the end", "backward transfer", "forgetting"), _ends(outcome, learned, names)),
        _ABOUT + (_DRILLED if "with" in outcome.arms and any(_drills(outcome)) else ""),
        table(
            ("", "tools", "demonstrations", "queries"),
            [
                (column, _tools(tools), str(shown), str(asked))
                for column, tools, shown, asked in zip(columns, plan.rounds, plan.counts, outcome.queries, strict=True)
            ],
            left=2,
        ),
        *_paper(),
    ]
    return "\n\n".join(parts)


def _drills(outcome: Outcome) -> list[int]:
    return [data.get("drills") or 0 for data in outcome.trained.values()]


def _matrix(outcome: Outcome, learned: Mapping[Arm, Learned], names: Mapping[str, str]) -> list[tuple[str, ...]]:
    """A row for each round and arm, and what rehearsal gained."""
    size = len(outcome.plan.rounds)
    rows = []
    for number in range(size):
        for arm, each in learned.items():
            cells = [_share(cell) for cell in each.cells[number]] + [""] * (size - number - 1)
            rows.append((str(number + 1), names[arm] if number else NOTHING, *cells, _share(each.pooled[number])))
            if not number:
                break  # nothing to rehearse yet
    if gained := outcome.gained():
        rows.append((str(size), "with − without", *map(_points, gained)))
    return rows


def _ends(outcome: Outcome, learned: Mapping[Arm, Learned], names: Mapping[str, str]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [
        (names[arm], _share(each.pooled[-1]), _signed(each.backward_transfer), _number(each.mean_forgetting))
        for arm, each in learned.items()
    ]
    if gained := outcome.gained():
        rows.append(("with − without", _points(gained[-1]), "", ""))
    if at_once := outcome.at_once():
        rows.append(("all tools at once", _share(at_once.pooled[0]), "", ""))
    return rows


def _paper() -> list[str]:
    """The paper's figures, marked as such."""
    *last, _ = PAPER["with"]
    heads = ("the paper's, after its last round", *(f"round {number}" for number in range(1, len(last) + 1)), "all")
    rows = [
        ("without rehearsal", *map(_number, PAPER["without"])),
        ("with 10 % rehearsal", *map(_number, PAPER["with"])),
        ("all tools at once", *([""] * len(last)), *map(_number, PAPER["together"])),
    ]
    return [table(heads, rows), "The paper's: correctness in percent, another and larger model, 50 other tools."]


def _tools(tools: Sequence[str]) -> str:
    shown = ", ".join(cell(tool) for tool in tools[:_NAMED])
    return shown + (f" and {len(tools) - _NAMED} more" if len(tools) > _NAMED else "")


def _share(share: Share) -> str:
    if share.value is None:
        return NOTHING
    return f"{share.value:.1f} ({_number(share.low)} to {_number(share.high)})"


def _points(share: Share) -> str:
    return NOTHING if share.value is None else f"{_signed(share.value)} ({_signed(share.low)} to {_signed(share.high)})"


def _number(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.1f}".replace("-", "−")


def _signed(value: float | None) -> str:
    if value is None:
        return NOTHING
    return f"{value:+.1f}".replace("-", "−") if round(value, 1) else "0.0"
