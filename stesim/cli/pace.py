"""How fast the work of a command goes: what is finished, the model's tokens a second, and the time left.

    Pace("queries", whole=150, done=20).pace()      # "" until something is known

Not covered: how it is shown, which those that build on it decide (`progress.py`, `view.py`).
"""

from __future__ import annotations

import time
from types import TracebackType
from typing import TypeVar

from stesim.models import Model
from stesim.records import Completion
from stesim.report.summary import duration

Self = TypeVar("Self", bound="Pace")


class Pace:
    """Counts what is finished; `what` names it in the plural, `done` of `whole` were finished before."""

    def __init__(self, what: str, whole: int, done: int = 0) -> None:
        self.what = what
        self.whole = whole
        self.done = self._before = done
        self._started = time.monotonic()
        self._tokens, self._seconds = 0, 0.0

    def watched(self, model: Model) -> Model:
        """The model that should be asked, so that it can be shown what it does: here the model itself."""
        return model

    def completion(self, completion: Completion) -> None:
        """Take note of a completion."""
        self._tokens += completion.tokens
        self._seconds += completion.seconds

    def pace(self) -> str:
        """Tokens a second and the time left, as text; empty if neither is known."""
        parts = [f"{self._tokens / self._seconds:.0f} tokens/s with prompts"] if self._seconds > 0 else []
        new = self.done - self._before
        if new and self.done < self.whole:
            left = (time.monotonic() - self._started) / new * (self.whole - self.done)
            parts.append(f"about {duration(left)} left")
        return ", ".join(parts)

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        pass
