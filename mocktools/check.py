"""Look through tools and their fixtures for what is wrong, before a run does: `stesim tools check [PATH|NAME]`.

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
_MOST_NAMES = 10


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong in `file` at `place`: a JSON path such as "exchanges[3].request.url", a tool, or empty."""

    level: Level
    file: str
    place: str
    message: str


def check(path: Path | str | None) -> list[Finding]:
    """What is wrong with the toolset at `path` (a folder, a JSON or a Python file; one fixture file too), with the one
    that `mocktools.load` knows by this name, or with all that is bundled if it is None; errors first, empty if all is
    well.

    Raises `MockToolsError` if there is no such path or name, and within `mocktools.activate`.
    """
    from mocktools.toolsets import toolset_names

    if path is None:
        return _sorted(_bundled())
    place = Path(path).expanduser()
    if not place.exists():
        if str(path) in toolset_names(every=True):
            return _sorted(_named(str(path)))
        words = "there is no such file or folder, and no toolset of that name"
        raise MockToolsError(f"nothing to check at {_printable(str(path))}: {words}")
    if place.suffix == ".py" and not place.is_dir():
        return _sorted(_python_file(place))
    return _sorted(_fixture_file(place) if _is_fixture_file(place) else _folder(place))


def _sorted(found: Iterator[Finding]) -> list[Finding]:
    return sorted(dict.fromkeys(found), key=lambda finding: finding.level != "error")


def _named(name: str) -> Iterator[Finding]:
    """A bundled toolset, or what an installed package offers."""
    from mocktools.toolsets import load

    try:
        toolset = load(name)
    except MockToolsError as error:
        yield Finding("error", name, "", str(error))
        return
    yield from _examples(name, toolset)


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
    from mocktools.sources import python_file

    toolset, problems = python_file.examine(path)
    for problem in problems:
        yield Finding("error", str(path), problem.place, problem.message)
    if toolset is None:
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
    full = (path for path, content in found.files if content.exchanges or content.tables)
    for unused in (path for path in full if str(path) not in useful):
        yield Finding("warning", str(unused), "", "no tool uses anything in this file")
    used = {entry.exchange.table for entry in book.entries}
    for name, (file, _) in book.tables.items():
        if name not in used and str(file) in useful:
            yield Finding("warning", str(file), f"tables.{name}", "no exchange uses this table")
    for entry, earlier in book.hidden():
        words = f"is never reached: {earlier.place} answers every such request before it"
        yield Finding("warning", str(entry.file), f"exchanges[{entry.index}]", words)


def _strange(found: Folder) -> Iterator[Finding]:
    """Exchanges by call with arguments that the tool does not have, or does not take."""
    from mocktools.exchanges import misfits
    from mocktools.exchanges.matching import REST

    tools = {tool.name: tool for tool in found.tools}
    for file, content in found.files:
        for index, exchange in enumerate(content.exchanges):
            if (call := exchange.call) is None:
                continue
            tool, place = tools[call.tool], f"exchanges[{index}].call.arguments"
            strange = sorted(set(call.arguments) - {REST, *tool.parameters["properties"]})
            for name in strange:
                yield Finding("warning", str(file), place, f"{call.tool} has no parameter {_printable(name)}")
            works = exchange.response is not None and exchange.response.status < 400
            if exchange.match == "exact" and works and not strange:
                for words in misfits.problems(tool.parameters, call.arguments)[:1]:
                    yield Finding("warning", str(file), place, f"are answered, but do not fit {call.tool}: {words}")


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
            yield from (Finding("warning", file, place, words) for words in _undescribed(tool))
            if not tool.example and tool.parameters.get("required"):
                words = f"has no example, so that no call of it could be tried; {_how(file, tool)}"
                yield Finding("warning", file, place, words)
                continue
            wrong = _misfit(tool)
            if wrong:
                yield Finding("error", file, place, f"its example does not fit its parameters: {wrong}")
            yield from _tried(file, place, tool, toolset)


def _tried(file: str, place: str, tool: Tool, toolset: Toolset) -> Iterator[Finding]:
    """What comes of a tool's example call; that nothing is recorded for it is no mistake."""
    result = tool.call(tool.example, toolset.fresh())
    said = _printable(" ".join(result.body.split()))
    if result.kind == "no_fixture":
        call = "its example call" if tool.example else "a call without arguments"
        yield Finding("warning", file, place, f"nothing is recorded for {call}: {said}")
    elif result.kind != "ok":
        call = "its example call" if tool.example else "it has no example, and a call without arguments"
        level: Level = "error" if tool.example else "warning"
        status = f" ({result.status})" if result.status else ""
        yield Finding(level, file, place, f"{call} fails: {result.kind}{status}: {said}")
    elif len(result.body) > LONG_ANSWER:
        yield Finding("warning", file, place, _long(len(result.body)))


def _how(file: str, tool: Tool) -> str:
    """How an example is given to a tool of this file."""
    from mocktools.exchanges.files import shown

    needed = [name for name in tool.parameters.get("required", []) if isinstance(name, str)]
    example = "{" + ", ".join(f"{shown(name, 40)}: ..." for name in needed[:3]) + "}"
    if file.endswith(".json"):
        return f'add "example": {example} beside its name'
    return f"write @mocktools.tool(example={example})"


def _undescribed(tool: Tool) -> Iterator[str]:
    """A model makes up what a parameter without a description may mean."""
    properties = tool.parameters.get("properties", {})
    names = [
        name for name, schema in properties.items() if not (isinstance(schema, dict) and schema.get("description"))
    ]
    if names:
        listed = _printable(", ".join(names[:_MOST_NAMES])) + (" ..." if len(names) > _MOST_NAMES else "")
        one = len(names) == 1
        yield f"its parameter{'' if one else 's'} {listed} {'has' if one else 'have'} no description"


def _misfit(tool: Tool) -> str:
    """What keeps a tool's example from being arguments of it; empty if nothing does."""
    from mocktools.exchanges import misfits

    return _printable("; ".join(misfits.problems(tool.parameters, tool.example)))


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


def _long(length: int) -> str:
    return f"the answer has {length} characters; more than {LONG_ANSWER} are hard for a small model to read"


def _printable(text: str) -> str:
    from mocktools.exchanges.files import printable

    return printable(text, _SHOWN)
