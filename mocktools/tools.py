"""The callers' side: a `Tool` turns arguments into an HTTP request and hands back a `Result`.

    import mocktools
    with mocktools.activate("starter") as tools:
        print(tools.get("get_today_date").call({}).body)

Any JSON object gives a result. Not covered: retries, credentials.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote, urlencode

import requests

from mocktools import transport
from mocktools.errors import NoFixture
from mocktools.params import WITH_BODY, placeholders
from mocktools.world import World

ResultKind = Literal["ok", "http_error", "no_fixture", "timeout"]


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a call.

    `kind` is `ok` (status below 400), `http_error` (400 and above), `no_fixture` (nothing answers such a
    request; `body` explains) or `timeout`. `status` is None for the last two. `request` is the request as
    it was sent, "GET https://..." or 'POST https://... {"title": ...}'.
    """

    status: int | None
    body: str
    kind: ResultKind
    request: str


@dataclass(frozen=True, slots=True)
class Tool:
    """An API that can be called.

    `parameters` is a JSON Schema of type object (do not change it, it is shared); `provider` names who
    offers the API; `url` is its address without the query, where `{name}` stands for an argument; `example` are
    arguments that work.
    """

    name: str
    description: str
    parameters: Mapping[str, Any] = field(hash=False)
    provider: str = ""
    tags: tuple[str, ...] = ()
    url: str = ""
    example: Mapping[str, Any] = field(default_factory=dict, hash=False)
    method: str = "GET"

    def call(self, arguments: Mapping[str, Any], world: World | None = None) -> Result:
        """Send `arguments`: those that the address names in the path, the others in the query, or in a JSON body for
        POST, PUT and PATCH. Parameters that the API does not know go along.

        The servers remember the call in `world` (`Toolset.fresh()`), or else for the whole activation. Raises
        `MockToolsError` outside `mocktools.activate`; never for an odd argument.
        """
        url, body = self._address(arguments)
        sent = f"{self.method} {url}" if body is None else f"{self.method} {url} {body}"
        try:
            response = transport.send(self.method, url, None if body is None else body.encode(), world)
        except NoFixture as miss:
            return Result(None, str(miss), "no_fixture", sent)
        except requests.Timeout as error:
            return Result(None, str(error), "timeout", sent)
        kind: ResultKind = "ok" if response.status_code < 400 else "http_error"
        return Result(response.status_code, response.text, kind, sent)

    def _address(self, arguments: Mapping[str, Any]) -> tuple[str, str | None]:
        """The address and the body; what an address lacks stays empty in it, for the server to refuse."""
        url, rest = self.url, dict(arguments)
        for name in placeholders(self.url):
            value = rest.pop(name, None)
            url = url.replace(f"{{{name}}}", "" if value is None else _segment(_text(value)))
        if self.method in WITH_BODY:
            return url, encode_body(rest)
        return f"{url}?{encode(rest)}".removesuffix("?"), None


def encode(arguments: Mapping[str, Any]) -> str:
    """`arguments` as a query string; a null is left out, as HTTP clients do."""
    pairs = [(_scrubbed(str(name)), _text(value)) for name, value in arguments.items() if value is not None]
    return urlencode(pairs)


def encode_body(arguments: Mapping[str, Any]) -> str:
    """`arguments` as a JSON object in one canonical form: sorted, without spaces; a null is left out."""
    members = {str(name): _member(value) for name, value in arguments.items() if value is not None}
    return _scrubbed(json.dumps(members, ensure_ascii=False, sort_keys=True, separators=(",", ":")))


def _member(value: Any) -> Any:
    """`value` itself if it is JSON, else a text that stands for it."""
    try:
        json.dumps(value, allow_nan=False, sort_keys=True)
    except (ValueError, TypeError, RecursionError):
        return _text(value)
    return value


def _segment(text: str) -> str:
    """`text` as one segment of a path; one that is all dots would otherwise lead out of its folder."""
    return quote(text, safe="") if text.strip(".") else text.replace(".", "%2E")


def _text(value: Any) -> str:
    """`value` as a query would hold it: text as it is, all else as JSON."""
    if isinstance(value, str):
        return _scrubbed(value)
    try:
        return _scrubbed(json.dumps(value, ensure_ascii=False, default=repr))
    except (ValueError, RecursionError):
        # An integer of thousands of digits or a list nested a thousand deep: no server would take it,
        # and its refusal does not depend on which it was.
        return f"<{type(value).__name__}>"


def _scrubbed(text: str) -> str:
    """`text` without lone surrogates, which JSON allows and UTF-8 cannot encode."""
    return text.encode("utf-8", "replace").decode("utf-8")
