"""Look through tools and their fixtures for what is wrong, before a run does: `stesim tools check [PATH]`.

    python -c "from mocktools import check; print(check.check(None))"

Errors are what cannot work or must not be stored, warnings what is probably not meant. Not covered: whether an answer
is true, and what functions in a Python file do with arguments other than their examples.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mocktools.errors import MockToolsError

if TYPE_CHECKING:
    from mocktools.sources.folder import Folder
    from mocktools.tools import Tool
    from mocktools.toolset import Toolset

Level = Literal["error", "warning"]
# Characters of an answer that a small model can still read beside everything else.
LONG_ANSWER = 4000
_SHOWN = 160


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong in `file` at `place`: a JSON path such as "exchanges[3].request.url", a tool, or empty."""

    level: Level
    file: str
    place: str
    message: str


def check(path: Path | None) -> list[Finding]:
    """What is wrong with the toolset at `path` (a folder, a JSON or a Python file; one fixture file too), or with the
    bundled tools and fixtures if it is None; errors first, empty if all is well.

    Raises `MockToolsError` if there is no such path, and within `mocktools.activate`.
    """
    if path is None:
        found = list(_bundled())
    elif not path.exists():
        raise MockToolsError(f"nothing to check at {_printable(str(path))}: there is no such file or folder")
    elif path.suffix == ".py" and not path.is_dir():
        found = list(_python_file(path))
    elif _is_fixture_file(path):
        found = list(_fixture_file(path))
    else:
        found = list(_folder(path))
    return sorted(dict.fromkeys(found), key=lambda finding: finding.level != "error")


def _folder(path: Path) -> Iterator[Finding]:
    from mocktools.sources import folder
    from mocktools.toolset import Toolset

    found = folder.examine(path)
    yield from _errors(found.problems)
    for file, content in found.contents.items():
        yield from _secrets(str(file), content)
    if found.problems or found.book is None:
        return
    tools_file = next(iter(found.contents))
    yield from _unused(found)
    yield from _strange(found)
    yield from _answers(found)
    yield from _examples(str(tools_file), Toolset(found.name, found.tools, found.book.routes()))


def _python_file(path: Path) -> Iterator[Finding]:
    from mocktools.toolsets import load

    try:
        toolset = load(path)
    except MockToolsError as error:
        yield Finding("error", str(path), "", _reason(error, path))
        return
    yield from _secrets(str(path), [path.read_text(encoding="utf-8", errors="replace")], place="")
    yield from _examples(str(path), toolset)


def _is_fixture_file(path: Path) -> bool:
    """Whether a JSON file is one of fixtures rather than of tools; what cannot be read is none."""
    from mocktools.exchanges.files import read_json

    if path.is_dir():
        return False
    try:
        content = read_json(path)
    except MockToolsError:
        return False
    head = {"exchanges", "source", "license"}
    return isinstance(content, dict) and "tools" not in content and bool(head & set(content))


def _fixture_file(path: Path) -> Iterator[Finding]:
    from mocktools.exchanges import format
    from mocktools.exchanges.files import FileError, read_json

    content = read_json(path)
    yield from _errors([FileError(path, place, words) for place, words in format.problems(content)])
    yield from _secrets(str(path), content)


def _unused(found: Folder) -> Iterator[Finding]:
    """Exchanges that no tool can ask for or that another hides, and tables and files that nothing uses."""
    assert found.book is not None
    book = found.book
    useful: set[str] = set()
    orphans = []
    for entry in book.entries:
        if book.callers(entry):
            useful |= {str(entry.file), entry.exchange.table and str(book.tables[entry.exchange.table][0])}
        else:
            orphans.append(entry)
    for entry in orphans:
        if str(entry.file) in useful:
            place = f"exchanges[{entry.index}]"
            yield Finding("warning", str(entry.file), place, "no tool can make this request")
    for unused in (path for path, _ in found.files if str(path) not in useful):
        yield Finding("warning", str(unused), "", "no tool uses anything in this file")
    used = {entry.exchange.table for entry in book.entries}
    for name, (file, _) in book.tables.items():
        if name not in used and str(file) in useful:
            yield Finding("warning", str(file), f"tables.{name}", "no exchange uses this table")
    for entry, earlier in book.hidden():
        words = f"is never reached: {earlier.place} answers every such request before it"
        yield Finding("warning", str(entry.file), f"exchanges[{entry.index}]", words)


def _strange(found: Folder) -> Iterator[Finding]:
    """Exchanges by call whose arguments the tool does not have."""
    from mocktools.exchanges.matching import REST

    known = {tool.name: {REST, *tool.parameters["properties"]} for tool in found.tools}
    for file, content in found.files:
        for index, exchange in enumerate(content.exchanges):
            if (call := exchange.call) is None:
                continue
            for name in sorted(set(call.arguments) - known[call.tool]):
                place = f"exchanges[{index}].call.arguments"
                yield Finding("warning", str(file), place, f"{call.tool} has no parameter {_printable(name)}")


def _answers(found: Folder) -> Iterator[Finding]:
    for file, content in found.files:
        for index, exchange in enumerate(content.exchanges):
            length = len(exchange.response.body().decode()) if exchange.response else 0
            if length > LONG_ANSWER:
                yield Finding("warning", str(file), f"exchanges[{index}].response", _long(length))


def _examples(file: str, toolset: Toolset) -> Iterator[Finding]:
    """Each tool's example is sent, as a model would send it."""
    from mocktools.toolsets import activate

    with activate(toolset):
        for tool in toolset.tools:
            place = f"tool {_printable(tool.name)}"
            if not tool.example and tool.parameters.get("required"):
                yield Finding("warning", file, place, "has no example, so that no call of it could be tried")
                continue
            level: Level = "error" if tool.example else "warning"
            wrong = _misfit(tool)
            if wrong:
                yield Finding("error", file, place, f"its example does not fit its parameters: {wrong}")
            result = tool.call(tool.example, toolset.fresh())
            if result.kind != "ok":
                status = f" ({result.status})" if result.status else ""
                said = _printable(" ".join(result.body.split()))
                call = "its example call" if tool.example else "it has no example, and a call without arguments"
                yield Finding(level, file, place, f"{call} fails: {result.kind}{status}: {said}")
            elif len(result.body) > LONG_ANSWER:
                yield Finding("warning", file, place, _long(len(result.body)))


def _misfit(tool: Tool) -> str:
    """What keeps a tool's example from being arguments of it; empty if nothing does."""
    import jsonschema
    from jsonschema.exceptions import best_match

    from mocktools.exchanges.files import place_of
    from mocktools.exchanges.schemas import worded

    try:
        error = best_match(jsonschema.Draft202012Validator(tool.parameters).iter_errors(dict(tool.example)))
    except RecursionError:
        return "they are nested too deep"
    if error is None:
        return ""
    place = place_of(error.absolute_path)
    return _printable(f"{place} {worded(error)}" if place else worded(error))


def _bundled() -> Iterator[Finding]:
    """The tables of the bundled providers, the test sets, and the examples of all bundled tools."""
    from mocktools.exchanges.files import FileError, read_json
    from mocktools.fixtures import HEADER
    from mocktools.paths import fixtures_dir
    from mocktools.providers import PROVIDERS
    from mocktools.toolsets import load

    folder = fixtures_dir()
    used = {name for provider in PROVIDERS for name in provider.fixtures}
    for file in sorted({*folder.glob("*.json"), *(folder / f"{name}.json" for name in used)}):
        try:
            content = read_json(file)
        except FileError as error:
            yield from _errors([error])
            continue
        head = content if isinstance(content, dict) else {}
        for name in HEADER:
            if not isinstance(head.get(name), str) or not head[name].strip():
                yield Finding("error", str(file), name, "is missing")
        if file.stem not in used:
            yield Finding("warning", str(file), "", "no provider uses this file")
        yield from _secrets(str(file), content)
    for file in sorted((folder / "testsets").glob("*.jsonl")):
        yield from _lines(file)
    yield from _examples("mocktools", load("extended"))


def _lines(file: Path) -> Iterator[Finding]:
    """A file with a JSON object on each line."""
    from mocktools.exchanges.files import FileError, parse_json, read_text

    try:
        text = read_text(file)
    except FileError as error:
        yield from _errors([error])
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            good = isinstance(parse_json(line, file), dict)
        except FileError:
            good = False
        if not good:
            yield Finding("error", str(file), f"line {number}", "is no JSON object")


def _secrets(file: str, content: Any, place: str | None = None) -> Iterator[Finding]:
    from mocktools.exchanges import secrets

    for kind, where in secrets.find(content):
        level: Level = "warning" if kind == secrets.MAIL else "error"
        words = f"{_printable(kind)}: take it out" if level == "error" else f"{kind}: is it somebody's? take it out"
        yield Finding(level, file, where if place is None else place, words)


def _errors(problems: Any) -> Iterator[Finding]:
    for problem in problems:
        yield Finding("error", problem.file, problem.place, problem.message)


def _reason(error: MockToolsError, path: Path) -> str:
    """An error's text without the file that it begins with."""
    return str(error).removeprefix(str(path)).lstrip(":, ")


def _long(length: int) -> str:
    return f"the answer has {length} characters; more than {LONG_ANSWER} are hard for a small model to read"


def _printable(text: str) -> str:
    from mocktools.exchanges.files import printable

    return printable(text, _SHOWN)
