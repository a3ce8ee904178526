"""Find the fixture that answers a request, or say which ones came near and why they do not match.

    >>> from mocktools.router import Router
    >>> Router(()).find("GET", "https://api.example/v1")
    'no fixture answers GET https://api.example/v1: no fixtures are active'

A `Route` only knows a method, a host, a path and a function, so that recorded exchanges can stand beside the servers
of today. A path may be a template: `{name}` stands for one segment. Not covered: templates within a segment.
"""

from __future__ import annotations

import datetime
import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from mocktools.errors import MockToolsError
from mocktools.world import World

_SHOWN_URL = 200


class Miss(Exception):
    """Raised by a route's answer function: nothing answers this request after all; the text explains."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as it reaches a server, and the `world` that the server remembers.

    `params` are those of the query, the first of each name; `path` those that a path template names.
    """

    method: str
    url: str
    params: Mapping[str, str]
    body: bytes
    world: World
    path: Mapping[str, str] = field(default_factory=dict)

    @property
    def today(self) -> datetime.date:
        """The date that the servers believe in."""
        return self.world.today


@dataclass(frozen=True, slots=True)
class Reply:
    """A server's reply: HTTP `status`, `body`, its content type and further headers."""

    status: int
    body: bytes
    content_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Route:
    """What answers requests with this `method` to `<scheme>://<host><path>`; `host` has the port, if there is one.

    `answer` raises `Miss` if it knows no answer to a request. `errors` words a refusal that does not come from
    `answer`: how a provider says that there are too many requests.
    """

    method: str
    host: str
    path: str
    answer: Callable[[Incoming], Reply]
    errors: Callable[[Any], Mapping[str, Any]] | None = None
    scheme: str = "https"

    @property
    def url(self) -> str:
        """The address without a query."""
        return f"{self.scheme}://{self.host}{self.path}"

    def captures(self, path: str) -> dict[str, str] | None:
        """What stands in `path` for each name of the template, or None if it is another path."""
        wanted, got = self.path.split("/"), path.split("/")
        if len(wanted) != len(got):
            return None
        found = {}
        for pattern, segment in zip(wanted, got, strict=True):
            if pattern.startswith("{"):
                found[pattern[1:-1]] = unquote(segment)
            elif pattern != segment:
                return None
        return found


class Router:
    """All active routes. Their order has no meaning: method, scheme, host and path decide.

    A plain path goes before a template, and among templates the one with fewer names. Raises `MockToolsError` for
    two routes with the same address.
    """

    def __init__(self, routes: Sequence[Route]) -> None:
        self.routes = tuple(routes)
        self._by_key: dict[tuple[str, str], Route] = {}
        for route in self.routes:
            if self._by_key.setdefault((route.method, route.url), route) is not route:
                raise MockToolsError(f"two routes answer {route.method} {route.url[:_SHOWN_URL]}")
        templates = [route for route in self.routes if "{" in route.path]
        self._templates = sorted(templates, key=lambda route: (route.path.count("{"), route.path))

    def find(self, method: str, url: str) -> Route | str:
        """The route of the request, or one text that explains the miss."""
        address = urlsplit(url)
        method, origin = method.upper(), f"{address.scheme}://{address.netloc.lower()}"
        route = self._by_key.get((method, origin + address.path)) or self._template(method, origin, address.path)
        return route or self._explain(method, url)

    def _template(self, method: str, origin: str, path: str) -> Route | None:
        for route in self._templates:
            fits = route.method == method and f"{route.scheme}://{route.host}" == origin
            if fits and route.captures(path) is not None:
                return route
        return None

    def _explain(self, method: str, url: str) -> str:
        shown = url if len(url) <= _SHOWN_URL else url[:_SHOWN_URL] + "..."
        opening = f"no fixture answers {method} {shown}"
        if not self.routes:
            return f"{opening}: no fixtures are active"
        # The address is cut first: comparing takes time that grows with the square of its length.
        address = urlsplit(url)
        host, path = address.netloc.lower()[:_SHOWN_URL], address.path[:_SHOWN_URL]
        ranked = sorted(self.routes, key=lambda route: (-_nearness(route, method, host, path), route.url))
        lines = [
            f"{number}. {route.method} {route.url} - {_why_not(route, method, address.scheme, host, path)}"
            for number, route in enumerate(ranked[:3], start=1)
        ]
        return "\n".join([f"{opening}; the nearest are:", *lines])


def _nearness(route: Route, method: str, host: str, path: str) -> float:
    same_host = difflib.SequenceMatcher(None, route.host, host).ratio()
    same_path = difflib.SequenceMatcher(None, route.path, path).ratio()
    return 2 * same_host + same_path + 0.5 * (route.method == method)


def _why_not(route: Route, method: str, scheme: str, host: str, path: str) -> str:
    pairs = (
        ("method", method, route.method),
        ("scheme", scheme, route.scheme),
        ("host", host, route.host),
        ("path", path, path if route.captures(path) is not None else route.path),
    )
    reasons = [f"{what} is {got!r}, not {wanted!r}" for what, got, wanted in pairs if got != wanted]
    return "; ".join(reasons)
