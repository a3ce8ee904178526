"""A model that plays a list of completions: for tests, demos and CI.

    >>> model = ScriptedModel(["Paris?", "Thought: x\\nFinal Answer: Yes"])
    >>> model.count(())
    0

It keeps the requests it saw in `requests`, and fails loudly when the list is used up. A script file is a JSON list
of strings, or JSON lines each a string or an object with `text`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from stesim.errors import ModelError, ScriptExhausted
from stesim.files import read_bounded
from stesim.models.base import OnText, estimate_tokens
from stesim.records import Completion, Message, Request

_LARGEST = 64 << 20  # bytes of a script


class ScriptedModel:
    """Answers the nth request with the nth text, cut at the request's stop texts as a real model's would be.

    A text is a whole reply: what a real model's reply would be made to begin with is not put before it. Raises
    `ModelError` for one that cannot be written down.
    """

    context: int | None = None
    constrains = False

    def __init__(self, texts: Sequence[str], name: str = "scripted") -> None:
        self._texts = list(texts)
        for number, text in enumerate(self._texts, 1):
            try:
                text.encode()
            except UnicodeEncodeError as error:
                half = ascii(text[error.start])[1:-1]
                raise ModelError(f"{name}: reply {number} has {half}, half of a character, which is no text") from None
        self._next = 0
        self.name = name
        self.fingerprint = hashlib.sha256(orjson.dumps(self._texts)).hexdigest()
        self.requests: list[Request] = []

    @classmethod
    def from_file(cls, path: Path) -> ScriptedModel:
        """Read a script; raises `ModelError` naming the file, and the line where there is one."""
        try:
            data = read_bounded(path, _LARGEST)
        except OSError as error:
            raise ModelError(f"cannot read the script {path}: {error.strerror}") from None
        return cls(_texts(data, path), name=f"scripted:{path.name}")

    def skip(self, count: int) -> None:
        """Go on as if `count` completions had been played already (for a resumed run)."""
        self._next += count

    def count(self, messages: Sequence[Message]) -> int:
        """An estimate: there is no tokenizer."""
        return estimate_tokens(messages)

    def complete(self, request: Request, on_text: OnText | None = None) -> Completion:
        """The next text of the script; raises `ScriptExhausted` when there is none."""
        self.requests.append(request)
        if self._next >= len(self._texts):
            place = request.place
            raise ScriptExhausted(
                f"{self.name} has only {len(self._texts)} completions; one more was asked for: {request.purpose}, "
                f"{place.tool}, episode {place.episode}, trial {place.trial}, call {place.call}"
            )
        text = self._texts[self._next]
        self._next += 1
        for stop in request.stop:
            text = text.partition(stop)[0]
        if request.choices and text not in request.choices:
            raise ModelError(f"{self.name}: completion {self._next} is none of the choices there are: {text!r:.80}")
        if on_text:
            on_text(text)
        return Completion(
            text=text,
            finish="stop",
            prompt_tokens=self.count(request.messages),
            tokens=estimate_tokens([Message("assistant", text)]),
        )

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """Refused: there are no layers to take vectors from."""
        raise ModelError(f"{self.name} has no embeddings; use a GGUF model, or retrieval by words")

    def describe(self) -> Mapping[str, Any]:
        """Nothing more to say."""
        return {}

    def close(self) -> None:
        """Nothing to free."""


def _texts(data: bytes, path: Path) -> list[str]:
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        value = []
        for number, line in enumerate(data.splitlines(), 1):
            try:
                value += [orjson.loads(line)] if line.strip() else []
            except orjson.JSONDecodeError as error:
                raise ModelError(f"{path}, line {number} is not JSON: {error}") from None
    if not isinstance(value, list):
        value = [value]
    texts: list[str] = []
    for number, entry in enumerate(value, 1):
        text = entry.get("text") if isinstance(entry, dict) else entry
        if not isinstance(text, str):
            raise ModelError(f"{path}: completion {number} is neither a text nor an object with a text")
        texts.append(text)
    return texts
