"""A toolset in a folder: `tools.json` says what the tools are, `fixtures/*.json` what they answer.

    stesim tools list --toolset mytools/
    python -c "import mocktools; print(mocktools.load('mytools/').tools)"

A JSON file in place of the folder is read as its tools.json. Everything is data: nothing in it is run, and nothing
outside the folder is read. `docs/fixtures.md` shows the files. Not covered: fixtures in folders within `fixtures/`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mocktools.exchanges import format, misfits
from mocktools.exchanges.files import FileError, read_json, size
from mocktools.exchanges.format import FixtureFile
from mocktools.exchanges.routes import Book, Made
from mocktools.sources import entries
from mocktools.tools import Tool
from mocktools.toolset import Toolset

MOST_FILES = 2000
LARGEST_FOLDER = 64 * 1024 * 1024  # bytes of all files


@dataclass
class Folder:
    """What is in a toolset folder, and all that is wrong with it.

    `book` is None if the files cannot be put together; `contents` is the JSON of each file that could be read.
    """

    path: Path
    name: str = ""
    tools: tuple[Tool, ...] = ()
    made: Mapping[str, Made] = field(default_factory=dict)
    files: list[tuple[Path, FixtureFile]] = field(default_factory=list)
    contents: dict[Path, Any] = field(default_factory=dict)
    problems: list[FileError] = field(default_factory=list)
    book: Book | None = None


def load(path: Path) -> Toolset:
    """The toolset in a folder, or in a JSON file with `fixtures/` beside it.

    Raises `FileError`, a `MockToolsError` of one line with file and place, for the first thing wrong in it.
    """
    found = examine(path)
    if found.problems or found.book is None:
        raise found.problems[0]
    return Toolset(found.name, found.tools, found.book.routes(), tuple(found.contents))


def examine(path: Path) -> Folder:
    """All that is in a toolset folder; what is wrong with it is in `problems`, nothing is raised."""
    tools_file = path / "tools.json" if path.is_dir() else path
    found = Folder(path)
    root = tools_file.parent
    try:
        _inside(tools_file, root)
        content = found.contents[tools_file] = read_json(tools_file)
        listed = _fixture_files(root)
    except FileError as problem:
        found.problems.append(problem)
        return found
    named, problems = entries.read(content, tools_file, _name(path))
    found.name, found.tools, found.made = named.name, named.tools, named.made
    found.problems += problems
    for file in listed:
        _read(file, root, found)
    if not found.problems:
        found.book = Book(found.tools, found.files, found.made)
        found.problems += found.book.problems
        found.tools = tuple(_with_example(tool, found.files) for tool in found.tools)
    return found


def _name(path: Path) -> str:
    """What a toolset is called that does not say: the name of its folder, or of a file that is not called tools."""
    whole = Path(os.path.normpath(path.absolute()))
    if path.is_dir():
        return whole.name
    return whole.stem if whole.stem != "tools" else whole.parent.name


def _fixture_files(root: Path) -> list[Path]:
    """The fixture files of a folder in alphabetical order; raises `FileError` if they are too many or too large."""
    folder = root / "fixtures"
    try:
        if not folder.exists():
            return []
        _inside(folder, root)
        found = sorted(path for path in folder.iterdir() if path.suffix == ".json" and not path.name.startswith("."))
        total = sum(path.stat().st_size for path in found if path.is_file())
    except OSError as error:
        raise FileError(folder, "", f"cannot be read: {error.strerror}") from None
    if len(found) > MOST_FILES:
        raise FileError(folder, "", f"has {len(found)} files; at most {MOST_FILES} are read")
    if total > LARGEST_FOLDER:
        raise FileError(folder, "", f"has more than {size(LARGEST_FOLDER)} in its files")
    return found


def _read(file: Path, root: Path, found: Folder) -> None:
    try:
        _inside(file, root)
        content = read_json(file)
    except FileError as problem:
        found.problems.append(problem)
        return
    found.contents[file] = content
    wrong = format.problems(content)
    found.problems += [FileError(file, place, words) for place, words in wrong]
    if not wrong:
        found.files.append((file, format.parsed(content)))


def _inside(file: Path, root: Path) -> None:
    """Raises `FileError` for a link that leads out of the folder."""
    try:
        leads_out = not file.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError, ValueError):  # a link to itself
        leads_out = True
    if leads_out:
        raise FileError(file, "", "is a link that leads out of the folder")


def _with_example(tool: Tool, files: list[tuple[Path, FixtureFile]]) -> Tool:
    """`tool` with arguments that work, if it has no example of its own: those of its first exact exchange by call that
    is no error and fits its parameters, else what its schema gives as examples.
    """
    if tool.example:
        return tool
    for _, content in files:
        for exchange in content.exchanges:
            call, response = exchange.call, exchange.response
            if call is None or exchange.match != "exact" or call.tool != tool.name:
                continue
            if response and response.status < 400 and not misfits.problems(tool.parameters, call.arguments):
                return replace(tool, example=call.arguments)
    return replace(tool, example=_from_schema(tool))


def _from_schema(tool: Tool) -> dict[str, Any]:
    """The examples in the schema of each required parameter; none at all unless all of them have one."""
    properties = tool.parameters.get("properties", {})
    needed = [name for name in tool.parameters.get("required", ()) if isinstance(name, str)]
    given = {name: list(_given(properties.get(name))) for name in needed}
    example = {name: values[0] for name, values in given.items() if values}
    return example if len(example) == len(given) and not misfits.problems(tool.parameters, example) else {}


def _given(schema: Any) -> Iterator[Any]:
    """The values that a schema shows, best first."""
    if isinstance(schema, dict):
        examples = schema.get("examples")
        yield from [schema["example"]] if "example" in schema else []
        yield from examples if isinstance(examples, list) else []
        yield from (schema[word] for word in ("default", "const") if schema.get(word) is not None)
        yield from (one for one in schema.get("enum", ()) if one is not None)
