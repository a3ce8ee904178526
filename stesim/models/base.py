"""What stesim asks of a model, whatever runs it.

class Echo:                                   # a whole back end, for a test
    name, fingerprint, context, constrains = "echo", "echo", None, False
    def count(self, messages): return sum(len(m.content) for m in messages)
    def complete(self, request, on_text=None): return Completion(request.messages[-1].content, "stop")
    def embed(self, texts): return [[1.0] for _ in texts]
    def describe(self): return {}
    def close(self): pass
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import orjson

from stesim.records import Completion, Message, Request

OnText = Callable[[str], None]


class Model(Protocol):
    """Completes requests. A reply depends on the request alone, not on what was asked before."""

    @property
    def name(self) -> str:
        """A short name for people."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the model's replies could change."""

    @property
    def context(self) -> int | None:
        """The largest prompt and reply together, in tokens; None if there is no bound."""

    @property
    def constrains(self) -> bool:
        """Whether replies are held to a request's grammar."""

    def count(self, messages: Sequence[Message]) -> int:
        """How many tokens a prompt of these messages has."""

    def complete(self, request: Request, on_text: OnText | None = None) -> Completion:
        """Answer a request; `on_text` is given the completion's text piece by piece as it comes."""

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """A vector of length 1 for each text; raises `ModelError` if the model has none."""

    def describe(self) -> Mapping[str, Any]:
        """What the manifest should say of the model besides its name and fingerprint."""

    def close(self) -> None:
        """Free what the model holds."""


class WrappedModel:
    """Passes everything on to another model; what wraps one overrides what it changes."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.name = model.name
        self.fingerprint = model.fingerprint
        self.context = model.context
        self.constrains = model.constrains

    def count(self, messages: Sequence[Message]) -> int:
        """The other model's count."""
        return self._model.count(messages)

    def complete(self, request: Request, on_text: OnText | None = None) -> Completion:
        """The other model's completion."""
        return self._model.complete(request, on_text)

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """The other model's vectors."""
        return self._model.embed(texts)

    def describe(self) -> Mapping[str, Any]:
        """What the other model says of itself."""
        return self._model.describe()

    def close(self) -> None:
        """Close the other model."""
        self._model.close()


def digest(messages: Sequence[Message]) -> str:
    """A short name for a prompt: 16 hex digits."""
    return hashlib.sha256(orjson.dumps([[m.role, m.content] for m in messages])).hexdigest()[:16]


def estimate_tokens(messages: Sequence[Message]) -> int:
    """A count for models without a tokenizer: a quarter of the UTF-8 bytes, and four tokens a message."""
    return sum(4 + (len(message.content.encode("utf-8", "replace")) + 3) // 4 for message in messages)
