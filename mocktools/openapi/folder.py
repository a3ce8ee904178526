"""Write the toolset that a document describes into a folder: `tools.json` and `fixtures/examples.json`.

    stesim tools import petstore.yaml --out petstore/
    python -c "from pathlib import Path; from mocktools.openapi import import_document; \\
        print(import_document(Path('petstore.yaml'), Path('petstore')).tools)"

Importing again into the same folder writes these two files anew and touches nothing else, so that recorded fixtures
stay. Wherever an import is cut off, the folder is what it was before, or what it was to become, or says that it is not
finished; importing again finishes it. Not covered: changes of one's own in the two files, which are lost then.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mocktools.errors import MockToolsError
from mocktools.exchanges import format
from mocktools.exchanges.files import LARGEST_FILE, FileError, read_json, size
from mocktools.exchanges.routes import MOST_PATTERNS, Book
from mocktools.openapi import document, operations
from mocktools.openapi.document import Document
from mocktools.openapi.operations import Choice, Made
from mocktools.openapi.wording import cut, plain, slug
from mocktools.sources import entries

# How a folder is known for one that an import wrote.
_MARK = "Imported from an OpenAPI document: "
_MOST_TRIES = 20
# What stands in tools.json while the two files are exchanged: no toolset, so that a loader shows these words.
_UNFINISHED = "nothing yet: an import did not come to its end; import the document again"


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
    fixtures = out / "fixtures"
    try:
        if not out.exists():
            return
        if not out.is_dir():
            raise FileError(out, "", "is a file; name a folder")
        of_imports = {fixtures, *_leftovers(out)}
        listed = [*out.iterdir(), *(fixtures.iterdir() if fixtures.is_dir() else ())]
        found = [path for path in listed if path not in of_imports]
    except OSError as error:
        raise FileError(out, "", f"cannot be read: {error.strerror}") from None
    known = False
    for file, member in ((_tools_file(out), "about"), (_examples_file(out), "source")):
        if file not in found:
            continue
        content = read_json(file)
        marked = content.get(member) if isinstance(content, Mapping) else None
        known = isinstance(marked, str) and marked.startswith(_MARK)
        if not known:
            raise FileError(out, "", f"is not empty, and {file.name} was not written by an import; name another folder")
    if found and not known:
        raise FileError(out, "", "is not empty, and it was not written by an import; name another folder")


def _tools_file(out: Path) -> Path:
    return out / "tools.json"


def _examples_file(out: Path) -> Path:
    return out / "fixtures" / "examples.json"


def _leftovers(out: Path) -> list[Path]:
    """What an import that was killed left behind, under names that nothing reads."""
    return [one for file in (_tools_file(out), _tools_file(out / "fixtures"), _examples_file(out))
            for one in format.leftovers(file)]  # fmt: skip


def _fixtures(source: Document, made: Made, tools: Mapping[str, Any]) -> format.FixtureFile:
    """The examples as a fixture file; what cannot be told apart from an earlier one is left to made values."""
    about = "Examples of the document; each answers every call of its tool. Importing again writes this file anew."
    head = (f"{_MARK}{cut(plain(source.title), 100)}", cut(plain(source.version), 100) or "unknown")
    license_ = f"as the document states for the API: {cut(plain(source.license), 100)}"
    read, _ = entries.read(tools, "tools.json", "imported")
    kept = _answerable(made.exchanges)
    if len(kept) < len(made.exchanges):
        words = f"more than {MOST_PATTERNS:,} of one host have paths of this length"
        made.notes.append(f"{len(made.exchanges) - len(kept):,} examples are left out: {words}")
    for _ in range(_MOST_TRIES):
        found = format.FixtureFile(*head, license_, about, tuple(kept))
        raw = format.problems(format.content_of(found))
        book = Book(read.tools, [("examples.json", found)], read.made) if not raw else None
        places = {place for place, _ in raw} or {problem.place for problem in (book.problems if book else ())}
        wrong = {int(place.partition("[")[2].partition("]")[0]) for place in places if place.startswith("exchanges[")}
        if not wrong:
            return found
        kept = [one for at, one in enumerate(kept) if at not in wrong]
    return format.FixtureFile(*head, license_, about)


def _answerable(exchanges: Sequence[format.Exchange]) -> list[format.Exchange]:
    """The first of those that share method, host and length of their paths, as many as a toolset may have."""
    counts: dict[tuple[str, str, int], int] = {}
    kept = []
    for one in exchanges:
        assert one.request is not None, "examples of a document answer requests"
        wanted = one.request.canonical()
        alike = (wanted.method, f"{wanted.scheme}://{wanted.host}", len(wanted.path))
        counts[alike] = counts.get(alike, 0) + 1
        if counts[alike] <= MOST_PATTERNS:
            kept.append(one)
    return kept


def _write(out: Path, tools: Mapping[str, Any], examples: format.FixtureFile) -> None:
    data = _rendered(tools)
    if len(data) > LARGEST_FILE:
        raise MockToolsError(
            f"{len(tools['tools'])} tools make a tools.json of more than {size(LARGEST_FILE)}; "
            "choose some operations with --tag or --only"
        )
    file, beside = _tools_file(out), _examples_file(out)
    unfinished = _rendered({"about": f"{tools['about']} (unfinished)", "tools": _UNFINISHED})
    with _folder(out):
        for left in _leftovers(out):
            left.unlink()
        staged: list[Path] = []
        try:
            # All that needs room on the disk comes first.
            staged.append(format.staged(beside, format.encoded(beside, examples)))
            staged.append(format.staged(file, data))
            staged.append(format.staged(_tools_file(out / "fixtures"), unfinished))
            new_examples, new_tools, mark = staged
            mark.replace(file)
            new_examples.replace(beside)
            new_tools.replace(file)
        finally:
            for part in staged:
                part.unlink(missing_ok=True)


def _rendered(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


@contextlib.contextmanager
def _folder(out: Path) -> Iterator[None]:
    """The folder, made if there is none, for this import alone; what stays empty is removed again.

    Raises `FileError` if it cannot be written, or if another import is writing there.
    """
    fixtures = out / "fixtures"
    new = [path for path in (fixtures, out, *out.parents) if not path.exists()]
    try:
        fixtures.mkdir(parents=True, exist_ok=True)
        with _lock(out):
            yield
    except OSError as error:
        raise FileError(out, "", f"cannot be written: {error.strerror}") from None
    finally:
        for path in new:
            with contextlib.suppress(OSError):
                path.rmdir()


@contextlib.contextmanager
def _lock(out: Path) -> Iterator[None]:
    """Holds a folder, as far as the system can; given back however the process ends."""
    try:
        import fcntl
    except ModuleNotFoundError:
        yield
        return
    handle = os.open(out, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise FileError(out, "", "another import is being written into it") from None
    except OSError:  # not every file system can
        pass
    try:
        yield
    finally:
        os.close(handle)
