"""The operations of a document as entries of a `tools.json`.

    from mocktools.openapi import document, operations
    made = operations.read(document.read(Path("petstore.yaml")))
    print([entry["name"] for entry in made.entries], made.skipped)

A tool is called after the `operationId`, or else after method and path. What must not be stored, such as a key in an
example, is taken out, with a note. Not covered: callbacks, webhooks, HEAD, OPTIONS and TRACE.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from mocktools.errors import MockToolsError, unknown
from mocktools.exchanges import schemas, secrets
from mocktools.exchanges.files import FileError, shown
from mocktools.exchanges.format import Exchange, Request, Response
from mocktools.openapi import answers, cleaned, inputs, servers
from mocktools.openapi.document import Document, SkippedError
from mocktools.openapi.shapes import Shapes
from mocktools.openapi.wording import LONGEST_NAME, cut, described, plain, tool_name
from mocktools.params import WITH_BODY
from mocktools.sources import entries

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_UNHEARD = frozenset({"options", "head", "trace"})


@dataclass(frozen=True)
class Choice:
    """Which operations become tools: those whose operationId or tool name is in `only` (`*` stands for any text), with
    one of `tags`; all where they are empty. `deprecated` is whether those are wanted that are on their way out.
    """

    only: Sequence[str] = ()
    tags: Sequence[str] = ()
    deprecated: bool = True

    def takes(self, operation: Operation, name: str) -> bool:
        """Whether this operation, whose tool is called `name`, is wanted."""
        names = {name, operation.id}
        return (
            (not self.only or any(fnmatch.fnmatchcase(one, wanted) for wanted in self.only for one in names))
            and (
                not self.tags
                or bool({tag.casefold() for tag in self.tags} & {tag.casefold() for tag in operation.tags})
            )
            and (self.deprecated or operation.content.get("deprecated") is not True)
        )


@dataclass(frozen=True)
class Operation:
    """A method on a path: `item` is what the document says of the path, `content` what it says of the operation."""

    method: str
    path: str
    item: Mapping[str, Any]
    content: Mapping[str, Any]

    @property
    def label(self) -> str:
        """ "GET /pets/{petId}"."""
        return f"{self.method.upper()} {shown(self.path)[1:-1]}"

    @property
    def id(self) -> str:
        """The operationId, or an empty text."""
        own = self.content.get("operationId")
        return own if isinstance(own, str) else ""

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags, as plain text."""
        listed = self.content.get("tags")
        return tuple(cut(plain(tag), 60) for tag in listed if plain(tag)) if isinstance(listed, list) else ()


@dataclass
class Made:
    """What became of the operations: entries, exchanges from their examples, and what was skipped or left out, why.

    `secrets` are the kinds of secrets that were taken out, each with the tools that had them.
    """

    entries: list[dict[str, Any]] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    secrets: dict[str, list[str]] = field(default_factory=dict)


def read(document: Document, choice: Choice | None = None) -> Made:
    """The tools of a document; raises `MockToolsError` for a broken one and for a choice of what is not there."""
    choice = choice or Choice()
    found, shapes = Made(), Shapes(document)
    names, addresses = _Names(), dict[str, str]()
    every = list(listed(document, found))
    _check_choice(choice, every)
    for operation in every:
        name = names.free(_plain_name(operation))
        if not choice.takes(operation, name):
            continue
        try:
            if operation.method in _UNHEARD:
                raise SkippedError(f"the answer to {operation.method.upper()} has no body to read")
            _import(document, shapes, operation, name, found, addresses)
            names.take(name)
        except SkippedError as reason:
            found.skipped.append((operation.label, str(reason)))
        if len(found.entries) > most_tools():
            words = f"has more than {most_tools():,} operations, the most that a toolset holds; choose some with"
            raise FileError(document.file, "", f"{words} --tag or --only")
    found.notes += [
        f"{kind}: taken out of {', '.join(of[:3])}{f' and {len(of) - 3} more' if len(of) > 3 else ''}"
        for kind, of in found.secrets.items()
    ]
    return found


@cache
def most_tools() -> int:
    """How many tools the files of a toolset may have."""
    return int(schemas.schema("toolset")["properties"]["tools"]["maxItems"])


class _Names:
    """The names that are given to tools."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._counts: dict[str, int] = {}

    def free(self, wanted: str) -> str:
        """`wanted`, or with a number if other tools have that name."""
        name, count = wanted, self._counts.get(wanted, 1)
        while count > 1 or name in self._taken:
            # Names are never given back, so that counting goes on where it stopped.
            name = wanted if count == 1 else f"{wanted[: LONGEST_NAME - 1 - len(str(count))]}_{count}"
            if name not in self._taken:
                break
            count += 1
        self._counts[wanted] = count
        return name

    def take(self, name: str) -> None:
        """Give this name away."""
        self._taken.add(name)


def listed(document: Document, found: Made) -> Iterator[Operation]:
    """All operations in the order of the document; paths that cannot be read are noted in `found`."""
    for path, held in document.content.get("paths", {}).items():
        if path.startswith("x-"):
            continue
        try:
            item = document.resolved(held)
        except SkippedError as reason:
            found.skipped.append((shown(path)[1:-1], str(reason)))
            continue
        if not isinstance(item, Mapping):
            continue
        for method in item:
            if method in METHODS and isinstance(item[method], Mapping):
                yield Operation(method, path, item, item[method])


def _check_choice(choice: Choice, every: Sequence[Operation]) -> None:
    """Raises `MockToolsError` for a name or a tag that no operation has."""
    names = {name for operation in every for name in (operation.id, _plain_name(operation)) if name}
    for wanted in choice.only:
        if not any(fnmatch.fnmatchcase(name, wanted) for name in names):
            raise MockToolsError(unknown("operation", wanted, names))
    tags = {tag for operation in every for tag in operation.tags}
    for wanted in choice.tags:
        if wanted.casefold() not in {tag.casefold() for tag in tags}:
            raise MockToolsError(unknown("tag", wanted, tags))


def _plain_name(operation: Operation) -> str:
    parts = operation.path.replace("{", "").replace("}", "").strip("/").replace("/", "_")
    return tool_name(operation.id) or tool_name(f"{operation.method}_{parts}") or operation.method


def _import(
    document: Document, shapes: Shapes, operation: Operation, name: str, found: Made, addresses: dict[str, str]
) -> None:
    """Add the entry of one operation; raises `SkippedError`."""
    told = (operation.item, operation.content)
    for sign, part in (("?", "a query"), ("#", "a fragment")):
        if sign in operation.path:
            raise SkippedError(f"its path has {part} in it")
    if not operation.path.startswith("/"):
        raise SkippedError("its path does not begin with /")
    asked = inputs.read(document, shapes, operation.method.upper(), operation.path, told)
    url = servers.base(document, told) + asked.path
    shape = f"{operation.method} {inputs.nameless(url)}"
    if shape in addresses:
        raise SkippedError(f"answers the same requests as {addresses[shape]}")
    answer = answers.read(document, shapes, operation.content)
    entry = _entry(document, operation, name, url, asked)
    if answer.schema is not None:
        entry["reply"] = {"status": answer.status, "schema": answer.schema}
    before, entry = entry, cleaned.entry(entry)
    held = secrets.find([before, asked.given, answer.example and [answer.example.json, answer.example.text]])
    kinds = dict.fromkeys([kind for kind, _ in held] or ["something like a secret"] * (entry != before))
    _, problems = entries.read([entry], "tools.json", "imported")
    if problems:
        place = problems[0].place.removeprefix("[0]").removeprefix(".")
        raise SkippedError(f"{place}: {problems[0].message}" if place else problems[0].message)
    addresses[shape] = name
    for kind in kinds:
        found.secrets.setdefault(kind, []).append(name)
    found.entries.append(entry)
    found.notes += [f"{name}: left out {reason}" for reason in asked.left_out]
    if answer.example is not None:
        found.exchanges += _exchanges(entry, cleaned.response(answer.example))


def _entry(document: Document, operation: Operation, name: str, url: str, asked: inputs.Inputs) -> dict[str, Any]:
    content = operation.content
    told = described(content.get("summary") or operation.item.get("summary"), content.get("description"))
    told = told or operation.label
    entry: dict[str, Any] = {
        "name": name,
        "description": cut(f"Deprecated. {told}", 300) if content.get("deprecated") is True else told,
        "parameters": asked.parameters(),
        "method": operation.method.upper(),
        "url": url,
        "provider": cut(plain(document.title), 60) or "API",
        "tags": list(operation.tags),
        "example": asked.example(name),
    }
    wanted = asked.secrets + [one for one in servers.secrets(document, content) if one not in asked.secrets]
    for key, value in (("places", asked.places), ("secrets", wanted)):
        if value:
            entry[key] = value
    return entry


def _exchanges(entry: Mapping[str, Any], example: Response) -> list[Exchange]:
    """What answers any call of the tool with the document's example."""
    in_body = any(place["in"] in ("body", "content") for place in entry.get("places", {}).values())
    query = {"...": "*"}
    plain_request = Request(entry["method"], entry["url"], query)
    with_body = Request(entry["method"], entry["url"], query, "*")
    requests = (
        [with_body] if entry["method"] in WITH_BODY else [plain_request, with_body] if in_body else [plain_request]
    )
    return [Exchange(request, example, match="pattern") for request in requests]
