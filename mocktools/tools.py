"""The callers' side: a `Tool` turns arguments into an HTTP request and hands back a `Result`.

    import mocktools
    with mocktools.activate("starter") as tools:
        print(tools.get("get_today_date").call({}).body)

Any JSON object gives a result. Not covered: requests with a body, retries.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlencode

import requests

from mocktools import transport
from mocktools.errors import NoFixture

ResultKind = Literal["ok", "http_error", "no_fixture", "timeout"]


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a call.

    `kind` is `ok` (status below 400), `http_error` (400 and above), `no_fixture` (nothing answers such a
    request; `body` explains) or `timeout`. `status` is None for the last two. `request` is the request as
    it was sent, "GET https://...".
    """

    status: int | None
    body: str
    kind: ResultKind
    request: str


@dataclass(frozen=True, slots=True)
class Tool:
    """An API that can be called.

    `parameters` is a JSON Schema of type object (do not change it, it is shared); `provider` names who
    offers the API; `url` is its address without the query; `example` are arguments that work.
    """

    name: str
    description: str
    parameters: Mapping[str, Any] = field(hash=False)
    provider: str = ""
    tags: tuple[str, ...] = ()
    url: str = ""
    example: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def call(self, arguments: Mapping[str, Any]) -> Result:
        """Send `arguments` as the query of a GET request; parameters that the API does not know go along.

        Raises `MockToolsError` outside `mocktools.activate`; never for an odd argument.
        """
        session = transport.session()
        url = f"{self.url}?{encode(arguments)}".removesuffix("?")
        try:
            response = session.get(url)
        except NoFixture as miss:
            return Result(None, str(miss), "no_fixture", f"GET {url}")
        except requests.Timeout as error:
            return Result(None, str(error), "timeout", f"GET {url}")
        kind: ResultKind = "ok" if response.status_code < 400 else "http_error"
        return Result(response.status_code, response.text, kind, f"GET {url}")


def encode(arguments: Mapping[str, Any]) -> str:
    """`arguments` as a query string; a null is left out, as HTTP clients do."""
    pairs = [(_scrubbed(str(name)), _text(value)) for name, value in arguments.items() if value is not None]
    return urlencode(pairs)


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
