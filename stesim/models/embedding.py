"""Sentence embeddings from a GGUF model's own layers: the mean over a text's tokens, of length 1.

Embedder(api, model_handle, tokenize).embed(["Will it rain in Paris?"])

Made for models that were trained to write, not to embed, so that they are a rough guide. Not covered: batches of texts,
texts beyond 512 tokens (which are cut).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from stesim.errors import ModelError

_LONGEST = 512  # tokens


class Embedder:
    """A second context over a loaded model, for embeddings alone; `close` frees it."""

    def __init__(self, api: Any, model: Any, tokenize: Callable[[str], list[int]], threads: int) -> None:
        parameters = api.llama_context_default_params()
        parameters.n_ctx = parameters.n_batch = parameters.n_ubatch = _LONGEST
        parameters.n_threads = parameters.n_threads_batch = threads
        parameters.embeddings = True
        parameters.pooling_type = api.LLAMA_POOLING_TYPE_MEAN
        self._api = api
        self._size = api.llama_model_n_embd(model)
        self._tokenize = tokenize
        self._context = api.llama_init_from_model(model, parameters)
        if not self._context:
            raise ModelError("there is not enough memory for the embeddings' context")
        self._batch = api.llama_batch_init(_LONGEST, 0, 1)

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector of length 1 a text; a text without tokens gets zeros."""
        return [self._one(self._tokenize(text)[:_LONGEST]) for text in texts]

    def _one(self, tokens: list[int]) -> list[float]:
        import numpy

        if not tokens:
            return [0.0] * self._size
        self._api.llama_memory_clear(self._api.llama_get_memory(self._context), True)
        batch = self._batch
        batch.n_tokens = len(tokens)
        for place, token in enumerate(tokens):
            batch.token[place], batch.pos[place] = token, place
            batch.n_seq_id[place], batch.seq_id[place][0], batch.logits[place] = 1, 0, True
        if self._api.llama_decode(self._context, batch):
            raise ModelError("llama.cpp cannot embed with this model")
        pointer = self._api.llama_get_embeddings_seq(self._context, 0)
        if not pointer:
            raise ModelError("llama.cpp gives no embeddings with this model")
        vector = numpy.ctypeslib.as_array(pointer, shape=(self._size,)).astype(numpy.float64)
        length = float(numpy.linalg.norm(vector))
        return (vector / length if length else vector).tolist()  # type: ignore[no-any-return]

    def close(self) -> None:
        """Free the context."""
        if self._context:
            self._api.llama_batch_free(self._batch)
            self._api.llama_free(self._context)
            self._context = None
