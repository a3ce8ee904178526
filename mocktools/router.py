"""Find the fixture that answers a request, or say which ones came near and why they do not match.

    >>> from mocktools.router import Router
    >>> Router(()).find("GET", "https://api.example/v1")
    'no fixture answers GET https://api.example/v1: no fixtures are active'

A `Route` only knows a method, a host, a path and a function, so that recorded exchanges or servers with
a state can stand beside the tables of today. Not covered: path templates (`/users/{id}`).
"""

from __future__ import annotations

import datetime
import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

_SHOWN_URL = 200


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as it reaches a server. `params` are those of the query, the first of each name."""

    method: str
    url: str
    params: Mapping[str, str]
    body: bytes
    today: datetime.date


@dataclass(frozen=True, slots=True)
class Reply:
    """A server's reply: HTTP `status`, `body` and its content type."""

    status: int
    body: bytes
    content_type: str = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Route:
    """What answers requests with this `method` to `https://<host><path>`."""

    method: str
    host: str
    path: str
    answer: Callable[[Incoming], Reply]

    @property
    def url(self) -> str:
        """The address without a query."""
        return f"https://{self.host}{self.path}"


class Router:
    """All active routes. Their order has no meaning: method, host and path decide alone."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self.routes = tuple(routes)
        self._by_key = {(route.method, route.host, route.path): route for route in self.routes}

    def find(self, method: str, url: str) -> Route | str:
        """The route of the request, or one text that explains the miss."""
        address = urlsplit(url)
        route = None
        if address.scheme == "https":
            route = self._by_key.get((method.upper(), address.netloc.lower(), address.path))
        return route or self._explain(method.upper(), url)

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
        ("scheme", scheme, "https"),
        ("host", host, route.host),
        ("path", path, route.path),
    )
    reasons = [f"{what} is {got!r}, not {wanted!r}" for what, got, wanted in pairs if got != wanted]
    return "; ".join(reasons)
