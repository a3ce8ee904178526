"""What an exploration came to, in figures: for each tool and in all.

    >>> summarize([], ["forecast_weather"])[0].trials
    0

Well-formed is counted twice: as the model printed its replies, and after the parser's repairs.
Not covered: whether the answers are right (that takes a judge, or a test set).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

from stesim.records import Action, FinalAnswer, ParseFailure, Trial

NOTHING = "–"  # a share of nothing


@dataclass
class Summary:
    """Counts over the trials of one tool (or of all, where `tool` is "all").

    `answered`: trials with a final answer after at least one parsed call. `replies` are the model's replies while
    trying; `well_formed` of them could be read as printed, `readable` after repairs. `calls` were made, `ok_calls`
    of them returned a result and not an error. `solved` is the model's own verdict.
    """

    tool: str
    trials: int = 0
    solved: int = 0
    answered: int = 0
    replies: int = 0
    well_formed: int = 0
    readable: int = 0
    calls: int = 0
    ok_calls: int = 0

    def add(self, trial: Trial) -> None:
        """Count a trial."""
        self.trials += 1
        self.solved += trial.solved is True
        self.answered += trial.final_answer is not None and trial.parsed_calls > 0
        for step in trial.steps:
            self.replies += 1
            self.readable += not isinstance(step.reply, ParseFailure)
            self.well_formed += isinstance(step.reply, Action | FinalAnswer) and not step.reply.repairs
            self.calls += isinstance(step.reply, Action)
            self.ok_calls += step.observation is not None and step.observation.kind == "ok"

    def __add__(self, other: Summary) -> Summary:
        numbers = [f.name for f in fields(self) if f.name != "tool"]
        return Summary(self.tool, **{name: getattr(self, name) + getattr(other, name) for name in numbers})


def summarize(trials: Iterable[Trial], tools: Sequence[str]) -> list[Summary]:
    """One summary a tool, in the order given."""
    found = {tool: Summary(tool) for tool in tools}
    for trial in trials:
        found.setdefault(trial.tool, Summary(trial.tool)).add(trial)
    return list(found.values())


def total(summaries: Iterable[Summary]) -> Summary:
    """The sum, under the name "all"."""
    return sum(summaries, Summary("all"))


def share(part: int, whole: int) -> str:
    """A percentage for people, "–" of nothing."""
    return f"{100 * part / whole:.0f}%" if whole else NOTHING


def percent(value: float | None) -> str:
    """Percents in a column that is headed so, to the first decimal; "–" of nothing."""
    return NOTHING if value is None else f"{value:.1f}"


def duration(seconds: float) -> str:
    """A duration for people: 45 s, 3 min 20 s, 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def some(number: int, what: str) -> str:
    """So many of something, whose plural is a regular one.

    >>> some(1, "query"), some(2, "query"), some(0, "row")
    ('1 query', '2 queries', '0 rows')
    """
    return f"{number} {what if number == 1 else f'{what[:-1]}ies' if what.endswith('y') else f'{what}s'}"
