"""Find the texts that are nearest to a query: the demonstrations to show, the tools to offer (paper: section 3.2).

    >>> index = by_words(["Will it rain in Oslo?", "How many euros are 20 dollars?", "Weather in Rome, please"])
    >>> index.nearest("how many yen for 5 dollars", 2)
    [1, 0]

By words is BM25 over folded words: case, accents, the plural's ending and words that say nothing of the subject do not
count, and a number counts as some number, so that "5 days" is near "3 days". By embedding is the cosine of a model's
vectors. Both are deterministic; equal texts keep their order. Not covered: synonyms and spelling mistakes (by words),
languages that need word segmentation.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from stesim.errors import ToolError
from stesim.grounding.numbers import SMALL
from stesim.records import Tool
from stesim.toolbox import fold

if TYPE_CHECKING:
    import numpy

    Scores = numpy.ndarray[Any, numpy.dtype[numpy.float64]]

Embed = Callable[[Sequence[str]], list[list[float]]]

# BM25's usual settings: how fast a word's repetition stops to count, and how much a long text is held back.
_K1, _B = 1.5, 0.75
_DIGITS = 9  # decimals in which scores must differ: sums in another order are no difference
_MOST_CHOICES = 12  # of an enumeration that count as words about a tool

_PART = re.compile(
    r"(?P<date>\d{4}-\d\d?-\d\d?)|(?P<time>\d\d?:\d\d(?::\d\d)?)|(?P<number>\d+(?:[.,]\d+)*(?:(?:st|nd|rd|th)\b)?)"
    r"|(?P<word>[^\W\d_]+(?:['’][^\W\d_]+)*)|(?P<sign>[$€£¥₹%°+*^=])"
)
_ENDING = re.compile(r"['’](?:s|re|ve|ll|d|m)$", re.IGNORECASE)  # what's, I'm
_NUMBER = "#number"
# "one" mostly means something else.
_NUMBER_WORDS = frozenset({*SMALL, "hundred", "thousand", "million"} - {"zero", "one"})
# Words without a hint of the subject. Question words (when, where, how many) and directions (from, to, before, after)
# hint at the tool that is wanted, and stay; so do "us" and "may", which are also a country and a month.
_STOP_WORDS = frozenset({
    "a", "an", "the", "and", "or", "but", "of", "in", "on", "at", "for", "with", "by", "as", "is", "are", "was",
    "were", "am", "be", "been", "being", "it", "its", "this", "that", "these", "those", "there", "i", "me", "my",
    "mine", "we", "our", "you", "your", "he", "she", "his", "her", "they", "them", "their", "do", "does", "did",
    "have", "has", "had", "can", "could", "would", "should", "will", "shall", "might", "must", "please", "just",
    "so", "if", "then", "also", "some", "any",
})  # fmt: skip


class Index(Protocol):
    """Texts in which the nearest ones to a query can be found."""

    def nearest(self, query: str, n: int, among: Collection[int] | None = None) -> list[int]:
        """The positions of the `n` nearest texts, best first, equally near ones by position; all if there are fewer.

        `among` leaves all other positions out; raises `IndexError` for one that there is not.
        """


def by_words(texts: Sequence[str]) -> Index:
    """An index of texts by their words (BM25)."""
    return _WordIndex(texts)


def by_embedding(texts: Sequence[str], embed: Embed) -> Index:
    """An index of texts by a model's vectors: `embed` is asked for them once, and for one of each query.

    The texts' mean vector is taken off first: the vectors of a model that was not trained to embed point nearly the
    same way. A blank text is near to nothing. Raises what `embed` raises, such as `ModelError`.
    """
    return _VectorIndex(texts, embed)


def candidates(tools: Sequence[Tool], query: str, n: int, index: Index, right: str | None = None) -> list[Tool]:
    """The `n` tools to offer for a query, in the toolset's order; `index` holds `tool_text` of each tool in this order.

    `right` is the paper's oracle: the tool of this name, which a test query needs, and those nearest to its name,
    description and tags, whatever the query says; it is there even where `n` is 0. Raises `ToolError` if it is none of
    the tools.
    """
    if right is None:
        chosen = index.nearest(query, n)
    else:
        place = next((place for place, tool in enumerate(tools) if tool.name == right), None)
        if place is None:
            raise ToolError(f"the right tool {right[:60]!r} is not among the tools to choose from")
        others = [other for other in range(len(tools)) if other != place]
        chosen = [place, *index.nearest(_subject(tools[place]), n - 1, others)]
    return [tools[place] for place in sorted(chosen)]


def tool_text(tool: Tool) -> str:
    """What a tool is found by: its name, description and tags, its parameters and what little they can be chosen from.

    >>> tool_text(Tool("getSun_times", "Sunrise and sunset.", {"properties": {"kind": {"enum": ["rise", "set"]}}}))
    'get Sun times. Sunrise and sunset. kind: rise, set.'
    """
    parts = [_subject(tool)]
    for name, schema in tool.parameters.get("properties", {}).items():
        told = schema if isinstance(schema, dict) else {}
        choices = [value for value in told.get("enum", ()) if isinstance(value, str)]
        about = [str(told.get("description", "")), ", ".join(choices) if len(choices) <= _MOST_CHOICES else ""]
        parts.append(f"{_plainly(name)}: {' '.join(filter(None, about))}".rstrip(": "))
    return _sentences(parts)


def _subject(tool: Tool) -> str:
    """What a tool is about. Its parameters are not: a city, a date and a limit are common to very different tools."""
    return _sentences([_plainly(tool.name), tool.description, ", ".join(tool.tags)])


def _sentences(parts: Sequence[str]) -> str:
    return " ".join(f"{part.rstrip('.')}." for part in parts if part.strip())


def _plainly(name: str) -> str:
    """A program's name as words."""
    return re.sub(r"[\W_]+|(?<=[a-z])(?=[A-Z])", " ", name).strip()


class _WordIndex:
    """BM25 over `_tokens`."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._size = len(texts)
        # Numbered here as they come: the library would number them in the order of a set.
        self._vocabulary: dict[str, int] = {}
        tokens = [
            [self._vocabulary.setdefault(token, len(self._vocabulary)) for token in _tokens(text)] for text in texts
        ]
        self._bm25: Any = None
        if self._vocabulary:
            import bm25s

            self._bm25 = bm25s.BM25(k1=_K1, b=_B, method="lucene", dtype="float64", backend="numpy")
            self._bm25.index((tokens, dict(self._vocabulary)), create_empty_token=False, show_progress=False)

    def nearest(self, query: str, n: int, among: Collection[int] | None = None) -> list[int]:
        """See `Index`."""
        import numpy

        wanted = [self._vocabulary[token] for token in _tokens(query) if token in self._vocabulary]
        scores: Scores = self._bm25.get_scores_from_ids(wanted) if wanted else numpy.zeros(self._size)
        return _best(scores, n, among)


class _VectorIndex:
    """Cosines of centred vectors."""

    def __init__(self, texts: Sequence[str], embed: Embed) -> None:
        import numpy

        self._embed = embed
        told = [place for place, text in enumerate(texts) if text.strip()]
        found = numpy.array(embed([texts[place] for place in told]) if told else [[0.0]], dtype=numpy.float64)
        self._middle = found.mean(axis=0)
        self._vectors = numpy.zeros((len(texts), found.shape[1]))
        if told:
            self._vectors[told] = _unit(found - self._middle)

    def nearest(self, query: str, n: int, among: Collection[int] | None = None) -> list[int]:
        """See `Index`."""
        import numpy

        scores = numpy.zeros(len(self._vectors))
        if query.strip() and self._vectors.any():
            vector = numpy.array(self._embed([query])[0], dtype=numpy.float64)
            scores = self._vectors @ _unit(vector - self._middle)
        return _best(scores, n, among)


def _unit(vectors: Scores) -> Scores:
    """The vectors with length 1; one that is nothing but rounding becomes zeros."""
    import numpy

    lengths = numpy.linalg.norm(vectors, axis=-1, keepdims=True)
    return numpy.where(lengths > 1e-9, vectors / numpy.maximum(lengths, 1e-9), 0.0)


def _best(scores: Scores, n: int, among: Collection[int] | None) -> list[int]:
    """The positions of the `n` highest scores among some, equal ones by position."""
    import numpy

    places = range(len(scores)) if among is None else sorted(set(among))
    if places and not 0 <= places[0] <= places[-1] < len(scores):
        raise IndexError(f"there are {len(scores)} texts, and none at {places[0]} or at {places[-1]}")
    chosen = numpy.array(places, dtype=numpy.intp)
    order = numpy.argsort(-scores[chosen].round(_DIGITS), kind="stable")
    return [int(place) for place in chosen[order[: max(n, 0)]]]


def _tokens(text: str) -> list[str]:
    """What counts of a text, in its order; a text of nothing but stop words keeps them."""
    found: list[str] = []
    for match in _PART.finditer(unicodedata.normalize("NFKC", text)):
        kind, part = match.lastgroup, match.group()
        if kind == "word":
            found += fold(_ENDING.sub("", part)).split()
        else:
            found.append(part if kind == "sign" else f"#{kind}")
    kept = [word for word in found if word not in _STOP_WORDS] or found
    plain = [_NUMBER if word in _NUMBER_WORDS else _singular(word) for word in kept]
    # "twenty-five" and "1 000" are one number.
    return [token for place, token in enumerate(plain) if token != _NUMBER or place == 0 or plain[place - 1] != token]


def _singular(word: str) -> str:
    """A word without the ending of an English plural; a few other words lose a letter, too, always the same."""
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    if len(word) > 4 and word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word
