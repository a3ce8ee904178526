"""Test queries with their right calls, for measuring how well something chooses and calls the tools.

    >>> first = cases("starter")[0]
    >>> first.query
    'tallinn next 5 days'

`fixtures/testsets/<provider>.jsonl` has 15 queries for each tool of the toolset `all`, and `unanswerable.jsonl` 100
that no tool can serve. A line is an object with `id`, `query` and `calls`: the right calls, any of which will do, the
usual one first; none if the right answer is to call nothing. `compare.py` has the rules of comparison. Not covered:
queries that take more than one call.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from mocktools.compare import RightCall, check_rule, check_value
from mocktools.errors import MockToolsError
from mocktools.paths import fixtures_dir
from mocktools.toolset import Toolset
from mocktools.toolsets import load

LARGEST = 8 << 20  # bytes of a file


@dataclass(frozen=True, slots=True)
class Case:
    """A user's query and the calls that answer it; none if no tool can."""

    id: str
    query: str
    calls: tuple[RightCall, ...]


def cases(toolset: Toolset | str | Sequence[str], *, unanswerable: bool = False) -> tuple[Case, ...]:
    """The bundled test queries for the tools of a toolset, in its order; with `unanswerable` also those of no tool.

    A right call to a tool outside the toolset is left out. Raises `MockToolsError` for an unknown toolset.
    """
    tools = (toolset if isinstance(toolset, Toolset) else load(toolset)).tools
    return choose(bundled(), [tool.name for tool in tools], unanswerable=unanswerable)


def choose(among: Iterable[Case], tools: Sequence[str], *, unanswerable: bool = False) -> tuple[Case, ...]:
    """Those of some cases that go with these tools, as in `cases`."""
    given = tuple(among)
    found: dict[str, list[Case]] = {name: [] for name in tools}
    for case in given:
        if case.calls and case.calls[0].tool in found:
            calls = tuple(call for call in case.calls if call.tool in found)
            found[case.calls[0].tool].append(Case(case.id, case.query, calls))
    chosen = [case for tool in found.values() for case in tool]
    return tuple(chosen + [case for case in given if unanswerable and not case.calls])


@cache
def dev() -> tuple[Case, ...]:
    """Every query of the development set, in `fixtures/devset.jsonl`: to try things out on, not to report."""
    return read(fixtures_dir() / "devset.jsonl")


@cache
def bundled() -> tuple[Case, ...]:
    """Every bundled test query, by file and line."""
    return tuple(case for path in sorted((fixtures_dir() / "testsets").glob("*.jsonl")) for case in read(path))


def read(path: Path) -> tuple[Case, ...]:
    """The cases in a file; raises `MockToolsError` with one line that names the file and the line."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise MockToolsError(f"test set {path} cannot be read: {error.strerror}") from None
    if len(data) > LARGEST:
        raise MockToolsError(f"test set {path} is larger than {LARGEST >> 20} MiB")
    found: dict[str, Case] = {}
    for place, case in _lines(data, path):
        if case.id in found:
            raise MockToolsError(f"{place}: the id {case.id[:60]!r} is there twice")
        found[case.id] = case
    return tuple(found.values())


def _lines(data: bytes, path: Path) -> Iterator[tuple[str, Case]]:
    for number, line in enumerate(data.splitlines(), 1):
        if not line.strip():
            continue
        place = f"test set {path}, line {number}"
        try:
            yield place, _case(orjson.loads(line))
        except orjson.JSONDecodeError as error:
            raise MockToolsError(f"{place} is not JSON: {error.msg}") from None
        except (MockToolsError, ValueError) as error:
            raise MockToolsError(f"{place}: {error}") from None


def _case(row: Any) -> Case:
    row = _object(row, "the line", {"id": str, "query": str, "calls": list}, {})
    return Case(row["id"], row["query"], tuple(_call(call) for call in row["calls"]))


def _call(value: Any) -> RightCall:
    call = _object(value, "a call", {"tool": str, "arguments": dict}, {"rules": dict, "may": dict})
    for name, rule in call["rules"].items():
        check_rule(rule)
        if name not in call["arguments"]:
            raise ValueError(f"there is a rule for {name[:60]!r}, which is no argument")
        check_value(rule, call["arguments"][name])
    for other in call["may"].values():
        _object(other, "what an argument may be", {"value": object}, {"rule": object})
        check_rule(other.get("rule", "exact"))
        check_value(other.get("rule", "exact"), other["value"])
    return RightCall(call["tool"], call["arguments"], call["rules"], call["may"])


def _object(value: Any, what: str, needed: dict[str, type], optional: dict[str, type]) -> dict[str, Any]:
    """`value` as an object with these members and no others, optional ones as empty objects."""
    if not isinstance(value, dict):
        raise ValueError(f"{what} is not an object")
    known = needed | optional
    for name, kind in known.items():
        if name in value and not isinstance(value[name], kind):
            raise ValueError(f"{name} of {what} is not a {kind.__name__}")
    if missing := sorted(needed.keys() - value.keys()):
        raise ValueError(f"{what} lacks {', '.join(missing)}")
    if strange := sorted(value.keys() - known.keys()):
        raise ValueError(f"{what} has an unknown member {strange[0][:60]!r}")
    return {**{name: {} for name in optional}, **value}
