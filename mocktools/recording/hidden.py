"""The secrets that a tool sends to a live API: filled from the environment, and found in what comes back.

    >>> from mocktools.tools import Secret
    >>> keys = filled([Secret("header", "Authorization", "Bearer ${PET_TOKEN}")], {"PET_TOKEN": "s3cret/1"})
    >>> keys.headers, keys.hidden.without({"url": "https://a.example/?key=s3cret%2F1"})
    ({'Authorization': 'Bearer s3cret/1'}, ({'url': 'https://a.example/?key=[removed]'}, ['${PET_TOKEN} in url']))

A value is taken out as it is and as URLs, JSON, HTML, base64, base32 and hexadecimal write it; `inside` also finds it
in up to four such writings within one another, in quoted-printable, in other letters of case, and with signs that are
no letters (spaces, quotes, commas) between its own. Not covered: hashes, signatures, encryption or compression of a
value, a value backwards, cut into pieces that stand apart, or as numbers of characters.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import quote, quote_plus, unquote

from mocktools.errors import MockToolsError
from mocktools.exchanges.files import place_of, shown
from mocktools.tools import Secret

REMOVED = "[removed]"
# A shorter value, or one that every other answer has, would be taken out of words that have nothing to do with it.
SHORTEST = 8
_WORD = 12  # letters and nothing else; a word has fewer
_COMMON = (
    "application/problem+json application/vnd.api+json application/json; charset=utf-8 application/javascript "
    "application/x-www-form-urlencoded application/octet-stream application/xhtml+xml application/xml text/javascript "
    "multipart/form-data text/plain; charset=utf-8 text/html; charset=utf-8; charset=us-ascii; charset=iso-8859-1 "
    "content-type content-language content-length content-encoding content-disposition authorization: bearer "
    "www-authenticate proxy-authorization accept-language last-modified transfer-encoding user-agent cache-control "
    "x-total-count x-total-pages x-next-page x-prev-page x-per-page retry-after connection: keep-alive https://www. "
    "http://localhost unauthorized internal server error bad request too many requests client_secret client_id "
    "access_token refresh_token 0123456789 1234567890 9876543210 abcdefghijklmnopqrstuvwxyz removed@example.com "
    "[removed]"
)
_PASSWORD = 4  # characters; what is shorter is none
_FEWEST = 4  # different characters
_UNDONE = 4  # writings within one another
_BUDGET = 24 * 1024 * 1024  # characters, with those of what is undone
_DISTINCT = 10  # letters or digits of a value that are looked for among other signs; of both, SHORTEST will do
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]{0,100})\}", re.ASCII)
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}", re.ASCII)
# Headers that may be written out among the secrets and still say nothing secret.
_OPEN = frozenset({"accept", "accept-language", "content-type", "user-agent"})
_ESCAPE = re.compile("%[0-9A-F]{2}")


@dataclass(frozen=True)
class Hidden:
    """Values that must not be stored; the keys say what they are, as in "${PET_TOKEN}"."""

    values: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def _forms(self) -> dict[str, str]:
        """Every way to write a value, and what it is; the longest first."""
        found: dict[str, str] = {}
        for label, value in self.values.items():
            for form in _forms(value):
                found.setdefault(form, label)
        return dict(sorted(found.items(), key=lambda pair: (-len(pair[0]), pair[0])))

    @cached_property
    def _search(self) -> re.Pattern[str] | None:
        return re.compile("|".join(map(re.escape, self._forms))) if self._forms else None

    @cached_property
    def _bare(self) -> dict[str, str]:
        """The letters and digits of every way to write a value, and what it is."""
        found = {_letters(form): label for form, label in self._forms.items()}
        return {letters: label for letters, label in found.items() if _distinct(letters)}

    @cached_property
    def _folded(self) -> dict[str, str]:
        return {form.casefold(): label for form, label in self._forms.items()}

    def inside(self, text: str) -> str | None:
        """Which value is in `text`, also after undoing what URLs, JSON and others do to it; None if none is."""
        if not self._forms:
            return None
        waiting = [(text.replace(REMOVED, ""), 0)]
        seen = {waiting[0][0]}
        left = _BUDGET - len(text)
        for found, depth in waiting:  # grows
            if label := self._plainly(found):
                return label
            for undo in _UNDO if depth < _UNDONE else ():
                made = undo(found)
                if made and made not in seen and len(made) <= left:
                    left -= len(made)
                    seen.add(made)
                    waiting.append((made, depth + 1))
        return None

    def _plainly(self, text: str) -> str | None:
        for known, within in ((self._folded, text.casefold()), (self._bare, _letters(text))):
            for form, label in known.items():
                if form in within:
                    return label
        return None

    def without(self, content: Any, *place: str) -> tuple[Any, list[str]]:
        """A copy of JSON, which stands at `place`, without the values, and where each was: "${PET_TOKEN} in owner"."""
        found: dict[str, None] = {}
        return self._clean(content, place, found), list(found)

    def _clean(self, value: Any, steps: tuple[str | int, ...], found: dict[str, None]) -> Any:
        if isinstance(value, str):
            return self._text(value, steps, found)
        if isinstance(value, dict):
            members: dict[str, Any] = {}
            for name, inner in value.items():
                clean = self._text(name, steps, found)
                while clean in members:
                    clean += "'"
                members[clean] = self._clean(inner, (*steps, clean), found)
            return members
        if isinstance(value, list | tuple):
            return [self._clean(inner, (*steps, at), found) for at, inner in enumerate(value)]
        if isinstance(value, int | float) and not isinstance(value, bool):
            # A key made of digits may come back as a number.
            written = json.dumps(value)
            clean = self._text(written, steps, found)
            return value if clean == written else clean
        return value

    def _text(self, text: str, steps: tuple[str | int, ...], found: dict[str, None]) -> str:
        def replaced(match: re.Match[str]) -> str:
            found[f"{self._forms[match[0]]} in {place_of(steps) or 'it'}"] = None
            return REMOVED

        return self._search.sub(replaced, text) if self._search else text


@dataclass(frozen=True)
class Keys:
    """The secrets of a tool with their values, by where they travel."""

    headers: Mapping[str, str] = field(default_factory=dict)
    query: tuple[tuple[str, str], ...] = ()
    hidden: Hidden = field(default_factory=Hidden)

    def __bool__(self) -> bool:
        return bool(self.hidden.values)

    def __repr__(self) -> str:
        # Neither a log nor a failing test shows the values.
        return f"Keys({', '.join(self.hidden.values)})"


def filled(secrets: Iterable[Secret], environment: Mapping[str, str], tool: str = "") -> Keys:
    """The secrets of the tool called `tool` with their values from the environment.

    Raises `MockToolsError` for a variable that is not set or cannot be used.
    """
    headers: dict[str, str] = {}
    query: list[tuple[str, str]] = []
    cookies: list[str] = []
    values: dict[str, str] = {}
    whose = f"tool {shown(tool)}: " if tool else ""
    for secret in secrets:
        value = _VARIABLE.sub(lambda found: _variable(found[1], environment, whose), secret.value)
        wrong = _problem(secret, value)
        if wrong:
            raise MockToolsError(f"{whose}the secret {secret.where} {shown(secret.name)} {wrong}")
        try:
            values.update(_values(secret, value, environment))
        except MockToolsError as error:
            raise MockToolsError(f"{whose}{error}") from None
        if secret.where == "header":
            headers[secret.name] = value
        elif secret.where == "query":
            query.append((secret.name, value))
        else:
            cookies.append(f"{secret.name}={value}")
    if cookies:
        headers["Cookie"] = "; ".join(cookies)
    return Keys(headers, tuple(query), Hidden(values))


def _variable(name: str, environment: Mapping[str, str], whose: str) -> str:
    value = environment.get(name, "").strip()
    if not value:
        raise MockToolsError(f"{whose}the environment variable {name} is not set; export it and record again")
    if weak := _weakness(value):
        raise MockToolsError(f"{whose}the environment variable {name} {weak}")
    return value


def _weakness(value: str) -> str | None:
    """Why a value cannot be told from other text in an answer, in words; None if it can."""
    if len(value) < SHORTEST:
        why = f"has fewer than {SHORTEST} characters"
    elif len(set(value.casefold())) < _FEWEST:
        why = f"has fewer than {_FEWEST} different characters"
    elif value.isalpha() and len(value) < _WORD:
        why = f"is one word (fewer than {_WORD} letters, and nothing else)"
    elif value.casefold() in _COMMON:
        why = "is what many an answer says anyway"
    else:
        return None
    return f"{why}, so it cannot be told from other text in an answer; use a longer one, made at random"


def _problem(secret: Secret, value: str) -> str | None:
    if "${" in value:
        return "has a ${ that names no variable; write ${NAME}"
    if secret.where == "query":
        return None
    # The words must not show the value, as those of `requests` would.
    if not value.isprintable() or not value.isascii():
        return "has a value with signs that a header cannot hold"
    if not _HEADER.fullmatch(secret.name):
        return "has a name that cannot be sent"
    if secret.where == "cookie" and set(value) & set(';, "\\'):
        return "has a value with signs that a cookie cannot hold"
    return None


def _values(secret: Secret, value: str, environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What of a filled secret must not be stored, each with a name for it; raises `MockToolsError` as `filled`."""
    names = _VARIABLE.findall(secret.value)
    for name in names:
        yield f"${{{name}}}", environment[name].strip()
    label = f"{secret.where} {shown(secret.name)}"
    # What is written out in tools.json is often none, such as the number of a version.
    if not names and not _weakness(value) and secret.name.lower() not in _OPEN:
        yield label, value
    scheme, _, rest = value.partition(" ")
    if scheme.lower() == "basic":
        try:
            pair = base64.b64decode(rest, validate=True).decode()
        except (ValueError, binascii.Error):
            return
        user, _, password = pair.partition(":")
        # With many an API the user name is the key, and the password is empty or "x".
        what, part = ("user name", user) if len(password) < _PASSWORD else ("password", password)
        weak = _weakness(part)
        if weak and names:
            raise MockToolsError(f"the {what} in {label} {weak}")
        if not weak:
            yield f"the {what} in {label}", part


def _forms(value: str) -> Iterator[str]:
    """How `value` may be written in an answer."""
    yield value
    yield from (value.lower(), value.upper())
    for escaped in (quote(value, safe=""), quote(value), quote_plus(value), quote(quote(value, safe=""), safe="")):
        yield escaped
        yield _ESCAPE.sub(lambda found: found[0].lower(), escaped)
    for ascii_ in (True, False):
        escaped = json.dumps(value, ensure_ascii=ascii_)[1:-1]
        for _ in range(3):  # JSON within JSON
            yield from (escaped, escaped.replace("/", "\\/"))
            escaped = json.dumps(escaped)[1:-1]
    yield from (html.escape(value), html.escape(value, quote=False), html.escape(value).replace("&#x27;", "&#39;"))
    data = value.encode()
    for between in ("", ":", " ", "-"):
        digits = data.hex(between) if between else data.hex()
        yield from (digits, digits.upper())
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield from _carried(data, encode, 6, 3)
    for text in _carried(data, base64.b32encode, 5, 5):
        yield from (text, text.lower())


def _carried(data: bytes, encode: Callable[[bytes], bytes], bits: int, period: int) -> Iterator[str]:
    """What an encoding has of `data` wherever it stands in the bytes: a letter carries so many bits of them."""
    for before in range(period):
        padded = b"\0" * before + data
        first, last = -(-before * 8 // bits), len(padded) * 8 // bits
        text = encode(padded).decode()[first:last]
        if len(text) >= SHORTEST:
            yield text


def _letters(text: str) -> str:
    """Only the letters and digits of a text, without case, width and the 0x of hexadecimal digits."""
    return _NO_LETTER.sub("", text if text.isascii() else unicodedata.normalize("NFKC", text)).casefold()


def _distinct(letters: str) -> bool:
    return len(letters) >= (_DISTINCT if letters.isalpha() or letters.isdecimal() else SHORTEST)


def _without_backslashes(text: str) -> str:
    return _BACKSLASH.sub(_meant, text)


def _meant(found: re.Match[str]) -> str:
    """What a backslash and what follows it stand for in JSON, JavaScript, Python and others."""
    if found[2]:
        return chr(int(found[2], 8))
    if found[3]:
        return _SIGNS.get(found[3], found[3])
    code = int(found[1].lstrip("ux{").rstrip("}"), 16)
    return chr(code) if code < 0x110000 else ""


def _without_equals(text: str) -> str:
    """Quoted-printable, as in mails."""
    return _EQUALS.sub(lambda found: chr(int(found[1], 16)) if found[1] else "", text)


def _unpacked(text: str) -> str:
    """What everything says that may be base64 or hexadecimal."""
    found = []
    for run in _RUN.findall(text):
        letters = _LINE_END.sub("", run)
        # Its signs that are no letters may also be those of a path or a name around it.
        parts = [part for part in _BETWEEN.split(letters) if len(part) >= _RUN_LENGTH]
        found += [_unpacked_run(part) for part in {letters: None} | dict.fromkeys(parts)]
    return "\n".join(found)


def _unpacked_run(letters: str) -> str:
    try:
        data = bytes.fromhex(letters)
    except ValueError:
        letters = letters.replace("-", "+").replace("_", "/")
        letters = letters[:-1] if len(letters) % 4 == 1 else letters
        data = base64.b64decode(letters + "=" * (-len(letters) % 4))
    return data.decode(errors="replace")


_NO_LETTER = re.compile(r"[\W_]+(?:0[xX](?=[0-9A-Fa-f]{2}))?")
_BACKSLASH = re.compile(r"\\(?:(u\{[0-9A-Fa-f]{1,6}\}|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2})|([0-7]{3})|(.))", re.DOTALL)
_SIGNS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_EQUALS = re.compile(r"=(?:([0-9A-Fa-f]{2})|\r?\n)")
_RUN_LENGTH = 10  # letters; SHORTEST bytes become more
_RUN = re.compile(rf"[A-Za-z0-9+/_\r\n-]{{{_RUN_LENGTH},}}")
_BETWEEN = re.compile(r"[+/_-]")
_LINE_END = re.compile(r"[\r\n]")
_UNDO: tuple[Callable[[str], str], ...] = (_without_backslashes, unquote, html.unescape, _without_equals, _unpacked)
