"""The exchanges of a toolset as the routes that answer for it.

    from mocktools.exchanges import format, routes
    found = format.read(path)
    toolset = Toolset("pets", tools, routes.routes(tools, [("fixtures/pets.json", found)]))

A `Book` holds all exchanges of a toolset and knows which answers a request: the exact one, else a table, else a
pattern, those with fewer wildcards first, else a value made from a tool's `Made`. A request whose arguments do not fit
the parameters of its tool is refused, unless an exact exchange answers just that one. Every address that a tool or an
exchange has is a route to it. Not covered: answers that depend on headers or on what was asked before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mocktools.errors import unknown
from mocktools.exchanges import arguments, explain
from mocktools.exchanges.files import FileError, shown
from mocktools.exchanges.format import ABSENT, Exchange, FixtureFile, Response
from mocktools.exchanges.matching import REST, Canonical, canonical, fits, placeholder
from mocktools.exchanges.patterns import covers, overlap, rivals, wildcards
from mocktools.exchanges.rules import ROW, ROWS
from mocktools.exchanges.tables import Table, TooLargeError, filled
from mocktools.router import Incoming, Miss, Reply, Route
from mocktools.tools import Tool

# Comparing each pattern with each takes time that grows with the square of their number.
MOST_PATTERNS = 1000
_PLAIN = re.compile(r"[A-Za-z0-9._~-]*", re.ASCII)
_NOT_FOUND = Response(404, {}, {"error": "not found"})

Files = Sequence[tuple[Path | str, FixtureFile]]


@dataclass(frozen=True, slots=True)
class Made:
    """What a tool's server replies when no exchange answers: a value made from a JSON Schema, or nothing if None."""

    schema: Mapping[str, Any] | None
    status: int = 200


@dataclass(frozen=True)
class Entry:
    """An exchange with the canonical form of its request, and where it stands.

    `names` are the parameters in the path, by the position of their segment; `tool` is that of its call.
    """

    file: Path | str
    index: int
    exchange: Exchange
    wanted: Canonical
    names: Mapping[int, str] = field(default_factory=dict, hash=False)
    tool: str = ""
    table: Table | None = None

    @property
    def place(self) -> str:
        """Where it stands, for a person: "pets.json: exchanges[3]"."""
        return f"{Path(self.file).name}: exchanges[{self.index}]"

    @cached_property
    def order(self) -> tuple[int, int]:
        """What decides which of several goes first: the smaller."""
        kinds = {"exact": 0, "table": 1, "pattern": 2}
        return kinds[self.exchange.match], 0 if self.exchange.match == "exact" else wildcards(self.wanted)

    def problem(self, place: str, message: str) -> FileError:
        """An error about this exchange."""
        return FileError(self.file, f"exchanges[{self.index}]{place}", message)


class Book:
    """All exchanges of a toolset. `problems` is what is wrong with them together; use it only if there are none."""

    def __init__(self, tools: Sequence[Tool], files: Files, made: Mapping[str, Made] | None = None) -> None:
        self.tools, self.made = {tool.name: tool for tool in tools}, dict(made or {})
        self.problems: list[FileError] = []
        self.tables: dict[str, tuple[Path | str, Table]] = {}
        for file, content in files:
            self._take_tables(file, content)
        self.entries = [entry for file, content in files for entry in self._entries(file, content)]
        self._exact: dict[Canonical, Entry] = {}
        self._patterns: dict[tuple[str, str, str, int], list[Entry]] = {}
        for entry in self.entries:
            self._place(entry)
        for entries in self._patterns.values():
            entries.sort(key=lambda entry: entry.order)
            self._compare(entries)
        self._wanted = {name: _address(tool) for name, tool in self.tools.items()}

    def answer(self, incoming: Incoming) -> Reply:
        """What a request is answered; raises `router.Miss` with the reasons if nothing does."""
        asked = canonical(incoming.method, incoming.url, incoming.body)
        if asked in self._exact:
            return _reply(self._exact[asked], asked)
        callers = [name for name, wanted in self._wanted.items() if _reaches(wanted, asked)]
        refused = self._refused(callers, asked)
        if refused:
            return _json_reply(400, {"error": "; ".join(refused)})
        entry = self.entry(asked)
        reply = _reply(entry, asked) if entry else self._made(callers, asked)
        if reply is None:
            raise Miss(explain.miss(asked, self._candidates(callers)))
        return reply

    def entry(self, asked: Canonical) -> Entry | None:
        """The exchange that is for a request: the exact one, else a table, else a pattern; None if there is none."""
        patterns = self._patterns.get(_bucket(asked), ())
        return self._exact.get(asked) or next((one for one in patterns if fits(one.wanted, asked)), None)

    def _candidates(self, callers: Sequence[str]) -> list[explain.Candidate]:
        """The exchanges that may have been meant: those of the tools that could ask, or all if these have none."""
        own = [entry for entry in self.entries if any(self._is_of(entry, name) for name in callers)]
        return [explain.Candidate(one.place, one.wanted, one.exchange.match != "exact") for one in own or self.entries]

    def _is_of(self, entry: Entry, name: str) -> bool:
        return entry.tool == name if entry.tool else _reaches(self._wanted[name], entry.wanted)

    def routes(self) -> tuple[Route, ...]:
        """A route for each address of the tools and the exchanges; all lead to `answer`."""
        doors: dict[tuple[str, str, str, str], Route] = {}
        for wanted, hosts in self._addresses():
            path = "/" + "/".join(_door(segment) for segment in wanted.path)
            shape = "/".join("{}" if segment.startswith("{") else segment for segment in path.split("/"))
            for host in hosts:
                route = Route(wanted.method, host, path, self.answer, scheme=wanted.scheme)
                doors.setdefault((wanted.method, wanted.scheme, host, shape), route)
        templates: dict[tuple[str, str, int], list[Route]] = {}
        for route in doors.values():
            if "{" in route.path:
                templates.setdefault(_length(route), []).append(route)
        return tuple(
            route
            for route in doors.values()
            if "{" in route.path
            or not any(one.captures(route.path) is not None for one in templates.get(_length(route), ()))
        )

    def callers(self, entry: Entry) -> list[str]:
        """The tools that could send a request which this exchange answers."""
        return [entry.tool] if entry.tool else [name for name in self.tools if self._is_of(entry, name)]

    def hidden(self) -> Iterator[tuple[Entry, Entry]]:
        """Patterns that are never reached, each with the one that answers in its place."""
        for entries in self._patterns.values():
            for entry, near in zip(entries, rivals([one.wanted for one in entries]), strict=True):
                for earlier in (entries[position] for position in near):
                    if covers(earlier.wanted, entry.wanted):
                        yield entry, earlier
                        break

    def _take_tables(self, file: Path | str, content: FixtureFile) -> None:
        for name, rows in content.tables.items():
            if name in self.tables:
                where = Path(self.tables[name][0]).name
                self.problems.append(FileError(file, f"tables.{name}", f"there is a table of this name in {where}"))
            else:
                self.tables[name] = (file, Table(name, rows))

    def _entries(self, file: Path | str, content: FixtureFile) -> Iterator[Entry]:
        for index, exchange in enumerate(content.exchanges):
            try:
                yield self._entry(file, index, exchange)
            except FileError as problem:
                self.problems.append(problem)

    def _entry(self, file: Path | str, index: int, exchange: Exchange) -> Entry:
        table = None
        if exchange.match == "table":
            if exchange.table not in self.tables:
                words = unknown("table", exchange.table, self.tables)
                raise FileError(file, f"exchanges[{index}].table", words)
            table = self.tables[exchange.table][1]
        if exchange.call is None:
            assert exchange.request is not None, "the schema wants a request or a call"
            wanted = exchange.request.canonical()
            names = {at: name for at, segment in enumerate(wanted.path) if (name := placeholder(segment))}
            entry = Entry(file, index, exchange, wanted, names, "", table)
        else:
            tool = self.tools.get(exchange.call.tool)
            if tool is None:
                words = unknown("tool", exchange.call.tool, self.tools)
                raise FileError(file, f"exchanges[{index}].call.tool", words)
            sent = tool.request(exchange.call.arguments)
            template = enumerate(_address(tool).path)
            names = {at: name for at, segment in template if (name := placeholder(segment))}
            wanted = canonical(sent.method, sent.url, sent.body)
            entry = Entry(file, index, exchange, wanted, names, tool.name, table)
        if table is not None:
            _check_where(entry, table)
        return entry

    def _place(self, entry: Entry) -> None:
        if entry.exchange.match != "exact":
            self._patterns.setdefault(_bucket(entry.wanted), []).append(entry)
            return
        first = self._exact.setdefault(entry.wanted, entry)
        if first is not entry:
            self.problems.append(entry.problem("", f"answers the same request as {first.place}"))

    def _compare(self, entries: Sequence[Entry]) -> None:
        """Note each pattern that answers a request which one of the same order answers too."""
        if len(entries) > MOST_PATTERNS:
            where = f"{entries[0].wanted.method} {entries[0].wanted.host}"
            words = f"there are more than {MOST_PATTERNS} patterns for {where} with paths of this length; use a table"
            self.problems.append(entries[-1].problem("", words))
            return
        for entry, near in zip(entries, rivals([one.wanted for one in entries]), strict=True):
            for earlier in (entries[position] for position in reversed(near)):
                if earlier.order != entry.order:
                    break
                if overlap(earlier.wanted, entry.wanted):
                    self.problems.append(entry.problem("", f"can answer the same request as {earlier.place}"))
                    break

    def _refused(self, callers: Sequence[str], asked: Canonical) -> list[str]:
        """Why no tool can have meant this request; empty if one can, or if it is at the address of none.

        A plain path is another address than one with a placeholder there, as it is for servers.
        """
        least = min((wildcards(self._wanted[name]) for name in callers), default=0)
        nearest = [name for name in callers if wildcards(self._wanted[name]) == least]
        wrong = [arguments.wrong(self.tools[name], self._wanted[name], asked) for name in nearest]
        return min(wrong, key=len, default=[])

    def _made(self, callers: Sequence[str], asked: Canonical) -> Reply | None:
        fitting = [name for name in callers if name in self.made]
        if not fitting:
            return None
        name = min(fitting, key=lambda one: wildcards(self._wanted[one]))
        made = self.made[name]
        if made.schema is None:
            return Reply(made.status, b"")
        from mocktools.made import value

        members = asked.value if isinstance(asked.value, dict) else {}
        given = {**members, **arguments.arguments(self.tools[name], self._wanted[name], asked)}
        return _json_reply(made.status, value(made.schema, str(asked), given))

    def _addresses(self) -> Iterator[tuple[Canonical, list[str]]]:
        for name, wanted in self._wanted.items():
            written = urlsplit(self.tools[name].url).netloc.lower()
            # Clients send the scheme's own port where it is written.
            yield wanted, [wanted.host, written] if written.startswith(f"{wanted.host}:") else [wanted.host]
        for entry in self.entries:
            yield entry.wanted, [entry.wanted.host]


def routes(tools: Sequence[Tool], files: Files, made: Mapping[str, Made] | None = None) -> tuple[Route, ...]:
    """What answers for these tools. `files` are fixture files by their names; `made` says of some tools what to reply
    when no exchange answers. Raises `FileError` for exchanges that do not go together.
    """
    book = Book(tools, files, made)
    if book.problems:
        raise book.problems[0]
    return book.routes()


def _reply(entry: Entry, asked: Canonical) -> Reply:
    response = entry.exchange.response
    if entry.table is not None:
        return _table_reply(entry, entry.table, asked)
    assert response is not None, "the schema wants a response"
    return _sent(response)


def _table_reply(entry: Entry, table: Table, asked: Canonical) -> Reply:
    """The row or the rows; without any, the response for what is missing."""
    exchange, sent = entry.exchange, _parameters(entry, asked)
    wanted = {column: sent[name] for column, name in exchange.where.items() if name in sent}
    found = table.rows(wanted) if exchange.many or len(wanted) == len(exchange.where) else []
    if not found:
        return _sent(exchange.missing or _NOT_FOUND)
    response = exchange.response or Response(200, {})
    template = (ROWS if exchange.many else ROW) if response.json is ABSENT else response.json
    try:
        return _sent(Response(response.status, response.headers, filled(template, found)))
    except TooLargeError as error:
        return _json_reply(500, {"error": str(error)})


def _sent(response: Response) -> Reply:
    headers = {name: value for name, value in response.headers.items() if name.lower() != "content-type"}
    kinds = [value for name, value in response.headers.items() if name.lower() == "content-type"]
    plain = "text/plain" if response.json is ABSENT else "application/json"
    return Reply(response.status, response.body(), kinds[0] if kinds else f"{plain}; charset=utf-8", headers)


def _json_reply(status: int, value: Any) -> Reply:
    return Reply(status, json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"))


def _parameters(entry: Entry, asked: Canonical) -> dict[str, Any]:
    """What the request says of each parameter: in its path, its query or the members of its body."""
    members = asked.value if isinstance(asked.value, dict) else {}
    queried = {name: values[0] for name, values in asked.query}
    return {**members, **queried, **{name: asked.path[at] for at, name in entry.names.items()}}


def _check_where(entry: Entry, table: Table) -> None:
    """Raises `FileError` for a column that no row has and for a parameter that no request has."""
    members = entry.wanted.value if isinstance(entry.wanted.value, dict) else {}
    known = {*entry.names.values(), *members, *(name for name, _ in entry.wanted.query)}
    for column, name in entry.exchange.where.items():
        if table.columns and column not in table.columns:
            raise entry.problem(".where", unknown("column", column, table.columns))
        if name not in known and REST not in known:
            words = unknown("parameter", name, known) if known else f"the request has no parameter {shown(name)}"
            raise entry.problem(".where", words)


def _address(tool: Tool) -> Canonical:
    return canonical(tool.method, tool.url)


def _reaches(template: Canonical, other: Canonical) -> bool:
    """Whether a tool with this address can ask for the path of `other`."""
    if _bucket(template) != _bucket(other):
        return False
    pairs = zip(template.path, other.path, strict=True)
    return all(placeholder(mine) or placeholder(theirs) or mine == theirs or "*" in theirs for mine, theirs in pairs)


def _bucket(request: Canonical) -> tuple[str, str, str, int]:
    return request.method, request.scheme, request.host, len(request.path)


def _door(segment: str) -> str:
    """A segment of a route: itself where all clients write it alike, else open."""
    if placeholder(segment):
        return segment
    return segment if _PLAIN.fullmatch(segment) else "{segment}"


def _length(route: Route) -> tuple[str, str, int]:
    """What routes that can fit the same path have in common."""
    return route.method, f"{route.scheme}://{route.host}", route.path.count("/")
