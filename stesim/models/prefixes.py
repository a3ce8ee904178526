"""Prompts that were evaluated before, kept aside: a model that is asked in turns about different things need not read
the beginning of each conversation anew.

    shelf = Prefixes(api, limit=256 << 20)
    shelf.keep(llm, tokens)                       # before the cache is used for something else
    shelf.restore(llm, wanted, at_least=128)      # the tokens that are back in the cache

What is kept is the cache's own content, byte for byte, so that replies do not depend on it. Not covered: models whose
state is not a cache of tokens (restoring them fails and changes nothing).
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

from stesim.records import shared_prefix

_MOST = 4  # prompts kept


class Prefixes:
    """The few prompts that were used last; `limit` is how many bytes they may take in all."""

    def __init__(self, api: Any, limit: int) -> None:
        self._api = api
        self._limit = limit
        self._kept: list[tuple[list[int], Any, int]] = []  # tokens, content, its size; the newest last

    def keep(self, llm: Any, tokens: Sequence[int]) -> None:
        """Put what is in the cache aside: it holds the prompt of these tokens and maybe more after it."""
        llm._ctx.kv_cache_seq_rm(-1, len(tokens), -1)
        size = self._api.llama_state_seq_get_size(llm.ctx, 0)
        if not 0 < size <= self._limit:
            return
        content = (ctypes.c_uint8 * size)()
        written = self._api.llama_state_seq_get_data(llm.ctx, content, size, 0)
        if written == 0:
            return
        # A prompt that begins as one kept before does takes its place: it is another turn of that conversation.
        self._kept = [kept for kept in self._kept if 2 * shared_prefix(kept[0], tokens) < len(kept[0])]
        self._kept.append((list(tokens), content, written))
        while len(self._kept) > _MOST or sum(kept[2] for kept in self._kept) > self._limit:
            del self._kept[0]

    def restore(self, llm: Any, tokens: Sequence[int], at_least: int) -> list[int] | None:
        """Bring the kept prompt back that shares the most leading tokens, if they are `at_least` so many.

        Returns the tokens that are in the cache then, or None if nothing was brought back and the cache is as it was.
        """
        best = max(self._kept, key=lambda kept: shared_prefix(kept[0], tokens), default=None)
        if best is None or shared_prefix(best[0], tokens) < at_least:
            return None
        llm._ctx.kv_cache_seq_rm(-1, 0, -1)
        if self._api.llama_state_seq_set_data(llm.ctx, best[1], best[2], 0) == 0:
            llm._ctx.kv_cache_seq_rm(-1, 0, -1)  # what came before it failed
            self._kept = []
            return []
        self._kept = [kept for kept in self._kept if kept is not best] + [best]
        return best[0]
