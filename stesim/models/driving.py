"""How a stage asks a model: a generator yields each request and is sent the completion, and `drive` goes between.

    >>> from stesim.models import ScriptedModel
    >>> def ask(request): print((yield request).text)
    >>> from stesim.records import Place, Request, Sampling
    >>> greedy = Sampling(0.0, 1.0, 0, 0.0, 1.0, max_tokens=8)
    >>> drive(ask(Request(Place("today", 1, 1, 1), "try", (), greedy, seed=0)), ScriptedModel(["Hello"]))
    Hello

So one driver can run a single trial, or many side by side, without the stage knowing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator

from stesim.models.base import Model
from stesim.records import Completion, Place, Request

Asking = Generator[Request, Completion, None]


def drive(asking: Asking, model: Model) -> None:
    """Run a generator of requests to its end, answering each with the model."""
    try:
        request = next(asking)
        while True:
            request = asking.send(model.complete(request))
    except StopIteration:
        return


def derive_seed(seed: int, place: Place) -> int:
    """The sampler's seed for one completion: from the stage's seed and the place in it, 31 bits."""
    text = f"{seed}\0{place.tool}\0{place.episode}\0{place.trial}\0{place.call}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1
