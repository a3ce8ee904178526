"""Find what must not be stored in a fixture file: keys, tokens, passwords, cookies, e-mail addresses.

    >>> find({"headers": {"Authorization": "Bearer 3q2-7wAAbcdEFGH"}, "owner": "ann@firm.org", "to": "bob@example.com"})
    [('header Authorization', 'headers.Authorization'), ('e-mail address', 'owner')]
    >>> scrub({"owner": "ann@firm.org", "note": "see https://me:pass123@api.example/"})
    {'owner': 'removed@example.com', 'note': 'see https://api.example/'}

A secret is known by its form, by the name that it stands under, or by a name in a URL. Mail addresses at example
domains (`.example`, example.com, .test ...) are nobody's. Not covered: secrets without any form under a harmless name,
names of people, numbers of telephones and cards.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from mocktools.exchanges.files import place_of

MAIL = "e-mail address"  # a kind that `find` tells
REMOVED = "REMOVED"
_NOBODY = "removed@example.com"
_LONGEST_NAME = 100
_ROUNDS = 10
# Every repetition is bounded or of one class that what follows is not in, so that no text is slow to search.
_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "private key",
        re.compile(r"-----BEGIN (?:[A-Z]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----[A-Za-z0-9+/=\s\\:,.-]{0,20000}"),
    ),
    ("JSON web token", re.compile(r"(?<![\w-])eyJ[\w-]{8,4000}\.[\w-]{8,8000}(?:\.[\w-]{0,4000})?", re.ASCII)),
    ("AWS key", re.compile(r"\b(?:AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{16}\b", re.ASCII)),
    ("GitHub token", re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{20,255})", re.ASCII)),
    ("GitLab token", re.compile(r"\bglpat-[\w-]{20,64}", re.ASCII)),
    ("Slack token", re.compile(r"\bxox[abeoprs]-[A-Za-z0-9-]{10,255}", re.ASCII)),
    ("Slack webhook", re.compile(r"\bhooks\.slack\.com/services/[A-Za-z0-9/]{20,120}", re.ASCII)),
    ("OpenAI-style key", re.compile(r"\bsk-[\w-]{16,255}", re.ASCII)),
    ("Stripe key", re.compile(r"\b(?:sk|rk|pk|whsec)_(?:live_|test_)?[A-Za-z0-9]{16,255}", re.ASCII)),
    ("Google key", re.compile(r"\bAIza[\w-]{30,60}|\bya29\.[\w-]{20,2000}|\bGOCSPX-[\w-]{20,64}", re.ASCII)),
    ("Hugging Face token", re.compile(r"\bhf_[A-Za-z0-9]{20,64}", re.ASCII)),
    ("npm token", re.compile(r"\bnpm_[A-Za-z0-9]{30,64}", re.ASCII)),
    ("SendGrid key", re.compile(r"\bSG\.[\w-]{16,32}\.[\w-]{16,64}", re.ASCII)),
    (
        "bearer token",
        re.compile(r"\b[Bb]earer\s{1,4}(?!\$)(?=[A-Za-z_-]{0,80}[0-9.~+/=])[\w.~+/=-]{12,4000}", re.ASCII),
    ),
    (
        "basic credentials",
        re.compile(r"\b[Bb]asic\s{1,4}(?=[A-Za-z]{0,80}[A-Z0-9+/=])[A-Za-z0-9+/]{8,2000}={1,2}", re.ASCII),
    ),
)  # fmt: skip
_URL_PASSWORD = re.compile(r"(\b[a-zA-Z][a-zA-Z0-9+.-]{1,20}://)([^\s/?#@:\"'<>]{0,200}:[^\s/?#@\"'<>]{1,200})@")
_URL_NAME = re.compile(
    r"([?&;](?:api[_-]?key|apikey|access[_-]?token|auth[_-]?token|token|secret|client[_-]?secret|password|passwd|pwd|"
    r"signature|sig|appid|app[_-]?id|subscription-key|key|x-amz-signature|x-amz-credential)=)([^\s&#\"'<>]{1,4000})",
    re.IGNORECASE,
)
_ADDRESS = re.compile(
    r"(?<![\w.+%-])[A-Za-z0-9][\w.+%-]{0,63}@((?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24})\b", re.ASCII
)
_EXAMPLES = (".example", ".test", ".invalid", ".localhost", "example.com", "example.org", "example.net")
_HEADERS = frozenset({
    "authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "api-key", "apikey", "x-auth-token",
    "x-access-token", "x-csrf-token", "x-xsrf-token", "x-amz-security-token", "x-goog-api-key", "x-rapidapi-key",
    "ocp-apim-subscription-key",
})  # fmt: skip
_NAMED = re.compile(
    r"api_?key|access_?key|private_?key|secret|passw(?:or)?d|passphrase|(?:^|_)pwd(?:$|_)|token|credential|(?:^|_)auth(?:$|_)",
)
# Tokens that are no secrets: they count words, or lead from page to page.
_HARMLESS = re.compile(
    r"page|next|prev|cursor|continu|sync|max|min|count|total|limit|type|usage|public|expire|scope|url|uri|hint|name"
)
# The number of a key, which is not the key.
_IDS = ("key_id", "token_id", "credential_id")
_PLACEHOLDER = re.compile(r"\$\{\w{1,100}\}|<[^<>]{1,60}>|\{\w{1,60}\}|(?:REMOVED|x+|X+|\*+|\.+|…)", re.ASCII)
_STEP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")


def find(content: Any) -> list[tuple[str, str]]:
    """What should not be stored in a text or in JSON: kinds and places (JSON paths), in the order of the content.

    A secret is never part of what is returned.
    """
    found: dict[tuple[str, str], None] = {}
    for place, name, text in _texts(content):
        for kind in _kinds(name, text):
            found[kind, place] = None
    return list(found)


def scrub(content: Any) -> Any:
    """A copy of a text or of JSON without what `find` finds; what stays is JSON of the same shape."""
    if isinstance(content, dict):
        named = ((_scrubbed("", name), value) for name, value in content.items())
        return {name: _scrubbed_member(name, value) for name, value in named}
    if isinstance(content, list | tuple):
        return [scrub(value) for value in content]
    return _scrubbed("", content) if isinstance(content, str) else content


def masked(content: Any, name: str = "") -> Any:
    """A copy of JSON, which stands under `name`, with stars for each text that its name makes a secret: as many as it
    had letters, so that it still fits a schema with a length. `find` knows them for what they are.
    """
    if isinstance(content, dict):
        return {key: masked(value, key) for key, value in content.items()}
    if isinstance(content, list | tuple):
        held = name if all(isinstance(one, str) for one in content) else ""
        return [masked(one, held) for one in content]
    return "*" * len(content) if isinstance(content, str) and _by_name(name, content) else content


def secret_header(name: str) -> bool:
    """Whether a header of this name holds a secret, whatever it says."""
    return name.lower() in _HEADERS


def _scrubbed_member(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return _scrubbed(name, value)
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return [_scrubbed(name, one) for one in value]
    return scrub(value)


def _scrubbed(name: str, text: str) -> str:
    """`text` without secrets. What is left may look like one again, and is then taken out too."""
    for _ in range(_ROUNDS):
        if _by_name(name, text):
            return REMOVED
        before, text = text, _once(text)
        if text == before:
            return text
    return REMOVED


def _once(text: str) -> str:
    for _, form in _FORMS:
        text = form.sub(REMOVED, text)
    text = _URL_PASSWORD.sub(r"\1", text)
    text = _URL_NAME.sub(_without_value, text)
    return _ADDRESS.sub(lambda found: found[0] if _is_example(found[1]) else _NOBODY, text)


def _without_value(found: re.Match[str]) -> str:
    return f"{found[1]}{REMOVED}" if _is_value(found[1], found[2]) else found[0]


def _kinds(name: str, text: str) -> Iterator[str]:
    """What a text under this name is or holds."""
    by_name = _by_name(name, text)
    if by_name:
        yield by_name
        return
    for kind, form in _FORMS:
        if form.search(text):
            yield kind
    if _URL_PASSWORD.search(text):
        yield "password in a URL"
    if any(_is_value(found[1], found[2]) for found in _URL_NAME.finditer(text)):
        yield "key in a URL"
    if any(not _is_example(found[1]) for found in _ADDRESS.finditer(text)):
        yield MAIL


def _by_name(name: str, text: str) -> str:
    """The kind of a secret that its name gives away; empty if it does not."""
    if not text or not name or len(name) > _LONGEST_NAME or _PLACEHOLDER.fullmatch(text) or "${" in text:
        return ""
    if secret_header(name):
        return f"header {name}"
    words = _STEP.sub("_", name).lower()
    if not _NAMED.search(words) or _HARMLESS.search(words) or words.endswith(_IDS):
        return ""
    short = "passw" in words or "pwd" in words or "passphrase" in words
    return f"value of {name}" if (short and len(text) >= 6) or _is_random(text) else ""


def _is_value(start: str, value: str) -> bool:
    """Whether the value of a name in a URL looks like a secret: `key=` is followed by many other things."""
    if _PLACEHOLDER.fullmatch(value) or "${" in value or value.startswith("%24%7B"):
        return False
    sure = any(word in start.lower() for word in ("secret", "passw", "pwd", "signature", "credential"))
    return len(value) >= 6 if sure else _is_random(value)


def _is_random(text: str) -> bool:
    """Whether a text is one long word with the variety of a key: 16 characters or more, letters and digits."""
    if len(text) < 16 or any(sign.isspace() for sign in text):
        return False
    counts = Counter(text[:200])
    size = sum(counts.values())
    bits = -sum(count / size * math.log2(count / size) for count in counts.values())
    return bits >= 3.0 and any(sign.isdigit() for sign in text) and any(sign.isalpha() for sign in text)


def _is_example(domain: str) -> bool:
    lower = domain.lower()
    return any(lower == name.lstrip(".") or lower.endswith("." + name.lstrip(".")) for name in _EXAMPLES)


def _texts(content: Any) -> Iterator[tuple[str, str, str]]:
    """Every text in JSON with its place and the name that it stands under; the names themselves too."""
    waiting: list[tuple[tuple[str | int, ...], str, Any]] = [((), "", content)]
    while waiting:
        steps, name, value = waiting.pop()
        if isinstance(value, str):
            yield place_of(steps), name, value
        elif isinstance(value, dict):
            yield from ((place_of(steps), "", key) for key in value)
            waiting += [((*steps, _shown_name(key)), key, inner) for key, inner in reversed(value.items())]
        elif isinstance(value, list | tuple):
            held = name if all(isinstance(inner, str) for inner in value) else ""
            waiting += [((*steps, at), held, inner) for at, inner in reversed(list(enumerate(value)))]


@lru_cache(maxsize=2000)
def _shown_name(name: str) -> str:
    return _scrubbed("", name)
