"""What a fixture file must keep to beyond its JSON Schema, on plain JSON: URLs, headers, sizes, patterns.

    >>> url_problem("https://api.example/v1/../pets")
    'has a segment . or .., which clients take out'

Not covered: whether tables and tools that are named exist, which `routes.py` checks over all files of a toolset.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from mocktools.exchanges.files import place_of, shown, size
from mocktools.exchanges.matching import as_sent, placeholder

LARGEST_BODY = 1024 * 1024  # bytes of a response's body
LONGEST_URL = 8000  # characters
# What rows of a table take the place of in a response.
ROW, ROWS = "{row}", "{rows}"
_MOST_ROWS = 10  # times that all rows may stand in one response
# Headers that say how bytes travel; the mocks set them themselves.
TRAVEL = frozenset({
    "connection", "content-encoding", "content-length", "date", "keep-alive", "server", "te", "trailer",
    "transfer-encoding", "upgrade",
})  # fmt: skip
# A server may well want to say these in its own way.
_ALLOWED = frozenset({"date", "server"})
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([\w.:-]{1,40})", re.ASCII | re.IGNORECASE)

HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_LINE = re.compile(r"[\t -~]{0,8000}")

Problem = tuple[str, str]


def file_problems(content: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with a fixture file that fits its schema: places and words."""
    found = []
    for index, exchange in enumerate(content.get("exchanges", ())):
        for place, words in exchange_problems(exchange):
            found.append((f"{place_of(['exchanges', index])}.{place}", words))
    return found


def exchange_problems(exchange: Mapping[str, Any]) -> list[Problem]:
    """The same for one exchange; places within it."""
    found: list[Problem] = []
    request = exchange.get("request")
    if request is not None:
        wrong = url_problem(request["url"], pattern=exchange.get("match", "exact") != "exact")
        if wrong:
            found.append(("request.url", wrong))
        if request["method"] in ("GET", "HEAD") and ("body" in request or "text" in request):
            found.append(("request", f"a {request['method']} request has no body"))
    for name in ("response", "missing"):
        response = exchange.get(name)
        if response is not None:
            found += [(f"{name}.{place}", words) for place, words in _response_problems(response)]
    if exchange.get("match") == "table":
        count = _count(exchange.get("response", {}).get("json"), ROWS)
        if count > _MOST_ROWS:
            found.append(("response.json", f"has {ROWS} {count} times; at most {_MOST_ROWS} are allowed"))
    return found


def _count(value: Any, text: str) -> int:
    """How often a text stands in JSON."""
    count, waiting = 0, [value]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, dict | list):
            waiting += inner.values() if isinstance(inner, dict) else inner
        count += inner == text
    return count


def url_problem(url: str, pattern: bool = False) -> str | None:
    """What is wrong with the address of a request, in words; None if nothing is."""
    if len(url) > LONGEST_URL:
        return f"has more than {LONGEST_URL} characters"
    if any(sign.isspace() or not sign.isprintable() for sign in url):
        return f"has a space or a sign that cannot be printed: {shown(url)}"
    try:
        address = urlsplit(url)
        port = address.port
    except ValueError:
        return f"is no URL: {shown(url)}"
    if address.username is not None or address.password is not None:
        return "has a user name or a password in it; take it out"
    if not address.hostname or port == 0 or as_sent(address.netloc) is None:
        return f"is no URL: {shown(url)}"
    segments = address.path.split("/")
    if {".", ".."} & set(segments):
        return "has a segment . or .., which clients take out"
    odd = [segment for segment in segments if pattern and ("{" in segment or "}" in segment)]
    partial = [segment for segment in odd if placeholder(segment) is None]
    if partial:
        return f"has a {{name}} that is not a whole segment: {shown(partial[0])}"
    if len(set(odd)) < len(odd):
        return f"has {shown(odd[0])} twice" if odd.count(odd[0]) > 1 else "has a {name} twice"
    return None


def storable(name: str, value: str) -> bool:
    """Whether a header that a server sent belongs in a fixture: one line of ASCII, and not about how bytes travel."""
    return name.lower() not in TRAVEL and bool(HEADER_NAME.fullmatch(name)) and bool(_LINE.fullmatch(value))


def _response_problems(response: Mapping[str, Any]) -> list[Problem]:
    found: list[Problem] = []
    names: set[str] = set()
    for name, value in response.get("headers", {}).items():
        place = place_of(["headers", name])
        lower = name.lower()
        if lower in names:
            found.append((place, "is there twice, in other capitals"))
        names.add(lower)
        if lower in TRAVEL - _ALLOWED:
            found.append((place, "is set by mocktools; leave it out"))
        charset = _CHARSET.search(value) if lower == "content-type" else None
        if charset and charset[1].lower() not in ("utf-8", "utf8", "us-ascii"):
            found.append((place, f"says charset {charset[1]}; bodies are sent as UTF-8"))
    text = response.get("text")
    body = json.dumps(response["json"], ensure_ascii=False, separators=(",", ":")) if "json" in response else text or ""
    if len(body) > LARGEST_BODY or len(body.encode()) > LARGEST_BODY:
        found.append(("json" if "json" in response else "text", f"is larger than {size(LARGEST_BODY)}"))
    if response.get("status") in (204, 304) and body:
        found.append(("status", f"is {response['status']}, which comes without a body"))
    return found
