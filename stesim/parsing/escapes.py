"""Backslashes in strings, and whether they can be read in one way only.

    from stesim.parsing.escapes import Escapes
    Escapes().read("d+", 0)     # ('\\\\', 0): JSON does not know it, so the backslash is part of the text

A model that writes `\\d` does not double its backslashes; then `\\b` or `\\new` beside it may be meant as it stands,
too. Where that is so for any string of the arguments, all of them are in doubt. Not here: quotes, and where a string
ends.
"""

from __future__ import annotations

import re

_HEX = re.compile(r"u([0-9a-fA-F]{4})(?:\\u([dD][c-fC-F][0-9a-fA-F]{2}))?")
_CUT = re.compile(r"(?:u[0-9a-fA-F]{0,3})?\Z")
_KNOWN = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class Escapes:
    """The escapes of all strings of one object, by what they are."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    @property
    def stray(self) -> bool:
        """Whether there was one that JSON does not know."""
        return not self._seen.isdisjoint(("unknown", "markdown", "apostrophe"))

    @property
    def in_doubt(self) -> bool:
        """Whether there are two readings: with the backslashes as text, and without."""
        if "unknown" in self._seen:
            return len(self._seen) > 1
        # Of `\\_` and `\\*` the backslash is Markdown's; beside a path's it need not be.
        return "markdown" in self._seen and "letter" in self._seen

    def read(self, text: str, at: int) -> tuple[str, int] | None:
        """What the escape whose backslash stands before `at` means, and where it ends; None if it is broken."""
        char = text[at]
        if char == '"':
            return char, at + 1
        if char in _KNOWN:
            self._seen.add("slash" if char == "/" else "letter")
            return _KNOWN[char], at + 1
        if char in "ux":
            code = _HEX.match(text, at)
            self._seen.add("code")
            return _character(code) if code else None
        self._seen.add("markdown" if char in "_*" else "apostrophe" if char == "'" else "unknown")
        return (char, at + 1) if char in "'_*" else ("\\", at)


def is_cut(text: str, at: int) -> bool:
    """Whether the text ends within the escape whose backslash stands before `at`."""
    return bool(_CUT.match(text, at))


def _character(code: re.Match[str]) -> tuple[str, int]:
    first = int(code[1], 16)
    if 0xD800 <= first < 0xDC00 and code[2]:
        return chr(0x10000 + ((first - 0xD800) << 10) + int(code[2], 16) - 0xDC00), code.end()
    return chr(first), code.start() + 5
