"""Prompts put aside: how many, how large, which give way, and what happens when one cannot be brought back."""

from __future__ import annotations

from typing import Any

import pytest

from stesim.models.prefixes import Prefixes

BYTES = 10  # a token's part of the state


class FakeContext:
    """The cache of a fake model: the tokens that it holds."""

    def __init__(self) -> None:
        self.tokens: list[int] = []

    def kv_cache_seq_rm(self, sequence: int, start: int, end: int) -> bool:
        assert (sequence, end) == (-1, -1)
        del self.tokens[start:]
        return True


class FakeLlm:
    """A model whose state is its tokens."""

    def __init__(self) -> None:
        self._ctx = FakeContext()
        self.ctx = self._ctx

    def hold(self, tokens: list[int]) -> list[int]:
        self._ctx.tokens = list(tokens)
        return tokens


class FakeApi:
    """Writes the tokens of a cache down and reads them back, a byte a token and some filling."""

    def __init__(self) -> None:
        self.fails_to_read = self.fails_to_write = False

    def llama_state_seq_get_size(self, context: FakeContext, sequence: int) -> int:
        assert sequence == 0
        return len(context.tokens) * BYTES

    def llama_state_seq_get_data(self, context: FakeContext, content: Any, size: int, sequence: int) -> int:
        assert (len(content), sequence) == (size, 0)
        for place, token in enumerate(context.tokens):
            content[place * BYTES] = token
        return 0 if self.fails_to_write else size

    def llama_state_seq_set_data(self, context: FakeContext, content: Any, size: int, sequence: int) -> int:
        assert (len(content), sequence) == (size, 0)
        assert context.tokens == []  # nothing is left of what was there
        if self.fails_to_read:
            context.tokens = [0]
            return 0
        context.tokens = [content[place * BYTES] for place in range(size // BYTES)]
        return size


@pytest.fixture
def api() -> FakeApi:
    return FakeApi()


@pytest.fixture
def llm() -> FakeLlm:
    return FakeLlm()


def prompt(beginning: int, length: int = 10) -> list[int]:
    """A prompt that shares nothing with one of another beginning."""
    return [beginning] * length


def kept(shelf: Prefixes, llm: FakeLlm, *beginnings: int, length: int = 10) -> list[int]:
    """Which of the prompts can be brought back."""
    found = []
    for beginning in beginnings:
        wanted = prompt(beginning, length)
        back = shelf.restore(llm, wanted, at_least=length)
        if back is not None:
            assert back == llm._ctx.tokens == wanted
            found.append(beginning)
    return found


def test_what_is_kept_comes_back_as_it_was(api: FakeApi, llm: FakeLlm) -> None:
    shelf = Prefixes(api, limit=1000)
    tokens = llm.hold([1, 2, 3, 4, 5, 6])
    llm._ctx.tokens += [8, 9]  # a reply after the prompt, which does not stay
    shelf.keep(llm, tokens)
    assert llm._ctx.tokens == tokens
    llm.hold([7, 7, 7])
    assert shelf.restore(llm, [1, 2, 3, 4, 9, 9], at_least=4) == tokens
    assert llm._ctx.tokens == tokens


def test_too_little_in_common_changes_nothing(api: FakeApi, llm: FakeLlm) -> None:
    shelf = Prefixes(api, limit=1000)
    assert shelf.restore(llm, [1, 2], at_least=0) is None
    shelf.keep(llm, llm.hold([1, 2, 3, 4, 5, 6]))
    llm.hold([7, 7, 7])
    assert shelf.restore(llm, [1, 2, 3, 4, 9, 9], at_least=5) is None
    assert llm._ctx.tokens == [7, 7, 7]


def test_the_longest_shared_beginning_is_brought_back(api: FakeApi, llm: FakeLlm) -> None:
    shelf = Prefixes(api, limit=1000)
    for tokens in ([1, 2, 9, 9, 9, 9], [1, 2, 3, 8, 8, 8, 8, 8], [1, 7, 7, 7]):
        shelf.keep(llm, llm.hold(tokens))
    assert shelf.restore(llm, [1, 2, 3, 4], at_least=1) == [1, 2, 3, 8, 8, 8, 8, 8]


def test_at_most_four_are_kept_and_the_oldest_goes(api: FakeApi, llm: FakeLlm) -> None:
    shelf = Prefixes(api, limit=10_000)
    for beginning in (1, 2, 3, 4, 5, 6):
        shelf.keep(llm, llm.hold(prompt(beginning)))
    assert kept(shelf, llm, 1, 2, 3, 4, 5, 6) == [3, 4, 5, 6]


def test_what_was_brought_back_is_the_newest(api: FakeApi, llm: FakeLlm) -> None:
    shelf = Prefixes(api, limit=10_000)
    for beginning in (1, 2, 3, 4):
        shelf.keep(llm, llm.hold(prompt(beginning)))
    assert kept(shelf, llm, 1) == [1]
    shelf.keep(llm, llm.hold(prompt(5)))
    assert kept(shelf, llm, 1, 2, 3, 4, 5) == [1, 3, 4, 5]


def test_the_bytes_are_bounded(api: FakeApi, llm: FakeLlm) -> None:
    shelf = Prefixes(api, limit=25 * BYTES)
    for beginning in (1, 2, 3):
        shelf.keep(llm, llm.hold(prompt(beginning)))
    assert kept(shelf, llm, 1, 2, 3) == [2, 3]
    shelf.keep(llm, llm.hold(prompt(4, 26)))  # larger than all there is room for: nothing gives way to it
    assert kept(shelf, llm, 2, 3) == [2, 3]
    assert kept(shelf, llm, 4, length=26) == []
    shelf.keep(llm, llm.hold(prompt(5, 25)))
    assert kept(shelf, llm, 2, 3) == []
    assert kept(shelf, llm, 5, length=25) == [5]


def test_nothing_is_kept_of_an_empty_cache_or_one_that_cannot_be_written(api: FakeApi, llm: FakeLlm) -> None:
    shelf = Prefixes(api, limit=1000)
    shelf.keep(llm, llm.hold([]))
    api.fails_to_write = True
    shelf.keep(llm, llm.hold(prompt(1)))
    assert kept(shelf, llm, 1) == []
    assert shelf.restore(llm, [], at_least=0) is None


def test_another_turn_of_a_conversation_takes_the_place_of_the_one_before(api: FakeApi, llm: FakeLlm) -> None:
    shelf = Prefixes(api, limit=10_000)
    shelf.keep(llm, llm.hold(prompt(9)))
    for length in (10, 20, 30, 40, 50, 60):
        shelf.keep(llm, llm.hold(list(range(length))))
    assert kept(shelf, llm, 9) == [9]  # six turns took one place
    assert shelf.restore(llm, list(range(10)), at_least=10) == list(range(60))


@pytest.mark.parametrize(("shared", "both"), [(4, True), (5, False), (6, False)])
def test_a_family_shares_half_of_the_one_kept(api: FakeApi, llm: FakeLlm, shared: int, both: bool) -> None:
    shelf = Prefixes(api, limit=10_000)
    first = llm.hold(list(range(10)))
    shelf.keep(llm, first)
    second = list(range(shared)) + [99] * 30
    shelf.keep(llm, llm.hold(second))
    assert (shelf.restore(llm, first, at_least=shared + 1) == first) is both
    assert shelf.restore(llm, second, at_least=shared + 1) == second


def test_a_restore_that_fails_leaves_an_empty_cache_to_begin_with(api: FakeApi, llm: FakeLlm) -> None:
    shelf = Prefixes(api, limit=10_000)
    for beginning in (1, 2):
        shelf.keep(llm, llm.hold(prompt(beginning)))
    api.fails_to_read = True
    assert shelf.restore(llm, prompt(1), at_least=5) == []
    assert llm._ctx.tokens == []
    api.fails_to_read = False
    assert kept(shelf, llm, 1, 2) == []  # it is not tried again
    shelf.keep(llm, llm.hold(prompt(3)))
    assert kept(shelf, llm, 3) == [3]
