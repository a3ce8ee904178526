"""A record of the calls that go through `requests`: which tool was called with which arguments, and what came back.

    calls = []
    with mocktools.activate("weather") as tools, recorded(tools.tools, calls):
        tools.get("forecast_weather").call({"city": "Paris", "days": 2})
    print(calls[0])                     # forecast_weather(city='Paris', days=2) -> 200

Not covered: other HTTP clients than `requests`; arguments that travel in headers.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from mocktools import NoFixture, Tool
from mocktools.router import Route

_LONGEST = 60  # characters of an argument that is shown


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was made.

    `tool` is whose address it went to, empty if no tool of the toolset has it; `arguments` are then those of the
    query and the body as they are. `kind` is that of a `mocktools.Result`: `ok`, `http_error`, `timeout` or
    `no_fixture`; `status` is None for the last two, and `reply` says what was wrong.
    """

    tool: str
    arguments: Mapping[str, Any] = field(hash=False)
    method: str
    url: str
    body: str
    status: int | None
    reply: str
    kind: str

    def has(self, arguments: Mapping[str, Any]) -> bool:
        """Whether these were among the arguments."""
        return all(name in self.arguments and self.arguments[name] == value for name, value in arguments.items())

    def __str__(self) -> str:
        shown = ", ".join(f"{name}={_short(value)}" for name, value in self.arguments.items())
        what = self.tool or f"{self.method} {self.url.partition('?')[0]} "
        return f"{what}({shown}) -> {self.status or self.kind}"


def _as_it_is(method: str, url: str) -> str:
    return ""


@contextlib.contextmanager
def recorded(
    tools: Sequence[Tool], calls: list[Call], explain: Callable[[str, str], str] = _as_it_is
) -> Iterator[None]:
    """Within the block every request is noted in `calls`, also one that fails or that nothing answers.

    To be opened inside `mocktools.activate`: what is noted is what the caller sees, faults included. `explain` may say
    of a method and an address that nothing answers why that is; else the text lists the nearest fixtures.
    """
    import requests
    from requests.adapters import HTTPAdapter

    # `Session.send` would miss nothing either, but programs replace it more often than the adapter's.
    original = HTTPAdapter.send

    def send(adapter: HTTPAdapter, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        __tracebackhide__ = True
        failure: requests.RequestException
        try:
            response = original(adapter, request, *args, **options)
        except NoFixture as miss:
            failure = NoFixture(explain(request.method or "GET", request.url or "") or str(miss), request=request)
        except requests.RequestException as error:
            failure = error
        else:
            calls.append(_answered(tools, request, response, bool(options.get("stream"))))
            return response
        kind = "no_fixture" if isinstance(failure, NoFixture) else "timeout"
        calls.append(_call(tools, request, None, str(failure), kind))
        # Where it was raised first is of no use to who called `requests`.
        raise failure.with_traceback(None)

    HTTPAdapter.send = send  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        HTTPAdapter.send = original  # type: ignore[method-assign]


def _answered(tools: Sequence[Tool], request: Any, response: Any, streamed: bool) -> Call:
    reply = "" if streamed else response.content.decode("utf-8", "replace")
    return _call(tools, request, response.status_code, reply, "ok" if response.status_code < 400 else "http_error")


def _call(tools: Sequence[Tool], request: Any, status: int | None, reply: str, kind: str) -> Call:
    method, url = request.method or "GET", request.url or ""
    body = request.body or ""
    body = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body)
    tool, in_path = tool_of(tools, method, url)
    arguments = _arguments(tool, in_path, url, body)
    return Call(tool.name if tool else "", arguments, method, url, body, status, reply, kind)


def tool_of(tools: Sequence[Tool], method: str, url: str) -> tuple[Tool | None, dict[str, str]]:
    """Whose address it is, and what stands in the path; a plain address goes before a template."""
    address = urlsplit(url)
    origin = f"{address.scheme}://{address.netloc}".lower()
    for tool in sorted(tools, key=lambda tool: tool.url.count("{")):
        host, slash, path = tool.url.partition("://")[2].partition("/")
        if tool.method != method or f"{tool.url.partition('://')[0]}://{host}".lower() != origin:
            continue
        # A server's route knows how to read an address; nobody asks this one for an answer.
        found = Route(method, host, slash + path, lambda _: None).captures(address.path)  # type: ignore[arg-type, return-value]
        if found is not None:
            return tool, found
    return None, {}


def _arguments(tool: Tool | None, in_path: Mapping[str, str], url: str, body: str) -> dict[str, Any]:
    """The arguments as the tool's schema has them: a number in a query is a number."""
    schemas: Mapping[str, Any] = tool.parameters.get("properties", {}) if tool else {}
    places = tool.places if tool else {}
    found: dict[str, Any] = {name: _typed(text, schemas.get(name, {})) for name, text in in_path.items()}
    sent: dict[str, list[str]] = {}
    for name, text in parse_qsl(urlsplit(url).query, keep_blank_values=True):
        sent.setdefault(name, []).append(text)
    for name, texts in sent.items():
        schema, lists = schemas.get(name, {}), places[name].lists if name in places else "json"
        if lists == "comma":
            texts = texts[-1].split(",")
        if len(texts) > 1 or lists != "json":
            found[name] = [_typed(text, schema.get("items", {})) for text in texts]
        else:
            found[name] = _typed(texts[0], schema)
    content = [name for name, place in places.items() if place.where == "content"]
    try:
        value = json.loads(body) if body else {}
    except (ValueError, RecursionError):
        value = {"body": body}
    return found | ({content[0]: value} if content else value if isinstance(value, dict) else {"body": value})


def _typed(text: str, schema: Any) -> Any:
    """What a text in an address stands for, if the schema wants no text."""
    kinds = schema.get("type", "string") if isinstance(schema, Mapping) else "string"
    if "string" in ([kinds] if isinstance(kinds, str) else kinds):
        return text
    try:
        return json.loads(text.lower() if text.lower() in ("true", "false") else text)
    except (ValueError, RecursionError):
        return text


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
