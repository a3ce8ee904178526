"""One linear scanner for JSON objects as models write them, where only one reading exists.

    from stesim.parsing.json_tolerant import read_object
    read_object("{'a': 1, 'b': True,}", 0, 20).value    # {'a': 1, 'b': True}

Valid JSON is read by the standard library. What is broken is mended member by member; a value is never completed,
shortened or guessed: a text in doubt is `not_json`, one that stops inside a value is `truncated`. Not covered: values
without quotes, YAML, triple quotes, string concatenation, sums. Where the arguments begin: `arguments`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from stesim.parsing.escapes import Escapes, is_cut
from stesim.parsing.values import INVISIBLE, MAX_DEPTH, decode, parse_int

# Far beyond what a model writes in one reply; keeps the worst case of the scanner within milliseconds.
LONGEST_MENDED = 16_384

_S = rf"[\s{INVISIBLE}]"
_SPACE = re.compile(rf"(?:{_S}|\\n|//[^\n]*|#[^\n]*|/\*.*?\*/)*", re.DOTALL)
_PLAIN = {close: re.compile(rf"[^{close}\\\x00-\x1f]*") for close in "\"'”’"}
_CLOSERS = {'"': '"', "'": "'", "“": "”", "‘": "’"}
_INVISIBLE = re.compile(f"[{INVISIBLE}]")
_QUOTED_KEY = rf"""(?:"[^"\n]{{0,80}}"|'[^'\n]{{0,80}}'|“[^”\n]{{0,80}}”){_S}*[:：]"""
# A key that the text was cut off in: enough to see that the string before it has ended.
_CUT_KEY = r"""(?:"[^"\n]{0,80}"?|'[^'\n]{0,80}'?)\Z"""
_BLANK = rf"{_S}*(?:\\n{_S}*)?"
_STOP = r"\Z|`{3}|(?<=\s)(?://|\#|/\*)"
_VALUE = r"[\"'“‘{\[\-\d]|(?i:true|false|null|none)\b"


def _after(closer: str, following: str, word: str) -> re.Pattern[str]:
    """What shows that a string has ended: the closer, the end, or a comma with what may follow it here."""
    stop = rf"\{closer}|{_STOP}"
    more = rf"[,，](?:{_S}*\\n)?[\s{INVISIBLE},，]*(?:{stop}|//|\#|/\*|\.\.\.|…|{word})"
    return re.compile(rf"{_BLANK}(?:{stop}|{following}{more})")


_AFTER_KEY = re.compile(rf"{_S}*[:：]")
_AFTER_MEMBER = {
    "}": _after("}", rf"{_QUOTED_KEY}|", rf"{_QUOTED_KEY}|{_CUT_KEY}|[A-Za-z_]\w{{0,80}}\s*[:：]"),
    ")": _after(")", "", r"[A-Za-z_]\w{0,80}\s*="),
}
_AFTER_ELEMENT = _after("]", "", _VALUE)
_ONLY_KEY = re.compile(_QUOTED_KEY)
# An open quote here is as likely one too many, or the seam of two strings, as part of the text.
_SEAM = re.compile(r"""["'”’][^\w"'“‘]{0,6}[,:{}\[\]\\#+][^\w"'“‘]{0,6}["'“‘]""")
_JOINT = re.compile(r"""\A\s*["'“”’]|["'”’]\s*(?:\Z|[,:{}\[\]])|[,:{}\[\]\\]\s*["'“‘]""")
_COLON = re.compile(r"\s*[:：]")
_NUMBER = re.compile(r"(-?(?:0|[1-9][0-9]*))(\.[0-9]+)?([eE][+-]?[0-9]+)?(?![\w.+])")
_WORD = re.compile(r"-?[A-Za-z_]\w*")
_NAME = re.compile(r"[A-Za-z_]\w*")
_ELLIPSIS = re.compile(r"\.\.\.|…")
_OPERATORS = "+-*/%^×÷"
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "none": None}


@dataclass(frozen=True, slots=True)
class Found:
    """An object that ends before `end`, and the repairs that it took."""

    value: dict[str, Any]
    end: int
    repairs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Broken:
    """No object; `kind` is the kind of the failure, `fault` what a model is told about it (see `failures`)."""

    kind: str
    repairs: tuple[str, ...] = ()
    fault: str = ""


# With one of these, an open quote inside a string leaves more than one reading.
_IN_DOUBT = ("raw_control", "comment", "ellipsis", "missing_comma", "missing_close_brace", "unquoted_key")


class _BrokenError(Exception):
    """Leaves the recursion, with the kind of the failure and the fault."""

    def __init__(self, kind: str, fault: str = "") -> None:
        super().__init__(kind)
        self.kind = kind
        self.fault = fault


def read_object(text: str, start: int, end: int, *, cut: bool = True) -> Found | Broken:
    """The object whose opening brace stands at `start`, read up to `end` at most.

    `cut` says that a text which stops at `end` may have been cut off there; otherwise something else follows.
    """
    found = decode(text, start) if text.startswith("{", start) else None
    if found is not None and found[1] <= end:
        return Found(found[0], found[1], ("duplicate_key",) if found[2] else ())
    if end - start > LONGEST_MENDED:
        return Broken("too_long")
    reader = _Reader(text[:end], start, cut)
    return reader.run("}", opened=True)


def read_members(text: str, start: int, end: int, closer: str, *, cut: bool = True) -> Found | Broken:
    """Members without an opening brace: `"a": 1}`, or the arguments of a call in code with `closer` `)`."""
    if end - start > LONGEST_MENDED:
        return Broken("too_long")
    reader = _Reader(text[:end], start, cut)
    return reader.run(closer, opened=False)


class _Reader:
    """The scanner: a position that only moves forward, and the repairs made so far."""

    def __init__(self, text: str, start: int, cut: bool) -> None:
        self.text = text
        self.at = start
        self.cut = cut
        self.depth = 0
        self.open_quotes = 0
        self.odd_strings = 0
        self.escapes = Escapes()
        self.repairs: dict[str, None] = {}

    def run(self, closer: str, *, opened: bool) -> Found | Broken:
        try:
            value = self.members(closer, opened=opened)
        except _BrokenError as broken:
            return Broken(broken.kind, tuple(self.repairs), broken.fault)
        # One string with an odd number of open quotes can only end where it does; with two, one may belong to either.
        if self.odd_strings > 1 or (self.open_quotes and any(repair in self.repairs for repair in _IN_DOUBT)):
            return Broken("not_json", tuple(self.repairs), "quotes")
        if self.escapes.in_doubt:
            return Broken("not_json", tuple(self.repairs), "backslash")
        return Found(value, self.at, tuple(self.repairs))

    def note(self, repair: str) -> None:
        self.repairs[repair] = None

    def stop(self) -> _BrokenError:
        """The failure for a text that ends in the middle of something."""
        return _BrokenError("truncated" if self.cut else "not_json")

    def over(self) -> bool:
        """Whether nothing of the arguments is left: the end, or a closing code fence."""
        return self.at >= len(self.text) or self.text.startswith("```", self.at)

    def skip(self) -> None:
        """Moves over blanks and comments."""
        end = _SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]  # it matches the empty text
        between = self.text[self.at : end].strip()
        if _INVISIBLE.search(between):
            self.note("invisible")
            between = _INVISIBLE.sub("", between).strip()
        if between:
            bare = between.replace("\\n", "").strip()
            # Such a comment may be part of a string that was read as ended too early.
            if '"' in bare or "}" in bare:
                raise _BrokenError("not_json")
            self.note("comment" if bare else "literal_newline")
        self.at = end

    def value(self, closer: str) -> Any:
        self.skip()
        if self.over():
            raise self.stop()
        char = self.text[self.at]
        if char in "{[":
            return self.nested(char)
        if char in _CLOSERS:
            return self.string(_AFTER_MEMBER[closer])
        return self.bare()

    def nested(self, char: str) -> Any:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _BrokenError("bad_value")
        value = self.members("}", opened=True) if char == "{" else self.elements()
        self.depth -= 1
        return value

    def commas(self) -> int:
        """Moves over commas and what stands between them; how many there were."""
        count = 0
        self.skip()
        while not self.over() and self.text[self.at] in ",，":
            if self.text[self.at] == "，":
                self.note("full_width")
            self.at += 1
            count += 1
            self.skip()
        return count

    def members(self, closer: str, *, opened: bool) -> dict[str, Any]:
        """The members up to `closer`."""
        self.at += opened
        members: dict[str, Any] = {}
        skipped = False
        commas = self.commas()
        while True:
            if not self.over() and (dots := _ELLIPSIS.match(self.text, self.at)):
                self.at = dots.end()
                skipped = True
                commas = self.commas() or 1
                continue
            if self.over():
                return self.unclosed(members, commas, skipped)
            if self.text[self.at] == closer:
                self.at += 1
                break
            if members and not commas:
                if not _ONLY_KEY.match(self.text, self.at):
                    raise _BrokenError("not_json", self.seam())
                self.note("missing_comma")
            if commas > bool(members):
                self.note("trailing_comma")
            # After an ellipsis nothing more is expected: what it stands for would be lost in the middle.
            if skipped:
                raise _BrokenError("template_echo")
            self.member(members, closer)
            commas = self.commas()
        if commas and not skipped:
            self.note("trailing_comma")
        return self.checked(members, skipped)

    def checked(self, members: dict[str, Any], skipped: bool) -> dict[str, Any]:
        if skipped and not members:
            raise _BrokenError("template_echo")
        if skipped:
            self.note("ellipsis")
        return members

    def unclosed(self, members: dict[str, Any], commas: int, skipped: bool) -> dict[str, Any]:
        """The members of an object that the text ends in: all there if nothing can have been cut off."""
        fenced = self.at < len(self.text)
        if not members or ((commas or skipped) and self.cut and not fenced):
            raise self.stop()
        if commas:
            self.note("trailing_comma")
        self.note("missing_close_brace")
        return self.checked(members, skipped)

    def member(self, members: dict[str, Any], closer: str) -> None:
        key = self.key()
        self.skip()
        separator = self.text[self.at : self.at + 1]
        if not separator:
            raise self.stop()
        if separator not in ":：" and not (separator == "=" and closer == ")"):
            raise _BrokenError("not_json")
        if separator == "：":
            self.note("full_width")
        self.at += 1
        value = self.value(closer)
        if key in members and members[key] != value:
            self.note("duplicate_key")
        members[key] = value

    def key(self) -> str:
        if self.text[self.at] in _CLOSERS:
            return self.string(_AFTER_KEY)
        word = _NAME.match(self.text, self.at)
        if not word:
            # 1,000 is not the number 1 and a key.
            raise _BrokenError("not_json", "number" if re.match(r"[0-9],[0-9]", self.text[self.at - 2 :][:3]) else "")
        self.at = word.end()
        if self.at >= len(self.text):
            raise self.stop()
        if self.text[self.at] != "=":
            self.note("unquoted_key")
        return word.group()

    def seam(self) -> str:
        """The fault, if something other than a comma follows a value: 7*2 and 1 000 are no numbers."""
        number = self.text[: self.at][-40:].rstrip()[-1:].isdigit()
        return "number" if number and (self.text[self.at] in _OPERATORS or self.text[self.at].isdigit()) else ""

    def elements(self) -> list[Any]:
        self.at += 1
        elements: list[Any] = []
        commas = self.commas()
        while True:
            if self.over():
                raise self.stop()
            if self.text[self.at] == "]":
                self.at += 1
                break
            if commas != bool(elements):
                if commas < bool(elements):
                    raise _BrokenError("not_json", self.seam())
                self.note("trailing_comma")
            if _ELLIPSIS.match(self.text, self.at):
                raise _BrokenError("template_echo", "dots")
            elements.append(self.string(_AFTER_ELEMENT) if self.text[self.at] in _CLOSERS else self.value("}"))
            commas = self.commas()
        if commas:
            self.note("trailing_comma")
        return elements

    def bare(self) -> Any:
        """A number or a literal."""
        number = _NUMBER.match(self.text, self.at)
        token = number or _WORD.match(self.text, self.at)
        if _ELLIPSIS.match(self.text, self.at):
            raise _BrokenError("template_echo", "dots")
        if token is None:
            raise _BrokenError("not_json", "number" if self.text[self.at] in "+-.0123456789" else "")
        if token.end() >= len(self.text) and self.cut:
            # 12 may have become 123, and tru is not yet true.
            raise _BrokenError("truncated", "bare_end")
        self.at = token.end()
        if number:
            plain = number[2] is None and number[3] is None
            return parse_int(number[1]) if plain else float(number.group())
        word = token.group()
        if word.lstrip("-").lower() in ("nan", "infinity", "inf"):
            raise _BrokenError("bad_value")
        if word.lower() not in _WORDS:
            raise _BrokenError("not_json")
        if word not in _WORDS or word == "none":
            self.note("python_literal")
        return _WORDS[word.lower()]

    def string(self, after: re.Pattern[str]) -> str:
        """A string; a quote ends it only if what follows is what may follow a string here (`after`)."""
        close = _CLOSERS[self.text[self.at]]
        if close != '"':
            self.note("single_quotes")
        begin = self.at = self.at + 1
        parts: list[str] = []
        inner = 0
        while True:
            plain = _PLAIN[close].match(self.text, self.at)
            assert plain is not None  # it matches the empty text
            parts.append(plain.group())
            self.at = plain.end()
            if self.at >= len(self.text):
                raise self.stop()
            char = self.text[self.at]
            if char == "\\":
                parts.append(self.escape())
                continue
            if char == close:
                if after.match(self.text, self.at + 1):
                    break
                inner += self.inner(close, begin, after)
            else:
                self.note("raw_control")
            parts.append(char)
            self.at += 1
        self.at += 1
        string = "".join(parts)
        if inner and (_JOINT if inner % 2 else _SEAM).search(string):
            raise _BrokenError("not_json", "quotes")
        self.open_quotes += inner
        self.odd_strings += inner % 2
        return string

    def inner(self, close: str, begin: int, after: re.Pattern[str]) -> int:
        """Whether to count the quote here, which does not end its string; an apostrophe within a word never counts."""
        text, at = self.text, self.at
        if after is _AFTER_KEY:
            raise _BrokenError("not_json") if text[at + 1 :].strip() else self.stop()
        self.note("inner_quote")
        if close in "'’" and begin < at and text[at - 1].isalnum() and text[at + 1 : at + 2].isalnum():
            return 0
        follows = text[at + 1 : at + 200].lstrip()
        doubled = text.startswith(close, at + 1) and after.match(text, at + 2)
        # A key, or the beginning of the next string: then this one was not closed where it should be.
        if _COLON.match(text, at + 1) or (follows.startswith(close) and not doubled):
            raise _BrokenError("not_json", "quotes")
        return 1

    def escape(self) -> str:
        """What the escape here stands for."""
        self.at += 1
        if is_cut(self.text, self.at):
            raise self.stop()
        read = self.escapes.read(self.text, self.at)
        if read is None:
            raise _BrokenError("not_json", "backslash")
        if self.escapes.stray:
            self.note("stray_backslash")
        self.at = read[1]
        return read[0]
