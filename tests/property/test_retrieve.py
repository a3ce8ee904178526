"""Properties of retrieval: the library's scores are BM25's, and the answer is always the n best in order."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from stesim.records import Tool
from stesim.retrieve import _tokens, by_embedding, by_words, candidates, tool_text

WORDS = st.lists(
    st.sampled_from(["rain", "snow", "Städte", "city", "cities", "5", "seven", "the", "$", "?"]), max_size=8
)
TEXTS = st.one_of(WORDS.map(" ".join), st.text(st.characters(exclude_categories=[]), max_size=30))
CORPORA = st.lists(TEXTS, max_size=12)


def bm25(texts: Sequence[str], query: str) -> list[float]:
    """The scores as the textbook has them (k1 = 1.5, b = 0.75, the idf of Lucene)."""
    documents = [Counter(_tokens(text)) for text in texts]
    mean = sum(document.total() for document in documents) / max(len(documents), 1) or 1
    scores = [0.0] * len(texts)
    for word in _tokens(query):
        holds = sum(word in document for document in documents)
        idf = math.log(1 + (len(documents) - holds + 0.5) / (holds + 0.5))
        for place, document in enumerate(documents):
            tf = document[word]
            scores[place] += idf * tf / (tf + 1.5 * (0.25 + 0.75 * document.total() / mean))
    return scores


@given(CORPORA, TEXTS, st.integers(-1, 15), st.data())
@example(["rain", "", "rain"], "rain rain", 3, None)
def test_by_words_is_bm25(texts: list[str], query: str, n: int, data: st.DataObject | None) -> None:
    places = list(range(len(texts)))
    among = data.draw(st.none() | st.sets(st.sampled_from(places)) if places else st.none()) if data else None
    scores = bm25(texts, query)
    wanted = sorted(places if among is None else among, key=lambda place: (-round(scores[place], 9), place))
    assert by_words(texts).nearest(query, n, among) == wanted[: max(n, 0)]


@given(CORPORA, st.integers(0, 11))
def test_a_text_is_as_near_as_its_equal_and_case_does_not_count(texts: list[str], place: int) -> None:
    texts = [*texts, "rain in the city"]
    text = texts[min(place, len(texts) - 1)]
    doubled = [*texts, *texts]
    found = by_words(doubled).nearest(text, len(doubled))
    assert sorted(found) == list(range(len(doubled)))
    for position in range(len(texts)):
        assert found.index(position) < found.index(position + len(texts))
    # Letters that fold one way in upper case and another in lower case are few, and not among these.
    if text.isascii():
        assert by_words(doubled).nearest(text.upper(), 5) == by_words(doubled).nearest(text.lower(), 5)


VECTORS = st.lists(st.tuples(*[st.integers(-5, 5)] * 3), min_size=1, max_size=10)


def cosines(vectors: Sequence[Sequence[float]], query: Sequence[float]) -> list[float]:
    middle = [sum(column) / len(vectors) for column in zip(*vectors, strict=True)]

    def centred(vector: Sequence[float]) -> list[float]:
        moved = [value - mean for value, mean in zip(vector, middle, strict=True)]
        length = math.hypot(*moved)
        return [value / length for value in moved] if length > 1e-9 else [0.0] * len(moved)

    wanted = centred(query)
    return [sum(a * b for a, b in zip(centred(vector), wanted, strict=True)) for vector in vectors]


@given(VECTORS, st.tuples(*[st.integers(-5, 5)] * 3), st.integers(0, 12))
@example([(1, 1, 1)], (2, 2, 2), 1)
@example([(1, 2, 3), (1, 2, 3), (0, 0, 0)], (1, 2, 3), 3)
def test_by_embedding_is_the_cosine_of_centred_vectors(
    vectors: list[tuple[int, int, int]], query: tuple[int, int, int], n: int
) -> None:
    known = {f"text {place}": vector for place, vector in enumerate(vectors)} | {"query": query}
    index = by_embedding(list(known)[:-1], lambda texts: [list(map(float, known[text])) for text in texts])
    found = index.nearest("query", n)
    scores = cosines(vectors, query)
    assert len(found) == len(set(found)) == min(n, len(vectors))
    # Equal but for rounding may stand either way round here; that equal vectors keep their order is a test of its own.
    left = [score for place, score in enumerate(scores) if place not in found]
    ranked = [scores[place] for place in found]
    assert all(one > other - 1e-8 for one, other in pairwise(ranked))
    assert not ranked or not left or ranked[-1] > max(left) - 1e-8


TOOLS = st.lists(
    st.builds(Tool, st.sampled_from(["getRain", "get_snow", "list cities", "add"]), TEXTS, st.just({})),
    min_size=1, max_size=6, unique_by=lambda tool: tool.name,
)  # fmt: skip


@given(TOOLS, TEXTS, st.integers(1, 8), st.booleans())
def test_candidates_are_n_of_the_tools_in_their_order(tools: list[Tool], query: str, n: int, oracle: bool) -> None:
    index = by_words([tool_text(tool) for tool in tools])
    right = tools[-1].name if oracle else None
    offered = candidates(tools, query, n, index, right)
    names = [tool.name for tool in offered]
    assert len(offered) == min(n, len(tools))
    assert names == [tool.name for tool in tools if tool.name in names]
    assert right is None or right in names
