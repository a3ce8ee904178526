"""One request to a live API over the network; the only module of this project that opens connections.

    with Wire() as wire:
        print(wire.ask(tool.request({"petId": 1})).status)

An answer is read to at most 1 MiB, also when unpacked, and to four times that with all that is around it. Looking up
the host, redirects and all else must be done in 120 seconds, whatever a server does. At most 3 redirects are followed,
never from https to http, nor into a network (this machine, link-local, private) that the first host is not in; the
tool's secrets go to its own host only, and over http only to this machine. Proxies are taken from the environment
(`HTTPS_PROXY`, `NO_PROXY`), as is a bundle of certificates (`REQUESTS_CA_BUNDLE`); a `.netrc` is not read, cookies are
not kept. Not covered: retries, HTTP/2, other encodings than gzip and deflate (no other is asked for), names that have
another address when they are asked than when they were looked up, or that only a proxy can look up.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from urllib.parse import SplitResult, urlencode, urljoin, urlsplit

import requests
import urllib3
from requests.utils import get_environ_proxies

from mocktools.errors import MockToolsError
from mocktools.exchanges.files import printable, size
from mocktools.exchanges.rules import LARGEST_BODY, url_problem
from mocktools.recording.hidden import Keys
from mocktools.recording.line import Adapter, Line, TooMuch, TooSlow
from mocktools.tools import Outgoing

_CHUNK = 16 * 1024
_AROUND = 4  # times the largest body: heads, answers such as 100 Continue, chunks, trailers
_PARTS = 100  # of a gzip file; each costs a copy of what follows
_SHOWN = 100
_HEADERS = {
    "User-Agent": "mocktools-recorder",
    # JSON is what a fixture keeps best; whatever else there is will do.
    "Accept": "application/json, */*;q=0.5",
    "Accept-Encoding": "gzip, deflate",
}
_PORTS = {"https": 443, "http": 80}
# What another host than the tool's own is told.
_HARMLESS = frozenset({"accept", "accept-language", "user-agent"})
_BODILESS = (204, 304)
# urllib3 before 2.0 has no word of its own for it.
_NO_NAME: type[Exception] | tuple[()] = getattr(urllib3.exceptions, "NameResolutionError", ())


class Unreachable(MockToolsError):
    """An API did not answer, or not in a way that can be stored."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long to wait (seconds), how many redirects to follow, how large an answer may be (bytes)."""

    connect: float = 10.0
    read: float = 30.0
    whole: float = 120.0
    redirects: int = 3
    body: int = LARGEST_BODY


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `body` is unpacked."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class _Sending:
    """A request on its way."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None


class Wire:
    """Sends requests; a context manager. `base_url` is a scheme and host that stand in for those of every tool.

    Raises `MockToolsError` for a `base_url` that is more or less than that.
    """

    def __init__(self, limits: Limits | None = None, base_url: str = "") -> None:
        self.limits, self.base_url = limits or Limits(), base_url.rstrip("/")
        if base_url:
            _check_base(self.base_url)
        self._session = requests.Session()
        # Off, for it would read .netrc; what is wanted of the environment is in `_send`.
        self._session.trust_env = False
        for scheme in _PORTS:
            self._session.mount(f"{scheme}://", Adapter())
        self._session.headers = requests.structures.CaseInsensitiveDict(_HEADERS)

    def __enter__(self) -> Wire:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def address(self, sent: Outgoing) -> str:
        """Where a request goes, without secrets."""
        address = urlsplit(sent.url)
        if not self.base_url:
            return sent.url
        base = urlsplit(self.base_url)
        return address._replace(scheme=base.scheme, netloc=base.netloc).geturl()

    def check(self, sent: Outgoing, keys: Keys) -> None:
        """Raises `MockToolsError` if secrets would travel where others can read them."""
        address = urlsplit(self.address(sent))
        if keys and address.scheme == "http" and not _is_here(address.hostname or ""):
            words = "this tool's secrets are not sent over http, where others can read them; use https in its url"
            raise MockToolsError(f"{_host(address)}: {words}")

    def ask(self, sent: Outgoing, keys: Keys | None = None) -> Answer:
        """Send a request with the tool's secrets and read the answer; raises `Unreachable` and what `check` does.

        No text of an error has a secret in it.
        """
        keys = keys or Keys()
        self.check(sent, keys)
        url = _with_query(self.address(sent), keys)
        request = _Sending(sent.method, url, {**sent.headers, **keys.headers}, sent.body)
        asked = [request.url]
        try:
            return Line(_AROUND * self.limits.body).run(lambda: self._asked(request, keys, asked), self.limits.whole)
        except TooSlow:
            host = _host(urlsplit(asked[-1]))
            raise Unreachable(f"{host} takes more than {self.limits.whole:g} seconds to answer") from None

    def _asked(self, request: _Sending, keys: Keys, asked: list[str]) -> Answer:
        """The same within a line; `asked` begins with the address of `request` and grows with each redirect."""
        for _ in range(self.limits.redirects + 1):
            host = _host(urlsplit(request.url))
            try:
                with self._send(request) as response:
                    target = self._session.get_redirect_target(response)
                    if target is None:
                        return self._answer(request, response)
            except TooMuch:
                raise Unreachable(f"{host} sends more than {size(_AROUND * self.limits.body)} for one answer") from None
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                raise Unreachable(f"{host} {_why(error)}") from None
            request = _redirected(request, response.status_code, target, keys)
            _check_network(asked[0], request.url, host)
            asked.append(request.url)
        raise Unreachable(f"{host} redirects more than {self.limits.redirects} times")

    def _send(self, request: _Sending) -> requests.Response:
        session = self._session
        prepared = session.prepare_request(
            requests.Request(request.method, request.url, dict(request.headers), data=request.body)
        )
        here = _is_here(urlsplit(request.url).hostname or "")
        # Past the session, which would read the body of a redirect however large it is.
        return session.get_adapter(request.url).send(
            prepared,
            stream=True,
            timeout=(self.limits.connect, self.limits.read),
            proxies={} if here else get_environ_proxies(request.url),
            verify=os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True,
        )

    def _answer(self, request: _Sending, response: requests.Response) -> Answer:
        host, headers = _host(urlsplit(request.url)), dict(response.headers)
        if request.method == "HEAD" or response.status_code in _BODILESS:
            return Answer(response.status_code, headers, b"")
        packed = bytearray()
        for chunk in _chunks(response):
            packed += chunk
            if len(packed) > self.limits.body:
                raise Unreachable(f"{host} answers with more than {size(self.limits.body)}")
        promised = response.headers.get("Content-Length", "")
        if promised.isdecimal() and len(packed) < int(promised):
            raise Unreachable(f"{host} ended its answer early")
        encodings = [word.strip().lower() for word in response.headers.get("Content-Encoding", "").split(",")]
        body = _unpacked(bytes(packed), [word for word in encodings if word not in ("", "identity")], self.limits.body)
        if isinstance(body, str):
            raise Unreachable(f"{host} {body}")
        return Answer(response.status_code, headers, body)


def _chunks(response: requests.Response) -> Iterator[bytes]:
    """The bytes as they travelled; unpacking them is for `_unpacked`, which knows when to stop."""
    raw = response.raw
    # `read1` returns what is there, so that a server that dawdles is noticed; older urllib3 lack it.
    read = raw.read1 if hasattr(raw, "read1") else raw.read
    while chunk := read(_CHUNK, decode_content=False):
        yield chunk


def _unpacked(data: bytes, encodings: list[str], largest: int) -> bytes | str:
    """`data` without its content encoding, or in words why that cannot be had."""
    if not encodings or not data:
        return data
    if len(encodings) > 1 or encodings[0] not in ("gzip", "x-gzip", "deflate"):
        return f"answers in an encoding that was not asked for: {printable(', '.join(encodings), _SHOWN)}"
    # "deflate" is meant to have a header and often has none.
    windows = (31,) if encodings[0] != "deflate" else (15, -15)
    for window in windows:
        found = _inflated(data, window, largest)
        if found is not None:
            return found if len(found) <= largest else f"answers with more than {size(largest)} when unpacked"
    return "packed its answer wrongly, or ended it early"


def _inflated(data: bytes, window: int, largest: int) -> bytes | None:
    """At most `largest` and one bytes of what is packed in `data`, None if it is not sound."""
    found = bytearray()
    for _ in range(_PARTS):
        if not data:
            break
        unpacker = zlib.decompressobj(window)
        try:
            found += unpacker.decompress(data, largest + 1 - len(found))
        except zlib.error:
            return None
        if len(found) > largest:
            return bytes(found)
        if not unpacker.eof:
            return None
        # What follows may be another part of a gzip file; anything else is ignored, as by all clients.
        data = unpacker.unused_data if window == 31 and unpacker.unused_data[:2] == b"\x1f\x8b" else b""
    return None if data else bytes(found)


def _redirected(request: _Sending, status: int, target: str, keys: Keys) -> _Sending:
    """The request that a redirect asks for; raises `Unreachable` if it must not be made."""
    host = _host(urlsplit(request.url))
    url = _joined(request.url, target)
    address = _split(url)
    if address is None or address.scheme not in _PORTS or url_problem(url):
        raise Unreachable(f"{host} redirects to something that is no address")
    if urlsplit(request.url).scheme == "https" and address.scheme == "http":
        raise Unreachable(f"{host} redirects from https to http, which is not followed")
    method, body = request.method, request.body
    if (status == 303 and method != "HEAD") or (status in (301, 302) and method == "POST"):
        method, body = "GET", None
    if _origin(address) == _origin(urlsplit(request.url)):
        headers = {name: value for name, value in request.headers.items() if body or name.lower() != "content-type"}
        return _Sending(method, url, headers, body)
    if keys.hidden.inside(url):
        raise Unreachable(f"{host} redirects to another host with a secret in the address, which is not followed")
    if body is not None or method not in ("GET", "HEAD", "OPTIONS"):
        raise Unreachable(f"{host} redirects a {method} to another host, which is not followed")
    return _Sending(method, url, {n: v for n, v in request.headers.items() if n.lower() in _HARMLESS}, None)


def _check_network(first: str, target: str, host: str) -> None:
    """Raises `Unreachable` for a redirect by `host` into a network that the first host is not in."""
    start, end = urlsplit(first), urlsplit(target)
    inner = [] if start.hostname == end.hostname else sorted(_networks(end) - _networks(start))
    if inner:
        raise Unreachable(f"{host} redirects to {inner[0]}, which is not followed")


def _networks(address: SplitResult) -> set[str]:
    """In which networks that not everybody can reach a host has addresses."""
    found = set()
    for text in _addresses(address.hostname or "", _origin(address)[2] or 0):
        ip = ipaddress.ip_address(text)
        ip = getattr(ip, "ipv4_mapped", None) or ip
        if ip.is_loopback or ip.is_unspecified:
            found.add("an address of this machine")
        elif ip.is_link_local:
            found.add("a link-local address")
        elif not ip.is_global:
            found.add("an address in a private network")
    return found


def _addresses(host: str, port: int) -> set[str]:
    try:
        return {str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        return set()  # asking it fails too, or is for the proxy


def _with_query(url: str, keys: Keys) -> str:
    if not keys.query:
        return url
    return f"{url}{'&' if '?' in url else '?'}{urlencode(keys.query)}"


def _check_base(url: str) -> None:
    address = _split(url)
    if address is None or address.scheme not in _PORTS or url_problem(url) or url.count("/") != 2 or "?" in url:
        shown = "" if address is not None and "@" in address.netloc else f", not {printable(url, _SHOWN)}"
        raise MockToolsError(f"the base URL must be a scheme and a host such as http://127.0.0.1:8000{shown}")


def _split(url: str) -> SplitResult | None:
    try:
        address = urlsplit(url)
        return address if address.hostname and address.port != 0 else None
    except ValueError:
        return None


def _joined(url: str, target: str) -> str:
    """Where a redirect leads; empty if that is no address."""
    try:
        return urljoin(url, target).partition("#")[0]
    except ValueError:
        return ""


def _origin(address: SplitResult) -> tuple[str, str, int | None]:
    return address.scheme, (address.hostname or "").lower(), address.port or _PORTS.get(address.scheme)


def _host(address: SplitResult) -> str:
    return printable(address.netloc.rpartition("@")[2], _SHOWN)


def _is_here(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost" or host.lower().endswith(".localhost")


def _why(error: Exception) -> str:
    """What went wrong, in words of our own: those of `requests` show the whole address, secrets and all."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"has a certificate that cannot be trusted: {printable(cause.verify_message, _SHOWN)}"
    if isinstance(error, requests.exceptions.SSLError):
        return "cannot be reached: no secure connection can be made"
    if isinstance(error, requests.exceptions.ProxyError):
        return "cannot be reached: the proxy of the environment does not let us through"
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return "cannot be reached: it took too long to connect"
    for cause in causes:  # before timeouts, for urllib3 takes these for such
        if isinstance(cause, _NO_NAME):
            return "cannot be reached: there is no such host"
        if isinstance(cause, urllib3.exceptions.NewConnectionError | ConnectionRefusedError):
            return "cannot be reached: it refuses connections"
    if any(isinstance(cause, requests.Timeout | urllib3.exceptions.TimeoutError | TimeoutError) for cause in causes):
        return "took too long to answer"
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        return "cannot be asked: the address is not valid"
    if isinstance(error, requests.exceptions.InvalidHeader | UnicodeError):
        return "cannot be asked: a header is not valid"
    return "ended its answer early, or does not speak HTTP"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and those that it was made of, which `requests` keeps among the arguments."""
    waiting, seen = [error], 0
    while waiting and seen < 20:
        one = waiting.pop(0)
        seen += 1
        yield one
        inside = [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]
        waiting += [other for other in inside if isinstance(other, BaseException)]
