"""How far a stage is: a bar on a terminal, a line now and then elsewhere; on the standard error stream.

with Progress("queries", whole=150) as progress:
    progress.advance("add_date")
"""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

import click

from stesim.cli.common import shorten
from stesim.cli.pace import Pace

_EVERY = 5.0  # seconds between two lines where there is no terminal
_LABEL = 48  # characters


class Progress(Pace):
    """Shows what is finished; `what` names it in the plural, `done` of `whole` were finished before."""

    def __init__(self, what: str, whole: int, done: int = 0) -> None:
        super().__init__(what, whole, done)
        self._shown = time.monotonic()
        self._bar: Any = None
        self._task: Any = None

    def advance(self, label: str = "") -> None:
        """One more is finished; `label` says which."""
        self.done += 1
        if self._bar is not None:
            self._bar.update(self._task, completed=self.done, description=f"{self.what} {self._bracketed()}")
            return
        now = time.monotonic()
        if now - self._shown >= _EVERY or self.done == self.whole:
            self._shown = now
            parts = [
                f"[{self.done}/{self.whole}] {self.what}{':' if label else ''}",
                shorten(label, _LABEL),
                self._bracketed(),
            ]
            click.echo(" ".join(part for part in parts if part), err=True)

    def _bracketed(self) -> str:
        pace = self.pace()
        return f"({pace})" if pace else ""

    def __enter__(self) -> Progress:
        if sys.stderr.isatty() and self.whole > self.done:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
            from rich.progress import Progress as Bar

            columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
            self._bar = Bar(*columns, console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task(self.what, total=self.whole, completed=self.done)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()
