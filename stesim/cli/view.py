"""What is shown while a run goes on: a live table on a terminal, a line for each trial elsewhere.

All of it goes to the standard error stream, so that the summary can be piped. rich is imported when a view is made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

from stesim.cli.common import no_query, plain, shorten
from stesim.cli.pace import Pace
from stesim.cli.watch import WatchedModel
from stesim.models import Model, OnText
from stesim.models.base import WrappedModel
from stesim.records import Completion, Request, RunSettings, Trial
from stesim.report.summary import Summary, share, summarize, total

_WIDTH_FOR_BARS = 72  # columns of a terminal


class View(Pace):
    """Counts what happens; prints a line when a trial is finished."""

    def __init__(self, settings: RunSettings, finished: Sequence[Trial], name: str, console: Any) -> None:
        self.console = console
        self.summaries = {summary.tool: summary for summary in summarize(finished, settings.tools)}
        self.each = settings.episodes * settings.trials
        super().__init__("trials", self.each * len(settings.tools), len(finished))
        if finished and self.done < self.whole:
            console.print(f"going on after {self.done} of {self.whole} trials", style="dim")

    def trial(self, trial: Trial) -> None:
        """Take note of a finished trial."""
        self.summaries[trial.tool].add(trial)
        self.done += 1
        self._show(trial)

    def _show(self, trial: Trial) -> None:
        solved = {True: "solved", False: "not solved", None: "no verdict"}[trial.solved]
        came_to = (
            f"no query ({why})" if (why := no_query(trial)) else f"{solved}, {trial.stop_reason.replace('_', ' ')}"
        )
        query = f"{shorten(trial.query, 70)} · " if trial.query or not why else ""
        line = (
            f"[{self.done}/{self.whole}] {plain(trial.tool)} {trial.episode}.{trial.trial}: "
            f"{came_to} · {query}{self.pace() or '…'}"
        )
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)


class LiveView(View):
    """A table with a line for each tool, redrawn in place."""

    def __init__(self, settings: RunSettings, finished: Sequence[Trial], name: str, console: Any) -> None:
        from rich.live import Live

        super().__init__(settings, finished, name, console)
        self._name = name
        self._now = ""
        self._live = Live(console=console, get_renderable=self._table, refresh_per_second=4)

    def watched(self, model: Model) -> Model:
        """The model, with a notice of what it is doing."""
        return _Noticing(model, self._notice)

    def _notice(self, request: Request) -> None:
        place = request.place
        doing = {
            "imagine": "imagines a query", "call": "imagines a call", "rank": "chooses", "try": "tries",
            "reflect": "reflects",
        }  # fmt: skip
        self._now = f"{plain(place.tool)} {place.episode}.{place.trial}: {doing[request.purpose]}"

    def _show(self, trial: Trial) -> None:
        pass  # the table is redrawn by itself

    def _table(self) -> Any:
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        table = Table(title=Text(f"Exploring with {plain(self._name)}"), title_justify="left")
        bars = self.console.width >= _WIDTH_FOR_BARS
        for heading in ("tool", *(["progress"] if bars else []), "trials", "solved", "well-formed"):
            table.add_column(heading, justify="left" if heading in ("tool", "progress") else "right")
        tools = [s for s in self.summaries.values() if s.trials or len(self.summaries) <= 20]
        for summary, trials in [*((s, self.each) for s in tools), (total(self.summaries.values()), self.whole)]:
            if summary.tool == "all":
                table.add_section()
            bar = [ProgressBar(total=trials, completed=summary.trials, width=20)] if bars else []
            table.add_row(Text(plain(summary.tool)), *bar, f"{summary.trials}/{trials}", *_shares(summary))
        return Group(table, Text(self._now, style="dim"), Text(self.pace() or "…"))

    def __enter__(self) -> LiveView:
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._live.stop()


class _Noticing(WrappedModel):
    """Tells where in the run the model is asked."""

    def __init__(self, model: Model, notice: Callable[[Request], None]) -> None:
        super().__init__(model)
        self._notice = notice

    def complete(self, request: Request, on_text: OnText | None = None) -> Completion:
        """The other model's completion, after the notice."""
        self._notice(request)
        return super().complete(request, on_text)


class WatchView(View):
    """The conversation itself, as it happens; a line of progress after each trial."""

    def watched(self, model: Model) -> Model:
        """The model, with what it is asked and says shown."""
        return WatchedModel(model, self.console)


def make_view(settings: RunSettings, finished: Sequence[Trial], name: str, *, watch: bool) -> View:
    """The view that suits: the conversation if it is to be watched, else a table on a terminal, else lines."""
    from rich.console import Console

    console = Console(stderr=True)
    kind = WatchView if watch else LiveView if console.is_terminal else View
    return kind(settings, finished, name, console)


def _shares(summary: Summary) -> tuple[str, str]:
    return share(summary.solved, summary.trials), share(summary.well_formed, summary.replies)
