"""`--watch`: a model whose conversation is shown as it happens, coloured by role, for teaching."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stesim.cli.common import plain
from stesim.models.base import Model, OnText
from stesim.records import Completion, Message, Request

_LABELS = {"imagine": "imagines", "try": "tries", "reflect": "reflects"}
_COLOURS = {"imagine": "cyan", "try": "green", "reflect": "magenta"}


class WatchedModel:
    """Shows what is new in each request, then the reply as it is written."""

    def __init__(self, model: Model, console: Any) -> None:
        self._model = model
        self._console = console
        self.name = model.name
        self.fingerprint = model.fingerprint
        self.context = model.context

    def count(self, messages: Sequence[Message]) -> int:
        """The other model's count."""
        return self._model.count(messages)

    def complete(self, request: Request, on_text: OnText | None = None) -> Completion:
        """Show the request, then the other model's reply, piece by piece."""
        self._show(request)
        self._console.print(f"{self.name} {_LABELS[request.purpose]}:", style=f"bold {_COLOURS[request.purpose]}")

        def write(text: str) -> None:
            self._console.out(plain(text), style=_COLOURS[request.purpose], end="", highlight=False)
            if on_text:
                on_text(text)

        completion = self._model.complete(request, write)
        self._console.print()
        return completion

    def _show(self, request: Request) -> None:
        place = request.place
        if request.purpose == "imagine":
            title = f"{plain(place.tool)} · episode {place.episode} · trial {place.trial}"
            self._console.rule(title, characters="─", style="bold")
        replies = [number for number, message in enumerate(request.messages) if message.role == "assistant"]
        for message in request.messages[replies[-1] + 1 if replies else 0 :]:
            observed = message.content.startswith("Observation:")
            self._console.print("system:" if message.role == "system" else "stesim:", style="bold dim")
            self._console.out(plain(message.content), style="yellow" if observed else "dim", highlight=False)

    def describe(self) -> Mapping[str, Any]:
        """What the other model says of itself."""
        return self._model.describe()

    def close(self) -> None:
        """Close the other model."""
        self._model.close()
