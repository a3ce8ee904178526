"""Words as they are compared: folded, without the plural and possessive s; and codes, which need care.

    >>> content("The Who's albums of the year")
    ('album', 'year')

Not covered: irregular plurals, synonyms.
"""

from __future__ import annotations

import re
from functools import lru_cache

from stesim.toolbox import fold

LONGEST = 20_000  # characters of a query that are looked at
# Words that say nothing of a value.
STOP_WORDS = frozenset({
    "a", "about", "am", "an", "and", "any", "are", "as", "at", "be", "been", "by", "can", "could", "did", "do", "does",
    "for", "from", "get", "give", "had", "has", "have", "how", "i", "if", "in", "into", "is", "it", "its", "let", "me",
    "my", "of", "on", "or", "our", "please", "she", "should", "so", "some", "tell", "than", "that", "the", "their",
    "them", "then", "there", "these", "they", "this", "those", "to", "us", "was", "we", "were", "what", "when",
    "where", "which", "who", "why", "will", "with", "would", "you", "your",
})  # fmt: skip
# Codes that are everyday words where they are not in capitals.
_EVERYDAY = STOP_WORDS | frozenset({
    "ago", "all", "bob", "cad", "can", "cup", "es", "eve", "he", "la", "los", "lot", "mad", "man", "mid", "no", "now",
    "old", "one", "pen", "per", "sol", "sos", "ten", "top", "try", "two", "und", "via", "won",
})  # fmt: skip
_SHORTEST_JOINED = 7  # letters
_SHORTEST_STEM = 3  # letters of a word that begins another
_POSSESSIVE = re.compile(r"(?<=\w)['\u2019]s\b", re.IGNORECASE)
_ID = re.compile(r"(?=.*\d)[A-Za-z0-9]+(?:[ ._:/#@+-]{1,2}[A-Za-z0-9]+)*")


@lru_cache(maxsize=2048)
def folded(text: str) -> str:
    """Folded words parted by single blanks, without possessive s; underscores and hyphens part words."""
    return fold(_POSSESSIVE.sub("", text[:LONGEST]))


@lru_cache(maxsize=2048)
def stems(text: str) -> tuple[str, ...]:
    """The folded words without the plural s."""
    return tuple(map(stem, folded(text).split()))


def stem(word: str) -> str:
    """A folded word without the plural s: "cities" is "city", "Paris" stays."""
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    plural = len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is"))
    return word[:-1] if plural else word


def begins(one: str, other: str) -> bool:
    """Whether one of two words begins the other: "asc" and "ascending", "used" and "use"."""
    shorter, longer = sorted((one, other), key=len)
    return len(shorter) >= _SHORTEST_STEM and longer.startswith(shorter)


def content(text: str) -> tuple[str, ...]:
    """The stems that carry meaning, in order."""
    return tuple(word for word in stems(text) if word not in STOP_WORDS)


def is_run(text: str, query: str, exact: bool = False) -> bool:
    """Whether the words of a text stand in the query one after the other; `exact`: plurals are other words."""
    wanted, said = _padded(text, exact).strip(), _padded(query, exact)
    if not wanted:
        return bool(text.strip()) and text.strip() in query
    if any(letter >= "\u2e80" for letter in wanted):  # scripts that do not part words
        return wanted.replace(" ", "") in said.replace(" ", "")
    return f" {wanted} " in said


@lru_cache(maxsize=2048)
def _padded(text: str, exact: bool) -> str:
    """The words of a text, each with a blank before and after it."""
    return f" {folded(text) if exact else ' '.join(stems(text))} "


def has_words(text: str, query: str) -> bool:
    """Whether all words of a text that carry meaning are in the query, in any order."""
    wanted = content(text)
    return bool(wanted) and set(wanted) <= set(stems(query))


def is_joined(text: str, query: str) -> bool:
    """Whether a text of one long word is in the query as several ("midnightblue": "midnight blue")."""
    word = folded(text)
    if not _SHORTEST_JOINED <= len(word) <= 40 or " " in word:
        return False
    return re.search(rf"\b{' ?'.join(map(re.escape, word))}\b", folded(query)) is not None


def has_code(code: str, query: str) -> bool:
    """Whether a code of a few letters is in the query: in capitals ("U.S." too), or as a word that is no everyday one.

    A sign such as "$" must not follow a letter: "A$" is another.
    """
    query = query[:LONGEST]
    if not code.isalpha() or not code.isascii():
        return bool(code) and re.search(rf"(?<![^\W\d_]){re.escape(code)}(?![^\W\d_])", query) is not None
    spelled = r"\.?".join(code.upper())
    if re.search(rf"(?<!\w){spelled}(?!\w)", query):
        return True
    lower = code.lower()
    return lower not in _EVERYDAY and lower in folded(query).split()


def has_id(text: str, query: str) -> bool:
    """Whether a value with digits in it ("P-1002", an IBAN) is in the query, grouped in whatever way."""
    if len(text) > 80 or not _ID.fullmatch(text):
        return False
    signs = [letter for letter in text if letter.isalnum()]
    apart = r"[\W_]{0,2}".join(signs)
    return re.search(rf"(?<![^\W_]){apart}(?![^\W_])", query[:LONGEST], re.IGNORECASE) is not None
