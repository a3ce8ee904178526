"""What the servers of an activation remember: the state of each provider, and which requests came how often.

    >>> import datetime
    >>> world = World(datetime.date(2026, 10, 30))
    >>> notes = world.state("notes", lambda today: [f"begun on {today}"])
    >>> notes.append("buy milk")
    >>> world.state("notes", lambda today: [])
    ['begun on 2026-10-30', 'buy milk']
    >>> world.reset()
    >>> world.state("notes", lambda today: [])
    []

Not covered: a state that outlives the process.
"""

from __future__ import annotations

import datetime
import hashlib
from collections import Counter
from collections.abc import Callable
from typing import Any


class World:
    """The memory of all servers, as on the day `today`. A new one has only what the seed tables hold."""

    def __init__(self, today: datetime.date) -> None:
        self.today = today
        self._states: dict[str, Any] = {}
        self._seen: Counter[str] = Counter()

    def reset(self) -> None:
        """Forget everything that was asked and done."""
        self._states.clear()
        self._seen.clear()

    def state(self, provider: str, make: Callable[[datetime.date], Any]) -> Any:
        """The state of a provider, made from its seed table when it is first asked for."""
        if provider not in self._states:
            self._states[provider] = make(self.today)
        return self._states[provider]

    def times_seen(self, request: str) -> int:
        """How often this very request was made before; counts it."""
        digest = hashlib.sha256(request.encode("utf-8", "replace")).hexdigest()
        self._seen[digest] += 1
        return self._seen[digest] - 1
