"""A model that writes down every call made to another one: the cassette of a run.

recording = RecordingModel(model, folder.add_completion)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from stesim.models.base import Model, OnText, WrappedModel, digest
from stesim.records import Completion, Message, Request

Write = Callable[[Request, Completion, Mapping[str, int]], None]


class RecordingModel(WrappedModel):
    """Passes requests on and gives each, with its completion and the counts asked for before it, to `write`."""

    def __init__(self, model: Model, write: Write) -> None:
        super().__init__(model)
        self._write = write
        self._counts: dict[str, int] = {}

    def count(self, messages: Sequence[Message]) -> int:
        """The other model's count, remembered for the record."""
        name = digest(messages)
        if name not in self._counts:
            self._counts[name] = self._model.count(messages)
        return self._counts[name]

    def complete(self, request: Request, on_text: OnText | None = None) -> Completion:
        """The other model's completion, written down before it is returned."""
        completion = self._model.complete(request, on_text)
        self._write(request, completion, self.take_counts())
        return completion

    def take_counts(self) -> Mapping[str, int]:
        """The counts since the last completion; they are forgotten here."""
        counts, self._counts = self._counts, {}
        return counts
