"""Answer everything that goes through `requests` from a router, and let nothing reach the network.

    import datetime, requests
    from mocktools.router import Router
    from mocktools.transport import intercepted
    with intercepted(Router(()), datetime.date(2026, 10, 30)):
        requests.get("https://example.org")     # raises NoFixture

Not covered: HTTP clients other than `requests` (urllib, httpx) are not intercepted.
"""

from __future__ import annotations

import contextlib
import datetime
import email.utils
import re
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl, urlsplit

import requests
import responses

from mocktools.errors import MockToolsError, NoFixture
from mocktools.router import Incoming, Router

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
# The time of day of the fixed "now", UTC.
NOON = datetime.time(12, 0, tzinfo=datetime.timezone.utc)

_Answer = tuple[int, Mapping[str, str], bytes]
_session: requests.Session | None = None


@contextlib.contextmanager
def intercepted(router: Router, today: datetime.date) -> Iterator[None]:
    """Within the block `requests` is answered by `router`, as on the day `today` at noon UTC.

    Raises `MockToolsError` if another block is open: two sets of answers at once have no clear meaning.
    `requests` is restored at the end, also after an exception.
    """
    global _session
    if _session is not None:
        raise MockToolsError("mocktools is active already; leave the first activate block before opening another")
    # One catch-all a method: with several registrations that match, `responses` would drop one at each
    # request and the order of requests would change the answers.
    mock = responses.RequestsMock(assert_all_requests_are_fired=False)
    for method in METHODS:
        mock.add_callback(method, re.compile(""), callback=lambda request: _answer(request, router, today, mock))
    with mock, requests.Session() as session:
        # Proxies and .netrc files of the machine must not change what is sent.
        session.trust_env = False
        _session = session
        try:
            yield
        finally:
            _session = None


def session() -> requests.Session:
    """The session to send requests with; raises `MockToolsError` where nothing is intercepted."""
    if _session is None:
        raise MockToolsError("no mock answers outside a `with mocktools.activate(toolset):` block; open one first")
    return _session


def _answer(
    request: requests.PreparedRequest, router: Router, today: datetime.date, mock: responses.RequestsMock
) -> _Answer:
    # `responses` keeps every exchange for assertions; a long run would fill the memory with them.
    mock.calls.reset()
    method, url = request.method or "GET", request.url or ""
    route = router.find(method, url)
    if isinstance(route, str):
        raise NoFixture(route, request=request)
    pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    params = dict(reversed(pairs))  # the first of a name wins
    body = request.body.encode() if isinstance(request.body, str) else request.body or b""
    reply = route.answer(Incoming(method, url, params, body, today))
    date = email.utils.format_datetime(datetime.datetime.combine(today, NOON), usegmt=True)
    headers = {
        "Content-Type": reply.content_type,
        "Content-Length": str(len(reply.body)),
        "Date": date,
        "Server": "nginx",
    }
    return reply.status, headers, reply.body
