r"""A text for a simple regular expression: literals, classes, groups, choices and repetitions, read from the left.

    >>> sample(r"^[A-Z]{2}-\d{4}$", lambda limit: 0)
    'AA-0000'
    >>> sample(r"(?=a)b", lambda limit: 0) is None
    True

The expression is never run. Not covered (None): look-arounds, references back, named classes, flags, `\b`.
"""

from __future__ import annotations

import string
from collections.abc import Callable
from dataclasses import dataclass, field

Draw = Callable[[int], int]

_LONGEST = 300  # characters of an expression
_MOST = 400  # characters of a text
_MOST_STEPS = 5_000
_DIGITS = string.digits
_WORDS = string.ascii_lowercase + string.digits
_KNOWN = {"d": _DIGITS, "w": _WORDS, "s": " ", "D": string.ascii_lowercase, "W": "-", "S": _WORDS}
_ESCAPED = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v", "0": "\0"}
# What a class that says what may not be there is filled from.
_ANY = string.ascii_lowercase + string.digits + string.ascii_uppercase + "-_. /:"


class _TooHard(Exception):
    """The expression has something that is not covered."""


@dataclass
class _Piece:
    """One thing to write: a sign of `signs`, or one of `choices`; as often as `least` to `most` says."""

    signs: str = ""
    choices: list[list[_Piece]] = field(default_factory=list)
    least: int = 1
    most: int | None = 1


def sample(pattern: str, draw: Draw, shortest: int = 0) -> str | None:
    """A text of about `shortest` characters or more that matches the whole of `pattern`, or None if it is too hard.

    `draw(limit)` gives a number from 0 to limit - 1.
    """
    if len(pattern) > _LONGEST:
        return None
    reader = _Reader(pattern)
    try:
        choices = reader.choices(0)
        if reader.at < len(pattern):
            return None
        for more in (0, 1, 2, 4, 8, 16, 32, 64, 128, 256):
            text = _Writer(draw, more).text(choices)
            if len(text) >= shortest:
                return text
    except (_TooHard, IndexError, ValueError):
        pass
    return None


class _Writer:
    """Writes a text; what may be there more often is there `more` times."""

    def __init__(self, draw: Draw, more: int) -> None:
        self._draw = draw
        self._more = more
        self._left = _MOST_STEPS

    def text(self, choices: list[list[_Piece]]) -> str:
        written = ""
        for piece in choices[self._draw(len(choices)) if len(choices) > 1 else 0]:
            more = self._more if piece.most is None else min(self._more, piece.most - piece.least)
            for _ in range(piece.least + more):
                self._left -= 1
                written += self.text(piece.choices) if piece.choices else piece.signs[self._draw(len(piece.signs))]
                if len(written) > _MOST or self._left < 0:
                    raise _TooHard
        return written


class _Reader:
    """Reads an expression from the left; `at` is how far."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self.at = 0

    def choices(self, depth: int) -> list[list[_Piece]]:
        if depth > 20:
            raise _TooHard
        found: list[list[_Piece]] = [[]]
        while self.at < len(self._pattern) and self._pattern[self.at] != ")":
            sign = self._next()
            if sign == "|":
                found.append([])
            elif sign == "^":
                if found[-1] or depth > 1:
                    raise _TooHard
            elif sign == "$":
                if self.at < len(self._pattern) and self._pattern[self.at] not in ")|":
                    raise _TooHard
            else:
                found[-1].append(self._repeated(self._piece(sign, depth)))
        return found

    def _next(self) -> str:
        self.at += 1
        return self._pattern[self.at - 1]

    def _peek(self, text: str) -> bool:
        return self._pattern.startswith(text, self.at)

    def _piece(self, sign: str, depth: int) -> _Piece:
        if sign == "(":
            if self._peek("?:"):
                self.at += 2
            elif self._peek("?"):
                raise _TooHard
            piece = _Piece(choices=self.choices(depth + 1))
            if self._next() != ")":
                raise _TooHard
            return piece
        if sign == "[":
            return _Piece(self._class())
        if sign == ".":
            return _Piece(_WORDS)
        if sign == "\\":
            return _Piece(self._escaped())
        if sign in "*+?{":
            raise _TooHard
        return _Piece(sign)

    def _escaped(self) -> str:
        sign = self._next()
        if sign in _KNOWN:
            return _KNOWN[sign]
        if sign in "xu":
            length = 2 if sign == "x" else 4
            code = self._pattern[self.at : self.at + length]
            self.at += length
            if len(code) != length:
                raise _TooHard
            return chr(int(code, 16))
        if sign in _ESCAPED:
            return _ESCAPED[sign]
        if sign.isalnum():
            raise _TooHard
        return sign

    def _class(self) -> str:
        refused = self._peek("^")
        self.at += refused
        signs: list[str] = []
        first = True
        while first or not self._peek("]"):
            first = False
            sign = self._next()
            if sign == "[" and self._peek(":"):
                raise _TooHard
            held = self._escaped() if sign == "\\" else sign
            if len(held) == 1 and self._peek("-") and not self._peek("-]"):
                self.at += 1
                end = self._next()
                end = self._escaped() if end == "\\" else end
                if len(end) != 1 or end < held:
                    raise _TooHard
                # The first of a large range will do; of what is refused, all signs that could be chosen.
                most = 800 if refused else 99
                held = "".join(chr(code) for code in range(ord(held), min(ord(end), ord(held) + most) + 1))
            signs.append(held)
        self.at += 1
        held = "".join(signs)
        if refused:
            held = "".join(sign for sign in _ANY if sign not in held and sign not in _whole(held))
        if not held:
            raise _TooHard
        # Letters and digits read better than the signs between them.
        return "".join(sign for sign in held if sign.isalnum() and sign.isascii()) or held

    def _repeated(self, piece: _Piece) -> _Piece:
        if self.at >= len(self._pattern):
            return piece
        sign = self._pattern[self.at]
        if sign in "*+?":
            self.at += 1
            piece.least, piece.most = {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
        elif sign == "{":
            self.at += 1
            end = self._pattern.index("}", self.at)
            least, _, most = self._pattern[self.at : end].partition(",")
            piece.least = int(least)
            piece.most = (int(most) if most else None) if "," in self._pattern[self.at : end] else piece.least
            self.at = end + 1
            if piece.least > _MOST or (piece.most is not None and piece.most < piece.least):
                raise _TooHard
        else:
            return piece
        if self._peek("?"):  # as few as possible: the same texts
            self.at += 1
        if self.at < len(self._pattern) and self._pattern[self.at] in "*+{":
            raise _TooHard
        return piece


def _whole(held: str) -> str:
    """All signs of the named classes in `held`: what is not `\\w` is no capital either."""
    more = string.ascii_uppercase + "_" if set(_WORDS) <= set(held) else ""
    return more + ("\t\n\r\f\v" if " " in held else "")
