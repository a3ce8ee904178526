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
Where = Literal["path", "query", "header", "body", "content"]
ListStyle = Literal["json", "repeat", "comma"]


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an argument travels: `content` means that it is the whole JSON body.

    `lists` says how a list is written in a query: `json` is `a=[1, 2]`, `repeat` is `a=1&a=2`, `comma` is `a=1,2`.
    """

    where: Where
    lists: ListStyle = "json"


@dataclass(frozen=True, slots=True)
class Secret:
    """What a live API wants to know of its caller, in a header, the query or a cookie called `name`.

    `value` is a template such as `Bearer ${PETSTORE_TOKEN}`, filled from the environment while recording and nowhere
    else: mocks are not sent it, and nothing stores it.
    """

    where: Literal["header", "query", "cookie"]
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request as a tool sends it."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)
    body: bytes | None = None

    def __str__(self) -> str:
        """ "GET https://..." or 'POST https://... {"title": ...}'."""
        sent = f"{self.method} {self.url}"
        return sent if self.body is None else f"{sent} {self.body.decode('utf-8', 'replace')}"


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
    arguments that work. `places` are of those arguments that travel elsewhere than the rule of `request` says,
    `secrets` what only a recording sends.
    """

    name: str
    description: str
    parameters: Mapping[str, Any] = field(hash=False)
    provider: str = ""
    tags: tuple[str, ...] = ()
    url: str = ""
    example: Mapping[str, Any] = field(default_factory=dict, hash=False)
    method: str = "GET"
    places: Mapping[str, Placement] = field(default_factory=dict, hash=False)
    secrets: tuple[Secret, ...] = ()

    def call(self, arguments: Mapping[str, Any], world: World | None = None) -> Result:
        """Send `arguments` (see `request`) and hand back what came of it.

        The servers remember the call in `world` (`Toolset.fresh()`), or else for the whole activation. Raises
        `MockToolsError` outside `mocktools.activate`; never for an odd argument.
        """
        outgoing = self.request(arguments)
        sent = str(outgoing)
        try:
            response = transport.send(outgoing.method, outgoing.url, outgoing.headers, outgoing.body, world)
        except NoFixture as miss:
            return Result(None, str(miss), "no_fixture", sent)
        except requests.Timeout as error:
            return Result(None, str(error), "timeout", sent)
        kind: ResultKind = "ok" if response.status_code < 400 else "http_error"
        return Result(response.status_code, response.text, kind, sent)

    def request(self, arguments: Mapping[str, Any]) -> Outgoing:
        """The request with these arguments: those that the address names go into the path, the others into the query,
        or into a JSON body for POST, PUT and PATCH, unless `places` says otherwise.

        Parameters that the API does not know go along; what the path lacks stays empty in it, for the server to refuse.
        """
        parts: dict[Where, dict[str, Any]] = {"path": {}, "query": {}, "header": {}, "body": {}, "content": {}}
        in_path = frozenset(placeholders(self.url))
        for name, value in arguments.items():
            parts[self._where(str(name), in_path)][str(name)] = value
        url = self.url
        for name in in_path:
            value = parts["path"].get(name)
            url = url.replace(f"{{{name}}}", "" if value is None else _segment(_text(value)))
        query = encode(parts["query"], {name: place.lists for name, place in self.places.items()})
        body = self._body(parts)
        headers = {name: _header(value) for name, value in parts["header"].items() if value is not None}
        if body is not None:
            headers["Content-Type"] = "application/json"
        return Outgoing(self.method, f"{url}?{query}".removesuffix("?"), headers, body)

    def _where(self, name: str, in_path: frozenset[str]) -> Where:
        if name in self.places:
            return self.places[name].where
        if name in in_path:
            return "path"
        return "body" if self.method in WITH_BODY else "query"

    def _body(self, parts: Mapping[Where, Mapping[str, Any]]) -> bytes | None:
        """The JSON body: of a POST, PUT or PATCH in any case, of the others if an argument belongs there."""
        for value in parts["content"].values():
            return _json(_member(value)).encode()
        if parts["body"] or self.method in WITH_BODY:
            return encode_body(parts["body"]).encode()
        return None


def encode(arguments: Mapping[str, Any], lists: Mapping[str, ListStyle] | None = None) -> str:
    """`arguments` as a query string; a null is left out, as HTTP clients do.

    `lists` says of some names how a list is written; the others are written as JSON.
    """
    pairs: list[tuple[str, str]] = []
    for name, value in arguments.items():
        style = (lists or {}).get(str(name), "json")
        values = [value]
        if isinstance(value, list) and style == "repeat":
            values = value
        elif isinstance(value, list) and style == "comma":
            values = [",".join(_text(element) for element in value)]
        pairs += [(_scrubbed(str(name)), _text(value)) for value in values if value is not None]
    return urlencode(pairs)


def encode_body(arguments: Mapping[str, Any]) -> str:
    """`arguments` as a JSON object in one canonical form: sorted, without spaces; a null is left out."""
    return _json({str(name): _member(value) for name, value in arguments.items() if value is not None})


def _json(value: Any) -> str:
    return _scrubbed(json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")))


def _header(value: Any) -> str:
    """`value` as a header can hold it: one line of Latin letters."""
    return quote(_text(value), safe=" !#$%&'()*+,/:;=?@[]\"<>{}|^`~").strip()


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
