"""A fixture file: what was recorded or written by hand, as frozen dataclasses, read and written.

    from pathlib import Path
    from mocktools.exchanges import format
    found = format.read(Path("mytools/fixtures/pets.json"))
    format.write(Path("copy.json"), found)

`docs/fixtures.md` shows the format, `fixture.schema.json` is its JSON Schema. Not covered: bodies that are not text;
the form that only the tables of the bundled providers have (`mocktools/fixtures.py`).
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit

from mocktools.errors import MockToolsError
from mocktools.exchanges import rules, schemas
from mocktools.exchanges.files import LARGEST_FILE, FileError, read_json, size, unfit
from mocktools.exchanges.matching import Canonical, canonical, canonical_json

Match = Literal["exact", "pattern", "table"]
Values = str | tuple[str, ...]
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([\w.:-]{1,40})\"?", re.ASCII | re.IGNORECASE)


class Absent(Enum):
    """The type of `ABSENT`: no body, where None is the JSON null."""

    ABSENT = "absent"

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = Absent.ABSENT


class Sent(Protocol):
    """A request as it was sent; `mocktools.tools.Outgoing` is one."""

    @property
    def method(self) -> str:
        """The HTTP method."""

    @property
    def url(self) -> str:
        """The address with its query."""

    @property
    def body(self) -> bytes | None:
        """The bytes of the body, or None."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request that is answered; a pattern of requests where `Exchange.match` is not "exact".

    `query` is added to what the url has. `body` is JSON, `text` another body; at most one of the two.
    """

    method: str
    url: str
    query: Mapping[str, Values] = field(default_factory=dict, hash=False)
    body: Any = field(default=ABSENT, hash=False)
    text: str | None = None

    def canonical(self) -> Canonical:
        """The canonical form; that of a pattern has its wildcards as they are written."""
        pairs = [(name, value) for name, values in self.query.items() for value in _listed(values)]
        more = urlencode(pairs)
        url = self.url.partition("#")[0]
        joined = f"{url}{'&' if '?' in url else '?'}{more}" if more else url
        body = None if self.text is None else self.text.encode()
        if self.body is not ABSENT:
            body = json.dumps(self.body, ensure_ascii=False).encode()
        return canonical(self.method, joined, body)


@dataclass(frozen=True, slots=True)
class Call:
    """The request that the tool of this name sends for these arguments."""

    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Response:
    """What comes back: `json` or `text` is the body; without either it is empty."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)
    json: Any = field(default=ABSENT, hash=False)
    text: str | None = None

    def body(self) -> bytes:
        """The bytes of the body, UTF-8."""
        if self.json is not ABSENT:
            return json.dumps(self.json, ensure_ascii=False, separators=(",", ":")).encode()
        return (self.text or "").encode()


@dataclass(frozen=True, slots=True)
class Exchange:
    """What is asked (`request` or `call`) and what is answered.

    `table`, `where` (column -> parameter), `many` and `missing` belong to match "table"; there `response` may be None.
    """

    request: Request | None = None
    response: Response | None = None
    call: Call | None = None
    match: Match = "exact"
    table: str = ""
    where: Mapping[str, str] = field(default_factory=dict, hash=False)
    many: bool = False
    missing: Response | None = None

    @classmethod
    def of(cls, sent: Sent, status: int, headers: Mapping[str, str], body: bytes) -> Exchange:
        """The exact exchange for a request that was sent and the reply that came, as a recorder has them.

        Headers that say how the body travelled (length, encoding) are dropped; the body must be decoded. Raises
        `MockToolsError` if it is not text, or too large, or the status is none of a final reply.
        """
        kept = {name: value for name, value in headers.items() if rules.storable(name, value)}
        kind = next((value for name, value in kept.items() if name.lower() == "content-type"), "")
        text = _decoded(body, kind)
        for name in kept:
            if name.lower() == "content-type":
                kept[name] = _CHARSET.sub("; charset=utf-8", kept[name])
        value = _as_json(text) if not kind or "json" in kind.lower() else ABSENT
        made = Response(status, kept, value, text if value is ABSENT and text else None)
        exchange = cls(_request_of(sent), made)
        wrong = problems(content_of(FixtureFile("-", "-", "-", exchanges=(exchange,))))
        if wrong:
            raise MockToolsError(f"this exchange cannot be stored: {wrong[0][0]}: {wrong[0][1]}")
        return exchange


@dataclass(frozen=True, slots=True)
class FixtureFile:
    """The content of a fixture file; `tables` are rows by the name of their table."""

    source: str
    as_of: str
    license: str
    about: str = ""
    exchanges: tuple[Exchange, ...] = ()
    tables: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict, hash=False)


def read(path: Path) -> FixtureFile:
    """The fixture file at `path`; raises `FileError` (one line with file and place) for the first thing wrong in it."""
    content = read_json(path)
    wrong = problems(content)
    if wrong:
        raise FileError(path, *wrong[0])
    return parsed(content)


def problems(content: Any) -> list[tuple[str, str]]:
    """All that is wrong with the JSON of a fixture file: places and words; empty if it is sound."""
    return schemas.problems("fixture", content) or rules.file_problems(content)


def parsed(content: Mapping[str, Any]) -> FixtureFile:
    """The dataclass for JSON in which `problems` finds nothing."""
    exchanges = tuple(_exchange(part) for part in content.get("exchanges", ()))
    head = (content["source"], content["as_of"], content["license"], content.get("about", ""))
    return FixtureFile(*head, exchanges, content.get("tables", {}))


def write(path: Path, content: FixtureFile) -> None:
    """Write a fixture file: indented, in the order given, all at once or not at all; the same content, the same bytes.

    Raises `FileError` for what `read` would refuse, and if the file cannot be written.
    """
    data = encoded(path, content)
    part = staged(path, data)
    try:
        part.replace(path)
    except BaseException as error:
        _drop(part)
        if isinstance(error, OSError):
            raise FileError(path, "", f"cannot be written: {error.strerror}") from None
        raise


def encoded(path: Path, content: FixtureFile) -> bytes:
    """The bytes of a fixture file that is to stand at `path`; raises `FileError` for what `read` would refuse."""
    raw = content_of(content)
    wrong = unfit(raw)
    found = [("", wrong)] if wrong else problems(raw)
    if found:
        raise FileError(path, *found[0])
    data = rendered(raw).encode()
    if len(data) > LARGEST_FILE:
        raise FileError(path, "", f"would be larger than {size(LARGEST_FILE)}")
    return data


def staged(path: Path, data: bytes) -> Path:
    """A new file beside `path` with what is to take its place, safe on the disk; its name is one that nothing reads.

    Raises `FileError` if it cannot be written; then, as after any other exception, it is gone.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as opened:
            opened.write(data)
            opened.flush()
            os.fsync(opened.fileno())
    except BaseException as error:
        _drop(part)
        if isinstance(error, OSError):
            raise FileError(path, "", f"cannot be written: {error.strerror}") from None
        raise
    return part


def leftovers(path: Path) -> list[Path]:
    """What `staged` left beside `path` in a process that was killed."""
    return sorted(path.parent.glob(f".{path.name}.*.part"))


def _drop(part: Path) -> None:
    with contextlib.suppress(OSError):
        part.unlink()


def rendered(content: Mapping[str, Any]) -> str:
    """The text of a fixture file: rows of tables one a line, exchanges one after another."""
    plain = {name: value for name, value in content.items() if name not in ("tables", "exchanges")}
    parts = [f"  {_text(name)}: {_text(value)}" for name, value in plain.items()]
    if content.get("tables"):
        tables = [f"    {_text(name)}: {_block(map(_text, rows), 6)}" for name, rows in content["tables"].items()]
        parts.append('  "tables": {\n' + ",\n".join(tables) + "\n  }")
    if content.get("exchanges"):
        parts.append('  "exchanges": ' + _block((_laid_out(one, 4, 0) for one in content["exchanges"]), 4))
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _block(texts: Iterable[str], indent: int) -> str:
    lines = [" " * indent + text for text in texts]
    return "[\n" + ",\n".join(lines) + "\n" + " " * (indent - 2) + "]" if lines else "[]"


def _laid_out(value: Any, indent: int, width: int = 100) -> str:
    """JSON on one line if it is no wider than `width`, else one member or element a line."""
    text = _text(value)
    if len(text) <= width or not isinstance(value, dict | list) or not value:
        return text
    inner, outer = " " * (indent + 2), " " * indent
    if isinstance(value, dict):
        lines = [f"{inner}{_text(name)}: {_laid_out(one, indent + 2)}" for name, one in value.items()]
        return "{\n" + ",\n".join(lines) + f"\n{outer}}}"
    return "[\n" + ",\n".join(inner + _laid_out(one, indent + 2) for one in value) + f"\n{outer}]"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _exchange(part: Mapping[str, Any]) -> Exchange:
    request, call = part.get("request"), part.get("call")
    return Exchange(
        request=_request(request) if request is not None else None,
        response=_response(part.get("response")),
        call=Call(call["tool"], call["arguments"]) if call is not None else None,
        match=part.get("match", "exact"),
        table=part.get("table", ""),
        where=part.get("where", {}),
        many=part.get("many", False),
        missing=_response(part.get("missing")),
    )


def _request(part: Mapping[str, Any]) -> Request:
    query = {name: _values(value) for name, value in part.get("query", {}).items()}
    return Request(part["method"], part["url"], query, part.get("body", ABSENT), part.get("text"))


def _response(part: Mapping[str, Any] | None) -> Response | None:
    if part is None:
        return None
    return Response(int(part.get("status", 200)), part.get("headers", {}), part.get("json", ABSENT), part.get("text"))


def _values(value: Any) -> Values:
    return tuple(_plain(one) for one in value) if isinstance(value, list) else _plain(value)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else canonical_json(value)


def _listed(values: Values) -> tuple[str, ...]:
    return (values,) if isinstance(values, str) else tuple(values)


def content_of(file: FixtureFile) -> dict[str, Any]:
    """A fixture file as the JSON that it is written as."""
    head = {"source": file.source, "as_of": file.as_of, "license": file.license}
    if file.about:
        head["about"] = file.about
    tables = {name: [dict(row) for row in rows] for name, rows in file.tables.items()}
    exchanges = [_exchange_content(exchange) for exchange in file.exchanges]
    return head | ({"tables": tables} if tables else {}) | ({"exchanges": exchanges} if exchanges else {})


def _exchange_content(exchange: Exchange) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if exchange.request is not None:
        sent = exchange.request
        query = {name: values if isinstance(values, str) else list(values) for name, values in sent.query.items()}
        content["request"] = {"method": sent.method, "url": sent.url} | ({"query": query} if query else {})
        content["request"] |= _body_content("body", sent.body, sent.text)
    if exchange.call is not None:
        content["call"] = {"tool": exchange.call.tool, "arguments": dict(exchange.call.arguments)}
    if exchange.match != "exact":
        content["match"] = exchange.match
    for name in ("table", "where", "many"):
        if getattr(exchange, name):
            content[name] = getattr(exchange, name)
    for name, response in (("response", exchange.response), ("missing", exchange.missing)):
        if response is not None:
            headers = {"headers": dict(response.headers)} if response.headers else {}
            content[name] = {"status": response.status} | headers | _body_content("json", response.json, response.text)
    return content


def _body_content(name: str, value: Any, text: str | None) -> dict[str, Any]:
    return ({} if value is ABSENT else {name: value}) | ({} if text is None else {"text": text})


def _request_of(sent: Sent) -> Request:
    """A request as a fixture has it: the query apart from the address, the body as JSON if it is."""
    address = urlsplit(sent.url)
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(address.query, keep_blank_values=True):
        found.setdefault(name, []).append(value)
    query: dict[str, Values] = {
        name: values[0] if len(values) == 1 else tuple(values) for name, values in sorted(found.items())
    }
    url = address._replace(query="", fragment="").geturl()
    text = _decoded(sent.body or b"", "")
    value = _as_json(text)
    return Request(sent.method.upper(), url, query, value, text if value is ABSENT and text else None)


def _as_json(text: str) -> Any:
    """The JSON in `text`, or `ABSENT` if it is none that a fixture file can hold."""
    try:
        value = json.loads(text, parse_constant=lambda name: float(name))
    except (ValueError, RecursionError):
        return ABSENT
    return ABSENT if unfit(value) else value


def _decoded(body: bytes, content_type: str) -> str:
    found = _CHARSET.search(content_type)
    try:
        return body.decode(found[1] if found else "utf-8")
    except (UnicodeDecodeError, LookupError):
        raise MockToolsError("this exchange cannot be stored: its body is not text") from None
