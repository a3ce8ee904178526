"""The secrets that a tool sends to a live API: filled from the environment, and found in what comes back.

    >>> from mocktools.tools import Secret
    >>> keys = filled([Secret("header", "Authorization", "Bearer ${PET_TOKEN}")], {"PET_TOKEN": "s3cret/1"})
    >>> keys.headers, keys.hidden.without({"url": "https://a.example/?key=s3cret%2F1"})
    ({'Authorization': 'Bearer s3cret/1'}, ({'url': 'https://a.example/?key=[removed]'}, ['${PET_TOKEN} in url']))

A value is found as it is and as URLs, JSON, HTML, base64 and hexadecimal write it. Not covered: hashes and signatures
made from a value, a value cut into pieces.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import quote, quote_plus, unquote

from mocktools.errors import MockToolsError
from mocktools.exchanges.files import place_of, shown
from mocktools.tools import Secret

REMOVED = "[removed]"
# A shorter value would be found in every other word of an answer.
SHORTEST = 4
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

    def inside(self, text: str) -> str | None:
        """Which value is in `text`, also after undoing the escapes of URLs and HTML; None if none is."""
        text = text.replace(REMOVED, "")
        for _ in range(3):
            if self._search and (found := self._search.search(text)):
                return self._forms[found[0]]
            text = html.unescape(unquote(text))
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
        values.update(_values(secret, value, environment))
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
    if len(value) < SHORTEST:
        words = f"has fewer than {SHORTEST} characters, which cannot be told from other text in an answer"
        raise MockToolsError(f"{whose}the environment variable {name} {words}")
    return value


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
    """What of a filled secret must not be stored, each with a name for it."""
    names = _VARIABLE.findall(secret.value)
    for name in names:
        yield f"${{{name}}}", environment[name].strip()
    label = f"{secret.where} {shown(secret.name)}"
    if not names and len(value) >= SHORTEST and secret.name.lower() not in _OPEN:
        yield label, value
    scheme, _, rest = value.partition(" ")
    if scheme.lower() == "basic":
        try:
            pair = base64.b64decode(rest, validate=True).decode()
        except (ValueError, binascii.Error):
            return
        password = pair.partition(":")[2]
        if len(password) >= SHORTEST:
            yield f"the password in {label}", password


def _forms(value: str) -> Iterator[str]:
    """How `value` may be written in an answer."""
    yield value
    yield from (value.lower(), value.upper())
    for escaped in (quote(value, safe=""), quote(value), quote_plus(value)):
        yield escaped
        yield _ESCAPE.sub(lambda found: found[0].lower(), escaped)
    for ascii_ in (True, False):
        escaped = json.dumps(value, ensure_ascii=ascii_)[1:-1]
        yield from (escaped, escaped.replace("/", "\\/"))
    yield from (html.escape(value), html.escape(value, quote=False), html.escape(value).replace("&#x27;", "&#39;"))
    data = value.encode()
    yield from (data.hex(), data.hex().upper())
    yield from _base64(data)


def _base64(data: bytes) -> Iterator[str]:
    """What base64 has of `data` wherever it stands in the bytes: three letters carry two bytes and a bit."""
    for before in range(3):
        padded = b"\0" * before + data
        first = (before * 8 + 5) // 6
        last = len(padded) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(padded).decode()[first:last]
            if len(text) >= SHORTEST:
                yield text
