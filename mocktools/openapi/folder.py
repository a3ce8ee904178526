"""Write the toolset that a document describes into a folder: `tools.json` and `fixtures/examples.json`.

    stesim tools import petstore.yaml --out petstore/
    python -c "from pathlib import Path; from mocktools.openapi import import_document; \\
        print(import_document(Path('petstore.yaml'), Path('petstore')).tools)"

Importing again into the same folder writes these two files anew and touches nothing else, so that recorded fixtures
stay. Not covered: changes of one's own in the two files, which are lost then.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mocktools.errors import MockToolsError
from mocktools.exchanges import format
from mocktools.exchanges.files import LARGEST_FILE, FileError, read_json, size
from mocktools.exchanges.routes import Book
from mocktools.openapi import document, operations
from mocktools.openapi.document import Document
from mocktools.openapi.operations import Choice, Made
from mocktools.openapi.wording import cut, plain, slug
from mocktools.sources import entries

# How a folder is known for one that an import wrote.
_MARK = "Imported from an OpenAPI document: "
_MOST_TRIES = 200


@dataclass(frozen=True)
class Imported:
    """What an import did.

    `tools` are names in the document's order; `examples` how many of them answer with an example of the document; the
    others answer with made values, or with no body where the document has none. `skipped` are operations, each with the
    reason; `notes` say what was left out of a tool. `faults` are places where the document breaks OpenAPI's own rules,
    at most 20.
    """

    out: Path
    title: str
    version: str
    tools: tuple[str, ...]
    examples: int
    skipped: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    faults: tuple[str, ...]


def import_document(
    path: Path,
    out: Path,
    *,
    only: Sequence[str] = (),
    tags: Sequence[str] = (),
    deprecated: bool = True,
    check: bool = True,
) -> Imported:
    """Write the tools of the OpenAPI document at `path` into the folder `out`.

    `out` must be new, empty, or what an earlier import wrote. `only` are operationIds or tool names (`*` for any text),
    `tags` are the document's; all operations where both are empty. `deprecated=False` leaves those out; `check=False`
    does not hold the document against OpenAPI's rules, which can take seconds and needs a library. Raises
    `MockToolsError` (one line) if the document cannot be read, no operation can become a tool, or `out` is not free;
    then nothing is written.
    """
    _check_free(out)
    source = document.read(path)
    faults = source.faults() if check else []
    made = operations.read(source, Choice(only, tags, deprecated))
    if not made.entries:
        first = f"; {made.skipped[0][0]}: {made.skipped[0][1]}" if made.skipped else ""
        raise FileError(path, "", f"no operation of it can become a tool{first}")
    name = slug(source.title, 62)
    about = f"{_MARK}{cut(plain(source.title), 100)} {cut(plain(source.version), 40)}"
    tools = {"toolset": name, "about": about, "tools": made.entries}
    examples = _fixtures(source, made, tools)
    _write(out, tools, examples)
    return Imported(
        out=out,
        title=plain(source.title),
        version=plain(source.version),
        tools=tuple(entry["name"] for entry in made.entries),
        examples=_answered(examples),
        skipped=tuple(made.skipped),
        notes=tuple(made.notes),
        faults=tuple(faults),
    )


def _answered(examples: format.FixtureFile) -> int:
    """How many tools answer with an example that has a body."""
    found = [one.request for one in examples.exchanges if one.request and one.response and one.response.body()]
    return len({(request.method, request.url) for request in found})


def _check_free(out: Path) -> None:
    """Raises `MockToolsError` if something is in `out` that no import wrote."""
    try:
        if not out.exists() or (out.is_dir() and not any(out.iterdir())):
            return
        if not out.is_dir():
            raise FileError(out, "", "is a file; name a folder")
    except OSError as error:
        raise FileError(out, "", f"cannot be read: {error.strerror}") from None
    for file, member in ((out / "tools.json", "about"), (out / "fixtures" / "examples.json", "source")):
        if not file.exists() and member == "source":
            return
        content = read_json(file) if file.exists() else None
        marked = content.get(member) if isinstance(content, Mapping) else None
        if not isinstance(marked, str) or not marked.startswith(_MARK):
            what = f"{file.name} was not written by an import" if file.exists() else "it was not written by an import"
            raise FileError(out, "", f"is not empty, and {what}; name another folder")


def _fixtures(source: Document, made: Made, tools: Mapping[str, Any]) -> format.FixtureFile:
    """The examples as a fixture file; what cannot be told apart from an earlier one is left to made values."""
    about = "Examples of the document; each answers every call of its tool. Importing again writes this file anew."
    head = (f"{_MARK}{cut(plain(source.title), 100)}", cut(plain(source.version), 100) or "unknown")
    license_ = f"as the document states for the API: {cut(plain(source.license), 100)}"
    read, _ = entries.read(tools, "tools.json", "imported")
    kept = list(made.exchanges)
    for _ in range(_MOST_TRIES):
        found = format.FixtureFile(*head, license_, about, tuple(kept))
        raw = format.problems(format.content_of(found))
        book = Book(read.tools, [("examples.json", found)], read.made) if not raw else None
        places = {place for place, _ in raw} or {problem.place for problem in (book.problems if book else ())}
        wrong = {int(place.partition("[")[2].partition("]")[0]) for place in places if place.startswith("exchanges[")}
        if not wrong:
            break
        kept = [one for at, one in enumerate(kept) if at not in wrong]
    return found


def _write(out: Path, tools: Mapping[str, Any], examples: format.FixtureFile) -> None:
    data = (json.dumps(tools, ensure_ascii=False, indent=1) + "\n").encode()
    if len(data) > LARGEST_FILE:
        raise MockToolsError(
            f"{len(tools['tools'])} tools make a tools.json of more than {size(LARGEST_FILE)}; "
            "name some operations or tags"
        )
    try:
        (out / "fixtures").mkdir(parents=True, exist_ok=True)
        format.write(out / "fixtures" / "examples.json", examples)
        part = out / f".tools.json.{os.getpid()}.part"
        part.write_bytes(data)
        part.replace(out / "tools.json")
    except OSError as error:
        raise FileError(out, "", f"cannot be written: {error.strerror}") from None
