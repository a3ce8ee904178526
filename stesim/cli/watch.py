"""`--watch`: a model whose conversation is shown as it happens, coloured by role, for teaching."""

from __future__ import annotations

from typing import Any

from stesim.cli.common import plain
from stesim.models.base import Model, OnText, WrappedModel
from stesim.records import Completion, Request

_LABELS = {
    "imagine": "imagines", "call": "calls", "rank": "chooses", "try": "tries", "reflect": "reflects"
}  # fmt: skip
_COLOURS = {"imagine": "cyan", "call": "green", "rank": "blue", "try": "green", "reflect": "magenta"}


class WatchedModel(WrappedModel):
    """Shows what is new in each request, then the reply as it is written."""

    def __init__(self, model: Model, console: Any) -> None:
        super().__init__(model)
        self._console = console
        self._begun = False

    def complete(self, request: Request, on_text: OnText | None = None) -> Completion:
        """Show the request, then the other model's reply, piece by piece."""
        if not self._begun:
            self._show_opening(request)
            self._begun = True
        self._show_new(request)
        heading = f"{plain(self.name)} {_LABELS[request.purpose]}:"
        self._console.print(heading, style=f"bold {_COLOURS[request.purpose]}", markup=False, highlight=False)

        def write(text: str) -> None:
            self._console.out(plain(text), style=_COLOURS[request.purpose], end="", highlight=False)
            if on_text:
                on_text(text)

        completion = super().complete(request, write)
        self._console.print()
        return completion

    def _show_opening(self, request: Request) -> None:
        """The system message, which is shown once, and a word on the worked examples."""
        opening = request.messages[: _last_reply(request) + 1]
        if opening and opening[0].role == "system":
            self._say("system:", opening[0].content)
        if len(opening) > 1:
            self._say("stesim:", f"({len(opening) - 1} messages of worked examples open every conversation)")

    def _show_new(self, request: Request) -> None:
        """What came since the model's last reply."""
        from rich.text import Text

        place = request.place
        if place.call == 0:
            title = f"{plain(place.tool)} · episode {place.episode} · trial {place.trial}"
            self._console.rule(Text(title), characters="─", style="bold")
        for message in request.messages[_last_reply(request) + 1 :]:
            self._say("system:" if message.role == "system" else "stesim:", message.content)

    def _say(self, label: str, text: str) -> None:
        self._console.print(label, style="bold dim")
        self._console.out(plain(text), style="yellow" if text.startswith("Observation:") else "dim", highlight=False)


def _last_reply(request: Request) -> int:
    """The place of the model's last reply among the messages, -1 if there is none."""
    return max((place for place, message in enumerate(request.messages) if message.role == "assistant"), default=-1)
