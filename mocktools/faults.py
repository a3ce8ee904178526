"""Calls that fail as they do with real servers: too many requests, a gateway's error page, no answer in time.

    >>> faults = Faults.parse("timeout:0.02, 429:.10", seed=7)
    >>> faults.spec
    '429:0.1,timeout:0.02'
    >>> [faults.draw("GET https://api.example/v1/now", times) for times in range(3)]
    [None, None, None]
    >>> Faults.parse("503:1").draw("GET https://api.example/v1/now", 0)
    '503'

Whether a call fails, and how, depends on the seed, on the request (method, address and body), and on how often this
very request was made since the state was last fresh; on nothing else. A call that fails has not reached the server:
nothing was done. Not covered: replies that come late or in pieces, faults that last a while, a write that was done
although the reply was lost.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from decimal import Decimal

import orjson
import requests

from mocktools.errors import MockToolsError
from mocktools.refusals import ApiError
from mocktools.router import Reply, Route

TIMEOUT = "timeout"
# What can go wrong, with a server's words for it; those without words come from the gateway in front of it.
KINDS: dict[str, str] = {
    "401": "The access token has expired or was revoked",
    "403": "The access token is not allowed to do this",
    "429": "Too many requests. Try again in {seconds} seconds",
    "500": "An unexpected error occurred on our side. Please try again later",
    "502": "",
    "503": "",
    "504": "",
    TIMEOUT: "",
}
_CODES = {"401": "unauthorized", "403": "forbidden", "429": "rate_limited", "500": "internal_error"}
_TITLES = {"502": "Bad Gateway", "503": "Service Temporarily Unavailable", "504": "Gateway Time-out"}
_GATEWAY = {
    "502": "An invalid response was received from the upstream server",
    "503": "The upstream server is currently unavailable",
    "504": "The upstream server is timing out",
}
_SHARE = re.compile(r"[0-9]{1,3}|[0-9]{0,3}\.[0-9]{1,9}", re.ASCII)
_LONGEST = 200  # characters of a specification


@dataclass(frozen=True, slots=True)
class Faults:
    """Which share of the calls fails in which way. Made with `Faults.parse`."""

    shares: tuple[tuple[str, Decimal], ...]
    seed: int = 0

    @classmethod
    def parse(cls, text: str, seed: int = 0) -> Faults:
        """The faults that a text such as "429:0.1,500:0.05,timeout:0.02" describes.

        Raises `MockToolsError` with one line that says what is wrong with it.
        """
        found: dict[str, Decimal] = {}
        parts = [part.strip() for part in text.split(",")]
        if len(text) > _LONGEST or not all(parts):
            raise _wrong(text, "write a kind and a share, with commas between them: 429:0.1,timeout:0.02")
        for part in parts:
            kind, _, share = (piece.strip() for piece in part.partition(":"))
            if kind not in KINDS:
                raise _wrong(text, f"{kind!r} is no fault; there are: {', '.join(KINDS)}")
            if kind in found:
                raise _wrong(text, f"{kind} is there twice")
            if not _SHARE.fullmatch(share) or Decimal(share) > 1:
                raise _wrong(text, f"{share!r} is not a share from 0 to 1, such as {kind}:0.1")
            found[kind] = Decimal(share)
        if sum(found.values()) > 1:
            raise _wrong(text, f"the shares are {sum(found.values())} together, more than all calls")
        return cls(tuple((kind, found[kind]) for kind in KINDS if kind in found), seed)

    @property
    def spec(self) -> str:
        """The text that describes these faults, always in the same form."""
        return ",".join(f"{kind}:{_plain(share)}" for kind, share in self.shares)

    def draw(self, request: str, times: int) -> str | None:
        """What goes wrong with a request that was made so many `times` before, or None."""
        drawn = Decimal(int.from_bytes(self._digest(request, times)[:8], "big")) / 2**64
        for kind, share in self.shares:
            if drawn < share:
                return kind
            drawn -= share
        return None

    def reply(self, kind: str, route: Route, request: str, times: int) -> Reply:
        """How a fault looks to the caller; raises `requests.Timeout` for a timeout."""
        digest = self._digest(request, times)
        if kind == TIMEOUT:
            raise requests.exceptions.ReadTimeout(
                f"HTTPSConnectionPool(host='{route.host}', port=443): Read timed out. (read timeout=30)"
            )
        seconds = 1 + digest[8] % 30
        headers = {"429": {"Retry-After": str(seconds)}, "503": {"Retry-After": str(seconds)}}.get(kind, {})
        if kind == "401":
            headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        if kind in _TITLES:
            return _gateway(kind, route.host, digest[9:25].hex(), headers)
        error = ApiError(int(kind), _CODES[kind], KINDS[kind].format(seconds=seconds))
        body = route.errors(error) if route.errors else {"error": error.message}
        return Reply(error.status, orjson.dumps(body), headers=headers)

    def _digest(self, request: str, times: int) -> bytes:
        return hashlib.sha256(f"{self.seed}\0{times}\0{request}".encode("utf-8", "replace")).digest()


def _gateway(kind: str, host: str, request_id: str, headers: dict[str, str]) -> Reply:
    """A gateway's error: a page of HTML before one half of the hosts, JSON before the other."""
    if hashlib.sha256(host.encode()).digest()[0] % 2:
        body = orjson.dumps({"message": _GATEWAY[kind], "request_id": request_id})
        return Reply(int(kind), body, headers=headers)
    title = f"{kind} {_TITLES[kind]}"
    lines = ["<html>", f"<head><title>{title}</title></head>", "<body>", f"<center><h1>{title}</h1></center>"]
    lines += ["<hr><center>nginx</center>", "</body>", "</html>", ""]
    return Reply(int(kind), "\r\n".join(lines).encode(), "text/html", headers)


def _plain(share: Decimal) -> str:
    """A share without needless zeros."""
    text = f"{share:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def _wrong(text: str, why: str) -> MockToolsError:
    shown = text if len(text) <= 60 else text[:60] + "..."
    return MockToolsError(f"faults {shown!r}: {why}")
