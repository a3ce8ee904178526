"""Compare and search text the forgiving way: case, accents and punctuation do not count.

    >>> from mocktools.text import fold
    >>> fold("São Paulo"), fold("Washington, D.C.")
    ('sao paulo', 'washington dc')

Not covered: spelling mistakes, synonyms, languages that need word segmentation.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

# Letters that Unicode does not decompose into a base letter and a mark.
_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "\u0131": "i", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th"})
_DROPPED = frozenset("'.`\u2019\u2018\u02bc\u02bb")
# A new sentence begins with a capital; "Jr. was", "U.S. Army", "St. Louis" and "J. R. R. Tolkien" are none.
_SENTENCE_END = re.compile(r"(?<!\b[A-Z]\.)(?<!\b(?:Jr|Sr|St|Dr|Mr|No)\.)(?<!\b(?:Mrs)\.)(?<=[.!?]) (?=[A-Z])")
_STOP_WORDS = frozenset({
    "a", "an", "and", "are", "as", "at", "be", "by", "did", "do", "does", "for", "from", "how", "in", "is", "it",
    "its", "me", "of", "on", "or", "paper", "papers", "tell", "that", "the", "their", "there", "this", "to", "was",
    "were", "what", "when", "where", "which", "who", "why", "with",
})  # fmt: skip


def fold(text: str) -> str:
    """`text` in lower case without accents and punctuation, its words parted by single spaces."""
    # Unicode's compatibility caseless matching: decomposing can bring up capitals, and folding marks.
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text.casefold()).casefold())
    decomposed = folded.translate(_LETTERS)
    kept = "".join(
        letter if letter.isalnum() else " "
        for letter in decomposed
        if letter not in _DROPPED and not unicodedata.combining(letter)
    )
    return " ".join(kept.split())


def first_sentence(text: str) -> str:
    """`text` up to the first full stop that ends a sentence: not that of an abbreviation or an initial."""
    match = _SENTENCE_END.search(text)
    return text if match is None else text[: match.start()]


def words(text: str) -> list[str]:
    """The words of `text` that a search looks for: folded, without the plural s, without stop words."""
    return [_singular(word) for word in fold(text).split() if word not in _STOP_WORDS]


def _singular(word: str) -> str:
    plural = len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is"))
    return word[:-1] if plural else word


@dataclass(frozen=True, slots=True)
class Document:
    """What a search sees of a record: its `title`, and the sets of words in title and text."""

    title: str
    title_words: frozenset[str]
    all_words: frozenset[str]


def document(title: str, *texts: str) -> Document:
    """The searchable form of a record."""
    in_title = frozenset(words(title))
    return Document(title, in_title, in_title.union(*(words(text) for text in texts)))


def search(query: str, documents: Sequence[Document]) -> list[int]:
    """The indices of the documents that hold at least half of the query's words, best first.

    A word in the title counts three times as much as one in the text; among equals the order of
    `documents` decides, so put the more important ones first.
    """
    wanted = frozenset(words(query))
    exact = fold(query)
    scored = []
    for index, doc in enumerate(documents):
        found = len(wanted & doc.all_words)
        if not found or 2 * found < len(wanted):
            continue
        score = found + 2 * len(wanted & doc.title_words) + 10 * (fold(doc.title) == exact)
        scored.append((-score, index))
    return [index for _, index in sorted(scored)]
