"""What a rewording must not be, lack or add; all by rule, so that a model's mistake costs nothing but a reply.

    >>> from stesim.records import Tool
    >>> tool = Tool("convert", "", {"properties": {"amount": {"type": "number"}}})
    >>> check = Check(tool, {"amount": 5}, "How much is 5 miles in kilometres?")
    >>> check.fault("Can you tell me how many kilometres 5 miles are?"), check.fault("How far are 6 miles?")
    ('', 'lost_value')

The rules are made for small models, which drift, invent and turn things round. Those of `new_value` and `drifted` may
also drop good rewordings by a model with a rich vocabulary: `overlap` 0 switches the last one off. Not covered: a
change of sense that keeps all words ("before" and "after" changed for one another), other languages than English.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from stesim.grounding import Grounding, ungrounded
from stesim.grounding.numbers import numbers
from stesim.grounding.words import begins, content, stems
from stesim.queries import LONGEST_QUERY
from stesim.records import Tool
from stesim.similarity import similarity
from stesim.toolbox import names_of_code

# Why a reply is not taken for a rewording, in the order in which it is looked at.
REASONS: Mapping[str, str] = {
    "cut_off": "was cut off",
    "empty": "says nothing",
    "names_tool": "names the tool",
    "same": "is too close to the query or to another rewording",
    "lost_value": "lacks a value that the call needs",
    "swapped": "has two values in the other order",
    "new_value": "has a number or a name that the query lacks",
    "drifted": "shares too few words with the query",
    "echo": "has words of the worked examples that the query lacks",
}
_WORD = re.compile(r"[^\W_]+(?:['’][^\W\d_]+)?")
_SENTENCE = re.compile(r"[.!?:]\s+|\A\W*|[\"“‘(]")
_NAME = re.compile(r"[a-z]+")  # a tool's name that may be an everyday word
_SENTENCES = re.compile(r"(?<=[.!?])\s+")
_PAIRS = 40  # values that are compared in pairs
_KIND = ("type", "format", "pattern", "enum", "minimum", "maximum")


@dataclass(frozen=True)
class Check:
    """Looks at the rewordings of one query, for which the call has these `arguments`.

    `similar` (0 to 1) is the similarity from which on two texts are the same. `overlap` (0 to 1) is the share of words
    that a rewording must have in common with the query: of the query's words, and of its own. `alien` are words of the
    worked examples, which have no place in a rewording of another query.
    """

    tool: Tool
    arguments: Mapping[str, Any]
    query: str
    how: Grounding = "words"
    today: datetime.date | None = None
    similar: float = 0.9
    overlap: float = 0.5
    alien: frozenset[str] = frozenset()

    def trimmed(self, text: str) -> str:
        """A reply without the sentences at its end that have nothing of the query ("What can I do for you?")."""
        sentences = _SENTENCES.split(text)
        while len(sentences) > 1 and not set(content(sentences[-1])) & set(content(self.query)):
            del sentences[-1]
        return " ".join(sentences)

    def fault(self, text: str, others: Sequence[str] = (), *, opening: str = "", cut_off: bool = False) -> str:
        """Why `text` is no rewording, one of `REASONS`, or an empty text.

        `others` are the rewordings so far; `opening` is what the reply was made to begin with.
        """
        if cut_off or len(text) >= LONGEST_QUERY:
            return "cut_off"
        if not stems(text):
            return "empty"
        if self._names_tool(text):
            return "names_tool"
        if any(similarity(text, other) >= self.similar for other in (self.query, *others)):
            return "same"
        if set(self._ungrounded(text)) - self._missing:
            return "lost_value"
        if self._is_swapped(text):
            return "swapped"
        if self._adds(text):
            return "new_value"
        if self._drifts(text.removeprefix(opening)):
            return "drifted"
        return "echo" if set(stems(text)) & self.alien - set(stems(self.query)) else ""

    def _names_tool(self, text: str) -> bool:
        name = self.tool.name
        return name in text and name not in self.query and not _NAME.fullmatch(name)

    def _ungrounded(self, text: str) -> tuple[str, ...]:
        # Where queries need not be grounded, a rewording still may not lose what the query has.
        how = "words" if self.how == "off" else self.how
        return ungrounded(self.arguments, text, self.tool, how, self.today)

    @cached_property
    def _missing(self) -> frozenset[str]:
        """The arguments that the query itself does not say."""
        return frozenset(self._ungrounded(self.query))

    # -- the order of values ---------------------------------------------------------------------------------------

    @cached_property
    def _alike(self) -> tuple[tuple[str, str], ...]:
        """The pairs of arguments of one kind (two places, two days), in the order in which the query says them."""
        properties = self.tool.parameters.get("properties", {})
        kinds = {
            name: repr([properties[name].get(trait) for trait in _KIND])
            for name in list(self.arguments)[:_PAIRS]
            if isinstance(properties.get(name), Mapping) and isinstance(self.arguments[name], str | int | float)
        }
        said = {name: place for name in kinds if (place := self._place(name, self.query)) is not None}
        return tuple(
            (one, other) for one in said for other in said if kinds[one] == kinds[other] and said[one] < said[other]
        )

    def _is_swapped(self, text: str) -> bool:
        places = {name: self._place(name, text) for pair in self._alike for name in pair}
        for one, other in self._alike:
            before, after = places[one], places[other]
            if before is not None and after is not None and before > after:
                return True
        return False

    def _place(self, name: str, text: str) -> int | None:
        """After how many words of the text the argument is said; None if it never is."""
        ends = [match.end() for match in _WORD.finditer(text)]
        value = {name: self.arguments[name]}
        how = "words" if self.how == "off" else self.how

        def said(words: int) -> bool:
            return not ungrounded(value, text[: ends[words - 1]] if words else "", self.tool, how, self.today)

        if not ends or said(0) or not said(len(ends)):
            return None
        low, high = 1, len(ends)
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if said(middle) else (middle + 1, high)
        return low

    # -- what is new, and what is left -----------------------------------------------------------------------------

    def _adds(self, text: str) -> bool:
        """Whether there is a number in digits, or a name within a sentence, that the query does not have."""
        known = numbers(self.query, loose=True) | {Decimal(digits) for digits in re.findall(r"[0-9]{1,30}", self.query)}
        for digits in re.findall(r"[0-9]{1,30}", text):
            if int(digits) and Decimal(digits) not in known:
                return True
        begins = {match.end() for match in _SENTENCE.finditer(text)}
        words = set(stems(self.query))
        for match in _WORD.finditer(text):
            word = match[0]
            if word[0].isupper() and match.start() not in begins and not _is_known(word, words):
                return True
        return False

    def _drifts(self, text: str) -> bool:
        asked, said = set(content(self.query)), set(content(text))
        if not self.overlap or not asked or not said:
            return False
        kept = sum(word in self._values or _among(word, said) for word in asked)
        own = sum(word in self._values or _among(word, asked) for word in said)
        if kept < self.overlap * len(asked) or own < self.overlap * len(said):
            return True
        return len(self._topic) > 1 and not any(_among(word, said) for word in self._topic)

    @cached_property
    def _topic(self) -> frozenset[str]:
        """The query's words that are no values: what is asked about them."""
        words = " ".join(word for word in self.query.split() if word.islower() and not any(map(str.isdigit, word)))
        return frozenset(content(words)) - self._values

    @cached_property
    def _values(self) -> frozenset[str]:
        """The words of the values, and of the names of those that are codes."""
        texts = [str(value) for value in list(self.arguments.values())[:_PAIRS]]
        names = [name for text in texts if len(text) in (2, 3) and text.isupper() for name in names_of_code(text)]
        return frozenset(word for text in [*texts, *names] for word in stems(text))


def _among(word: str, words: set[str]) -> bool:
    """Whether a word is among others, or begins one of them or is begun by it."""
    return word in words or any(begins(word, other) for other in words)


def _is_known(word: str, words: set[str]) -> bool:
    """Whether a capitalized word is among the stems of the query, by itself or as what a code there stands for."""
    found = set(stems(word))
    if found <= words or word in ("I", "I'd", "I'm", "I'll", "I've"):
        return True
    for code in (word, *words) if word.isupper() else words:
        if len(code) in (2, 3) and code.isalpha():
            for name in names_of_code(code.upper()):
                if (found & set(stems(name))) or (code == word and set(stems(name)) & words):
                    return True
    return False
