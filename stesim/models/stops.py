"""Finding stop texts in a reply that comes piece by piece.

>>> finder = StopFinder(["Observation:"])
>>> finder.feed("Action: x Obser"), finder.feed("vation: y"), finder.found, finder.text
('Action: x ', '', True, 'Action: x ')
"""

from __future__ import annotations

from collections.abc import Sequence


class StopFinder:
    """Collects text up to the first stop text; what could still become one is held back."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = [stop for stop in stops if stop]
        self._held = ""
        self._parts: list[str] = []
        self.found = False

    @property
    def text(self) -> str:
        """All text before the stop text, as given out so far."""
        return "".join(self._parts)

    def feed(self, piece: str) -> str:
        """Take the next piece; returns the text that is certain not to belong to a stop text."""
        if self.found:
            return ""
        held = self._held + piece
        starts = [start for stop in self._stops if (start := held.find(stop)) >= 0]
        if starts:
            self.found = True
            return self._give(held, min(starts))
        return self._give(held, len(held) - self._tail(held))

    def finish(self, piece: str = "") -> str:
        """The end of the reply: what was held back is text after all."""
        new = self.feed(piece)
        if self.found:
            return new
        return new + self._give(self._held, len(self._held))

    def _give(self, held: str, upto: int) -> str:
        self._held = held[upto:]
        self._parts.append(held[:upto])
        return held[:upto]

    def _tail(self, held: str) -> int:
        """The length of the longest end of the text that begins a stop text."""
        longest = 0
        for stop in self._stops:
            for size in range(min(len(stop) - 1, len(held)), longest, -1):
                if held.endswith(stop[:size]):
                    longest = size
                    break
        return longest
