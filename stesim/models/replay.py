"""A model that repeats a recorded run: the same request gets the recorded completion, anything else an error.

    stesim run --model replay:runs/first --out runs/again       # byte for byte the same trials.jsonl

A prompt that has changed since is not answered by something similar: the error shows the difference.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from stesim.errors import ModelError, ReplayMismatch
from stesim.models.base import OnText, digest
from stesim.records import Completion, Message, Request

_SHOWN = 40


class ReplayModel:
    """Plays the completions of a run by their place in it; of a place recorded twice, the later one."""

    def __init__(
        self,
        recorded: Iterable[tuple[Request, Completion]],
        counts: Mapping[str, int],
        *,
        name: str,
        fingerprint: str,
        context: int | None = None,
    ) -> None:
        self.name = name
        self.fingerprint = fingerprint
        self.context = context
        self._played = {request.place: (request, completion) for request, completion in recorded}
        self._counts = counts
        self.constrains = any(request.grammar for request, _ in self._played.values())

    def count(self, messages: Sequence[Message]) -> int:
        """The recorded count; 0 for a prompt that was never counted: it fits, and `complete` will not find it."""
        return self._counts.get(digest(messages), 0)

    def complete(self, request: Request, on_text: OnText | None = None) -> Completion:
        """The recorded completion; raises `ReplayMismatch` if there is none or the request has changed."""
        place = request.place
        where = f"{place.tool}, episode {place.episode}, trial {place.trial}, call {place.call}"
        if place not in self._played:
            raise ReplayMismatch(f"{self.name} did not record {where}")
        recorded, completion = self._played[place]
        if recorded != request:
            raise ReplayMismatch(f"{self.name} recorded something else for {where}:\n{_difference(recorded, request)}")
        if on_text:
            on_text(completion.text)
        return completion

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Refused: there are no layers to take vectors from."""
        raise ModelError(f"{self.name} has no embeddings; use a GGUF model, or retrieval by words")

    def describe(self) -> Mapping[str, Any]:
        """Nothing more to say."""
        return {}

    def close(self) -> None:
        """Nothing to free."""


def _difference(recorded: Request, asked: Request) -> str:
    lines = difflib.unified_diff(_as_lines(recorded), _as_lines(asked), "recorded", "now", lineterm="", n=1)
    shown = list(lines)
    rest = [f"… {len(shown) - _SHOWN} more lines"] if len(shown) > _SHOWN else []
    return "\n".join(shown[:_SHOWN] + rest)


def _as_lines(request: Request) -> list[str]:
    settings = {name: value for name, value in asdict(request).items() if name not in ("messages", "place", "grammar")}
    settings["grammar"] = digest([Message("system", request.grammar)]) if request.grammar else "none"
    lines = [f"{name}: {value!r}" for name, value in settings.items()]
    for message in request.messages:
        lines += [f"[{message.role}]", *message.content.split("\n")]
    return lines
