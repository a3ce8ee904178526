"""Answer everything that goes through `requests` from a router, and let nothing reach the network.

    import datetime, requests
    from mocktools.router import Router
    from mocktools.transport import intercepted
    from mocktools.world import World
    with intercepted(Router(()), World(datetime.date(2026, 10, 30))):
        requests.get("https://example.org")     # raises NoFixture

Not covered: HTTP clients other than `requests` (urllib, httpx) are not intercepted.
"""

from __future__ import annotations

import contextlib
import datetime
import email.utils
import re
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

import requests
import responses

from mocktools.errors import MockToolsError, NoFixture
from mocktools.faults import Faults
from mocktools.router import Incoming, Miss, Reply, Route, Router
from mocktools.world import World

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
# The time of day of the fixed "now", UTC.
NOON = datetime.time(12, 0, tzinfo=datetime.timezone.utc)

_Answer = tuple[int, Mapping[str, str], bytes]


@dataclass(frozen=True, slots=True)
class Active:
    """What is on the air: the session to send requests with, and what the servers remember."""

    session: requests.Session
    world: World


_active: Active | None = None
# The world of the call that is being made, where it is not that of the activation.
_world: ContextVar[World | None] = ContextVar("_world", default=None)


@contextlib.contextmanager
def intercepted(router: Router, world: World, faults: Faults | None = None) -> Iterator[None]:
    """Within the block `requests` is answered by `router`, as on the day of `world` at noon UTC; some calls
    fail if there are `faults`.

    Raises `MockToolsError` if another block is open: two sets of answers at once have no clear meaning.
    `requests` is restored at the end, also after an exception.
    """
    global _active
    if _active is not None:
        raise MockToolsError("mocktools is active already; leave the first activate block before opening another")
    # One catch-all a method: with several registrations that match, `responses` would drop one at each
    # request and the order of requests would change the answers.
    mock = responses.RequestsMock(assert_all_requests_are_fired=False)
    for method in METHODS:
        mock.add_callback(
            method,
            re.compile(""),
            callback=lambda request: _answer(request, router, _world.get() or world, faults, mock),
        )
    with mock, requests.Session() as session:
        # Proxies and .netrc files of the machine must not change what is sent.
        session.trust_env = False
        _active = Active(session, world)
        try:
            yield
        finally:
            _active = None


def active() -> Active:
    """What is on the air; raises `MockToolsError` where nothing is intercepted."""
    if _active is None:
        raise MockToolsError("no mock answers outside a `with mocktools.activate(toolset):` block; open one first")
    return _active


def send(
    method: str, url: str, headers: Mapping[str, str], body: bytes | None = None, world: World | None = None
) -> requests.Response:
    """Send a request; servers remember it in `world` if one is given."""
    session = active().session
    token = _world.set(world)
    try:
        return session.request(method, url, data=body, headers=dict(headers))
    finally:
        _world.reset(token)


def _answer(
    request: requests.PreparedRequest, router: Router, world: World, faults: Faults | None, mock: responses.RequestsMock
) -> _Answer:
    # `responses` keeps every exchange for assertions; a long run would fill the memory with them.
    mock.calls.reset()
    method, url = request.method or "GET", request.url or ""
    route = router.find(method, url)
    if isinstance(route, str):
        raise NoFixture(route, request=request)
    address = urlsplit(url)
    pairs = parse_qsl(address.query, keep_blank_values=True)
    params = dict(reversed(pairs))  # the first of a name wins
    body = request.body.encode() if isinstance(request.body, str) else request.body or b""
    incoming = Incoming(method, url, params, body, world, route.captures(address.path) or {})
    try:
        reply = (_fault(route, incoming, faults) if faults else None) or route.answer(incoming)
    except Miss as miss:
        raise NoFixture(str(miss), request=request) from None
    date = email.utils.format_datetime(datetime.datetime.combine(world.today, NOON), usegmt=True)
    headers = {
        "Content-Type": reply.content_type,
        "Content-Length": str(len(reply.body)),
        "Date": date,
        "Server": "nginx",
        **reply.headers,
    }
    return reply.status, headers, reply.body


def _fault(route: Route, incoming: Incoming, faults: Faults) -> Reply | None:
    """What goes wrong with this request, if anything does; raises `requests.Timeout`."""
    request = f"{incoming.method} {incoming.url}\n{incoming.body.decode('utf-8', 'replace')}"
    times = incoming.world.times_seen(request)
    kind = faults.draw(request, times)
    return faults.reply(kind, route, request, times) if kind else None
