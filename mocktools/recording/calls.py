"""Which calls to record: from JSON on the command line, from lines of a file, or from a tool's example.

    from mocktools.recording import calls
    calls.from_lines('{"tool": "get_pet", "arguments": {"petId": 1}}', "queries.jsonl", tools)

A line may also be a row of a test set, whose right calls are all recorded. Not covered: other formats.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from mocktools.errors import MockToolsError, UnknownTool, unknown
from mocktools.exchanges.files import FileError, parse_json, read_text, shown, size
from mocktools.exchanges.format import Call
from mocktools.tools import Tool

LARGEST = 8 * 1024 * 1024  # bytes of lines
STDIN = "standard input"
# Methods that change nothing on a server.
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_LINE = re.compile(r"\(line 1, column (\d+)\)")


def _never(_: Call) -> str:
    """Nothing is wrong with any call."""
    return ""


def chosen(tools: Sequence[Tool], name: str | None) -> Tool | None:
    """The tool that is meant: the one called `name`, else the only one there is; None if that is not clear.

    Raises `UnknownTool`.
    """
    if name is None:
        return tools[0] if len(tools) == 1 else None
    for tool in tools:
        if tool.name == name:
            return tool
    raise UnknownTool(unknown("tool", name, (tool.name for tool in tools)))


def from_arguments(texts: Sequence[str], tool: Tool) -> list[Call]:
    """The calls of `tool` with each of these JSON objects; raises `FileError` for what is none."""
    found = []
    for number, text in enumerate(texts, 1):
        file = "--args" if len(texts) == 1 else f"--args, number {number}"
        found.append(Call(tool.name, _arguments(parse_json(text, file), file, "")))
    return found


def from_example(tool: Tool) -> list[Call]:
    """The tool's example call; raises `MockToolsError` if it has none and needs arguments."""
    if not tool.example and tool.parameters.get("required"):
        raise MockToolsError(f"tool {shown(tool.name)} has no example arguments; say which with --args or --from")
    return [Call(tool.name, dict(tool.example))]


def from_examples(tools: Sequence[Tool], writes: bool = False) -> tuple[list[Call], list[str]]:
    """The example calls of all tools, and which tools were left out, each with the reason: those without an example,
    and those that may change things on the server unless `writes`.
    """
    found: list[Call] = []
    left_out = []
    for tool in tools:
        if tool.method not in SAFE and not writes:
            words = f"a {tool.method} can change things on the live server; allow it with --allow-writes"
            left_out.append(f"tool {shown(tool.name)}: {words}")
            continue
        try:
            found += from_example(tool)
        except MockToolsError as reason:
            left_out.append(str(reason))
    return found, left_out


def from_file(
    path: Path, tools: Sequence[Tool], name: str | None = None, wrong: Callable[[Call], str] = _never
) -> list[Call]:
    """The calls in a file of JSON lines of at most 8 MiB; raises `FileError`, see `from_lines`."""
    return from_lines(read_text(path, LARGEST), path, tools, name, wrong)


def from_lines(
    text: str, file: Path | str, tools: Sequence[Tool], name: str | None = None, wrong: Callable[[Call], str] = _never
) -> list[Call]:
    """The calls in JSON lines, `{"tool": ..., "arguments": {...}}` or `{"calls": [...], ...}`; with `name` those of
    this tool only. `wrong` says of a call why it must not be made, or nothing. Raises `FileError` with the number of
    the first line that is neither or has such a call, and if there is no call.
    """
    only = chosen(tools, name)
    if len(text) > LARGEST:
        raise FileError(file, "", f"is larger than {size(LARGEST)}")
    found: list[tuple[int, Call]] = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                found += [(number, call) for call in _calls(parse_json(line, file), file, tools, only)]
            except FileError as error:
                words = _LINE.sub(r"(column \1)", error.message)
                place = f"line {number}, {error.place}" if error.place else f"line {number}"
                raise FileError(file, place, words) from None
    kept = [(number, call) for number, call in found if name is None or call.tool == name]
    if not kept:
        raise FileError(file, "", f"has no call of {shown(name)}" if found and name else "has no calls in it")
    for number, call in kept:
        if words := wrong(call):
            raise FileError(file, f"line {number}", f"{call.tool}: {words}")
    return [call for _, call in kept]


def _calls(row: Any, file: Path | str, tools: Sequence[Tool], only: Tool | None) -> Iterator[Call]:
    """The calls in one row."""
    if not isinstance(row, dict):
        raise FileError(file, "", 'is not an object such as {"tool": "get_pet", "arguments": {"petId": 1}}')
    if "calls" not in row:
        yield _call(row, file, "", tools, only)
        return
    if not isinstance(row["calls"], list):
        raise FileError(file, "calls", "is not a list")
    for index, one in enumerate(row["calls"]):
        place = f"calls[{index}]"
        if not isinstance(one, dict):
            raise FileError(file, place, "is not an object")
        yield _call(one, file, place, tools, only)


def _call(row: dict[str, Any], file: Path | str, place: str, tools: Sequence[Tool], only: Tool | None) -> Call:
    name = row.get("tool", only.name if only else None)
    if name is None:
        raise FileError(file, place, 'lacks "tool"')
    if "arguments" not in row:
        raise FileError(file, place, 'lacks "arguments"')
    within = f"{place}." if place else ""
    if not isinstance(name, str) or all(tool.name != name for tool in tools):
        words = unknown("tool", name, (tool.name for tool in tools)) if isinstance(name, str) else "is not a text"
        raise FileError(file, f"{within}tool", words)
    return Call(name, _arguments(row["arguments"], file, f"{within}arguments"))


def _arguments(value: Any, file: Path | str, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise FileError(file, place, f'must be a JSON object such as {{"city": "Paris"}}, not {shown(value)}')
    return value
