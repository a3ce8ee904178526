"""What the tests of adapters ask of a tiny model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stesim.models.llamacpp import LlamaCppModel
from stesim.records import Message, Place, Request, Sampling

TALK = (Message("system", "You help."), Message("user", "What is the weather in the town?"))
Load = Callable[..., LlamaCppModel]


def ask(*messages: Message, seed: int = 1) -> Request:
    return Request(Place("t", 1, 1, 0), "try", messages, Sampling(1.0, 1.0, 0, 0.0, 1.0, 24), seed, ())


def predicted(model: LlamaCppModel, reply: str = "in the town") -> Any:
    return model.logits(model.tokens(TALK), model.reply_tokens(reply))
